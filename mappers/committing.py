"""Lifting a mapped file, letting the gate judge it, and committing all that belongs to it at once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl
from pyoxigraph import Triple

from qualweave.change_request import ChangeRequest
from qualweave.errors import InputError
from qualweave.mappers.codes import CodeBook
from qualweave.mappers.compaction import taken_out
from qualweave.mappers.desk import Desk, Plan
from qualweave.mappers.drafting import chosen_records, context_of
from qualweave.mappers.drift import as_before, in_unit_of_file
from qualweave.mappers.governance import (
    batch_triples,
    governance_change,
    mapping_iri,
    mapping_triples,
    present,
    quarantine_triples,
    request_triples,
)
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import Lifted, lift
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.markers import with_suspects
from qualweave.mappers.quarantine import QuarantinedRow, quarantined_rows
from qualweave.mappers.report import FileReport
from qualweave.mappers.requesting import requests_for, text_requests
from qualweave.mappers.series.axis import is_series
from qualweave.mappers.series.live import Parted, part_series
from qualweave.mappers.series.segments import lift_series
from qualweave.mappers.series.spectra import axis_column, known_spectra, lift_spectra
from qualweave.mappers.table import ROW, Fault, RawTable, field_diff
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.mappers.zones import Zones
from qualweave.store.port import ChangeSet, Gate, ShapeResult, Snapshot, Verdict

_GATE_ROUNDS = 3


@dataclass(frozen=True)
class Outcome:
    """What lifting a file gave: triples, the rows that wait, and texts that are asked about."""

    ntriples: bytes
    triples: int
    read: int
    lifted: int
    waiting: int
    rows: tuple[QuarantinedRow, ...]
    requests: tuple[ChangeRequest, ...]


def lift_file(work: Desk, plan: Plan, tables: Sequence[RawTable]) -> FileReport:
    """Lift a planned file, judge it, commit it, and report what became of it.

    Raises:
        InputError: If the gate refuses something that no row is to blame for.
    """
    source = plan.documents[0].source
    batch = Batch(source, plan.content_hash, plan.name, work.tenant, work.settings.base_iri)
    outcome = judged(work, plan, tables, batch)
    kind = "live" if plan.kind == "live" else ""  # many and small: compacted later
    commit_batch(work, batch, outcome, documents=plan.documents, raw=plan.raw, kind=kind)
    return _report(plan, tables, outcome)


def _report(plan: Plan, tables: Sequence[RawTable], outcome: Outcome) -> FileReport:
    columns = [one for document in plan.documents for one in document.columns]
    counts = Counter(one.decision for one in columns)
    records = tuple(dict.fromkeys(kind for one in plan.documents for kind in one.records))
    return FileReport(
        plan.name,
        plan.content_hash,
        "lifted" if records or outcome.triples else "waiting",
        kind=plan.kind,
        sources=tuple(one.source for one in plan.documents),
        records=records,
        columns=len(columns),
        mapped=counts[Decision.ACCEPTED],
        asked=counts[Decision.ASKED],
        requested=counts[Decision.REQUESTED],
        ignored=counts[Decision.IGNORED],
        rows_read=outcome.read,
        rows_lifted=outcome.lifted,
        rows_quarantined=len(outcome.rows),
        rows_waiting=outcome.waiting,
        triples=outcome.triples,
        questions=tuple(one.id for one in outcome.requests),
        missing_columns=tuple(
            name
            for table, document in zip(tables, plan.documents, strict=True)
            for name in field_diff([one.name for one in document.columns], table).removed
        ),
    )


def judged(work: Desk, plan: Plan, tables: Sequence[RawTable], batch: Batch) -> Outcome:
    """Lift, let the gate judge, put refused rows into quarantine, and lift the rest again."""
    refused: dict[int, list[Problem]] = {}
    outcome = _lift_tables(work, plan, tables, batch, refused=refused)
    for _ in range(_GATE_ROUNDS):
        results = _violations(work, batch, outcome)
        if not results:
            return outcome
        for number, found in _by_table(results, tables, outcome).items():
            refused.setdefault(number, []).extend(found)
        outcome = _lift_tables(work, plan, tables, batch, refused=refused)
    return outcome


def _violations(work: Desk, batch: Batch, outcome: Outcome) -> tuple[ShapeResult, ...]:
    if work.gate is None or not outcome.ntriples:
        return ()
    with work.snapshot() as snapshot:
        change = ChangeSet(batch.graph, "data", outcome.ntriples, replace=True)
        return work.gate.judge(change, snapshot).violations


def _by_table(
    results: Iterable[ShapeResult], tables: Sequence[RawTable], outcome: Outcome
) -> dict[int, list[Problem]]:
    """Return the problems of a verdict by table; a result that names no row is the whole file's."""
    found: dict[int, list[Problem]] = {}
    for one in results:
        row = one.row if one.row is not None else row_of(one.focus, outcome.ntriples)
        if row is None or len(tables) != 1:
            raise InputError(
                one.message.get("en", one.shape),
                message_zh=one.message.get("zh"),
                next_step="Repair the file and ingest it again; nothing of it was written.",
                next_step_zh="请修正文件后重新导入；未写入任何内容。",
                data={"shape": one.shape, "focus": one.focus},
            )
        english = one.message.get("en", one.shape)
        found.setdefault(0, []).append(
            problem(
                "shape",
                row=row,
                value=one.value,
                detail=english,
                detail_zh=one.message.get("zh", english),
            )
        )
    return found


