"""A full disk or a kill at a bad moment: the store opens again with the last commit, and readers go on."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import pytest

from qualweave.config import Settings
from qualweave.errors import StoreError
from qualweave.principal import Principal
from qualweave.store.journal import Inputs
from qualweave.store.oxigraph import OxigraphStore, open_store
from qualweave.store.port import ChangeSet
from qualweave.store.publication import Publication

WHO = Principal("li", frozenset({"engineer"}))
GRAPH = "https://example.org/g"
KILLED = """
import os, sys
from pathlib import Path
from qualweave.principal import Principal
from qualweave.store.oxigraph import open_store
from qualweave.store.port import ChangeSet, ShapeResult, Verdict

class Gate:
    def judge(self, change, snapshot):
        return Verdict((ShapeResult("violation", "s", "f", "p", {"en": "x", "zh": "x"}),))

store = open_store(Path(sys.argv[1]))
who = Principal("li", frozenset({"engineer"}))
line = '<https://example.org/%s> <https://example.org/p> "1" .'
store.commit([ChangeSet("https://example.org/g", "data", inserts=(line % "a").encode())], principal=who)
sys.addaudithook(lambda event, args: os._exit(9) if event == sys.argv[2] else None)
store.commit([ChangeSet("https://example.org/g", "data", inserts=(line % "b").encode())], principal=who, gate=Gate())
"""


def change(number: int) -> list[ChangeSet]:
    line = f'<https://example.org/s{number}> <https://example.org/p> "1" .\n'
    return [ChangeSet(GRAPH, "data", inserts=line.encode())]


def _count(store: OxigraphStore) -> int:
    with store.snapshot() as snapshot:
        return sum(1 for _ in snapshot.quads())


class _Full:
    """A file on a disk that is full after forty bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        self._file.write(content[:40])
        self._file.flush()
        raise OSError(28, "No space left on device")


def test_a_ledger_that_could_not_be_written_has_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    store.commit(change(1), principal=WHO)
    real = Path.open

    def full(self: Path, *words: Any, **named: Any) -> Any:
        file = real(self, *words, **named)
        return _Full(file) if self.name == "ledger.jsonl" and words[:1] == ("ab",) else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StoreError, match="ledger"):
            store.commit(change(2), principal=WHO)
    store.commit(change(3), principal=WHO)
    store.close()

    again = open_store(tmp_path)
    assert _count(again) == 3
    again.close()


@pytest.mark.parametrize("event", ["os.rmdir", "os.remove"])
def test_a_kill_while_a_refused_entry_is_taken_back_leaves_a_store_that_opens(
    tmp_path: Path, event: str
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), event], check=False)

    again = open_store(tmp_path)

    assert done.returncode == 9
    assert _count(again) == 1
    again.close()


def test_readers_go_on_with_the_last_snapshot_where_none_can_be_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path, Settings(data_dir=tmp_path, publish_interval_ms=0))
    store.commit(change(1), principal=WHO)
    assert _count(store) == 1
    store.commit(change(2), principal=WHO)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Publication, "publish", full)
        assert _count(store) == 1
    assert _count(store) == 2
    store.close()


def test_the_same_bytes_sent_at_once_are_kept_once(tmp_path: Path) -> None:
    inputs = Inputs(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda n: inputs.accept(f"{n}.csv", b"a,b\n1,2\n", "li"), range(24)))

    assert len(paths) == len(inputs.pending()) == 1
    assert {one.suffix for one in tmp_path.iterdir()} == {"", ".json"}


def test_a_refused_input_that_is_sent_again_waits_again(tmp_path: Path) -> None:
    inputs = Inputs(tmp_path)
    digest = inputs.accept("a.csv", b"a", "li").name
    inputs.finish(digest, "refused")

    inputs.accept("a.csv", b"a", "li")

    assert [one.sha256 for one in inputs.pending()] == [digest]
