"""The combiner: one weight per signal, fitted as a conditional logit that knows "none of these terms".

The score of a term is the weighted sum of its signals, "no term fits" has a score of its own, and the probabilities are
their softmax. The shipped weights (``weights.json``, written by ``benchmarks/fit_alignment.py``) can be read one by
one; `adapt` moves them by what persons have confirmed, from which machine to which other.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.optimize import minimize

from qualweave.mappers.align.recall import RECALLED

Vector: TypeAlias = NDArray[np.float64]
PRIOR: Mapping[str, float] = {
    "exact": 1.0, "only_exact": 0.5, "label_exact": 0.3, "name_covered": 1.0, "label_covered": 2.0,
    "synonym_covered": 1.5, "learnt_covered": 1.5, "abbreviated": 1.0, "initials": 1.0, "own_attribute": 1.0,
    "sibling_covered": 0.5, "context_covered": 1.0, "characters": 1.5, "numbers": 0.5, "definition_words": 0.5,
    "definition_place": 0.5, "meaning": 1.5, "meaning_written": 1.5, "meaning_defined": 0.5, "description": 1.0,
    "description_named": 1.5, "unit": 1.5, "unit_same": 0.7, "unit_against": -4.0, "unit_missing": -0.3,
    "unit_unasked": -0.7, "unit_named": 10.0, "unit_identical": 3.0, "range": 1.0, "value_type": 0.5, "kind": 0.7,
    "company": 0.8, "general": -0.4, "withdrawn": -1.0, "fellow": 1.0, "together": 1.0, "inherited": 6.0,
    "outdone": -4.0, "recalled_same": 1.0, "recalled_here": 1.0, "recalled_sole": 0.5, "recalled_letters": 1.0,
    "recalled_words": 1.0, "recalled_meaning": 1.0, "recalled_like": 1.0, "recalled_place": 0.5,
    "recalled_votes": 2.0, "recalled_next": 2.0, "recalled_often": 0.5, "nil": 6.0,
}  # fmt: skip
"""What the weights are before any field was seen, and what fitting pulls them towards."""
NAMES = tuple(one for one in PRIOR if one != "nil")
_EITHER_SIGN = frozenset(
    {"unit_against", "unit_missing", "unit_unasked", "general", "value_type", "range", "kind", "outdone",
     "withdrawn", "numbers"}
)  # fmt: skip
_KEPT, _PER_SIGNAL = 40, 6


@dataclass(frozen=True)
class Combiner:
    """Weights of the signals.

    Attributes:
        weights: Per signal.
        nil: Score of "no term fits".
        accept: Probability from which a field is mapped unasked, for the precision that was wanted.
        version: Names the fit.
        learnt: Whether weights and threshold were learned from confirmations in the vocabulary at hand.
    """

    weights: Mapping[str, float]
    nil: float
    accept: float
    version: str
    learnt: bool = False

    def scores(self, found: Mapping[str, Vector]) -> Vector:
        """Return the score of each term; shape ``(number of terms,)``. A signal that is not there says nothing."""
        total = np.zeros(len(found["unit"]))
        for name, worth in self.weights.items():
            if worth and name in found:
                total += found[name] * worth
        return total

    def probabilities(self, score: Vector) -> Vector:
        """Return the probability of each term; what is missing to 1 is that of "no term fits"."""
        top = max(float(score.max(initial=self.nil)), self.nil)
        raised = np.exp(score - top)
        return np.asarray(raised / (raised.sum() + np.exp(self.nil - top)), dtype=float)

    def vector(self) -> Vector:
        """Return the weights in the order of `NAMES`, and last that of "no term fits"."""
        return np.array([*(self.weights[one] for one in NAMES), self.nil])


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Mapping[str, float]]:
    text = files("qualweave.mappers.align").joinpath("weights.json").read_bytes()
    data: dict[str, dict[str, float]] = orjson.loads(text)
    return data


@lru_cache(maxsize=16)
def shipped(profile: str) -> Combiner:
    """Return the shipped weights of a profile: ``any`` or ``ontology``, `` with memory``, `` without text``."""
    told = _shipped()[profile]
    return Combiner(
        {one: told.get(one, 0.0) for one in NAMES},
        told["nil"],
        told["accept"],
        str(_shipped()["version"]),
    )


def combiner(values: Vector, *, accept: float, version: str) -> Combiner:
    """Return weights from a vector in the order of `NAMES`, with that of "no term fits" last."""
    rounded = {one: round(float(value), 3) for one, value in zip(NAMES, values, strict=False)}
    return Combiner(rounded, round(float(values[-1]), 3), accept, version)


def first_places(score: Vector, count: int, *, but: AbstractSet[int] = frozenset()) -> list[int]:
    """Return the places of the highest scores, the highest first and equal ones in their order, without some."""
    wanted = min(count + len(but), len(score))
    if not wanted:
        return []
    least = np.partition(score, -wanted)[-wanted]
    some = np.flatnonzero(score >= least)
    order = some[np.argsort(-score[some], kind="stable")]
    return [int(one) for one in order if one not in but][:count]


# --- fitting ----------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A field whose right answer is known: signals of its candidates, and which of them are right.

    Attributes:
        matrix: Shape ``(candidates, number of signals)``.
        right: Shape ``(candidates,)``; none where no term fits.
        places: Place of each candidate in the vocabulary.
    """

    matrix: NDArray[np.float32]
    right: NDArray[np.bool_]
    places: NDArray[np.intp]


