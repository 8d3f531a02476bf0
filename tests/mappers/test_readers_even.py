"""Even files are read by Polars, and give what reading line by line gives."""

from itertools import count
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers import csv, even
from qualweave.mappers.readers.csv import stream_csv
from qualweave.mappers.readers.even import EvenText
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.table import Fault

HEAD = "id,t [°C],remark"
CELLS = st.text(st.sampled_from("ab1 é温,;\x1d\x85\u00a0\ufeff\ufffd\x00"), max_size=4) | st.sampled_from(
    ['"a,b"', '""', '"a""b"', '"""', '5" pipe', '"x', 'x"', '"a"b', "id", "t [°C]", "remark", '"id"', "\r"]
)  # fmt: skip
LINES = st.lists(CELLS, min_size=0, max_size=4).map(",".join) | st.just(HEAD)
_numbers = count()


def contents(path: Path, rows: int) -> tuple[pl.DataFrame, list[Fault]]:
    parts = list(stream_csv(path).batches(rows))
    return pl.concat([one.frame for one in parts]), [fault for one in parts for fault in one.faults]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(LINES | st.tuples(CELLS, CELLS, CELLS).map(",".join), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 5),
    st.integers(1, 64),
)
def test_both_ways_give_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    end: str,
    ended: bool,  # noqa: FBT001 - drawn
    rows: int,
    block: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"even-{next(_numbers)}.csv"
    path.write_bytes((end.join([HEAD, "A,1.5,fine", *lines]) + end * ended).encode())

    with patch.object(even, "_BLOCK", block):
        quick = contents(path, rows)
    with patch.object(EvenText, "is_even", lambda _: False):
        slow = contents(path, rows)

    assert quick[0].equals(slow[0])
    assert sorted(quick[1], key=str) == sorted(slow[1], key=str)
    path.unlink()


@pytest.mark.parametrize(
    ("body", "is_even"),
    [
        (b"A,1,x\nB,2,y\n", True),
        (b"A,1,x\r\nB,2,y", True),
        (b'"A","1","say ""x"", then go"\n', True),
        (b"A,1,\nB,,\n,,\n", True),
        (b"A,1\n", False),
        (b"A,1,x,\n", False),
        (b'A,1,5" pipe\n', False),
        (b'A,1,"two\nlines"\n', False),
        (b'A,1,"open\nB,2,"again\n', False),
        (b"A,1,x\rB,2,y\n", False),
        (b"A,\xb0,x\n", False),
        (b"\n", False),
        (b"", False),
    ],
)
def test_which_files_are_even(body: bytes, is_even: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,t,remark\n" + body)
    text = EvenText(path, "utf-8", ",", 1, (("id", "t", "remark"),), 3, ReadLimits())

    assert text.is_even() is is_even


def test_an_even_file_is_not_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,t\n" + "".join(f"A{n},{n}\n" for n in range(1000)), encoding="utf-8")

    with patch.object(csv, "_batches", side_effect=AssertionError("read line by line")):
        frame, faults = contents(path, 300)

    assert frame["__row__"].to_list() == list(range(2, 1002))
    assert frame["id"].to_list() == [f"A{n}" for n in range(1000)]
    assert not faults


def test_a_file_that_is_written_to_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,t\n" + "".join(f"A{n},{n}\n" for n in range(100)), encoding="utf-8")
    table = stream_csv(path)
    with path.open("a", encoding="utf-8") as more:
        more.write("A100,1")
    assert sum(one.frame.height for one in table.batches()) == 101

    with path.open("a", encoding="utf-8") as more:
        more.write("00\nA101")

    with pytest.raises(UnreadableSource, match=r"t\.csv, from line 103: the file changed") as found:
        list(table.batches())
    assert found.value.next_step.startswith("Hand it in again")
