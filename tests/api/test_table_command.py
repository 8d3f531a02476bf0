"""``qualweave table lift``: parts on disk, counted, resumed, with what waits told."""

from pathlib import Path

import pyoxigraph as ox
from typer.testing import CliRunner

from qualweave.api.cli import app
from qualweave.errors import UnreadableSource

MAPPING = """
source: oven
records: [process_record]
columns:
  - {name: op, term: "q:operationIdentifier", decision: accepted, datatype: text}
  - {name: temp, term: "q:ChamberTemperature", unit: Cel, decision: accepted}
"""


def test_a_table_is_lifted_to_parts_that_load_and_are_kept(tmp_path: Path) -> None:
    (tmp_path / "oven.csv").write_text('op,temp\nA,180.5\nB,hot\nC,181\nD,"18', "utf-8")
    (tmp_path / "oven.yaml").write_text(MAPPING, "utf-8")
    command = [
        "table",
        "lift",
        str(tmp_path / "oven.csv"),
        "--mapping",
        str(tmp_path / "oven.yaml"),
    ]

    told = [CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")]) for _ in range(2)]

    assert [one.exit_code for one in told] == [0, 0]
    assert "row 3: temp holds 'hot', which is not a number." in told[0].output
    assert "Row 5 opens a quote that is not closed" in told[0].output
    [part] = (tmp_path / "out").glob("*.nq")
    quads = list(ox.parse(path=str(part), format=ox.RdfFormat.N_QUADS))
    assert {one.subject.value[-1] for one in quads} == {"A", "C"}
    assert [line.split()[-2] for line in told[1].output.splitlines() if "kept" in line] == ["1"]


def test_marks_of_missing_values_wait_told_by_the_whole_table(tmp_path: Path) -> None:
    temperatures = [180.5, -9999, 181, 182, 180, -9999]
    rows = "".join(f"O{n},{one}\n" for n, one in enumerate(temperatures))
    (tmp_path / "oven.csv").write_text("op,temp\n" + rows, "utf-8")
    (tmp_path / "oven.yaml").write_text(MAPPING, "utf-8")

    told = CliRunner().invoke(
        app,
        ["table", "lift", str(tmp_path / "oven.csv"), "--mapping", str(tmp_path / "oven.yaml"), "--out", str(tmp_path)],
    )  # fmt: skip

    said = " ".join(told.output.split())
    assert "row 3: temp holds '-9999', which looks like a mark for a missing value" in said
    assert "its 4 other numbers lie between 180 and 182" in said
    [part] = tmp_path.glob("*.nq")
    assert b"-9999" not in part.read_bytes()


def test_a_file_of_several_tables_is_refused(tmp_path: Path) -> None:
    nested = '{"op": "A", "steps": [{"n": 1, "v": 2}, {"n": 2, "v": 3}]}'
    (tmp_path / "two.json").write_text(f"[{nested},{nested}]", "utf-8")
    (tmp_path / "oven.yaml").write_text(MAPPING, "utf-8")

    told = CliRunner().invoke(
        app,
        ["table", "lift", str(tmp_path / "two.json"), "--mapping", str(tmp_path / "oven.yaml"), "--out", str(tmp_path)],
    )  # fmt: skip

    assert isinstance(told.exception, UnreadableSource)
