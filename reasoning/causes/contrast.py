"""Numbers that a ranking of causes rests on: odds of exposure with an interval, and robust deviations."""

import math
from dataclasses import dataclass

import numpy as np

from qualweave.reasoning.trace.parts import Numbers

THRESHOLD = 3.5
"""Robust z from which a value deviates (Iglewicz and Hoaglin, 1993, for the modified z-score)."""
_FEWEST = 8  # values, below which a history says nothing of what is usual
_TO_SIGMA = 1.4826  # MAD to standard deviation of a normal distribution


@dataclass(frozen=True)
class Contrast:
    """How much more often bad items met an exposure than good ones.

    Attributes:
        bad_exposed: Bad items that met it.
        bad: All bad items.
        good_exposed: Good items that met it.
        good: All good items.
    """

    bad_exposed: int
    bad: int
    good_exposed: int
    good: int

    @property
    def log_odds_ratio(self) -> float:
        """Log odds ratio with half a count added to each cell (Haldane and Anscombe)."""
        a, b, c, d = self._cells
        return math.log(a * d / (b * c))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the log odds ratio (Woolf's standard error)."""
        error = math.sqrt(sum(1 / cell for cell in self._cells))
        return self.log_odds_ratio - 1.96 * error, self.log_odds_ratio + 1.96 * error

    @property
    def _cells(self) -> tuple[float, float, float, float]:
        return (
            self.bad_exposed + 0.5,
            self.bad - self.bad_exposed + 0.5,
            self.good_exposed + 0.5,
            self.good - self.good_exposed + 0.5,
        )


@dataclass(frozen=True)
class Baseline:
    """What is usual for a value: median and robust standard deviation of its history."""

    median: float
    scale: float
    count: int

    @classmethod
    def of(cls, history: Numbers) -> "Baseline | None":
        """Return the baseline of a history of shape ``(n,)``, None where it is too short or never varies."""
        if len(history) < _FEWEST:
            return None
        median = float(np.median(history))
        scale = float(np.median(np.abs(history - median))) * _TO_SIGMA
        if scale <= 0:  # more than half are equal: the mean deviation still sees the others
            scale = float(np.mean(np.abs(history - median))) * 1.2533
        return cls(median, scale, len(history)) if scale > 0 else None

    def z(self, value: float) -> float:
        """Return how many robust standard deviations a value is off."""
        return (value - self.median) / self.scale
