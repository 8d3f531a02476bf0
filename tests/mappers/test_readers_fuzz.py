"""Damaged files of every kind: a reader gives tables or an error of ours, and never anything else."""

import csv
import io
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import QualweaveError
from qualweave.mappers import readers
from qualweave.mappers.profile import profile
from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.readers.json import read_json
from qualweave.mappers.table import ROW
from tests.mappers.bad_inputs.documents import _xml as xml_text

ROWS = [["id", "温度 [°C]", "t"], *([f"A{n}", f"{n / 4}", f"2025-01-01 10:00:{n:02}"] for n in range(20))]  # fmt: skip
LIMITS = ReadLimits(unpacked_mib=64, workbook_mib=512)


def _csv(path: Path) -> None:
    path.write_text("\n".join(";".join(row) for row in ROWS), encoding="gb18030")


def _json(path: Path) -> None:
    path.write_text(json.dumps({"a": 1, "rows": [dict(zip(ROWS[0], one, strict=True)) for one in ROWS[1:]]}))  # fmt: skip


def _lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps({"id": n, "r": [{"v": n, "w": {"x": None}}]}) for n in range(20)))  # fmt: skip


def _xml(path: Path) -> None:
    path.write_text(xml_text(path, 5))


def _owl(path: Path) -> None:
    path.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n@prefix d: <http://m.example/> .\n"
        + "".join(f'd:T{n} a owl:DatatypeProperty ; d:unit "°C" .\n' for n in range(9))
    )


def _parquet(path: Path) -> None:
    nested = pa.array([[{"x": n, "y": [1.5]}] for n in range(20)])
    pq.write_table(pa.table({"a": range(20), "b": nested, "c": pa.array(["x"] * 20).dictionary_encode()}), path)  # fmt: skip


def _arrow(path: Path) -> None:
    data = pa.table({"a": range(20), "b": ["x"] * 20})
    with pa.ipc.new_file(str(path), data.schema) as writer:
        writer.write_table(data)


def _sqlite(path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b REAL, c DATE)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, n / 3, "x") for n in range(200)])
    base.close()


def _xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate(ROWS):
            sheet.write_row(n, 0, row)


KINDS = [_csv, _json, _lines, _xml, _owl, _parquet, _arrow, _sqlite]


def _damaged(content: bytes, draw: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(draw.choice([1, 1, 3, 20])):
        at = draw.randrange(len(made))
        match draw.randrange(5):
            case 0:
                made[at] = draw.randrange(256)
            case 1:
                del made[at : at + draw.randrange(1, 40)]
            case 2:
                made[at:at] = made[max(0, at - 30) : at]
            case 3:
                made[at:at] = draw.randbytes(draw.randrange(1, 9))
            case _:
                made[at : at + 4] = draw.choice(
                    [b"\0\0\0\0", b"\xff\xff\xff\xff", b'"";;', b"<&]}"]
                )
        if not made:
            return b"\0"
    return bytes(made)


def _read(path: Path) -> int:
    try:
        tables = readers.stream(path, limits=LIMITS)
        parts = [part for one in tables for part in one.batches()]
    except QualweaveError:
        return 0
    for one in parts:
        profile(one)
    return sum(one.frame.height for one in parts)


def _try(make: Callable[[Path], None], folder: Path, times: int, seed: int) -> None:
    draw = random.Random(f"{make.__name__} {seed}")
    path = folder / "x.dat"
    make(path)
    sound = path.read_bytes()
    assert _read(path) > 0
    for number in range(times):
        path.write_bytes(_damaged(sound, draw))
        try:
            _read(path)
        except Exception as error:
            error.add_note(f"{make.__name__}, seed {seed}, number {number}")
            raise


@pytest.mark.parametrize("make", KINDS)
def test_a_damaged_file_is_read_or_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    _try(make, tmp_path, times=40, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 5))
@pytest.mark.parametrize("make", [*KINDS, _xlsx])
def test_many_damaged_files_are_read_or_refused(
    make: Callable[[Path], None], seed: int, tmp_path: Path
) -> None:
    _try(make, tmp_path, times=200, seed=seed)


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp", "Zs")),
    min_size=1,
    max_size=8,
).filter(lambda one: "\ufffd" not in one)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width + 1, max_size=width + 1), min_size=2, max_size=9)),
    delimiter=st.sampled_from(",;\t|"),
    charset=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_what_is_written_as_csv_is_read_back(
    rows: list[list[str]], delimiter: str, charset: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = [f"name{at}" for at in range(len(rows[0]))]
    numbers = [[str(n), *row] for n, row in enumerate(rows)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["number", *names], *numbers])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(text.getvalue().encode(charset))

    (table,) = readers.read(path)

    assert table.columns == ("number", *names)
    assert [list(row) for row in table.frame.drop(ROW).rows()] == numbers


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    value=st.lists(st.dictionaries(st.text(max_size=4), VALUE, max_size=4), min_size=1, max_size=4)
)
def test_any_json_is_read_or_refused(
    value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_text(json.dumps(value))

    try:
        tables = read_json(path)
    except QualweaveError:
        return
    assert all(one.frame.height for one in tables)
