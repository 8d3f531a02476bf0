"""Build time of the genealogy index and latency of `trace`, on a synthetic plant of a given number of quads.

Run ``python benchmarks/trace.py [QUADS]`` (default 1,000,000). Prints one line per measurement, in CPU seconds; the
ways of reading the statements of operations that were weighed against each other come last.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
from pyoxigraph import NamedNode

from qualweave.config import Settings
from qualweave.iri import RDF, XSD, Q, graph_iri, mint
from qualweave.principal import SYSTEM
from qualweave.reasoning.entail import entail
from qualweave.reasoning.trace import CsrGenealogy, recall_scope, trace
from qualweave.store.oxigraph import open_store
from qualweave.store.port import ChangeSet, Snapshot

LEVELS = (  # class, items per 1,000 cells, parents per item
    ("Ore", 1, 0),
    ("Precursor", 2, 2),
    ("CathodeMaterial", 4, 2),
    ("ElectrodeCoil", 25, 1),
    ("BatteryCell", 1000, 1),
    ("BatteryModule", 83, 12),
    ("BatteryPack", 10, 8),
)
PARAMETERS = ("Temperature", "Humidity", "WeldForce", "WeldCurrent", "WeldHoldTime", "Vibration")
PER_ITEM = 17  # quads of an item with its operation
GRAPHS_PER_LEVEL = 3


def plant(quads: int, seed: int = 1) -> dict[str, list[str]]:
    """Return N-Triples per graph of a plant of about so many quads."""
    rng = np.random.default_rng(seed)
    thousands = quads / (sum(level[1] for level in LEVELS) * PER_ITEM)
    graphs: dict[str, list[str]] = {}
    above: list[str] = []
    for kind, share, parents in LEVELS:
        items = [mint("item", f"{kind}-{n:07d}") for n in range(max(int(share * thousands), 8))]
        for place, item in enumerate(items):
            part = place * GRAPHS_PER_LEVEL // len(items)
            lines = graphs.setdefault(graph_iri("data", "plant", kind, f"{part:04d}"), [])
            lines += _item(rng, item, kind, place)
            # mostly neighbours, as lots are used up one after the other
            near = place * len(above) // len(items) if above else 0
            chosen = {min(len(above) - 1, near + k) for k in range(parents)} if above else set()
            lines += [f"<{item}> <{Q}derivedFromMaterial> <{above[one]}> ." for one in chosen]
        above = items
    return graphs


def _item(rng: np.random.Generator, item: str, kind: str, place: int) -> list[str]:
    operation = item.replace("/item/", "/operation/")
    minute = f"{place // 1440 % 28 + 1:02d}T{place // 60 % 24:02d}:{place % 60:02d}:00Z"
    lines = [
        f"<{item}> <{RDF}type> <{Q}{kind}> .",
        f'<{item}> <{Q}sourceRow> "{place}"^^<{XSD}integer> .',
        f"<{item}> <{Q}producedBy> <{operation}> .",
        f"<{operation}> <{RDF}type> <{Q}Operation> .",
        f'<{operation}> <{Q}sourceRow> "{place}"^^<{XSD}integer> .',
        f"<{operation}> <{Q}usesEquipment> <{mint('equipment', f'{kind}-{place % 7}')}> .",
        f"<{operation}> <{Q}onLine> <{mint('line', f'{kind}-{place % 3}')}> .",
        f'<{operation}> <{Q}startedAt> "2025-01-{minute}"^^<{XSD}dateTime> .',
        f'<{operation}> <{Q}endedAt> "2025-02-{minute}"^^<{XSD}dateTime> .',
    ]
    values = rng.normal(100, 5, len(PARAMETERS)).round(2).tolist()
    return lines + [
        f'<{operation}> <{Q}{name}> "{value}"^^<{XSD}double> .'
        for name, value in zip(PARAMETERS, values, strict=True)
    ]


def percentiles(times: list[float]) -> str:
    """Return median, 95th percentile and maximum in milliseconds."""
    p50, p95, most = np.percentile(times, [50, 95, 100]) * 1000
    return f"p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   max {most:7.2f} ms   n {len(times)}"


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this thread that something takes: what others run beside it is not in them."""
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def ways(snapshot: Snapshot, known: CsrGenealogy, operations: list[str]) -> None:
    """Time the ways of reading the statements of operations."""
    index = CsrGenealogy.build(snapshot, previous=known)  # new columns: nothing is kept ready
    items = [one.replace("/operation/", "/item/") for one in operations]

    def columns() -> None:
        index.records.of_items(items)

    def patterns() -> None:
        for one in operations:
            list(snapshot.quads(NamedNode(one)))

    def select() -> None:
        values = " ".join(f"<{one}>" for one in operations)
        snapshot.select(f"SELECT ?o ?p ?v WHERE {{ VALUES ?o {{ {values} }} ?o ?p ?v }}")

    print(
        f"way: columns built on publish     {timed(columns) * 1000:8.1f} ms for {len(operations)}"
    )
    print(
        f"way: a pattern per operation      {timed(patterns) * 1000:8.1f} ms for {len(operations)}"
    )
    print(f"way: one SELECT with VALUES       {timed(select) * 1000:8.1f} ms for {len(operations)}")


