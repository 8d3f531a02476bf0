"""What may tell a person in a complaint, masked: telephone numbers, mail addresses, identity and long numbers.

A number of a thing that the graph knows is kept, as it is what the complaint is about. Names and postal addresses are
not recognised here: that needs a model that we do not carry, and a report that promises it would be false.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["email", "phone", "identity", "number"]
# Latin only: a number stands right behind a Chinese character
_BEFORE, _AFTER = r"(?<![A-Za-z0-9_@])", r"(?![A-Za-z0-9_@])"
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "email",
        re.compile(
            r"(?<![A-Za-z0-9_.+\-])[A-Za-z0-9_.+\-]{1,64}[@＠][A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}"
        ),
    ),
    (
        "identity",
        re.compile(
            rf"(?<!\d)[1-9]\d{{5}}(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}[\dXx](?![A-Za-z0-9_])"
            rf"|{_BEFORE}[A-Z]{{2}}\d{{2}}(?:\s?[A-Z0-9]{{4}}){{3,7}}(?:\s?[A-Z0-9]{{1,3}})?{_AFTER}"
            rf"|{_BEFORE}\d{{3}}-\d{{2}}-\d{{4}}{_AFTER}"
        ),
    ),
    (
        "phone",
        re.compile(
            r"(?<![A-Za-z0-9_+])(?:\+|00)[1-9]\d{0,2}[\s\-/.]?(?:\(0?\d+\)|\d)[\d\s\-/.()]{5,16}\d(?!\d)"
            r"|(?<!\d)1[3-9]\d[\s\-]?\d{4}[\s\-]?\d{4}(?!\d)"
            r"|(?<![A-Za-z0-9_.])0\d{2,5}[\s\-/]{1,3}\d[\d\s\-]{4,10}\d(?!\d)"
            r"|(?<![A-Za-z0-9_.])\(\d{2,5}\)\s?\d[\d\s\-]{5,10}\d(?!\d)"
            r"|(?<![A-Za-z0-9_.\-])\d{3}[\-.]\d{3}[\-.]\d{4}(?![\d\-])"
        ),
    ),
    ("number", re.compile(r"(?<![A-Za-z0-9_.,\-])\d(?:[\s\-]?\d){7,29}(?![A-Za-z0-9_\-]|[.,]\d)")),
)
_DATE = re.compile(
    r"(?:19|20)\d{2}[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01])(?:\s\d{1,2})?"
)


@dataclass(frozen=True)
class Mask:
    """A stretch of the original text and what stands in its place.

    Attributes:
        start: First character in the original.
        end: Behind the last.
        kind: What it was.
    """

    start: int
    end: int
    kind: Kind

    @property
    def word(self) -> str:
        """What stands in its place."""
        return f"[{self.kind}]"


def redacted(
    text: str, is_known: Callable[[str], bool] = lambda _: False
) -> tuple[str, tuple[Mask, ...]]:
    """Return a text with what may tell a person masked, and what was masked.

    Args:
        text: The text.
        is_known: Whether a number is that of a thing in the graph.

    >>> redacted("call +49 170 1234567 or a@b.de, part 4711")[0]
    'call [phone] or [email], part 4711'
    """
    masks: list[Mask] = []
    for one in _found(text, is_known):
        if not any(one.start < other.end and other.start < one.end for other in masks):
            masks.append(one)
    masks.sort(key=lambda one: one.start)
    made, at = [], 0
    for one in masks:
        made += [text[at : one.start], one.word]
        at = one.end
    return "".join([*made, text[at:]]), tuple(masks)


def _found(text: str, is_known: Callable[[str], bool]) -> Iterator[Mask]:
    for kind, pattern in _PATTERNS:
        for hit in pattern.finditer(text):
            said = hit.group()
            is_number = kind in ("phone", "number")
            if is_number and (_DATE.fullmatch(said.strip()) or is_known(said.strip())):
                continue
            yield Mask(hit.start(), hit.end(), kind)


def moved(start: int, end: int, masks: tuple[Mask, ...]) -> tuple[int, int]:
    """Return where a place of the original stands in the masked text; one that touches a mask takes all of it in."""
    return _moved(start, masks, is_end=False), _moved(end, masks, is_end=True)


def _moved(at: int, masks: tuple[Mask, ...], *, is_end: bool) -> int:
    shift = 0
    for one in masks:
        inside = one.start < at < one.end
        if inside:
            return one.start + shift + (len(one.word) if is_end else 0)
        if at >= one.end:
            shift += len(one.word) - (one.end - one.start)
    return at + shift
