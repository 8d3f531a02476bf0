"""Reader processes: limits are kept, clients take turns, and nothing is left behind."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from qualweave.config import Settings
from qualweave.errors import LimitExceeded, StoreError
from qualweave.store.oxigraph import OxigraphStore
from qualweave.store.port import ChangeSet, Dataset, Limits
from tests.store.contract import G1, WHO, triple

ALL = "SELECT ?s WHERE { ?s <https://example.org/p> ?v }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z . ?d ?t ?w }"
DATASET = Dataset((G1,), (G1,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OxigraphStore]:
    made = OxigraphStore(tmp_path / "store", settings=Settings(query_workers=1))
    rows = b"".join(triple(number, "v" * 50) for number in range(2000))
    made.commit([ChangeSet(G1, "data", rows)], principal=WHO)
    made.publish()
    yield made
    made.close()


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not holds():
        time.sleep(0.02)
    return holds()


def test_clients_take_turns_while_readers_are_busy(store: OxigraphStore) -> None:
    order: list[str] = []

    def ask(client: str) -> None:
        limits = Limits(seconds=20.0)
        store.query(
            "SELECT (COUNT(*) AS ?n) { { SELECT * { ?a ?p ?x } LIMIT 200 } ?b ?q ?x }",
            dataset=DATASET,
            limits=limits,
            client=client,
        )
        order.append(client)

    store.query("ASK {}", dataset=DATASET)
    threads = []
    for client in ("greedy", "greedy", "greedy", "greedy", "modest"):
        threads.append(threading.Thread(target=ask, args=(client,)))
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()

    assert order.index("modest") <= 2


def test_who_waits_too_long_is_told_to_come_again(store: OxigraphStore) -> None:
    store.query("ASK {}", dataset=DATASET)
    errors: list[LimitExceeded] = []

    def hold() -> None:
        try:
            store.query(ENDLESS, dataset=DATASET, limits=Limits(seconds=1.5))
        except LimitExceeded as error:
            errors.append(error)

    holder = threading.Thread(target=hold)
    holder.start()
    time.sleep(0.2)
    with pytest.raises(LimitExceeded, match="busy") as caught:
        store.query(ALL, dataset=DATASET, limits=Limits(seconds=0.2))
    holder.join()

    assert caught.value.data["limit"] == "workers"
    assert errors[0].data == {"limit": "time", "seconds": 1.5}
    assert store.query(ALL, dataset=DATASET).rows == 2000


def test_an_answer_too_large_for_the_service_is_stopped(store: OxigraphStore) -> None:
    long = "SELECT (CONCAT(?v, ?v, ?v, ?v) AS ?w) { ?s ?p ?v . ?t ?q ?v } LIMIT 9000"

    with pytest.raises(LimitExceeded, match="larger than 1 MiB"):
        store.query(long, dataset=DATASET, limits=Limits(answer_mib=1))


def test_a_group_concat_of_everything_ends_at_the_memory_limit(store: OxigraphStore) -> None:
    everything = "SELECT (GROUP_CONCAT(CONCAT(?x, ?y)) AS ?all) { ?a ?p ?x . ?b ?q ?y }"

    with pytest.raises(LimitExceeded, match="memory limit"):
        store.query(everything, dataset=DATASET, limits=Limits(seconds=30, memory_mib=256))
    assert store.query(ALL, dataset=DATASET).rows == 2000


def test_a_worker_outlives_the_thread_that_asked_first(store: OxigraphStore) -> None:
    thread = threading.Thread(target=lambda: store.query("ASK {}", dataset=DATASET))
    thread.start()
    thread.join()
    first = store._readers().pids()
    time.sleep(0.3)

    assert store.query(ALL, dataset=DATASET).rows == 2000
    assert store._readers().pids() == first


def test_a_worker_that_was_killed_is_replaced(store: OxigraphStore) -> None:
    store.query("ASK {}", dataset=DATASET)
    former = store._readers().pids()[0]

    psutil.Process(former).kill()
    with pytest.raises((LimitExceeded, StoreError)):
        store.query(ALL, dataset=DATASET)

    assert store.query(ALL, dataset=DATASET).rows == 2000
    assert former not in store._readers().pids()


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def pause(step: str) -> None:
        if step == "apply":
            inside.set()
            go_on.wait(10)

    store = OxigraphStore(tmp_path, settings=Settings(publish_interval_ms=0), at_step=pause)
    writer = threading.Thread(
        target=lambda: store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
    )
    writer.start()
    assert inside.wait(10)

    with store.snapshot() as snapshot:
        before = snapshot.select(ALL)
    assert store.query(ALL, dataset=DATASET).rows == 0
    go_on.set()
    writer.join()

    assert before == []
    with store.snapshot() as snapshot:
        assert len(snapshot.select(ALL)) == 1
    store.close()


def test_a_closed_store_says_so(store: OxigraphStore) -> None:
    store.close()

    for call in (store.publish, store.snapshot, lambda: store.query(ALL, dataset=DATASET)):
        with pytest.raises(StoreError, match="closed"):
            call()


ORPHAN = textwrap.dedent("""
    import sys, threading, time
    from pathlib import Path
    from qualweave.store.oxigraph import open_store
    from qualweave.store.port import ChangeSet, Dataset, Limits
    from tests.store.contract import G1, WHO, triple

    store = open_store(Path(sys.argv[1]))
    store.commit([ChangeSet(G1, "data", b"".join(triple(n) for n in range(2000)))], principal=WHO)
    store.publish()
    store.query("ASK {}", dataset=Dataset((), ()))
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"
    asking = dict(dataset=Dataset((G1,), ()), limits=Limits(seconds=60))
    threading.Thread(target=store.query, args=(query,), kwargs=asking, daemon=True).start()
    time.sleep(0.3)
    print(*store._readers().pids(), flush=True)
    time.sleep(60)
""")


def test_workers_die_with_their_service(tmp_path: Path) -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, tmp_path], stdout=subprocess.PIPE, env=environment()
    )
    assert service.stdout is not None
    workers = [int(one) for one in service.stdout.readline().split()]
    assert workers
    assert all(psutil.pid_exists(one) for one in workers)

    service.kill()
    service.wait()
    service.stdout.close()

    assert eventually(lambda: not any(_runs(one) for one in workers))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


SOCKET = textwrap.dedent("""
    import socket
    from qualweave.store.confine import give_up_sockets

    print(give_up_sockets())
    try:
        socket.socket()
    except PermissionError:
        print("refused")
""")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_a_confined_process_cannot_open_a_socket() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SOCKET], capture_output=True, check=True, env=environment()
    )

    assert ended.stdout.split() == [b"True", b"refused"]


def environment() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
