"""Workbooks of four forms become tables: every sheet, laid out as persons do."""

import datetime as dt
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from qualweave.mappers import readers
from tests.mappers.test_tables import one


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet("Messung")
        sheet.merge_range("A1:D1", "Machine: Oven3")
        sheet.merge_range("B3:C3", "Zone 1")
        sheet.write(2, 3, "Zone 2")
        sheet.write_row(3, 0, ["Time", "Temp", "Speed", "Temp"])
        sheet.write_row(4, 0, ["", "°C", "m/min", "°C"])
        for row in range(5, 8):
            when = dt.datetime(2025, 1, 1, 10, row, tzinfo=dt.UTC).replace(tzinfo=None)
            sheet.write_datetime(row, 0, when, day)
            sheet.write_row(row, 1, [118.5, row, 20])
        sheet.write_formula(7, 3, "=A1/0", None, "#DIV/0!")
        hidden = book.add_worksheet("limits")
        hidden.hide()
        hidden.write_row(0, 0, ["name", "limit"])
        hidden.write_row(1, 0, ["T", 5])
        book.add_worksheet("empty")
    return path


def test_every_sheet_is_a_table_laid_out_as_persons_do(tmp_path: Path) -> None:
    tables = {t.name: t for t in readers.read(workbook(tmp_path / "x.xlsx"))}

    assert sorted(tables) == ["x.xlsx#Messung", "x.xlsx#limits"]
    main = tables["x.xlsx#Messung"]
    assert main.columns == ("Time", "Zone 1.Temp", "Zone 1.Speed", "Zone 2.Temp")
    assert main.units["Zone 1.Speed"] == "m/min"
    assert main.context.header["Machine"] == main.context.device == "Oven3"
    assert main.frame.row(0) == ("2025-01-01 10:05:00", "118.5", "5", "20", 6)
    assert [(f.row, f.code, f.column, f.value) for f in main.faults] == [
        (8, "formula-error", "Zone 2.Temp", "#DIV/0!")
    ]
    assert tables["x.xlsx#limits"].context.header["hidden"] == "true"
    assert main.context.header["hidden sheets"] == "limits"


ODS = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
    '<office:spreadsheet><table:table table:name="S">{}</table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)


def test_an_open_document_sheet_is_a_table(tmp_path: Path) -> None:
    def row(*cells: str) -> str:
        inner = "".join(
            f'<table:table-cell office:value-type="float" office:value="{c}"><text:p>{c}</text:p></table:table-cell>'
            if c.replace(".", "").isdigit()
            else f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in cells
        )
        return f"<table:table-row>{inner}</table:table-row>"

    path = tmp_path / "x.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(row("id", "温度") + row("1", "2.5")))
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )

    table = one(path)

    assert table.columns == ("id", "温度")
    assert table.frame.row(0) == ("1", "2.5", 2)


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(kind: int, content: bytes = b"") -> bytes:
    """Return a record of the binary form (MS-XLSB 2.1.4): kind and length in groups of seven bits."""
    name = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return name + bytes([len(content)]) + content


def _cell(column: int, value: str | float) -> bytes:
    place = struct.pack("<II", column, 0)
    if isinstance(value, str):
        return _record(6, place + _wide(value))
    return _record(5, place + struct.pack("<d", value))


def binary_workbook(path: Path, rows: list[list[str | float]]) -> None:
    cells = b"".join(
        _record(0, struct.pack("<I", n) + bytes(13)) + b"".join(_cell(at, one) for at, one in enumerate(row))
        for n, row in enumerate(rows)
    )  # fmt: skip
    size = struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    sheet = _record(129) + _record(148, size) + _record(145) + cells + _record(146) + _record(130)
    named = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Data")
    book = _record(131) + _record(143) + _record(156, named) + _record(144) + _record(132)
    space = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", f'<Types xmlns="{space}/package/2006/content-types"/>'
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="rId1" '
            f'Type="{space}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )


def old_workbook(path: Path, rows: list[list[str | float]]) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for n, row in enumerate(rows):
        for at, value in enumerate(row):
            sheet.write(n, at, value)
    book.save(str(path))


@pytest.mark.parametrize("made", [binary_workbook, old_workbook])
def test_binary_workbooks_are_read_like_the_others(
    made: Callable[[Path, list[list[str | float]]], None], tmp_path: Path
) -> None:
    made(tmp_path / "x.dat", [["id", "温度"], ["", "°C"], ["A", 2.5], ["B", 3.0]])

    table = one(tmp_path / "x.dat")

    assert table.columns == ("id", "温度")
    assert dict(table.units) == {"温度": "°C"}
    assert table.frame.rows() == [("A", "2.5", 3), ("B", "3", 4)]


def _merged_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        sheet.merge_range("A1:A2", "Lot")
        sheet.merge_range("B1:C1", "Zone 1")
        sheet.write_row("B2", ["part", "T"])
        sheet.merge_range("A3:A5", "L1")
        sheet.merge_range("A6:A7", "L2")
        sheet.merge_range("B6:B8", "d")
        for row, part in enumerate("abc", start=2):
            sheet.write_row(row, 1, [part, row])
        sheet.write_column("C6", [5, 6, 7])


def _merged_xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write_merge(0, 1, 0, 0, "Lot")
    sheet.write_merge(0, 0, 1, 2, "Zone 1")
    sheet.write_merge(2, 4, 0, 0, "L1")
    sheet.write_merge(5, 6, 0, 0, "L2")
    sheet.write_merge(5, 7, 1, 1, "d")
    for at, name in enumerate(["part", "T"], start=1):
        sheet.write(1, at, name)
    for row, part in enumerate("abc", start=2):
        sheet.write(row, 1, part)
        sheet.write(row, 2, row)
    for row in range(5, 8):
        sheet.write(row, 2, row)
    book.save(str(path))


@pytest.mark.parametrize("made", [_merged_xlsx, _merged_xls])
def test_a_merged_cell_stands_in_each_of_its_rows(
    made: Callable[[Path], None], tmp_path: Path
) -> None:
    made(tmp_path / "x.dat")

    table = one(tmp_path / "x.dat")

    assert table.columns == ("Lot", "Zone 1.part", "Zone 1.T")
    assert table.frame["Lot"].to_list() == ["L1", "L1", "L1", "L2", "L2", None]
    assert table.frame["Zone 1.part"].to_list() == ["a", "b", "c", "d", "d", "d"]
    assert table.frame["Zone 1.T"].to_list() == ["2", "3", "4", "5", "6", "7"]
