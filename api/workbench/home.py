"""The first page of the workbench: six numbers, three stories, and a box to ask the graph."""

from collections.abc import Sequence

from fastapi import Request
from nicegui import run, ui

from qualweave.api.service import Service
from qualweave.api.workbench.content import (
    Result,
    affected,
    ask,
    example_questions,
    figures,
    say,
)
from qualweave.api.workbench.frame import (
    RESPONSE_SECONDS,
    as_code,
    frame,
    language_of,
    section,
    show,
)
from qualweave.negotiation import Language
from qualweave.principal import Principal

_CODES, _WHY = 0, 4  # places of the example questions that two of the stories ask


def add_home(service: Service, who: Principal) -> None:
    """Put the page at ``/``."""

    @ui.page("/", response_timeout=RESPONSE_SECONDS)
    async def home(request: Request) -> None:
        language = language_of(request)
        numbers = await run.io_bound(figures, service, who, language)
        told = [
            await run.io_bound(ask, service, who, example_questions()[place]["query"], language)
            for place in (_CODES, _WHY)
        ]
        with frame(request, "home"):
            _numbers(numbers, language)
            _stories(service, who, language, told=told)
            _box(service, who, language, address=str(request.base_url))


def _numbers(found: Sequence[tuple[str, str]] | None, language: Language) -> None:
    section("numbers", language)
    with ui.grid().classes("w-full grid-cols-2 md:grid-cols-3 lg:grid-cols-6 gap-3"):
        for name, value in found or ():
            with ui.card().classes("items-center gap-1 p-3"):
                ui.label(value).classes("text-xl font-bold text-center")
                ui.label(name).classes("text-sm text-gray-600 text-center")


def _stories(
    service: Service, who: Principal, language: Language, *, told: Sequence[Result | None]
) -> None:
    section("stories", language)
    with ui.grid().classes("w-full grid-cols-1 lg:grid-cols-3 gap-3"):
        for name, found in zip(("codes", "why"), told, strict=True):
            with ui.card().classes("p-3"):
                ui.label(say(name, language)).classes("font-semibold")
                show(found, language, empty=say(f"{name}_empty", language))
        with ui.card().classes("p-3"):
            _lot_story(service, who, language)


def _lot_story(service: Service, who: Principal, language: Language) -> None:
    ui.label(say("lot", language)).classes("font-semibold")
    with service.reading(who.tenant) as snapshot:
        first = next(iter(service.index(snapshot, who.tenant).items()), "")
    box = ui.input(
        say("lot_hint", language),
        value=first.rsplit("/", 1)[-1] if "id.gs1" not in first else first,
    )
    box.classes("w-full")
    place = ui.column().classes("w-full")

    async def go() -> None:
        found = await run.io_bound(affected, service, who, box.value or "", language)
        place.clear()
        with place:
            show(found, language, empty=say("empty", language))

    ui.button(say("lot_run", language), on_click=go)


def _box(service: Service, who: Principal, language: Language, *, address: str) -> None:
    section("ask", language)
    examples = example_questions()
    titles = {place: one[language] for place, one in enumerate(examples)}
    with ui.card().classes("w-full p-3 gap-2"):
        chosen = ui.select(titles, label=say("examples", language), value=0).classes("w-full")
        editor = ui.textarea("SPARQL", value=examples[0]["query"]).classes("w-full font-mono")
        editor.props("autogrow outlined")
        chosen.on_value_change(lambda event: editor.set_value(examples[event.value]["query"]))
        place = ui.column().classes("w-full")

        async def go() -> None:
            found = await run.io_bound(ask, service, who, editor.value or "", language)
            place.clear()
            with place:
                show(found, language, empty=say("empty", language))
                as_code(language, address=address, sparql=editor.value or "")

        ui.button(say("run", language), on_click=go)
