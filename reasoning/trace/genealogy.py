"""`GenealogyIndex`: closures over "made from", fast enough to ask for every unit of a plant.

The first implementation is one pair of CSR arrays, children → parents and parents → children, built from
the ``q:derivedFromMaterial`` edges of a snapshot. The store is the only truth: the index is thrown away and
built anew on publish, and tests hold it equal to SPARQL property paths.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from qualweave.errors import NotFound
from qualweave.iri import Q, local_name
from qualweave.store.port import Snapshot

Direction: TypeAlias = Literal["back", "forward"]
Ids = NDArray[np.int64]
_DERIVED = NamedNode(Q + "derivedFromMaterial")


class GenealogyIndex(Protocol):
    """What answers closures; an implementation is built from a snapshot and never written to."""

    @property
    def commit(self) -> str:
        """Id of the last commit that it was built from."""
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

    def items(self) -> Iterator[str]:
        """Iterate over every item that has an edge."""
        ...


@dataclass(frozen=True)
class Adjacency:
    """One CSR pair: ``targets[starts[i]:starts[i + 1]]`` are the neighbours of ``i``.

    Shapes: starts ``(num_items + 1,)``, targets ``(num_edges,)``.
    """

    starts: Ids
    targets: Ids

    @classmethod
    def of(cls, sources: Ids, targets: Ids, size: int) -> "Adjacency":
        """Build it from edge arrays of shape ``(num_edges,)``."""
        order = np.argsort(sources, kind="stable")
        counts = np.bincount(sources, minlength=size)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        return cls(starts.astype(np.int64), targets[order])

    def neighbours(self, places: Ids) -> Ids:
        """Return the neighbours of several items, repeated where several lead to one."""
        first, last = self.starts[places], self.starts[places + 1]
        sizes = last - first
        total = int(sizes.sum())
        if not total:
            return np.zeros(0, dtype=np.int64)
        offsets = np.repeat(first - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        return self.targets[offsets + np.arange(total)]


class CsrGenealogy:
    """The genealogy as one pair of CSR arrays in memory.

    Args:
        names: IRI of each item.
        children: Place of the child of each edge; shape ``(num_edges,)``.
        parents: Place of the parent of each edge; shape ``(num_edges,)``.
        commit: Id of the last commit that it is built from.
    """

    def __init__(self, names: list[str], children: Ids, parents: Ids, *, commit: str = "") -> None:
        self._names = names
        self._places = {name: place for place, name in enumerate(names)}
        self._commit = commit
        pairs = (
            np.unique(np.stack([children, parents], axis=1), axis=0)
            if len(children)
            else np.zeros((0, 2), np.int64)
        )
        self._edges = {
            "back": Adjacency.of(pairs[:, 0], pairs[:, 1], len(names)),
            "forward": Adjacency.of(pairs[:, 1], pairs[:, 0], len(names)),
        }

    @classmethod
    def build(cls, snapshot: Snapshot) -> "CsrGenealogy":
        """Build the index from the edges of a snapshot."""
        places: dict[str, int] = {}
        children: list[int] = []
        parents: list[int] = []
        for quad in snapshot.quads(None, _DERIVED):
            child, parent = getattr(quad.subject, "value", ""), getattr(quad.object, "value", "")
            children.append(places.setdefault(child, len(places)))
            parents.append(places.setdefault(parent, len(places)))
        return cls(
            list(places),
            np.array(children, dtype=np.int64),
            np.array(parents, dtype=np.int64),
            commit=snapshot.commit,
        )

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

    def closure(self, item: str, direction: Direction) -> dict[str, int]:
        """Return every item reached, with its distance in edges, nearest first.

        A cycle (rework that was booked onto itself) ends at what was reached before.

        Raises:
            NotFound: If the item has no edge.
        """
        place = self._place(item)
        adjacency = self._edges[direction]
        seen = np.zeros(len(self._names), dtype=bool)
        seen[place] = True
        wave, found, depth = np.array([place], dtype=np.int64), dict[str, int](), 0
        while len(wave):
            depth += 1
            reached = adjacency.neighbours(wave)
            wave = np.unique(reached[~seen[reached]])
            seen[wave] = True
            found.update((self._names[one], depth) for one in wave.tolist())
        return found

    def edges_among(self, items: Iterable[str], direction: Direction) -> list[tuple[str, str]]:
        """Return the edges (child, parent) that lead from these items in a direction."""
        adjacency = self._edges[direction]
        found = []
        for item in items:
            if item not in self._places:
                continue
            place = self._places[item]
            for other in adjacency.targets[
                adjacency.starts[place] : adjacency.starts[place + 1]
            ].tolist():
                name = self._names[other]
                found.append((item, name) if direction == "back" else (name, item))
        return found

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
