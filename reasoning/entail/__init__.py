"""Entailment of what the answers need: types through the class tree, and causes from confirmed links.

OWL 2 RL by ``reasonable`` over the ontology and the part of the data that classes and properties speak of;
the millions of parameter values entail nothing and stay out.
"""

from collections.abc import Iterable, Iterator

import reasonable
from pyoxigraph import Literal, NamedNode
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.term import Node

from qualweave.iri import DEFAULT_BASE, RDF, RDFS, Q, graph_iri
from qualweave.store.port import ChangeSet, RdfTerm, Snapshot

_TYPES = "SELECT DISTINCT ?s ?c WHERE { ?s a ?c }"
_CLASSES = "SELECT DISTINCT ?c WHERE { ?s a ?c }"
_CONFIRMED = """
SELECT DISTINCT ?effect ?cause WHERE { ?link a q:ConfirmedLink ; q:hasEffect ?effect ; q:hasCause ?cause }
"""
_SCHEMA = (RDFS + "subClassOf", RDFS + "subPropertyOf")


def entail(snapshot: Snapshot, *, base: str = DEFAULT_BASE) -> ChangeSet:
    """Return the entailed graph of a snapshot as one change set that replaces the former.

    Instances get the types that their classes entail, and ``q:causedBy`` follows from links that persons
    have confirmed, from no others.
    """
    data = [entry.graph for entry in snapshot.graphs("data", "governance", "decisions", "learned")]
    ontology = [entry.graph for entry in snapshot.graphs("ontology")]
    above = superclasses(snapshot, data, ontology)
    lines = set(_type_lines(snapshot.select(_TYPES, graphs=data), above))
    for row in snapshot.select(_CONFIRMED, graphs=data):
        lines.add(f"{_nt(row['effect'])} <{Q}causedBy> {_nt(row['cause'])} .")
    inserts = "".join(f"{line}\n" for line in sorted(lines)).encode()
    return ChangeSet(
        graph=graph_iri("entailed", base=base),
        role="entailed",
        inserts=inserts,
        replace=True,
        about={"rule_set": "OWL 2 RL (reasonable)", "triples": len(lines)},
    )


def superclasses(
    snapshot: Snapshot, data: Iterable[str], ontology: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return, per class that the data uses, the classes that OWL RL entails above it."""
    used = [
        str(getattr(row["c"], "value", "")) for row in snapshot.select(_CLASSES, graphs=list(data))
    ]
    reasoner = reasonable.PyReasoner()
    schema = Graph()
    for name in ontology:
        for predicate in _SCHEMA:
            for quad in snapshot.quads(None, NamedNode(predicate), None, NamedNode(name)):
                schema.add((_node(quad.subject), URIRef(predicate), _node(quad.object)))
    probe = "urn:qualweave:probe:"
    for number, name in enumerate(used):
        schema.add((URIRef(f"{probe}{number}"), URIRef(RDF + "type"), URIRef(name)))
    reasoner.from_graph(schema)
    found: dict[str, set[str]] = {name: set() for name in used}
    for subject, predicate, value in reasoner.reason():
        if str(predicate) == RDF + "type" and str(subject).startswith(probe):
            found[used[int(str(subject)[len(probe) :])]].add(str(value))
    return {name: frozenset(classes - {name}) for name, classes in found.items()}


def _type_lines(rows: Iterable[object], above: dict[str, frozenset[str]]) -> Iterator[str]:
    for row in rows:
        subject, name = row["s"], str(getattr(row["c"], "value", ""))  # type: ignore[index]  # a Row
        for upper in above.get(name, ()):
            if upper.startswith("http"):
                yield f"{_nt(subject)} <{RDF}type> <{upper}> ."


def _node(term: RdfTerm) -> Node:
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, Literal):
        return RdfLiteral(term.value)
    return BNode(str(getattr(term, "value", term)))


def _nt(term: RdfTerm | None) -> str:
    return str(term)
