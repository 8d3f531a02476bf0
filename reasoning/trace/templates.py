"""Export templates: which columns a trace is written in, as a table that people edit (R48).

A template is filled from a trace: a row for each item or each step; a column is a word of the trace, a fact, a
parameter in a unit of choice, or a whole dimension, which gives a column for each parameter and fact that occurs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias, get_args

from pydantic import Field

from qualweave.documents import Fault, Parsed, parse, refusal, validated
from qualweave.errors import UnknownUnit
from qualweave.iri import expand, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.trace.answer import TraceAnswer, TraceNode
from qualweave.reasoning.trace.dimensions import (
    Dimension,
    Label,
    Part,
    chosen,
    fault,
    missing,
    repeated_names,
    unknown_fact,
    unknown_parameter,
)
from qualweave.reasoning.trace.records import Linked, Value
from qualweave.values import conversion, find_unit, unit_of

PAGE = "docs/how-to/trace-dimensions.md"
SCHEMA: Literal["qualweave/export-templates/1"] = "qualweave/export-templates/1"
EVERY = "*"
Word: TypeAlias = Literal["item", "name", "depth", "class", "organization", "gap", "record", "kind"]
_OF_ITEM = ("item", "name", "depth", "class", "organization", "gap")
_SOURCES = ("value", "fact", "parameter", "dimension")
Cell: TypeAlias = str | int | float | None


class TemplateColumn(Part):
    """One column, or the columns of one dimension."""

    heading: str = Field("", description="Head of the column; what it holds where left out.")
    value: Word | None = Field(None, description="Word of the trace: " + ", ".join(get_args(Word)))
    fact: str = Field("", description="Fact of a step: equipment, line, shift …")
    parameter: str = Field("", description="CURIE of a parameter.")
    dimension: str = Field("", description="Name of a dimension, '*' for all of them.")
    unit: str = Field("", description="UCUM code that a parameter is written in.")

    @property
    def sources(self) -> list[str]:
        """Which of value, fact, parameter and dimension it names."""
        return [one for one in _SOURCES if getattr(self, one)]


class ExportTemplate(Part):
    """The columns in which a trace is written."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    label: Label
    rows: Literal["item", "step"] = Field("step", description="One row for each item, or step.")
    columns: tuple[TemplateColumn, ...] = Field(min_length=1)


class TemplateDocument(Part):
    """A document of export templates."""

    schema_name: Literal["qualweave/export-templates/1"] = Field(SCHEMA, alias="schema")
    templates: tuple[ExportTemplate, ...]

    model_config = Part.model_config | {"populate_by_name": True}

    @classmethod
    def from_yaml(
        cls,
        text: str,
        *,
        terms: TermIndex,
        dimensions: Mapping[str, object],
        file: str = "templates.yaml",
    ) -> Self:
        """Read a document.

        Raises:
            InputError: If a key is wrong, or a column names what is unknown; all faults, with their lines, are
                ``data["faults"]``.
        """
        parsed = parse(text, file=file)
        document = validated(cls, parsed.data, file=file, parsed=parsed, page=PAGE)
        faults = list(_faults(document, parsed, terms, dimensions))
        if faults:
            raise refusal(file, faults)
        return document


def _faults(
    document: TemplateDocument, parsed: Parsed, terms: TermIndex, dimensions: Mapping[str, object]
) -> Iterator[Fault]:
    yield from repeated_names([one.name for one in document.templates], parsed, "templates")
    for place, template in enumerate(document.templates):
        for at, column in enumerate(template.columns):
            keys = ("templates", place, "columns", at)
            yield from _column_faults(column, template, parsed, keys)
            if column.parameter:
                yield from unknown_parameter(column.parameter, terms, parsed, (*keys, "parameter"))
                yield from _unit_faults(column, terms, parsed, keys)
            if column.fact:
                yield from unknown_fact(column.fact, parsed, (*keys, "fact"))
            if column.dimension and column.dimension not in (EVERY, *dimensions):
                error = missing(column.dimension, dimensions, ("trace dimension", "追溯维度"))
                said = (error.message.removesuffix("."), error.message_zh.removesuffix("。"))
                yield fault(
                    parsed, (*keys, "dimension"), said, (error.next_step, error.next_step_zh)
                )


def _column_faults(
    column: TemplateColumn, template: ExportTemplate, parsed: Parsed, keys: tuple[str | int, ...]
) -> Iterator[Fault]:
    if len(column.sources) != 1:
        yield fault(
            parsed,
            keys,
            (
                f"a column needs exactly one of {', '.join(_SOURCES)}",
                f"每列需恰好给出 {'、'.join(_SOURCES)} 之一",
            ),
            ("Name one of them.", "请给出其中之一。"),
        )
    if template.rows == "item" and (column.value not in (None, *_OF_ITEM) or column.fact):
        yield fault(
            parsed,
            keys,
            ("an item has no such value; a step has", "对象没有此值，步骤才有"),
            (
                "Set rows to step, or name a value of items.",
                "请将 rows 设为 step，或使用对象的值。",
            ),
        )


