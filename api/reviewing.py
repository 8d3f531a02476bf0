"""`Reviewing`: the queue of the mapper's questions for one principal: look, decide, hand on, request, undo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from qualweave.api.after_release import rerun
from qualweave.api.governing import Governing
from qualweave.api.service import Service
from qualweave.errors import Forbidden, InputError, JsonValue
from qualweave.mappers.answering import known_term
from qualweave.mappers.desk import Desk
from qualweave.mappers.review.draft import TermDraft, filled_in, turtle
from qualweave.mappers.review.handing import hand_over, link
from qualweave.mappers.review.misfit import misfits, require_fit
from qualweave.mappers.review.queue import Kind, Waiting, chosen, queue
from qualweave.mappers.review.record import Review, review_of, reviews_of, undone
from qualweave.mappers.review.settle import Choice, Settled, Why, preview, settle
from qualweave.mappers.review.undo import undo
from qualweave.principal import Principal

Verb: TypeAlias = Literal["accept", "choose", "reject", "ask", "new_term"]


@dataclass(frozen=True)
class Wanted:
    """What a person wants done, to which questions.

    Attributes:
        action: What.
        questions: Ids of questions.
        family: Id of a family; every question of it.
        term: IRI, CURIE or any name of the term, to choose it.
        reason: Why.
        to: Who is asked.
        draft: What is known of a new term; the rest is filled in from the field.
        force: Whether a term is taken even where most sampled values are not what it wants.
    """

    action: Verb
    questions: tuple[str, ...] = ()
    family: str = ""
    term: str = ""
    reason: str = ""
    to: str = ""
    draft: TermDraft = field(default_factory=TermDraft)
    force: bool = False


@dataclass(frozen=True)
class Reviewing:
    """The review of questions over a service, for one principal."""

    service: Service
    principal: Principal

    def waiting(
        self, *, kind: Kind | None = None, family: str = "", source: str = ""
    ) -> list[JsonValue]:
        """Return the questions that wait, the largest families first."""
        found = queue(self.service.desk(self.principal))
        return [
            self._told(one)
            for one in found
            if kind in (None, one.kind)
            and family in ("", one.family)
            and source in ("", one.question.source)
        ]

    def preview(self, wanted: Wanted) -> dict[str, JsonValue]:
        """Return what a decision would touch, and fields whose values the term cannot read; nothing is changed.

        Raises:
            NotFound: If a question does not wait.
            InputError: If there is nothing to accept, or no such term.
        """
        work = self.service.desk(self.principal)
        some = chosen(queue(work), ids=wanted.questions, family=wanted.family)
        choices = self._choices(work, some, wanted)
        unreadable = list[JsonValue](one.to_json() for one in misfits(work, choices))
        found = {**preview(work, choices), "unreadable": unreadable}
        if wanted.action != "new_term":
            return {"action": wanted.action, **found}
        draft = filled_in(some).over(wanted.draft)
        return {"action": wanted.action, **found, "draft": dict(vars(draft))}

    def decide(self, wanted: Wanted) -> dict[str, JsonValue]:
        """Decide questions; return the decision and what became of their files.

        Raises:
            NotFound: If a question does not wait.
            InputError: If there is nothing to accept, no such term, no reason where one is needed, or a new term lacks
                name or label.
            Forbidden: If the principal is not an engineer.
            Conflict: If no question is named, that term was proposed and decided before, or most sampled values of a
                field are not what the term wants.
        """
        self.principal.require("engineer")
        if wanted.action == "new_term":
            return self._proposed(wanted)
        with self.service.lifting(self.principal) as work:
            some = chosen(queue(work), ids=wanted.questions, family=wanted.family)
            if wanted.action == "ask":
                review = hand_over(work, some, to=wanted.to, reason=wanted.reason)
                return self.shown(review)
            why = Why(wanted.action, wanted.reason, family=wanted.family)
            choices = self._choices(work, some, wanted)
            if not wanted.force:
                require_fit(work, choices)
            settled = settle(work, choices, why, retry=True)
        return self._settled(settled)

    def log(self) -> list[JsonValue]:
        """Return every decision, the newest first."""
        reviews = self._reviews()
        gone = undone(reviews)
        return [self.shown(one, gone.get(one.id)) for one in reversed(reviews)]

    def one(self, review_id: str) -> dict[str, JsonValue]:
        """Return a decision with everything that it changed.

        Raises:
            NotFound: If there is none.
        """
        reviews = self._reviews()
        found = review_of(reviews, review_id)
        return {**found.to_json(), **self.shown(found, undone(reviews).get(found.id))}

    def undo(self, review_id: str, reason: str) -> dict[str, JsonValue]:
        """Take a decision back; a term that was requested by it is withdrawn where it is still voted on.

        Raises:
            NotFound: If there is no such decision.
            InputError: If no reason is given.
            Conflict: If it was taken back before, or something later was built on it.
            Forbidden: If the principal is not an engineer.
        """
        self.principal.require("engineer")
        with self.service.lifting(self.principal) as work:
            former = review_of(self._reviews(), review_id)
            settled = undo(work, former.id, reason=reason)
        if former.action == "new_term":
            self._withdraw(former, reason)
        return self._settled(settled)

    def rerun(self, *, dry_run: bool) -> list[JsonValue]:
        """Align every source again; return only what changed."""
        return rerun(self.service, principal=self.principal, dry_run=dry_run)

    # --- inside --------------------------------------------------------------------------------

    def _told(self, one: Waiting) -> JsonValue:
        told = one.to_json()
        terms = self.service.terms
        candidates = told["candidates"]
        for row in candidates if isinstance(candidates, list) else []:
            if isinstance(row, dict) and (iri := str(row["term"])) in terms:
                row["en"], row["zh"] = terms.name_of(iri, "en"), terms.name_of(iri, "zh")
        return told

    def _choices(self, work: Desk, some: Sequence[Waiting], wanted: Wanted) -> list[Choice]:
        if wanted.action == "choose":
            term = self._named(work, wanted.term)
            return [Choice(one.question, term) for one in some]
        if wanted.action != "accept":
            return [Choice(one.question, "") for one in some]
        for one in some:
            if not one.best or one.kind == "new_term":
                raise InputError(
                    f"Nothing is suggested for {one.question.column or one.question.text}.",
                    message_zh=f"没有可接受的建议：{one.question.column or one.question.text}。",
                    next_step="Choose a term, reject it, or request a new term.",
                    next_step_zh="请选择术语、否决或申请新术语。",
                    data={"request": one.question.id},
                )
        return [Choice(one.question, one.best) for one in some]

    def _named(self, work: Desk, name: str) -> str:
        """Return the IRI of a term, found by IRI, CURIE or any of its names."""
        if ":" in name or not name.strip():
            return known_term(work, name or "q:")
        return self.service.terms.named(name).iri

    def _proposed(self, wanted: Wanted) -> dict[str, JsonValue]:
        work = self.service.desk(self.principal)
        some = chosen(queue(work), ids=wanted.questions, family=wanted.family)
        draft = filled_in(some).over(wanted.draft)
        request = Governing(self.service, self.principal).propose(turtle(draft))
        with self.service.deciding:
            review = link(work, some, term=draft.iri, request=request, reason=wanted.reason)
        return {
            **self.shown(review),
            "term": draft.iri,
            "findings": request.proposal.get("findings", []),
            "change_request": request.to_json(),
        }

    def _withdraw(self, former: Review, reason: str) -> None:
        governing = Governing(self.service, self.principal)
        request = governing.request(former.linked)
        if request.state != "open":
            return
        try:
            governing.refuse(request.id, reason)
        except (
            Forbidden
        ):  # somebody else's: the committee decides on it; it answers nothing here any more
            return

    def _reviews(self) -> list[Review]:
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        with self.service.reading(tenant) as snapshot:
            return reviews_of(snapshot, tenant=tenant, base=base)

    def _settled(self, settled: Settled) -> dict[str, JsonValue]:
        report = settled.report
        return {
            **self.shown(settled.review),
            "files": [one.file for one in report.files],
            "rows_lifted": report.total("rows_lifted"),
            "rows_quarantined": report.total("rows_quarantined"),
            "triples": report.total("triples"),
        }

    def shown(self, review: Review, undone_by: Review | None = None) -> dict[str, JsonValue]:
        """Return a decision as lists show it."""
        return {
            "id": review.id,
            "action": review.action,
            "by": review.by,
            "at": review.at.isoformat(),
            "reason": review.reason,
            "statement": dict(review.statement()),
            "questions": list(review.requests),
            "family": review.family,
            "to": review.to,
            "undoes": review.undoes,
            "undone_by": undone_by.id if undone_by else "",
            "linked": review.linked,
            "changes": [dict(one) for one in review.changes],
        }
