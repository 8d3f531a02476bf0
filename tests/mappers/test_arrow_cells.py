"""Cells of Parquet and Arrow are read whatever their type, beside structures and inside them too."""

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.table import RawTable

LONG = bytes(range(256)) * 2
CASES: list[tuple[Any, list[str | None]]] = [
    (pa.array([b"\x00\xff", None, LONG]), ["00ff", None, f"512 bytes, sha256 {hashlib.sha256(LONG).hexdigest()}"]),
    (pa.array([b"\x00\xff", None, b"ab"], pa.binary(2)), ["00ff", None, "6162"]),
    (pa.array([1, None, 90_061], pa.duration("s")), ["1", None, "90061"]),
    (pa.array([1, None, -1_500_000_000], pa.duration("ns")), ["0.000000001", None, "-1.5"]),
    (pa.array([Decimal("1.50"), None, Decimal(-(10**30) - 1)], pa.decimal128(38, 2)), ["1.50", None, f"-{10**30 + 1}.00"]),
    (pa.array([Decimal("1.50")] * 3, pa.decimal256(60, 2)), ["1.50"] * 3),
    (pa.array([0, None, 1_700_000_000_123_456_789], pa.timestamp("ns")), ["1970-01-01T00:00:00", None, "2023-11-14T22:13:20.123456789"]),
    (pa.array([0, None, 1_500_000], pa.timestamp("us", "UTC")), ["1970-01-01T00:00:00+00:00", None, "1970-01-01T00:00:01.500000+00:00"]),
    (pa.array([1, None, 3_600_000_000_000], pa.time64("ns")), ["00:00:00.000000001", None, "01:00:00"]),
    (pa.array([[[1, 2], [3]], None, [[4]]]), ["[[1, 2], [3]]", None, "[[4]]"]),
    (pa.array([[Decimal("1.50"), None], None, []]), ["1.50 | ", None, None]),
    (pa.array([[dt.timedelta(seconds=1.5)], None, []]), ["1.5", None, None]),
    (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16, None, b"1" * 16], pa.binary(16))),
     ["30303030-3030-3030-3030-303030303030", None, "31313131-3131-3131-3131-313131313131"]),
    (pa.array([0, 0, 1]).dictionary_encode(), ["0", "0", "1"]),
]  # fmt: skip


def _read(path: Path, **columns: Any) -> dict[str, RawTable]:
    pq.write_table(pa.table(columns), path)
    return {table.name.removeprefix(path.name): table for table in readers.read(path)}


@pytest.mark.parametrize("beside_structures", [False, True])
@pytest.mark.parametrize(("column", "texts"), CASES, ids=[str(one.type) for one, _ in CASES])
def test_every_type_is_read(
    column: Any,
    texts: list[str | None],
    beside_structures: bool,  # noqa: FBT001 - drawn
    tmp_path: Path,
) -> None:
    more = {"n": pa.array([[{"q": 1}], [{"q": 2}], []])} if beside_structures else {}

    tables = _read(tmp_path / "x.parquet", id=pa.array(["x", "y", "z"]), c=column, **more)

    assert tables[""].frame["c"].to_list() == texts
    is_duration = "duration" in str(column.type)
    assert tables[""].units.get("c", "") == ("s" if is_duration else "")


def test_values_inside_structures_keep_type_unit_and_description(tmp_path: Path) -> None:
    facts = {"unit": "°C", "description": "core temperature"}
    inner = pa.struct(
        [
            pa.field("T", pa.decimal128(6, 2), metadata=facts),
            pa.field("took", pa.duration("ms")),
            pa.field("raw", pa.binary()),
        ]
    )
    rows = [[{"T": Decimal("1.50"), "took": dt.timedelta(seconds=2), "raw": b"\xff"}], None]

    tables = _read(
        tmp_path / "x.parquet",
        id=pa.array(["x", "y"]),
        steps=pa.array(rows, pa.list_(inner)),
        at=pa.array([{"d": Decimal("0.10")}, None]),
    )

    steps = tables["#/steps"]
    assert steps.frame.select("id", "at.d", "T", "took", "raw").row(0) == ("x", "0.10", "1.50", "2", "ff")  # fmt: skip
    assert dict(steps.units) == {"T": "°C", "took": "s"}
    assert steps.descriptions["T"] == "core temperature"
    assert tables[""].columns == ("id", "at.d")
    assert tables[""].frame["at.d"].to_list() == ["0.10", None]


def test_a_map_is_a_table_of_keys_and_values(tmp_path: Path) -> None:
    column = pa.array([[("T", 1.5), ("p", 2.0)], None], pa.map_(pa.string(), pa.float64()))

    tables = _read(tmp_path / "x.parquet", id=pa.array(["x", "y"]), m=column)

    assert tables["#/m"].frame.select("id", "key", "value").rows() == [("x", "T", "1.5"), ("x", "p", "2.0")]  # fmt: skip


@pytest.mark.parametrize("nested", [False, True])
def test_what_cannot_be_written_down_names_its_column(nested: bool, tmp_path: Path) -> None:  # noqa: FBT001
    far = pa.array([10**7], pa.date32())
    column = pa.array([[{"d": None}]], pa.list_(pa.struct([("d", pa.date32())]))) if nested else far
    if nested:
        column = pa.ListArray.from_arrays(
            pa.array([0, 1], pa.int32()), pa.StructArray.from_arrays([far], ["d"])
        )

    with pytest.raises(
        UnreadableSource, match=r"x\.parquet: column c is of type .*date32"
    ) as found:
        _read(tmp_path / "x.parquet", id=pa.array(["x"]), c=column)

    assert found.value.data["column"] == "c"
