"""Fields that wait become change requests, in words made from the ontology (R70, R75)."""

from datetime import UTC, datetime

from qualweave.change_request import ChangeRequest
from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import expand
from qualweave.mappers.drift import DRIFT
from qualweave.mappers.lift.batch import minted, segment
from qualweave.mappers.mapping import (
    ColumnMapping,
    Decision,
    MappingDocument,
    MappingEvidence,
)
from qualweave.mappers.vocabulary import Vocabulary, text_key


def field_iri(source: str, column: str, *, tenant: str, base: str) -> str:
    """Return the IRI of a field of a source."""
    return minted("field", source, column, tenant=tenant, base=base)


def suggestion(column: ColumnMapping, vocabulary: Vocabulary) -> dict[str, str]:
    """Return what is asked or proposed for a column, in one sentence per language (R70).

    The names in it are the ontology's: the property or parameter by its first notation and the class of
    its domain or superclass; renaming either in the ontology changes the sentence.
    """
    name = column.name
    best = expand(column.candidates[0].term) if column.candidates else ""
    if (changed := _what_changed(column)) is not None:
        still, still_zh = (
            (f"is it {vocabulary.printed(best)}?", f"是否为 {vocabulary.printed(best)}？")
            if best
            else ("what is it?", "其含义为何？")
        )
        return {
            "en": f"{changed.statement['en']}; {still}",
            "zh": f"{changed.statement['zh']}；{still_zh}",
        }
    if not best or column.decision is Decision.REQUESTED:
        return {
            "en": f"New field {name}: no term of the Q-Ontology fits; a new term is requested",
            "zh": f"新增字段{name},Q-Ontology中没有合适的术语,申请新增术语",
        }
    concept, printed = vocabulary.concept(best), vocabulary.printed(best)
    above = concept.domain if concept else ""
    if not above:
        return {
            "en": f"New field {name}, suggested mapping: {printed} of the Q-Ontology",
            "zh": f"新增字段{name},建议映射至Q-Ontology中的{printed}",
        }
    owner = vocabulary.printed(above)
    return {
        "en": f"New field {name}, suggested mapping: property {printed} of class {owner} in the Q-Ontology",
        "zh": f"新增字段{name},建议映射至Q-Ontology中{owner}类下的{printed}属性",
    }


def _what_changed(column: ColumnMapping) -> MappingEvidence | None:
    """Return why a column that was mapped waits again, None for one that waits since it came."""
    first = column.evidence[0] if column.evidence else None
    return first if first is not None and first.kind == DRIFT and first.weight < 0 else None


def requests_for(
    document: MappingDocument,
    vocabulary: Vocabulary,
    *,
    tenant: str,
    base: str,
    by: str,
) -> list[ChangeRequest]:
    """Return one change request per column that waits: a question, or a new term, with samples."""
    found = []
    for column in document.having(Decision.ASKED, Decision.REQUESTED):
        asked = column.decision is Decision.ASKED
        found.append(
            ChangeRequest(
                kind="mapping" if asked else "new_term",
                subject=field_iri(document.source, column.name, tenant=tenant, base=base),
                proposal=_proposal(document, column, asked=asked),
                statement=suggestion(column, vocabulary),
                submitted_by=by,
                created=datetime.now(UTC),
                evidence=tuple(
                    Evidence(one.kind, one.statement, weight=one.weight) for one in column.evidence
                ),
                samples=column.samples,
                tenant=tenant,
            )
        )
    return found


def _proposal(
    document: MappingDocument, column: ColumnMapping, *, asked: bool
) -> dict[str, JsonValue]:
    """Return what stays the same when the same is asked again: no probabilities, no dates."""
    proposal: dict[str, JsonValue] = {"source": document.source, "column": column.name}
    if (changed := _what_changed(column)) is not None:
        proposal["changed"] = changed.statement[
            "en"
        ]  # another question than the one answered before
    if asked:
        return {**proposal, "candidates": [one.term for one in column.candidates]}
    words = text_key(column.name).split()
    name = "".join(word[:1].upper() + word[1:] for word in words) or segment(column.name)
    return {
        **proposal,
        "name": name,
        "unit": column.unit,
        "label": column.name,
        "parent": "q:Parameter",
    }
