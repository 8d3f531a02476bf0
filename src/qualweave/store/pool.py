"""The pool of reader processes: each query from outside runs in one, with limits, and can be killed.

A worker (``worker.py``) opens the snapshot it is told, read-only. The parent watches the clock, the kernel
watches the address space, the worker counts the rows. A worker that breaks a limit is killed by its own
process id and replaced; the others go on.
"""

import queue
import select
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import orjson

from qualweave.errors import InputError, LimitExceeded, StoreError
from qualweave.store.port import Answer, Dataset, Limits

_HEAD = struct.Struct(">II")
_WAIT_FACTOR = 2.0


def write_message(stream: IO[bytes], head: dict[str, Any], body: bytes = b"") -> None:
    """Write one framed message: JSON head and raw body."""
    packed = orjson.dumps(head)
    stream.write(_HEAD.pack(len(packed), len(body)) + packed)
    stream.write(body)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read one framed message, or None where the stream ended."""
    packed = stream.read(_HEAD.size)
    if len(packed) < _HEAD.size:
        return None
    head_size, body_size = _HEAD.unpack(packed)
    head, body = stream.read(head_size), stream.read(body_size)
    if len(head) < head_size or len(body) < body_size:
        return None
    return orjson.loads(head), body


class Worker:
    """One reader process and the pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qualweave.store.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if self._process.stdin is None or self._process.stdout is None:  # pragma: no cover
            raise StoreError("A reader process has no pipes.")
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes] | str:
        """Return the answer, or the name of the limit that was met (the worker is dead then)."""
        try:
            write_message(self._to, request)
            ready, _, _ = select.select([self._from], [], [], seconds)
            if not ready:
                self.kill()
                return "time"
            answer = read_message(self._from)
        except BrokenPipeError:
            answer = None
        if answer is None:  # the address-space limit ends the process: the allocator aborts
            self.kill()
            return "memory"
        return answer

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()


class ReaderPool:
    """Reader processes that take queries in turn.

    Args:
        size: Number of processes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: queue.Queue[Worker] = queue.Queue()
        self._all: set[Worker] = set()
        self._mutex = threading.Lock()
        self._closed = False
        for _ in range(size):
            self._start()

    def _start(self) -> None:
        worker = Worker()
        with self._mutex:
            self._all.add(worker)
        self._idle.put(worker)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        with self._mutex:
            return sorted(worker.pid for worker in self._all)

    def ask(
        self,
        sparql: str,
        *,
        snapshot: Path,
        commit: str,
        dataset: Dataset,
        limits: Limits,
        media_type: str,
    ) -> Answer:
        """Answer a query in a worker.

        Raises:
            LimitExceeded: If no worker came free in time, or the query met a limit.
            InputError: If the query does not parse or its answer has no such form.
        """
        try:
            worker = self._idle.get(timeout=limits.seconds * _WAIT_FACTOR)
        except queue.Empty as error:
            raise _busy(limits, self._size) from error
        request = {
            "query": sparql,
            "snapshot": str(snapshot),
            "default": list(dataset.default),
            "named": list(dataset.named),
            "rows": limits.rows,
            "memory_mib": limits.memory_mib,
            "media_type": media_type,
        }
        started = time.monotonic()
        answer = worker.ask(request, limits.seconds)
        if isinstance(answer, str):
            self._replace(worker)
            raise exceeded(answer, limits)
        self._idle.put(worker)
        head, body = answer
        if "error" in head:
            raise _refused(head, limits)
        return Answer(
            form=head["form"],
            media_type=head["media_type"],
            body=body,
            rows=head["rows"],
            seconds=time.monotonic() - started,
            commit=commit,
        )

    def _replace(self, worker: Worker) -> None:
        with self._mutex:
            self._all.discard(worker)
            closed = self._closed
        if not closed:
            self._start()

    def close(self) -> None:
        """End every worker."""
        with self._mutex:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.kill()


def exceeded(limit: str, limits: Limits) -> LimitExceeded:
    """Return the error of a query that met a limit, with what to change."""
    if limit == "time":
        return LimitExceeded(
            f"The query was stopped after {limits.seconds:g} s, the time limit.",
            message_zh=f"查询超过时间上限 {limits.seconds:g} 秒，已被终止。",
            next_step="Name more of what you look for, join on fewer variables, or trace with /trace/{id}.",
            next_step_zh="请增加限定条件、减少笛卡尔积，或改用 /trace/{id} 追溯。",
            data={"limit": "time", "seconds": limits.seconds},
        )
    if limit == "memory":
        return LimitExceeded(
            f"The query was stopped: it wanted more than {limits.memory_mib} MiB, the memory limit.",
            message_zh=f"查询超过内存上限 {limits.memory_mib} MiB，已被终止。",
            next_step="Aggregate or sort fewer rows: filter first, and leave out GROUP_CONCAT over everything.",
            next_step_zh="请先过滤再聚合或排序，避免对全部数据使用 GROUP_CONCAT。",
            data={"limit": "memory", "memory_mib": limits.memory_mib},
        )
    return LimitExceeded(
        f"The answer has more than {limits.rows} rows, the row limit.",
        message_zh=f"结果超过行数上限 {limits.rows}。",
        next_step=f"Add LIMIT {limits.rows} (and OFFSET to go on), or narrow the query.",
        next_step_zh=f"请添加 LIMIT {limits.rows}（用 OFFSET 翻页），或缩小查询范围。",
        data={"limit": "rows", "rows": limits.rows},
    )


def _busy(limits: Limits, size: int) -> LimitExceeded:
    return LimitExceeded(
        f"All {size} readers were busy for {limits.seconds * _WAIT_FACTOR:g} s.",
        message_zh=f"全部 {size} 个读取进程持续繁忙。",
        next_step="Try again shortly, or raise QUALWEAVE_QUERY_WORKERS.",
        next_step_zh="请稍后重试，或增大 QUALWEAVE_QUERY_WORKERS。",
        data={"limit": "workers", "workers": size},
    )


def _refused(head: dict[str, Any], limits: Limits) -> InputError | LimitExceeded | StoreError:
    if head["error"] in {"rows", "memory"}:
        return exceeded(head["error"], limits)
    if head["error"] == "input":
        return InputError(
            head["message"],
            next_step="Correct the query; the example queries show the form that is understood.",
            next_step_zh="请更正查询；可参考示例查询。",
        )
    return StoreError(head["message"])
