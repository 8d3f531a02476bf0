"""Cells: how numbers, units and times are read as devices write them, and which cells cannot be read."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.mappers.lift import cells
from qualweave.values import conversion, unit_of


@settings(deadline=None)  # the first unit takes the time of all
@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: f"{x:.3f}"), min_size=1, max_size=20))
def test_units_are_converted_as_the_kernel_converts_them(texts: list[str]) -> None:
    source, target = unit_of("[degF]"), unit_of("Cel")
    factor, offset = conversion(source, target)

    result = cells.numbers(pl.Series("v", texts), source=source, target=target)

    assert result.bad == ()
    assert [float(one) for one in result.values] == pytest.approx(
        [float(one) * factor + offset for one in texts]
    )


@pytest.mark.parametrize(
    ("text", "comma", "value"),
    [("1.234,5", True, "1234.5"), ("1,234.5", False, "1234.5"), ("１２．５", False, "12.5"), ("+3", False, "3"),
     ("25.3 ℃", False, "25.3"), ("1e-7", False, "1e-7"), ("<0.5", False, None), ("断线", False, None)],
)  # fmt: skip
def test_numbers_are_read_as_devices_write_them(text: str, comma: bool, value: str | None) -> None:  # noqa: FBT001
    result = cells.numbers(
        pl.Series("v", [text]), decimal_comma=comma, source=unit_of("Cel"), target=unit_of("Cel")
    )

    assert result.values.to_list() == [value]
    assert bool(result.bad) is (value is None)


@pytest.mark.parametrize(
    ("text", "form", "zone", "value"),
    [
        ("2025-01-06T06:12:00+08:00", "%Y-%m-%dT%H:%M:%S%:z", "UTC", "2025-01-05T22:12:00Z"),
        ("2025-01-06 06:12:00", "", "Etc/GMT-8", "2025-01-05T22:12:00Z"),
        ("2025-01-06 06:12:00.250", "", "UTC", "2025-01-06T06:12:00.25Z"),
        ("06.01.2025 06:12", "%d.%m.%Y %H:%M", "UTC", "2025-01-06T06:12:00Z"),
        ("2025年1月6日 6:12", "", "UTC", "2025-01-06T06:12:00Z"),
        ("20250106061200", "", "UTC", "2025-01-06T06:12:00Z"),
        ("1736143920", "epoch_s", "UTC", "2025-01-06T06:12:00Z"),
        ("tomorrow", "", "UTC", None),
    ],
)
def test_times_are_aware_and_utc(text: str, form: str, zone: str, value: str | None) -> None:
    result = cells.times(pl.Series("t", [text]), time_format=form, timezone=zone)

    assert result.values.to_list() == [value]


@pytest.mark.parametrize(
    ("texts", "comma", "values"),
    [
        (["115,4", "1.5", "1.234,5", "118"], True, ["115.4", None, "1234.5", "118"]),
        (["1.5", "1,234", "2,5"], False, ["1.5", None, None]),
        (["1.5", "1,234", "12,345.5"], False, ["1.5", "1234", "12345.5"]),
    ],
)
def test_no_mark_is_read_as_thousands_where_it_may_be_decimals(
    texts: list[str],
    comma: bool,  # noqa: FBT001 - pytest passes it by name
    values: list[str | None],
) -> None:
    found = cells.numbers(pl.Series(texts), decimal_comma=comma)

    assert found.values.to_list() == values
    assert [one.index for one in found.bad] == [n for n, one in enumerate(values) if one is None]


def test_dates_of_two_orders_leave_the_unclear_ones() -> None:
    texts = [
        "13/01/2025 09:00:00",
        "01/25/2025 09:00:00",
        "03/04/2025 09:00:00",
        "05/05/2025 09:00:00",
    ]

    found = cells.times(pl.Series(texts), time_format="%d/%m/%Y %H:%M:%S")

    assert found.values.to_list() == [
        "2025-01-13T09:00:00Z", "2025-01-25T09:00:00Z", None, "2025-05-05T09:00:00Z",
    ]  # fmt: skip
