"""The learning graph as a `PropertyGraph`, so that it leaves by the same files as the data.

An evidence edge carries eleven statistics, which an edge of a `PropertyGraph` cannot: it becomes a node of type
``evidence`` between sensor and defect, with the statistics as its values.
"""

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.schema import COUNTS, EVIDENCE, STATISTICS
from qualweave.property_graph import GraphEdge, GraphNode, GraphValue, PropertyGraph


def property_graph_of(learning: LearningGraph) -> PropertyGraph:
    """Return a learning graph with its nodes numbered over all types."""
    first: dict[str, int] = {}
    nodes: list[GraphNode] = []
    for kind, names in learning.nodes.items():
        first[kind] = len(nodes)
        nodes += [GraphNode(name, kind, learning.word(name)) for name in names]
    edges = [
        GraphEdge(first[source] + int(a), relation, first[target] + int(b))
        for (source, relation, target), pairs in learning.edges.items()
        if (source, relation, target) != EVIDENCE
        for a, b in pairs.T.tolist()
    ]
    values: list[GraphValue] = []
    columns = (*STATISTICS, *COUNTS)
    for (a, b), row in zip(
        learning.edges[EVIDENCE].T.tolist(), learning.evidence.tolist(), strict=True
    ):
        sensor, defect, place = first["sensor"] + a, first["defect"] + b, len(nodes)
        nodes.append(GraphNode(f"{nodes[sensor].iri} | {nodes[defect].iri}", "evidence"))
        edges += [GraphEdge(sensor, "has_evidence", place), GraphEdge(place, "about", defect)]
        values += [GraphValue(place, name, held) for name, held in zip(columns, row, strict=True)]
    return PropertyGraph(
        tuple(nodes),
        tuple(edges),
        tuple(values),
        total=len(nodes),
        commit=learning.commit,
        about={"graph": "learning", "content_hash": learning.content_hash},
    )
