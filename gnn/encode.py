"""The learning graph as flat arrays: one numbering of all nodes, every relation in both directions.

Statistics become features of a bounded range, and each is also put in relation to the other parameters
of the same line and defect: what matters is which parameter stands out there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.schema import COUNTS, EVIDENCE, NODE_TYPES, RELATIONS, STATISTICS, NodeType

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SCALES: Mapping[str, float] = {
    "z": 1 / 3,
    "rank": 1.5,
    "quadratic": 1 / 3,
    "product": 1 / 4,
    "joint": 6.0,
    "logit": 1.0,
    "gain": 8.0,
    "within": 1 / 3,
    "agreement": 1.0,
}
_RANKED = ("z", "quadratic", "product", "joint", "gain", "within")
FEATURES: tuple[str, ...] = (
    *STATISTICS,
    *(f"{name}_size" for name in ("z", "quadratic", "within")),
    *(f"{name}_place" for name in _RANKED),
    *COUNTS,
    "own",
)
"""Names of the features of an evidence edge, in their order."""


@dataclass(frozen=True)
class Encoded:
    """Flat arrays of a learning graph.

    Attributes:
        kind: Number of each node's type; shape ``(num_nodes,)``.
        offset: First number of each type.
        source: Node that a message comes from; shape ``(num_messages,)``.
        target: Node that it goes to.
        relation: Number of the relation; those of the inverse follow those of the relation itself.
        features: Features of the messages along evidence, zero for the others; shape ``(num_evidence, 21)``.
        feature_of: Row of `features` per message, -1 without.
        link_line: Line's place of the link or refutation at the end of a message, -1 where none is; what is hidden goes
            by it.
    """

    kind: Ints
    offset: Mapping[NodeType, int]
    source: Ints
    target: Ints
    relation: Ints
    features: Floats
    feature_of: Ints
    link_line: Ints

    @property
    def num_nodes(self) -> int:
        """How many nodes there are."""
        return len(self.kind)

    @cached_property
    def order(self) -> Ints:
        """Messages in order of their target, which is kinder to memory."""
        return np.argsort(self.target, kind="stable").astype(np.int64)


NUM_RELATIONS = 2 * len(RELATIONS)


def encode(graph: LearningGraph) -> Encoded:
    """Return a graph as flat arrays."""
    offset: dict[NodeType, int] = {}
    kinds: list[Ints] = []
    total = 0
    for number, kind in enumerate(NODE_TYPES):
        offset[kind] = total
        total += len(graph.nodes.get(kind, ()))
        kinds.append(np.full(len(graph.nodes.get(kind, ())), number, dtype=np.int64))
    lines = {name: place for place, name in enumerate(graph.nodes["line"])}
    link_line = np.array([lines[link.line] for link in graph.links], dtype=np.int64)
    first = len(graph.nodes.get("hypothesis", ()))
    said = [lines.get(one.line, -1) for one in graph.statements[first:]]
    of_line = {"link": link_line, "refutation": np.array(said, dtype=np.int64)}
    parts = [_messages(graph, number, offset, of_line) for number in range(len(RELATIONS))]
    source, target, relation, feature_of, hidden = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    features = evidence_features(graph.evidence, _groups(graph), graph.own)
    return Encoded(
        np.concatenate(kinds), offset, source, target, relation, features, feature_of, hidden
    )


def _messages(
    graph: LearningGraph,
    number: int,
    offset: Mapping[NodeType, int],
    of_line: Mapping[str, Ints],
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    relation = RELATIONS[number]
    pairs = graph.edges.get(relation, np.zeros((2, 0), dtype=np.int64))
    a, b = pairs[0] + offset[relation[0]], pairs[1] + offset[relation[2]]
    count = pairs.shape[1]
    rows = np.arange(count) if relation == EVIDENCE else np.full(count, -1)
    said = of_line.get(relation[0])
    hidden = np.full(count, -1) if said is None else said[pairs[0]]
    kinds = np.repeat([number, number + len(RELATIONS)], count)
    twice = (np.concatenate(two) for two in ((a, b), (b, a), (rows, rows), (hidden, hidden)))
    source, target, feature_of, unseen = (one.astype(np.int64) for one in twice)
    return source, target, kinds.astype(np.int64), feature_of, unseen


def _groups(graph: LearningGraph) -> Ints:
    """Number line and defect of each evidence edge."""
    source, target = graph.edges[EVIDENCE]
    lines = graph.sensor_line[source] if len(source) else np.zeros(0, dtype=np.int64)
    return np.asarray(lines * (len(graph.nodes["defect"]) + 1) + target, dtype=np.int64)


def evidence_features(evidence: Floats, groups: Ints, own: NDArray[np.bool_]) -> Floats:
    """Return the features of evidence edges.

    Args:
        evidence: Statistics and counts; shape ``(num_edges, 11)``.
        groups: Number of the line and defect of each; shape ``(num_edges,)``.
        own: Whether the cause was measured on the line itself.

    Returns:
        Shape ``(num_edges, len(FEATURES))``, each about from -1 to 1.
    """
    columns = dict(zip((*STATISTICS, *COUNTS), evidence.T, strict=True))
    made = [np.tanh(columns[name] * _SCALES[name]) for name in STATISTICS]
    made += [np.tanh(np.abs(columns[name]) / 5) for name in ("z", "quadratic", "within")]
    made += [_places(np.abs(columns[name]), groups) for name in _RANKED]
    made += [np.log1p(columns["n"]) / 8, np.log1p(columns["positives"]) / 6, own.astype(np.float64)]
    return np.stack(made, axis=1).reshape(len(evidence), len(FEATURES))


def _places(values: Floats, groups: Ints) -> Floats:
    """Return 1 / place of each value among those of its group, the largest first."""
    falling = -np.round(values, 9)
    order = np.lexsort((falling, groups))
    group, value = groups[order], falling[order]
    place = np.arange(len(order))
    new_group = np.diff(group, prepend=group[:1] - 1) != 0
    new_value = new_group | (np.diff(value, prepend=value[:1]) != 0)
    first_of_group = np.maximum.accumulate(np.where(new_group, place, 0))
    first_of_value = np.maximum.accumulate(np.where(new_value, place, 0))  # equals share a place
    made = np.empty(len(values))
    made[order] = 1 / (first_of_value - first_of_group + 1)
    return made


def statistics_by_cause(graph: LearningGraph) -> dict[tuple[str, str, str], Floats]:
    """Return the features of evidence by line, cause and defect; flat baselines read them."""
    features = evidence_features(graph.evidence, _groups(graph), graph.own)
    source, target = graph.edges[EVIDENCE]
    lines, defects = graph.nodes["line"], graph.nodes["defect"]
    found: dict[tuple[str, str, str], Floats] = {}
    for row, (sensor, defect) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        key = (lines[graph.sensor_line[sensor]], graph.sensor_cause[sensor], defects[defect])
        found.setdefault(key, features[row])
    return found


def sensors_of(graph: LearningGraph, line: str, causes: Sequence[str]) -> list[list[int]]:
    """Return the numbers of the sensors of each cause on a line."""
    places = np.flatnonzero(graph.sensor_line == graph.number("line", line)).tolist()
    return [[one for one in places if graph.sensor_cause[one] == cause] for cause in causes]
