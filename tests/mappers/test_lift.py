"""Lifting: what one row becomes, and what happens to rows that cannot be lifted."""

from collections.abc import Mapping

import polars as pl
import pyoxigraph as ox
import pytest
from pyoxigraph import NamedNode

from qualweave.errors import UnknownUnit
from qualweave.iri import RDF, Q
from qualweave.mappers.codes import CodeBook, CodeEntry
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import Lifted, lift
from qualweave.mappers.lift.plan import choose_records, record_table
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.table import ROW, RawTable, SourceContext
from qualweave.mappers.vocabulary import Concept, Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

BASE = "https://example.org/id/plant/"
PARAMETER, DEFECT = Q + "Parameter", Q + "Defect"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


def table(
    columns: Mapping[str, list[str | None]], header: Mapping[str, str] | None = None
) -> RawTable:
    rows = len(next(iter(columns.values())))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.Series(ROW, range(2, rows + 2), dtype=pl.Int64)
    )
    return RawTable("t.csv", tuple(columns), frame, SourceContext("t.csv", header=header or {}))


def mapping(kind: str, terms: Mapping[str, str], **more: object) -> MappingDocument:
    extra = {
        name: value for name, value in more.items() if isinstance(value, dict) and name in terms
    }
    rest = {name: value for name, value in more.items() if name not in extra}
    columns = tuple(
        ColumnMapping(
            name=name, term="q:" + term, decision=Decision.ACCEPTED, **extra.get(name, {})
        )
        for name, term in terms.items()
    )
    return MappingDocument(source="src", records=tuple(kind.split("+")), columns=columns, **rest)


def graph(result: Lifted) -> set[tuple[str, str, str]]:
    def short(term: object) -> str:
        return str(getattr(term, "value", term)).replace(Q, "q:").replace(BASE, ":")

    parsed = ox.parse(input=result.ntriples, format=ox.RdfFormat.N_TRIPLES)
    return {(short(one.subject), short(one.predicate), short(one.object)) for one in parsed}


def run(
    source: RawTable,
    document: MappingDocument,
    vocabulary: Vocabulary,
    codes: CodeBook | None = None,
) -> Lifted:
    batch = Batch("src", "ab" * 32, "t.csv")
    return lift(source, document, batch=batch, vocabulary=vocabulary, codes=codes)


def test_a_process_row_becomes_what_the_reference_page_says(vocabulary: Vocabulary) -> None:
    rows = {
        "op": ["OP 1"],
        "sn": ["S1"],
        "eq": ["OV-1"],
        "t0": ["2025-03-04 06:00:00"],
        "temp": ["77"],
    }
    terms = {"op": "operationIdentifier", "sn": "serialNumber", "eq": "equipmentIdentifier",
             "t0": "startedAt", "temp": "ChamberTemperature"}  # fmt: skip

    found = graph(
        run(table(rows), mapping("process_record", terms, temp={"unit": "[degF]"}), vocabulary)
    )

    assert {
        (":operation/OP%201", RDF + "type", "q:Operation"),
        (":operation/OP%201", "q:usesEquipment", ":equipment/OV-1"),
        (":operation/OP%201", "q:startedAt", "2025-03-04T06:00:00Z"),
        (":operation/OP%201", "q:ChamberTemperature", "25.0"),
        (":operation/OP%201", "q:sourceRow", "2"),
        (":item/S1", "q:producedBy", ":operation/OP%201"),
        (":item/S1", "q:sourceRow", "2"),
    } <= found


def test_every_subject_has_a_source_row(vocabulary: Vocabulary) -> None:
    rows = {"o": ["B1", "B2"], "i": ["A1;A2", "A3"], "op": ["X", "X"], "eq": ["E", "E"]}
    terms = {
        "o": "outputIdentifier",
        "i": "inputIdentifier",
        "op": "operationIdentifier",
        "eq": "equipmentIdentifier",
    }

    found = graph(
        run(table(rows), mapping("genealogy_record", terms, i={"separator": ";"}), vocabulary)
    )

    subjects = {one[0] for one in found}
    assert {one[0] for one in found if one[1] == "q:sourceRow"} == subjects
    edges = {one for one in found if one[1] == "q:derivedFromMaterial"}
    assert edges == {(":item/B1", "q:derivedFromMaterial", f":item/A{n}") for n in (1, 2)} | {
        (":item/B2", "q:derivedFromMaterial", ":item/A3")
    }


