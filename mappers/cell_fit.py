"""Whether the cells of a column are what its term wants: numbers, times, texts; before any row is spoiled by it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from qualweave.errors import UnknownUnit
from qualweave.iri import expand, local_name
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.lift.sheet import is_flag
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingEvidence
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import find_unit

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
    values = table.frame[column.name]
    if not by_person and read_as(values, column, iri, vocabulary).is_poor:
        return _does_not_suit(column)
    return with_datatype(column, values, vocabulary)


def with_datatype(
    column: ColumnMapping, values: pl.Series, vocabulary: Vocabulary
) -> ColumnMapping:
    """Return a column as one of numbers or of texts by its values, where its term is a parameter without a unit."""
    iri = expand(column.term) if column.term else ""
    if not iri or not vocabulary.is_parameter(iri) or vocabulary.unit(iri):
        return column
    filled = cells.cleaned(values).drop_nulls()
    if not len(filled):
        return column  # nothing came that could say otherwise
    read = cells.numbers(filled, decimal_comma=column.decimal_comma).values.drop_nulls()
    numeric = len(read) >= _NUMERIC_SHARE * len(filled)
    return column.model_copy(update={"datatype": "number" if numeric else "text"})


_READ: Mapping[str, Callable[[pl.Series], cells.Cells]] = MappingProxyType(
    {
        "boolean": cells.booleans,
        "status": cells.statuses,
        "integer": cells.integers,
        "number": cells.numbers,
    }
)


@dataclass(frozen=True)
class Fit:
    """How many cells can be read as a term wants them.

    Attributes:
        wanted: ``number``, ``integer``, ``time``, ``boolean``, ``status``, or ``text`` where anything will do.
        read: Cells that can be read so.
        filled: Cells that are not empty.
    """

    wanted: str
    read: int
    filled: int

    @property
    def is_poor(self) -> bool:
        """Whether most cells are of another kind."""
        return self.read < _READABLE_SHARE * self.filled


def read_as(values: pl.Series, column: ColumnMapping, iri: str, vocabulary: Vocabulary) -> Fit:
    """Return how cells read as a term wants them.

    Args:
        values: Cells as the source writes them.
        column: How it writes numbers, times and units.
        iri: IRI of the term.
        vocabulary: The ontology.
    """
    filled = cells.cleaned(values).drop_nulls()
    kind = _wanted(iri, vocabulary)
    if kind == "time":
        read = cells.times(filled, time_format=column.time_format)
    elif kind == "measured":
        kind, read = "number", _measured(filled, column, vocabulary.unit(iri))
    elif kind in _READ:
        read = _READ[kind](filled)
    else:
        return Fit("text", len(filled), len(filled))
    return Fit(kind, len(read.values.drop_nulls()), len(filled))


def _wanted(iri: str, vocabulary: Vocabulary) -> str:
    if vocabulary.is_parameter(iri):
        return "measured" if vocabulary.unit(iri) else "text"
    is_yes_no = is_flag(iri, vocabulary)
    return "boolean" if is_yes_no else record_table().roles.get(local_name(iri), "text")


def _measured(filled: pl.Series, column: ColumnMapping, target: str) -> cells.Cells:
    """Return cells as numbers; a unit of another dimension is not what is asked here."""
    units = (find_unit(column.unit), find_unit(target))
    source, wanted = units if all(units) else (None, None)
    try:
        return cells.numbers(
            filled, decimal_comma=column.decimal_comma, source=source, target=wanted
        )
    except UnknownUnit:
        return cells.numbers(filled, decimal_comma=column.decimal_comma)


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
