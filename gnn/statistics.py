"""Statistics of evidence: how the values of parameters go together with one defect on one line.

The network reads these numbers; it never sees rows. Each is signed (positive: high values go with the
defect), comparable between lines of any size, and depends on nothing but the values: rows are put into an
order of their own, so that neither names nor the order of reading matter.

`within` and `agreement` guard against spurious association: they are computed inside environments
(a shift, an equipment, a stretch of time) and combined, so a parameter that only tells environments
apart has none (Peters, Bühlmann, Meinshausen 2016, invariant prediction, in spirit).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_CLIP = 6.0
_RIDGE = 1.0
_STEPS = 8
_SHUFFLES = 8
_SEED = 20_251_125
_MAX_SCREENED = 14
_MIN_HALF_POSITIVES = 4
_MIN_GAIN = 0.02
_MIN_Z = 3.5


@dataclass(frozen=True)
class Combination:
    """Parameters that go with a defect together and more than any of them alone.

    Attributes:
        columns: Their places in the matrix.
        signs: Side of each, +1 for high and -1 for low.
        z: Two-sample z of the smallest oriented deviation.
        gain: Its AUC minus the best AUC of a smaller set; the lower of two halves of the rows.
    """

    columns: tuple[int, ...]
    signs: tuple[int, ...]
    z: float
    gain: float


def standardise(values: Floats) -> Floats:
    """Return robust z-scores, shape ``(rows, columns)``: median and MAD, clipped; missing becomes 0."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(values)
        filled = np.where(known, values, np.nan)
        middle = _by_column(filled, np.nanmedian)
        spread = 1.4826 * _by_column(np.abs(filled - middle), np.nanmedian)
        plain = _by_column(filled, np.nanstd)
    spread = np.where(spread > 1e-12 * (1 + np.abs(middle)), spread, plain)
    spread = np.where(spread > 1e-12 * (1 + np.abs(middle)), spread, np.inf)
    return np.where(known, np.clip((filled - middle) / spread, -_CLIP, _CLIP), 0.0)


def _by_column(values: Floats, what: object) -> Floats:
    empty = ~np.isfinite(values).any(axis=0)
    safe = np.where(empty, 0.0, values)
    return np.asarray(what(safe, axis=0), dtype=np.float64)  # type: ignore[operator]


def two_sample_z(scores: Floats, y: Bools, known: Bools | None = None) -> Floats:
    """Return the two-sample z of each column, 0 where a side has no row; shape ``(columns,)``."""
    mask = np.ones(scores.shape, dtype=bool) if known is None else known
    one, nil = mask & y[:, None], mask & ~y[:, None]
    n1, n0 = one.sum(axis=0), nil.sum(axis=0)
    enough = (n1 > 0) & (n0 > 0) & (n1 + n0 > 2)  # noqa: PLR2004 - a variance needs three rows
    m1 = (scores * one).sum(axis=0) / np.maximum(n1, 1)
    m0 = (scores * nil).sum(axis=0) / np.maximum(n0, 1)
    rest = ((scores - m1) ** 2 * one + (scores - m0) ** 2 * nil).sum(axis=0)
    # Two rows' worth of the unit variance of standardised values keep tiny samples from claiming much.
    variance = (rest + 2) / np.maximum(n1 + n0, 1) * (1 / np.maximum(n1, 1) + 1 / np.maximum(n0, 1))
    z = (m1 - m0) / np.sqrt(np.maximum(variance, 1e-9))
    return np.where(enough, np.clip(z, -50, 50), 0.0)


