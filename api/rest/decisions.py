"""Decisions: interventions, card hints, freezes by contract, hypotheses."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from qualweave.api.deciding import Deciding
from qualweave.api.learning import Learning
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody, SentText
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.errors import InputError, JsonValue
from qualweave.reasoning.decisions.coach import Card
from qualweave.reasoning.decisions.recommend import Situation


class DecisionRequest(SentBody):
    """What is to be decided: one of an intervention, a card and an observation."""

    station: str = Field(
        "", description="Name or IRI of an equipment whose set points are asked about."
    )
    alarm: str = Field("", description="Name or IRI of an alarm.")
    defect: str = Field("", description="CURIE or IRI of a defect class.")
    characteristic: str = Field("", description="CURIE or IRI of a measured characteristic.")
    card: str = Field("", description="Name or IRI of a process card in the graph.")
    settings: dict[str, float] = Field(
        default_factory=dict,
        description="Set points of a draft card: parameter to canonical value.",
    )
    process: str = Field("", description="CURIE or IRI of the process class of a draft card.")
    line: str = Field("", description="Name or IRI of the line of a draft card.")
    observation: str = Field(
        "", description="Name or IRI of an inspection that contracts are held against."
    )


def _decided(deciding: Deciding, asked: DecisionRequest) -> dict[str, JsonValue]:
    """Return the answer to a request for a decision.

    Raises:
        InputError: If it names nothing to decide on.
    """
    terms = deciding.service.terms

    def term(name: str) -> str:
        return terms.named(name).iri if name else ""

    if asked.station or asked.alarm:
        situation = Situation(
            station=deciding.iri("equipment", asked.station) if asked.station else "",
            alarm=deciding.iri("alarm", asked.alarm) if asked.alarm else "",
            defect=term(asked.defect),
            characteristic=term(asked.characteristic),
        )
        return {"interventions": deciding.interventions(situation)}
    if asked.card:
        return deciding.hint(deciding.iri("card", asked.card))
    if asked.settings:
        card = Card(
            settings={terms.named(name).iri: value for name, value in asked.settings.items()},
            process=term(asked.process),
            line=deciding.iri("line", asked.line) if asked.line else "",
        )
        return deciding.hint(card)
    if asked.observation:
        return {"freezes": deciding.freezes(deciding.iri("inspection", asked.observation))}
    raise InputError(
        "Nothing is named to decide on.",
        message_zh="未指明需要决策的对象。",
        next_step="Give a station or alarm, a card or its settings, or an observation.",
        next_step_zh="请给出设备或报警、工艺卡或其设定值，或一次检验。",
    )


def add_routes(router: APIRouter) -> None:
    """Add the routes of decisions."""

    @router.post("/decisions")
    def decisions(asked: DecisionRequest, service: ServiceOf, who: Who) -> Response:
        """Decide: an intervention for a station or alarm, a hint for a card, freezes for an observation."""
        who.require("engineer")
        return json_reply(_decided(Deciding(service, who), asked))

    @router.post("/contracts")
    def contracts(text: SentText, service: ServiceOf, who: Who) -> Response:
        """Keep a contract that is sent as YAML."""
        who.require("engineer")
        contract = Deciding(service, who).add_contract(text)
        return json_reply(contract.to_json(), status=201)

    @router.get("/hypotheses")
    def hypotheses(
        service: ServiceOf, who: Who, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        """Return what the newest published model supposes, the surest first; nothing of it is confirmed."""
        return json_reply({"hypotheses": Learning(service, who).hypotheses(limit=limit)})

    @router.get("/freezes")
    def freezes(service: ServiceOf, who: Who) -> Response:
        """Return every freeze, newest first."""
        return json_reply({"freezes": Deciding(service, who).standing_freezes()})

    @router.post("/freezes/{name}/release")
    def release(name: str, service: ServiceOf, who: Who) -> Response:
        """Sign the release of a freeze; it takes two persons with the role 'approver'."""
        return json_reply(Deciding(service, who).release(name))
