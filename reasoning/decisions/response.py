"""The response of a product characteristic to set points: fitted, tested, and refused where it does not hold.

A quadratic surface is the smallest model that has an optimum. It is taken only if it predicts unseen records
better than a plane and better than the mean, has its top inside what was tried and permitted, gains more
than chance, and is known as sharply as the machine can be set. Otherwise there is no recommendation. Source
of the method: G. E. P. Box, N. R. Draper, Response Surfaces, Mixtures, and Ridge Analyses (2007), chapters 7
and 12. This module is pure: arrays in, values out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qualweave.errors import JsonValue, NotEnoughEvidence
from qualweave.iri import local_name
from qualweave.reasoning.statistics.rules import Floats

FOLDS, REPEATS, RESAMPLES, SEED = 5, 4, 200, 0
_RECORDS_PER_TERM = 5
_RELEVANT = 0.02  # share of the variance that a parameter must explain on unseen records to be kept


@dataclass(frozen=True)
class Setting:
    """A set point that may be moved, in the canonical unit of its parameter.

    Attributes:
        parameter: IRI.
        current: Set point now.
        lower: Least that is permitted.
        upper: Greatest that is permitted.
        resolution: Smallest step of the machine.
    """

    parameter: str
    current: float
    lower: float
    upper: float
    resolution: float


@dataclass(frozen=True)
class Move:
    """What the model says of one set point.

    Attributes:
        setting: The set point.
        optimum: Where the surface has its top.
        error: Standard error of ``optimum`` over resampled records.
        delta: Step from the present set point, a multiple of the resolution.
        gain: What is lost if this step alone is left out, in units of the outcome.
    """

    setting: Setting
    optimum: float
    error: float
    delta: float
    gain: float


@dataclass(frozen=True)
class Response:
    """A response surface that passed every test.

    Attributes:
        moves: One per set point that matters; a zero ``delta`` stands at its optimum already.
        left_alone: IRIs of set points without a relevant effect.
        count: Number of records.
        scores: Share of variance explained on unseen records by ``"mean"``, ``"linear"`` and ``"quadratic"``.
        gain: Expected improvement of the outcome by all moves together.
        gain_low: Lower end of its 95 % interval.
        gain_high: Upper end.
        noise: Standard deviation of what the model leaves unexplained.
    """

    moves: tuple[Move, ...]
    left_alone: tuple[str, ...]
    count: int
    scores: dict[str, float]
    gain: float
    gain_low: float
    gain_high: float
    noise: float

    def to_json(self) -> dict[str, JsonValue]:
        """Return the figures as JSON values."""
        return {
            "count": self.count,
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "gain": self.gain,
            "gain_low": self.gain_low,
            "gain_high": self.gain_high,
            "noise": self.noise,
            "optimum": {one.setting.parameter: one.optimum for one in self.moves},
            "standard_error": {one.setting.parameter: one.error for one in self.moves},
            "left_alone": list(self.left_alone),
        }


@dataclass(frozen=True)
class Trial:
    """Records of settings and what came of them, scaled around the present set points.

    Attributes:
        settings: One per column.
        values: Recorded settings, shape ``(n, p)``.
        outcome: The greater the better, shape ``(n,)``.
    """

    settings: tuple[Setting, ...]
    values: Floats
    outcome: Floats

    @property
    def scale(self) -> Floats:
        """Half the tried span of each setting, shape ``(p,)``."""
        return np.asarray(np.ptp(self.values, axis=0) / 2, dtype=np.float64)

    @property
    def scaled(self) -> Floats:
        """Distances from the present set points in units of `scale`, shape ``(n, p)``."""
        current = np.array([one.current for one in self.settings])
        return np.asarray((self.values - current) / self.scale, dtype=np.float64)

    def only(self, columns: Sequence[int]) -> "Trial":
        """Return the trial with some of its settings."""
        return Trial(
            tuple(self.settings[c] for c in columns), self.values[:, columns], self.outcome
        )


def fit_response(
    settings: Sequence[Setting], values: Floats, outcome: Floats, *, seed: int = SEED
) -> Response:
    """Fit and test the surface.

    Args:
        settings: The set points, one per column.
        values: Recorded settings, shape ``(n, p)``.
        outcome: What came of them, the greater the better, shape ``(n,)``.
        seed: Of folds and resamples.

    Returns:
        The response, rounded to the machine's resolution.

    Raises:
        NotEnoughEvidence: If any of the tests fails; ``data["missing"]`` says which.
    """
    whole = Trial(tuple(settings), values, outcome)
    varied = [c for c in range(len(settings)) if len(values) and np.ptp(values[:, c]) > 0]
    _enough(len(outcome), len(varied))
    kept = _relevant(whole, varied, seed)
    if not kept:
        raise _refusal(
            "effect",
            "no set point explains the outcome on unseen records",
            "没有任何设定值能在未见记录上解释结果",
        )
    trial = whole.only(kept)
    scores = {
        kind: _unseen(_design(trial.scaled, kind), outcome, seed)
        for kind in ("mean", "linear", "quadratic")
    }
    _curved(scores)
    weights = _solve(_design(trial.scaled, "quadratic"), outcome)
    top = _top(weights, trial)
    left = [one.parameter for c, one in enumerate(settings) if c not in kept]
    return _told(trial, top, weights, scores=_means(scores), left=left, seed=seed)


# --- model ---------------------------------------------------------------------------------------


def _design(scaled: Floats, kind: str) -> Floats:
    columns = [np.ones(len(scaled))]
    width = scaled.shape[1]
    if kind != "mean":
        columns += [scaled[:, c] for c in range(width)]
    if kind == "quadratic":
        columns += [scaled[:, c] ** 2 for c in range(width)]
        columns += [scaled[:, a] * scaled[:, b] for a, b in combinations(range(width), 2)]
    return np.column_stack(columns)


def _solve(design: Floats, outcome: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(design, outcome, rcond=None)[0], dtype=np.float64)


def _stationary(weights: Floats, width: int) -> tuple[Floats, Floats]:
    """Return the point without slope and the Hessian of a quadratic surface."""
    hessian = np.diag(2 * weights[1 + width : 1 + 2 * width])
    for place, (a, b) in enumerate(combinations(range(width), 2)):
        hessian[a, b] = hessian[b, a] = weights[1 + 2 * width + place]
    point = np.linalg.lstsq(hessian, -weights[1 : 1 + width], rcond=None)[0]
    return np.asarray(point, dtype=np.float64), hessian


def _unseen(design: Floats, outcome: Floats, seed: int) -> Floats:
    """Return the share of variance explained on unseen records, once per repeat of the folds."""
    total = float(((outcome - outcome.mean()) ** 2).sum())
    scores = np.zeros(REPEATS)
    for repeat in range(REPEATS):
        fold = np.random.default_rng((seed, repeat)).permutation(len(outcome)) % FOLDS
        lost = 0.0
        for part in range(FOLDS):
            train, test = fold != part, fold == part
            guess = design[test] @ _solve(design[train], outcome[train])
            lost += float(((outcome[test] - guess) ** 2).sum())
        scores[repeat] = 1 - lost / total if total > 0 else 0.0
    return scores


def _means(scores: dict[str, Floats]) -> dict[str, float]:
    return {kind: float(one.mean()) for kind, one in scores.items()}


def _relevant(trial: Trial, varied: Sequence[int], seed: int) -> list[int]:
    """Return the columns that the model predicts worse without, dropping the weakest one first."""
    kept = list(varied)
    while kept:
        scaled = trial.only(kept).scaled
        whole = float(_unseen(_design(scaled, "quadratic"), trial.outcome, seed).mean())
        losses = []
        for place in range(len(kept)):
            rest = np.delete(scaled, place, axis=1)
            kind = "quadratic" if rest.shape[1] else "mean"
            losses.append(whole - float(_unseen(_design(rest, kind), trial.outcome, seed).mean()))
        weakest = int(np.argmin(losses))
        if losses[weakest] >= _RELEVANT:
            break
        del kept[weakest]
    return kept


# --- tests ---------------------------------------------------------------------------------------


def _enough(count: int, width: int) -> None:
    needed = _RECORDS_PER_TERM * (1 + 2 * width + width * (width - 1) // 2)
    if not count:
        raise _refusal("records", "no response was ever measured", "没有任何响应测量数据")
    if not width:
        raise _refusal("variation", "no set point was ever varied", "没有任何设定值发生过变化")
    if count < needed:
        raise _refusal(
            "records",
            f"{count} records are there, {needed} are needed",
            f"现有 {count} 条记录，至少需要 {needed} 条",
        )


def _curved(scores: dict[str, Floats]) -> None:
    lead = scores["quadratic"] - scores["linear"]
    if float(lead.mean()) <= max(_RELEVANT, 2 * float(lead.std(ddof=1))):
        raise _refusal(
            "tried-region",
            "a plane predicts unseen records as well, so no optimum is inside what was tried",
            "线性模型的预测同样好，已试验范围内没有最优点",
        )


def _top(weights: Floats, trial: Trial) -> Floats:
    top, hessian = _stationary(weights, len(trial.settings))
    if np.linalg.eigvalsh(hessian).max() >= 0:
        raise _refusal(
            "optimum",
            "the surface is a ridge or saddle without a top",
            "响应面为脊或鞍形，没有最优点",
        )
    for place, setting in enumerate(trial.settings):
        value = setting.current + float(top[place] * trial.scale[place])
        tried = trial.values[:, place]
        _within(setting, value, (float(tried.min()), float(tried.max())), "tried-region")
        _within(setting, value, (setting.lower, setting.upper), "bounds")
    return top


def _within(setting: Setting, value: float, span: tuple[float, float], what: str) -> None:
    words = {"tried-region": ("tried", "已试验"), "bounds": ("permitted", "允许")}[what]
    if not span[0] <= value <= span[1]:
        raise _refusal(
            what,
            f"the optimum {value:.4g} of {local_name(setting.parameter)} lies outside the {words[0]} "
            f"{span[0]:.4g} to {span[1]:.4g}",
            f"{local_name(setting.parameter)} 的最优点 {value:.4g} 超出{words[1]}范围 "
            f"{span[0]:.4g} 至 {span[1]:.4g}",
            setting.parameter,
        )


def _resampled(trial: Trial, seed: int) -> tuple[Floats, Floats]:
    """Return tops and weights over resampled records; shapes ``(r, p)`` and ``(r, terms)``."""
    rng, design = np.random.default_rng(seed), _design(trial.scaled, "quadratic")
    weights = np.zeros((RESAMPLES, design.shape[1]))
    for row in weights:
        take = rng.integers(0, len(design), len(design))
        row[:] = _solve(design[take], trial.outcome[take])
    tops = np.array([_stationary(row, len(trial.settings))[0] for row in weights])
    return tops, weights


def _told(
    trial: Trial,
    top: Floats,
    weights: Floats,
    *,
    scores: dict[str, float],
    left: Sequence[str],
    seed: int,
) -> Response:
    tops, many = _resampled(trial, seed)
    errors, optimum = tops.std(axis=0, ddof=1) * trial.scale, top * trial.scale
    steps = np.array([_step(one, float(optimum[p])) for p, one in enumerate(trial.settings)])
    _sharp(trial.settings, errors)
    low, high = _significant(_gain(steps / trial.scale, many))
    gain = float(_gain(steps / trial.scale, weights[None, :])[0])
    moves = []
    for place, setting in enumerate(trial.settings):
        without = np.where(np.arange(len(steps)) == place, 0.0, steps)
        alone = gain - float(_gain(without / trial.scale, weights[None, :])[0])
        at = setting.current + float(optimum[place])
        moves.append(Move(setting, at, float(errors[place]), float(steps[place]), alone))
    design = _design(trial.scaled, "quadratic")
    residual = trial.outcome - design @ weights
    noise = float(np.sqrt((residual**2).sum() / max(1, len(residual) - design.shape[1])))
    return Response(
        moves=tuple(moves),
        left_alone=tuple(left),
        count=len(residual),
        scores=scores,
        gain=gain,
        gain_low=low,
        gain_high=high,
        noise=noise,
    )


def _step(setting: Setting, distance: float) -> float:
    return round(round(distance / setting.resolution) * setting.resolution, 10)


def _gain(point: Floats, weights: Floats) -> Floats:
    """Return the outcome at a point less that at the present set point, per row of weights."""
    rows = _design(np.vstack([point, np.zeros_like(point)]), "quadratic")
    gains: Floats = weights @ (rows[0] - rows[1])
    return gains


def _significant(gains: Floats) -> tuple[float, float]:
    low, high = (float(one) for one in np.quantile(gains, [0.025, 0.975]))
    if gains.any() and low <= 0:
        raise _refusal(
            "gain",
            f"the expected gain may be chance (95 % interval {low:.3g} to {high:.3g})",
            f"预期改善可能只是偶然（95% 区间 {low:.3g} 至 {high:.3g}）",
        )
    return low, high


def _sharp(settings: Sequence[Setting], errors: Floats) -> None:
    for setting, error in zip(settings, errors, strict=True):
        if error > setting.resolution:
            name = local_name(setting.parameter)
            raise _refusal(
                "sharpness",
                f"the optimum of {name} is known to ±{error:.2g} only, the machine steps by "
                f"{setting.resolution:g}",
                f"{name} 最优点的不确定度为 ±{error:.2g}，大于设备步长 {setting.resolution:g}",
                setting.parameter,
            )


def _refusal(missing: str, why: str, why_zh: str, parameter: str = "") -> NotEnoughEvidence:
    return NotEnoughEvidence(
        f"No set point is recommended: {why}.",
        message_zh=f"不推荐调整设定值：{why_zh}。",
        next_step="Record more trials around the present set point, then ask again.",
        next_step_zh="请在当前设定值附近积累更多试验记录后再询问。",
        data={"missing": missing, "parameter": parameter},
    )
