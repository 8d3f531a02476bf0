"""Readers take files as machines write them: charset, delimiter, preamble, unit rows, nesting."""

import json
from pathlib import Path

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.lift.problems import problem
from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.owl import read_owl
from qualweave.mappers.table import ROW, RawTable, field_diff


def _read(folder: Path, name: str, text: str, charset: str = "utf-8") -> list[RawTable]:
    path = folder / name
    path.write_bytes(text.encode(charset))
    return readers.read(path, root=folder)


@pytest.mark.parametrize(
    "text",
    [
        "TEMP;COOL\n[°C];[°C/min]\n115,4;5,43\n",
        "Maß;Größe\n±3µm;Übermaß\n",
        "Prüfer;Débit [m³/h]\nMüller;12,5\n",
    ],
)
def test_western_signs_before_letters_are_not_taken_for_chinese(text: str) -> None:
    assert decode(text.encode("cp1252"))[0] == text


@pytest.mark.parametrize(
    "text", ["温度_℃,压力\n23.5,1.2\n", "備註,设备\n换模,IM-01\n", "厚度（µm）\n12\n", "产线\nA\n"]
)
def test_chinese_in_gb18030_is_read_as_such(text: str) -> None:
    assert decode(text.encode("gb18030"))[0] == text


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "utf-8-sig", "gb18030", "utf-16", pytest.param("utf-16-le", id="bare-utf16")],
)
def test_chinese_names_survive_every_charset(charset: str, tmp_path: Path) -> None:
    text = "时间,温度_℃,注射压力_MPa\n2025-03-04 10:00:00,231.5,95\n2025-03-04 10:00:01,231.6,96\n"
    if charset == "utf-16-le":
        text = "\ufeff" + text

    table = _read(tmp_path, "plc.csv", text, charset)[0]

    assert table.columns == ("时间", "温度_℃", "注射压力_MPa")
    assert table.frame["温度_℃"].to_list() == ["231.5", "231.6"]


def test_latin_1_is_not_taken_for_chinese(tmp_path: Path) -> None:
    text = "Zeit;Größe;Maß\n10:00:00;1,5;2,5\n10:00:01;1,6;2,6\n"

    table = _read(tmp_path, "messung.csv", text, "cp1252")[0]

    assert table.columns == ("Zeit", "Größe", "Maß")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_found(mark: str, tmp_path: Path) -> None:
    rows = [["Time", "Temp", "Speed"], ["10:00", "1.5", "2"], ["10:01", "1.6", "2"]]

    table = _read(tmp_path, "x.csv", "\n".join(mark.join(row) for row in rows))[0]

    assert (table.columns, table.context.delimiter) == (("Time", "Temp", "Speed"), mark)


def test_preamble_unit_row_and_blank_tail(tmp_path: Path) -> None:
    text = "# Machine: Oven3\n# Operator; Li\n\nTime;Temp;Speed;\ns;°C;m/min;\n1;118,5;2,4;\n2;118,6;2,5;\n"

    table = _read(tmp_path, "x.csv", text)[0]

    assert table.columns == ("Time", "Temp", "Speed")
    assert dict(table.units) == {"Time": "s", "Temp": "°C", "Speed": "m/min"}
    assert table.context.device == "Oven3"
    assert table.frame[ROW].to_list() == [6, 7]


def test_a_row_is_the_physical_line_behind_quoted_line_breaks(tmp_path: Path) -> None:
    table = _read(tmp_path, "x.csv", 'id,text\n1,"two\nlines"\n2,one\n')[0]

    assert table.frame[ROW].to_list() == [2, 4]


