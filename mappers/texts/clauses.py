"""Sentences and clauses of a text, and the language of each: the reach of a denial ends with its clause."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+|(?<![.\d][a-z])(?<!\b(?:ca|nr|no|st))\.(?=\s|$)")
_CLAUSE_END = re.compile(
    r"[，,：:()（）]|\s-\s|\b(?:but|yet|however|though|although|whereas|aber|jedoch|sondern|allerdings|dafuer|dagegen)\b"
    r"|但是|(?<!不)但|不过|只是|就是|而是|然而|(?<![冷忘退])却"
)
_IN_NUMBER = re.compile(r"(?<=\d)[,:](?=\d)")
_GERMAN = frozenset(
    "der die das den dem ein eine einen einem und ist sind war nicht kein keine keinen am im an auf mit von zu bei "  # noqa: SIM905 - words
    "nach noch nur aber oder sich wird wurde hat haben sehr auch unten oben links rechts seit beim zum zur es schon "
    "mehr wieder immer ca evtl vermutlich bitte".split()
)
_ENGLISH = frozenset(
    "the a an and is are was were not no on in at with of to from by it its has have been this that there when after "  # noqa: SIM905 - words
    "but or very also still please we i my".split()
)
_GERMAN_SHAPE = re.compile(
    r"(?:ung|heit|keit|schaft|lich|isch|ieren|zeug|nicht|ische|igen|sch)(?:en|e|er|s)?\b|ss?t\b"
)


@dataclass(frozen=True)
class Clause:
    """A part of a sentence that one denial reaches; places in the folded text.

    Attributes:
        start: First character.
        end: Behind the last.
        sentence: Number of its sentence, from 0.
        contrast: It begins with a word of contrast, so nothing before it holds on.
    """

    start: int
    end: int
    sentence: int
    contrast: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence; places in the folded text.

    Attributes:
        start: First character.
        end: Behind the last, its mark included.
        language: ``"zh"``, ``"de"`` or ``"en"``.
        clauses: Its clauses, in order.
        asks: It ends with a question mark.
    """

    start: int
    end: int
    language: str
    clauses: tuple[Clause, ...]
    asks: bool


def sentences(folded: str, *, known: str = "") -> tuple[Sentence, ...]:
    """Return the sentences of a folded text.

    Args:
        folded: The text.
        known: Its language where it is told and no Chinese character speaks against it.
    """
    found: list[Sentence] = []
    for start, end, mark in _pieces(folded):
        language = language_of_sentence(folded[start:end], known=known)
        found.append(
            Sentence(
                start, end, language, tuple(_clauses(folded, start, end, len(found))), "?" in mark
            )
        )
    return tuple(found)


def number_at(told: Sequence[Sentence], place: int) -> int:
    """Return the number of the sentence that holds a place, or of the last one before it; by halving."""
    return max(bisect_right(told, place, key=lambda one: one.start) - 1, 0)


def language_of_sentence(text: str, *, known: str = "") -> str:
    """Return the language of a folded sentence: Chinese by script, German and English by their small words.

    >>> language_of_sentence("tuer schliesst nicht richtig"), language_of_sentence("no noise")
    ('de', 'en')
    """
    if _HAN.search(text):
        return "zh"
    words = re.findall(r"[a-z]+", text)
    german = sum(one in _GERMAN for one in words) + 0.5 * len(_GERMAN_SHAPE.findall(text))
    german += 0.5 * len(re.findall(r"[aou]e(?=[a-z]{2})", text))
    english = sum(one in _ENGLISH for one in words)
    if german == english:
        return known if known in ("de", "en") else "en"
    return "de" if german > english else "en"


def _pieces(folded: str) -> Iterator[tuple[int, int, str]]:
    start = 0
    for hit in _SENTENCE_END.finditer(folded):
        if folded[start : hit.start()].strip():
            yield start, hit.end(), hit.group()
        start = hit.end()
    if folded[start:].strip():
        yield start, len(folded), ""


def _clauses(folded: str, start: int, end: int, sentence: int) -> Iterator[Clause]:
    numbers = {one.start() + start for one in _IN_NUMBER.finditer(folded[start:end])}
    at, contrast = start, False
    for hit in _CLAUSE_END.finditer(folded, start, end):
        if hit.start() in numbers:
            continue
        if folded[at : hit.start()].strip():
            yield Clause(at, hit.start(), sentence, contrast)
        contrast = len(hit.group()) > 1 or _HAN.match(hit.group()) is not None
        at = hit.end()
    if folded[at:end].strip():
        yield Clause(at, end, sentence, contrast)
