"""Signals from values: unit and dimension, range, and what the cells look like."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qualweave.errors import UnknownUnit
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.units import unit_like
from qualweave.values import Unit, conversion

Vector = NDArray[np.float64]
_TYPES: Mapping[str, Mapping[str, float]] = {
    "decimal": {"number": 1.0},
    "integer": {"number": 1.0, "identifier": 1.0},
    "boolean": {"boolean": 1.0, "number": -0.5},
    "time": {"time": 1.0},
    "code": {"identifier": 1.0, "text": 1.0},
    "identifier": {"identifier": 1.0, "text": 1.0},
    "text": {"text": 1.0, "identifier": 1.0},
    "empty": {},
}
_NO_UNIT = {"time", "identifier", "text", "boolean", "running", "unit"}
_RUNNING = {"running": 1.0, "identifier": 0.0}


class Quantities:
    """Units, ranges and value types of a vocabulary."""

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        self._targets = tuple(targets)
        self._units = [unit_like(one.unit) if one.unit else None for one in targets]
        self._without_unit = np.array([one.value_type in _NO_UNIT for one in targets])
        self._distinct: dict[Unit, list[int]] = {}
        for place, unit in enumerate(self._units):
            if unit is not None:
                self._distinct.setdefault(unit, []).append(place)
        self._some_units = bool(self._distinct)
        self._ranged = {
            unit: [place for place in places if self._targets[place].typical is not None]
            for unit, places in self._distinct.items()
        }
        self._written = _places(one.unit.casefold() for one in targets)
        self._types = _places(one.value_type for one in targets)

    def signals(self, field: FieldProfile) -> dict[str, Vector]:
        """Return the signals of a field; ``unit_against`` is 1 where its unit contradicts the term's."""
        size = len(self._targets)
        unit, same, lacking, unasked, inside = (np.zeros(size) for _ in range(5))
        theirs = field.unit
        against = np.zeros(size)
        if theirs is not None:
            against[self._without_unit] = 1.0
            unasked[:] = float(self._some_units)
        for one, places in self._distinct.items():
            unasked[places] = 0.0
            factor, offset = 1.0, 0.0
            if theirs is None:
                lacking[places] = float(not field.unit_text)
            else:
                try:
                    factor, offset = conversion(theirs, one)
                except UnknownUnit:
                    against[places] = 1.0
                    continue
                unit[places] = 1.0
                same[places] = float((factor, offset) == (1.0, 0.0))
            for place in self._ranged[one]:
                inside[place] = _inside(field, factor, offset, self._targets[place])
        if field.unit_text and field.unit_text.casefold() in self._written:
            same[self._written[field.unit_text.casefold()]] = 1.0
        return {
            "unit": unit,
            "unit_same": same,
            "unit_against": against,
            "unit_missing": lacking,
            "unit_unasked": np.where(against > 0, 0.0, unasked),
            "range": inside,
            "value_type": self._suits(field),
        }

    def _suits(self, field: FieldProfile) -> Vector:
        fitting = _TYPES[field.type]
        if not fitting or not field.count:
            return np.zeros(len(self._targets))
        suits = dict(fitting)
        if field.type == "integer" and field.monotone and field.distinct == field.count > 1:
            suits |= _RUNNING
        if field.samples and all(unit_like(one) is not None for one in field.samples):
            suits = {"unit": 1.0} | dict.fromkeys(suits, 0.0)
        found = np.zeros(len(self._targets))
        for one, places in self._types.items():
            found[places] = suits.get(one, -1.0)
        return found


def _places(values: Iterable[str]) -> dict[str, NDArray[np.intp]]:
    """Return the places of each value that is not empty."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(values):
        if one:
            found.setdefault(one, []).append(place)
    return {one: np.array(places, dtype=np.intp) for one, places in found.items()}


def _inside(field: FieldProfile, factor: float, offset: float, term: TargetTerm) -> float:
    """Return the share of the field's quantiles in the term's usual range, minus one half."""
    if term.typical is None or not field.quantiles:
        return 0.0
    low, high = term.typical
    slack = 1e-6 * max(abs(low), abs(high))
    converted = [one * factor + offset for one in field.quantiles]
    return sum(low - slack <= one <= high + slack for one in converted) / len(converted) - 0.5
