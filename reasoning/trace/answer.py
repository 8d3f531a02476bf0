"""`trace`: the closure of an item with its steps, their parameters and where each was read from.

The closure comes from the genealogy index, everything else from the snapshot after it. Nodes and edges
are whole up to the limit; steps come in pages, since a closure of a thousand items has tens of thousands
of values and nobody reads them at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from qualweave.errors import JsonValue
from qualweave.iri import RDF, RDFS, Q, local_name
from qualweave.reasoning.trace.genealogy import Direction, GenealogyIndex
from qualweave.store.port import RdfTerm, Snapshot

_TYPE, _LABEL = NamedNode(RDF + "type"), NamedNode(RDFS + "label")
_PRODUCED, _SUPPLIED = NamedNode(Q + "producedBy"), NamedNode(Q + "suppliedBy")
_ROW = Q + "sourceRow"
_GENERAL = {
    "MaterialItem",
    "SerialisedItem",
    "MaterialBatch",
    "PhysicalObject",
    "WorkInProgress",
    "TraceableUnit",
}
_SOURCES = {"RawMaterial", "Ore", "Consumable", "Resin"}
_STEP_FACTS = {
    Q + "usesEquipment": "equipment",
    Q + "onLine": "line",
    Q + "startedAt": "started_at",
    Q + "endedAt": "ended_at",
    Q + "eventTime": "event_time",
    Q + "performedBy": "performed_by",
    Q + "executes": "segment",
}


@dataclass(frozen=True)
class TraceNode:
    """An item of a trace: how far it is, what it is, and a gap where its own trace breaks off."""

    item: str
    depth: int
    classes: tuple[str, ...]
    gap: str = ""

    @property
    def name(self) -> str:
        """What a person reads."""
        return local_name(self.item)


@dataclass(frozen=True)
class TraceEdge:
    """``child`` was made from ``parent``; the graph (one ingested file) that says so."""

    child: str
    parent: str
    graph: str


@dataclass(frozen=True)
class Step:
    """An operation that made an item, with the parameters that were recorded of it."""

    item: str
    operation: str
    classes: tuple[str, ...]
    facts: Mapping[str, str]
    parameters: Mapping[str, float | str]
    graph: str
    row: int | None


@dataclass(frozen=True)
class TraceAnswer:
    """The answer of a trace.

    Attributes:
        item: What was traced.
        direction: ``"back"`` to where it came from, ``"forward"`` to where it went.
        nodes: The item itself first, then by distance.
        edges: Every edge between them.
        steps: A page of operations.
        steps_total: Number of operations in all, -1 where the page did not reach the end.
        truncated: Whether there are more nodes than the limit.
        commit: State of the graph that was asked.
    """

    item: str
    direction: Direction
    nodes: tuple[TraceNode, ...]
    edges: tuple[TraceEdge, ...]
    steps: tuple[Step, ...]
    next_step_offset: int | None
    truncated: bool
    commit: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer as JSON values."""
        return {
            "item": self.item,
            "direction": self.direction,
            "count": len(self.nodes) - 1,
            "nodes": [
                {
                    "item": n.item,
                    "name": n.name,
                    "depth": n.depth,
                    "classes": list(n.classes),
                    "gap": n.gap,
                }
                for n in self.nodes
            ],
            "edges": [{"child": e.child, "parent": e.parent, "graph": e.graph} for e in self.edges],
            "steps": [_step_json(step) for step in self.steps],
            "next_step_offset": self.next_step_offset,
            "truncated": self.truncated,
            "next_step": "Trace from one of the nodes to go on." if self.truncated else "",
            "commit": self.commit,
        }


def _step_json(step: Step) -> dict[str, JsonValue]:
    return {
        "item": step.item,
        "operation": step.operation,
        "classes": list(step.classes),
        **dict(step.facts),
        "parameters": dict(step.parameters),
        "graph": step.graph,
        "row": step.row,
    }


