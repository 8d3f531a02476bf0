"""Words that are written together: Chinese without spaces, German compounds, run-together shorthand.

Each is cut by dynamic programming into the parts that explain it with the fewest pieces; what no part explains
stays together and costs more than any known part.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from qualweave.mappers.align.glossary import english, readings, table

_LONGEST_HAN = 8
_LONGEST_PART = 24
_SHORTEST = 3
_LINKS = ("", "s", "n", "en", "es", "er", "e", "ens")
_UNKNOWN = 2.2  # cost of a part that is not known, and a little for each of its letters
_PER_LETTER = 0.15
_LINK = 0.1
_SHORT = 0.35  # more for a part of three letters: they are found in everything


def han(text: str) -> tuple[str, ...]:
    """Cut Chinese into words of the lexicon; what it does not know stays together.

    >>> han("工艺路线编号")
    ('工艺路线', '编号')
    """
    known = table("zh")
    more = table("")

    def parts(end: int) -> Iterable[tuple[int, float]]:
        for start in range(max(0, end - _LONGEST_HAN), end):
            word = text[start:end]
            if word in known or word in more:
                yield start, 1.0 + 0.2 * (len(word) == 1)
        yield end - 1, _UNKNOWN

    return _joined(_cut(text, parts), lambda one: one in known or one in more)


@lru_cache(maxsize=65_536)
def german(word: str) -> tuple[str, ...]:
    """Cut a German compound into its parts; a word that is known or cannot be cut is returned whole.

    >>> german("klemmkraftüberwachung")
    ('klemmkraft', 'überwachung')
    """
    if readings(word, "de") or len(word) < 2 * _SHORTEST:
        return (word,)

    def parts(end: int) -> Iterable[tuple[int, float]]:
        for start in range(max(0, end - _LONGEST_PART), end - _SHORTEST + 1):
            piece = word[start:end]
            last = end == len(word)
            if _part(piece, last=last) is not None:
                yield (
                    start,
                    1.0 + _SHORT * (len(piece) == _SHORTEST) + _LINK * (not readings(piece, "de")),
                )
            else:
                yield start, _UNKNOWN + _PER_LETTER * len(piece)

    found = _cut(word, parts)
    named = tuple(
        _part(one, last=place == len(found) - 1) or one for place, one in enumerate(found)
    )
    explained = sum(len(one) for one in found if _part(one, last=one == found[-1]) is not None)
    return named if 2 * explained >= len(word) else (word,)


def _part(piece: str, *, last: bool) -> str | None:
    """Return the word that a part of a compound is, its link taken off, or None."""
    if len(piece) < _SHORTEST:
        return None
    known = table("de")
    for link in ("",) if last else _LINKS:
        root = piece[: len(piece) - len(link)] if link else piece
        if piece.endswith(link) and len(root) >= _SHORTEST:
            if root in known or (root in english() and len(root) > _SHORTEST):
                return root
            if not last and f"{root}en" in known and len(root) > _SHORTEST:
                return f"{root}en"
    return piece if last and readings(piece, "de") else None


def _cut(text: str, parts: Callable[[int], Iterable[tuple[int, float]]]) -> tuple[str, ...]:
    """Return the cheapest cut of a text; ``parts`` yields start and cost of the parts that end at a place."""
    best: list[tuple[float, int]] = [(0.0, 0), *[(float("inf"), 0)] * len(text)]
    for end in range(1, len(text) + 1):
        for start, cost in parts(end):
            total = best[start][0] + cost
            if total < best[end][0]:
                best[end] = (total, start)
    if best[-1][0] == float("inf"):
        return (text,)
    found: list[str] = []
    end = len(text)
    while end:
        start = best[end][1]
        found.append(text[start:end])
        end = start
    return tuple(reversed(found))


def _joined(parts: tuple[str, ...], is_known: Callable[[str], bool]) -> tuple[str, ...]:
    """Return parts in which unknown ones that stand side by side are one."""
    found: list[str] = []
    open_ = False
    for one in parts:
        if is_known(one):
            found.append(one)
            open_ = False
        elif open_:
            found[-1] += one
        else:
            found.append(one)
            open_ = True
    return tuple(found)
