"""A decision that is killed at any step ends whole or not at all: the store is that of an undisturbed run, quad by quad."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qualweave.errors import StoreError
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.review.intent import pending
from qualweave.mappers.review.queue import queue
from qualweave.mappers.review.settle import Why
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.mixing import MIXER, decide, hand_in, opened

STEPS = {"decide": ["memory 1", "apply 1", "apply 3"], "document": ["mapping 1"]}
"""Before the commit, within it, and between two files; the long test kills at every step, and undo as well."""


def play(
    folder: Path, steps: dict[str, list[str]], seconds: int
) -> dict[str, list[dict[str, Any]]]:
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    told = subprocess.run(
        [sys.executable, "-m", "tests.mappers.killing", str(folder), json.dumps(steps)],
        env=env, cwd=root, check=True, timeout=seconds, stdout=subprocess.PIPE,
    )  # fmt: skip
    return dict(json.loads(told.stdout))


def hold(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["ended"] == signal.SIGKILL, row["step"]
        assert row["differs"] == [], row["step"]
        assert row["left"] == [], row["step"]


def test_a_killed_decision_is_finished_or_rolled_back_by_the_next_call(tmp_path: Path) -> None:
    played = play(tmp_path, STEPS, 300)

    for name, steps in STEPS.items():
        assert [one["step"] for one in played[name]] == steps
        hold(played[name])
    decided = {one["step"]: one["decided"] for one in played["decide"]}
    assert decided == {"memory 1": 0, "apply 1": 1, "apply 3": 1}


def test_an_error_before_the_commit_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "data", TermIndex.from_graph(load_graph())) as work:
        hand_in(work, tmp_path, Mixer1_20250101=MIXER.format(id="M1", day=1))
        waiting = queue(work)

        def full(*_given: object, **_more: object) -> None:
            raise StoreError("The journal could not be written: disk full.")

        monkeypatch.setattr(work.store, "commit", full)
        with pytest.raises(StoreError, match="disk full"):
            decide(work, waiting, "SlurryViscosity", Why("choose"))

        assert work.library.versions("Mixer1") == [1]
        assert work.library.get("Mixer1").column("mystery").decision == "requested"  # type: ignore[union-attr]
        assert DecisionMemory.load(work.memory_path).decisions == []
        assert pending(work.settings.data_dir) == []


@pytest.mark.long
def test_it_is_so_at_every_step(tmp_path: Path) -> None:
    played = play(tmp_path, {}, 3600)

    for rows in played.values():
        assert len(rows) > 10
        hold(rows)
