"""Competency questions: the catalogue, and an answer to one, by its id or in words."""

from fastapi import APIRouter, Request, Response

from qualweave.api.questioning import ask_question
from qualweave.api.replies import json_reply
from qualweave.api.rest.queries import given_values, table_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.tables import Format, media_of


def add_routes(router: APIRouter) -> None:
    """Add the route of questions."""

    @router.get("/ask")
    def ask(
        request: Request,
        service: ServiceOf,
        who: Who,
        q: str = "",
        format: Format | None = None,  # noqa: A002 - the name of the parameter
    ) -> Response:
        """Answer a question (id, English or Chinese words; further parameters by name), or list the catalogue."""
        if not q.strip():
            catalogue = service.asker.catalogue
            return json_reply(
                {"count": len(catalogue), "questions": [one.to_json() for one in catalogue]}
            )
        asked = ask_question(service, q, given_values(request, besides=("q",)), principal=who)
        wanted = format or media_of(request.headers.get("accept", ""))
        return table_reply(asked.found, wanted, about=asked.about(), name=asked.question.id)
