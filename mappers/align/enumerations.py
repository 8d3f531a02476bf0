"""Evidence from enumerations: the values that a field takes are values of a term.

A description that lists ``RUNNING``, ``HELD`` and ``ABORTED``, or a column in which they stand, tells a state of a
machine whatever its name. Two values at least must agree: one may be chance. Numbers are no evidence, since every code
list has a 1.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.mappers.align.naming import is_number
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import key
from qualweave.mappers.profile import FieldProfile

Vector: TypeAlias = NDArray[np.float64]
_LISTED = frozenset({"code", "text", "identifier"})
_LEAST = 2


class Enumerations:
    """The values of the terms of a vocabulary.

    Args:
        targets: The terms.
    """

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        self._size = len(targets)
        self._places: dict[str, list[int]] = {}
        for place, one in enumerate(targets):
            for value in _keys(one.values):
                self._places.setdefault(value, []).append(place)

    def signals(self, field: FieldProfile) -> dict[str, Vector]:
        """Return ``values``: the share of the field's values that are values of each term, 0 … 1."""
        found = np.zeros(self._size)
        if not self._places:
            return {"values": found}
        asked = values_of(field)
        for one in asked:
            met = {place for spelt in _keys(one) for place in self._places.get(spelt, ())}
            found[sorted(met)] += 1.0
        found[found < _LEAST] = 0.0
        return {"values": found / max(len(asked), 1)}


def values_of(field: FieldProfile) -> list[tuple[str, ...]]:
    """Return the values of a field, each by its code and names; of a table those that were seen."""
    if field.declared is not None and field.declared.values:
        return [(one.code, *one.names.values()) for one in field.declared.values]
    return [(one,) for one in field.samples] if field.type in _LISTED else []


def shared(field: FieldProfile, term: TargetTerm) -> list[str]:
    """Return the values of a field that a term has, as the source writes them."""
    theirs = _keys(term.values)
    said = [
        next((one for one in names if theirs & _keys((one,))), "") for names in values_of(field)
    ]
    return [one for one in said if one]


def _keys(values: Iterable[str]) -> frozenset[str]:
    return frozenset(key(one) for one in values if one and not is_number(one))
