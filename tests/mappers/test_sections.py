"""Rows below a blank line stay records, but for notes and second tables, which wait."""

from pathlib import Path
from unittest.mock import patch

import pytest
import xlsxwriter

from qualweave.mappers import readers
from qualweave.mappers.lift.problems import problem
from qualweave.mappers.profile import profile
from qualweave.mappers.readers.even import EvenText
from qualweave.mappers.table import RawTable
from tests.mappers.test_tables import one

HEAD = "id,time,temp,result"
ROWS = [f"A{n},2025-01-01 10:0{n}:00,{20 + n / 2},{'ok' if n % 3 else 'nok'}" for n in range(6)]
SPARSE = ["name,place,remark,next,by", "Meier,,,,", "Schmidt,Ulm,,,", ",,late,,", "Abel,,,x,"]


def _csv(path: Path, lines: list[str]) -> RawTable:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return one(path)


def _xlsx(path: Path, lines: list[str]) -> RawTable:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        for at, line in enumerate(lines):
            for column, cell in enumerate(line.split(",")):
                (sheet.write_number if _is_number(cell) else sheet.write_string)(at, column, cell and _value(cell))  # type: ignore[operator]  # fmt: skip
    return one(path)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").isdigit()


def _value(cell: str) -> str | float:
    return float(cell) if _is_number(cell) else cell


def _apart(table: RawTable) -> list[tuple[int, str]]:
    codes = ("footer", "second-table")
    return sorted((fault.row, fault.code) for fault in table.faults if fault.code in codes)


@pytest.mark.parametrize("made", [_csv, _xlsx])
@pytest.mark.parametrize(
    ("below", "apart"),
    [
        (["", "End of report"], [(9, "footer")]),
        (["", "", "Made by:,Smith", "Notes", "x,y,z"], [(10, "footer"), (11, "footer"), (12, "footer")]),
        (["", "指标,数值", "均值,3.2"], [(9, "second-table"), (10, "second-table")]),
        (["", "Summary", "mean,limit", "a,3.2", "", "b,4"], [(9, "footer"), *((n, "second-table") for n in (10, 11, 13))]),
        (["", "Batch 2", *ROWS], [(9, "footer")]),
        (["", "mean,limit", "a,3", "", HEAD, *ROWS], [(9, "second-table"), (10, "second-table")]),
        (["", *ROWS], []),
        (["", "A7,ERR,fail", *ROWS], []),
        (["", "A8", *ROWS], []),
        (["", "total,,523,"], []),
    ],
)  # fmt: skip
def test_only_what_is_none_of_the_table_waits(
    made: object, below: list[str], apart: list[tuple[int, str]], tmp_path: Path
) -> None:
    table = made(tmp_path / "t.dat", [HEAD, *ROWS, *below])  # type: ignore[operator]

    assert _apart(table) == apart
    again = HEAD in below
    assert table.frame.height == 6 + sum(bool(one) for one in below) - again
    for row, code in apart:
        assert str(row) in problem(code, row=row).message["zh"]


@pytest.mark.parametrize(
    ("lines", "apart"),
    [
        (["name,place,remark", "Meier,Bonn,x", "Schmidt,Ulm,y", "", "Huber,Hof,z", "Abel,Ulm,y"], []),
        (["name,place,remark", "Meier,Bonn,x", "Abel,Ulm,y", "", "kind,count", "x,3"], [(5, "second-table"), (6, "second-table")]),
        ([*SPARSE, "", "Huber,,,,", "Klein,Hof,,,"], []),
        ([*SPARSE, "", ",,soon,,"], []),
        (["t,F", "0,1", "1,2", "", "t,x", "0,3", "1,5"], [(5, "second-table"), (6, "second-table"), (7, "second-table")]),
        (["t,F", "0,1", "", "paused", "2,2"], [(4, "footer")]),
        (["t,F", "", "0,1", "", "1,2"], []),
    ],
)  # fmt: skip
def test_tables_of_texts_and_sparse_tables_go_on_below_a_blank_line(
    lines: list[str], apart: list[tuple[int, str]], tmp_path: Path
) -> None:
    assert _apart(_csv(tmp_path / "t.csv", lines)) == apart


def test_blank_lines_of_delimiters_are_blank_both_ways(tmp_path: Path) -> None:
    lines = [HEAD, *ROWS, ' ,"",\u3000,', "End of report,,,", ",,,"]

    quick = _csv(tmp_path / "t.csv", lines)
    with patch.object(EvenText, "is_even", lambda _: False):
        slow = _csv(tmp_path / "t.csv", lines)

    assert _apart(quick) == _apart(slow) == [(9, "footer")]
    assert quick.frame.equals(slow.frame)


def test_a_wider_second_table_adds_no_columns_and_no_evidence(tmp_path: Path) -> None:
    second = ["", "x,y,z,u,v", *["p,q,r,s,t"] * 6]

    table = _csv(tmp_path / "t.csv", [HEAD, *ROWS * 3, *second])

    assert table.columns == tuple(HEAD.split(","))
    assert len(_apart(table)) == 7
    assert [field.type for field in profile(table.sound())][1:3] == ["time", "decimal"]


def test_reading_in_batches_sets_the_same_rows_apart(tmp_path: Path) -> None:
    _csv(tmp_path / "t.csv", [HEAD, *ROWS, "", "mean,limit", "mean,3", "b,4"])
    [stream] = readers.stream(tmp_path / "t.csv")

    parts = list(stream.batches(2))

    assert [fault.row for part in parts for fault in part.faults] == [9, 10, 11]


def test_a_line_of_nothing_but_a_byte_order_mark_says_nothing(tmp_path: Path) -> None:
    table = _csv(tmp_path / "a.csv", [HEAD, *ROWS, "", "\ufeff", *ROWS])

    assert _apart(table) == []
    assert table.frame["id"].drop_nulls().to_list() == [f"A{n}" for n in range(6)] * 2
