"""Tables as field systems write them: CSV dialects, nested JSON, XML with attributes.

A `Column` knows its truth (term and unit), so that writing a file and writing the oracle's entry
about it are one act and cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import orjson
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

UnitStyle = Literal["none", "underscore", "square", "fullwidth", "round", "row"]
TimeStyle = Literal["iso", "slash", "german", "offset"]
_TIME_FORMATS: dict[TimeStyle, str] = {
    "iso": "%Y-%m-%d %H:%M:%S",
    "slash": "%Y/%m/%d %H:%M:%S",
    "german": "%d.%m.%Y %H:%M:%S",
    "offset": "%Y-%m-%dT%H:%M:%S+08:00",
}
_BROKEN = ("---", "#VALUE!", "断线", "ERR:12", "N.A.?")


@dataclass(frozen=True)
class Column:
    """One field of a file and its truth.

    `term` holds the ontology local name, alternatives joined by `|`, empty where no term fits.
    `cryptic` marks a name that nobody can read; the plant's engineer answers for it.
    """

    header: str
    term: str
    values: np.ndarray[Any, Any]
    decimals: int = 3
    unit: str = ""
    cryptic: bool = False
    attribute: bool = False

    def cells(self, time_style: TimeStyle = "iso") -> pl.Series:
        """The values as text; NaN and empty become an empty cell."""
        values = self.values
        if values.dtype.kind == "f":
            text = np.char.mod(f"%.{self.decimals}f", values)
            text[np.isnan(values)] = ""
            return pl.Series(self.header, text.tolist(), dtype=pl.String)
        if values.dtype.kind == "M":
            stamps = pl.Series(self.header, values.astype("datetime64[ms]"))
            return stamps.dt.strftime(_TIME_FORMATS[time_style])
        return pl.Series(self.header, [str(value) for value in values.tolist()], dtype=pl.String)

    def plain(self) -> list[Any]:
        """The values as JSON values; NaN becomes None."""
        if self.values.dtype.kind == "f":
            rounded = np.round(self.values, self.decimals).tolist()
            return [None if value != value else value for value in rounded]  # noqa: PLR0124 - NaN
        if self.values.dtype.kind == "M":
            return self.cells("offset").to_list()
        return self.values.tolist()  # type: ignore[no-any-return]


def column(
    header: str,
    term: str,
    values: Sequence[Any] | np.ndarray[Any, Any],
    **rest: Any,  # noqa: ANN401 - handed on to Column, which types them
) -> Column:
    """A column from any sequence; text stays Python text, so that no cell is cut off.

    Returns:
        The column.
    """
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=_kind(values))
    return Column(header, term, array, **rest)


def _kind(values: Sequence[Any]) -> type | None:
    return object if len(values) == 0 or isinstance(values[0], str) else None


@dataclass(frozen=True)
class Dialect:
    """How one exporting program writes a CSV file."""

    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    decimal_comma: bool = False
    preamble: tuple[str, ...] = ()
    unit_style: UnitStyle = "none"
    time_style: TimeStyle = "iso"
    trailing_blank: int = 0
    newline: str = "\n"
    broken_rows: tuple[int, ...] = field(default=())

    def header(self, item: Column) -> str:
        """The header cell, byte for byte as the file has it."""
        if not item.unit or item.cryptic:
            return item.header
        return {
            "none": item.header,
            "row": item.header,
            "underscore": f"{item.header}_{item.unit}",
            "square": f"{item.header} [{item.unit}]",
            "round": f"{item.header} ({item.unit})",
            "fullwidth": f"{item.header}（{item.unit}）",
        }[self.unit_style]


def csv_bytes(columns: Sequence[Column], dialect: Dialect) -> bytes:
    """The bytes of a CSV file.

    Args:
        columns: equally long columns.
        dialect: how to write them.

    Returns:
        The encoded file.
    """
    frame = pl.DataFrame(
        [item.cells(dialect.time_style).alias(str(i)) for i, item in enumerate(columns)]
    )
    frame = _break_rows(frame, columns, dialect)
    if dialect.decimal_comma:
        numeric = [str(i) for i, item in enumerate(columns) if item.values.dtype.kind == "f"]
        frame = frame.with_columns(pl.col(numeric).str.replace(".", ",", literal=True))
    body = frame.write_csv(separator=dialect.delimiter, include_header=False)
    lines = [*dialect.preamble, dialect.delimiter.join(dialect.header(item) for item in columns)]
    if dialect.unit_style == "row":
        lines.append(
            dialect.delimiter.join(f"[{item.unit}]" if item.unit else "" for item in columns)
        )
    text = (
        "\n".join(lines)
        + "\n"
        + body
        + (dialect.delimiter * (len(columns) - 1) + "\n") * dialect.trailing_blank
    )
    if dialect.newline != "\n":
        text = text.replace("\n", dialect.newline)
    return (b"\xef\xbb\xbf" if dialect.bom else b"") + text.encode(dialect.encoding)


def _break_rows(frame: pl.DataFrame, columns: Sequence[Column], dialect: Dialect) -> pl.DataFrame:
    """Put a sensor's error text into a numeric cell of the rows named by the dialect."""
    numeric = [i for i, item in enumerate(columns) if item.values.dtype.kind == "f"]
    for place, row in enumerate(dialect.broken_rows):
        name = str(numeric[place % len(numeric)])
        frame = frame.with_columns(
            pl.when(pl.int_range(pl.len()) == row)
            .then(pl.lit(_BROKEN[place % len(_BROKEN)]))
            .otherwise(pl.col(name))
            .alias(name)
        )
    return frame


def records(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """One dict per row; a dotted header such as `process.temp` becomes a nested object."""
    data = [item.plain() for item in columns]
    rows: list[dict[str, Any]] = []
    paths = [item.header.split(".") for item in columns]
    for values in zip(*data, strict=True):
        row: dict[str, Any] = {}
        for path, value in zip(paths, values, strict=True):
            target = row
            for step in path[:-1]:
                target = target.setdefault(step, {})
            target[path[-1]] = value
        rows.append(row)
    return rows


def json_bytes(document: object) -> bytes:
    """A JSON file, indented as such exports are."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def xml_bytes(
    columns: Sequence[Column], *, root: str, record: str, attributes: dict[str, str] | None = None
) -> bytes:
    """An XML file with one element per row; columns are attributes or child elements.

    Returns:
        The encoded file with an XML declaration.
    """
    head = "".join(f" {key}={quoteattr(value)}" for key, value in (attributes or {}).items())
    cells = [item.cells("offset").to_list() for item in columns]
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n', f"<{root}{head}>\n"]
    for values in zip(*cells, strict=True):
        inside, outside = [], []
        for item, value in zip(columns, values, strict=True):
            if item.attribute:
                outside.append(f" {item.header}={quoteattr(value)}")
            elif value:
                unit = f" unit={quoteattr(item.unit)}" if item.unit else ""
                inside.append(f"    <{item.header}{unit}>{escape(value)}</{item.header}>\n")
        if inside:
            parts.append(f"  <{record}{''.join(outside)}>\n{''.join(inside)}  </{record}>\n")
        else:
            parts.append(f"  <{record}{''.join(outside)}/>\n")
    parts.append(f"</{root}>\n")
    return "".join(parts).encode()


def rename(item: Column, header: str, *, attribute: bool = False) -> Column:
    """The same column under another header."""
    return replace(item, header=header, attribute=attribute)
