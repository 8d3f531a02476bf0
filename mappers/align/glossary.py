"""What words of Chinese, German and of device shorthand mean in English, with alternatives.

Three tables of the project's own (``lexicon.tsv`` for shorthand and everyday words, ``lexicon_de.tsv``,
``lexicon_zh.tsv``) give for a word one or several English readings, the best first. A German word that is also an
English one (``art``, ``tag``, ``not``) is read as German only where the source is German.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TypeAlias

Reading: TypeAlias = tuple[str, ...]
"""English words, in order."""

_TABLES = {"": "lexicon.tsv", "de": "lexicon_de.tsv", "zh": "lexicon_zh.tsv"}
_ENDINGS = ("en", "er", "es", "em", "e", "n", "s")
_SHORTEST = 3


@lru_cache(maxsize=3)
def table(language: str) -> Mapping[str, tuple[Reading, ...]]:
    """Return word → readings of one table; ``""`` is that of shorthand and everyday words."""
    text = files("qualweave.mappers.align").joinpath(_TABLES[language]).read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {
        row[0].casefold(): tuple(tuple(one.split()) for one in row[1].split("|") if one.strip())
        for row in rows
    }


@lru_cache(maxsize=1)
def english() -> frozenset[str]:
    """Return the English words that the tables write in."""
    every = (table(one).values() for one in _TABLES)
    return frozenset(
        word for some in every for readings in some for reading in readings for word in reading
    )


@lru_cache(maxsize=65_536)
def readings(word: str, language: str = "en") -> tuple[Reading, ...]:
    """Return the English readings of a word in lower case, the best first; none where it is not known.

    Args:
        word: The word.
        language: ``"de"`` where German readings go before what the word would be in English.

    >>> readings("druck"), readings("温度")
    ((('pressure',), ('print',)), (('temperature',),))
    """
    shorthand = table("").get(word, ())
    if not word.isascii() and (found := table("zh").get(word)):
        return _merged(shorthand, found)
    german = _inflected(word) if language == "de" or word not in english() else ()
    return _merged(german, shorthand) if language == "de" else _merged(shorthand, german)


def _merged(first: tuple[Reading, ...], then: tuple[Reading, ...]) -> tuple[Reading, ...]:
    return tuple(dict.fromkeys((*first, *then)))


def _inflected(word: str) -> tuple[Reading, ...]:
    """Return the readings of a German word, also in an inflected form."""
    known = table("de")
    if word in known:
        return known[word]
    for ending in _ENDINGS:
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= _SHORTEST:
            for one in (root, f"{root}e", f"{root}en"):
                if one in known:
                    return known[one]
    return ()