def row_of(focus: str, ntriples: bytes) -> int | None:
    """Return the source row of a node in lifted triples, None where it has none."""
    mark = f'<{focus}> <https://w3id.org/qonto/sourceRow> "'.encode()
    place = ntriples.find(mark)
    if place < 0:
        return None
    start = place + len(mark)
    return int(ntriples[start : ntriples.index(b'"', start)])


def _lift_tables(
    work: Desk,
    plan: Plan,
    tables: Sequence[RawTable],
    batch: Batch,
    *,
    refused: Mapping[int, Sequence[Problem]],
) -> Outcome:
    codes = code_book(work, plan.documents)
    reader = work.reader if any("code_entry" in one.records for one in plan.documents) else None
    zone = Zones.load(work.zones_path).zone(plan.name)
    parts: list[bytes] = []
    rows: list[QuarantinedRow] = []
    requests: list[ChangeRequest] = []
    read = lifted = triples = waiting = 0
    for number, (whole, document) in enumerate(zip(tables, plan.documents, strict=True)):
        table = with_suspects(whole, document, work.vocabulary)
        part = replace(batch, part=table.name if len(tables) > 1 else "")
        judged = [*refused.get(number, ()), *_faults(work, table, part)]
        fixed = work.quarantine.corrected(table, part)
        mapping = for_file(document, fixed, work.vocabulary, zone=zone)
        is_live = plan.kind == "live"  # what it holds is decided by field, not by table
        at_rate = None if is_live else _at_rate(work, _sound(fixed, judged), mapping, part)
        without = frozenset(one.row for one in judged)
        parted = _parted(work, fixed, mapping, part, without=without) if is_live else Parted(fixed)
        result = at_rate or parted.with_events(
            lift(
                parted.rest, mapping, batch=part, vocabulary=work.vocabulary, codes=codes,
                without=without, reader=reader,
            )
        )  # fmt: skip
        parts.append(result.ntriples)
        rows += quarantined_rows(fixed, [*result.problems, *judged], part)
        requests += [] if axis_column(fixed) else _requests(work, document, result)
        read += len(fixed.frame)
        lifted += result.rows_lifted
        triples += result.triples
        bad = {*result.bad_rows, *(one.row for one in judged)}
        waiting += 0 if document.records or result.triples else result.rows_read - len(bad)
    return Outcome(b"".join(parts), triples, read, lifted, waiting, tuple(rows), tuple(requests))


def _at_rate(work: Desk, table: RawTable, mapping: MappingDocument, batch: Batch) -> Lifted | None:
    """Return what a series or spectrum became, whose numbers go to files; None where the rows are records."""
    home = work.settings.data_dir
    if axis_column(table):
        work.store.publish()  # what this very ingest has brought is there to be compared with
        with work.snapshot() as snapshot:
            graphs = [one.graph for one in snapshot.graphs("data", tenant=work.tenant)]
            known = known_spectra(snapshot, graphs, home)
        return lift_spectra(table, mapping.context, batch=batch, home=home, known=known)
    if is_series(table, mapping, work.vocabulary):
        return lift_series(table, mapping, batch=batch, vocabulary=work.vocabulary, home=home)
    return None


def _parted(
    work: Desk, table: RawTable, mapping: MappingDocument, batch: Batch, *, without: frozenset[int]
) -> Parted:
    """Return a segment of a live source without the samples that go to files."""
    return part_series(
        table,
        mapping,
        batch=batch,
        vocabulary=work.vocabulary,
        home=work.settings.data_dir,
        without=without,
    )


def _sound(table: RawTable, judged: Sequence[Problem]) -> RawTable:
    """Return a table without the rows that are known to wait."""
    if not judged:
        return table
    waiting = sorted({one.row for one in judged})
    return replace(table, frame=table.frame.filter(~pl.col(ROW).is_in(waiting)))


def _faults(work: Desk, table: RawTable, batch: Batch) -> list[Problem]:
    """Return what the reader found wrong with rows that no person has released since."""
    if not table.faults:
        return []
    released = {
        one.row
        for one in work.quarantine.of_batch(batch.key)
        if one.state == "released" and one.table == batch.part
    }
    return [of_fault(one) for one in table.faults if one.row not in released]


def of_fault(fault: Fault) -> Problem:
    """Return the problem of a row that its reader calls faulty."""
    return problem(
        fault.code,
        row=fault.row,
        column=fault.column,
        value=fault.value,
        detail=fault.detail,
        detail_zh=fault.detail_zh,
    )


