"""The architect's page: look a term up, propose an edited module, decide requests, see the releases."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi import Request
from nicegui import events, ui

from qualweave.api.governing import Governing
from qualweave.api.service import Service
from qualweave.api.workbench.content import Result, say
from qualweave.api.workbench.frame import PAGES, acted, as_code, frame, hint, section, show
from qualweave.change_request import ChangeRequest
from qualweave.config import Settings
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language
from qualweave.principal import SEATS, Principal, Seat, roles_from


def add_architect(service: Service, settings: Settings) -> None:
    """Put the page of the ontology."""

    @ui.page(PAGES["architect"])
    async def ontology(request: Request) -> None:
        with frame(request, "architect") as language:
            _look_up(service, language)
            if not settings.dev:  # who decides must be known; keys come with a later release
                hint("no_keys", language)
                return
            desk = _Desk(service, settings, language)
            desk.show(str(request.base_url))


def _look_up(service: Service, language: Language) -> None:
    section("look_up", language)
    with ui.card().classes("w-full p-3"):
        box = ui.input(say("term_hint", language)).classes("w-full")
        place = ui.column().classes("w-full")
        index = ui.link(
            say("all_terms", language), f"/ontology/pages?lang={language}", new_tab=True
        )

        def go() -> None:
            name = box.value or ""
            place.clear()
            with place:
                found = described(service, name, language)
                show(found, language, empty="")
                if not found.problem:
                    page = f"/ontology/pages/{quote(name, safe='')}?lang={language}"
                    ui.link(say("whole_page", language), page, new_tab=True)
            index.set_visibility(not name)

        box.on("keydown.enter", go)
        ui.button(say("search", language), on_click=go)


def described(service: Service, name: str, language: Language) -> Result:
    """Return what the ontology says of a term, found by any of its names."""
    try:
        term = service.terms.named(name)
    except QualweaveError as error:
        near = error.data.get("nearest", error.data.get("candidates", []))
        rows = tuple(
            {"property": "?", "value": f"{service.terms.name_of(str(one), language)}  {one}"}
            for one in (near if isinstance(near, list) else [])
        )
        return Result(("property", "value"), rows, problem=error.in_language(language))
    parents = ", ".join(
        service.terms.name_of(one, language) for one in term.parents if one in service.terms
    )
    told = {
        "IRI": term.iri,
        say("label", language): " / ".join(
            word for words in term.labels.values() for word in words
        ),
        say("other_names", language): ", ".join(
            word for words in term.alt_labels.values() for word in words
        ),
        say("definition", language): " / ".join(
            word for words in term.definitions.values() for word in words
        ),
        say("parents", language): parents,
    }
    rows = tuple({"property": name, "value": value} for name, value in told.items() if value)
    return Result(("property", "value"), rows)


class _Desk:
    """The part of the page that proposes and decides."""

    def __init__(self, service: Service, settings: Settings, language: Language) -> None:
        self._service, self._settings, self._language = service, settings, language
        self._name, self._seat = "architect", SEATS[0]

    def _governing(self) -> Governing:
        roles = roles_from("engineer,architect")
        who = Principal(
            id=self._name,
            roles=roles,
            tenant=self._settings.tenant,
            seats=frozenset({self._seat}),
        )
        return Governing(self._service, who)

    def show(self, address: str) -> None:
        language = self._language
        section("propose", language)
        with ui.card().classes("w-full p-3 gap-2"):
            with ui.row().classes("gap-4"):
                ui.input(say("your_name", language), value=self._name, on_change=self._rename)
                seats = {one: say(f"seat_{one}", language) for one in SEATS}
                ui.select(
                    seats, label=say("your_seat", language), value=self._seat, on_change=self._sit
                ).classes("w-64")
            hint("propose_hint", language)
            ui.upload(
                label=say("choose_turtle", language), on_upload=self._propose, auto_upload=True
            ).props("accept=.ttl flat bordered").classes("w-full")
        section("open_requests", language)
        self._list = ui.column().classes("w-full gap-3")
        section("releases", language)
        self._releases = ui.column().classes("w-full")
        as_code(language, address=address, path="ontology/change-requests")
        self._refresh()

    def _rename(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        self._name = str(event.value or "").strip() or "architect"

    def _sit(self, event: events.ValueChangeEventArguments[Seat | None]) -> None:
        self._seat = event.value or SEATS[0]

    async def _propose(self, event: events.UploadEventArguments) -> None:
        text = (await event.file.read()).decode("utf-8", errors="replace")
        await self._do(lambda: self._governing().propose(text))

    async def _do(self, act: Callable[[], object]) -> None:
        if await acted(act, self._language):
            self._refresh()

    def _refresh(self) -> None:
        language, governing = self._language, self._governing()
        self._list.clear()
        with self._list:
            found = governing.requests()
            for one in found:
                self._card(one)
            if not found:
                hint("no_requests", language)
        self._releases.clear()
        with self._releases:
            rows = tuple(
                {
                    "version": str(one["version"]),
                    "state": say(f"state_{one['state']}", language),
                    "graph": str(one["graph"]),
                }
                for one in governing.releases()
                if isinstance(one, dict)
            )
            show(Result(("version", "state", "graph"), rows), language, empty="")

    def _card(self, request: ChangeRequest) -> None:
        language = self._language
        with ui.card().classes("w-full p-3 gap-1"):
            ui.label(f"{request.id} · {request.submitted_by}").classes("text-sm text-gray-600")
            ui.label(request.statement[language])
            findings = request.proposal.get("findings")
            for one in findings if isinstance(findings, list) else ():
                if isinstance(one, dict):
                    ui.label(f"⚠ {one['term']}: {one[language]}").classes("text-sm text-red-700")
            reach = request.proposal.get("impact_zh" if language == "zh" else "impact_en")
            if reach:
                ui.label(say("reaches", language, uses=reach)).classes("text-sm")
            ballot = self._governing().ballot(request)
            told = ballot.reason_zh if language == "zh" else ballot.reason
            ui.label(say("ballot", language, standing=told)).classes("text-sm")
            reason = ui.input(say("reason", language)).classes("w-full")
            acts: dict[str, Callable[[Governing, str], object]] = {
                "vote_yes": lambda by, why: by.vote(request.id, "yes", seat=self._seat, reason=why),
                "vote_no": lambda by, why: by.vote(request.id, "no", seat=self._seat, reason=why),
                "accept": lambda by, why: by.accept(request.id, why),
                "refuse": lambda by, why: by.refuse(request.id, why),
            }
            with ui.row():
                for name, act in acts.items():
                    button = ui.button(say(name, language)).props("outline")
                    button.on_click(
                        lambda act=act: self._do(lambda: act(self._governing(), reason.value or ""))
                    )
