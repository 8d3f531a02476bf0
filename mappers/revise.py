"""What a person does after an ingest: answer a question, correct a mapping, release a row.

Each changes the mapping document or the waiting row and lifts again what waited; data graphs are put in
place of their former selves in one commit, so that no reader sees half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl
import pyoxigraph as ox
from pyoxigraph import NamedNode, Triple

from qualweave.batches import batches
from qualweave.change_request import ChangeRequest
from qualweave.errors import Conflict, InputError
from qualweave.iri import Q
from qualweave.mappers.codes import CodeBook
from qualweave.mappers.committing import code_book, for_file
from qualweave.mappers.compaction import taken_out
from qualweave.mappers.desk import Desk
from qualweave.mappers.governance import governance_change, present, requests_of
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import lift
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.relift import documents_of, tables_of
from qualweave.mappers.zones import Zones
from qualweave.store.port import ChangeSet, GraphEntry, Snapshot


@dataclass(frozen=True)
class Question:
    """An open change request of the mapper, as a person answers it."""

    request: ChangeRequest

    @property
    def id(self) -> str:
        """Identifier of the request."""
        return self.request.id

    @property
    def source(self) -> str:
        """Source that it is about."""
        return str(self.request.proposal.get("source", ""))

    @property
    def column(self) -> str:
        """Field that it is about."""
        return str(self.request.proposal.get("column", ""))

    @property
    def text(self) -> str:
        """Cell text that it is about, ``""`` where it is about the field itself."""
        return str(self.request.proposal.get("text", ""))


def questions(
    snapshot: Snapshot,
    *,
    tenant: str,
    base: str,
    state: Literal["open", "accepted", "refused"] = "open",
) -> list[Question]:
    """Return the mapper's change requests of a tenant in a state, oldest first."""
    found = requests_of(snapshot, tenant=tenant, base=base)
    mine = [one for one in found if one.state == state and "source" in one.proposal]
    return [Question(one) for one in sorted(mine, key=lambda one: (one.created, one.id))]


def count_open(snapshot: Snapshot, *, tenant: str, base: str) -> int:
    """Return how many change requests of a tenant are open, be they about fields or about the ontology."""
    return sum(one.state == "open" for one in requests_of(snapshot, tenant=tenant, base=base))


def rechosen(work: Desk, document: MappingDocument) -> MappingDocument:
    """Choose the record kinds anew: an answered field may make another record of the rows."""
    from qualweave.mappers.drafting import chosen_records  # noqa: PLC0415 - used here only

    records, why = chosen_records(document.columns, document.context, work.vocabulary)
    return document.model_copy(update={"records": records, "records_reason": why})


def release(work: Desk, row_id: str, corrections: Mapping[str, str]) -> QuarantinedRow:
    """Lift a waiting row with corrected cells into its data graph.

    Args:
        work: What the ingest works with.
        row_id: Id of the row.
        corrections: Column to corrected cell.

    Returns:
        The row as released.

    Raises:
        NotFound: If no such row waits.
        Conflict: If it was released before, or still cannot be lifted; the message says why.
        InputError: If a column is not one of the row's.
        GateRefused: If the gate still refuses it.
    """
    work.principal.require("engineer")
    row = work.quarantine.get(row_id)
    if row.state == "released":
        raise Conflict(
            f"Row {row_id} was released before.",
            message_zh=f"行 {row_id} 已放行。",
            data={"row": row_id},
        )
    unknown = sorted(set(corrections) - set(row.cells))
    if unknown:
        raise InputError(
            f"Row {row_id} has no column {unknown[0]!r}.",
            message_zh=f"行 {row_id} 没有列 {unknown[0]!r}。",
            next_step="Its columns: " + ", ".join(row.cells) + ".",
            next_step_zh="可用列：" + "、".join(row.cells) + "。",
            data={"row": row_id, "column": unknown[0]},
        )
    with work.snapshot() as snapshot:
        entry = next(
            one for one in batches(snapshot, tenant=work.tenant)
            if str(one.about.get("sha256", "")).startswith(row.batch)
        )  # fmt: skip
    _lift_row(work, row, corrections, entry)
    return work.quarantine.mark_released(row_id, corrections)


def _lift_row(
    work: Desk, row: QuarantinedRow, corrections: Mapping[str, str], entry: GraphEntry
) -> None:
    digest = str(entry.about["sha256"])
    tables, documents = tables_of(work, entry), documents_of(work, entry)
    number = next(
        (at for at, one in enumerate(tables) if not row.table or one.name == row.table), 0
    )
    table, document = tables[number], documents[number]
    cells = {**row.cells, **corrections}
    frame = table.frame.filter(pl.col("__row__").cast(pl.Int64) == row.row).with_columns(
        pl.lit(cells[name], dtype=pl.String).alias(name) for name in table.columns
    )
    batch = Batch(
        str(entry.about["source"]), digest, row.file, work.tenant, work.settings.base_iri, row.table
    )
    corrected = replace(table, frame=frame)
    result = lift(
        corrected,
        for_file(
            document,
            corrected,
            work.vocabulary,
            zone=Zones.load(work.zones_path).zone(row.file),
        ),
        batch=batch,
        vocabulary=work.vocabulary,
        codes=code_book(work, [document]) if document.records else CodeBook(),
        reader=work.reader if "code_entry" in document.records else None,
    )
    if result.problems:
        first = result.problems[0]
        raise Conflict(
            f"Row {row.id} still cannot be lifted: {first.message['en']}",
            message_zh=f"行 {row.id} 仍无法提升：{first.message['zh']}",
            next_step=first.fix["en"],
            next_step_zh=first.fix["zh"],
            data={"row": row.id, "column": first.column, "value": first.value},
        )
    _commit_row(work, row, batch, entry, ntriples=result.ntriples)


def _commit_row(
    work: Desk, row: QuarantinedRow, batch: Batch, entry: GraphEntry, *, ntriples: bytes
) -> None:
    lifted = int(str(entry.about["rows_lifted"])) + 1
    held = int(str(entry.about["rows_quarantined"])) - 1
    about = {**entry.about, "rows_lifted": lifted, "rows_quarantined": held}
    data = ChangeSet(graph=batch.graph, role="data", inserts=ntriples, about=about)
    with work.snapshot() as snapshot:
        now = present(snapshot, batch)
        out = taken_out(work, snapshot, batch.graph)
    mine = NamedNode(f"{batch.node}/row/{row.id}")
    counted = {
        NamedNode(Q + "rowsLifted"): lifted,
        NamedNode(Q + "rowsQuarantined"): held,
    }
    gone = [one for one in now if one.subject == mine or one.predicate in counted]
    fresh = [
        Triple(NamedNode(batch.node), predicate, ox.Literal(value))
        for predicate, value in counted.items()
    ]
    change = governance_change(fresh, tenant=work.tenant, base=work.settings.base_iri, deletes=gone)
    work.store.commit([*out, data, change], principal=work.principal, gate=work.gate)
    work.store.publish()


def open_requests(work: Desk) -> Sequence[Question]:
    """Return the open questions and requests of the mapper."""
    with work.snapshot() as snapshot:
        return questions(snapshot, tenant=work.tenant, base=work.settings.base_iri)
