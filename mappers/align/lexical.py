"""Signals from names alone: words by their rarity, synonyms, letter groups, and words of definitions.

All names of a vocabulary stand as one sparse matrix, so that a field is compared with thousands of names
by a few products.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import is_telling, key, meanings, phrase, pieces, stems, words

Vector = NDArray[np.float64]
_MUTE = 0.15  # of the weight of a word: a lone letter or a number


@dataclass(frozen=True)
class Spoken:
    """A field's name as the lexical signals see it.

    Attributes:
        own: Its words.
        near: Words of the fields beside it.
        around: Words of file, folders and device.
        keys: Spellings that count as its name.
        phrase: Its words in their order, written out.
    """

    own: frozenset[str]
    near: frozenset[str]
    around: frozenset[str]
    keys: frozenset[str]
    phrase: str


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
        self._matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        counts = np.asarray(self._matrix.sum(axis=0)).ravel()
        self._weight = 1.0 + np.log((1 + len(bags)) / (1 + counts))
        for word, place in self._place.items():
            self._weight[place] *= 1.0 if is_telling(word) else _MUTE
        self._unseen = 1.0 + float(np.log(1 + len(bags)))
        self.size = np.maximum(self._matrix @ self._weight, 1e-9)

    def weight(self, bag: Iterable[str]) -> float:
        """Return the summed weight of words."""
        return sum(
            self._weight[self._place[one]]
            if one in self._place
            else self._unseen * (1.0 if is_telling(one) else _MUTE)
            for one in bag
        )

    def shared(self, bag: Iterable[str]) -> Vector:
        """Return the weight of the words that each row shares with a bag."""
        vector = np.zeros(self._matrix.shape[1])
        for one in bag:
            if one in self._place:
                vector[self._place[one]] = self._weight[self._place[one]]
        return np.asarray(self._matrix @ vector)


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
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        self._grams = self._letters.fit_transform([phrase(name) or name for _, name in names])

    def signals(self, spoken: Spoken) -> dict[str, Vector]:
        """Return the lexical signals of a field, each of shape ``(number of terms,)``."""
        own, same = stems(spoken.own), meanings(spoken.own)
        shared, total = self._words.shared(own), self._words.weight(own) or 1.0
        name, label = shared / total, shared / self._words.size
        synonyms = self._meanings.shared(same)
        near = self._words.shared(stems(spoken.near) - own) / self._words.size
        around = self._words.shared(stems(spoken.around) - own) / self._words.size
        exact = self._marked(self._keys, spoken)
        letters = self._grams @ self._letters.transform([spoken.phrase]).T
        return {
            "exact": exact,
            "only_exact": exact * float(exact.sum() == 1),
            "label_exact": self._marked(self._labels, spoken),
            "name_covered": self._best(name),
            "label_covered": self._best(name * label),
            "synonym_covered": self._best(
                synonyms / (self._meanings.weight(same) or 1.0) * synonyms / self._meanings.size
            ),
            "sibling_covered": self._best(name * near),
            "context_covered": self._best(name * around),
            "characters": self._best(np.asarray(letters.todense()).ravel()),
            "definition_words": self._told.shared(own) / total,
        }

    def _marked(self, table: dict[str, list[int]], spoken: Spoken) -> Vector:
        found = np.zeros(self.size)
        for one in {*spoken.keys, _sorted(spoken.own)} - {""}:
            found[table.get(one, [])] = 1.0
        return found

    def _best(self, values: Vector) -> Vector:
        """Return, per term, the best of the values of its names."""
        return np.maximum.reduceat(values, self._starts) if len(values) else np.zeros(self.size)


def _sorted(found: Iterable[str]) -> str:
    return " ".join(sorted(stems(found)))
