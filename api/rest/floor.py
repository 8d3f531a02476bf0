"""The shop floor: scan pages at GS1 Digital Links, passports, and labels.

A label leads to ``/01/{gtin}/21/{serial}`` (or ``/10/{lot}``); what comes back is a page for a browser, and JSON or
JSON-LD for those who ask for it. The public sees the public tier; who may see more does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote as quoted
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from qualweave.api.floor.asking import Floor, best_tier
from qualweave.api.floor.labels import address_of, label_svg
from qualweave.api.floor.pages import Reader, error_page, render
from qualweave.api.floor.shift_page import shift_json, shift_page
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Visitor, Who
from qualweave.errors import JsonValue, NotFound, QualweaveError
from qualweave.iri import GS1_ID, local_name
from qualweave.negotiation import Language, best_media_type, language_of
from qualweave.reasoning.passport import Terms, Tier, Unit
from qualweave.reasoning.passport.shift import ShiftLot

_JSON_LD = "application/ld+json"
Form: TypeAlias = Literal["html", "json", "jsonld"]
_FORMS: dict[str, Form] = {  # a page first: a scanner opens a browser
    "text/html": "html",
    "application/xhtml+xml": "html",
    _JSON_LD: "jsonld",
    "application/json": "json",
}


@dataclass(frozen=True)
class Wanted:
    """What a reader asks for besides the item: form, language, tier, one record."""

    request: Request
    form: Form
    language: Language
    tier: Tier | None
    record: str

    def address(self, **changed: str) -> str:
        """Return the address of the same page with other query parameters."""
        asked = {**self.request.query_params, **changed}
        return "?" + urlencode({key: value for key, value in asked.items() if value})

    def reader(self, zone: str) -> Reader:
        """Return for whom a page is made."""
        other = "en" if self.language == "zh" else "zh"
        return Reader(self.language, zone, self.address(lang=other))


def _wanted(
    request: Request,
    tier: Tier | None = None,
    record: str = "",
    lang: str = "",
    form: Annotated[str, Query(alias="as")] = "",
    accept: Annotated[str, Header()] = "",
    accept_language: Annotated[str, Header()] = "",
) -> Wanted:
    named: dict[str, Form] = {one: one for one in _FORMS.values()}
    chosen = named.get(form) or _FORMS[best_media_type(accept, _FORMS) or "text/html"]
    return Wanted(request, chosen, language_of(accept_language, lang), tier, record)


WantedOf = Annotated[Wanted, Depends(_wanted)]


def add_routes(router: APIRouter) -> None:
    """Add the routes of the shop floor."""

    @router.get("/01/{link:path}", response_class=HTMLResponse)
    def digital_link(link: str, service: ServiceOf, who: Visitor, wanted: WantedOf) -> Response:
        """Resolve a GS1 Digital Link path: ``/01/{gtin}/21/{serial}``, ``/01/{gtin}/10/{lot}``."""
        item = f"{GS1_ID}01/{_as_sent(wanted.request, link)}"
        return _shown(Floor(service, who), item, wanted)

    @router.get("/scan/{item:path}", response_class=HTMLResponse)
    def scan(item: str, service: ServiceOf, who: Visitor, wanted: WantedOf) -> Response:
        """Show the page of an item that bears no GS1 identity, or any other spelling of one."""
        return _shown(Floor(service, who), item, wanted)

    @router.get("/passports/{item:path}")
    def passports(item: str, service: ServiceOf, who: Visitor, tier: Tier = "public") -> Response:
        """Return the passport of an item as JSON-LD; the restricted tier needs the role ``engineer``."""
        floor = Floor(service, who)
        return json_reply(floor.document(*floor.unit(item), tier), media_type=_JSON_LD)

    @router.get("/shifts/{code}", response_class=HTMLResponse)
    def shift(code: str, service: ServiceOf, who: Who, wanted: WantedOf) -> Response:
        """Show a shift lot (``{line}-{yyyymmdd}-{shift}``): curves of its machines, first and last article."""
        floor = Floor(service, who)
        return _or_error_page(floor, wanted, lambda: _shift(floor, code, wanted))

    @router.get("/labels/{item:path}.svg")
    def label(item: str, request: Request, service: ServiceOf, who: Visitor) -> Response:
        """Return the QR label of a unit, a lot or a shift lot as SVG."""
        root = (service.settings.public_url or str(request.base_url)).rstrip("/")
        floor = Floor(service, who)
        try:
            found = floor.resolve(item)
            svg = label_svg(address_of(found, root), local_name(found))
        except NotFound:
            if not ShiftLot.looks_like(item):
                raise
            code = floor.shift(ShiftLot.parse(item))[0].lot.code
            svg = label_svg(f"{root}/shifts/{quote(code)}", code)
        return Response(svg, media_type="image/svg+xml")


def _as_sent(request: Request, link: str) -> str:
    """Return the path behind ``/01/`` with its escapes: an escaped slash is part of a serial number."""
    raw = str(request.scope.get("raw_path", b"").decode()).split("?")[0]
    return raw.split("/01/", 1)[1] if "/01/" in raw else quote(link)


def _shown(floor: Floor, item: str, wanted: Wanted) -> Response:
    """Return the page, the record or the document of an item."""
    return _or_error_page(floor, wanted, lambda: _answer(floor, item, wanted))


def _or_error_page(floor: Floor, wanted: Wanted, answer: Callable[[], Response]) -> Response:
    """Return an answer; a browser is told of an error on a page, a program in problem details."""
    try:
        return answer()
    except QualweaveError as error:
        if wanted.form != "html" or wanted.record:
            raise
        page = error_page(error, wanted.reader(floor.service.settings.plant_timezone))
        return HTMLResponse(page, status_code=error.status)


def _shift(floor: Floor, code: str, wanted: Wanted) -> Response:
    report, terms = floor.shift(ShiftLot.parse(code))
    if wanted.form != "html":
        return json_reply(shift_json(report, terms))
    reader = wanted.reader(floor.service.settings.plant_timezone)
    links = [("JSON", wanted.address(**{"as": "json"})), ("QR", f"/labels/{quote(code)}.svg")]
    return HTMLResponse(shift_page(report, terms, reader, links))


def _answer(floor: Floor, item: str, wanted: Wanted) -> Response:
    unit, terms = floor.unit(item)
    tier = wanted.tier or best_tier(floor.principal)
    document = floor.document(unit, terms, tier)
    if wanted.record:
        return PlainTextResponse(floor.record(unit, wanted.record, tier))
    varying = {"Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    if wanted.form == "jsonld":
        reply = json_reply(document, media_type=_JSON_LD)
    elif wanted.form == "json":
        reply = json_reply({key: value for key, value in document.items() if key != "@context"})
    else:
        reply = HTMLResponse(_page(floor, unit, terms, document=document, wanted=wanted))
    reply.headers.update(varying)
    return reply


def _page(
    floor: Floor, unit: Unit, terms: Terms, *, document: dict[str, JsonValue], wanted: Wanted
) -> str:
    reader = wanted.reader(floor.service.settings.plant_timezone)
    tier = document["passportTier"]
    shown = document.get("hasControlPoint")
    lot = "batchNumber" in document
    kinds = [terms.label(one, reader.language) for one in unit.classes]
    root = floor.service.settings.public_url or str(wanted.request.base_url)
    here = address_of(unit.item, root)
    return render(
        "scan.html",
        reader,
        doc=document,
        number=str(
            document.get("serialNumber") or document.get("batchNumber") or local_name(unit.item)
        ),
        kind=" · ".join([*kinds, reader.say("lot" if lot else "unit")]),
        hidden=len(unit.points) - (len(shown) if isinstance(shown, list) else 0),
        record_address=lambda digest: quoted(
            f"{here}?{urlencode({'tier': tier, 'record': digest})}"
        ),
        links=_links(floor, unit.item, wanted=wanted, tier=str(tier)),
    )


def _links(floor: Floor, item: str, *, wanted: Wanted, tier: str) -> list[tuple[str, str]]:
    reader = wanted.reader("UTC")
    quoted = quote(item, safe="")
    links = [
        ("JSON", wanted.address(**{"as": "json", "tier": tier})),
        ("JSON-LD", f"/passports/{quoted}?tier={tier}"),
        ("QR", f"/labels/{quoted}.svg"),
    ]
    if best_tier(floor.principal) == "restricted":
        other = "public" if tier == "restricted" else "restricted"
        links += [
            (reader.say("trace"), f"/trace/{quoted}"),
            (reader.say(f"as_{other}"), wanted.address(tier=other)),
        ]
    return links
