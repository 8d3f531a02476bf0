"""Element strings: bracketed as they are printed, or scanned with separators between their elements."""

import re
from collections.abc import Iterable

from qualweave.gs1.application_identifiers import Element, ai_of, bad_identity, validate

_BRACKETED = re.compile(r"\(([^()]*)\)((?:\\\(|[^(])*)")


def parse_element_string(text: str, *, verify: bool = True) -> tuple[Element, ...]:
    r"""Read a bracketed element string, or a scanned one with FNC1 as GS (``\x1d``) or ``^``.

    Args:
        text: The string; ``\(`` is a bracket inside a value.
        verify: Whether a wrong check digit is an error.

    Raises:
        BadIdentity: If it is malformed.

    >>> [(e.ai, e.value) for e in parse_element_string("(01)04012345111118(21)98")]
    [('01', '04012345111118'), ('21', '98')]
    """
    bracketed = text.startswith("(")
    elements = tuple(_bracketed(text) if bracketed else _scanned(text.lstrip("^\x1d")))
    for element in elements:
        validate(element, verify=verify)
    return elements


def _bracketed(text: str) -> Iterable[Element]:
    place = 0
    while place < len(text):
        found = _BRACKETED.match(text, place)
        if found is None:
            raise bad_identity(text, f"an AI in brackets should stand at character {place + 1}")
        ai, value = found.group(1), found.group(2).replace("\\(", "(")
        if not re.fullmatch(r"[0-9]{2,4}", ai):
            raise bad_identity(
                text, f"{ai!r} is not an application identifier of two to four digits"
            )
        if not value:
            raise bad_identity(text, f"AI {ai} has no value")
        if "^" in value or "\x1d" in value:
            raise bad_identity(text, "a bracketed string holds a separator")
        yield Element(ai, value.rstrip() or value)
        place = found.end()


def _scanned(text: str) -> Iterable[Element]:
    place = 0
    while place < len(text):
        heads = (text[place : place + size] for size in (2, 3, 4))
        ai = next((one for one in heads if ai_of(one)), None)
        found = ai_of(ai) if ai else None
        if ai is None or found is None:
            raise bad_identity(text, f"there is no application identifier at character {place + 1}")
        start = place + len(ai)
        end = next((i for i in range(start, len(text)) if text[i] in "^\x1d"), len(text))
        if found.fixed:
            end = min(end, start + sum(part[2] for part in found.parts))
        if end == start:
            raise bad_identity(text, f"AI {ai} has no value")
        yield Element(ai, text[start:end])
        place = end + (1 if end < len(text) and text[end] in "^\x1d" else 0)
