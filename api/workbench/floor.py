"""The shop floor's page: type or scan a serial, and open its record, passport, label and trace."""

from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from qualweave.api.service import Service
from qualweave.api.workbench.content import affected, say
from qualweave.api.workbench.frame import PAGES, as_code, frame, hint, section, show
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language
from qualweave.principal import Principal


def add_floor(service: Service, who: Principal) -> None:
    """Put the page of the shop floor."""

    @ui.page(PAGES["floor"])
    async def floor(request: Request) -> None:
        with frame(request, "floor") as language:
            section("scan", language)
            hint("scan_hint", language)
            with ui.card().classes("w-full p-3"):
                box = ui.input(say("lot_hint", language)).props("autofocus").classes("w-full")
                place = ui.column().classes("w-full")

                async def go() -> None:
                    place.clear()
                    with place:
                        await _doors(service, who, language, box.value or "", str(request.base_url))

                box.on("keydown.enter", go)
                ui.button(say("search", language), on_click=go)


async def _doors(
    service: Service, who: Principal, language: Language, item: str, address: str
) -> None:
    try:
        trace = service.trace(item, principal=who, step_limit=0)
    except QualweaveError as error:
        ui.label(error.in_language(language)).classes("text-red-700")
        near = error.data.get("nearest")
        if isinstance(near, list) and near:
            ui.label(f"{say('nearest', language)}: {', '.join(str(one) for one in near)}")
        return
    name = quote(trace.item, safe="")
    with ui.row().classes("gap-6 items-center"):
        ui.link(say("scan_page", language), f"/scan/{name}?lang={language}", new_tab=True)
        ui.link(say("passport", language), f"/passports/{name}", new_tab=True)
        ui.link(say("trace_back", language), f"/trace/{name}", new_tab=True)
        ui.image(f"/labels/{name}.svg").classes("w-28")
    found = await run.io_bound(affected, service, who, trace.item, language)
    ui.label(say("lot", language)).classes("font-semibold")
    show(found, language, empty=say("empty", language))
    as_code(language, address=address, path=f"recall/{name}")
