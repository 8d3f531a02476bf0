"""Slow drift: how long charts take to notice it, and a detector that looks for a ramp.

X̄-R with run rules waits for whole subgroups and for runs. The ramp detector holds the last values against ramps
of several lengths (a generalised likelihood ratio with known variance) and is calibrated to the *same* share of
false alarms in drift-free series, so delays can be compared. Source: D. Siegmund, E. S. Venkatraman, Using the
generalized likelihood ratio statistic for sequential detection of a change-point (1995).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from qualweave.reasoning.statistics.control_charts import xbar_r
from qualweave.reasoning.statistics.rules import Floats

Watch: TypeAlias = Callable[[Floats, int], int | None]
"""From a series and the length of its phase I to the item at which a detector alarms, None for never."""

WINDOWS = (8, 16, 32, 64, 128)
_SERIES = 400


def ramp_statistic(values: Floats, phase_one: int) -> Floats:
    """Return, at each item, the clearest ramp that ends there, in standard normal units; shape ``(n,)``.

    Args:
        values: Series in time order, shape ``(n,)``.
        phase_one: Number of first values that tell mean and spread.
    """
    base = values[:phase_one]
    z = (values - base.mean()) / (base.std(ddof=1) or np.inf)
    z = z.copy()
    z[:phase_one] = 0.0
    best = np.zeros(len(z))
    for width in WINDOWS:
        ramp = np.arange(1, width + 1, dtype=np.float64)
        found = np.convolve(z, ramp[::-1])[: len(z)] / np.sqrt((ramp**2).sum())
        best = np.maximum(best, np.abs(found))
    return best


def chart_alarm(size: int = 5) -> Watch:
    """Return the watch of an X̄-R chart with all four run rules; it alarms when the subgroup is complete."""

    def watch(values: Floats, phase_one: int) -> int | None:
        chart = xbar_r(values, size=size, phase_one=phase_one // size)
        first = chart.first_signal(phase_one // size)
        return None if first is None else (first + 1) * size - 1

    return watch


def ramp_alarm(threshold: float) -> Watch:
    """Return the watch of the ramp detector at a threshold."""

    def watch(values: Floats, phase_one: int) -> int | None:
        over = np.flatnonzero(ramp_statistic(values, phase_one)[phase_one:] > threshold)
        return int(over[0]) + phase_one if len(over) else None

    return watch


def quiet_series(count: int, length: int, seed: int) -> Floats:
    """Return drift-free normal series, shape ``(count, length)``."""
    return np.random.default_rng(seed).normal(size=(count, length))


def false_alarm_share(watch: Watch, phase_one: int, horizon: int, seed: int = 0) -> float:
    """Return the share of drift-free series in which a watch alarms within ``horizon`` items."""
    series = quiet_series(_SERIES, phase_one + horizon, seed)
    return float(np.mean([watch(one, phase_one) is not None for one in series]))


def calibrated_ramp(phase_one: int, horizon: int, share: float, seed: int = 1) -> float:
    """Return the threshold at which the ramp detector alarms in a share of drift-free series."""
    series = quiet_series(_SERIES, phase_one + horizon, seed)
    peaks = [float(ramp_statistic(one, phase_one).max()) for one in series]
    return float(np.quantile(peaks, 1 - share))


@dataclass(frozen=True)
class Delay:
    """Detection delays of one watch over many drifting series.

    Attributes:
        name: Of the watch.
        delays: Items from the start of the drift to the alarm, where it alarmed after the start.
        missed: Series without an alarm.
        early: Series with an alarm before the drift began.
    """

    name: str
    delays: tuple[int, ...]
    missed: int
    early: int

    @property
    def median(self) -> float:
        """Median delay in items."""
        return float(np.median(self.delays)) if self.delays else float("nan")


def detection_delays(
    name: str, watch: Watch, series: Floats, *, start: int, phase_one: int
) -> Delay:
    """Return the delays of a watch.

    Args:
        name: Of the watch.
        watch: What alarms.
        series: Shape ``(count, n)``.
        start: Item at which the drift begins.
        phase_one: Items that tell mean and spread.
    """
    alarms = [watch(one, phase_one) for one in np.atleast_2d(series)]
    told = [one for one in alarms if one is not None]
    return Delay(
        name=name,
        delays=tuple(one - start for one in told if one >= start),
        missed=len(alarms) - len(told),
        early=sum(one < start for one in told),
    )
