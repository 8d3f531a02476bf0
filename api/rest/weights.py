"""Weights of a score: versions, requests with ballots, scores, and what another version changes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from qualweave.api.replies import json_reply
from qualweave.api.rest.ballots import Cast, Reason, told_of
from qualweave.api.rest.sent import SentBody
from qualweave.api.scoring import Scoring
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.weighing import Weighing
from qualweave.change_request import RequestState


class WeightProposal(SentBody):
    """Other shares of parameters."""

    shares: dict[str, str | float] = Field(
        default_factory=dict,
        description="Parameter to its new share in percent; the others share the rest.",
    )
    reason: str = Field(description="Why.", max_length=2000)
    dictionary: str = Field(
        "", description="Partner whose dictionary gives limits, and the shares of a new table."
    )


class ScoreRequest(SentBody):
    """What is to be scored: items of the graph, or values; all items with a weighted value where neither is given."""

    version: int | None = Field(None, description="The newest where left out.", ge=1)
    items: list[str] = Field(
        default_factory=list, description="Identities of items or lots.", max_length=5000
    )
    values: dict[str, dict[str, str | float]] = Field(
        default_factory=dict, description="Item to parameter to value, with or without unit."
    )


class EffectRequest(ScoreRequest):
    """What is to be scored under two versions."""

    before: int = Field(description="Number of the former version.", ge=1)
    after: int = Field(description="Number of the later version.", ge=1)


def add_routes(router: APIRouter) -> None:
    """Add the routes of weights."""
    _add_tables(router)
    _add_requests(router)


def _add_tables(router: APIRouter) -> None:
    @router.get("/weights")
    def tables(service: ServiceOf, who: Who) -> Response:
        """Return the tables of weights with the numbers of their versions."""
        return json_reply({"tables": Weighing(service, who).tables()})

    @router.get("/weights/{table}")
    def version(
        table: str,
        service: ServiceOf,
        who: Who,
        number: Annotated[
            int | None, Query(alias="version", ge=1, description="The newest where left out.")
        ] = None,
    ) -> Response:
        """Return a version of a table: shares, limits, reason, author and request."""
        return json_reply(Weighing(service, who).version(table, number).to_json())

    @router.get("/weights/{table}/versions")
    def history(table: str, service: ServiceOf, who: Who) -> Response:
        """Return every version of a table, the newest first."""
        found = Weighing(service, who).history(table)
        return json_reply({"versions": [one.to_json() for one in found]})

    @router.post("/weights/{table}/requests")
    def propose(table: str, given: WeightProposal, service: ServiceOf, who: Who) -> Response:
        """Propose other shares; the committee votes on them, and the others are re-normalised to 100 percent."""
        shares = {name: str(one) for name, one in given.shares.items()}
        weighing = Weighing(service, who)
        opened = weighing.propose(table, shares, reason=given.reason, dictionary=given.dictionary)
        return json_reply(told_of(weighing, opened), status=201)

    @router.post("/weights/{table}/scores")
    def scores(table: str, given: ScoreRequest, service: ServiceOf, who: Who) -> Response:
        """Score items under a version of the weights, which the answer names."""
        scoring = Scoring(service, who)
        return json_reply(
            scoring.scores(table, given.version, items=given.items, values=given.values)
        )

    @router.post("/weights/{table}/effect")
    def effect(table: str, given: EffectRequest, service: ServiceOf, who: Who) -> Response:
        """Score items under two versions: before and after of each, and whose rank changes."""
        scoring = Scoring(service, who)
        found = scoring.effect(
            table, given.before, given.after, items=given.items, values=given.values
        )
        return json_reply(found)


def _add_requests(router: APIRouter) -> None:
    @router.get("/weight-requests")
    def requests(
        service: ServiceOf,
        who: Who,
        state: Annotated[RequestState | None, Query(description="All where left out.")] = None,
    ) -> Response:
        """Return the change requests about weights, oldest first."""
        weighing = Weighing(service, who)
        return json_reply(
            {"requests": [told_of(weighing, one) for one in weighing.requests(state=state)]}
        )

    @router.get("/weight-requests/{request_id}")
    def request(request_id: str, service: ServiceOf, who: Who) -> Response:
        """Return one change request about weights."""
        weighing = Weighing(service, who)
        return json_reply(told_of(weighing, weighing.request(request_id)))

    @router.post("/weight-requests/{request_id}/votes")
    def vote(request_id: str, given: Cast, service: ServiceOf, who: Who) -> Response:
        """Vote on a request about weights for a seat of the committee."""
        weighing = Weighing(service, who)
        voted = weighing.vote(request_id, given.choice, seat=given.seat, reason=given.reason)
        return json_reply(told_of(weighing, voted))

    @router.post("/weight-requests/{request_id}/accept")
    def accept(request_id: str, given: Reason, service: ServiceOf, who: Who) -> Response:
        """Release the weights of a request that the committee passed, as the next version."""
        weighing = Weighing(service, who)
        decided, version = weighing.accept(request_id, given.reason)
        return json_reply({**told_of(weighing, decided), "version": version.to_json()})

    @router.post("/weight-requests/{request_id}/refuse")
    def refuse(request_id: str, given: Reason, service: ServiceOf, who: Who) -> Response:
        """Withdraw a request of your own, or close one whose time is over, with a reason."""
        weighing = Weighing(service, who)
        return json_reply(told_of(weighing, weighing.refuse(request_id, given.reason)))
