"""JSON and JSON Lines: arrays of objects are tables, nested arrays are child tables with parent keys.

Arrays of arrays are tables by rows (`arrays`). Numbers keep the digits that the file has, so a serial number of 30
digits stays one; ``NaN`` and ``Infinity`` are texts, which the lifting refuses row by row. Lines are read one by one. A
large document is read in two passes: one finds where its records are and what stands above them, the other yields the
records.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import ijson

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.arrays import grids, is_grid, stream_grid
from qualweave.mappers.readers.charset import charset_of
from qualweave.mappers.readers.limits import MIB, ReadLimits, too_much
from qualweave.mappers.readers.lines import Lines
from qualweave.mappers.readers.records import (
    Numbered,
    Record,
    Tables,
    Unread,
    collect,
    cut,
    is_scalar,
    no_records,
    record_streams,
    table_stream,
    text_of,
)
from qualweave.mappers.readers.stream import TableStream
from qualweave.mappers.table import RawTable

_SHOWN = 80  # characters of a line in a message
_OPENS, _CLOSES = {"start_map", "start_array"}, {"end_map", "end_array"}
_SCALARS = {"string", "number", "boolean", "null"}


def read_json(path: Path, hints: tuple[str, ...] = ()) -> list[RawTable]:
    """Return the tables of a JSON or JSON Lines file, whole; see `stream_json`."""
    return [one.whole() for one in stream_json(path, hints)]


def stream_json(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables of a JSON or JSON Lines file, to be read in batches.

    Objects in objects are flattened with dotted names. An array of objects inside a record becomes a
    table of its own, whose rows also carry the scalars of the records above them.

    Raises:
        UnreadableSource: If it is not well-formed, holds no record, or is over a limit.
    """
    limits = limits or ReadLimits()
    encoding = charset_of(path)
    if _is_lines(path, encoding, limits):
        return record_streams(
            path, hints, lambda: _lines(path, encoding, limits), media="jsonl", encoding=encoding, limits=limits
        )  # fmt: skip
    if path.stat().st_size > limits.document_mib * MIB and encoding.startswith("utf-8"):
        return _large(path, hints, limits)
    document = _parse(path, encoding, limits)
    header = (
        {key: text_of(value) for key, value in document.items() if is_scalar(value)}
        if isinstance(document, dict)
        else {}
    )
    if is_grid(document):
        rows = partial(iter, document)
        return stream_grid(path, hints, rows, encoding=encoding, limits=limits)
    by_rows = list(grids(document, "", {}, depth=limits.depth))
    tables = Tables()
    if not by_rows or _holds_objects(document, limits.depth):
        collect(document, "", {}, tables, depth=limits.depth)
    if not tables.rows and not by_rows:
        raise no_records(path)
    found = [
        table
        for one in by_rows
        for table in stream_grid(
            path, hints, partial(iter, one.rows), encoding=encoding, limits=limits,
            header=header, place=one.place, above=one.above, names=one.names,
        )
    ]  # fmt: skip
    return found + [
        table_stream(path, hints, place, encoding=encoding, header=header, limits=limits,
                columns=tuple(dict.fromkeys(name for _, row in rows for name in row)),
                parts=partial(cut, rows))
        for place, rows in tables.rows.items()
    ]  # fmt: skip


def _holds_objects(document: object, depth: int) -> bool:
    """Return whether an array of objects stands somewhere in a document."""
    if isinstance(document, dict):
        return depth > 0 and any(_holds_objects(one, depth - 1) for one in document.values())
    return isinstance(document, list) and any(isinstance(one, dict) for one in document)


# --- parsing ---------------------------------------------------------------------------------------