def for_file(
    document: MappingDocument, table: RawTable, vocabulary: Vocabulary, *, zone: str = ""
) -> MappingDocument:
    """Return the mapping as it holds for one file: its own header and name, and what a person set.

    What the header of an earlier file said does not hold for this one: a file that names no machine has
    none. ``zone`` is that of times without one, where the document does not set it.
    """
    own, reasons = context_of(table, document.columns, vocabulary)
    fixed = {
        role: value
        for role, value in document.context.items()
        if document.context_reason.get(role, "").startswith("set by")
    }
    timezone = zone if zone and document.timezone == "UTC" else document.timezone
    before = as_before(document, table, own)
    if before is not document:
        records, why = chosen_records(before.columns, {**own, **fixed}, vocabulary)
        before = before.model_copy(update={"records": records, "records_reason": why})
    return in_unit_of_file(before, table).model_copy(
        update={"context": {**own, **fixed}, "context_reason": reasons, "timezone": timezone}
    )


def code_book(work: Desk, documents: Sequence[MappingDocument]) -> CodeBook:
    """Return the code entries of the graph where a column of the documents needs them."""
    needs = {
        one.term.removeprefix("q:")
        for document in documents
        for one in document.having(Decision.ACCEPTED)
    }
    if not needs & {"defectCode", "alarmCode"}:
        return CodeBook()
    work.store.publish()
    with work.snapshot() as snapshot:
        return CodeBook.load(snapshot)


def _requests(work: Desk, document: MappingDocument, result: Lifted) -> list[ChangeRequest]:
    scope = {"tenant": work.tenant, "base": work.settings.base_iri}
    found = requests_for(document, work.vocabulary, by=work.principal.id, **scope)
    is_code = "code_entry" in document.records
    reader = work.reader if is_code and result.unresolved else None
    return found + text_requests(
        document,
        work.vocabulary,
        result.unresolved,
        reader=reader,
        by=work.principal.id,
        **scope,
    )


class _Judged:
    """The verdict that ingest has just had on the data; everything else is judged as usual."""

    def __init__(self, gate: Gate, judged: ChangeSet) -> None:
        self._gate, self._judged = gate, judged

    def judge(self, change: ChangeSet, snapshot: Snapshot) -> Verdict:
        """Return the verdict on a change set."""
        if change.graph == self._judged.graph and change.inserts == self._judged.inserts:
            return Verdict()
        return self._gate.judge(change, snapshot)


def _beside(
    work: Desk, batch: Batch, outcome: Outcome
) -> tuple[list[Triple], list[Triple], list[ChangeSet]]:
    """Return what goes of a batch's former nodes, its requests that are new, and what leaves a compacted graph."""
    with work.snapshot() as snapshot:
        return (
            present(snapshot, batch),
            request_triples(outcome.requests, snapshot, base=work.settings.base_iri),
            taken_out(work, snapshot, batch.graph),
        )


def commit_batch(
    work: Desk,
    batch: Batch,
    outcome: Outcome,
    *,
    documents: Sequence[MappingDocument],
    raw: str = "",
    kind: str = "",
) -> None:
    """Commit data, provenance, mapping, waiting rows and requests of a file: all or none."""
    scope = {"tenant": work.tenant, "base": work.settings.base_iri}
    work.quarantine.keep(batch.key, outcome.rows)
    gone, nodes, out = _beside(work, batch, outcome)
    if nodes or out:
        # What another file of the source has asked, or a batch left in the compacted graph, may not be published yet.
        work.store.publish()
        gone, nodes, out = _beside(work, batch, outcome)
    now = datetime.now(UTC)
    nodes += batch_triples(
        batch,
        mappings=[mapping_iri(one, **scope) for one in documents],
        release=work.vocabulary.version,
        by=work.principal.id,
        at=now,
        rows=(outcome.read, outcome.lifted, len(outcome.rows)),
    )
    for document in documents:
        nodes += mapping_triples(document, **scope)
    nodes += quarantine_triples(outcome.rows, batch)
    data = ChangeSet(
        graph=batch.graph,
        role="data",
        inserts=outcome.ntriples,
        replace=True,
        about={
            "file": batch.file_name,
            "sha256": batch.sha256,
            "source": batch.source,
            "raw": raw,
            **({"kind": kind} if kind else {}),
            "mappings": [f"{one.source} v{one.version}" for one in documents],
            "release": work.vocabulary.version,
            "rows_read": outcome.read,
            "rows_lifted": outcome.lifted,
            "rows_quarantined": len(outcome.rows),
            "triples": outcome.triples,
        },
    )
    governance = governance_change(nodes, **scope, deletes=gone)
    gate = _Judged(work.gate, data) if work.gate is not None else None
    work.store.commit([*out, data, governance], principal=work.principal, gate=gate)