def test_repeated_headers_lose_no_column(tmp_path: Path) -> None:
    table = _read(tmp_path, "x.csv", "T,T,T\n1,2,3\n4,5,6\n")[0]

    assert len(set(table.columns)) == 3
    assert table.frame.select(table.columns).row(0) == ("1", "2", "3")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,a,a#2\n1,2,3\n", {"a": "1", "a#3": "2", "a#2": "3"}),
        ("a,,column 2\n1,2,3\n", {"a": "1", "column 2#2": "2", "column 2": "3"}),
        ("a,b\n1,2,,,5\n", {"a": "1", "b": "2", "column 5": "5"}),
        ("a,,\n1,2,3\n", {"a": "1", "column 2": "2", "column 3": "3"}),
        (f"{ROW},b\n1,2\n", {f"{ROW}#2": "1", "b": "2"}),
    ],
)
def test_no_cell_is_lost_to_the_name_of_another_column(
    text: str, cells: dict[str, str], tmp_path: Path
) -> None:
    (table,) = _read(tmp_path, "named.csv", text)

    row = table.frame.row(0, named=True)
    assert {name: row[name] for name in table.columns} == cells


def test_json_objects_are_flattened_and_arrays_become_child_tables(tmp_path: Path) -> None:
    body = {
        "system": "LIMS",
        "samples": [
            {"id": "S1", "process": {"temp": 230.5}, "results": [{"test": "a", "value": 1}]},
            {"id": "S2", "process": {"temp": 231.0}, "results": [{"test": "b", "value": 2}]},
        ],
    }

    tables = {one.name: one for one in _read(tmp_path, "x.json", json.dumps(body))}

    parent, child = tables["x.json#/samples"], tables["x.json#/samples/results"]
    assert "process.temp" in parent.columns
    assert child.frame.select("id", "test", "value").rows() == [("S1", "a", "1"), ("S2", "b", "2")]


def test_json_lines(tmp_path: Path) -> None:
    table = _read(tmp_path, "x.jsonl", '{"a": 1, "b": "x"}\n{"a": 2}\n')[0]

    assert table.frame.select("a", "b").rows() == [("1", "x"), ("2", None)]


def test_xml_records_take_attributes_children_and_the_parents_scalars(tmp_path: Path) -> None:
    text = (
        '<Export machine="AOI-2"><Part id="P1"><Defect code="127"><x>1.5</x></Defect>'
        '<Defect code="9"><x>2.5</x></Defect></Part></Export>'
    )

    table = next(one for one in _read(tmp_path, "x.xml", text) if "code" in one.columns)

    assert table.frame.select("id", "code", "x").rows() == [
        ("P1", "127", "1.5"),
        ("P1", "9", "2.5"),
    ]
    assert table.context.header["machine"] == "AOI-2"


def test_xml_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    text = f'<!DOCTYPE r [<!ENTITY e SYSTEM "{secret.as_uri()}">]><r><a><b>&e;</b></a><a><b>1</b></a></r>'

    tables = _read(tmp_path, "x.xml", text)

    assert not any("secret" in str(row) for one in tables for row in one.frame.rows())


def test_owl_declares_fields(tmp_path: Path) -> None:
    text = (
        "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "@prefix d: <http://maker.example/d#> .\n"
        'd:Cooling_Rate a owl:DatatypeProperty ; rdfs:label "Cooling rate"@en ; rdfs:domain d:Cooler ;\n'
        '  d:unit "°C/min" ; rdfs:comment "How fast it cools" .\n'
    )

    table = _read(tmp_path, "interface.ttl", text)[0]

    assert table.frame.drop(ROW).row(0) == (
        "Cooling_Rate", "Cooling rate", "How fast it cools", "°C/min", "Cooler",
    )  # fmt: skip


_OWL_XML = """<?xml version="1.0" encoding="{}"?>
{}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
<owl:DatatypeProperty rdf:about="http://maker.example/d#t"><rdfs:label>{}</rdfs:label></owl:DatatypeProperty>
</rdf:RDF>"""


@pytest.mark.parametrize(
    ("charset", "label"),
    [
        ("UTF-8", "Kühlrate 冷却"),
        ("ISO-8859-1", "Kühlrate"),
        ("GB2312", "冷却"),
        ("UTF-16", "冷却 ü"),
    ],
)
def test_owl_is_read_in_the_charset_that_it_names(tmp_path: Path, charset: str, label: str) -> None:
    path = tmp_path / "d.owl"
    path.write_bytes(_OWL_XML.format(charset, "", label).encode(charset))

    assert read_owl(path).frame["label"].to_list() == [label]


