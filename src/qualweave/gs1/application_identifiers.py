"""Application identifiers: what GS1 gives a number, a length, characters and a check digit to.

The table (``application_identifiers.tsv``) follows the GS1 General Specifications; section 7.9 has the check digit.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from qualweave.errors import InputError

_CSET82 = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+""")
_CSET39 = re.compile(r"[#\-/0-9A-Z]+")
_CSET39_AIS = frozenset({"8010"})  # GS1 General Specifications, figure 7.11-2


class BadIdentity(InputError):
    """A text that should be a GS1 identity and is not; ``data["identity"]`` holds it."""

    code = "bad-identity"


@dataclass(frozen=True)
class Ai:
    """One application identifier.

    Attributes:
        ai: Its digits, ``n`` standing for any digit.
        parts: Type (``"N"`` or ``"X"``), least and greatest length of each part of its value.
        check: Place of the modulo-10 check digit in the value, None where it has none.
        key: Short name where it identifies a thing by itself, else ``""``.
        name: What it is.
        qualifiers: Sequences of AIs that may narrow it down in a Digital Link path.
    """

    ai: str
    parts: tuple[tuple[str, int, int], ...]
    check: int | None
    key: str
    name: str
    qualifiers: tuple[tuple[str, ...], ...]

    @property
    def fixed(self) -> bool:
        """Whether its length is predefined by its first two digits, so that no FNC1 follows."""
        head = int(self.ai[:2])
        return head in range(5) or head in range(11, 21) or head in range(31, 37) or head == 41  # noqa: PLR2004 - General Specifications, figure 7.8.5-2


@dataclass(frozen=True)
class Element:
    """An application identifier with its value."""

    ai: str
    value: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Ai]:
    text = files("qualweave").joinpath("gs1/application_identifiers.tsv").read_text("utf-8")
    rows = csv.DictReader(
        (line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"
    )
    return {row["ai"]: _ai(row) for row in rows}


def _ai(row: Mapping[str, str | None]) -> Ai:
    parts: list[tuple[str, int, int]] = []
    for part in (row["format"] or "").split(":"):
        kind, size = part[0], part[1:]
        most = int(size.lstrip("."))
        parts.append(
            (kind, 0 if parts else 1, most) if size.startswith("..") else (kind, most, most)
        )
    ways = [way for way in (row["qualifiers"] or "").split(";") if way]
    return Ai(
        ai=row["ai"] or "",
        parts=tuple(parts),
        check=int(row["check"]) if row["check"] else None,
        key=row["key"] or "",
        name=row["name"] or "",
        qualifiers=tuple(tuple(way.split(",")) for way in ways),
    )


def ai_of(digits: str) -> Ai | None:
    """Return the application identifier of its digits, or None where there is none.

    >>> ai_of("3103").name
    'Net weight, kilograms'
    """
    for wild in range(3):
        name = digits[: len(digits) - wild] + "n" * wild
        if name in _table():
            return _table()[name]
    return None


def check_digit(digits: str) -> str:
    """Return the modulo-10 check digit of a body without it.

    Raises:
        BadIdentity: If the body is not all digits.

    >>> check_digit("0401234511111")
    '8'
    """
    if not re.fullmatch(r"[0-9]+", digits):
        raise bad_identity(digits, "a check digit is computed over digits only")
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(digits[::-1]))
    return str(-total % 10)


def verify_check_digit(number: str) -> bool:
    """Return whether the last digit of a GTIN, SSCC, GLN … is its check digit.

    >>> verify_check_digit("04012345111118"), verify_check_digit("04012345111117")
    (True, False)
    """
    return bool(re.fullmatch(r"[0-9]{2,}", number)) and check_digit(number[:-1]) == number[-1]


def bad_identity(identity: str, why: str) -> BadIdentity:
    """Return the error of a text that is no GS1 identity; ``why`` is one clause, in English."""
    return BadIdentity(
        f"{identity!r} is not a GS1 identity: {why}.",
        message_zh=f"{identity!r} 不是有效的 GS1 标识：{why}。",
        next_step="Compare it with the label or the sending system and correct it there.",
        next_step_zh="请与标签或发送系统核对后更正。",
        data={"identity": identity, "reason": why},
    )


def validate(element: Element, *, verify: bool = True) -> None:
    """Check the value of an element against its format and check digit.

    Args:
        element: The element.
        verify: Whether a wrong check digit is an error.

    Raises:
        BadIdentity: If the AI is unknown, the value has the wrong length or characters, or its check
            digit is wrong.
    """
    ai, value = ai_of(element.ai), element.value
    shown = f"({element.ai}){value}"
    if ai is None:
        raise bad_identity(shown, f"there is no application identifier {element.ai}")
    least = sum(part[1] for part in ai.parts)
    most = sum(part[2] for part in ai.parts)
    if not least <= len(value) <= most:
        size = str(least) if least == most else f"{least} to {most}"
        raise bad_identity(shown, f"{ai.name} has {size} characters, not {len(value)}")
    rest = value
    for kind, _, longest in ai.parts:
        part, rest = rest[:longest], rest[longest:]
        if kind == "N" and part and not re.fullmatch(r"[0-9]+", part):
            raise bad_identity(
                shown, f"{ai.name} holds something other than digits where digits belong"
            )
        allowed = _CSET39 if ai.ai in _CSET39_AIS else _CSET82
        if kind == "X" and part and not allowed.fullmatch(part):
            raise bad_identity(shown, f"{ai.name} holds a character that GS1 does not allow")
    if verify and ai.check is not None:
        body, digit = value[: ai.check], value[ai.check]
        if check_digit(body) != digit:
            raise bad_identity(
                shown, f"its check digit is {digit} and should be {check_digit(body)}"
            )
