"""JSON arrays of arrays are tables by rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.readers.limits import ReadLimits
from tests.mappers.test_tables import one

ROWS = [["A", 20.50, True, None], ["B", 12345678901234567890, False, "x"]]


def _write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("document", "columns", "first"),
    [
        (ROWS, ("column 1", "column 2", "column 3", "column 4"), 1),
        ([["id", "T", "ok", "备注"], *ROWS], ("id", "T", "ok", "备注"), 2),
        ([["id", "T", "T", "备注"], *ROWS], ("column 1", "column 2", "column 3", "column 4"), 2),
        ({"columns": ["id", "T", "T", "n"], "data": ROWS}, ("id", "T", "T#2", "n"), 1),
        ({"result": {"列名": ["id", "T", "ok", "n"], "rows": ROWS}}, ("id", "T", "ok", "n"), 1),
        ({"curve": [["id", "T", "ok", "n"], *ROWS]}, ("id", "T", "ok", "n"), 2),
    ],
)
def test_an_array_of_arrays_is_a_table(
    document: object, columns: tuple[str, ...], first: int, tmp_path: Path
) -> None:
    table = one(_write(tmp_path / "x.json", document))

    assert table.columns == columns
    assert table.frame.rows()[-2:] == [
        ("A", "20.5", "true", None, first),
        ("B", "12345678901234567890", "false", "x", first + 1),
    ]


def test_rows_carry_the_scalars_above_them_and_other_tables_stay(tmp_path: Path) -> None:
    document = {
        "serial": "S1",
        "tests": [{"name": "a"}, {"name": "b"}],
        "curve": [["t", "F"], [0, 1.5]],
    }

    tables = {t.name: t for t in readers.read(_write(tmp_path / "x.json", document))}

    assert tables["x.json#/curve"].frame.select("serial", "t", "F").rows() == [("S1", "0", "1.5")]
    assert tables["x.json#/tests"].frame["name"].to_list() == ["a", "b"]


def test_a_matrix_without_names_is_a_value_of_its_record(tmp_path: Path) -> None:
    table = one(_write(tmp_path / "x.json", {"id": "A", "matrix": [[1, 0], [0, 1]]}))

    assert table.columns == ("id", "matrix")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([[1, 2], [3, 4], [5]], "array 3 has 1 values, the first has 2"),
        ([[1, 2], []], "array 2 is not a row of plain values"),
        ([["a", "b"], [1, [2]]], "array 2 is not a row of plain values"),
    ],
)
@pytest.mark.parametrize("mib", [32, 0])
def test_uneven_rows_are_refused_with_their_number(
    document: Any,
    message: str,
    mib: int,
    tmp_path: Path,
) -> None:
    path = _write(tmp_path / "x.json", document)

    with pytest.raises(UnreadableSource, match=message) as found:
        readers.stream(path, limits=ReadLimits(document_mib=mib))

    assert found.value.data["row"] == len(document)
    assert "数组" in found.value.message_zh


def test_a_large_document_is_read_row_by_row_like_a_small_one(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.json", [["id", "T", "ok", "n"], *ROWS * 20])

    [large] = readers.stream(path, limits=ReadLimits(document_mib=0))

    whole, small = large.whole(), one(path)
    assert whole.columns == small.columns
    assert whole.frame.drop("T").equals(small.frame.drop("T"))
    assert whole.frame["T"][1] == "12345678901234567890"
