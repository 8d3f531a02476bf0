"""CSV as machines write it: preamble lines, a header somewhere, a unit row, decimal commas, blank tails."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.table import ROW, RawTable
from qualweave.values import find_unit

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_ROWS = 60
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?$")
_TIME = re.compile(r"^\d{1,4}[-/.年]\d{1,2}|^\d{1,2}:\d{2}")
_UNITLESS = {"", "-", "--", "/", "1", "n/a"}
_KEY_VALUE = re.compile(r"^\s*[#;/*]*\s*([^:=：]{1,40})\s*[:=：]\s*(.*?)\s*$")


def read_csv(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the table of a CSV file.

    Raises:
        UnreadableSource: If it has no header or no row.
    """
    text, encoding = decode(path.read_bytes())
    delimiter = guess_delimiter(text)
    rows = _rows(text, delimiter)
    if not rows:
        raise _unreadable(path, 1, "the file has no line with text")
    place = header_place(rows)
    header = _distinct([cell.strip("\ufeff") for cell in rows[place][1]])
    if len(header) == 1 and not header[0].strip():
        raise _unreadable(path, rows[place][0], "no header was found")
    body = rows[place + 1 :]
    units: dict[str, str] = {}
    if body and _is_unit_row(body[0][1], header):
        units = {
            name: cell.strip()
            for name, cell in zip(header, body[0][1], strict=False)
            if cell.strip() not in _UNITLESS
        }
        body = body[1:]
    keys = _preamble([cells for _, cells in rows[:place]], delimiter)
    columns, frame = _frame(
        header, [(line, cells) for line, cells in body if any(c.strip() for c in cells)]
    )
    context = source_context(
        path,
        hints,
        media="csv",
        encoding=encoding,
        delimiter=delimiter,
        header=keys,
        columns=columns,
    )
    return RawTable(name=path.name, columns=columns, frame=frame, context=context, units=units)


def guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the most lines into the same, largest number of cells."""
    lines = [line for line in text.splitlines()[:_HEAD_ROWS] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        if not widths:
            return 0.0, 0
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        return count / len(lines), width

    best = max(_DELIMITERS, key=score)
    return best if score(best)[0] > 0 else ","


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return ``(physical line, cells)`` of the rows with text."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    before = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            found.append((before + 1, cells))
        before = reader.line_num
    return found


def header_place(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Return the index of the header: the first row of words as wide as the rows below, else nearly so."""
    head = [cells for _, cells in rows[:_HEAD_ROWS]]
    widths = Counter(_width(cells) for cells in head)
    common = max(widths, key=lambda width: (widths[width], width))
    worded = [index for index, cells in enumerate(head) if _is_worded(cells)]
    for least in (common, max(1, round(0.6 * common))):
        for index in worded:
            if _width(head[index]) >= least:
                return index
    return 0


def _is_worded(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    words = sum(not _NUMBER.match(cell) and not _TIME.match(cell) for cell in filled)
    return words >= 0.8 * len(filled)


def _width(cells: Sequence[str]) -> int:
    filled = [index for index, cell in enumerate(cells) if cell.strip()]
    return filled[-1] + 1 if filled else 0


def _is_unit_row(cells: Sequence[str], header: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells[: len(header)] if cell.strip() not in _UNITLESS]
    if not filled or any(_NUMBER.match(cell) or _TIME.match(cell) for cell in filled):
        return False
    return sum(find_unit(cell) is not None for cell in filled) >= max(1, 0.6 * len(filled))


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names in which a repeated one carries a number that is free; blank ones stay blank."""
    taken = {*names, ROW}
    seen: set[str] = {ROW}
    found = []
    for name in names:
        free = name
        if name.strip() and name in seen:
            free = next(one for n in count(2) if (one := f"{name}#{n}") not in taken)
        taken.add(free)
        seen.add(free)
        found.append(free)
    return found


def _named(places: Sequence[int], given: Sequence[str]) -> list[str]:
    """Return a name of its own for each column; those that have none are numbered."""
    taken = {*given}
    names = []
    for at, name in zip(places, given, strict=True):
        free = name
        if not name.strip():
            plain = f"column {at + 1}"
            numbered = (f"{plain}#{n}" for n in count(2))
            free = plain if plain not in taken else next(n for n in numbered if n not in taken)
        taken.add(free)
        names.append(free)
    return names


def _preamble(rows: Sequence[Sequence[str]], delimiter: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for cells in rows:
        filled = [cell.strip() for cell in cells if cell.strip()]
        match = _KEY_VALUE.match(delimiter.join(filled)) if filled else None
        if match is not None:
            keys[match.group(1).strip()] = match.group(2).strip(f" {delimiter}")
        elif len(filled) == 2:  # noqa: PLR2004 - a key and its value
            keys[filled[0].strip("# ")] = filled[1]
    return keys


def _frame(
    header: list[str], body: Sequence[tuple[int, list[str]]]
) -> tuple[tuple[str, ...], pl.DataFrame]:
    while (
        header
        and not header[-1].strip()
        and all(len(c) < len(header) or not c[len(header) - 1].strip() for _, c in body)
    ):
        header = header[:-1]
    widest = max((len(cells) for _, cells in body), default=0)
    places = [*range(len(header))]
    places += [at for at in range(len(header), widest) if any(_filled(c, at) for _, c in body)]
    given = [header[at] if at < len(header) else "" for at in places]
    names = _named(places, given)
    data: dict[str, pl.Series] = {}
    for at, name in zip(places, names, strict=True):
        values = [cells[at] if _filled(cells, at) else None for _, cells in body]
        data[name] = pl.Series(name, values, dtype=pl.String)
    data[ROW] = pl.Series(ROW, [line for line, _ in body], dtype=pl.Int64)
    return tuple(names), pl.DataFrame(data)


def _filled(cells: Sequence[str], index: int) -> bool:
    return index < len(cells) and bool(cells[index].strip())


def _unreadable(path: Path, line: int, what: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {line}: {what}.",
        message_zh=f"{path.name} 第 {line} 行：无法读取为表格。",
        next_step="Check that the file is a table with a header row.",
        next_step_zh="请确认文件是带表头的表格。",
        data={"file": path.name, "line": line},
    )
