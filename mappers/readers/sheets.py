"""Workbooks (``.xlsx``, ``.xls``, ``.xlsb``, ``.ods``): every sheet is a table, laid out as persons do.

Title rows, group and name rows, unit and description rows are found as in CSV. Times are ISO 8601, whole numbers
have no ``.0``, and a formula gives the value that was computed last. A cell that is merged over several rows of the
table stands in each of them. A hidden sheet says so in its context, and a
cell that shows an error (``#REF!``) is a fault of its row.
"""

import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import orjson

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers import workbook
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.frames import damaged_cells, text_frame, totals
from qualweave.mappers.readers.layout import HEAD_ROWS, Layout, layout_of, named, width_of
from qualweave.mappers.readers.limits import MIB, ReadLimits, too_much
from qualweave.mappers.readers.lines import Row
from qualweave.mappers.readers.packed import Scratch
from qualweave.mappers.readers.sections import set_apart
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import Fault

_SECONDS = 600  # for the largest sheet there can be
_MOST_SWELL = 1_032  # how much deflate can shrink
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ERROR_CELL = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>'
    rb"(?:<f[^>]*>[^<]*</f>|<f[^>]*/>)?<v>([^<]*)</v>"
)
_SHEET_REF = re.compile(r'<sheet\b[^>]*\bname="([^"]*)"[^>]*\br:id="([^"]*)"')
_RELATION = re.compile(r"<Relationship\b[^>]*>")
_CHUNK = 4 * MIB
_OVERLAP = 4_096
_SHOWN = 80  # characters of a row in a message
_NOTHING = Layout((), 0, 0, {}, {}, {}, ())

Cell = tuple[int, int, str]
"""Row and column, from 1, and what the cell shows."""