def case(found: Mapping[str, Vector], score: Vector, right: Iterable[int]) -> Case:
    """Return a field's candidates: the best by score, the best of each signal, and the right ones."""
    matrix = np.stack([found[one] for one in NAMES], axis=1).astype(np.float32)
    kept = {*first_places(score, _KEPT)} | {*right}
    for column in matrix.T:
        filled = int((column > 0).sum())
        if filled:
            order = np.argsort(-column, kind="stable")[: min(_PER_SIGNAL, filled)]
            kept |= {int(one) for one in order}
    places = np.array(sorted(kept), dtype=np.intp)
    return Case(matrix[places], np.isin(places, [*right]), places)


def without_right(one: Case) -> Case:
    """Return a field as it is where the terms that it means are not in the vocabulary."""
    left = ~one.right
    return Case(one.matrix[left], one.right[left], one.places[left])


class _Stack:
    """Cases end to end, for one pass of numpy over all of them."""

    def __init__(self, cases: Sequence[Case], weight: float) -> None:
        self.matrix = np.vstack([one.matrix for one in cases]).astype(np.float64)
        self.right = np.concatenate([one.right for one in cases])
        sizes = np.array([len(one.right) for one in cases])
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.row = np.repeat(np.arange(len(cases)), sizes)
        self.some = np.array([bool(one.right.any()) for one in cases])
        self.weight = weight / len(cases)

    def loss(self, values: Vector) -> tuple[float, Vector]:
        """Return the mean negative log-likelihood and its gradient."""
        score, nil = self.matrix @ values[:-1], values[-1]
        top = np.maximum(np.maximum.reduceat(score, self.starts), nil)
        raised, none = np.exp(score - top[self.row]), np.exp(nil - top)
        every = np.add.reduceat(raised, self.starts) + none
        good = np.add.reduceat(raised * self.right, self.starts)
        likely = np.where(self.some, good, none) / every
        pull = raised / every[self.row] - np.where(
            self.right, raised / np.maximum(good, 1e-300)[self.row], 0.0
        )
        slope = np.append(pull @ self.matrix, (none / every - ~self.some).sum())
        return -self.weight * float(np.log(likely + 1e-12).sum()), self.weight * slope


def fit(
    groups: Sequence[Sequence[Case]], *, prior: Vector | None = None, strength: float = 0.005
) -> Vector:
    """Return weights fitted to groups of cases, each group counting alike.

    Args:
        groups: Cases per vocabulary or source.
        prior: What the weights are pulled towards; `PRIOR` where left out.
        strength: Of the pull, per squared difference.

    Returns:
        Weights in the order of `NAMES`, and last that of "no term fits"; shape ``(number of signals + 1,)``.

    Source: conditional logit (McFadden 1974), with an alternative for "none" and an L2 pull; L-BFGS-B.
    """
    start = np.array([*PRIOR.values()]) if prior is None else prior
    stacks = [_Stack(one, 1.0 / len(groups)) for one in groups if one]

    def total(values: Vector) -> tuple[float, Vector]:
        away = values - start
        value, slope = strength * float(away @ away), 2 * strength * away
        for one in stacks:
            part, its = one.loss(values)
            value, slope = value + part, slope + its
        return value, slope

    bounds = [(None, None) if one in _EITHER_SIGN else (0.0, None) for one in NAMES]
    found = minimize(
        total, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)],
        options={"maxiter": 150},
    )  # fmt: skip
    return np.asarray(found.x, dtype=float)


def with_absent(cases: Sequence[Case], *, share: float = 0.15, seed: int = 3) -> list[Case]:
    """Return cases, and some of them again with their terms taken away, so that "none" is learned too."""
    chosen = np.random.default_rng(seed).random(len(cases)) < share
    return [*cases, *(without_right(one) for one, take in zip(cases, chosen, strict=True)
                      if take and one.right.any() and not one.right.all())]  # fmt: skip


__all__ = [
    "NAMES",
    "PRIOR",
    "RECALLED",
    "Case",
    "Combiner",
    "case",
    "combiner",
    "first_places",
    "fit",
    "shipped",
    "with_absent",
    "without_right",
]
