"""The mapper: sources, mapping documents, questions, quarantine, voices."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from qualweave.api.idempotency import receive_once
from qualweave.api.receiving import judged
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.mappers.reuse import reuse

_ZIP = "application/zip"


class TermAnswer(SentBody):
    """A person's answer to a question of the mapper."""

    term: str = Field(description="IRI or CURIE of the term; empty for none of ours.")
    reason: str = ""
    force: bool = Field(
        default=False,
        description="Also where most sampled values cannot be read as the term wants.",
    )


class Sentence(SentBody):
    """What somebody said."""

    text: str = Field(
        description="A sentence in Chinese or English.", min_length=1, max_length=2000
    )


def _is_packed(request: Request) -> bool:
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == _ZIP


def add_routes(router: APIRouter) -> None:
    """Add the routes of the mapper."""

    @router.post("/sources")
    async def sources(
        request: Request,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(min_length=1)],
        idempotency_key: Annotated[
            str,
            Header(
                description="Of a device that sends again where no answer came: it gets that answer."
            ),
        ] = "",
    ) -> Response:
        """Ingest one file, given as the body, or a folder packed as ``application/zip``; twice changes nothing."""
        content = await request.body()
        answer = await run_in_threadpool(
            receive_once, service, name, content,
            key=idempotency_key, principal=who, packed=_is_packed(request),
        )  # fmt: skip
        return json_reply(answer)

    @router.post("/admissions")
    async def admissions(
        request: Request,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(min_length=1)],
        *,
        owl: bool = False,
    ) -> Response:
        """Judge a supplier's description of a device (OWL, OPC UA, MTConnect, AAS, SAMM), given as the body.

        It is admitted, or refused with lines and fixes. As ``application/zip`` the body holds the description, under
        ``name``, and files that it requires. With ``owl`` the answer has the description in OWL, as Turtle.
        """
        content = await request.body()
        found = await run_in_threadpool(
            judged, service, name, content, principal=who, packed=_is_packed(request)
        )
        return json_reply(found.to_json() | ({"owl": found.owl} if owl else {}))

    @router.get("/mappings")
    def mappings(service: ServiceOf, who: Who) -> Response:
        """Return the sources that have a mapping document."""
        return json_reply({"sources": service.desk(who).library.sources()})

    @router.post("/voices")
    def voices(said: Sentence, service: ServiceOf, who: Who) -> Response:
        """Read what a sentence of a complaint or report is about, with evidence."""
        del who
        return json_reply(service.voice(said.text))

    @router.get("/change-requests")
    def change_requests(service: ServiceOf, who: Who) -> Response:
        """Return the open change requests."""
        found = service.questions(who)
        return json_reply({"requests": [one.request.to_json() for one in found]})

    @router.post("/change-requests/{request_id}/answer")
    def answer(request_id: str, given: TermAnswer, service: ServiceOf, who: Who) -> Response:
        """Answer a question of the mapper; what waited for it is lifted."""
        report = service.answer(
            request_id, given.term, reason=given.reason, principal=who, force=given.force
        )
        return json_reply(report.to_json())

    @router.post("/change-requests/answers")
    async def answers(request: Request, service: ServiceOf, who: Who) -> Response:
        """Answer every open question that a YAML document of answers knows, given as the body."""
        content = await request.body()
        report = await run_in_threadpool(service.answer_from, content, principal=who)
        return json_reply(report.to_json())

    @router.get("/quarantine")
    def quarantine(service: ServiceOf, who: Who) -> Response:
        """Return the rows that wait for repair, with file, row, column, reason and fix."""
        return json_reply({"rows": [one.to_json() for one in service.quarantine(who.tenant)]})

    _add_reuse(router)


def _add_reuse(router: APIRouter) -> None:
    @router.get("/reuse")
    def reuse_rate(
        service: ServiceOf, who: Who, source: Annotated[list[str] | None, Query()] = None
    ) -> Response:
        """Return the share of fields that systems share by name, and by concept after weaving."""
        documents = service.desk(who).library.documents()
        known = [one for one in documents if source is None or one.source in source]
        return json_reply(reuse(known).to_json())