def test_entities_of_an_owl_editor_are_read_and_those_that_grow_are_refused(
    tmp_path: Path,
) -> None:
    plain = '<!DOCTYPE rdf:RDF [<!ENTITY owl "http://www.w3.org/2002/07/owl#">]>\n'
    nested = '<!DOCTYPE rdf:RDF [<!ENTITY a "haha"><!ENTITY b "&a;&a;">]>\n'
    long = f'<!DOCTYPE rdf:RDF [<!ENTITY a "{"h" * 100}">]>\n'
    path = tmp_path / "d.owl"

    path.write_text(_OWL_XML.format("UTF-8", plain, "&owl;Thing"), "utf-8")
    assert read_owl(path).frame["label"].to_list() == ["http://www.w3.org/2002/07/owl#Thing"]
    for head, label in ((nested, "&b;"), (long, "&a;" * 20_000)):
        path.write_text(_OWL_XML.format("UTF-8", head, label), "utf-8")
        with pytest.raises(UnreadableSource, match="entities unfold"):
            read_owl(path)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", '{"type": "EPCISDocument", "epcisBody": {}}', "epcis-json"),
        ("a.xml", '<epcis:EPCISDocument xmlns:epcis="urn:x"/>', "epcis-xml"),
        ("a.json", "[]", "json"),
        ("a.dat", "a;b\n1;2\n", "csv"),
        ("a.csv", "", "unknown"),
    ],
)
def test_the_kind_of_a_file_is_in_its_bytes(
    name: str, text: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)

    assert readers.sniff(path) == kind


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("x.json", '{"a": [1,\n2,,]}', r"x\.json, line 2, column"),
        ("x.xml", "<a>\n<b></a>", r"x\.xml, line 2, column"),
        ("x.bin", "", r"x\.bin"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    name: str, text: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableSource, match=place) as caught:
        _read(tmp_path, name, text)

    assert caught.value.next_step


def test_a_known_source_tells_which_fields_came_and_went(tmp_path: Path) -> None:
    table = _read(tmp_path, "x.csv", "Time,Temp,Cooling_Rate_Unit\n1,2,x\n")[0]

    diff = field_diff(("Time", "Temp", "Pressure"), table)

    assert (diff.added, diff.removed) == (("Cooling_Rate_Unit",), ("Pressure",))
    assert not diff.is_same
    assert field_diff(table.columns, table).is_same


@pytest.mark.parametrize("word", ["合计", "Total:", "Gesamt", "  小计 "])
@pytest.mark.parametrize("stray", [False, True])
def test_a_row_that_sums_up_others_is_no_record(word: str, stray: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "shift.csv"
    remark = '5" pipe' if stray else "fine"  # one that is read line by line, one that is not
    path.write_text(
        "id,machine,count,remark,time\n"
        + "".join(f"A{n},M1,{n},ok,2025-01-01\n" for n in range(6))
        + f"{word},,526,,\nTotal 7,M1,3,{remark},2025-01-01\n",
        encoding="utf-8",
    )

    [table] = readers.read(path)

    assert [(one.row, one.code) for one in table.faults if one.code == "total"] == [(8, "total")]
    assert "8" in problem("total", row=8, value=word).message["zh"]


@pytest.mark.parametrize(
    ("lines", "device"),
    [
        ("# Machine: Oven3\n# Machine type: X200\n", "Oven3"),
        ("# Machine type: X200\n# Machine: Oven3\n", "Oven3"),
        ("# Device ID: 17\n# Device name: Oven3\n", "17"),
        ("# Station: T1\n# Machine: Oven3\n", ""),
        ("# Device: Oven3\n# Machine: Oven3\n", "Oven3"),
    ],
)
def test_a_header_that_names_two_devices_says_of_neither(
    lines: str, device: str, tmp_path: Path
) -> None:
    table = _read(tmp_path, "x.csv", lines + "Time,Temp\n1,118.5\n2,118.6\n")[0]

    assert table.context.device == device
    assert len(table.context.header) == lines.count("#")
