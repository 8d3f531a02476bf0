"""What a store of Qualweave is: commits in, immutable snapshots and guarded answers out.

Writing goes by one protocol (``docs/concepts/store.md``): journal, gate, apply, count, ledger, publish.
Reading is of two kinds. Trusted code of the product reads a `Snapshot`, in its own process, and knows
what it asks. Everything that comes from outside goes through `Store.query`: another process, with a
limit on time, memory and rows, and with the graphs that the caller may see.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from pyoxigraph import BlankNode, NamedNode, Quad, Triple
from pyoxigraph import Literal as RdfLiteral

from qualweave.errors import JsonValue
from qualweave.principal import Principal

RdfTerm: TypeAlias = NamedNode | BlankNode | RdfLiteral | Triple
Row: TypeAlias = Mapping[str, RdfTerm | None]
"""One solution: variable name (without ``?``) to term, None where unbound."""

Severity: TypeAlias = Literal["violation", "warning", "info"]
GraphRole: TypeAlias = Literal[
    "data",
    "ontology",
    "codelists",
    "shapes",
    "entailed",
    "learned",
    "governance",
    "decisions",
    "archive",
]


@dataclass(frozen=True)
class ChangeSet:
    """What one commit adds and takes away.

    Attributes:
        graph: The one named graph that the change is about.
        role: What the graph holds; the catalogue keeps it.
        inserts: N-Triples (UTF-8) to add to the graph.
        deletes: N-Triples to take away from it.
        replace: Whether the graph's former content goes first.
        about: Facts for the catalogue, as JSON values: file name, hash, mapping, rows.
    """

    graph: str
    role: GraphRole
    inserts: bytes = b""
    deletes: bytes = b""
    replace: bool = False
    about: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class ShapeResult:
    """One result of a gate: which node breaks which shape, in words, and where it came from."""

    severity: Severity
    shape: str
    focus: str
    path: str
    message: Mapping[str, str]
    value: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What a gate says of a change set."""

    results: tuple[ShapeResult, ...] = ()

    @property
    def violations(self) -> tuple[ShapeResult, ...]:
        """The results that keep the change set out."""
        return tuple(one for one in self.results if one.severity == "violation")


class Gate(Protocol):
    """Judges "store + change set" before it is applied; `shapes` implements it, `api` passes it in."""

    def judge(self, change: ChangeSet, snapshot: "Snapshot") -> Verdict:
        """Return the verdict on a change set over the newest snapshot."""
        ...


@dataclass(frozen=True)
class Commit:
    """A commit that counts.

    Attributes:
        id: Content hash (sha-256, hex) of the change set.
        sequence: 1, 2, 3 … in the order of application.
        graph: The graph that it changed.
        principal: Who made it.
        at: When, in UTC.
        repeated: True where the very same change set was committed before and nothing was done.
    """

    id: str
    sequence: int
    graph: str
    principal: str
    at: datetime
    repeated: bool = False


@dataclass(frozen=True)
class Input:
    """A raw input that was accepted: its hash, name, owner, place, and what became of it."""

    sha256: str
    name: str
    principal: str
    path: Path
    status: str


@dataclass(frozen=True)
class GraphEntry:
    """A named graph that counts, as the catalogue has it."""

    graph: str
    role: GraphRole
    tenant: str
    commit: str
    about: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Limits:
    """Limits of one query.

    Attributes:
        seconds: Wall clock, from the moment a worker has the query.
        memory_mib: Memory beyond the worker's own, in MiB.
        rows: Rows (or triples) of the answer.
        answer_mib: Size of the serialised answer, in MiB.
    """

    seconds: float = 10.0
    memory_mib: int = 1024
    rows: int = 10_000
    answer_mib: int = 64


