"""Asking in words: which question was understood, with which parameters, and its rows, or the nearest three."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from nicegui import run, ui

from qualweave.api.questioning import Asked, ask_question
from qualweave.api.service import Service
from qualweave.api.workbench.content import say, table_of, term_label
from qualweave.api.workbench.frame import as_code, show
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language
from qualweave.principal import Principal

_SLOT = re.compile(r"\{(\w+)\}")
_NO_VALUES: Mapping[str, str] = MappingProxyType({})


class InWords:
    """A box for a sentence, the catalogue beside it, and the answer with parameters that can be changed.

    Args:
        service: What is asked.
        who: Who asks.
        language: Of the page.
        address: Of the service, for the code that is offered.
    """

    def __init__(self, service: Service, who: Principal, language: Language, address: str) -> None:
        self._service, self._who, self._language, self._address = service, who, language, address

    def show(self) -> None:
        """Put box, catalogue and an empty answer."""
        language = self._language
        catalogue = {one.id: one.words[language] for one in self._service.asker.catalogue}
        with ui.card().classes("w-full p-3 gap-2"):
            with ui.row().classes("w-full items-center gap-4"):
                self._box = ui.input(
                    say("sentence", language), value=say("sentence_first", language)
                )
                self._box.classes("grow").on("keydown.enter", self._ask)
                self._button = ui.button(say("ask_words", language), on_click=self._ask)
            chosen = ui.select(catalogue, label=say("catalogue", language), with_input=True)
            chosen.classes("w-full").on_value_change(lambda event: self._of_catalogue(event.value))
            self._answer = ui.column().classes("w-full gap-2")

    async def _of_catalogue(self, question: str | None) -> None:
        if question:
            self._box.set_value(question)
            await self._ask()

    async def _ask(self, _: object = None, values: Mapping[str, str] = _NO_VALUES) -> None:
        self._button.disable()
        self._answer.clear()
        with self._answer:
            ui.spinner(size="lg")
        try:
            found = await run.io_bound(self._found, self._box.value or "", values)
        finally:
            self._button.enable()
            self._answer.clear()
        with self._answer:
            if isinstance(found, QualweaveError):
                self._refused(found)
            elif found is not None:
                self._answered(found)

    def _found(self, sentence: str, values: Mapping[str, str]) -> Asked | QualweaveError:
        try:
            return ask_question(self._service, sentence, values, principal=self._who)
        except QualweaveError as error:
            return error

    def _refused(self, error: QualweaveError) -> None:
        language = self._language
        nearest = error.data.get("nearest")
        listed = nearest if isinstance(nearest, list) else []
        names = [str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one]
        whole = error.in_language(language)
        short = error.message_zh if language == "zh" else error.message
        ui.label(short if names else whole).classes("text-sm text-red-700")
        if names:
            ui.label(say("nearest", language)).classes("text-xs text-gray-600")
        with ui.row().classes("gap-2"):
            for name in names:
                words = self._service.asker.catalogue.by_id(name).words[language]
                button = ui.button(words, on_click=lambda name=name: self._of_catalogue(name))
                button.props("outline no-caps")

    def _answered(self, asked: Asked) -> None:
        language, question = self._language, asked.question
        known = {name: self._named(value) for name, (value, _) in asked.values.items()}
        words = _SLOT.sub(lambda slot: known.get(slot[1], slot[0]), question.words[language])
        understood = say("understood", language, question=words)
        ui.label(understood).classes("font-semibold")
        if asked.unused:
            told = say("unused", language, words=", ".join(asked.unused))
            ui.label(told).classes("text-sm text-amber-800")
        if asked.values:
            self._parameters(asked)
        table = table_of(self._service, asked.found, language)
        show(table, language, empty=say("empty", language))
        values = {name: value for name, (value, _) in asked.values.items()}
        path = "ask?" + urlencode({"q": question.id, **values})
        as_code(language, address=self._address, sparql=asked.found.sparql, path=path)

    def _named(self, value: str) -> str:
        return term_label(self._service, value, self._language)

    def _parameters(self, asked: Asked) -> None:
        language = self._language
        labels = {one.name: one.label[language] for one in asked.question.parameters}
        values = {name: value for name, (value, _) in asked.values.items()}
        with ui.row().classes("w-full items-end gap-4"):
            for name, (value, origin) in asked.values.items():
                label = f"{labels.get(name, name)} ({say(f'from_{origin}', language)})"
                box = ui.input(label, value=value).classes("w-72")
                box.on_value_change(
                    lambda event, name=name: values.update({name: str(event.value or "")})
                )

            async def again() -> None:
                self._box.set_value(asked.question.id)
                await self._ask(values={name: one for name, one in values.items() if one})

            ui.button(say("ask_again", language), on_click=again).props("outline")
