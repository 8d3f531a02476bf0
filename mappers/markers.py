"""Numbers that stand for no measurement: -9999, 999.99 or -1.0E+31 among values that lie elsewhere.

Loggers and exports write such a number where a sensor said nothing. Taken as a value it spoils every average, so its
row waits until a person says which it is. A number is suspected only if it says so in three ways: it consists of nines
or is of the order of 1e30, it is there more than once, and it lies far away from everything else in its column.
"""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from qualweave.iri import expand, local_name
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.profile import suspected, to_numbers
from qualweave.mappers.table import ROW, Fault, RawTable
from qualweave.mappers.vocabulary import Vocabulary

_NUMERIC_ROLES = frozenset({"number", "value", "difference"})
_MAY_BE = r"999|[eE]\+?0*[3-9][0-9]|[0-9]{31}"


def with_suspects(table: RawTable, mapping: MappingDocument, vocabulary: Vocabulary) -> RawTable:
    """Return a table in which cells that look like a marker of a missing value are faults.

    Args:
        table: All rows of a table: what lies elsewhere is told by the whole of a column.
        mapping: Which columns are numbers.
        vocabulary: Tells which terms are parameters.
    """
    rows = table.sound().frame
    found = [
        fault
        for column in mapping.having(Decision.ACCEPTED)
        if column.name in rows.columns and _is_numeric(column, vocabulary)
        for fault in _suspects(rows, column)
    ]
    return replace(table, faults=(*table.faults, *found)) if found else table


def _is_numeric(column: ColumnMapping, vocabulary: Vocabulary) -> bool:
    iri = expand(column.term)
    if vocabulary.is_parameter(iri):
        return column.datatype == "number"
    return record_table().roles.get(local_name(iri)) in _NUMERIC_ROLES


def _suspects(rows: pl.DataFrame, column: ColumnMapping) -> Iterator[Fault]:
    texts = rows[column.name]
    if not texts.str.contains(_MAY_BE).any():
        return
    numbers = to_numbers(texts.str.strip_chars(), comma=column.decimal_comma)
    marks = suspected(numbers.drop_nulls())
    if not marks:
        return
    others = numbers.filter(numbers.is_finite() & ~numbers.is_in(marks))
    ordered = others.sort()
    count, least, most = len(ordered), f"{float(ordered[0]):g}", f"{float(ordered[-1]):g}"
    places = numbers.is_in(marks).fill_null(value=False)
    for row, text in rows.filter(places).select(ROW, column.name).iter_rows():
        yield Fault(
            row,
            column.name,
            text.strip(),
            "missing-marker",
            detail=f"its {count} other numbers lie between {least} and {most}",
            detail_zh=f"该列其余 {count} 个数值在 {least} 与 {most} 之间",
        )
