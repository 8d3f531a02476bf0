"""`TraceTables`: a tenant's trace dimensions and export templates, read anew whenever their files change (R48).

What every installation begins with comes from the package; a tenant's own documents stand in its data folder and
say the same names otherwise or add to them. A broken file stops nothing: the last good one goes on, and answers
tell the fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qualweave.api.service import Service
from qualweave.api.tables import Column, Table
from qualweave.documents import HotDocument
from qualweave.errors import InputError, JsonValue
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.reasoning.trace import Direction, TraceAnswer
from qualweave.reasoning.trace.dimensions import (
    Dimension,
    DimensionDocument,
    chosen,
    dimensions_of,
    packaged_text,
)
from qualweave.reasoning.trace.templates import (
    ExportTemplate,
    Sheet,
    TemplateDocument,
    fill,
    template_of,
)

_DIMENSIONS, _TEMPLATES = "dimensions.yaml", "templates.yaml"


@dataclass(frozen=True)
class TraceView:
    """What a tenant looks at a trace by.

    Attributes:
        dimensions: By name.
        templates: By name.
        own: Names of dimensions and templates that the tenant's own documents say.
        faults: What is wrong with those documents now.
    """

    dimensions: Mapping[str, Dimension]
    templates: Mapping[str, ExportTemplate]
    own: frozenset[str]
    faults: tuple[InputError, ...]

    def beside(
        self, body: dict[str, JsonValue], answer: TraceAnswer, dimension: str = ""
    ) -> dict[str, JsonValue]:
        """Return the body of a trace with its dimensions summed up, one of them in full where it is named.

        Raises:
            InputError: If no dimension has that name.
        """
        summed: list[JsonValue] = [one.summary(answer.steps) for one in self.dimensions.values()]
        added: dict[str, JsonValue] = {"dimensions": summed}
        if dimension:
            found = chosen(self.dimensions, dimension)
            added["dimension"] = {**found.summary(answer.steps), "rows": found.rows(answer.steps)}
        if self.faults:
            added["document_faults"] = self.faults_json()
        return {**body, **added}

    def faults_json(self) -> list[JsonValue]:
        """Return what is wrong with the tenant's documents, as JSON values."""
        return [{**one.data, "en": one.message, "zh": one.message_zh} for one in self.faults]


class TraceTables:
    """The documents of one tenant, kept by the service for as long as its ontology stands."""

    def __init__(self, folder: Path, terms: TermIndex) -> None:
        self.folder, self.terms = folder, terms
        self._packaged = DimensionDocument.from_yaml(packaged_text(_DIMENSIONS), terms=terms)
        self._dimensions = HotDocument(folder / _DIMENSIONS, self.read_dimensions)
        self._templates = HotDocument(folder / _TEMPLATES, self.read_templates)
        self._view: tuple[tuple[object, ...], TraceView] | None = None

    def read_dimensions(self, text: str, file: str) -> DimensionDocument:
        """Read a document of dimensions."""
        return DimensionDocument.from_yaml(text, terms=self.terms, file=file)

    def read_templates(self, text: str, file: str) -> TemplateDocument:
        """Read a document of templates, which name dimensions of this tenant."""
        known = self._named()[0]
        return TemplateDocument.from_yaml(text, terms=self.terms, dimensions=known, file=file)

    def _named(self) -> tuple[Mapping[str, Dimension], DimensionDocument | None, InputError | None]:
        own, fault = self._dimensions.get()
        documents = [self._packaged, *([own] if own else [])]
        return dimensions_of(documents, self.terms), own, fault

    def view(self) -> TraceView:
        """Return what holds now; made anew only where a document changed."""
        dimensions, own, wrong = self._named()
        templates, fault = self._templates.get()
        state = (own, templates, wrong, fault)
        if self._view is None or self._view[0] != state:
            packaged = TemplateDocument.from_yaml(
                packaged_text(_TEMPLATES), terms=self.terms, dimensions=dimensions
            )
            tables = [*packaged.templates, *(templates.templates if templates else ())]
            names = {one.name for one in own.dimensions} if own else set()
            names |= {one.name for one in templates.templates} if templates else set()
            made = TraceView(
                dimensions,
                {one.name: one for one in tables},
                frozenset(names),
                tuple(one for one in (wrong, fault) if one),
            )
            self._view = (state, made)
        return self._view[1]


