"""The memory of lifting does not grow with the table."""

from pathlib import Path

import pytest

from benchmarks.lift import our_run, write_csv


@pytest.mark.long
def test_five_million_rows_take_the_memory_of_one_million(tmp_path: Path) -> None:
    peaks = {}
    for millions in (1, 5):
        csv = tmp_path / f"{millions}.csv"
        write_csv(csv, millions * 1_000_000)
        run = our_run(csv, "pipe")
        assert run.triples == millions * 10_000_000 + 16  # type and source row of 8 machines
        peaks[millions] = run.peak
        csv.unlink()

    print(f"peak memory in MiB: {peaks}")  # noqa: T201 - asked for, and shown by `pytest -s`
    assert peaks[5] < 1.1 * peaks[1]
