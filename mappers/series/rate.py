"""Whether values come at a rate: decided from the steps between the newest of them, and said again as they change.

A field is at rate while nine of ten of its newest 32 steps are no longer than a second (and a tenth, for clocks that
waver). It stays so until more than one of ten is longer than two seconds, so that a field near the limit does not
change with every value; one pause, however long, changes nothing.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from qualweave.mappers.series.axis import LEAST_RATE, LEAST_SAMPLES

_ENTER = int(1.1e6 / LEAST_RATE)  # microseconds
_LEAVE = int(2e6 / LEAST_RATE)
_LONG = 0.1  # share of steps that may be longer
_ARRIVALS = 250_000  # microseconds: what a broker held back comes in a burst, which is no rate of the source


@dataclass
class RateWindow:
    """The newest steps of one field.

    Attributes:
        steps: Microseconds between samples, the newest last.
        last: Time of the newest sample, microseconds since 1970; None before the first.
        at_rate: Whether its values come at a rate now.
        was_at_rate: Whether they did at any time since `close`: what the open segment holds goes one way.
    """

    steps: deque[int] = field(default_factory=lambda: deque(maxlen=LEAST_SAMPLES))
    last: int | None = None
    at_rate: bool = False
    was_at_rate: bool = False

    def note(self, at: int, *, arrival: bool = False) -> bool:
        """Take note of a sample and return whether its field is at rate.

        Args:
            at: Microseconds since 1970; what is not newer than the newest says nothing of the rate.
            arrival: Whether that is when it came in and not when it was taken.
        """
        step = at - self.last if self.last is not None else 0
        if self.last is not None and step <= (_ARRIVALS if arrival else 0):
            return self.at_rate
        if self.last is not None:
            self.steps.append(step)
        self.last = at
        limit = _LEAVE if self.at_rate else _ENTER
        # only a long step ends a rate, and only a short one begins it: all others need no counting
        if len(self.steps) == LEAST_SAMPLES and (step > limit) == self.at_rate:
            self.at_rate = sum(one > limit for one in self.steps) <= _LONG * LEAST_SAMPLES
            self.was_at_rate |= self.at_rate
        return self.at_rate

    @property
    def rate(self) -> float:
        """Samples per second, by the usual step; 0 before there are two."""
        ordered = sorted(self.steps)
        return 1e6 / ordered[len(ordered) // 2] if ordered else 0.0

    def close(self) -> None:
        """Begin a new segment."""
        self.was_at_rate = self.at_rate

    def to_json(self) -> dict[str, Any]:
        """Return the window as JSON values."""
        return {**vars(self), "steps": list(self.steps)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RateWindow":
        """Return the window that was kept."""
        return cls(**{**values, "steps": deque(values["steps"], maxlen=LEAST_SAMPLES)})


def keeps_rate(times: pl.Series) -> bool:
    """Return whether the samples of one thing within a segment follow each other as those of a series do.

    Args:
        times: Microseconds, rising; shape: (n,).
    """
    steps = times.diff().drop_nulls()
    return len(steps) > 0 and int((steps > _LEAVE).sum()) <= _LONG * len(steps)
