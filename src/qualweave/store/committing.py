"""What every store does alike: the commit protocol over a journal, a catalogue and a ledger.

A store of this package says how change sets are written and how a state is lent; the order of the steps,
what is checked before and what a restart does stand here (``docs/concepts/store.md``). Every step can be
done again, so a restart finishes a judged entry from wherever the process died.
"""

import fcntl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import httpx

from qualweave.config import Settings
from qualweave.errors import Conflict, Forbidden, GateRefused, InputError, JsonValue, StoreError
from qualweave.principal import Principal
from qualweave.store.catalogue import (
    ARCHIVE,
    SHARED_ROLES,
    Catalogue,
    catalogue_graph,
    commits_of,
    entries_of,
    members,
    merged_graph,
)
from qualweave.store.journal import Entry, Inputs, Journal, content_hash
from qualweave.store.ledger import Ledger
from qualweave.store.port import (
    ChangeSet,
    Commit,
    Gate,
    GraphEntry,
    Input,
    Limits,
    ShapeResult,
    Snapshot,
    Verdict,
)

Step = Callable[[str], None]
Merged = list[tuple[str, set[str]]]
"""Merged graphs, each with the graphs that it merges."""
_SHOWN_RESULTS = 50


class JournaledStore(ABC):
    """The writing half of a store, in one folder.

    Args:
        path: Folder of journal, inputs and ledger.
        settings: Limits and the base IRI; the environment's where left out.
        at_step: Called with the name of each step of the protocol; tests end the process in it.

    Raises:
        Conflict: If another process has the folder open for writing.
    """

    _catalogue: Catalogue

    def __init__(self, path: Path, *, settings: Settings | None, at_step: Step | None) -> None:
        self._settings = settings or Settings()
        self._base = self._settings.base_iri
        path.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(path / "lock")
        self._at_step: Step = at_step or (lambda _name: None)
        self._writing = threading.RLock()
        self._closed = False
        self._under_way: Path | None = None  # of the entry that a gate is judging
        self._counted: list[Entry] = []  # entries that count but are not flushed yet
        self._journal = Journal(path / "journal")
        self._inputs = Inputs(path / "inputs")
        self._ledger = Ledger(path / "ledger.jsonl")

    @abstractmethod
    def _prepare(self, change: ChangeSet, identity: str) -> ChangeSet:
        """Return a change set as it is journaled, or raise InputError where it cannot be written."""

    @abstractmethod
    def _write(self, entry: Entry, entries: dict[str, GraphEntry]) -> None:
        """Apply and count an entry; ``entries`` is the catalogue as it will be. It may be done again."""

    @abstractmethod
    def _publish(self) -> str:
        """Make a state that holds every commit so far the newest one and return its last commit's id."""

    @abstractmethod
    def _lend(self) -> AbstractContextManager[Snapshot]:
        """Lend the newest state."""

    @abstractmethod
    def _put_away(self) -> None:
        """Put away entries that count, once they are safe."""

    def commit(
        self, changes: Sequence[ChangeSet], *, principal: Principal, gate: Gate | None = None
    ) -> list[Commit]:
        """Apply change sets, all or none, durably; see the port.

        Raises:
            InputError: If triples or a graph's name cannot be read; nothing is written.
            Forbidden: If a graph belongs to another tenant.
            GateRefused: If the gate finds a violation; nothing is written.
            StoreError: If journal or database fail; the last commit stands.
        """
        if not changes:
            return []
        with self._writing:
            self._open_or_fail()
            self._recover()
            for change in changes:
                self._permit(change, principal)
            contents = [content_hash(change) for change in changes]
            former = self._catalogue.repeats([one.graph for one in changes], contents)
            if former is not None:
                return [replace(one, repeated=True) for one in former]
            entry = self._journaled(changes, contents, principal)
            self._at_step("journal")
            self._under_way = entry.folder
            try:
                self._judge(entry, gate)
                self._journal.mark_judged(entry)
            except BaseException:
                self._journal.drop(entry)
                raise
            finally:
                self._under_way = None
            self._at_step("gate")
            return self._apply(entry)

    def _permit(self, change: ChangeSet, principal: Principal) -> None:
        if change.graph in {
            catalogue_graph(self._base).value,
            *(merged_graph(one, self._base).value for one in self._catalogue.tenants),
        }:
            raise InputError(
                f"Graph {change.graph} is kept by the store itself.",
                message_zh=f"图 {change.graph} 由存储自身维护。",
                next_step="Write to a graph of your own.",
                next_step_zh="请写入自己的图。",
                data={"graph": change.graph},
            )
        known = self._catalogue.entries.get(change.graph)
        owned = known is not None and known.role not in (*SHARED_ROLES, ARCHIVE)
        if known is not None and owned and known.tenant != principal.tenant:
            raise Forbidden(
                f"Graph {change.graph} belongs to another tenant than {principal.id}'s.",
                message_zh=f"图 {change.graph} 属于其他租户。",
                next_step="Write to a graph of your own tenant.",
                next_step_zh="请写入本租户的图。",
                data={"graph": change.graph, "tenant": principal.tenant},
            )

    def _journaled(
        self, changes: Sequence[ChangeSet], contents: Sequence[str], principal: Principal
    ) -> Entry:
        following = self._catalogue.sequence + 1
        # The same content once more, over another state, is another commit.
        ids = [
            sha256(f"{one}:{following + number}".encode()).hexdigest()
            if self._catalogue.has([one]) or one in contents[:number]
            else one
            for number, one in enumerate(contents)
        ]
        return self._journal.write(
            [
                self._prepare(change, identity)
                for change, identity in zip(changes, ids, strict=True)
            ],
            ids,
            contents=contents,
            sequence=following,
            principal=principal.id,
            tenant=principal.tenant,
            at=datetime.now(UTC).isoformat(),
        )

    def _judge(self, entry: Entry, gate: Gate | None) -> None:
        if gate is None:
            return
        self._publish()
        with self._lend() as snapshot:
            verdicts = [gate.judge(change, snapshot) for change in entry.changes]
        violations = [one for verdict in verdicts for one in verdict.violations]
        if violations:
            raise refusal(Verdict(tuple(violations)))

    def _apply(self, entry: Entry) -> list[Commit]:
        """Apply, count and note a judged entry; where it fails it stays in the journal, to be redone."""
        entries = {**self._catalogue.entries, **{one.graph: one for one in entries_of(entry)}}
        self._write(entry, entries)
        self._catalogue.entries.update(entries)
        commits = commits_of(entry)
        for commit, content in zip(commits, entry.contents, strict=True):
            self._catalogue.add(commit, content)
        self._at_step("count")
        self._note(entry)
        return commits

    def _merged_of(self, change: ChangeSet, tenant: str, entries: dict[str, GraphEntry]) -> Merged:
        """Return the merged graphs that a change touches."""
        if change.role == ARCHIVE:
            return []
        former = self._catalogue.entries.get(change.graph)
        tenants = {one.tenant for one in entries.values()}
        if change.role not in SHARED_ROLES:
            tenants = {tenant} | ({former.tenant} if former else set())
        return [
            (merged_graph(one, self._base).value, members(entries, one)) for one in sorted(tenants)
        ]

    def _note(self, entry: Entry) -> None:
        """Write the ledger's leaves."""
        for identity in entry.change_ids:
            self._ledger.append(identity, entry.at)
        self._at_step("ledger")
        self._counted.append(entry)
        self._put_away()

    def _recover(self) -> None:
        """Finish or take back what a former process, or a commit that failed, left open."""
        waiting = {self._under_way, *(one.folder for one in self._counted)}
        for entry in self._journal.pending():
            if entry.folder in waiting:
                continue
            if self._catalogue.has(entry.change_ids):
                self._note(entry)
            elif entry.judged:
                self._apply(entry)
            else:
                self._journal.drop(entry)

    def commits(self) -> list[Commit]:
        """Return every commit that counts, in order."""
        return list(self._catalogue.commits)

    def accept_input(self, name: str, content: bytes | Path, *, principal: Principal) -> Path:
        """Keep the raw bytes of an ingest, fsynced, before it is acknowledged; return where."""
        return self._inputs.accept(name, content, principal.id)

    def pending_inputs(self) -> list[Input]:
        """Return the accepted inputs whose ingest was not finished."""
        return self._inputs.pending()

    def finish_input(self, sha256: str, status: str) -> None:
        """Note what became of an input."""
        self._inputs.finish(sha256, status)

    def publish(self) -> str:
        """Publish a snapshot that holds every commit so far and return its last commit's id.

        Raises:
            StoreError: If the disk refuses, or a commit that failed before still cannot be finished.
        """
        with self._writing:
            self._open_or_fail()
            self._recover()
            return self._publish()

    def _limits(self, limits: Limits | None) -> Limits:
        return limits or Limits(
            seconds=self._settings.query_seconds,
            memory_mib=self._settings.query_memory_mib,
            rows=self._settings.query_rows,
        )

    def _open_or_fail(self) -> None:
        if self._closed:
            raise StoreError(
                "The store is closed.",
                message_zh="存储已关闭。",
                next_step="Open it again.",
                next_step_zh="请重新打开。",
            )


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Wrap what the database raises."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, SyntaxError, httpx.HTTPError) as error:
        raise StoreError(
            f"The database could not be {what}: {error}.",
            message_zh=f"数据库操作失败：{error}。",
            next_step="Free disk space or mend the disk. The last commit stands; one that was under way is "
            "finished by the next write or start.",
            next_step_zh="请释放磁盘空间或检查磁盘。最近一次提交仍然有效；进行中的提交将在下次写入或启动时完成。",
        ) from error


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
