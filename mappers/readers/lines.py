"""Rows of delimited text, line by line: bounded in memory, and with a quote that is not closed held to its row.

A cell may hold line breaks inside quotes, so a quote that is never closed would swallow the rest of the file.
Such a row is a fault of its own, and reading goes on with the next line.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, NamedTuple, Self, TypeAlias

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.limits import ReadLimits, too_much

_MOST_LINES = 1_000  # of one quoted cell
_MOST_BROKEN = 1_000  # rows with a quote that is not closed, before the file is refused
_BOM = "\ufeff"
_ENDS = ("\n", "\r")


Broken: TypeAlias = Literal["quote", "cut-off"]
"""What may be wrong with a row as it is written: a quote that is not closed, an end in the middle."""
Apart: TypeAlias = Literal["footer", "second-table"]
"""What a row below a blank line may be where it is none of the table."""


class Row(NamedTuple):
    """One row: its first physical line, its cells, what is wrong with it, and whether it stands apart."""

    line: int
    cells: list[str]
    fault: Broken | None = None
    after_blank: bool = False
    apart: Apart | None = None


class Lines:
    """The physical lines of a file, each no longer than the limit; some may be given back."""

    def __init__(self, path: Path, file: IO[str], limits: ReadLimits) -> None:
        self._path, self._file, self._most = path, file, limits.line_chars
        self._back: list[str] = []
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else self._file.readline(self._most + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > self._most:
            raise self._too_long()
        taken = self.taken
        if len(taken) >= _MOST_LINES:
            raise csv.Error("a quoted cell does not end")
        taken.append(line)
        return line

    def _too_long(self) -> UnreadableSource:
        return too_much(
            self._path,
            ("or more characters in one line", "个以上字符的行"),
            self._most,
            limit=self._most,
            setting="read_line_chars",
            line=self.number,
        )

    def start(self) -> int:
        """Begin a row; return the number of its first line."""
        self.taken = []
        return self.number + 1

    def give_back(self) -> str:
        """Give back all lines of the row but its first, which is returned."""
        first, *rest = self.taken or [""]
        self._back += reversed(rest)
        self.number -= len(rest)
        return first


def rows_of(
    path: Path, encoding: str, delimiter: str, limits: ReadLimits, *, width: int = 0
) -> Iterator[Row]:
    """Yield the rows with text.

    Args:
        path: The file.
        encoding: Its charset; bytes that are none of it become U+FFFD.
        delimiter: Between cells.
        limits: Of lines and columns.
        width: Cells that a row should have: one of several lines that has not was split by a stray quote. 0 where
            this is not known.

    Raises:
        UnreadableSource: If a line is too long or has too many cells, or too many rows are broken.
    """
    csv.field_size_limit(limits.line_chars)
    with path.open("r", encoding=encoding, errors="replace", newline="") as file:
        lines = Lines(path, file, limits)
        broken, blank = 0, False
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            at = lines.start()
            try:
                cells = next(reader)
                is_whole = len(lines.taken) == 1 or _is_whole(lines, cells, delimiter, width)
            except StopIteration:
                return
            except csv.Error:
                cells, is_whole = [], False
            if not is_whole:
                broken += 1
                if broken > _MOST_BROKEN:
                    raise _too_broken(path, at)
                plain = _plain_cells(lines.give_back(), delimiter)
                yield Row(at, plain, "quote", after_blank=blank)
                blank = False
                reader = csv.reader(lines, delimiter=delimiter)
            elif cells and (cells[0].strip() or any(cell.strip() for cell in cells)):
                if len(cells) > limits.columns:
                    limits.check_columns(path, len(cells), line=at)
                if cells[0].startswith(_BOM):
                    cells[0] = cells[0].removeprefix(_BOM)
                cut = not lines.taken[-1].endswith(_ENDS)
                fault = _fault(lines, cells, delimiter, width) if cut else None
                yield Row(at, cells, fault, after_blank=blank)
                blank = False
            else:
                blank = True


def _fault(lines: Lines, cells: list[str], delimiter: str, width: int) -> Broken | None:
    """Return what is wrong with a row at the end of a file that ends in no line end."""
    if '"' in lines.taken[-1] and not _is_closed(lines.taken, delimiter):
        return "quote"
    return "cut-off" if len(cells) < width else None


def _is_whole(lines: Lines, cells: list[str], delimiter: str, width: int) -> bool:
    """Return whether a row of several lines is one: no wider than the header, its quotes where they belong."""
    return (not width or len(cells) <= width) and _is_closed(lines.taken, delimiter, strictly=True)


def _is_closed(lines: list[str], delimiter: str, *, strictly: bool = False) -> bool:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return not strictly and "unexpected end" not in str(error)
    return True


def _plain_cells(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _too_broken(path: Path, line: int) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {line}: {_MOST_BROKEN} rows before it have a quote that is not closed.",
        message_zh=f"{path.name} 第 {line} 行：此前已有 {_MOST_BROKEN} 行的引号未闭合。",
        next_step="Export the file with quotes doubled inside cells.",
        next_step_zh="请重新导出文件，单元格内的引号须双写。",
        data={"file": path.name, "line": line, "limit": _MOST_BROKEN},
    )
