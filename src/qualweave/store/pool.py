"""The pool of reader processes: each query from outside runs in one, with limits, and can be killed.

A worker (``worker.py``) opens the snapshot it is told, read-only. The parent watches the clock, the kernel
watches the address space, the worker counts rows and bytes. A worker that breaks a limit is killed by its
own process id and replaced; the others go on. While all are busy, clients take turns.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from qualweave.errors import InputError, LimitExceeded, StoreError
from qualweave.store.port import Answer, Dataset, Limits
from qualweave.store.snapshot import OxigraphSnapshot
from qualweave.store.wire import HEAD, OUT_OF_MEMORY, write_message

_WAIT_FACTOR = 2.0
_MOST_WAITING = 256
_START_SECONDS = 30.0
_FAILED_STARTS = 3
# What the allocator or the kernel's memory killer ends a process with.
_MEMORY_SIGNALS = {-signal.SIGABRT, -signal.SIGKILL, OUT_OF_MEMORY}
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")


class WorkerGoneError(Exception):
    """A worker ended; ``status`` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Worker:
    """One reader process and the pipes to it."""

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "qualweave.store.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # Nothing of the service's secrets goes along.
            env={**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if self._process.stdin is None or self._process.stdout is None:  # pragma: no cover
            raise StoreError("A reader process has no pipes.", message_zh="读进程没有管道。")
        self._to, self._from = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._from, select.POLLIN)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ready(self) -> bool:
        """Wait for the worker's first message; return whether it came."""
        with suppress(WorkerGoneError, TimeoutError):
            self._receive(time.monotonic() + _START_SECONDS)
            return True
        return False

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return head and body of the answer to a request.

        Raises:
            TimeoutError: If it did not come in time.
            WorkerGoneError: If the process ended.
        """
        try:
            write_message(self._to, request)
        except BrokenPipeError:
            raise WorkerGoneError(self._process.wait()) from None
        return self._receive(time.monotonic() + seconds)

    def _receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        head_size, body_size = HEAD.unpack(self._read(HEAD.size, deadline))
        head = orjson.loads(self._read(head_size, deadline))
        return head, self._read(body_size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise TimeoutError
            piece = os.read(self._from.fileno(), min(size - len(found), 1 << 20))
            if not piece:
                raise WorkerGoneError(self._process.wait())
            found += piece
        return bytes(found)

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._to.close()
        self._from.close()


class ReaderPool:
    """Reader processes that take queries in turn.

    Args:
        size: Number of processes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._all: set[Worker] = set()
        self._idle: list[Worker] = []
        self._waiting: OrderedDict[str, deque[object]] = OrderedDict()
        self._changed = threading.Condition()
        self._closed, self._failed = False, 0
        # Workers die with the thread that starts them, so it lives as long as the pool.
        self._starter = threading.Thread(target=self._start_workers, daemon=True, name="readers")
        self._starter.start()

    def _start_workers(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or len(self._all) < self._size)
                if self._closed:
                    return
            worker = Worker()
            ready = worker.ready()
            with self._changed:
                self._failed = 0 if ready else self._failed + 1
                used = ready and not self._closed
                if used:
                    self._all.add(worker)
                    self._idle.append(worker)
                self._changed.notify_all()
            if not used:
                worker.kill()
                time.sleep(min(self._failed, 5) * 0.2)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        with self._changed:
            return sorted(worker.pid for worker in self._all)

    def ask(
        self,
        sparql: str,
        *,
        snapshot: OxigraphSnapshot,
        dataset: Dataset,
        limits: Limits,
        accept: str,
        default_uris: tuple[str, ...] = (),
        named_uris: tuple[str, ...] = (),
        client: str = "",
    ) -> Answer:
        """Answer a query in a worker; see `Store.query`.

        Raises:
            LimitExceeded: If no worker came free in time, or the query met a limit.
            InputError: If the query may not be asked, or its answer has no such form.
            StoreError: If the worker failed.
        """
        merged = snapshot.default_graphs(dataset.default) if len(dataset.default) > 1 else []
        request = {
            "query": sparql,
            "snapshot": str(snapshot.path),
            "default": dataset.default,
            "named": dataset.named,
            "merged": merged[0].value if len(merged) == 1 else "",
            "default_uris": default_uris,
            "named_uris": named_uris,
            "rows": limits.rows,
            "memory_mib": limits.memory_mib,
            "answer_mib": limits.answer_mib,
            "accept": accept,
        }
        with self._worker(client, limits) as worker:
            head, body = self._asked(worker, request, limits)
        if "error" in head:
            raise _refused(head, limits)
        return Answer(
            form=head["form"],
            media_type=head["media_type"],
            body=body,
            rows=head["rows"],
            seconds=head["seconds"],
            commit=snapshot.commit,
        )

    def _asked(
        self, worker: Worker, request: dict[str, Any], limits: Limits
    ) -> tuple[dict[str, Any], bytes]:
        try:
            head, body = worker.ask(request, limits.seconds)
        except TimeoutError:
            worker.kill()
            raise exceeded("time", limits) from None
        except WorkerGoneError as gone:
            if gone.status in _MEMORY_SIGNALS:
                raise exceeded("memory", limits) from gone
            raise StoreError(
                f"The reader process ended with status {gone.status}.",
                message_zh=f"读取进程异常退出，状态 {gone.status}。",
                next_step="Send the query again; if it happens again, simplify it and report it.",
                next_step_zh="请重试；若再次出现，请简化查询并报告。",
            ) from gone
        if head.get("swollen"):
            worker.kill()  # its next query would start with half of its memory gone
        return head, body

    @contextmanager
    def _worker(self, client: str, limits: Limits) -> Iterator[Worker]:
        """Lend a worker; one that is not alive, or not done, afterwards is replaced."""
        worker = self._take(client, limits)
        done = False
        try:
            yield worker
            done = True
        finally:
            if done and worker.alive():
                with self._changed:
                    if not self._closed:
                        self._idle.append(worker)
                    self._changed.notify_all()
            else:
                self._discard(worker)

    def _take(self, client: str, limits: Limits) -> Worker:
        ticket = object()
        with self._changed:
            if sum(map(len, self._waiting.values())) >= _MOST_WAITING:
                raise _busy(0.0, self._size)
            self._waiting.setdefault(client, deque()).append(ticket)
            try:
                self._changed.wait_for(
                    lambda: (
                        self._closed
                        or self._failed >= _FAILED_STARTS
                        or (bool(self._idle) and self._next() is ticket)
                    ),
                    limits.seconds * _WAIT_FACTOR,
                )
                if self._closed:
                    raise StoreError(
                        "The store was closed.",
                        message_zh="存储已关闭。",
                        next_step="Open it again.",
                        next_step_zh="请重新打开。",
                    )
                if self._failed >= _FAILED_STARTS:
                    raise StoreError(
                        "Reader processes do not start.",
                        message_zh="读进程无法启动。",
                        next_step="Look whether the machine has memory and processes left.",
                        next_step_zh="请检查机器的内存与进程数。",
                    )
                if not self._idle or self._next() is not ticket:
                    raise _busy(limits.seconds * _WAIT_FACTOR, self._size)
                return self._idle.pop()
            finally:
                self._leave(client, ticket)

    def _next(self) -> object:
        """Return the ticket whose turn it is: clients in turn, each one's queries in order."""
        return next(iter(self._waiting.values()))[0]

    def _leave(self, client: str, ticket: object) -> None:
        self._waiting[client].remove(ticket)
        if self._waiting[client]:
            self._waiting.move_to_end(client)
        else:
            del self._waiting[client]
        self._changed.notify_all()

    def _discard(self, worker: Worker) -> None:
        worker.kill()
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()

    def close(self) -> None:
        """End every worker."""
        with self._changed:
            self._closed = True
            workers, self._all = self._all, set()
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.kill()
        self._starter.join(timeout=_START_SECONDS)


