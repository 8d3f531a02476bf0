"""What a trained model says of a line: which parameter brings about which defect, by which mechanism.

A prediction's score joins both directions: the chance of the mechanism given parameter and defect, and that
of the parameter given defect and mechanism. Its confidence is calibrated on lines that were hidden.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.gathering import direction_of
from qualweave.gnn.labels import Link
from qualweave.gnn.models import Ranker
from qualweave.gnn.statistics import ridge_logistic
from qualweave.gnn.target import Query, candidates

_MECHANISMS = 3
_MIN_EXAMPLES = 20
SPURIOUS_Z = 3.0
"""A parameter that stands out so far over all rows …"""
SPURIOUS_WITHIN = 1.5
"""… but no further than this inside shifts, machines or stretches of time, is suspected of being spurious."""


@dataclass(frozen=True)
class Prediction:
    """A hypothesis of a model.

    Attributes:
        line: IRI of the line.
        cause: IRI of the parameter.
        effect: IRI of the defect class.
        mechanism: IRI of the mechanism.
        score: Sum of the two log chances.
        confidence: Calibrated chance that engineers would say so; from 0 to 1.
        direction: ``"high"``, ``"low"`` or ``"off-target"``, as the line's values have it.
        statistics: Evidence of the line.
        spurious: Whether the association is gone inside environments.
    """

    line: str
    cause: str
    effect: str
    mechanism: str
    score: float
    confidence: float
    direction: str
    statistics: Mapping[str, float]
    spurious: bool = False


@dataclass(frozen=True)
class Calibration:
    """Platt scaling: confidence = logistic(slope × score + shift) (Platt 1999).

    Attributes:
        slope: Not negative.
        shift: Log-odds at a score of zero.
        examples: Scored triples that it was fitted on, all from hidden lines.
    """

    slope: float = 1.0
    shift: float = 0.0
    examples: int = 0

    @property
    def fitted(self) -> bool:
        """Whether there were enough examples of either kind to fit it on."""
        return self.examples >= _MIN_EXAMPLES

    def confidence(self, score: float) -> float:
        """Return the calibrated chance of a score."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * score + self.shift, -30, 30))))


def calibrate(pairs: Iterable[tuple[float, bool]]) -> Calibration:
    """Return the calibration of (score, right or not) pairs from hidden lines."""
    found = list(pairs)
    if len(found) < _MIN_EXAMPLES or len({right for _, right in found}) < 2:  # noqa: PLR2004 - both must occur
        return Calibration()
    x = np.array([[score] for score, _ in found])
    slope, shift = ridge_logistic(x, np.array([right for _, right in found])).tolist()
    return Calibration(max(float(slope), 0.0), float(shift), len(found))


Place = tuple[str, str]
"""A line and a defect that was found on it."""


def joint_scores(model: Ranker, graph: LearningGraph, places: Sequence[Place]) -> dict[Link, float]:
    """Return the joint log chance of parameter and mechanism for each line and defect.

    Args:
        model: What ranks.
        graph: What it may know.
        places: Lines and defects.

    Returns:
        By candidate link, its three likeliest mechanisms per parameter only.
    """
    forward = [
        Query("mechanism", line, effect, cause)
        for line, effect in places
        for cause in graph.parameters_of.get(line, ())
    ]
    best: dict[Link, float] = {}
    for query, row in zip(forward, model.scores(graph, forward), strict=True):
        chances = log_softmax(row)
        names = candidates(graph, query)
        for place in np.argsort(-chances, kind="stable")[:_MECHANISMS].tolist():
            best[Link(query.line, query.given, query.effect, names[place])] = float(chances[place])
    back = sorted({(one.line, one.effect, one.mechanism) for one in best})
    queries = [Query("cause", *one) for one in back]
    chances_of: dict[tuple[str, str, str], dict[str, float]] = {}
    for key, query, row in zip(back, queries, model.scores(graph, queries), strict=True):
        chances_of[key] = dict(
            zip(candidates(graph, query), log_softmax(row).tolist(), strict=True)
        )
    return {
        link: score + chances_of[link.line, link.effect, link.mechanism][link.cause]
        for link, score in best.items()
    }


