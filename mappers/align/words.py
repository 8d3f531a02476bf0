"""Names as words: splitting, writing out, and comparing what devices and ontologies call things.

``Conv_Spd``, ``输送带速度`` and ``Fördergeschwindigkeit`` are compared as English words where the lexicon
knows them, and as themselves where it does not. Which run-together names are taken apart
(``partserialnumber``) depends on the words of the vocabulary that they are compared with.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from qualweave.mappers.align.compounds import german, han
from qualweave.mappers.align.glossary import Reading, english, readings, table

_CAMEL = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])"
)
_PARTS = re.compile(r"[\u3400-\u9fff]+|[A-Za-zÀ-ÿ]+|\d+")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Not "to", "in" and "for": "time in" and "time to" are two things.
_STOP = {
    "of",
    "the",
    "a",
    "an",
    "and",
    "or",
    "is",
    "value",
    "val",
    "data",
    "的",
    "值",
    "der",
    "das",
    "des",
    "und",
    "von",
    "wert",
}
_STOP_GERMAN = _STOP | {"die"}  # a die is a tool, or a chip of a wafer, in English
_SHORTEST_PART = 3
_MOST_LEFT = 3  # letters of a run-together name that may stay unexplained, at one of its ends


@dataclass(frozen=True)
class Token:
    """A written part of a name, and what it may mean.

    Attributes:
        text: As it is written, in lower case.
        readings: English readings, the best first; the part itself where none is known.
    """

    text: str
    readings: tuple[Reading, ...]


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, str]:
    """Return stem → stem of the first word of its group."""
    text = files("qualweave.mappers.align").joinpath("synonyms.tsv").read_text("utf-8")
    groups = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {stem(word): stem(group[0]) for group in groups for word in group}


def pieces(name: str) -> tuple[str, ...]:
    """Return the written parts of a name, in lower case: camel, snake, digits and scripts apart.

    >>> pieces("Conv_SpeedPV2")
    ('conv', 'speed', 'pv', '2')
    """
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return tuple(part.casefold() for part in _PARTS.findall(plain))


@lru_cache(maxsize=65_536)
def tokens(
    name: str, known: frozenset[str] = frozenset(), language: str = "en"
) -> tuple[Token, ...]:
    """Return the parts of a name in their order, each with its English readings.

    Args:
        name: The name.
        known: Words of the vocabulary that it is compared with; run-together names are split by them.
        language: Of the name.

    >>> [one.readings[0] for one in tokens("Stemp_cond", frozenset({"temperature"}))]
    [('s',), ('temperature',), ('condition',)]
    """
    found: list[Token] = []
    for part in _rejoined(pieces(name)):
        for piece in _apart(part, known, language):
            own = (_singular(piece),)
            told = readings(piece, language)
            if language != "de" and piece in known and (piece not in table("") or not told):
                told = (own, *told)
            found.append(Token(piece, told or (own,)))
    stop = _STOP_GERMAN if language == "de" else _STOP
    kept = [one for one in found if not set(one.readings[0]) <= stop]
    return tuple(kept or found)


def _rejoined(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return parts in which a lone letter and what follows are one where that is known: ``D`` and ``Chg``."""
    found: list[str] = []
    for one in parts:
        if found and len(found[-1]) == 1 and found[-1].isalpha() and found[-1] + one in table(""):
            found[-1] += one
        else:
            found.append(one)
    return tuple(found)


def _apart(part: str, known: frozenset[str], language: str) -> tuple[str, ...]:
    if _HAN.search(part):
        return han(part)
    if language == "de" or not part.isascii():
        cut = german(part)
        if len(cut) > 1 or readings(part, "de"):
            return cut
    return apart(part, known)