def test_a_cell_that_cannot_be_read_puts_its_row_aside_and_no_other(vocabulary: Vocabulary) -> None:
    rows = {"sn": ["S1", "S2", "S3", "S4"], "t": ["2025-01-01 00:00:00", "soon", "2025-01-01 00:02:00", ""],
            "temp": ["#VALUE!", "20", "21", "---"]}  # fmt: skip
    terms = {"sn": "serialNumber", "t": "startedAt", "temp": "ChamberTemperature"}

    result = run(table(rows), mapping("process_record", terms, temp={"unit": "Cel"}), vocabulary)

    assert result.rows_read == 4
    assert result.rows_lifted == 2
    assert result.bad_rows == (2, 3)
    assert result.rows_lifted + len(result.bad_rows) == result.rows_read
    first = next(one for one in result.problems if one.row == 2)
    assert first.column == "temp"
    assert first.value == "#VALUE!"
    assert "not a number" in first.message["en"]
    assert "数值" in first.message["zh"]


def test_gs1_identities_become_one_iri_and_a_wrong_check_digit_waits(
    vocabulary: Vocabulary,
) -> None:
    rows = {"sn": ["(01)04012345111118(21)98", "urn:epc:id:sgtin:4012345.011111.98", "(01)04012345111117(21)98"],
            "op": ["A", "B", "C"]}  # fmt: skip

    result = run(
        table(rows),
        mapping("process_record", {"sn": "serialNumber", "op": "operationIdentifier"}),
        vocabulary,
    )

    items = {one[0] for one in graph(result) if one[1] == "q:producedBy"}
    assert items == {"https://id.gs1.org/01/04012345111118/21/98"}
    assert result.bad_rows == (4,)
    assert "should be 8" in result.problems[0].message["en"]


def test_a_long_table_gives_each_row_the_predicate_that_it_names(vocabulary: Vocabulary) -> None:
    tags = ["oven chamber temperature", "输送带速度", "???"]
    rows = {"eq": ["E1"] * 3, "t": ["2025-01-01 00:00:00"] * 3, "tag": tags,
            "v": ["300.15", "1.5", "1"], "u": ["K", "m/min", ""]}  # fmt: skip
    terms = {
        "eq": "equipmentIdentifier",
        "t": "eventTime",
        "tag": "parameterName",
        "v": "measuredValue",
        "u": "unitText",
    }

    result = run(table(rows), mapping("process_record", terms), vocabulary)

    values = {
        one[1:] for one in graph(result) if one[1] in ("q:ChamberTemperature", "q:ConveyorSpeed")
    }
    assert ("q:ChamberTemperature", "27.0") in values
    assert len(values) == 2
    assert result.bad_rows == (4,)
    assert [one.text for one in result.unresolved] == ["???"]
    assert len({one[0] for one in graph(result) if one[2] == "q:Operation"}) == 1


def test_two_wide_rows_without_identity_stay_two_operations(vocabulary: Vocabulary) -> None:
    rows = {"eq": ["E1", "E1"], "t": ["2025-01-01 00:00"] * 2, "temp": ["20", "30"]}
    terms = {"eq": "equipmentIdentifier", "t": "startedAt", "temp": "ChamberTemperature"}

    found = graph(run(table(rows), mapping("process_record", terms), vocabulary))

    assert len({one[0] for one in found if one[1] == "q:ChamberTemperature"}) == 2


def test_a_name_that_resolves_to_nothing_keeps_its_text_and_is_asked(
    vocabulary: Vocabulary,
) -> None:
    rows = {"id": ["I1", "I2"], "sn": ["S1", "S2"], "d": ["翘曲", "花斑"], "ok": ["NG", "不合格"]}
    terms = {
        "id": "inspectionIdentifier",
        "sn": "serialNumber",
        "d": "defectName",
        "ok": "conforms",
    }

    result = run(table(rows), mapping("inspection_record", terms), vocabulary)

    found = graph(result)
    assert (":defect/I1/翘曲", RDF + "type", "q:Warpage") in found
    assert (":defect/I2/花斑", "http://www.w3.org/2000/01/rdf-schema#label", "花斑") in found
    assert [(one.role, one.text) for one in result.unresolved] == [("defectName", "花斑")]


def test_an_answered_text_is_taken_as_answered(vocabulary: Vocabulary) -> None:
    rows = {"id": ["I2"], "sn": ["S2"], "d": ["花斑"]}
    terms = {"id": "inspectionIdentifier", "sn": "serialNumber", "d": "defectName"}
    document = mapping("inspection_record", terms, d={"values": {"花斑": "q:Contamination"}})

    result = run(table(rows), document, vocabulary)

    assert (":defect/I2/花斑", RDF + "type", "q:Contamination") in graph(result)
    assert result.unresolved == ()


