"""Parts of the graph as a `PropertyGraph`: what lies around a node, and all that a tenant has.

Instances are followed, the vocabulary is not: a class or parameter is a leaf, or everything would be two steps from
everything. Where a node has more neighbours than fit, every relation gets its share before any gets more.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from math import isfinite, nan

from pyoxigraph import Literal, NamedNode, Quad

from qualweave.errors import InputError, NotFound
from qualweave.iri import CBV, DEFAULT_BASE, EPCIS, GS1_ID, RDF, RDFS, XSD, Q, curie, local_name
from qualweave.ontology.search import kind_of
from qualweave.ontology.terms import TermIndex
from qualweave.property_graph import GraphEdge, GraphNode, GraphValue, PropertyGraph
from qualweave.store.port import GraphRole, Snapshot

MOST_NODES, MOST_HOPS = 2000, 4
_MOST_READ = 20_000  # quads of one node and way: a machine has made more than anybody looks at
_ROLES: tuple[GraphRole, ...] = ("data", "decisions", "learned")
_SHARED: tuple[GraphRole, ...] = ("ontology",)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TYPE, _LABEL = NamedNode(RDF + "type"), NamedNode(RDFS + "label")
_GS1_KINDS = {"01": "item", "00": "item", "414": "site", "417": "organization"}  # GTIN, SSCC, GLNs
_NUMBERS = {XSD + one for one in ("decimal", "double", "float", "integer", "int", "long")}


def neighbourhood(
    snapshot: Snapshot,
    terms: TermIndex,
    iri: str,
    *,
    tenant: str,
    base: str = DEFAULT_BASE,
    hops: int = 1,
    limit: int = 200,
) -> PropertyGraph:
    """Return the nodes within some steps of a node, with the edges among them and their literals.

    Args:
        snapshot: State of the graph.
        terms: For labels, units and kinds.
        iri: The node.
        tenant: Whose graphs.
        base: Namespace of data IRIs.
        hops: Steps in either direction, 1 to 4.
        limit: Most nodes, 1 to 2000.

    Raises:
        InputError: If the text is no IRI.
        NotFound: If the graph knows no such node.
    """
    reader = _Reader.of(snapshot, terms, (*_ROLES, *_SHARED), f"{base}{tenant}/")
    start = node_of(iri)
    if not reader.knows(start):
        raise NotFound(
            f"The graph knows no {iri}.",
            message_zh=f"图中没有 {iri}。",
            next_step="Give the full IRI of an item, machine, operation or defect, or the name of a term.",
            next_step_zh="请给出物品、设备、工序或缺陷的完整 IRI，或术语名称。",
            data={"iri": iri},
        )
    reached, more = _reached(reader, start, hops, limit)
    graph = reader.graph(reached)
    return replace(
        graph,
        truncated=more,
        total=None if more else len(reached),
        about={"centre": iri, "hops": hops},
    )


def whole_graph(
    snapshot: Snapshot, terms: TermIndex, *, tenant: str, base: str = DEFAULT_BASE
) -> PropertyGraph:
    """Return all data of a tenant: every subject of its data, decision and learned graphs, with its entailed types.

    Terms that data point to are nodes as well, so that a type, a cause or a mechanism is an edge's end.
    """
    reader = _Reader.of(snapshot, terms, _ROLES, f"{base}{tenant}/")
    subjects = {
        quad.subject
        for entry in snapshot.graphs(*_ROLES, tenant=tenant)
        for quad in snapshot.quads(graph=NamedNode(entry.graph))
        if isinstance(quad.subject, NamedNode)
    }
    named = {
        quad.object
        for one in subjects
        for quad in reader.out(one)
        if quad.predicate != _TYPE and isinstance(quad.object, NamedNode)
    }
    order = sorted(subjects | named, key=lambda one: one.value)
    return replace(reader.graph(order), total=len(order), about={"tenant": tenant})


def node_of(iri: str) -> NamedNode:
    """Return an IRI that somebody typed as a node.

    Raises:
        InputError: If it is none.
    """
    try:
        return NamedNode(iri)
    except ValueError as error:
        raise InputError(
            f"{iri!r} is no IRI.",
            message_zh=f"{iri!r} 不是有效的 IRI。",
            next_step="Give an absolute IRI, such as https://example.org/id/plant/item/A-1.",
            next_step_zh="请给出绝对 IRI，例如 https://example.org/id/plant/item/A-1。",
            data={"iri": iri},
        ) from error


def _reached(
    reader: "_Reader", start: NamedNode, hops: int, limit: int
) -> tuple[list[NamedNode], bool]:
    """Return the nodes within some hops, nearest first, and whether there are more."""
    reached: dict[NamedNode, None] = {start: None}
    frontier, more = [start], False
    for _ in range(hops):
        found: dict[NamedNode, None] = {}
        for node in frontier:
            for near in reader.neighbours(node):
                if near in reached or near in found:
                    continue
                if len(reached) + len(found) >= limit:
                    more = True
                    break
                found[near] = None
        reached |= found
        frontier = [one for one in found if one.value not in reader.terms]
    return list(reached), more


@dataclass(frozen=True)
class _Reader:
    """Reads nodes of some graphs.

    Attributes:
        graphs: Graphs in which a node is known and from which it is walked on.
        entailed: What follows from the data: it says more of known nodes and makes none known.
        space: Namespace of the tenant's data.
    """

    snapshot: Snapshot
    terms: TermIndex
    graphs: frozenset[str]
    entailed: frozenset[str]
    space: str

    @classmethod
    def of(
        cls, snapshot: Snapshot, terms: TermIndex, roles: Sequence[GraphRole], space: str
    ) -> "_Reader":
        """Return a reader of the graphs of some roles; the last part of the space is the tenant."""
        tenant = space.rstrip("/").rsplit("/", 1)[-1]
        graphs = frozenset(one.graph for one in snapshot.graphs(*roles, tenant=tenant))
        entailed = frozenset(one.graph for one in snapshot.graphs("entailed", tenant=tenant))
        return cls(snapshot, terms, graphs, entailed, space)

    def out(self, node: NamedNode) -> Iterator[Quad]:
        """Iterate over what is said of a node."""
        return self._ours(self.snapshot.quads(node))

    def into(self, node: NamedNode) -> Iterator[Quad]:
        """Iterate over what points to a node."""
        return self._ours(self.snapshot.quads(value=node))

    def _is_said(self, quad: Quad) -> bool:
        name = getattr(quad.graph_name, "value", "")
        return name in self.graphs or name in self.entailed

    def _ours(self, quads: Iterable[Quad]) -> Iterator[Quad]:
        return (one for one in quads if getattr(one.graph_name, "value", "") in self.graphs)

    def knows(self, node: NamedNode) -> bool:
        return next(self.out(node), None) is not None or next(self.into(node), None) is not None

    def neighbours(self, node: NamedNode) -> Iterator[NamedNode]:
        """Iterate over the neighbours of a node, one of every relation in turn."""
        by_relation: dict[tuple[str, str], dict[NamedNode, None]] = defaultdict(dict)
        for quad in islice(self.out(node), _MOST_READ):
            if isinstance(quad.object, NamedNode) and quad.predicate != _TYPE:
                by_relation[">", quad.predicate.value][quad.object] = None
        for quad in islice(self.into(node), _MOST_READ):
            if isinstance(quad.subject, NamedNode) and quad.predicate != _TYPE:
                by_relation["<", quad.predicate.value][quad.subject] = None
        ordered = [
            sorted(nodes, key=lambda one: one.value) for _, nodes in sorted(by_relation.items())
        ]
        for row in zip_longest(*ordered):
            yield from (one for one in row if one is not None)

    def graph(self, order: Sequence[NamedNode]) -> PropertyGraph:
        """Return some nodes with the edges among them and their literals."""
        number = {node: place for place, node in enumerate(order)}
        nodes: list[GraphNode] = []
        edges: dict[GraphEdge, None] = {}
        values: dict[GraphValue, None] = {}
        for node in order:
            facts = [one for one in self.snapshot.quads(node) if self._is_said(one)]
            nodes.append(self._node(node.value, facts))
            for quad in facts:
                relation = curie(quad.predicate.value)
                if isinstance(quad.object, Literal):
                    if quad.predicate != _LABEL and node.value not in self.terms:
                        values[self._value(number[node], quad.predicate.value, quad.object)] = None
                elif (
                    isinstance(quad.object, NamedNode)
                    and quad.object in number
                    and quad.predicate != _TYPE
                ):
                    edges[GraphEdge(number[node], relation, number[quad.object])] = None
        held = sorted(values, key=lambda one: (one.node, one.property, str(one.value)))
        return PropertyGraph(
            tuple(nodes), tuple(sorted(edges)), tuple(held), commit=self.snapshot.commit
        )

    def _node(self, iri: str, facts: Sequence[Quad]) -> GraphNode:
        if iri in self.terms:
            return GraphNode(iri, kind_of(self.terms.by_iri(iri)), self.terms.name_of(iri))
        labels = sorted(_text(one) for one in facts if one.predicate == _LABEL)
        classes = {_text(one) for one in facts if one.predicate == _TYPE}
        label = labels[0] if labels else local_name(iri)
        narrowest = self._narrowest(classes)
        return GraphNode(iri, self._kind(iri, narrowest), label, narrowest)

    def _narrowest(self, classes: set[str]) -> tuple[str, ...]:
        known = {one for one in classes if one in self.terms}
        above = {parent for one in known for parent in self.terms.ancestors(one)}
        return tuple(sorted(known - above or classes))

    def _kind(self, iri: str, classes: Sequence[str]) -> str:
        """Return the kind of thing that an IRI of data names: ``{base}{tenant}/{kind}/{id}``, or a GS1 identity.

        What has a foreign IRI is called after its class.
        """
        if iri.startswith(GS1_ID):
            return _GS1_KINDS.get(iri[len(GS1_ID) :].partition("/")[0], "thing")
        for space in (self.space, Q):
            kind, slash, _ = iri.removeprefix(space).partition("/")
            if iri.startswith(space) and slash:
                return kind
        if iri.startswith((CBV, EPCIS)):
            return "vocabulary"
        return _HUMP.sub("_", local_name(classes[0])).lower() if classes else "thing"

    def _value(self, node: int, predicate: str, literal: Literal) -> GraphValue:
        name = curie(predicate)
        number = float(literal.value) if literal.datatype.value in _NUMBERS else nan
        if not isfinite(number):
            return GraphValue(node, name, literal.value)
        unit = self.terms.by_iri(predicate).canonical_unit if predicate in self.terms else None
        return GraphValue(node, name, number, unit or "")


def _text(quad: Quad) -> str:
    return str(getattr(quad.object, "value", quad.object))
