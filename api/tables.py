"""`Table`: the rows of an answer with typed columns and units, written as text, CSV, JSON or Parquet.

SPARQL's own formats tell no unit and no column type. An analyst's table does: a column that holds a parameter's
values names its unit, and numbers, times and truth values are numbers, times and truth values.
"""

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import orjson
import polars as pl

from qualweave.errors import InputError, JsonValue
from qualweave.iri import XSD, local_name
from qualweave.negotiation import best_media_type
from qualweave.store.results import JSON as SPARQL_JSON

Format: TypeAlias = Literal["json", "csv", "parquet", "table"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA: Mapping[Format, str] = MappingProxyType(
    {
        "json": "application/json",
        "csv": "text/csv; charset=utf-8",
        "parquet": "application/vnd.apache.parquet",
        "table": "text/plain; charset=utf-8",
    }
)
Cell: TypeAlias = str | int | float | bool | datetime | None
ColumnType: TypeAlias = Literal["iri", "string", "integer", "number", "boolean", "time"]
_INTEGERS = {XSD + one for one in ("integer", "int", "long", "nonNegativeInteger")}
_NUMBERS = {XSD + one for one in ("decimal", "double", "float")}
_POLARS: Mapping[ColumnType, Any] = MappingProxyType(
    {
        "iri": pl.String,
        "string": pl.String,
        "integer": pl.Int64,
        "number": pl.Float64,
        "boolean": pl.Boolean,
        "time": pl.Datetime("us", "UTC"),
    }
)
_WIDEST = 44
_FORMULA = r"^[=+\-@\t\r]"
_SIGNED_NUMBER = r"^[+-]?[0-9.,]+([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Column:
    """A column: its name, the type of its cells, and the UCUM code of its unit, ``""`` where it has none."""

    name: str
    type: ColumnType
    unit: str = ""

    @property
    def heading(self) -> str:
        """The name with the unit behind it, for example ``"value [A]"``."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """Rows of an answer, cells in the order of the columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def from_sparql(
        cls, body: bytes, *, units: Mapping[str, str] = MappingProxyType({})
    ) -> "Table":
        """Return the table of a SELECT's JSON results.

        Args:
            body: SPARQL 1.1 Query Results JSON.
            units: Column to UCUM code.
        """
        told = orjson.loads(body)
        names: list[str] = told["head"].get("vars", ["answer"])
        found: list[dict[str, Any]] = (
            told["results"]["bindings"]
            if "results" in told
            else [{"answer": _truth(told["boolean"])}]
        )
        columns = tuple(
            Column(one, _column_type([row[one] for row in found if one in row]), units.get(one, ""))
            for one in names
        )
        rows = (tuple(_cell(row.get(one.name), one.type) for one in columns) for row in found)
        return cls(columns, tuple(rows))

    def write(self, form: Format) -> bytes:
        """Return the table in a format.

        Raises:
            InputError: If the format is not known.
        """
        writer = _WRITERS.get(form)
        if writer is None:
            raise InputError(
                f"There is no format {form!r}.",
                message_zh=f"没有格式“{form}”。",
                next_step="Formats: " + ", ".join(FORMATS) + ".",
                next_step_zh="可用格式：" + "、".join(FORMATS) + "。",
                data={"format": str(form)},
            )
        return writer(self)

    def to_json(self) -> dict[str, JsonValue]:
        """Return columns and rows as JSON values."""
        return {
            "columns": [
                {"name": one.name, "type": one.type, "unit": one.unit} for one in self.columns
            ],
            "rows": [
                {column.name: _plain(cell) for column, cell in zip(self.columns, row, strict=True)}
                for row in self.rows
            ],
        }


def media_of(accept: str) -> Format:
    """Return the format that an Accept header asks for; JSON where it takes none of ours."""
    forms: dict[str, Format] = {media.split(";")[0]: form for form, media in MEDIA.items()}
    return forms.get(best_media_type(accept, forms) or "", "json")


def _truth(value: object) -> dict[str, str]:
    return {"type": "literal", "value": str(value).lower(), "datatype": XSD + "boolean"}


def _column_type(cells: Sequence[Mapping[str, str]]) -> ColumnType:
    kinds = {_cell_type(one) for one in cells}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "string"


def _cell_type(cell: Mapping[str, str]) -> ColumnType:
    kind = cell.get("datatype", "")
    if cell["type"] == "uri":
        return "iri"
    if kind in _INTEGERS:
        return "integer" if abs(int(cell["value"])) < 2**63 else "string"
    if kind in _NUMBERS:
        return "number"
    if kind == XSD + "boolean":
        return "boolean"
    return "time" if kind == XSD + "dateTime" and _moment(cell["value"]) else "string"


def _cell(cell: Mapping[str, str] | None, kind: ColumnType) -> Cell:
    if cell is None:
        return None
    text = cell["value"]
    made: dict[ColumnType, Callable[[str], Cell]] = {
        "integer": int,
        "number": float,
        "boolean": lambda one: one in {"true", "1"},
        "time": _moment,
    }
    return made[kind](text) if kind in made else text


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _plain(cell: Cell) -> JsonValue:
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell


def _json(table: Table) -> bytes:
    return orjson.dumps(table.to_json())


def _frame(table: Table, headings: Iterable[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            heading: pl.Series(heading, [row[at] for row in table.rows], dtype=_POLARS[one.type])
            for at, (heading, one) in enumerate(zip(headings, table.columns, strict=True))
        }
    )


def _csv(table: Table) -> bytes:
    frame = _frame(table, [one.heading for one in table.columns])
    text = frame.with_columns(_harmless(pl.col(pl.String))).write_csv(
        datetime_format="%Y-%m-%dT%H:%M:%SZ"
    )
    return text.encode()


def _harmless(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before what a spreadsheet would compute: a supplier's remark is no formula."""
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_SIGNED_NUMBER)
    return pl.when(is_formula).then(pl.lit("'") + text).otherwise(text).name.keep()


def _parquet(table: Table) -> bytes:
    sink = io.BytesIO()
    about = orjson.dumps({one.name: {"unit": one.unit, "type": one.type} for one in table.columns})
    frame = _frame(table, [one.name for one in table.columns])
    frame.write_parquet(sink, metadata={"qualweave": about.decode()})
    return sink.getvalue()


def _text(table: Table) -> bytes:
    cells = [
        [one.heading for one in table.columns],
        *([_shown(c) for c in row] for row in table.rows),
    ]
    widths = [max(_width(row[at]) for row in cells) for at in range(len(table.columns))]
    lines = ["  ".join(_padded(*pair) for pair in zip(row, widths, strict=True)) for row in cells]
    lines.insert(1, "  ".join("-" * one for one in widths))
    return ("\n".join(line.rstrip() for line in lines) + "\n").encode()


def _shown(cell: Cell) -> str:
    if isinstance(cell, str):
        short = local_name(cell) if cell.startswith(("http://", "https://")) else cell
        return short if len(short) <= _WIDEST else short[: _WIDEST - 1] + "…"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "" if cell is None else str(_plain(cell))


def _width(text: str) -> int:
    return sum(2 if one > "\u2e7f" else 1 for one in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


_WRITERS: Mapping[str, Callable[[Table], bytes]] = MappingProxyType(
    {"json": _json, "csv": _csv, "parquet": _parquet, "table": _text}
)
__all__ = ["FORMATS", "MEDIA", "SPARQL_JSON", "Cell", "Column", "Format", "Table", "media_of"]