def main(quads: int) -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), cache_dir=Path(folder) / "cache")
        store = open_store(settings.data_dir / "store", settings)
        graphs = plant(quads)
        changes = [
            ChangeSet(name, "data", ("\n".join(lines) + "\n").encode())
            for name, lines in graphs.items()
        ]
        total = sum(len(lines) for lines in graphs.values())
        seconds = timed(lambda: store.commit(changes, principal=SYSTEM))
        store.publish()
        print(f"{total} quads in {len(graphs)} graphs, committed in {seconds:.1f} s of this thread")
        with store.snapshot() as snapshot:
            measure(snapshot)
        store.close()


def measure(snapshot: Snapshot) -> None:
    """Build the index of a snapshot and time closures, traces and recall scopes."""
    begin = time.thread_time()
    index = CsrGenealogy.build(snapshot)
    print(
        f"build from the store   {time.thread_time() - begin:7.2f} s  {len(index)} items, {index.edge_count} edges"
    )
    print(
        f"build, nothing changed {timed(lambda: CsrGenealogy.build(snapshot, previous=index)):7.2f} s"
    )
    gc.collect()
    gc.freeze()  # as a service does once its index stands: what lives long is not walked again
    rng = np.random.default_rng(7)
    names = list(index.items())
    picked = [names[one] for one in rng.choice(len(names), 400, replace=False)]
    tops = [one for one in names if "Cell" not in one and "Module" not in one]
    picked_tops = [tops[one] for one in rng.choice(len(tops), 200, replace=False)]
    picked_tops += [one for one in names if "Ore" in one or "Precursor" in one][:150]
    for label, chosen in (
        ("random items", picked[:200]),
        ("lots, coils, packs and ore", picked_tops),
    ):
        for direction in ("back", "forward"):
            sizes = {one: len(index.closure(one, direction)) for one in chosen}
            fitting = [one for one in chosen if sizes[one] < 2000]
            closures = [
                timed(lambda one=one, way=direction: index.closure(one, way)) for one in fitting
            ]
            cold = [
                timed(lambda one=one, way=direction: trace(index, snapshot, one, direction=way))
                for one in fitting
            ]
            warm = [
                timed(lambda one=one, way=direction: trace(index, snapshot, one, direction=way))
                for one in fitting
            ]
            answers = [trace(index, snapshot, one, direction=direction) for one in fitting]
            json = [timed(lambda one=one: orjson.dumps(one.to_json())) for one in answers]
            largest = max(sizes[one] for one in fitting)
            print(f"-- {label}, {direction}, largest answer {largest} nodes")
            print(f"   closure      {percentiles(closures)}")
            print(f"   trace, first {percentiles(cold)}")
            print(f"   trace, again {percentiles(warm)}")
            print(f"   to JSON      {percentiles(json)}")
    recalls = [timed(lambda one=one: recall_scope(index, snapshot, one)) for one in picked_tops]
    print(f"recall scope    {percentiles(recalls)}")
    print(f"entailment      {timed(lambda: entail(snapshot)):.2f} s")
    ways(snapshot, index, [one.replace("/item/", "/operation/") for one in picked])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
