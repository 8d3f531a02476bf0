"""How well answers are ranked on lines that nothing was learned from.

Filtered ranks (Bordes et al. 2013): the other right answers of a question are left out. Ties share the mean
rank, so a model that says nothing ranks at random. AUROC asks whether confirmed parameters stand above those that the
line measures and whose defect was labelled at least three times without naming them: negatives that were
observed, not drawn.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.labels import Link
from qualweave.gnn.models import Ranker
from qualweave.gnn.target import DIRECTIONS, Asked, Query, candidates

METRICS = ("mrr", "hits@1", "hits@10")
_LEAST_LABELS = 3


@dataclass(frozen=True)
class Scores:
    """Measures of one model on one split.

    Attributes:
        by_direction: Per direction the measures of `METRICS` and the number of answers ``"answers"``.
        auroc: Of parameters against measured negatives, None where there are none.
        negatives: Number of measured negatives.
    """

    by_direction: Mapping[Asked, Mapping[str, float]]
    auroc: float | None = None
    negatives: int = 0

    @property
    def mrr(self) -> float:
        """Mean of the two directions' filtered MRR: the figure by which models are compared."""
        found = [one["mrr"] for one in self.by_direction.values() if one.get("answers")]
        return float(np.mean(found)) if found else 0.0


@dataclass
class Tally:
    """Scores of one model over seeds."""

    name: str
    runs: list[Scores] = field(default_factory=list)

    def summary(self) -> dict[str, tuple[float, float]]:
        """Return mean and standard deviation per measure, over seeds."""
        table: dict[str, list[float]] = defaultdict(list)
        for run in self.runs:
            for asked, measures in run.by_direction.items():
                if measures.get("answers"):
                    for name in METRICS:
                        table[f"{asked} {name}"].append(measures[name])
            table["mrr"].append(run.mrr)
            if run.auroc is not None:
                table["auroc"].append(run.auroc)
        return {name: (float(np.mean(some)), float(np.std(some))) for name, some in table.items()}


def ranks(
    graph: LearningGraph, queries: Sequence[Query], scores: Sequence[NDArray[np.float64]]
) -> list[list[float]]:
    """Return the filtered rank of every right answer of each question; 1 is the best.

    What has no score (NaN, of a training that diverged) is the last and ties with its like.
    """
    found = []
    for query, scored in zip(queries, scores, strict=True):
        row = np.where(np.isnan(scored), -np.inf, scored)
        names = candidates(graph, query)
        right = [place for place, name in enumerate(names) if name in query.answers]
        wrong = np.array([row[place] for place in range(len(names)) if place not in right])
        found.append(
            [
                float(1 + np.sum(wrong > row[place]) + 0.5 * np.sum(wrong == row[place]))
                for place in right
            ]
        )
    return found


def mean_reciprocal_rank(model: Ranker, graph: LearningGraph, queries: Sequence[Query]) -> float:
    """Return the filtered MRR, the mean of both directions."""
    return evaluate(model, graph, queries).mrr


def evaluate(
    model: Ranker, graph: LearningGraph, queries: Sequence[Query], *, truth: Sequence[Link] = ()
) -> Scores:
    """Return the measures of a model.

    Args:
        model: What ranks.
        graph: What it may know; without the links of the lines it is asked about.
        queries: Questions with answers.
        truth: Links of those lines, for the negatives of AUROC.
    """
    scores = model.scores(graph, queries)
    found: dict[Asked, dict[str, float]] = {}
    for asked in DIRECTIONS:
        places = [place for place, one in enumerate(queries) if one.asked == asked]
        each = [
            rank
            for some in ranks(
                graph, [queries[one] for one in places], [scores[one] for one in places]
            )
            for rank in some
        ]
        found[asked] = _measures(np.array(each))
    area, negatives = _auroc(graph, queries, scores, truth=truth)
    return Scores(found, area, negatives)


def _measures(each: NDArray[np.float64]) -> dict[str, float]:
    if not len(each):
        return {"answers": 0.0, **dict.fromkeys(METRICS, 0.0)}
    return {
        "answers": float(len(each)),
        "mrr": float(np.mean(1 / each)),
        "hits@1": float(np.mean(each <= 1)),  # a tied first place is none
        "hits@10": float(np.mean(each <= 10)),  # noqa: PLR2004 - it is in the name
    }


def _auroc(
    graph: LearningGraph,
    queries: Sequence[Query],
    scores: Sequence[NDArray[np.float64]],
    *,
    truth: Sequence[Link],
) -> tuple[float | None, int]:
    """Return the AUROC of confirmed parameters over measured negatives; scores are ranks within a question."""
    labels: dict[tuple[str, str], int] = defaultdict(int)
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for link in truth:
        labels[link.line, link.effect] += link.count
        named[link.line, link.effect].add(link.cause)
    good, bad = [], []
    for query, row in zip(queries, scores, strict=True):
        if query.asked != "cause" or labels[query.line, query.effect] < _LEAST_LABELS:
            continue
        level = rankdata(row) / max(len(row), 1)
        for name, value in zip(candidates(graph, query), level.tolist(), strict=True):
            if name in query.answers:
                good.append(value)
            elif name not in named[query.line, query.effect]:
                bad.append(value)
    if not good or not bad:
        return None, len(bad)
    both = rankdata(np.array(good + bad))[: len(good)].sum()
    return float((both - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad))), len(bad)
