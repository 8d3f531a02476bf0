"""Signals from a language model: how near a name or description is to names and definitions.

Only names and descriptions are embedded. Device and file are separate evidence: pasted into the text they
pull every field of a device towards the same terms.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qualweave import text
from qualweave.config import Settings
from qualweave.mappers.align.target import TargetTerm

Vector = NDArray[np.float64]
_AT_ONCE = 128
_CAP = 8.0  # deviations from the mean, beyond which nearness says no more


class Semantic:
    """The vectors of a vocabulary.

    Args:
        targets: The terms.
        settings: Text model and cache; None leaves these signals at zero.
    """

    def __init__(self, targets: Sequence[TargetTerm], settings: Settings | None) -> None:
        self.targets = tuple(targets)
        self._settings = settings if settings is not None and text.available() else None
        self._near_names: dict[str, text.Vectors] = {}
        self._near_definitions: dict[str, text.Vectors] = {}
        owners = [place for place, one in enumerate(targets) for _ in one.names]
        self._starts = np.searchsorted(owners, np.arange(len(targets)))

    @property
    def works(self) -> bool:
        """Whether a text model is installed and asked for."""
        return self._settings is not None and bool(self.targets)

    def read_ahead(self, named: Iterable[str], defined: Iterable[str]) -> None:
        """Compare many phrases in one go, so that asking for them one by one is quick.

        Args:
            named: What will be compared with names.
            defined: What will be compared with definitions.
        """
        if not self.works:
            return
        every = sorted({one for one in (*named, *defined) if one.strip()})
        asked = dict(zip(every, self.vectors(every), strict=True))
        wanted = [one for one in dict.fromkeys(named) if one in asked]
        self._near_names = _near(self._names, wanted, asked, self._starts)
        if self._definitions is not None:
            wanted = [one for one in dict.fromkeys(defined) if one in asked]
            self._near_definitions = _near(self._definitions, wanted, asked, None)

    def vectors(self, phrases: Sequence[str]) -> text.Vectors:
        """Return the vectors of phrases; an empty array where there is no text model."""
        if self._settings is None or not phrases:
            return np.zeros((0, 1), dtype=np.float32)
        return text.encode(phrases, kind="query", settings=self._settings)

    @cached_property
    def _names(self) -> text.Vectors:
        every = [name for one in self.targets for name in one.names]
        return text.encode(every, kind="query", settings=self._settings)

    @cached_property
    def _definitions(self) -> text.Vectors | None:
        if not any(one.description for one in self.targets):
            return None
        told = [one.description or one.label() for one in self.targets]
        return text.encode(told, kind="passage", settings=self._settings)

    def named(self, phrase: str) -> Vector:
        """Return how near a phrase is to each term's nearest name, in deviations over `_CAP`."""
        if not self.works or not phrase.strip():
            return np.zeros(len(self.targets))
        found = self._near_names.get(phrase)
        if found is None:
            found = np.maximum.reduceat(self._names @ self._asked(phrase), self._starts)
        return _standardised(found)

    def defined(self, phrase: str) -> Vector:
        """Return how near a phrase is to each term's definition, likewise."""
        if not self.works or not phrase.strip() or self._definitions is None:
            return np.zeros(len(self.targets))
        found = self._near_definitions.get(phrase)
        return _standardised(self._definitions @ self._asked(phrase) if found is None else found)

    def _asked(self, phrase: str) -> NDArray[np.float32]:
        return np.asarray(
            text.encode([phrase], kind="query", settings=self._settings)[0], dtype=np.float32
        )


def _near(
    vectors: text.Vectors,
    phrases: Sequence[str],
    asked: Mapping[str, text.Vectors],
    starts: NDArray[np.intp] | None,
) -> dict[str, text.Vectors]:
    """Return, per phrase, the cosine with each vector, or the best of each term's vectors."""
    found: dict[str, text.Vectors] = {}
    for first in range(0, len(phrases), _AT_ONCE):
        some = phrases[first : first + _AT_ONCE]
        cosines = vectors @ np.stack([asked[one] for one in some]).T
        best = cosines if starts is None else np.maximum.reduceat(cosines, starts, axis=0)
        found |= dict(zip(some, np.ascontiguousarray(best.T), strict=True))
    return found


def _standardised(values: NDArray[np.floating]) -> Vector:
    spread = float(values.std()) or 1.0
    return np.clip((np.asarray(values, dtype=float) - float(values.mean())) / spread, 0, _CAP) / 4
