"""The ontology between rdflib and a store: a graph to canonical N-Triples, and a release back to a graph."""

import pyoxigraph as ox
from pyoxigraph import NamedNode
from rdflib import Graph

from qualweave.ontology.canonical import canonical_ntriples
from qualweave.store.port import Snapshot


def triples_of(graph: Graph) -> bytes:
    """Return a graph as canonical N-Triples: equal content, equal bytes."""
    lines = graph.serialize(format="nt").encode()
    return canonical_ntriples(ox.parse(lines, format=ox.RdfFormat.N_TRIPLES))


def graph_of(snapshot: Snapshot, name: str) -> Graph:
    """Return a named graph of a snapshot as an rdflib graph of its own."""
    triples = [quad.triple for quad in snapshot.quads(graph=NamedNode(name))]
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return Graph().parse(data=data, format="nt")
