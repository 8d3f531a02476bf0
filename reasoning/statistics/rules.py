"""The four Western Electric zone rules, vectorised, each under its own name.

Source: Western Electric Company, Statistical Quality Control Handbook (1956), part B. A run rule marks the
point that completes the run, so its delay is counted honestly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
RuleName: TypeAlias = Literal[
    "1: one beyond 3 sigma",
    "2: two of three beyond 2 sigma",
    "3: four of five beyond 1 sigma",
    "4: eight on one side",
]
RULES: Mapping[RuleName, tuple[int, int, float]] = MappingProxyType(
    {
        "1: one beyond 3 sigma": (1, 1, 3.0),
        "2: two of three beyond 2 sigma": (2, 3, 2.0),
        "3: four of five beyond 1 sigma": (4, 5, 1.0),
        "4: eight on one side": (8, 8, 0.0),
    }
)
"""Rule to (how many, of how many, beyond how many sigma on the same side)."""


@dataclass(frozen=True)
class Signal:
    """One point that breaks a rule.

    Attributes:
        index: Place of the point.
        rule: The rule.
        value: The plotted value.
        side: ``1`` above the centre, ``-1`` below.
    """

    index: int
    rule: RuleName
    value: float
    side: int


def western_electric(values: Floats, centre: float, sigma: Floats | float) -> dict[RuleName, Flags]:
    """Return which points break which rule, on either side.

    Args:
        values: Plotted values in order, shape ``(n,)``.
        centre: Centre line.
        sigma: Standard deviation of a plotted value, one for all or shape ``(n,)``.

    Returns:
        Rule to flags of shape ``(n,)``.
    """
    return {
        rule: broken_above | broken_below
        for rule, (broken_above, broken_below) in _sided(values, centre, sigma).items()
    }


def signals(values: Floats, centre: float, sigma: Floats | float) -> tuple[Signal, ...]:
    """Return the points that break a rule, in order, with rule and side."""
    found = [
        Signal(int(index), rule, float(values[index]), side)
        for rule, sides in _sided(values, centre, sigma).items()
        for side, broken in zip((1, -1), sides, strict=True)
        for index in np.flatnonzero(broken)
    ]
    return tuple(sorted(found, key=lambda one: (one.index, one.rule)))


def _sided(
    values: Floats, centre: float, sigma: Floats | float
) -> dict[RuleName, tuple[Flags, Flags]]:
    safe = np.where(np.asarray(sigma) > 0, sigma, np.inf)
    z = (np.asarray(values, dtype=np.float64) - centre) / safe
    return {
        rule: (_run(z > beyond, need, window), _run(z < -beyond, need, window))
        for rule, (need, window, beyond) in RULES.items()
    }


def _run(beyond: Flags, need: int, window: int) -> Flags:
    """Return where at least ``need`` of the last ``window`` points, and the point itself, are beyond."""
    total = np.concatenate([[0], np.cumsum(beyond)])
    ends = np.arange(1, len(beyond) + 1)
    inside = total[ends] - total[np.maximum(ends - window, 0)]
    return np.asarray((inside >= need) & beyond, dtype=np.bool_)