def test_a_passed_inspection_has_no_defect(vocabulary: Vocabulary) -> None:
    rows = {"id": ["I1"], "sn": ["S1"], "d": ["翘曲"], "ok": ["OK"]}
    terms = {
        "id": "inspectionIdentifier",
        "sn": "serialNumber",
        "d": "defectName",
        "ok": "conforms",
    }

    found = graph(run(table(rows), mapping("inspection_record", terms), vocabulary))

    assert not [one for one in found if one[2] == "q:Defect"]


def test_a_flag_column_of_a_defect_gives_a_defect_where_it_says_yes(vocabulary: Vocabulary) -> None:
    rows = {"op": ["A", "B", "C"], "sn": ["1", "2", "3"], "TWF": ["0", "1", "maybe"]}
    terms = {"op": "operationIdentifier", "sn": "serialNumber", "TWF": "ToolWearFailure"}

    result = run(table(rows), mapping("process_record", terms), vocabulary)

    defect = ":defect/B/ToolWearFailure"
    found = graph(result)
    assert {one for one in found if one[0].startswith(":defect/")} == {
        (defect, RDF + "type", "q:Defect"),
        (defect, RDF + "type", "q:ToolWearFailure"),
        (defect, "q:foundOn", ":item/2"),
        (defect, "q:occurredInProcess", ":operation/B"),
        (defect, "q:sourceRow", "3"),
    }
    assert result.bad_rows == (4,)


def test_the_header_names_the_machine_of_every_row(vocabulary: Vocabulary) -> None:
    document = mapping(
        "process_record", {"op": "operationIdentifier"}, context={"equipmentIdentifier": "E 7"}
    )

    found = graph(run(table({"op": ["A"]}), document, vocabulary))

    assert (":operation/A", "q:usesEquipment", ":equipment/E%207") in found


def test_brackets_slashes_and_blanks_in_identifiers_give_iris_that_load(
    vocabulary: Vocabulary,
) -> None:
    rows = {"op": ["A[1]/b c", "L#2%", "<x>"]}

    result = run(table(rows), mapping("process_record", {"op": "operationIdentifier"}), vocabulary)

    assert len({one[0] for one in graph(result)}) == 3


def test_a_set_point_keeps_its_bounds_in_the_canonical_unit(vocabulary: Vocabulary) -> None:
    rows = {
        "eq": ["W1"],
        "p": ["焊接电流"],
        "v": ["0.1823"],
        "lo": ["0.17"],
        "step": ["0.0001"],
        "u": ["kA"],
    }
    terms = {"eq": "equipmentIdentifier", "p": "parameterName", "v": "setpointValue", "lo": "lowerBound",
             "step": "settingResolution", "u": "unitText"}  # fmt: skip

    found = {
        one[1:] for one in graph(run(table(rows), mapping("setpoint_record", terms), vocabulary))
    }

    assert {("q:about", "q:WeldCurrent"), ("q:setpointValue", "182.3"), ("q:lowerBound", "170.0"),
            ("q:settingResolution", "0.1")} <= found  # fmt: skip


def test_a_unit_of_another_dimension_is_an_error_of_the_mapping(vocabulary: Vocabulary) -> None:
    document = mapping(
        "process_record",
        {"op": "operationIdentifier", "t": "ChamberTemperature"},
        t={"unit": "kPa"},
    )

    with pytest.raises(UnknownUnit, match=r"t\.csv, column 't', mapped to q:\w+: .*same dimension"):
        run(table({"op": ["A"], "t": ["1"]}), document, vocabulary)