def exceeded(limit: str, limits: Limits) -> LimitExceeded:
    """Return the error of a query that met a limit, with what to change."""
    english, chinese, advice, advice_zh, value = _LIMIT_WORDS[limit]
    found = getattr(limits, value)
    return LimitExceeded(
        english.format(found),
        message_zh=chinese.format(found),
        next_step=advice.format(found),
        next_step_zh=advice_zh.format(found),
        data={"limit": limit, value: found},
    )


_LIMIT_WORDS = {
    "time": (
        "The query was stopped after {:g} s, the time limit.",
        "查询超过时间上限 {:g} 秒，已被终止。",
        "Name more of what you look for, join on more variables, or trace with /trace/{{id}}.",
        "请增加限定条件、避免笛卡尔积，或改用 /trace/{{id}} 追溯。",
        "seconds",
    ),
    "memory": (
        "The query was stopped: it wanted more than {} MiB, the memory limit.",
        "查询超过内存上限 {} MiB，已被终止。",
        "Aggregate or sort fewer rows: filter first, and leave out GROUP_CONCAT over everything.",
        "请先过滤再聚合或排序，避免对全部数据使用 GROUP_CONCAT。",
        "memory_mib",
    ),
    "rows": (
        "The answer has more than {} rows, the row limit.",
        "结果超过行数上限 {}。",
        "Add LIMIT {} (and ORDER BY and OFFSET to go on), or narrow the query.",
        "请添加 LIMIT {}（用 ORDER BY 和 OFFSET 翻页），或缩小查询范围。",
        "rows",
    ),
    "size": (
        "The answer is larger than {} MiB, the size limit.",
        "结果超过大小上限 {} MiB。",
        "Select fewer columns or rows, or shorten long texts with SUBSTR.",
        "请减少列或行，或用 SUBSTR 截短长文本。",
        "answer_mib",
    ),
}


def _busy(seconds: float, size: int) -> LimitExceeded:
    return LimitExceeded(
        f"All {size} readers were busy for {seconds:g} s."
        if seconds
        else f"All {size} readers are busy and too many queries wait.",
        message_zh=f"全部 {size} 个读取进程持续繁忙。",
        next_step="Try again shortly, or raise QUALWEAVE_QUERY_WORKERS.",
        next_step_zh="请稍后重试，或增大 QUALWEAVE_QUERY_WORKERS。",
        data={"limit": "workers", "workers": size},
    )


def _refused(head: dict[str, Any], limits: Limits) -> InputError | LimitExceeded | StoreError:
    if head["error"] == "limit":
        return exceeded(head["limit"], limits)
    if head["error"] == "input":
        return InputError(
            head["detail"],
            message_zh=head.get("detail_zh"),
            next_step=head.get("next_step")
            or "Correct the query; the example queries show the form that is understood.",
            next_step_zh=head.get("next_step_zh") or "请更正查询；可参考示例查询。",
            data=head.get("data", {}),
        )
    return StoreError(
        f"The query could not be evaluated: {head['message']}",
        message_zh=f"查询无法执行：{head['message']}",
        next_step="Send it again; if it happens again, simplify it and report it.",
        next_step_zh="请重试；若再次出现，请简化查询并报告。",
    )
