"""The embedded store: Oxigraph on disk, one writing process, snapshots for everybody who reads.

The commit protocol (``docs/concepts/store.md``) is carried out here and nowhere else. Every step can be
done again, so a restart finishes a judged entry from wherever the process died.
"""

import fcntl
import io
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import orjson
import pyoxigraph as ox
from pyoxigraph import NamedNode

from qualweave.config import Settings
from qualweave.errors import Conflict, GateRefused, JsonValue, StoreError
from qualweave.iri import XSD, Q, graph_iri
from qualweave.principal import Principal
from qualweave.store.journal import Entry, Input, Inputs, Journal, content_hash
from qualweave.store.ledger import Ledger
from qualweave.store.pool import ReaderPool
from qualweave.store.port import (
    Answer,
    ChangeSet,
    Commit,
    Dataset,
    Gate,
    Limits,
    ShapeResult,
    Verdict,
)
from qualweave.store.snapshot import OxigraphSnapshot

Step = Callable[[str], None]
_BULK_BYTES = 2_000_000
_SHOWN_RESULTS = 50


def open_store(path: Path, settings: Settings | None = None) -> "OxigraphStore":
    """Open the store of a folder, making it where it is not there yet.

    Raises:
        Conflict: If another process writes to it.
    """
    return OxigraphStore(path, settings=settings)


