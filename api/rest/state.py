"""The state of the graph: health, figures, audit, validation."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from qualweave import __version__
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.shapes.validate import validate


def add_routes(router: APIRouter) -> None:
    """Add the routes of the state."""

    @router.get("/healthz")
    def healthz() -> Response:
        """Say that the service answers."""
        return json_reply({"status": "ok", "version": __version__})

    @router.get("/status")
    def status(service: ServiceOf, who: Who) -> Response:
        """Return the figures of the state."""
        return json_reply(service.numbers(who))

    @router.get("/audit")
    def audit(service: ServiceOf, who: Who) -> Response:
        """Judge the whole graph by the shapes that need more than one file."""
        verdict = service.audit(who.tenant)
        return json_reply(
            {
                "count": len(verdict.results),
                "results": [asdict(one) for one in verdict.results[:500]],
            }
        )

    @router.post("/validate")
    async def validate_data(request: Request) -> Response:
        """Validate RDF against the released shapes."""
        kind = request.headers.get("content-type", "text/turtle").split(";")[0]
        body = await request.body()
        verdict = await run_in_threadpool(validate, body, media_type=kind)
        return json_reply(
            {
                "conforms": not verdict.violations,
                "results": [asdict(one) for one in verdict.results],
            }
        )
