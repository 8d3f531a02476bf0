"""What the tests of live sources ask of a desk: listen for a while, and what is in the graph then."""

import json
import threading
import time
from pathlib import Path

import polars as pl

from qualweave.config import Settings
from qualweave.mappers.desk import Desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.live.listening import Listening, LiveState
from qualweave.mappers.report import IngestReport
from qualweave.mappers.series.contents import Content, read


def into(work: Desk, folder: Path) -> IngestReport:
    return ingest(
        folder, store=work.store, terms=work.terms, settings=work.settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip


def quick(work: Desk) -> Settings:
    """Return the settings of a desk with segments of values at a rate that are closed as soon as those of events."""
    return work.settings.model_copy(update={"live_series_seconds": work.settings.live_seconds})


def torques(work: Desk, term: str = "Torque") -> list[float]:
    """Return every value that is in the graph, as a triple or as a sample of a segment, each as often as it is there."""
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(f"SELECT ?s ?v WHERE {{ ?s q:{term} ?v }}")
    events = [float(row["v"].value) for row in rows]  # type: ignore[union-attr]
    samples = [value for one in segments(work, term) for value in one["value"].to_list()]
    return sorted(events + samples)


def segments(work: Desk, term: str = "Torque") -> list[pl.DataFrame]:
    """Return the segments of a parameter, the oldest first, their hashes verified."""
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(
            f"SELECT ?at ?hash WHERE {{ ?s a q:TimeSeriesSegment ; q:about q:{term} ; q:storedAt ?at ; "
            "q:hashValue ?hash ; q:startedAt ?start } ORDER BY ?start"
        )
    named = [(row["at"].value, row["hash"].value) for row in rows]  # type: ignore[union-attr]
    return [read(Content(at, digest), work.settings.data_dir) for at, digest in named]


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