def _unit_faults(
    column: TemplateColumn, terms: TermIndex, parsed: Parsed, keys: tuple[str | int, ...]
) -> Iterator[Fault]:
    if not column.unit:
        return
    unit, canonical = find_unit(column.unit), canonical_unit(terms, column.parameter)
    if unit is None:
        said = (f"{column.unit!r} is no unit of the table", f"单位表中没有 {column.unit!r}")
        yield fault(parsed, (*keys, "unit"), said, ("Give its UCUM code.", "请给出 UCUM 代码。"))
        return
    try:
        if canonical:
            conversion(unit_of(canonical), unit)
    except UnknownUnit:
        yield fault(
            parsed,
            (*keys, "unit"),
            (
                f"{column.unit} is of another dimension than {column.parameter}",
                f"{column.unit} 与 {column.parameter} 的量纲不同",
            ),
            (f"Its values are kept in {canonical}.", f"其值以 {canonical} 保存。"),
        )


def canonical_unit(terms: TermIndex, parameter: str) -> str:
    """Return the UCUM code of the unit that a parameter's values are kept in, ``""`` where it has none."""
    iri = expand(parameter)
    return (terms.by_iri(iri).canonical_unit or "") if iri in terms else ""


@dataclass(frozen=True)
class SheetColumn:
    """A column of a filled template: its head, and the UCUM code of its unit."""

    name: str
    unit: str = ""


@dataclass(frozen=True)
class Sheet:
    """A filled template."""

    columns: tuple[SheetColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class _Source:
    """Where the cells of one column come from."""

    column: SheetColumn
    key: str
    factor: float = 1.0
    offset: float = 0.0


def template_of(templates: Mapping[str, ExportTemplate], name: str) -> ExportTemplate:
    """Return the template of a name.

    Raises:
        InputError: If there is none; the nearest are named.
    """
    found = templates.get(name)
    if found is None:
        raise missing(name, templates, ("export template", "导出模板"))
    return found


def fill(
    template: ExportTemplate,
    answer: TraceAnswer,
    dimensions: Mapping[str, Dimension],
    terms: TermIndex,
) -> Sheet:
    """Return a trace in the columns of a template.

    An item's row takes parameters from all its steps, the first that states one; a value that graphs disagree about is
    written with all its readings.
    """
    rows = _rows(template, answer)
    names = {name for _, found in rows for name in found}
    sources = [
        one for column in template.columns for one in _sources(column, names, dimensions, terms)
    ]
    cells = (tuple(_cell(one, found) for one in sources) for _, found in rows)
    return Sheet(tuple(one.column for one in sources), tuple(cells))


def _rows(
    template: ExportTemplate, answer: TraceAnswer
) -> list[tuple[TraceNode, dict[str, Value | None]]]:
    nodes = {node.item: node for node in answer.nodes}
    found: list[tuple[TraceNode, dict[str, Value | None]]] = []
    if template.rows == "step":
        for step in answer.steps:
            node = nodes[step.item]
            found.append((node, {**_of_node(node), **_of_step(step)}))
        return found
    told: dict[str, dict[str, Value | None]] = {item: _of_node(nodes[item]) for item in nodes}
    for step in answer.steps:
        for name, value in {**step.facts, **step.parameters}.items():
            told[step.item].setdefault(name, value)
    return [(nodes[item], values) for item, values in told.items()]


def _of_node(node: TraceNode) -> dict[str, Value | None]:
    return {
        "=item": node.item,
        "=name": node.name,
        "=depth": node.depth,
        "=class": ", ".join(map(local_name, node.classes)),
        "=organization": node.organization,
        "=gap": node.gap,
    }


def _of_step(step: Linked) -> dict[str, Value | None]:
    words: dict[str, Value | None] = {
        "=record": step.record.iri,
        "=kind": step.kind.name.lower(),
    }
    return {**words, **step.facts, **step.parameters}


def _sources(
    column: TemplateColumn,
    names: set[str],
    dimensions: Mapping[str, Dimension],
    terms: TermIndex,
) -> Iterator[_Source]:
    if column.dimension:
        wanted = [*dimensions] if column.dimension == EVERY else [column.dimension]
        seen: set[str] = set()
        for one in wanted:
            for key in _of_dimension(chosen(dimensions, one), names):
                if key not in seen:
                    seen.add(key)
                    yield _source(key, "", "", terms)
    elif column.parameter:
        yield _source(expand(column.parameter), column.heading, column.unit, terms)
    elif column.fact:
        yield _Source(SheetColumn(column.heading or column.fact), column.fact)
    else:
        word = str(column.value)
        yield _Source(SheetColumn(column.heading or word), f"={word}")


def _of_dimension(dimension: Dimension, names: set[str]) -> list[str]:
    facts = [one for one in dimension.table.facts if one in names]
    return [*facts, *sorted(dimension.parameters & names)]


def _source(key: str, heading: str, unit: str, terms: TermIndex) -> _Source:
    if "/" not in key:  # a fact
        return _Source(SheetColumn(heading or key), key)
    canonical = canonical_unit(terms, key)
    wanted = find_unit(unit) if unit else None
    if wanted is None or not canonical:
        return _Source(SheetColumn(heading or local_name(key), canonical), key)
    factor, offset = conversion(unit_of(canonical), wanted)
    return _Source(SheetColumn(heading or local_name(key), wanted.ucum), key, factor, offset)


def _cell(source: _Source, row: Mapping[str, Value | None]) -> Cell:
    value = row.get(source.key)
    if isinstance(value, tuple):
        return " | ".join(str(_scaled(one, source)) for one in value)
    return None if value is None or value == "" else _scaled(value, source)


def _scaled(value: float | str, source: _Source) -> float | str:
    if isinstance(value, str) or (source.factor, source.offset) == (1.0, 0.0):
        return value
    return round(value * source.factor + source.offset, 10)
