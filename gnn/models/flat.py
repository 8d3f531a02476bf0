"""Flat baselines: what can be had without a graph. A simple one that wins is shown as the winner.

They read the same links and the same evidence columns as the network, a question at a time.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from qualweave.gnn.capability import THREADS
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.encode import FEATURES, statistics_by_cause
from qualweave.gnn.target import Asked, Query, candidates, queries_of

Floats = NDArray[np.float64]
_STEP = 0.05
_EPSILON = 1e-6


class RandomRanker:
    """Scores drawn at random: what chance gives."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def fit(self, graph: LearningGraph) -> Self:
        """Learn nothing."""
        del graph
        return self

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return random scores; see `Ranker`."""
        rng = np.random.default_rng(self._seed)
        return [rng.random(len(candidates(graph, one))) for one in queries]


@dataclass
class Counts:
    """How often parts of links occur on other lines; a line's own links never count for itself."""

    total: Counter[tuple[str, ...]] = field(default_factory=Counter)
    on_line: dict[str, Counter[tuple[str, ...]]] = field(default_factory=dict)
    said: Counter[tuple[str, ...]] = field(default_factory=Counter)
    process: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: LearningGraph) -> "Counts":
        """Count the links of a graph, and the hypotheses of the ontology."""
        made = cls(process=dict(graph.process_of))
        for link in graph.links:
            process = made.process.get(link.line, "")
            mine = made.on_line.setdefault(link.line, Counter())
            for key in cls._keys(process, link.cause, link.effect, link.mechanism):
                made.total[key] += 1
                mine[key] += 1
        for one in graph.statements:
            if one.kind == "hypothesised":
                for key in cls._keys("", one.cause, one.effect, one.mechanism):
                    made.said[key] += 1
        return made

    @staticmethod
    def _keys(process: str, p: str, d: str, m: str) -> list[tuple[str, ...]]:
        return [
            ("4", process, p, d, m),
            ("3", p, d, m),
            ("pd", p, d),
            ("dm", d, m),
            ("pm", p, m),
            ("p", p),
            ("m", m),
        ]

    def share(self, line: str, key: tuple[str, ...]) -> float:
        """Return ``n / (n + 1)`` of a key over the other lines."""
        number = self.total[key] - self.on_line.get(line, Counter())[key]
        return number / (number + 1)

    def features(self, query: Query, candidate: str) -> list[float]:
        """Return the shares of a candidate, the most specific first."""
        asked = query.asked == "mechanism"
        p, m = (query.given, candidate) if asked else (candidate, query.given)
        d, process = query.effect, self.process.get(query.line, "")
        keys = self._keys(process, p, d, m)
        chosen = [
            keys[0],
            keys[1],
            *((keys[3], keys[4], keys[6]) if asked else (keys[2], keys[4], keys[5])),
        ]
        told = [
            float(self.said[key] > 0)
            for key in (keys[1], *((keys[3], keys[4]) if asked else (keys[2], keys[4])))
        ]
        return [self.share(query.line, key) for key in chosen] + told


