"""Taking a decision back: mapping, memory, requests and graph are as if it had not been made; both stay on record.

A later decision that was built on it stands in the way, and is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from qualweave.change_request import ChangeRequest
from qualweave.errors import Conflict, InputError, NotFound
from qualweave.mappers.desk import Desk
from qualweave.mappers.governance import requests_of
from qualweave.mappers.mapping import ColumnMapping, MappingDocument
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.relift import leaning, relift_all
from qualweave.mappers.review import reconsider
from qualweave.mappers.review.intent import intended
from qualweave.mappers.review.reconsider import Fresh
from qualweave.mappers.review.record import (
    Cell,
    Review,
    Step,
    review_of,
    reviews_of,
    undone,
)
from qualweave.mappers.review.settle import Settled, commit_review, told
from qualweave.mappers.revise import rechosen

_FINAL = ("undo", "rerun")


def undo(work: Desk, review_id: str, *, reason: str) -> Settled:
    """Take a decision back as a whole, and lift its sources again without it.

    Args:
        work: What the ingest works with; its principal is who takes it back.
        review_id: Id of the decision.
        reason: Why.

    Raises:
        NotFound: If there is no such decision.
        InputError: If no reason is given.
        Conflict: If it was taken back before, cannot be, or something later was built on it.
        Forbidden: If the principal is not an engineer.
    """
    work.principal.require("engineer")
    _require_reason(review_id, reason)
    scope = {"tenant": work.tenant, "base": work.settings.base_iri}
    with work.snapshot() as snapshot:
        reviews = reviews_of(snapshot, **scope)
        requests = {one.id: one for one in requests_of(snapshot, **scope)}
    former = review_of(reviews, review_id)
    _require_undoable(former, reviews)
    documents = [_restored(work, former, step) for step in former.steps]
    reopened = [(requests[one], _before(requests[one], former)) for one in former.requests]
    gone = _risen(former, requests.values())
    draft = Review(
        action="undo", by=work.principal.id, at=datetime.now(UTC), reason=reason,
        steps=former.steps, family=former.family, learnt=former.forgotten, forgotten=former.learnt,
        undoes=former.id, linked=former.linked, withdrawn=tuple(one.id for one in gone), tenant=work.tenant,
    )  # fmt: skip
    with intended(work, review=draft):
        again = _taken_back(work, former, documents)
        steps = tuple(_step(work, one) for one in former.steps)
        lists = [work.library.get(one) for one in former.changed]
        others = {*former.lifted, *leaning(work, lists)}
        review = replace(draft, steps=steps, changes=told(again), lifted=tuple(sorted(others)))
        commit_review(work, review, reopened, former=former, withdrawn=gone)
        return Settled(review, relift_all(work, former.changed, others))


def _taken_back(
    work: Desk, former: Review, documents: Sequence[MappingDocument | None]
) -> list[Fresh]:
    """Put mappings and memory back, and keep what alignment says anew of other questions."""
    for document in documents:
        if document is not None:
            work.library.put(document)
    _unlearn(work, former)
    again = reconsider.after_decision(
        work,
        [column for _, column in sorted(former.touched)],
        first={str(one["source"]) for one in former.changes},
        without=former.touched,
    )
    reconsider.keep(work, again)
    return again


def _require_reason(review_id: str, reason: str) -> None:
    if not reason.strip():
        raise InputError(
            "Undoing a decision takes a reason.",
            message_zh="撤销决定必须说明理由。",
            next_step="Say why it was wrong.",
            next_step_zh="请说明原决定为何不当。",
            data={"review": review_id},
        )


def _require_undoable(former: Review, reviews: Sequence[Review]) -> None:
    """Refuse where a decision is taken back already, or a later one that stands is about the same fields."""
    gone = undone(reviews)
    if former.action in _FINAL:
        raise Conflict(
            f"{former.id} is no decision that can be undone: it is '{former.action}'.",
            message_zh=f"{former.id} 为“{former.action}”，不能撤销。",
            next_step="Decide the question anew.",
            next_step_zh="请重新作出决定。",
            data={"review": former.id},
        )
    if former.id in gone:
        by = gone[former.id]
        raise Conflict(
            f"Decision {former.id} was undone by {by.by} before.",
            message_zh=f"决定 {former.id} 已由 {by.by} 撤销。",
            next_step="Decide the question anew.",
            next_step_zh="请重新作出决定。",
            data={"review": former.id, "undone_by": by.id},
        )
    _require_last(former, reviews)


def _require_last(former: Review, reviews: Sequence[Review]) -> None:
    gone = undone(reviews)
    later = next(
        (
            one
            for one in reviews
            if one.at > former.at
            and one.id not in gone
            and one.action not in _FINAL
            and one.touched & former.touched
        ),
        None,
    )
    if later is not None:
        source, column = min(later.touched & former.touched)
        raise Conflict(
            f"Decision {later.id} by {later.by} on {column} of {source} was built on {former.id}.",
            message_zh=f"{later.by} 对 {source} 的 {column} 所作决定 {later.id} 基于 {former.id}。",
            next_step=f"Undo {later.id} first.",
            next_step_zh=f"请先撤销 {later.id}。",
            data={"review": former.id, "later": later.id, "source": source, "column": column},
        )


def _restored(work: Desk, former: Review, step: Step) -> MappingDocument | None:
    """Return the next version of a mapping, with what was decided as it was before; None where nothing was."""
    if step.after == step.before:
        return None
    now = work.library.get(step.source)
    before = work.library.version(step.source, step.before)
    made = work.library.version(step.source, step.after)
    columns = {one.name: one for one in now.columns}
    for cell in step.cells:
        mine, then = columns.get(cell.column), made.column(cell.column)
        if mine is None or then is None or not _same(mine, then, cell):
            raise _edited(former, now, cell)
        columns[cell.column] = _put_back(mine, before.column(cell.column), cell)
    restored = now.revised(
        columns=[columns[one.name].model_dump() for one in now.columns],
        created_by=work.principal.id,
    )
    if now.version == step.after:  # nobody touched the rows' kind since
        kept = {"records": before.records, "records_reason": before.records_reason}
        return restored.model_copy(update=kept)
    return rechosen(work, restored)


def _same(now: ColumnMapping, then: ColumnMapping, cell: Cell) -> bool:
    if cell.text:
        return now.values.get(cell.text, "") == then.values.get(cell.text, "")
    return (now.decision, now.term) == (then.decision, then.term)


def _put_back(now: ColumnMapping, before: ColumnMapping | None, cell: Cell) -> ColumnMapping:
    if before is None:
        return now
    if not cell.text:
        return before.model_copy(update={"units": now.units})
    values = {text: term for text, term in now.values.items() if text != cell.text}
    if cell.text in before.values:
        values[cell.text] = before.values[cell.text]
    return now.model_copy(update={"values": values})


def _edited(former: Review, now: MappingDocument, cell: Cell) -> Conflict:
    return Conflict(
        f"{cell.column} of {now.source} was changed since {former.id}: version {now.version} "
        f"of its mapping, by {now.created_by}.",
        message_zh=f"{now.source} 的 {cell.column} 在 {former.id} 之后已被修改："
        f"映射版本 {now.version}，由 {now.created_by} 修改。",
        next_step="Correct the mapping document instead.",
        next_step_zh="请直接更正映射文档。",
        data={"review": former.id, "source": now.source, "column": cell.column},
    )


def _unlearn(work: Desk, former: Review) -> None:
    memory = DecisionMemory.load(work.memory_path)
    for row in former.learnt:
        memory.forget(row)
    for row in former.forgotten:
        memory.remember(row)
    memory.save(work.memory_path)


def _before(request: ChangeRequest, former: Review) -> ChangeRequest:
    """Return a request as it was before a decision.

    Raises:
        NotFound: If it was handed over by it and that is not there any more.
    """
    if former.action != "ask":
        return request.reopened() if request.state != "open" else request
    mine = next(
        (one for one in request.handovers if one.by == former.by and one.at == former.at), None
    )
    if mine is None:
        raise NotFound(
            f"Change request {request.id} was not handed over by {former.id}.",
            message_zh=f"变更申请 {request.id} 并非由 {former.id} 转交。",
            next_step="List the decisions: qualweave review log, or GET /reviews.",
            next_step_zh="请用 qualweave review log 或 GET /reviews 查看决定列表。",
            data={"request": request.id},
        )
    return request.without(mine)


def _risen(former: Review, requests: Iterable[ChangeRequest]) -> list[ChangeRequest]:
    """Return the open questions about texts of fields that were mapped by a decision: they go with it."""
    fields = {
        (step.source, cell.column)
        for step in former.steps
        for cell in step.cells
        if not cell.text and cell.term
    }
    return [
        one
        for one in requests
        if one.state == "open"
        and one.proposal.get("text")
        and (one.proposal.get("source"), one.proposal.get("column")) in fields
        and one.created >= former.at
    ]


def _step(work: Desk, step: Step) -> Step:
    if step.after == step.before:
        return step
    newest = work.library.get(step.source).version
    cells = tuple(Cell(one.request, one.column, one.text, "") for one in step.cells)
    return Step(step.source, step.after, newest, cells)
