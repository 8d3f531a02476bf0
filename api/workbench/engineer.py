"""The engineer's page: hand files in, answer what the mapper asks, see which fields mean what and which rows wait."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

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
from qualweave.config import Settings
from qualweave.errors import QualweaveError
from qualweave.evidence import Evidence
from qualweave.iri import curie, expand
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.report import IngestReport
from qualweave.mappers.revise import Question
from qualweave.negotiation import Language
from qualweave.principal import Principal, roles_from

_SHOWN = 10
_CHOICES = 3
_LIFTED = ("files", "columns", "mapped", "asked", "rows_lifted", "rows_quarantined", "refused")


def add_engineer(service: Service, settings: Settings, reader: Principal) -> None:
    """Put the page of sources and the mapper's questions."""

    @ui.page(PAGES["engineer"], response_timeout=RESPONSE_SECONDS)
    async def sources(request: Request) -> None:
        with frame(request, "engineer") as language:
            await _Desk(service, settings, reader, language).show(str(request.base_url))


class _Desk:
    """What waits, and the hands to deal with it where the caller may be believed."""

    def __init__(
        self, service: Service, settings: Settings, reader: Principal, language: Language
    ) -> None:
        self._service, self._reader, self._language = service, reader, language
        self._may, self._tenant = settings.dev, settings.tenant
        self._name, self._most = "engineer", _SHOWN

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
        section("sources", language)
        self._sources = ui.column().classes("w-full")
        section("held_rows", language)
        self._held = ui.column().classes("w-full")
        as_code(language, address=address, path="change-requests")
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

    def _read(self) -> tuple[list[Question], list[MappingDocument], list[QuarantinedRow]]:
        service, reader = self._service, self._reader
        documents = service.desk(reader).library.documents()
        return service.questions(reader), documents, service.quarantine(reader.tenant)

    async def _refresh(self) -> None:
        language = self._language
        found = await run.io_bound(self._read)
        if found is None:  # the service is going down
            return
        asked, documents, held = found
        by_source = {one.source: one for one in documents}
        self._list.clear()
        with self._list:
            for one in asked[: self._most]:
                self._card(one, by_source.get(one.source))
            if not asked:
                hint("nothing_asked", language)
            if len(asked) > self._most:
                told = say("show_more", language, count=len(asked) - self._most)
                ui.button(told, on_click=self._more).props("flat")
        self._sources.clear()
        with self._sources:
            show(sources_of(documents), language, empty=say("no_sources", language))
        self._held.clear()
        with self._held:
            show(held_of(held, language), language, empty=say("none_held", language))

    async def _more(self) -> None:
        self._most += _SHOWN
        await self._refresh()

    def _card(self, question: Question, document: MappingDocument | None) -> None:
        language, request = self._language, question.request
        with ui.card().classes("w-full p-3 gap-1"):
            place = " · ".join(
                one for one in (question.source, question.column, question.text) if one
            )
            ui.label(f"{request.id} · {place}").classes("text-sm text-gray-600 break-all")
            ui.label(request.statement[language]).classes("font-semibold")
            if request.samples:
                values = " | ".join(request.samples[:6])
                ui.label(say("samples", language, values=values)).classes("text-sm break-all")
            for evidence in _strongest(request.evidence):
                ui.label(f"– {evidence.in_language(language)}").classes("text-sm text-gray-700")
            if self._may:
                self._answers(question, candidates_of(question, document))

    def _answers(self, question: Question, candidates: Mapping[str, float]) -> None:
        language, terms = self._language, self._service.terms
        with ui.row().classes("w-full gap-2 items-center"):
            for term, probability in list(candidates.items())[:_CHOICES]:
                known = terms.name_of(term, language) if term in terms else curie(term)
                share = f" ({100 * probability:.0f} %)" if probability else ""
                button = ui.button(known + share).props("outline no-caps")
                button.on_click(partial(self._answer, question, term))
        with ui.row().classes("w-full gap-2 items-center"):
            other = ui.input(say("another_term", language)).classes("grow")
            use = ui.button(say("use_it", language)).props("outline no-caps")
            use.on_click(lambda: self._named(question, other.value or ""))
        with ui.row().classes("w-full gap-2 items-center"):
            reason = ui.input(say("reason", language)).classes("grow")
            none = ui.button(say("none_of_ours", language)).props("flat no-caps")
            none.on_click(lambda: self._answer(question, "", reason.value or ""))

    async def _named(self, question: Question, name: str) -> None:
        try:
            term = self._service.terms.named(name).iri
        except QualweaveError as error:
            told = error.in_language(self._language)
            ui.notify(told, type="negative", multi_line=True, timeout=0, close_button=True)
            return
        await self._answer(question, term)

    async def _answer(self, question: Question, term: str, reason: str = "") -> None:
        act: Callable[[], object] = partial(
            self._service.answer, question.id, term, reason=reason, principal=self._who()
        )
        if await acted(act, self._language):
            await self._refresh()


def candidates_of(question: Question, document: MappingDocument | None) -> dict[str, float]:
    """Return the terms that come into question, the likeliest first, with their probability (0 where unknown)."""
    column = (
        next((one for one in document.columns if one.name == question.column), None)
        if document
        else None
    )
    known = {expand(one.term): one.probability for one in column.candidates} if column else {}
    scored = [one for one in question.request.evidence if one.kind == "candidate"]
    known |= {term: one.weight for one in scored for term in one.sources}
    asked = question.request.proposal.get("candidates")
    names = [expand(str(one)) for one in asked] if isinstance(asked, list) else [*known]
    names += [one.sources[0] for one in question.request.evidence if one.kind == "cooccurrence"]
    found = {one: known.get(one, 0.0) for one in names}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


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


def _strongest(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    return sorted(evidence, key=lambda one: -abs(one.weight))[:_CHOICES]


def _report(name: str, report: IngestReport, language: Language) -> None:
    totals = {one: f"{report.total(one):.0f}" for one in _LIFTED[1:-1]}
    told = say("handed_in", language, file=name, files=len(report.files), **totals)
    ui.label(told).classes("text-sm")
    for one in report.files:
        message = one.message_zh if language == "zh" else one.message
        if message:
            ui.label(f"{one.file}: {message}").classes("text-sm text-amber-800")
