"""The review of the mapper's questions: queue, decisions, undo, and what a release changed."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.reviewing import Reviewing, Verb, Wanted
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.mappers.review.draft import TermDraft
from qualweave.mappers.review.queue import Kind


class NewTerm(SentBody):
    """What is known of a term that is requested; the rest is filled in from the field."""

    name: str = Field("", description="Local name in UpperCamelCase.")
    label_en: str = ""
    label_zh: str = ""
    definition_en: str = ""
    definition_zh: str = ""
    example_en: str = ""
    example_zh: str = ""
    parent: str = Field("", description="IRI or CURIE of the class above it; q:Parameter if empty.")
    unit: str = Field("", description="UCUM code of its canonical unit.")


class Decided(SentBody):
    """What is decided about questions."""

    action: Verb = Field(description="accept, choose, reject, ask or new_term.")
    questions: list[str] = Field(default_factory=list, description="Ids of questions.")
    family: str = Field("", description="Id of a family, in place of ids.")
    term: str = Field("", description="Term that is chosen: IRI, CURIE or any of its names.")
    reason: str = Field("", description="Why; needed to reject and to ask.", max_length=2000)
    to: str = Field("", description="Who is asked.")
    new_term: NewTerm = Field(default_factory=NewTerm)
    force: Annotated[
        bool, Field(description="Also where most sampled values cannot be read as the term wants.")
    ] = False
    dry_run: Annotated[bool, Field(description="Only tell what it would touch.")] = False


class Because(SentBody):
    """Why a decision is taken back."""

    reason: str = Field(description="In words.", max_length=2000)


def _wanted(given: Decided) -> Wanted:
    return Wanted(
        given.action,
        tuple(given.questions),
        given.family,
        given.term,
        given.reason,
        given.to,
        TermDraft(**given.new_term.model_dump()),
        given.force,
    )


def add_routes(router: APIRouter) -> None:
    """Add the routes of the review."""

    @router.get("/reviews/queue")
    def waiting(
        service: ServiceOf,
        who: Who,
        kind: Annotated[Kind | None, Query(description="All where left out.")] = None,
        family: str = "",
        source: str = "",
    ) -> Response:
        """Return the questions that wait, with samples, ranked candidates, evidence and family."""
        found = Reviewing(service, who).waiting(kind=kind, family=family, source=source)
        return json_reply({"count": len(found), "questions": found})

    @router.get("/reviews")
    def log(service: ServiceOf, who: Who) -> Response:
        """Return every decision about questions, the newest first, with who, when, why and what undid it."""
        return json_reply({"reviews": Reviewing(service, who).log()})

    @router.post("/reviews")
    def decide(given: Decided, service: ServiceOf, who: Who) -> Response:
        """Accept, choose, reject, hand on or request a term for questions or a family; what waited is lifted."""
        reviewing, wanted = Reviewing(service, who), _wanted(given)
        return json_reply(reviewing.preview(wanted) if given.dry_run else reviewing.decide(wanted))

    @router.post("/reviews/rerun")
    async def rerun(service: ServiceOf, who: Who, *, dry_run: bool = False) -> Response:
        """Align every source again with the ontology of today and return only what changed; nothing is mapped by it."""
        found = await run_in_threadpool(Reviewing(service, who).rerun, dry_run=dry_run)
        return json_reply({"changes": found})

    @router.get("/reviews/{review_id}")
    def one(review_id: str, service: ServiceOf, who: Who) -> Response:
        """Return a decision with everything that it changed: mappings, memory, questions."""
        return json_reply(Reviewing(service, who).one(review_id))

    @router.post("/reviews/{review_id}/undo")
    def undo(review_id: str, given: Because, service: ServiceOf, who: Who) -> Response:
        """Take a decision back as a whole; what was lifted because of it is taken back."""
        return json_reply(Reviewing(service, who).undo(review_id, given.reason))
