"""X̄-R and individuals charts and process capability: what a plant already has, computed properly.

Limits come from a first part of the series (phase I) and are held against the rest (phase II). Values are in
the parameter's canonical unit. Source: D. C. Montgomery, Introduction to Statistical Quality Control,
chapters 6 and 8; ISO 7870-2.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from qualweave.errors import InputError, JsonValue, NotEnoughEvidence
from qualweave.reasoning.statistics.constants import constants
from qualweave.reasoning.statistics.rules import Floats, Signal, signals

ChartKind: TypeAlias = Literal["xbar-r", "individuals"]
_FEWEST_POINTS = 8  # rule 4 needs as many; fewer give limits of no use


@dataclass(frozen=True)
class Limits:
    """Centre line and control limits of one chart, in the unit of what is plotted."""

    centre: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ControlChart:
    """A location chart with its spread chart.

    Attributes:
        kind: ``"xbar-r"`` or ``"individuals"``.
        subgroup_size: Values per plotted point.
        points: Means (or single values), shape ``(num_points,)``.
        spreads: Ranges (or moving ranges, the first of which is NaN), shape ``(num_points,)``.
        location: Limits of ``points``.
        spread: Limits of ``spreads``.
        sigma: Estimated standard deviation of a single value within a subgroup.
        phase_one: Number of points that the limits come from.
        signals: Points that break a Western Electric rule on the location chart.
        spread_signals: Places where the spread leaves its limits.
    """

    kind: ChartKind
    subgroup_size: int
    points: Floats
    spreads: Floats
    location: Limits
    spread: Limits
    sigma: float
    phase_one: int
    signals: tuple[Signal, ...]
    spread_signals: tuple[int, ...]

    def first_signal(self, start: int = 0) -> int | None:
        """Return the first point from ``start`` on that any rule of either chart marks."""
        places = [one.index for one in self.signals] + list(self.spread_signals)
        return min((place for place in places if place >= start), default=None)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the chart as JSON values."""
        spreads: list[JsonValue] = [None if np.isnan(one) else float(one) for one in self.spreads]
        return {
            "kind": self.kind,
            "subgroup_size": self.subgroup_size,
            "points": [float(one) for one in self.points],
            "spreads": spreads,
            "location": {**vars(self.location)},
            "spread": {**vars(self.spread)},
            "sigma": self.sigma,
            "phase_one": self.phase_one,
            "signals": [{**vars(one)} for one in self.signals],
            "spread_signals": list(self.spread_signals),
        }


def xbar_r(values: ArrayLike, *, size: int = 5, phase_one: int | None = None) -> ControlChart:
    """Return the X̄-R chart of a series cut into subgroups in time order.

    Args:
        values: Single values in time order, shape ``(n,)``; an incomplete last subgroup is left out.
        size: Values per subgroup.
        phase_one: Number of subgroups that give the limits; all where left out.

    Raises:
        NotEnoughEvidence: If there are fewer than 8 subgroups for the limits.
        InputError: If a value is not finite or the subgroup size has no constants.
    """
    series, table = _finite(values), constants(size)
    count = len(series) // size
    groups = series[: count * size].reshape(count, size)
    base = _phase(count, phase_one)
    points, spreads = groups.mean(axis=1), np.ptp(groups, axis=1)
    mean_range = float(spreads[:base].mean())
    centre, sigma = float(points[:base].mean()), mean_range / table.d2
    spread = Limits(mean_range, table.lower_d * mean_range, table.upper_d * mean_range)
    return ControlChart(
        kind="xbar-r",
        subgroup_size=size,
        points=points,
        spreads=spreads,
        location=Limits(centre, centre - table.a2 * mean_range, centre + table.a2 * mean_range),
        spread=spread,
        sigma=sigma,
        phase_one=base,
        signals=signals(points, centre, sigma / np.sqrt(size)),
        spread_signals=_outside(spreads, spread),
    )


def individuals(values: ArrayLike, *, phase_one: int | None = None) -> ControlChart:
    """Return the chart of single values with moving ranges of two (I-MR).

    Args:
        values: Single values in time order, shape ``(n,)``.
        phase_one: Number of values that give the limits; all where left out.

    Raises:
        NotEnoughEvidence: If there are fewer than 8 values for the limits.
        InputError: If a value is not finite.
    """
    series, table = _finite(values), constants(2)
    base = _phase(len(series), phase_one)
    moving = np.concatenate([[np.nan], np.abs(np.diff(series))])
    mean_range = float(moving[1:base].mean())
    centre, sigma = float(series[:base].mean()), mean_range / table.d2
    spread = Limits(mean_range, 0.0, table.upper_d * mean_range)
    return ControlChart(
        kind="individuals",
        subgroup_size=1,
        points=series,
        spreads=moving,
        location=Limits(centre, centre - 3 * sigma, centre + 3 * sigma),
        spread=spread,
        sigma=sigma,
        phase_one=base,
        signals=signals(series, centre, sigma),
        spread_signals=_outside(moving, spread),
    )


