"""Fields that wait become change requests, in words made from the ontology (R70, R75)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from qualweave.change_request import ChangeRequest
from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import expand
from qualweave.mappers.drift import DRIFT
from qualweave.mappers.lift.batch import minted, segment
from qualweave.mappers.lift.code_words import ASKED
from qualweave.mappers.lift.sheet import Unresolved
from qualweave.mappers.mapping import (
    ColumnMapping,
    Decision,
    MappingDocument,
    MappingEvidence,
)
from qualweave.mappers.meanings import ConceptReader, Meaning, Reading
from qualweave.mappers.vocabulary import Vocabulary, text_key

_NAMED = 5  # candidates that a sentence names


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


def _text_request(
    document: MappingDocument,
    vocabulary: Vocabulary,
    text: Unresolved,
    *,
    tenant: str,
    base: str,
    by: str,
    meanings: Sequence[Meaning] = (),
) -> ChangeRequest:
    """Return the question which concept a text names, with what the aligner makes of it where it was asked."""
    is_code = "code_entry" in document.records
    named = [vocabulary.printed(one) for one in text.candidates[:_NAMED]]
    tail = f" ({', '.join(named)}?)" if named else ""
    tail_zh = f"（{'、'.join(named)}？）" if named else ""
    return ChangeRequest(
        kind="code_list" if is_code else "mapping",
        subject=field_iri(document.source, text.column, tenant=tenant, base=base),
        proposal={
            "source": document.source,
            "column": text.column,
            "role": text.role,
            "text": text.text,
            "candidates": list(text.candidates),
        },
        statement={
            "en": f"{text.column} of {document.source}: which concept is meant by {text.text!r}?{tail}",
            "zh": f"{document.source} 的 {text.column}：“{text.text}”指哪个概念？{tail_zh}",
        },
        submitted_by=by,
        created=datetime.now(UTC),
        evidence=tuple(_of_meaning(one, vocabulary) for one in meanings),
        samples=tuple(dict.fromkeys((text.text, *text.also))),
        tenant=tenant,
    )


def _of_meaning(meaning: Meaning, vocabulary: Vocabulary) -> Evidence:
    """Return a candidate as one piece of evidence: how probable it is, and the strongest reason."""
    name, share = vocabulary.printed(meaning.term), f"{100 * meaning.probability:.0f} %"
    why = next((one for one in meaning.evidence if one.weight > 0), None)
    tail = {
        language: f"{mark}{why.in_language(language)}" if why else ""
        for language, mark in (("en", ": "), ("zh", "："))
    }
    return Evidence(
        "candidate",
        {
            "en": f"{name}, probability {share}{tail['en']}",
            "zh": f"{name}，概率 {share}{tail['zh']}",
        },
        weight=meaning.probability,
        sources=(meaning.term,),
        rule="align",
        version=why.version if why else "",
        data={
            "term": meaning.term,
            "probability": round(meaning.probability, 4),
            "evidence": [one.to_json() for one in meaning.evidence],
        },
    )


def text_requests(
    document: MappingDocument,
    vocabulary: Vocabulary,
    texts: Sequence[Unresolved],
    *,
    reader: ConceptReader | None,
    tenant: str,
    base: str,
    by: str,
) -> list[ChangeRequest]:
    """Return one question per text that names no concept; a code's are ranked by what the reader finds.

    A code without words has nothing to be ranked by; what is written about the same items as it may still tell
    (`qualweave.mappers.cooccurrence`), once there are such items.
    """
    worded = [one for one in texts if one.role not in ("defectCode", "alarmCode")]
    found = reader([(one.text, *one.also) for one in worded], ASKED) if reader and worded else []
    read = dict(zip(worded, found, strict=True)) if found else {}
    return [
        _text_request(
            document, vocabulary, one, by=by, tenant=tenant, base=base,
            meanings=read.get(one, Reading()).ranked,
        )
        for one in texts
    ]  # fmt: skip
