"""`adapt`: weights that have learned from what persons confirmed in one vocabulary.

How much memory is worth differs: makers of machine tools name alike, departments of one firm do not. So the confirmed
fields of each source are aligned with what the other sources remember, and the shipped weights are fitted on to that.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qualweave.mappers.align.combiner import Case, Combiner, case, combiner, fit, with_absent
from qualweave.mappers.align.recall import Confirmed, Recall
from qualweave.mappers.align.thresholds import learnt

if TYPE_CHECKING:
    from qualweave.mappers.align.signals import Vocabulary

_ENOUGH, _SOURCES, _MOST, _FOLDS = 60, 3, 800, 8
_STRENGTH = 0.01
_CAREFUL = 0.995  # mapped from, where what was confirmed gives no threshold


def adapt(shipped: Combiner, vocabulary: "Vocabulary", confirmed: Sequence[Confirmed]) -> Combiner:
    """Return weights and threshold adapted to confirmations; the shipped ones where there are too few.

    Args:
        shipped: The weights to start from.
        vocabulary: The terms.
        confirmed: What persons confirmed, in the order in which they did: at least 60 fields of 3 sources, else nothing
            is changed. The weights are fitted anew when a tenth has come in since.
    """
    some = confirmed[: _settled(len(confirmed))]
    sources = sorted({one.source for one in some})
    if len(some) < _ENOUGH or len(sources) < _SOURCES:
        return shipped
    key = (tuple(one.key for one in some), tuple(shipped.vector().tolist()))
    known = vocabulary.adapted.get(key)
    if known is None:
        known = _adapted(shipped, vocabulary, some)
        vocabulary.adapted = {key: known}  # in one step: another thread may be asking
    return known


def _settled(count: int) -> int:
    """Return the greatest of 60, 66, 72, 79, … that is not above a count."""
    found = step = _ENOUGH
    while step <= count:
        found, step = step, step + max(1, step // 10)
    return found


def _adapted(
    shipped: Combiner, vocabulary: "Vocabulary", confirmed: Sequence[Confirmed]
) -> Combiner:
    sources = sorted({one.source for one in confirmed})
    fold = {one: place % min(_FOLDS, len(sources)) for place, one in enumerate(sources)}
    step = max(1, -(-len(confirmed) // _MOST))
    folds: list[list[Case]] = []
    for here in sorted(set(fold.values())):
        asked = [one for one in confirmed[::step] if fold[one.source] == here]
        rest = [one for one in confirmed if fold[one.source] != here]
        folds.append(_cases(shipped, vocabulary, asked, rest))
    cases = [one for some in folds for one in some]
    if not cases:
        return shipped
    accept = learnt([(some, _fitted(shipped, _others(folds, some))) for some in folds])
    made = _fitted(shipped, cases)
    return replace(
        made,
        accept=max(shipped.accept, _CAREFUL) if accept is None else round(accept, 4),
        version=f"{made.version} to {len(confirmed)} confirmations",
        learnt=True,
    )


def _others(folds: Sequence[list[Case]], some: list[Case]) -> list[Case]:
    return [one for others in folds if others is not some for one in others]


def _fitted(shipped: Combiner, cases: Sequence[Case]) -> Combiner:
    if not cases:
        return shipped
    values = fit([with_absent(cases)], prior=shipped.vector(), strength=_STRENGTH)
    return combiner(values, accept=shipped.accept, version=f"{shipped.version}, adapted")


def _cases(
    shipped: Combiner,
    vocabulary: "Vocabulary",
    asked: Sequence[Confirmed],
    rest: Sequence[Confirmed],
) -> list[Case]:
    from qualweave.mappers.align.score import score_table  # noqa: PLC0415 - it asks for weights too

    recall = Recall(rest, vocabulary.by_id, vocabulary.semantic)
    cases: list[Case] = []
    for source in sorted({one.source for one in asked}):
        told = [one for one in asked if one.source == source]
        table = score_table([one.field for one in told], vocabulary, recall, shipped)
        for one, (found, score) in zip(told, table, strict=True):
            right = [vocabulary.by_id[term] for term in one.terms if term in vocabulary.by_id]
            if right:
                cases.append(case(found, score, right))
    return [one for one in cases if np.isfinite(one.matrix).all()]
