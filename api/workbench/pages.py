"""The first page of the workbench: six numbers, three stories, and a box to ask the graph."""

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import FastAPI, Request
from nicegui import run, ui

from qualweave.api.service import Service
from qualweave.api.workbench.content import (
    Language,
    Result,
    affected,
    ask,
    example_questions,
    figures,
    heading,
    say,
)
from qualweave.config import Settings
from qualweave.principal import Principal

_SECONDS = 20.0  # the first visit after a commit counts the fields anew
_CODES, _WHY = 0, 4  # places of the example questions that two of the stories ask


def mount(app: FastAPI, service: Service, settings: Settings) -> None:
    """Put the workbench on an application, at ``/``."""
    who = Principal(id="workbench", roles=frozenset({"reader"}), tenant=settings.tenant)

    @ui.page("/", response_timeout=_SECONDS)
    async def home(request: Request) -> None:
        language: Language = "zh" if request.query_params.get("lang") == "zh" else "en"
        ui.page_title(say("title", language))
        ui.query("body").style("background: #f4f6f8")
        numbers = await run.io_bound(figures, service, who, language)
        told = [
            await run.io_bound(ask, service, who, example_questions()[place]["query"], language)
            for place in (_CODES, _WHY)
        ]
        with ui.column().classes("w-full max-w-6xl mx-auto p-4 gap-6"):
            _head(language)
            _numbers(numbers, language)
            _stories(service, who, language, told=told)
            _box(service, who, language, address=str(request.base_url))

    ui.run_with(app, title="Qualweave", show_welcome_message=False)


def _head(language: Language) -> None:
    other = "en" if language == "zh" else "zh"
    with ui.row().classes("w-full items-center justify-between"):
        with ui.column().classes("gap-0"):
            ui.label(say("title", language)).classes("text-2xl font-bold")
            ui.label(say("tagline", language)).classes("text-gray-600")
        with ui.row().classes("items-center gap-4"):
            ui.link(say("openapi", language), "/openapi.json")
            ui.link(say("other_language", language), f"/?lang={other}")


def _numbers(found: Sequence[tuple[str, str]] | None, language: Language) -> None:
    ui.label(say("numbers", language)).classes("text-lg font-semibold")
    with ui.grid().classes("w-full grid-cols-2 md:grid-cols-3 lg:grid-cols-6 gap-3"):
        for name, value in found or ():
            with ui.card().classes("items-center gap-1 p-3"):
                ui.label(value).classes("text-xl font-bold text-center")
                ui.label(name).classes("text-sm text-gray-600 text-center")


def _stories(
    service: Service, who: Principal, language: Language, *, told: Sequence[Result | None]
) -> None:
    ui.label(say("stories", language)).classes("text-lg font-semibold")
    with ui.grid().classes("w-full grid-cols-1 lg:grid-cols-3 gap-3"):
        for name, found in zip(("codes", "why"), told, strict=True):
            with ui.card().classes("p-3"):
                ui.label(say(name, language)).classes("font-semibold")
                _show(found, language, empty=say(f"{name}_empty", language))
        with ui.card().classes("p-3"):
            _lot_story(service, who, language)


def _lot_story(service: Service, who: Principal, language: Language) -> None:
    ui.label(say("lot", language)).classes("font-semibold")
    with service.store.snapshot() as snapshot:
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
            _show(found, language, empty=say("empty", language))

    ui.button(say("lot_run", language), on_click=go)


def _box(service: Service, who: Principal, language: Language, *, address: str) -> None:
    ui.label(say("ask", language)).classes("text-lg font-semibold")
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
                _show(found, language, empty=say("empty", language))
                with ui.expansion(say("as_curl", language)).classes("w-full"):
                    ui.code(f"curl '{address}sparql?query={quote(editor.value or '')}'").classes(
                        "w-full"
                    )

        ui.button(say("run", language), on_click=go)


def _show(found: Result | None, language: Language, *, empty: str) -> None:
    """Show a result as a table, with its problem or note above it."""
    if found is None:
        return
    if found.problem:
        ui.label(found.problem).classes("text-sm text-gray-700")
    if not found.rows:
        if not found.problem:
            ui.label(empty).classes("text-sm text-gray-600")
        return
    columns = [
        {
            "name": one,
            "label": heading(one, language),
            "field": one,
            "align": "left",
            "sortable": True,
        }
        for one in found.columns
    ]
    rows = [{"key": place, **row} for place, row in enumerate(found.rows)]
    pages = 10 if len(rows) > 10 else None  # noqa: PLR2004 - a page of the table
    ui.table(columns=columns, rows=rows, row_key="key", pagination=pages).classes("w-full").props(
        "dense flat wrap-cells"
    )
    if found.seconds:
        ui.label(
            say("rows", language, count=len(found.rows), milliseconds=1000 * found.seconds)
        ).classes("text-xs text-gray-500")