def examples(
    model: Ranker, graph: LearningGraph, truth: Sequence[Link]
) -> list[tuple[float, bool]]:
    """Return (score, right or not) of every candidate on hidden lines, to calibrate by."""
    right = {(one.line, one.cause, one.effect, one.mechanism) for one in truth}
    places = sorted({(one.line, one.effect) for one in truth})
    found = joint_scores(model, graph, places)
    return [
        (score, (one.line, one.cause, one.effect, one.mechanism) in right)
        for one, score in found.items()
    ]


def predict(
    model: Ranker,
    graph: LearningGraph,
    calibration: Calibration,
    *,
    least: float = 0.3,
    per_defect: int = 3,
    keep: Callable[[Link], bool] = lambda _: True,
) -> tuple[Prediction, ...]:
    """Return the model's hypotheses: what engineers have neither confirmed nor refuted, strongest first.

    A line and defect that engineers have labelled is left out: confidences are fitted where nothing was said.

    Args:
        model: What ranks.
        graph: What is known.
        calibration: From hidden lines.
        least: Lowest confidence; from 0 to 1.
        per_defect: Most hypotheses per line and defect.
        keep: Which links are of interest.
    """
    refuted = {
        (one.line, one.cause, one.effect, one.mechanism)
        for one in graph.statements
        if one.kind == "refuted"
    }
    shown = {
        (row["line"], row["cause"], row["defect"]): row
        for row in graph.statistics.iter_rows(named=True)
    }
    labelled = {(one.line, one.effect) for one in graph.links}
    places = sorted({(line, defect) for line, _, defect in shown} - labelled)
    if not calibration.fitted:
        return ()
    found: dict[Place, list[Prediction]] = {}
    for link, score in joint_scores(model, graph, places).items():
        key = (link.line, link.cause, link.effect, link.mechanism)
        row = shown.get((link.line, link.cause, link.effect))
        confidence = calibration.confidence(score)
        ruled_out = key in refuted or ("", *key[1:]) in refuted
        if row is None or ruled_out or confidence < least or not keep(link):
            continue
        numbers = {name: float(value) for name, value in row.items() if isinstance(value, float)}
        made = Prediction(
            *key,
            score,
            confidence,
            direction_of(numbers["z"], numbers["quadratic"]),
            numbers,
            spurious=is_spurious(numbers),
        )
        found.setdefault((link.line, link.effect), []).append(made)
    best = [
        one
        for some in found.values()
        for one in sorted(some, key=lambda one: -one.score)[:per_defect]
    ]
    return tuple(sorted(best, key=lambda one: (-one.confidence, one.line, one.cause)))


def is_spurious(statistics: Mapping[str, float]) -> bool:
    """Return whether an association over all rows is gone inside environments (requirement R26).

    >>> is_spurious({"z": 6.0, "within": 0.3}), is_spurious({"z": 6.0, "within": 5.1})
    (True, False)
    """
    return abs(statistics["z"]) >= SPURIOUS_Z and abs(statistics["within"]) < SPURIOUS_WITHIN


def scores_of(
    model: Ranker, graph: LearningGraph, queries: Sequence[Query]
) -> list[list[tuple[str, float]]]:
    """Return per question its candidates with their chances, the likeliest first."""
    found: list[list[tuple[str, float]]] = []
    for query, row in zip(queries, model.scores(graph, queries), strict=True):
        chances: NDArray[np.float64] = np.exp(log_softmax(row)) if len(row) else row
        named = zip(candidates(graph, query), chances.tolist(), strict=True)
        found.append(sorted(named, key=lambda pair: (-pair[1], pair[0])))
    return found