@dataclass(frozen=True)
class Dataset:
    """The graphs that a query may see: those merged into its default graph, and those it may name."""

    default: tuple[str, ...]
    named: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The serialised answer to a guarded query.

    Attributes:
        form: ``"select"``, ``"ask"`` or ``"graph"`` (CONSTRUCT, DESCRIBE).
        media_type: Of ``body``.
        body: The answer in that format.
        rows: Number of rows or triples.
        seconds: Time in the worker.
        commit: Id of the last commit in the snapshot that was asked.
    """

    form: Literal["select", "ask", "graph"]
    media_type: str
    body: bytes
    rows: int
    seconds: float
    commit: str


class Snapshot(Protocol):
    """An immutable state of the store, for trusted code in this process."""

    @property
    def commit(self) -> str:
        """Id of the last commit that it holds, ``""`` for an empty store."""
        ...

    @property
    def sequence(self) -> int:
        """Sequence number of that commit, 0 for an empty store."""
        ...

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        """Return the graphs that count, of some roles (all where none is given) and one tenant.

        Ontology and shapes belong to every tenant.
        """
        ...

    def select(
        self,
        query: str,
        *,
        graphs: Sequence[str] | None = None,
        bindings: Mapping[str, RdfTerm] = MappingProxyType({}),
    ) -> list[Row]:
        """Return the rows of a SELECT of ours.

        Args:
            query: SPARQL; the product's prefixes need no declaration.
            graphs: Graphs merged into the default graph and open to ``GRAPH``; None means all that count.
            bindings: Values put in place of variables, which SELECT must name.

        Raises:
            StoreError: If the query is malformed, or does not select a bound variable.
        """
        ...

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        """Return the answer of an ASK of ours."""
        ...

    def quads(
        self,
        subject: RdfTerm | None = None,
        predicate: NamedNode | None = None,
        value: RdfTerm | None = None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Iterate over the quads of a pattern, in graphs that count only."""
        ...


class Store(Protocol):
    """The port that every store implements; one contract suite runs on all of them."""

    def commit(
        self, changes: Sequence[ChangeSet], *, principal: Principal, gate: Gate | None = None
    ) -> list[Commit]:
        """Apply change sets, all or none, durably.

        Raises:
            InputError: If triples or a graph's name cannot be read; nothing is written.
            Forbidden: If a data graph belongs to another tenant than the principal's.
            GateRefused: If the gate finds a violation; nothing is written.
            StoreError: If the journal or the store fails; the last commit stands.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Lend the newest published snapshot; it stays readable for as long as it is held."""
        ...

    def publish(self) -> str:
        """Publish a snapshot that holds every commit so far and return its last commit's id."""
        ...

    def query(
        self,
        sparql: str,
        *,
        dataset: Dataset,
        default_uris: Sequence[str] = (),
        named_uris: Sequence[str] = (),
        limits: Limits | None = None,
        accept: str = "application/sparql-results+json",
        client: str = "",
    ) -> Answer:
        """Answer a query from outside, guarded.

        Args:
            sparql: The query; the product's prefixes need no declaration.
            dataset: What the caller may see (`guard.permitted_dataset`). FROM and the protocol narrow it.
            default_uris: ``default-graph-uri`` of the protocol; with ``named_uris`` they win over FROM.
            named_uris: ``named-graph-uri`` of the protocol.
            limits: The settings' where left out.
            accept: Media types wanted, as in HTTP's ``Accept``; the best one that the form of the answer has is taken.
                A truth value is JSON and a graph Turtle where none fits.
            client: Who asks; while all readers are busy, clients take turns.

        Raises:
            InputError: If the query does not parse, is an update or asks another service.
            LimitExceeded: If it met a limit; other queries go on.
        """
        ...

    def accept_input(self, name: str, content: bytes | Path, *, principal: Principal) -> Path:
        """Keep the raw bytes of an ingest, fsynced, before it is acknowledged; return where.

        The file's name is the sha-256 of its content; the same bytes again change nothing.

        Args:
            name: What the input is called.
            content: Its bytes, or the file that has them, which is never held whole in memory.
            principal: Who hands it in.
        """
        ...

    def pending_inputs(self) -> list[Input]:
        """Return the accepted inputs whose ingest was not finished, so that it can be taken up again."""
        ...

    def finish_input(self, sha256: str, status: str) -> None:
        """Note what became of an input, for example ``"done"`` or ``"refused"``.

        Raises:
            NotFound: If no such input was accepted.
        """
        ...

    def commits(self) -> list[Commit]:
        """Return every commit that counts, in order."""
        ...

    def close(self) -> None:
        """Stop workers and let go of the files."""
        ...
