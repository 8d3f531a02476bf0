"""`Sheet`: the columns of a table bound to roles and parameters, as typed lexical forms.

The first half of lifting: every accepted column is read as its role or parameter wants it, identifiers become
IRI segments, names become concepts, and each cell that cannot be read puts its row on the list of problems.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from qualweave import gs1
from qualweave.errors import InputError, UnknownUnit
from qualweave.iri import GS1_ID, Q, expand, local_name
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.cells import Cells
from qualweave.mappers.lift.hashes import Hashes, HashSet
from qualweave.mappers.lift.plan import CellType, record_table
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.table import ROW, RawTable
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import Unit, find_unit, unit_of

_GS1_ROLES = frozenset(
    {
        "serialNumber", "batchNumber", "inputIdentifier", "outputIdentifier", "equipmentIdentifier",
        "siteIdentifier", "organizationName", "supplierName", "customerName",
    }
)  # fmt: skip
_LOOKS_GS1 = r"^(urn:epc:|https?://|\((00|01|253|255|401|402|414|417|800[346]|8010|8017|8018)\)\d)"
_CARE = r"""[\[\]\x00-\x20<>"{}|\\^`/?#%\x7f-\x9f\x{00a0}\x{2028}\x{2029}\x{0300}-\x{036f}\x{1100}-\x{11ff}]"""


Repeated: TypeAlias = Mapping[str, HashSet]
"""The identities that several rows of a whole table have, per entity: what one part cannot know."""


@dataclass(frozen=True)
class Values:
    """A column of parameter values: predicate, name of its column in the sheet, and its mapping."""

    predicate: str
    column: str
    mapping: ColumnMapping
    numeric: bool
    characteristic: bool = False


@dataclass(frozen=True)
class Flag:
    """A column that says of each row whether it has a kind of defect: its class, and its column in the sheet."""

    defect: str
    column: str


@dataclass(frozen=True)
class Unresolved:
    """A text that should name a concept and names none, or several: a question to a person.

    ``also`` are the other texts that its source gives the same thing.
    """

    column: str
    role: str
    text: str
    rows: int
    candidates: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass
class Sheet:
    """A table on its way to triples.

    ``frame`` holds the row number and, by name: ``i.ROLE`` identifiers as IRI segments or GS1 IRIs,
    ``r.ROLE`` lexical forms, ``c.ROLE`` concept IRIs, ``v.N`` parameter values. ``repeated`` is
    given where the table is a part of one; ``identities`` are the composed identities of its rows, by hash.
    """

    table: RawTable
    mapping: MappingDocument
    batch: Batch
    vocabulary: Vocabulary
    frame: pl.DataFrame
    values: list[Values] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    multiple: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    columns_of: dict[str, tuple[ColumnMapping, ...]] = field(default_factory=dict)
    repeated: Repeated | None = None
    identities: dict[str, list[Hashes]] = field(default_factory=dict)
    _distinct: dict[str, bool] = field(default_factory=dict)
    _distinct_of: pl.DataFrame | None = None

    @property
    def roles(self) -> set[str]:
        """Local names of the roles that columns or the context fill."""
        return {name[2:] for name in self.frame.columns if name[:2] in ("i.", "r.", "c.")} | set(
            self.multiple
        )

    def put(self, name: str, values: pl.Series) -> None:
        """Add or replace a column."""
        self.frame = self.frame.with_columns(values.alias(name))

    def has(self, name: str) -> bool:
        """Return whether the sheet has a column."""
        return name in self.frame.columns

    def is_distinct(self, name: str) -> bool:
        """Return whether no two rows of the frame as it stands have one text in a column; found out once."""
        if self._distinct_of is not self.frame:
            self._distinct, self._distinct_of = {}, self.frame
        if name not in self._distinct:
            texts = self.frame[name]
            there = len(texts) - texts.null_count()
            self._distinct[name] = texts.drop_nulls().n_unique() == there
        return self._distinct[name]

    def row_at(self, index: int) -> int:
        """Return the source row of a place in the frame."""
        return int(self.frame[ROW][index])

    def report(self, converted: Cells, column: str) -> pl.Series:
        """Keep the problems of a converted column and return its values."""
        self.problems += [
            problem(
                "not-readable",
                row=self.row_at(bad.index),
                column=column,
                value=bad.value,
                wanted=bad.wanted,
            )
            for bad in converted.bad
        ]
        return converted.values

    def drop_bad(self) -> None:
        """Take the rows with problems out; the rest goes on."""
        bad = sorted({one.row for one in self.problems})
        if bad:
            self.frame = self.frame.filter(~pl.col(ROW).is_in(bad))


def bind(table: RawTable, mapping: MappingDocument, batch: Batch, vocabulary: Vocabulary) -> Sheet:
    """Read every accepted column of a table as its term wants it.

    Raises:
        InputError: If a mapped unit has another dimension than its parameter: then the mapping is wrong,
            not the rows.
    """
    frame = table.frame.select(pl.col(ROW).cast(pl.Int64))
    sheet = Sheet(table, mapping, batch, vocabulary, frame)
    by_role: dict[str, list[ColumnMapping]] = {}
    types = record_table().roles
    for column in mapping.having(Decision.ACCEPTED):
        if column.name not in table.frame.columns:
            continue
        iri = expand(column.term)
        role = local_name(iri)
        if role in types and not vocabulary.is_parameter(iri):
            by_role.setdefault(role, []).append(column)
        elif vocabulary.is_parameter(iri):
            _bind_parameter(sheet, column, iri)
        elif is_flag(iri, vocabulary):
            _bind_flag(sheet, column, iri)
        else:
            _bind_other(sheet, column, iri)
    for role, columns in by_role.items():
        sheet.columns_of[role] = tuple(columns)
        _bind_role(sheet, role, columns, types[role])
    _bind_context(sheet, types)
    return sheet


def _raw(sheet: Sheet, column: ColumnMapping) -> pl.Series:
    return cells.cleaned(sheet.table.frame[column.name])


def _bind_parameter(sheet: Sheet, column: ColumnMapping, iri: str) -> None:
    raw = _raw(sheet, column)
    numeric = column.datatype == "number"
    if numeric:
        target = sheet.vocabulary.unit(iri)
        try:
            converted = cells.numbers(
                raw,
                decimal_comma=column.decimal_comma,
                source=unit_of(column.unit) if column.unit else None,
                target=unit_of(target) if target else None,
            )
        except UnknownUnit as error:
            raise _at_column(error, sheet, column) from error
        raw = sheet.report(converted, column.name)
    name = f"v.{len(sheet.values)}"
    concept = sheet.vocabulary.concept(iri)
    sheet.put(name, raw)
    sheet.values.append(
        Values(
            predicate=iri,
            column=name,
            mapping=column,
            numeric=numeric,
            characteristic=concept is not None and concept.is_a(Q + "ProductCharacteristic"),
        )
    )


def _at_column(error: UnknownUnit, sheet: Sheet, column: ColumnMapping) -> UnknownUnit:
    """Return the error with the file, column and term that it is about."""
    file = sheet.batch.file_name
    return UnknownUnit(
        f"{file}, column {column.name!r}, mapped to {column.term}: {error.message}",
        message_zh=f"{file} 的列 {column.name!r}（映射至 {column.term}）：{error.message_zh}",
        next_step=error.next_step,
        next_step_zh=error.next_step_zh,
        data={**error.data, "file": file, "column": column.name, "term": column.term},
    )


def is_flag(iri: str, vocabulary: Vocabulary) -> bool:
    """Return whether a column with this term says yes or no to a kind of defect."""
    concept = vocabulary.concept(iri)
    return concept is not None and concept.is_a(Q + "Defect") and iri != Q + "Defect"


def _bind_flag(sheet: Sheet, column: ColumnMapping, iri: str) -> None:
    name = f"f.{len(sheet.flags)}"
    sheet.put(name, sheet.report(cells.booleans(_raw(sheet, column)), column.name))
    sheet.flags.append(Flag(iri, name))


def _bind_other(sheet: Sheet, column: ColumnMapping, iri: str) -> None:
    """Keep a column whose term is neither role nor parameter: a plain property of the record."""
    name = f"v.{len(sheet.values)}"
    sheet.put(name, _raw(sheet, column))
    sheet.values.append(Values(iri, name, column, numeric=False))


def _bind_role(sheet: Sheet, role: str, columns: list[ColumnMapping], kind: CellType) -> None:
    if role == "inputIdentifier":
        sheet.multiple[role] = [
            part for column in columns for part in _bind_parts(sheet, role, column)
        ]
        return
    values = [_typed(sheet, column, kind) for column in columns]
    merged = values[0]
    for other in values[1:]:
        merged = merged.zip_with(merged.is_not_null(), other)
    sheet.put(f"r.{role}", merged)
    if kind == "id":
        sheet.put(f"i.{role}", _identifiers(sheet, merged, role, columns[0].name))
    if kind == "concept" or role in record_table().concepts:
        sheet.put(f"c.{role}", _concepts(sheet, merged, role, columns))


def _bind_parts(sheet: Sheet, role: str, column: ColumnMapping) -> list[str]:
    """Bind a column whose cells may hold several identifiers; return the names of its parts."""
    raw = _raw(sheet, column)
    start = sum(name.startswith(f"i.{role}.") for name in sheet.frame.columns)
    if not column.separator:
        sheet.put(f"i.{role}.{start}", _identifiers(sheet, raw, role, column.name))
        return [f"i.{role}.{start}"]
    lists = raw.str.split(column.separator)
    width = int(lists.list.len().max() or 0)  # type: ignore[arg-type]  # an integer column
    names = []
    for place in range(width):
        part = cells.cleaned(lists.list.get(place, null_on_oob=True))
        name = f"i.{role}.{start + place}"
        sheet.put(name, _identifiers(sheet, part, role, column.name))
        names.append(name)
    return names


def _typed(sheet: Sheet, column: ColumnMapping, kind: CellType) -> pl.Series:
    raw = _raw(sheet, column)
    match kind:
        case "time":
            converted = cells.times(
                raw,
                time_format=column.time_format,
                timezone=sheet.mapping.timezone,
                day_first=sheet.mapping.day_first,
            )
        case "number":
            converted = cells.numbers(raw, decimal_comma=column.decimal_comma)
        case "integer":
            converted = cells.integers(raw)
        case "boolean":
            converted = cells.booleans(raw)
        case "status":
            converted = cells.statuses(raw)
        case _:
            return raw
    return sheet.report(converted, column.name)


def _identifiers(sheet: Sheet, values: pl.Series, role: str, column: str) -> pl.Series:
    """Return identifiers as IRI segments; a GS1 identity as its canonical IRI."""
    is_gs1 = role in _GS1_ROLES
    pattern = f"{_CARE}|{_LOOKS_GS1}" if is_gs1 else _CARE
    careful = values.str.contains(pattern)
    if not careful.any():
        return values
    known: dict[str, str | None] = {}
    for text in values.filter(careful.fill_null(value=False)).unique().to_list():
        known[text] = _identifier(sheet, text, column, values) if is_gs1 else segment(text)
    return values.replace_strict(
        list(known), list(known.values()), default=values, return_dtype=pl.String
    )


def _identifier(sheet: Sheet, text: str, column: str, values: pl.Series) -> str | None:
    try:
        return gs1.canonical(text) if gs1.looks_like(text) else segment(text)
    except InputError as error:
        places = (values == text).fill_null(value=False).arg_true().to_list()
        sheet.problems += [
            problem(
                "bad-identity",
                row=sheet.row_at(place),
                column=column,
                value=text,
                detail=error.message,
            )
            for place in places
        ]
        return None


def _concepts(
    sheet: Sheet, values: pl.Series, role: str, columns: list[ColumnMapping]
) -> pl.Series:
    """Return the concept that each text names; what names none or several opens a question."""
    decided = {
        unicodedata.normalize("NFKC", text): expand(term)
        for column in columns
        for text, term in column.values.items()
        if term
    }
    within = record_table().concepts.get(role, ())
    known: dict[str, str] = {}
    for text, rows in values.drop_nulls().value_counts().iter_rows():
        answer = decided.get(unicodedata.normalize("NFKC", text))
        found = [answer] if answer else [one.iri for one in sheet.vocabulary.find(text, *within)]
        if len(found) == 1:
            known[text] = found[0]
        else:
            sheet.unresolved.append(
                Unresolved(columns[0].name, role, text, int(rows), tuple(found))
            )
    if not known:
        return pl.Series(role, [None] * len(values), dtype=pl.String)
    return values.replace_strict(
        list(known), list(known.values()), default=None, return_dtype=pl.String
    )


def _bind_context(sheet: Sheet, types: Mapping[str, CellType]) -> None:
    """Fill roles that the file's context gives; a cell in a column of its own goes before it."""
    for role, value in sheet.mapping.context.items():
        if role not in types:
            continue
        constant = pl.Series(role, [value] * len(sheet.frame), dtype=pl.String)
        if sheet.has(f"r.{role}"):
            own = sheet.frame[f"r.{role}"]
            constant = own.zip_with(own.is_not_null(), constant)
        elif role in sheet.multiple:
            continue
        label = f"({role} of the file)"
        column = ColumnMapping(name=label, decision=Decision.ACCEPTED)
        kind = types[role]
        if kind == "time":
            constant = sheet.report(cells.times(constant, timezone=sheet.mapping.timezone), label)
        sheet.put(f"r.{role}", constant)
        if kind == "id":
            sheet.put(f"i.{role}", _identifiers(sheet, constant, role, label))
        if kind == "concept":
            columns = [*sheet.columns_of.get(role, ()), column]
            sheet.unresolved = [one for one in sheet.unresolved if one.role != role]
            sheet.put(f"c.{role}", _concepts(sheet, constant, role, columns))


def is_gs1(iri: pl.Expr) -> pl.Expr:
    """Return whether an identifier is a canonical GS1 IRI already."""
    return iri.str.starts_with(GS1_ID)


def unit_named(text: str) -> Unit | None:
    """Return the unit of a text, or None for none or an unknown one."""
    return find_unit(text) if text else None
