"""The queue: every question that waits, as a person decides it, and the families that are decided as one.

A question's id is that of its change request and stays the same while what alignment says of the field changes; what
is suggested, and with what probability, is read from the newest mapping document.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, TypeAlias

import orjson

from qualweave.change_request import Handover
from qualweave.errors import Conflict, JsonValue, NotFound
from qualweave.evidence import Evidence
from qualweave.iri import expand
from qualweave.mappers.code_candidates import with_cooccurrence
from qualweave.mappers.desk import Desk
from qualweave.mappers.governance import requests_of
from qualweave.mappers.mapping import CandidateTerm, ColumnMapping, Decision, rivals
from qualweave.mappers.requesting import suggestion
from qualweave.mappers.review.record import Review, reviews_of, undone
from qualweave.mappers.revise import Question, questions
from qualweave.mappers.vocabulary import text_key

Kind: TypeAlias = Literal["field", "new_term", "text"]
_ORDER: tuple[Kind, ...] = ("field", "text", "new_term")


@dataclass(frozen=True)
class Waiting:
    """A question in the queue.

    Attributes:
        question: The change request.
        kind: About the meaning of a field, a field that no term fits, or a text in a field.
        statement: What is asked, in one sentence per language, with the ontology's names of today.
        candidates: Rival terms with their probabilities, the likeliest first.
        evidence: What speaks for the first, and what changed.
        unit: Unit that the source writes.
        family: Id that it shares with every question of the same kind, name, unit and likeliest term.
        family_size: How many questions that are.
        linked: Id of the open change request of the ontology that would answer it.
    """

    question: Question
    kind: Kind
    statement: dict[str, str]
    candidates: tuple[CandidateTerm, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unit: str = ""
    family: str = ""
    family_size: int = 1
    linked: str = ""

    @property
    def best(self) -> str:
        """IRI of the likeliest term, ``""`` where there is none."""
        return expand(self.candidates[0].term) if self.candidates else ""

    @property
    def margin(self) -> float:
        """By how much the likeliest term leads."""
        first, second = (*(one.probability for one in self.candidates), 0.0, 0.0)[:2]
        return first - second

    @property
    def handovers(self) -> tuple[Handover, ...]:
        """Who asked whom about it."""
        return self.question.request.handovers

    def to_json(self) -> dict[str, JsonValue]:
        """Return the question as JSON values."""
        request = self.question.request
        return {
            "id": request.id,
            "kind": self.kind,
            "source": self.question.source,
            "column": self.question.column,
            "text": self.question.text,
            "statement": dict(self.statement),
            "samples": list(request.samples),
            "unit": self.unit,
            "candidates": [
                {"term": expand(one.term), "probability": one.probability}
                for one in self.candidates
            ],
            "margin": round(self.margin, 4),
            "evidence": [one.to_json() for one in self.evidence],
            "family": self.family,
            "family_size": self.family_size,
            "handovers": [one.to_json() for one in self.handovers],
            "linked": self.linked,
            "submitted_by": request.submitted_by,
            "created": request.created.isoformat(),
        }


def queue(work: Desk) -> list[Waiting]:
    """Return every question that waits: what a person can accept first, the largest families before others."""
    with work.snapshot() as snapshot:
        tenant, base = work.tenant, work.settings.base_iri
        open_ones = with_cooccurrence(
            questions(snapshot, tenant=tenant, base=base), snapshot, work.terms, tenant=tenant
        )
        links = _links(reviews_of(snapshot, tenant=tenant, base=base))
        if links:  # what the committee refused answers nothing
            known = requests_of(snapshot, tenant=tenant, base=base)
            alive = {one.id for one in known if one.state == "open"}
            links = {question: one for question, one in links.items() if one in alive}
    columns = {
        (document.source, column.name): column
        for document in work.library.documents()
        for column in document.columns
    }
    found = [
        replace(
            _waiting(work, one, columns.get((one.source, one.column))), linked=links.get(one.id, "")
        )
        for one in open_ones
    ]
    sizes = Counter(one.family for one in found)
    ordered = [replace(one, family_size=sizes[one.family]) for one in found]
    return sorted(ordered, key=lambda one: (_ORDER.index(one.kind), -one.family_size, one.family))


def _links(reviews: Sequence[Review]) -> dict[str, str]:
    gone = undone(reviews)
    return {
        request: one.linked
        for one in reviews
        if one.action == "new_term" and one.id not in gone
        for request in one.requests
    }


def _waiting(work: Desk, question: Question, column: ColumnMapping | None) -> Waiting:
    request = question.request
    if question.text or column is None:
        kind: Kind = "text" if question.text else "field"
        key = [
            kind,
            str(request.proposal.get("role", "")),
            text_key(question.text or question.column),
        ]
        return Waiting(
            question,
            kind,
            dict(request.statement),
            text_candidates(question),
            request.evidence,
            family=_family(key),
        )
    kind = "new_term" if column.decision is Decision.REQUESTED else "field"
    best = column.candidates[0].term if column.candidates and kind == "field" else ""
    return Waiting(
        question,
        kind,
        suggestion(column, work.vocabulary),
        rivals(column.candidates),
        tuple(Evidence(one.kind, one.statement, weight=one.weight) for one in column.evidence),
        unit=column.unit,
        family=_family([kind, text_key(column.name), column.unit, best]),
    )


def text_candidates(question: Question) -> tuple[CandidateTerm, ...]:
    """Return the terms that a text may mean, the likeliest first; probability 0 where only names or company tell."""
    request = question.request
    scored = {
        term: one.weight
        for one in request.evidence
        if one.kind == "candidate"
        for term in one.sources
    }
    asked = request.proposal.get("candidates")
    names = [expand(str(one)) for one in asked] if isinstance(asked, list) else [*scored]
    names += [one.sources[0] for one in request.evidence if one.kind == "cooccurrence"]
    found = [
        CandidateTerm(term=one, probability=scored.get(one, 0.0)) for one in dict.fromkeys(names)
    ]
    return tuple(sorted(found, key=lambda one: -one.probability))


def _family(key: Sequence[str]) -> str:
    return sha256(orjson.dumps(list(key))).hexdigest()[:8]


def chosen(
    waiting: Sequence[Waiting], *, ids: Sequence[str] = (), family: str = ""
) -> list[Waiting]:
    """Return the questions of some ids, or of a whole family.

    Raises:
        NotFound: If one of them does not wait.
        Conflict: If neither ids nor a family are named.
    """
    if family:
        found = [one for one in waiting if one.family == family]
        if not found:
            raise _not_open(family)
        return found
    if not ids:
        raise Conflict(
            "No question is named.",
            message_zh="未指定问题。",
            next_step="Name ids of questions, or a family: qualweave review list, or GET /reviews/queue.",
            next_step_zh="请给出问题标识或问题族：qualweave review list 或 GET /reviews/queue。",
        )
    known = {one.question.id: one for one in waiting}
    for one in ids:
        if one not in known:
            raise _not_open(one)
    return [known[one] for one in dict.fromkeys(ids)]


def _not_open(name: str) -> NotFound:
    return NotFound(
        f"There is no open question {name}.",
        message_zh=f"没有未决问题 {name}。",
        next_step="List the open questions: qualweave review list, or GET /reviews/queue.",
        next_step_zh="请查看未决问题：qualweave review list 或 GET /reviews/queue。",
        data={"request": name},
    )
