"""From signals to one probability per term, with the evidence that made it.

`combiner` weighs the signals; here tables of fields are scored, terms shared out among them, and decisions made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, TypeAlias, overload

import numpy as np
from scipy.optimize import linear_sum_assignment

from qualweave.evidence import Evidence
from qualweave.mappers.align.combiner import Combiner, first_places, shipped
from qualweave.mappers.align.recall import Recall
from qualweave.mappers.align.signals import Signals, Vector, Vocabulary, file_words, signals
from qualweave.mappers.align.stated import FIXED, can_take
from qualweave.mappers.align.statements import statement
from qualweave.mappers.profile import FieldProfile

Decision: TypeAlias = Literal["accept", "ask", "request"]
ONE_EACH = 1.5
"""By how much a score is lowered where another field of the table fits the term better."""
_VETO = -50.0
_KEPT = 10
_SHOWN = 0.05
_BEHIND = 2.0  # log-odds behind the best term at which a confirmed one starts
_SOLE = 0.8  # of the accept threshold: enough for a name that is one term's only, where no other comes near


@dataclass(frozen=True)
class Candidate:
    """A term that a field may mean.

    Attributes:
        term: Its id.
        score: Weighted sum of the signals.
        probability: Calibrated, over all terms and "none".
        evidence: What spoke for and against it.
    """

    term: str
    score: float
    probability: float
    evidence: Sequence[Evidence]


@dataclass(frozen=True)
class Alignment:
    """What a field means, or why that is not decided.

    Attributes:
        field: The field.
        decision: Mapped unasked, a question to a person, or a request for a new term.
        ranked: Candidates, the most probable first.
        margin: Probability of the first minus that of the second.
    """

    field: FieldProfile
    decision: Decision
    ranked: tuple[Candidate, ...]
    margin: float


def score_table(
    fields: Sequence[FieldProfile],
    vocabulary: Vocabulary,
    recall: Recall | None = None,
    weights: Combiner | None = None,
) -> list[tuple[Signals, Vector]]:
    """Return the signals and scores of every field of a table.

    Args:
        fields: The fields.
        vocabulary: The terms.
        recall: What persons confirmed before.
        weights: Of the signals; the shipped ones where left out.
    """
    combiner = weights or combiner_of(vocabulary, recall)
    spelt = vocabulary.read_ahead(fields, recall.learnt if recall else {})
    found = [
        signals(field, name, vocabulary, recall) for field, name in zip(fields, spelt, strict=True)
    ]
    alone = [_weighed(combiner, one) for one in found]
    told = vocabulary.fellowship.signals(
        [combiner.probabilities(one) for one in alone],
        [one["exact"] for one in found],
        [file_words(field) for field in fields],
    )
    more = [Signals(one, vocabulary.nothing) for one in told]
    return [
        (one.and_those(its), before + combiner.scores(its))
        for one, its, before in zip(found, more, alone, strict=True)
    ]


def _weighed(combiner: Combiner, found: Signals) -> Vector:
    """Return the score of each term: what was fitted, and what is fixed."""
    score = combiner.scores(found)
    for name, worth in FIXED.items():
        if name in found:
            score += found[name] * worth
    return score


def combiner_of(vocabulary: Vocabulary, recall: Recall | None = None) -> Combiner:
    """Return the shipped weights for a vocabulary, with or without memory."""
    return shipped(
        profile_name(vocabulary.profile, remembers=recall is not None and len(recall) > 0)
    )


def profile_name(profile: str, *, remembers: bool) -> str:
    """Return the name of the shipped weights of a profile.

    >>> profile_name("any without text", remembers=True)
    'any with memory without text'
    """
    base, bare, _ = profile.partition(" without text")
    return base + " with memory" * remembers + bare


def one_each(score: Sequence[Vector], *, penalty: float = ONE_EACH) -> list[Vector]:
    """Return scores in which a term that fits another field of the table better is less likely.

    Fields of one table mostly mean different things. The best joint assignment is computed; a field's
    score for a term that the assignment gives to another field is lowered, softly, since synonyms occur.
    """
    if len(score) < 2 or not len(score[0]):  # noqa: PLR2004 - nothing to share out
        return list(score)
    matrix = np.stack(score)
    rows, columns = linear_sum_assignment(-np.clip(matrix, -10, None))
    adjusted = matrix.copy()
    for row, column in zip(rows, columns, strict=True):
        rivals = np.flatnonzero(matrix[:, column] < matrix[row, column] - 0.25)
        adjusted[rivals, column] -= penalty
    return list(adjusted)


def rank(
    field: FieldProfile,
    found: Mapping[str, Vector],
    score: Vector,
    *,
    vocabulary: Vocabulary,
    weights: Combiner | None = None,
    recall: Recall | None = None,
    rejected: frozenset[str] = frozenset(),
    confirmed: Mapping[str, float] | None = None,
) -> tuple[Candidate, ...]:
    """Return the candidates of a field, the most probable first.

    Args:
        field: The field.
        found: Its signals.
        score: Its scores.
        vocabulary: The terms.
        weights: Of the signals; the shipped ones where left out.
        recall: What persons confirmed before.
        rejected: Terms that a person has refused for this field.
        confirmed: Terms that persons have confirmed for fields of this name, with a bonus.
    """
    combiner = weights or combiner_of(vocabulary, recall)
    final = _with_confirmed(score, found["unit_against"], confirmed or {}, vocabulary)
    refused = {vocabulary.by_id[one] for one in rejected if one in vocabulary.by_id}
    final[sorted(refused)] += 2 * _VETO
    chance = combiner.probabilities(final)
    places = first_places(final, _KEPT, but=refused)
    why = _evidence(field, found, places, vocabulary=vocabulary, combiner=combiner, recall=recall)
    return tuple(
        Candidate(vocabulary.targets[place].id, float(final[place]), float(chance[place]), evidence)
        for place, evidence in zip(places, why, strict=True)
    )


def _with_confirmed(
    score: Vector, against: Vector, confirmed: Mapping[str, float], vocabulary: Vocabulary
) -> Vector:
    """Return scores in which a confirmed term starts near the best one and has its bonus on top.

    What persons said of a name outweighs how unlike the term's name it looks, but not a wrong dimension.
    """
    final = score.copy()
    top = float(score.max(initial=0.0))
    for term, bonus in confirmed.items():
        place = vocabulary.by_id.get(term)
        if place is not None and not against[place]:
            final[place] = max(float(score[place]), top - _BEHIND) + bonus
    return final


def _evidence(
    field: FieldProfile,
    found: Mapping[str, Vector],
    places: Sequence[int],
    *,
    vocabulary: Vocabulary,
    combiner: Combiner,
    recall: Recall | None,
) -> list[Sequence[Evidence]]:
    """Return what spoke for and against each of some terms, the weightiest first."""
    weights = {**combiner.weights, **FIXED}
    names = list(weights)
    values = np.array([found[name][places] for name in names])
    worth = values * np.array(list(weights.values()))[:, None]
    order = np.argsort(-np.abs(worth), axis=0, kind="stable")
    shown = np.abs(worth) >= _SHOWN
    shown[names.index("entity")] |= [bool(vocabulary.targets[one].entity) for one in places]

    def made(column: int) -> tuple[Evidence, ...]:
        term = vocabulary.targets[places[column]]
        from_memory = recall.nearest(field, places[column]) if recall else None
        return tuple(
            Evidence(
                kind=names[row],
                statement=statement(
                    names[row], field, term, float(values[row, column]), confirmed=from_memory
                ),
                weight=float(worth[row, column]),
                rule="align",
                version=combiner.version,
            )
            for row in order[:, column]
            if shown[row, column]
        )

    return [_Reasons(partial(made, column)) for column in range(len(places))]


class _Reasons(Sequence[Evidence]):
    """What spoke for and against a term, made when it is read: of ten candidates of a field few are looked at."""

    def __init__(self, make: Callable[[], tuple[Evidence, ...]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> tuple[Evidence, ...]:
        return self._make()

    @overload
    def __getitem__(self, at: int) -> Evidence: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Evidence, ...]: ...
    def __getitem__(self, at: int | slice) -> Evidence | tuple[Evidence, ...]:
        return self._made[at]

    def __len__(self) -> int:
        return len(self._made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._made == tuple(other)

    def __hash__(self) -> int:
        return hash(self._made)

    def __repr__(self) -> str:
        return repr(self._made)


def decide(
    field: FieldProfile,
    ranked: tuple[Candidate, ...],
    *,
    vocabulary: Vocabulary,
    accept: float,
    ask: float,
    alone: float | None = None,
) -> Alignment:
    """Return the decision on a field: a pure function of its candidates and two thresholds.

    A general term (one with narrower terms) of which a bare, unitless name speaks is never accepted
    unasked: which of the narrower ones is meant, only a person or more context can say. In our own vocabulary, whose
    names are curated, a little less is enough for a name that is one term's only.

    Args:
        field: The field.
        ranked: Its candidates, the most probable first.
        vocabulary: The terms.
        accept: Probability from which it is mapped.
        ask: Probability of the first three together from which a question is worth asking.
        alone: Probability of the first before other fields of the table had a say; thresholds that are learned are set
            on these, so it must reach ``accept`` too.
    """
    first = ranked[0].probability if ranked else 0.0
    second = ranked[1].probability if len(ranked) > 1 else 0.0
    decision: Decision = "request"
    sole = vocabulary.is_ours and second <= first / 3
    sole = sole and any(one.kind == "only_exact" for own in ranked[:1] for one in own.evidence)
    surely = first if alone is None else min(first, alone)
    if surely >= accept or (sole and first >= _SOLE * accept):
        general = bool(vocabulary.targets[vocabulary.by_id[ranked[0].term]].narrower)
        decision = "ask" if general and field.unit is None else "accept"
    elif sum(one.probability for one in ranked[:3]) >= ask:
        decision = "ask"
    if states(ranked):
        term = vocabulary.targets[vocabulary.by_id[ranked[0].term]]
        decision = "accept" if can_take(term, field) else "ask"
    if contradicted(ranked) and decision == "accept":
        decision = "ask"
    if field.type == "empty" and decision == "accept" and surely < (1 + accept) / 2:
        decision = "ask"
    return Alignment(field=field, decision=decision, ranked=ranked, margin=first - second)


def states(ranked: Sequence[Candidate]) -> bool:
    """Whether the source itself states the first candidate, and no other one as surely."""
    return bool(ranked) and _is_stated(ranked[0]) and not any(_is_stated(one) for one in ranked[1:])


def _is_stated(candidate: Candidate) -> bool:
    return any(one.kind == "stated" and one.weight >= FIXED["stated"] for one in candidate.evidence)


def contradicted(ranked: Sequence[Candidate]) -> bool:
    """Whether the unit speaks against the first candidate; or, where the source states it, what kind of term it is."""
    against = {"unit_against", *(("kind", "entity", "withdrawn") if states(ranked) else ())}
    return bool(ranked) and any(
        one.kind in against and (one.kind == "unit_against" or one.weight < 0)
        for one in ranked[0].evidence
    )


def values_against(ranked: Sequence[Candidate]) -> bool:
    """Whether the values of a field speak against the first candidate: they are out of its range."""
    return bool(ranked) and any(
        one.kind == "range" and one.weight < 0 for one in ranked[0].evidence
    )


def as_decided(alignment: Alignment, decision: Decision) -> Alignment:
    """Return an alignment with another decision."""
    return replace(alignment, decision=decision)
