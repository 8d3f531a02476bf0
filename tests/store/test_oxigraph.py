"""The embedded store: the contract, and what only a store on disk can show."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from qualweave.config import Settings
from qualweave.errors import Conflict, LimitExceeded
from qualweave.store.ledger import Ledger
from qualweave.store.oxigraph import OxigraphStore, open_store
from qualweave.store.port import ChangeSet, Dataset, Limits
from tests.store.contract import G1, G2, WHO, StoreContract, triple

ALL = "SELECT ?s WHERE { ?s <https://example.org/p> ?v }"
PAIRS = "SELECT ?s ?v WHERE { ?s <https://example.org/p> ?v }"
MINUTES = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z . ?d ?t ?w }"
MEMORY = "SELECT ?a ?b ?x ?y WHERE { ?a ?p ?x . ?b ?q ?y } ORDER BY ?y ?x ?b"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OxigraphStore]:
    made = open_store(tmp_path / "store", Settings(query_workers=1, publish_interval_ms=0))
    yield made
    made.close()


class TestOxigraphStore(StoreContract):
    """The contract on the embedded store."""


def test_a_second_writer_is_told_to_use_the_service(store: OxigraphStore, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="Another process"):
        open_store(tmp_path / "store")


def test_the_ledger_shows_a_changed_leaf(store: OxigraphStore, tmp_path: Path) -> None:
    for number in range(3):
        store.commit([ChangeSet(G1, "data", triple(number))], principal=WHO)
    path = tmp_path / "store" / "ledger.jsonl"
    assert Ledger(path).verify() == 3

    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[2]]) + "\n")

    with pytest.raises(Exception, match="Leaf 2"):
        Ledger(path).verify()


def test_snapshots_are_pruned_but_never_while_lent(store: OxigraphStore, tmp_path: Path) -> None:
    store.commit([ChangeSet(G1, "data", triple(0))], principal=WHO)
    store.publish()
    with store.snapshot() as held:
        for number in range(1, 8):
            store.commit([ChangeSet(G1, "data", triple(number))], principal=WHO)
            store.publish()

        assert len(held.select(ALL)) == 1
        assert len(list((tmp_path / "store" / "snapshots").iterdir())) <= 4


@pytest.fixture
def full(tmp_path: Path) -> Iterator[OxigraphStore]:
    made = open_store(tmp_path / "full", Settings(query_workers=2))
    rows = b"".join(triple(number, "v" * 50) for number in range(3000))
    made.commit([ChangeSet(G1, "data", rows)], principal=WHO)
    made.publish()
    yield made
    made.close()


@pytest.mark.parametrize(("query", "limit"), [(MINUTES, "time"), (MEMORY, "memory")])
def test_a_query_over_its_limit_ends_while_others_are_served(
    full: OxigraphStore, query: str, limit: str
) -> None:
    dataset, caught = Dataset((G1,), ()), list[LimitExceeded]()

    def bad() -> None:
        try:
            full.query(query, dataset=dataset, limits=Limits(seconds=4, memory_mib=256))
        except LimitExceeded as error:
            caught.append(error)

    full.query(ALL, dataset=dataset)
    thread = threading.Thread(target=bad)
    thread.start()
    served = 0
    while thread.is_alive():
        assert full.query(ALL, dataset=dataset).rows == 3000
        served += 1
        time.sleep(0.02)
    thread.join()

    assert served > 0
    assert caught[0].data["limit"] == limit
    assert caught[0].next_step
    assert caught[0].next_step_zh
    assert full.query(ALL, dataset=dataset).rows == 3000


def test_workers_end_with_the_store(store: OxigraphStore) -> None:
    store.query("ASK {}", dataset=Dataset((), ()))
    pids = store._readers().pids()

    store.close()

    assert not any(psutil.pid_exists(pid) for pid in pids)


WRITER = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from qualweave.config import Settings
    from qualweave.store.oxigraph import OxigraphStore
    from qualweave.store.port import ChangeSet
    from tests.store.contract import G1, G2, WHO, triple

    step = sys.argv[2]
    def at_step(name):
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store = OxigraphStore(Path(sys.argv[1]), settings=Settings(), at_step=at_step)
    store.commit([ChangeSet(G1, "data", triple(1), replace=True), ChangeSet(G2, "data", triple(2))], principal=WHO)
""")


