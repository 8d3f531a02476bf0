"""Signals from a language model: how near a name or description is to names and definitions.

Only names and descriptions are embedded. Device and file are separate evidence: pasted into the text they
pull every field of a device towards the same terms.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qualweave import text
from qualweave.config import Settings
from qualweave.mappers.align.target import TargetTerm

Vector = NDArray[np.float64]
_CAP = 8.0  # deviations from the mean, beyond which nearness says no more


class Semantic:
    """The vectors of a vocabulary.

    Args:
        targets: The terms.
        settings: Text model and cache; None leaves these signals at zero.
    """

    def __init__(self, targets: Sequence[TargetTerm], settings: Settings | None) -> None:
        self._targets = tuple(targets)
        self._settings = settings if settings is not None and text.available() else None
        owners = [place for place, one in enumerate(targets) for _ in one.names]
        self._starts = np.searchsorted(owners, np.arange(len(targets)))

    @property
    def works(self) -> bool:
        """Whether a text model is installed and asked for."""
        return self._settings is not None and bool(self._targets)

    def read_ahead(self, phrases: Iterable[str]) -> None:
        """Encode phrases in one go, so that asking for them one by one is quick."""
        if self._settings is not None:
            wanted = sorted({one for one in phrases if one.strip()})
            text.encode(wanted, kind="query", settings=self._settings)

    @cached_property
    def _names(self) -> text.Vectors:
        every = [name for one in self._targets for name in one.names]
        return text.encode(every, kind="query", settings=self._settings)

    @cached_property
    def _definitions(self) -> text.Vectors | None:
        if not any(one.description for one in self._targets):
            return None
        told = [one.description or one.label() for one in self._targets]
        return text.encode(told, kind="passage", settings=self._settings)

    def named(self, phrase: str) -> Vector:
        """Return how near a phrase is to each term's nearest name, in deviations over `_CAP`."""
        if not self.works or not phrase.strip():
            return np.zeros(len(self._targets))
        return _standardised(np.maximum.reduceat(self._names @ self._asked(phrase), self._starts))

    def defined(self, phrase: str) -> Vector:
        """Return how near a phrase is to each term's definition, likewise."""
        if not self.works or not phrase.strip() or self._definitions is None:
            return np.zeros(len(self._targets))
        return _standardised(self._definitions @ self._asked(phrase))

    def _asked(self, phrase: str) -> NDArray[np.float32]:
        return np.asarray(
            text.encode([phrase], kind="query", settings=self._settings)[0], dtype=np.float32
        )


def _standardised(values: NDArray[np.floating]) -> Vector:
    spread = float(values.std()) or 1.0
    return np.clip((np.asarray(values, dtype=float) - float(values.mean())) / spread, 0, _CAP) / 4