class FrequencyRanker:
    """Counts of the same triple on other lines, the most specific first: process, triple, pairs, single."""

    name = "frequency"

    def __init__(self) -> None:
        self._counts = Counts()

    def fit(self, graph: LearningGraph) -> Self:
        """Count the graph's links."""
        self._counts = Counts.of(graph)
        return self

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return back-off counts; see `Ranker`."""
        weights = _STEP ** np.arange(5)
        return [
            np.array(
                [
                    float(np.dot(weights, self._counts.features(query, name)[:5]))
                    for name in candidates(graph, query)
                ]
            )
            for query in queries
        ]


class LogisticRanker:
    """Logistic regression on evidence columns; for mechanisms multinomial, with parameter and defect as one-hot."""

    name = "logistic"

    def __init__(self) -> None:
        self._cause: Any = None
        self._mechanism: Any = None
        self._classes: dict[str, int] = {}

    def fit(self, graph: LearningGraph) -> Self:
        """Fit both regressions on the graph's links."""
        known = statistics_by_cause(graph)
        queries = queries_of(graph, graph.links)
        rows, y = _pointwise(graph, [one for one in queries if one.asked == "cause"], known, None)
        self._cause = _logistic(rows, y)
        names = sorted({*graph.nodes["parameter"]}) + sorted({*graph.nodes["defect"]})
        self._classes = {name: place for place, name in enumerate(names)}
        asked = [
            (one, answer)
            for one in queries
            if one.asked == "mechanism"
            for answer in sorted(one.answers)
        ]
        x = np.array([self._row(one, known) for one, _ in asked])
        self._mechanism = _logistic(x, np.array([answer for _, answer in asked]))
        return self

    def _row(self, query: Query, known: dict[tuple[str, str, str], Floats]) -> Floats:
        one_hot = np.zeros(len(self._classes))
        for name in (query.given, query.effect):
            one_hot[self._classes[name]] = 1
        return np.concatenate([_evidence(known, query.line, query.given, query.effect), one_hot])

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return probabilities; see `Ranker`."""
        known = statistics_by_cause(graph)
        found = []
        for query in queries:
            names = candidates(graph, query)
            if query.asked == "cause":
                rows, _ = _pointwise(graph, [query], known, None)
                found.append(_positive(self._cause, rows, len(names)))
                continue
            table = dict.fromkeys(names, 0.0)
            if self._mechanism is not None:
                chances = self._mechanism.predict_proba(self._row(query, known)[None, :])[0]
                table |= dict(zip(self._mechanism.classes_.tolist(), chances.tolist(), strict=True))
            found.append(np.array([table[name] for name in names]))
        return found


class BoostingRanker:
    """Gradient boosting over evidence columns and class priors: all that a flat table can know."""

    name = "boosting"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._counts = Counts()
        self._models: dict[Asked, Any] = {}

    def fit(self, graph: LearningGraph) -> Self:
        """Fit one classifier per direction; priors of a line leave out its own links."""
        self._counts = Counts.of(graph)
        known = statistics_by_cause(graph)
        every = queries_of(graph, graph.links)
        for asked in ("mechanism", "cause"):
            queries = [one for one in every if one.asked == asked]
            rows, y = _pointwise(graph, queries, known, self._counts)
            self._models[asked] = None
            if len(set(y.tolist())) > 1:
                model = HistGradientBoostingClassifier(
                    max_iter=80,
                    max_depth=3,
                    learning_rate=0.1,
                    min_samples_leaf=5,
                    early_stopping=False,
                    random_state=self._seed,
                )
                with threadpool_limits(limits=THREADS):
                    self._models[asked] = model.fit(rows, y)
        return self

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return probabilities; see `Ranker`."""
        known = statistics_by_cause(graph)
        found = []
        for query in queries:
            rows, _ = _pointwise(graph, [query], known, self._counts)
            found.append(
                _positive(self._models.get(query.asked), rows, len(candidates(graph, query)))
            )
        return found


def _pointwise(
    graph: LearningGraph,
    queries: Sequence[Query],
    known: dict[tuple[str, str, str], Floats],
    counts: Counts | None,
) -> tuple[Floats, NDArray[np.int64]]:
    """Return a row per question and candidate, and whether it is an answer."""
    rows, y = [], []
    for query in queries:
        for name in candidates(graph, query):
            cause = query.given if query.asked == "mechanism" else name
            row = _evidence(known, query.line, cause, query.effect)
            rows.append(
                row if counts is None else np.concatenate([row, counts.features(query, name)])
            )
            y.append(int(name in query.answers))
    return np.array(rows), np.array(y, dtype=np.int64)


def _evidence(
    known: dict[tuple[str, str, str], Floats], line: str, cause: str, defect: str
) -> Floats:
    return known.get((line, cause, defect), np.zeros(len(FEATURES)))


def _logistic(rows: Floats, y: NDArray[Any]) -> Any:  # noqa: ANN401 - scikit-learn has no types
    if len(set(y.tolist())) < 2:  # noqa: PLR2004 - nothing to tell apart
        return None
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000)).fit(rows, y)


def _positive(model: Any, rows: Floats, count: int) -> Floats:  # noqa: ANN401 - scikit-learn has no types
    if model is None or not len(rows):
        return np.zeros(count)
    with threadpool_limits(limits=THREADS):
        return np.asarray(model.predict_proba(rows)[:, 1], dtype=np.float64)
