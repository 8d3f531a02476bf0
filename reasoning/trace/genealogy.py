"""`GenealogyIndex`: closures over "made from", fast enough to ask for every unit of a plant.

The first implementation is one pair of CSR arrays, children → parents and parents → children, built from
the ``q:derivedFromMaterial`` edges of a snapshot, with the records of the items beside it in columns. The
store is the only truth: the index is thrown away and built anew on publish, and tests hold it equal to SPARQL
property paths.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from qualweave.errors import NotFound
from qualweave.iri import GS1_ID, local_name
from qualweave.reasoning.trace.classes import ClassTree, ItemKinds
from qualweave.reasoning.trace.csr import Adjacency
from qualweave.reasoning.trace.parts import GraphPart, Ids
from qualweave.reasoning.trace.records import RecordColumns, Records
from qualweave.store.port import GraphEntry, Snapshot

Direction: TypeAlias = Literal["back", "forward"]


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` was made from ``parent``; the graph (one ingested file) says so."""

    child: str
    parent: str
    graph: str = ""


class GenealogyIndex(Protocol):
    """What answers closures; an implementation is built from a snapshot and never written to."""

    @property
    def commit(self) -> str:
        """Id of the last commit that it was built from."""
        ...

    @property
    def records(self) -> Records:
        """The records (operations, inspections, deliveries …) of the items."""
        ...

    def __contains__(self, item: object) -> bool:
        """Whether an item has any edge."""
        ...

    def closure(self, item: str, direction: Direction) -> dict[str, int]:
        """Return every item reached, with its distance in edges; the item itself is not among them."""
        ...

    def edges_among(self, items: Iterable[str], direction: Direction) -> list[tuple[str, str]]:
        """Return the edges (child, parent) that lead from these items in a direction."""
        ...

    def edges_between(self, items: Iterable[str]) -> list[Edge]:
        """Return the edges both ends of which are among these items, with their graphs."""
        ...

    def items(self) -> Iterator[str]:
        """Iterate over every item that has an edge."""
        ...

    def numbered(self, number: str) -> list[str]:
        """Return the items with a GS1 identity that have this serial or lot number."""
        ...

    def cycles(self) -> list[tuple[str, ...]]:
        """Return the groups of items that are, by the records, made from themselves."""
        ...

    def classes_of(self, items: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the classes that the records give each of some items, general ones left out."""
        ...

    def labels_of(self, terms: Iterable[str]) -> dict[str, Mapping[str, str]]:
        """Return the labels by language of those terms that the ontology labels."""
        ...

    def gap_of(self, item: str) -> str:
        """Return why an item has no parents although it should have (a key of `GAPS`), else ``""``."""
        ...

    def gaps(self) -> dict[str, str]:
        """Return every item whose chain is broken, with the reason's code."""
        ...

    def peers_of(self, item: str) -> list[str]:
        """Return the other items of the same kind (class, else process); none where it is not known."""
        ...


@dataclass(frozen=True)
class _Edges:
    """The distinct edges; shapes ``(num_edges,)``."""

    children: Ids
    parents: Ids
    graphs: Ids


class CsrGenealogy:
    """The genealogy as one pair of CSR arrays in memory.

    Args:
        names: IRI of each item.
        children: Place of the child of each edge; shape ``(num_edges,)``.
        parents: Place of the parent of each edge; shape ``(num_edges,)``.
        graphs: Place, in ``graph_names``, of the graph that states each edge; shape ``(num_edges,)``.
        graph_names: Names of those graphs.
        records: Records of the items; none where left out.
        tree: Classes of the ontology; none where left out.
        commit: Id of the last commit that it is built from.
    """

    def __init__(
        self,
        names: Sequence[str],
        children: Ids,
        parents: Ids,
        *,
        graphs: Ids | None = None,
        graph_names: Sequence[str] = ("",),
        records: RecordColumns | None = None,
        tree: ClassTree | None = None,
        commit: str = "",
    ) -> None:
        self._names = list(names)
        self._places = {name: place for place, name in enumerate(self._names)}
        self._commit = commit
        self._graph_names = list(graph_names)
        edges = _distinct(children, parents, np.zeros_like(children) if graphs is None else graphs)
        size = len(self._names)
        self._graphs = edges.graphs[np.argsort(edges.children, kind="stable")]
        self._edges = {
            "back": Adjacency.of(edges.children, edges.parents, size),
            "forward": Adjacency.of(edges.parents, edges.children, size),
        }
        self.records: RecordColumns = records or RecordColumns.empty()
        self.tree = tree or ClassTree.empty()
        has_parents = np.diff(self._edges["back"].starts) > 0
        self._kinds = ItemKinds.of(self._names, has_parents, self.records, self.tree)
        ends = np.flatnonzero(~has_parents).tolist()
        self._gaps = {place: code for place in ends if (code := self._kinds.gap(place))}
        self._cycles = _components(self._edges["back"], size)
        self._numbered: dict[str, list[str]] | None = None
        self.parts: dict[str, GraphPart] = {}

    @classmethod
    def build(
        cls,
        snapshot: Snapshot,
        *,
        tenant: str | None = None,
        previous: "CsrGenealogy | None" = None,
    ) -> "CsrGenealogy":
        """Build the index of a snapshot.

        Args:
            snapshot: What it is of.
            tenant: Whose data; None for that of every tenant.
            previous: An older index: graphs that have not changed since are taken from it.
        """
        known = previous.parts if previous else {}
        parts = [
            _part(snapshot, entry, known.get(entry.graph))
            for entry in snapshot.graphs("data", tenant=tenant)
        ]
        names: dict[str, int] = {}
        for part in parts:  # items with edges first, so that a closure needs no more room than they
            for place in np.unique(part.edges).tolist():
                names.setdefault(part.names[place], len(names))
        items = len(names)
        maps = [
            np.array([names.setdefault(one, len(names)) for one in part.names], dtype=np.int64)
            for part in parts
        ]
        edges = [kept[part.edges] for part, kept in zip(parts, maps, strict=True)]
        all_edges = np.concatenate([*edges, np.zeros((0, 2), np.int64)])
        every = list(names)
        built = cls(
            every[:items],
            all_edges[:, 0],
            all_edges[:, 1],
            graphs=np.repeat(np.arange(len(parts)), [len(part.edges) for part in parts]),
            graph_names=[part.graph for part in parts],
            records=RecordColumns.of(parts, maps, names),
            tree=ClassTree.read(snapshot),
            commit=snapshot.commit,
        )
        built.parts = {part.graph: part for part in parts}
        return built

    @property
    def commit(self) -> str:
        """Id of the last commit that it was built from."""
        return self._commit

    def __len__(self) -> int:
        return len(self._names)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self._edges["back"].targets)

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def items(self) -> Iterator[str]:
        """Iterate over every item that has an edge."""
        return iter(self._names)

    def numbered(self, number: str) -> list[str]:
        """Return the items with a GS1 identity that have this serial or lot number."""
        if self._numbered is None:
            found: dict[str, list[str]] = {}
            for name in self._names:
                if name.startswith(GS1_ID):
                    found.setdefault(unquote(name.rsplit("/", 1)[1]), []).append(name)
            self._numbered = found
        return self._numbered.get(number, [])

    def cycles(self) -> list[tuple[str, ...]]:
        """Return the groups of items that are, by the records, made from themselves."""
        return [tuple(self._names[place] for place in group) for group in self._cycles]

    def closure(self, item: str, direction: Direction) -> dict[str, int]:
        """Return every item reached, with its distance in edges, nearest first.

        A cycle (rework that was booked onto itself) ends at what was reached before.

        Raises:
            NotFound: If the item has no edge.
        """
        waves = self._waves(np.array([self._place(item)], dtype=np.int64), direction)
        return {
            self._names[one]: depth
            for depth, wave in enumerate(waves, start=1)
            for one in wave.tolist()
        }

    def closure_of(self, items: Iterable[str], direction: Direction) -> set[str]:
        """Return everything reached from any of some items; those without an edge reach nothing."""
        start = [self._places[one] for one in items if one in self._places]
        waves = self._waves(np.unique(np.array(start, dtype=np.int64)), direction)
        return {self._names[one] for wave in waves for one in wave.tolist()}

    def common_ancestors(self, items: Sequence[str]) -> set[str]:
        """Return what every one of some items was made from.

        Raises:
            NotFound: If one of them has no edge.
        """
        closures = [set(self.closure(one, "back")) for one in items]
        return set.intersection(*closures) if closures else set()

    def edges_among(self, items: Iterable[str], direction: Direction) -> list[tuple[str, str]]:
        """Return the edges (child, parent) that lead from these items in a direction."""
        adjacency = self._edges[direction]
        found = []
        for item in items:
            if item in self._places:
                others = adjacency.of_one(self._places[item]).tolist()
                names = (self._names[other] for other in others)
                found += [(item, n) if direction == "back" else (n, item) for n in names]
        return found

    def edges_between(self, items: Iterable[str]) -> list[Edge]:
        """Return the edges both ends of which are among these items, with their graphs."""
        known = [self._places[one] for one in items if one in self._places]
        places = np.array(known, dtype=np.int64)
        inside = np.zeros(len(self._names), dtype=bool)
        inside[places] = True
        adjacency = self._edges["back"]
        offsets = adjacency.offsets(places)
        owners = np.repeat(places, adjacency.sizes(places))
        kept = inside[adjacency.targets[offsets]]
        names, graphs = self._names, self._graph_names
        return [
            Edge(names[child], names[parent], graphs[graph])
            for child, parent, graph in zip(
                owners[kept].tolist(),
                adjacency.targets[offsets[kept]].tolist(),
                self._graphs[offsets[kept]].tolist(),
                strict=True,
            )
        ]

    def classes_of(self, items: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the classes that the records give each of some items, general ones left out."""
        return self.records.classes_of(items)

    def labels_of(self, terms: Iterable[str]) -> dict[str, Mapping[str, str]]:
        """Return the labels by language of those terms that the ontology labels."""
        labels = self.tree.labels
        return {one: labels[one] for one in terms if one in labels}

    def gap_of(self, item: str) -> str:
        """Return why an item has no parents although it should have, else ``""``."""
        place = self._places.get(item)
        return "" if place is None else self._gaps.get(place, "")

    def peers_of(self, item: str) -> list[str]:
        """Return the other items of the same kind (class, else process); none where it is not known."""
        place = self._places.get(item)
        if place is None:
            return []
        return [self._names[one] for one in self._kinds.alike(place) if one != place]

    def gaps(self) -> dict[str, str]:
        """Return every item whose chain is broken, with the reason's code."""
        return {self._names[place]: code for place, code in self._gaps.items()}

    def _waves(self, start: Ids, direction: Direction) -> Iterator[Ids]:
        adjacency = self._edges[direction]
        seen = np.zeros(len(self._names), dtype=bool)
        seen[start] = True
        wave = start
        while len(wave):
            reached = adjacency.neighbours(wave)
            wave = np.unique(reached[~seen[reached]])
            seen[wave] = True
            if len(wave):
                yield wave

    def _place(self, item: str) -> int:
        if item not in self._places:
            raise NotFound(
                f"{local_name(item)!r} has no genealogy edge.",
                message_zh=f"{local_name(item)!r} 没有任何谱系关系。",
                next_step="Check the identifier, or ingest the records that say what it was made from.",
                next_step_zh="请检查标识符，或导入说明其来源的记录。",
                data={"item": item},
            )
        return self._places[item]


def _part(snapshot: Snapshot, entry: GraphEntry, known: GraphPart | None) -> GraphPart:
    if known is not None and known.commit == entry.commit:
        return known
    return GraphPart.read(snapshot, entry)


def _distinct(children: Ids, parents: Ids, graphs: Ids) -> _Edges:
    """Return each pair once, with the first graph that states it."""
    if not len(children):
        return _Edges(children, parents, graphs)
    order = np.lexsort((graphs, parents, children))
    child, parent = children[order], parents[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (child[1:] != child[:-1]) | (parent[1:] != parent[:-1])
    return _Edges(child[first], parent[first], graphs[order][first])


def _components(adjacency: Adjacency, size: int) -> list[list[int]]:
    """Return the strongly connected components of more than one item, and items that lead to themselves."""
    if not len(adjacency.targets):
        return []
    ones: NDArray[np.int8] = np.ones(len(adjacency.targets), dtype=np.int8)
    matrix = csr_matrix((ones, adjacency.targets, adjacency.starts), shape=(size, size))
    _, labels = connected_components(matrix, directed=True, connection="strong")
    sizes = np.bincount(labels)
    grouped: dict[int, list[int]] = {}
    for place in np.flatnonzero(sizes[labels] > 1).tolist():
        grouped.setdefault(int(labels[place]), []).append(place)
    owners = np.repeat(np.arange(size), np.diff(adjacency.starts))
    selves = owners[owners == adjacency.targets].tolist()
    alone = [[place] for place in selves if sizes[labels[place]] == 1]
    return [*grouped.values(), *alone]
