"""GS1 identities in one canonical form: EPC URN, Digital Link and element string name one thing.

The same serial is printed as ``(01)04012345111118(21)98``, sent as ``urn:epc:id:sgtin:4012345.011111.98`` and
linked as ``https://example.com/01/04012345111118/21/98?17=251231``. In the graph it is one IRI,
``https://id.gs1.org/01/04012345111118/21/98``. Sources: GS1 General Specifications (application identifiers,
section 7.9 check digit), GS1 Digital Link URI syntax 1.4, Tag Data Standard 2.1 (EPC URNs). The table of
application identifiers (``gs1_ais.tsv``) is the project's own.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from urllib.parse import quote, unquote, urlsplit

from qualweave.errors import InputError
from qualweave.iri import GS1_ID

_GCP_AND_ITEM = (
    13  # digits of a GTIN without indicator: company prefix, item reference and check digit
)
_CSET82 = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+""")
_CSET39 = re.compile(r"[#\-/0-9A-Z]+")
_CSET39_AIS = frozenset({"8010"})  # GS1 General Specifications, figure 7.11-2
_SHORT_GTIN = (8, 12, 13)
_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "gtin": "01", "sscc": "00", "gln": "414", "glnx": "254", "pgln": "417", "partygln": "417", "gdti": "253",
        "gcn": "255", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004", "itip": "8006",
        "cpid": "8010", "cpi": "8010", "cpsn": "8011", "gmn": "8013", "gsrnp": "8017", "gsrn": "8018",
        "srin": "8019", "cpv": "22", "lot": "10", "ser": "21", "tpx": "235", "payto": "415", "refno": "8020",
    }
)  # fmt: skip
"""Convenience names of Digital Link 1.0, still seen in the field."""


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
    text = files("qualweave").joinpath("gs1_ais.tsv").read_text("utf-8")
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
        raise _bad(digits, "a check digit is computed over digits only")
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(digits[::-1]))
    return str(-total % 10)


def verify_check_digit(number: str) -> bool:
    """Return whether the last digit of a GTIN, SSCC, GLN … is its check digit.

    >>> verify_check_digit("04012345111118"), verify_check_digit("04012345111117")
    (True, False)
    """
    return bool(re.fullmatch(r"[0-9]{2,}", number)) and check_digit(number[:-1]) == number[-1]


def _bad(identity: str, why: str) -> BadIdentity:
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
        raise _bad(shown, f"there is no application identifier {element.ai}")
    least = sum(part[1] for part in ai.parts)
    most = sum(part[2] for part in ai.parts)
    if not least <= len(value) <= most:
        size = str(least) if least == most else f"{least} to {most}"
        raise _bad(shown, f"{ai.name} has {size} characters, not {len(value)}")
    rest = value
    for kind, _, longest in ai.parts:
        part, rest = rest[:longest], rest[longest:]
        if kind == "N" and part and not re.fullmatch(r"[0-9]+", part):
            raise _bad(shown, f"{ai.name} holds something other than digits where digits belong")
        allowed = _CSET39 if ai.ai in _CSET39_AIS else _CSET82
        if kind == "X" and part and not allowed.fullmatch(part):
            raise _bad(shown, f"{ai.name} holds a character that GS1 does not allow")
    if verify and ai.check is not None:
        body, digit = value[: ai.check], value[ai.check]
        if check_digit(body) != digit:
            raise _bad(shown, f"its check digit is {digit} and should be {check_digit(body)}")


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
            raise _bad(text, f"an AI in brackets should stand at character {place + 1}")
        ai, value = found.group(1), found.group(2).replace("\\(", "(")
        if not re.fullmatch(r"[0-9]{2,4}", ai):
            raise _bad(text, f"{ai!r} is not an application identifier of two to four digits")
        if not value:
            raise _bad(text, f"AI {ai} has no value")
        if "^" in value or "\x1d" in value:
            raise _bad(text, "a bracketed string holds a separator")
        yield Element(ai, value.rstrip() or value)
        place = found.end()


