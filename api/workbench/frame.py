"""What every page of the workbench shares: language, head, navigation, tables, errors with their next step."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from qualweave.api.workbench.content import Result, heading, say
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "home": "/",
        "analyst": "/pages/questions",
        "engineer": "/pages/sources",
        "live": "/pages/live",
        "architect": "/pages/ontology",
        "floor": "/pages/floor",
        "texts": "/pages/texts",
        "models": "/pages/programs",
    }
)
RESPONSE_SECONDS = 20.0  # the first visit after a commit counts the fields anew
_PAGE_ROWS = 10


def language_of(request: Request) -> Language:
    """Return the language that a page is asked in."""
    return "zh" if request.query_params.get("lang") == "zh" else "en"


@contextmanager
def frame(request: Request, name: str) -> Iterator[Language]:
    """Put the head and navigation of a page, and its content into one column."""
    language = language_of(request)
    other = "en" if language == "zh" else "zh"
    ui.page_title(say("title", language))
    ui.query("body").style("background: #f4f6f8")
    with ui.column().classes("w-full max-w-6xl mx-auto p-4 gap-6"):
        with ui.row().classes("w-full items-center justify-between"):
            with ui.column().classes("gap-0"):
                ui.label(say("title", language)).classes("text-2xl font-bold")
                ui.label(say("tagline", language)).classes("text-gray-600")
            with ui.row().classes("items-center gap-4"):
                ui.link(say("openapi", language), "/openapi.json")
                ui.link(say("other_language", language), f"{PAGES[name]}?lang={other}")
        with ui.row().classes("w-full gap-6 border-b border-gray-300 pb-1"):
            for page, path in PAGES.items():
                link = ui.link(say(f"page_{page}", language), f"{path}?lang={language}")
                link.classes("no-underline " + ("font-bold" if page == name else "text-gray-700"))
        yield language


def section(name: str, language: Language) -> None:
    """Put the heading of a section."""
    ui.label(say(name, language)).classes("text-lg font-semibold")


def hint(name: str, language: Language, **facts: object) -> None:
    """Put a sentence that explains."""
    ui.label(say(name, language, **facts)).classes("text-sm text-gray-600")


def show(found: Result | None, language: Language, *, empty: str) -> None:
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
    pages = _PAGE_ROWS if len(rows) > _PAGE_ROWS else None
    table = ui.table(columns=columns, rows=rows, row_key="key", pagination=pages)
    table.classes("w-full").props("dense flat wrap-cells")
    if found.seconds:
        told = say("rows", language, count=len(found.rows), milliseconds=1000 * found.seconds)
        ui.label(told).classes("text-xs text-gray-500")


async def acted(act: Callable[[], object], language: Language) -> bool:
    """Do something beside the page; tell that it is done, or what was wrong and the next step."""
    waiting = ui.notification(say("working", language), spinner=True, timeout=None)
    try:
        await run.io_bound(act)
    except QualweaveError as error:
        told = error.in_language(language)
        ui.notify(told, type="negative", multi_line=True, timeout=0, close_button=True)
        return False
    finally:
        waiting.dismiss()
    ui.notify(say("done", language), type="positive")
    return True


def as_code(language: Language, *, address: str, sparql: str = "", path: str = "") -> None:
    """Offer what was asked as SPARQL, as the address of its JSON and as curl."""
    url = f"{address}{path.removeprefix('/')}" if path else f"{address}sparql?query={quote(sparql)}"
    with ui.expansion(say("as_code", language)).classes("w-full"):
        if sparql:
            ui.code(sparql, language="sparql").classes("w-full")
        ui.link("JSON", url, new_tab=True)
        ui.code(f"curl '{url}'").classes("w-full")
