"""From records of any depth to tables: objects are flattened, arrays of objects become child tables.

JSON, JSON Lines and nested Parquet are read by this. A source of records is passed over twice: once for the columns
of each table, once for the rows, so only some records are in memory at a time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.frames import damaged_cells, record_frame
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import Fault, Media

_PART = 1_000  # records between two looks at the size of a batch

Record: TypeAlias = dict[str, str | None]
Above: TypeAlias = Mapping[str, str | None]
Numbered: TypeAlias = tuple[int, Any]
"""A record with its number; an `Unread` in place of one that does not parse."""


@dataclass(frozen=True)
class Unread:
    """A line that is no record: its beginning, the column where reading stopped, and why."""

    text: str
    column: int
    why: str


@dataclass
class Tables:
    """Records found so far, by place; and how the rows of each place are numbered."""

    rows: dict[str, list[tuple[int, Record]]] = field(default_factory=dict)
    numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    def add(self, place: str, row: Record) -> None:
        """Put a row into the table of a place, with its next number."""
        number = next(self.numbers.setdefault(place, count(1)))
        self.rows.setdefault(place, []).append((number, row))


def record_streams(  # noqa: PLR0913 - what a source of records is
    path: Path,
    hints: tuple[str, ...],
    records: Callable[[], Iterator[Numbered]],
    *,
    media: Media,
    limits: ReadLimits,
    encoding: str = "utf-8",
    header: Mapping[str, str] | None = None,
    place: str = "",
    above: Above | None = None,
) -> list[TableStream]:
    """Return the tables of a source of records: one for them and one for each nested array.

    Args:
        path: The file.
        hints: Names of the folders above it.
        records: Reads the source from its start; numbered objects.
        media: What kind of file it is.
        limits: How much of it is taken.
        encoding: Its charset.
        header: What stands above all records.
        place: Where the records stand in the document.
        above: Scalars that every record carries.

    Raises:
        UnreadableSource: If there is no record, or a table is over a limit.
    """
    columns: dict[str, dict[str, None]] = {}
    for part in _collected(records(), place, above or {}, limits):
        for at, rows in part.rows.items():
            names = columns.setdefault(at, {})
            for _, row in rows:
                names.update(dict.fromkeys(row))
            limits.check_columns(path, len(names))
    if not columns:
        raise no_records(path)

    def parts(at: str, size: int) -> Iterator[list[tuple[int, Record]]]:
        kept: list[tuple[int, Record]] = []
        for part in _collected(records(), place, above or {}, limits):
            kept += part.rows.get(at, ())
            while len(kept) >= size:
                yield kept[:size]
                kept = kept[size:]
        if kept:
            yield kept

    return [
        table_stream(
            path,
            hints,
            at,
            encoding=encoding,
            header=header or {},
            limits=limits,
            columns=tuple(names),
            parts=partial(parts, at),
            media=media,
            unread=_unread if media == "jsonl" and at == place else None,
        )
        for at, names in columns.items()
    ]


def table_stream(  # noqa: PLR0913 - the parts of one value
    path: Path,
    hints: tuple[str, ...],
    place: str,
    *,
    encoding: str,
    header: Mapping[str, str],
    limits: ReadLimits,
    columns: tuple[str, ...],
    parts: Callable[[int], Iterable[list[tuple[int, Record]]]],
    media: Media = "json",
    unread: Callable[[int, Record], Fault | None] | None = None,
) -> TableStream:
    """Return one table of a source of records.

    Args:
        path: The file.
        hints: Names of the folders above it.
        place: Where its records stand in the document.
        encoding: Charset.
        header: What stands above all records.
        limits: How much is taken.
        columns: Its fields.
        parts: Yields its numbered rows, at most so many at a time.
        media: What kind of file it is.
        unread: Tells what is wrong with a row that stands for a line that could not be read.

    Raises:
        UnreadableSource: If it has too many columns.
    """
    limits.check_columns(path, len(columns))
    shown = tuple(one for one in columns if one != _BAD)

    def batches(size: int) -> Iterator[Batch]:
        for rows in parts(size):
            limits.check_rows(path, rows[-1][0])
            frame = record_frame(shown, [at for at, _ in rows], [row for _, row in rows])
            bad = [fault for at, row in rows if unread and (fault := unread(at, row))]
            yield frame, tuple(bad + damaged_cells(frame))

    context = source_context(
        path, hints, media=media, encoding=encoding, header=header, columns=shown
    )
    name = f"{path.name}#{place}" if place else path.name
    return TableStream(name, shown, context, batches, batch_rows=limits.batch_rows)


_BAD = "\0unread"
"""Key under which a line that does not parse is carried to where its fault is told."""


def _unread(at: int, row: Record) -> Fault | None:
    said = row.get(_BAD)
    if said is None:
        return None
    column, why, text = said.split("\0", 2)
    detail = f"column {column}: {why}"
    return Fault(
        at, "", text, "row-syntax", detail=detail, detail_zh=f"第 {column} 列：JSON 格式错误"
    )


def cut(rows: list[tuple[int, Record]], size: int) -> Iterator[list[tuple[int, Record]]]:
    """Yield rows that are in memory in parts."""
    return (rows[at : at + size] for at in range(0, len(rows), size))


def _collected(
    records: Iterator[Numbered], place: str, above: Above, limits: ReadLimits
) -> Iterator[Tables]:
    """Yield the rows of some records at a time; numbers of rows go on from part to part."""
    tables = Tables()
    for number, value in records:
        if isinstance(value, Unread):
            said: Record = {_BAD: f"{value.column}\0{value.why}\0{value.text}"}
            tables.rows.setdefault(place, []).append((number, said))
        elif isinstance(value, dict):
            tables.numbers[place] = iter((number,))
            _record(value, place, above, tables, depth=limits.depth)
        if sum(len(rows) for rows in tables.rows.values()) >= _PART:
            yield tables
            tables = Tables(numbers=tables.numbers)
    yield tables


def is_scalar(value: object) -> bool:
    """Return whether a value is one cell: a text, a number, a time or nothing."""
    return (
        value is None or isinstance(value, str | int | float | bool) or hasattr(value, "isoformat")
    )


def text_of(value: object) -> str:
    """Return a scalar as the text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def collect(
    node: Any,  # noqa: ANN401 - any JSON value
    place: str,
    above: Above,
    tables: Tables,
    *,
    depth: int,
) -> None:
    """Add every record below a node to the table of its place.

    Args:
        node: An object, an array or a bare value.
        place: Where it stands in the document.
        above: Scalars of the objects above it.
        tables: What is added to.
        depth: Levels that may still be gone down; what lies deeper is kept as text.
    """
    if isinstance(node, list):
        _collect_each(node, place, above, tables, depth=depth)
    elif isinstance(node, dict):
        arrays = {key: value for key, value in node.items() if _holds_records(value, depth)}
        if arrays or place:
            scalars = {**above, **_fields(node, depth)}
            for key, value in arrays.items():
                collect(value, f"{place}/{key}", scalars, tables, depth=depth - 1)
        elif any(is_scalar(value) for value in node.values()):
            _record(node, place, above, tables, depth=depth)


