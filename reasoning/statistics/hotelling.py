"""Hotelling's T²: the classical chart for several parameters at once.

It sees a point that is unusual *together* although each value is usual alone, as far as the unusual shows in
means and covariances. Source: N. D. Tracy, J. C. Young, R. L. Mason, Multivariate control charts for
individual observations, Journal of Quality Technology 24 (1992).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, chi2, f
from sklearn.covariance import MinCovDet

from qualweave.errors import InputError, NotEnoughEvidence
from qualweave.reasoning.statistics.rules import Floats

_OUTLIER = 0.999  # quantile of chi-square beyond which a phase I point is set aside


@dataclass(frozen=True)
class TSquared:
    """A fitted T² chart.

    Attributes:
        mean: Shape ``(p,)``.
        precision: Inverse covariance, shape ``(p, p)``.
        count: Number of phase I points that it rests on.
        alpha: False alarms per point that the limits allow.
        phase_one: Limit for points that were used for the fit.
        phase_two: Limit for points that come after.
        kept: Which phase I points were used, shape ``(m,)``.
    """

    mean: Floats
    precision: Floats
    count: int
    alpha: float
    phase_one: float
    phase_two: float
    kept: NDArray[np.bool_]

    def statistic(self, points: ArrayLike) -> Floats:
        """Return T² of points of shape ``(n, p)``; shape ``(n,)``."""
        centred = np.atleast_2d(np.asarray(points, dtype=np.float64)) - self.mean
        found: Floats = np.einsum("ij,jk,ik->i", centred, self.precision, centred)
        return found

    def outside(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Return which new points lie beyond the phase II limit; shape ``(n,)``."""
        return np.asarray(self.statistic(points) > self.phase_two, dtype=np.bool_)

    def contributions(self, point: ArrayLike) -> Floats:
        """Return by how much T² of one point falls when a parameter is left out; shape ``(p,)``.

        This is the last term of the Mason-Young-Tracy decomposition for each parameter.
        """
        centred = np.asarray(point, dtype=np.float64) - self.mean
        found: Floats = (self.precision @ centred) ** 2 / np.diag(self.precision)
        return found


def fit_t_squared(
    points: ArrayLike, *, alpha: float = 0.0027, robust: bool = False, seed: int = 0
) -> TSquared:
    """Fit the chart to phase I points.

    Args:
        points: Shape ``(m, p)``, each row one item or moment.
        alpha: Probability of a false alarm per point; 0.0027 is that of three sigma.
        robust: Find outliers with the minimum covariance determinant and fit to the others.
        seed: Of the search for that determinant.

    Raises:
        NotEnoughEvidence: If there are too few points for so many parameters, or two of them say the same.
        InputError: If a value is missing.
    """
    table = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if not np.isfinite(table).all():
        raise InputError(
            "T² needs a value of every parameter for every item.",
            message_zh="T² 需要每个物品的每个参数都有值。",
            next_step="Leave out incomplete items or the parameter that is missing.",
            next_step_zh="请剔除不完整的物品或缺失的参数。",
        )
    kept = _inliers(table, seed) if robust else np.ones(len(table), dtype=bool)
    used = table[kept]
    count, width = used.shape
    covariance = (
        np.atleast_2d(np.cov(used, rowvar=False)) if count > width + 1 else np.zeros((1, 1))
    )
    if count <= width + 1 or np.linalg.matrix_rank(covariance) < width:
        raise NotEnoughEvidence(
            f"T² over {width} parameters cannot be fitted to {count} items.",
            message_zh=f"{count} 个物品不足以拟合 {width} 个参数的 T²。",
            next_step="Use more items, or leave out parameters that copy each other.",
            next_step_zh="请增加物品数量，或去掉相互重复的参数。",
            data={"missing": "items", "items": count, "parameters": width},
        )
    first = (count - 1) ** 2 / count * beta.ppf(1 - alpha, width / 2, (count - width - 1) / 2)
    factor = width * (count + 1) * (count - 1) / (count * count - count * width)
    return TSquared(
        mean=used.mean(axis=0),
        precision=np.linalg.inv(covariance),
        count=count,
        alpha=alpha,
        phase_one=float(first),
        phase_two=float(factor * f.ppf(1 - alpha, width, count - width)),
        kept=kept,
    )


def _inliers(table: Floats, seed: int) -> NDArray[np.bool_]:
    width = table.shape[1]
    if len(table) < 5 * width:  # the determinant of fewer points is no use
        return np.ones(len(table), dtype=np.bool_)
    distance = MinCovDet(random_state=seed).fit(table).mahalanobis(table)
    return np.asarray(distance <= chi2.ppf(_OUTLIER, width), dtype=np.bool_)
