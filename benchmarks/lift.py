"""Lifting speed: CSV to N-Quads and into a queryable store, beside morph-kgc in an environment of its own.

Run: ``python -m benchmarks lift [ROWS] [--large]``. Each row gives 10 triples. Every measurement is a process of its
own on one thread, so that CPU seconds compare; ``--large`` adds 1 and 5 million rows and the memory that they take.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyoxigraph as ox

from qualweave.iri import XSD, Q
from qualweave.mappers import readers
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.stream import PART_ROWS, Lifter, Parts, lift_parts, lift_to_folder
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

REPETITIONS = 5
PARAMETERS = 6
WAYS = ("file", "memory", "disk")
MACHINES = 8
LOADED_ROWS = 25_000  # at once: the store begins with the first of them while the next are lifted
MORPH = "morph-kgc[oxigraph]==2.10.0"
BASE = "https://example.org/id/plant/"
BATCH = Batch("bench", "ab" * 32, "rows.csv")
ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
FIRST_QUERY = f"SELECT (COUNT(*) AS ?n) WHERE {{ ?o <{Q}usesEquipment> <{BASE}equipment/OV-3> }}"


def write_csv(path: Path, rows: int) -> None:
    """Write a table of operations: number, machine, start, six values and the line number."""
    rng = np.random.default_rng(1)
    first = True
    with path.open("wb") as file:
        for start in range(0, rows, 500_000):
            at = pl.int_range(start, min(rows, start + 500_000), eager=True)
            frame = pl.DataFrame({"n": at}).select(
                pl.format("OP-{}", pl.col("n").cast(pl.String).str.zfill(8)).alias("op"),
                pl.format("OV-{}", pl.col("n") % MACHINES).alias("eq"),
                (pl.datetime(2025, 1, 1) + pl.duration(seconds=pl.col("n")))
                .dt.strftime("%Y-%m-%dT%H:%M:%SZ")
                .alias("t"),
                *(
                    pl.Series(f"p{one}", rng.normal(180, 5, len(at)).round(2))
                    for one in range(PARAMETERS)
                ),
                (pl.col("n") + 2).alias("line"),
            )
            frame.write_csv(file, include_header=first)
            first = False


def csv_parts(path: Path, rows: int = PART_ROWS) -> Parts:
    """Return the table in parts of texts, by the reader of the product, which has looked through the file."""
    (table,) = readers.stream(path)
    return lambda: table.batches(rows)


def lifter(*, converted: bool) -> Lifter:
    """Return what the table is lifted by; where units are converted every second column is in °F."""
    vocabulary = Vocabulary.from_terms(TermIndex.from_graph(load_graph()))
    found = vocabulary.below(Q + "Temperature")
    temperatures = sorted(one.iri for one in found if one.canonical_unit == "Cel")[:PARAMETERS]
    terms = {"op": "operationIdentifier", "eq": "equipmentIdentifier", "t": "startedAt"}
    columns = [
        ColumnMapping(name=name, term="q:" + term, decision=Decision.ACCEPTED)
        for name, term in terms.items()
    ] + [
        ColumnMapping(
            name=f"p{at}",
            term=term,
            unit="[degF]" if converted and at % 2 else "Cel",
            decision=Decision.ACCEPTED,
        )
        for at, term in enumerate(temperatures)
    ]
    document = MappingDocument(source="bench", records=("process_record",), columns=tuple(columns))
    return Lifter(document, BATCH, vocabulary)


def rml(csv: Path, mapping: MappingDocument) -> str:
    """Return the same mapping for morph-kgc: what it can say of it, which is all but one row per machine."""
    values = {one.name: one.term for one in mapping.columns if one.name.startswith("p")}
    objects = [
        f"[ rml:predicate <{Q}usesEquipment> ; rml:objectMap [ rml:template '{BASE}equipment/{{eq}}' ] ]",
        f"[ rml:predicate <{Q}startedAt> ; rml:objectMap [ rml:reference 't' ; rml:datatype <{XSD}dateTime> ] ]",
        f"[ rml:predicate <{Q}sourceRow> ; rml:objectMap [ rml:reference 'line' ; rml:datatype <{XSD}integer> ] ]",
        *(
            f"[ rml:predicate <{term}> ; rml:objectMap [ rml:reference '{name}' ; rml:datatype <{XSD}decimal> ] ]"
            for name, term in values.items()
        ),
    ]
    source = f"rml:logicalSource [ rml:source '{csv}' ; rml:referenceFormulation rml:CSV ]"
    return (
        "@prefix rml: <http://w3id.org/rml/> .\n"
        f"<#operation> a rml:TriplesMap ; {source} ;\n"
        f"  rml:subjectMap [ rml:template '{BASE}operation/{{op}}' ; rml:class <{Q}Operation> ] ;\n"
        f"  rml:predicateObjectMap {', '.join(objects)} .\n"
        f"<#equipment> a rml:TriplesMap ; {source} ;\n"
        f"  rml:subjectMap [ rml:template '{BASE}equipment/{{eq}}' ; rml:class <{Q}Equipment> ] .\n"
    )


def answered(store: ox.Store) -> int:
    """Return the answer to the first query."""
    [row] = store.query(FIRST_QUERY, use_default_graph_as_union=True)  # type: ignore[misc,union-attr]
    return int(row["n"].value)  # type: ignore[index]


@dataclass(frozen=True)
class Run:
    """One measurement of one process, in seconds; ``peak`` in MiB."""

    seconds: float
    cpu: float
    triples: int
    answer: int = 0
    peak: float = 0.0


def ours(csv: Path, folder: Path, *, converted: bool, into: str) -> Run:
    """Lift to N-Quads in files or a pipe, or straight into a store in memory or on disk, and ask it."""
    work = lifter(converted=converted)
    work.lift_table(
        next(iter(csv_parts(csv)()))
    )  # units and record table are read once per process
    started, cpu = time.perf_counter(), time.process_time()
    answer, is_store = 0, into in ("memory", "disk")
    parts = csv_parts(csv, LOADED_ROWS if is_store else PART_ROWS)
    if into == "file":
        triples = lift_to_folder(parts, work, folder / "quads").lines
    elif into == "pipe":
        triples = 0
        with Path(os.devnull).open("wb") as out:
            for part in lift_parts(parts, work):
                out.writelines(part.lines.pieces(BATCH.graph))
                triples += part.lines.count
    else:
        store = ox.Store() if into == "memory" else ox.Store(str(folder / "store"))
        fill(store, parts, work, on_disk=into == "disk")
        answer, triples = answered(store), len(store)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(seconds, cpu, triples, answer, peak)


def fill(store: ox.Store, parts: Parts, work: Lifter, *, on_disk: bool) -> None:
    """Load parts while the next one is lifted: the store lets Python go on.

    The lines are well-formed by the way they are made (which tests prove), so the store need not check every IRI again.
    A store in memory takes a transaction sooner than a bulk load, one on disk the other way round.
    """
    graph = ox.NamedNode(BATCH.graph)
    taken = store.bulk_load if on_disk else store.load

    def load(lines: bytes) -> None:
        taken(input=lines, format=ox.RdfFormat.N_TRIPLES, to_graph=graph, lenient=True)

    with ThreadPoolExecutor(1) as loader:
        before: Future[None] | None = None
        for part in lift_parts(parts, work):
            lines = part.lines.text()
            if before:
                before.result()
            before = loader.submit(load, lines)
        if before:
            before.result()


MORPH_SCRIPT = """
import json, resource, sys, time
import morph_kgc, pyoxigraph as ox
config, query, way, folder = sys.argv[1:]
started, cpu = time.perf_counter(), time.process_time()
if way == "memory":
    store = morph_kgc.materialize_oxigraph(config)