def _collect_each(node: list[Any], place: str, above: Above, tables: Tables, *, depth: int) -> None:
    """Add the records of an array; bare values among them are rows with one cell."""
    bare = any(isinstance(one, dict) for one in node) or (
        not place and not any(isinstance(one, list) for one in node)
    )
    for one in node:
        if isinstance(one, dict):
            _record(one, place, above, tables, depth=depth)
        elif isinstance(one, list):
            if depth:
                collect(one, place, above, tables, depth=depth - 1)
        elif bare and one is not None:
            tables.add(place, {**above, "value": text_of(one)})


def _record(node: dict[str, Any], place: str, above: Above, tables: Tables, *, depth: int) -> None:
    row = {**above, **_fields(node, depth)}
    children = {key: value for key, value in node.items() if _holds_records(value, depth)}
    if not children or len(row) > len(above):
        tables.add(place, row)
    for key, value in children.items():
        collect(value, f"{place}/{key}", row, tables, depth=depth - 1)


def _holds_records(value: object, depth: int) -> bool:
    if depth <= 0:
        return False
    if isinstance(value, list):
        return any(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and any(_holds_records(one, depth - 1) for one in value.values())


def _fields(node: dict[str, Any], depth: int) -> Record:
    """Return the scalars of an object by name; a dotted name that is there already is numbered."""
    found: Record = {}
    for name, text in _flat(node, depth=depth):
        free = name
        if name in found:
            free = next(one for n in count(2) if (one := f"{name}#{n}") not in found)
        found[free] = text
    return found


def _flat(
    node: dict[str, Any], prefix: str = "", *, depth: int
) -> Iterator[tuple[str, str | None]]:
    """Iterate over the scalars of an object, names dotted, lists of scalars joined."""
    for key, value in node.items():
        name = f"{prefix}{key}"
        if is_scalar(value):
            yield name, text_of(value) or None
        elif isinstance(value, dict) and depth and not _holds_records(value, depth):
            yield from _flat(value, f"{name}.", depth=depth - 1)
        elif isinstance(value, list) and value and all(is_scalar(one) for one in value):
            yield name, " | ".join(text_of(one) for one in value)
        elif value and isinstance(value, dict | list) and not _holds_records(value, depth):
            yield name, json.dumps(value, ensure_ascii=False)


def no_records(path: Path) -> UnreadableSource:
    """Return the refusal of a file in which nothing is a record."""
    return UnreadableSource(
        f"{path.name}: no array of records was found.",
        message_zh=f"{path.name}：未找到记录数组。",
        next_step="Give a list of objects, or an object that holds one.",
        next_step_zh="请提供对象数组，或包含对象数组的对象。",
        data={"file": path.name},
    )
