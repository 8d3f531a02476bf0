"""Puts nodes and edges of a learning graph together from what was read and gathered."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import MissingCapability
from qualweave.gnn.gathering import Gathered
from qualweave.gnn.labels import Link
from qualweave.gnn.reading import Concepts, Reading, Statement
from qualweave.gnn.schema import (
    CLASS_TYPES,
    COUNTS,
    NODE_TYPES,
    RELATIONS,
    STATISTICS,
    NodeType,
    Relation,
)

Edges = NDArray[np.int64]

_NEIGHBOURS = 3
_SIMILAR = 0.86
_ROOTS = ("Parameter", "FailureMechanism", "Defect", "ManufacturingActivity", "Equipment")


@dataclass
class Assembly:
    """A learning graph in the making; see `LearningGraph` for the attributes."""

    words: Mapping[str, Mapping[str, str]]
    nodes: dict[NodeType, tuple[str, ...]] = field(default_factory=dict)
    edges: dict[Relation, NDArray[np.int64]] = field(default_factory=dict)
    evidence: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros((0, len(STATISTICS) + len(COUNTS)))
    )
    own: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    sensor_line: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    sensor_cause: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    statements: tuple[Statement, ...] = ()
    notes: list[str] = field(default_factory=list)
    _place: dict[NodeType, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading, gathered: Gathered, links: Sequence[Link]) -> "Assembly":
        """Return the assembly of all parts but the text edges."""
        made = cls(words=reading.concepts.words, notes=list(gathered.notes))
        made.edges = {relation: np.zeros((2, 0), dtype=np.int64) for relation in RELATIONS}
        made._add_nodes(reading, gathered, links)
        made._add_ontology(reading.concepts, gathered)
        made._add_plant(reading, gathered)
        made._add_statements(reading, links)
        return made

    # --- nodes -------------------------------------------------------------------------------

    def _add_nodes(self, reading: Reading, gathered: Gathered, links: Sequence[Link]) -> None:
        concepts = reading.concepts
        said = [
            *((link.cause, link.effect) for link in links),
            *((one.cause, one.effect) for one in concepts.statements),
        ]
        wanted: dict[NodeType, set[str]] = defaultdict(set)
        wanted["parameter"] = {*gathered.sensors["parameter"], *(cause for cause, _ in said)}
        wanted["defect"] = {*gathered.evidence["defect"], *(effect for _, effect in said)}
        wanted["mechanism"] = {*concepts.of_kind("mechanism"), *(link.mechanism for link in links)}
        wanted["process"] = set(reading.operations["process"].drop_nulls())
        wanted["equipment_class"] = set(reading.equipment_classes["equipment_class"])
        for kind in ("process", "equipment_class"):
            wanted[kind] |= {
                b
                for a, b in concepts.context
                if a in wanted["parameter"] and concepts.kind_of.get(b) == kind
            }
        upward = _upward(concepts.broader)
        for kind in CLASS_TYPES:
            wanted[kind] = _without_roots(_closure(wanted[kind], upward))
        places = {*reading.operations["line"], *(link.line for link in links)}
        wanted["line"] = places
        wanted["equipment"] = set(reading.operations["equipment"].drop_nulls())
        wanted["combination"] = set(gathered.members)
        for kind in NODE_TYPES:
            self._set_nodes(kind, sorted(wanted[kind]))

    def _set_nodes(self, kind: NodeType, names: Sequence[str]) -> None:
        self.nodes[kind] = tuple(names)
        self._place[kind] = {name: place for place, name in enumerate(names)}

    def _connect(self, relation: Relation, pairs: Iterable[tuple[str, str]]) -> None:
        """Set the edges of a relation between nodes that are there."""
        source, target = self._place[relation[0]], self._place[relation[2]]
        found = sorted({(source[a], target[b]) for a, b in pairs if a in source and b in target})
        self.edges[relation] = np.array(found, dtype=np.int64).reshape(-1, 2).T.copy()

    # --- edges -------------------------------------------------------------------------------

    def _add_ontology(self, concepts: Concepts, gathered: Gathered) -> None:
        for kind in CLASS_TYPES:
            self._connect((kind, "broader", kind), concepts.broader)
        self._connect(("parameter", "typical_context", "process"), concepts.context)
        self._connect(("parameter", "typical_context", "equipment_class"), concepts.context)
        parts = [(name, iri) for name, some in gathered.members.items() for iri, _ in some]
        self._connect(("combination", "combines", "parameter"), parts)

    def _add_plant(self, reading: Reading, gathered: Gathered) -> None:
        operations = reading.operations
        process = operations.filter(pl.col("process").is_not_null())
        most = (
            process.group_by("line", "process")
            .len()
            .sort("len", "process", descending=[True, False])
        )
        self._connect(
            ("line", "runs", "process"),
            _rows(most.unique("line", keep="first", maintain_order=True), "line", "process"),
        )
        self._connect(("line", "uses", "equipment"), _rows(operations, "line", "equipment"))
        self._connect(
            ("equipment", "is_a", "equipment_class"),
            _rows(reading.equipment_classes, "equipment", "equipment_class"),
        )
        self._connect(("line", "shows", "defect"), _rows(gathered.evidence, "line", "defect"))
        self._add_flow(reading)
        self._add_sensors(gathered)

    def _add_flow(self, reading: Reading) -> None:
        """Connect the lines along genealogy, and along the steps of one item."""
        made = reading.operations.select("item", "line", "started").unique()
        feeds = (
            reading.parents.join(made.select("item", pl.col("line").alias("to")), on="item")
            .join(
                made.select(pl.col("item").alias("parent"), pl.col("line").alias("from")),
                on="parent",
            )
            .filter(pl.col("from") != pl.col("to"))
        )
        self._connect(("line", "feeds", "line"), _rows(feeds, "from", "to"))
        steps = made.drop_nulls("started").sort("item", "started", "line")
        following = steps.with_columns(pl.col("line").shift(-1).over("item").alias("next"))
        following = following.filter(pl.col("next") != pl.col("line"))
        self._connect(("line", "followed_by", "line"), _rows(following, "line", "next"))

    def _add_sensors(self, gathered: Gathered) -> None:
        """Add sensors (equipment × parameter; line × parameter where the equipment is unknown) and evidence."""
        holder = pl.coalesce("equipment", "line").alias("holder")
        single = gathered.sensors.with_columns(holder).select(
            "line", "holder", pl.col("parameter").alias("cause")
        )
        known = gathered.evidence.select("line", "cause").unique()
        other = known.join(single, on=["line", "cause"], how="anti").with_columns(
            pl.col("line").alias("holder")
        )
        sensors = (
            pl.concat([single, other.select("line", "holder", "cause")])
            .unique()
            .sort("line", "cause", "holder")
        )
        names = [f"{line}|{holder}|{cause}" for line, holder, cause in sensors.iter_rows()]
        self._set_nodes("sensor", names)
        lines = self._place["line"]
        self.sensor_line = np.array([lines[one] for one in sensors["line"]], dtype=np.int64)
        self.sensor_cause = tuple(sensors["cause"])
        pairs = list(zip(names, self.sensor_cause, strict=True))
        self._connect(("line", "has", "sensor"), zip(sensors["line"], names, strict=True))
        self._connect(
            ("equipment", "measures", "sensor"), zip(sensors["holder"], names, strict=True)
        )
        self._connect(("sensor", "observes", "parameter"), pairs)
        self._connect(("sensor", "observes", "combination"), pairs)
        numbered = sensors.with_row_index("sensor").join(gathered.evidence, on=["line", "cause"])
        numbered = numbered.sort("sensor", "defect")
        self.edges["sensor", "evidence", "defect"] = np.array(
            [
                numbered["sensor"].to_list(),
                [self._place["defect"][one] for one in numbered["defect"]],
            ],
            dtype=np.int64,
        ).reshape(2, -1)
        self.evidence = (
            numbered.select(*STATISTICS, *COUNTS)
            .to_numpy()
            .reshape(-1, len(STATISTICS) + len(COUNTS))
        )
        self.own = numbered["own"].to_numpy().astype(bool)

    def _add_statements(self, reading: Reading, links: Sequence[Link]) -> None:
        known = self._place
        kept = [
            one
            for one in links
            if one.cause in known["parameter"]
            and one.effect in known["defect"]
            and one.mechanism in known["mechanism"]
        ]
        if len(kept) < len(links):
            self.notes.append(
                f"{len(links) - len(kept)} links name concepts outside their kind and were left out"
            )
        self.links = tuple(kept)
        self._set_nodes("link", [link_name(one) for one in kept])
        runs = self.edges["line", "runs", "process"]
        process = {self.nodes["line"][a]: self.nodes["process"][b] for a, b in runs.T.tolist()}
        self.edges |= link_edges(kept, lambda kind, name: known[kind][name], process)
        refuted = [one for one in reading.decided if one.kind == "refuted"]
        self.statements = (
            *self._add_said("hypothesis", reading.concepts.statements),
            *self._add_said("refutation", refuted),
        )

    def _add_said(self, kind: NodeType, said: Sequence[Statement]) -> tuple[Statement, ...]:
        known = self._place
        kept = [
            one
            for one in said
            if one.cause in known["parameter"]
            and one.effect in known["defect"]
            and one.mechanism in known["mechanism"]
        ]
        names = [f"{one.line}|{one.cause}|{one.effect}|{one.mechanism}" for one in kept]
        self._set_nodes(kind, names)
        for relation, ends in {
            (kind, "cause", "parameter"): [one.cause for one in kept],
            (kind, "effect", "defect"): [one.effect for one in kept],
            (kind, "via", "mechanism"): [one.mechanism for one in kept],
            (kind, "on", "line"): [one.line for one in kept],
        }.items():
            if relation in self.edges:
                self._connect(relation, zip(names, ends, strict=True))
        return tuple(kept)

    # --- texts -------------------------------------------------------------------------------

    def add_text(self, settings: Settings) -> None:
        """Connect concepts whose labels say much the same; note it where texts cannot be compared."""
        for kind in ("parameter", "defect", "mechanism"):
            names = [name for name in self.nodes[kind] if self.words.get(name)]
            if len(names) < 2:  # noqa: PLR2004 - a pair
                continue
            texts = [" / ".join(dict.fromkeys(self.words[name].values())) for name in names]
            try:
                vectors = text.encode(texts, settings=settings)
            except MissingCapability as missing:
                self.notes.append(f"labels were not compared as texts: {missing.message}")
                return
            self._connect((kind, "similar_to", kind), _nearest(names, vectors))


def _nearest(names: Sequence[str], vectors: text.Vectors) -> list[tuple[str, str]]:
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1.0)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :_NEIGHBOURS]
    return [
        (names[a], names[b])
        for a, row in enumerate(order.tolist())
        for b in row
        if likeness[a, b] >= _SIMILAR
    ]


def _rows(frame: pl.DataFrame, a: str, b: str) -> list[tuple[str, str]]:
    return list(frame.select(a, b).drop_nulls().unique().iter_rows())


def _upward(broader: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    up: dict[str, list[str]] = defaultdict(list)
    for narrow, broad in broader:
        up[narrow].append(broad)
    return up


def _closure(names: set[str], up: Mapping[str, Sequence[str]]) -> set[str]:
    found, waiting = set(names), list(names)
    while waiting:
        for broad in up.get(waiting.pop(), ()):
            if broad not in found:
                found.add(broad)
                waiting.append(broad)
    return found


def _without_roots(names: set[str]) -> set[str]:
    """Leave out the roots of the kinds, which connect everything and say nothing."""
    return {name for name in names if name.rsplit("/", 1)[-1] not in _ROOTS}


def link_name(link: Link) -> str:
    """Return the name of a link's node."""
    return f"{link.line}|{link.cause}|{link.effect}|{link.mechanism}"


