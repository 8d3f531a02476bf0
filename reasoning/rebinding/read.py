"""`read_case`: open slots, unread items and the pairs that were read, from what the graph holds.

Where most operations of one kind at one machine of a source consume an item, one that made something and consumed
nothing is an *open slot*: something was built in and its tag not read. An item of the kind that is built in, which no
operation has consumed and this source has not made, is a *candidate*. What was read tells how slots and items go
together, so no rate, lag or tolerance is written down here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qualweave.reasoning.trace.genealogy import CsrGenealogy
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Linked, Record

_CONSUMING, _ENOUGH, _FEWEST = 0.5, 8, 2
"""Share of the operations of one kind and machine that consume an item, from which one without is open; how many of
their source must, and how many of them."""
_TIMES = ("started_at", "event_time", "ended_at", "result_time", "recorded_at")
_SEEN = (LinkKind.EVENT, LinkKind.INSPECTION, LinkKind.OPERATION)


@dataclass(frozen=True)
class Sight:
    """Where and when an item was seen; the place is the reader's, else the machine's."""

    at: float
    place: str
    record: str


@dataclass(frozen=True)
class Slot:
    """An operation that built something into an item.

    Attributes:
        operation: Its IRI.
        child: The item that it made or completed.
        at: When, in seconds since 1970.
        place: The machine.
        values: Parameter IRI to the number that it recorded.
        taken: The item that was read there, ``""`` for an open slot.
        kinds: Classes of the operation.
    """

    operation: str
    child: str
    at: float
    place: str
    values: Mapping[str, float] = field(default_factory=dict)
    taken: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """An item that may have been built in.

    Attributes:
        item: Its IRI.
        sights: Where it was seen, by time.
        values: Parameter IRI to the newest number that was measured on it.
        measured: Parameter IRI to the record that says so.
    """

    item: str
    sights: tuple[Sight, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, str] = field(default_factory=dict)

    def last_seen(self, before: float) -> Sight | None:
        """Return where it was seen last before a time."""
        return next((one for one in reversed(self.sights) if one.at <= before), None)


@dataclass(frozen=True)
class Case:
    """One source with open slots.

    Attributes:
        source: Graphs of one system, without the batch.
        open: Slots whose item was not read.
        read: Slots whose item was read.
        unread: Items of the kind that this source builds in, which nothing has consumed.
        known: The items of the read slots, by IRI.
    """

    source: str
    open: tuple[Slot, ...]
    read: tuple[Slot, ...]
    unread: tuple[Candidate, ...]
    known: Mapping[str, Candidate]


def read_cases(index: CsrGenealogy) -> list[Case]:
    """Return every source with open slots."""
    taken = _consumed(index)
    slots = _slots(index, taken)
    built_in = {item for items in taken.values() for item in items}
    cases = []
    for source, found in sorted(slots.items()):
        building = _building_in(found)
        read = [one for one in building if one.taken]
        open_ = [one for one in building if not one.taken]
        if not open_ or len(read) < _ENOUGH:
            continue
        made = {one.child for one in found}
        unread = _unread(index, {one.taken for one in read}, built_in | made)
        cases.append(
            Case(
                source=source,
                open=tuple(open_),
                read=tuple(read),
                unread=tuple(_candidates(index, unread)),
                known={one.item: one for one in _candidates(index, [one.taken for one in read])},
            )
        )
    return cases


def _building_in(slots: Sequence[Slot]) -> list[Slot]:
    """Return the slots of those kinds of operation, machine by machine, that build something in as a rule."""
    alike: dict[tuple[str, tuple[str, ...]], list[Slot]] = {}
    for one in slots:
        alike.setdefault((one.place, one.kinds), []).append(one)
    taking = {key: sum(bool(one.taken) for one in found) for key, found in alike.items()}
    return [
        one
        for key, found in alike.items()
        for one in found
        if taking[key] >= max(_FEWEST, _CONSUMING * len(found))
    ]


def _consumed(index: CsrGenealogy) -> dict[str, list[str]]:
    """Return the items that each operation has consumed."""
    found: dict[str, list[str]] = {}
    items = index.records.items_of(LinkKind.CONSUMPTION)
    for one in index.records.of_items(items, LinkKind.CONSUMPTION):
        found.setdefault(one.record.iri, []).append(one.item)
    return found


def _slots(index: CsrGenealogy, taken: Mapping[str, Sequence[str]]) -> dict[str, list[Slot]]:
    """Return the operations of every source whose operations consume one item each."""
    linked = index.records.of_items(index.records.items_of(LinkKind.OPERATION), LinkKind.OPERATION)
    made = Counter(one.record.iri for one in linked)
    found: dict[str, list[Slot]] = {}
    several: set[str] = set()
    for one in linked:
        inputs = taken.get(one.record.iri, ())
        at = seconds(one.record)
        source = source_of(one.record)
        if at is None or not source or made[one.record.iri] > 1:
            continue
        if len(inputs) > 1:
            several.add(source)  # an operation of several inputs does not show a missing one
        found.setdefault(source, []).append(
            Slot(
                operation=one.record.iri,
                child=one.item,
                at=at,
                place=one.record.facts.get("equipment", ""),
                values=_numbers(one.record),
                taken=inputs[0] if inputs else "",
                kinds=one.record.classes,
            )
        )
    return {source: slots for source, slots in found.items() if source not in several}


def _unread(index: CsrGenealogy, read: set[str], built_in: set[str]) -> list[str]:
    """Return the items of the kind that is built in which nothing has consumed and nothing is made of."""
    kinds = Counter(kind for kinds in index.classes_of(sorted(read)) for kind in kinds)
    if not kinds:
        return []
    kind = kinds.most_common(1)[0][0]
    of_kind = index.records.of_class(kind)
    return [
        one
        for one in of_kind
        if one not in built_in and not (one in index and index.edges_among([one], "forward"))
    ]


def _candidates(index: CsrGenealogy, items: Iterable[str]) -> list[Candidate]:
    wanted = sorted(set(items))
    of_item: dict[str, list[Linked]] = {one: [] for one in wanted}
    for linked in index.records.of_items(wanted, *_SEEN):
        of_item[linked.item].append(linked)
    return [_candidate(item, linked) for item, linked in of_item.items()]


def _candidate(item: str, linked: Sequence[Linked]) -> Candidate:
    timed = [(at, one) for one in linked if (at := seconds(one.record)) is not None]
    timed.sort(key=lambda pair: (pair[0], pair[1].record.iri))
    values: dict[str, float] = {}
    measured: dict[str, str] = {}
    for _, one in timed:
        if one.kind is LinkKind.INSPECTION:
            found = _numbers(one.record)
            values.update(found)
            measured.update(dict.fromkeys(found, one.record.iri))
    # Places of readers first: where nothing read it, the machine that handled it says where it was.
    read = [pair for pair in timed if pair[1].kind is LinkKind.EVENT] or timed
    sights = tuple(Sight(at, _place(one.record), one.record.iri) for at, one in read)
    return Candidate(item, sights, values, measured)


def _place(record: Record) -> str:
    facts = record.facts
    return facts.get("read_point") or facts.get("location") or facts.get("equipment", "")


def _numbers(record: Record) -> dict[str, float]:
    return {name: one for name, one in record.parameters.items() if isinstance(one, float)}


def seconds(record: Record) -> float | None:
    """Return the time of a record in seconds since 1970, None where it has none."""
    text = next((record.facts[one] for one in _TIMES if one in record.facts), "")
    return datetime.fromisoformat(text).timestamp() if text else None


def source_of(record: Record) -> str:
    """Return the series of files that a record comes from, where it comes from one."""
    graphs = {graph.rsplit("/", 1)[0] for graph, _ in record.sources}
    return min(graphs) if len(graphs) == 1 else ""
