"""Reading for statistics: one parameter over time, and all parameters of an item beside its verdict.

A series is in time order and every value keeps its operation and item, so that a signal on a chart leads back into
the graph. The item table joins the operations of an item *and of everything it was made from*: a defect
whose cause lies two steps earlier cannot be seen in any one step's table.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from qualweave.errors import NotEnoughEvidence
from qualweave.iri import RDF, Q, local_name
from qualweave.reasoning.statistics.rules import Flags, Floats
from qualweave.reasoning.trace.classes import ClassTree
from qualweave.reasoning.trace.genealogy import CsrGenealogy, GenealogyIndex
from qualweave.store.port import RdfTerm, Snapshot

_SERIES = """
SELECT ?record ?value ?item ?started ?result ?event WHERE {
  ?record %s ?value . %s
  OPTIONAL { ?record q:startedAt ?started }
  OPTIONAL { ?record q:resultTime ?result }
  OPTIONAL { ?record q:eventTime ?event }
  OPTIONAL { { ?item q:producedBy ?record } UNION { ?record q:inspects ?item } }
  FILTER (isNumeric(?value))
  FILTER NOT EXISTS { ?record a q:ProcessCard }
  FILTER NOT EXISTS { ?record a q:QualityCase }
}
"""
_PRODUCED, _TYPE = NamedNode(Q + "producedBy"), NamedNode(RDF + "type")
_INSPECTED, _FOUND = NamedNode(Q + "inspectedBy"), NamedNode(Q + "foundOn")
_GENERAL = Q + "Operation"


@dataclass(frozen=True)
class ParameterSeries:
    """One parameter in time order.

    Attributes:
        parameter: IRI.
        records: IRI of the operation or inspection of each value.
        items: IRI of the item of each value, ``""`` where none is known.
        times: UTC, shape ``(n,)``.
        values: In the canonical unit, shape ``(n,)``.
        undated: Number of values that were left out since nothing says when they were taken.
    """

    parameter: str
    records: tuple[str, ...]
    items: tuple[str, ...]
    times: NDArray[np.datetime64]
    values: Floats
    undated: int


def read_series(
    snapshot: Snapshot, parameter: str, *, equipment: str = "", line: str = "", process: str = ""
) -> ParameterSeries:
    """Return the values of a parameter in time order.

    Args:
        snapshot: What is read.
        parameter: IRI of the parameter.
        equipment: Only of this equipment.
        line: Only of this line.
        process: Only of this process class.

    Raises:
        NotEnoughEvidence: If there is no dated value.
    """
    wanted = [(Q + "usesEquipment", equipment), (Q + "onLine", line), (RDF + "type", process)]
    scope = " ".join(f"?record <{name}> <{iri}> ." for name, iri in wanted if iri)
    found: dict[str, tuple[str, str, float]] = {}
    undated = 0
    for row in snapshot.select(_SERIES % (f"<{parameter}>", scope)):
        at = text(row["started"]) or text(row["result"]) or text(row["event"])
        undated += not at
        if at:
            found[text(row["record"])] = (at, text(row["item"]), float(text(row["value"])))
    if not found:
        raise NotEnoughEvidence(
            f"No dated value of {local_name(parameter)} is in the graph for this choice.",
            message_zh=f"图中没有符合条件且带时间的 {local_name(parameter)} 数值。",
            next_step="Widen the choice of equipment or line, or ingest the records.",
            next_step_zh="请放宽设备或产线条件，或导入记录。",
            data={"missing": "values", "parameter": parameter},
        )
    times = np.array([_moment(one[0]) for one in found.values()])
    names = list(found)
    order = [int(i) for i in np.lexsort((np.array(names), times))]
    return ParameterSeries(
        parameter=parameter,
        records=tuple(names[i] for i in order),
        items=tuple(found[names[i]][1] for i in order),
        times=times[order],
        values=np.array([found[names[i]][2] for i in order]),
        undated=undated,
    )


def _moment(value: str) -> np.datetime64:
    """Return a UTC moment without zone, as numpy keeps it; one without zone is taken as UTC."""
    at = datetime.fromisoformat(value)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")


@dataclass(frozen=True)
class Column:
    """One parameter of one process class: the same parameter of two steps is two columns."""

    parameter: str
    process: str


@dataclass(frozen=True)
class ItemTable:
    """All parameters of items beside their verdict.

    Attributes:
        items: IRI of each item.
        columns: What each column holds.
        values: Canonical units, NaN where unknown, shape ``(n, p)``; the mean where several operations tell it.
        defective: Whether the item has the defect, shape ``(n,)``.
        operations: For each item the operations that its row comes from.
    """

    items: tuple[str, ...]
    columns: tuple[Column, ...]
    values: Floats
    defective: Flags
    operations: tuple[tuple[str, ...], ...]

    def complete(self, share: float = 0.5) -> "ItemTable":
        """Return it without columns known for less than a share of the items, then without incomplete items."""
        kept = np.isfinite(self.values).mean(axis=0) >= share if len(self.items) else []
        columns = [int(c) for c in np.flatnonzero(kept)]
        table = self.values[:, columns]
        rows = [int(r) for r in np.flatnonzero(np.isfinite(table).all(axis=1))]
        return ItemTable(
            tuple(self.items[r] for r in rows),
            tuple(self.columns[c] for c in columns),
            table[rows],
            self.defective[rows],
            tuple(self.operations[r] for r in rows),
        )

    def routes(self) -> list["ItemTable"]:
        """Return one table per set of processes that items went through, that with most defects first.

        Items of another route have other parameters; in one table they would only be gaps.
        """
        known: dict[frozenset[str], list[int]] = defaultdict(list)
        for row, held in enumerate(np.isfinite(self.values)):
            route = frozenset(self.columns[int(c)].process for c in np.flatnonzero(held))
            known[route].append(row)
        return [
            ItemTable(
                tuple(self.items[r] for r in rows),
                self.columns,
                self.values[rows],
                self.defective[rows],
                tuple(self.operations[r] for r in rows),
            )
            for rows in sorted(
                known.values(), key=lambda r: (int(self.defective[r].sum()), len(r)), reverse=True
            )
        ]


def read_items(
    snapshot: Snapshot,
    defect: str,
    *,
    index: GenealogyIndex | None = None,
    classes: Iterable[str] = (),
) -> ItemTable:
    """Return the inspected items that could have a defect, with the parameters of all their operations.

    Items count where they were inspected and share a final process with an item that has the defect.

    Args:
        snapshot: What is read.
        defect: IRI of the class of defect.
        index: The genealogy; built from the snapshot where left out.
        classes: Classes under ``defect`` that count as well.

    Raises:
        NotEnoughEvidence: If no item has the defect.
    """
    bad = {
        text(found.object)
        for name in (defect, *classes)
        for quad in snapshot.quads(None, _TYPE, NamedNode(name))
        for found in snapshot.quads(quad.subject, _FOUND)
    }
    if not bad:
        raise NotEnoughEvidence(
            f"No item with {local_name(defect)} is in the graph.",
            message_zh=f"图中没有出现 {local_name(defect)} 的物品。",
            next_step="Ingest the inspections, or ask about another defect.",
            next_step_zh="请导入检验记录，或查询其他缺陷。",
            data={"missing": "defective items", "defect": defect},
        )
    genealogy = index if index is not None else CsrGenealogy.build(snapshot)
    makers = _producers(snapshot)
    processes = _process_classes(snapshot)
    usual = {p for item in bad for o in makers.get(item, ()) for p in processes.get(o, ())}
    inspected = {text(quad.subject) for quad in snapshot.quads(None, _INSPECTED)} | bad
    items = [
        item
        for item in sorted(inspected)
        if any(p in usual for o in makers.get(item, ()) for p in processes.get(o, ()))
    ]
    histories = {
        item: sorted(
            {o for one in (item, *_ancestors(genealogy, item)) for o in makers.get(one, ())}
        )
        for item in items
    }
    return _table(items, histories, processes, snapshot=snapshot, bad=bad)


def _ancestors(genealogy: GenealogyIndex, item: str) -> Iterable[str]:
    return genealogy.closure(item, "back") if item in genealogy else ()


def _producers(snapshot: Snapshot) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for quad in snapshot.quads(None, _PRODUCED):
        found[text(quad.subject)].append(text(quad.object))
    return found


def _process_classes(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Return the most specific process classes of every operation: what is entailed of it is not another process."""
    above = ClassTree.read(snapshot).above
    found: dict[str, tuple[str, ...]] = {}
    for quad in snapshot.quads(None, _TYPE, NamedNode(_GENERAL)):
        operation = text(quad.subject)
        classes = {text(one.object) for one in snapshot.quads(quad.subject, _TYPE)}
        general = {upper for one in classes for upper in above.get(one, ())}
        found[operation] = tuple(sorted(classes - general - {_GENERAL})) or (_GENERAL,)
    return found


