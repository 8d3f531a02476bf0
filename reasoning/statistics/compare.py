"""Detectors side by side: recall at one false-alarm rate, on items that none of them was fitted to.

One-parameter charts and T² look at good items only and need no labels; gradient boosting and the search for
combinations learn from labelled ones. The table says who wins, whoever it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_curve
from sklearn.model_selection import StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

from qualweave.errors import NotEnoughEvidence
from qualweave.reasoning.statistics.coupling import CoupledFailures, Search, fit_combinations
from qualweave.reasoning.statistics.hotelling import TSquared, fit_t_squared
from qualweave.reasoning.statistics.rules import Flags, Floats

_TEST_SHARE = 0.4


class Detector(Protocol):
    """What gives an item a score: the greater, the more suspicious."""

    def fit(self, values: Floats, defective: Flags) -> None:
        """Learn from items of shape ``(n, p)``."""
        ...

    def score(self, values: Floats) -> Floats:
        """Return scores of shape ``(n,)``."""
        ...


class ChartDetector:
    """One control chart per parameter: the greatest distance from its centre line in sigma."""

    def fit(self, values: Floats, defective: Flags) -> None:
        """Take centre and sigma of each parameter from the good items."""
        good = values[~defective]
        self._centre, self._sigma = good.mean(axis=0), good.std(axis=0, ddof=1)

    def score(self, values: Floats) -> Floats:
        """Return the greatest distance."""
        distance = np.abs(values - self._centre) / np.where(self._sigma > 0, self._sigma, np.inf)
        return np.asarray(distance.max(axis=1), dtype=np.float64)


class TSquaredDetector:
    """Hotelling's T² over all parameters."""

    _chart: TSquared

    def fit(self, values: Floats, defective: Flags) -> None:
        """Fit the chart to the good items."""
        self._chart = fit_t_squared(values[~defective])

    def score(self, values: Floats) -> Floats:
        """Return T²."""
        return self._chart.statistic(values)


class BoostingDetector:
    """Gradient-boosted trees on the item table."""

    def __init__(self, seed: int = 0) -> None:
        self._model = HistGradientBoostingClassifier(random_state=seed)

    def fit(self, values: Floats, defective: Flags) -> None:
        """Fit the trees."""
        with threadpool_limits(
            limits=1
        ):  # on trees this small, threads that wait cost more than they do
            self._model.fit(values, defective)

    def score(self, values: Floats) -> Floats:
        """Return the probability of the defect."""
        with threadpool_limits(limits=1):
            return np.asarray(self._model.predict_proba(values)[:, 1], dtype=np.float64)


class CouplingDetector:
    """Ours: the search for combinations of parameters."""

    def __init__(self, seed: int = 0) -> None:
        self._search = Search(seed=seed)
        self.found = CoupledFailures(())

    def fit(self, values: Floats, defective: Flags) -> None:
        """Search the items."""
        self.found = fit_combinations(values, defective, self._search)

    def score(self, values: Floats) -> Floats:
        """Return the probability that the combinations give."""
        return self.found.score(values)


DETECTORS: Mapping[str, Callable[[int], Detector]] = {
    "SPC, one chart per parameter": lambda _seed: ChartDetector(),
    "Hotelling T²": lambda _seed: TSquaredDetector(),
    "gradient boosting": BoostingDetector,
    "combination search (ours)": CouplingDetector,
}


@dataclass(frozen=True)
class DetectorResult:
    """Recall of one detector, one value per split."""

    name: str
    recalls: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean recall."""
        return float(np.mean(self.recalls))

    @property
    def spread(self) -> float:
        """Standard deviation of the recall over splits."""
        return float(np.std(self.recalls, ddof=1)) if len(self.recalls) > 1 else 0.0


@dataclass(frozen=True)
class DetectorTable:
    """The comparison.

    Attributes:
        rows: One per detector, the best first.
        false_alarm_rate: Share of good items that each may call suspicious.
        items: Number of items; ``defective`` of them have the defect.
        defective: See ``items``.
        columns: Number of parameters.
    """

    rows: tuple[DetectorResult, ...]
    false_alarm_rate: float
    items: int
    defective: int
    columns: int

    def to_text(self) -> str:
        """Return the table as Markdown with a line that says what it is."""
        splits = len(self.rows[0].recalls)
        head = (
            f"{self.items} items, {self.defective} defective, {self.columns} parameters; recall at a false-alarm "
            f"rate of {self.false_alarm_rate:.0%} on unseen {_TEST_SHARE:.0%}, mean ± sd over {splits} splits.\n\n"
            "| detector | recall |\n|---|---|\n"
        )
        body = "\n".join(f"| {r.name} | {r.mean:.3f} ± {r.spread:.3f} |" for r in self.rows)
        return f"{head}{body}\n\nBest: {self.rows[0].name}."


def compare_detectors(
    values: Floats,
    defective: Flags,
    *,
    false_alarm_rate: float = 0.05,
    seeds: Sequence[int] = tuple(range(5)),
    detectors: Mapping[str, Callable[[int], Detector]] = DETECTORS,
) -> DetectorTable:
    """Return the recall of detectors at an equal false-alarm rate.

    Args:
        values: Item table, shape ``(n, p)``, no missing values.
        defective: Shape ``(n,)``.
        false_alarm_rate: Where the ROC curve of the unseen items is read, between its points linearly.
        seeds: One stratified split each.
        detectors: Name to a function from seed to detector.

    Raises:
        NotEnoughEvidence: If too few items have the defect to split them.
    """
    if min(defective.sum(), (~defective).sum()) < 4:  # noqa: PLR2004 - two on either side of a split
        raise NotEnoughEvidence(
            "Too few defective items to hold some back.",
            message_zh="缺陷样本过少，无法留出测试集。",
            next_step="Use a larger plant or period.",
            next_step_zh="请使用更大的样本范围。",
            data={"missing": "defective items"},
        )
    recalls: dict[str, list[float]] = {name: [] for name in detectors}
    for seed in seeds:
        split = StratifiedShuffleSplit(1, test_size=_TEST_SHARE, random_state=seed)
        train, test = next(split.split(values, defective))
        for name, make in detectors.items():
            recalls[name].append(
                _recall(
                    make(seed), values, defective, train=train, test=test, rate=false_alarm_rate
                )
            )
    rows = [DetectorResult(name, tuple(held)) for name, held in recalls.items()]
    return DetectorTable(
        rows=tuple(sorted(rows, key=lambda one: -one.mean)),
        false_alarm_rate=false_alarm_rate,
        items=len(values),
        defective=int(defective.sum()),
        columns=values.shape[1],
    )


def _recall(
    detector: Detector,
    values: Floats,
    defective: Flags,
    *,
    train: np.ndarray[tuple[int], np.dtype[np.int64]],
    test: np.ndarray[tuple[int], np.dtype[np.int64]],
    rate: float,
) -> float:
    """Return the recall on the test items; a detector that cannot be fitted finds what chance finds."""
    try:
        detector.fit(values[train], defective[train])
    except NotEnoughEvidence:
        return rate
    false, true, _ = roc_curve(
        defective[test], detector.score(values[test]), drop_intermediate=False
    )
    return float(np.interp(rate, false, true))
