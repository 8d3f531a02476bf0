"""`try_out`: what a mapping document would make of a file, and nothing of it is kept.

It is the very lifting and judging of an ingest; only the commit is left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from qualweave.errors import InputError, JsonValue
from qualweave.mappers import readers
from qualweave.mappers.committing import Outcome, judged
from qualweave.mappers.desk import Desk, Plan
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.table import RawTable

_SHOWN_TRIPLES, _SHOWN_ROWS = 20, 50


@dataclass(frozen=True)
class Trial:
    """What lifting a file with a document would give.

    Attributes:
        file: Name of the file.
        document: The document it was tried with.
        outcome: Triples, counts, and the rows that would wait.
        missing: Columns of the document that the file lacks.
        unknown: Columns of the file that the document lacks; they are left out.
    """

    file: str
    document: MappingDocument
    outcome: Outcome
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return counts, first triples and waiting rows as JSON values."""
        lines = self.outcome.ntriples.decode().splitlines()
        reasons = Counter(one.code for row in self.outcome.rows for one in row.problems)
        return {
            "file": self.file,
            "source": self.document.source,
            "version": self.document.version,
            "rows_read": self.outcome.read,
            "rows_lifted": self.outcome.lifted,
            "rows_quarantined": len(self.outcome.rows),
            "rows_waiting": self.outcome.waiting,
            "triples": self.outcome.triples,
            "columns": dict(Counter(one.decision.value for one in self.document.columns)),
            "missing_columns": list[JsonValue](self.missing),
            "unknown_columns": list[JsonValue](self.unknown),
            "reasons": dict(reasons),
            "quarantined": list[JsonValue](_row(one) for one in self.outcome.rows[:_SHOWN_ROWS]),
            "first_triples": list[JsonValue](lines[:_SHOWN_TRIPLES]),
            "questions": list[JsonValue](dict(one.statement) for one in self.outcome.requests),
        }


def _row(row: QuarantinedRow) -> JsonValue:
    return {
        "row": row.row,
        "problems": list[JsonValue](
            {
                "column": one.column,
                "value": one.value,
                "code": one.code,
                "message": dict(one.message),
                "fix": dict(one.fix),
            }
            for one in row.problems
        ),
    }


def try_out(work: Desk, document: MappingDocument, path: Path) -> Trial:
    """Lift and judge a file with a document, and keep nothing.

    Args:
        work: Vocabulary, gate and code lists; the store is read only.
        document: The document, stored or not.
        path: The file.

    Raises:
        UnreadableSource: If the file cannot be read.
        InputError: If no table of it has a column of the document, or the mapping itself is wrong.
    """
    table = _table_of(document, [one for one in readers.read(path) if one.columns], path.name)
    plan = Plan(path, path.name, sha256(path.read_bytes()).hexdigest(), kind=readers.sniff(path))
    plan.documents = [document]
    batch = Batch(
        document.source, plan.content_hash, plan.name, work.tenant, work.settings.base_iri
    )
    outcome = judged(work, plan, [table], batch)
    known = [one.name for one in document.columns]
    return Trial(
        file=path.name,
        document=document,
        outcome=outcome,
        missing=tuple(
            one.name for one in document.having(Decision.ACCEPTED) if one.name not in table.columns
        ),
        unknown=tuple(one for one in table.columns if one not in known),
    )


def _table_of(document: MappingDocument, tables: Sequence[RawTable], file: str) -> RawTable:
    """Return the table that shares the most columns with a document."""
    known = {one.name for one in document.columns}
    best = max(tables, key=lambda one: len(known & set(one.columns)), default=None)
    if best is None or not known & set(best.columns):
        there = ", ".join(best.columns) if best else "-"
        raise InputError(
            f"{file} has no column of the mapping of {document.source}.",
            message_zh=f"{file} 中没有数据源 {document.source} 的映射所含的列。",
            next_step=f"Its columns: {there}. Name the mapping of this file.",
            next_step_zh=f"它的列：{there}。请指定该文件对应的映射。",
            data={"file": file, "source": document.source},
        )
    return best
