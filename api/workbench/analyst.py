"""The analyst's page: questions in words, four templates for every class, their rows, and what was asked."""

from urllib.parse import urlencode

from fastapi import Request
from nicegui import run, ui

from qualweave.api.enquiry import Found, run_template
from qualweave.api.service import Service
from qualweave.api.workbench.asking import InWords
from qualweave.api.workbench.content import say, table_of
from qualweave.api.workbench.frame import PAGES, as_code, frame, hint, section, show
from qualweave.errors import QualweaveError
from qualweave.iri import Q
from qualweave.negotiation import Language
from qualweave.ontology.queries.values import KINDS, Template
from qualweave.principal import Principal


def add_analyst(service: Service, who: Principal) -> None:
    """Put the page of questions."""

    @ui.page(PAGES["analyst"])
    async def analyst(request: Request) -> None:
        with frame(request, "analyst") as language:
            section("in_words", language)
            hint("in_words_hint", language)
            InWords(service, who, language, str(request.base_url)).show()
            section("templates", language)
            hint("templates_hint", language)
            _Templates(service, who, language, str(request.base_url)).show()


class _Templates:
    """Choose a class and a kind, give its parameters, run it."""

    def __init__(self, service: Service, who: Principal, language: Language, address: str) -> None:
        self._service, self._who, self._language, self._address = service, who, language, address
        self._values: dict[str, str] = {}

    def show(self) -> None:
        language, book = self._language, self._service.templates
        terms = {one.iri: self._service.terms.name_of(one.iri, language) for one in book.classes()}
        first = next((one for one in (Q + "Defect", *terms) if one in terms), None)
        with ui.card().classes("w-full p-3 gap-2"):
            with ui.row().classes("w-full gap-4"):
                self._class = ui.select(
                    terms, label=say("class", language), value=first, with_input=True
                ).classes("w-96")
                kinds = {one: say(f"kind_{one}", language) for one in KINDS}
                self._kind = ui.select(kinds, label=say("kind", language), value=KINDS[0]).classes(
                    "w-40"
                )
            self._fields = ui.row().classes("w-full gap-4")
            self._button = ui.button(say("run", language), on_click=self._run)
            self._answer = ui.column().classes("w-full")
        self._class.on_value_change(self._ask_for)
        self._kind.on_value_change(self._ask_for)
        self._ask_for()

    def _template(self) -> Template:
        term = self._service.terms.by_iri(str(self._class.value))
        return self._service.templates.template(term, self._kind.value)

    def _ask_for(self) -> None:
        self._values = {}
        self._fields.clear()
        with self._fields:
            for one in self._template().parameters:
                box = ui.input(f"{one.name}: {one.label[self._language]}", value=one.default or "")
                box.classes("w-72").on_value_change(
                    lambda event, name=one.name: self._values.update({name: str(event.value or "")})
                )

    async def _run(self) -> None:
        template, given = self._template(), {k: v for k, v in self._values.items() if v}
        button, language = self._button, self._language
        button.disable()
        self._answer.clear()
        with self._answer:
            ui.spinner(size="lg")
        try:
            found = await run.io_bound(self._found, template, given)
        finally:
            button.enable()
            self._answer.clear()
        with self._answer:
            if isinstance(found, QualweaveError):
                ui.label(found.in_language(language)).classes("text-red-700")
            if not isinstance(found, Found):
                return
            show(table_of(self._service, found, language), language, empty=say("empty", language))
            asked = f"?{urlencode(given)}" if given else ""
            as_code(language, address=self._address, sparql=found.sparql,
                    path=f"queries/{template.name}{asked}")  # fmt: skip

    def _found(self, template: Template, given: dict[str, str]) -> Found | QualweaveError:
        try:
            return run_template(self._service, template, given, principal=self._who)
        except QualweaveError as error:
            return error