else:
    triples = morph_kgc.materialize_set(config)
    with open(folder + "/out.nt", "w", encoding="utf-8") as out:
        for one in triples:
            out.write(one + " .\\n")
    count = len(triples)
    del triples
    store = ox.Store(folder + "/morph")
    if way == "disk":
        store.bulk_load(folder + "/out.nt", "application/n-triples")
answer = 0
if way != "file":
    [row] = store.query(query)
    answer = int(row["n"].value)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, cpu, len(store) if way != "file" else count, answer, peak]))
"""


def morph_python(folder: Path) -> Path:
    """Return the interpreter of an environment of its own that has morph-kgc; made where it is not there."""
    home = Path(os.environ.get("MORPH_KGC_VENV", folder / "morph"))
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", MORPH], check=True)
    return python


def child(command: list[str]) -> Run:
    """Run a measurement in a process of its own, on one thread."""
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def shown(name: str, rows: int, runs: list[Run]) -> float:
    """Print a line of the table and return its rows per CPU second."""
    rates = sorted(rows / one.cpu for one in runs)
    wall = sorted(one.seconds for one in runs)
    median = statistics.median(rates)
    print(
        f"{name:44} {runs[0].triples:>11,} {statistics.median(wall):>7.2f} ({wall[0]:.2f}–{wall[-1]:.2f})"
        f" {median:>9,.0f} ({rates[0]:,.0f}–{rates[-1]:,.0f}) {max(one.peak for one in runs):>7,.0f}"
    )
    return median


def our_run(csv: Path, into: str, *, converted: bool = False) -> Run:
    """Measure one run of ours in a process of its own."""
    with tempfile.TemporaryDirectory(dir=csv.parent) as folder:
        kind = "converted" if converted else "plain"
        return child(
            [sys.executable, "-m", "benchmarks.lift", "--one", str(csv), folder, kind, into]
        )


def morph_run(csv: Path, python: Path, way: str) -> Run:
    """Measure one run of morph-kgc in its own environment."""
    with tempfile.TemporaryDirectory(dir=csv.parent) as folder:
        home = Path(folder)
        (home / "map.ttl").write_text(rml(csv, lifter(converted=False).mapping), encoding="utf-8")
        (home / "run.py").write_text(MORPH_SCRIPT, encoding="utf-8")
        config = "[CONFIGURATION]\nlogging_level: ERROR\nnumber_of_processes: 1\n[rows]\n"
        config += f"mappings: {home / 'map.ttl'}\n"
        return child([str(python), str(home / "run.py"), config, FIRST_QUERY, way, folder])


def side_by_side(folder: Path, rows: int) -> None:
    """Print the table of both."""
    csv = folder / "rows.csv"
    write_csv(csv, rows)
    python = morph_python(folder)
    print(
        f"{rows:,} rows of 10 triples, CSV of {csv.stat().st_size / 2**20:.0f} MiB; Polars on one thread;"
    )
    print(
        f"median of {REPETITIONS} processes (least–most), without start of the process and of the ontology"
    )
    print(f"{'':44} {'triples':>11} {'wall s':>19} {'rows/CPU s':>30} {'peak MiB':>9}")
    mine: dict[str, list[Run]] = {way: [] for way in WAYS}
    theirs: dict[str, list[Run]] = {way: [] for way in WAYS}
    for way in WAYS:
        for _ in range(REPETITIONS):  # in turn, since a machine is not as fast at all times
            mine[way].append(our_run(csv, way))
            theirs[way].append(morph_run(csv, python, way))
    rates: dict[str, float] = {}
    for way, said in (
        ("file", "to N-Quads (morph-kgc: N-Triples)"),
        ("memory", "to Oxigraph in memory, first query"),
        ("disk", "to Oxigraph on disk, first query"),
    ):
        a, b = shown(f"ours {said}", rows, mine[way]), shown(f"morph {said}", rows, theirs[way])
        rates[way] = a / b
    converted = [our_run(csv, "file", converted=True) for _ in range(REPETITIONS)]
    shown("ours to N-Quads, three columns from °F", rows, converted)
    for way, ratio in rates.items():
        clock = wall(theirs[way]) / wall(mine[way])
        print(f"{way}: {ratio:.1f} times morph-kgc per CPU second, {clock:.1f} times by the clock")
    answers = {one.answer for way in ("memory", "disk") for one in (*mine[way], *theirs[way])}
    assert len(answers) == 1, answers
    print(
        f"All stores answer {answers.pop():,}. Ours hold {MACHINES} triples more: the source row of each machine."
    )


def wall(runs: list[Run]) -> float:
    """Return the median of the wall clock."""
    return statistics.median(one.seconds for one in runs)


def large(folder: Path) -> None:
    """Print the speed and memory of 1 and 5 million rows on their way to a pipe, five times and twice."""
    for millions, times in ((1, 5), (5, 2)):
        csv, rows = folder / f"{millions}.csv", millions * 1_000_000
        write_csv(csv, rows)
        shown(
            f"ours to N-Quads in a pipe, {millions},000,000 rows",
            rows,
            [our_run(csv, "pipe") for _ in range(times)],
        )
        csv.unlink()


def main() -> None:
    """Print one table; with ``--one`` measure one run and print it as JSON."""
    given = sys.argv[1:]
    if given[:1] == ["--one"]:
        csv, folder, kind, into = given[1:]
        run = ours(Path(csv), Path(folder), converted=kind == "converted", into=into)
        print(json.dumps([run.seconds, run.cpu, run.triples, run.answer, run.peak]))
        return
    numbers = [int(one) for one in given if one.isdigit()]
    with tempfile.TemporaryDirectory() as folder:
        side_by_side(Path(folder), numbers[0] if numbers else 100_000)
        if "--large" in given:
            large(Path(folder))


if __name__ == "__main__":
    main()