def stream_sheets(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables of a workbook, one per sheet that has rows.

    Raises:
        UnreadableSource: If it is broken, locked by a password, without a table, or over a limit.
    """
    limits = limits or ReadLimits()
    _check_size(path, limits)
    folder = Scratch()
    sheets = _written(path, folder.path, limits)
    grids = [_Grid(path, folder, one, limits) for one in sheets]
    filled = [one for one in grids if one.layout is not None]
    if not filled:
        raise UnreadableSource(
            f"{path.name}: no sheet has a table.",
            message_zh=f"{path.name}：没有包含表格的工作表。",
            next_step="Give a workbook with a header row and rows below it.",
            next_step_zh="请提供含表头和数据行的工作簿。",
            data={"file": path.name, "sheets": [one.name for one in grids]},
        )
    hidden = [one.name for one in grids if one.is_hidden]
    return [one.stream(hints, hidden, single=len(filled) == 1) for one in filled]


def _written(path: Path, folder: Path, limits: ReadLimits) -> list[dict[str, Any]]:
    """Have the sheets written to a folder by a process that may end without harm; return what they are."""
    program = [sys.executable, "-I", str(Path(workbook.__file__))]
    told = [str(path.resolve()), str(folder), str(limits.workbook_mib)]
    try:
        done = subprocess.run([*program, *told], capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603 - our own program
    except subprocess.TimeoutExpired as error:
        raise _broken(path, f"it takes more than {_SECONDS} s to read") from error
    if done.returncode == workbook.LOCKED or (done.returncode and _is_encrypted(path)):
        raise _locked(path)
    if done.returncode == workbook.BROKEN:
        raise _broken(path, done.stderr.decode("utf-8", errors="replace"))
    if done.returncode:
        raise too_much(
            path, ("or more MiB of memory", "MiB 以上内存"), limits.workbook_mib,
            limit=limits.workbook_mib, setting="read_workbook_mib",
        )  # fmt: skip
    found: list[dict[str, Any]] = json.loads((folder / "sheets.json").read_text("utf-8"))
    return found


class _Grid:
    """A sheet, as its rows were written to a file; its layout is found once."""

    def __init__(
        self, path: Path, folder: Scratch, sheet: dict[str, Any], limits: ReadLimits
    ) -> None:
        self.path, self.limits, self._folder = path, limits, folder
        self.name, self.is_hidden = str(sheet["name"]), bool(sheet["hidden"])
        self._file = folder.path / str(sheet["file"])
        self._merged: list[list[int]] = sheet["merged"]
        limits.check_columns(path, int(sheet["width"]))
        head = list(islice(self._filled(), HEAD_ROWS + 2))
        joined = _joined([number for number, _ in head], self._merged)
        texts = [cells for _, cells in head]
        self.layout = layout_of(texts, joined=joined) if head else None
        self._body_after = head[self.layout.body - 1][0] if self.layout else 0

    def _filled(self) -> Iterator[tuple[int, list[str]]]:
        """Yield number and cells of the rows with text."""
        with self._file.open("rb") as file:
            for line in file:
                number, cells = orjson.loads(line)
                yield number, cells

    def _rows(self) -> Iterator[Row]:
        """Yield the rows below the header, without those that repeat it."""
        layout = self.layout or _NOTHING
        return set_apart(self._below(), width_of(layout.header), layout.rows)

    def _below(self) -> Iterator[Row]:
        before = self._body_after
        body = (one for one in self._filled() if one[0] > self._body_after)
        for number, cells in filled_down(body, self._merged):
            if any(cell.strip() for cell in cells):
                yield Row(number, cells, after_blank=number > before + 1)
                before = number

    def stream(self, hints: tuple[str, ...], hidden: list[str], *, single: bool) -> TableStream:
        """Return the sheet as a table."""
        layout = self.layout or _NOTHING
        places = self._places(width_of(layout.header))
        given = [layout.header[at] if at < len(layout.header) else "" for at in places]
        names = named(places, given)
        header = dict(layout.keys) | {"sheet": self.name}
        header |= {"hidden": "true"} if self.is_hidden else {}
        header |= {"hidden sheets": ", ".join(hidden)} if hidden else {}
        context = source_context(
            self.path, hints, media="xlsx", encoding="utf-8", header=header, columns=names
        )
        name = self.path.name if single else f"{self.path.name}#{self.name}"
        return TableStream(
            name, tuple(names), context,
            lambda rows: self._batches(places, names, rows),
            batch_rows=self.limits.batch_rows, units=layout.units, descriptions=layout.descriptions,
            keep=self._folder,
        )  # fmt: skip

    def _places(self, known: int) -> list[int]:
        """Return which columns there are: those with a name, and those behind them with a cell."""
        extra: set[int] = set()
        for row in self._rows():
            cells = row.cells
            if not row.apart and len(cells) > known and len(extra) < len(cells) - known:
                extra.update(at for at in range(known, len(cells)) if cells[at].strip())
        return [*range(known), *sorted(extra)]

    def _batches(self, places: Sequence[int], names: Sequence[str], size: int) -> Iterator[Batch]:
        errors = _error_cells(self.path, self.name)
        rows = self._rows()
        while part := list(islice(rows, size)):
            lines = [row.line for row in part]
            cells = [
                [row.cells[at] if at < len(row.cells) else "" for at in places] for row in part
            ]
            frame = text_frame(names, lines, cells)
            among = set(lines)
            faults = [_apart(row, row.apart) for row in part if row.apart]
            faults += [
                Fault(row, names[places.index(column - 1)], shown, "formula-error")
                for row, column, shown in errors
                if row in among and column - 1 in places
            ]
            apart = [row.line for row in part if row.apart]
            yield frame, tuple(faults + damaged_cells(frame) + totals(frame, without=apart))


def filled_down(
    rows: Iterator[tuple[int, list[str]]], merged: Sequence[Sequence[int]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield rows in which a cell that is merged over several of them stands in each.

    Args:
        rows: Number and cells of the rows of a table; what is merged above them is left as it is.
        merged: First row, last row and column, from 1, in order.
    """
    left = iter(merged)
    coming = next(left, None)
    going_on: list[tuple[int, int, str]] = []  # last row, place, text
    for number, cells in rows:
        going_on = [one for one in going_on if one[0] >= number]
        for _, at, text in going_on:
            cells[at] = cells[at] if cells[at].strip() else text
        while coming is not None and coming[0] <= number:
            first, last, column = coming
            if first == number and column <= len(cells):
                going_on.append((last, column - 1, cells[column - 1]))
            coming = next(left, None)
        yield number, cells


def _joined(numbers: Sequence[int], merged: Sequence[Sequence[int]]) -> set[int]:
    """Return the index of each row, by its number, of which a cell is merged with the row of text right below it."""
    most = numbers[-1] if numbers else 0
    spans = list(takewhile(lambda one: one[0] < most, merged))
    return {
        at
        for at, (number, below) in enumerate(pairwise(numbers))
        if below == number + 1 and any(first <= number < last for first, last, _ in spans)
    }


def _apart(row: Row, code: str) -> Fault:
    shown = " | ".join(text for cell in row.cells if (text := cell.strip()))
    return Fault(row.line, "", shown[:_SHOWN], code)


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4 * MIB)
    return head.startswith(_OLE) and _ENCRYPTED in head


