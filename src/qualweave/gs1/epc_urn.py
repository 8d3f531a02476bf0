"""EPC URNs: the pure identities and classes of Tag Data Standard 2.1, as GS1 keys."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from qualweave.gs1.application_identifiers import Element, bad_identity, check_digit, validate
from qualweave.gs1.digital_link import link_of

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


SCHEMES: Mapping[str, tuple[int, int, int]] = MappingProxyType(
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
        raise bad_identity(urn, "it is not an EPC URN of the form urn:epc:id:scheme:…")
    scheme = found.group(2).lower()
    if scheme not in SCHEMES:
        raise bad_identity(urn, f"EPC scheme {scheme!r} is not a GS1 key")
    wanted, digits, _ = SCHEMES[scheme]
    parts = [unquote(one) for one in found.group(3).split(".", wanted - 1)]
    if len(parts) < wanted and not (
        scheme in ("sgtin", "grai", "gdti", "sgln") and len(parts) == wanted - 1
    ):
        raise bad_identity(urn, f"a {scheme} has {wanted} parts, this has {len(parts)}")
    if not re.fullmatch(r"[0-9]+", parts[0]) or not _LEAST_GCP <= len(parts[0]) <= _MOST_GCP:
        raise bad_identity(urn, "its company prefix should have 6 to 12 digits")
    if digits and parts[1] != "*":
        if not re.fullmatch(r"[0-9]*", parts[1]):
            raise bad_identity(urn, "its reference holds something other than digits")
        if len(parts[0]) + len(parts[1]) != digits:
            together = len(parts[0]) + len(parts[1])
            raise bad_identity(
                urn, f"company prefix and reference have {digits} digits together, not {together}"
            )
    if parts[1] == "*":
        raise bad_identity(urn, "a pattern over whole companies identifies no thing")
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
    return link_of(elements)
