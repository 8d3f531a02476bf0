"""The shop floor's page: type or scan a unit, lot or shift, and open its record, passport, label and trace."""

from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from qualweave.api.service import Service
from qualweave.api.workbench.chain import Chain
from qualweave.api.workbench.content import affected, examples_to_scan, say
from qualweave.api.workbench.frame import PAGES, as_code, frame, hint, section, show
from qualweave.config import Settings
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language
from qualweave.principal import Principal, roles_from
from qualweave.reasoning.passport.shift import ShiftLot


def add_floor(service: Service, settings: Settings, who: Principal) -> None:
    """Put the page of the shop floor."""
    decider = Principal(
        id="workbench", roles=roles_from("engineer,architect"), tenant=settings.tenant
    )

    @ui.page(PAGES["floor"])
    async def floor(request: Request) -> None:
        address = str(request.base_url)
        with frame(request, "floor") as language:
            section("scan", language)
            hint("scan_hint", language)
            with ui.card().classes("w-full p-3"):
                _Scanner(service, who, language, address).show()
            known = decider if settings.dev else None  # keys come with a later release
            Chain(service, who, decider=known, language=language, address=address).show()


class _Scanner:
    """The box that a scanner types into, and what its code leads to."""

    def __init__(self, service: Service, who: Principal, language: Language, address: str) -> None:
        self._service, self._who, self._language, self._address = service, who, language, address

    def show(self) -> None:
        language = self._language
        self._box = ui.input(say("scan_box", language)).props("autofocus").classes("w-full")
        self._box.on("keydown.enter", self._go)
        with ui.row().classes("items-center gap-3"):
            ui.button(say("search", language), on_click=self._go)
            examples = examples_to_scan(self._service, self._who)
            hint("scan_examples" if examples else "scan_empty", language)
            for one in examples:
                button = ui.button(one, on_click=lambda one=one: self._take(one))
                button.props("outline dense no-caps").classes("px-2 max-w-full break-all")
        self._place = ui.column().classes("w-full")

    async def _take(self, code: str) -> None:
        self._box.set_value(code)
        await self._go()

    async def _go(self) -> None:
        code = (self._box.value or "").strip()
        self._place.clear()
        with self._place:
            if ShiftLot.looks_like(code):
                self._shift(code)
            elif code:
                await self._item(code)

    def _shift(self, code: str) -> None:
        name, language = quote(code, safe=""), self._language
        with ui.row().classes("gap-6 items-center"):
            ui.link(say("shift_page", language), f"/shifts/{name}?lang={language}", new_tab=True)
            ui.image(f"/labels/{name}.svg").classes("w-28")
        as_code(language, address=self._address, path=f"shifts/{name}?as=json")

    async def _item(self, code: str) -> None:
        service, language = self._service, self._language
        try:
            trace = await run.io_bound(service.trace, code, principal=self._who, step_limit=0)
        except QualweaveError as error:
            self._unknown(error)
            return
        if trace is None:  # the application stops
            return
        name = quote(trace.item, safe="")
        with ui.row().classes("gap-6 items-center"):
            ui.link(say("scan_page", language), f"/scan/{name}?lang={language}", new_tab=True)
            ui.link(say("passport", language), f"/passports/{name}", new_tab=True)
            ui.link(say("trace_back", language), f"/trace/{name}", new_tab=True)
            ui.image(f"/labels/{name}.svg").classes("w-28")
        found = await run.io_bound(affected, service, self._who, trace.item, language)
        ui.label(say("lot", language)).classes("font-semibold")
        show(found, language, empty=say("nothing_follows", language))
        as_code(language, address=self._address, path=f"recall/{name}")

    def _unknown(self, error: QualweaveError) -> None:
        language, nearest = self._language, error.data.get("nearest")
        listed = [str(one) for one in nearest] if isinstance(nearest, list) else []
        short = error.message_zh if language == "zh" else error.message
        ui.label(short if listed else error.in_language(language)).classes("text-red-700")
        with ui.row().classes("items-center gap-2"):
            if listed:
                ui.label(say("nearest", language)).classes("text-xs text-gray-600")
            for one in listed:
                button = ui.button(one, on_click=lambda one=one: self._take(one))
                button.props("outline dense no-caps").classes("px-2")
