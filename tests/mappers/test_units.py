"""Units are read from names, brackets, unit rows and unit columns, and nothing else is taken for one."""

import pytest

from qualweave.mappers.units import kind_name, name_of_kind, split_unit, symbol_of_kind, unit_like
from qualweave.values import find_unit, unit_of


@pytest.mark.parametrize(
    ("name", "base", "ucum"),
    [
        ("Temp [°C]", "Temp", "Cel"),
        ("温度_℃", "温度", "Cel"),
        ("温度（℃）", "温度", "Cel"),
        ("Ｔｅｍｐ（℃）", "Temp", "Cel"),
        ("Speed(m/min)", "Speed", "m/min"),
        ("Air temperature [K]", "Air temperature", "K"),
        ("pressure_kPa", "pressure", "kPa"),
        ("test_time_second", "test_time", "s"),
        ("I/A", "I", "A"),
        ("Step Duration#s", "Step Duration", "s"),
        ("(Q-Qo)/mA.h", "(Q-Qo)", "mA.h"),
        ("冷却速率_℃/min", "冷却速率", "Cel/min"),
    ],
)
def test_a_unit_is_taken_off_a_name(name: str, base: str, ucum: str) -> None:
    found = split_unit(name)

    assert found.unit is not None
    assert (found.base_name, found.unit.ucum) == (base, ucum)


@pytest.mark.parametrize(
    "name",
    [
        "Conveyor_Speed",
        "phase_A",
        "step_count",
        "Temp_min",
        "Step 2",
        "axis_C",
        "Sheet1",
        "Time[h:min:s]",
        "program_cmt",
        "value_new",
    ],
)
def test_what_is_no_unit_stays_in_the_name(name: str) -> None:
    assert split_unit(name).unit is None
    assert split_unit(name).base_name == name


@pytest.mark.parametrize(
    ("text", "ucum"),
    [("MILLIMETER/MINUTE", "mm/min"), ("millimeter per second", "mm/s"), ("MILLIMETER_3D", "mm")],
)
def test_quotients_of_units_are_the_unit_of_the_table(text: str, ucum: str) -> None:
    assert unit_like(text) == unit_of(ucum)


def test_a_quotient_that_the_table_lacks_still_has_a_dimension() -> None:
    made = unit_like("bar per hour")

    assert made is not None
    assert made.ucum == "bar/h"
    assert unit_like("apples per hour") is None


def test_a_name_that_is_only_a_unit_speaks_of_its_quantity() -> None:
    assert name_of_kind("Watt") == "power"
    assert name_of_kind("Ah") == ""
    assert name_of_kind("Ah", find_unit("Ah")) == "capacity"
    assert symbol_of_kind("T", unit_of("Cel")) == "temperature"
    assert symbol_of_kind("U", None) == "voltage"
    assert symbol_of_kind("X", unit_of("mm")) == ""
    assert kind_name(unit_of("mPa.s")) == "dynamic viscosity"


@pytest.mark.parametrize(
    ("name", "base", "ucum"),
    [
        ("cp [kJ/(kg·K)]", "cp", "kJ/kg/K"),
        ("Wärmestrom (W/(m²·K))", "Wärmestrom", "W/m2/K"),
        ("进给速度（毫米/分钟）", "进给速度", "mm/min"),
        ("heat_kJ/kg", "heat", "kJ/kg"),
        ("Durchfluss [Liter pro Stunde]", "Durchfluss", "L/h"),
        ("wind (knots)", "wind", "[kn_i]"),
        ("Länge in µm", "Länge", "um"),
        ("转速r/min", "转速", "/min"),
        ("压力MPa", "压力", "MPa"),
        ("Noise dB(A)", "Noise", "dB"),
        ("feed_mm_per_min", "feed", "mm/min"),
        ("Vibration (mm/s RMS)", "Vibration", "mm/s{rms}"),
        ("Qty (EA)", "Qty", "{#}"),
    ],
)
def test_a_unit_that_the_table_lacks_leaves_the_name_too(name: str, base: str, ucum: str) -> None:
    found = split_unit(name)

    assert found.unit is not None
    assert (found.base_name, found.unit.ucum) == (base, ucum)


@pytest.mark.parametrize(
    "name",
    ["rate_per_second", "Value (PC)", "Grade (A2)", "X轴A", "设备ID", "工位A2", "ratio_A/B", "test_in", "phase_A2", "value_PC", "cost_per_day", "T1", "Tank (left)", "Geschwindigkeit (min.)", "Rate (a/b)", "serial_P-001", "step-1"],
)  # fmt: skip
def test_what_only_looks_like_a_unit_stays_too(name: str) -> None:
    assert split_unit(name).unit is None
    assert split_unit(name).base_name == name
