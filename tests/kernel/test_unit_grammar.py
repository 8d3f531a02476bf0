"""Texts of units are read to one structure, however they are written, and nothing else is taken for one."""

import math
from fractions import Fraction

import pint
import pytest

from qualweave.errors import UnknownUnit
from qualweave.unit_grammar import Reading, dimension_of, read, readings


def first(text: str) -> Reading:
    return read(text)[0]


@pytest.mark.parametrize(
    ("text", "ucum"),
    [
        ("kg/m³", "kg/m3"),
        ("kg·m-3", "kg/m3"),
        ("kg.m-3", "kg/m3"),
        ("kg*m^-3", "kg/m3"),
        ("㎏/㎥", "kg/m3"),
        ("kilogram per cubic metre", "kg/m3"),
        ("Kilograms per cubic meter", "kg/m3"),
        ("Kilogramm pro Kubikmeter", "kg/m3"),
        ("Kilogramm je Kubikmeter", "kg/m3"),
        ("千克每立方米", "kg/m3"),
        ("千克/立方米", "kg/m3"),
        ("KiloGM-PER-M3", "kg/m3"),
        ("A·h/dm³", "A.h/dm3"),
        ("W/(m²·K)", "W/m2/K"),
        ("watt per square metre kelvin", "W/m2/K"),
        ("瓦特每平方米开尔文", "W/m2/K"),
        ("1/s", "/s"),
        ("reciprocal second", "/s"),
        ("每秒", "/s"),
        ("µm", "um"),
        ("°C", "Cel"),
        ("℃", "Cel"),
        ("lbf/in²", "[lbf_av]/[in_i]2"),
        ("mm Hg", "mm[Hg]"),
        ("N·m", "N.m"),
        ("Nm", "N.m"),
        ("牛·米", "N.m"),
        ("m3/h", "m3/h"),
        ("10³ m³", "1000.m3"),
        ("ampere hour per square meter", "A.h/m2"),
        ("kilowatt hour per hour", "kW.h/h"),
        ("Kilowattstunde", "kW.h"),
        ("Quadratmeter", "m2"),
        ("安时", "A.h"),
        ("毫米/分钟", "mm/min"),
        ("米每二次方秒", "m/s2"),
        ("metre per second squared", "m/s2"),
        ("metre to the fourth power", "m4"),
        ("Meter hoch vier", "m4"),
        ("[ft_i]2.[Btu_IT]-1", "[ft_i]2/[Btu_IT]"),
        ("US gallon per minute", "[gal_us]/min"),
        ("gal (UK)/d", "[gal_br]/d"),
        ("degree [unit of angle]", "deg"),
        ("micrometre (micron)", "um"),
    ],
)
def test_one_unit_has_one_structure_however_it_is_written(text: str, ucum: str) -> None:
    assert first(text).ucum == ucum


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N·m", "J"),
        ("Hz", "1/s"),
        ("Bq", "Hz"),
        ("‰", "g/kg"),
        ("kB", "KiB"),
        ("gal (US)", "gal (UK)"),
        ("foot", "foot (U.S. survey)"),
        ("calorie (thermochemical)", "calorie (international table)"),
        ("°C", "Δ°C"),
        ("V·A", "var"),
        ("m³/m²", "m"),
        ("bar", "bar abs"),
    ],
)
def test_units_of_equal_size_and_different_kind_stay_apart(one: str, other: str) -> None:
    assert (first(one).structure, first(one).notes) != (first(other).structure, first(other).notes)


def test_sizes_are_exact() -> None:
    assert first("km/h").factor == Fraction(5, 18)
    assert first("kWh").factor == 3_600_000
    assert first("mi").factor == Fraction("1609.344")
    assert first("°F").factor == Fraction(5, 9)
    assert float(first("°F").zero) == pytest.approx(255.372222)
    assert first("°F/min").zero == 0
    assert first("ft (US survey)").factor == Fraction(1200, 3937)


def test_an_ambiguous_text_has_several_readings() -> None:
    assert {one.over[0].atom.id for one in readings("gallon")} >= {"us_gallon", "uk_gallon"}
    assert {str(one) for one in readings("W/m·K")} == {"W·K/m", "W/(m·K)"}
    assert len(readings("B")) > 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("kilogram per fortnightly", "fortnightly"),
        ("fruit", "fruit"),
        ("m/quux", "quux"),
        ("千克每苹果", "千克每苹果"),
        ("kg/m³)", "kg/m^3)"),
    ],
)
def test_an_unknown_word_is_named_and_never_guessed(text: str, word: str) -> None:
    with pytest.raises(UnknownUnit) as caught:
        read(text)

    assert caught.value.data["word"] == word
    assert caught.value.message_zh != caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "angle", "length", "RAM", "Phone", "milestone", "B10", "Interval", "has time", "(", "^2"],
)
def test_what_is_no_unit_has_no_reading(text: str) -> None:
    assert readings(text) == ()


def test_dimensions_are_read_from_both_notations() -> None:
    assert dimension_of("A0E-1L2I0M1H0T-3D0") == first("V").dimension
    assert dimension_of("A0E0L-0dot5I0M1H0T-2D0") == first("Pa·√m").dimension


_PINT = pint.UnitRegistry()
_NAMES = (
    "inch foot yard mile nautical_mile hectare liter pint bushel pound ounce grain slug short_ton long_ton knot dyne "
    "pound_force poundal bar atmosphere torr psi electron_volt erg horsepower poise stokes curie rem stilb angstrom "
    "parsec light_year astronomical_unit barn tex denier dalton hartree survey_foot"
)


@pytest.mark.parametrize("name", _NAMES.split())
def test_sizes_agree_with_pint(name: str) -> None:
    theirs = _PINT.Quantity(1, name).to_base_units()

    ours = first(name.replace("_", " "))

    grams = {"gram": 1000}.get(str(theirs.units).split(" ")[0], 1)
    assert math.isclose(float(ours.factor) * grams, float(theirs.magnitude), rel_tol=2e-6)
