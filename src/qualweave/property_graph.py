"""`PropertyGraph`: a typed part of the graph as numbered nodes, edges and values, for tools that do not read RDF.

A node's number is its place in `nodes`, so the list is the map from numbers to IRIs. The same value travels over
HTTP, is written to files, and becomes NetworkX, PyTorch Geometric or Arrow; those are imported when asked for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from qualweave.capability import require
from qualweave.errors import JsonValue
from qualweave.iri import local_name

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa
    from torch_geometric.data import HeteroData


class GraphNode(NamedTuple):
    """A node.

    Attributes:
        iri: Its IRI.
        type: Kind of thing: of data the kind of their IRIs (``item``, ``operation`` …), of terms what they are.
        label: What a person reads.
        classes: Narrowest classes, as IRIs.
    """

    iri: str
    type: str
    label: str = ""
    classes: tuple[str, ...] = ()


class GraphEdge(NamedTuple):
    """An edge between two numbered nodes.

    Attributes:
        source: Number of the node that it starts from.
        relation: CURIE or IRI of the predicate.
        target: Number of the node that it leads to.
    """

    source: int
    relation: str
    target: int


class GraphValue(NamedTuple):
    """A literal of a numbered node.

    Attributes:
        node: Number of the node.
        property: CURIE or IRI of the predicate.
        value: A number where the literal is one, else its text.
        unit: UCUM code of the parameter's canonical unit, ``""`` where it has none.
    """

    node: int
    property: str
    value: float | str
    unit: str = ""


@dataclass(frozen=True)
class PropertyGraph:
    """A typed graph with literals.

    Attributes:
        nodes: The place is the number.
        edges: Each once.
        values: Numbers and texts of nodes.
        truncated: Whether there is more than was asked for.
        total: Number of nodes there are, where it is known.
        commit: State of the graph that it was read from.
        about: Further facts, such as centre and hops.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    values: tuple[GraphValue, ...] = ()
    truncated: bool = False
    total: int | None = None
    commit: str = ""
    about: Mapping[str, JsonValue] = field(default_factory=dict)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """Number of each IRI."""
        return {node.iri: place for place, node in enumerate(self.nodes)}

    @cached_property
    def node_types(self) -> tuple[str, ...]:
        """Types of nodes that occur, sorted."""
        return tuple(sorted({node.type for node in self.nodes}))

    @cached_property
    def edge_types(self) -> tuple[tuple[str, str, str], ...]:
        """Source type, relation and target type of the edges that occur, sorted."""
        return tuple(sorted({self._type(edge) for edge in self.edges}))

    def _type(self, edge: GraphEdge) -> tuple[str, str, str]:
        return self.nodes[edge.source].type, edge.relation, self.nodes[edge.target].type

    # --- JSON ------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, JsonValue]:
        """Return the graph as JSON values, with the maps of ids and types."""
        return {
            "nodes": [
                {
                    "id": place,
                    "iri": one.iri,
                    "type": one.type,
                    "label": one.label,
                    "classes": list(one.classes),
                }
                for place, one in enumerate(self.nodes)
            ],
            "edges": [
                {"source": one.source, "relation": one.relation, "target": one.target}
                for one in self.edges
            ],
            "values": [
                {"node": one.node, "property": one.property, "value": one.value, "unit": one.unit}
                for one in self.values
            ],
            "node_types": list(self.node_types),
            "edge_types": [list(one) for one in self.edge_types],
            "truncated": self.truncated,
            "total": self.total,
            "commit": self.commit,
            "about": dict(self.about),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "PropertyGraph":
        """Return the graph that `to_json` wrote."""
        return cls(
            nodes=tuple(
                GraphNode(one["iri"], one["type"], one["label"], tuple(one["classes"]))
                for one in found["nodes"]
            ),
            edges=tuple(
                GraphEdge(one["source"], one["relation"], one["target"]) for one in found["edges"]
            ),
            values=tuple(
                GraphValue(one["node"], one["property"], one["value"], one["unit"])
                for one in found["values"]
            ),
            truncated=bool(found["truncated"]),
            total=found["total"],
            commit=str(found["commit"]),
            about=dict(found["about"]),
        )

    # --- tools -----------------------------------------------------------------------------------

    def to_networkx(self) -> "nx.MultiDiGraph[Any]":
        """Return the graph with IRIs as nodes; type, label, classes and values are attributes of nodes.

        Several values of one property are one text, separated by ``"; "``. The edge's key is its relation.

        Raises:
            MissingCapability: If networkx is not installed.
        """
        networkx = require("networkx", extra="client")
        graph: nx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        for node in self.nodes:
            graph.add_node(
                node.iri, type=node.type, label=node.label, classes=" ".join(node.classes)
            )
        for (place, name), held in self._held().items():
            graph.nodes[self.nodes[place].iri][name] = (
                held[0] if len(held) == 1 else "; ".join(str(one) for one in held)
            )
        for edge in self.edges:
            source, target = self.nodes[edge.source].iri, self.nodes[edge.target].iri
            graph.add_edge(source, target, key=edge.relation, relation=edge.relation)
        return graph

    def _held(self) -> Mapping[tuple[int, str], list[float | str]]:
        found: dict[tuple[int, str], list[float | str]] = defaultdict(list)
        for one in self.values:
            found[one.node, one.property].append(one.value)
        return found

    def to_arrow(self) -> "dict[str, pa.Table]":
        """Return three Arrow tables: ``nodes``, ``edges`` and ``values``.

        A value is in the column ``number`` or in the column ``text``.

        Raises:
            MissingCapability: If pyarrow is not installed.
        """
        pa = require("pyarrow", extra="client")
        edges, values = list(zip(*self.edges, strict=True)), list(zip(*self.values, strict=True))
        sources, relations, targets = edges or ((), (), ())
        places, names, held, units = values or ((), (), (), ())
        numbers = [one if isinstance(one, float) else None for one in held]
        texts = [None if isinstance(one, float) else one for one in held]
        number, text = pa.int64(), pa.string()
        return {
            "nodes": pa.table(
                {
                    "id": pa.array(range(len(self.nodes)), number),
                    "iri": pa.array((one.iri for one in self.nodes), text),
                    "type": pa.array((one.type for one in self.nodes), text),
                    "label": pa.array((one.label for one in self.nodes), text),
                    "classes": pa.array((list(one.classes) for one in self.nodes), pa.list_(text)),
                }
            ),
            "edges": pa.table(
                {
                    "source": pa.array(sources, number),
                    "relation": pa.array(relations, text),
                    "target": pa.array(targets, number),
                }
            ),
            "values": pa.table(
                {
                    "node": pa.array(places, number),
                    "property": pa.array(names, text),
                    "number": pa.array(numbers, pa.float64()),
                    "text": pa.array(texts, text),
                    "unit": pa.array(units, text),
                }
            ),
        }

    def to_pyg(self) -> "HeteroData":
        """Return the graph for PyTorch Geometric.

        Each node type has ``iri`` (list: place to IRI), ``x`` (float32, shape ``(num_nodes, num_properties)``, NaN
        where a node has no such number; the mean where it has several) and ``properties`` (names of the columns); each
        edge type has ``edge_index`` (int64, shape ``(2, num_edges)``) and is named by the local name of its relation,
        since PyTorch Geometric makes module names of it.

        Raises:
            MissingCapability: If the extra ``gnn`` is not installed.
        """
        torch = require("torch", extra="gnn")
        data: HeteroData = require("torch_geometric.data", extra="gnn").HeteroData()
        place_in_type, members = self._by_type()
        for kind, names in members.items():
            numbers, columns = self._numbers(names)
            data[kind].num_nodes = len(names)
            data[kind].iri = [self.nodes[one].iri for one in names]
            data[kind].properties = columns
            data[kind].x = torch.tensor(numbers, dtype=torch.float32).reshape(
                len(names), len(columns)
            )
        pairs: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
        for edge in self.edges:
            ends = place_in_type[edge.source], place_in_type[edge.target]
            source, relation, target = self._type(edge)
            pairs[source, _identifier(relation), target].append(ends)
        for kinds, ends_of in sorted(pairs.items()):
            data[kinds].edge_index = torch.tensor(ends_of, dtype=torch.int64).T.contiguous()
        return data

    def _by_type(self) -> tuple[Sequence[int], Mapping[str, list[int]]]:
        """Return each node's place among those of its type, and the numbers of each type's nodes."""
        members: dict[str, list[int]] = {kind: [] for kind in self.node_types}
        places = []
        for number, node in enumerate(self.nodes):
            places.append(len(members[node.type]))
            members[node.type].append(number)
        return places, members

    def _numbers(self, names: Iterable[int]) -> tuple[list[list[float]], list[str]]:
        """Return the numeric values of some nodes as a table, and the names of its columns."""
        held = {
            place: {
                name: [one for one in values if isinstance(one, float)]
                for name, values in self._held_of.get(place, {}).items()
            }
            for place in names
        }
        columns = sorted(
            {name for one in held.values() for name, numbers in one.items() if numbers}
        )
        rows = [
            [
                sum(numbers) / len(numbers) if (numbers := one.get(name)) else float("nan")
                for name in columns
            ]
            for one in held.values()
        ]
        return rows, columns

    @cached_property
    def _held_of(self) -> Mapping[int, Mapping[str, list[float | str]]]:
        found: dict[int, dict[str, list[float | str]]] = defaultdict(dict)
        for (place, name), values in self._held().items():
            found[place][name] = values
        return found


def _identifier(relation: str) -> str:
    """Return the local name of a CURIE or IRI as an identifier."""
    name = local_name(relation) if "://" in relation else relation.rpartition(":")[2]
    return re.sub(r"\W+", "_", name)
