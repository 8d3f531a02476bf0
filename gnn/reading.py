"""What the learning graph needs of a snapshot, as Polars tables and plain maps.

Only what was measured or said by persons is read: data, ontology, governance and decisions. Entailed graphs
are left out, since they may hold copies of the target, and so are learned ones, since a model
must not learn from what a model said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from pyoxigraph import NamedNode

from qualweave.iri import RDF, RDFS, SKOS, Q
from qualweave.store.port import GraphRole, Row, Snapshot

_READ: tuple[GraphRole, ...] = ("data", "ontology", "governance", "decisions")
_ROOTS: Mapping[str, str] = {
    "parameter": Q + "Parameter",
    "mechanism": Q + "FailureMechanism",
    "defect": Q + "Defect",
    "process": Q + "ManufacturingActivity",
    "equipment_class": Q + "Equipment",
}


@dataclass(frozen=True)
class Statement:
    """A cause–effect statement of persons or of general knowledge.

    Attributes:
        kind: ``"hypothesised"``, ``"confirmed"`` or ``"refuted"``.
        cause: IRI of the parameter.
        effect: IRI of the defect class.
        mechanism: IRI of the mechanism.
        line: IRI of the line that it is about, ``""`` for every line.
        direction: Side on which the parameter acts, ``""`` where it is not said.
    """

    kind: str
    cause: str
    effect: str
    mechanism: str
    line: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Concepts:
    """The ontology's part.

    Attributes:
        kind_of: Kind by IRI of concept: the kinds of `_ROOTS`.
        broader: Pairs (narrower, broader) within a kind.
        context: Pairs (parameter, process or equipment class).
        words: Labels by IRI and language.
        statements: Hypothesised links.
    """

    kind_of: Mapping[str, str]
    broader: tuple[tuple[str, str], ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()

    def of_kind(self, kind: str) -> list[str]:
        """Return the IRIs of a kind, sorted."""
        return sorted(iri for iri, one in self.kind_of.items() if one == kind)


class Reading:
    """Tables of a snapshot, each read once and when it is first asked for.

    Args:
        snapshot: What is read.
        tenant: Whose data; None for all.
    """

    def __init__(self, snapshot: Snapshot, tenant: str | None = None) -> None:
        self._snapshot = snapshot
        entries = snapshot.graphs(*_READ, tenant=tenant)
        self._data = frozenset(one.graph for one in entries if one.role == "data")
        self._ontology = [one.graph for one in entries if one.role == "ontology"]
        self._spoken = [one.graph for one in entries if one.role != "ontology"]
        self.commit = snapshot.commit

    def _rows(self, query: str, graphs: Sequence[str]) -> list[Row]:
        return self._snapshot.select(query, graphs=graphs) if graphs else []

    def _pairs_of(self, predicate: str, subject: str, value: str) -> pl.DataFrame:
        """Return the distinct pairs of a predicate in the data graphs, in two string columns.

        One index scan that looks at the graph of each quad: a query over hundreds of graphs would scan each.
        """
        data, a, b = self._data, [], []
        for quad in self._snapshot.quads(predicate=NamedNode(predicate)):
            if quad.graph_name.value in data:  # type: ignore[union-attr]  # quads that count stand in named graphs
                a.append(_text(quad.subject))
                b.append(_text(quad.object))
        frame = pl.DataFrame(
            {subject: a, value: b}, schema=dict.fromkeys((subject, value), pl.String)
        )
        return frame.unique(maintain_order=True)

    def _typed(self, classes: Iterable[str], name: str, value: str = "class") -> pl.DataFrame:
        """Return the nodes of some classes and their class, in two string columns."""
        a, b = [], []
        for one in classes:
            for quad in self._snapshot.quads(
                predicate=NamedNode(RDF + "type"), value=NamedNode(one)
            ):
                if quad.graph_name.value in self._data:  # type: ignore[union-attr]  # see `_pairs_of`
                    a.append(_text(quad.subject))
                    b.append(one)
        schema = dict.fromkeys((name, value), pl.String)
        return pl.DataFrame({name: a, value: b}, schema=schema).unique(maintain_order=True)

    def _of(self, frame: pl.DataFrame, predicate: str, name: str) -> pl.DataFrame:
        """Return a frame with one value of a predicate of its first column joined to it."""
        key = frame.columns[0]
        side = self._pairs_of(Q + predicate, key, name)
        side = side.join(frame.select(key).unique(), on=key, how="semi")
        side = side.sort(key, name).unique(key, keep="first", maintain_order=True)
        return frame.join(side, on=key, how="left", maintain_order="left")

    @cached_property
    def concepts(self) -> Concepts:
        """The ontology: kinds of concept, hierarchy, contexts, labels, hypothesised links."""
        up = self._pairs(f"{{ ?a <{RDFS}subClassOf> ?b }} UNION {{ ?a <{SKOS}broader> ?b }}")
        kinds = _kinds(up)
        words: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self._rows("SELECT ?a ?b WHERE { ?a rdfs:label ?b }", self._ontology):
            term = row["b"]
            words[_text(row["a"])][getattr(term, "language", None) or "en"] = _text(term)
        context = self._pairs("?a q:typicalContext ?b")
        return Concepts(
            kind_of=kinds,
            broader=tuple(
                sorted({(a, b) for a, b in up if a in kinds and kinds.get(b) == kinds[a]})
            ),
            context=tuple(sorted({(a, b) for a, b in context if kinds.get(a) == "parameter"})),
            words={iri: dict(texts) for iri, texts in words.items()},
            statements=tuple(self._statements("hypothesised", self._ontology)),
        )

    def _pairs(self, pattern: str) -> set[tuple[str, str]]:
        rows = self._rows(f"SELECT ?a ?b WHERE {{ {pattern} }}", self._ontology)
        return {(_text(row["a"]), _text(row["b"])) for row in rows}

    def _statements(self, kind: str, graphs: Sequence[str]) -> Iterable[Statement]:
        query = (
            f"SELECT ?p ?d ?m ?l ?s WHERE {{ ?x a q:{kind.capitalize()}Link ; q:hasCause ?p ; q:hasEffect ?d ; "
            "q:viaMechanism ?m . OPTIONAL { ?x q:onLine ?l } OPTIONAL { ?x q:causeDirection ?s } }"
        )
        found = {
            Statement(
                kind,
                _text(row["p"]),
                _text(row["d"]),
                _text(row["m"]),
                _text(row["l"]),
                _text(row["s"]),
            )
            for row in self._rows(query, graphs)
        }
        return sorted(found, key=lambda one: (one.cause, one.effect, one.mechanism, one.line))

    @cached_property
    def decided(self) -> tuple[Statement, ...]:
        """Links that persons have confirmed or refuted."""
        return (
            *self._statements("confirmed", self._spoken),
            *self._statements("refuted", self._spoken),
        )

    @cached_property
    def operations(self) -> pl.DataFrame:
        """Operations: operation, item, line, equipment, process, shift, started.

        Where an operation states no line, its equipment stands for the line, and where it states neither, its
        process: evidence is gathered per place, and a place must have a name.
        """
        frame = self._pairs_of(Q + "producedBy", "item", "operation").select("operation", "item")
        for name, predicate in {
            "line": "onLine",
            "equipment": "usesEquipment",
            "shift": "inShift",
            "started": "startedAt",
        }.items():
            frame = self._of(frame, predicate, name)
        types = self._typed(self.concepts.of_kind("process"), "operation", "process")
        types = types.sort("operation", "process").unique("operation", keep="first")
        frame = frame.join(types, on="operation", how="left", maintain_order="left")
        place = pl.coalesce("line", "equipment", "process", pl.lit(Q + "Line"))
        return frame.with_columns(place.alias("line"))

    @cached_property
    def values(self) -> pl.DataFrame:
        """Parameter values of operations: operation, parameter, value (canonical unit)."""
        wanted = self.operations.select("operation").unique()
        parts = [
            self._values_of(parameter).join(wanted, on="operation", how="semi")
            for parameter in self.concepts.of_kind("parameter")
        ]
        schema = {"operation": pl.String, "parameter": pl.String, "value": pl.Float64}
        kept = [part for part in parts if len(part)]
        return pl.concat(kept) if kept else pl.DataFrame(schema=schema)

    def _values_of(self, parameter: str) -> pl.DataFrame:
        frame = self._pairs_of(parameter, "operation", "value")
        return frame.select(
            "operation",
            pl.lit(parameter).alias("parameter"),
            pl.col("value").cast(pl.Float64, strict=False),
        ).filter(pl.col("value").is_finite())

    @cached_property
    def defects(self) -> pl.DataFrame:
        """Defects: defect (class), item, line (where it is said or follows; null elsewhere)."""
        known = [one for one in self.concepts.of_kind("defect") if one != Q + "Defect"]
        frame = self._pairs_of(Q + "foundOn", "node", "item")
        frame = frame.join(self._typed(known, "node", "defect"), on="node")
        lines = self.operations.select("operation", pl.col("line").alias("made_on")).unique(
            "operation"
        )
        frame = self._of(frame, "occurredInProcess", "operation")
        frame = frame.join(lines, on="operation", how="left")
        seen = self._pairs_of(Q + "onLine", "inspection", "seen_on").unique(
            "inspection", keep="first"
        )
        frame = self._of(frame, "detectedIn", "inspection").join(seen, on="inspection", how="left")
        place = pl.coalesce("made_on", "seen_on").alias("line")
        return frame.select("defect", "item", place).unique(maintain_order=True)

    @cached_property
    def parents(self) -> pl.DataFrame:
        """Genealogy: item, parent."""
        return self._pairs_of(Q + "derivedFromMaterial", "item", "parent")

    @cached_property
    def alarms(self) -> pl.DataFrame:
        """Alarms with their labels, one row per pair: alarm, line, equipment, code, item, time, cause, effect, ….

        Columns of an alarm without label are null from ``cause`` on.
        """
        frame = self._typed([Q + "Alarm"], "alarm").select("alarm")
        for name, predicate in {
            "line": "onLine",
            "equipment": "usesEquipment",
            "code": "hasCode",
            "item": "alarmOn",
            "time": "eventTime",
        }.items():
            frame = self._of(frame, predicate, name)
        frame = frame.with_columns(pl.coalesce("line", "equipment").alias("line"))
        return frame.join(self._labels(), on="alarm", how="left", maintain_order="left")

    def _labels(self) -> pl.DataFrame:
        labels = self._pairs_of(Q + "hasRootCauseLabel", "alarm", "label").select("label", "alarm")
        for name, predicate in {
            "cause": "hasCause",
            "effect": "hasEffect",
            "mechanism": "viaMechanism",
            "role": "labelRole",
            "by": "labelledBy",
        }.items():
            labels = self._of(labels, predicate, name)
        return labels

    @cached_property
    def equipment_classes(self) -> pl.DataFrame:
        """Equipment and its class: equipment, equipment_class."""
        known = [one for one in self.concepts.of_kind("equipment_class") if one != Q + "Equipment"]
        return self._typed(known, "equipment", "equipment_class")


def _kinds(up: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the kind of every concept below a root, roots included."""
    below: dict[str, list[str]] = defaultdict(list)
    for narrower, broader in up:
        below[broader].append(narrower)
    kinds: dict[str, str] = {}
    for kind, root in _ROOTS.items():
        waiting = [root]
        while waiting:
            iri = waiting.pop()
            if iri not in kinds:
                kinds[iri] = kind
                waiting += below[iri]
    return kinds


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))