def tables_of(service: Service, principal: Principal) -> TraceTables:
    """Return the documents of a principal's tenant; those of a former ontology are read anew."""
    known = service.trace_tables.get(principal.tenant)
    if isinstance(known, TraceTables) and known.terms is service.terms:
        return known
    folder = service.settings.data_dir / "trace" / principal.tenant
    found = service.trace_tables[principal.tenant] = TraceTables(folder, service.terms)
    return found


@dataclass(frozen=True)
class TraceExports:
    """Dimensions and templates at the service, for one principal."""

    service: Service
    principal: Principal

    @property
    def tables(self) -> TraceTables:
        """The tenant's documents."""
        return tables_of(self.service, self.principal)

    def dimensions(self) -> dict[str, JsonValue]:
        """Return the dimensions that hold now, and what is wrong with the tenant's document."""
        view = self.tables.view()
        rows: list[JsonValue] = [
            {
                **one.table.model_dump(mode="json"),
                "parameter_count": len(one.parameters),
                "own": name in view.own,
            }
            for name, one in view.dimensions.items()
        ]
        return {"dimensions": rows, "faults": view.faults_json()}

    def templates(self) -> dict[str, JsonValue]:
        """Return the templates that hold now, and what is wrong with the tenant's document."""
        view = self.tables.view()
        rows: list[JsonValue] = [
            {**one.model_dump(mode="json", exclude_defaults=True), "own": name in view.own}
            for name, one in view.templates.items()
        ]
        return {"templates": rows, "faults": view.faults_json()}

    def put_dimensions(self, text: str, file: str) -> dict[str, JsonValue]:
        """Take a document of dimensions in place of the tenant's former one.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            InputError: If it has a fault; the former one stays.
        """
        self._put(self.tables.read_dimensions, _DIMENSIONS, text, file)
        return self.dimensions()

    def put_templates(self, text: str, file: str) -> dict[str, JsonValue]:
        """Take a document of templates in place of the tenant's former one.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            InputError: If it has a fault; the former one stays.
        """
        self._put(self.tables.read_templates, _TEMPLATES, text, file)
        return self.templates()

    def _put(self, read: Callable[[str, str], object], name: str, text: str, file: str) -> None:
        self.principal.require("engineer", "architect")
        read(text, file)
        _write(self.tables.folder / name, text)

    def export(self, name: str, item: str, direction: Direction = "back") -> Table:
        """Return a trace in the columns of a template.

        Raises:
            InputError: If there is no such template.
            NotFound: If no such item is known.
        """
        view = self.tables.view()
        template = template_of(view.templates, name)
        answer = self.service.trace(item, principal=self.principal, direction=direction)
        return _table(fill(template, answer, view.dimensions, self.service.terms))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _table(sheet: Sheet) -> Table:
    cells = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.columns)
    kinds = [_type_of(column) for column in cells]
    columns = tuple(
        Column(
            one.name,
            "number" if kind == "number" else "integer" if kind == "integer" else "string",
            one.unit,
        )
        for one, kind in zip(sheet.columns, kinds, strict=True)
    )
    rows = (
        tuple(
            str(cell) if kind == "string" and cell is not None else cell
            for cell, kind in zip(row, kinds, strict=True)
        )
        for row in sheet.rows
    )
    return Table(columns, tuple(rows))


def _type_of(cells: tuple[object, ...]) -> str:
    kinds = {type(one) for one in cells if one is not None}
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"
