"""What a trace can rest on: links of lost tags, and how heavily a class is traced."""

from collections.abc import Callable, Mapping, Sequence

from nicegui import run, ui

from qualweave.api.rebinding import Rebinder
from qualweave.api.service import Service
from qualweave.api.trace_policies import TracePolicies
from qualweave.api.workbench.content import Result, say, term_label
from qualweave.api.workbench.frame import as_code, hint, section, show
from qualweave.errors import JsonValue, QualweaveError
from qualweave.iri import Q, local_name
from qualweave.negotiation import Language
from qualweave.principal import Principal
from qualweave.reasoning.trace.policy import TraceWeight


class Chain:
    """The sections of lost tags and of trace policies.

    Args:
        service: What is asked.
        reader: Who looks.
        decider: Who infers and switches; None where nobody is known who may.
        language: Of the page.
        address: Of the service, for the code that is offered.
    """

    def __init__(
        self,
        service: Service,
        reader: Principal,
        *,
        decider: Principal | None,
        language: Language,
        address: str,
    ) -> None:
        self._service, self._reader, self._decider = service, reader, decider
        self._language, self._address = language, address

    def show(self) -> None:
        """Put both sections."""
        language = self._language
        section("lost_tags", language)
        hint("lost_tags_hint", language)
        with ui.card().classes("w-full p-3 gap-2"):
            self._tags = ui.column().classes("w-full")
            if self._decider is not None:
                ui.button(say("infer", language), on_click=lambda: self._do(self._infer))
            as_code(language, address=self._address, path="rebinding")
        section("weights", language)
        hint("weights_hint", language)
        with ui.card().classes("w-full p-3 gap-2"):
            self._weights = ui.column().classes("w-full")
            if self._decider is not None:
                self._switch()
            as_code(language, address=self._address, path="trace-policies")
        self._refresh()

    def _switch(self) -> None:
        language, terms = self._language, self._service.terms
        classes = {
            one.iri: terms.name_of(one.iri, language)
            for one in self._service.templates.classes()
            if Q + "PhysicalObject" in terms.ancestors(one.iri)
        }
        with ui.row().classes("items-end gap-4"):
            chosen = ui.select(classes, label=say("class", language), with_input=True)
            chosen.classes("w-80 max-w-full")
            for name in ("heavy", "light", "none"):
                button = ui.button(say(f"weigh_{name}", language))
                button.props("outline").on_click(
                    lambda name=name: self._do(lambda: self._weigh(str(chosen.value or ""), name))
                )

    async def _do(self, act: Callable[[], object]) -> None:
        language = self._language
        try:
            await run.io_bound(act)
        except QualweaveError as error:
            ui.notify(error.in_language(language), type="negative", multi_line=True)
            return
        ui.notify(say("done", language), type="positive")
        self._refresh()

    def _infer(self) -> None:
        if self._decider is not None:
            Rebinder(self._service, self._decider).run()

    def _weigh(self, name: str, weight: str) -> None:
        weights: Mapping[str, TraceWeight | None] = {"heavy": "heavy", "light": "light"}
        if self._decider is not None:
            TracePolicies(self._service, self._decider).switch(name, weights.get(weight))

    def _refresh(self) -> None:
        language = self._language
        told = Rebinder(self._service, self._reader).published()
        self._tags.clear()
        with self._tags:
            show(links_of(told), language, empty=say("no_links", language))
            show(slots_of(told, language), language, empty="")
        self._weights.clear()
        with self._weights:
            known = TracePolicies(self._service, self._reader).known()
            rows = tuple(
                {
                    "class": term_label(self._service, local_name(one.of_class), language),
                    "weight": say(f"weigh_{one.weight}", language),
                }
                for one in known
            )
            show(Result(("class", "weight"), rows), language, empty=say("no_weights", language))


def links_of(told: Mapping[str, JsonValue]) -> Result:
    """Return the inferred links of a re-binding as rows, the surest first."""
    rows = [
        {
            "item": local_name(str(one["child"])),
            "input": local_name(str(one["parent"])),
            "confidence": f"{float(str(one['confidence'])):.2f}",
        }
        for one in _each(told["links"])
    ]
    rows.sort(key=lambda row: row["confidence"], reverse=True)
    return Result(("item", "input", "confidence"), tuple(rows))


def slots_of(told: Mapping[str, JsonValue], language: Language) -> Result:
    """Return the slots of a re-binding that stay open as rows, each with its reason."""
    rows = tuple(
        {"item": local_name(str(one["item"])), "reason": str(_texts(one["reason"])[language])}
        for one in _each(told["open_slots"])
    )
    return Result(("item", "reason"), rows)


def _each(value: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}
