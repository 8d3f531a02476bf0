"""Delimited text in which every line is a row: read by Polars, block by block, where no line needs a second look.

What machines write is mostly so. A file is *even* if it is UTF-8, every line below the header has as many cells as
the header, quotes open and close where cells do and on one line, no row stands below a blank one (it may be none of
the table, see `sections`), and nothing else in it has a meaning of its own (a lone carriage return, a byte order mark
in the middle, the separators U+001C to U+001F). Any other file is read line by line by `rows_of`, which tells what is
wrong with which line; both give the same cells.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.frames import blanks_to_null, damaged_cells, totals
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.stream import Batch
from qualweave.mappers.table import ROW

_BLOCK = 4 << 20  # bytes
_END, _QUOTE = b'\n"'
_SEPARATORS = b"\x1c", b"\x1d", b"\x1e", b"\x1f"  # blank to Python, and not to Polars
_BOM = b"\xef\xbb\xbf"
_UTF8 = ("utf-8", "utf-8-sig")
_MAY_BLANK = frozenset(b' "\t\v\f\n\x85' + "\xa0\u1680\u2028\u202f\u205f\u3000".encode()) | {
    *range(0x80, 0x8B)
}
"""Bytes of blanks, quotes and line ends: what holds another is no blank line."""

_Bytes = NDArray[np.uint8]
_Places = NDArray[np.intp]


@dataclass(frozen=True)
class EvenText:
    """The rows of a file that may be even.

    Attributes:
        path: The file.
        encoding: Its charset.
        delimiter: Between cells.
        header_line: The last line above the rows.
        header: Header rows as they are written; rows like them are left out.
        width: Cells of a row.
        limits: Of rows and lines.
    """

    path: Path
    encoding: str
    delimiter: str
    header_line: int
    header: tuple[tuple[str, ...], ...]
    width: int
    limits: ReadLimits

    def is_even(self) -> bool:
        """Return whether every row is as the header says; the whole file is looked at."""
        if self.encoding not in _UTF8 or self.width < 2:  # noqa: PLR2004 - a blank line has one cell
            return False
        if self.width > self.limits.columns:
            return False
        rows, blank = 0, False
        with self.path.open("rb") as file:
            for block in self._blocks(file):
                if not self._is_even(block):
                    return False
                blanks = _blank_lines(block, self.delimiter)
                if (blank and not blanks.all()) or (blanks[:-1] > blanks[1:]).any():
                    return False
                blank = bool(blanks[-1])
                rows += block.count(_END)
        return 0 < rows <= self.limits.rows

    def batches(self, names: tuple[str, ...], rows: int) -> Iterator[Batch]:
        """Yield the rows in batches.

        Args:
            names: One name per column.
            rows: Rows of a batch, at most.

        Raises:
            UnreadableSource: If the file is not even any more: somebody writes to it.
        """
        with self.path.open("rb") as file:
            line = self.header_line + 1
            waiting: list[pl.DataFrame] = []
            for block in self._blocks(file):
                if not self._is_even(block):
                    raise self._changed(line)
                frame = self._frame(block, names, line)
                line += block.count(_END)
                waiting.append(frame)
                if sum(one.height for one in waiting) >= rows:
                    whole = pl.concat(waiting, rechunk=True)
                    full = whole.height - whole.height % rows
                    for start in range(0, full, rows):
                        yield _batch(whole[start : start + rows])
                    waiting = [whole[full:]]
            left = pl.concat(waiting, rechunk=True) if waiting else pl.DataFrame()
            if left.height:
                yield _batch(left)

    def _blocks(self, file: IO[bytes]) -> Iterator[bytes]:
        """Yield the lines below the header, many at once, each ended by a line feed alone."""
        for _ in range(self.header_line):
            file.readline()
        rest = b""
        while read := file.read(_BLOCK):
            block = rest + read
            cut = block.rfind(b"\n") + 1
            rest = block[cut:]
            if len(rest) > self.limits.line_chars:
                yield rest  # which is not even
                return
            if cut:
                yield block[:cut].replace(b"\r\n", b"\n")
        if rest:
            yield rest.replace(b"\r\n", b"\n") + b"\n"

    def _is_even(self, block: bytes) -> bool:
        if b"\r" in block or _BOM in block or any(one in block for one in _SEPARATORS):
            return False
        if not _is_utf8(block):
            return False
        data = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(data == _END)
        between = np.flatnonzero(data == ord(self.delimiter))
        if not len(ends) or np.diff(ends, prepend=-1).max() > self.limits.line_chars:
            return False
        if b'"' in block:
            quotes = np.flatnonzero(data == _QUOTE)
            if not _is_quoted_well(data, quotes, ends, ord(self.delimiter)):
                return False
            between = between[np.searchsorted(quotes, between) % 2 == 0]
        cells = np.diff(np.searchsorted(between, ends), prepend=0) + 1
        return bool((cells == self.width).all())

    def _changed(self, line: int) -> UnreadableSource:
        return UnreadableSource(
            f"{self.path.name}, from line {line}: the file changed while it was read.",
            message_zh=f"{self.path.name} 第 {line} 行起：文件在读取过程中发生了变化。",
            next_step="Hand it in again once it is written to its end.",
            next_step_zh="请待文件写入完成后重新提交。",
            data={"file": self.path.name, "line": line},
        )

    def _frame(self, block: bytes, names: tuple[str, ...], line: int) -> pl.DataFrame:
        frame = pl.read_csv(
            block,
            has_header=False,
            new_columns=list(names),
            separator=self.delimiter,
            quote_char='"' if b'"' in block else None,
            infer_schema=False,
            row_index_name=ROW,
            row_index_offset=line,
        ).select(*names, pl.col(ROW).cast(pl.Int64))
        frame = blanks_to_null(frame, names)
        return self._without_headers(
            frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in names)), names
        )

    def _without_headers(self, frame: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
        firsts = [one[0] for one in self.header]
        like = frame[names[0]].fill_null("").str.strip_chars().is_in(firsts)
        if not like.any():
            return frame
        again = [
            line
            for line, *cells in frame.filter(like).select(ROW, *names).iter_rows()
            if tuple((cell or "").strip() for cell in cells) in self.header
        ]
        return frame.filter(~pl.col(ROW).is_in(again))


def _batch(frame: pl.DataFrame) -> Batch:
    return frame, tuple(damaged_cells(frame) + totals(frame))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _blank_lines(block: bytes, delimiter: str) -> NDArray[np.bool_]:
    """Return which lines hold blank cells only; each line ends in a line feed."""
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == _END)
    starts = np.concatenate(([0], ends[:-1] + 1))
    may = np.zeros(256, dtype=bool)
    may[[*_MAY_BLANK, ord(delimiter)]] = True
    # Two bytes at either end tell nearly all lines apart, those of quoted cells too.
    near = starts, starts + 1, ends - 1, np.maximum(ends - 2, 0)
    blank: NDArray[np.bool_] = np.logical_and.reduce([may[data[one]] for one in near])
    if not blank.any():
        return blank
    others = np.concatenate(([0], np.cumsum(~may[data])))
    blank &= others[starts] == others[ends]
    for at in np.flatnonzero(blank):
        cells = next(csv.reader([block[starts[at] : ends[at]].decode()], delimiter=delimiter), [])
        blank[at] = not any(cell.strip() for cell in cells)
    return blank


def _is_quoted_well(data: _Bytes, quotes: _Places, ends: _Places, delimiter: int) -> bool:
    """Return whether quotes come in pairs on one line, around whole cells or doubled inside one."""
    if len(quotes) % 2:
        return False
    opened, closed = quotes[::2], quotes[1::2]
    if (np.searchsorted(ends, opened) != np.searchsorted(ends, closed)).any():
        return False
    before, behind = data[opened - 1], data[closed + 1]
    starts = (opened == 0) | (before == delimiter) | (before == _END)
    stops = (behind == delimiter) | (behind == _END)
    # A quote that is doubled closes a pair and opens the next.
    starts[1:] |= opened[1:] == closed[:-1] + 1
    stops[:-1] |= closed[:-1] + 1 == opened[1:]
    return bool(starts.all() and stops.all())
