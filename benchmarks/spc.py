"""R5 and R4 in tables: coupled failures and slow drift, classical charts beside what the product adds.

``python -m benchmarks.spc [--seed N] [--size small|medium] [--store FOLDER]``

The coated strip of the example plant is ingested into a temporary store by the product's own mapper (or a store is
read that exists), so the detectors see what the product sees. A second table is synthetic and without a box: the defect
rate grows smoothly with a product of three parameters. A third has no effect at all.
"""

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.iri import Q
from qualweave.mappers.drafting import Answer
from qualweave.mappers.ingest import ingest
from qualweave.ontology.load import load_graph, load_ntriples
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.reasoning.statistics.compare import compare_detectors
from qualweave.reasoning.statistics.coupling import find_combinations
from qualweave.reasoning.statistics.drift import (
    calibrated_ramp,
    chart_alarm,
    detection_delays,
    false_alarm_share,
    ramp_alarm,
)
from qualweave.reasoning.statistics.series import read_items, read_series
from qualweave.store.oxigraph import open_store
from qualweave.store.port import ChangeSet, Snapshot

RELEASE = "https://w3id.org/qonto/release/2026-11-25"


def strip_store(folder: Path, seed: int, size: str) -> Path:
    """Generate the plant and ingest its strip mill; fields are answered as the plant's engineer would."""
    generate(folder / "plant", seed=seed, size=size)
    settings = Settings(data_dir=folder / "data", cache_dir=folder / "cache")
    store = open_store(folder / "store", settings)
    terms = TermIndex.from_graph(load_graph())
    store.commit(
        [ChangeSet(graph=RELEASE, role="ontology", inserts=load_ntriples())], principal=SYSTEM
    )
    with (folder / "plant/oracle/fields.csv").open(encoding="utf-8") as handle:
        answers = [
            Answer(row["column"], row["terms"].split("|")[0], row["file"], row["unit"])
            for row in csv.DictReader(handle)
            if row["file"].startswith("strip/")
        ]
    ingest(
        folder / "plant/input/strip",
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        answers=[Answer(a.field, a.term, a.file.removeprefix("strip/"), a.unit) for a in answers],
    )
    store.publish()
    store.close()
    return folder / "store"


def coupled(snapshot: Snapshot, defect: str) -> None:
    """Print the R5 table of the items that could have a defect."""
    table = read_items(snapshot, Q + defect).routes()[0].complete()
    for one in find_combinations(table).combinations:
        print("found:", one.evidence[0].in_language("en"))
    print(compare_detectors(table.values, table.defective).to_text(), "\n")


def synthetic(seed: int) -> None:
    """Print the same table on data without a box, and on data without an effect."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(1500, 6))
    drive = np.prod(np.clip(values[:, :3], 0, None), axis=1)
    smooth = rng.random(1500) < 0.01 + 0.6 * (1 - np.exp(-drive))
    print("synthetic, a smooth product of three parameters:")
    print(compare_detectors(values, smooth).to_text(), "\n")
    print("synthetic, no effect at all:")
    print(compare_detectors(values, rng.random(1500) < 0.07).to_text(), "\n")


def drift(snapshot: Snapshot, parameter: str, start: int, end: float) -> None:
    """Print the R4 table: the plant's own drift, and simulated drifts of the same slope.

    Watching begins 50 items before the drift, so that a long quiet time does not decide by false alarms alone.
    """
    series = read_series(snapshot, Q + parameter)
    quiet = min(50, start // 2)
    phase_one = (start - quiet) // 5 * 5
    own = np.concatenate([series.values[:phase_one], series.values[start - quiet :]])
    begins, horizon = phase_one + quiet, 200
    chart = chart_alarm()
    share = false_alarm_share(chart, phase_one, horizon)
    ramp = ramp_alarm(calibrated_ramp(phase_one, horizon, share))
    told = false_alarm_share(ramp, phase_one, horizon, seed=2)
    hours = np.median(np.diff(series.times)) / np.timedelta64(1, "h")
    print(f"{parameter}: drift of {end} sd over {len(own) - begins} items, limits from {phase_one}; "
          f"false alarms within {horizon} quiet items: X̄-R {share:.0%}, ramp {told:.0%}")  # fmt: skip
    many = np.random.default_rng(0).normal(size=(200, len(own)))
    many[:, begins:] += np.linspace(0, end, len(own) - begins)
    print("| detector | plant: items after start | h | simulated: median items | h | early | missed |\n"
          "|---|---|---|---|---|---|---|")  # fmt: skip
    for name, watch in (("X̄-R with run rules", chart), ("ramp detector (ours)", ramp)):
        one = detection_delays(name, watch, own, start=begins, phase_one=phase_one)
        sim = detection_delays(name, watch, many, start=begins, phase_one=phase_one)
        print(f"| {name} | {one.median:g}{' (early alarm)' if one.early else ''} | {one.median * hours:.1f} | "
              f"{sim.median:g} | {sim.median * hours:.1f} | {sim.early}/200 | {sim.missed}/200 |")  # fmt: skip


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="medium", choices=["small", "medium"])
    parser.add_argument("--store", type=Path, help="folder of a store that holds the plant already")
    parser.add_argument("--oracle", type=Path, help="oracle folder of that plant")
    chosen = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        where = chosen.store or strip_store(Path(name), chosen.seed, chosen.size)
        oracle = chosen.oracle or Path(name) / "plant/oracle"
        told = json.loads((oracle / "incidents.json").read_text(encoding="utf-8"))
        store = open_store(where, Settings(data_dir=Path(name)))
        with store.snapshot() as snapshot:
            coupled(snapshot, told["coupled-failure"]["defect"])
            synthetic(chosen.seed)
            end = told["drift"].get("standard_deviations_at_end", 3.0)
            drift(snapshot, told["drift"]["parameter"], told["drift"]["from_index"], end)
        store.close()
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
