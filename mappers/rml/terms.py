"""Terms from values: natural mapping, IRI safety, lexical checks, and how each is written in N-Quads.

The rules are those of *Generated RDF terms* and *Datatype conversions* in the RML-Core specification.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import quote

import pyoxigraph as ox

from qualweave.iri import XSD
from qualweave.mappers.rml.model import TermType

Value: TypeAlias = str | int | float | bool
"""A value as the source has it: JSON keeps numbers and truth values, CSV and XML have texts."""

_UCS = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000dfffd"
_UNSAFE = re.compile(rf"[^A-Za-z0-9\-._~{_UCS}]")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_IRI = re.compile(r"[\x00-\x20<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")
_LANGUAGE = re.compile(r"^(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*|[xXiI](?:-[A-Za-z0-9]{1,8})+)$")
_ESCAPED = MappingProxyType(
    str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
)
_IRI_ESCAPED = MappingProxyType(str.maketrans({one: f"\\u{ord(one):04X}" for one in '<>"{}|^`\\'}))
_LABEL = re.compile(r"[^A-Za-z0-9]")
_ZONE = r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?"
_DATE = r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?"
_DOUBLE = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN"
_LEXICAL: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        XSD + name: re.compile(rf"(?:{pattern})\Z")
        for name, pattern in {
            "integer": r"[+-]?\d+",
            "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
            "double": _DOUBLE,
            "float": _DOUBLE,
            "boolean": "true|false|0|1",
            "hexBinary": "(?:[0-9A-Fa-f]{2})*",
            "date": _DATE + _ZONE,
            "time": f"(?:{_TIME}){_ZONE}",
            "dateTime": f"{_DATE}T(?:{_TIME}){_ZONE}",
        }.items()
    }
)


class BadTerm(ValueError):
    """A value of which no valid term can be made, in English and Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese


def lexical(value: Value) -> str:
    """Return the natural RDF lexical form of a value, canonical as XSD has it.

    >>> lexical(10), lexical(82.5), lexical(True)
    ('10', '8.25E1', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _canonical_double(value)
    return str(value)


def _canonical_double(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    plain = "".join(map(str, digits))
    power = int(exponent) + len(plain) - 1 if value else 0
    return f"{'-' * sign}{plain[0]}.{plain[1:] or '0'}E{power}"


def natural_datatype(value: Value) -> str:
    """Return the natural RDF datatype of a value, ``""`` for a string."""
    if isinstance(value, bool):
        return XSD + "boolean"
    if isinstance(value, int):
        return XSD + "integer"
    return XSD + "double" if isinstance(value, float) else ""


def iri_safe(text: str) -> str:
    """Return a text with every character percent-encoded that is not unreserved in an IRI.

    >>> iri_safe("Zoë Krüger/2")
    'Zoë%20Krüger%2F2'
    """
    return _UNSAFE.sub(lambda found: quote(found.group(), safe=""), text)


def uri_safe(text: str) -> str:
    """Return a text with every character percent-encoded that is not unreserved in a URI."""
    return quote(text, safe="~")


def resource(text: str, kind: TermType, base: str) -> str:
    """Return the N-Quads form of an IRI, made absolute by putting the base before it where it is not.

    Raises:
        BadTerm: If neither it nor base and text together are a valid absolute IRI (or URI).
    """
    if kind.startswith("Unsafe"):
        return _written_iri(text if _SCHEME.match(text) else base + text)
    for one in (text, base + text):
        if _is_absolute(one, ascii_only=kind == "URI"):
            return _written_iri(one)
    raise BadTerm(f"{text!r} makes no valid {kind}", f"{text!r} 不能构成有效的 {kind}")


def _is_absolute(text: str, *, ascii_only: bool) -> bool:
    if not _SCHEME.match(text) or _BAD_IRI.search(text):
        return False
    return text.isascii() or not ascii_only


def _written_iri(text: str) -> str:
    return f"<{text.translate(_IRI_ESCAPED)}>"


def blank(text: str) -> str:
    """Return the N-Quads label of the blank node of a value; different values have different labels.

    >>> blank("students10"), blank("a b")
    ('_:students10', '_:a_20b')
    """
    return "_:" + _LABEL.sub(lambda one: "_" + one.group().encode().hex(), text)


def literal(value: Value, datatype: str = "") -> str:
    """Return the N-Quads form of a literal, of its natural datatype unless another is given.

    Raises:
        BadTerm: If the given datatype can be checked and the value is not in its lexical space.
    """
    text = lexical(value)
    if datatype == XSD + "decimal" and isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
    kind = datatype or natural_datatype(value)
    if kind in _LEXICAL and not _LEXICAL[kind].match(text):
        raise BadTerm(f"{text!r} is no <{kind}>", f"{text!r} 不是有效的 <{kind}>")
    written = f'"{text.translate(_ESCAPED)}"'
    return written if kind in ("", XSD + "string") else f"{written}^^<{kind}>"


def tagged(value: Value, language: str) -> str:
    """Return the N-Quads form of a text in a language.

    Raises:
        BadTerm: If the tag is not well-formed (BCP 47).
    """
    if not is_language(language):
        raise BadTerm(f"{language!r} is no language tag", f"{language!r} 不是有效的语言标签")
    return f'"{lexical(value).translate(_ESCAPED)}"@{language}'


def is_language(tag: str) -> bool:
    """Return whether a language tag is well-formed as BCP 47 has it."""
    return _LANGUAGE.match(tag) is not None


def constant(term: ox.NamedNode | ox.Literal) -> str:
    """Return the N-Quads form of a constant term."""
    return str(term)
