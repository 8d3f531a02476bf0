"""`Sources`: where a value of a record was read, down to file, row, column and the unit of the column."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from qualweave.batches import holders
from qualweave.iri import Q
from qualweave.store.port import GraphEntry, Snapshot
from qualweave.values import find_unit

_BATCH, _MAPPING = NamedNode(Q + "fromBatch"), NamedNode(Q + "usedMapping")
_CONTEXT, _ROW = NamedNode(Q + "mappingContext"), NamedNode(Q + "sourceRow")
_EMITS, _FIELD, _UNIT = (Q + name for name in ("emits", "fieldName", "sourceUnit"))


@dataclass(frozen=True)
class Source:
    """Where one value was read.

    Attributes:
        graph: Data graph that holds it.
        file: Name of the file, with its folders.
        sha256: Hash of the file's bytes.
        row: Source row; None where the record has none.
        column: Field, byte for byte; ``""`` where no mapping tells it.
        unit: Unit in which the field stands, as it is printed; ``""`` where it has none.
        kept: Where the file's bytes are kept, below the data folder; ``""`` where they are not.
    """

    graph: str = ""
    file: str = ""
    sha256: str = ""
    row: int | None = None
    column: str = ""
    unit: str = ""
    kept: str = ""


@dataclass
class Sources:
    """Looks sources up in one snapshot and keeps what it has read of each graph.

    Args:
        snapshot: State of the graph.
        tenant: Whose data graphs count.
    """

    snapshot: Snapshot
    tenant: str = "plant"
    _entries: dict[str, GraphEntry] = field(init=False)
    _columns: dict[str, dict[str, tuple[str, str]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        entries = self.snapshot.graphs("data", tenant=self.tenant)
        self._entries = {one.graph: one for one in entries}

    def of(self, subject: str, predicate: str) -> Source:
        """Return where a value was read; an empty source where no data graph of the tenant holds it."""
        node = NamedNode(subject)
        quads = self.snapshot.quads(node, NamedNode(predicate))
        graphs = sorted(str(getattr(one.graph_name, "value", "")) for one in quads)
        graph = next((one for one in graphs if one in self._entries), "")
        if not graph:
            return Source()
        entry = holders(self.snapshot, self._entries[graph], node, NamedNode(predicate))[0]
        graph, about = entry.graph, entry.about
        rows = self.snapshot.quads(node, _ROW, None, NamedNode(graph))
        row = next((int(_text(one.object)) for one in rows), None)
        if graph not in self._columns:
            self._columns[graph] = dict(self._read(graph))
        column, unit = self._columns[graph].get(predicate, ("", ""))
        return Source(
            graph=graph,
            file=str(about.get("file", "")),
            sha256=str(about.get("sha256", "")),
            row=row,
            column=column,
            unit=unit,
            kept=str(about.get("raw", "")),
        )

    def _read(self, graph: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield predicate, column and unit of every field of the mappings by which a graph was lifted."""
        for batch in self._objects(NamedNode(graph), _BATCH):
            for mapping in self._objects(batch, _MAPPING):
                for quad in self.snapshot.quads(None, _CONTEXT, mapping):
                    yield from self._fields(quad.subject)

    def _fields(self, node: object) -> Iterator[tuple[str, tuple[str, str]]]:
        if not isinstance(node, NamedNode):
            return
        said: dict[str, list[str]] = {}
        for quad in self.snapshot.quads(node):
            said.setdefault(quad.predicate.value, []).append(_text(quad.object))
        unit = find_unit(said[_UNIT][0].rsplit("/", 1)[-1]) if _UNIT in said else None
        for predicate in said.get(_EMITS, ()):
            yield predicate, (said.get(_FIELD, [""])[0], unit.symbol if unit else "")

    def _objects(self, subject: NamedNode, predicate: NamedNode) -> Iterator[NamedNode]:
        found = {quad.object for quad in self.snapshot.quads(subject, predicate)}
        yield from (one for one in found if isinstance(one, NamedNode))


def _text(term: object) -> str:
    return str(getattr(term, "value", term))
