"""Numbers of a dictionary: exact decimals, read from a cell with or without a unit, and converted.

A dictionary is an agreement, so what it says is compared as it was written: decimals, and never binary fractions.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation, localcontext

from qualweave.errors import InputError
from qualweave.values import Unit, conversion, unit_of

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)", re.IGNORECASE)
_SIGNS = str.maketrans({"−": "-", "–": "-"})
_DIGITS = 15
_LARGEST = 30
_TOLERANCE = Decimal("1e-9")


def plain(text: str) -> str:
    """Return a text as cells are read: NFKC, white space collapsed, one kind of minus sign."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SIGNS).split())


def read_number(text: str) -> tuple[Decimal, str]:
    """Return the number of a cell and what stands behind it (a unit, or ``""``).

    Raises:
        InputError: If it does not begin with a number, has a decimal comma, or is out of range.

    >>> read_number("±0.5 °C")
    (Decimal('0.5'), '°C')
    """
    cell = plain(text).removeprefix("±").removeprefix("+/-").strip()
    found = _NUMBER.fullmatch(cell)
    if found is None or found.group(2).startswith(","):
        raise InputError(
            f"{text!r} is no number.",
            message_zh=f"“{text}”不是数字。",
            next_step="Write a number with a decimal point, such as 0.5; a unit may follow it.",
            next_step_zh="请填写带小数点的数字，例如 0.5；其后可写单位。",
        )
    value = _exact(found.group(1))
    if value is None or (value and not -_LARGEST < value.adjusted() < _LARGEST):
        raise InputError(
            f"{text!r} is out of range.",
            message_zh=f"“{text}”超出范围。",
            next_step=f"Write a number of at most {_LARGEST} digits, in a unit that fits it.",
            next_step_zh=f"请以合适的单位填写不超过 {_LARGEST} 位的数字。",
        )
    return value, found.group(2).strip()


def _exact(digits: str) -> Decimal | None:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits is no number to `Decimal`
        return None


def read_quantity(text: str, unit: Unit, *, difference: bool = False) -> Decimal:
    """Return the number of a cell in a unit; a bare number is in that unit already.

    Args:
        text: The cell.
        unit: Unit of the result.
        difference: It is a width (an accuracy), so that of a scale with an offset only the factor counts.

    Raises:
        InputError: If it is no number.
        UnknownUnit: If its unit is not known or of another dimension.
    """
    value, written = read_number(text)
    return convert(value, unit_of(written), unit, difference=difference) if written else value


def convert(value: Decimal, source: Unit, target: Unit, *, difference: bool = False) -> Decimal:
    """Return a number in another unit of its dimension, to 15 significant digits.

    Raises:
        UnknownUnit: If the units differ in dimension.

    >>> convert(Decimal(3), unit_of("mV"), unit_of("V"))
    Decimal('0.003')
    """
    if source == target:
        return value
    factor, offset = conversion(source, target)
    with localcontext() as context:
        context.prec = _DIGITS
        moved = Decimal(0) if difference else Decimal(repr(offset))
        return tidy(value * Decimal(repr(factor)) + moved)


def tidy(value: Decimal) -> Decimal:
    """Return a number without trailing zeros and never in exponent form.

    >>> tidy(Decimal("22.00")), tidy(Decimal("1E+2"))
    (Decimal('22'), Decimal('100'))
    """
    return Decimal(f"{value.normalize():f}") if value else Decimal(0)


def same(one: Decimal | None, other: Decimal | None) -> bool:
    """Return whether two numbers are equal, but for what a conversion of units rounds away."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other))