def _scanned(text: str) -> Iterable[Element]:
    place = 0
    while place < len(text):
        heads = (text[place : place + size] for size in (2, 3, 4))
        ai = next((one for one in heads if ai_of(one)), None)
        found = ai_of(ai) if ai else None
        if ai is None or found is None:
            raise _bad(text, f"there is no application identifier at character {place + 1}")
        start = place + len(ai)
        end = next((i for i in range(start, len(text)) if text[i] in "^\x1d"), len(text))
        if found.fixed:
            end = min(end, start + sum(part[2] for part in found.parts))
        if end == start:
            raise _bad(text, f"AI {ai} has no value")
        yield Element(ai, text[start:end])
        place = end + (1 if end < len(text) and text[end] in "^\x1d" else 0)


@dataclass(frozen=True)
class DigitalLink:
    """A Digital Link URI: the key with its qualifiers, and the attributes of its query."""

    path: tuple[Element, ...]
    attributes: tuple[Element, ...] = ()


def parse_digital_link(
    uri: str, *, zero_suppressed: bool = True, verify: bool = True
) -> DigitalLink:
    """Read a GS1 Digital Link URI of any domain.

    Args:
        uri: The URI.
        zero_suppressed: Whether a GTIN may be written without its leading zeros.
        verify: Whether a wrong check digit is an error.

    Raises:
        BadIdentity: If it is no Digital Link, or a value in it is not valid.

    >>> parse_digital_link("https://example.com/gtin/4012345111118/ser/98").path[1]
    Element(ai='21', value='98')
    """
    if re.search(r'[<>{}|\\^`"\s]', uri):
        raise _bad(uri, "it holds a character that a URI does not allow")
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise _bad(uri, "it is not a URI") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise _bad(uri, "it is not an http(s) URI")
    path = _path_elements(uri, [unquote(one) for one in parts.path.split("/")[1:]])
    path = tuple(_padded(one, allowed=zero_suppressed) for one in path)
    attributes = []
    for pair in re.split("[&;]", parts.query):
        name, _, value = pair.partition("=")
        if name.isdigit() and value:
            attributes.append(
                _padded(Element(name, unquote(value.replace("+", " "))), allowed=zero_suppressed)
            )
    for element in (*path, *attributes):
        validate(element, verify=verify)
    _not_in_query(uri, path, attributes)
    return DigitalLink(path, tuple(attributes))


def _path_elements(uri: str, segments: list[str]) -> tuple[Element, ...]:
    """Take key and qualifiers from the end of the path, the rightmost key first."""
    for start in range(len(segments) - 2, -1, -1):
        name = _NAMED.get(segments[start].lower(), segments[start])
        ai = ai_of(name) if name.isdigit() else None
        if ai is None or not ai.key:
            continue
        rest = segments[start:]
        if len(rest) % 2 or not all(rest[1::2]):
            raise _bad(uri, "its path does not end in pairs of an identifier and a value")
        names = [_NAMED.get(one.lower(), one) for one in rest[::2]]
        if not _in_order(names[1:], ai):
            raise _bad(uri, f"{'/'.join(names[1:])} do not qualify a {ai.key} in that order")
        return tuple(Element(one, value) for one, value in zip(names, rest[1::2], strict=True))
    raise _bad(uri, "no GS1 key stands in its path")


def _in_order(names: list[str], ai: Ai) -> bool:
    if not names:
        return True
    return any(
        set(names) <= set(way) and names == sorted(names, key=way.index) for way in ai.qualifiers
    )


def _padded(element: Element, *, allowed: bool) -> Element:
    if allowed and element.ai == "01" and len(element.value) in _SHORT_GTIN:
        return Element("01", element.value.zfill(14))
    return element


def _not_in_query(uri: str, path: tuple[Element, ...], attributes: list[Element]) -> None:
    key = ai_of(path[0].ai)
    qualifying = {one for way in (key.qualifiers if key else ()) for one in way}
    present = {one.ai for one in path}
    for attribute in attributes:
        if attribute.ai in qualifying or attribute.ai in present:
            raise _bad(uri, f"AI {attribute.ai} belongs into the path, not into the query")


def _link(elements: Iterable[Element]) -> str:
    return GS1_ID + "/".join(f"{one.ai}/{quote(one.value, safe='')}" for one in elements)


