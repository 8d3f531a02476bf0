"""The records of items (operations with their parameters, inspections, deliveries …) in columns.

A step of a trace is read for thousands of items at once. One pattern per operation costs some 100 µs in the
store, so the statements of the data graphs stand here as sorted arrays beside the genealogy, built with it
and thrown away with it. ``docs/concepts/trace.md`` has the figures of the ways that were measured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from qualweave.errors import JsonValue
from qualweave.iri import Q
from qualweave.reasoning.trace.csr import Adjacency
from qualweave.reasoning.trace.parts import FACTS, GraphPart, Ids, LinkKind, Numbers

_MEMO = 200_000  # records kept ready, some 1 kB each

Value = float | str | tuple[float | str, ...]
"""Of a parameter; several where graphs disagree."""

GENERAL: Final = frozenset(
    Q + name
    for name in (
        "MaterialItem",
        "SerialisedItem",
        "MaterialBatch",
        "PhysicalObject",
        "TraceableUnit",
        "Operation",
        "Inspection",
        "Defect",
        "Complaint",
        "Delivery",
        "Equipment",
        "ParameterChange",
    )
)
"""Classes that say no more than the kind of record does."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the graphs say of one operation, inspection, delivery, change or machine.

    Attributes:
        iri: Its IRI.
        classes: Its classes without the general ones.
        facts: Equipment, times, organisation and so on, by the words of `FACTS`.
        parameters: Parameter IRI to value in the parameter's canonical unit.
        sources: Graph (one ingested file) and row of each statement's origin.
    """

    iri: str
    classes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    sources: tuple[tuple[str, int | None], ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the record as JSON values."""
        return {
            "record": self.iri,
            "classes": list(self.classes),
            "facts": dict(self.facts),
            "parameters": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.parameters.items()
            },
            "sources": [{"graph": graph, "row": row} for graph, row in self.sources],
        }


@dataclass(frozen=True, slots=True)
class Linked:
    """A record of an item, and what it is to it: a step of a trace, a delivery, a complaint."""

    item: str
    kind: LinkKind
    record: Record

    @property
    def operation(self) -> str:
        """IRI of the record: of the operation, where it is one."""
        return self.record.iri

    @property
    def facts(self) -> Mapping[str, str]:
        """Equipment, times and so on."""
        return self.record.facts

    @property
    def parameters(self) -> Mapping[str, Value]:
        """Parameter IRI to value in the parameter's canonical unit."""
        return self.record.parameters

    def to_json(self) -> dict[str, JsonValue]:
        """Return the link as JSON values."""
        return {"item": self.item, "kind": self.kind.name.lower(), **self.record.to_json()}


class Records(Protocol):
    """What gives the records of items."""

    def of_items(self, items: Sequence[str], *kinds: LinkKind) -> list[Linked]:
        """Return the records of items, in the order of the items; of every kind where none is named."""
        ...

    def record(self, iri: str) -> Record:
        """Return what is said of one subject; an empty record where nothing is."""
        ...

    def with_fact(self, fact: str) -> list[Record]:
        """Return every record that states a fact of `FACTS`."""
        ...

    def history(self, parameter: str, record: str) -> Numbers:
        """Return every number of a parameter from the source (the series of files) of a record's.

        The parameter's own history: another system's values of the same parameter are of other products.
        Shape: ``(n,)``.
        """
        ...

    def items_of(self, kind: LinkKind) -> list[str]:
        """Return every item that has a record of a kind."""
        ...


