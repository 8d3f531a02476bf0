"""The engineer's page: hand files in, answer what the mapper asks, see which fields mean what and which rows wait."""

from collections import Counter
from dataclasses import dataclass

from fastapi import Request
from nicegui import events, run, ui

from qualweave.api.receiving import receive
from qualweave.api.service import Service
from qualweave.api.workbench.content import Result, say
from qualweave.api.workbench.frame import (
    PAGES,
    RESPONSE_SECONDS,
    acted,
    as_code,
    frame,
    hint,
    section,
    show,
)
from qualweave.api.workbench.review import ReviewCards, families
from qualweave.config import Settings
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.report import IngestReport
from qualweave.mappers.review.queue import Waiting, queue
from qualweave.mappers.review.record import Review, reviews_of, undone
from qualweave.negotiation import Language
from qualweave.principal import Principal, roles_from

_SHOWN = 10
_LIFTED = ("files", "columns", "mapped", "asked", "rows_lifted", "rows_quarantined", "refused")


def add_engineer(service: Service, settings: Settings, reader: Principal) -> None:
    """Put the page of sources and the mapper's questions."""

    @ui.page(PAGES["engineer"], response_timeout=RESPONSE_SECONDS)
    async def sources(request: Request) -> None:
        with frame(request, "engineer") as language:
            await _Desk(service, settings, reader, language).show(str(request.base_url))


@dataclass(frozen=True)
class _State:
    """What the page shows."""

    waiting: list[Waiting]
    documents: list[MappingDocument]
    held: list[QuarantinedRow]
    reviews: list[Review]


class _Desk:
    """What waits, and the hands to deal with it where the caller may be believed."""

    def __init__(
        self, service: Service, settings: Settings, reader: Principal, language: Language
    ) -> None:
        self._service, self._reader, self._language = service, reader, language
        self._may, self._tenant = settings.dev, settings.tenant
        self._name, self._most = "engineer", _SHOWN
        self._cards = ReviewCards(
            service, language, who=self._who, may=self._may, refresh=self._refresh
        )

    def _who(self) -> Principal:
        return Principal(id=self._name, roles=roles_from("engineer"), tenant=self._tenant)

    async def show(self, address: str) -> None:
        language = self._language
        section("hand_in", language)
        if self._may:
            with ui.card().classes("w-full p-3 gap-2"):
                ui.input(say("your_name", language), value=self._name, on_change=self._rename)
                hint("hand_in_hint", language)
                ui.upload(
                    label=say("choose_files", language),
                    on_upload=self._receive,
                    auto_upload=True,
                    multiple=True,
                ).props("flat bordered").classes("w-full")
                self._told = ui.column().classes("w-full gap-1")
        else:
            hint("no_keys", language)
        section("mapper_asks", language)
        hint("mapper_asks_hint", language)
        self._list = ui.column().classes("w-full gap-3")
        with self._list:
            ui.spinner()  # what is asked is read beside the event loop
        section("decisions", language)
        self._log = ui.column().classes("w-full gap-1")
        section("sources", language)
        self._sources = ui.column().classes("w-full")
        section("held_rows", language)
        self._held = ui.column().classes("w-full")
        as_code(language, address=address, path="reviews/queue")
        await self._refresh()

    def _rename(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        self._name = str(event.value or "").strip() or "engineer"

    async def _receive(self, event: events.UploadEventArguments) -> None:
        name, content = event.file.name, await event.file.read()
        packed = name.lower().endswith(".zip")

        def act() -> None:
            told = receive(self._service, name, content, principal=self._who(), packed=packed)
            found.append(told)

        found: list[IngestReport] = []
        if await acted(act, self._language):
            with self._told:
                _report(name, found[0], self._language)
            await self._refresh()

    def _read(self) -> _State:
        service, reader = self._service, self._reader
        work = service.desk(reader)
        with work.snapshot() as snapshot:
            reviews = reviews_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)
        return _State(
            queue(work), work.library.documents(), service.quarantine(reader.tenant), reviews
        )

    async def _refresh(self) -> None:
        language = self._language
        found = await run.io_bound(self._read)
        if found is None:  # the service is going down
            return
        asked = families(found.waiting)
        self._list.clear()
        with self._list:
            for some in asked[: self._most]:
                self._cards.card(some)
            if not asked:
                hint("nothing_asked", language)
            if len(asked) > self._most:
                told = say("show_more", language, count=len(asked) - self._most)
                ui.button(told, on_click=self._more).props("flat")
        self._log.clear()
        with self._log:
            self._cards.log(found.reviews[::-1], undone(found.reviews))
        self._sources.clear()
        with self._sources:
            show(sources_of(found.documents), language, empty=say("no_sources", language))
        self._held.clear()
        with self._held:
            show(held_of(found.held, language), language, empty=say("none_held", language))

    async def _more(self) -> None:
        self._most += _SHOWN
        await self._refresh()


def sources_of(documents: list[MappingDocument]) -> Result:
    """Return one row a source: what its fields were found to be."""
    rows = []
    for one in documents:
        counts = Counter(column.decision for column in one.columns)
        rows.append(
            {
                "source": one.source,
                "records": ", ".join(one.records),
                "mapped": str(counts[Decision.ACCEPTED]),
                "asked": str(counts[Decision.ASKED]),
                "requested": str(counts[Decision.REQUESTED]),
                "version": str(one.version),
            }
        )
    return Result(("source", "records", "mapped", "asked", "requested", "version"), tuple(rows))


def held_of(held: list[QuarantinedRow], language: Language) -> Result:
    """Return one row a problem: where it stands, what is wrong, what to do."""
    rows = [
        {
            "file": row.file,
            "row": str(row.row),
            "column": problem.column,
            "value": problem.value,
            "problem": problem.message[language],
            "fix": problem.fix[language],
        }
        for row in held
        for problem in row.problems
    ]
    return Result(("file", "row", "column", "value", "problem", "fix"), tuple(rows))


def _report(name: str, report: IngestReport, language: Language) -> None:
    totals = {one: f"{report.total(one):.0f}" for one in _LIFTED[1:-1]}
    told = say("handed_in", language, file=name, files=len(report.files), **totals)
    ui.label(told).classes("text-sm")
    for one in report.files:
        message = one.message_zh if language == "zh" else one.message
        if message:
            ui.label(f"{one.file}: {message}").classes("text-sm text-amber-800")
