"""What an ingest says back: per file and in total, as values that every interface shows alike."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

FileStatus = Literal["lifted", "waiting", "repeated", "refused"]


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        file: Path as it was handed in.
        sha256: Hash of its bytes.
        status: ``lifted``; ``waiting`` where no field is decided yet that makes a record; ``repeated``
            where the same bytes were ingested before; ``refused`` with the reason in ``message``.
        kind: What the file was found to be.
        sources: Source ids of its tables.
        records: Record kinds that its rows became.
        columns: Fields in the file.
        mapped: Fields that are mapped.
        asked: Fields that wait for a person's answer.
        requested: Fields for which a new term is requested.
        ignored: Fields that a person left out.
        rows_read: Rows, or events.
        rows_lifted: Of these, in the graph.
        rows_quarantined: Of these, in quarantine.
        rows_waiting: Of these, in neither, since no record kind is decided.
        triples: Triples written to the data graph.
        questions: Ids of the change requests that this file opened.
        missing_columns: Fields that its source had before and this file lacks.
        seconds: Wall clock.
        message: Why it was refused or what to note.
        message_zh: The same in Chinese.
    """

    file: str
    sha256: str
    status: FileStatus
    kind: str = ""
    sources: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    columns: int = 0
    mapped: int = 0
    asked: int = 0
    requested: int = 0
    ignored: int = 0
    rows_read: int = 0
    rows_lifted: int = 0
    rows_quarantined: int = 0
    rows_waiting: int = 0
    triples: int = 0
    questions: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    seconds: float = 0.0
    message: str = ""
    message_zh: str = ""


_TOTALS = (
    "columns", "mapped", "asked", "requested", "ignored", "rows_read", "rows_lifted", "rows_quarantined",
    "rows_waiting", "triples", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class IngestReport:
    """What became of a file or folder."""

    files: tuple[FileReport, ...]

    def total(self, name: str) -> float:
        """Return the sum of a count over all files."""
        return float(sum(getattr(one, name) for one in self.files))

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were refused."""
        return tuple(one for one in self.files if one.status == "refused")

    def to_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "files": [asdict(one) for one in self.files],
            "totals": {name: self.total(name) for name in _TOTALS},
            "refused": len(self.refused),
        }


def merged(reports: Sequence[IngestReport]) -> IngestReport:
    """Return several reports as one."""
    return IngestReport(tuple(one for report in reports for one in report.files))
