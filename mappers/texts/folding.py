"""A text as it is compared, with the way back: every folded character knows where it stands in the original.

Folding is NFKC, lower case, and the plain spelling of umlauts (``ü`` as ``ue``). It changes lengths: ``ß`` becomes two
characters, ``ｋｇ`` and ``㎏`` become ``kg``, a letter and its combining mark become one. A place that was found in the
folded text is only true of the original by way of the map.
"""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue"}
_QUOTES = {"’": "'", "ʼ": "'", "`": "'", "‑": "-", "–": "-", "—": "-"}
_PLAIN = MappingProxyType(str.maketrans(_UMLAUTS | _QUOTES))


@dataclass(frozen=True)
class Folded:
    """A text and its folded form.

    Attributes:
        original: As it was written.
        text: As it is compared.
        starts: For each folded character, where what it came from begins; one more entry for the end.
        ends: For each folded character, where what it came from ends.
    """

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a place in the folded text.

        Args:
            start: First folded character.
            end: Behind the last; greater than ``start``.
        """
        return self.starts[start], self.ends[end - 1]

    def words(self, start: int, end: int) -> str:
        """Return the original characters of a place in the folded text."""
        first, last = self.span(start, end)
        return self.original[first:last]


def fold(text: str) -> Folded:
    """Return a text with its folded form.

    >>> fold("Tür Maßfehler").text
    'tuer massfehler'
    """
    made: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        folded = folded_form(text[start:end])
        made.append(folded)
        starts.extend([start] * len(folded))
        ends.extend([end] * len(folded))
    return Folded(text, "".join(made), (*starts, len(text)), tuple(ends))


def folded_form(text: str) -> str:
    """Return a text as it is compared, without the map."""
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return plain.translate(_PLAIN)


def _clusters(text: str) -> list[tuple[int, int]]:
    """Return the places of letters, each with the combining marks behind it."""
    return [one.span() for one in re.finditer(r"(?s).[\u0300-\u036f\u3099\u309a]*", text)]
