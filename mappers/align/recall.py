"""Signals from memory: what persons confirmed for fields like this one, on any machine.

A confirmed field speaks for its term by how much the new field is like it: the same name, shared words and letter
groups, nearness to a language model, the same unit, kind and component. Words of confirmed names also vote, each by
how surely it told the term (of eight fields with ``ovr``, seven were overrides). Every signal can name the
confirmation that it came from.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qualweave.mappers.align.semantic import Semantic
from qualweave.mappers.align.words import Token, is_telling, key, pieces, stem, tokens
from qualweave.mappers.profile import FieldProfile

Vector = NDArray[np.float64]
RECALLED = (
    "recalled_same",
    "recalled_here",
    "recalled_sole",
    "recalled_letters",
    "recalled_words",
    "recalled_meaning",
    "recalled_like",
    "recalled_place",
    "recalled_votes",
    "recalled_next",
    "recalled_often",
)
_FLOOR, _CEILING = (
    0.8,
    1.0,
)  # cosines of the text model below which nothing is said, and the highest
_NEXT = 5
_ENOUGH = 60  # confirmations from which a share of them says something
_GRAMS = (2, 3, 4)
_ROUNDS = 6
_LEAST = 0.2  # of 1: how often a part of a name must have stood for a word to be a reading of it


@dataclass(frozen=True)
class Confirmed:
    """A field whose meaning a person confirmed.

    Attributes:
        field: The field.
        terms: Ids of the terms that it means; any of them is right.
        source: Where it stood: the id of its source, or its device.
        by: Who confirmed it.
        when: When.
    """

    field: FieldProfile
    terms: tuple[str, ...]
    source: str = ""
    by: str = ""
    when: datetime | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What it says, as a value that can be compared and hashed."""
        own = self.field
        device = own.context.device if own.context else ""
        return (
            own.name, own.unit_text, own.kind, own.description, device, component(own),
            self.terms, self.source, self.by, self.when,
        )  # fmt: skip


