"""A store on any SPARQL 1.1 server: Query and Update Protocol, and Graph Store Protocol for large graphs.

Journal, inputs and ledger stay in a folder here, the graphs and their catalogue are over there. What the
protocols cannot do is refused, not imitated:

* no snapshots: a state that was lent is a Conflict once this store has committed again;
* no blank nodes in change sets: a server gives them names of its own, so that doing a commit again
  would double them;
* no memory limit: the server's own holds. Time, rows and size are kept here.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad

from qualweave.config import Settings
from qualweave.errors import Conflict, InputError, StoreError
from qualweave.iri import PREFIXES
from qualweave.store.apply import triples_of
from qualweave.store.catalogue import (
    ARCHIVE,
    Catalogue,
    catalogue_graph,
    chosen_graphs,
    counting_update,
    members,
    merged_graph,
)
from qualweave.store.committing import JournaledStore, Merged, Step, store_errors
from qualweave.store.guard import effective_dataset
from qualweave.store.journal import Entry
from qualweave.store.pool import exceeded
from qualweave.store.port import (
    Answer,
    ChangeSet,
    Dataset,
    GraphEntry,
    GraphRole,
    Limits,
    RdfTerm,
    Row,
    Snapshot,
)
from qualweave.store.results import JSON, LimitMetError, MediaTypeError, write_answer

_NOWHERE = "urn:qualweave:no-graph"
"""Names no graph: an empty list in a request would mean every graph."""
_LARGE_BYTES = 2_000_000
_WRITE_SECONDS = 600.0
_READ_SECONDS = 120.0
_MIB = 2**20


@dataclass(frozen=True)
class Endpoint:
    """Where a server answers: its query, update and graph store addresses."""

    query: str
    update: str
    graphs: str


class RemoteStore(JournaledStore):
    """`Store` on a SPARQL 1.1 server.

    Args:
        path: Folder of journal, inputs and ledger.
        endpoint: Addresses of the server; one `RemoteStore` writes to it at a time.
        settings: Limits and the base IRI; the environment's where left out.
        client: Sends the requests, for example with credentials.
        at_step: As in `JournaledStore`.

    Raises:
        Conflict: If another process has the folder open for writing.
        StoreError: If the server does not answer.
    """

    def __init__(
        self,
        path: Path,
        endpoint: Endpoint,
        *,
        settings: Settings | None = None,
        client: httpx.Client | None = None,
        at_step: Step | None = None,
    ) -> None:
        super().__init__(path, settings=settings, at_step=at_step)
        self._endpoint = endpoint
        self._client = client or httpx.Client(timeout=_WRITE_SECONDS)
        self._turn = threading.BoundedSemaphore(self._settings.query_workers)
        try:
            self._catalogue = self._read_catalogue()
            self._recover()
        except BaseException:
            self._lock_file.close()
            raise

    # --- writing -----------------------------------------------------------------------------

    def _prepare(self, change: ChangeSet, identity: str) -> ChangeSet:
        for content in (change.inserts, change.deletes):
            for one in triples_of(content, change.graph):
                if ox.BlankNode in {type(one.subject), type(one.object)}:
                    raise InputError(
                        f"The change of graph {change.graph} has blank nodes; this server's store keeps none.",
                        message_zh=f"图 {change.graph} 的变更含空白节点；远程存储不支持。",
                        next_step="Give the nodes IRIs, or use the embedded store.",
                        next_step_zh="请为节点指定 IRI，或使用内嵌存储。",
                        data={"graph": change.graph, "commit": identity},
                    )
        return change

    def _write(self, entry: Entry, entries: dict[str, GraphEntry]) -> None:
        with store_errors("written"):
            if entry.tenant not in self._catalogue.tenants:
                of_tenant = members(self._catalogue.entries, entry.tenant)
                self._update(_merge_all(merged_graph(entry.tenant, self._base).value, of_tenant))
            operations = []
            for change in entry.changes:
                merged = self._merged_of(change, entry.tenant, entries)
                operations += _removal(change, merged)
                targets = [change.graph, *(name for name, _ in merged)]
                if len(change.inserts) > _LARGE_BYTES:
                    # Not atomic with the rest, but it does not count before the catalogue says so.
                    self._update(" ;\n".join(operations))
                    operations = []
                    for target in targets:
                        self._load(target, change.inserts)
                else:
                    operations += _insertion(change, targets)
                self._at_step("apply")
            self._update(" ;\n".join([*operations, counting_update(self._base, entry)]))

    def _update(self, operations: str) -> None:
        if operations:
            kind = {"content-type": "application/sparql-update"}
            self._sent("POST", self._endpoint.update, content=operations.encode(), headers=kind)

    def _load(self, graph: str, content: bytes) -> None:
        kind = {"content-type": "application/n-triples"}
        self._sent(
            "POST", self._endpoint.graphs, params={"graph": graph}, content=content, headers=kind
        )

    def _sent(self, method: str, address: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        response = self._client.request(method, address, **request)
        if response.is_error:
            raise StoreError(
                f"The server answered {response.status_code}: {response.text[:300]}",
                message_zh=f"服务器返回 {response.status_code}：{response.text[:300]}",
                next_step="Look at the server's log; the last commit stands.",
                next_step_zh="请查看服务器日志；最近一次提交仍然有效。",
                data={"address": address},
            )
        return response

    def _put_away(self) -> None:
        while self._counted:  # that it is safe over there is the server's promise
            self._journal.finish(self._counted.pop(0))

    def _read_catalogue(self) -> Catalogue:
        graph = catalogue_graph(self._base)
        found = ox.Store()
        everything = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}"
        with store_errors("read"):
            body = self._sent(
                "POST",
                self._endpoint.query,
                data={"query": everything},
                headers={"accept": "application/n-triples"},
            ).content
            found.load(body, format=ox.RdfFormat.N_TRIPLES, to_graph=graph)
        return Catalogue.read(found, self._base)

    # --- reading -----------------------------------------------------------------------------

    def _publish(self) -> str:
        last = self._catalogue.last
        return last.id if last else ""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Lend the present state; it is a Conflict to read it after a later commit."""
        self._open_or_fail()
        return self._lend()

    @contextmanager
    def _lend(self) -> Iterator[Snapshot]:
        yield RemoteSnapshot(self, self._catalogue, self._base)

    def still_at(self, sequence: int) -> bool:
        """Whether no commit came after this one."""
        return self._catalogue.sequence == sequence

    def rows(self, query: str, dataset: Dataset) -> ox.QuerySolutions | ox.QueryBoolean:
        """Return the rows or the truth value of a query of ours.

        Raises:
            StoreError: If the server refuses it or cannot be reached.
        """
        with store_errors("asked"):
            body = self._asked(query, dataset, JSON, seconds=_READ_SECONDS, size=1 << 40)
            return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)

    def _asked(
        self, query: str, dataset: Dataset, accept: str, *, seconds: float, size: int
    ) -> bytes:
        """Return the body of an answer, read until a time and a size are over.

        Raises:
            TimeoutError: If the time was over.
            LimitMetError: If it was larger.
        """
        form = {
            "query": query,
            "default-graph-uri": list(dataset.default) or [_NOWHERE],
            "named-graph-uri": list(dataset.named) or [_NOWHERE],
        }
        until, found = time.monotonic() + seconds, bytearray()
        with self._client.stream(
            "POST", self._endpoint.query, data=form, headers={"accept": accept}, timeout=seconds
        ) as response:
            for piece in response.iter_bytes():
                found += piece
                if len(found) > size:
                    raise LimitMetError("size")
                if time.monotonic() > until:
                    raise TimeoutError
        if response.is_error:
            raise StoreError(
                f"The server answered {response.status_code}: {found[:300].decode(errors='replace')}",
                message_zh=f"服务器返回 {response.status_code}：{found[:300].decode(errors='replace')}",
                next_step="Correct the query, or look at the server's log.",
                next_step_zh="请更正查询，或查看服务器日志。",
                data={"address": self._endpoint.query},
            )
        return bytes(found)

    def query(
        self,
        sparql: str,
        *,
        dataset: Dataset,
        default_uris: Sequence[str] = (),
        named_uris: Sequence[str] = (),
        limits: Limits | None = None,
        accept: str = JSON,
        client: str = "",  # noqa: ARG002 - the server takes its clients in turn itself
    ) -> Answer:
        """Answer a query from outside, guarded; see the port. Memory is limited by the server alone."""
        self._open_or_fail()
        chosen, started = self._limits(limits), time.monotonic()
        catalogue = self._catalogue
        narrowed = effective_dataset(
            sparql, dataset, default_uris=default_uris, named_uris=named_uris
        )
        try:
            with self._turn:
                result = self._guarded(sparql, merged_dataset(narrowed, catalogue), chosen)
            written = write_answer(
                result,
                accept=accept,
                rows=chosen.rows,
                size=chosen.answer_mib * _MIB,
            )
        except (TimeoutError, httpx.TimeoutException) as error:
            raise exceeded("time", chosen) from error
        except LimitMetError as error:
            raise exceeded(error.limit, chosen) from error
        except MediaTypeError as error:
            raise InputError(
                str(error),
                message_zh=f"不支持所请求的媒体类型：{error}",
                next_step="Ask for one of these.",
                next_step_zh="请选择所列类型之一。",
            ) from error
        return Answer(
            form=written.form,
            media_type=written.media_type,
            body=written.body,
            rows=written.rows,
            seconds=time.monotonic() - started,
            commit=catalogue.last.id if catalogue.last else "",
        )

    def _guarded(
        self, sparql: str, dataset: Dataset, limits: Limits
    ) -> ox.QuerySolutions | ox.QueryBoolean | Iterator[Quad]:
        accept = f"{JSON}, application/n-triples"
        size = limits.answer_mib * _MIB
        body = self._asked(
            _with_prefixes(sparql), dataset, accept, seconds=limits.seconds, size=size
        )
        if body.lstrip().startswith(b"{"):
            found: ox.QuerySolutions | ox.QueryBoolean = ox.parse_query_results(
                body, format=ox.QueryResultsFormat.JSON
            )
            return found
        triples: Iterator[Quad] = iter(ox.parse(body, format=ox.RdfFormat.N_TRIPLES))
        return triples

    def close(self) -> None:
        """Let go of the connection and the folder."""
        with self._writing:
            if not self._closed:
                self._closed = True
                self._client.close()
                self._lock_file.close()


