"""From alignments and a person's answers to a mapping document; the diff against the one that is stored.

A field that the aligner accepts is mapped, one that it doubts is a question, one that nothing fits is a
request for a new term. Against a stored document only what is new is decided anew: a known source whose
fields change is strict, its new field waits for a person while the rest goes on (R70, R75).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, Protocol

from qualweave.evidence import Evidence
from qualweave.iri import Q, curie, expand, local_name
from qualweave.mappers.cell_fit import typed
from qualweave.mappers.drift import (
    DRIFT,
    asked_again,
    firmware_changed,
    with_renaming,
    with_unit_of_file,
)
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.plan import choose_records, record_table
from qualweave.mappers.mapping import (
    CandidateTerm,
    ColumnMapping,
    Decision,
    MappingDocument,
    MappingEvidence,
    rivals,
)
from qualweave.mappers.profile import stated_units
from qualweave.mappers.sources import file_pattern
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary, text_key
from qualweave.values import find_unit

_SAMPLES, _CANDIDATES = 5, 5
_NAMED = 0.5  # a name alone makes a question, never an answer


class CandidateLike(Protocol):
    """A ranked term, as the aligner gives it."""

    @property
    def term(self) -> str:
        """IRI of the term."""
        ...

    @property
    def probability(self) -> float:
        """Calibrated probability."""
        ...

    @property
    def evidence(self) -> Sequence[Evidence]:
        """Why, signal by signal."""
        ...


class AlignmentLike(Protocol):
    """The aligner's decision on one field."""

    @property
    def field(self) -> object:
        """The field, or its name."""
        ...

    @property
    def decision(self) -> Literal["accept", "ask", "request"]:
        """What the aligner decided."""
        ...

    @property
    def ranked(self) -> Sequence[CandidateLike]:
        """What it considered, the best first."""
        ...


@dataclass(frozen=True)
class Answer:
    """What a person says of a field.

    Attributes:
        field: Field name as the source writes it.
        term: IRI or CURIE; ``""`` or ``"NIL"`` means that no term fits and the field is left out.
        file: File, folder or source id that it is about; ``""`` for every one.
        unit: Unit that the source writes, where the person knows it.
        by: Who says so.
    """

    field: str
    term: str
    file: str = ""
    unit: str = ""
    by: str = "engineer"

    def is_about(self, path: str, source: str) -> bool:
        """Return whether the answer is about a file or a source."""
        plain = PurePath(path).as_posix()
        return (
            not self.file
            or self.file == source
            or plain.endswith(self.file)
            or file_pattern(PurePath(plain).name) == file_pattern(PurePath(self.file).name)
        )


def build_mapping(
    table: RawTable,
    alignments: Sequence[AlignmentLike],
    answers: Sequence[Answer] = (),
    *,
    vocabulary: Vocabulary,
    source: str,
    previous: MappingDocument | None = None,
    by: str = "system",
    aligner: str = "align",
) -> MappingDocument:
    """Return the mapping document of a table.

    Args:
        table: The table.
        alignments: One per field that is to be decided; fields that ``previous`` knows need none.
        answers: What persons have said of fields.
        vocabulary: The ontology, as the lifter sees it.
        source: Source id.
        previous: The stored document; its decisions stand, and fields it does not know are strict.
        by: Principal on whose behalf it is made.
        aligner: Name and version of what aligned.

    Returns:
        The document, or ``previous`` itself where nothing changed.
    """
    aligned = {_name_of(one.field): one for one in alignments}
    said_of_file = context_of(table, previous.columns, vocabulary)[0] if previous else {}
    firmware = said_of_file.get("firmwareVersion", "")
    realign = previous is not None and firmware_changed(previous, said_of_file)
    said, stated = {one.field: one for one in answers}, stated_units(table)
    columns: list[ColumnMapping] = []
    for name in table.columns:
        known = previous.column(name) if previous else None
        if known is None:
            strict = previous is not None
            known = _drafted(
                table,
                name,
                aligned.get(name),
                vocabulary=vocabulary,
                strict=strict,
                aligner=aligner,
            ).model_copy(update={"unit_text": stated.get(name, "").strip()})
        else:
            known = with_unit_of_file(known, stated.get(name, "").strip(), vocabulary)
            if realign and name in aligned:
                ranked, sure = _ranked(aligned[name]), aligned[name].decision == "accept"
                known = asked_again(known, ranked, sure=sure, firmware=firmware)
        if name in said:
            known = _answered(known, said[name])
        columns.append(typed(table, known, vocabulary))
    gone = [one for one in previous.columns if one.name not in table.columns] if previous else []
    columns = [*with_renaming(columns, gone), *gone]
    context, reasons = context_of(table, columns, vocabulary)
    if (
        previous is not None
        and tuple(columns) == previous.columns
        and not firmware_changed(previous, context)
    ):
        return previous
    records, why = chosen_records(columns, context, vocabulary)
    return MappingDocument(
        source=source,
        version=previous.version + 1 if previous else 1,
        file_pattern=file_pattern(_file_name(table)),
        records=records,
        records_reason=why,
        columns=tuple(columns),
        context=context,
        context_reason=reasons,
        timezone=previous.timezone if previous else "UTC",
        day_first=previous.day_first if previous else False,
        release=vocabulary.version,
        created_by=by,
    )


