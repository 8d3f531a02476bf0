"""Mapping documents that people edit: every mistake has its line, versions are compared in words."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from qualweave.errors import InputError
from qualweave.mappers.documents.check import check
from qualweave.mappers.documents.difference import compare
from qualweave.mappers.documents.signing import decisions, signed
from qualweave.mappers.mapping import MappingDocument, MappingEvidence, json_schema
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

GOOD = """schema: qualweave/mapping/1
source: ovens
version: 1
file_pattern: oven_#.csv
records: [process_record]
columns:
- name: op
  term: q:operationIdentifier
  decision: accepted
- name: Temp
  term: q:ChamberTemperature
  decision: accepted
  unit: Cel
- name: note
  decision: ignored
context: {equipmentIdentifier: OV-03}
timezone: Asia/Shanghai
"""


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def vocabulary(terms: TermIndex) -> Vocabulary:
    return Vocabulary.from_terms(terms)


def test_a_sound_document_has_no_fault(vocabulary: Vocabulary) -> None:
    assert check(GOOD, file="m.yaml", vocabulary=vocabulary) == ()


WRONG = {
    # what is changed in the good document: line, key, words, words of the fix
    "unknown key": ("  unit: Cel", "  unti: Cel", 13, "columns.1.unti", "no such key", "Nearest: unit"),
    "unknown key at the top": ("timezone:", "timezon:", 17, "timezon", "no such key", "timezone"),
    "wrong type": ("version: 1", "version: first", 3, "version", "valid integer", "Correct that key"),
    "wrong choice": ("decision: ignored", "decision: dropped", 15, "columns.2.decision", "'accepted', 'asked'", "Correct that key"),
    "unknown prefix": ("q:ChamberTemperature", "x:ChamberTemperature", 11, "columns.1.term", "known prefix", "Known prefixes"),
    "unknown term": ("q:ChamberTemperature", "q:ChamberTemprature", 11, "columns.1.term", "no term q:ChamberTemprature", "q:ChamberTemperature"),
    "repeated column": ("name: note", "name: Temp", 14, "columns.2.name", "twice", "Keep one"),
    "repeated key": ("timezone: Asia/Shanghai", "source: others", 17, "source", "twice", "Keep one"),
    "unknown unit": ("unit: Cel", "unit: furlongs", 13, "columns.1.unit", "no unit of the table", "UCUM"),
    "unit of another dimension": ("unit: Cel", "unit: um", 13, "columns.1.unit", "another dimension", "another parameter"),
    "accepted without a term": ("  decision: ignored", "  decision: accepted", 15, "columns.2.decision", "has no term", "asked or ignored"),
    "unknown record": ("[process_record]", "[proces_record]", 5, "records.0", "no record kind", "process_record"),
    "unknown role": ("{equipmentIdentifier", "{equipmentIdentifer", 16, "context.equipmentIdentifer", "no role", "equipmentIdentifier"),
    "unknown zone": ("Asia/Shanghai", "Asia/Shangai", 17, "timezone", "no IANA time zone", "Asia/Shanghai"),
    "bad time format": ("  unit: Cel", "  time_format: yyyy", 13, "columns.1.time_format", "no time format", "strptime"),
    "needs not met": ("records: [process_record]", "records: [inspection_record]", 5, "records.0", "one of what it needs", "another record kind"),
    "not YAML": ("columns:", "columns: [", 7, "document", "not YAML", "indentation"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_with_line_key_and_fix(
    name: str, vocabulary: Vocabulary, terms: TermIndex
) -> None:
    good, bad, line, key, said, fix = WRONG[name]
    assert GOOD.count(good) == 1

    faults = check(
        GOOD.replace(good, bad), file="m.yaml", vocabulary=vocabulary, nearest=terms.nearest
    )

    assert (faults[0].line, faults[0].key) == (line, key)
    assert said in faults[0].message["en"]
    assert fix in faults[0].fix["en"]
    assert any("\u4e00" <= one <= "\u9fff" for one in faults[0].message["zh"])


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("version: 1", "version: x").replace("  unit: Cel", "  unti: Cel")

    with pytest.raises(
        InputError, match=r"m\.yaml, line 3, key version: .* 1 more fault"
    ) as refusal:
        MappingDocument.from_yaml(text, file="m.yaml")

    faults = refusal.value.data["faults"]
    assert isinstance(faults, list)
    assert [one["line"] for one in faults if isinstance(one, dict)] == [3, 13]


def test_versions_are_compared_by_column(tmp_path: Path) -> None:
    before = MappingDocument.from_yaml(GOOD)
    after = MappingDocument.from_yaml(
        GOOD.replace("version: 1", "version: 2")
        .replace("unit: Cel", "unit: K")
        .replace(
            "- name: note\n  decision: ignored",
            "- name: shift\n  term: q:shiftName\n  decision: accepted",
        )
        .replace("OV-03", "OV-04")
    )

    found = compare(before, after)

    assert [(one.column, one.aspect, one.before, one.after) for one in found.changes] == [
        ("", "context", {"equipmentIdentifier": "OV-03"}, {"equipmentIdentifier": "OV-04"}),
        ("Temp", "unit", "Cel", "K"),
        ("shift", "added", None, "accepted q:shiftName"),
        ("note", "removed", "ignored", None),
    ]
    assert found.lines("en")[1] == "Temp: unit Cel → K"
    assert found.lines("zh")[1] == "Temp：单位 Cel → K"
    assert compare(before, before).lines() == ["The two versions say the same."]


def test_what_a_person_changed_is_signed_and_learnt_and_the_rest_keeps_its_evidence() -> None:
    machine = {"kind": "name", "statement": {"en": "its name", "zh": "名称"}, "weight": 1.0}
    before = MappingDocument.from_yaml(GOOD)
    columns = [one.model_copy(update={"by": "align", "confidence": 0.9}) for one in before.columns]
    columns[0] = columns[0].model_copy(update={"evidence": (MappingEvidence(**machine),)})
    before = before.model_copy(update={"columns": tuple(columns)})
    after = MappingDocument.from_yaml(GOOD.replace("q:ChamberTemperature", "q:AirTemperature"))

    found = signed(after, before, by="li")
    learnt = list(decisions(found, before))

    assert [(one.name, one.by, [e.kind for e in one.evidence]) for one in found.columns] == [
        ("op", "align", ["name"]),
        ("Temp", "li", ["answer"]),
        ("note", "align", []),
    ]
    assert [(one.field, one.term.rsplit("/", 1)[1], one.verdict, one.by) for one in learnt] == [
        ("Temp", "AirTemperature", "accepted", "li"),
        ("Temp", "ChamberTemperature", "rejected", "li"),
    ]
    assert list(decisions(found, found)) == []


def test_an_editor_completes_record_kinds_and_roles() -> None:
    schema = json_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    for wrong in (
        ("[process_record]", "[proces_record]"),
        ("equipmentIdentifier:", "equipmentIdentifer:"),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(GOOD.replace(*wrong)), schema)
