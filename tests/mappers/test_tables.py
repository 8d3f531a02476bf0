"""Parquet, Arrow, SQL, odd CSV, nested JSON and XML become tables, whole or in batches."""

import datetime as dt
import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from qualweave.errors import InputError, UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.readers.sql import snapshot, stream_sql
from qualweave.mappers.table import ROW, RawTable


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one(path: Path) -> RawTable:
    (table,) = readers.read(path, root=path.parent)
    return table


# --- CSV as persons lay it out -------------------------------------------------------------------------


def test_a_line_that_states_the_delimiter_is_no_data(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", "sep=;\nTime;Temp, core;Speed\n1;2,5;3\n2;2,6;4\n"))

    assert table.columns == ("Time", "Temp, core", "Speed")
    assert table.frame[ROW].to_list() == [3, 4]


def test_a_row_of_groups_stands_before_the_names_below_it(tmp_path: Path) -> None:
    text = "Line;L3;;;;\n;;Zone 1;;Zone 2;\nTime;Id;Temp;Speed;Temp;Speed\ns;;°C;m/min;°C;m/min\n1;a;5;6;7;8\n2;b;5;6;7;8\n"

    table = one(write(tmp_path, "x.csv", text))

    assert table.columns == ("Time", "Id", "Zone 1.Temp", "Zone 1.Speed", "Zone 2.Temp", "Zone 2.Speed")  # fmt: skip
    assert table.units["Zone 2.Speed"] == "m/min"
    assert table.context.header["Line"] == "L3"
    assert table.frame.height == 2


def test_a_name_that_is_merged_over_both_rows_keeps_its_column(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:A2", "Coil")
        sheet.merge_range("B1:C1", "Dryer 1")
        sheet.merge_range("D1:E1", "Dryer 2")
        sheet.merge_range("F1:F2", "Remark")
        sheet.write_row("B2", ["Temp [°C]", "Air [m/s]", "Temp [°C]", "Air [m/s]"])
        sheet.write_row("A3", ["C-1", 110, 8.1, 125, 9.2, "splice"])
        sheet.write_row("A4", ["C-2", 111, 8.2, 126, 9.3, "good"])

    table = one(tmp_path / "x.xlsx")

    assert table.columns == ("Coil", "Dryer 1.Temp [°C]", "Dryer 1.Air [m/s]", "Dryer 2.Temp [°C]", "Dryer 2.Air [m/s]", "Remark")  # fmt: skip
    assert table.frame["Remark"].to_list() == ["splice", "good"]


def test_a_header_with_a_gap_over_words_is_a_header(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", "part,,remark,result\nA,A,,OK\nB,B,,OK\n"))

    assert table.columns == ("part", "column 2", "remark", "result")
    assert table.frame.height == 2


def test_grades_that_are_spelt_like_units_are_data(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", "side,grade,result\nA,B,OK\nB,A,NOK\nA,A,OK\n"))

    assert table.frame["result"].to_list() == ["OK", "NOK", "OK"]
    assert not table.units


@pytest.mark.parametrize("order", ["units-first", "descriptions-first"])
def test_rows_of_units_and_of_descriptions_are_told_from_data(order: str, tmp_path: Path) -> None:
    units, said = "s,°C,bar\n", "time of sample,core temperature,hydraulic pressure\n"
    rows = units + said if order == "units-first" else said + units

    table = one(write(tmp_path, "x.csv", f"t,T1,p1\n{rows}1,20.5,3\n2,20.6,4\n"))

    assert table.descriptions["T1"] == "core temperature"
    assert table.units["p1"] == "bar"
    assert table.frame[ROW].to_list() == [4, 5]


def test_words_over_words_are_data(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", "code,meaning\nE1,door open\nE2,no air\n"))

    assert table.frame.height == 2
    assert not table.descriptions


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "gb18030"])
def test_a_charset_without_a_mark_is_found(charset: str, tmp_path: Path) -> None:
    text = "时间,温度_℃,备注\n" + "2025-01-01 10:00:00,231.5,正常\n" * 5

    table = one(write(tmp_path, "x.csv", text.encode(charset)))

    assert table.columns == ("时间", "温度_℃", "备注")
    assert table.frame["备注"].to_list() == ["正常"] * 5


def test_a_western_export_keeps_its_unit_row(tmp_path: Path) -> None:
    text = (
        "TS_START;OPER_ID;CHAMBER_TEMP;CONV_SPEED;COOL_RATE;HUMIDITY\r\n;;[°C];[m/min];[°C/min];[%]\r\n"
        "06.01.2025 06:06:00;OP-1;115,4;1,246;5,43;42,5\r\n06.01.2025 07:21:00;OP-2;115,8;1,229;5,86;47,3\r\n"
    )

    table = one(write(tmp_path, "OV-01_EXPORT.csv", text.encode("cp1252")))

    assert table.context.encoding == "cp1252"
    assert table.units["CHAMBER_TEMP"] == "[°C]"
    assert table.units["COOL_RATE"] == "[°C/min]"


def test_a_few_bytes_of_another_charset_damage_their_row_only(tmp_path: Path) -> None:
    lines = ["名称,值", *(f"温度{n},{n}" for n in range(20))]
    raw = "\n".join(lines).encode() + b"\nK\xfchlung,21\n" + "压力,22\n".encode()

    table = one(write(tmp_path, "x.csv", raw))

    assert table.context.encoding == "utf-8"
    assert [(f.row, f.code, f.column) for f in table.faults] == [(22, "charset", "名称")]
    assert table.frame["名称"].to_list()[-1] == "压力"


def test_a_ragged_row_is_a_fault_where_most_rows_fit(tmp_path: Path) -> None:
    rows = "".join(f"{n},1.5\n" for n in range(20))

    table = one(write(tmp_path, "x.csv", f"id,temp\n{rows}20,1,5\n"))

    assert table.columns == ("id", "temp")
    assert [(f.row, f.code) for f in table.faults] == [(22, "ragged")]


@pytest.mark.parametrize("tail", ['3,"lost\n4,x\n5,y\n', '3,"lost\n4,"x"\n5,y\n'])
def test_a_quote_that_is_not_closed_costs_one_row(tail: str, tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", 'id,text\n1,"two\nlines"\n2,b\n' + tail))

    assert [(f.row, f.code) for f in table.faults] == [(5, "quote")]
    assert table.frame["id"].to_list() == ["1", "2", "3", "4", "5"]


def test_a_file_that_ends_in_a_row_says_so(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.csv", "a,b,c\n1,2,3\n4,5,6\n7,8"))

    assert [(f.row, f.code) for f in table.faults] == [(4, "cut-off")]


def test_joined_exports_repeat_their_header_and_mark(tmp_path: Path) -> None:
    part = "\ufeffid,temp\n1,2.5\n2,2.6\n"

    table = one(write(tmp_path, "x.csv", part + part))

    assert table.frame["id"].to_list() == ["1", "2", "1", "2"]
    assert table.columns == ("id", "temp")


# --- other formats ---------------------------------------------------------------------------------------


def test_parquet_keeps_types_and_what_its_metadata_says(tmp_path: Path) -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    schema = pa.schema(
        [
            pa.field("t", pa.timestamp("ms", tz="+08:00")),
            pa.field("T", pa.float64(), metadata={"unit": "°C", "description": "core temperature"}),
            pa.field("n", pa.int64()),
            pa.field("ok", pa.bool_()),
            pa.field("at", pa.struct([("x", pa.float32()), ("tags", pa.list_(pa.string()))])),
            pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
        ],
        metadata={"machine": "Oven3"},
    )
    row = {"t": dt.datetime(2025, 1, 1, 8, tzinfo=zone), "T": 1.5, "n": 2**60, "ok": True, "at": {"x": 0.5, "tags": ["a", "b"]}, "kind": "A"}  # fmt: skip
    empty = dict.fromkeys(row)
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_pylist([row, empty], schema=schema), path)

    table = one(path)

    assert table.columns == ("t", "T", "n", "ok", "at.x", "at.tags", "kind")
    assert table.frame.row(0) == ("2025-01-01T08:00:00+08:00", "1.5", str(2**60), "true", "0.5", "a | b", "A", 1)  # fmt: skip
    assert table.frame.row(1)[:-1] == (None,) * 7
    assert (table.units["T"], table.descriptions["T"]) == ("°C", "core temperature")
    assert table.context.device == "Oven3"


def test_structures_in_lists_become_child_tables(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = [{"id": "S1", "results": [{"test": "a", "value": 1}, {"test": "b", "value": 2}]}]
    pq.write_table(pa.Table.from_pylist(rows), path)

    tables = {t.name: t for t in readers.read(path)}

    child = tables["x.parquet#/results"]
    assert child.frame.select("id", "test", "value").rows() == [("S1", "a", "1"), ("S1", "b", "2")]


@pytest.mark.parametrize("form", ["file", "stream"])
def test_both_forms_of_arrow_are_read(form: str, tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    data = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    opened = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with opened(str(path), data.schema) as writer:
        writer.write_table(data, max_chunksize=2)

    assert one(path).frame.rows() == [("1", "x", 1), ("2", None, 2), ("3", "z", 3)]


def test_names_of_parquet_that_repeat_or_lack_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.Table.from_arrays([pa.array([n]) for n in range(4)], ["T", "T", "", "x"]), path
    )

    table = one(path)

    assert table.columns == ("T", "T#2", "column 3", "x")
    assert table.frame.row(0) == ("0", "1", "2", "3", 1)


def database(path: Path) -> Path:
    with sqlite3.connect(path) as base:
        base.executescript(
            "CREATE TABLE lot (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE sample (id INTEGER PRIMARY KEY, lot INTEGER REFERENCES lot(id), temp REAL, note BLOB);"
            "CREATE VIEW hot AS SELECT * FROM sample WHERE temp > 100;"
            "INSERT INTO lot VALUES (1, 'A'), (2, '批次');"
            "INSERT INTO sample VALUES (2, 1, 20.5, x'00ff'), (1, 2, 120, NULL);"
        )
    base.close()
    return path


def test_tables_and_views_of_a_database_are_read_with_their_keys(tmp_path: Path) -> None:
    path = database(tmp_path / "mes.db")
    before = path.read_bytes()

    tables = {t.name: t for t in readers.read(path)}

    assert sorted(tables) == ["mes.db#hot", "mes.db#lot", "mes.db#sample"]
    sample = tables["mes.db#sample"]
    assert sample.frame.rows() == [("1", "2", "120.0", None, 1), ("2", "1", "20.5", "00ff", 2)]
    assert sample.context.header["foreign keys"] == "lot → lot(id)"
    assert tables["mes.db#hot"].frame.height == 1
    assert path.read_bytes() == before


def test_a_database_by_url_is_kept_as_files(tmp_path: Path) -> None:
    path = database(tmp_path / "mes.db")

    written = snapshot(f"sqlite:///{path}", tmp_path / "kept")

    assert [one.name for one in written] == ["lot.parquet", "sample.parquet", "hot.parquet"]
    kept = one(written[1])
    assert kept.frame["temp"].to_list() == ["120.0", "20.5"]
    assert kept.context.header["foreign keys"] == "lot → lot(id)"


def test_an_address_of_no_database_is_named() -> None:
    with pytest.raises(InputError, match="address of the database"):
        stream_sql("nonsense://nowhere/x")


def test_a_packed_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv.gz", gzip.compress(b"id,temp\n1,2.5\n"))

    assert one(path).frame.row(0) == ("1", "2.5", 2)


# --- JSON and XML ----------------------------------------------------------------------------------------


def test_numbers_of_json_keep_their_digits_and_repeated_keys_are_all_kept(tmp_path: Path) -> None:
    text = '[{"sn": 123456789012345678901234567890, "t": 1.50, "t": 2, "z": -0.0, "n": NaN}]'

    table = one(write(tmp_path, "x.json", text))

    assert table.frame.row(0) == ("123456789012345678901234567890", "1.50", "2", "-0.0", "NaN", 1)
    assert table.columns == ("sn", "t", "t#2", "z", "n")


def test_a_line_that_is_no_json_is_a_fault_and_the_others_are_read(tmp_path: Path) -> None:
    table = one(write(tmp_path, "x.jsonl", '{"a": 1}\n\n{"a": 2,}\n{"a": 3}\n{"a":'))

    assert [(f.row, f.code) for f in table.faults] == [(3, "row-syntax"), (5, "row-syntax")]
    assert table.frame["a"].to_list() == ["1", None, "3", None]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[1, 2.5, null]", [("1", 1), ("2.5", 2)]),
        ('[[{"a": 1}], [{"a": 2}]]', [("1", 1), ("2", 2)]),
        ('{"t": 5, "tags": ["a", "b"]}', [("5", "a | b", 1)]),
        ('[{"a": [[1, 2], [3, 4]]}]', [('[["1", "2"], ["3", "4"]]', 1)]),
    ],
)
def test_odd_shapes_of_json_lose_nothing(text: str, rows: list[object], tmp_path: Path) -> None:
    assert one(write(tmp_path, "x.json", text)).frame.rows() == rows


def test_a_large_document_gives_what_a_small_one_gives(tmp_path: Path) -> None:
    records = [
        {"id": n, "p": {"t": n / 4}, "r": [{"k": m, "v": m * n} for m in range(2)]}
        for n in range(9_000)
    ]
    body = {"system": "LIMS", "site": {"name": "B1"}, "samples": records, "version": "2.10"}
    path = write(tmp_path, "x.json", json.dumps(body) + " " * 2**20)

    large = readers.stream(path, limits=ReadLimits(document_mib=1, batch_rows=1_000))
    small = readers.read(path)

    assert path.stat().st_size > 2**20
    for streamed, whole in zip(large, small, strict=True):
        assert streamed.name == whole.name
        assert set(streamed.columns) == set(whole.columns)
        assert streamed.whole().frame.select(whole.frame.columns).equals(whole.frame)


def test_xml_records_carry_what_stands_behind_them_too(tmp_path: Path) -> None:
    text = "<Lots><Lot id='A'><T>1</T></Lot><Lot id='B'><T>2</T></Lot><Machine>M7</Machine></Lots>"

    table = one(write(tmp_path, "x.xml", text))

    assert table.frame.select("id", "T", "Machine").rows() == [("A", "1", "M7"), ("B", "2", "M7")]


# --- in batches ------------------------------------------------------------------------------------------


def _csv(folder: Path) -> Path:
    rows = "".join(f'{n},"a\nb",{n / 8},{"x" if n % 3 else ""}\n' for n in range(2_000))
    return write(folder, "x.csv", "# Machine: M1\nid,text,temp,note\n" + rows)


def _jsonl(folder: Path) -> Path:
    lines = [json.dumps({"id": n, "r": [{"v": n}, {"v": n, "w": 1}]}) for n in range(2_000)]
    return write(folder, "x.jsonl", "\n".join(lines))


def _xml(folder: Path) -> Path:
    rows = "".join(f"<P id='{n}'><D c='{n}'><x>1</x></D><D c='z'/></P>" for n in range(2_000))
    return write(folder, "x.xml", f"<E m='1'>{rows}<tail>9</tail></E>")


def _parquet(folder: Path) -> Path:
    pq.write_table(pa.table({"a": range(2_000), "b": ["x"] * 2_000}), folder / "x.parquet")
    return folder / "x.parquet"


def _xlsx(folder: Path) -> Path:
    with xlsxwriter.Workbook(folder / "x.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        for n in range(1, 2_000):
            sheet.write_row(n, 0, [n, "x"])
    return folder / "x.xlsx"


def _sqlite(folder: Path) -> Path:
    with sqlite3.connect(folder / "x.db") as base:
        base.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?)", [(n, "x") for n in range(2_000)])
    base.close()
    return folder / "x.db"


@pytest.mark.parametrize("made", [_csv, _jsonl, _xml, _parquet, _xlsx, _sqlite])
def test_batches_are_the_table_cut_in_parts(made: Callable[[Path], Path], tmp_path: Path) -> None:
    path = made(tmp_path)

    for stream, whole in zip(readers.stream(path), readers.read(path), strict=True):
        parts = list(stream.batches(rows=137))
        assert max(part.frame.height for part in parts) <= 137
        assert [row for part in parts for row in part.frame.rows()] == whole.frame.rows()
        assert {part.columns for part in parts} == {whole.columns}


def test_a_limit_names_the_setting_that_holds_it(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "a,b,c\n1,2,3\n4,5,6\n")

    for limits, name in (
        (ReadLimits(columns=2), "READ_COLUMNS"),
        (ReadLimits(rows=1), "READ_ROWS"),
    ):
        with pytest.raises(UnreadableSource, match=f"x.csv.*QUALWEAVE_{name}"):
            readers.read(path, limits=limits)
