"""A person answers many questions at once, for example from a list of what each field of a plant means.

Only what is asked is answered: fields that alignment accepted, and questions that the list does not
know, stay as they are. Each source that got an answer is lifted again once, then what waited for others.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from qualweave.iri import expand
from qualweave.mappers.desk import Desk
from qualweave.mappers.drafting import Answer
from qualweave.mappers.mapping import with_answers
from qualweave.mappers.relift import relift_batches, relift_source, waiting_on_others
from qualweave.mappers.report import IngestReport, merged
from qualweave.mappers.revise import Question, decide, questions, rechosen, remember
from qualweave.mappers.sources import source_id

Told = Callable[[str, int, int], None]


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
