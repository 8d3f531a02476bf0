"""`overlay`: what a trace reaches besides by inferred links, each item with the confidence of its best way.

Told and inferred stay two lists: a caller who adds them up has chosen to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from qualweave.errors import JsonValue
from qualweave.iri import local_name
from qualweave.reasoning.rebinding.decide import InferredLink
from qualweave.reasoning.trace.genealogy import Direction, GenealogyIndex


@dataclass(frozen=True)
class Overlay:
    """What inferred links add to a trace.

    Attributes:
        reached: Item to the product of confidences on its surest way; items that records reach are not among them.
        links: Inferred links on the ways.
        told: Edges that records state between the items reached so, child and parent.
    """

    reached: dict[str, float]
    links: tuple[InferredLink, ...]
    told: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the overlay as JSON values, every link and item marked as inferred."""
        return {
            "nodes": [
                {
                    "item": item,
                    "name": local_name(item),
                    "confidence": round(sure, 4),
                    "inferred": True,
                }
                for item, sure in sorted(self.reached.items(), key=lambda one: (-one[1], one[0]))
            ],
            "edges": [link_json(one) for one in self.links],
            "told_edges": [{"child": child, "parent": parent} for child, parent in self.told],
        }


def link_json(link: InferredLink) -> dict[str, JsonValue]:
    """Return an inferred link as JSON values."""
    return {
        "child": link.child,
        "parent": link.parent,
        "confidence": round(link.confidence, 4),
        "inferred": True,
        "operation": link.operation,
        "evidence": [one.to_json() for one in link.evidence],
    }


def overlay(
    index: GenealogyIndex,
    reached: Iterable[str],
    links: Sequence[InferredLink],
    direction: Direction,
) -> Overlay:
    """Return what inferred links add to the items that a trace has reached.

    Args:
        index: Genealogy of the same state.
        reached: Items that records reach, the traced one among them.
        links: Inferred links.
        direction: Of the trace.
    """
    back = direction == "back"
    from_item: dict[str, list[InferredLink]] = {}
    for link in links:
        from_item.setdefault(link.child if back else link.parent, []).append(link)
    told = set(reached)
    sure = dict.fromkeys(told, 1.0)
    used: dict[tuple[str, str], InferredLink] = {}
    waiting: list[tuple[float, str]] = []
    for item in sorted(told):
        heappush(waiting, (-1.0, item))
    while waiting:
        minus, item = heappop(waiting)
        if -minus < sure[item]:
            continue
        for link in from_item.get(item, ()):
            used[link.child, link.parent] = link
            start = link.parent if back else link.child
            for other in [start, *(index.closure(start, direction) if start in index else ())]:
                if -minus * link.confidence > sure.get(other, 0.0):
                    sure[other] = -minus * link.confidence
                    heappush(waiting, (-sure[other], other))
    new = {item: value for item, value in sure.items() if item not in told}
    inner = index.edges_among(sorted(new), direction)
    return Overlay(new, tuple(used.values()), tuple(sorted(set(inner))))
