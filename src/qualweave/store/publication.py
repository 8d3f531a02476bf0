"""Snapshots of the embedded store: made from the database, lent while they are read, pruned afterwards.

A snapshot is an Oxigraph backup (hard links), so it costs milliseconds and hardly any disk, and it never
changes. Whoever reads holds it by a count; only snapshots that nobody holds are taken away.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph as ox

from qualweave.store.catalogue import Catalogue
from qualweave.store.snapshot import OxigraphSnapshot


class Publication:
    """The published snapshots in a folder.

    Args:
        folder: Where they are; what a former process left there is taken away.
        kept: How many are kept besides those in use.
    """

    def __init__(self, folder: Path, *, kept: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)  # they can be made again
        folder.mkdir(parents=True)
        self._folder, self._kept = folder, kept
        self._mutex = threading.Lock()
        self._held: dict[Path, int] = {}
        self._there: list[OxigraphSnapshot] = []
        self._at = 0.0

    @property
    def age_ms(self) -> float:
        """Milliseconds since the newest snapshot was published."""
        return (time.monotonic() - self._at) * 1000

    def publish(self, store: ox.Store, catalogue: Catalogue) -> None:
        """Publish the present state of a database; its caller keeps writers away meanwhile."""
        place = self._folder / f"{time.time_ns():020d}"
        store.backup(str(place))
        made = OxigraphSnapshot(place, catalogue.base, catalogue=catalogue)
        with self._mutex:
            self._there.append(made)
            self._at = time.monotonic()
        self._prune()

    @contextmanager
    def lend(self) -> Iterator[OxigraphSnapshot]:
        """Lend the newest snapshot; it stays for as long as the block runs."""
        with self._mutex:
            chosen = self._there[-1]
            self._held[chosen.path] = self._held.get(chosen.path, 0) + 1
        try:
            yield chosen
        finally:
            with self._mutex:
                self._held[chosen.path] -= 1
                if not self._held[chosen.path]:
                    del self._held[chosen.path]
            self._prune()

    def newest(self) -> OxigraphSnapshot:
        """Return the newest snapshot without holding it."""
        with self._mutex:
            return self._there[-1]

    def _prune(self) -> None:
        with self._mutex:
            old = [one for one in self._there[: -self._kept] if one.path not in self._held]
            self._there = [one for one in self._there if one not in old]
        for one in old:
            shutil.rmtree(one.path, ignore_errors=True)

    def close(self) -> None:
        """Let go of the snapshots; those still lent stay readable until they are given back."""
        with self._mutex:
            self._there.clear()
