"""JSON and JSON Lines: arrays of objects are tables, nested arrays are child tables with parent keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.table import ROW, RawTable

_DEEPEST = 8


def read_json(path: Path, hints: tuple[str, ...] = ()) -> list[RawTable]:
    """Return the tables of a JSON or JSON Lines file.

    Objects in objects are flattened with dotted names. An array of objects inside a record becomes a
    table of its own, whose rows also carry the scalars of the records above them.

    Raises:
        UnreadableSource: If it is not well-formed or holds no record.
    """
    text, encoding = decode(path.read_bytes())
    document = _parse(path, text)
    header = (
        {key: _text(value) for key, value in document.items() if _is_scalar(value)}
        if isinstance(document, dict)
        else {}
    )
    tables: dict[str, list[dict[str, str | None]]] = {}
    _collect(document, "", {}, tables)
    if not tables:
        raise UnreadableSource(
            f"{path.name}: no array of records was found.",
            message_zh=f"{path.name}：未找到记录数组。",
            next_step="Give a list of objects, or an object that holds one.",
            next_step_zh="请提供对象数组，或包含对象数组的对象。",
            data={"file": path.name},
        )
    return [_table(path, hints, encoding, place, rows, header) for place, rows in tables.items()]


def _parse(path: Path, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(text.lstrip("\ufeff"))
    except orjson.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            if len(lines) > 1:
                return [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            pass
        raise UnreadableSource(
            f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}.",
            message_zh=f"{path.name} 第 {error.lineno} 行第 {error.colno} 列：JSON 格式错误。",
            next_step="Correct the file at that place.",
            next_step_zh="请更正该处。",
            data={"file": path.name, "line": error.lineno, "column": error.colno},
        ) from error


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _collect(
    node: Any,  # noqa: ANN401 - any JSON value
    place: str,
    above: Mapping[str, str | None],
    tables: dict[str, list[dict[str, str | None]]],
) -> None:
    """Add every record below a node to the table of its place."""
    if isinstance(node, list):
        for one in node:
            if isinstance(one, dict):
                _record(one, place, above, tables)
        return
    if isinstance(node, dict):
        arrays = {key: value for key, value in node.items() if _holds_records(value)}
        if arrays or place:
            scalars = dict(above) | dict(_flat(node))
            for key, value in arrays.items():
                _collect(value, f"{place}/{key}", scalars, tables)
        elif any(_is_scalar(value) for value in node.values()):
            _record(node, place, above, tables)


def _record(
    node: dict[str, Any],
    place: str,
    above: Mapping[str, str | None],
    tables: dict[str, list[dict[str, str | None]]],
) -> None:
    row = dict(above) | dict(_flat(node))
    children = {key: value for key, value in node.items() if _holds_records(value)}
    nested = place.count("/") < _DEEPEST
    if not children or len(row) > len(above):
        tables.setdefault(place, []).append(row)
    for key, value in children.items():
        if nested:
            _collect(value, f"{place}/{key}", row, tables)


def _holds_records(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and any(_holds_records(one) for one in value.values())


def _flat(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """Iterate over the scalars of an object, names dotted, lists of scalars joined."""
    for key, value in node.items():
        name = f"{prefix}{key}"
        if _is_scalar(value):
            yield name, _text(value) or None
        elif isinstance(value, dict) and not _holds_records(value):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(_is_scalar(one) for one in value):
            yield name, " | ".join(_text(one) for one in value)


def _table(  # noqa: PLR0917 - the parts of one value
    path: Path,
    hints: tuple[str, ...],
    encoding: str,
    place: str,
    rows: list[dict[str, str | None]],
    header: Mapping[str, str],
) -> RawTable:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    data = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in columns
    }
    data[ROW] = pl.Series(ROW, range(1, len(rows) + 1), dtype=pl.Int64)
    return RawTable(
        name=f"{path.name}#{place}" if place else path.name,
        columns=columns,
        frame=pl.DataFrame(data),
        context=source_context(
            path, hints, media="json", encoding=encoding, header=header, columns=columns
        ),
    )
