"""Deciding: one question, some, or a family of them, in one step that can be undone as a whole.

Mapping documents get their next version, memory learns with what is known of each field, the requests are closed
beside the decision in one commit, and what waited is lifted from the kept raw bytes: all of it or nothing (`intent`).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pyoxigraph import NamedNode, Triple

from qualweave.batches import batches
from qualweave.change_request import ChangeRequest, request_iri, to_quads
from qualweave.errors import JsonValue
from qualweave.iri import curie
from qualweave.mappers.cell_fit import with_datatype
from qualweave.mappers.desk import Desk
from qualweave.mappers.governance import governance_change, request_triples
from qualweave.mappers.mapping import MappingDocument, with_answers
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.relift import (
    leaning,
    relift_all,
    sources_of,
    waiting_on_others,
)
from qualweave.mappers.report import IngestReport
from qualweave.mappers.requesting import requests_for
from qualweave.mappers.review import reconsider
from qualweave.mappers.review.intent import intended
from qualweave.mappers.review.learning import remembered
from qualweave.mappers.review.reconsider import Fresh
from qualweave.mappers.review.record import Action, Cell, Review, Step, review_triples
from qualweave.mappers.revise import Question, rechosen

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Choice:
    """What a person says to a question: the IRI of a term, or ``""`` for none of ours."""

    question: Question
    term: str


@dataclass(frozen=True)
class Why:
    """What is done and why.

    Attributes:
        action: What is done.
        reason: Why.
        family: Id of the family that is decided as one.
        linked: Id of the change request of the ontology.
    """

    action: Action
    reason: str = ""
    family: str = ""
    linked: str = ""


@dataclass(frozen=True)
class Settled:
    """A decision, and what became of the files that were lifted again."""

    review: Review
    report: IngestReport


def settle(
    work: Desk,
    choices: Sequence[Choice],
    why: Why,
    *,
    retry: bool = False,
    progress: Told | None = None,
) -> Settled:
    """Decide questions, and lift what waited for it.

    Args:
        work: What the ingest works with; its principal is who decides.
        choices: The questions and what is said to each.
        why: What is done, and why.
        retry: Whether rows of other files that wait for a code list or operations are lifted again as well.
        progress: Told source, sources done and sources in all.

    Raises:
        Forbidden: If the principal is not an engineer.
        InputError: If a question is refused without a reason.
    """
    work.principal.require("engineer")
    by_source: dict[str, list[Choice]] = defaultdict(list)
    for one in choices:
        by_source[one.question.source].append(one)
    decided = [(one.question.request, _decided(work, one, why)) for one in choices]
    draft = Review(
        action=why.action, by=work.principal.id, at=datetime.now(UTC), reason=why.reason,
        steps=tuple(Step(source, 0, 0, _cells(some)) for source, some in by_source.items()),
        family=why.family, linked=why.linked, tenant=work.tenant,
    )  # fmt: skip
    with intended(work, review=draft, retry=retry):
        told_of = _mapped(work, by_source, why, progress)
        again = _reconsidered(work, choices)
        others = leaning(work, [work.library.get(one) for one in by_source]) | (
            waiting_on_others(work) if retry else set()
        )
        review = replace(draft, **told_of, changes=told(again), lifted=tuple(sorted(others)))
        commit_review(work, review, decided)
        return Settled(review, relift_all(work, by_source, others, retry=retry))


def _mapped(
    work: Desk, by_source: Mapping[str, Sequence[Choice]], why: Why, progress: Told | None
) -> dict[str, Any]:
    """Write the next version of each mapping, and memory; return what of it a decision keeps, by the field's name."""
    memory = DecisionMemory.load(work.memory_path)
    learnt: list[Remembered] = []
    forgotten: list[Remembered] = []
    steps: list[Step] = []
    for number, (source, some) in enumerate(by_source.items()):
        if progress:
            progress(source, number, len(by_source))
        former = work.library.get(source)
        for row in remembered(work, former, said_of(some), by=work.principal.id, reason=why.reason):
            forgotten += memory.remember(row)
            learnt.append(row)
        document = decided_document(work, former, some, why)
        work.library.put(document)
        steps.append(Step(source, former.version, document.version, _cells(some)))
    memory.save(work.memory_path)
    return {"steps": tuple(steps), "learnt": tuple(learnt), "forgotten": tuple(forgotten)}


