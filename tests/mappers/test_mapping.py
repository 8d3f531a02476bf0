"""Mapping documents: read, written, checked, drafted from alignments, found again for the next file."""

from dataclasses import replace
from pathlib import Path

import jsonschema
import polars as pl
import pytest
import yaml

from qualweave.errors import InputError
from qualweave.mappers.answers import read_answers
from qualweave.mappers.drafting import Answer, build_mapping, context_of
from qualweave.mappers.library import MappingLibrary
from qualweave.mappers.mapping import (
    ColumnMapping,
    Decision,
    MappingDocument,
    json_schema,
    with_answers,
)
from qualweave.mappers.sources import file_pattern, source_id
from qualweave.mappers.table import ROW, RawTable, SourceContext
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.mappers.zones import Zones
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.exact import Candidate


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


@pytest.fixture
def document() -> MappingDocument:
    return MappingDocument(
        source="thermal-oven",
        file_pattern="Oven#_#.csv",
        records=("process_record",),
        columns=(
            ColumnMapping(
                name="温度_℃", term="q:ChamberTemperature", decision=Decision.ACCEPTED, by="align",
                confidence=0.93, unit="Cel", values={"a: b": "q:Warpage"},
            ),
            ColumnMapping(name="Temp", decision=Decision.ASKED, samples=("1", "2")),
        ),
    )  # fmt: skip


def table(columns: dict[str, list[str]], name: str = "t.csv", **context: object) -> RawTable:
    frame = pl.DataFrame(columns).with_columns(
        pl.Series(ROW, range(len(next(iter(columns.values())))))
    )
    return RawTable(name, tuple(columns), frame, SourceContext(name, **context))


class Aligned:
    def __init__(self, field: str, decision: str, *terms: str) -> None:
        self.field = field
        self.decision = decision
        self.ranked = tuple(Candidate(one, 0.9 / (at + 1), ()) for at, one in enumerate(terms))


def test_a_document_survives_writing_and_reading(document: MappingDocument, tmp_path: Path) -> None:
    document.save(tmp_path / "m.yaml")

    assert MappingDocument.load(tmp_path / "m.yaml") == document


def test_a_written_document_satisfies_the_json_schema(document: MappingDocument) -> None:
    data = yaml.safe_load(document.to_yaml())
    data["created"] = str(data["created"])

    jsonschema.validate(data, json_schema())


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("decision: asked", "decision: perhaps", "decision: perhaps", "columns.1.decision"),
        ("confidence: 0.93", "confidence: 9", "confidence: 9", "columns.0.confidence"),
        ("source: thermal-oven", "sauce: x", "sauce: x", "source"),
    ],
)
def test_an_error_names_file_line_and_key(
    document: MappingDocument, old: str, new: str, line: str, key: str
) -> None:
    text = document.to_yaml().replace(old, new, 1)
    number = text.splitlines().index(next(one for one in text.splitlines() if line in one)) + 1
    wanted = 1 if key == "source" else number

    with pytest.raises(InputError, match=rf"oven.yaml, line {wanted}, key {key}"):
        MappingDocument.from_yaml(text, file="oven.yaml")


def test_broken_yaml_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match=r"m.yaml, line 2: this is not YAML"):
        MappingDocument.from_yaml("a: 1\nb: [", file="m.yaml")


def test_an_answer_makes_the_next_version(document: MappingDocument) -> None:
    answered = with_answers(document, {"Temp": "q:AmbientTemperature"}, by="li.wei")

    column = answered.column("Temp")
    assert column is not None
    assert (answered.version, column.decision, column.by) == (2, Decision.ACCEPTED, "li.wei")
    with pytest.raises(InputError, match="no column 'Druck'"):
        with_answers(document, {"Druck": "q:Pressure"}, by="x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cell/plc/CT-04_plc_2025-01-06.csv", "cell/plc/CT-04_plc_2025-02-11.csv"),
        ("thermal/ovens/Oven3_20250304.csv", "thermal/ovens/Oven3_20251224.csv"),
        ("mes/export_2025-01-06T10-00-00.json", "mes/export_2025-03-09T12-30-59.json"),
    ],
)
def test_the_next_file_of_a_system_has_the_same_source(one: str, other: str) -> None:
    assert source_id(one) == source_id(other)
    assert file_pattern(Path(one).name) == file_pattern(Path(other).name)


def test_two_machines_have_two_sources() -> None:
    assert source_id("plc/CT-03_plc_2025-01-06.csv") != source_id("plc/CT-04_plc_2025-01-06.csv")
    assert source_id("ai4i2020.csv") == "ai4i2020"


def test_alignments_become_decisions(vocabulary: Vocabulary) -> None:
    source = table({"sn": ["S1"], "temp": ["20"], "x": ["1"], "y": ["2"]})
    aligned = [
        Aligned("sn", "accept", "https://w3id.org/qonto/serialNumber"),
        Aligned("temp", "accept", "https://w3id.org/qonto/ChamberTemperature"),
        Aligned("x", "ask", "https://w3id.org/qonto/Pressure"),
        Aligned("y", "request"),
    ]

    made = build_mapping(source, aligned, vocabulary=vocabulary, source="s")

    assert [one.decision.value for one in made.columns] == [
        "accepted",
        "accepted",
        "asked",
        "requested",
    ]
    assert made.records == ("process_record",)
    assert "parameter" in made.records_reason


