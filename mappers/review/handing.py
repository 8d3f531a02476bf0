"""Questions that stay open: handed to somebody, or waiting for a term that the committee votes on."""

from collections.abc import Sequence
from datetime import UTC, datetime

from qualweave.change_request import ChangeRequest, Handover
from qualweave.errors import InputError
from qualweave.mappers.desk import Desk
from qualweave.mappers.review.queue import Waiting
from qualweave.mappers.review.record import Cell, Review, Step
from qualweave.mappers.review.settle import commit_review


def hand_over(work: Desk, some: Sequence[Waiting], *, to: str, reason: str) -> Review:
    """Note who asks whom about questions, and why; they stay open.

    Args:
        work: What the ingest works with; its principal is who asks.
        some: The questions.
        to: Who is asked; ``""`` leaves a remark to everybody.
        reason: What is asked.

    Raises:
        InputError: If nothing is asked.
        Forbidden: If the principal is not an engineer.
    """
    work.principal.require("engineer")
    if not reason.strip():
        raise InputError(
            "Handing a question on takes a reason.",
            message_zh="转交问题必须说明缘由。",
            next_step="Say what is to be found out.",
            next_step_zh="请说明需要查明的内容。",
            data={"to": to},
        )
    at = datetime.now(UTC)
    note = Handover(work.principal.id, to, reason, at)
    requests = [one.question.request for one in some]
    review = Review(
        action="ask", by=work.principal.id, at=at, reason=reason, steps=_steps(work, some, ""),
        to=to, tenant=work.tenant,
    )  # fmt: skip
    commit_review(work, review, [(one, one.handed_over(note)) for one in requests])
    return review


def link(
    work: Desk, some: Sequence[Waiting], *, term: str, request: ChangeRequest, reason: str
) -> Review:
    """Note that questions wait for a term that is proposed for the ontology: its release answers them.

    Args:
        work: What the ingest works with; its principal is who proposes.
        some: The questions.
        term: IRI of the proposed term.
        request: The change request of the ontology.
        reason: Why.
    """
    review = Review(
        action="new_term", by=work.principal.id, at=datetime.now(UTC), reason=reason,
        steps=_steps(work, some, term), linked=request.id, tenant=work.tenant,
    )  # fmt: skip
    commit_review(work, review, ())
    return review


def _steps(work: Desk, some: Sequence[Waiting], term: str) -> tuple[Step, ...]:
    """Return steps that leave the mappings as they are."""
    cells: dict[str, list[Cell]] = {}
    for one in some:
        asked = one.question
        cells.setdefault(asked.source, []).append(Cell(asked.id, asked.column, asked.text, term))
    versions = {source: work.library.get(source).version for source in cells}
    return tuple(
        Step(source, versions[source], versions[source], tuple(found))
        for source, found in cells.items()
    )