def _finite(values: ArrayLike) -> Floats:
    series = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(series).all():
        place = int(np.flatnonzero(~np.isfinite(series))[0])
        raise InputError(
            f"Value {place} of the series is not a number.",
            message_zh=f"序列的第 {place} 个值不是数值。",
            next_step="Leave out missing values before charting.",
            next_step_zh="绘图前请剔除缺失值。",
            data={"index": place},
        )
    return series


def _phase(count: int, wanted: int | None) -> int:
    base = count if wanted is None else min(wanted, count)
    if base < _FEWEST_POINTS:
        raise NotEnoughEvidence(
            f"Control limits need {_FEWEST_POINTS} points, {base} are there.",
            message_zh=f"控制限至少需要 {_FEWEST_POINTS} 个点，现有 {base} 个。",
            next_step="Choose a longer period or a smaller subgroup.",
            next_step_zh="请选择更长的时段或更小的子组。",
            data={"missing": "points", "points": base, "limit": _FEWEST_POINTS},
        )
    return base


def _outside(spreads: Floats, limits: Limits) -> tuple[int, ...]:
    with np.errstate(invalid="ignore"):
        outside = (spreads > limits.upper) | (spreads < limits.lower)
    return tuple(int(place) for place in np.flatnonzero(outside))


@dataclass(frozen=True)
class Capability:
    """Capability of a process against its specification.

    Attributes:
        cp: Tolerance over six sigma within subgroups; None with one limit only.
        cpk: Distance of the mean to the nearer limit over three sigma within.
        pp: As ``cp`` with the overall standard deviation.
        ppk: As ``cpk`` with the overall standard deviation.
        cpk_low: Lower end of the 95 % interval of ``cpk`` (Bissell 1990).
        cpk_high: Upper end.
        expected_ppm: Share outside the specification if the values are normal, per million.
        count: Number of values.
    """

    cp: float | None
    cpk: float
    pp: float | None
    ppk: float
    cpk_low: float
    cpk_high: float
    expected_ppm: float
    count: int


def capability(
    values: ArrayLike, *, lower: float | None = None, upper: float | None = None, size: int = 5
) -> Capability:
    """Return capability indices, with sigma within from the mean range of subgroups of ``size``.

    Args:
        values: Single values in time order, shape ``(n,)``, in the unit of the limits.
        lower: Lower specification limit.
        upper: Upper specification limit.
        size: Values per subgroup; 1 uses moving ranges.

    Raises:
        InputError: If no limit is given, or the lower is not below the upper one.
        NotEnoughEvidence: If there are too few values, or they do not vary.
    """
    if (lower is None and upper is None) or (
        lower is not None and upper is not None and lower >= upper
    ):
        raise InputError(
            f"Capability needs a specification; {lower} to {upper} is none.",
            message_zh=f"计算过程能力需要规格限，{lower} 至 {upper} 无效。",
            next_step="Give a lower limit, an upper limit, or both in order.",
            next_step_zh="请给出规格下限、上限或按序给出两者。",
            data={"lower": lower, "upper": upper},
        )
    chart = individuals(values) if size == 1 else xbar_r(values, size=size)
    series = _finite(values)
    mean, overall = float(series.mean()), float(series.std(ddof=1))
    if not (chart.sigma > 0 and overall > 0):
        raise NotEnoughEvidence(
            "The values do not vary, so a capability cannot be computed.",
            message_zh="数值没有变化，无法计算过程能力。",
            next_step="Check the resolution of the measurement.",
            next_step_zh="请检查测量分辨率。",
            data={"missing": "variation"},
        )
    cpk, count = _nearer(mean, chart.sigma, lower, upper), len(series)
    half = float(norm.ppf(0.975) * np.sqrt(1 / (9 * count) + cpk**2 / (2 * (count - 1))))
    beyond = 0.0 if lower is None else float(norm.cdf((lower - mean) / overall))
    beyond += 0.0 if upper is None else float(norm.sf((upper - mean) / overall))
    both = None if lower is None or upper is None else upper - lower
    return Capability(
        cp=None if both is None else both / (6 * chart.sigma),
        cpk=cpk,
        pp=None if both is None else both / (6 * overall),
        ppk=_nearer(mean, overall, lower, upper),
        cpk_low=cpk - half,
        cpk_high=cpk + half,
        expected_ppm=beyond * 1e6,
        count=count,
    )


def _nearer(mean: float, sigma: float, lower: float | None, upper: float | None) -> float:
    sides = [upper - mean] if upper is not None else []
    sides += [mean - lower] if lower is not None else []
    return min(sides) / (3 * sigma)