def auc(scores: Floats, y: Bools) -> Floats:
    """Return the area under the ROC curve of each column, 0.5 where a side has no row."""
    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return np.full(scores.shape[1], 0.5)
    ranks = rankdata(scores, axis=0)[y].sum(axis=0)
    return np.asarray((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def canonical_order(x: Floats, y: Bools) -> Ints:
    """Return an order of the rows that depends on their values only, not on how they were read."""
    key = np.round(np.sort(x, axis=1), 9)
    return np.lexsort((*key.T, y)).astype(np.int64)


def evidence(values: Floats, y: Bools, environments: Ints) -> dict[str, Floats]:
    """Return the columns of evidence of one defect on one line.

    Args:
        values: Shape ``(rows, parameters)``; NaN where a value is missing.
        y: Whether the item has the defect; shape ``(rows,)``.
        environments: Number of each row's environment; shape ``(rows,)``.

    Returns:
        Per column of `qualweave.gnn.schema` an array of shape ``(parameters,)``.
    """
    known = np.isfinite(values)
    x = standardise(values)
    order = canonical_order(x, y)
    x, y, known, environments = x[order], y[order], known[order], environments[order]
    z = two_sample_z(x, y, known)
    within, agreement = _environments(x, y, known, environments=environments)
    product, joint = _pairs(x, y, z)
    weights = ridge_logistic(x, y)
    return {
        "z": z,
        "rank": 2 * auc(x, y) - 1,
        "quadratic": two_sample_z(x**2, y, known),
        "product": product,
        "joint": joint,
        "logit": weights[: x.shape[1]],
        "gain": _permutation_gain(x, y),
        "within": within,
        "agreement": agreement,
        "n": known.sum(axis=0).astype(np.float64),
        "positives": (known & y[:, None]).sum(axis=0).astype(np.float64),
    }


def _environments(
    x: Floats, y: Bools, known: Bools, *, environments: Ints
) -> tuple[Floats, Floats]:
    """Return Stouffer's z over environments, and how far their signs agree, from -1 to 1."""
    total = np.zeros(x.shape[1])
    agreeing, weights, squares = total.copy(), total.copy(), total.copy()
    for one in np.unique(environments):
        rows = environments == one
        positives = int(y[rows].sum())
        if positives == 0 or positives == int(rows.sum()):
            continue
        z = two_sample_z(x[rows], y[rows], known[rows])
        weight = np.sqrt(positives) * (z != 0)
        total += weight * z
        squares += weight**2
        agreeing += weight * np.sign(z)
        weights += weight
    within = total / np.sqrt(np.maximum(squares, 1e-9))
    return within, np.abs(agreeing) / np.maximum(weights, 1e-9) * np.sign(agreeing)


def _pairs(x: Floats, y: Bools, z: Floats) -> tuple[Floats, Floats]:
    """Return per column the strongest product with another, and the AUC gained by the best pair."""
    count = x.shape[1]
    product, joint = np.zeros(count), np.zeros(count)
    if count < 2 or not y.any():  # noqa: PLR2004 - a pair
        return product, joint
    pairs = np.array(list(combinations(range(count), 2)))
    signs = np.where(z < 0, -1.0, 1.0)
    oriented = x * signs
    singles = auc(oriented, y)
    strength = two_sample_z(x[:, pairs[:, 0]] * x[:, pairs[:, 1]], y)
    least = np.minimum(oriented[:, pairs[:, 0]], oriented[:, pairs[:, 1]])
    gains = auc(least, y) - np.maximum(singles[pairs[:, 0]], singles[pairs[:, 1]])
    for (a, b), value, gain in zip(pairs.tolist(), strength, gains, strict=True):
        for place in (a, b):
            joint[place] = max(joint[place], gain)
            if abs(value) > abs(product[place]):
                product[place] = value
    return product, joint


def ridge_logistic(x: Floats, y: Bools, weights: Floats | None = None) -> Floats:
    """Return the coefficients of a ridge logistic regression, intercept last (Newton steps)."""
    design = np.column_stack([x, np.ones(len(x))])
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[-1] = 1e-6
    beta = np.zeros(design.shape[1])
    importance = np.ones(len(x)) if weights is None else weights
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (importance * (y - p)) - penalty * beta
        curve = (design * (importance * p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        beta = beta + np.linalg.solve(curve, slope)
    return np.asarray(beta)


def _permutation_gain(x: Floats, y: Bools) -> Floats:
    """Return the AUC that a quadratic logistic model loses when one parameter's values are shuffled."""
    features = np.column_stack([x, x**2 - 1])
    beta = ridge_logistic(features, y)
    count = x.shape[1]
    parts = x * beta[:count] + (x**2 - 1) * beta[count : 2 * count]
    total = parts.sum(axis=1)
    base = auc(total[:, None], y)[0]
    rng = np.random.default_rng(_SEED)
    lost = np.zeros(count)
    for _ in range(_SHUFFLES):
        shuffled = parts[rng.permutation(len(y))]
        lost += base - auc(total[:, None] - parts + shuffled, y)
    return lost / _SHUFFLES


def screen(values: Floats, y: Bools, *, largest: int = 3) -> list[Combination]:
    """Return the combinations that screen strongly, strongest first.

    A combination acts when all its members are off together, so its score is the smallest oriented deviation.
    It must beat every smaller set of its members in both halves of the rows.

    Args:
        values: Shape ``(rows, parameters)``; NaN where missing.
        y: Whether the item has the defect.
        largest: Largest number of members.
    """
    x = standardise(values)
    order = canonical_order(x, y)
    x, y = x[order], y[order]
    z = two_sample_z(x, y)
    chosen = np.sort(np.argsort(-np.abs(z), kind="stable")[:_MAX_SCREENED])
    if int(y.sum()) < 2 * _MIN_HALF_POSITIVES:
        return []
    signs = np.where(z < 0, -1, 1)
    oriented = x * signs
    best: dict[tuple[int, ...], Floats] = {
        (int(c),): _halves(oriented[:, [c]], y)[0] for c in chosen
    }
    found: list[Combination] = []
    for size in range(2, largest + 1):
        sets = list(combinations(chosen.tolist(), size))
        found += _screened(oriented, y, sets, best=best, signs=signs)
    return sorted(found, key=lambda one: (-one.gain, one.columns))


def _screened(
    oriented: Floats,
    y: Bools,
    sets: Sequence[tuple[int, ...]],
    *,
    best: dict[tuple[int, ...], Floats],
    signs: Ints,
) -> list[Combination]:
    if not sets:
        return []
    scores = np.stack([oriented[:, list(one)].min(axis=1) for one in sets], axis=1)
    strength = two_sample_z(scores, y)
    halves = _halves(scores, y)
    found = []
    for one, z, areas in zip(sets, strength.tolist(), halves, strict=True):
        smaller = np.max([best[sub] for sub in combinations(one, len(one) - 1)], axis=0)
        best[one] = np.maximum(areas, smaller)
        gain = float(np.min(areas - smaller))
        if z >= _MIN_Z and gain >= _MIN_GAIN:
            found.append(Combination(one, tuple(int(signs[c]) for c in one), z, gain))
    return found


def _halves(scores: Floats, y: Bools) -> Floats:
    """Return the AUC of each column in the even and in the odd rows; shape ``(columns, 2)``."""
    return np.stack([auc(scores[half::2], y[half::2]) for half in (0, 1)], axis=1)