class OxigraphStore:
    """`Store` on Oxigraph, in one folder.

    Args:
        path: Folder of the database, journal, inputs, snapshots and ledger.
        settings: Limits and the base IRI; the environment's where left out.
        at_step: Called with the name of each step of the protocol; tests end the process in it.

    Raises:
        Conflict: If another process has the folder open for writing.
    """

    def __init__(
        self, path: Path, *, settings: Settings | None = None, at_step: Step | None = None
    ) -> None:
        self._settings = settings or Settings()
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(path / "lock")
        self._at_step: Step = at_step or (lambda _name: None)
        self._mutex = threading.RLock()
        self._journal = Journal(path / "journal")
        self._inputs = Inputs(path / "inputs")
        self._ledger = Ledger(path / "ledger.jsonl")
        self._store = ox.Store(str(path / "db"))
        self._base = self._settings.base_iri
        self._catalogue = graph_iri("catalogue", base=self._base)
        self._snapshots = path / "snapshots"
        shutil.rmtree(self._snapshots, ignore_errors=True)  # they can be made again
        self._snapshots.mkdir()
        self._lent: dict[Path, int] = {}
        self._newest: OxigraphSnapshot | None = None
        self._published_at, self._dirty = 0.0, True
        self._sequence = max((commit.sequence for commit in self.commits()), default=0)
        self._pool: ReaderPool | None = None
        self._closed = False
        self._recover()

    # --- writing -----------------------------------------------------------------------------

    def commit(
        self, changes: Sequence[ChangeSet], *, principal: Principal, gate: Gate | None = None
    ) -> list[Commit]:
        """Apply change sets, all or none, durably; see the port.

        Raises:
            GateRefused: If the gate finds a violation; nothing is written.
        """
        if not changes:
            return []
        with self._mutex:
            former = {one.id: one for one in self.commits()}
            ids = [content_hash(change) for change in changes]
            if all(one in former for one in ids) and self._still_stands(changes, ids):
                return [replace(former[one], repeated=True) for one in ids]
            following = self._sequence + 1
            entry = self._journal.write(
                changes,
                # The same content once more, over another state, is another commit.
                [
                    sha256(f"{one}:{following}".encode()).hexdigest() if one in former else one
                    for one in ids
                ],
                sequence=following,
                principal=principal.id,
                tenant=principal.tenant,
                at=datetime.now(UTC).isoformat(),
            )
            self._at_step("journal")
            self._judge(entry, gate)
            self._journal.mark_judged(entry)
            self._at_step("gate")
            return self._apply(entry)

    def _still_stands(self, changes: Sequence[ChangeSet], ids: Sequence[str]) -> bool:
        """Whether no later commit touched the graphs of a repeated commit (else it is applied again)."""
        last = {commit.graph: commit.id for commit in self.commits()}
        return all(last[change.graph] == one for change, one in zip(changes, ids, strict=True))

    def _judge(self, entry: Entry, gate: Gate | None) -> None:
        if gate is None:
            return
        with self._fresh_snapshot() as snapshot:
            verdicts = [gate.judge(change, snapshot) for change in entry.changes]
        violations = [one for verdict in verdicts for one in verdict.violations]
        if violations:
            self._journal.drop(entry)
            raise refusal(Verdict(tuple(violations)))

    def _apply(self, entry: Entry) -> list[Commit]:
        for change in entry.changes:
            self._apply_change(change)
            self._at_step("apply")
        self._count(entry)
        self._at_step("count")
        for identity in entry.change_ids:
            self._ledger.append(identity, entry.at)
        self._at_step("ledger")
        self._journal.finish(entry)
        self._sequence = max(self._sequence, entry.sequence + len(entry.changes) - 1)
        self._dirty = True
        return [
            Commit(
                id=identity,
                sequence=entry.sequence + number,
                graph=change.graph,
                principal=entry.principal,
                at=datetime.fromisoformat(entry.at),
            )
            for number, (identity, change) in enumerate(
                zip(entry.change_ids, entry.changes, strict=True)
            )
        ]

    def _apply_change(self, change: ChangeSet) -> None:
        graph = NamedNode(change.graph)
        if change.replace:
            self._store.clear_graph(graph)
        if change.deletes:
            for triple in ox.parse(input=change.deletes, format=ox.RdfFormat.N_TRIPLES):
                self._store.remove(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
        load = self._store.bulk_load if len(change.inserts) > _BULK_BYTES else self._store.load
        load(input=io.BytesIO(change.inserts), format=ox.RdfFormat.N_TRIPLES, to_graph=graph)

    def _count(self, entry: Entry) -> None:
        """Add the catalogue nodes of an entry in one atomic update; from here on it counts."""
        removed, added = [], []
        for number, (identity, change) in enumerate(
            zip(entry.change_ids, entry.changes, strict=True)
        ):
            removed.append(change.graph)
            added.append(_graph_node(change, entry, identity))
            added.append(
                _commit_node(
                    self._base,
                    entry,
                    sequence=entry.sequence + number,
                    identity=identity,
                    change=change,
                )
            )
        values = " ".join(f"<{graph}>" for graph in removed)
        self._store.update(
            f"DELETE {{ GRAPH <{self._catalogue}> {{ ?g ?p ?o }} }} "
            f"WHERE {{ GRAPH <{self._catalogue}> {{ VALUES ?g {{ {values} }} ?g ?p ?o }} }} ;\n"
            f"INSERT DATA {{ GRAPH <{self._catalogue}> {{ {' '.join(added)} }} }}"
        )
        self._store.flush()

    def _recover(self) -> None:
        """Finish or take back what a former process left open."""
        counted = {commit.id for commit in self.commits()}
        for entry in self._journal.pending():
            if set(entry.change_ids) <= counted:
                for identity in entry.change_ids:
                    self._ledger.append(identity, entry.at)
                self._journal.finish(entry)
            elif entry.judged:
                self._apply(entry)
            else:
                self._journal.drop(entry)

    def commits(self) -> list[Commit]:
        """Return every commit that counts, in order."""
        query = (
            f"SELECT ?c ?n ?g ?w ?t WHERE {{ GRAPH <{self._catalogue}> {{ ?c a <{Q}Commit> ; "
            f"<{Q}commitSequence> ?n ; <{Q}commitGraph> ?g ; <{Q}commitPrincipal> ?w ; <{Q}commitTime> ?t }} }}"
        )
        rows = self._store.query(query)
        if not isinstance(rows, ox.QuerySolutions):  # pragma: no cover - it is a SELECT
            return []
        found = [
            Commit(
                id=row["c"].value.rsplit("/", 1)[1],
                sequence=int(row["n"].value),
                graph=row["g"].value,
                principal=row["w"].value,
                at=datetime.fromisoformat(row["t"].value),
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: one.sequence)

    # --- raw input ---------------------------------------------------------------------------

    def accept_input(self, name: str, content: bytes, *, principal: Principal) -> Path:
        """Keep the raw bytes of an ingest, fsynced, before it is acknowledged; return where."""
        return self._inputs.accept(name, content, principal.id)

    def pending_inputs(self) -> list[Input]:
        """Return the accepted inputs whose ingest was not finished."""
        return self._inputs.pending()

    def finish_input(self, sha256: str, status: str) -> None:
        """Note what became of an input."""
        self._inputs.finish(sha256, status)

    # --- reading -----------------------------------------------------------------------------

    def publish(self) -> str:
        """Publish a snapshot that holds every commit so far and return its last commit's id."""
        with self._mutex:
            if self._dirty or self._newest is None:
                folder = self._snapshots / f"{time.time_ns():020d}"
                self._store.backup(str(folder))
                self._newest = OxigraphSnapshot(folder, self._base)
                self._published_at, self._dirty = time.monotonic(), False
                self._prune()
            return self._newest.commit

    def _prune(self) -> None:
        folders = sorted(self._snapshots.iterdir())
        for folder in folders[: -self._settings.snapshots_kept]:
            if not self._lent.get(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def _current(self) -> OxigraphSnapshot:
        """Return the newest snapshot, publishing one where commits wait and the interval has passed."""
        with self._mutex:
            waited = (time.monotonic() - self._published_at) * 1000
            if self._newest is None or (
                self._dirty and waited >= self._settings.publish_interval_ms
            ):
                self.publish()
            if self._newest is None:  # pragma: no cover - publish sets it
                raise StoreError("No snapshot could be published.")
            return self._newest

    @contextmanager
    def snapshot(self) -> Iterator[OxigraphSnapshot]:
        """Lend the newest published snapshot; it stays readable for as long as it is held."""
        with self._mutex:
            chosen = self._current()
            self._lent[chosen.path] = self._lent.get(chosen.path, 0) + 1
        try:
            yield chosen
        finally:
            with self._mutex:
                self._lent[chosen.path] -= 1

    @contextmanager
    def _fresh_snapshot(self) -> Iterator[OxigraphSnapshot]:
        self.publish()
        with self.snapshot() as chosen:
            yield chosen

    def query(
        self,
        sparql: str,
        *,
        dataset: Dataset,
        limits: Limits | None = None,
        media_type: str = "application/sparql-results+json",
    ) -> Answer:
        """Answer a query from outside, guarded; see the port."""
        chosen = limits or Limits(
            seconds=self._settings.query_seconds,
            memory_mib=self._settings.query_memory_mib,
            rows=self._settings.query_rows,
        )
        with self.snapshot() as snapshot:
            return self._readers().ask(
                sparql,
                snapshot=snapshot.path,
                commit=snapshot.commit,
                dataset=dataset,
                limits=chosen,
                media_type=media_type,
            )

    def _readers(self) -> ReaderPool:
        with self._mutex:
            if self._pool is None:
                self._pool = ReaderPool(self._settings.query_workers)
            return self._pool

    def close(self) -> None:
        """Stop workers and let go of the files."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            if self._pool is not None:
                self._pool.close()
            self._newest = None
            self._store.flush()
            del self._store
            self._lock_file.close()


def _lock(path: Path) -> IO[bytes]:
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise Conflict(
            f"Another process writes to the store in {path.parent.name!r}.",
            message_zh=f"另一个进程正在写入存储 {path.parent.name!r}。",
            next_step="Stop it, send your request to its service, or use another folder.",
            next_step_zh="请先停止该进程、改为调用其服务，或使用其他文件夹。",
        ) from error
    return handle


def refusal(verdict: Verdict) -> GateRefused:
    """Return the error of a refused change set, with its first results."""
    violations = verdict.violations
    first = violations[0]
    return GateRefused(
        f"{len(violations)} violation(s); the first: {first.message.get('en', first.shape)}",
        message_zh=f"共 {len(violations)} 处违反形状约束；首条：{first.message.get('zh', first.shape)}",
        next_step="Correct what the results name, and send it again; nothing was written.",
        next_step_zh="请按结果更正后重新提交；未写入任何数据。",
        data={
            "results": [_result_json(one) for one in violations[:_SHOWN_RESULTS]],
            "count": len(violations),
        },
    )


def _result_json(result: ShapeResult) -> JsonValue:
    return {
        "severity": result.severity,
        "shape": result.shape,
        "focus": result.focus,
        "path": result.path,
        "row": result.row,
        "message": dict(result.message),
    }


def _graph_node(change: ChangeSet, entry: Entry, identity: str) -> str:
    about = ox.Literal(orjson.dumps(dict(change.about), option=orjson.OPT_SORT_KEYS).decode())
    return (
        f"<{change.graph}> a <{Q}GraphEntry> ; <{Q}graphRole> {ox.Literal(change.role)} ; "
        f"<{Q}graphTenant> {ox.Literal(entry.tenant)} ; <{Q}lastCommit> {ox.Literal(identity)} ; "
        f"<{Q}about> {about} ."
    )


def _commit_node(
    base: str, entry: Entry, *, sequence: int, identity: str, change: ChangeSet
) -> str:
    return (
        f"<{base}commit/{identity}> a <{Q}Commit> ; <{Q}commitSequence> {sequence} ; "
        f"<{Q}commitGraph> <{change.graph}> ; <{Q}commitPrincipal> {ox.Literal(entry.principal)} ; "
        f"<{Q}commitTime> {ox.Literal(entry.at, datatype=NamedNode(XSD + 'dateTime'))} ."
    )
