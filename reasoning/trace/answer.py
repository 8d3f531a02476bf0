"""`trace`: the closure of an item with its steps, their parameters and where each was read from.

The closure and the records come from the index, which was built from the snapshot; the snapshot itself is
asked only what a person's spelling of an item means. A broken chain is a node with a reason, not an absence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from qualweave.errors import JsonValue
from qualweave.iri import DEFAULT_BASE, local_name
from qualweave.reasoning.trace.classes import GAPS
from qualweave.reasoning.trace.genealogy import Direction, Edge, GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Linked
from qualweave.reasoning.trace.resolve import resolve_item
from qualweave.store.port import Snapshot

TraceEdge = Edge
Step = Linked
_STEPS = (LinkKind.OPERATION, LinkKind.INSPECTION, LinkKind.EVENT)


@dataclass(frozen=True)
class TraceGap:
    """Where a trace breaks off: an item that should have been made from something, and why it ends there.

    Attributes:
        item: The item whose parents are missing.
        code: Key of `GAPS`.
        reason: In English and Chinese.
    """

    item: str
    code: str
    reason: Mapping[str, str]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the gap as JSON values."""
        return {"item": self.item, "code": self.code, "reason": dict(self.reason)}


@dataclass(frozen=True, slots=True)
class TraceNode:
    """An item of a trace.

    Attributes:
        item: Its IRI.
        depth: Distance in edges from the item that was asked for.
        classes: What it is, general classes left out.
        organization: Who made it, where the records say so.
        gap: Reason in English where its own trace breaks off, else ``""``.
    """

    item: str
    depth: int
    classes: tuple[str, ...]
    organization: str = ""
    gap: str = ""

    @property
    def name(self) -> str:
        """What a person reads."""
        return local_name(self.item)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the node as JSON values."""
        return {
            "item": self.item,
            "name": self.name,
            "depth": self.depth,
            "classes": list(self.classes),
            "organization": self.organization,
            "gap": self.gap,
        }


@dataclass(frozen=True)
class TraceAnswer:
    """The answer of a trace.

    Attributes:
        item: What was traced.
        direction: ``"back"`` to where it came from, ``"forward"`` to where it went.
        nodes: The item itself first, then by distance.
        edges: Every edge between them, with the graph that states it.
        steps: Operations and inspections of the nodes, a page of them.
        gaps: Where a backward trace breaks off.
        cycles: Groups of nodes that are, by the records, made from themselves.
        labels: Label by language of every class and parameter that occurs.
        next_step_offset: Number of nodes whose steps were given, None where those are all.
        truncated: Whether there are more nodes than the limit.
        total: Number of items reached, whatever the limit.
        commit: State of the graph that was asked.
    """

    item: str
    direction: Direction
    nodes: tuple[TraceNode, ...]
    edges: tuple[Edge, ...]
    steps: tuple[Step, ...]
    gaps: tuple[TraceGap, ...]
    cycles: tuple[tuple[str, ...], ...]
    labels: Mapping[str, Mapping[str, str]]
    next_step_offset: int | None
    truncated: bool
    total: int
    commit: str

    @property
    def next_step(self) -> str:
        """What to do where the answer is not whole."""
        if not self.truncated:
            return ""
        last = self.nodes[-1].name
        return (
            f"{self.total - len(self.nodes) + 1} more: raise the limit, or trace on from {last!r}."
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer as JSON values."""
        return {
            "item": self.item,
            "direction": self.direction,
            "count": self.total,
            "nodes": [node.to_json() for node in self.nodes],
            "edges": [{"child": e.child, "parent": e.parent, "graph": e.graph} for e in self.edges],
            "steps": [step.to_json() for step in self.steps],
            "gaps": [gap.to_json() for gap in self.gaps],
            "cycles": [list(group) for group in self.cycles],
            "labels": {term: dict(words) for term, words in self.labels.items()},
            "next_step_offset": self.next_step_offset,
            "truncated": self.truncated,
            "next_step": self.next_step,
            "commit": self.commit,
        }


