"""Digital Links: a GS1 key with its qualifiers as a web address, in the URI syntax 1.4."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, unquote, urlsplit

from qualweave.gs1.application_identifiers import Ai, Element, ai_of, bad_identity, validate
from qualweave.iri import GS1_ID

_SHORT_GTIN = (8, 12, 13)
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "gtin": "01", "sscc": "00", "gln": "414", "glnx": "254", "pgln": "417", "partygln": "417", "gdti": "253",
        "gcn": "255", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004", "itip": "8006",
        "cpid": "8010", "cpi": "8010", "cpsn": "8011", "gmn": "8013", "gsrnp": "8017", "gsrn": "8018",
        "srin": "8019", "cpv": "22", "lot": "10", "ser": "21", "tpx": "235", "payto": "415", "refno": "8020",
    }
)  # fmt: skip
"""Convenience names of Digital Link 1.0, still seen in the field."""


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
        raise bad_identity(uri, "it holds a character that a URI does not allow")
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise bad_identity(uri, "it is not a URI") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise bad_identity(uri, "it is not an http(s) URI")
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
        name = NAMES.get(segments[start].lower(), segments[start])
        ai = ai_of(name) if name.isdigit() else None
        if ai is None or not ai.key:
            continue
        rest = segments[start:]
        if len(rest) % 2 or not all(rest[1::2]):
            raise bad_identity(uri, "its path does not end in pairs of an identifier and a value")
        names = [NAMES.get(one.lower(), one) for one in rest[::2]]
        if not _in_order(names[1:], ai):
            raise bad_identity(
                uri, f"{'/'.join(names[1:])} do not qualify a {ai.key} in that order"
            )
        return tuple(Element(one, value) for one, value in zip(names, rest[1::2], strict=True))
    raise bad_identity(uri, "no GS1 key stands in its path")


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
            raise bad_identity(uri, f"AI {attribute.ai} belongs into the path, not into the query")


def link_of(elements: Iterable[Element]) -> str:
    """Return the canonical Digital Link of elements, the key first."""
    return GS1_ID + "/".join(f"{one.ai}/{quote(one.value, safe='')}" for one in elements)
