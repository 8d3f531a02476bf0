"""Whether the cells of a column are what its term wants: numbers, times, texts; before any row is spoiled by it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from qualweave.iri import expand, local_name
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.lift.sheet import is_flag
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingEvidence
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary

_READABLE_SHARE = 0.5  # of the filled cells, below which a column is not one of numbers at all
_NUMERIC_SHARE = 0.8  # of the filled cells, from which a column without a unit is one of numbers


def typed(table: RawTable, column: ColumnMapping, vocabulary: Vocabulary) -> ColumnMapping:
    """Decide once whether a parameter's cells are numbers, and drop a unit that cannot be one."""
    if column.decision is not Decision.ACCEPTED or column.name not in table.frame.columns:
        return column
    iri = expand(column.term)
    role = local_name(iri)
    if role == "inputIdentifier" and not column.separator:
        return column.model_copy(update={"separator": _separator(table.frame[column.name])})
    by_person = any(one.kind == "answer" for one in column.evidence)
    if not vocabulary.is_parameter(iri):
        suits = by_person or _suits(table.frame[column.name], column, role, vocabulary)
        return column if suits else _does_not_suit(column)
    filled = cells.cleaned(table.frame[column.name]).drop_nulls()
    if not len(filled):
        return column  # nothing came that could say otherwise
    readable = cells.numbers(filled, decimal_comma=column.decimal_comma).values.drop_nulls()
    numeric = len(readable) >= _NUMERIC_SHARE * len(filled)
    if vocabulary.unit(iri):
        hopeless = len(readable) < _READABLE_SHARE * len(filled)
        return column if by_person or not hopeless else _does_not_suit(column)
    return column.model_copy(update={"datatype": "number" if numeric else "text"})


_READ: Mapping[str, Callable[[pl.Series], cells.Cells]] = MappingProxyType(
    {
        "boolean": cells.booleans,
        "status": cells.statuses,
        "integer": cells.integers,
        "number": cells.numbers,
    }
)


def _suits(values: pl.Series, column: ColumnMapping, role: str, vocabulary: Vocabulary) -> bool:
    """Return whether most cells can be read as the role wants them."""
    is_yes_no = is_flag(expand(column.term), vocabulary)
    kind = "boolean" if is_yes_no else record_table().roles.get(role, "text")
    filled = cells.cleaned(values).drop_nulls()
    if kind == "time":
        read = cells.times(filled, time_format=column.time_format)
    elif kind in _READ:
        read = _READ[kind](filled)
    else:
        return True
    return not len(filled) or len(read.bad) <= (1 - _READABLE_SHARE) * len(filled)


def _does_not_suit(column: ColumnMapping) -> ColumnMapping:
    """Turn a column that cannot be what it was taken for into a question, before it spoils its rows."""
    said = {
        "en": f"most cells of {column.name} cannot be read as {column.term} wants them",
        "zh": f"{column.name} 的大多数单元格不符合 {column.term} 的取值类型",
    }
    against = MappingEvidence(kind="cells", statement=said, weight=-1.0)
    return column.model_copy(
        update={
            "decision": Decision.ASKED,
            "term": "",
            "evidence": (against, *column.evidence),
        }
    )


def _separator(column: pl.Series) -> str:
    """Return what parts several identifiers in one cell, where cells hold it regularly."""
    filled = cells.cleaned(column).drop_nulls()
    for mark in (";", "|", "；", "、"):
        share = filled.str.contains(mark, literal=True).sum() / max(len(filled), 1)
        if share >= 0.05:  # noqa: PLR2004 - a stray mark in a free text is rarer
            return mark
    return ""
