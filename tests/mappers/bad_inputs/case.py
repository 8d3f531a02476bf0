"""`Case`: how a bad input is made, and what must become of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path], None]
HEAD = "operation,equipment,serial number,start time,temperature"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: What is wrong with it; also the first part of its file name.
        suffix: How its file name ends.
        make: Writes it to a path.
        refused: What the refusal says, as a regular expression; None where it is read.
        lifted: Rows that arrive.
        waits: Row, column and reason of each row that waits.
        columns: Columns that are found, where it matters.
        file_name: Its whole name, where that is what is odd.
    """

    name: str
    suffix: str
    make: Make
    refused: str | None = None
    lifted: int = 0
    waits: tuple[tuple[int, str, str], ...] = ()
    columns: int | None = None
    file_name: str = ""

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.file_name or f"{self.name}.{self.suffix}"


CASES: list[Case] = []
"""Those that go through a whole ingest."""

HEAVY: list[Case] = []
"""Those that are built to take all memory; they are read in a process with little of it."""


def case(suffix: str, *, heavy: bool = False, **expected: object) -> Callable[[Make], Make]:
    """Put a case into the list; its name is that of the function."""

    def put(make: Make) -> Make:
        made = Case(make.__name__.strip("_"), suffix, make, **expected)  # type: ignore[arg-type]
        (HEAVY if heavy else CASES).append(made)
        return make

    return put


def rows(path: Path, count: int, *, first: int = 1, **cells: str) -> list[str]:
    """Return good rows of the table of `HEAD`, of operations that only this file has."""
    kind = re.sub(r"\W", "_", path.stem)[:24]
    return [
        ",".join(
            cells.get(name, usual)
            for name, usual in (
                ("operation", f"{kind}-{n}"),
                ("equipment", "WB-1"),
                ("serial", f"S-{kind}-{n}"),
                ("time", f"2025-01-01 09:{n % 60:02}:00"),
                ("temperature", f"{20 + n / 8}"),
            )
        )
        for n in range(first, first + count)
    ]


def table(path: Path, *lines: str, count: int = 10) -> str:
    """Return a table of good rows with some lines behind them."""
    return "\n".join([HEAD, *rows(path, count), *lines]) + "\n"


def odd(path: Path, n: int, **cells: str) -> str:
    """Return one row with some odd cells."""
    return rows(path, 1, first=n, **cells)[0]
