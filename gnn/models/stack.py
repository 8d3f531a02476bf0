"""A mixture of rankers: weights per direction, chosen on lines that none of them learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.evaluate import mean_reciprocal_rank
from qualweave.gnn.models import Ranker
from qualweave.gnn.target import DIRECTIONS, Asked, Query

Floats = NDArray[np.float64]
_WEIGHTS = (0.5, 0.35, 0.65, 0.2, 0.8, 0.0, 1.0)
"""Shares of the first ranker, an even mixture first: among equals it stays."""


@dataclass
class StackedRanker:
    """Two rankers whose chances are mixed geometrically.

    Attributes:
        first: For example the path network.
        second: For example boosting.
        weights: Share of the first per direction, from 0 to 1.
        name: Name in tables.
    """

    first: Ranker
    second: Ranker
    weights: Mapping[Asked, float] = field(default_factory=lambda: dict.fromkeys(DIRECTIONS, 0.5))
    name: str = "stacked"

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return mixed log chances; see `Ranker`."""
        one, two = self.first.scores(graph, queries), self.second.scores(graph, queries)
        return [
            mix(a, b, self.weights[query.asked])
            for query, a, b in zip(queries, one, two, strict=True)
        ]


def mix(a: Floats, b: Floats, weight: float) -> Floats:
    """Return a weighted sum of log chances: `a` are logits, `b` are chances that need not sum to one."""
    if not len(a):
        return a
    first = a - a.max()
    first = first - np.log(np.exp(first).sum())
    second = np.log(np.maximum(b, 1e-4) / np.maximum(b, 1e-4).sum())
    return np.asarray(weight * first + (1 - weight) * second, dtype=np.float64)


def choose_weights(
    first: Ranker, second: Ranker, graph: LearningGraph, held: Sequence[Query]
) -> Mapping[Asked, float]:
    """Return the weights that rank held questions best, per direction; even where there are none.

    Args:
        first: A ranker that gives logits.
        second: A ranker that gives chances.
        graph: What both may know: without the links of the held lines.
        held: Questions of the held lines.
    """
    chosen: dict[Asked, float] = {}
    for asked in DIRECTIONS:
        queries = [query for query in held if query.asked == asked]
        one, two = _Fixed(first.scores(graph, queries)), _Fixed(second.scores(graph, queries))
        figures = [
            mean_reciprocal_rank(StackedRanker(one, two, {asked: weight}), graph, queries)
            for weight in _WEIGHTS
        ]
        chosen[asked] = _WEIGHTS[int(np.argmax(np.round(figures, 3)))]
    return chosen


@dataclass
class _Fixed:
    """Scores that were computed once."""

    table: list[Floats]
    name: str = "fixed"

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return them."""
        del graph, queries
        return self.table
