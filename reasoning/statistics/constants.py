"""Control chart constants, computed from the distribution of the range of a normal sample.

Tables in books round to three digits and stop at n = 25; the integrals do neither. Source of the
definitions: D. C. Montgomery, Introduction to Statistical Quality Control, appendix VI.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import norm

from qualweave.errors import InputError

_LARGEST = 100
_WIDTH, _POINTS = 8.5, 1201  # the integrand is below 1e-16 outside ±8.5


@dataclass(frozen=True)
class ChartConstants:
    """Constants for subgroups of ``size``.

    Attributes:
        size: Number of values per subgroup.
        d2: Mean of the range over sigma.
        d3: Standard deviation of the range over sigma.
        a2: Half width of the X̄ chart over the mean range.
        lower_d: Lower limit of the R chart over the mean range (D3 in books).
        upper_d: Upper limit of the R chart over the mean range (D4 in books).
    """

    size: int
    d2: float
    d3: float
    a2: float
    lower_d: float
    upper_d: float


@lru_cache(maxsize=_LARGEST)
def constants(size: int) -> ChartConstants:
    """Return the constants for subgroups of ``size`` values.

    Raises:
        InputError: If the size is below 2 or above 100.

    >>> round(constants(5).a2, 3), round(constants(5).upper_d, 2)
    (0.577, 2.11)
    """
    if not 2 <= size <= _LARGEST:  # noqa: PLR2004 - a range needs two values
        raise InputError(
            f"A subgroup of {size} values has no usable range.",
            message_zh=f"子组大小 {size} 无法计算极差。",
            next_step=f"Use subgroups of 2 to {_LARGEST} values.",
            next_step_zh=f"请使用 2 至 {_LARGEST} 个值的子组。",
            data={"subgroup_size": size, "limit": _LARGEST},
        )
    grid = np.linspace(-_WIDTH, _WIDTH, _POINTS)
    below = norm.cdf(grid)
    d2 = float(np.trapezoid(1 - (1 - below) ** size - below**size, grid))
    # E[R²] = 2 ∫∫_{x<y} P(min < x, max > y) dx dy
    low, high = below[:, None], below[None, :]
    inner = 1 - high**size - (1 - low) ** size + np.clip(high - low, 0, None) ** size
    upper = np.triu(np.ones((_POINTS, _POINTS)), 1) + 0.5 * np.eye(_POINTS)
    step = grid[1] - grid[0]
    second = 2 * float((inner * upper).sum()) * step * step
    d3 = float(np.sqrt(second - d2 * d2))
    spread = 3 * d3 / d2
    return ChartConstants(
        size=size,
        d2=d2,
        d3=d3,
        a2=3 / (d2 * float(np.sqrt(size))),
        lower_d=max(0.0, 1 - spread),
        upper_d=1 + spread,
    )
