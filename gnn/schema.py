"""Names of the learning graph: node types, relations and evidence columns, each in one place.

`docs/reference/learning-graph.md` explains them; a test compares the two.
"""

from typing import Literal, TypeAlias, get_args

NodeType: TypeAlias = Literal[
    "parameter",
    "combination",
    "defect",
    "mechanism",
    "process",
    "equipment_class",
    "line",
    "equipment",
    "sensor",
    "link",
    "hypothesis",
    "refutation",
]
NODE_TYPES: tuple[NodeType, ...] = get_args(NodeType)

CLASS_TYPES: tuple[NodeType, ...] = (
    "parameter",
    "defect",
    "mechanism",
    "process",
    "equipment_class",
)
"""Kinds of concept: what is learned about them carries over to lines that were never seen."""

STATEMENT_TYPES: tuple[NodeType, ...] = ("link", "hypothesis", "refutation")
"""Kinds of n-ary node: one per statement that a cause brings about a defect by a mechanism."""

Relation: TypeAlias = tuple[NodeType, str, NodeType]
"""Source type, name, target type."""

RELATIONS: tuple[Relation, ...] = (
    ("parameter", "broader", "parameter"),
    ("defect", "broader", "defect"),
    ("mechanism", "broader", "mechanism"),
    ("process", "broader", "process"),
    ("equipment_class", "broader", "equipment_class"),
    ("parameter", "typical_context", "process"),
    ("parameter", "typical_context", "equipment_class"),
    ("combination", "combines", "parameter"),
    ("line", "runs", "process"),
    ("line", "uses", "equipment"),
    ("equipment", "is_a", "equipment_class"),
    ("equipment", "measures", "sensor"),
    ("line", "has", "sensor"),
    ("sensor", "observes", "parameter"),
    ("sensor", "observes", "combination"),
    ("line", "feeds", "line"),
    ("line", "followed_by", "line"),
    ("line", "shows", "defect"),
    ("sensor", "evidence", "defect"),
    ("parameter", "similar_to", "parameter"),
    ("defect", "similar_to", "defect"),
    ("mechanism", "similar_to", "mechanism"),
    ("link", "cause", "parameter"),
    ("link", "effect", "defect"),
    ("link", "via", "mechanism"),
    ("link", "on", "line"),
    ("link", "in", "process"),
    ("hypothesis", "cause", "parameter"),
    ("hypothesis", "effect", "defect"),
    ("hypothesis", "via", "mechanism"),
    ("refutation", "cause", "parameter"),
    ("refutation", "effect", "defect"),
    ("refutation", "via", "mechanism"),
    ("refutation", "on", "line"),
)
"""Every relation of the learning graph; the network reads each of them in both directions."""

EVIDENCE: Relation = ("sensor", "evidence", "defect")

STATISTICS: tuple[str, ...] = (
    "z",
    "rank",
    "quadratic",
    "product",
    "joint",
    "logit",
    "gain",
    "within",
    "agreement",
)
"""Columns of evidence that are statistics; see `qualweave.gnn.statistics`."""

COUNTS: tuple[str, ...] = ("n", "positives")
"""Columns of evidence that are counts: items measured, and how many of them had the defect."""

CauseDirection: TypeAlias = Literal["high", "low", "off-target"]
