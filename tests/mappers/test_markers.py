"""Numbers that stand for a missing value wait, and only those."""

from pathlib import Path

import polars as pl
import pytest

from qualweave.iri import expand
from qualweave.mappers import readers
from qualweave.mappers.desk import Desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.profile import profile
from qualweave.mappers.quarantine import list_quarantine
from qualweave.mappers.revise import release
from qualweave.mappers.spread import Spread, suspected

NEAR = [18.5, 20.0, 21.25, 25.0]


@pytest.mark.parametrize(
    ("numbers", "marks"),
    [
        ([*NEAR, -9999, -9999], [-9999]),
        ([*NEAR, -999, 999.9, -999, 999.9], [-999, 999.9]),
        ([*NEAR, 1e30, 1e30], [1e30]),
        ([*NEAR, -1e31, -1e31], [-1e31]),
        ([*NEAR, 9.9e37, 9.9e37, float("inf"), float("nan")], [9.9e37]),
        ([*NEAR, -9999], []),
        ([*NEAR, 9998, 9999, 9999], []),
        ([*NEAR, 8000, 9999, 9999], []),
        ([*NEAR, 1000, 1000], []),
        ([997, 998, 999, 999, 1000], []),
        ([99999, 99999, 101325, 100800, 101000], []),
        ([0, 1e30, 1e30, 2e30], []),
        ([-9999, -9999, -9999], []),
        ([9999, 9999, 12], []),
        ([], []),
    ],
)
def test_a_marker_repeats_consists_of_nines_or_is_vast_and_lies_far_off(
    numbers: list[float], marks: list[float]
) -> None:
    assert suspected(pl.Series(numbers, dtype=pl.Float64)) == marks

    in_parts = Spread()
    for number in numbers:
        in_parts.add(pl.Series([number], dtype=pl.Float64))
    assert in_parts.marks() == marks


def _file(folder: Path) -> Path:
    path = folder / "oven.csv"
    cells = ["20.5", "-9999", "21", "22.5", "-9999.0", "21.5", "9999"]
    rows = [
        f"OP{n},OV-1,S{n},2025-01-01 09:0{n}:00,{cell}" for n, cell in enumerate(cells, start=1)
    ]
    head = "operation,equipment,serial number,start time,temperature"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_profile_does_not_count_markers(tmp_path: Path) -> None:
    [table] = readers.read(_file(tmp_path))
    frame = table.frame.head(6)

    found = profile(table.__class__(table.name, table.columns, frame, table.context))[4]

    assert (found.minimum, found.maximum, found.count) == (20.5, 22.5, 6)


def test_marked_rows_wait_and_a_person_says_what_they_are(work: Desk, tmp_path: Path) -> None:
    path = _file(tmp_path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")

    report = ingest(
        path, store=work.store, terms=work.terms, settings=work.settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip

    assert report.files[0].rows_lifted == 4
    held = list_quarantine(work.settings.data_dir)
    assert [(one.row, one.problems[0].code, one.problems[0].value) for one in held] == [
        (3, "missing-marker", "-9999"),
        (6, "missing-marker", "-9999.0"),
    ]
    said = held[0].problems[0]
    assert "its 4 other numbers lie between 20.5 and 22.5" in said.message["en"]
    assert "疑为缺失值标记" in said.message["zh"]
    assert held[0].cells["temperature"] == "-9999"

    release(work, held[0].id, {"temperature": ""})
    release(work, held[1].id, {})

    assert not list_quarantine(work.settings.data_dir)
    mapped = work.library.get(report.files[0].sources[0]).column("temperature")
    assert mapped is not None
    with work.store.snapshot() as snapshot:
        found = snapshot.select(f"SELECT ?v WHERE {{ ?s <{expand(mapped.term)}> ?v }}")
        values = sorted(float(one["v"].value) for one in found)  # type: ignore[union-attr]
    assert values == [-9999, 20.5, 21, 21.5, 22.5]
