"""Numbers that stand for no measurement: -9999, 999.99 or -1.0E+31 among values that lie elsewhere.

Loggers and exports write such a number where a sensor said nothing. Taken as a value it spoils every average, so its
row waits until a person says which it is. A number is suspected only if it says so in three ways: it consists of nines
or is of the order of 1e30, it is there more than once, and it lies far away from everything else in its column.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import polars as pl

from qualweave.iri import expand, local_name
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.profile import to_numbers
from qualweave.mappers.spread import Spread
from qualweave.mappers.table import ROW, Fault, RawTable
from qualweave.mappers.vocabulary import Vocabulary

_NUMERIC_ROLES = frozenset({"number", "value", "difference"})
_MAY_BE = r"999|[eE]\+?0*[3-9][0-9]|[0-9]{31}"


Spreads: TypeAlias = Mapping[str, Spread]
"""Where the numbers of each numeric column lie."""


def spreads_of(
    parts: Iterable[RawTable], mapping: MappingDocument, vocabulary: Vocabulary
) -> Spreads:
    """Return where the numbers of a table lie, by column; the whole of a column tells what lies elsewhere.

    Args:
        parts: The table, in parts.
        mapping: Which columns are numbers.
        vocabulary: Tells which terms are parameters.
    """
    columns = [one for one in mapping.having(Decision.ACCEPTED) if _is_numeric(one, vocabulary)]
    found: dict[str, Spread] = {}
    for part in parts:
        rows = part.sound().frame
        for column in columns:
            if column.name in rows.columns:
                spread = found.setdefault(column.name, Spread())
                spread.add(_numbers(rows[column.name], column).drop_nulls())
    return found


def with_suspects(
    table: RawTable,
    mapping: MappingDocument,
    vocabulary: Vocabulary,
    *,
    spreads: Spreads | None = None,
) -> RawTable:
    """Return a table in which cells that look like a marker of a missing value are faults.

    Args:
        table: Rows of a table.
        mapping: Which columns are numbers.
        vocabulary: Tells which terms are parameters.
        spreads: Of the whole table, where these rows are a part of it.
    """
    rows = table.sound().frame
    if spreads is None:
        held = [one for one in mapping.columns if _may_mark(rows, one.name)]
        some = mapping.model_copy(update={"columns": tuple(held)})
        spreads = spreads_of([table], some, vocabulary)
    found = [
        fault
        for column in mapping.columns
        if column.name in spreads and _may_mark(rows, column.name)
        for fault in _suspects(rows, column, spreads[column.name])
    ]
    return replace(table, faults=(*table.faults, *found)) if found else table


def _may_mark(rows: pl.DataFrame, name: str) -> bool:
    return name in rows.columns and bool(rows[name].str.contains(_MAY_BE).any())


def _numbers(texts: pl.Series, column: ColumnMapping) -> pl.Series:
    return to_numbers(texts.str.strip_chars(), comma=column.decimal_comma)


def _is_numeric(column: ColumnMapping, vocabulary: Vocabulary) -> bool:
    iri = expand(column.term)
    if vocabulary.is_parameter(iri):
        return column.datatype == "number"
    return record_table().roles.get(local_name(iri)) in _NUMERIC_ROLES


def _suspects(rows: pl.DataFrame, column: ColumnMapping, spread: Spread) -> Iterator[Fault]:
    marks = spread.marks()
    if not marks:
        return
    count, least, most = spread.others
    places = _numbers(rows[column.name], column).is_in(marks).fill_null(value=False)
    for row, text in rows.filter(places).select(ROW, column.name).iter_rows():
        yield Fault(
            row,
            column.name,
            text.strip(),
            "missing-marker",
            detail=f"its {count} other numbers lie between {least:g} and {most:g}",
            detail_zh=f"该列其余 {count} 个数值在 {least:g} 与 {most:g} 之间",
        )
