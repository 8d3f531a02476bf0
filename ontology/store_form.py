"""The ontology between rdflib and a store: a graph to canonical N-Triples, and a release back to a graph."""

from functools import lru_cache

import pyoxigraph as ox
from pyoxigraph import NamedNode
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import XSD
from rdflib.term import Node

from qualweave.ontology.canonical import canonical_ntriples
from qualweave.ontology.load import empty_graph
from qualweave.store.port import Snapshot


def triples_of(graph: Graph) -> bytes:
    """Return a graph as canonical N-Triples: equal content, equal bytes."""
    lines = graph.serialize(format="nt").encode()
    return canonical_ntriples(ox.parse(lines, format=ox.RdfFormat.N_TRIPLES))


def graph_of(snapshot: Snapshot, name: str) -> Graph:
    """Return a named graph of a snapshot as an rdflib graph of its own.

    Raises:
        TypeError: If it holds a quoted triple, which no release does.
    """
    node = lru_cache(maxsize=None)(_node)  # one node for one term, so one blank node for one label
    graph = empty_graph()
    for quad in snapshot.quads(graph=NamedNode(name)):
        graph.add((node(quad.subject), node(quad.predicate), node(quad.object)))
    return graph


def _node(term: object) -> Node:
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode()
    if not isinstance(term, ox.Literal):
        raise TypeError(f"an ontology cannot hold {term}.")
    if term.language:
        return Literal(term.value, lang=term.language)
    kind = term.datatype.value
    return Literal(term.value, datatype=None if kind == str(XSD.string) else URIRef(kind))
