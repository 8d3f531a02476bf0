"""IRIs and CURIEs: the namespaces of the product, and how an identifier becomes an IRI.

Data IRIs follow ``docs/reference/graph.md``: ``{base}{tenant}/{kind}/{id}``. An identifier is kept
readable (RFC 3987 allows most letters) and only what an IRI or a Turtle file cannot hold is
percent-encoded, so that a Chinese lot number stays a Chinese lot number.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from qualweave.errors import InputError

Q = "https://w3id.org/qonto/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
PROV = "http://www.w3.org/ns/prov#"
SH = "http://www.w3.org/ns/shacl#"
DCTERMS = "http://purl.org/dc/terms/"
EPCIS = "https://ref.gs1.org/epcis/"
CBV = "https://ref.gs1.org/cbv/"
GS1 = "https://gs1.org/voc/"
GS1_ID = "https://id.gs1.org/"

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "q": Q,
        "rdf": RDF,
        "rdfs": RDFS,
        "owl": OWL,
        "xsd": XSD,
        "skos": SKOS,
        "prov": PROV,
        "sh": SH,
        "dcterms": DCTERMS,
        "epcis": EPCIS,
        "cbv": CBV,
        "gs1": GS1,
    }
)
"""Prefix to namespace, as every query, page and export of the product writes them."""

DEFAULT_BASE = "https://example.org/id/"

# What neither an IRI (RFC 3987) nor an unescaped N-Quads or Turtle IRI may hold, and '/', '?', '#', '%',
# which would change the structure of the path.
_RESERVED = re.compile(r"""[\x00-\x20<>"{}|\\^`/?#%\x7f-\x9f\u00a0\u2028\u2029\ufff0-\uffff]""")
_CURIE = re.compile(r"^([A-Za-z][\w.-]*):([^/\s][^\s]*)$")


def encode_segment(text: str) -> str:
    """Return ``text`` as one path segment of an IRI, NFC-normalised and percent-encoded.

    Raises:
        InputError: If the text is empty once white space is trimmed.

    >>> encode_segment(" L 2024/11 ")
    'L%202024%2F11'
    """
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean:
        raise InputError(
            "An identifier is empty.",
            message_zh="标识符为空。",
            next_step="Give the row an identifier, or leave the column unmapped.",
            next_step_zh="请补全该行的标识符，或不映射该列。",
        )
    return _RESERVED.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), clean
    )


def mint(kind: str, *parts: str, tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the IRI of a thing of ``kind`` with identifier ``parts`` for a tenant.

    Raises:
        InputError: If a part is empty.

    >>> mint("equipment", "AOI-A")
    'https://example.org/id/plant/equipment/AOI-A'
    """
    return f"{base}{tenant}/{kind}/" + "/".join(encode_segment(part) for part in parts)


def graph_iri(*parts: str, base: str = DEFAULT_BASE) -> str:
    """Return the IRI of a named graph of the product.

    >>> graph_iri("data", "plant", "aoi", "1f3a")
    'https://example.org/id/graph/data/plant/aoi/1f3a'
    """
    return f"{base}graph/" + "/".join(encode_segment(part) for part in parts)


def expand(name: str, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """Return the IRI of a CURIE, or the name itself where it is an absolute IRI already.

    Raises:
        InputError: If the prefix is not known or the text is neither.

    >>> expand("q:Defect")
    'https://w3id.org/qonto/Defect'
    """
    if name.startswith(("http://", "https://", "urn:", "tag:")):
        return name
    found = _CURIE.match(name)
    if found is None or found.group(1) not in prefixes:
        raise InputError(
            f"{name!r} is neither an absolute IRI nor a CURIE with a known prefix.",
            message_zh=f"{name!r} 既不是绝对 IRI，也不是已知前缀的 CURIE。",
            next_step="Known prefixes: " + ", ".join(sorted(prefixes)) + ".",
            next_step_zh="已知前缀：" + "、".join(sorted(prefixes)) + "。",
            data={"name": name},
        )
    return prefixes[found.group(1)] + found.group(2)


def curie(iri: str, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """Return the shortest CURIE of an IRI, or the IRI where no prefix fits.

    >>> curie("https://w3id.org/qonto/Defect")
    'q:Defect'
    """
    fitting = [(space, prefix) for prefix, space in prefixes.items() if iri.startswith(space)]
    if not fitting:
        return iri
    space, prefix = max(fitting, key=lambda pair: len(pair[0]))
    local = iri[len(space) :]
    return iri if not local or "/" in local else f"{prefix}:{local}"


def local_name(iri: str) -> str:
    """Return the part of an IRI that a person reads: after the last ``/`` or ``#``, decoded.

    >>> local_name("https://example.org/id/plant/item/L%202024")
    'L 2024'
    """
    return unquote(re.split(r"[/#]", iri.rstrip("/#"))[-1])
