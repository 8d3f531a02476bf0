"""`Table`: the rows of a SELECT, and what they become in Python, pandas and Arrow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from qualweave.capability import require
from qualweave.iri import XSD

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Cell: TypeAlias = str | int | float | bool | datetime | None
_INTEGERS = {XSD + one for one in ("integer", "int", "long", "short", "nonNegativeInteger")}
_NUMBERS = {XSD + one for one in ("decimal", "double", "float")}


@dataclass(frozen=True)
class Table:
    """A table of RDF terms.

    Attributes:
        columns: Names of the variables.
        bindings: Rows as the SPARQL 1.1 JSON results format has them: name to term, unbound ones left out.
    """

    columns: tuple[str, ...]
    bindings: tuple[Mapping[str, Mapping[str, str]], ...]

    @classmethod
    def from_results(cls, results: Mapping[str, Any]) -> "Table":
        """Return the table of a SPARQL 1.1 JSON results document; a truth value is one cell."""
        if "boolean" in results:
            truth = {"type": "literal", "value": str(results["boolean"]).lower()}
            return cls(("boolean",), ({"boolean": {**truth, "datatype": XSD + "boolean"}},))
        return cls(tuple(results["head"]["vars"]), tuple(results["results"]["bindings"]))

    def __len__(self) -> int:
        return len(self.bindings)

    def to_list(self) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries of Python values; IRIs are text, unbound cells None."""
        return [{name: value_of(row.get(name)) for name in self.columns} for row in self.bindings]

    def column(self, name: str) -> list[Cell]:
        """Return one column as Python values."""
        return [value_of(row.get(name)) for row in self.bindings]

    def to_arrow(self) -> "pa.Table":
        """Return an Arrow table; a column of mixed kinds is text.

        Raises:
            MissingCapability: If pyarrow is not installed.
        """
        arrow = require("pyarrow", extra="client")
        return arrow.table(
            {name: arrow.array(_of_one_kind(self.column(name))) for name in self.columns}
        )

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame.

        Raises:
            MissingCapability: If pandas is not installed.
        """
        pandas = require("pandas", extra="client")
        return pandas.DataFrame(
            {name: _of_one_kind(self.column(name)) for name in self.columns},
            columns=list(self.columns),
        )


def value_of(term: Mapping[str, str] | None) -> Cell:
    """Return a term of the JSON results format as a Python value; what does not parse stays text."""
    if term is None:
        return None
    text, kind = term["value"], term.get("datatype", "")
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _NUMBERS:
            return float(text)
        if kind == XSD + "dateTime":
            return datetime.fromisoformat(text)
    except ValueError:
        return text
    return text in ("true", "1") if kind == XSD + "boolean" else text


def _of_one_kind(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells that a typed column can hold: whole numbers beside fractions become fractions, a mixture text."""
    kinds = {type(one) for one in cells if one is not None}
    if len(kinds) <= 1:
        return list(cells)
    if kinds == {int, float}:
        return [None if one is None else float(one) for one in cells]  # type: ignore[arg-type]  # numbers only
    return [None if one is None else str(one) for one in cells]