class _Index:
    """Rows of weighted features, of unit length, for cosines."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        self._place: dict[str, int] = {}
        counts: dict[str, int] = {}
        for bag in bags:
            for one in bag:
                self._place.setdefault(one, len(self._place))
                counts[one] = counts.get(one, 0) + 1
        self._idf = np.array([1.0 + np.log(len(bags) / counts[one]) for one in self._place])
        self.rows = self._matrix(bags)

    def _matrix(self, bags: Sequence[Mapping[str, float]]) -> sparse.csr_matrix:
        data, rows, columns = [], [], []
        for row, bag in enumerate(bags):
            for one, weight in bag.items():
                place = self._place.get(one)
                if place is not None:
                    data.append(weight * self._idf[place])
                    rows.append(row)
                    columns.append(place)
        made = sparse.csr_matrix(
            (data, (rows, columns)), shape=(len(bags), max(len(self._place), 1))
        )
        length = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
        return sparse.diags(1.0 / np.maximum(length, 1e-9)) @ made

    def like(self, bag: Mapping[str, float]) -> Vector:
        """Return the cosine of every row with a bag; shape ``(number of rows,)``."""
        asked = self._matrix([bag])
        return np.asarray((self.rows @ asked.T).todense()).ravel()


class Recall:
    """What was confirmed, ready to be asked about new fields.

    Args:
        confirmed: The confirmations.
        places: Place of each term of the vocabulary by id; terms that are gone are left out.
        semantic: The vocabulary's text model.
    """

    def __init__(
        self, confirmed: Iterable[Confirmed], places: Mapping[str, int], semantic: Semantic
    ) -> None:
        kept = [(one, [places[term] for term in one.terms if term in places]) for one in confirmed]
        kept = [(one, found) for one, found in kept if found]
        self.confirmed = [one for one, _ in kept]
        self._size = len(places)
        self._terms = [found for _, found in kept]
        self._semantic = semantic
        self._rows = np.repeat(np.arange(len(kept)), [len(one) for one in self._terms])
        self._columns = np.array([one for found in self._terms for one in found], dtype=np.intp)
        self._keys: dict[str, list[int]] = {}
        for place, one in enumerate(self.confirmed):
            for name in {key(one.field.name), key(one.field.base_name)}:
                self._keys.setdefault(name, []).append(place)

    def __len__(self) -> int:
        """How many confirmations there are."""
        return len(self.confirmed)

    @cached_property
    def shared(self) -> float:
        """Return the share of confirmed fields whose source has another field of their term; 0 where few are known."""
        met = Counter(
            (one.source, term)
            for one, terms in zip(self.confirmed, self._terms, strict=True)
            for term in {*terms}
        )
        if len(self.confirmed) < _ENOUGH:
            return 0.0
        several = [
            any(met[one.source, term] > 1 for term in terms)
            for one, terms in zip(self.confirmed, self._terms, strict=True)
        ]
        return sum(several) / len(several)

    @cached_property
    def _fellows(self) -> float:
        """How far a confirmed field speaks for another one of its own table: as far as such fields share terms.

        On one machine ``zone 1`` and ``zone 3`` mean two things where its terms are told apart, ``X load`` and
        ``Y load`` one where they are not. The share is drawn to a quarter where little is known.
        """
        met = Counter(
            (_table(one.field), term)
            for one, terms in zip(self.confirmed, self._terms, strict=True)
            for term in {*terms}
        )
        several = sum(
            any(met[_table(one.field), term] > 1 for term in terms)
            for one, terms in zip(self.confirmed, self._terms, strict=True)
        )
        return (several + 0.5) / (len(self.confirmed) + 2.0)

    @cached_property
    def _by_table(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for place, one in enumerate(self.confirmed):
            found.setdefault(_table(one.field), []).append(place)
        return found

    def _worth(self, field: FieldProfile) -> Vector:
        """Return how much each confirmation counts for a field by another name; shape ``(confirmations,)``."""
        worth = np.ones(len(self.confirmed))
        table = _table(field)
        if any(table):
            worth[self._by_table.get(table, [])] = self._fellows
        return worth

    def taken(self, field: FieldProfile) -> tuple[list[int], float]:
        """Return the terms that other fields of its table were confirmed to mean, and how surely a field is not alike.

        Returns:
            Places of the terms, and from 0 to 1 how seldom fields of one table share a term.
        """
        table, names = _table(field), {key(field.name), key(field.base_name)}
        own = self._by_table.get(table, []) if any(table) else []
        others = [one for one in own if key(self.confirmed[one].field.name) not in names]
        return sorted({term for one in others for term in self._terms[one]}), 1.0 - self._fellows

    @cached_property
    def _letters(self) -> _Index:
        return _Index([_grams(one.field) for one in self.confirmed])

    @cached_property
    def _words(self) -> _Index:
        return _Index([_name_words(one.field) for one in self.confirmed])

    @cached_property
    def _settings(self) -> _Index:
        return _Index([_setting(one.field) for one in self.confirmed])

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self._semantic.vectors([_said(one.field) for one in self.confirmed])

    @cached_property
    def _said_by(self) -> tuple[dict[str, int], sparse.csr_matrix]:
        """Place of each feature, and which confirmations have it; shape ``(features, confirmations)``."""
        place: dict[str, int] = {}
        pairs = [
            (place.setdefault(feature, len(place)), at)
            for at, one in enumerate(self.confirmed)
            for feature in sorted(_features(one.field))
        ]
        rows, columns = zip(*pairs, strict=True)
        shape = (len(place), len(self.confirmed))
        return place, sparse.csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=shape)

    @cached_property
    def _meant(self) -> sparse.csr_matrix:
        """Terms of each confirmation, which share one vote; shape ``(confirmations, terms)``."""
        shares = np.array([1.0 / len(found) for found in self._terms for _ in found])
        shape = (len(self.confirmed), self._size)
        return sparse.csr_matrix((shares, (self._rows, self._columns)), shape=shape)

    def signals(self, field: FieldProfile) -> dict[str, Vector]:
        """Return what memory says of a field; each signal of shape ``(number of terms,)``, 0 … 1."""
        if not self.confirmed:
            return {name: np.zeros(self._size) for name in RECALLED}
        same = np.zeros(len(self.confirmed))
        for name in {key(field.name), key(field.base_name)}:
            same[self._keys.get(name, [])] = 1.0
        voice = self._worth(field)
        worth = np.maximum(voice, same)
        letters = self._letters.like(_grams(field))
        shared = self._words.like(_name_words(field))
        setting = self._settings.like(_setting(field))
        near = self._nearness(field)
        like = np.maximum(letters, shared) * (0.5 + 0.5 * setting)
        exact = self._best(same)
        return {
            "recalled_same": exact,
            "recalled_here": self._best(same * setting),
            "recalled_sole": exact * float(exact.sum() == 1),
            "recalled_letters": self._best(worth * letters),
            "recalled_words": self._best(worth * shared),
            "recalled_meaning": self._best(worth * near),
            "recalled_like": self._best(worth * like),
            "recalled_place": self._best(worth * setting),
            "recalled_votes": self._voted(field, voice),
            "recalled_next": self._nearest(like + 0.2 * near, worth),
            "recalled_often": self._often,
        }

    def nearest(self, field: FieldProfile, term: int) -> Confirmed | None:
        """Return the confirmation of a term whose field is most like a field."""
        own = [place for place, terms in enumerate(self._terms) if term in terms]
        if not own:
            return None
        like = np.maximum(
            self._letters.like(_grams(field)), self._words.like(_name_words(field))
        ) + 0.5 * self._settings.like(_setting(field))
        return self.confirmed[max(own, key=lambda one: (like[one], -one))]

    @cached_property
    def learnt(self) -> dict[str, dict[str, float]]:
        """Return what parts of confirmed names have stood for: part → word of the term's label → how often of 1."""
        targets = self._semantic.targets
        pairs = [
            (
                [one.text for one in _tokens(told.field)],
                sorted({stem(word) for word in _label_words(targets[terms[0]].label())}),
            )
            for told, terms in zip(self.confirmed, self._terms, strict=True)
        ]
        return translated(pairs)

    @cached_property
    def _often(self) -> Vector:
        counts = np.bincount(self._columns, minlength=self._size)
        return np.asarray(np.minimum(np.log1p(counts) / np.log1p(50), 1.0), dtype=float)

    def _nearness(self, field: FieldProfile) -> Vector:
        asked = self._semantic.vectors([_said(field)])
        if not asked.size:
            return np.zeros(len(self.confirmed))
        cosine = np.asarray(self._vectors @ asked[0], dtype=float)
        return np.clip((cosine - _FLOOR) / (_CEILING - _FLOOR), 0.0, 1.0)

    def _best(self, values: Vector) -> Vector:
        """Return, per term, the best of the values of its confirmations."""
        found = np.zeros(self._size)
        np.maximum.at(found, self._columns, values[self._rows])
        return found

    def _nearest(self, like: Vector, worth: Vector) -> Vector:
        """Return the share of each term among the nearest confirmations, each counted by its likeness squared."""
        order = np.argsort(-like, kind="stable")[:_NEXT]
        found = np.zeros(self._size)
        for one in order:
            found[self._terms[one]] += worth[one] * like[one] ** 2
        return found / max(float((like[order] ** 2).sum()), 1e-9)

    def _voted(self, field: FieldProfile, worth: Vector) -> Vector:
        """Return the share of each term among the confirmations with a feature, each feature as surely as it tells."""
        place, said = self._said_by
        features = _features(field)
        known = [place[one] for one in sorted(features) if one in place]
        if not known:
            return np.zeros(self._size)
        counts = (said[known].multiply(worth).tocsr() @ self._meant).toarray()
        shares = counts / (counts.sum(axis=1, keepdims=True) + 0.5)
        logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        entropy = -(shares * logs).sum(axis=1)
        sure = np.maximum(0.05, 1.0 - entropy / np.log(max(self._size, 2)))
        unknown = 0.5 * (len(features) - len(known))
        return np.asarray(sure @ shares / (sure.sum() + unknown), dtype=float)