class RemoteSnapshot:
    """The state of a remote store, as long as nothing is committed after it."""

    def __init__(self, store: RemoteStore, catalogue: Catalogue, base: str) -> None:
        self._store, self._base = store, base
        last = catalogue.last
        self.commit = last.id if last else ""
        self.sequence = catalogue.sequence
        self._entries = dict(sorted(catalogue.entries.items()))
        self._counting = [name for name, one in self._entries.items() if one.role != ARCHIVE]
        self._known = Catalogue(base, entries=self._entries)

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        """Return the graphs that count; see the port."""
        return chosen_graphs(self._entries, roles, tenant)

    def select(
        self,
        query: str,
        *,
        graphs: Sequence[str] | None = None,
        bindings: Mapping[str, RdfTerm] = MappingProxyType({}),
    ) -> list[Row]:
        """Return the rows of a SELECT of ours; see the port.

        Raises:
            StoreError: If it is malformed or no SELECT.
            Conflict: If there is a later commit.
        """
        if bindings:
            names = " ".join(f"?{name}" for name in bindings)
            values = " ".join(_written(term) for term in bindings.values())
            query = f"{query}\nVALUES ({names}) {{ ({values}) }}"
        found = self._rows(query, graphs)
        if not isinstance(found, ox.QuerySolutions):
            raise StoreError(
                "A SELECT was expected.", message_zh="应为 SELECT 查询。", data={"query": query}
            )
        names_of = [variable.value for variable in found.variables]
        return [dict(zip(names_of, solution, strict=True)) for solution in found]

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        """Return the answer of an ASK of ours; see the port.

        Raises:
            StoreError: If it is malformed or no ASK.
            Conflict: If there is a later commit.
        """
        found = self._rows(query, graphs)
        if not isinstance(found, ox.QueryBoolean):
            raise StoreError(
                "An ASK was expected.", message_zh="应为 ASK 查询。", data={"query": query}
            )
        return bool(found)

    def _rows(
        self, query: str, graphs: Sequence[str] | None
    ) -> ox.QuerySolutions | ox.QueryBoolean:
        chosen = tuple(self._counting if graphs is None else graphs)
        self._hold()
        try:
            found = self._store.rows(
                _with_prefixes(query), merged_dataset(Dataset(chosen, chosen), self._known)
            )
        except StoreError as error:
            raise StoreError(
                f"A query of ours is malformed or failed: {error}",
                message_zh=f"内部查询有误或失败：{error}",
                data={"query": query},
            ) from error
        self._hold()
        return found

    def _hold(self) -> None:
        if not self._store.still_at(self.sequence):
            raise Conflict(
                f"The remote state moved on from commit {self.sequence} while it was read.",
                message_zh=f"读取期间远程状态已越过提交 {self.sequence}。",
                next_step="Take a new snapshot and read again; a remote server keeps no old states.",
                next_step_zh="请重新获取快照后再读取；远程服务器不保留旧状态。",
                data={"sequence": self.sequence},
            )

    def quads(
        self,
        subject: RdfTerm | None = None,
        predicate: NamedNode | None = None,
        value: RdfTerm | None = None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Iterate over the quads of a pattern, in graphs that count only.

        Raises:
            StoreError: If a blank node is asked for: it has no name on the other side.
        """
        pattern = {"s": subject, "p": predicate, "o": value}
        if isinstance(subject, ox.Literal):
            return
        names = self._counting if graph is None else [graph.value]
        parts = " ".join(
            f"?{name}" if term is None else _written(term) for name, term in pattern.items()
        )
        query = f"SELECT * {{ GRAPH ?g {{ {parts} }} }}"
        for row in self.select(query, graphs=[one for one in names if one in self._entries]):
            s, p, o = ((term or row[name]) for name, term in pattern.items())
            yield Quad(s, p, o, row["g"])  # type: ignore[arg-type]  # rows of a quad pattern


def merged_dataset(dataset: Dataset, catalogue: Catalogue) -> Dataset:
    """Return a dataset whose default graph is a tenant's merged graph, where it is all of a tenant's."""
    for tenant in catalogue.tenants:
        if set(dataset.default) == members(catalogue.entries, tenant):
            return Dataset((merged_graph(tenant, catalogue.base).value,), dataset.named)
    return dataset


def _with_prefixes(query: str) -> str:
    used = [(name, space) for name, space in PREFIXES.items() if f"{name}:" in query]
    return "".join(f"PREFIX {name}: <{space}>\n" for name, space in used) + query


def _written(term: RdfTerm) -> str:
    if isinstance(term, ox.BlankNode):
        raise StoreError(
            "A blank node of a remote store cannot be asked for by its label.",
            message_zh="远程存储中的空白节点不能按标签查询。",
        )
    return str(term)


def _merge_all(target: str, of_tenant: set[str]) -> str:
    names = " ".join(f"<{name}>" for name in sorted(of_tenant))
    return (
        f"DELETE WHERE {{ GRAPH <{target}> {{ ?s ?p ?o }} }} ;\n"
        f"INSERT {{ GRAPH <{target}> {{ ?s ?p ?o }} }} "
        f"WHERE {{ VALUES ?h {{ {names} }} GRAPH ?h {{ ?s ?p ?o }} }}"
    )


def _removal(change: ChangeSet, merged: Merged) -> list[str]:
    """Return the operations that take away what a change deletes, from the merged graphs first."""
    graph = f"GRAPH <{change.graph}> {{ ?s ?p ?o }}"
    if change.replace:
        chosen = graph
    elif change.deletes:
        rows = "\n".join(
            f"({one.subject} {one.predicate} {one.object})"
            for one in triples_of(change.deletes, change.graph)
        )
        chosen = f"VALUES (?s ?p ?o) {{ {rows} }} {graph}"
    else:
        return []
    operations = []
    for target, of_tenant in merged:
        others = ", ".join(f"<{name}>" for name in sorted(of_tenant - {change.graph}))
        held = f"FILTER NOT EXISTS {{ GRAPH ?h {{ ?s ?p ?o }} FILTER(?h IN ({others})) }}"
        operations.append(
            f"DELETE {{ GRAPH <{target}> {{ ?s ?p ?o }} }} WHERE {{ {chosen} {held if others else ''} }}"
        )
    operations.append(f"DELETE {{ {graph} }} WHERE {{ {chosen} }}")
    return operations


def _insertion(change: ChangeSet, targets: Sequence[str]) -> list[str]:
    rows = "\n".join(
        f"{one.subject} {one.predicate} {one.object} ."
        for one in triples_of(change.inserts, change.graph)
    )
    if not rows:
        return []
    blocks = "\n".join(f"GRAPH <{target}> {{ {rows} }}" for target in targets)
    return [f"INSERT DATA {{ {blocks} }}"]
