"""Ingest of EPCIS documents: no mapping is needed, the standard is the mapping."""

from collections.abc import Sequence

import orjson

from qualweave.errors import InputError
from qualweave.mappers.committing import Outcome, commit_batch, row_of
from qualweave.mappers.desk import Desk, Plan
from qualweave.mappers.epcis.lift import LiftedEvents, lift_events
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.report import FileReport
from qualweave.mappers.sources import source_id
from qualweave.store.port import ChangeSet, ShapeResult

_GATE_ROUNDS = 3


def ingest_epcis(work: Desk, plan: Plan) -> FileReport:
    """Lift and commit the events of a file; an event that EPCIS refuses waits with its reason.

    Raises:
        UnreadableSource: If the document is malformed or holds no events.
        InputError: If every event in it is refused.
    """
    content = plan.path.read_bytes()
    batch = Batch(
        source_id(plan.name), plan.content_hash, plan.name, work.tenant, work.settings.base_iri
    )
    judged: list[Problem] = []
    lifted = lift_events(content, batch=batch, vocabulary=work.vocabulary)
    for _ in range(_GATE_ROUNDS):
        results = _violations(work, batch, lifted)
        if not results:
            break
        judged += _judged(results, lifted)
        lifted = lift_events(
            content,
            batch=batch,
            vocabulary=work.vocabulary,
            without=frozenset(one.row for one in judged),
        )
    if lifted.events_read and not lifted.event_iris:
        raise _all_refused(plan, [*lifted.problems, *judged])
    rows = _rows(batch, lifted, [*lifted.problems, *judged])
    outcome = Outcome(
        lifted.ntriples, lifted.triples, lifted.events_read, len(lifted.event_iris), 0, rows, ()
    )
    commit_batch(work, batch, outcome, documents=(), raw=plan.raw)
    return FileReport(
        plan.name,
        plan.content_hash,
        "lifted",
        kind=plan.kind,
        sources=(batch.source,),
        records=("epcis_event",),
        rows_read=lifted.events_read,
        rows_lifted=len(lifted.event_iris),
        rows_quarantined=len(rows),
        triples=lifted.triples,
        message="; ".join(lifted.warnings),
    )


def _violations(work: Desk, batch: Batch, lifted: LiftedEvents) -> Sequence[ShapeResult]:
    if work.gate is None or not lifted.ntriples:
        return ()
    with work.snapshot() as snapshot:
        change = ChangeSet(batch.graph, "data", lifted.ntriples, replace=True)
        return work.gate.judge(change, snapshot).violations


def _judged(results: Sequence[ShapeResult], lifted: LiftedEvents) -> list[Problem]:
    found = []
    for one in results:
        row = one.row if one.row is not None else row_of(one.focus, lifted.ntriples)
        if row is None:
            raise InputError(one.message.get("en", one.shape), message_zh=one.message.get("zh"))
        english = one.message.get("en", one.shape)
        found.append(
            problem("shape", row=row, detail=english, detail_zh=one.message.get("zh", english))
        )
    return found


def _rows(
    batch: Batch, lifted: LiftedEvents, problems: Sequence[Problem]
) -> tuple[QuarantinedRow, ...]:
    return tuple(
        QuarantinedRow(
            id=f"{batch.key}-{number}",
            batch=batch.key,
            source=batch.source,
            file=batch.file_name,
            table="",
            row=number,
            cells={"event": orjson.dumps(event).decode()},
            problems=tuple(one for one in problems if one.row == number),
        )
        for number, event in sorted(lifted.raw.items())
    )


def _all_refused(plan: Plan, problems: Sequence[Problem]) -> InputError:
    reasons = "; ".join(one.message["en"] for one in problems)
    reasons_zh = "；".join(one.message["zh"] for one in problems)
    return InputError(
        f"Every event of {plan.name} is refused: {reasons}",
        message_zh=f"{plan.name} 的所有事件均被拒绝：{reasons_zh}",
        next_step="Correct the events in their source and ingest the file again.",
        next_step_zh="请在源系统中更正事件后重新导入。",
        data={"file": plan.name, "events": len({one.row for one in problems})},
    )
