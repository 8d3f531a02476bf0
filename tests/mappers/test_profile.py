"""A profile says what a field looks like: type, unit, range, rate, samples."""

from pathlib import Path

import pytest

from qualweave.mappers import readers
from qualweave.mappers.profile import FieldProfile, field_from_facts, profile


def _profiles(folder: Path, text: str) -> dict[str, FieldProfile]:
    path = folder / "x.csv"
    path.write_text(text, encoding="utf-8")
    return {one.name: one for one in profile(readers.read(path)[0])}


def test_numbers_have_range_quantiles_and_gaps(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n / 2 if n % 4 else ''}\n" for n in range(1, 41))

    found = _profiles(tmp_path, "n,Temp [°C]\n" + rows)

    temp, number = found["Temp [°C]"], found["n"]
    assert (temp.type, temp.count, temp.missing) == ("decimal", 30, 10)
    assert (temp.minimum, temp.maximum) == (0.5, 19.5)
    assert temp.unit is not None
    assert temp.unit.ucum == "Cel"
    assert (number.type, number.monotone, number.distinct) == ("integer", True, 40)
    assert temp.siblings == ("n",)


def test_a_decimal_comma_is_not_a_thousands_mark(tmp_path: Path) -> None:
    found = _profiles(tmp_path, "a;b\n" + "".join(f"{n};1.2{n},5\n" for n in range(10, 30)))

    assert found["b"].decimal_comma
    assert found["b"].maximum == pytest.approx(1229.5)


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2025-03-04 10:00:00", "2025-03-04 10:00:05"], "%Y-%m-%d %H:%M:%S%.f"),
        (["04.03.2025 10:00:00", "04.03.2025 10:00:05"], "%d.%m.%Y %H:%M:%S"),
        (["2025年03月04日 10:00:00", "2025年03月04日 10:00:05"], "%Y年%m月%d日 %H:%M:%S"),
        (["1741082400", "1741082405"], "epoch_s"),
        (["1741082400000", "1741082405000"], "epoch_ms"),
    ],
)
def test_times_have_a_format_and_a_rate(cells: list[str], form: str, tmp_path: Path) -> None:
    found = _profiles(tmp_path, "t,v\n" + "".join(f"{one},1\n" for one in cells))["t"]

    assert (found.type, found.time_format) == ("time", form)
    assert found.rate_hz == pytest.approx(0.2)


def test_flags_codes_identifiers_and_texts_are_told_apart(tmp_path: Path) -> None:
    rows = "".join(
        f"{n % 2},OK,C-{n % 3},SN{n:05},some words that a person wrote no {n}\n" for n in range(30)
    )

    found = _profiles(tmp_path, "flag,verdict,code,serial,remark\n" + rows)

    assert [found[one].type for one in ("flag", "verdict", "code", "serial", "remark")] == [
        "boolean", "boolean", "code", "identifier", "text",
    ]  # fmt: skip


def test_a_unit_column_gives_its_unit_to_the_value_beside_it(tmp_path: Path) -> None:
    found = _profiles(tmp_path, "process_temp_value,process_temp_unit\n230.5,°C\n231.5,°C\n")

    unit = found["process_temp_value"].unit
    assert unit is not None
    assert unit.ucum == "Cel"


def test_an_empty_column_is_empty(tmp_path: Path) -> None:
    assert _profiles(tmp_path, "a,b\n1,\n2,\n")["b"].type == "empty"


def test_a_field_that_is_only_described_has_a_profile() -> None:
    found = field_from_facts(name="Temp", unit="℃", samples=["1.5", "2.5"], siblings=["Speed"])

    assert (found.type, found.unit is not None, found.siblings) == ("decimal", True, ("Speed",))


def test_a_name_and_a_unit_that_contradict_are_flagged() -> None:
    found = field_from_facts(name="pressure_kPa", unit="°C")

    assert found.unit_flag is not None
    assert found.unit_flag.kind == "dimension"
    assert "'kPa'" in found.unit_flag.message_zh
    assert field_from_facts(name="pressure_kPa", unit="kilopascal").unit_flag is None
    assert field_from_facts(name="pressure", unit="bar").unit_flag is None