def trace(  # noqa: PLR0913 - each is one thing that a caller may choose
    index: GenealogyIndex,
    snapshot: Snapshot,
    item: str,
    *,
    direction: Direction = "back",
    include_parameters: bool = True,
    limit: int = 2000,
    step_offset: int = 0,
    step_limit: int | None = None,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> TraceAnswer:
    """Return what an item was made from, or what was made from it.

    Args:
        index: Genealogy of the same state of the graph.
        snapshot: That state.
        item: IRI, GS1 identity in any of its forms, serial or lot number.
        direction: ``"back"`` or ``"forward"``.
        include_parameters: Whether steps with their parameters are wanted.
        limit: Most nodes; the nearest are kept.
        step_offset: Nodes whose steps were given already.
        step_limit: Nodes whose steps are given now, nearest first; None for all.
        tenant: Whose plain numbers are meant.
        base: Namespace of data IRIs.

    Raises:
        NotFound: If no such item is known, or it has no genealogy edge; the nearest ones are named.
        AmbiguousTerm: If a plain number is that of several items.
    """
    if item not in index:
        item = resolve_item(snapshot, index, item, tenant=tenant, base=base)
    reached = index.closure(item, direction)
    kept = {item: 0, **dict(islice(reached.items(), max(limit - 1, 0)))}
    order = list(kept)
    end = len(order) if step_limit is None else step_offset + step_limit
    page = order[step_offset:end] if include_parameters else []
    linked = index.records.of_items(order, *_STEPS)
    gaps = _gaps(index, order) if direction == "back" else {}
    wanted = set(page)
    nodes = _nodes(index, kept, linked, gaps)
    steps = tuple(one for one in linked if one.item in wanted)
    return TraceAnswer(
        item=item,
        direction=direction,
        nodes=nodes,
        edges=tuple(index.edges_between(order)),
        steps=steps,
        gaps=tuple(gaps.values()),
        cycles=tuple(one for one in index.cycles() if not kept.keys().isdisjoint(one)),
        labels=index.labels_of(_terms(nodes, steps)),
        next_step_offset=end if page and end < len(order) else None,
        truncated=len(reached) + 1 > len(kept),
        total=len(reached),
        commit=index.commit,
    )


def _terms(nodes: Sequence[TraceNode], steps: Sequence[Step]) -> set[str]:
    """Return the classes and parameters that occur; few combinations do, so those are taken first."""
    combinations = {node.classes for node in nodes} | {one.record.classes for one in steps}
    found = set[str]().union(*(one.record.parameters for one in steps))
    return found.union(*combinations)


def _gaps(index: GenealogyIndex, items: Sequence[str]) -> dict[str, TraceGap]:
    codes = ((item, index.gap_of(item)) for item in items)
    return {item: TraceGap(item, code, GAPS[code]) for item, code in codes if code}


def _nodes(
    index: GenealogyIndex,
    depths: Mapping[str, int],
    linked: Sequence[Linked],
    gaps: Mapping[str, TraceGap],
) -> tuple[TraceNode, ...]:
    makers = organizations(index, linked)
    return tuple(
        TraceNode(
            item=item,
            depth=depth,
            classes=classes,
            organization=makers.get(item, ""),
            gap=gaps[item].reason["en"] if item in gaps else "",
        )
        for (item, depth), classes in zip(
            depths.items(), index.classes_of(list(depths)), strict=True
        )
    )


def organizations(index: GenealogyIndex, linked: Sequence[Linked]) -> dict[str, str]:
    """Return who made each item: the operation's organisation, else the owner of its equipment."""
    owners: dict[str, str] = {}
    found: dict[str, str] = {}
    for one in linked:
        if one.kind is not LinkKind.OPERATION or one.item in found:
            continue
        facts = one.record.facts
        maker = facts.get("performed_by") or facts.get("owned_by") or facts.get("supplied_by")
        if not maker:
            machine = facts.get("equipment", "")
            if machine not in owners:
                owners[machine] = index.records.record(machine).facts.get("owned_by", "")
            maker = owners[machine]
        if maker:
            found[one.item] = maker
    return found