def written(
    name: str, known: frozenset[str] = frozenset(), language: str = "en"
) -> tuple[str, ...]:
    """Return the words of a name in their order, written out in English where they are known.

    >>> written("Stemp_cond", frozenset({"temperature"}))
    ('s', 'temperature', 'condition')
    """
    every = [word for one in tokens(name, known, language) for word in one.readings[0]]
    stop = _STOP_GERMAN if language == "de" else _STOP
    kept = [one for one in every if one not in stop]
    return tuple(kept or every)


def words(name: str, known: frozenset[str] = frozenset(), language: str = "en") -> frozenset[str]:
    """Return the words of a name as a set.

    >>> sorted(words("温度_temp"))
    ['temperature']
    """
    return frozenset(written(name, known, language))


def phrase(name: str, known: frozenset[str] = frozenset(), language: str = "en") -> str:
    """Return a name written out, without lone letters and digits where anything else is left."""
    found = written(name, known, language)
    telling = [one for one in found if is_telling(one)]
    return " ".join(dict.fromkeys(telling or found))


def is_telling(word: str) -> bool:
    """Whether a word says anything: no lone Latin letter and no number."""
    return not word.isdigit() and (len(word) > 1 or not word.isascii())


def apart(part: str, known: frozenset[str]) -> tuple[str, ...]:
    """Take a run-together part apart, where known words explain all but a short rest at one end.

    >>> apart("partserialnumber", frozenset({"part", "serial", "number"}))
    ('part', 'serial', 'number')
    """
    if not known or len(part) <= _SHORTEST_PART or part.isdigit() or _is_known(part, known):
        return (part,)
    best: tuple[str, ...] | None = None
    for start in range(_MOST_LEFT + 1):
        for end in range(len(part), len(part) - _MOST_LEFT - 1, -1):
            if (start and end < len(part)) or end - start < _SHORTEST_PART:
                continue
            middle = _cut(part[start:end], known)
            if middle is None:
                continue
            found = tuple(one for one in (part[:start], *middle, part[end:]) if one)
            if best is None or len(found) < len(best):
                best = found
    return best or (part,)


def _cut(text: str, known: Collection[str]) -> tuple[str, ...] | None:
    """Return the fewest known words that make up a text, or None."""
    ways: list[tuple[str, ...] | None] = [(), *[None] * len(text)]
    for end in range(_SHORTEST_PART, len(text) + 1):
        for start in range(end - _SHORTEST_PART + 1):
            before = ways[start]
            if before is None or not _is_known(text[start:end], known):
                continue
            now = ways[end]
            if now is None or len(before) + 1 < len(now):
                ways[end] = (*before, text[start:end])
    return ways[len(text)]


def _is_known(word: str, known: Collection[str]) -> bool:
    return word in known or word in table("") or word in english()


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):  # noqa: PLR2004
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):  # noqa: PLR2004
        return word[:-1]
    return word


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word as it is counted: ``charging`` and ``charge`` are one.

    >>> stem("charging") == stem("charge"), stem("cutting") == stem("cut")
    (True, True)
    """
    if not word.isascii() or len(word) < 5:  # noqa: PLR2004 - short words have no ending to spare
        return word
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_PART:
            root = word[: -len(ending)]
            return root[:-1] if root[-1] == root[-2] and root[-1] not in "sl" else root
    return word.removesuffix("e")


def stems(found: Iterable[str]) -> frozenset[str]:
    """Return the stems of words."""
    return frozenset(stem(one) for one in found)


def meanings(found: Iterable[str]) -> frozenset[str]:
    """Return the stems of words, synonyms folded into one.

    >>> meanings(["velocity"]) == meanings(["speed"])
    True
    """
    table = _synonyms()
    return frozenset(table.get(stem(one), stem(one)) for one in found)


def key(text: str) -> str:
    """Return a text as it is compared for equality: NFKC, lower case, without separators.

    >>> key("Cooling_Rate Unit") == key("coolingRateUnit")
    True
    """
    return "".join(_PARTS.findall(unicodedata.normalize("NFKC", text).casefold()))
