"""What changes about a known source, and which of its fields must wait for it (R75).

A source that was aligned once is trusted only as long as it says the same: a field that is new, a unit row that names
another unit, another firmware. What changed waits for a person; everything else goes on.
"""

from collections.abc import Iterable, Mapping, Sequence

from qualweave.iri import expand
from qualweave.mappers.mapping import (
    CandidateTerm,
    ColumnMapping,
    Decision,
    MappingDocument,
    MappingEvidence,
    rivals,
)
from qualweave.mappers.profile import stated_units
from qualweave.mappers.table import RawTable
from qualweave.mappers.units import unit_like
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import find_unit

DRIFT = "drift"
"""Kind of the evidence that says what changed."""


def firmware_changed(document: MappingDocument, context: Mapping[str, str]) -> bool:
    """Return whether a file names another firmware than the one that its source was mapped under."""
    before, now = document.context.get("firmwareVersion"), context.get("firmwareVersion")
    return bool(before and now and before != now)


def with_unit_of_file(column: ColumnMapping, stated: str, vocabulary: Vocabulary) -> ColumnMapping:
    """Return a column that waits where a file states another unit than the one its source is known to write.

    A number in another unit looks like any other number, so nothing of it is lifted until a person says that the
    unit row is right. What the file writes is kept in ``units``; a text that is no unit is read as before.

    Args:
        column: The column as it is mapped.
        stated: Unit of it that the file states, as written; ``""`` where it states none.
        vocabulary: The ontology, as the lifter sees it.
    """
    known_text = not stated or stated == column.unit_text or stated in column.units
    if known_text or not (column.decision is Decision.ACCEPTED or column.former):
        return column
    iri = expand(column.term or column.former)
    known = column.unit or vocabulary.unit(iri)
    found = unit_like(stated)
    same = found == find_unit(known) if found is not None else not column.unit
    if same or not known or not vocabulary.is_parameter(iri):
        return column
    code = found.ucum if found else known
    waiting = _held_back(column, _unit_evidence(column, known, stated), since=stated)
    return waiting.model_copy(update={"units": {**column.units, stated: code}})


def _held_back(column: ColumnMapping, why: MappingEvidence, *, since: str) -> ColumnMapping:
    """Return a column whose files wait that state a unit or firmware; those of before are read as before."""
    if column.former:
        return column.model_copy(update={"pending": (*column.pending, since)})
    return column.model_copy(
        update={
            "decision": Decision.ASKED,
            "term": "",
            "former": column.term,
            "pending": (since,),
            "candidates": _first(column.term, column),
            "evidence": (why, *column.evidence),
        }
    )


def as_before(
    document: MappingDocument, table: RawTable, context: Mapping[str, str]
) -> MappingDocument:
    """Return a mapping as it holds for a file from before its source changed, or that says what those said.

    A field that waits for a person because of another unit or firmware keeps its meaning in every other file.
    """
    if not any(one.former for one in document.columns):
        return document
    stated, firmware = stated_units(table), context.get("firmwareVersion", "")
    columns = tuple(
        one.model_copy(update={"decision": Decision.ACCEPTED, "term": one.former})
        if one.former and not {stated.get(one.name, "").strip(), firmware} & {*one.pending}
        else one
        for one in document.columns
    )
    return document.model_copy(update={"columns": columns})


def _first(term: str, column: ColumnMapping) -> tuple[CandidateTerm, ...]:
    """Return the candidates of a column with the term first that it had until now."""
    others = [one for one in column.candidates if one.term != term]
    return rivals((CandidateTerm(term=term, probability=column.confidence), *others))


def _unit_evidence(column: ColumnMapping, known: str, stated: str) -> MappingEvidence:
    term = column.term or column.former
    said = {
        "en": f"a file states {stated} for {column.name}, which was read in {known} as {term}",
        "zh": f"文件中 {column.name} 的单位为 {stated}，此前按 {known} 读作 {term}",
    }
    return MappingEvidence(kind=DRIFT, statement=said, weight=-1.0)


def in_unit_of_file(document: MappingDocument, table: RawTable) -> MappingDocument:
    """Return a mapping whose columns are read in the unit that a file itself states, where a person confirmed it."""
    if not any(one.units for one in document.columns):
        return document
    stated = stated_units(table)
    columns = tuple(
        one.model_copy(update={"unit": one.units[text]})
        if one.units.get(text := stated.get(one.name, "").strip())
        else one
        for one in document.columns
    )
    return document.model_copy(update={"columns": columns})


def with_renaming(
    columns: Iterable[ColumnMapping], missing: Iterable[ColumnMapping]
) -> list[ColumnMapping]:
    """Return new columns with a word of each missing one that had the term they are thought to have."""
    gone = {one.term: one.name for one in missing if one.term}
    found = []
    for one in columns:
        best = one.candidates[0].term if one.candidates else ""
        former = gone.get(best) if one.decision is Decision.ASKED else None
        if former is not None and not any(known.kind == DRIFT for known in one.evidence):
            said = {
                "en": f"the file lacks {former}, which was mapped to {best}: it may be renamed",
                "zh": f"文件缺少原映射至 {best} 的 {former}，可能已更名",
            }
            told = MappingEvidence(kind=DRIFT, statement=said, weight=1.0)
            found.append(one.model_copy(update={"evidence": (told, *one.evidence)}))
        else:
            found.append(one)
    return found


def asked_again(
    column: ColumnMapping, ranked: Sequence[CandidateTerm], *, sure: bool, firmware: str
) -> ColumnMapping:
    """Return a column of a source with new firmware, which waits where the aligner no longer confirms it.

    Args:
        column: The column as it is mapped.
        ranked: What the aligner now thinks, the likeliest first.
        sure: Whether it would map that unasked.
        firmware: The new firmware.
    """
    term = column.term or column.former
    by_person = any(one.kind == "answer" for one in column.evidence)
    if not term or by_person or not ranked or (sure and ranked[0].term == term):
        return column
    said = {
        "en": f"the firmware changed, and {term} is no longer confirmed for {column.name}",
        "zh": f"固件已变更，无法再确认 {column.name} 映射至 {term}",
    }
    told = MappingEvidence(kind=DRIFT, statement=said, weight=-1.0)
    waiting = _held_back(column, told, since=firmware)
    return waiting.model_copy(update={"candidates": tuple(ranked)})
