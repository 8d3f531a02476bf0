"""Trace dimensions and export templates: which hold, how to say others, and a trace in the columns of a template."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentText
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.tables import MEDIA, Format, media_of
from qualweave.api.trace_tables import TraceExports
from qualweave.documents import json_schema
from qualweave.reasoning.trace import Direction
from qualweave.reasoning.trace.dimensions import DimensionDocument
from qualweave.reasoning.trace.templates import TemplateDocument

_Name = Annotated[str, Query(description="Name of the document, for messages.")]


def add_routes(router: APIRouter) -> None:
    """Add the routes of trace dimensions and export templates."""

    @router.get("/schemas/trace-dimensions")
    def dimension_schema() -> Response:
        """Return the JSON schema of documents of trace dimensions, for editors."""
        return json_reply(json_schema(DimensionDocument, title="Qualweave trace dimensions"))

    @router.get("/schemas/export-templates")
    def template_schema() -> Response:
        """Return the JSON schema of documents of export templates, for editors."""
        return json_reply(json_schema(TemplateDocument, title="Qualweave export templates"))

    @router.get("/trace-dimensions")
    def dimensions(service: ServiceOf, who: Who) -> Response:
        """Return the trace dimensions that hold now, and what is wrong with the tenant's document."""
        return json_reply(TraceExports(service, who).dimensions())

    @router.post("/trace-dimensions")
    def put_dimensions(
        text: SentText, service: ServiceOf, who: Who, name: _Name = "dimensions.yaml"
    ) -> Response:
        """Take the YAML that is sent as the tenant's trace dimensions; they hold at once."""
        told = TraceExports(service, who).put_dimensions(text, name)
        return json_reply(told, status=201)

    @router.get("/export-templates")
    def templates(service: ServiceOf, who: Who) -> Response:
        """Return the export templates that hold now, and what is wrong with the tenant's document."""
        return json_reply(TraceExports(service, who).templates())

    @router.post("/export-templates")
    def put_templates(
        text: SentText, service: ServiceOf, who: Who, name: _Name = "templates.yaml"
    ) -> Response:
        """Take the YAML that is sent as the tenant's export templates; they hold at once."""
        told = TraceExports(service, who).put_templates(text, name)
        return json_reply(told, status=201)

    @router.get("/exports/{template}")
    def export(
        template: str,
        service: ServiceOf,
        who: Who,
        item: Annotated[str, Query(description="Serial, lot, IRI or GS1 identity.")],
        direction: Direction = "back",
        format: Annotated[Format | None, Query()] = None,  # noqa: A002 - the name that users know
        accept: Annotated[str, Header()] = "*/*",
    ) -> Response:
        """Return the trace of an item in the columns of a template, as table, CSV, JSON or Parquet."""
        form = format or media_of(accept)
        table = TraceExports(service, who).export(template, item, direction)
        return Response(table.write(form), media_type=MEDIA[form])
