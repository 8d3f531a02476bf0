"""A database is ingested by its address, and a table that goes out as CSV computes nothing."""

import sqlite3
from pathlib import Path

from typer.testing import CliRunner

from qualweave.api.cli import app
from qualweave.api.databases import handed_in
from qualweave.api.tables import Column, Table


def test_the_tables_of_a_database_are_handed_in_as_files(tmp_path: Path) -> None:
    path = tmp_path / "mes.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE welds (machine TEXT, temperature REAL)")
        base.execute("CREATE TABLE lots (lot TEXT)")
    base.close()

    with handed_in(f"sqlite:///{path}") as folder:
        found = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*.parquet"))
        assert found == ["mes.db/lots.parquet", "mes.db/welds.parquet"]
    assert not folder.exists()
    with handed_in(str(path)) as plain:
        assert plain == path


def test_an_address_that_no_driver_knows_is_refused_in_words(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["ingest", "nonsense://x/y", "--data", str(tmp_path)])

    assert "address of the database" in str(told.exception)


def test_a_cell_that_a_spreadsheet_would_compute_goes_out_as_text() -> None:
    cells = ["=cmd|' /C calc'!A0", "@SUM(1)", "-1.5", "+86 21", "plain", None]

    made = Table((Column("remark", "string"),), tuple((one,) for one in cells)).write("csv")

    assert made.decode().splitlines() == [
        "remark", "'=cmd|' /C calc'!A0", "'@SUM(1)", "-1.5", "'+86 21", "plain", "",
    ]  # fmt: skip
