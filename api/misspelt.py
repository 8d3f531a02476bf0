"""Names of ours in a query that stand nowhere: SPARQL answers them with no rows, which hides a slip of the pen."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from pyoxigraph import NamedNode

from qualweave.iri import Q, curie
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import Snapshot

HEADER = "Qualweave-Unknown-Terms"
_OURS = re.compile(r"\bq:([A-Za-z][\w-]*)|<" + re.escape(Q) + r"([\w-]+)>")
_MOST = 5
_NEAR = 3
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|(?m:(?<=\s)#.*$)')


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
    names = {Q + (short or long) for short, long in _OURS.findall(_TEXT.sub(" ", sparql))}
    absent = [one for one in sorted(names) if one not in terms and not _held(one, snapshot)]
    return tuple(
        Misspelt(curie(one), tuple(map(curie, terms.nearest(curie(one))[:_NEAR])))
        for one in absent[:_MOST]
    )


def header_of(found: tuple[Misspelt, ...]) -> dict[str, str]:
    """Return the header that tells it, names percent-encoded as headers are ASCII; none where nothing is amiss."""
    return {HEADER: quote("; ".join(map(str, found)), safe=":;,() ")} if found else {}


def _held(iri: str, snapshot: Snapshot) -> bool:
    node = NamedNode(iri)
    return any(
        next(iter(snapshot.quads(*at)), None) is not None
        for at in ((None, node, None, None), (node, None, None, None), (None, None, node, None))
    )
