"""Latency of traces through REST, over a served plant, and equality with the oracle's closures.

``python -m benchmarks rest [--size medium] [--seed 1] [--plant FOLDER] [--serials 200]``

The service runs in a process of its own (uvicorn, loopback); one client asks with a kept connection. ``--plant`` takes
a folder that an earlier run of this benchmark left with ``--keep``.
"""

import argparse
import csv
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import networkx as nx
import numpy as np

from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.iri import local_name
from qualweave.principal import Principal

ENGINEER = Principal(id="bench", roles=frozenset({"engineer", "architect"}))
NODES = 2000


def build(folder: Path, seed: int, size: str) -> None:
    """Generate and ingest a plant, its engineer answering."""
    plant = generate(folder, seed=seed, size=size)
    service = Service(Settings(data_dir=folder / "data", dev=True))
    started = time.perf_counter()
    service.ingest(plant.input, principal=ENGINEER, answers=plant.answers)
    service.answer_from(plant.when_asked, principal=ENGINEER)
    numbers = service.numbers(ENGINEER)
    service.close()
    print(
        f"plant {size}, seed {seed}: {plant.rows} rows, {numbers['quads']} quads, "
        f"{numbers['genealogy_edges']} edges; ingest and answers {time.perf_counter() - started:.0f} s"
    )


def truth(folder: Path) -> nx.DiGraph:
    """Return the oracle's genealogy, an edge from child to parent."""
    with (folder / "oracle/genealogy.csv").open(encoding="utf-8") as handle:
        rows = list(csv.reader(handle))[1:]
    return nx.DiGraph([(child, parent) for child, parent, *_ in rows])


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a plant from its own process; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--data", str(folder / "data"), "--port", str(port), "--dev"]
    command = [sys.executable, "-m", "qualweave.api.cli", "serve", *where]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _await(address)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _await(address: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            httpx.get(f"{address}/healthz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError(f"the service did not answer within {seconds} s")


def measure(
    client: httpx.Client, genealogy: nx.DiGraph, serials: list[str]
) -> Mapping[str, list[float]]:
    """Ask each serial both ways, compare with the oracle, and return milliseconds per direction."""
    spent: dict[str, list[float]] = {"back": [], "forward": []}
    wrong = 0
    for item in serials:
        for direction, closure in (("back", nx.descendants), ("forward", nx.ancestors)):
            started = time.perf_counter()
            reply = client.get(f"/trace/{quote(item, safe='')}", params={"direction": direction})
            spent[direction].append(1000 * (time.perf_counter() - started))
            named = {_name(node["item"]) for node in reply.raise_for_status().json()["nodes"][1:]}
            wrong += named != closure(genealogy, item)
    print(f"traces unlike the oracle: {wrong} of {2 * len(serials)}")
    return spent


def _name(iri: str) -> str:
    return iri if "id.gs1.org" in iri else local_name(iri)


def main() -> None:
    """Run."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--size", default="medium")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--serials", type=int, default=200)
    asked.add_argument("--plant", type=Path)
    asked.add_argument("--keep", type=Path)
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.plant or chosen.keep or Path(temporary)
        if chosen.plant is None:
            build(folder, chosen.seed, chosen.size)
        report(folder, chosen.seed, chosen.serials)


def report(folder: Path, seed: int, count: int) -> None:
    """Serve, warm up, measure and print."""
    genealogy = truth(folder)
    rng = random.Random(seed)  # noqa: S311 - a draw of serials
    known = sorted(genealogy)
    drawn = rng.sample(known, min(2 * count, len(known)))
    small = [
        one
        for one in drawn
        if max(len(nx.descendants(genealogy, one)), len(nx.ancestors(genealogy, one))) <= NODES
    ]
    with served(folder) as address, httpx.Client(base_url=address, timeout=120) as client:
        state = client.get("/status").json()
        print(f"{state['quads']} quads, {state['genealogy_edges']} genealogy edges")
        started = time.perf_counter()
        client.get(f"/trace/{quote(known[0], safe='')}").raise_for_status()
        print(f"first trace: {time.perf_counter() - started:.1f} s")
        measure(client, genealogy, small[:20])  # warm-up
        spent = measure(client, genealogy, small[:count])
    print(
        f"{len(genealogy)} items; {len(small[:count])} random serials, answers of at most {NODES} nodes"
    )
    print(f"{'direction':10} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}")
    for direction, times in spent.items():
        row = np.percentile(times, [50, 95, 100])
        print(f"{direction:10} " + " ".join(f"{one:8.1f}" for one in row))


if __name__ == "__main__":
    main()
