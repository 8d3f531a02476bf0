"""Mapping documents: one, its versions, what changed, what is wrong with one, and what one would make of a file."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from qualweave.api.mapping_documents import Form, MappingDocuments, decoded
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody, SentText
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.mappers.mapping import json_schema


class DryRun(SentBody):
    """A file and the document that it is tried with."""

    name: str = Field(description="Name of the file.", min_length=1)
    content: str = Field(description="Its bytes as base64.")
    source: str = Field("", description="Source whose newest mapping is tried.")
    document: str = Field("", description="YAML of a document, in place of a stored one.")


def add_routes(router: APIRouter) -> None:
    """Add the routes of mapping documents."""

    @router.get("/schemas/mapping-document")
    def schema() -> Response:
        """Return the JSON schema of mapping documents, for editors."""
        return json_reply(json_schema())

    @router.post("/mappings/check")
    def check(
        text: SentText,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(description="Name of the document.")] = "mapping.yaml",
    ) -> Response:
        """Return every fault of the YAML document that is sent, with line, key and fix; nothing is kept."""
        faults = MappingDocuments(service, who).check(text, name)
        wrong = any(one.severity == "error" for one in faults)
        return json_reply({"valid": not wrong, "faults": [one.to_json() for one in faults]})

    @router.post("/mappings/dry-run")
    def dry_run(given: DryRun, service: ServiceOf, who: Who) -> Response:
        """Return what a document would make of a file: counts, waiting rows, first triples; nothing is kept."""
        trial = MappingDocuments(service, who).try_out(
            given.name, decoded(given.content), source=given.source, document=given.document
        )
        return json_reply(trial.to_json())

    @router.post("/mappings")
    def put(
        text: SentText,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(description="Name of the document.")] = "mapping.yaml",
    ) -> Response:
        """Take the YAML document that is sent as its source's next version, and lift the source's files by it."""
        told = MappingDocuments(service, who).put(text, name)
        return json_reply(told, status=201)

    @router.post("/mappings/import")
    def import_(
        text: SentText,
        service: ServiceOf,
        who: Who,
        form: Annotated[Form, Query(alias="format", description="Language of the body.")] = "yaml",
        source: Annotated[str, Query(description="Source id; from the document if empty.")] = "",
        name: Annotated[str, Query(description="Name of the document.")] = "",
        *,
        new_source: Annotated[
            bool, Query(description="SSSOM of a source of which no file has come in.")
        ] = False,
    ) -> Response:
        """Take a document that is sent as YAML or RML-Core as a version, or an SSSOM table as memory."""
        given = MappingDocuments(service, who)
        told = given.imported(text, form, source=source, file=name, new_source=new_source)
        return json_reply(told, status=201)

    @router.get("/mappings/{source}/export")
    def export(
        source: str,
        service: ServiceOf,
        who: Who,
        form: Annotated[Form, Query(alias="format", description="yaml, rml or sssom.")] = "yaml",
        file: Annotated[str, Query(description="File that an RML mapping reads.")] = "",
        delimiter: Annotated[str, Query(max_length=1, description="Of that file.")] = ",",
    ) -> Response:
        """Return a mapping document as YAML, RML-Core or SSSOM, and what that language cannot say."""
        given = MappingDocuments(service, who)
        return json_reply(given.exported(source, form, file=file, delimiter=delimiter))

    @router.get("/mappings/{source}")
    def mapping(
        source: str,
        service: ServiceOf,
        who: Who,
        version: Annotated[int | None, Query(description="The newest where left out.")] = None,
    ) -> Response:
        """Return a mapping document."""
        document = MappingDocuments(service, who).of(source, version)
        return Response(document.model_dump_json(by_alias=True), media_type="application/json")

    @router.get("/mappings/{source}/versions")
    def versions(source: str, service: ServiceOf, who: Who) -> Response:
        """Return the versions of a mapping document, the newest first, each with what it changed."""
        return json_reply({"versions": MappingDocuments(service, who).history(source)})

    @router.get("/mappings/{source}/difference")
    def difference(
        source: str,
        service: ServiceOf,
        who: Who,
        before: Annotated[int | None, Query(description="The one before the later.")] = None,
        after: Annotated[int | None, Query(description="The newest where left out.")] = None,
    ) -> Response:
        """Return what changed between two versions of a mapping document, by column, in words and as data."""
        return json_reply(
            MappingDocuments(service, who).difference(source, before, after).to_json()
        )
