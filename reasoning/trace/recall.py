"""Recall scope: everything that a suspicious lot went into, where it is now, and who has it."""

from collections import Counter
from dataclasses import dataclass

from pyoxigraph import NamedNode

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import RDF, Q, local_name
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.store.port import Snapshot

_TYPE = NamedNode(RDF + "type")
_BATCH = NamedNode(Q + "deliveredBatch")
_SHIPMENTS = """
SELECT ?item ?delivery ?status ?customer WHERE {
  ?delivery q:deliveredBatch ?item .
  OPTIONAL { ?delivery q:deliveryStatus ?status }
  OPTIONAL { ?delivery q:deliveredTo ?customer }
}
"""


@dataclass(frozen=True)
class Shipment:
    """A delivery that holds an item in scope."""

    delivery: str
    item: str
    status: str
    customer: str


@dataclass(frozen=True)
class RecallScope:
    """What is to be called back.

    Attributes:
        item: The suspicious item.
        affected: Every item made from it, nearest first.
        by_class: Number of affected items per class name.
        final: Those that nothing further was made from: where they are found today.
        shipments: Deliveries of affected items or of the item itself.
        customers: Organisations that they went to.
        evidence: How it was found.
    """

    item: str
    affected: tuple[str, ...]
    by_class: dict[str, int]
    final: tuple[str, ...]
    shipments: tuple[Shipment, ...]
    customers: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def to_json(self, *, limit: int = 1000, offset: int = 0) -> dict[str, JsonValue]:
        """Return the scope as JSON values; the list of items is paged."""
        after = offset + limit
        return {
            "item": self.item,
            "count": len(self.affected),
            "by_class": dict(self.by_class),
            "affected": list(self.affected[offset:after]),
            "next_offset": after if after < len(self.affected) else None,
            "final_count": len(self.final),
            "open_deliveries": [one.delivery for one in self.shipments if one.status == "open"],
            "shipments": [
                {"delivery": s.delivery, "item": s.item, "status": s.status, "customer": s.customer}
                for s in self.shipments
            ],
            "customers": list(self.customers),
            "evidence": [one.to_json() for one in self.evidence],
        }


def recall_scope(index: GenealogyIndex, snapshot: Snapshot, item: str) -> RecallScope:
    """Return everything made from an item, with its shipments.

    Raises:
        NotFound: If the item has no genealogy edge.
    """
    reached = index.closure(item, "forward")
    affected = tuple(reached)
    onward = {parent for _, parent in index.edges_among(affected, "forward")}
    shipments = [one for name in (item, *affected) for one in _shipments(snapshot, name)]
    counts: Counter[str] = Counter()
    for one in affected:
        counts[_class_name(snapshot, one)] += 1
    evidence = Evidence(
        kind="genealogy",
        statement={
            "en": f"{len(affected)} items follow from {local_name(item)} by the recorded genealogy.",
            "zh": f"根据谱系记录，由 {local_name(item)} 制成的物品共 {len(affected)} 件。",
        },
        weight=1.0,
        sources=(item,),
        rule="derivedFromMaterial closure",
        version=index.commit,
    )
    return RecallScope(
        item=item,
        affected=affected,
        by_class=dict(counts.most_common()),
        final=tuple(one for one in affected if one not in onward),
        shipments=tuple(shipments),
        customers=tuple(sorted({one.customer for one in shipments if one.customer})),
        evidence=(evidence,),
    )


def _shipments(snapshot: Snapshot, item: str) -> list[Shipment]:
    if next(snapshot.quads(None, _BATCH, NamedNode(item)), None) is None:
        return []
    rows = snapshot.select(_SHIPMENTS, bindings={"item": NamedNode(item)})
    return [
        Shipment(
            delivery=_text(row["delivery"]),
            item=item,
            status=_text(row["status"]),
            customer=_text(row["customer"]),
        )
        for row in rows
    ]


def _class_name(snapshot: Snapshot, item: str) -> str:
    names = sorted(
        local_name(_text(quad.object)) for quad in snapshot.quads(NamedNode(item), _TYPE)
    )
    special = [
        one for one in names if one not in {"MaterialItem", "SerialisedItem", "MaterialBatch"}
    ]
    return next(iter(special or names), "")


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))
