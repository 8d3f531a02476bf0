"""What class an item is of, and whether an item of that class should have been made from something.

A broken chain can only be told from the start of one by what the class promises: raw material comes from
outside, a cell does not. The ontology says so for its classes; for the rest the plant's own records do: where
nearly all items of a kind have parents, one without is a gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from qualweave.iri import RDFS, Q
from qualweave.reasoning.trace.parts import Ids
from qualweave.reasoning.trace.records import RecordColumns
from qualweave.store.port import Snapshot

SOURCES: Final = (Q + "RawMaterial", Q + "Consumable")
"""Classes whose items come from outside; their subclasses count as well."""

_EXPECTED, _ENOUGH = 0.8, 5

GAPS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "missing-parents": {
            "en": "No record says what it was made from, though nearly all others of its kind have one.",
            "zh": "没有记录说明其来源，而同类物品几乎都有来源记录。",
        },
        "undeclared": {
            "en": "It is only named as an input: no record says what it is or how it was made.",
            "zh": "它只作为投入物被提及，没有记录说明它是什么、如何制成。",
        },
    }
)
"""Code of a gap to its reason in words."""


@dataclass(frozen=True)
class ClassTree:
    """Superclasses and labels of the ontology's classes, as the releases in a snapshot state them."""

    above: Mapping[str, frozenset[str]]
    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def empty(cls) -> "ClassTree":
        """Return the tree of a store without an ontology."""
        return cls({}, {})

    @classmethod
    def read(cls, snapshot: Snapshot) -> "ClassTree":
        """Read the tree of a snapshot."""
        parents: dict[str, set[str]] = {}
        labels: dict[str, dict[str, str]] = {}
        for entry in snapshot.graphs("ontology"):
            graph = NamedNode(entry.graph)
            for quad in snapshot.quads(None, NamedNode(RDFS + "subClassOf"), None, graph):
                if isinstance(quad.object, NamedNode):
                    parents.setdefault(_value(quad.subject), set()).add(quad.object.value)
            for quad in snapshot.quads(None, NamedNode(RDFS + "label"), None, graph):
                language = getattr(quad.object, "language", None) or "en"
                labels.setdefault(_value(quad.subject), {})[language] = _value(quad.object)
        return cls({name: frozenset(_above(name, parents)) for name in parents}, labels)

    def is_a(self, name: str, uppers: Sequence[str]) -> bool:
        """Return whether a class is one of some classes or below one."""
        return name in uppers or not self.above.get(name, frozenset()).isdisjoint(uppers)


def _value(term: object) -> str:
    return str(getattr(term, "value", term))


def _above(name: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(parents.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return found


@dataclass(frozen=True)
class ItemKinds:
    """The kind of each item (its rarest class, else its process) and what that promises.

    Shapes: kinds ``(num_items,)``, -1 where nothing is known; described ``(num_items,)``.
    """

    kinds: Ids
    described: NDArray[np.bool_]
    expecting: frozenset[int]
    outside: frozenset[int]

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        has_parents: NDArray[np.bool_],
        records: RecordColumns,
        tree: ClassTree,
    ) -> "ItemKinds":
        """Return the kinds of the first items of the records' name space."""
        kinds, described = records.kinds_of(len(names))
        known = kinds >= 0
        count = int(kinds.max(initial=-1)) + 1
        total = np.bincount(kinds[known], minlength=count)
        made = np.bincount(kinds[known], weights=has_parents[known], minlength=count)
        share = made / np.maximum(total, 1)
        outside = frozenset(
            kind
            for kind in np.flatnonzero(total).tolist()
            if tree.is_a(records.name(kind), SOURCES)
        )
        expecting = np.flatnonzero((total >= _ENOUGH) & (share >= _EXPECTED)).tolist()
        return cls(kinds, described, frozenset(expecting), outside)

    def alike(self, place: int) -> list[int]:
        """Return the places of all items of the kind of an item."""
        kind = int(self.kinds[place])
        return [] if kind < 0 else np.flatnonzero(self.kinds == kind).tolist()

    def gap(self, place: int) -> str:
        """Return the code of the gap at an item that has no parents, ``""`` where it starts a chain."""
        kind = int(self.kinds[place])
        if kind in self.outside:
            return ""
        if kind in self.expecting:
            return "missing-parents"
        return "" if self.described[place] else "undeclared"
