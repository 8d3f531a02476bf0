"""Dates with strokes, which half of the world writes day first and the other half month first."""

import re

import polars as pl

_SLASH_DATE = r"^([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}"
_LAST_MONTH = 12


def in_either_order(column: pl.Series) -> pl.Series | None:
    """Return which dates could be read in either order, where a column has both; None where it has not.

    13/01/2025 and 01/25/2025 in one column say that 03/04/2025 may be in March or in April.
    """
    if not column.str.contains("/", literal=True).any():
        return None
    first = column.str.extract(_SLASH_DATE, 1).cast(pl.Int64, strict=False)
    second = column.str.extract(_SLASH_DATE, 2).cast(pl.Int64, strict=False)
    if not ((first > _LAST_MONTH).any() and (second > _LAST_MONTH).any()):
        return None
    both = (first <= _LAST_MONTH) & (second <= _LAST_MONTH) & (first != second)
    return both.fill_null(value=False)


def is_unclear(text: str) -> bool:
    """Return whether a date could be read in either order."""
    found = re.match(_SLASH_DATE, text)
    return (
        found is not None
        and max(int(found[1]), int(found[2])) <= _LAST_MONTH
        and found[1] != found[2]
    )