def trace(
    index: GenealogyIndex,
    snapshot: Snapshot,
    item: str,
    *,
    direction: Direction = "back",
    limit: int = 2000,
    step_offset: int = 0,
    step_limit: int = 100,
) -> TraceAnswer:
    """Return what an item was made from, or what was made from it.

    Args:
        index: Genealogy of the same state of the graph.
        snapshot: That state.
        item: IRI of the item.
        direction: ``"back"`` or ``"forward"``.
        limit: Most nodes; the nearest are kept.
        step_offset: Items whose steps were given already.
        step_limit: Items whose steps are given now, nearest first; 0 for none.

    Raises:
        NotFound: If the item has no genealogy edge.
    """
    reached = index.closure(item, direction)
    kept = dict([(item, 0), *list(reached.items())[: limit - 1]])
    graphs = _Graphs(snapshot)
    nodes = tuple(
        _node(snapshot, index, one, depth=depth, direction=direction) for one, depth in kept.items()
    )
    edges = tuple(
        TraceEdge(child, parent, graphs.of_edge(child, parent))
        for child, parent in index.edges_among(kept, direction)
        if child in kept and parent in kept
    )
    page = list(kept)[step_offset : step_offset + step_limit]
    steps = tuple(step for one in page for step in steps_of(snapshot, one))
    after = step_offset + step_limit
    return TraceAnswer(
        item=item,
        direction=direction,
        nodes=nodes,
        edges=edges,
        steps=steps,
        next_step_offset=after if step_limit and after < len(kept) else None,
        truncated=len(reached) + 1 > len(kept),
        commit=index.commit,
    )


class _Graphs:
    """Which graph states an edge; asked once per child."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[str, dict[str, str]] = {}

    def of_edge(self, child: str, parent: str) -> str:
        if child not in self._known:
            self._known[child] = {
                _value(quad.object): _value(quad.graph_name)
                for quad in self._snapshot.quads(
                    NamedNode(child), NamedNode(Q + "derivedFromMaterial")
                )
            }
        return self._known[child].get(parent, "")


def _node(
    snapshot: Snapshot, index: GenealogyIndex, item: str, *, depth: int, direction: Direction
) -> TraceNode:
    classes = tuple(
        sorted(
            {_value(quad.object) for quad in snapshot.quads(NamedNode(item), _TYPE)} - _general()
        )
    )
    gap = ""
    if direction == "back" and not index.edges_among([item], "back") and not _is_source(classes):
        gap = "no record says what it was made from"
    return TraceNode(item, depth, classes, gap)


def _general() -> set[str]:
    return {Q + name for name in _GENERAL}


def _is_source(classes: Iterable[str]) -> bool:
    return any(local_name(one) in _SOURCES for one in classes)


def steps_of(snapshot: Snapshot, item: str) -> list[Step]:
    """Return the operations that made an item, in the order of their start."""
    found: dict[str, Step] = {}
    for quad in snapshot.quads(NamedNode(item), _PRODUCED):
        operation = _value(quad.object)
        if operation not in found:
            found[operation] = _step(item, operation, list(snapshot.quads(NamedNode(operation))))
    return sorted(
        found.values(), key=lambda step: (step.facts.get("started_at", ""), step.operation)
    )


def _step(item: str, operation: str, quads: list[Quad]) -> Step:
    facts: dict[str, str] = {}
    parameters: dict[str, float | str] = {}
    classes: set[str] = set()
    graph, row = "", None
    for quad in quads:
        predicate, value = quad.predicate.value, quad.object
        if predicate == _TYPE.value:
            classes.add(_value(value))
        elif predicate in _STEP_FACTS:
            facts[_STEP_FACTS[predicate]] = _value(value)
        elif predicate == _ROW:
            graph, row = _value(quad.graph_name), int(_value(value))
        elif predicate.startswith(Q) and predicate[len(Q)].isupper() and isinstance(value, Literal):
            parameters[predicate] = _number(value)
    classes.discard(Q + "Operation")
    return Step(item, operation, tuple(sorted(classes)), facts, parameters, graph, row)


def _number(value: Literal) -> float | str:
    try:
        return float(value.value)
    except ValueError:
        return value.value


def _value(term: RdfTerm | Any) -> str:  # noqa: ANN401 - any RDF term or graph name
    return str(getattr(term, "value", term))
