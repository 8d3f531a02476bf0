"""Units that the table lacks are read, named in QUDT and UN/ECE, and converted; nothing is guessed."""

import os
from pathlib import Path

import orjson
import pytest

from qualweave.errors import UnknownUnit
from qualweave.unece import codes_by_structure, common_code, common_codes
from qualweave.unit_grammar import readings
from qualweave.values import (
    coded_unit,
    conversion,
    declared_unit,
    find_unit,
    reading_of,
    unit_of,
    units,
)

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
SET = SHARED / "alignment" / "units_unece" / "fields.jsonl"


@pytest.mark.parametrize(
    ("text", "ucum", "qudt", "unece"),
    [
        ("kJ/(kg·K)", "kJ/kg/K", "KiloJ-PER-KiloGM-K", "B43"),
        ("毫米/分钟", "mm/min", "MilliM-PER-MIN", "H81"),
        ("W/(m²·K)", "W/m2/K", "W-PER-M2-K", "D55"),
        ("Kilogramm pro Kubikmeter", "kg/m3", "KiloGM-PER-M3", "KMQ"),
        ("µg/m³", "ug/m3", "MicroGM-PER-M3", "GQ"),
        ("rad/s²", "rad/s2", "RAD-PER-SEC2", "2B"),
        ("kgm²", "kg.m2", "KiloGM-M2", "B32"),
        ("bar per hour", "bar/h", "", ""),
    ],
)
def test_a_composed_unit_has_its_codes(text: str, ucum: str, qudt: str, unece: str) -> None:
    unit = unit_of(text)

    assert (unit.ucum, unit.qudt, unit.unece) == (ucum, qudt, unece)
    assert unit.iri.startswith("http://qudt.org/vocab/unit/" if qudt else "https://w3id.org/uom/")
    assert unit_of(unit.iri).ucum == ucum


def test_a_unit_of_the_table_is_itself_however_it_is_spelt() -> None:
    assert unit_of("metre per second") == unit_of("m/s") == unit_of("米每秒")
    assert unit_of("N/mm²").kind == "Pressure"


@pytest.mark.parametrize(
    ("source", "target", "factor", "offset"),
    [
        ("kJ/(kg·K)", "J/(g·°C)", 1.0, 0.0),
        ("kgf/cm2", "bar", 0.980665, 0.0),
        ("kn", "km/h", 1.852, 0.0),
        ("°F", "°R", 1.0, 459.67),
        ("lbf·ft", "N·m", 1.3558179483314, 0.0),
    ],
)
def test_composed_units_are_converted(
    source: str, target: str, factor: float, offset: float
) -> None:
    ours, theirs = declared_unit(source), declared_unit(target)

    assert ours is not None
    assert theirs is not None
    assert conversion(ours, theirs) == pytest.approx((factor, offset), rel=1e-9)


def test_another_dimension_is_refused() -> None:
    with pytest.raises(UnknownUnit, match="not a unit of the same dimension"):
        conversion(unit_of("kJ/(kg·K)"), unit_of("kPa"))


@pytest.mark.parametrize(
    "text",
    ["hour meter", "Cycle Count", "A/B", "a/b", "point", "frame", "x1", "A2", "P-001", "12 bar", "1000 kg", "T1", "gal/min", "ton/h", "energy_mWh", "[1, 3]"],
)  # fmt: skip
def test_words_values_and_ambiguous_texts_are_no_unit(text: str) -> None:
    assert find_unit(text) is None


def test_a_declared_unit_may_be_a_lone_name() -> None:
    assert find_unit("knot") is None
    assert declared_unit("knot").qudt == "KN"  # type: ignore[union-attr]  # known to be one
    assert declared_unit("P-001") is None


def test_the_grammar_reads_the_table_as_pint_does() -> None:
    differing = [
        one.ucum
        for one in units()
        if (reading := reading_of(one)) is not None
        and reading.dimension != readings(one.ucum)[0].dimension
        and one.ucum not in {"mOhm.cm2", "[HV]"}
    ]

    assert differing == []


def test_codes_of_opc_ua_are_numbers_of_letters() -> None:
    assert common_code("KGM").unit_id == 4933453
    assert common_code(4408652).text == "°C"
    assert common_code("KMQ").reading == readings("kg/m³")[0]
    assert common_code("D63").name == "book"
    assert common_code("D63").reading is None
    with pytest.raises(UnknownUnit, match="Recommendation 20"):
        common_code("QQQ")


def test_a_code_is_the_unit_of_the_table_where_it_has_one() -> None:
    assert coded_unit("CEL") == unit_of("°C")
    assert coded_unit("MTQ") == unit_of("m³")
    assert coded_unit("D63") is None


def test_every_code_has_a_unit_or_a_name() -> None:
    assert len(common_codes()) == 1827
    for one in common_codes().values():
        assert (one.reading is not None) != bool(one.name), one.code


@pytest.mark.skipif(not SET.exists(), reason="the public data is not on this machine")
def test_the_codes_cover_the_units_of_opc_ua() -> None:
    known = {structure for structure, _ in codes_by_structure()}  # type: ignore[misc]  # pairs
    fields = [orjson.loads(one) for one in SET.read_bytes().splitlines()]
    lacking = [
        one["description"]
        for one in fields
        if not any(
            reading.structure in known
            for text in (one["description"], one["name"])
            for reading in readings(text)
        )
    ]

    assert len(fields) - len(lacking) >= 0.995 * len(fields), lacking


def test_gauge_pressure_is_never_taken_for_absolute() -> None:
    gauge, absolute = declared_unit("psig"), declared_unit("kPa abs")

    assert gauge is not None
    assert absolute is not None
    with pytest.raises(UnknownUnit, match="another pressure"):
        conversion(gauge, absolute)
