"""Decisions that are killed at one step after another, each in a process of its own, and what the next call makes of them.

Run as a program, it forks those processes before any library has threads, and prints what it saw as JSON.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, cast

from qualweave.iri import Q
from qualweave.mappers import relift as lifting
from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.review import intent
from qualweave.mappers.review.queue import queue
from qualweave.mappers.review.replacing import replace_mapping
from qualweave.mappers.review.settle import Choice, Why, settle
from qualweave.mappers.review.undo import undo
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import OxigraphStore
from tests.mappers.mixing import CODES, LI, MIXER, PROCESS, RESULTS, WANG, hand_in, opened, reviews

Act = Callable[[Desk], object]


class Noon(datetime):
    """A clock that stands still, so that what two runs write can be compared to the byte."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime(2025, 6, 1, 12, tzinfo=tz)


def stop_clocks() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("qualweave.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Noon


# --- what is done ------------------------------------------------------------------------------------


def start(work: Desk, folder: Path) -> None:
    hand_in(work, folder, Mixer1_20250101=MIXER.format(id="M1", day=1))
    listed = CODES.replace("defect code", "riddle").replace("odd thing", "金线偏移")
    hand_in(work, folder, mes__process=PROCESS, aoi__results=RESULTS, aoi__list=listed)


def decide(work: Desk) -> None:
    """Decide a family, and a code list of which rows of another file wait; once decided, there is nothing to do."""
    terms = {"mystery": "SlurryViscosity", "riddle": "defectCode"}
    choices = [Choice(one.question, Q + terms[one.question.column]) for one in queue(work)]
    if choices:
        settle(work, choices, Why("choose", "as the maker says"), retry=True)


def take_back(work: Desk) -> None:
    first, *later = reviews(work)
    if not later:
        undo(replace(work, principal=WANG), first.id, reason="it is another sensor")


def hand_in_document(work: Desk) -> None:
    document = work.library.get("Mixer1")
    columns = [
        one.model_dump() | ({"term": "q:TapDensity", "decision": "accepted"} if one.name == "mystery" else {})
        for one in document.columns
    ]  # fmt: skip
    if document.version == 1:
        learnt = Remembered("Mixer1", "mystery", Q + "TapDensity", "accepted", LI.id)
        replace_mapping(work, document.revised(columns=columns, created_by=LI.id), [learnt])


# --- dying --------------------------------------------------------------------------------------------


def watch(work: Desk, log: Path, at: int | None) -> None:
    """Log each step, and end the process at the one of a number; None lets it live."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if at is None:
            log.write_text("\n".join(steps), "utf-8")
        elif len(steps) == at + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(owner: Any, name: str, said: str) -> None:
        plain = getattr(owner, name)

        def told(*args: Any, **more: Any) -> Any:
            found = plain(*args, **more)
            step(said)
            return found

        setattr(owner, name, told)

    step("begun")
    watched(intent, "_write", "intent")
    watched(MappingDocument, "save", "mapping")
    watched(DecisionMemory, "save", "memory")
    watched(lifting, "relift", "file")
    cast("OxigraphStore", work.store)._at_step = step


def seen_in(work: Desk) -> dict[str, str]:
    """Return every quad and every file of mappings, memory and quarantine."""
    work.store.publish()
    with work.store.snapshot() as snapshot:
        found = {str(quad): "" for quad in snapshot.quads()}
    home = work.settings.data_dir
    for folder in ("mappings", "memory", "quarantine"):
        for path in sorted((home / folder).rglob("*")):
            if path.is_file():
                found[path.relative_to(home).as_posix()] = path.read_text("utf-8")
    return found


def forked(act: Callable[[], object]) -> int:
    """Run something in a process of its own and return the signal that ended it, 0 for none."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise RuntimeError(os.WEXITSTATUS(status))
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    try:
        act()
    except BaseException:  # noqa: BLE001 - the child tells and ends, whatever it was
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@dataclass(frozen=True)
class Stage:
    """Where decisions are played: a folder, and what every process has from before it was forked."""

    root: Path
    terms: TermIndex
    gate: ShapeGate

    def opened(self, folder: Path) -> AbstractContextManager[Desk]:
        return opened(folder, self.terms, self.gate)

    def run(self, folder: Path, act: Act, at: int | None = None) -> int:
        def acted() -> None:
            with self.opened(folder) as work:
                watch(work, self.root / "steps", at)
                act(work)

        return forked(acted)

    def mended(self, folder: Path, act: Act) -> Any:
        """Return what the next call leaves: what was rolled back is done again, what was finished stays as it is."""

        def told() -> None:
            with self.opened(folder) as work:
                before = intent.pending(folder)
                intent.recover(work)
                decided = len(reviews(work))
                act(work)
                left = {"intent": before != [], "left": intent.pending(folder), "decided": decided}
                (self.root / "told.json").write_text(json.dumps([left, seen_in(work)]), "utf-8")

        forked(told)
        return json.loads((self.root / "told.json").read_text("utf-8"))

    def play(self, origin: Path, act: Act, wanted: Sequence[str]) -> list[dict[str, Any]]:
        """Kill an act at some of its steps, all where none is named; compare what the next call leaves with a calm run."""
        calm = self.root / f"calm-{act.__name__}"
        shutil.copytree(origin, calm)
        self.run(calm, act)
        _, whole = self.mended(calm, act)
        steps = numbered((self.root / "steps").read_text("utf-8").split("\n"))
        rows = []
        for at, name in enumerate(steps):
            if wanted and name not in wanted:
                continue
            folder = self.root / "killed"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(origin, folder)
            ended = self.run(folder, act, at)
            found, seen = self.mended(folder, act)
            differs = sorted(one for one in {*whole, *seen} if whole.get(one) != seen.get(one))
            rows.append({"step": name, "ended": ended, "differs": differs, **found})
        return rows


def numbered(names: Sequence[str]) -> list[str]:
    """Return names, each with how often it stood before and now: ``mapping 2``."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} {seen[name]}")
    return found


def main(root: Path, wanted: dict[str, list[str]]) -> None:
    stage = Stage(root, TermIndex.from_graph(load_graph()), ShapeGate())
    stop_clocks()
    stage.run(root / "begun", lambda work: start(work, root / "in"))
    acts = {
        "decide": ("begun", decide),
        "undo": ("decided", take_back),
        "document": ("begun", hand_in_document),
    }
    chosen = {name: acts[name] for name in wanted or acts}
    if "undo" in chosen:
        shutil.copytree(root / "begun", root / "decided")
        stage.run(root / "decided", decide)
    played = {
        name: stage.play(root / origin, act, wanted.get(name, []))
        for name, (origin, act) in chosen.items()
    }
    sys.stdout.write(json.dumps(played))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
