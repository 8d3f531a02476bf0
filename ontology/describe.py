"""What the vocabulary is and how the data use it, for somebody who is about to write a query.

The ontology says what may be said; the graph says what is. A reader who sees both (the predicates that
instances of a class really carry, with an example each) writes a query that has an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qualweave.iri import Q, curie
from qualweave.ontology.terms import Term, TermIndex
from qualweave.store.port import RdfTerm, Snapshot

_SAMPLED = 300
_CLASSES = """
SELECT ?term (COUNT(?s) AS ?count) WHERE { ?s a ?term } GROUP BY ?term ORDER BY DESC(?count) ?term
"""
_OUT = """
SELECT ?p (COUNT(?o) AS ?count) (MIN(?o) AS ?example) WHERE {
  { SELECT DISTINCT ?s WHERE { ?s a <%s> } LIMIT %d } ?s ?p ?o
} GROUP BY ?p ORDER BY DESC(?count) ?p
"""
_IN = """
SELECT ?p (COUNT(?x) AS ?count) (MIN(?x) AS ?example) WHERE {
  { SELECT DISTINCT ?s WHERE { ?s a <%s> } LIMIT %d } ?x ?p ?s
} GROUP BY ?p ORDER BY DESC(?count) ?p
"""
_AS_PREDICATE = """
SELECT ?class (COUNT(?s) AS ?count) (MIN(?o) AS ?example) WHERE {
  { SELECT ?s ?o WHERE { ?s <%s> ?o } LIMIT %d } ?s a ?class
} GROUP BY ?class ORDER BY DESC(?count) ?class
"""
_MENTIONS = """
SELECT ?p (COUNT(?s) AS ?count) (MIN(?s) AS ?example) WHERE {
  { SELECT ?s ?p WHERE { ?s ?p <%s> } LIMIT %d }
} GROUP BY ?p ORDER BY DESC(?count) ?p
"""


@dataclass(frozen=True)
class Use:
    """How often something stands beside a term in the data.

    Attributes:
        way: ``"has"`` (instances carry this predicate), ``"of"`` (something points to instances by it),
            ``"on"`` (instances of this class carry the term as predicate), ``"names"`` (this predicate's value is
            the term itself).
        iri: The predicate or class.
        count: How often, in the sample that was looked at.
        example: One value or subject.
    """

    way: str
    iri: str
    count: int
    example: str


@dataclass(frozen=True)
class TermDescription:
    """A term with its place in the hierarchy and its use in the data."""

    term: Term
    broader: tuple[str, ...]
    narrower: tuple[str, ...]
    uses: tuple[Use, ...]


def describe_term(
    term: Term, *, terms: TermIndex, snapshot: Snapshot, graphs: Sequence[str]
) -> TermDescription:
    """Return a term's place and use; the use is counted on a sample of 300 instances.

    Args:
        term: The term.
        terms: The vocabulary that it is of.
        snapshot: State of the graph.
        graphs: Graphs that the reader may see.
    """
    questions: tuple[tuple[str, str, str], ...] = (
        ("on", _AS_PREDICATE, "class"),
        ("names", _MENTIONS, "p"),
    )
    if term.kind == "class":
        questions = (("has", _OUT, "p"), ("of", _IN, "p"), *questions)
    uses: list[Use] = []
    for way, query, name in questions:
        rows = snapshot.select(query % (term.iri, _SAMPLED), graphs=graphs)
        uses += [
            Use(way, _text(row[name]), int(_text(row["count"])), _text(row["example"]))
            for row in rows
            if row[name] is not None
        ]
    narrower = [one.iri for one in terms if term.iri in one.parents]
    return TermDescription(term, term.parents or term.broader, tuple(narrower), tuple(uses))


def classes_in_use(snapshot: Snapshot, graphs: Sequence[str]) -> list[tuple[str, int]]:
    """Return the classes of the product's vocabulary that have instances, with their number, most first."""
    rows = snapshot.select(_CLASSES, graphs=graphs)
    counted = [(_text(row["term"]), int(_text(row["count"]))) for row in rows]
    return [(iri, count) for iri, count in counted if iri.startswith(Q)]


def _text(term: RdfTerm | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))


def short(iri: str) -> str:
    """Return what a query may write for an IRI: the CURIE where there is one, else ``<IRI>``."""
    name = curie(iri)
    return name if name != iri else f"<{iri}>"
