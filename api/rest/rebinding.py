"""Lost tags: infer links where a tag was not read, and read what was inferred."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from qualweave.api.rebinding import Rebinder
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.reasoning.rebinding import LEAST_CONFIDENCE


def add_routes(router: APIRouter) -> None:
    """Add the routes of re-binding."""

    @router.post("/rebinding")
    def run(
        service: ServiceOf,
        who: Who,
        least: Annotated[float, Query(gt=0.5, le=1)] = LEAST_CONFIDENCE,
    ) -> Response:
        """Infer links for items whose tag was lost and publish them in a graph of their own."""
        return json_reply(Rebinder(service, who).run(least))

    @router.get("/rebinding")
    def published(service: ServiceOf, who: Who) -> Response:
        """Return the inferred links with their evidence, and the slots that stay open with the reason."""
        return json_reply(Rebinder(service, who).published())
