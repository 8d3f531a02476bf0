"""The model beside its baselines and null controls: example plant, whole lines hidden, mean and spread over seeds.

Run as ``python -m benchmarks.gnn [--seed 1] [--size small] [--seeds 5]``. The plant's files are mapped with the truth
about their fields, so that the table speaks of learning and not of mapping.
"""

import argparse
import tempfile
import time
from pathlib import Path

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.training import Table, judge
from tests.reasoning.graphs import ingested

COLUMNS = ("mrr", "mechanism mrr", "mechanism hits@1", "cause mrr", "cause hits@1", "auroc")
FILES = ("*/mes/*", "*/plc/*", "*/scada/*", "*/lims/*", "*/alarms/*", "*/eam/*", "*/environment/*")


def show(table: Table) -> None:
    """Print one table, ours first."""
    print(table.describe())
    print(f"{'model':24}" + "".join(f"{one:>19}" for one in COLUMNS))
    for row in table.tallies:
        found = row.summary()
        cells = [found.get(one) for one in COLUMNS]
        print(
            f"{row.name:24}"
            + "".join(f"{f'{c[0]:.3f} ± {c[1]:.3f}' if c else '-':>19}" for c in cells)
        )
    rated = {one.name: one.summary()["mrr"][0] for one in table.tallies}
    print(f"best: {max(rated, key=lambda one: rated[one])}\n")


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--size", choices=["small", "medium"], default="small")
    arguments.add_argument("--seeds", type=int, default=5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant = generate(folder / "plant", seed=chosen.seed, size=chosen.size)
        settings = Settings(data_dir=folder)
        with ingested(folder / "store", plant.root, *FILES) as snapshot:
            started = time.monotonic()
            graph = LearningGraph.from_snapshot(snapshot, settings=settings, text=True)
        print(
            f"plant seed {chosen.seed}, {chosen.size}: {len(graph.links)} labelled links on "
            f"{len({one.line for one in graph.links})} lines; graph built in {time.monotonic() - started:.1f} s\n"
        )
        for by in ("line", "process"):
            started = time.monotonic()
            show(
                judge(
                    graph,
                    range(chosen.seeds),
                    by=by,
                    settings=settings,
                    compare_texts=True,
                    controls=by == "line",
                ).table
            )
            print(f"{time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