def _identity(elements: tuple[Element, ...], shown: str) -> str:
    """Return the IRI of the thing that elements identify: the key and what tells it apart.

    A serial number identifies by itself, so lot and variant beside it are properties of the item and not
    part of its identity; a variant alone identifies nothing that the GTIN does not.
    """
    key = next((one for one in elements if (ai := ai_of(one.ai)) and ai.key), None)
    if key is None:
        raise _bad(shown, "no element of it identifies a thing")
    values = {one.ai: one.value for one in elements}
    order: tuple[str, ...]
    if key.ai in ("01", "8006"):
        order = ("21", "235", "10")
    elif key.ai == "414":
        order = ("254", "7040")
    else:
        order = ("8011", "8019", "7040", "8020")
    ai = ai_of(key.ai)
    fitting = {one for way in (ai.qualifiers if ai else ()) for one in way}
    qualifier = next((one for one in order if one in values and one in fitting), None)
    chosen = [key] + ([Element(qualifier, values[qualifier])] if qualifier else [])
    return _link(chosen)


_URN = re.compile(r"^urn:epc:(id|idpat|class):([a-z0-9]+):(.+)$", re.IGNORECASE)


def _gtin(company: str, reference: str) -> str:
    body = reference[0] + company + reference[1:]
    return body + check_digit(body)


def _with_check(ai: str, body: str, tail: str = "") -> Element:
    return Element(ai, body + check_digit(body) + tail)


def _urn_elements(scheme: str, parts: list[str]) -> tuple[Element, ...]:  # noqa: C901, PLR0912 - one line per scheme
    """Return the elements of an EPC URN; an asterisk (pattern) leaves its element out."""
    first, *rest = parts
    match scheme:
        case "sgtin" | "lgtin" | "upui":
            ai = {"sgtin": "21", "lgtin": "10", "upui": "235"}[scheme]
            found = [Element("01", _gtin(first, rest[0])), *_optional(ai, rest[1:])]
        case "itip":
            found = [
                Element("8006", _gtin(first, rest[0]) + rest[1] + rest[2]),
                *_optional("21", rest[3:]),
            ]
        case "sscc":
            found = [_with_check("00", rest[0][0] + first + rest[0][1:])]
        case "sgln":
            extension = [] if rest[1:] == ["0"] else rest[1:]
            found = [_with_check("414", first + rest[0]), *_optional("254", extension)]
        case "pgln":
            found = [_with_check("417", first + rest[0])]
        case "grai":
            found = [_with_check("8003", "0" + first + rest[0], _plain(rest[1:]))]
        case "giai":
            found = [Element("8004", first + rest[0])]
        case "gsrn" | "gsrnp":
            found = [_with_check("8018" if scheme == "gsrn" else "8017", first + rest[0])]
        case "gdti" | "sgcn":
            found = [
                _with_check("253" if scheme == "gdti" else "255", first + rest[0], _plain(rest[1:]))
            ]
        case "cpi":
            found = [Element("8010", first + rest[0]), *_optional("8011", rest[1:])]
        case "ginc":
            found = [Element("401", first + rest[0])]
        case "gsin":
            found = [_with_check("402", first + rest[0])]
        case _:
            found = []
    return tuple(found)


def _optional(ai: str, parts: list[str]) -> list[Element]:
    return [Element(ai, parts[0])] if parts and parts[0] != "*" else []


def _plain(parts: list[str]) -> str:
    return parts[0] if parts and parts[0] != "*" else ""


_PARTS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        # parts, digits of company prefix and reference together (0 where free), which class
        "sgtin": (3, 13, 0), "lgtin": (3, 13, 0), "upui": (3, 13, 0), "itip": (5, 13, 0), "sscc": (2, 17, 0),
        "sgln": (3, 12, 0), "pgln": (2, 12, 0), "grai": (3, 12, 0), "giai": (2, 0, 0), "gsrn": (2, 17, 0),
        "gsrnp": (2, 17, 0), "gdti": (3, 12, 0), "sgcn": (3, 12, 0), "cpi": (3, 0, 0), "ginc": (2, 0, 0),
        "gsin": (2, 16, 0),
    }
)  # fmt: skip
_LEAST_GCP, _MOST_GCP = 6, 12


