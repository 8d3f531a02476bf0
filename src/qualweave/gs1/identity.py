"""The one canonical IRI of whatever a GS1 identity is written as, and whether a text is meant as one."""

import re
from urllib.parse import urlsplit

from qualweave.gs1.application_identifiers import Element, ai_of, bad_identity
from qualweave.gs1.digital_link import NAMES, link_of, parse_digital_link
from qualweave.gs1.element_string import parse_element_string
from qualweave.gs1.epc_urn import SCHEMES, from_urn
from qualweave.iri import GS1_ID


def looks_like(text: str) -> bool:
    """Return whether a text is meant as a GS1 identity: then it must be a valid one.

    A web address is one only where a GS1 key stands in its path.
    """
    if text.startswith(("urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:")):
        return text.split(":")[3:4] != [] and text.split(":")[3].lower() in SCHEMES
    if text.startswith("("):
        return (
            bool(re.match(r"^\((\d{2,4})\)\d", text))
            and ai_of(text[1 : text.index(")")]) is not None
        )
    if not text.lower().startswith(("http://", "https://")):
        return False
    segments = urlsplit(text).path.split("/")[1:]
    names = [NAMES.get(one.lower(), one) for one in segments[:-1]]
    keys = (ai_of(one) for one in names if one.isdigit() or one in NAMES)
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


def _identity(elements: tuple[Element, ...], shown: str) -> str:
    """Return the IRI of the thing that elements identify: the key and what tells it apart.

    A serial number identifies by itself, so lot and variant beside it are properties of the item and not
    part of its identity; a variant alone identifies nothing that the GTIN does not.
    """
    key = next((one for one in elements if (ai := ai_of(one.ai)) and ai.key), None)
    if key is None:
        raise bad_identity(shown, "no element of it identifies a thing")
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
    return link_of(chosen)
