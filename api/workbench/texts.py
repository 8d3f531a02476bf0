"""The page of texts: paste one, see what it names and why, and review what waits in the corpus."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from fastapi import Request
from nicegui import events, run, ui

from qualweave.api.service import Service
from qualweave.api.texts import Judgement, Texts
from qualweave.api.workbench.content import say
from qualweave.api.workbench.frame import PAGES, acted, as_code, frame, hint, section
from qualweave.config import Settings
from qualweave.errors import JsonValue, QualweaveError
from qualweave.iri import Q
from qualweave.mappers.texts.corpus import Text, Verdict
from qualweave.negotiation import Language
from qualweave.principal import Principal, roles_from

_EXAMPLE = {
    "en": "The fridge door does not close properly and rattles; no scratches. The leak has been fixed.",
    "zh": "冰箱门关不严有异响，没有划痕。漏水已解决。",
}
_COLOURS = {
    "present": "background:#fecaca",
    "negated": "background:#e5e7eb;text-decoration:line-through",
    "uncertain": "background:#fef08a",
    "resolved": "background:#bbf7d0",
}
_KINDS = ("part", "place", "severity", "time", "quantity", "identifier")
_DETAILS = {one: f"text_{one}" for one in _KINDS} | {"count": "text_count_of"}
_SHOWN = 20  # texts of the corpus on the page
Json = Mapping[str, JsonValue]


def add_texts(service: Service, settings: Settings) -> None:
    """Put the page of texts."""

    @ui.page(PAGES["texts"])
    async def texts(request: Request) -> None:
        with frame(request, "texts") as language:
            _Reading(service, settings, language).show(str(request.base_url))


def highlighted(text: str, spans: Sequence[Json]) -> str:
    """Return a text as HTML, its spans coloured by what the text says of them; of two on one place the first."""
    made: list[str] = []
    at = 0
    for one in sorted(spans, key=_place):
        start, end = _place(one)
        if start < at:
            continue
        made.append(escape(text[at:start]))
        style = _COLOURS.get(str(one["state"]), "")
        made.append(
            f'<mark style="{style};padding:0 2px;border-radius:3px">{escape(text[start:end])}</mark>'
        )
        at = end
    return f'<div style="white-space:pre-wrap">{"".join([*made, escape(text[at:])])}</div>'


def _place(span: Json) -> tuple[int, int]:
    return int(str(span["start"])), int(str(span["end"]))


class _Reading:
    """The box that takes a text, and the texts that wait."""

    def __init__(self, service: Service, settings: Settings, language: Language) -> None:
        self._service, self._settings, self._language = service, settings, language
        self._name = "reviewer"

    def _texts(self) -> Texts:
        roles = roles_from("engineer,architect" if self._settings.dev else "reader")
        return Texts(self._service, Principal(self._name, roles, tenant=self._settings.tenant))

    def show(self, address: str) -> None:
        language = self._language
        section("text_read", language)
        hint("text_hint", language)
        with ui.card().classes("w-full p-3 gap-2"):
            self._box = ui.textarea(say("text_box", language), value=_EXAMPLE[language])
            self._box.props("autogrow outlined").classes("w-full")
            with ui.row():
                ui.button(say("text_go", language), on_click=self._read)
                if self._settings.dev:
                    keep = ui.button(say("text_keep", language), on_click=self._keep)
                    keep.props("outline")
            self._found = ui.column().classes("w-full gap-2")
            as_code(language, address=address, path="texts")
        section("text_review", language)
        if not self._settings.dev:  # who decides must be known; keys come with a later release
            hint("no_keys", language)
            return
        with ui.row().classes("items-center gap-4"):
            ui.input(say("your_name", language), value=self._name, on_change=self._rename)
            lift = ui.button(say("text_lift", language)).props("outline")
            lift.on_click(lambda: self._do(lambda: self._texts().lift()))
            ui.link(say("text_export", language), "/texts/export?redact=true")
        self._list = ui.column().classes("w-full gap-3")
        self._refresh()

    def _rename(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        self._name = str(event.value or "").strip() or "reviewer"

    async def _read(self) -> None:
        text = self._box.value or ""
        self._found.clear()
        with self._found:
            try:
                told = await run.io_bound(self._texts().read, text)
            except QualweaveError as error:
                ui.label(error.in_language(self._language)).classes("text-red-700")
                return
            if told is None:  # the application stops
                return
            spans = _objects(told["candidates"])
            ui.html(highlighted(text, spans), sanitize=False)
            self._legend()
            for one in spans:
                self._candidate(one)
            for one in _objects(told["offers"]):
                self._offer(text, one)

    def _legend(self) -> None:
        with ui.row().classes("gap-3 text-xs"):
            for state, style in _COLOURS.items():
                ui.label(say(f"text_{state}", self._language)).style(f"{style};padding:0 4px")

    def _candidate(self, one: Json) -> None:
        language = self._language
        viewpoint = one["viewpoint"]
        speaker = str(viewpoint["viewpoint"]) if isinstance(viewpoint, dict) else ""
        parts = [
            f"“{one['words']}” → {_name(one, language)}",
            say(f"text_{one['state']}", language),
            say(f"text_{one['attribute']}", language),
        ]
        if speaker and isinstance(viewpoint, dict):
            parts.append(f"{say(f'text_by_{speaker}', language)} ({self._because(viewpoint)})")
        parts += [
            f"{say(_DETAILS[str(d['kind'])], language)}: {d['words']}"
            for d in _objects(one["details"])
        ]
        ui.label(" · ".join(parts)).classes("text-sm")

    def _because(self, viewpoint: Json) -> str:
        """Return what tells a viewpoint: words of the text, or the name of a class."""
        iri = Q + str(viewpoint["words"])
        if viewpoint["by"] == "concept" and iri in self._service.terms:
            return self._service.terms.name_of(iri, self._language)
        return str(viewpoint["words"])

    def _offer(self, text: str, one: Json) -> None:
        start, end = _place(one)
        near = one["nearest"]
        names = [
            self._service.terms.name_of(str(iri), self._language)
            for iri in (near if isinstance(near, list) else ())
        ]
        if names:
            hint(
                "text_offer", self._language, words=text[start:end].strip(), names=", ".join(names)
            )

    async def _keep(self) -> None:
        await self._do(lambda: self._texts().keep(self._box.value or ""))

    async def _do(self, act: Callable[[], object]) -> None:
        if await acted(act, self._language):
            self._refresh()

    def _refresh(self) -> None:
        texts = self._texts()
        self._list.clear()
        with self._list:
            told = texts.listed(limit=_SHOWN)
            for one in _objects(told["texts"]):
                self._card(one)
            hint(
                "text_count",
                self._language,
                shown=min(_SHOWN, int(str(told["total"]))),
                total=told["total"],
            )

    def _card(self, text: Json) -> None:
        language, identifier = self._language, str(text["id"])
        with ui.card().classes("w-full p-3 gap-1"):
            if text["file"]:
                ui.label(f"{text['file']} · {text['row']}").classes("text-xs text-gray-500")
            spans = _objects(text["spans"])
            ui.html(highlighted(str(text["text"]), spans), sanitize=False)
            for one in spans:
                self._row(identifier, one)
            if text["decisions"]:
                undo = ui.button(say("text_undo", language)).props("flat dense")
                undo.on_click(lambda: self._do(lambda: self._texts().undo(identifier)))

    def _row(self, identifier: str, one: Json) -> None:
        language = self._language
        with ui.row().classes("items-center gap-2"):
            told = f"“{one['words']}” → {_name(one, language)} · {say('text_' + str(one['state']), language)}"
            by = f" ({one['by']})" if one["by"] else ""
            ui.label(f"{told} · {say('text_' + str(one['review']), language)}{by}").classes(
                "text-sm"
            )
            verdicts: tuple[Verdict, ...] = ("accept", "reject")
            for verdict in verdicts:
                button = ui.button(say(f"text_{verdict}", language)).props("outline dense no-caps")
                button.classes("px-2").on_click(
                    lambda verdict=verdict: self._do(lambda: self._decide(identifier, one, verdict))
                )
            box = ui.input(say("text_other", language)).props("dense").classes("w-40")
            box.on(
                "keydown.enter",
                lambda: self._do(
                    lambda: self._decide(identifier, one, "relabel", to=box.value or "")
                ),
            )

    def _decide(self, identifier: str, one: Json, verdict: Verdict, *, to: str = "") -> Text:
        start, end = _place(one)
        given = Judgement(verdict, start, end, str(one["term"]).removeprefix(Q), to=to)
        return self._texts().decide(identifier, given)


def _objects(value: JsonValue) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _name(one: Json, language: Language) -> str:
    name = one["name"]
    return str(name[language]) if isinstance(name, dict) else str(one["term"])
