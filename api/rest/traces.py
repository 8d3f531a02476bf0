"""Traces: both ways, recall scope, causes, orphan changes, provenance."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from qualweave.api.rebinding import Rebinder
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.trace_tables import tables_of
from qualweave.reasoning.trace import Direction


def add_routes(router: APIRouter) -> None:
    """Add the routes of traces."""

    @router.get("/trace/{item:path}")
    def trace(
        item: str,
        service: ServiceOf,
        who: Who,
        direction: Direction = "back",
        step_offset: Annotated[int, Query(ge=0)] = 0,
        step_limit: Annotated[int | None, Query(ge=0, le=2000)] = None,
        dimension: Annotated[str, Query(description="A trace dimension, told in full.")] = "",
        *,
        inferred: bool = False,
    ) -> Response:
        """Trace an item (serial, lot, IRI or GS1 identity) back or forward, its steps summed up by dimension.

        With ``inferred=true`` the answer has beside it what inferred links reach, each with its confidence.
        """
        answer = service.trace(
            item, principal=who, direction=direction, step_offset=step_offset, step_limit=step_limit
        )
        body = Rebinder(service, who).beside(answer, direction, inferred=inferred)
        return json_reply(tables_of(service, who).view().beside(body, answer, dimension))

    @router.get("/recall/{item:path}")
    def recall(
        item: str,
        service: ServiceOf,
        who: Who,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        """Return what a suspicious item went into, where it is, and who has it."""
        return json_reply(service.recall(item, principal=who).to_json(limit=limit, offset=offset))

    @router.get("/causes/{item:path}")
    def causes(
        item: str, service: ServiceOf, who: Who, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> Response:
        """Return the likely common causes of a bad item, with the path to each."""
        return json_reply(service.causes([item], principal=who, limit=limit).to_json())

    @router.get("/combinations/{defect:path}")
    def combinations(defect: str, service: ServiceOf, who: Who) -> Response:
        """Return the combinations of parameters, across operations, that bring a defect about."""
        term = service.terms.named(defect)
        found = service.combinations(term.iri, principal=who)
        return json_reply({"defect": term.iri, **found.to_json()})

    @router.get("/parameter-changes/orphans")
    def orphans(service: ServiceOf, who: Who) -> Response:
        """Return the parameter changes that no downstream quality order is linked to."""
        return json_reply({"changes": [asdict(one) for one in service.orphan_changes(who)]})

    @router.get("/provenance")
    def provenance(
        service: ServiceOf, who: Who, s: str, p: str | None = None, g: str | None = None
    ) -> Response:
        """Return file, row and column of a triple."""
        who.require("reader" if "reader" in who.roles else "engineer")
        return json_reply([asdict(one) for one in service.provenance(s, p, g, principal=who)])