def _ranked(alignment: AlignmentLike) -> tuple[CandidateTerm, ...]:
    """Return the first candidates of an alignment as a mapping document has them."""
    return tuple(
        CandidateTerm(
            term=curie(_term_of(one)), probability=round(min(max(one.probability, 0), 1), 4)
        )
        for one in alignment.ranked[:_CANDIDATES]
    )


def _name_of(field: object) -> str:
    return str(getattr(field, "name", field))


def _file_name(table: RawTable) -> str:
    return PurePath(str(getattr(table.context, "file_name", "") or table.name)).name


def _term_of(candidate: CandidateLike) -> str:
    return str(getattr(candidate.term, "iri", candidate.term))


def _drafted(
    table: RawTable,
    name: str,
    alignment: AlignmentLike | None,
    *,
    vocabulary: Vocabulary,
    strict: bool,
    aligner: str,
) -> ColumnMapping:
    """Return a new column as the aligner decided it; in a known source nothing new is accepted."""
    samples = tuple(
        cells.cleaned(table.frame[name]).drop_nulls().unique(maintain_order=True).head(_SAMPLES)
    )
    unit = find_unit(table.units.get(name) or "")
    base = ColumnMapping(
        name=name,
        decision=Decision.REQUESTED,
        by=aligner,
        unit=unit.ucum if unit else "",
        samples=samples,
    )
    if alignment is None:
        return _named_outright(base, vocabulary)
    return _as_aligned(base, alignment, vocabulary, strict=strict)


def redrafted(
    column: ColumnMapping, alignment: AlignmentLike, vocabulary: Vocabulary
) -> ColumnMapping:
    """Return a column as alignment sees it now: a question or a request, whatever it was; why it waits stays first."""
    kept = tuple(one for one in column.evidence[:1] if one.kind == DRIFT)
    bare = column.model_copy(
        update={"decision": Decision.REQUESTED, "term": "", "candidates": (), "evidence": ()}
    )
    made = _as_aligned(bare, alignment, vocabulary, strict=True)
    return made.model_copy(
        update={"evidence": (*kept, *made.evidence), "unit": column.unit or made.unit}
    )


def _as_aligned(
    base: ColumnMapping, alignment: AlignmentLike, vocabulary: Vocabulary, *, strict: bool
) -> ColumnMapping:
    if not alignment.ranked:
        return _named_outright(base, vocabulary)
    facts = _field_facts(alignment.field)
    best = alignment.ranked[0]
    decision = {
        "accept": Decision.ASKED if strict else Decision.ACCEPTED,
        "ask": Decision.ASKED,
        "request": Decision.REQUESTED,
    }[alignment.decision]
    drafted = base.model_copy(
        update={
            "decision": decision,
            "term": curie(_term_of(best)) if decision is Decision.ACCEPTED else "",
            "confidence": round(min(max(best.probability, 0.0), 1.0), 4),
            "evidence": tuple(
                MappingEvidence(
                    kind=one.kind, statement=dict(one.statement), weight=round(one.weight, 4)
                )
                for one in best.evidence
            ),
            "candidates": _ranked(alignment),
            **facts,
        }
    )
    return drafted if decision is Decision.ACCEPTED else _named_outright(drafted, vocabulary)


def _named_outright(column: ColumnMapping, vocabulary: Vocabulary) -> ColumnMapping:
    """Put a term that bears the very name of a waiting field first, whatever kind of term it is.

    The aligner ranks parameters and roles; a field can also name another property of the ontology.
    """
    found = vocabulary.find(column.name)
    term = curie(found[0].iri) if len(found) == 1 else ""
    if not term or (column.candidates and column.candidates[0].term == term):
        return column
    said = {
        "en": f"{column.name} is a name of {found[0].printed}.",
        "zh": f"{column.name} 是 {found[0].printed} 的名称之一。",
    }
    rest = [one for one in column.candidates if one.term != term][: _CANDIDATES - 1]
    named = CandidateTerm(term=term, probability=max(column.confidence, _NAMED))
    return column.model_copy(
        update={
            "decision": Decision.ASKED,
            "candidates": rivals((named, *rest)),
            "evidence": (
                MappingEvidence(kind="name", statement=said, weight=1.0),
                *column.evidence,
            ),
        }
    )


