"""CSV as machines write it: preamble lines, a header somewhere, a unit row, decimal commas, blank tails.

The file is read twice: once for the widths of its rows, which say which columns there are, and once for the
rows. So a file of any length needs the memory of one batch. Where each line is a row like all others, Polars reads
it (`EvenText`); else it is read line by line.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path

import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.charset import charset_of
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.even import EvenText
from qualweave.mappers.readers.frames import damaged_cells, text_frame, totals
from qualweave.mappers.readers.layout import HEAD_ROWS, Layout, layout_of, named, width_of
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.lines import Row, rows_of
from qualweave.mappers.readers.sections import set_apart
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import Fault, RawTable

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_CHARS = 262_144
_FEW = 0.2  # of the rows: these are ragged, and not a column that the header forgot
_SHOWN = 80  # characters
_PIECE = 4_000  # rows


def read_csv(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the table of a CSV file.

    Raises:
        UnreadableSource: If it has no header or no row, or breaks a limit.
    """
    return stream_csv(path, hints).whole()


def stream_csv(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> TableStream:
    """Return the table of a CSV file, to be read in batches.

    Raises:
        UnreadableSource: If it has no header or no row, or breaks a limit.
    """
    limits = limits or ReadLimits()
    encoding = charset_of(path)
    delimiter, stated = _delimiter(path, encoding)
    head = [
        one
        for one in islice(rows_of(path, encoding, delimiter, limits), HEAD_ROWS + 2)
        if not (stated and one.line == 1)
    ]
    if not head:
        raise _unreadable(path, 1, "the file has no line with text")
    layout = layout_of([one.cells for one in head], delimiter)
    if not any(name.strip() for name in layout.header):
        raise _unreadable(path, head[layout.place].line, "no header was found")
    grid = _Grid(path, encoding, delimiter, layout, head[layout.body - 1].line, limits)
    even = grid.even()
    is_even = width_of(layout.header) == even.width and even.is_even()
    places, spare = ([*range(even.width)], even.width) if is_even else _places(grid)
    names = tuple(
        named(places, [layout.header[at] if at < len(layout.header) else "" for at in places])
    )
    context = source_context(
        path,
        hints,
        media="csv",
        encoding=encoding,
        delimiter=delimiter,
        header=layout.keys,
        columns=names,
    )

    def opened(rows: int) -> Iterator[Batch]:
        if is_even:
            return even.batches(names, rows)
        return _batches(grid, places, names, spare=spare, rows=rows)

    return TableStream(
        path.name,
        names,
        context,
        opened,
        batch_rows=limits.batch_rows,
        units=layout.units,
        descriptions=layout.descriptions,
    )


@dataclass(frozen=True)
class _Grid:
    """A delimited file whose layout is known."""

    path: Path
    encoding: str
    delimiter: str
    layout: Layout
    header_line: int
    limits: ReadLimits

    def even(self) -> EvenText:
        """Return the file as one whose rows may all be alike."""
        return EvenText(
            self.path, self.encoding, self.delimiter, self.header_line, self.layout.rows,
            len(self.layout.header), self.limits,
        )  # fmt: skip

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; a header that is repeated, as in joined files, is none."""
        return set_apart(self._below(), width_of(self.layout.header), self.layout.rows)

    def _below(self) -> Iterator[Row]:
        width = len(self.layout.header)
        below = rows_of(self.path, self.encoding, self.delimiter, self.limits, width=width)
        for number, row in enumerate(dropwhile(lambda one: one.line <= self.header_line, below)):
            if number >= self.limits.rows:
                self.limits.check_rows(self.path, number + 1)
            yield row


def guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the most lines into the same, largest number of cells."""
    lines = [line for line in text.splitlines()[:HEAD_ROWS] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        if not widths:
            return 0.0, 0
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        return count / len(lines), width

    best = max(_DELIMITERS, key=score)
    return best if score(best)[0] > 0 else ","


def _delimiter(path: Path, encoding: str) -> tuple[str, bool]:
    """Return the delimiter of a file, and whether its first line states it (``sep=;``, as Excel writes it)."""
    with path.open("r", encoding=encoding, errors="replace", newline="") as file:
        text = file.read(_HEAD_CHARS).removeprefix("\ufeff")
    first = text.splitlines()[0].strip().strip('"') if text else ""
    if first.casefold().startswith("sep=") and len(first.removeprefix(first[:4])) <= 1:
        return first[4:] or "\t", True
    csv.field_size_limit(max(csv.field_size_limit(), _HEAD_CHARS))
    return guess_delimiter(text), False


def _places(grid: _Grid) -> tuple[list[int], int]:
    """Return which cells of a row are columns, and from which cell on a row has too many.

    Names are columns, but for blank ones at the end over blank cells. Cells behind the last name are columns
    where many rows have them; where few have them, these rows are ragged.
    """
    known = width_of(grid.layout.header)
    widths: Counter[int] = Counter()
    extra: set[int] = set()
    for row in grid.rows():
        if len(row.cells) <= known or row.fault == "quote" or row.apart:
            widths[known] += 1
            continue
        width = max(known, width_of(row.cells))
        widths[width] += 1
        if width > known:
            extra.update(at for at in range(known, width) if row.cells[at].strip())
    wider = sum(count for width, count in widths.items() if width > known)
    named_too = len(grid.layout.header)
    is_few = wider <= _FEW * widths.total() and not any(at < named_too for at in extra)
    places = [*range(known), *(() if is_few else sorted(extra))]
    grid.limits.check_columns(grid.path, len(places), line=grid.header_line)
    return places, known if is_few else (max(places, default=0) + 1)


def _batches(
    grid: _Grid, places: list[int], names: tuple[str, ...], *, spare: int, rows: int
) -> Iterator[Batch]:
    source = grid.rows()
    while pieces := list(_pieces(source, grid, places, names, spare=spare, rows=rows)):
        faults = tuple(fault for _, found in pieces for fault in found)
        yield pl.concat([frame for frame, _ in pieces], rechunk=True), faults


def _pieces(
    source: Iterator[Row],
    grid: _Grid,
    places: list[int],
    names: tuple[str, ...],
    *,
    spare: int,
    rows: int,
) -> Iterator[Batch]:
    """Yield one batch in pieces: Python's lists of cells, which are slow to keep, are few at a time."""
    plain = places == [*range(len(places))]
    width = spare if plain else max(spare, places[-1] + 1)
    for start in range(0, rows, _PIECE):
        part = list(islice(source, min(_PIECE, rows - start)))
        if not part:
            return
        cells = [_fitted(one.cells, width) for one in part]
        if not plain:
            cells = [[row[at] for at in places] for row in cells]
        frame = text_frame(names, [one.line for one in part], cells)
        faults = [_fault(one, spare, grid.delimiter) for one in part if _is_faulty(one, spare)]
        apart = [one.line for one in part if one.apart]
        yield frame, tuple(faults + damaged_cells(frame) + totals(frame, without=apart))


def _fitted(cells: list[str], width: int) -> list[str]:
    if len(cells) == width:
        return cells
    return cells[:width] if len(cells) > width else [*cells, *[""] * (width - len(cells))]


def _is_faulty(row: Row, spare: int) -> bool:
    is_odd = row.fault is not None or row.apart is not None
    return is_odd or (len(row.cells) > spare and width_of(row.cells) > spare)


def _fault(row: Row, spare: int, delimiter: str) -> Fault:
    shown = delimiter.join(row.cells)[:_SHOWN]
    if row.fault is not None or row.apart is not None:
        return Fault(row.line, "", shown.rstrip(delimiter), row.apart or row.fault or "")
    count = width_of(row.cells)
    return Fault(
        row.line,
        "",
        shown,
        "ragged",
        detail=f"it has {count} cells, the header has {spare}",
        detail_zh=f"该行有 {count} 个单元格，表头有 {spare} 个",
    )


def _unreadable(path: Path, line: int, what: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {line}: {what}.",
        message_zh=f"{path.name} 第 {line} 行：无法读取为表格。",
        next_step="Check that the file is a table with a header row.",
        next_step_zh="请确认文件是带表头的表格。",
        data={"file": path.name, "line": line},
    )