def _table(
    items: list[str],
    histories: Mapping[str, list[str]],
    processes: Mapping[str, tuple[str, ...]],
    *,
    snapshot: Snapshot,
    bad: set[str],
) -> ItemTable:
    known: dict[str, dict[Column, float]] = {}
    cells: list[dict[Column, list[float]]] = []
    for item in items:
        row: dict[Column, list[float]] = defaultdict(list)
        for operation in histories[item]:
            if operation not in known:
                process = processes.get(operation, (_GENERAL,))[0]
                known[operation] = _parameters(snapshot, operation, process)
            for column, value in known[operation].items():
                row[column].append(value)
        cells.append(row)
    columns = sorted({c for row in cells for c in row}, key=lambda c: (c.process, c.parameter))
    values = np.array(
        [[float(np.mean(row[c])) if c in row else np.nan for c in columns] for row in cells]
    ).reshape(len(items), len(columns))
    return ItemTable(
        tuple(items),
        tuple(columns),
        values,
        np.array([item in bad for item in items], dtype=np.bool_),
        tuple(tuple(histories[item]) for item in items),
    )


def _parameters(snapshot: Snapshot, operation: str, process: str) -> dict[Column, float]:
    found: dict[Column, float] = {}
    for quad in snapshot.quads(NamedNode(operation)):
        name = quad.predicate.value
        if name.startswith(Q) and name[len(Q) :][:1].isupper():
            try:
                found[Column(name, process)] = float(text(quad.object))
            except ValueError:  # a grade or class
                continue
    return found


def text(term: RdfTerm | None) -> str:
    """Return the text of a term, ``""`` where it is unbound."""
    return "" if term is None else str(getattr(term, "value", term))
