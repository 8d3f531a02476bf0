"""Texts: read to candidate concepts, reviewed, exchanged as JSON Lines, lifted to the graph."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.texts import Judgement, Texts
from qualweave.mappers.texts.corpus import Review, Verdict
from qualweave.mappers.texts.reading import LONGEST
from qualweave.mappers.texts.states import State

_Speaker = Literal["", "process", "equipment", "customer"]


class Words(SentBody):
    """A text that somebody wrote."""

    text: str = Field(
        description="One or many sentences in Chinese, English or German.",
        min_length=1,
        max_length=LONGEST,
    )
    language: Literal["", "zh", "de", "en"] = Field("", description="Found by its words if empty.")
    record: _Speaker = Field("", description="Viewpoint of the record that holds it.")
    keep: bool = Field(False, description="Put it into the corpus, to be reviewed.")  # noqa: FBT003


class SpanDecision(SentBody):
    """What a person says of a span."""

    verdict: Verdict = Field(description="accept, reject, relabel (to ``to``) or add.")
    start: int = Field(description="First character, from 0.", ge=0)
    end: int = Field(description="Behind the last.", ge=1)
    term: str = Field(description="Concept of the span.", min_length=1)
    to: str = Field("", description="Concept that a relabelled span gets.")
    state: State | None = Field(None, description="Corrects what the text says of it.")
    viewpoint: _Speaker | None = Field(None, description="Corrects who speaks.")
    why: str = Field("", description="Reason, in words.", max_length=2000)

    def judgement(self) -> Judgement:
        """Return it as the service takes it."""
        return Judgement(**self.model_dump())


def add_routes(router: APIRouter) -> None:
    """Add the routes of texts."""

    @router.post("/texts/read")
    def read(said: Words, service: ServiceOf, who: Who) -> Response:
        """Return every candidate concept of a text: place, whether it is claimed, viewpoint and details."""
        texts = Texts(service, who)
        told = texts.read(said.text, language=said.language, record=said.record)
        if said.keep:
            told["id"] = texts.keep(said.text, language=said.language, record=said.record).id
        return json_reply(told)

    @router.post("/texts")
    async def collect(
        request: Request,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(description="Name of the file.", min_length=1)],
        column: Annotated[str, Query(description="Field of the text; found if empty.")] = "",
    ) -> Response:
        """Read the texts of a file (CSV, Excel, JSON, JSON Lines, Parquet), given as the body, into the corpus."""
        content = await request.body()
        made = await run_in_threadpool(Texts(service, who).collect, name, content, column=column)
        return json_reply(made, status=201 if made["new"] else 200)

    @router.get("/texts")
    def listed(
        service: ServiceOf,
        who: Who,
        review: Annotated[
            Review | Literal[""], Query(description="Only texts with a span in that state.")
        ] = "",
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        """Return texts of the corpus with their spans, those that wait for review first."""
        return json_reply(Texts(service, who).listed(review=review, offset=offset, limit=limit))

    _add_exchange(router)

    @router.get("/texts/agreement")
    def agreement(service: ServiceOf, who: Who) -> Response:
        """Return Cohen's kappa of every two reviewers over the spans both judged, and where they disagree."""
        return json_reply({"agreements": Texts(service, who).agreement()})

    @router.post("/texts/lift")
    def lift(service: ServiceOf, who: Who) -> Response:
        """Bring accepted spans into the graph as mentions, in place of what was lifted of the corpus before."""
        return json_reply(Texts(service, who).lift())

    @router.get("/texts/{text_id}")
    def one(text_id: str, service: ServiceOf, who: Who) -> Response:
        """Return a text of the corpus with its spans and every decision about them."""
        texts = Texts(service, who)
        return json_reply(texts.told(texts.corpus.get(text_id)))

    @router.post("/texts/{text_id}/decisions")
    def decide(text_id: str, given: SpanDecision, service: ServiceOf, who: Who) -> Response:
        """Accept, reject, relabel or add a span of a text; who, when and why are kept."""
        texts = Texts(service, who)
        return json_reply(texts.told(texts.decide(text_id, given.judgement())), status=201)

    @router.post("/texts/{text_id}/undo")
    def undo(text_id: str, service: ServiceOf, who: Who) -> Response:
        """Take back one's own last decision about a text."""
        texts = Texts(service, who)
        return json_reply(texts.told(texts.undo(text_id)))


def _add_exchange(router: APIRouter) -> None:
    @router.get("/texts/export")
    def export(
        service: ServiceOf,
        who: Who,
        *,
        reviewed: Annotated[
            bool, Query(description="Only accepted spans of reviewed texts.")
        ] = False,
        redact: Annotated[
            bool, Query(description="Mask telephone, mail and identity numbers.")
        ] = False,
        seed: Annotated[int, Query(description="Of the split in train, dev and test.")] = 0,
    ) -> Response:
        """Return the corpus as JSON Lines; the header ``Qualweave-Report`` says what it holds and what was masked."""
        body, report = Texts(service, who).export(reviewed=reviewed, redact=redact, seed=seed)
        headers = {"Qualweave-Report": orjson.dumps(report).decode()}
        return Response(body, media_type="application/jsonl", headers=headers)

    @router.post("/texts/import")
    async def import_(
        request: Request,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(description="Name of the file.")] = "corpus.jsonl",
    ) -> Response:
        """Take a corpus of JSON Lines, given as the body; a file with a wrong line is refused with every line."""
        content = await request.body()
        told = await run_in_threadpool(Texts(service, who).take, name, content)
        return json_reply(told, status=201 if told["new"] else 200)