def _field_facts(field: object) -> dict[str, object]:
    """Take from a field's profile what reading its cells needs, where the profile has it."""
    facts: dict[str, object] = {}
    unit = getattr(field, "unit", None)
    code = getattr(unit, "ucum", unit)
    if isinstance(code, str) and code and (known := find_unit(code)):
        facts["unit"] = known.ucum
    for name in ("time_format", "language"):
        value = getattr(field, name, None)
        if isinstance(value, str) and value:
            facts[name] = value
    if getattr(field, "decimal_comma", None):
        facts["decimal_comma"] = True
    return facts


def _answered(column: ColumnMapping, answer: Answer) -> ColumnMapping:
    said = {
        "en": f"{answer.by} answered {answer.term or 'no term'}",
        "zh": f"{answer.by} 的答复：{answer.term or '无对应术语'}",
    }
    evidence = (MappingEvidence(kind="answer", statement=said, weight=1.0), *column.evidence)
    unit = find_unit(answer.unit)
    common = {"by": answer.by, "evidence": evidence, "former": "", "pending": ()}
    common |= {"unit": unit.ucum} if unit else {}
    if answer.term in ("", "NIL", "ignore"):
        return column.model_copy(update={**common, "term": "", "decision": Decision.IGNORED})
    return column.model_copy(
        update={
            **common,
            "term": curie(expand(answer.term)),
            "decision": Decision.ACCEPTED,
            "confidence": 1.0,
        }
    )


def context_of(
    table: RawTable, columns: Iterable[ColumnMapping], vocabulary: Vocabulary
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the file's header and name say for every row, and where each was read."""
    header: Mapping[str, str] = getattr(table.context, "header", None) or {}
    types = record_table().roles
    context: dict[str, str] = {}
    reasons: dict[str, str] = {}
    devices: dict[str, str] = {}
    for key, value in header.items():
        hits = [one for one in vocabulary.find(key) if local_name(one.iri) in types]
        if len(hits) == 1 and value and str(value).strip():
            role = local_name(hits[0].iri)
            context.setdefault(role, str(value).strip())
            reasons.setdefault(role, f"header {key!r}")
            if role == "equipmentIdentifier":
                devices.setdefault(str(value).strip(), key)
    if len(devices) > 1:
        # A tester and the machine that it tests: which of them a row is of, the header does not say.
        del context["equipmentIdentifier"]
        reasons["equipmentIdentifier"] = f"header {list(devices.values())} name several: none taken"
    device = getattr(table.context, "device", None)
    if device and not devices and "equipmentIdentifier" not in context:
        context["equipmentIdentifier"] = str(device)
        reasons["equipmentIdentifier"] = "device of the file"
    mapped = {local_name(expand(one.term)) for one in columns if one.term}
    if "segmentName" not in mapped and (
        found := _class_in_name(table, vocabulary, "ManufacturingActivity")
    ):
        context["process_class"] = found
        reasons["process_class"] = f"file name {_file_name(table)!r}"
    if found := _class_in_name(table, vocabulary, "Equipment"):
        context["equipment_class"] = found
        reasons["equipment_class"] = f"file name {_file_name(table)!r}"
    return context, reasons


def _class_in_name(table: RawTable, vocabulary: Vocabulary, above: str) -> str:
    """Return the one class below ``above`` that file name or folder names, the longest name first."""
    hints = getattr(table.context, "path_hints", None) or ()
    text = f" {text_key(' '.join([*map(str, hints), PurePath(_file_name(table)).stem]))} "
    text = re.sub(r"\d+", " ", text)
    held = [
        (len(key), iri)
        for key, iri in vocabulary.keys_below(Q + above)
        if len(key) > 2 and (f" {key} " in text if key.isascii() else key in text)  # noqa: PLR2004 - shorter names stand in any word
    ]
    best = max((size for size, _ in held), default=0)
    found = {iri for size, iri in held if size == best}
    return found.pop() if len(found) == 1 else ""


def chosen_records(
    columns: Iterable[ColumnMapping], context: Mapping[str, str], vocabulary: Vocabulary
) -> tuple[tuple[str, ...], str]:
    """Return the record kinds of a table, the best first, and what decided in one sentence."""
    types = record_table().roles
    terms = [expand(one.term) for one in columns if one.decision is Decision.ACCEPTED]
    roles = {local_name(one) for one in terms if local_name(one) in types}
    parameters = [one for one in terms if vocabulary.is_parameter(one)]
    measured = [
        one
        for one in parameters
        if (concept := vocabulary.concept(one)) and concept.is_a(Q + "ProductCharacteristic")
    ]
    around = [
        one
        for one in parameters
        if (concept := vocabulary.concept(one)) and concept.is_a(Q + "EnvironmentParameter")
    ]
    chosen = choose_records(
        roles,
        constants=set(context) & set(types),
        parameters=len(parameters) - len(measured),
        characteristics=len(measured),
        environment=len(around) if 2 * len(around) >= len(parameters) else 0,
    )
    return tuple(one.kind for one in chosen), "; ".join(one.explain() for one in chosen)
