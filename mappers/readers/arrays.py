"""Arrays of arrays in JSON: a table by rows, as services and notebooks write it, with or without a row of names.

``[["id", "T"], ["A", 20.5]]``, ``[[1, 2], [3, 4]]`` and ``{"columns": ["id", "T"], "data": [["A", 20.5]]}`` are
tables. Rows that are not as wide as the first are a refusal: nobody knows which of their values is which.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.layout import distinct, is_value, named
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.records import Numbered, is_scalar, record_streams, text_of
from qualweave.mappers.readers.stream import TableStream

_NAMES = frozenset(
    {
        "columns", "column_names", "columnnames", "header", "headers", "fields", "names", "spalten",
        "列", "列名", "字段", "表头",
    }
)  # fmt: skip
_HEAD = 60  # rows that say whether the first one holds names
_DEPTH = 16  # levels of arrays that are looked into

Rows: TypeAlias = Callable[[], Iterator[Any]]
"""Reads the rows from the first one."""


@dataclass(frozen=True)
class Grid:
    """An array of arrays.

    Attributes:
        place: Where it stands in the document.
        rows: Its rows.
        above: Scalars of the objects above it, which each of its rows carries.
        names: Of its columns, where the document has them beside it.
    """

    place: str
    rows: list[Any]
    above: Mapping[str, str | None]
    names: tuple[str, ...] = ()


def is_grid(node: object) -> bool:
    """Return whether a value is an array of arrays, and no object stands in it."""
    if not isinstance(node, list) or not node:
        return False
    are_rows = all(isinstance(row, list) and not _has_object(row) for row in node)
    return are_rows and any(node)


def grids(
    node: object, place: str, above: Mapping[str, str | None], *, depth: int
) -> Iterator[Grid]:
    """Yield the arrays of arrays of an object that have names: beside them, or in their first row.

    Others are values of their object, such as the matrix of a calibration.

    Args:
        node: An object of a document.
        place: Where it stands.
        above: Scalars of the objects above it.
        depth: Levels that may still be gone down.
    """
    if not isinstance(node, dict) or not depth:
        return
    beside = next((one for key, one in node.items() if str(key).casefold() in _NAMES), None)
    own = {str(key): text_of(one) or None for key, one in node.items() if is_scalar(one)}
    scalars = {**above, **own}
    for key, value in node.items():
        if is_grid(value):
            names = _texts(beside)
            fits = value is not beside and len(names) == len(value[0])
            has_numbers = not all(_texts(row) for row in value[1:_HEAD])
            if fits or (has_numbers and are_names(value[:_HEAD])):
                yield Grid(f"{place}/{key}", value, scalars, names if fits else ())
        else:
            yield from grids(value, f"{place}/{key}", scalars, depth=depth - 1)


def stream_grid(  # noqa: PLR0913 - what a source of records is
    path: Path,
    hints: tuple[str, ...],
    rows: Rows,
    *,
    limits: ReadLimits,
    encoding: str = "utf-8",
    header: Mapping[str, str] | None = None,
    place: str = "",
    above: Mapping[str, str | None] | None = None,
    names: tuple[str, ...] = (),
) -> list[TableStream]:
    """Return the table of an array of arrays.

    Args:
        path: The file.
        hints: Names of the folders above it.
        rows: Reads its rows.
        limits: How much of it is taken.
        encoding: Its charset.
        header: What stands above it.
        place: Where it stands in the document.
        above: Scalars that each of its rows carries.
        names: Of its columns, where they are stated beside it.

    Raises:
        UnreadableSource: If its rows are uneven or hold arrays, or it is over a limit.
    """
    head = list(islice(rows(), _HEAD))
    first = 0
    if not names and are_names(head):
        names, first = tuple(str(one) for one in head[0]), 1
    width = len(head[0])
    columns = named(range(width), distinct(list(names) or [""] * width))
    return record_streams(
        path,
        hints,
        lambda: _records(path, rows, columns, first=first),
        media="json",
        limits=limits,
        encoding=encoding,
        header=header,
        place=place,
        above=above,
    )


def are_names(rows: list[Any]) -> bool:
    """Return whether the first of some rows holds names: different words, and rows below it."""
    if len(rows) < 2 or not isinstance(rows[0], list):  # noqa: PLR2004 - a row below
        return False
    first = _texts(rows[0])
    is_worded = bool(first) and not any(is_value(one) for one in first)
    return is_worded and len(first) == len(rows[0]) == len({*first})


def _texts(node: object) -> tuple[str, ...]:
    """Return an array of texts; numbers, which are texts of another type here, are none."""
    if not isinstance(node, list) or not all(type(one) is str and one.strip() for one in node):
        return ()
    return tuple(node)


def _has_object(node: object, depth: int = _DEPTH) -> bool:
    """Return whether an object stands in a value, or may do so deeper than anyone looks."""
    if isinstance(node, list):
        return not depth or any(_has_object(one, depth - 1) for one in node)
    return isinstance(node, dict)


def _records(path: Path, rows: Rows, columns: list[str], *, first: int) -> Iterator[Numbered]:
    for number, row in enumerate(rows(), start=1):
        if not isinstance(row, list) or len(row) != len(columns):
            found = len(row) if isinstance(row, list) else 0
            raise _uneven(path, number, found=found, wanted=len(columns))
        if not all(is_scalar(cell) for cell in row):
            raise _uneven(path, number, found=0, wanted=len(columns))
        if number > first:
            cells = (text_of(cell) or None for cell in row)
            yield number, dict(zip(columns, cells, strict=True))


def _uneven(path: Path, row: int, *, found: int, wanted: int) -> UnreadableSource:
    what, what_zh = (
        (f"has {found} values", f"有 {found} 个值") if found else ("is not a row of plain values", "不是一行简单值")
    )  # fmt: skip
    return UnreadableSource(
        f"{path.name}: array {row} {what}, the first has {wanted}.",
        message_zh=f"{path.name}：第 {row} 个数组{what_zh}，而第一个有 {wanted} 个。",
        next_step="Give rows of one width, null where a value is missing, or a list of objects.",
        next_step_zh="请提供等宽的行（缺失值写 null），或改为对象数组。",
        data={"file": path.name, "row": row, "found": found, "wanted": wanted},
    )