def link_edges(
    links: Iterable[Link],
    number: Callable[[NodeType, str], int],
    process_of: Mapping[str, str],
) -> dict[Relation, Edges]:
    """Return the edges of confirmed links."""
    rows: dict[Relation, list[tuple[int, int]]] = {
        ("link", "cause", "parameter"): [],
        ("link", "effect", "defect"): [],
        ("link", "via", "mechanism"): [],
        ("link", "on", "line"): [],
        ("link", "in", "process"): [],
    }
    for place, link in enumerate(links):
        rows["link", "cause", "parameter"].append((place, number("parameter", link.cause)))
        rows["link", "effect", "defect"].append((place, number("defect", link.effect)))
        rows["link", "via", "mechanism"].append((place, number("mechanism", link.mechanism)))
        rows["link", "on", "line"].append((place, number("line", link.line)))
        if link.line in process_of:
            rows["link", "in", "process"].append((place, number("process", process_of[link.line])))
    return {relation: pairs_of(pairs) for relation, pairs in rows.items()}


def dealt_out(edges: Mapping[Relation, Edges], seed: int) -> dict[Relation, Edges]:
    """Return edges whose targets are dealt out anew, relation by relation: every degree stays, the content goes."""
    rng = np.random.default_rng(seed)
    return {
        relation: np.stack([pairs[0], rng.permutation(pairs[1])]) if pairs.shape[1] else pairs
        for relation, pairs in edges.items()
    }


def pairs_of(pairs: Sequence[tuple[int, int]]) -> Edges:
    """Return pairs as an edge array; int64, shape ``(2, num_edges)``."""
    return np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()
