"""Figures of the embedded store for ``docs/concepts/store.md``: ``python benchmarks/store.py [QUADS]``."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qualweave.config import Settings
from qualweave.errors import LimitExceeded
from qualweave.principal import Principal
from qualweave.store.guard import permitted_dataset
from qualweave.store.oxigraph import OxigraphStore
from qualweave.store.port import ChangeSet, Limits

WHO = Principal("bench")
DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"
LOOK_UP = "SELECT ?t { <urn:i77> <urn:by> ?o . ?o <urn:temp> ?t }"
JOIN = "SELECT ?i ?t { ?o <urn:on> <urn:m7> . ?i <urn:by> ?o . ?o <urn:temp> ?t }"


def milliseconds(call: Callable[[int], object], times: int = 30) -> str:
    """Return median and 95th percentile of a call, as text."""
    spent = []
    for number in range(times):
        started = time.perf_counter()
        call(number)
        spent.append((time.perf_counter() - started) * 1000)
    return (
        f"median {statistics.median(spent):.1f} ms, p95 {sorted(spent)[int(times * 0.95)]:.1f} ms"
    )


def small(store: OxigraphStore, number: int) -> None:
    """Commit ten triples."""
    body = "".join(f'<urn:new{number}> <urn:p{one}> "{one}" .\n' for one in range(10))
    store.commit([ChangeSet("urn:g:small", "data", body.encode())], principal=WHO)


def rows(first: int, last: int) -> bytes:
    """Return three triples per operation."""
    return "".join(
        f"<urn:i{one}> <urn:by> <urn:o{one}> .\n<urn:o{one}> <urn:on> <urn:m{one % 50}> .\n"
        f'<urn:o{one}> <urn:temp> "{one}.5"^^<{DECIMAL}> .\n'
        for one in range(first, last)
    ).encode()


def writing(store: OxigraphStore, quads: int) -> None:
    """Print rates and latencies of commits, publication and guarded queries."""
    print("commit of 10 triples, empty store:", milliseconds(lambda one: small(store, one)))
    each = quads // 30
    spent = 0.0
    for number in range(10):
        body = rows(number * each, (number + 1) * each)
        started = time.perf_counter()
        store.commit([ChangeSet(f"urn:g:{number}", "data", body)], principal=WHO)
        spent += time.perf_counter() - started
    print(f"bulk commits: {quads / spent:,.0f} quads/s")
    store.publish()
    print(
        f"commit of 10 triples, {quads:,} quads:", milliseconds(lambda one: small(store, 99 + one))
    )
    started = time.perf_counter()
    store.publish()
    print(f"publication: {(time.perf_counter() - started) * 1000:.0f} ms")

    def both(number: int) -> None:
        small(store, 999 + number)
        store.publish()

    print("commit and publication:", milliseconds(both, 20))


def asking(store: OxigraphStore) -> None:
    """Print what the guard costs."""
    with store.snapshot() as snapshot:
        dataset = permitted_dataset(snapshot, WHO)
        print("trusted look-up:", milliseconds(lambda _: snapshot.select(LOOK_UP)))
    started = time.perf_counter()
    store.query(LOOK_UP, dataset=dataset)
    print(f"first guarded query (workers start): {(time.perf_counter() - started) * 1000:.0f} ms")
    time.sleep(1)
    print("guarded, known text:", milliseconds(lambda _: store.query(LOOK_UP, dataset=dataset)))
    print(
        "guarded, new text:",
        milliseconds(lambda one: store.query(LOOK_UP.replace("77", str(one)), dataset=dataset)),
    )

    def stopped(_number: int) -> None:
        try:
            store.query(
                "SELECT (COUNT(*) AS ?n) {?a ?b ?c . ?d ?e ?f}",
                dataset=dataset,
                limits=Limits(seconds=0.2),
            )
        except LimitExceeded:
            return

    print("stopped at 200 ms:", milliseconds(stopped, 5))


def graphs(count: int) -> None:
    """Print what the number of graphs does to a query, over 100,000 quads."""
    with tempfile.TemporaryDirectory() as folder:
        store = OxigraphStore(Path(folder), settings=Settings())
        each = 33_333 // count
        parts = [
            ChangeSet(f"urn:g:{one}", "data", rows(one * each, (one + 1) * each))
            for one in range(count)
        ]
        store.commit(parts, principal=WHO)
        store.publish()
        with store.snapshot() as snapshot:
            names = [entry.graph for entry in snapshot.graphs()]
            for label, chosen in (("all", None), ("all but one", names[:-1] or names)):
                found = [
                    milliseconds(lambda _, q=query, g=chosen: snapshot.select(q, graphs=g), 5)
                    for query in (LOOK_UP, JOIN)
                ]
                print(f"{count} graphs, {label}: look-up {found[0]}; join {found[1]}")
        store.close()


def main() -> None:
    """Print every figure."""
    quads = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        store = OxigraphStore(Path(folder), settings=Settings(query_workers=2))
        writing(store, quads)
        asking(store)
        store.close()
    for count in (1, 40, 200):
        graphs(count)


if __name__ == "__main__":
    main()
