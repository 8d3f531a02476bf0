"""Parameter changes as such: those without a quality order, and those upstream of an item, as SPARQL."""

from dataclasses import dataclass
from importlib.resources import files

from pyoxigraph import NamedNode

from qualweave.errors import JsonValue
from qualweave.reasoning.causes.times import made_during, stood_during
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Record
from qualweave.store.port import Row, Snapshot


@dataclass(frozen=True)
class OrphanChange:
    """A parameter change that no quality order is linked to.

    Attributes:
        change: Its IRI.
        equipment: Where it was made.
        parameter: What was changed.
        began: Start, ``""`` where not recorded.
        ended: End, ``""`` where not recorded.
        temporary: Whether it is recorded as temporary.
        items: Items made at that equipment while it stood; empty without an index.
    """

    change: str
    equipment: str
    parameter: str
    began: str
    ended: str
    temporary: bool
    items: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the change as JSON values."""
        return {
            "change": self.change,
            "equipment": self.equipment,
            "parameter": self.parameter,
            "began": self.began,
            "ended": self.ended,
            "temporary": self.temporary,
            "items": list(self.items),
        }


def query(name: str) -> str:
    """Return the text of a query of this folder, for example ``"orphan-changes"``."""
    return (
        files("qualweave.reasoning").joinpath("causes", "queries", f"{name}.rq").read_text("utf-8")
    )


def orphan_changes(
    snapshot: Snapshot, index: GenealogyIndex | None = None, *, tenant: str = "plant"
) -> list[OrphanChange]:
    """Return the changes that no downstream quality order is linked to, in the order of their start.

    Args:
        snapshot: State of the graph.
        index: Genealogy of that state, where the items that were made meanwhile are wanted.
        tenant: Whose changes.
    """
    graphs = _graphs(snapshot, tenant)
    made = _made_at(index) if index is not None else {}
    return [
        OrphanChange(
            change=_text(row["change"]),
            equipment=_text(row["equipment"]),
            parameter=_text(row["parameter"]),
            began=_text(row["from"]),
            ended=_text(row["until"]),
            temporary=_text(row["temporary"]) in ("true", "1"),
            items=_items(row, made),
        )
        for row in snapshot.select(query("orphan-changes"), graphs=graphs)
    ]


def changes_upstream(snapshot: Snapshot, item: str, *, tenant: str = "plant") -> list[Row]:
    """Return the changes upstream of an item by one SPARQL query, the most suspicious first (R36).

    The same chain as `root_causes` walks, without the contrast: for those who want to see it as a query.
    """
    return snapshot.select(
        query("item-to-change"),
        graphs=_graphs(snapshot, tenant),
        bindings={"item": NamedNode(item)},
    )


def _graphs(snapshot: Snapshot, tenant: str) -> list[str]:
    # All of a tenant's graphs and no choice among them: that is one merged graph, some 40 times as fast.
    return [entry.graph for entry in snapshot.graphs(tenant=tenant)]


def items_made_during(index: GenealogyIndex, change: str) -> list[str]:
    """Return the items whose operation at a change's equipment it stood over, for a recall by window."""
    record = index.records.record(change)
    return list(_during(record, _made_at(index).get(record.facts.get("equipment", ""), [])))


def _made_at(index: GenealogyIndex) -> dict[str, list[tuple[str, Record]]]:
    """Return the items and operations of each equipment."""
    found: dict[str, list[tuple[str, Record]]] = {}
    items = index.records.items_of(LinkKind.OPERATION)
    for one in index.records.of_items(items, LinkKind.OPERATION):
        machine = one.record.facts.get("equipment")
        if machine:
            found.setdefault(machine, []).append((one.item, one.record))
    return found


def _items(row: Row, made: dict[str, list[tuple[str, Record]]]) -> tuple[str, ...]:
    facts = {"started_at": _text(row["from"]), "ended_at": _text(row["until"])}
    change = Record(_text(row["change"]), facts={k: v for k, v in facts.items() if v})
    return _during(change, made.get(_text(row["equipment"]), []))


def _during(change: Record, made: list[tuple[str, Record]]) -> tuple[str, ...]:
    stood = stood_during(change.facts)
    if stood is None:
        return ()
    return tuple(
        dict.fromkeys(
            item
            for item, record in made
            if (ran := made_during(record.facts)) and ran.covered_by(stood) > 0
        )
    )


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))
