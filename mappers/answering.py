"""A person answers many questions at once, for example from a list of what each field of a plant means.

Only what is asked is answered: fields that alignment accepted, and questions that the list does not
know, stay as they are. Each source that got an answer is lifted again once, then what waited for others.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from qualweave.errors import InputError, NotFound
from qualweave.iri import expand
from qualweave.mappers.desk import Desk
from qualweave.mappers.drafting import Answer
from qualweave.mappers.mapping import MappingDocument, with_answers
from qualweave.mappers.relift import relift_batches, relift_source, waiting_on_others
from qualweave.mappers.report import IngestReport, merged
from qualweave.mappers.revise import Question, decide, questions, rechosen, remember
from qualweave.mappers.sources import source_id

Told = Callable[[str, int, int], None]


def answer_question(work: Desk, request_id: str, term: str, *, reason: str = "") -> IngestReport:
    """Answer a question or request, and lift what waited for it.

    Args:
        work: What the ingest works with; its principal is who answers.
        request_id: Id of the change request.
        term: IRI or CURIE of the term that is meant; ``""`` for none of ours (the field or text is left out).
        reason: Why; needed where ``term`` is empty.

    Returns:
        What became of the files of that source.

    Raises:
        NotFound: If there is no such open question.
        InputError: If the term is not one of the ontology.
        Forbidden: If the principal is not an engineer.
    """
    work.principal.require("engineer")
    question = _open_question(work, request_id)
    iri = _known_term(work, term) if term else ""
    stored = work.library.get(question.source)
    document = (
        _with_text(stored, question, iri, by=work.principal.id)
        if question.text
        else with_answers(stored, {question.column: iri}, by=work.principal.id)
    )
    document = rechosen(work, document)
    remember(work, question, iri)
    work.library.put(document)
    decide(work, question.request, accepted=bool(term), reason=reason or "no term of ours")
    return relift_source(work, question.source)


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
    asked = _asked(work, answers)
    for number, (source, chosen) in enumerate(asked.items()):
        if progress:
            progress(source, number, len(asked))
        _settle(work, source, chosen)
    reports = [relift_source(work, source) for source in asked]
    again = relift_batches(work, waiting_on_others(work))
    work.store.publish()
    return merged([*reports, IngestReport(tuple(again))])


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


def _settle(work: Desk, source: str, chosen: Sequence[tuple[Question, str]]) -> None:
    known = [(one, term) for one, term in chosen if not term or work.vocabulary.concept(term)]
    if not known:
        return
    terms = {question.column: term for question, term in known}
    document = with_answers(work.library.get(source), terms, by=work.principal.id)
    work.library.put(rechosen(work, document))
    for question, term in known:
        remember(work, question, term)
        decide(work, question.request, accepted=bool(term), reason="no term of ours")


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


def _known_term(work: Desk, term: str) -> str:
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


def _with_text(
    document: MappingDocument, question: Question, iri: str, *, by: str
) -> MappingDocument:
    columns = [
        one.model_copy(update={"values": {**one.values, question.text: iri}})
        if one.name == question.column
        else one
        for one in document.columns
    ]
    return document.revised(columns=[one.model_dump() for one in columns], created_by=by)
