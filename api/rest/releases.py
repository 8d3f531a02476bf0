"""Releases of the ontology: list, export, note, roll back, and the quarterly train."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from qualweave.api.governing import Governing
from qualweave.api.releasing import Releasing
from qualweave.api.replies import json_reply
from qualweave.api.rest.ballots import Reason, told_of
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.term_pages import TermPages
from qualweave.negotiation import language_of


class Leave(SentBody):
    """How a train leaves."""

    reason: str = Field("", description="Needed where it leaves early.", max_length=2000)
    early: bool = Field(default=False, description="Before the first day of its quarter.")


def add_routes(router: APIRouter) -> None:
    """Add the routes of releases."""
    _add_pages(router)

    @router.get("/ontology/releases")
    def releases(service: ServiceOf, who: Who) -> Response:
        """Return every release of the ontology, the current one first; each is a graph to be named in a query."""
        return json_reply({"releases": Governing(service, who).releases()})

    @router.get("/ontology/releases/{version}", response_class=Response)
    def release(version: str, service: ServiceOf, who: Who) -> Response:
        """Return a release as canonical N-Triples, the same bytes each time."""
        body = Governing(service, who).exported(version)
        return Response(body, media_type="application/n-triples")

    @router.get("/ontology/releases/{version}/note")
    def note(version: str, service: ServiceOf, who: Who) -> Response:
        """Return what a release changed, in words of both languages."""
        return json_reply(Releasing(service, who).note(version).to_json())

    @router.get("/ontology/train")
    def train(service: ServiceOf, who: Who) -> Response:
        """Return the next release train and the requests that would leave with it."""
        releasing = Releasing(service, who)
        departure, passed = releasing.waiting()
        return json_reply(
            {
                "train": departure.name,
                "day": departure.day.isoformat(),
                "requests": [told_of(releasing, one) for one in passed],
            }
        )

    @router.post("/ontology/train/depart")
    def depart(service: ServiceOf, who: Who, given: Leave | None = None) -> Response:
        """Release everything that passed as one release."""
        wish = given or Leave()
        name, boarded = Releasing(service, who).depart(wish.reason, early=wish.early)
        return json_reply(
            {
                "release": name,
                "requests": [one.id for one in boarded.requests],
                "left_behind": [one.to_json() for one in boarded.left_behind],
            }
        )

    @router.post("/ontology/releases/{version}/rollback")
    def roll_back(version: str, given: Reason, service: ServiceOf, who: Who) -> Response:
        """Release the content of a former release anew, with a reason."""
        return json_reply({"release": Governing(service, who).roll_back(version, given.reason)})


def _add_pages(router: APIRouter) -> None:
    @router.get("/ontology/pages", response_class=HTMLResponse)
    def index(
        service: ServiceOf,
        who: Who,
        lang: Annotated[str, Query(description="en or zh; the browser's where left out.")] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> HTMLResponse:
        """Return the page that lists every term of the current release."""
        return HTMLResponse(TermPages(service, who).index(language_of(accept_language, lang)))

    @router.get("/ontology/pages/{name}", response_class=HTMLResponse)
    def page(
        name: str,
        service: ServiceOf,
        who: Who,
        lang: Annotated[str, Query(description="en or zh; the browser's where left out.")] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> HTMLResponse:
        """Return the reference page of a term: definition, neighbours, mappings, uses, history."""
        return HTMLResponse(TermPages(service, who).page(name, language_of(accept_language, lang)))
