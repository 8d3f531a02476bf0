"""The embedded store: Oxigraph on disk, one writing process, snapshots for everybody who reads.

Readers never wait for a writer: they are lent the newest snapshot that is published.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import NamedNode

from qualweave.config import Settings
from qualweave.errors import StoreError
from qualweave.store.apply import apply_change, merge_all, prepared
from qualweave.store.catalogue import Catalogue, counting_update, members, merged_graph
from qualweave.store.committing import JournaledStore, Step, store_errors
from qualweave.store.journal import Entry
from qualweave.store.pool import ReaderPool
from qualweave.store.port import Answer, ChangeSet, Dataset, GraphEntry, Limits
from qualweave.store.publication import Publication
from qualweave.store.snapshot import OxigraphSnapshot

_MOST_OPEN = 64


def open_store(path: Path, settings: Settings | None = None) -> "OxigraphStore":
    """Open the store of a folder, making it where it is not there yet.

    Raises:
        Conflict: If another process writes to it.
    """
    return OxigraphStore(path, settings=settings)


_log = logging.getLogger(__name__)


class OxigraphStore(JournaledStore):
    """`Store` on Oxigraph, in one folder.

    Args:
        path: Folder of the database, journal, inputs, snapshots and ledger.
        settings: Limits and the base IRI; the environment's where left out.
        at_step: Called with the name of each step of the protocol; tests end the process in it.

    Raises:
        Conflict: If another process has the folder open for writing.
        StoreError: If the database cannot be opened.
    """

    def __init__(
        self, path: Path, *, settings: Settings | None = None, at_step: Step | None = None
    ) -> None:
        super().__init__(path, settings=settings, at_step=at_step)
        self._starting = threading.Lock()
        self._pool: ReaderPool | None = None
        try:
            with store_errors("opened"):
                self._store = ox.Store(str(path / "db"))
            self._catalogue = Catalogue.read(self._store, self._base)
            self._dirty = True
            self._recover()
            self._flush()
            self._publication = Publication(path / "snapshots", kept=self._settings.snapshots_kept)
            self._publish()
        except BaseException:
            self._lock_file.close()
            raise

    # --- writing -----------------------------------------------------------------------------

    def _prepare(self, change: ChangeSet, identity: str) -> ChangeSet:
        return prepared(change, identity, self._store)

    def _write(self, entry: Entry, entries: dict[str, GraphEntry]) -> None:
        with store_errors("written"):
            if entry.tenant not in self._catalogue.tenants:
                target = merged_graph(entry.tenant, self._base)
                merge_all(self._store, target, members(self._catalogue.entries, entry.tenant))
            for change in entry.changes:
                merged = self._merged_of(change, entry.tenant, entries)
                apply_change(self._store, change, [(NamedNode(name), of) for name, of in merged])
                self._at_step("apply")
            self._store.update(counting_update(self._base, entry))
        self._dirty = True

    def _put_away(self) -> None:
        if len(self._counted) >= _MOST_OPEN:
            self._flush()

    def _flush(self) -> None:
        """Put counted entries away, after the database has them on disk without its write-ahead log."""
        if self._counted:
            with store_errors("flushed"):
                self._store.flush()
        while self._counted:
            self._journal.finish(self._counted.pop(0))

    # --- reading -----------------------------------------------------------------------------

    def _publish(self) -> str:
        if self._dirty:
            with store_errors("published"):
                self._publication.publish(self._store, self._catalogue)
            self._dirty = False
            self._flush()
        return self._publication.newest().commit

    def _lend(self) -> AbstractContextManager[OxigraphSnapshot]:
        return self._publication.lend()

    def snapshot(self) -> AbstractContextManager[OxigraphSnapshot]:
        """Lend the newest snapshot, publishing one first where commits wait and the interval has passed."""
        self._open_or_fail()
        interval = self._settings.publish_interval_ms
        # Only where no commit is under way: a reader does not wait for a writer.
        if (
            self._dirty
            and self._publication.age_ms >= interval
            and self._writing.acquire(blocking=False)
        ):
            try:
                self.publish()
            except (
                StoreError
            ) as error:  # the last snapshot is there: a full disk is the writer's trouble
                _log.warning("no new snapshot: %s", error)
            finally:
                self._writing.release()
        return self._publication.lend()

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
        """Answer a query from outside, guarded; see the port."""
        with self.snapshot() as snapshot:
            return self._readers().ask(
                sparql,
                snapshot=snapshot,
                dataset=dataset,
                default_uris=tuple(default_uris),
                named_uris=tuple(named_uris),
                limits=self._limits(limits),
                accept=accept,
                client=client,
            )

    def _readers(self) -> ReaderPool:
        with self._starting:
            if self._pool is None:
                self._pool = ReaderPool(self._settings.query_workers)
            return self._pool

    def close(self) -> None:
        """Stop workers and let go of the files."""
        with self._writing, self._starting:
            if self._closed:
                return
            self._closed = True
            if self._pool is not None:
                self._pool.close()
            self._publication.close()
            self._flush()
            del self._store
            self._lock_file.close()