class RecordColumns:
    """The records of all data graphs of a snapshot; `Records` over arrays.

    Args:
        names: IRIs and texts; ids are places in it.
        links: Item, record, `LinkKind`; shape ``(num_links, 3)``.
        types: Subject, class; shape ``(num_types, 2)``.
        rows: Subject, row, graph; shape ``(num_rows, 3)``.
        statements: Subject, predicate, text or -1, graph; shape ``(n, 4)``.
        numbers: Values of the statements, NaN for texts; shape ``(n,)``.
        graphs: Names of the graphs.
    """

    def __init__(
        self,
        names: dict[str, int],
        *,
        links: Ids,
        types: Ids,
        rows: Ids,
        statements: Ids,
        numbers: Numbers,
        graphs: Sequence[str],
    ) -> None:
        self._places, self._names, size = names, list(names), len(names)
        links = np.unique(links, axis=0) if len(links) else links
        types = np.unique(types, axis=0) if len(types) else types
        order = np.argsort(statements[:, 0], kind="stable")
        self._statements, self._numbers = statements[order], numbers[order]
        self._starts = Adjacency.of(self._statements[:, 0], np.arange(len(order)), size)
        # np.unique has sorted the links by item, so kinds stay beside their targets.
        self._links, self._link_kinds = Adjacency.of(links[:, 0], links[:, 1], size), links[:, 2]
        self._types = Adjacency.of(types[:, 0], types[:, 1], size)
        self._rows = Adjacency.of(rows[:, 0], np.arange(len(rows)), size)
        self._row_values = rows[:, 1:]
        self._graphs = list(graphs)
        self._sources = np.array(_source_numbers(graphs), dtype=np.int64)
        self._words = {
            names[predicate]: word for predicate, word in FACTS.items() if predicate in names
        }
        self._general = {names[name] for name in GENERAL if name in names}
        self._memo: dict[int, Record] = {}
        self._combinations: dict[tuple[int, ...], tuple[str, ...]] = {}
        self._histories: dict[tuple[int, int], Numbers] = {}

    @classmethod
    def empty(cls) -> "RecordColumns":
        """Return the records of an empty store."""
        return cls.of([], [], {})

    @classmethod
    def of(
        cls, parts: Sequence[GraphPart], maps: Sequence[Ids], names: dict[str, int]
    ) -> "RecordColumns":
        """Put parts together; ``maps`` lead from a part's ids to places in ``names``."""
        links, types, rows, statements = [], [], [], []
        for number, (part, kept) in enumerate(zip(parts, maps, strict=True)):
            links.append(_mapped(part.links, kept, columns=2))
            types.append(_mapped(part.types, kept, columns=2))
            rows.append(_with_graph(_mapped(part.rows, kept, columns=1), number))
            statements.append(_with_graph(_mapped(part.statements, kept, columns=3), number))
        return cls(
            names,
            links=np.concatenate([*links, np.zeros((0, 3), np.int64)]),
            types=np.concatenate([*types, np.zeros((0, 2), np.int64)]),
            rows=np.concatenate([*rows, np.zeros((0, 3), np.int64)]),
            statements=np.concatenate([*statements, np.zeros((0, 4), np.int64)]),
            numbers=np.concatenate([*(part.numbers for part in parts), np.zeros(0)]),
            graphs=[part.graph for part in parts],
        )

    def name(self, place: int) -> str:
        """Return the name at a place."""
        return self._names[place]

    def of_items(self, items: Sequence[str], *kinds: LinkKind) -> list[Linked]:
        """Return the records of items; see `Records`."""
        known = [place for one in items if (place := self._places.get(one)) is not None]
        places = np.array(known, dtype=np.int64)
        offsets = self._links.offsets(places)
        owners = np.repeat(places, self._links.sizes(places))
        wanted = self._link_kinds[offsets]
        kept = np.isin(wanted, kinds) if kinds else np.ones(len(offsets), dtype=bool)
        targets = self._links.targets[offsets[kept]]
        found = self._made(targets)
        kind_of = list(LinkKind)
        return [
            Linked(self._names[owner], kind_of[kind], found[target])
            for owner, kind, target in zip(
                owners[kept].tolist(), wanted[kept].tolist(), targets.tolist(), strict=True
            )
        ]

    def record(self, iri: str) -> Record:
        """Return what is said of one subject; see `Records`."""
        place = self._places.get(iri)
        if place is None:
            return Record(iri)
        return self._made(np.array([place], dtype=np.int64))[place]

    def with_fact(self, fact: str) -> list[Record]:
        """Return every record that states a fact; see `Records`."""
        wanted = [place for place, word in self._words.items() if word == fact]
        subjects = np.unique(self._statements[np.isin(self._statements[:, 1], wanted), 0])
        return list(self._made(subjects).values())

    def items_of(self, kind: LinkKind) -> list[str]:
        """Return every item that has a record of a kind; see `Records`."""
        owners = np.repeat(np.arange(len(self._names)), np.diff(self._links.starts))
        return [
            self._names[one] for one in np.unique(owners[self._link_kinds == int(kind)]).tolist()
        ]

    def of_class(self, name: str) -> list[str]:
        """Return every subject that the data says is of a class."""
        place = self._places.get(name)
        if place is None:
            return []
        owners = np.repeat(np.arange(len(self._names)), np.diff(self._types.starts))
        return [self._names[one] for one in owners[self._types.targets == place].tolist()]

    def history(self, parameter: str, record: str) -> Numbers:
        """Return every number of a parameter from the source of a record's; see `Records`."""
        predicate, place = self._places.get(parameter), self._places.get(record)
        if predicate is None or place is None:
            return np.zeros(0)
        told = self._statements[self._starts.of_one(place)]
        graphs = told[told[:, 1] == predicate, 3]
        if not len(graphs):
            return np.zeros(0)
        key = (predicate, int(self._sources[graphs[0]]))
        if key not in self._histories:
            same = self._sources[self._statements[:, 3]] == key[1]
            chosen = self._numbers[same & (self._statements[:, 1] == predicate)]
            self._histories[key] = chosen[~np.isnan(chosen)]
        return self._histories[key]

    def classes_of(self, items: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the classes of each of some subjects, the general ones left out."""
        places = [self._places.get(item, -1) for item in items]
        known = self._classes(np.array([one for one in places if one >= 0], dtype=np.int64))
        return [known.get(place, ()) for place in places]

    def kinds_of(self, count: int) -> tuple[Ids, NDArray[np.bool_]]:
        """Return the kind of each of the first names, and whether any record describes it.

        The kind is the rarest class, else the rarest class of an operation that made it, else -1.
        """
        kinds = self._rarest(count)
        owners = np.repeat(np.arange(len(self._names)), np.diff(self._links.starts))
        making = self._link_kinds == int(LinkKind.OPERATION)
        telling = making | (self._link_kinds == int(LinkKind.EVENT))
        described = np.zeros(count, dtype=bool)
        described[owners[telling & (owners < count)]] = True
        made = owners[making & (owners < count)]
        described |= kinds >= 0
        process = self._rarest(len(self._names))[self._links.targets[making & (owners < count)]]
        unknown = kinds[made] < 0
        kinds[made[unknown]] = process[unknown]
        return kinds, described

    def _rarest(self, count: int) -> Ids:
        subjects = np.repeat(np.arange(len(self._names)), np.diff(self._types.starts))
        classes = self._types.targets
        kept = ~np.isin(classes, list(self._general)) & (subjects < count)
        subjects, classes = subjects[kept], classes[kept]
        frequency = np.bincount(classes, minlength=len(self._names))
        order = np.lexsort((classes, frequency[classes], subjects))
        subjects, classes = subjects[order], classes[order]
        found = np.full(count, -1, dtype=np.int64)
        found[subjects[::-1]] = classes[::-1]  # of several writes to one place the last one stands
        return found

    def _classes(self, places: Ids) -> dict[int, tuple[str, ...]]:
        """Return the classes at some places; few combinations occur, so each is one tuple for all."""
        classes = self._types.neighbours(places).tolist()
        found: dict[int, tuple[str, ...]] = {}
        begin = 0
        for place, size in zip(places.tolist(), self._types.sizes(places).tolist(), strict=True):
            key = tuple(classes[begin : begin + size])
            begin += size
            if key not in self._combinations:
                names = (self._names[one] for one in key if one not in self._general)
                self._combinations[key] = tuple(sorted(names))
            found[place] = self._combinations[key]
        return found

    def _made(self, places: Ids) -> dict[int, Record]:
        """Return the records at some places, those that were made before as they are."""
        asked = list(dict.fromkeys(places.tolist()))
        memo = self._memo
        if len(memo) + len(asked) > _MEMO:
            memo = self._memo = {}
        missing = [one for one in asked if one not in memo]
        if missing:
            memo.update(self._read(np.array(missing, dtype=np.int64)))
        return {one: memo[one] for one in asked}

    def _read(self, places: Ids) -> Iterator[tuple[int, Record]]:
        offsets = self._starts.neighbours(places)
        rows, numbers = self._statements[offsets].tolist(), self._numbers[offsets].tolist()
        told = self._row_values[self._rows.neighbours(places)].tolist()
        classes = self._classes(places)
        begin = first = 0
        for place, size, count in zip(
            places.tolist(),
            self._starts.sizes(places).tolist(),
            self._rows.sizes(places).tolist(),
            strict=True,
        ):
            end, last = begin + size, first + count
            facts, parameters = self._values(rows[begin:end], numbers[begin:end])
            yield (
                place,
                Record(
                    iri=self._names[place],
                    classes=classes[place],
                    facts=facts,
                    parameters=parameters,
                    sources=tuple((self._graphs[graph], row) for row, graph in told[first:last]),
                ),
            )
            begin, first = end, last

    def _values(
        self, rows: Iterable[list[int]], numbers: Iterable[float]
    ) -> tuple[dict[str, str], dict[str, Value]]:
        """Return the facts and the parameters that statements say."""
        facts: dict[str, str] = {}
        parameters: dict[str, Value] = {}
        names, words = self._names, self._words
        for (_, predicate, text, _), number in zip(rows, numbers, strict=True):
            word = words.get(predicate)
            if word is not None:
                facts[word] = names[text] if text >= 0 else repr(number)
                continue
            value: float | str = names[text] if text >= 0 else number
            name = names[predicate]
            before = parameters.get(name)
            parameters[name] = value if before is None else _joined(before, value)
        return facts, parameters


def _joined(before: Value, value: float | str) -> Value:
    known = before if isinstance(before, tuple) else (before,)
    return before if value in known else (*known, value)


def _mapped(rows: Ids, kept: Ids, *, columns: int) -> Ids:
    """Return rows with the ids of the first columns led to the common name space; -1 stays."""
    if not len(rows):
        return rows
    found = rows.copy()
    for column in range(columns):
        found[:, column] = np.where(rows[:, column] < 0, -1, kept[rows[:, column]])
    return found


def _with_graph(rows: Ids, number: int) -> Ids:
    return np.concatenate([rows, np.full((len(rows), 1), number, dtype=np.int64)], axis=1)


def _source_numbers(graphs: Sequence[str]) -> list[int]:
    """Number the sources that graphs belong to: ``…/{source}/{batch}``."""
    known: dict[str, int] = {}
    return [known.setdefault(graph.rsplit("/", 1)[0], len(known)) for graph in graphs]
