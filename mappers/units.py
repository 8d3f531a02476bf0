"""Units in field names: ``Temp [°C]``, ``温度_℃``, ``Speed(m/min)``, ``pressure_kPa``, ``test_time_second``.

A unit in brackets, or a last part that is a unit, is taken off the name. A lone letter is a unit only in
brackets or behind a slash: ``phase_A`` is not an ampere, ``I/A`` is.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from qualweave.errors import UnknownUnit
from qualweave.values import Unit, conversion, find_unit, unit_key, units

_BRACKETS = re.compile(r"[\[(（【<{]\s*([^\[\](){}（）【】<>]{1,24}?)\s*[\])）】>}]\s*$")
_MARK = re.compile(r"[_\s\-./|:,，#]+")
_LONGEST = 24
_PER = re.compile(r"\s*/\s*|\s+per\s+", re.IGNORECASE)
_VECTOR = re.compile(r"[\s_]3D$", re.IGNORECASE)
_SHORTEST_BARE = 2
_NOT_BARE = {
    "in",
    "min",
    "max",
    "no",
    "id",
    "st",
    "pt",
    "at",
    "it",
    "count",
    "deg",
    "day",
    "days",
    "mg",
    "t",
}


@dataclass(frozen=True)
class NamedUnit:
    """A field name without its unit, the unit as written, and the unit of the table (or None)."""

    base_name: str
    text: str
    unit: Unit | None


def split_unit(name: str) -> NamedUnit:
    """Return the name without its unit.

    >>> split_unit("温度_℃").base_name, split_unit("温度_℃").unit.ucum
    ('温度', 'Cel')
    >>> split_unit("Air temperature [K]").unit.ucum
    'K'
    >>> split_unit("Conveyor_Speed").text
    ''
    """
    plain = unicodedata.normalize("NFKC", name).strip()
    found = _BRACKETS.search(plain)
    if found is not None:
        base = plain[: found.start()].strip(" _-:/")
        unit = find_unit(found.group(1))
        if unit is not None or not base:
            return NamedUnit(base or plain, found.group(1), unit)
        return NamedUnit(plain, "", None)
    return _tail(plain) or NamedUnit(plain, "", None)


def _tail(plain: str) -> NamedUnit | None:
    """Return the name without a unit at its end, the longest that is one."""
    if find_unit(plain) is not None:
        return None
    for mark in _MARK.finditer(plain):
        base, text = plain[: mark.start()].strip(" _-"), plain[mark.end() :]
        unit = find_unit(text) if base and 0 < len(text) <= _LONGEST else None
        divided = mark.group() in {"/", "#"} and not text.isdigit()
        if unit is not None and (divided or _may_stand_bare(text, unit)):
            return NamedUnit(base, text, unit)
    return None


def _may_stand_bare(text: str, unit: Unit) -> bool:
    """Whether a last part is meant as a unit: no word, no lone letter, and more than a code of UN/ECE.

    A trade code such as CMT or NEW is never what ``program_cmt`` or ``value_new`` end in.
    """
    if text.casefold() in _NOT_BARE or text.isdigit():
        return False
    spelt = {unit_key(one).casefold() for one in (unit.ucum, unit.qudt, *unit.symbols)}
    if unit_key(text).casefold() not in spelt:
        return False
    return len(text) >= _SHORTEST_BARE or not text.isascii() or text == "%"


_EVERYDAY: Mapping[str, str] = {
    "ElectricCurrent": "current",
    "ElectricCharge": "capacity",
    "RotationalVelocity": "rotational speed",
    "Velocity": "speed",
}
_WITHOUT_UNIT: Mapping[str, str] = {
    "U": "voltage",
    "V": "voltage",
    "I": "current",
    "R": "resistance",
}
_SYMBOLS = frozenset("UVIPTtpRZQEWnvMFfm")
_NO_NAME = {"Dimensionless", "DimensionlessRatio"}
_SHORTEST_NAME = 3


@lru_cache(maxsize=4096)
def unit_like(text: str) -> Unit | None:
    """Return the unit of a spelling, also of a quotient of units that the table does not list.

    >>> unit_like("MILLIMETER/MINUTE").ucum, unit_like("bar per hour").kind
    ('mm/min', '')
    """
    plain = _VECTOR.sub("", text.strip())
    found = find_unit(plain) or find_unit(plain.replace("_", " "))
    if found is not None or not plain:
        return found
    parts = _PER.split(plain.replace("_", " "))
    known = [find_unit(one) for one in parts]
    if len(parts) != 2 or known[0] is None or known[1] is None:  # noqa: PLR2004 - one quotient
        return None
    over, under = known[0], known[1]
    made = Unit(
        ucum=f"{over.ucum}/{under.ucum}",
        qudt="",
        unece="",
        kind="",
        pint_name=f"({_step(over)})/({_step(under)})",
        symbols=(f"{over.symbol}/{under.symbol}",),
    )
    return next((one for one in units() if _is_same(made, one)), made)


def _step(unit: Unit) -> str:
    return f"delta_{unit.pint_name}" if unit.pint_name in {"degC", "degF"} else unit.pint_name


def _is_same(made: Unit, other: Unit) -> bool:
    try:
        return conversion(made, other) == (1.0, 0.0)
    except UnknownUnit:
        return False


def name_of_kind(name: str, unit: Unit | None = None) -> str:
    """Return the quantity that a name stands for which is only a unit, such as ``Watt``, or ``""``.

    >>> name_of_kind("Watt"), name_of_kind("Torque")
    ('power', '')
    """
    found = find_unit(name)
    if found is None or found.kind in _NO_NAME or (len(name) < _SHORTEST_NAME and found != unit):
        return ""
    return kind_name(found)


def symbol_of_kind(name: str, unit: Unit | None) -> str:
    """Return the quantity that a formula sign stands for, such as ``U``, ``I/A`` or ``T/°C``, or ``""``."""
    if name in _SYMBOLS and unit is not None and unit.kind not in _NO_NAME:
        return kind_name(unit)
    return _WITHOUT_UNIT.get(name, "") if unit is None else ""


def kind_name(unit: Unit) -> str:
    """Return the everyday English name of a unit's quantity kind."""
    return _EVERYDAY.get(unit.kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unit.kind).lower()
