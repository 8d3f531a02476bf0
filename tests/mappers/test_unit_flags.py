"""What contradicts what in the units of a field is said in two languages, and never converted away."""

import pytest

from qualweave.mappers.unit_flags import contradiction


@pytest.mark.parametrize(
    ("field", "name", "term", "kind", "places"),
    [
        ("°C", "kPa", "", "dimension", ("field", "name")),
        ("bar", "", "Cel", "dimension", ("field", "term")),
        ("", "mm", "kg", "dimension", ("name", "term")),
        ("bar", "kPa", "Pa", "size", ("field", "name")),
        ("°C", "°F", "", "size", ("field", "name")),
        ("Hz", "", "Bq", "kind", ("field", "term")),
        ("1/min", "", "rpm", "kind", ("field", "term")),
        ("barg", "", "bar abs", "reference", ("field", "term")),
        ("毫米/分钟", "", "mm", "dimension", ("field", "term")),
    ],
)
def test_a_contradiction_is_flagged(
    field: str, name: str, term: str, kind: str, places: tuple[str, str]
) -> None:
    flag = contradiction(field, name, term)

    assert flag is not None
    assert (flag.kind, flag.places) == (kind, places)
    assert all(text in flag.message and text in flag.message_zh for text in flag.texts)
    assert "Nothing was converted" in flag.message
    assert "未做任何换算" in flag.message_zh


@pytest.mark.parametrize(
    ("field", "name", "term"),
    [
        ("°C", "℃", "Cel"),
        ("bar", "", "Pa"),
        ("kilopascal", "kPa", "bar"),
        ("K", "", "°C"),
        ("", "", "kg"),
        ("left", "kPa", "Pa"),
        ("gal", "gal (UK)", "L"),
    ],
)
def test_units_that_agree_or_can_be_converted_are_not(field: str, name: str, term: str) -> None:
    assert contradiction(field, name, term) is None
