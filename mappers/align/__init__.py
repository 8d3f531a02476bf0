"""Alignment: what each field of a source means, with evidence; or a question, or a request for a term.

`align` is for our ontology, `align_targets` for any vocabulary; both weigh the same signals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qualweave.config import Settings
from qualweave.mappers.align.adapting import adapt
from qualweave.mappers.align.combiner import Combiner
from qualweave.mappers.align.recall import RECALLED, Confirmed, Recall
from qualweave.mappers.align.score import (
    ONE_EACH,
    Alignment,
    Candidate,
    as_decided,
    combiner_of,
    decide,
    one_each,
    rank,
    score_table,
    values_against,
)
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm, from_terms
from qualweave.mappers.align.thresholds import label_cases, twin_chance
from qualweave.mappers.profile import FieldProfile
from qualweave.ontology.terms import TermIndex

__all__ = ["Alignment", "Candidate", "Confirmed", "Memory", "Remembering", "align", "align_targets"]


class Memory(Protocol):
    """What persons decided before."""

    def rejected(self, field: FieldProfile) -> frozenset[str]:
        """Return the terms that were refused for this field."""
        ...

    def confirmed(self, field: FieldProfile) -> Mapping[str, float]:
        """Return the terms that were confirmed for a field of its name in its source, with a bonus to the score."""
        ...

    def confirmations(self) -> Sequence[Confirmed]:
        """Return every confirmed field, of this source and others."""
        ...


@dataclass(frozen=True)
class Remembering:
    """A vocabulary with what persons confirmed, and weights that have learned from it.

    Attributes:
        recall: The confirmations, ready to be asked.
        weights: The shipped weights, adapted where there are enough confirmations.
    """

    recall: Recall
    weights: Combiner

    @classmethod
    def of(
        cls,
        vocabulary: Vocabulary,
        confirmed: Sequence[Confirmed],
        weights: Combiner | None = None,
    ) -> "Remembering":
        """Return what is remembered of a vocabulary, and the weights and threshold for it.

        Args:
            vocabulary: The terms.
            confirmed: What persons confirmed, in the order in which they did.
            weights: To start from; the shipped ones where left out.
        """
        recall = Recall(confirmed, vocabulary.by_id, vocabulary.semantic)
        adapted = adapt(weights or combiner_of(vocabulary, recall), vocabulary, recall.confirmed)
        if adapted.learnt or vocabulary.is_ours:
            return cls(recall, adapted)
        alone = weights if weights is not None and not confirmed else combiner_of(vocabulary)
        # Too few confirmations to learn from: what is weighed without memory stays, and memory is added to it.
        few = {one: adapted.weights[one] for one in RECALLED} if len(recall) else {}
        accept = max(alone.accept, twin_chance(label_cases(vocabulary), alone))
        return cls(recall, replace(alone, weights={**alone.weights, **few}, accept=accept))


@dataclass(frozen=True)
class _Told:
    """Confirmations, told apart by what they say: a field's context is a mapping and has no hash."""

    key: tuple[tuple[object, ...], ...]
    confirmed: tuple[Confirmed, ...] = field(compare=False)


@lru_cache(maxsize=8)
def _remembering(vocabulary: Vocabulary, told: _Told) -> Remembering:
    return Remembering.of(vocabulary, told.confirmed)


@lru_cache(maxsize=4)
def _vocabulary(terms: TermIndex, settings: Settings) -> Vocabulary:
    return Vocabulary(from_terms(terms), settings, profile="ontology")


def align(
    fields: Sequence[FieldProfile],
    terms: TermIndex,
    *,
    settings: Settings | None = None,
    memory: Memory | None = None,
) -> list[Alignment]:
    """Return the meaning of each field of one table in our ontology.

    Args:
        fields: Profiles of the fields of one table.
        terms: The ontology's terms.
        settings: Thresholds, text model and cache.
        memory: Earlier decisions.
    """
    chosen = settings or Settings()
    return align_targets(fields, _vocabulary(terms, chosen), settings=chosen, memory=memory)


def align_targets(
    fields: Sequence[FieldProfile],
    vocabulary: Vocabulary | Sequence[TargetTerm],
    *,
    settings: Settings | None = None,
    memory: Memory | None = None,
    remembering: Remembering | None = None,
    joint: bool = True,
) -> list[Alignment]:
    """Return the meaning of each field in a vocabulary.

    Args:
        fields: The fields.
        vocabulary: Its terms, prepared or not.
        settings: Thresholds, text model and cache.
        memory: Earlier decisions.
        remembering: What is remembered, where it was prepared before.
        joint: Whether the fields are of one table and so mostly mean different things.
    """
    chosen = settings or Settings()
    prepared = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary, chosen)
    told = memory.confirmations() if memory is not None and remembering is None else ()
    known = remembering or _remembering(
        prepared, _Told(tuple(one.key for one in told), tuple(told))
    )
    table = score_table(fields, prepared, known.recall, known.weights)
    final = [score for _, score in table]
    if joint:
        final = one_each(final, penalty=ONE_EACH * (1.0 - known.recall.shared))
        final = [
            _without_taken(score, one, known.recall)
            for one, score in zip(fields, final, strict=True)
        ]
    return [
        _decided(one, alone, score, prepared=prepared, known=known, settings=chosen, memory=memory)
        for one, alone, score in zip(fields, table, final, strict=True)
    ]


def _without_taken(
    score: NDArray[np.float64], field: FieldProfile, recall: Recall
) -> NDArray[np.float64]:
    """Return scores in which a term that a person gave to another field of the table is less likely."""
    taken, surely = recall.taken(field)
    left = score.copy()
    left[taken] -= ONE_EACH * surely
    return left


def _decided(
    asked: FieldProfile,
    alone: tuple[Mapping[str, NDArray[np.float64]], NDArray[np.float64]],
    score: NDArray[np.float64],
    *,
    prepared: Vocabulary,
    known: Remembering,
    settings: Settings,
    memory: Memory | None,
) -> Alignment:
    """Return what a field means, from its signals and score alone and its score among the fields of its table."""
    found, before = alone
    confirmed = memory.confirmed(asked) if memory else {}
    ranked = rank(
        asked, found, score, vocabulary=prepared, weights=known.weights, recall=known.recall,
        rejected=memory.rejected(asked) if memory else frozenset(), confirmed=confirmed,
    )  # fmt: skip
    chance = None
    if ranked and not prepared.is_ours and ranked[0].term not in confirmed:
        chance = known.weights.probabilities(before)[prepared.by_id[ranked[0].term]]
    made = decide(
        asked, ranked, vocabulary=prepared, ask=settings.ask_threshold, alone=chance,
        accept=settings.accept_threshold if prepared.is_ours else known.weights.accept,
    )  # fmt: skip
    if made.decision == "accept" and ranked[0].term not in confirmed and values_against(ranked):
        return as_decided(made, "ask")
    return made