@pytest.mark.parametrize(
    ("roles", "parameters", "kind"),
    [
        ({"operationIdentifier", "serialNumber", "startedAt"}, 3, "process_record"),
        (
            {"inspectionIdentifier", "serialNumber", "conforms", "defectName"},
            0,
            "inspection_record",
        ),
        ({"inputIdentifier", "outputIdentifier", "batchQuantity"}, 0, "genealogy_record"),
        (
            {"parameterName", "previousValue", "newValue", "equipmentIdentifier"},
            0,
            "parameter_change",
        ),
        (
            {"parameterName", "setpointValue", "equipmentIdentifier", "unitText"},
            0,
            "setpoint_record",
        ),
        (
            {"alarmIdentifier", "alarmText", "eventTime", "rootCauseName", "parameterName"},
            0,
            "alarm_record",
        ),
        ({"complaintIdentifier", "utteranceText", "serialNumber"}, 0, "complaint_record"),
        ({"cardIdentifier", "lineIdentifier", "segmentName"}, 4, "process_card"),
        ({"caseCode", "defectName", "lineIdentifier"}, 4, "case_record"),
        (
            {"deliveryIdentifier", "batchNumber", "customerName", "deliveryStatus"},
            0,
            "delivery_record",
        ),
        ({"supplierName", "customerName", "supplierTier"}, 0, "supply_record"),
        ({"defectCode", "codeDescription", "equipmentIdentifier"}, 0, "code_entry"),
        ({"equipmentIdentifier", "lineIdentifier", "organizationName"}, 0, "equipment_record"),
        ({"serialNumber", "firmwareVersion", "requiredFirmwareVersion"}, 0, "firmware_record"),
        (
            {"parameterName", "measuredValue", "eventTime", "equipmentIdentifier"},
            0,
            "process_record",
        ),
    ],
)
def test_mapped_roles_decide_the_record_kind(roles: set[str], parameters: int, kind: str) -> None:
    chosen = choose_records(roles, parameters=parameters)

    assert chosen[0].kind == kind
    assert all(role in chosen[0].explain() for role, _ in chosen[0].reasons)


def test_a_table_without_a_decided_role_is_no_record() -> None:
    assert choose_records(set()) == []


def test_every_name_of_the_record_table_is_in_the_ontology() -> None:
    terms = TermIndex.from_graph(load_graph())
    known = record_table()
    names = {Q + role for role in known.roles} | {one.cls for one in known.entities.values()}
    names |= {rule.predicate for one in known.records.values() for rule in one.triples}
    names |= {above for row in known.concepts.values() for above in row}

    assert sorted(one for one in names if one.startswith(Q) and one not in terms) == []


def test_the_same_code_on_two_machines_is_two_defects(vocabulary: Vocabulary) -> None:
    book = CodeBook.of(
        CodeEntry(
            "127", f"{BASE}equipment/{machine}", iri=f"{BASE}code/{machine}/127", denotes=Q + name
        )
        for machine, name in (("A", "WireShift"), ("B", "EpoxyOverflow"))
    )
    rows = {
        "m": ["A", "B", None, "C"],
        "sn": ["1", "2", "3", "4"],
        "code": ["127"] * 4,
        "ok": ["NG"] * 4,
    }
    terms = {
        "m": "equipmentIdentifier",
        "sn": "serialNumber",
        "code": "defectCode",
        "ok": "conforms",
    }

    result = run(table(rows), mapping("inspection_record", terms), vocabulary, book)

    kinds = {
        one[2] for one in graph(result) if one[0].startswith(":defect/") and one[1] == RDF + "type"
    }
    assert kinds == {"q:Defect", "q:WireShift", "q:EpoxyOverflow"}
    assert {one.row: one.code for one in result.problems} == {
        4: "unscoped-code",
        5: "unknown-scope",
    }


def test_text_is_escaped_and_tagged(vocabulary: Vocabulary) -> None:
    rows = {
        "id": ["C1", "C2"],
        "text": ['said "no"\nand \\ left', "飞边严重"],
        "lang": ["en-GB", None],
    }
    terms = {"id": "complaintIdentifier", "text": "utteranceText", "lang": "languageTag"}

    result = run(table(rows), mapping("complaint_record", terms), vocabulary)

    parsed = ox.parse(input=result.ntriples, format=ox.RdfFormat.N_TRIPLES)
    said = {one.object for one in parsed if one.predicate == NamedNode(Q + "utteranceText")}
    assert said == {
        ox.Literal('said "no"\nand \\ left', language="en-gb"),
        ox.Literal("飞边严重", language="zh"),
    }


def test_a_small_vocabulary_finds_below_a_class_only() -> None:
    small = Vocabulary(
        [
            Concept(Q + "A", names=("offset",), ancestors=frozenset({DEFECT})),
            Concept(
                Q + "B", names=("Offset",), ancestors=frozenset({PARAMETER}), canonical_unit="mm"
            ),
        ]
    )

    assert [one.iri for one in small.find("OFFSET", DEFECT)] == [Q + "A"]
    assert len(small.find("offset")) == 2
    assert small.is_parameter(Q + "B")
