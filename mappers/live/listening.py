"""`Listening`: one source, its spools and the ingest of what they seal, until it is stopped.

The source runs in a thread of its own, so that a slow ingest never keeps a message from being acknowledged; what
is sealed waits on disk, and what a killed process left there is taken up first.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qualweave.config import Settings
from qualweave.errors import QualweaveError, SourceUnavailable
from qualweave.mappers.live.port import LiveSource
from qualweave.mappers.live.spool import UNNAMED, Spools
from qualweave.mappers.report import FileReport, IngestReport

Ingest = Callable[[Path], IngestReport]
"""Ingests every file of a folder; `Service.ingest` for one principal."""
Told = Callable[["LiveState"], None]
_TICK = 0.1  # seconds between looks at the spools


@dataclass
class LiveState:
    """Where a listening stands; counts since it was started.

    Attributes:
        source: Address of the server or broker.
        running: Whether the source is still listened to.
        kept: Readings and gaps that are on disk.
        repeated: Redeliveries that were left out.
        segments: Sealed segments that were ingested.
        rows_lifted: Rows in the graph.
        rows_quarantined: Rows that wait with a reason.
        rows_waiting: Rows of channels with too little known of their fields.
        asked: Fields that wait for an answer.
        refused: Segments that the ingest refused; they are kept.
        error: Why it ended, ``""`` where it did not fail.
        error_zh: The same in Chinese.
    """

    source: str
    running: bool = False
    kept: int = 0
    repeated: int = 0
    segments: int = 0
    rows_lifted: int = 0
    rows_quarantined: int = 0
    rows_waiting: int = 0
    asked: int = 0
    refused: int = 0
    error: str = ""
    error_zh: str = ""

    def fail(self, error: QualweaveError) -> None:
        """Note why it ended, with the next step."""
        self.running, self.error, self.error_zh = False, str(error), error.in_language("zh")

    def add(self, report: FileReport) -> None:
        """Count what became of a segment."""
        self.segments += 1
        self.rows_lifted += report.rows_lifted
        self.rows_quarantined += report.rows_quarantined
        self.rows_waiting += report.rows_waiting
        self.asked = max(self.asked, report.asked)
        self.refused += report.status == "refused"


class _Patience:
    """When it is enough: after a time, or when nothing new has come for a while."""

    def __init__(self, seconds: float | None, quiet: float | None) -> None:
        self._quiet = quiet
        self._last = self._start = time.monotonic()
        self._until = self._start + seconds if seconds is not None else None
        self._kept = 0

    def is_over(self, kept: int) -> bool:
        now = time.monotonic()
        if kept != self._kept:
            self._kept, self._last = kept, now
        if self._until is not None and now >= self._until:
            return True
        return self._quiet is not None and kept > 0 and now - self._last >= self._quiet


@dataclass
class Listening:
    """A source being listened to.

    Args:
        source: The source.
        folder: The tenant's folder of live data.
        ingest: Ingests the files of a folder.
        settings: When segments are sealed.
        told: Told the state after every ingest.
        name: What the source is called: the folder of its segments.
    """

    source: LiveSource
    folder: Path
    ingest: Ingest
    settings: Settings
    told: Told | None = None
    name: str = UNNAMED
    stop: threading.Event = field(default_factory=threading.Event)
    state: LiveState = field(init=False)

    def __post_init__(self) -> None:
        """Open the spools."""
        self.state = LiveState(self.source.name)
        given = self.settings
        self.spools = Spools(
            self.folder,
            rows=given.live_rows,
            seconds=given.live_seconds,
            series=(given.live_series_rows, given.live_series_seconds),
            name=self.name,
        )
        self._failure: QualweaveError | None = None

    def run(self, seconds: float | None = None, *, quiet: float | None = None) -> LiveState:
        """Listen until `stop` is set or a time has passed; whatever came in is in the graph when it returns.

        Args:
            seconds: For how long; without end where None.
            quiet: Seconds without anything new after which it is enough, once something came.

        Raises:
            SourceUnavailable: If the source can never work.
            StoreError: If the disk refuses; nothing that was not kept has been acknowledged.
        """
        thread = threading.Thread(target=self._source, name=f"live {self.source.name}", daemon=True)
        try:
            self.spools.seal(everything=True)  # a segment holds what came without an interruption
            self._drain()
            self.state.running = True
            thread.start()
            self._attend(thread, _Patience(seconds, quiet))
            self.stop.set()
            thread.join()
            self.spools.seal(everything=True)
            self._drain()
        finally:
            self.stop.set()
            self.spools.close()
            self.state.running = False
        self._count()
        if self._failure is not None:
            raise self._failure
        return self.state

    def _attend(self, thread: threading.Thread, patience: "_Patience") -> None:
        while thread.is_alive() and not self.stop.wait(_TICK):
            self.spools.seal()
            self._drain()
            if patience.is_over(self.spools.kept):
                return

    def run_quietly(self) -> None:
        """Run without end; a failure stands in the state instead of being raised."""
        try:
            self.run()
        except QualweaveError as error:
            self.state.fail(error)
        except Exception as error:  # noqa: BLE001 - in a thread that nobody else looks at
            self.state.fail(self._unexpected(error))

    def _source(self) -> None:
        try:
            self.source.run(self.spools, self.stop)
        except QualweaveError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - of a library, in a thread that nobody else looks at
            self._failure = self._unexpected(error)

    def _unexpected(self, error: Exception) -> SourceUnavailable:
        return SourceUnavailable(
            f"Listening to {self.source.name} failed: {error!r}.",
            message_zh=f"监听 {self.source.name} 失败：{error!r}。",
            next_step="Start it again; what was acknowledged is kept. Report it if it comes again.",
            next_step_zh="请重新启动；已确认的数据均已保存。如再次出现请反馈。",
            data={"address": self.source.name},
        )

    def _count(self) -> None:
        self.state.kept, self.state.repeated = self.spools.kept, self.spools.repeated
        if self.told is not None:
            self.told(self.state)

    def _drain(self) -> None:
        """Ingest what is sealed; the file of a segment goes once its bytes are with the store."""
        waiting = self.spools.waiting()
        if not waiting:
            self._count()
            return
        report = self.ingest(self.spools.sealed_folder)
        for one in report.files:
            self.state.add(one)
            (self.spools.sealed_folder / one.file).unlink(missing_ok=True)
        self._count()
