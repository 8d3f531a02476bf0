"""The ontology between rdflib and a store: a graph to canonical N-Triples, and a release back to a graph."""

import pyoxigraph as ox
from pyoxigraph import NamedNode
from rdflib import Graph

from qualweave.store.port import Snapshot


def triples_of(graph: Graph) -> bytes:
    """Return a graph as canonical N-Triples (RDFC-1.0 labels, sorted): equal content, equal bytes."""
    dataset = ox.Dataset()
    for quad in ox.parse(graph.serialize(format="nt").encode(), format=ox.RdfFormat.N_TRIPLES):
        dataset.add(quad)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    data = ox.serialize(dataset, format=ox.RdfFormat.N_QUADS) or b""
    return b"".join(sorted(data.splitlines(keepends=True)))


def graph_of(snapshot: Snapshot, name: str) -> Graph:
    """Return a named graph of a snapshot as an rdflib graph of its own."""
    triples = [quad.triple for quad in snapshot.quads(graph=NamedNode(name))]
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return Graph().parse(data=data, format="nt")
