"""Finding terms by words that are only nearly theirs, in English, Chinese or a device's spelling.

`TermIndex` answers exactly. A person or a model who does not know the vocabulary asks with the words at hand;
here every name of every term is compared by its character pairs and triples, so that a slip of the pen, a
compound and a Chinese word without spaces are all read alike, and definitions are compared by whole words. The
result is a ranking, never a decision.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Literal, TypeAlias, get_args

from qualweave.errors import InputError
from qualweave.ontology.terms import Term, TermIndex, normalise

SearchKind: TypeAlias = Literal[
    "parameter", "defect", "mechanism", "process", "equipment", "role", "class", "property"
]
SEARCH_KINDS: tuple[SearchKind, ...] = get_args(SearchKind)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")
_LEAST = 0.2
_DEFINITION_WEIGHT = 0.5
_WORD = re.compile(r"[a-z0-9]{3,}")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_Grams: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class FoundTerm:
    """A term that a search found.

    Attributes:
        term: The term.
        score: Likeness of the words, 0 to 1; 1 where a name is exactly what was asked for.
        matched: The name or definition that was nearest.
    """

    term: Term
    score: float
    matched: str


def search_terms(
    terms: TermIndex, text: str, *, kind: SearchKind | None = None, limit: int = 10
) -> list[FoundTerm]:
    """Return the terms whose names or definitions are most like some words, the best first.

    Args:
        terms: The vocabulary.
        text: Words in any language, a field name, a notation.
        kind: Only terms of this kind.
        limit: Most terms.

    Raises:
        InputError: If there are no words to look for.
    """
    wanted = _plain(text)
    if not wanted:
        raise InputError(
            "There are no words to look for.",
            message_zh="未给出检索词。",
            next_step="Give a word or two of the term, in English or Chinese.",
            next_step_zh="请给出术语的一两个词，中文或英文均可。",
        )
    index = _index(terms)
    best: dict[str, tuple[float, str]] = {}
    for place, likeness in index.alike(wanted).items():
        iri, words, weight = index.names[place]
        score = 1.0 if _plain(words) == wanted and weight == 1 else min(likeness * weight, 0.99)
        if score > best.get(iri, (0.0, ""))[0]:
            best[iri] = (score, words)
    found = [
        FoundTerm(terms.by_iri(iri), round(score, 3), words)
        for iri, (score, words) in best.items()
        if score >= _LEAST and _is_a(terms.by_iri(iri), kind)
    ]
    found.sort(key=lambda one: (-one.score, len(one.matched), one.term.iri))
    return found[:limit]


def kind_of(term: Term) -> SearchKind:
    """Return the narrowest kind of a term."""
    flags = (
        (term.is_parameter, "parameter"),
        (term.is_defect, "defect"),
        (term.is_mechanism, "mechanism"),
        (term.is_process, "process"),
        (term.is_equipment, "equipment"),
        (term.is_role, "role"),
        (term.kind == "class", "class"),
    )
    kinds: dict[str, SearchKind] = {one: one for one in SEARCH_KINDS}
    return next((kinds[name] for holds, name in flags if holds), "property")


def _is_a(term: Term, kind: SearchKind | None) -> bool:
    if kind is None:
        return True
    if kind == "class":
        return term.kind == "class"
    return term.kind != "class" if kind == "property" else kind_of(term) == kind


def _plain(text: str) -> str:
    return _SEPARATORS.sub(" ", normalise(_HUMP.sub(" ", text))).strip()


def _grams(text: str) -> Counter[str]:
    """Return pairs and triples of characters, and every single Chinese character, which is half a word."""
    padded = f" {text} "
    pieces = [padded[at : at + size] for size in (2, 3) for at in range(len(padded) - size + 1)]
    return Counter([*pieces, *(one for run in _HAN.findall(text) for one in run)])


def _words(text: str) -> Counter[str]:
    """Return whole words and pairs of Chinese characters: what a definition is compared by."""
    pairs = (run[at : at + 2] for run in _HAN.findall(text) for at in range(len(run) - 1))
    return Counter([*(f"{one}|" for one in _WORD.findall(text)), *(f"{one}|" for one in pairs)])


class _GramIndex:
    """Names of all terms by their grams, rare grams weighing more (inverse document frequency)."""

    def __init__(self, terms: TermIndex) -> None:
        self.names: list[tuple[str, str, float]] = []
        for term in terms:
            names = {_plain(words): words for words in (term.local_name, *term.words())}
            self.names += [(term.iri, words, 1.0) for words in names.values()]
            told = term.definitions.values()
            self.names += [(term.iri, words, _DEFINITION_WEIGHT) for words in told]
        counted = [
            (_grams if weight == 1 else _words)(_plain(words)) for _, words, weight in self.names
        ]
        held = Counter(gram for grams in counted for gram in grams)
        self._rarity = {gram: log(1 + len(counted) / count) for gram, count in held.items()}
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, grams in enumerate(counted):
            for gram, value in self._unit(grams).items():
                self._places[gram].append((place, value))

    def _unit(self, grams: Counter[str]) -> _Grams:
        most = max(self._rarity.values(), default=1.0)
        # A gram that no name has is a slip of the pen more often than a word of its own.
        weights = {gram: count * self._rarity.get(gram, most / 2) for gram, count in grams.items()}
        length = sqrt(sum(value * value for value in weights.values())) or 1.0
        return {gram: value / length for gram, value in weights.items()}

    def alike(self, text: str) -> dict[int, float]:
        """Return the cosine of every name and definition that shares a gram or word with a text."""
        found: dict[int, float] = defaultdict(float)
        for grams in (_grams(text), _words(text)):
            for gram, value in self._unit(grams).items():
                for place, other in self._places.get(gram, ()):
                    found[place] += value * other
        return found


@lru_cache(maxsize=2)
def _index(terms: TermIndex) -> _GramIndex:
    return _GramIndex(terms)
