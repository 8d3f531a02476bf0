"""How well a field's unit agrees with the terms of a vocabulary of units.

A vocabulary is one of units when most of its labels are read as units by the grammar; of any other the
comparer says nothing. Ids are never read. Nothing here is fitted to a set: agreement is a ladder (`Level`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from qualweave.unit_grammar import Dimension, Reading, dimension_of, fold, readings

Vector = NDArray[np.float64]
_DIMENSION = re.compile(r"A-?\dE-?[\d]")
_ENOUGH: Final = 0.6  # share of the terms that must be units
_PROBE: Final = 64  # terms looked at first
_SAME_WORDS, _STRUCTURE, _KIND, _SIZE, _DIMENSION_ONLY = 1.0, 0.9, 0.75, 0.65, 0.2
_CONTRADICTION: Final = -1.0
_DOUBT: Final = -0.4  # what one text of several costs that contradicts
_NOTES: Final = 0.04  # what a differing qualifier costs
_ORDER: Final = 0.01  # what the same order of the units adds
_SPELT: Final = 2.0  # a text in words counts as much as two in symbols
_LEAST: Final = 2


class Term(Protocol):
    """What the comparer reads of a term."""

    @property
    def names(self) -> Sequence[str]:
        """Label and other names, in any language."""

    @property
    def kind(self) -> str:
        """Dimension vector such as ``A0E0L1I0M0H0T0D0``, or anything else."""


@dataclass(frozen=True)
class _Meaning:
    place: int
    reading: Reading


class UnitTerms:
    """The terms of a vocabulary, read as units.

    Args:
        targets: The terms.

    Attributes:
        is_unit_vocabulary: Whether most of the terms are units; if not, `agreement` is always 0.
    """

    def __init__(self, targets: Sequence[Term]) -> None:
        self._size = len(targets)
        self._structures: dict[object, list[_Meaning]] = {}
        self._sizes: dict[object, list[_Meaning]] = {}
        self._spellings: dict[str, list[int]] = {}
        self._dimensions: list[Dimension | None] = [None] * self._size
        self._groups: dict[Dimension, NDArray[np.intp]] = {}
        self._words: list[frozenset[str]] = []
        self.is_unit_vocabulary = self._probe(targets) and self._learn(targets)

    def agreement(self, texts: Sequence[str]) -> Vector:
        """Return how well each term agrees with a field's texts (name, unit, description).

        Args:
            texts: Texts that may be a unit; those that are none are left out.

        Returns:
            1 same unit and words, 0.9 same structure, 0.75 same size and kind, 0.65 same size, 0.2 same
            dimension, 0 nothing known, -1 contradiction; the weighted mean over the texts, scaled by how
            readily they are read so. shape: (number of terms,)
        """
        total = np.zeros(self._size)
        if not self.is_unit_vocabulary:
            return total
        weight, refuted = 0.0, self._known.copy()
        for text in dict.fromkeys(texts):
            meant = readings(text) if text else ()
            if meant:
                share = _SPELT if meant[0].spelled else 1.0
                level = self._of(meant)
                refuted &= level <= _CONTRADICTION
                total += share * np.maximum(level, _DOUBT)
                weight += share
        found = np.where(refuted, _CONTRADICTION, total / weight) if weight else total
        return found + self._words_in_common(texts, found)

    def _probe(self, targets: Sequence[Term]) -> bool:
        step = max(1, self._size // _PROBE)
        probe = targets[::step]
        units = sum(any(readings(one) for one in term.names) for term in probe)
        return self._size >= _LEAST and units >= _ENOUGH * len(probe)

    def _learn(self, targets: Sequence[Term]) -> bool:
        groups: dict[Dimension, list[int]] = {}
        read = 0
        for place, term in enumerate(targets):
            names = tuple(dict.fromkeys(term.names))
            found = [one for name in names for one in readings(name)]
            read += bool(found)
            stated = dimension_of(term.kind) if _DIMENSION.match(term.kind) else None
            fitting = [one for one in found if stated is None or one.dimension == stated]
            for one in fitting or found:
                self._structures.setdefault(one.structure, []).append(_Meaning(place, one))
                self._sizes.setdefault(one.size_key, []).append(_Meaning(place, one))
            dimension = stated or next((one.dimension for one in found), None)
            self._dimensions[place] = dimension
            if dimension is not None:
                groups.setdefault(dimension, []).append(place)
            for name in names:
                self._spellings.setdefault(_spelling(name), []).append(place)
            self._words.append(frozenset(word for name in names for word in _words(name)))
        self._groups = {key: np.array(places) for key, places in groups.items()}
        self._known = np.array([one is not None for one in self._dimensions])
        return read >= _ENOUGH * self._size

    def _of(self, meant: Sequence[Reading]) -> Vector:
        found = np.full(self._size, np.where(self._known, _CONTRADICTION, 0.0))
        for one in meant:
            places = self._groups.get(one.dimension)
            if places is not None:
                np.maximum.at(found, places, _DIMENSION_ONLY * one.weight)
            for other in self._sizes.get(one.size_key, ()):
                level = _KIND if other.reading.kind == one.kind else _SIZE
                self._raise(found, other, one, level)
            for other in self._structures.get(one.structure, ()):
                self._raise(found, other, one, _STRUCTURE)
        return found

    @staticmethod
    def _raise(found: Vector, other: _Meaning, one: Reading, level: float) -> None:
        differing = len(one.notes ^ other.reading.notes)
        value = level * one.weight * other.reading.weight - _NOTES * min(differing, 2)
        value += _ORDER * (one.order == other.reading.order)
        found[other.place] = max(found[other.place], value)

    def _words_in_common(self, texts: Sequence[str], found: Vector) -> Vector:
        """Return up to 0.1 for the terms in front that are also spelt as the field is."""
        more = np.zeros(self._size)
        top = found.max(initial=0.0)
        said = frozenset(word for text in texts for word in _words(text))
        for text in texts:
            for place in self._spellings.get(_spelling(text), ()):
                more[place] += 0.05 / max(1, len(texts))
        for place in np.flatnonzero(found >= max(top - 0.3, 0.3)).tolist():
            own = self._words[place]
            if own and said:
                more[place] += 0.05 * len(own & said) / len(own | said)
        return more


def _spelling(text: str) -> str:
    return fold(text) if len(text) > _LEAST + 1 else text


_WORD = re.compile(r"[^\W\d_]+|\d+")


def _words(text: str) -> list[str]:
    """Return the words of a text and its pairs of neighbours, so that order counts."""
    single = [fold(one) for one in _WORD.findall(text)]
    return single + [f"{one} {other}" for one, other in pairwise(single)]
