"""What the tests of live sources ask of a desk: listen for a while, and what is in the graph then."""

import json
import threading
import time
from pathlib import Path

from qualweave.mappers.desk import Desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.live.listening import Listening, LiveState
from qualweave.mappers.report import IngestReport


def into(work: Desk, folder: Path) -> IngestReport:
    return ingest(
        folder, store=work.store, terms=work.terms, settings=work.settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip


def torques(work: Desk, term: str = "Torque") -> list[float]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(f"SELECT ?s ?v WHERE {{ ?s q:{term} ?v }}")
    return sorted(float(row["v"].value) for row in rows)  # type: ignore[union-attr]


def heard(listening: Listening, count: int, seconds: float = 20) -> LiveState:
    """Run in a thread until so many readings are kept, then stop."""
    thread = threading.Thread(target=listening.run, args=(seconds,))
    thread.start()
    until = time.monotonic() + seconds
    while listening.state.kept < count and time.monotonic() < until:
        time.sleep(0.05)
    listening.stop.set()
    thread.join()
    return listening.state


def kept_inputs(work: Desk) -> list[Path]:
    found = [
        one for one in (work.settings.data_dir / "store" / "inputs").iterdir() if not one.suffix
    ]
    return sorted(found, key=lambda one: json.loads(one.read_bytes().split(b"\n", 1)[0])["number"])
