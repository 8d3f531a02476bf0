"""Signals from names alone: words by their rarity, other readings, synonyms, letter groups, numbers, definitions.

All names of a vocabulary stand as one sparse matrix, so that a field is compared with thousands of names
by a few products. A word of a field may have several readings (``Druck`` is pressure or print); it counts for a
name by the one that fits it best.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from qualweave.mappers.align.abbreviations import Abbreviations, initials
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import (
    Token,
    is_telling,
    key,
    meanings,
    phrase,
    pieces,
    stem,
    stems,
    words,
)

Vector = NDArray[np.float64]
Form: TypeAlias = Callable[[str], str]
_MUTE = 0.15  # of the weight of a word: a lone letter or a number
_AT_ONCE = 128  # phrases compared in one go
_SECOND = 0.85  # of the worth of a word's first reading: any other one
_FIRST = {frozenset[str](): 0.0, frozenset({"0"}): -0.3, frozenset({"1"}): -0.3}
_OTHER = (
    -0.5
)  # of a name with a number, where the field has none: the first of several is the likelier
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Spoken:
    """A field's name as the lexical signals see it.

    Attributes:
        tokens: Its parts with their readings.
        own: Its words, each by its first reading.
        near: Words of the fields beside it.
        around: Words of file, folders and device.
        place: Words of the component it stands in.
        keys: Spellings that count as its name.
        phrase: Its words in their order, written out.
        learnt: Words that a part has stood for in confirmed pairs, with how often of 1.
    """

    tokens: tuple[Token, ...]
    own: frozenset[str]
    near: frozenset[str]
    around: frozenset[str]
    place: frozenset[str]
    keys: frozenset[str]
    phrase: str
    learnt: Mapping[str, Mapping[str, float]]


class _Bags:
    """Sets of words as rows of a matrix, each word weighed by its rarity."""

    def __init__(self, bags: Sequence[frozenset[str]]) -> None:
        self._place: dict[str, int] = {}
        rows, columns = [], []
        for row, bag in enumerate(bags):
            for word in sorted(bag):
                rows.append(row)
                columns.append(self._place.setdefault(word, len(self._place)))
        shape = (len(bags), max(len(self._place), 1))
        self._matrix = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        counts = np.diff(self._matrix.indptr)
        self._weight = 1.0 + np.log((1 + len(bags)) / (1 + counts))
        for word, place in self._place.items():
            self._weight[place] *= 1.0 if is_telling(word) else _MUTE
        self._unseen = 1.0 + float(np.log(1 + len(bags)))
        self.size = np.maximum(self._matrix @ self._weight, 1e-9)

    def worth(self, word: str) -> float:
        """Return the weight of a word."""
        if word in self._place:
            return float(self._weight[self._place[word]])
        return self._unseen * (1.0 if is_telling(word) else _MUTE)

    def weight(self, bag: Iterable[str]) -> float:
        """Return the summed weight of words."""
        return sum(self.worth(one) for one in bag)

    def rows(self, word: str) -> NDArray[np.int32]:
        """Return the rows that hold a word."""
        place = self._place.get(word)
        if place is None:
            return np.zeros(0, dtype=np.int32)
        start, end = self._matrix.indptr[place : place + 2]
        return np.asarray(self._matrix.indices[start:end])

    def shared(self, bag: Iterable[str]) -> Vector:
        """Return the weight of the words that each row shares with a bag."""
        total = np.zeros(self._matrix.shape[0])
        for one in bag:
            total[self.rows(one)] += self.worth(one)
        return total

    def covered(
        self, parts: Sequence[Sequence[tuple[tuple[str, ...], float]]]
    ) -> tuple[Vector, Vector]:
        """Return, per row, the share of the parts that it covers, and the share of it that they cover.

        Args:
            parts: Per part of a name its readings, each of some words and how much it is worth.
        """
        size = self._matrix.shape[0]
        said, heard, total = np.zeros(size), np.zeros(size), 0.0
        met: set[str] = set()
        for readings in parts:
            weight = max((self.weight(one) / len(one) for one, _ in readings), default=0.0)
            total += weight
            met |= {one for reading, _ in readings for one in reading}
            if len(readings) == 1 and len(readings[0][0]) == 1:  # most parts are one word
                (word,), worth = readings[0]
                said[self.rows(word)] += worth * weight
                continue
            best = np.zeros(size)
            for reading, worth in readings:
                found = np.zeros(size)
                for one in reading:
                    found[self.rows(one)] += worth / len(reading)
                best = np.maximum(best, found)
            said += best * weight
        for one in sorted(met):
            heard[self.rows(one)] += self.worth(one)
        return said / (total or 1.0), np.minimum(heard / self.size, 1.0)


class Lexical:
    """The names of a vocabulary, ready for comparison.

    Args:
        targets: The terms.
    """

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        names = [(place, name) for place, one in enumerate(targets) for name in one.names]
        self.known = frozenset(
            part
            for _, name in names
            for part in pieces(name)
            if len(part) > 2  # noqa: PLR2004
        )
        self._starts = np.searchsorted([place for place, _ in names], np.arange(len(targets)))
        self._keys: dict[str, list[int]] = {}
        self._labels: dict[str, list[int]] = {}
        for place, name in names:
            label = any(name in found for found in targets[place].labels.values())
            for one in {key(name), _sorted(words(name))}:
                self._keys.setdefault(one, []).append(place)
                if label:
                    self._labels.setdefault(one, []).append(place)
        self.size = len(targets)
        self._words = _Bags([stems(words(name)) for _, name in names])
        self._meanings = _Bags([meanings(words(name)) for _, name in names])
        self._told = _Bags([stems(words(one.description)) for one in targets])
        self._spelt = [pieces(name) for _, name in names]
        self._abbreviations = Abbreviations(one for parts in self._spelt for one in parts)
        self._initials: dict[str, list[int]] = {}
        for row, parts in enumerate(self._spelt):
            if letters := initials(parts):
                self._initials.setdefault(letters, []).append(row)
        numbers = [frozenset(_NUMBERS.findall(name)) for _, name in names]
        self._unnumbered = np.array([_FIRST.get(one, _OTHER) for one in numbers])
        self._numbered = np.array([-1.0 if one else 0.0 for one in numbers])
        self._by_numbers: dict[frozenset[str], list[int]] = {}
        for row, its in enumerate(numbers):
            self._by_numbers.setdefault(its, []).append(row)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        self._near: dict[str, Vector] = {}
        self._grams = self._letters.fit_transform([phrase(name) or name for _, name in names])

    def signals(self, spoken: Spoken) -> dict[str, Vector]:
        """Return the lexical signals of a field, each of shape ``(number of terms,)``."""
        own = stems(spoken.own)
        name, label = self._words.covered(_read(spoken, stem))
        same, other = self._meanings.covered(_read(spoken, _meaning))
        learnt = self._learnt(spoken)
        near = self._words.shared(stems(spoken.near) - own) / self._words.size
        around = self._words.shared(stems(spoken.around) - own) / self._words.size
        exact = self._marked(self._keys, spoken)
        return {
            "exact": exact,
            "only_exact": exact * float(exact.sum() == 1),
            "label_exact": self._marked(self._labels, spoken),
            "name_covered": self._best(name),
            "label_covered": self._best(name * label),
            "synonym_covered": self._best(same * other),
            "learnt_covered": learnt,
            "abbreviated": self._abbreviated(spoken),
            "initials": self._by_initials(spoken),
            "own_attribute": self._residual(spoken),
            "sibling_covered": self._best(name * near),
            "context_covered": self._best(name * around),
            "characters": self._letter_groups(spoken.phrase),
            "numbers": self._best(self._same_numbers(spoken)),
            "definition_words": self._told.shared(own) / (self._told.weight(own) or 1.0),
            "definition_place": self._told.shared(stems(spoken.place))
            / (self._told.weight(stems(spoken.place)) or 1.0),
        }

    def _learnt(self, spoken: Spoken) -> Vector:
        parts = []
        for one in spoken.tokens:
            told = spoken.learnt.get(one.text, {})
            parts.append([((word,), share) for word, share in told.items()] + _readings(one, stem))
        if not any(one.text in spoken.learnt for one in spoken.tokens):
            return np.zeros(self.size)
        name, label = self._words.covered(parts)
        return self._best(name * label)

    def _abbreviated(self, spoken: Spoken) -> Vector:
        """Return how well a name fits where its unknown parts are abbreviations of words of the vocabulary."""
        parts, met = [], False
        for one in spoken.tokens:
            told = _readings(one, stem)
            if not self._is_word(one):
                more = [((stem(word),), worth) for word, worth in self._abbreviations.of(one.text)]
                met = met or bool(more)
                told += more
            parts.append(told)
        if not met:
            return np.zeros(self.size)
        name, label = self._words.covered(parts)
        return self._best(name * label)

    def _by_initials(self, spoken: Spoken) -> Vector:
        found = np.zeros(len(self._spelt))
        for one in spoken.tokens:
            if len(one.text) > 1 and not self._is_word(one):
                found[self._initials.get(one.text, [])] = 1.0
        return self._best(found)

    def legible(self, spoken: Spoken) -> float:
        """Return the share of a name's letters in parts that vocabulary or lexicons know: low for ``p1Zqfrt``."""
        letters = sum(len(one.text) for one in spoken.tokens)
        known = sum(len(one.text) for one in spoken.tokens if self._is_word(one))
        return known / letters if letters else 0.0

    def _is_word(self, token: Token) -> bool:
        """Whether a part of a name is a word already: of the vocabulary, or one that was written out."""
        return token.text in self.known or token.readings != ((token.text,),)

    def _residual(self, spoken: Spoken) -> Vector:
        """Return how well a name fits without the words that say whose attribute it is.

        ``库区编码`` in the table 库区 is the ``code`` of that table.
        """
        around = meanings(spoken.around)
        left = [
            one
            for one in spoken.tokens
            if not any(meanings(reading) <= around for reading in one.readings)
        ]
        if not left or len(left) == len(spoken.tokens):
            return np.zeros(self.size)
        name, label = self._words.covered([_readings(one, stem) for one in left])
        return self._best(name * label)

    def read_ahead(self, phrases: Iterable[str]) -> None:
        """Compare the letter groups of many phrases with those of all names in one go."""
        asked = list(dict.fromkeys(phrases))
        near: dict[str, Vector] = {}
        for first in range(0, len(asked), _AT_ONCE):
            some = asked[first : first + _AT_ONCE]
            near |= dict(zip(some, self._compared(some), strict=True))
        self._near = near  # in one step: another thread may be reading

    def _compared(self, phrases: Sequence[str]) -> Vector:
        """Return the best cosine of letter groups with a name of each term; shape ``(phrases, terms)``."""
        found = (self._letters.transform(phrases) @ self._grams.T).toarray()
        return np.maximum.reduceat(found, self._starts, axis=1) if self.size else found

    def _letter_groups(self, text: str) -> Vector:
        found = self._near.get(text)
        return self._compared([text])[0] if found is None else found

    def _same_numbers(self, spoken: Spoken) -> Vector:
        mine = frozenset(one.text for one in spoken.tokens if one.text.isdigit())
        if not mine:
            return self._unnumbered
        found = self._numbered.copy()
        found[self._by_numbers.get(mine, [])] = 1.0
        return found

    def _marked(self, table: dict[str, list[int]], spoken: Spoken) -> Vector:
        found = np.zeros(self.size)
        for one in {*spoken.keys, _sorted(spoken.own)} - {""}:
            found[table.get(one, [])] = 1.0
        return found

    def _best(self, values: Vector) -> Vector:
        """Return, per term, the best of the values of its names."""
        return np.maximum.reduceat(values, self._starts) if len(values) else np.zeros(self.size)


def _readings(token: Token, form: Form) -> list[tuple[tuple[str, ...], float]]:
    return [
        (tuple(form(word) for word in reading), 1.0 if place == 0 else _SECOND)
        for place, reading in enumerate(token.readings)
    ]


def _read(spoken: Spoken, form: Form) -> list[list[tuple[tuple[str, ...], float]]]:
    return [_readings(one, form) for one in spoken.tokens]


def _meaning(word: str) -> str:
    return next(iter(meanings((word,))))


def _sorted(found: Iterable[str]) -> str:
    return " ".join(sorted(stems(found)))
