"""The contract on `oxigraph serve`: what SPARQL 1.1 cannot do is refused by name."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from qualweave.config import Settings
from qualweave.errors import Conflict, InputError, LimitExceeded, StoreError
from qualweave.store.port import ChangeSet, Dataset, Limits, Store
from qualweave.store.remote import Endpoint, RemoteStore
from tests.store.contract import G1, G2, WHO, StoreContract, triple

ALL = "SELECT ?s WHERE { ?s <https://example.org/p> ?v }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    beside = Path(sys.executable).with_name("oxigraph")
    program = str(beside) if beside.exists() else shutil.which("oxigraph")
    if program is None:
        pytest.skip("the oxigraph server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    place = tmp_path_factory.mktemp("served")
    process = subprocess.Popen(
        [program, "serve", "--location", place, "--bind", address, "--timeout-s", "5"],
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(f"http://{address}/", timeout=1)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield f"http://{address}"
    process.kill()
    process.wait()


@pytest.fixture
def endpoint(server: str) -> Endpoint:
    httpx.post(
        f"{server}/update",
        content="DROP ALL",
        headers={"content-type": "application/sparql-update"},
    ).raise_for_status()
    return Endpoint(f"{server}/query", f"{server}/update", f"{server}/store")


@pytest.fixture
def store(endpoint: Endpoint, tmp_path: Path) -> Iterator[RemoteStore]:
    made = RemoteStore(tmp_path / "store", endpoint, settings=Settings())
    yield made
    made.close()


class TestRemoteStore(StoreContract):
    """The contract over HTTP."""

    def test_a_lent_snapshot_does_not_change(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        with store.snapshot() as before:
            store.commit([ChangeSet(G1, "data", triple(2))], principal=WHO)

            with pytest.raises(Conflict, match="moved on from commit 1"):
                before.select(self.all_rows)

    def test_blank_nodes_of_two_change_sets_stay_apart(self, store: Store) -> None:
        with pytest.raises(InputError, match="blank nodes"):
            store.commit([ChangeSet(G1, "data", b'_:b <urn:p> "1" .\n')], principal=WHO)
        assert store.commits() == []


class Killed(BaseException):
    """Ends a commit where a kill would."""


@pytest.mark.parametrize(
    ("step", "expected"), [("journal", 0), ("gate", 2), ("apply", 2), ("count", 2)]
)
def test_a_commit_that_was_cut_short_is_whole_or_not_there(
    endpoint: Endpoint, tmp_path: Path, step: str, expected: int
) -> None:
    def stop(name: str) -> None:
        if name == step:
            raise Killed

    first = RemoteStore(tmp_path, endpoint, settings=Settings(), at_step=stop)
    with pytest.raises(Killed):
        first.commit(
            [ChangeSet(G1, "data", triple(1), replace=True), ChangeSet(G2, "data", triple(1))],
            principal=WHO,
        )
    first.close()

    again = RemoteStore(tmp_path, endpoint, settings=Settings())
    with again.snapshot() as snapshot:
        rows = snapshot.select(ALL)
    assert len(again.commits()) == expected
    assert len(rows) == bool(expected)
    again.close()


def test_a_large_graph_goes_by_the_graph_store_protocol(store: RemoteStore) -> None:
    many = b"".join(triple(number) for number in range(45_000))

    store.commit([ChangeSet(G1, "data", many)], principal=WHO)

    with store.snapshot() as snapshot:
        rows = snapshot.select("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert getattr(rows[0]["n"], "value", "") == "45000"


def test_time_is_kept_here(store: RemoteStore) -> None:
    store.commit([ChangeSet(G1, "data", b"".join(map(triple, range(2000))))], principal=WHO)
    endless = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"

    with pytest.raises(LimitExceeded, match="time limit"):
        store.query(endless, dataset=Dataset((G1,), ()), limits=Limits(seconds=0.5))


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(StoreError, match="could not be read"):
        RemoteStore(tmp_path, Endpoint(nobody, nobody, nobody), settings=Settings())
