"""`signed`: who stands behind each column of a document that a person hands in, and what memory learns of it.

A person who edits YAML changes a term and seldom the evidence beside it. What differs from the version before was
decided by whoever hands the document in; what does not keeps the evidence it had.
"""

from collections.abc import Iterator

from qualweave.iri import expand
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument, MappingEvidence
from qualweave.mappers.memory import Remembered


def signed(
    document: MappingDocument, former: MappingDocument | None, *, by: str
) -> MappingDocument:
    """Return a document in which each column that was decided anew says by whom.

    Args:
        document: The document as it was handed in.
        former: The version before, None for a first one.
        by: Id of the principal who hands it in.
    """
    columns = tuple(
        _signed(one, former.column(one.name) if former else None, by) for one in document.columns
    )
    return document.model_copy(update={"columns": columns})


def _signed(column: ColumnMapping, before: ColumnMapping | None, by: str) -> ColumnMapping:
    if before is not None and (before.term, before.decision) == (column.term, column.decision):
        if column.by or column.evidence:
            return column
        kept = {"by": before.by, "evidence": before.evidence, "confidence": before.confidence}
        return column.model_copy(update=kept)
    told_by_another = column.by and (before is None or column.by != before.by)
    if told_by_another or column.decision not in (Decision.ACCEPTED, Decision.IGNORED):
        return column
    said = {"en": f"{by} decided so in the document", "zh": f"由 {by} 在文档中决定"}
    evidence = (MappingEvidence(kind="answer", statement=said, weight=1.0),)
    return column.model_copy(update={"by": by, "confidence": 1.0, "evidence": evidence})


def decisions(document: MappingDocument, former: MappingDocument | None) -> Iterator[Remembered]:
    """Iterate over what persons decided in a document that they had not decided in the version before."""
    for column in document.columns:
        before = former.column(column.name) if former else None
        by_person = any(one.kind == "answer" for one in column.evidence)
        if by_person and column.decision is Decision.ACCEPTED and not _same(column, before):
            term = expand(column.term)
            yield Remembered(document.source, column.name, term, "accepted", column.by, column.unit)
            if before is not None and before.term:
                former_term = expand(before.term)
                yield Remembered(document.source, column.name, former_term, "rejected", column.by)


def _same(column: ColumnMapping, before: ColumnMapping | None) -> bool:
    return before is not None and before.term == column.term
