"""Names as words: splitting, writing out, and comparing what devices and ontologies call things.

``Conv_Spd``, ``输送带速度`` and ``Fördergeschwindigkeit`` are compared as sets of English words where the
lexicon knows them, and as themselves where it does not.
"""

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

_CAMEL = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])"
)
_PARTS = re.compile(r"[\u3400-\u9fff]+|[A-Za-zÀ-ÿ]+|\d+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_STOP = {
    "of",
    "the",
    "a",
    "an",
    "and",
    "or",
    "in",
    "for",
    "to",
    "is",
    "value",
    "val",
    "data",
    "的",
    "值",
    "wert",
}
_LONGEST_HAN = 8


@lru_cache(maxsize=1)
def lexicon() -> dict[str, tuple[str, ...]]:
    """Return word → English words, in lower case."""
    text = files("qualweave.mappers.align").joinpath("lexicon.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0].casefold(): tuple(row[1].split()) for row in rows}


def pieces(name: str) -> tuple[str, ...]:
    """Return the written parts of a name, in lower case: camel, snake, digits and scripts apart.

    >>> pieces("Conv_SpeedPV2")
    ('conv', 'speed', 'pv', '2')
    """
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return tuple(part.casefold() for part in _PARTS.findall(plain))


@lru_cache(maxsize=65_536)
def words(name: str) -> frozenset[str]:
    """Return the words of a name, written out in English where the lexicon knows them.

    >>> sorted(words("温度_temp"))
    ['temperature']
    """
    found: list[str] = []
    for part in pieces(name):
        for piece in _han(part) if _HAN.search(part) else (part,):
            found.extend(_written_out(piece))
    kept = [one for one in found if one not in _STOP]
    return frozenset(kept or found)


def _written_out(piece: str) -> tuple[str, ...]:
    known = lexicon().get(piece)
    if known:
        return known
    return (_singular(piece),)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):  # noqa: PLR2004
        return word[:-1]
    return word


def _han(text: str) -> tuple[str, ...]:
    """Split Chinese by the longest words of the lexicon; what it does not know stays together."""
    found: list[str] = []
    rest, place = "", 0
    while place < len(text):
        size = next(
            (
                n
                for n in range(min(_LONGEST_HAN, len(text) - place), 0, -1)
                if text[place : place + n] in lexicon()
            ),
            0,
        )
        if size:
            found += [rest] if rest else []
            found.append(text[place : place + size])
            rest, place = "", place + size
        else:
            rest += text[place]
            place += 1
    return tuple(found + ([rest] if rest else []))


def key(text: str) -> str:
    """Return a text as it is compared for equality: NFKC, lower case, without separators.

    >>> key("Cooling_Rate Unit") == key("coolingRateUnit")
    True
    """
    return "".join(_PARTS.findall(unicodedata.normalize("NFKC", text).casefold()))


def grams(text: str) -> frozenset[str]:
    """Return the character trigrams (bigrams of Chinese) of a text."""
    plain = key(text)
    size = 2 if _HAN.search(plain) else 3
    padded = f"^{plain}$"
    return frozenset(padded[n : n + size] for n in range(max(1, len(padded) - size + 1)))