@pytest.mark.parametrize(
    ("step", "expected"), [("journal", 1), ("gate", 3), ("apply", 3), ("count", 3), ("ledger", 3)]
)
def test_a_killed_writer_leaves_the_last_commit_or_the_one_before(
    tmp_path: Path, step: str, expected: int
) -> None:
    first = open_store(tmp_path)
    first.commit([ChangeSet(G1, "data", triple(0))], principal=WHO)
    first.close()

    ended = subprocess.run([sys.executable, "-c", WRITER, tmp_path, step], check=False, env=_env())
    again = open_store(tmp_path)
    again.publish()
    with again.snapshot() as snapshot:
        found = {str(row["s"].value) for row in snapshot.select(ALL)}  # type: ignore[union-attr]
    commits, leaves = len(again.commits()), Ledger(tmp_path / "ledger.jsonl").verify()
    again.close()

    assert ended.returncode == -signal.SIGKILL
    assert (commits, leaves) == (expected, expected)
    assert found == (
        {"https://example.org/s0"}
        if expected == 1
        else {"https://example.org/s1", "https://example.org/s2"}
    )


LOOP = textwrap.dedent("""
    import sys
    from pathlib import Path
    from qualweave.store import apply
    from qualweave.store.oxigraph import open_store
    from qualweave.store.port import ChangeSet
    from tests.store.contract import G1, G2, WHO, triple

    apply._BULK_BYTES = 2000  # so that the loop goes through the bulk loader too
    store = open_store(Path(sys.argv[1]))
    number = len(store.commits()) // 3
    while True:
        number += 1
        pair = [ChangeSet(g, "data", triple(number, g[-3:-2])) for g in (G1, G2)]
        whole = b"".join(triple(10_000 + one, str(number)) for one in range(200))
        store.commit([*pair, ChangeSet(G1 + "/whole", "data", whole, replace=True)], principal=WHO)
        if number % 3 == 0:
            store.publish()
""")


def test_kills_at_any_moment_leave_whole_commits(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", LOOP, tmp_path], env=_env())
        time.sleep(0.8 + chance.random())
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()

        store = open_store(tmp_path)
        with store.snapshot() as snapshot:
            in_first = {str(row["s"]) for row in snapshot.select(ALL, graphs=[G1])}
            in_second = {str(row["s"]) for row in snapshot.select(ALL, graphs=[G2])}
            whole = snapshot.select(PAIRS, graphs=[G1 + "/whole"])
            merge = {(row["s"], row["v"]) for row in snapshot.select(PAIRS)}
            union = {(quad.subject, quad.object) for quad in snapshot.quads()}
        commits, leaves = len(store.commits()), Ledger(tmp_path / "ledger.jsonl").verify()
        store.close()

        assert in_first == in_second
        assert commits == leaves == 3 * len(in_first)
        assert [getattr(row["v"], "value", "") for row in whole] == [str(commits // 3)] * 200
        assert merge == union
    assert in_first


@pytest.mark.parametrize("torn", [b"", b'{"commit":"00'])
def test_a_leaf_that_was_not_written_to_its_end_is_written_again(
    tmp_path: Path, torn: bytes
) -> None:
    store = open_store(tmp_path)
    for number in range(2):
        store.commit([ChangeSet(G1, "data", triple(number))], principal=WHO)
    store._store.flush()
    store._counted.clear()  # as if it had died before it put them away
    store.close()
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().splitlines(keepends=True)[0] + torn)

    open_store(tmp_path).close()

    assert Ledger(ledger).verify() == 2


def test_clients_are_served_while_commits_go_on(store: OxigraphStore) -> None:
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            with store.snapshot() as snapshot:
                rows = snapshot.select(ALL, graphs=[G1])
                assert len(rows) == len(snapshot.select(ALL, graphs=[G2])) == snapshot.sequence // 2
                seen.append(len(rows))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(15):
        pair = [ChangeSet(g, "data", triple(number, g[-3:-2])) for g in (G1, G2)]
        store.commit(pair, principal=WHO)
        store.publish()
    done.set()
    for reader in readers:
        reader.join()

    assert len(set(seen)) > 1
    assert store.commits()[-1].sequence == 30


def _env() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
