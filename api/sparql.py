"""SPARQL 1.1 Protocol: a query from outside, guarded."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from qualweave.api.security.asking import ServiceOf, Who

_JSON = "application/sparql-results+json"
_OFFERED = (
    _JSON,
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
    "text/turtle",
    "application/n-triples",
    "application/ld+json",
    "application/rdf+xml",
)


def _accepted(request: Request) -> str:
    wanted = request.headers.get("accept", "")
    return next((one for one in _OFFERED if one in wanted), _JSON)


def add_routes(router: APIRouter) -> None:
    """Add the routes of the SPARQL protocol."""

    @router.get("/sparql")
    def sparql_get(
        request: Request,
        service: ServiceOf,
        who: Who,
        query: str,
        default: Annotated[list[str] | None, Query(alias="default-graph-uri")] = None,
        named: Annotated[list[str] | None, Query(alias="named-graph-uri")] = None,
    ) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via GET)."""
        answer = service.query(
            query,
            principal=who,
            media_type=_accepted(request),
            default_uris=default or (),
            named_uris=named or (),
        )
        return Response(
            answer.body, media_type=answer.media_type, headers={"Qualweave-Commit": answer.commit}
        )

    @router.post("/sparql")
    async def sparql_post(request: Request, service: ServiceOf, who: Who) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via POST, direct or form)."""
        kind = request.headers.get("content-type", "").split(";")[0]
        if kind == "application/sparql-query":
            query, default, named = (await request.body()).decode(), [], []
        else:
            form = await request.form()
            query = str(form.get("query", ""))
            default = [str(one) for one in form.getlist("default-graph-uri")]
            named = [str(one) for one in form.getlist("named-graph-uri")]
        answer = await run_in_threadpool(
            service.query,
            query,
            principal=who,
            media_type=_accepted(request),
            default_uris=default,
            named_uris=named,
        )
        return Response(
            answer.body, media_type=answer.media_type, headers={"Qualweave-Commit": answer.commit}
        )
