"""Run as a program: the sheets of a workbook, written as JSON Lines, in a process of its own.

A workbook of two cells may span a billion, and the library that reads it holds every one of them and ends the process
when there is no memory left. So it runs here, with a limit, and whoever asked goes on. Nothing but the library is
imported, so that it starts in a moment; the messages are made where the process is started (`sheets`).
"""

import json
import resource
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import python_calamine as calamine

_EXACT = 10**15  # up to here a double holds every whole number
BROKEN, LOCKED = 3, 4
"""Exit statuses: no workbook that can be read, and one with a password."""


def text_of(value: object) -> str:
    """Return a cell as text: whole numbers without ``.0``, times in ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _EXACT
        return str(int(value)) if whole else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return "" if value is None else str(value)


def write_sheets(path: Path, folder: Path) -> list[dict[str, Any]]:
    """Write each sheet to a file of numbered rows with text; return what is known of the sheets."""
    book = calamine.CalamineWorkbook.from_path(path)
    found = []
    for number, meta in enumerate(book.sheets_metadata):
        if not str(meta.typ).endswith(".WorkSheet"):
            continue
        sheet = book.get_sheet_by_name(meta.name)
        hidden = not str(meta.visible).endswith(".Visible")
        name = f"{number}.jsonl"
        found.append(
            {
                "name": meta.name,
                "hidden": hidden,
                "file": name,
                "width": sheet.total_width,
                "merged": _merged_down(sheet.merged_cell_ranges or ()),
            }
        )
        left = sheet.start[1] if sheet.start else 0
        with (folder / name).open("w", encoding="utf-8") as file:
            for at, row in enumerate(sheet.iter_rows(), start=1):
                texts = [text_of(one) for one in row]
                if any(texts):
                    file.write(json.dumps([at, [""] * left + texts]) + "\n")
    return found


def _merged_down(ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> list[list[int]]:
    """Return first row, last row and column, from 1, of the cells that are merged over several rows, in order."""
    return sorted(
        [top + 1, bottom + 1, left + 1] for (top, left), (bottom, _) in ranges if bottom > top
    )


def main() -> None:
    """Read a workbook: its path, the folder to write to, and the limit of memory in MiB are arguments."""
    path, folder, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    size = limit << 20 if most == resource.RLIM_INFINITY else min(limit << 20, most)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    try:
        found = write_sheets(path, folder)
    except calamine.PasswordError:
        sys.exit(LOCKED)
    except (calamine.CalamineError, OSError, ValueError) as error:
        sys.stderr.write(str(error))
        sys.exit(BROKEN)
    (folder / "sheets.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
