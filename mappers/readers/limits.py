"""`ReadLimits`: how much of a file is read before it is refused, so that no file takes all memory or time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qualweave.config import Settings
from qualweave.errors import UnreadableSource

MIB = 2**20


@dataclass(frozen=True)
class ReadLimits:
    """What a reader takes; the same names, with ``read_`` before them, are settings.

    Attributes:
        batch_rows: Rows that are in memory at once, at most.
        rows: Rows of one table.
        columns: Columns of one table.
        line_chars: Characters of one line of text.
        depth: Levels of nesting in JSON and XML.
        file_mib: Size of a file, MiB.
        unpacked_mib: Size of what a compressed file unfolds to, MiB.
        document_mib: Size up to which a JSON document is held whole, MiB; a larger one is read in two passes.
        workbook_mib: Memory that the process may take which reads a workbook, MiB.
    """

    batch_rows: int = 100_000
    rows: int = 1_000_000_000
    columns: int = 10_000
    line_chars: int = 16 * MIB
    depth: int = 64
    file_mib: int = 65_536
    unpacked_mib: int = 8_192
    document_mib: int = 32
    workbook_mib: int = 4_096

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits that an operator has set."""
        return cls(
            batch_rows=settings.read_batch_rows,
            rows=settings.read_rows,
            columns=settings.read_columns,
            line_chars=settings.read_line_chars,
            depth=settings.read_depth,
            file_mib=settings.read_file_mib,
            unpacked_mib=settings.read_unpacked_mib,
            document_mib=settings.read_document_mib,
            workbook_mib=settings.read_workbook_mib,
        )

    def check_columns(self, path: Path, count: int, *, line: int = 0) -> None:
        """Refuse a table that is too wide.

        Raises:
            UnreadableSource: With file, line and both numbers.
        """
        if count > self.columns:
            raise too_much(
                path,
                ("columns", "列"),
                count,
                limit=self.columns,
                setting="read_columns",
                line=line,
            )

    def check_rows(self, path: Path, count: int) -> None:
        """Refuse a table that is too long.

        Raises:
            UnreadableSource: With file and both numbers.
        """
        if count > self.rows:
            raise too_much(path, ("rows", "行"), count, limit=self.rows, setting="read_rows")

    def check_file(self, path: Path) -> None:
        """Refuse a file that is too large.

        Raises:
            UnreadableSource: With file and both sizes.
        """
        size = -(-path.stat().st_size // MIB)
        if size > self.file_mib:
            raise too_much(path, ("MiB", "MiB"), size, limit=self.file_mib, setting="read_file_mib")


def too_much(
    path: Path,
    what: tuple[str, str],
    count: int,
    *,
    limit: int,
    setting: str,
    line: int = 0,
) -> UnreadableSource:
    """Return the refusal of a file that is over a limit; ``what`` is counted, in English and Chinese."""
    at, at_zh = (f", line {line}", f" 第 {line} 行") if line else ("", "")
    return UnreadableSource(
        f"{path.name}{at}: {count} {what[0]}, of which {limit} are taken.",
        message_zh=f"{path.name}{at_zh}：共 {count} {what[1]}，上限为 {limit}。",
        next_step=f"Split the file, or raise QUALWEAVE_{setting.upper()}.",
        next_step_zh=f"请拆分文件，或调高 QUALWEAVE_{setting.upper()}。",
        data={"file": path.name, "line": line, "count": count, "limit": limit, "setting": setting},
    )