def test_a_new_field_of_a_known_source_is_asked_even_where_the_aligner_is_sure(
    vocabulary: Vocabulary,
) -> None:
    first = table({"sn": ["S1"]})
    known = build_mapping(
        first,
        [Aligned("sn", "accept", "https://w3id.org/qonto/serialNumber")],
        vocabulary=vocabulary,
        source="s",
    )
    wider = table({"sn": ["S1"], "temp": ["20"]})

    made = build_mapping(
        wider, [Aligned("temp", "accept", "https://w3id.org/qonto/ChamberTemperature")],
        vocabulary=vocabulary, source="s", previous=known,
    )  # fmt: skip

    assert [one.decision.value for one in made.columns] == ["accepted", "asked"]
    assert made.version == 2
    assert build_mapping(first, [], vocabulary=vocabulary, source="s", previous=known) is known


def test_a_changed_firmware_asks_again_about_what_the_aligner_no_longer_confirms(
    vocabulary: Vocabulary,
) -> None:
    key = next(iter(vocabulary.concept("https://w3id.org/qonto/firmwareVersion").names))  # type: ignore[union-attr]
    old = table({"sn": ["S1"], "t": ["20"]}, header={key: "V1"})
    new = table({"sn": ["S1"], "t": ["20"]}, header={key: "V2"})
    serial, temperature = (
        f"https://w3id.org/qonto/{one}" for one in ("serialNumber", "ChamberTemperature")
    )
    known = build_mapping(
        old,
        [Aligned("sn", "accept", serial), Aligned("t", "accept", temperature)],
        vocabulary=vocabulary,
        source="s",
    )

    made = build_mapping(
        new, [Aligned("sn", "accept", serial), Aligned("t", "ask", "https://w3id.org/qonto/AmbientTemperature")],
        vocabulary=vocabulary, source="s", previous=known,
    )  # fmt: skip

    assert [one.decision.value for one in made.columns] == ["accepted", "asked"]


def test_a_column_that_cannot_be_read_as_its_term_is_asked_and_spoils_no_row(
    vocabulary: Vocabulary,
) -> None:
    source = table({"u": ["mPa·s", "mPa·s"], "ok": ["open", "closed"]})
    aligned = [
        Aligned("u", "accept", "https://w3id.org/qonto/SlurryViscosity"),
        Aligned("ok", "accept", "https://w3id.org/qonto/conforms"),
    ]

    made = build_mapping(source, aligned, vocabulary=vocabulary, source="s")

    assert {one.decision for one in made.columns} == {Decision.ASKED}


def test_answers_go_to_the_file_and_field_they_name(vocabulary: Vocabulary) -> None:
    rows = {
        "answers": [
            {
                "file": "plc/MC-02_20250101.csv",
                "field": "DB12.W4",
                "term": "q:SpindleTorque",
                "unit": "N·m",
            }
        ]
    }

    (answer,) = read_answers(yaml.safe_dump(rows, allow_unicode=True), file="a.yaml")

    assert answer.is_about("plc/MC-02_20250202.csv", "x")
    assert not answer.is_about("plc/MC-03_20250202.csv", "x")
    made = build_mapping(table({"DB12.W4": ["1"]}), [], [answer], vocabulary=vocabulary, source="s")
    assert (made.columns[0].term, made.columns[0].unit) == ("q:SpindleTorque", "N.m")
    nothing = build_mapping(
        table({"a": ["1"]}), [], [Answer("a", "NIL")], vocabulary=vocabulary, source="s"
    )
    assert nothing.columns[0].decision is Decision.IGNORED


def test_the_file_name_gives_the_process_where_no_column_does(vocabulary: Vocabulary) -> None:
    context, reasons = context_of(table({"a": ["1"]}, "injection_moulding_07.csv"), [], vocabulary)

    assert context["process_class"].endswith("InjectionMoulding")
    assert "file name" in reasons["process_class"]


def test_a_source_with_other_fields_under_the_same_name_is_another_one(tmp_path: Path) -> None:
    library = MappingLibrary(tmp_path, "plant")
    columns = tuple(ColumnMapping(name=one, decision=Decision.ASKED) for one in "abcd")
    library.put(MappingDocument(source="s", columns=columns))

    same, found = library.find("s", "abcde")
    other, nothing = library.find("s", "wxyz")

    assert same == "s"
    assert found is not None
    assert other != "s"
    assert nothing is None


def test_times_without_a_zone_take_that_of_their_company(vocabulary: Vocabulary) -> None:
    zones = Zones()
    columns = (ColumnMapping(name="t", term="q:startedAt", decision=Decision.ACCEPTED),)
    document = MappingDocument(source="s", columns=columns)

    zones.look("a/x.json", table({"t": ["2025-01-06T06:12:00+08:00"]}), document)
    zones.look("b/y.json", table({"t": ["2025-01-06T06:12:00-05:00"]}), document)

    assert zones.zone("a/plc.csv") == "Etc/GMT-8"
    assert zones.zone("b/plc.csv") == "Etc/GMT+5"
    assert zones.zone("c/plc.csv") == ""
    del vocabulary


def test_of_a_tester_and_a_machine_neither_is_taken_for_the_device(vocabulary: Vocabulary) -> None:
    two = table({"a": ["1"]}, "x.csv")
    header = {"Tester": "T1", "Machine ID": "M1"}
    two = replace(two, context=replace(two.context, header=header, device="M1"))

    context, reasons = context_of(two, [], vocabulary)

    assert "equipmentIdentifier" not in context
    assert "'Tester', 'Machine ID'" in reasons["equipmentIdentifier"]
    alike = replace(two, context=replace(two.context, header={**header, "Tester": "M1"}))
    assert context_of(alike, [], vocabulary)[0]["equipmentIdentifier"] == "M1"
