"""Governance of the ontology: propose an edited module, list, vote, accept, refuse."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from qualweave.api.after_release import told_of as told_of_release
from qualweave.api.governing import Governing
from qualweave.api.replies import json_reply
from qualweave.api.rest.ballots import Cast, Reason, told_of
from qualweave.api.rest.sent import SentText
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.change_request import RequestState


def add_routes(router: APIRouter) -> None:
    """Add the routes of governance."""

    @router.post("/change-requests")
    def propose(text: SentText, service: ServiceOf, who: Who) -> Response:
        """Propose an edited module of the ontology, or a supplement to it, sent as Turtle."""
        opened = Governing(service, who).propose(text)
        return json_reply(opened.to_json(), status=201)

    @router.get("/ontology/change-requests")
    def requests(
        service: ServiceOf,
        who: Who,
        state: Annotated[RequestState | None, Query(description="All where left out.")] = None,
    ) -> Response:
        """Return the change requests about terms, oldest first."""
        governing = Governing(service, who)
        found = governing.requests(state=state)
        return json_reply({"requests": [told_of(governing, one) for one in found]})

    @router.get("/ontology/change-requests/{request_id}")
    def request(request_id: str, service: ServiceOf, who: Who) -> Response:
        """Return one change request about terms."""
        governing = Governing(service, who)
        return json_reply(told_of(governing, governing.request(request_id)))

    @router.post("/ontology/change-requests/{request_id}/votes")
    def vote(request_id: str, given: Cast, service: ServiceOf, who: Who) -> Response:
        """Vote on a request for a seat of the committee; what cannot pass any more is refused with it."""
        governing = Governing(service, who)
        voted = governing.vote(request_id, given.choice, seat=given.seat, reason=given.reason)
        return json_reply(told_of(governing, voted))

    @router.post("/ontology/change-requests/{request_id}/accept")
    def accept(
        request_id: str, service: ServiceOf, who: Who, given: Reason | None = None
    ) -> Response:
        """Release the ontology with a request that the committee passed; fields that waited for it are filled in."""
        reason = given.reason if given else ""
        decided, release = Governing(service, who).accept(request_id, reason)
        version = release.rsplit("/", 1)[-1]
        told = told_of_release(service, version, [decided.id], principal=who)
        return json_reply({**decided.to_json(), "release": release, "reviews": told})

    @router.post("/ontology/change-requests/{request_id}/refuse")
    def refuse(request_id: str, given: Reason, service: ServiceOf, who: Who) -> Response:
        """Withdraw a request of one's own, or close one whose time is over, with a reason."""
        return json_reply(Governing(service, who).refuse(request_id, given.reason).to_json())
