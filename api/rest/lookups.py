"""Look-ups: terms, codes, causal links, similar cases, the graph around a node."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from qualweave.api.lookups import Lookups
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.iri import mint
from qualweave.ontology.search import SearchKind
from qualweave.reasoning.decisions.cases import Situation
from qualweave.reasoning.graph_extract import MOST_HOPS, MOST_NODES


class CaseRequest(SentBody):
    """What cases are held against; what is left out is not compared."""

    item: str = Field(
        "",
        description="Item, process card or case whose trouble, process, line and settings are read.",
    )
    defect: str = Field("", description="Class of defect, by any of its names.")
    process: str = Field("", description="Class of process, by any of its names.")
    line: str = Field("", description="Name or IRI of a line.")
    settings: dict[str, float] = Field(
        default_factory=dict, description="Parameter, by any of its names, to canonical value."
    )


def _situation(asked: CaseRequest, service: ServiceOf, who: Who) -> Situation:
    terms = service.terms
    line = asked.line
    if line and "://" not in line:
        line = mint("line", line, tenant=who.tenant, base=service.settings.base_iri)
    return Situation(
        defect=terms.named(asked.defect).iri if asked.defect else "",
        process=terms.named(asked.process).iri if asked.process else "",
        line=line,
        settings={terms.named(name).iri: value for name, value in asked.settings.items()},
    )


def add_routes(router: APIRouter) -> None:
    """Add the routes of look-ups."""

    @router.get("/schema")
    def schema(service: ServiceOf, who: Who) -> Response:
        """Return what the graph holds: prefixes, classes in use, example queries."""
        return json_reply(Lookups(service, who).schema())

    @router.get("/terms")
    def terms(
        service: ServiceOf,
        who: Who,
        q: Annotated[str, Query(description="Words in English or Chinese, or a field's name.")],
        kind: SearchKind | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> Response:
        """Return the terms whose names are most like some words."""
        return json_reply(Lookups(service, who).search(q, kind, limit))

    @router.get("/terms/{name:path}")
    def term(name: str, service: ServiceOf, who: Who) -> Response:
        """Return one term by IRI, CURIE, local name or label, with its use in the data."""
        return json_reply(Lookups(service, who).term(name))

    @router.get("/codes/{code}")
    def code(
        code: str,
        service: ServiceOf,
        who: Who,
        machine: str = "",
        programme: str = "",
        at: Annotated[str, Query(description="When it was written, xsd:dateTime in UTC.")] = "",
    ) -> Response:
        """Return what a code means in a scope, or in every scope where no machine is named."""
        found = Lookups(service, who).code(code, machine=machine, programme=programme, at=at)
        return json_reply(found)

    @router.get("/codes/{code}/candidates")
    def code_candidates(
        code: str, service: ServiceOf, who: Who, machine: str = "", programme: str = ""
    ) -> Response:
        """Return what a code may mean, by the words of its list and by what others saw on the same items."""
        found = Lookups(service, who).code_candidates(code, machine=machine, programme=programme)
        return json_reply(found)

    @router.get("/items/{item:path}")
    def item(item: str, service: ServiceOf, who: Who) -> Response:
        """Return what an item is, what is wrong with it, and what was unusual when it was made."""
        return json_reply(Lookups(service, who).item(item))

    @router.get("/causal-links/{term:path}")
    def causal_links(term: str, service: ServiceOf, who: Who) -> Response:
        """Return what is said to bring a defect about (or what a parameter or mechanism does), by whom, how surely."""
        return json_reply(Lookups(service, who).causal_links(term))

    @router.post("/cases/similar")
    def cases(
        asked: CaseRequest,
        service: ServiceOf,
        who: Who,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> Response:
        """Return the quality cases that are like a situation, the most alike first; nothing is written."""
        wanted = _situation(asked, service, who)
        return json_reply(Lookups(service, who).cases(asked.item, wanted, limit))

    @router.get("/graph/neighbourhood")
    def graph(
        service: ServiceOf,
        who: Who,
        iri: Annotated[str, Query(description="IRI of a node, or any name of a term.")],
        hops: Annotated[int, Query(ge=1, le=MOST_HOPS)] = 1,
        limit: Annotated[int, Query(ge=1, le=MOST_NODES)] = 200,
    ) -> Response:
        """Return the typed nodes and edges around a node; a node's ``id`` is its place in the list."""
        found = Lookups(service, who).neighbourhood(iri, hops=hops, limit=limit)
        return json_reply(found.to_json())