def _decided(work: Desk, choice: Choice, why: Why) -> ChangeRequest:
    reason = why.reason or ("" if choice.term else "no term of ours")
    return choice.question.request.decide(
        "accepted" if choice.term else "refused", by=work.principal.id, reason=reason
    )


def _cells(choices: Sequence[Choice]) -> tuple[Cell, ...]:
    return tuple(
        Cell(one.question.id, one.question.column, one.question.text, one.term) for one in choices
    )


def decided_document(
    work: Desk, document: MappingDocument, choices: Sequence[Choice], why: Why
) -> MappingDocument:
    """Return the next version of a mapping, in which a person has decided fields and texts in them."""
    by = work.principal.id
    said = said_of(choices)
    decided = with_answers(document, said, by=by, reason=why.reason)
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for one in choices:
        if one.question.text:
            texts[one.question.column][one.question.text] = one.term
    columns = tuple(
        one.model_copy(update={"values": {**one.values, **_curies(texts[one.name])}})
        if one.name in texts
        else with_datatype(one, pl.Series(one.samples, dtype=pl.String), work.vocabulary)
        if one.name in said
        else one
        for one in decided.columns
    )
    return rechosen(work, decided.model_copy(update={"columns": columns}))


def _curies(texts: Mapping[str, str]) -> dict[str, str]:
    return {text: curie(term) if term else "" for text, term in texts.items()}


def said_of(choices: Sequence[Choice]) -> dict[str, str]:
    """Return what is said of fields: name to the IRI of a term, or ``""``; texts in them say nothing of it."""
    return {one.question.column: one.term for one in choices if not one.question.text}


def _reconsidered(work: Desk, choices: Sequence[Choice]) -> list[Fresh]:
    """Align waiting fields like the decided ones again, once for all, and keep what is new."""
    names = [one.question.column for one in choices if not one.question.text]
    found = reconsider.after_decision(work, names)
    reconsider.keep(work, found)
    return found


def told(found: Sequence[Fresh]) -> tuple[Mapping[str, JsonValue], ...]:
    """Return what alignment says anew, as JSON values."""
    return tuple(change.to_json() for one in found for change in one.changes)


def commit_review(
    work: Desk,
    review: Review,
    requests: Sequence[tuple[ChangeRequest, ChangeRequest]],
    *,
    former: Review | None = None,
    withdrawn: Sequence[ChangeRequest] = (),
    opened: Sequence[MappingDocument] = (),
) -> None:
    """Commit a decision together with what became of its requests.

    Args:
        work: What the ingest works with.
        review: The decision.
        requests: Each request as it was and as it is now.
        former: The decision that is taken back.
        withdrawn: Requests that go.
        opened: Documents whose waiting fields are asked about, where they are not yet.
    """
    scope = {"tenant": work.tenant, "base": work.settings.base_iri}
    base = work.settings.base_iri
    fresh: list[Triple] = review_triples(review, base=base, former=former)
    gone: list[Triple] = []
    with work.snapshot() as snapshot:
        for before in [*(one for one, _ in requests), *withdrawn]:
            node = NamedNode(request_iri(before, base))
            gone += [quad.triple for quad in snapshot.quads(node)]
        for document in opened:
            asked = requests_for(document, work.vocabulary, by=work.principal.id, **scope)
            fresh += request_triples(asked, snapshot, base=base)
    for _, after in requests:
        fresh += [quad.triple for quad in to_quads(after, base)]
    change = governance_change(fresh, **scope, deletes=[one for one in gone if one not in fresh])
    work.store.commit([change], principal=work.principal)
    work.store.publish()


def preview(work: Desk, choices: Sequence[Choice]) -> dict[str, JsonValue]:
    """Return what a decision would touch: sources, fields, files and rows; nothing is changed."""
    wanted = {one.question.source for one in choices}
    with work.snapshot() as snapshot:
        entries = [
            one
            for one in batches(snapshot, tenant=work.tenant)
            if sources_of(one) & wanted and one.about.get("sha256")
        ]
    return {
        "questions": [one.question.id for one in choices],
        "sources": list[JsonValue](sorted(wanted)),
        "fields": [
            {
                "source": one.question.source,
                "column": one.question.column,
                "text": one.question.text,
                "term": one.term,
            }
            for one in choices
        ],
        "files": [
            {"file": str(one.about["file"]), "rows": int(str(one.about.get("rows_read", 0)))}
            for one in entries
        ],
        "rows": sum(int(str(one.about.get("rows_read", 0))) for one in entries),
    }
