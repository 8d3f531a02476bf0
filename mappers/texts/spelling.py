"""Misspelt names: one letter wrong, missing, doubled or swapped in a long word that no table knows."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from qualweave.mappers.align.glossary import english, table
from qualweave.mappers.texts.folding import folded_form
from qualweave.mappers.texts.states import Place
from qualweave.mappers.texts.wording import Pattern
from qualweave.ontology.terms import Term, TermIndex

_WORD = re.compile(r"[a-z]{6,}")


class Speller:
    """Finds words that are a name but for one letter.

    Args:
        named: Terms whose names are looked for.
        terms: The ontology, whose words are never taken for misspelt ones.
    """

    def __init__(self, named: Sequence[Term], terms: TermIndex) -> None:
        names: dict[str, set[str]] = defaultdict(set)
        for term in named:
            for words in (*term.labels.values(), *term.alt_labels.values()):
                for name in map(folded_form, words):
                    if _WORD.fullmatch(name):
                        names[name].add(term.iri)
        self._names = {name: tuple(sorted(iris)) for name, iris in names.items()}
        self._known = {
            word
            for term in terms
            for name in term.words()
            for word in re.findall(r"[a-z]+", folded_form(name))
        } | _tabled()

    def find(
        self, folded: str, taken: Collection[int]
    ) -> Iterator[tuple[Pattern, tuple[str, ...], Place]]:
        """Iterate over misspelt names in a folded text, outside of the places that are taken."""
        for hit in _WORD.finditer(folded):
            word = hit.group()
            if hit.start() in taken or word in self._known or word.rstrip("s") in self._known:
                continue
            name = next((one for one in self._names if is_near(word, one)), None)
            if name is not None:
                pattern = Pattern("", re.compile(re.escape(word)), (), len(word), "spelling", name)
                yield pattern, self._names[name], Place(*hit.span(), (hit.span(),))


@lru_cache(maxsize=1)
def _tabled() -> frozenset[str]:
    """Return the words of the tables of glosses."""
    return english() | {folded_form(one) for one in table("de")}


def is_near(one: str, other: str) -> bool:
    """Whether two words differ by one letter, or by two that are swapped; the first letter is the same.

    >>> is_near("scrtach", "scratch"), is_near("leakge", "leakage"), is_near("stretch", "scratch")
    (True, True, False)
    """
    if one == other or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    rest, others = one[at:], other[at:]
    if len(one) == len(other):
        swapped = rest[:2] == others[:2][::-1] and rest[2:] == others[2:]
        return swapped or rest[1:] == others[1:]
    return rest[1:] == others if len(one) > len(other) else rest == others[1:]
