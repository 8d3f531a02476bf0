"""Governance of the ontology: propose an edited module, list, accept, refuse, releases."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from qualweave.api.governing import Governing
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.change_request import RequestState


class Reason(BaseModel):
    """Why a request is decided so."""

    reason: str = Field("", description="In words; needed for a refusal.", max_length=2000)


def add_routes(router: APIRouter) -> None:
    """Add the routes of governance."""

    @router.post("/change-requests")
    async def propose(request: Request, service: ServiceOf, who: Who) -> Response:
        """Propose an edited module of the ontology, or a supplement to it, sent as Turtle."""
        text = (await request.body()).decode("utf-8", errors="replace")
        opened = await run_in_threadpool(Governing(service, who).propose, text)
        return json_reply(opened.to_json(), status=201)

    @router.get("/ontology/change-requests")
    def requests(
        service: ServiceOf,
        who: Who,
        state: Annotated[RequestState | None, Query(description="All where left out.")] = None,
    ) -> Response:
        """Return the change requests about terms, oldest first."""
        found = Governing(service, who).requests(state=state)
        return json_reply({"requests": [one.to_json() for one in found]})

    @router.get("/ontology/change-requests/{request_id}")
    def request(request_id: str, service: ServiceOf, who: Who) -> Response:
        """Return one change request about terms."""
        return json_reply(Governing(service, who).request(request_id).to_json())

    @router.post("/ontology/change-requests/{request_id}/accept")
    def accept(
        request_id: str, service: ServiceOf, who: Who, given: Reason | None = None
    ) -> Response:
        """Accept a request of somebody else: the ontology is released with it."""
        reason = given.reason if given else ""
        decided, release = Governing(service, who).accept(request_id, reason)
        return json_reply({**decided.to_json(), "release": release})

    @router.post("/ontology/change-requests/{request_id}/refuse")
    def refuse(request_id: str, given: Reason, service: ServiceOf, who: Who) -> Response:
        """Refuse a request, with a reason."""
        return json_reply(Governing(service, who).refuse(request_id, given.reason).to_json())

    @router.get("/ontology/releases")
    def releases(service: ServiceOf, who: Who) -> Response:
        """Return every release of the ontology, the current one first; each is a graph to be named in a query."""
        return json_reply({"releases": Governing(service, who).releases()})
