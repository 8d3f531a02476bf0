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

if TYPE_CHECKING:
    from qualweave.mappers.align.signals import Vocabulary

_ENOUGH, _SOURCES, _MOST, _FOLDS = 60, 3, 800, 8
_STRENGTH = 0.01


def adapt(shipped: Combiner, vocabulary: "Vocabulary", confirmed: Sequence[Confirmed]) -> Combiner:
    """Return weights adapted to confirmations; the shipped ones where there are too few.

    Args:
        shipped: The weights to start from.
        vocabulary: The terms.
        confirmed: What persons confirmed: at least 60 fields of 3 sources, else nothing is changed.
    """
    sources = sorted({one.source for one in confirmed})
    if len(confirmed) < _ENOUGH or len(sources) < _SOURCES:
        return shipped
    fold = {one: place % min(_FOLDS, len(sources)) for place, one in enumerate(sources)}
    step = max(1, -(-len(confirmed) // _MOST))
    cases: list[Case] = []
    for here in sorted(set(fold.values())):
        asked = [one for one in confirmed[::step] if fold[one.source] == here]
        rest = [one for one in confirmed if fold[one.source] != here]
        cases += _cases(shipped, vocabulary, asked, rest)
    if not cases:
        return shipped
    values = fit([with_absent(cases)], prior=shipped.vector(), strength=_STRENGTH)
    made = combiner(values, accept=shipped.accept, version=f"{shipped.version}, adapted")
    return replace(made, version=f"{made.version} to {len(confirmed)} confirmations")


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
