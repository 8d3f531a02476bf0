"""Recall scope: everything that a suspicious lot went into, where it is now, and who has it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import DEFAULT_BASE, local_name
from qualweave.reasoning.trace.answer import organizations
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.resolve import resolve_item
from qualweave.store.port import Snapshot

_SHOWN = 20
RULE = "derivedFromMaterial closure"


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
        open_ends: Final items, or the item itself, that no delivery holds: in stock, or their record is missing.
        shipments: Deliveries of affected items or of the item itself.
        customers: Organisations that they went to.
        organizations: Organisations that made affected items, with the number of them.
        evidence: How it was found.
    """

    item: str
    affected: tuple[str, ...]
    by_class: dict[str, int]
    final: tuple[str, ...]
    open_ends: tuple[str, ...]
    shipments: tuple[Shipment, ...]
    customers: tuple[str, ...]
    organizations: dict[str, int]
    evidence: tuple[Evidence, ...]

    @property
    def open_deliveries(self) -> tuple[str, ...]:
        """Deliveries that can still be stopped."""
        return tuple(dict.fromkeys(one.delivery for one in self.shipments if one.status == "open"))

    def to_json(self, *, limit: int = 1000, offset: int = 0) -> dict[str, JsonValue]:
        """Return the scope as JSON values; the list of items is paged, the counts are whole."""
        after = offset + limit
        return {
            "item": self.item,
            "count": len(self.affected),
            "by_class": dict(self.by_class),
            "affected": list(self.affected[offset:after]),
            "next_offset": after if after < len(self.affected) else None,
            "final_count": len(self.final),
            "open_end_count": len(self.open_ends),
            "open_ends": list(self.open_ends[offset:after]),
            "open_deliveries": list(self.open_deliveries),
            "shipments": [
                {"delivery": s.delivery, "item": s.item, "status": s.status, "customer": s.customer}
                for s in self.shipments
            ],
            "customers": list(self.customers),
            "organizations": dict(self.organizations),
            "evidence": [one.to_json() for one in self.evidence],
        }


def recall_scope(
    index: GenealogyIndex,
    snapshot: Snapshot,
    item: str,
    *,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> RecallScope:
    """Return everything made from an item, with its shipments.

    Raises:
        NotFound: If no such item is known, or it has no genealogy edge.
        AmbiguousTerm: If a plain number is that of several items.
    """
    if item not in index:
        item = resolve_item(snapshot, index, item, tenant=tenant, base=base)
    affected = tuple(index.closure(item, "forward"))
    onward = {parent for _, parent in index.edges_among(affected, "forward")}
    shipments = _shipments(index, (item, *affected))
    makers = organizations(index, index.records.of_items(affected, LinkKind.OPERATION))
    counts = Counter(
        "/".join(local_name(one) for one in classes) or "unclassified"
        for classes in index.classes_of(affected)
    )
    final = tuple(one for one in affected if one not in onward)
    shipped = {one.item for one in shipments}
    ends = tuple(one for one in final or (item,) if one not in shipped)
    return RecallScope(
        item=item,
        affected=affected,
        by_class=dict(counts.most_common()),
        final=final,
        open_ends=ends,
        shipments=tuple(shipments),
        customers=tuple(sorted({one.customer for one in shipments if one.customer})),
        organizations=dict(Counter(makers.values()).most_common()),
        evidence=(_evidence(index, item, affected), *([_unaccounted(index, ends)] if ends else ())),
    )


def _shipments(index: GenealogyIndex, items: Sequence[str]) -> list[Shipment]:
    return [
        Shipment(
            delivery=one.record.iri,
            item=one.item,
            status=one.record.facts.get("delivery_status", ""),
            customer=one.record.facts.get("delivered_to", ""),
        )
        for one in index.records.of_items(items, LinkKind.DELIVERY)
    ]


def _evidence(index: GenealogyIndex, item: str, affected: Sequence[str]) -> Evidence:
    edges = index.edges_between((item, *affected))
    graphs = tuple(sorted({edge.graph for edge in edges if edge.graph}))
    return Evidence(
        kind="genealogy",
        statement={
            "en": f"{len(affected)} items follow from {local_name(item)} by {len(edges)} recorded steps"
            f" of {len(graphs)} files.",
            "zh": f"根据 {len(graphs)} 个文件中的 {len(edges)} 条谱系记录，由 {local_name(item)} 制成的"
            f"物品共 {len(affected)} 件。",
        },
        weight=1.0,
        sources=(item, *graphs),
        rule=RULE,
        version=index.commit,
        data={"edges": len(edges), "items": len(affected)},
    )


def _unaccounted(index: GenealogyIndex, ends: Sequence[str]) -> Evidence:
    return Evidence(
        kind="open-ends",
        statement={
            "en": f"{len(ends)} items end here without a delivery ({local_name(ends[0])} …): they are in stock, or"
            " the record of their use is missing. An empty scope is no all-clear.",
            "zh": f"{len(ends)} 件物品在此中断且无发货记录（{local_name(ends[0])} 等）：可能在库，也可能缺少使用记录。"
            "范围为空并不代表安全。",
        },
        weight=0.0,
        sources=tuple(ends[:_SHOWN]),
        rule=RULE,
        version=index.commit,
        data={"items": len(ends)},
    )