def _check_size(path: Path, limits: ReadLimits) -> None:
    """Refuse a workbook that unfolds to too much, whatever it says of its own size."""
    most = limits.unpacked_mib * MIB
    if not zipfile.is_zipfile(path) or path.stat().st_size * _MOST_SWELL <= most:
        return
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as data:
                    while chunk := data.read(_CHUNK):
                        total += len(chunk)
                        if total > most:
                            raise too_much(
                                path, ("or more MiB unpacked", "MiB 以上（解压后）"), limits.unpacked_mib,
                                limit=limits.unpacked_mib, setting="read_unpacked_mib",
                            )  # fmt: skip
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _broken(path, str(error)) from error


def _error_cells(path: Path, sheet: str) -> list[Cell]:
    """Return the cells of a sheet that show an error; only the open format tells of them."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, sheet)
            return list(_errors_in(archive, member)) if member else []
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, OSError):
        return []


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    if "xl/workbook.xml" not in archive.namelist():
        return ""
    book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
    relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
    wanted = next(
        (rid for name, rid in _SHEET_REF.findall(book) if unescape(name, {"&quot;": '"'}) == sheet),
        "",
    )
    for one in _RELATION.findall(relations):
        found = dict(re.findall(r'\b(Id|Target)="([^"]*)"', one))
        if found.get("Id") == wanted and wanted:
            target = found.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _errors_in(archive: zipfile.ZipFile, member: str) -> Iterator[Cell]:
    seen: set[tuple[int, int]] = set()
    with archive.open(member) as data:
        rest = b""
        while chunk := data.read(_CHUNK):
            text = rest + chunk
            for letters, row, shown in _ERROR_CELL.findall(text):
                place = (int(row), _column(letters.decode()))
                if place not in seen:
                    seen.add(place)
                    yield *place, shown.decode("utf-8", errors="replace")
            rest = text[-_OVERLAP:]


def _column(letters: str) -> int:
    number = 0
    for one in letters:
        number = 26 * number + ord(one) - ord("A") + 1
    return number


def _locked(path: Path) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} is protected by a password.",
        message_zh=f"{path.name} 受密码保护。",
        next_step="Save it without a password.",
        next_step_zh="请取消密码后另存。",
        data={"file": path.name},
    )


def _broken(path: Path, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} is no workbook that can be read, or half-written: {why}.",
        message_zh=f"{path.name} 不是可读取的工作簿，或文件不完整。",
        next_step="Save it again as .xlsx, or hand it in as CSV.",
        next_step_zh="请重新另存为 .xlsx，或以 CSV 提供。",
        data={"file": path.name},
    )