def translated(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> dict[str, dict[str, float]]:
    """Return how often a part of a name stands for a word of a label, from pairs of both.

    Args:
        pairs: Parts of a name, and words of the label that it was given.

    Returns:
        Part → word → probability, at least a fifth, for parts that were met twice or more.

    Source: IBM model 1 (Brown et al. 1993), with an empty word on the side of the parts.
    """
    met = Counter(part for parts, _ in pairs for part in {*parts})
    chance = {(part, word): 1.0 for parts, words in pairs for part in parts for word in words}
    chance |= {("", word): 0.5 for _, words in pairs for word in words}
    for _ in range(_ROUNDS):
        chance = _better(chance, pairs)
    found: dict[str, dict[str, float]] = {}
    for (part, word), share in chance.items():
        if part and met[part] > 1 and share >= _LEAST and is_telling(part):
            found.setdefault(part, {})[word] = min(share, 1.0)
    return found


def _better(
    chance: Mapping[tuple[str, str], float],
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> dict[tuple[str, str], float]:
    """Return the probabilities after one round of expectation and maximisation."""
    counts: dict[tuple[str, str], float] = {}
    sums: dict[str, float] = {}
    for parts, words in pairs:
        among = [*parts, ""]
        for word in words:
            total = sum(chance[one, word] for one in among)
            for one in among:
                share = chance[one, word] / total
                counts[one, word] = counts.get((one, word), 0.0) + share
                sums[one] = sums.get(one, 0.0) + share
    return {pair: count / (sums[pair[0]] + 0.5) for pair, count in counts.items()}


def _tokens(field: FieldProfile) -> Sequence[Token]:
    language = field.context.language if field.context else "en"
    return tokens(field.base_name, frozenset(), language)


def _said(field: FieldProfile) -> str:
    return " ".join(pieces(field.base_name)) or field.base_name


def _table(field: FieldProfile) -> tuple[str, str]:
    """Return device and file of a field, empty where they are not told."""
    return (field.context.device, field.context.file_name) if field.context else ("", "")


def _label_words(label: str) -> list[str]:
    return [word for one in tokens(label) for word in one.readings[0]]


def _name_words(field: FieldProfile) -> dict[str, float]:
    found = dict.fromkeys(pieces(field.base_name), 0.5)
    for one in _tokens(field):
        for word in one.readings[0]:
            found[stem(word)] = 1.0 if is_telling(word) else 0.3
    return found


def _grams(field: FieldProfile) -> dict[str, float]:
    text = f" {_said(field)} "
    found: dict[str, float] = {}
    for size in _GRAMS:
        for start in range(len(text) - size + 1):
            gram = text[start : start + size]
            found[gram] = found.get(gram, 0.0) + 1.0
    return {gram: 1.0 + float(np.log(count)) for gram, count in found.items()}


def component(field: FieldProfile) -> tuple[str, ...]:
    """Return the kinds of the components that a field stands in, the outermost first.

    ``Axes:base / Linear:X`` is a ``linear`` in an ``axes``: what stands before the colon is the kind.
    """
    told = field.context.header.get("component", "") if field.context else ""
    return tuple(kind for one in told.split("/") if (kind := one.split(":")[0].strip().casefold()))


def _setting(field: FieldProfile) -> dict[str, float]:
    """Return unit, kind and component as features; what is not told is a feature too."""
    unit = field.unit.ucum if field.unit is not None else field.unit_text.casefold()
    found = {f"unit {unit}": 1.0 if unit else 0.7}
    if field.kind:
        found[f"kind {field.kind.casefold()}"] = 1.0
    parts = component(field)
    if parts:
        found[f"in {parts[-1]}"] = 1.0
    return found | {f"below {one}": 0.5 for one in parts[:-1]}


def _features(field: FieldProfile) -> frozenset[str]:
    words = {f"word {one}" for one in _name_words(field)}
    setting = [one for one in _setting(field) if not one.startswith("below ")]
    pairs = {f"{word} {one}" for word in words for one in setting}
    return frozenset({*words, *setting, " ".join(sorted(setting)), *pairs})
