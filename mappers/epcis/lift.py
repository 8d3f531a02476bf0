"""Events to triples: EPCIS and CBV terms, genealogy edges, and one observation per sensor report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from qualweave.iri import EPCIS, GS1, RDF, XSD, Q
from qualweave.mappers.epcis.check import complaints
from qualweave.mappers.epcis.expand import Expander, Iri, Lit, Node, Value
from qualweave.mappers.epcis.read import read_events
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import coded_unit

_INPUTS = ("inputEPCList", "inputQuantityList")
_OUTPUTS = ("outputEPCList", "outputQuantityList")
_CHILDREN = ("childEPCs", "childQuantityList")
_ITEM_LISTS = ("epcList", "quantityList", *_INPUTS, *_OUTPUTS, *_CHILDREN)
_PLACES = ("/414/", "/417/")
_TOGETHER = ("ADD", "OBSERVE")


@dataclass(frozen=True)
class LiftedEvents:
    """What a document of events became.

    Attributes:
        ntriples: The triples, UTF-8, each once.
        triples: How many.
        events_read: Events in the file.
        event_iris: IRIs of the events in the graph, in file order.
        problems: Why the others wait; the row is the number of the event.
        raw: Events that wait, by number, as they were sent.
        warnings: What was kept but could not be resolved.
    """

    ntriples: bytes
    triples: int
    events_read: int
    event_iris: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    raw: dict[int, dict[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def lift_events(
    content: bytes, *, batch: Batch, vocabulary: Vocabulary, without: frozenset[int] = frozenset()
) -> LiftedEvents:
    """Lift a document of EPCIS events in JSON or XML.

    Args:
        content: The bytes.
        batch: The file they came from.
        vocabulary: The ontology, which names what sensors observe.
        without: Numbers of events to leave out.

    Raises:
        UnreadableSource: If the document is malformed or holds no events.
    """
    document = read_events(content, file=batch.file_name)
    expander = Expander(document, batch.prefix("item"))
    writer = _Writer(batch, vocabulary)
    problems: list[Problem] = []
    raw: dict[int, dict[str, Any]] = {}
    for number, event in enumerate(document.events, start=1):
        wrong = complaints(event)
        if wrong or number in without:
            raw[number] = event
            problems += [problem("bad-event", row=number, detail=one) for one in wrong]
            continue
        writer.event(expander.event(event), number)
    writer.transformations()
    return LiftedEvents(
        ntriples="".join(writer.lines).encode(),
        triples=len(writer.lines),
        events_read=len(document.events),
        event_iris=tuple(writer.events),
        problems=tuple(problems),
        raw=raw,
        warnings=tuple(dict.fromkeys(expander.warnings)),
    )


class _Writer:
    """Collects the triples of a document; a dict keeps each once and in order."""

    def __init__(self, batch: Batch, vocabulary: Vocabulary) -> None:
        self._batch = batch
        self._vocabulary = vocabulary
        self.lines: dict[str, None] = {}
        self.events: list[str] = []
        self._open: dict[str, tuple[list[str], list[str]]] = {}
        self._rows: dict[str, int] = {}

    def add(self, subject: str, predicate: str, value: Value | str) -> None:
        """Add one triple; a string is an IRI."""
        if isinstance(value, Lit):
            text = (
                value.value.replace("\\", "\\\\")
                .replace('"', '\\"')
                .replace("\n", "\\n")
                .replace("\r", "\\r")
            )
            written = f'"{text}"' + (f"^^<{value.datatype}>" if value.datatype else "")
        else:
            iri = value.value if isinstance(value, Iri) else str(value)
            written = f"<{iri}>"
        self.lines[f"<{subject}> <{predicate}> {written} .\n"] = None

    def _row(self, subject: str, number: int) -> None:
        if subject not in self._rows:
            self._rows[subject] = number
            self.add(subject, Q + "sourceRow", Lit(str(number), XSD + "integer"))

    def event(self, node: Node, number: int) -> None:
        """Write one event with its parts, edges and observations."""
        digest = sha256(repr(node.key()).encode()).hexdigest()[:32]
        minted = self._batch.prefix("event") + digest
        iri = (
            node.iri
            if ":" in node.iri
            else (self._batch.prefix("event") + segment(node.iri) if node.iri else minted)
        )
        if iri in self._rows:
            # The same id again (a declared error), or the very same event twice: both are events of the file.
            iri = minted if minted not in self._rows else f"{minted}/{number}"
        self.events.append(iri)
        self._row(iri, number)
        own = node.types[0].removeprefix(EPCIS)
        self.add(iri, RDF + "type", Q + "TraceabilityEvent")
        if self._vocabulary.concept(Q + own):
            self.add(iri, RDF + "type", Q + own)
        self._node(iri, node, f"{minted}", number)
        self._edges(iri, node, number)
        self._observations(node, minted, number)

    def _node(self, iri: str, node: Node, path: str, number: int) -> None:
        for one in node.types:
            self.add(iri, RDF + "type", one)
        counts: dict[str, int] = {}
        for predicate, value in node.members:
            place = counts.get(predicate, 0)
            counts[predicate] = place + 1
            if isinstance(value, Node):
                part = value.iri or f"{path}/{segment(_short(predicate))}/{place}"
                self.add(iri, predicate, part)
                self._row(part, number)
                self._node(part, value, f"{path}/{segment(_short(predicate))}/{place}", number)
            else:
                self.add(iri, predicate, value)

    def _items(self, node: Node, lists: Iterable[str]) -> list[str]:
        found = []
        for name in lists:
            for value in _members(node, name):
                if isinstance(value, Iri):
                    found.append(value.value)
                elif isinstance(value, Node):
                    found += [
                        one.value for one in _members(value, "epcClass") if isinstance(one, Iri)
                    ]
        return list(dict.fromkeys(found))

    def _edges(self, iri: str, node: Node, number: int) -> None:
        parents = [one.value for one in _members(node, "parentID") if isinstance(one, Iri)]
        for item in [*self._items(node, _ITEM_LISTS), *parents]:
            if not any(mark in item for mark in _PLACES):
                self.add(item, RDF + "type", Q + "MaterialItem")
            self._row(item, number)
        inputs, outputs = self._items(node, _INPUTS), self._items(node, _OUTPUTS)
        group = next(
            (one.value for one in _members(node, "transformationID") if isinstance(one, Iri)), iri
        )
        known = self._open.setdefault(group, ([], []))
        known[0].extend(inputs)
        known[1].extend(outputs)
        action = next(
            (one.value for one in _members(node, "action") if isinstance(one, Lit)), "ADD"
        )
        if action in _TOGETHER:
            for parent in parents:
                for child in self._items(node, _CHILDREN):
                    if child != parent and not any(mark in parent for mark in _PLACES):
                        self.add(parent, Q + "derivedFromMaterial", child)

    def transformations(self) -> None:
        """Write the edges of transformations: events that share a transformation id are one."""
        for inputs, outputs in self._open.values():
            for output in dict.fromkeys(outputs):
                for one in dict.fromkeys(inputs):
                    if one != output:
                        self.add(output, Q + "derivedFromMaterial", one)

    def _observations(self, node: Node, path: str, number: int) -> None:
        targets = self._items(node, _ITEM_LISTS) + _iris(node, "readPoint")[:1]
        for place, element in enumerate(_members(node, "sensorElementList")):
            if not isinstance(element, Node):
                continue
            metadata = next(
                (one for one in _members(element, "sensorMetadata") if isinstance(one, Node)),
                Node(),
            )
            for at, report in enumerate(_members(element, "sensorReport")):
                if isinstance(report, Node):
                    observation = f"{path}/sensorElementList/{place}/sensorReport/{at}"
                    self._row(observation, number)
                    self._observation(observation, report, metadata, node, targets=targets)

    def _observation(
        self, iri: str, report: Node, metadata: Node, event: Node, *, targets: Iterable[str]
    ) -> None:
        self.add(iri, RDF + "type", Q + "Observation")
        for target in targets:
            self.add(iri, Q + "hasFeatureOfInterest", target)
        for name, source in (
            ("time", report),
            ("time", metadata),
            ("endTime", metadata),
            ("eventTime", event),
        ):
            found = _members(source, name)
            if found:
                self.add(iri, Q + "resultTime", found[0])
                break
        for device in (_iris(report, "deviceID") or _iris(metadata, "deviceID"))[:1]:
            self.add(iri, Q + "madeBySensor", device)
        self._result(iri, report)

    def _result(self, iri: str, report: Node) -> None:
        for value in (_members(report, "value") or _members(report, "meanValue"))[:1]:
            if isinstance(value, Lit) and value.datatype:
                self.add(iri, Q + "simpleResult", Lit(value.value, value.datatype))
        for uom in _members(report, "uom")[:1]:
            unit = coded_unit(uom.value) if isinstance(uom, Lit) else None
            if unit is not None:
                self.add(iri, Q + "hasUnit", unit.iri)
        for kind in _iris(report, "measurementType")[:1]:
            hits = self._vocabulary.find(kind.removeprefix(GS1), Q + "Parameter")
            self.add(iri, Q + "observesParameter", hits[0].iri if len(hits) == 1 else kind)


def _short(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _members(node: Node, name: str) -> list[Value]:
    return [value for predicate, value in node.members if predicate == EPCIS + name]


def _iris(node: Node, name: str) -> list[str]:
    found = (
        one.iri if isinstance(one, Node) else one.value
        for one in _members(node, name)
        if not isinstance(one, Lit)
    )
    return [one for one in found if one]


def rows_of(lifted: LiftedEvents) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and content of each event that waits."""
    yield from sorted(lifted.raw.items())
