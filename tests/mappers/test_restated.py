"""A code list that says something else than before reaches what was lifted by the former one, at once."""

import textwrap
from pathlib import Path

import pytest

from qualweave.mappers.desk import Desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.report import FileReport
from tests.mappers.mixing import PROCESS, RESULTS, data, hand_in

LIST = "equipment,defect code,code description\nAOI-A,127,{}\nAOI-A,128,凹坑\n"
DATED = "equipment,defect code,code description,valid from\nAOI-A,127,裂纹,{} 00:00:00\n"


@pytest.fixture
def lifted(work: Desk, tmp_path: Path) -> Desk:
    results = textwrap.dedent(RESULTS).lstrip()
    hand_in(
        work,
        tmp_path,
        mes__process=PROCESS,
        aoi__list_a=LIST.format("金线偏移"),
        aoi__results=results,
    )
    assert defects(work) == {"WireShift"}
    return work


def defects(work: Desk) -> set[str]:
    return {
        name
        for name in ("WireShift", "Crack", "Dent")
        for one in data(work)
        if f"qonto/{name}>" in one and "/results/" in one
    }


def put(work: Desk, folder: Path, name: str, text: str) -> FileReport:
    path = folder / "aoi" / f"{name}.csv"
    path.write_text(text, "utf-8")
    (report,) = ingest(
        path, store=work.store, terms=work.terms, settings=work.settings,
        principal=work.principal, gate=work.gate, aligner=work.aligner,
    ).files  # fmt: skip
    return report


def test_a_newer_list_gives_rows_that_were_lifted_its_meaning(lifted: Desk, tmp_path: Path) -> None:
    report = put(lifted, tmp_path, "list_b", DATED.format("2024-06-01"))

    assert defects(lifted) == {"Crack"}
    assert report.message.startswith("Codes that meant something else until now: 127 @ AOI-A.")
    assert "lifted again: results.csv; rows of them in quarantine: 0." in report.message
    assert "results.csv" in report.message_zh


def test_a_list_that_contradicts_lets_them_wait(lifted: Desk, tmp_path: Path) -> None:
    report = put(lifted, tmp_path, "list_b", LIST.format("裂纹"))

    (row,) = lifted.quarantine.held()
    assert (
        "WireShift (list_a.csv, row 2); Crack (list_b.csv, row 2)" in row.problems[0].message["en"]
    )
    assert defects(lifted) == set()
    assert "rows of them in quarantine: 1." in report.message


def test_codes_that_no_lifted_row_has_change_nothing(lifted: Desk, tmp_path: Path) -> None:
    before = {one for one in data(lifted) if "/results/" in one}
    lists = {
        "more": LIST.format("金线偏移") + "AOI-A,129,裂纹\n",
        "other_code": LIST.format("金线偏移").replace("凹坑", "裂纹"),
        "other_machine": DATED.format("2024-06-01").replace("AOI-A", "AOI-B"),
    }

    told = [put(lifted, tmp_path, name, text).message for name, text in lists.items()]

    assert told == ["", "", ""]
    assert {one for one in data(lifted) if "/results/" in one} == before
