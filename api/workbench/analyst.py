"""The analyst's page: four templates for every class, their parameters, rows, and what was asked."""

from collections.abc import Mapping

from fastapi import Request
from nicegui import ui

from qualweave.api.enquiry import Found, run_template
from qualweave.api.service import Service
from qualweave.api.workbench.content import Result, say, shown, term_label
from qualweave.api.workbench.frame import PAGES, as_code, frame, hint, section, show
from qualweave.errors import QualweaveError
from qualweave.negotiation import Language
from qualweave.ontology.queries.values import KINDS, Template
from qualweave.principal import Principal


def add_analyst(service: Service, who: Principal) -> None:
    """Put the page of questions."""

    @ui.page(PAGES["analyst"])
    async def analyst(request: Request) -> None:
        with frame(request, "analyst") as language:
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
        first = next(iter(terms))
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
            ui.button(say("run", language), on_click=self._run)
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

    def _run(self) -> None:
        template, given = self._template(), {k: v for k, v in self._values.items() if v}
        self._answer.clear()
        try:
            found = run_template(self._service, template, given, principal=self._who)
        except QualweaveError as error:
            with self._answer:
                ui.label(error.in_language(self._language)).classes("text-red-700")
            return
        with self._answer:
            show(_rows(self._service, found, self._language), self._language,
                 empty=say("empty", self._language))  # fmt: skip
            name = template.name
            asked = "&".join(f"{key}={value}" for key, value in given.items())
            as_code(self._language, address=self._address, sparql=found.sparql,
                    path=f"queries/{name}" + (f"?{asked}" if asked else ""))  # fmt: skip


def _rows(service: Service, found: Found, language: Language) -> Result:
    columns = tuple(term_label(service, one.name, language) for one in found.table.columns)

    def text(value: object) -> str:
        iri = str(value)
        kind: Mapping[str, str] = {"value": iri, "type": "uri" if "://" in iri else "literal"}
        return "" if value is None else shown(service, kind, language)

    rows = tuple(
        {name: text(value) for name, value in zip(columns, row, strict=True)}
        for row in found.table.rows
    )
    return Result(columns, rows, found.seconds)
