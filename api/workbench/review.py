"""The queue on the page *Sources*: a card a family, what a decision would touch, and the decisions with their undo."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nicegui import run, ui

from qualweave.api.reviewing import Reviewing, Verb, Wanted
from qualweave.api.service import Service
from qualweave.api.workbench.content import say
from qualweave.api.workbench.frame import acted, hint
from qualweave.errors import QualweaveError
from qualweave.evidence import Evidence
from qualweave.iri import expand
from qualweave.mappers.review.draft import TermDraft, filled_in
from qualweave.mappers.review.queue import Waiting
from qualweave.mappers.review.record import Review
from qualweave.negotiation import Language
from qualweave.principal import Principal

_CHOICES, _SAMPLES, _PLACES, _LOGGED, _CHANGES = 3, 6, 4, 10, 5
_DRAFTED = (
    "name", "label_en", "label_zh", "definition_en", "definition_zh", "example_en", "example_zh",
    "parent", "unit",
)  # fmt: skip
Refresh = Callable[[], Awaitable[None]]


def families(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    """Return the questions by family, in the order of the queue."""
    found: dict[str, list[Waiting]] = {}
    for one in waiting:
        found.setdefault(one.family, []).append(one)
    return list(found.values())


def offered(
    one: Waiting, name: Callable[[str], str], *, most: int = _CHOICES
) -> list[tuple[str, str]]:
    """Return the terms that come into question and what their buttons say: the name, and how likely it is."""
    found = []
    for rival in one.candidates[:most] if one.kind != "new_term" else ():
        share = f" ({100 * rival.probability:.0f} %)" if rival.probability else ""
        found.append((rival.term, name(rival.term) + share))
    return found


def strongest(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence that weighs most."""
    return sorted(evidence, key=lambda one: -abs(one.weight))[:_CHOICES]


