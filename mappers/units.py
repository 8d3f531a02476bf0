"""Units in field names: ``Temp [°C]``, ``温度_℃``, ``Speed(m/min)``, ``pressure_kPa``, ``test_time_second``.

A unit in brackets, or a last part that is a unit, is taken off the name. A lone letter is a unit only in
brackets or behind a slash: ``phase_A`` is not an ampere, ``I/A`` is.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from qualweave.unit_grammar import Reading, certain
from qualweave.values import Unit, declared_unit, find_unit, listed_unit, unit_key

_CLOSERS = {")": "(", "]": "[", "}": "{", ">": "<", "】": "【"}
_MARK = re.compile(r"[_\s\-./|:,，#]+")
_LONGEST = 24
_LONGEST_IN_BRACKETS = 40
_LETTER_AND_DIGIT = re.compile(r"[A-Za-z]\d")
_IN = re.compile(r"[\s_]in$", re.IGNORECASE)  # "Länge in mm"
_DIVIDING = ("_per", " per", "_pro", " pro", "每")
_USUAL_PREFIXES = {"", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p"}
_AFTER_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-zμ°%ΩÅ])")
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


_WORDS = {
    "as",
    "at",
    "are",
    "no",
    "case",
    "count",
    "number",
    "point",
    "sample",
    "standard",
    "line",
    "one",
    "each",
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
    bracket = None if _ends_in_sign(plain) else _last_bracket(plain)
    if bracket is not None:
        base, text = bracket
        unit = _in_brackets(text)
        if unit is not None or not base:
            return NamedUnit(base or plain, text, unit)
        return NamedUnit(plain, "", None)
    return _tail(plain) or NamedUnit(plain, "", None)


def _last_bracket(plain: str) -> tuple[str, str] | None:
    """Return what stands before and in the bracket at the end: ``cp [kJ/(kg·K)]`` has one."""
    close = plain[-1:]
    opening = _CLOSERS.get(close)
    depth = 0
    for place in range(len(plain) - 1, -1, -1) if opening else ():
        depth += (plain[place] == close) - (plain[place] == opening)
        if depth == 0:
            text = plain[place + 1 : -1].strip()
            fits = 0 < len(text) <= _LONGEST_IN_BRACKETS
            return (plain[:place].strip(" _-:/"), text) if fits else None
    return None


def _ends_in_sign(plain: str) -> bool:
    """Whether a bracket at the end belongs to a unit's sign, as in ``Noise dB(A)``."""
    last = plain.rsplit(maxsplit=1)[-1] if plain else ""
    return "(" in last[1:] and listed_unit(last) is not None


def _in_brackets(text: str) -> Unit | None:
    """Return the unit in brackets: any, but a word or letter that the table does not know as one."""
    found = find_unit(text)
    lone = len(text) < _SHORTEST_BARE and text.isascii()
    if found is not None or lone or text.casefold() in _WORDS or _LETTER_AND_DIGIT.fullmatch(text):
        return found
    made = declared_unit(text)
    reading = None if made is None else made.reading
    usual = reading is None or all(
        one.prefix in _USUAL_PREFIXES for one in (*reading.over, *reading.under)
    )
    return made if usual else None


def _tail(plain: str) -> NamedUnit | None:
    """Return the name without a unit at its end, the longest that is one."""
    if listed_unit(plain) is not None:
        return None
    border = _AFTER_CHINESE.search(plain)
    if border is not None:  # "转速r/min"
        base, text = plain[: border.start()].strip(" _-"), plain[border.start() :]
        unit = find_unit(text) if _SHORTEST_BARE <= len(text) <= _LONGEST else None
        if unit is not None and _may_stand_bare(text, unit):
            return NamedUnit(base, text, unit)
    for mark in _MARK.finditer(plain):
        base, text = plain[: mark.start()].strip(" _-"), plain[mark.end() :]
        per = base.casefold().endswith(_DIVIDING)  # "rate_per_second" is no rate in seconds
        unit = find_unit(text) if base and not per and 0 < len(text) <= _LONGEST else None
        divided = mark.group() in {"/", "#"} and not text.isdigit()
        if unit is not None and (divided or _may_stand_bare(text, unit)):
            return NamedUnit(_IN.sub("", base), text, unit)
    return None


def _may_stand_bare(text: str, unit: Unit) -> bool:
    """Whether a last part is meant as a unit: no word, no lone letter, and more than a code of UN/ECE.

    A trade code such as CMT or NEW is never what ``program_cmt`` or ``value_new`` end in.
    """
    if text.casefold() in _NOT_BARE or text.isdigit():
        return False
    if listed_unit(text) is None:
        reading = certain(text)
        return reading is not None and _is_plainly_a_unit(text, reading)
    spelt = {unit_key(one).casefold() for one in (unit.ucum, unit.qudt, *unit.symbols)}
    if unit_key(text).casefold() not in spelt:
        return False
    return len(text) >= _SHORTEST_BARE or not text.isascii() or text == "%"


def _is_plainly_a_unit(text: str, reading: Reading) -> bool:
    """Whether a last part that the table lacks can be no word: a quotient, a sign, or letters of both cases."""
    if not reading.over:
        return False
    if reading.under or not text.isascii():
        return True
    mixed = text != text.lower() and text != text.upper() and text != text.capitalize()
    return len(text) > _SHORTEST_BARE and mixed and any(one.prefix for one in reading.over)


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
    """Return the unit of a text that is known to be one, also of one that the table does not list.

    >>> (
    ...     unit_like("MILLIMETER/MINUTE").ucum,
    ...     unit_like("bar per hour").kind,
    ...     unit_like("kJ/(kg·K)").unece,
    ... )
    ('mm/min', '', 'B43')
    """
    plain = _VECTOR.sub("", text.strip())
    return (
        (find_unit(plain) or find_unit(plain.replace("_", " ")) or declared_unit(plain))
        if plain
        else None
    )


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
