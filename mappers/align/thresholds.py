"""From which probability a field is mapped unasked: for the precision that is wanted, and sparing what has no term.

Three thresholds are set here. The shipped one is fitted over all public sets. A vocabulary with near twins raises it:
`twin_chance` asks how probable the best other term is for a term's own label, were that term not there. And memory
replaces it: what persons confirmed is aligned with what other sources remember, and shows how far it is right.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qualweave.mappers.align.combiner import Case, Combiner, case, without_right
from qualweave.mappers.align.score import combiner_of
from qualweave.mappers.align.signals import signals
from qualweave.mappers.profile import field_from_facts

if TYPE_CHECKING:
    from qualweave.mappers.align.signals import Vocabulary

PRECISION, ABSENT = 0.98, 0.02
_SAMPLE = 200  # terms whose labels are asked about
_FEWEST = 20  # mapped fields, below which a share of right ones says little
_DOUBT = 0.5  # of a wrong field, that is thought to be among those mapped


def first(one: Case, weights: Combiner) -> tuple[float, bool, bool]:
    """Return the probability of a case's first term, whether it is right, and whether it is alone at the top."""
    if not len(one.right):
        return 0.0, False, True
    score = one.matrix @ weights.vector()[:-1]
    best = int(score.argmax())
    chance = weights.probabilities(np.asarray(score, dtype=float))
    sole = int((score >= score[best] - 1e-9).sum()) == 1
    return float(chance[best]), bool(one.right[best]), sole


def lowest(
    chance: ArrayLike,
    right: ArrayLike,
    *,
    absent: ArrayLike,
    worth: ArrayLike | None = None,
    absent_worth: ArrayLike | None = None,
    doubt: float = 0.0,
    fewest: int = 1,
) -> float | None:
    """Return the lowest probability from which mapping is precise enough; None where there is none.

    Args:
        chance: Probability of each field's first term; shape ``(fields,)``.
        right: Whether that term is right, likewise.
        absent: Probability of the first term of fields that have none in the vocabulary.
        worth: How much each field counts, all alike where left out.
        absent_worth: Likewise of the fields without a term.
        doubt: Counted as wrong beside those that were seen to be.
        fewest: Fields that must be mapped.

    Returns:
        The probability from which at least 98 % of the mapped fields are right and at most 2 % of those without a term
        are mapped.
    """
    shown, good = np.asarray(chance, dtype=float), np.asarray(right, dtype=bool)
    each = np.ones(len(shown)) if worth is None else np.asarray(worth, dtype=float)
    order = np.argsort(-shown, kind="stable")
    precise = np.cumsum(good[order] * each[order]) / (np.cumsum(each[order]) + doubt)
    spared = _share_from(shown[order], np.asarray(absent, dtype=float), absent_worth) <= ABSENT
    last = np.append(shown[order][1:] < shown[order][:-1], True)[: len(order)]
    kept = np.flatnonzero((precise >= PRECISION) & spared & last & (shown[order] > 0))
    kept = kept[kept + 1 >= fewest]
    return float(shown[order][kept[-1]]) if len(kept) else None


def _share_from(
    bounds: NDArray[np.float64], chance: NDArray[np.float64], worth: ArrayLike | None
) -> NDArray[np.float64]:
    """Return, per bound, the share of fields whose probability is at least that."""
    if not len(chance):
        return np.zeros(len(bounds))
    each = np.ones(len(chance)) if worth is None else np.asarray(worth, dtype=float)
    order = np.argsort(chance)
    above = np.append(np.cumsum(each[order][::-1])[::-1], 0.0)
    return np.asarray(above[np.searchsorted(chance[order], bounds, side="left")] / each.sum())


def learnt(folds: Sequence[tuple[Sequence[Case], Combiner]]) -> float | None:
    """Return the threshold that confirmed fields teach, each weighed by what other sources confirmed.

    Args:
        folds: Cases of some sources, and weights that were fitted without them.
    """
    found = [first(one, weights) for cases, weights in folds for one in cases]
    gone = [first(without_right(one), weights)[0] for cases, weights in folds for one in cases]
    return lowest(
        [one[0] for one in found], [one[1] for one in found],
        absent=gone, doubt=_DOUBT, fewest=_FEWEST,
    )  # fmt: skip


@lru_cache(maxsize=4)
def label_cases(vocabulary: "Vocabulary") -> tuple[Case, ...]:
    """Return the labels of terms, as fields whose term is not in the vocabulary; at most 200, evenly drawn."""
    weights = combiner_of(vocabulary)
    places = [place for place, one in enumerate(vocabulary.targets) if not one.withdrawn]
    places.sort(key=lambda place: vocabulary.targets[place].id)
    drawn = places[:: max(1, -(-len(places) // _SAMPLE))]
    fields = [
        field_from_facts(name=one.label(), unit=one.unit, kind=one.kind)
        for one in (vocabulary.targets[place] for place in drawn)
    ]
    cases = []
    for place, field, spelt in zip(drawn, fields, vocabulary.read_ahead(fields), strict=True):
        found = signals(field, spelt, vocabulary)
        cases.append(without_right(case(found, weights.scores(found), [place])))
    return tuple(cases)


def twin_chance(cases: Sequence[Case], weights: Combiner) -> float:
    """Return the probability that 98 % of labels stay below where their own term is not in the vocabulary."""
    if not cases:
        return 0.0
    return float(np.quantile([first(one, weights)[0] for one in cases], 1.0 - ABSENT))