class ReviewCards:
    """Cards of questions and the log of decisions, for whoever is named at the moment."""

    def __init__(
        self,
        service: Service,
        language: Language,
        *,
        who: Callable[[], Principal],
        may: bool,
        refresh: Refresh,
    ) -> None:
        self._service, self._language = service, language
        self._who, self._may, self._refresh = who, may, refresh

    def _reviewing(self) -> Reviewing:
        return Reviewing(self._service, self._who())

    def card(self, some: Sequence[Waiting]) -> None:
        """Put the card of a family."""
        language, first = self._language, some[0]
        request = first.question.request
        with ui.card().classes("w-full p-3 gap-1"):
            ui.label(self._place(some)).classes("text-sm text-gray-600 break-all")
            ui.label(first.statement[language]).classes("font-semibold")
            if request.samples:
                values = f"{' | '.join(request.samples[:_SAMPLES])} {first.unit}".strip()
                ui.label(say("samples", language, values=values)).classes("text-sm break-all")
            if first.kind == "new_term" and first.candidates:
                rival = first.candidates[0]
                share = f"{100 * rival.probability:.0f} %"
                hint("nearest_term", language, term=self._name(rival.term), share=share)
            for evidence in strongest(first.evidence):
                ui.label(f"– {evidence.in_language(language)}").classes("text-sm text-gray-700")
            for note in first.handovers:
                told = say("handed_on", language, by=note.by, to=note.to or "*", reason=note.reason)
                ui.label(told).classes("text-sm text-indigo-800")
            if first.linked:
                hint("waits_for_term", language, request=first.linked)
            if self._may:
                self._actions(some)

    def _place(self, some: Sequence[Waiting]) -> str:
        first = some[0].question
        places = list(dict.fromkeys(one.question.source for one in some))
        shown = ", ".join(places[:_PLACES]) + (" …" if len(places) > _PLACES else "")
        words = [first.column, first.text, shown]
        if len(some) > 1:
            words.append(say("family", self._language, count=len(some)))
        else:
            words.append(first.id)
        return " · ".join(one for one in words if one)

    def _actions(self, some: Sequence[Waiting]) -> None:
        language = self._language

        async def choose(term: str) -> None:
            best = some[0].candidates[0].term if some[0].candidates else ""
            first = term == best and some[0].kind != "new_term"
            action: Verb = "accept" if first else "choose"
            await self._decide(some, action, term=term, reason=reason.value or "")

        with ui.row().classes("w-full gap-2 items-center"):
            for term, text in offered(some[0], self._name):
                button = ui.button(text).props("outline no-caps")
                button.on_click(partial(choose, term))
        with ui.row().classes("w-full gap-2 items-center"):
            other = ui.input(say("another_term", language)).classes("grow")
            use = ui.button(say("use_it", language)).props("outline no-caps")
            use.on_click(lambda: choose(other.value or ""))
        with ui.row().classes("w-full gap-2 items-center"):
            reason = ui.input(say("reason", language)).classes("grow")
            to = ui.input(say("ask_whom", language)).classes("w-40")
            ui.button(
                say("ask_them", language),
                on_click=lambda: self._decide(
                    some, "ask", to=to.value or "", reason=reason.value or ""
                ),
            ).props("flat no-caps")
            ui.button(say("new_term", language), on_click=lambda: self._draft(some)).props(
                "flat no-caps"
            )
            ui.button(
                say("none_of_ours", language),
                on_click=lambda: self._decide(some, "reject", reason=reason.value or ""),
            ).props("flat no-caps")

    def _name(self, term: str) -> str:
        terms, iri = self._service.terms, expand(term)
        return terms.name_of(iri, self._language) if iri in terms else term

    async def _decide(
        self,
        some: Sequence[Waiting],
        action: Verb,
        *,
        term: str = "",
        to: str = "",
        reason: str = "",
    ) -> None:
        """Decide a family; what it touches, and values that the term cannot read, are shown and confirmed first."""
        ids = tuple(one.question.id for one in some)
        wanted = Wanted(action, ids, term=term, to=to, reason=reason)
        several = len(some) > 1
        if action in ("accept", "choose") or (several and action != "ask"):
            if not await self._confirmed(wanted, several=several):
                return
            wanted = replace(wanted, force=True)
        await self._do(lambda: self._reviewing().decide(wanted))

    async def _do(self, act: Callable[[], Mapping[str, Any]]) -> None:
        found: list[Mapping[str, Any]] = []
        if await acted(lambda: found.append(act()), self._language):
            await self._refresh()
            changes = found[0].get("changes", ())
            if changes:
                ui.notify(say("changed_others", self._language, count=len(changes)))

    async def _confirmed(self, wanted: Wanted, *, several: bool) -> bool:
        """Show what a decision touches and wait for a yes; one question whose values fit needs none."""
        language = self._language
        try:
            told = await run.io_bound(self._reviewing().preview, wanted)
        except QualweaveError as error:
            _refused(error, language)
            return False
        if told is None:  # the service is going down
            return False
        poor = [one["statement"][language] for one in _listed(told["unreadable"])]
        if not several and not poor:
            return True
        files = [one for one in _listed(told["files"]) if isinstance(one, dict)]
        count = len(_listed(told["questions"]))
        go_on = (
            say("decide_all", language, count=count) if several else say("decide_anyway", language)
        )
        with ui.dialog() as dialog, ui.card().classes("gap-2"):
            counts = {"questions": count, "files": len(files), "rows": told["rows"]}
            ui.label(say("would_touch", language, **counts)).classes("font-semibold")
            for sentence in poor[:_LOGGED]:
                ui.label(sentence).classes("text-sm text-red-700 break-words")
            for one in files[:_LOGGED]:
                ui.label(f"{one['file']}: {one['rows']}").classes("text-sm break-all")
            with ui.row():
                ui.button(
                    go_on,
                    on_click=lambda: dialog.submit(True),  # noqa: FBT003 - what the dialog gives back
                ).props("no-caps")
                ui.button(say("cancel", language), on_click=dialog.close).props("flat no-caps")
        return bool(await dialog)

    def _draft(self, some: Sequence[Waiting]) -> None:
        """Show the term that would be proposed, filled in from the field."""
        language, draft = self._language, filled_in(some)
        with ui.dialog() as dialog, ui.card().classes("w-full gap-1"):
            ui.label(say("new_term", language)).classes("font-semibold")
            hint("new_term_hint", language)
            boxes = {
                name: ui.input(say(f"draft_{name}", language), value=str(getattr(draft, name)))
                .classes("w-full")
                .props("dense")
                for name in _DRAFTED
            }

            async def propose() -> None:
                dialog.close()
                given = TermDraft(**{name: str(box.value or "") for name, box in boxes.items()})
                ids = tuple(one.question.id for one in some)
                wanted = Wanted("new_term", ids, draft=given)
                await self._do(lambda: self._reviewing().decide(wanted))

            with ui.row():
                ui.button(say("propose", language), on_click=propose).props("no-caps")
                ui.button(say("cancel", language), on_click=dialog.close).props("flat no-caps")
        dialog.open()

    def log(self, reviews: Sequence[Review], gone: Mapping[str, Review]) -> None:
        """Put the newest decisions, each with what it changed of others and its undo."""
        language = self._language
        for one in reviews[:_LOGGED]:
            undone_by = gone.get(one.id)
            with ui.row().classes("w-full items-center gap-2"):
                text = f"{one.at.isoformat()[:16]}  {one.statement()[language]}"
                ui.label(text).classes(
                    "text-sm grow break-all" + (" line-through" if undone_by else "")
                )
                if undone_by is None and self._may and one.action not in ("undo", "rerun"):
                    ui.button(say("undo", language), on_click=partial(self._undo, one)).props(
                        "flat dense no-caps"
                    )
            for change in one.changes[:_CHANGES]:
                said = change["statement"]
                if isinstance(said, dict):
                    ui.label(f"– {change['source']}: {said[language]}").classes(
                        "text-sm text-gray-600 pl-6 break-all"
                    )
            if len(one.changes) > _CHANGES:
                hint("more_changes", language, count=len(one.changes) - _CHANGES)
        if not reviews:
            hint("no_decisions", language)

    def _undo(self, review: Review) -> None:
        language = self._language
        with ui.dialog() as dialog, ui.card().classes("gap-2"):
            ui.label(review.statement()[language]).classes("font-semibold break-all")
            hint("undo_hint", language)
            reason = ui.input(say("reason", language)).classes("w-full")

            async def take_back() -> None:
                dialog.close()
                await self._do(lambda: self._reviewing().undo(review.id, reason.value or ""))

            with ui.row():
                ui.button(say("undo", language), on_click=take_back).props("no-caps")
                ui.button(say("cancel", language), on_click=dialog.close).props("flat no-caps")
        dialog.open()


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _refused(error: QualweaveError, language: Language) -> None:
    told = error.in_language(language)
    ui.notify(told, type="negative", multi_line=True, timeout=0, close_button=True)
