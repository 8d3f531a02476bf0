"""Abbreviations that nobody has listed: ``frt`` for feed rate, ``ovr`` for override, ``cmo`` for three first letters.

A part of a name may stand for a word of the vocabulary that begins with it, or that begins with the same letter and
has all its letters in order; or for several words by their first letters. Such a reading is worth less than a known
one, the less the shorter it is.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

_PREFIX, _SKELETON, _LETTER = 0.8, 0.55, 0.35
_SHORTEST, _LONGEST = 2, 6
_MOST = 120  # words that one part may stand for; beyond that it says nothing


class Abbreviations:
    """The words of a vocabulary, by what may abbreviate them.

    Args:
        words: Of its labels, in lower case.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted({one for one in words if one.isascii() and one.isalpha()}):
            self._by_letter.setdefault(word[0], []).append(word)
        self.of = lru_cache(maxsize=16_384)(self._of)

    def _of(self, part: str) -> tuple[tuple[str, float], ...]:
        """Return the words that a part may stand for, each with its worth from 0 to 1."""
        if not part.isascii() or not part.isalpha() or len(part) > _LONGEST:
            return ()
        found = []
        for word in self._by_letter.get(part[0], ()):
            worth = _worth(part, word)
            if worth and word != part:
                found.append((word, worth))
        return tuple(found) if len(found) <= _MOST else ()


def _worth(part: str, word: str) -> float:
    if len(word) <= len(part):
        return 0.0
    if word.startswith(part):
        return _LETTER if len(part) < _SHORTEST else _PREFIX * (0.6 + 0.4 * len(part) / len(word))
    if len(part) < _SHORTEST:
        return 0.0
    place = 0
    for letter in word:
        place += place < len(part) and letter == part[place]
    return _SKELETON * (0.6 + 0.4 * len(part) / len(word)) if place == len(part) else 0.0


def initials(words: Sequence[str]) -> str:
    """Return the first letters of several words, or ``""`` for a single one.

    >>> initials(["controller", "mode", "override"])
    'cmo'
    """
    told = [one for one in words if one and one[0].isalpha()]
    return "".join(one[0] for one in told) if len(told) > 1 else ""
