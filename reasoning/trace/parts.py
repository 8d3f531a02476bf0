"""`GraphPart`: one named graph read once into columns, kept for as long as the graph does not change.

Reading quads out of the store is the dear part of building an index (some microseconds each), and almost all
graphs of a plant are batches that never change again. So each graph is read once per commit of its own and
the index of a new snapshot is put together from parts, most of them old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import Literal, NamedNode

from qualweave.iri import EPCIS, RDF, XSD, Q
from qualweave.store.port import GraphEntry, Snapshot

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]


class LinkKind(IntEnum):
    """What a record is to the item that it hangs on."""

    OPERATION = 0
    INSPECTION = 1
    DEFECT = 2
    COMPLAINT = 3
    DELIVERY = 4
    CONSUMPTION = 5
    EVENT = 6


FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Q + "usesEquipment": "equipment",
        Q + "onLine": "line",
        Q + "usesTool": "tool",
        Q + "executes": "segment",
        Q + "startedAt": "started_at",
        Q + "endedAt": "ended_at",
        Q + "eventTime": "event_time",
        Q + "resultTime": "result_time",
        Q + "recordedAt": "recorded_at",
        Q + "performedBy": "performed_by",
        Q + "ownedBy": "owned_by",
        Q + "suppliedBy": "supplied_by",
        Q + "forWorkOrder": "work_order",
        Q + "inShift": "shift",
        Q + "conforms": "conforms",
        Q + "detectedIn": "detected_in",
        Q + "occurredInProcess": "occurred_in_process",
        Q + "complainedBy": "complained_by",
        Q + "deliveryStatus": "delivery_status",
        Q + "deliveredTo": "delivered_to",
        Q + "changedParameter": "changed_parameter",
        Q + "previousValue": "previous_value",
        Q + "newValue": "new_value",
        Q + "temporaryChange": "temporary_change",
        Q + "linkedToOrder": "linked_to_order",
        EPCIS + "eventTime": "event_time",
        EPCIS + "bizStep": "business_step",
        EPCIS + "bizLocation": "location",
        EPCIS + "readPoint": "read_point",
        EPCIS + "disposition": "disposition",
    }
)
"""What a record says besides its parameters: predicate to the word for it."""

_DERIVED, _TYPE, _ROW = Q + "derivedFromMaterial", RDF + "type", Q + "sourceRow"
# Predicate to link kind and whether its subject is the record (else its object is).
_LINKS: Final = MappingProxyType(
    {
        Q + "producedBy": (LinkKind.OPERATION, False),
        Q + "consumedIn": (LinkKind.CONSUMPTION, False),
        Q + "inspects": (LinkKind.INSPECTION, True),
        Q + "inspectedBy": (LinkKind.INSPECTION, False),
        Q + "foundOn": (LinkKind.DEFECT, True),
        Q + "complaintAbout": (LinkKind.COMPLAINT, True),
        Q + "deliveredBatch": (LinkKind.DELIVERY, True),
        EPCIS + "epcList": (LinkKind.EVENT, True),
        EPCIS + "outputEPCList": (LinkKind.EVENT, True),
        EPCIS + "parentID": (LinkKind.EVENT, True),
    }
)
# An event names lots through quantity elements: event → element → class of the lot.
_ELEMENTS = frozenset(EPCIS + name for name in ("quantityList", "outputQuantityList"))
_CLASS_OF_ELEMENT = EPCIS + "epcClass"
_NUMERIC = frozenset(
    XSD + name
    for name in ("decimal", "double", "float", "integer", "int", "long", "nonNegativeInteger")
)


def is_parameter(predicate: str) -> bool:
    """Return whether a predicate is a parameter term: an UpperCamelCase name of the ontology."""
    return predicate.startswith(Q) and predicate[len(Q) : len(Q) + 1].isupper()


@dataclass(frozen=True)
class GraphPart:
    """The columns of one graph; every id is a place in ``names``.

    Attributes:
        graph: Name of the graph.
        commit: Its own last commit.
        names: IRIs and texts.
        edges: Child and parent; shape ``(num_edges, 2)``.
        links: Item, record and `LinkKind`; shape ``(num_links, 3)``.
        types: Subject and class; shape ``(num_types, 2)``.
        rows: Subject and source row (the number itself); shape ``(num_rows, 2)``.
        statements: Subject, predicate and text, -1 where the value is a number; shape ``(n, 3)``.
        numbers: The numbers, NaN where the value is a text; shape ``(n,)``.
    """

    graph: str
    commit: str
    names: tuple[str, ...]
    edges: Ids
    links: Ids
    types: Ids
    rows: Ids
    statements: Ids
    numbers: Numbers

    @classmethod
    def read(cls, snapshot: Snapshot, entry: GraphEntry) -> "GraphPart":
        """Read a graph of a snapshot."""
        reader = _Reader()
        for quad in snapshot.quads(None, None, None, NamedNode(entry.graph)):
            reader.take(getattr(quad.subject, "value", ""), quad.predicate.value, quad.object)
        reader.finish()
        return cls(
            graph=entry.graph,
            commit=entry.commit,
            names=tuple(reader.names),
            edges=_columns(reader.edges, 2),
            links=_columns(reader.links, 3),
            types=_columns(reader.types, 2),
            rows=_columns(reader.rows, 2),
            statements=_columns(reader.statements, 3),
            numbers=np.array(reader.numbers, dtype=np.float64),
        )


class _Reader:
    """Sorts quads into columns."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.edges: list[tuple[int, int]] = []
        self.links: list[tuple[int, int, int]] = []
        self.types: list[tuple[int, int]] = []
        self.rows: list[tuple[int, int]] = []
        self.statements: list[tuple[int, int, int]] = []
        self.numbers: list[float] = []
        self._stated: dict[str, bool] = {}
        self._events: dict[str, str] = {}
        self._lots: list[tuple[str, str]] = []

    def take(self, subject: str, predicate: str, value: object) -> None:
        """Take one quad."""
        stated = self._stated.get(predicate)
        if stated is None:
            stated = predicate in FACTS or is_parameter(predicate)
            self._stated[predicate] = stated
        if stated:
            self._state(subject, predicate, value)
            return
        text = str(getattr(value, "value", ""))
        if predicate == _TYPE:
            self.types.append((self._id(subject), self._id(text)))
        elif predicate == _DERIVED:
            self.edges.append((self._id(subject), self._id(text)))
        elif predicate == _ROW:
            self.rows.append((self._id(subject), int(text)))
        elif predicate in _LINKS:
            kind, turned = _LINKS[predicate]
            item, record = (text, subject) if turned else (subject, text)
            self.links.append((self._id(item), self._id(record), int(kind)))
        elif predicate in _ELEMENTS:
            self._events[text] = subject
        elif predicate == _CLASS_OF_ELEMENT:
            self._lots.append((subject, text))

    def finish(self) -> None:
        """Join what could only be joined once every quad was seen."""
        for element, lot in self._lots:
            event = self._events.get(element)
            if event is not None:
                self.links.append((self._id(lot), self._id(event), int(LinkKind.EVENT)))

    def _state(self, subject: str, predicate: str, value: object) -> None:
        text = str(getattr(value, "value", ""))
        number = isinstance(value, Literal) and value.datatype.value in _NUMERIC
        self.numbers.append(float(text) if number else np.nan)
        place = -1 if number else self._id(text)
        self.statements.append((self._id(subject), self._id(predicate), place))

    def _id(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names))


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> Ids:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
