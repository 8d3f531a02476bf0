"""A person answers many questions at once, for example from a list of what each field of a plant means.

Only what is asked is answered: fields that alignment accepted, and questions that the list does not
know, stay as they are. Each source that got an answer is lifted again once, then what waited for others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from qualweave.errors import InputError, NotFound
from qualweave.iri import expand
from qualweave.mappers.desk import Desk
from qualweave.mappers.drafting import Answer
from qualweave.mappers.relift import relift_batches, waiting_on_others
from qualweave.mappers.report import IngestReport
from qualweave.mappers.review.misfit import require_fit
from qualweave.mappers.review.settle import Choice, Told, Why, settle
from qualweave.mappers.revise import Question, questions
from qualweave.mappers.sources import source_id


def answer_question(
    work: Desk, request_id: str, term: str, *, reason: str = "", force: bool = False
) -> IngestReport:
    """Answer a question or request, and lift what waited for it.

    Args:
        work: What the ingest works with; its principal is who answers.
        request_id: Id of the change request.
        term: IRI or CURIE of the term that is meant; ``""`` for none of ours (the field or text is left out).
        reason: Why; needed where ``term`` is empty.
        force: Whether it holds even where most sampled values are not what the term wants.

    Returns:
        What became of the files of that source.

    Raises:
        NotFound: If there is no such open question.
        InputError: If the term is not one of the ontology.
        Forbidden: If the principal is not an engineer.
        Conflict: If most sampled values of the field are not what the term wants.
    """
    work.principal.require("engineer")
    question = _open_question(work, request_id)
    iri = known_term(work, term) if term else ""
    why = Why("choose" if iri else "reject", reason)
    choices = [Choice(question, iri)]
    if not force:
        require_fit(work, choices)
    return settle(work, choices, why).report


def answer_many(
    work: Desk, answers: Sequence[Answer], *, progress: Told | None = None
) -> IngestReport:
    """Answer every open question about a field that a list of answers knows.

    Args:
        work: What the ingest works with; its principal is who answers.
        answers: Field, file and term; an empty term means that none of ours fits.
        progress: Told source, sources done and sources in all.

    Returns:
        What became of the files that were lifted again.

    Raises:
        Forbidden: If the principal is not an engineer.
    """
    work.principal.require("engineer")
    choices = [
        Choice(question, term)
        for some in _asked(work, answers).values()
        for question, term in some
        if not term or work.vocabulary.concept(term)
    ]
    if not choices:
        return IngestReport(tuple(relift_batches(work, waiting_on_others(work))))
    return settle(work, choices, Why("choose"), retry=True, progress=progress).report


def _asked(work: Desk, answers: Sequence[Answer]) -> Mapping[str, list[tuple[Question, str]]]:
    known = _by_field(answers)
    found: dict[str, list[tuple[Question, str]]] = defaultdict(list)
    with work.snapshot() as snapshot:
        waiting = questions(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    for question in waiting:
        if question.text:
            continue
        for source, term in known.get(question.column, ()):
            # A nested table and a namesake with other fields carry the source's id and a mark of their own.
            if question.source == source or question.source.startswith(f"{source}-"):
                found[question.source].append((question, term))
                break
    return found


def _by_field(answers: Sequence[Answer]) -> Mapping[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for answer in answers:
        term = "" if answer.term in {"", "NIL"} else expand(answer.term)
        found[answer.field].append((source_id(answer.file), term))
    return found


def _open_question(work: Desk, request_id: str) -> Question:
    with work.snapshot() as snapshot:
        found = questions(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    question = next((one for one in found if one.id == request_id), None)
    if question is None:
        raise NotFound(
            f"There is no open question {request_id}.",
            message_zh=f"没有未决问题 {request_id}。",
            next_step="List the open change requests for their ids.",
            next_step_zh="请查看未决变更申请列表以获取标识。",
            data={"request": request_id},
        )
    return question


def known_term(work: Desk, term: str) -> str:
    """Return the IRI of a term of the ontology.

    Raises:
        InputError: If it has no such term.
    """
    iri = expand(term)
    if work.vocabulary.concept(iri) is None:
        raise InputError(
            f"The ontology has no term {term}.",
            message_zh=f"本体中没有术语 {term}。",
            next_step="Choose a term of the ontology, or accept a request for a new one first.",
            next_step_zh="请选择本体中的术语，或先通过新增术语申请。",
            data={"term": term},
        )
    return iri
