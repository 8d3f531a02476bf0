"""The page of live sources: state and fields of each as they come, what waits for a person, and why one failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from nicegui import run, ui

from qualweave.api.listening import LiveRequest, LiveSources
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
from qualweave.mappers.lift.batch import segment
from qualweave.mappers.live.address import LiveAddress
from qualweave.mappers.live.rates import FieldNow
from qualweave.mappers.live.spool import UNNAMED
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.readers.live_segment import TIME
from qualweave.mappers.sources import source_id
from qualweave.negotiation import Language
from qualweave.principal import Principal, roles_from

_SECONDS = 3.0  # between looks
_COLOURS = {"running": "positive", "stopped": "grey", "failed": "negative"}
_COUNTS = ("kept", "rows_lifted", "rows_waiting", "rows_quarantined")
_COLUMNS = (
    "channel",
    "field",
    "unit",
    "per_second",
    "kept_as",
    "last_value",
    "taken_at",
    "meaning",
)


def add_live(service: Service, settings: Settings, live: LiveSources, reader: Principal) -> None:
    """Put the page of live sources."""

    @ui.page(PAGES["live"], response_timeout=RESPONSE_SECONDS)
    async def page(request: Request) -> None:
        with frame(request, "live") as language:
            desk = _Desk(service, settings, live, reader=reader, language=language)
            await desk.show(str(request.base_url))


@dataclass(frozen=True)
class LiveNow:
    """A source as the page shows it.

    Attributes:
        told: Name, address, status and state, as `LiveSources.told` has them.
        fields: Its fields.
        documents: Mapping of each channel that has one, by channel.
    """

    told: Mapping[str, Any]
    fields: Sequence[FieldNow]
    documents: Mapping[str, MappingDocument]

    @property
    def waiting(self) -> int:
        """How many fields wait for a person."""
        waits = (Decision.ASKED, Decision.REQUESTED)
        return sum(len(one.having(*waits)) for one in self.documents.values())


def read_live(service: Service, live: LiveSources, principal: Principal) -> list[LiveNow]:
    """Return the sources of a tenant as they stand."""
    known = {one.source: one for one in service.desk(principal).library.documents()}
    found = []
    for told in live.known(principal):
        name = str(told["name"])
        fields = live.fields(name, principal)
        sources = {one.channel: source_id(f"{name}/{segment(one.channel)}_0000") for one in fields}
        documents = {
            channel: known[source] for channel, source in sources.items() if source in known
        }
        found.append(LiveNow(told, fields, documents))
    return found


def fields_of(now: LiveNow, language: Language) -> Result:
    """Return one row a field: how fast it comes, as what it is kept, its newest value and its meaning."""
    rows = []
    for one in now.fields:
        context = ", ".join(f"{key} {value}" for key, value in one.context)
        rows.append(
            {
                "channel": one.channel,
                "field": f"{one.name} ({context})" if context else one.name,
                "unit": one.unit,
                "per_second": f"{one.rate:.3g}" if one.rate else "",
                "kept_as": say("live_series" if one.at_rate else "live_events", language),
                "last_value": "" if one.value is None else one.value,
                "taken_at": one.at[:19].replace("T", " "),
                "meaning": _meaning(now.documents.get(one.channel), one.name, language),
            }
        )
    used = [one for one in _COLUMNS if one != "unit" or any(row["unit"] for row in rows)]
    return Result(tuple(used), tuple(rows))


def _meaning(document: MappingDocument | None, name: str, language: Language) -> str:
    column = document.column(name) if document else None
    if column is None or name == TIME:
        return ""
    if column.decision is Decision.ACCEPTED:
        return column.term
    ignored = column.decision is Decision.IGNORED
    return say("live_ignored" if ignored else "live_waits", language)


class _Desk:
    """The sources, and the hands to start and stop them where the caller may be believed."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        live: LiveSources,
        *,
        reader: Principal,
        language: Language,
    ) -> None:
        self._service, self._live, self._reader, self._language = service, live, reader, language
        self._may, self._tenant = settings.dev, settings.tenant
        self._seen: list[LiveNow] | None = None

    def _who(self) -> Principal:
        return Principal(id="engineer", roles=roles_from("engineer"), tenant=self._tenant)

    async def show(self, address: str) -> None:
        section("live_sources", self._language)
        hint("live_hint", self._language)
        self._list = ui.column().classes("w-full gap-3")
        with self._list:
            ui.spinner()
        section("live_new", self._language)
        if self._may:
            self._form()
        else:
            hint("no_keys", self._language)
        as_code(self._language, address=address, path="sources/live")
        await self._refresh()
        ui.timer(_SECONDS, self._refresh)

    def _form(self) -> None:
        language = self._language
        with ui.card().classes("w-full p-3 gap-2"):
            with ui.row().classes("w-full gap-4"):
                self._name = ui.input(say("live_name", language), value=UNNAMED).classes("w-40")
                self._url = ui.input(
                    say("live_address", language), placeholder="mqtt://broker:1883"
                ).classes("w-72 max-w-full")
                self._topics = ui.input(
                    say("live_topics", language), placeholder="plant/{lineIdentifier}/#"
                ).classes("w-72 max-w-full")
                self._below = ui.input(say("live_below", language)).classes("w-48")
            hint("live_form_hint", language)
            ui.button(say("live_start", language), on_click=self._start)

    async def _start(self) -> None:
        topics = tuple(one.strip() for one in (self._topics.value or "").split(",") if one.strip())
        address = LiveAddress((self._url.value or "").strip(), topics, self._below.value or "")
        request = LiveRequest(address, (self._name.value or "").strip())
        await self._do(lambda: self._live.start(request, self._who()))

    async def _do(self, act: Callable[[], object]) -> None:
        if await acted(act, self._language):
            await self._refresh()

    async def _refresh(self) -> None:
        found = await run.io_bound(read_live, self._service, self._live, self._reader)
        if found is None or found == self._seen:  # the service is going down, or nothing is new
            return
        self._seen = found
        self._list.clear()
        with self._list:
            for one in found:
                self._card(one)
            if not found:
                hint("live_none", self._language)

    def _card(self, now: LiveNow) -> None:
        language, told = self._language, now.told
        state, name = told["state"], str(told["name"])
        with ui.card().classes("w-full p-3 gap-2"):
            with ui.row().classes("w-full items-center gap-3"):
                ui.label(name).classes("font-semibold")
                status = str(told["status"])
                ui.badge(say(f"live_{status}", language), color=_COLOURS[status])
                ui.label(told["address"]["url"]).classes("text-sm text-gray-600 break-all")
                ui.space()
                self._hands(name, status)
            counts = {one: state[one] for one in _COUNTS}
            ui.label(say("live_counts", language, **counts)).classes("text-sm")
            error = state["error_zh" if language == "zh" else "error"]
            if error:
                ui.label(error).classes("text-sm text-red-700 break-words")
            if now.waiting:
                told_waiting = say("live_waiting", language, count=now.waiting)
                ui.link(told_waiting, f"{PAGES['engineer']}?lang={language}").classes("text-sm")
            with ui.element("div").classes("w-full overflow-x-auto"):
                show(fields_of(now, language), language, empty=say("live_no_fields", language))

    def _hands(self, name: str, status: str) -> None:
        if not self._may:
            return
        who, language = self._who(), self._language
        acts: dict[str, Callable[[], object]] = {
            "live_stop": lambda: self._live.stop(name, who),
            "live_again": lambda: self._live.start_again(name, who),
            "live_remove": lambda: self._live.remove(name, who),
        }
        for word, act in acts.items():
            if word != ("live_again" if status == "running" else "live_stop"):
                button = ui.button(say(word, language)).props("outline dense no-caps")
                button.classes("px-2").on_click(lambda act=act: self._do(act))
