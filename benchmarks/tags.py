"""Lost tags: how much of the chain is found with and without re-binding, and how many links are invented.

Run ``python -m benchmarks tags [SIZE]`` (default medium). A share of module tags is lost at random, five times over. In
the second half of the table the true module of every lost tag is unknown to every reader and scale, while as many
others lie in stock: there every link is an invention.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson

from qualweave.examples.plant import generate
from qualweave.examples.plant.ablate import lose_tags
from qualweave.examples.plant.mounting import MODULE_COLUMN, MOUNTING_LOG
from qualweave.gs1 import canonical
from qualweave.iri import GS1_ID, local_name
from qualweave.reasoning.rebinding import LEAST_CONFIDENCE, rebind
from qualweave.reasoning.trace import CsrGenealogy
from tests.reasoning.graphs import ingested

FILES = (
    "pack/epcis/*",
    "pack/mes/*",
    "cell/mes/module_weights.csv",
    "cell/mes/genealogy_module.xml",
)
RATE, SEEDS = 0.18, (1, 2, 3, 4, 5)
Edge = tuple[str, str]


def main(size: str) -> None:
    """Print the measurements."""
    print(f"plant {size}, tag loss {RATE:.0%}, links from confidence {LEAST_CONFIDENCE}")
    print(
        "what can be known                seed  lost  chain told  with re-binding  links  wrong  s"
    )
    for hidden in (False, True):
        rows = [measure(seed, size, hidden=hidden) for seed in SEEDS]
        name = "the lost module is unknown" if hidden else "every module was seen"
        for seed, row in zip(SEEDS, rows, strict=True):
            print(f"{name:32} {seed:4}  {line(row)}")
        table = np.array(rows)
        print(f"{name:32} mean  {line(table.mean(axis=0))}")
        print(f"{name:32}   sd  {line(table.std(axis=0, ddof=1))}")
        links, wrong, slots = table[:, 3].sum(), table[:, 4].sum(), table[:, 0].sum()
        print(
            f"   wrong of links {wrong / max(links, 1):.2%}, wrong per open slot {wrong / slots:.2%}"
        )


def line(row: Iterable[float]) -> str:
    """Return a row of the table."""
    lost, told, bound, links, wrong, seconds = row
    return f"{lost:5.1f} {told:10.3f}  {bound:15.3f}  {links:5.1f}  {wrong:5.1f}  {seconds:.1f}"


def measure(seed: int, size: str, *, hidden: bool) -> tuple[float, ...]:
    """Return lost tags, chain recall without and with re-binding, links, wrong links and seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = generate(folder / "plant", seed=seed, size=size)  # type: ignore[arg-type]
        before = modules(made.input)
        lose_tags(made.root, rate=RATE, seed=seed)
        lost = [one for one, after in zip(before, modules(made.input), strict=True) if not after]
        stock = set(before[-2 * len(lost) :]) - set(lost) if hidden else set()
        unbuilt = set(map(canonical, stock))
        truth = {edge for edge in edges_of(made.oracle) if edge[1] not in unbuilt}
        if hidden:
            hide(made.input, set(lost), stock)
        with ingested(folder / "store", made.root, *FILES) as snapshot:
            index = CsrGenealogy.build(snapshot)
            begin = time.perf_counter()
            found = {(one.child, one.parent) for one in rebind(index).links}
            seconds = time.perf_counter() - begin
            told = {
                (child, named(parent))
                for child, parent in index.edges_among(list(index.items()), "back")
            }
        whole = closures(truth)
        return (
            len(lost),
            recall(whole, closures(told)),
            recall(whole, closures(told | found)),
            len(found),
            len(found - truth),
            seconds,
        )


def edges_of(oracle: Path) -> set[Edge]:
    """Return the true edges of packs and modules."""
    with (oracle / "genealogy.csv").open(encoding="utf-8") as handle:
        rows = [(row["child"], row["parent"]) for row in csv.DictReader(handle)]
    return {
        (child, parent) for child, parent in rows if child.startswith(GS1_ID) and "/21/" in child
    }


def named(item: str) -> str:
    """Return an item as the oracle names it."""
    return item if item.startswith(GS1_ID) else local_name(item)


def modules(plant: Path) -> list[str]:
    """Return the serial of each row of the mounting log, empty where the tag was not read."""
    with (plant / MOUNTING_LOG).open(encoding="utf-8-sig", newline="") as handle:
        return [row[MODULE_COLUMN] for row in csv.DictReader(handle)]


def hide(plant: Path, lost: set[str], stock: set[str]) -> None:
    """Take every trace of the lost modules away, and keep some others from being built in: they lie in stock."""
    drop(plant / "cell/mes/module_weights.csv", lost)
    drop(plant / MOUNTING_LOG, stock)
    untag(plant / "pack/epcis/module_receiving.jsonld", lost)
    untag(plant / "pack/epcis/pack_assembly.jsonld", stock)


def untag(path: Path, gone: set[str]) -> None:
    """Take tags out of the events of an EPCIS document."""
    serials = {one.rpartition(")")[2] for one in gone}
    document = orjson.loads(path.read_bytes())
    for event in document["epcisBody"]["eventList"]:
        for field in {"epcList", "childEPCs"} & event.keys():
            event[field] = [tag for tag in event[field] if tag.rpartition(".")[2] not in serials]
    path.write_bytes(orjson.dumps(document))


def drop(path: Path, serials: set[str]) -> None:
    """Drop the rows that hold one of some serials."""
    lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    kept = [one for one in lines if not any(cell in serials for cell in one.strip().split(","))]
    path.write_text("".join(kept), "utf-8-sig")


def closures(edges: set[Edge]) -> dict[str, set[str]]:
    """Return the modules and cells that each pack was made from."""
    parents: dict[str, list[str]] = {}
    for child, parent in edges:
        parents.setdefault(child, []).append(parent)
    packs = [one for one in parents if "/21/PK" in one]
    return {
        pack: {one for module in parents[pack] for one in (module, *parents.get(module, ()))}
        for pack in packs
    }


def recall(truth: dict[str, set[str]], found: dict[str, set[str]]) -> float:
    """Return the share of (pack, ancestor) pairs that is found."""
    total = sum(len(one) for one in truth.values())
    return sum(len(one & found.get(top, set())) for top, one in truth.items()) / total


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "medium")