def company_prefix(urn: str) -> str:
    """Return the company prefix of an EPC URN, whose length only the URN form tells.

    Raises:
        BadIdentity: If it is no EPC URN.

    >>> company_prefix("urn:epc:id:sgtin:4012345.011111.98")
    '4012345'
    """
    return _urn_parts(urn)[1][0]


def _urn_parts(urn: str) -> tuple[str, list[str]]:
    found = _URN.match(urn)
    if found is None:
        raise _bad(urn, "it is not an EPC URN of the form urn:epc:id:scheme:…")
    scheme = found.group(2).lower()
    if scheme not in _PARTS:
        raise _bad(urn, f"EPC scheme {scheme!r} is not a GS1 key")
    wanted, digits, _ = _PARTS[scheme]
    parts = [unquote(one) for one in found.group(3).split(".", wanted - 1)]
    if len(parts) < wanted and not (
        scheme in ("sgtin", "grai", "gdti", "sgln") and len(parts) == wanted - 1
    ):
        raise _bad(urn, f"a {scheme} has {wanted} parts, this has {len(parts)}")
    if not re.fullmatch(r"[0-9]+", parts[0]) or not _LEAST_GCP <= len(parts[0]) <= _MOST_GCP:
        raise _bad(urn, "its company prefix should have 6 to 12 digits")
    if digits and parts[1] != "*":
        if not re.fullmatch(r"[0-9]*", parts[1]):
            raise _bad(urn, "its reference holds something other than digits")
        if len(parts[0]) + len(parts[1]) != digits:
            together = len(parts[0]) + len(parts[1])
            raise _bad(
                urn, f"company prefix and reference have {digits} digits together, not {together}"
            )
    if parts[1] == "*":
        raise _bad(urn, "a pattern over whole companies identifies no thing")
    return scheme, parts


def from_urn(urn: str) -> str:
    """Return the canonical IRI of an EPC URN (``id``, ``class`` or ``idpat``).

    Raises:
        BadIdentity: If it is malformed, or a scheme that is no GS1 key.

    >>> from_urn("urn:epc:class:lgtin:4012345.012345.Lot987")
    'https://id.gs1.org/01/04012345123456/10/Lot987'
    """
    scheme, parts = _urn_parts(urn)
    elements = _urn_elements(scheme, parts)
    for element in elements:
        validate(element)
    return _link(elements)


def looks_like(text: str) -> bool:
    """Return whether a text is meant as a GS1 identity: then it must be a valid one.

    A web address is one only where a GS1 key stands in its path.
    """
    if text.startswith(("urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:")):
        return text.split(":")[3:4] != [] and text.split(":")[3].lower() in _PARTS
    if text.startswith("("):
        return (
            bool(re.match(r"^\((\d{2,4})\)\d", text))
            and ai_of(text[1 : text.index(")")]) is not None
        )
    if not text.lower().startswith(("http://", "https://")):
        return False
    segments = urlsplit(text).path.split("/")[1:]
    names = [_NAMED.get(one.lower(), one) for one in segments[:-1]]
    keys = (ai_of(one) for one in names if one.isdigit() or one in _NAMED)
    on_gs1 = text.lower().startswith((GS1_ID, "http://id.gs1.org/"))
    return on_gs1 or any(ai is not None and ai.key for ai in keys)


def canonical(text: str, *, verify: bool = True) -> str:
    """Return the canonical IRI of a GS1 identity in any of its three forms.

    Args:
        text: EPC URN, Digital Link URI of any domain, or element string.
        verify: Whether a wrong check digit is an error.

    Raises:
        BadIdentity: If it is none of them, or not valid; the message names what is wrong.

    >>> canonical("(01)04012345111118(10)L1(21)98")
    'https://id.gs1.org/01/04012345111118/21/98'
    """
    plain = text.strip()
    if plain.lower().startswith("urn:epc:"):
        return from_urn(plain)
    if plain.lower().startswith(("http://", "https://")):
        return _identity(parse_digital_link(plain, verify=verify).path, plain)
    return _identity(parse_element_string(plain, verify=verify), plain)
