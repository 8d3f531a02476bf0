"""Names of ours in a query that stand nowhere: SPARQL answers them with no rows, which hides a slip of the pen."""

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from pyoxigraph import NamedNode

from qualweave.iri import Q, curie
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import Snapshot

HEADER = "Qualweave-Unknown-Terms"
_MOST = 5
_NEAR = 3
_OURS = re.compile(re.escape(Q) + r"[^\W\d_][\w-]{0,199}")
"""A name of ours; one of more characters is no slip of the pen, and no header would carry it."""
_PART = re.compile(
    r"""
      "{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3})?
    | '{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3})?
    | "(?:[^"\\\r\n]|\\.)*+"?
    | '(?:[^'\\\r\n]|\\.)*+'?
    | <(?P<iri>[^<>"{}|^`\\\s]*+)>
    | [#][^\r\n]*+
    | _:[\w.-]*+
    | (?P<prefix>[^\W\d_][\w.-]*+)?(?P<colon>:)(?P<local>[^\W\d_][\w-]*+)?
    | \w[\w.-]*+
    """,
    re.VERBOSE | re.DOTALL,
)
"""What may hold a name, or hide one (a string, a comment); whatever is begun is taken whole, so one pass is enough."""


@dataclass(frozen=True)
class Misspelt:
    """A name that neither the ontology nor the data have.

    Attributes:
        name: As a CURIE.
        nearest: CURIEs of the nearest terms, the nearest first.
    """

    name: str
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        near = f" (nearest: {', '.join(self.nearest)})" if self.nearest else ""
        return self.name + near


def misspelt(sparql: str, terms: TermIndex, snapshot: Snapshot) -> tuple[Misspelt, ...]:
    """Return what a query names and nobody has, at most five.

    Args:
        sparql: The query.
        terms: Of the ontology.
        snapshot: What the asker may see.
    """
    unknown = (one for one in sorted(_named(sparql)) if one not in terms)
    absent = islice((one for one in unknown if not _held(one, snapshot)), _MOST)
    return tuple(
        Misspelt(curie(one), tuple(map(curie, terms.nearest(curie(one))[:_NEAR]))) for one in absent
    )


def _named(sparql: str) -> set[str]:
    """Return the IRIs of ours in a query, whatever prefix they stand under."""
    spaces, declared = {"q": Q}, None
    found = set()
    for part in _PART.finditer(sparql):
        iri, local = part["iri"], part["local"]
        if iri is not None and declared is not None:
            spaces[declared] = iri
        elif iri is not None:
            found.add(iri)
        elif local:
            found.add(spaces.get(part["prefix"] or "", "") + local)
        declared = part["prefix"] or "" if part.lastgroup == "colon" else None
    return {one for one in found if _OURS.fullmatch(one)}


def header_of(found: tuple[Misspelt, ...]) -> dict[str, str]:
    """Return the header that tells it, names percent-encoded as headers are ASCII; none where nothing is amiss."""
    return {HEADER: quote("; ".join(map(str, found)), safe=":;,() ")} if found else {}


def _held(iri: str, snapshot: Snapshot) -> bool:
    node = NamedNode(iri)
    return any(
        next(iter(snapshot.quads(*at)), None) is not None
        for at in ((None, node, None, None), (node, None, None, None), (None, None, node, None))
    )
