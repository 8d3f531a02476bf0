"""Units in field names: ``Temp [°C]``, ``温度_℃``, ``Speed(m/min)``, ``pressure_kPa``, ``test_time_second``.

A unit in brackets, or a last part that is a unit, is taken off the name. A bare letter is a unit only in
brackets: ``phase_A`` is not an ampere.
"""

import re
import unicodedata
from dataclasses import dataclass

from qualweave.values import Unit, find_unit

_BRACKETS = re.compile(r"[\[(（【<{]\s*([^\[\](){}（）【】<>]{1,24}?)\s*[\])）】>}]\s*$")
_TAIL = re.compile(r"^(.*?)[_\s\-./|:,，]+([^_\s\-|:,，]{1,24})$")
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
    tail = _TAIL.match(plain)
    if tail is not None:
        base, text = tail.group(1), tail.group(2)
        unit = find_unit(text)
        if unit is not None and _may_stand_bare(text):
            return NamedUnit(base.strip(" _-"), text, unit)
    return NamedUnit(plain, "", None)


def _may_stand_bare(text: str) -> bool:
    if text.casefold() in _NOT_BARE or text.isdigit():
        return False
    return len(text) >= _SHORTEST_BARE or not text.isascii() or text == "%"
