"""Signals from the other fields of a table: what they mean says what kind of machine this is.

A field that names only a general term (``Temp``) in a table of an oven means the oven's own one. That is
taken for granted only where two independent things say so (the file or device names a class in whose
company the narrower term is met, and a fellow field belongs to that company, or two fellow fields do), and
where they single out one narrower term. Else the general term stays, and a person is asked.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualweave.mappers.align.combiner import first_places
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import words

Vector = NDArray[np.float64]
_KNOWN = 0.5  # probability from which a fellow's meaning is leaned on
_PSEUDO = 5.0
_FIRST = 3  # terms of a fellow field that are looked at
_ENOUGH = 2  # independent things that must say so
_BOUNDARY = re.compile(r"(?<=\w)[/#:](?=\w)")
_COMMON = 0.25  # share of the terms above which a class says nothing


@dataclass(frozen=True)
class _Mate:
    """A field whose meaning is fairly sure: its place in the table and the classes it keeps company with."""

    place: int
    term: int
    classes: frozenset[str]


class Fellowship:
    """Which terms are met in whose company.

    Args:
        targets: The terms.
    """

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        self.size = len(targets)
        counts: dict[str, int] = {}
        for term in targets:
            for one in term.classes:
                counts[one] = counts.get(one, 0) + 1
        common = {one for one, count in counts.items() if count > _COMMON * max(self.size, 4)}
        self._classes = [term.classes - common for term in targets]
        self._members: dict[str, list[int]] = {}
        for place, classes in enumerate(self._classes):
            for one in classes:
                self._members.setdefault(one, []).append(place)
        self._names = [
            [words(name) for iri in term.classes - common for name in term.contexts.get(iri, ())]
            for term in targets
        ]
        place_of = {term.id: place for place, term in enumerate(targets)}
        self._levels, self._share = _groups([one.id for one in targets])
        self._narrower = {
            place: [place_of[one] for one in term.narrower if one in place_of]
            for place, term in enumerate(targets)
            if term.narrower
        }

    def signals(
        self, chances: Sequence[Vector], exact: Sequence[Vector], file: Sequence[set[str]]
    ) -> list[dict[str, Vector]]:
        """Return ``fellow``, ``together``, ``inherited`` and ``outdone`` of every field of a table.

        Args:
            chances: Probabilities of the terms after the first pass, per field.
            exact: The signal ``exact``, per field.
            file: Words of file and device, per field.
        """
        mates = [
            _Mate(place, int(chance.argmax()), self._classes[int(chance.argmax())])
            for place, chance in enumerate(chances)
            if len(chance) and chance.max() >= _KNOWN
        ]
        mates = [one for one in mates if one.classes]
        beside = self._together(chances)
        return [
            self._one(place, exact[place], file[place], mates) | {"together": beside[place]}
            for place in range(len(chances))
        ]

    def _together(self, chances: Sequence[Vector]) -> list[Vector]:
        """Return how much likelier than by chance the source is about each term's part of the vocabulary.

        A part is a namespace: terms of one standard or submodel are mostly used together. The namespace is compared
        with nothing but other namespaces. The log of the ratio between what the other fields seem to mean of it and
        its share of the terms (pointwise mutual information), smoothed by `_PSEUDO` fields that know nothing.
        """
        nothing = np.zeros(self.size)
        if len(chances) < 2 or len(self._share) < 2:  # noqa: PLR2004 - no other field
            return [nothing] * len(chances)
        mass = np.zeros((len(chances), len(self._share)))
        for place, chance in enumerate(chances):
            first = first_places(chance, _FIRST)
            weight = chance[first] / max(float(chance[first].sum()), 1e-12)
            for level in self._levels:
                mass[place] += np.bincount(level[first], weight, minlength=len(self._share))
        others = mass.sum(axis=0) - mass + _PSEUDO * self._share
        ratio = np.log(others / (len(chances) - 1 + _PSEUDO) / self._share)
        ratio[:, -1] = 0.0
        ratio = np.maximum(ratio, 0.0)
        return [np.max([one[level] for level in self._levels], axis=0) for one in ratio]

    def _one(
        self, place: int, exact: Vector, file: set[str], mates: Sequence[_Mate]
    ) -> dict[str, Vector]:
        others = [one for one in mates if one.place != place]
        shared = np.zeros(self.size)
        for mate in others:
            near = {term for one in mate.classes for term in self._members[one]}
            shared[list(near - {mate.term})] += 1.0
        inherited, outdone = np.zeros(self.size), np.zeros(self.size)
        for general in np.flatnonzero(exact):
            for narrow, worth in self._support(int(general), shared, file).items():
                inherited[narrow] = max(inherited[narrow], worth)
                outdone[general] = max(outdone[general], worth)
        return {
            "fellow": shared / max(len(others), 1),
            "inherited": inherited,
            "outdone": outdone,
        }

    def _support(self, general: int, shared: Vector, file: set[str]) -> Mapping[int, float]:
        """Return how well each narrower term is singled out, from 0 to 1."""
        narrower = self._narrower.get(general, [])
        counts = {
            one: min(shared[one], _ENOUGH) + float(any(n and n <= file for n in self._names[one]))
            for one in narrower
        }
        ranked = sorted(counts.items(), key=lambda pair: -pair[1])
        if not ranked or ranked[0][1] == 0:
            return {}
        alone = len(ranked) == 1 or ranked[1][1] < ranked[0][1]
        if alone and ranked[0][1] >= _ENOUGH:
            return {ranked[0][0]: 1.0}
        return {one: 0.2 * min(count, _ENOUGH) / _ENOUGH for one, count in ranked if count}


def _groups(ids: Sequence[str]) -> tuple[list[NDArray[np.intp]], Vector]:
    """Return, per depth, the namespace of each term (the last place: none), and each one's share of the terms.

    Args:
        ids: Of the terms.
    """
    cuts = [[one[: found.end()] for found in _BOUNDARY.finditer(one)] for one in ids]
    counts = Counter(one for found in cuts for one in set(found))
    kept = {
        one: place
        for place, one in enumerate(
            sorted(one for one, n in counts.items() if 1 < n <= _COMMON * len(ids))
        )
    }
    none = len(kept)
    depth = max((sum(one in kept for one in found) for found in cuts), default=0)
    levels = [np.full(len(ids), none, dtype=np.intp) for _ in range(depth)]
    for place, found in enumerate(cuts):
        for level, one in enumerate(one for one in found if one in kept):
            levels[level][place] = kept[one]
    share = np.array([*(counts[one] / len(ids) for one in kept), 1.0])
    return levels, share