def loads(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose numbers are texts as written and whose repeated keys are all kept.

    Raises:
        ValueError: If it is not well-formed.
        RecursionError: If it is nested too deeply.
    """
    value = _DECODER.decode(text)
    return _mended(value) if "\\ud" in text or "\\uD" in text else value


def _mended(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in which half of a surrogate pair, which is no character, is U+FFFD."""
    if isinstance(value, str):
        sound = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value if sound == value else sound
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    for key, value in pairs:
        free = (
            key
            if key not in found
            else next(k for n in count(2) if (k := f"{key}#{n}") not in found)
        )
        found[free] = value
    return found


class _Number(str):
    """A number by its digits, so that it is told from a text that looks like one."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_Number, parse_int=_Number, parse_constant=_Number
)


def _parse(path: Path, encoding: str, limits: ReadLimits) -> Any:  # noqa: ANN401 - any JSON value
    text = path.read_bytes().decode(encoding, errors="replace").lstrip("\ufeff")
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        raise _malformed(path, error.lineno, error.colno, error.msg) from error
    except RecursionError as error:
        raise _too_deep(path, limits.depth) from error


def _is_lines(path: Path, encoding: str, limits: ReadLimits) -> bool:
    """Return whether a file has one JSON object on each line: the first line is whole, and another one follows."""
    found = 0
    with path.open("r", encoding=encoding, errors="replace", newline="") as file:
        for line in iter(lambda: file.readline(limits.line_chars), ""):
            text = line.strip().removeprefix("\ufeff")
            if not text:
                continue
            if not text.startswith("{") or (not found and not _is_object(text)):
                return False
            found += 1
            if found > 1:
                return True
    return False


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _lines(path: Path, encoding: str, limits: ReadLimits) -> Iterator[Numbered]:
    with path.open("r", encoding=encoding, errors="replace", newline="") as file:
        lines = Lines(path, file, limits)
        for line in lines:
            lines.taken.clear()
            text = line.strip().removeprefix("\ufeff")
            if not text:
                continue
            try:
                value = loads(text)
            except json.JSONDecodeError as error:
                yield lines.number, Unread(text[:_SHOWN], error.colno, error.msg)
                continue
            except RecursionError:
                yield lines.number, Unread(text[:_SHOWN], 1, "nested too deeply")
                continue
            yield lines.number, value


def _large(path: Path, hints: tuple[str, ...], limits: ReadLimits) -> list[TableStream]:
    """Return the tables of a document that is not held whole: its outermost arrays of objects."""
    found = _outermost(path, limits)
    if not found and isinstance(next(_bare(path), None), list):
        return stream_grid(path, hints, partial(_bare, path), limits=limits)
    if not found:
        raise no_records(path)
    header = dict(found[0][1]) if len(found) == 1 else {}
    return [
        one
        for prefix, above in found
        for one in record_streams(
            path,
            hints,
            partial(_items, path, f"{prefix}.item" if prefix else "item"),
            media="json",
            limits=limits,
            header={key: value or "" for key, value in header.items()},
            place="".join(f"/{part}" for part in prefix.split(".")) if prefix else "",
            above=above,
        )
    ]


def _items(path: Path, prefix: str) -> Iterator[Numbered]:
    objects = (one for one in _bare(path, prefix) if isinstance(one, dict))
    return enumerate(objects, start=1)


def _bare(path: Path, prefix: str = "item") -> Iterator[Any]:
    """Yield the members of an array of a document, whatever they are."""
    with path.open("rb") as file:
        try:
            yield from (_plain(one) for one in ijson.items(file, prefix))
        except ijson.JSONError as error:
            raise _malformed(path, 0, 0, str(error)) from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with its numbers as texts."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | bool) else _Number(value)


def _outermost(path: Path, limits: ReadLimits) -> list[tuple[str, Record]]:
    """Return the place of each outermost array of objects, and the scalars of the objects above it."""
    arrays: dict[str, None] = {}
    scalars: dict[str, list[str]] = {}
    depth = 0
    within = 0  # depth of the array that is being passed over
    with path.open("rb") as file:
        try:
            for prefix, event, value in ijson.parse(file):
                depth += (event in _OPENS) - (event in _CLOSES)
                if depth > limits.depth:
                    raise _too_deep(path, limits.depth)
                if within:
                    within = within if depth >= within else 0
                elif event == "start_map" and (prefix == "item" or prefix.endswith(".item")):
                    arrays[prefix.removesuffix("item").removesuffix(".")] = None
                    within = depth - 1
                elif event in _SCALARS and prefix != "item":
                    name = prefix.removesuffix(".item")  # the texts of a list are one cell
                    scalars.setdefault(name, []).append(text_of(_plain(value)))
        except ijson.JSONError as error:
            raise _malformed(path, 0, 0, str(error)) from error
    return [(one, _above(one, scalars, list(arrays))) for one in arrays]


def _above(prefix: str, scalars: Mapping[str, list[str]], arrays: list[str]) -> Record:
    """Return the scalars of the objects above an array; those of objects beside it have dotted names."""
    parts = prefix.split(".") if prefix else []
    found: Record = {}
    for length in range(len(parts)):
        start = "".join(f"{part}." for part in parts[:length])
        for name, texts in scalars.items():
            rest = name.removeprefix(start)
            beside = f"{start}{rest.partition('.')[0]}"
            holds = any(f"{one}.".startswith(f"{beside}.") for one in arrays)
            if name.startswith(start) and not holds:
                found[rest] = " | ".join(texts) or None
    return found


# --- what is refused ---------------------------------------------------------------------------------


def _malformed(path: Path, line: int, column: int, why: str) -> UnreadableSource:
    at, at_zh = (
        (f", line {line}, column {column}", f" 第 {line} 行第 {column} 列") if line else ("", "")
    )
    return UnreadableSource(
        f"{path.name}{at}: {why}.",
        message_zh=f"{path.name}{at_zh}：JSON 格式错误。",
        next_step="Correct the file at that place.",
        next_step_zh="请更正该处。",
        data={"file": path.name, "line": line, "column": column},
    )


def _too_deep(path: Path, depth: int) -> UnreadableSource:
    return too_much(
        path, ("or more levels of nesting", "层以上嵌套"), depth, limit=depth, setting="read_depth"
    )
