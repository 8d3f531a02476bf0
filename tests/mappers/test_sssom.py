"""Mapping documents as SSSOM: slots and values of its schema, and a person's decisions come back as memory."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from qualweave.errors import InputError
from qualweave.mappers.documents import sssom
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

SCHEMA = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared")) / "data/ontology/imports/sssom_schema.yaml"  # fmt: skip
DOCUMENT = MappingDocument.from_yaml(
    """schema: qualweave/mapping/1
source: ovens/oven 3
version: 4
created: 2026-01-02T03:04:05Z
created_by: li
release: "2026-11-26"
columns:
- {name: "温度 [℃]", term: q:ChamberTemperature, decision: accepted, by: wang, confidence: 1.0, evidence: [{kind: answer, statement: {en: wang decided so}}]}
- {name: op, term: q:operationIdentifier, decision: accepted, by: align, confidence: 0.93}
- {name: W4, decision: asked, by: align, candidates: [{term: q:SpindleTorque, probability: 0.41}]}
- {name: note, decision: ignored, by: wang}
- {name: x9, decision: requested}
"""
)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


def rows(text: str) -> list[dict[str, str]]:
    head, *lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [dict(zip(head, line, strict=True)) for line in lines]


def metadata(text: str) -> dict[str, object]:
    return dict(yaml.safe_load("\n".join(line[2:] for line in text.splitlines() if line.startswith("# "))))  # fmt: skip


def test_every_decision_has_its_predicate_and_justification(vocabulary: Vocabulary) -> None:
    found = {one["subject_label"]: one for one in rows(sssom.write(DOCUMENT, vocabulary))}

    told = {
        name: (
            one["predicate_id"],
            one["object_id"],
            one["mapping_justification"],
            one["confidence"],
            one["author_label"],
        )
        for name, one in found.items()
    }
    assert told == {
        "温度 [℃]": (
            "skos:exactMatch",
            "q:ChamberTemperature",
            "semapv:ManualMappingCuration",
            "1",
            "wang",
        ),
        "op": (
            "skos:exactMatch",
            "q:operationIdentifier",
            "semapv:CompositeMatching",
            "0.93",
            "align",
        ),
        "W4": ("skos:closeMatch", "q:SpindleTorque", "semapv:CompositeMatching", "0.41", "align"),
        "note": (
            "skos:exactMatch",
            "sssom:NoTermFound",
            "semapv:ManualMappingCuration",
            "1",
            "wang",
        ),
    }
    assert found["温度 [℃]"]["subject_id"] == "field:%E6%B8%A9%E5%BA%A6%20%5B%E2%84%83%5D"
    assert found["温度 [℃]"]["object_label"] == "oven chamber temperature"


@pytest.mark.skipif(not SCHEMA.exists(), reason=f"no {SCHEMA}: set QUALWEAVE_SHARED")
def test_only_slots_and_values_of_the_schema_are_written(vocabulary: Vocabulary) -> None:
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    of_set, of_row = (set(schema["classes"][one]["slots"]) for one in ("mapping set", "mapping"))
    required = {name for name, slot in schema["slots"].items() if slot and slot.get("required")}
    reasons = re.compile(schema["slots"]["mapping_justification"]["pattern"])

    text = sssom.write(DOCUMENT, vocabulary)

    assert required & of_set <= set(metadata(text)) <= of_set | {"curie_map"}
    for row in rows(text):
        assert required & of_row <= set(row) <= of_row
        assert reasons.match(row["mapping_justification"])
        for name in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
            assert row[name].split(":")[0] in metadata(text)["curie_map"]  # type: ignore[operator]


def test_the_sssom_package_reads_the_table(vocabulary: Vocabulary, tmp_path: Path) -> None:
    parsers = pytest.importorskip("sssom.parsers", reason="the package sssom is not installed")
    table = tmp_path / "ovens.sssom.tsv"
    table.write_text(sssom.write(DOCUMENT, vocabulary), "utf-8")

    found = parsers.parse_sssom_table(table)

    assert len(found.df) == 4


def test_what_persons_decided_becomes_memory(vocabulary: Vocabulary) -> None:
    text = sssom.write(DOCUMENT, vocabulary)
    memory = DecisionMemory()

    learnt = sssom.read(text, vocabulary, file="t.tsv")
    for one in learnt.decisions:
        memory.remember(one)

    assert [(one.source, one.field, one.verdict, one.by) for one in memory.decisions] == [
        ("ovens/oven 3", "温度 [℃]", "accepted", "wang")
    ]
    assert memory.accepted("温度_℃") == ("https://w3id.org/qonto/ChamberTemperature",)
    assert {why for _, why in learnt.passed} == {
        "no person decided it",
        "the ontology has no term sssom:NoTermFound",
    }


def test_a_partners_table_names_other_subjects_and_negates(vocabulary: Vocabulary) -> None:
    text = (
        "# curie_map:\n#   x: https://partner.example/\n#   skos: http://www.w3.org/2004/02/skos/core#\n#   q: https://w3id.org/qonto/\n"
        "subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tmapping_justification\n"
        "x:1\tAmbTemp\tskos:exactMatch\tNot\tq:ChamberTemperature\tsemapv:ManualMappingCuration\n"
    )

    found = sssom.read(text, vocabulary, source="ovens").decisions

    assert [(one.source, one.field, one.verdict) for one in found] == [
        ("ovens", "AmbTemp", "rejected")
    ]


ROW = "subject_id\tpredicate_id\tobject_id\tmapping_justification\nx:1\t{}\tq:ChamberTemperature\t{}\n"
SKOS_EXACT = "http://www.w3.org/2004/02/skos/core#exactMatch"


@pytest.mark.parametrize(
    ("predicate", "justification", "learnt"),
    [
        ("skos:exactMatch", "semapv:ManualMappingCuration", 1),
        (SKOS_EXACT, "https://w3id.org/semapv/vocab/ManualMappingCuration", 1),
        ("skos:broadMatch", "semapv:ManualMappingCuration", 0),
        ("nobody:knows", "semapv:LexicalMatching", 0),  # no person stands behind it
    ],
)
def test_a_predicate_and_a_justification_are_read_as_iris(
    vocabulary: Vocabulary, predicate: str, justification: str, learnt: int
) -> None:
    found = sssom.read(ROW.format(predicate, justification), vocabulary, file="t.tsv")

    assert (len(found.decisions), len(found.passed)) == (learnt, 1 - learnt)


@pytest.mark.parametrize("predicate", ["skos:exactmatch", "exactMatch", "x:q", ""])
def test_a_person_s_row_with_a_predicate_that_there_is_not_is_refused(
    vocabulary: Vocabulary, predicate: str
) -> None:
    text = ROW.format(predicate, "semapv:ManualMappingCuration")

    with pytest.raises(
        InputError, match=f"t.tsv, line 2, key predicate_id: there is no predicate '{predicate}'"
    ) as refused:
        sssom.read(text, vocabulary, file="t.tsv")

    assert "skos:exactMatch" in refused.value.next_step


def test_what_is_no_table_is_refused(vocabulary: Vocabulary) -> None:
    with pytest.raises(InputError, match=r"t\.tsv, line 1: an SSSOM table has the columns"):
        sssom.read("a,b\n1,2\n", vocabulary, file="t.tsv")

    with pytest.raises(InputError, match=r"t\.tsv, line 1: the metadata"):
        sssom.read("# a: [\nsubject_id\n", vocabulary, file="t.tsv")


def test_the_date_is_that_of_the_version(vocabulary: Vocabulary) -> None:
    assert metadata(sssom.write(DOCUMENT, vocabulary))["mapping_date"] in (
        "2026-01-02",
        datetime(2026, 1, 2, tzinfo=UTC).date(),
    )
