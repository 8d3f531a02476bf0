"""Real stores for the tests of traces and causes: from triples, and from folders of the example plant."""

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qualweave.config import Settings
from qualweave.iri import RDF, XSD, Q, graph_iri, mint
from qualweave.mappers.drafting import Answer
from qualweave.mappers.ingest import ingest
from qualweave.ontology.load import load_graph, load_ntriples
from qualweave.ontology.release import current_release
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.store.oxigraph import OxigraphStore, open_store
from qualweave.store.port import ChangeSet, Snapshot
from tests.mappers.exact import Aligned, Candidate

DATA = graph_iri("data", "plant", "test", "1")
_NODES = {"usesEquipment": "equipment", "performedBy": "organization", "linkedToOrder": "order"}


def item(name: str) -> str:
    return mint("item", name)


def edge(child: str, parent: str) -> str:
    return f"<{item(child)}> <{Q}derivedFromMaterial> <{item(parent)}> ."


def typed(name: str, term: str) -> str:
    return f"<{item(name)}> <{RDF}type> <{Q}{term}> ."


def record(node: str, **facts: str) -> list[str]:
    """Return the triples of a record: ``type``, ``…At`` times, things, and parameters (upper case)."""
    lines = []
    for fact, value in facts.items():
        if fact == "type":
            lines.append(f"<{node}> <{RDF}type> <{Q}{value}> .")
            continue
        if fact.endswith("At"):
            term = f'"{value}"^^<{XSD}dateTime>'
        elif fact in _NODES:
            term = f"<{mint(_NODES[fact], value)}>"
        elif fact == "changedParameter":
            term = f"<{Q}{value}>"
        elif fact in ("temporaryChange", "conforms"):
            term = f'"{value}"^^<{XSD}boolean>'
        else:
            term = f'"{value}"^^<{XSD}decimal>'
        lines.append(f"<{node}> <{Q}{fact}> {term} .")
    return lines


def operation(name: str, number: str, **facts: str) -> list[str]:
    """Return the triples of an operation that made an item."""
    node = mint("operation", number)
    return [f"<{item(name)}> <{Q}producedBy> <{node}> .", *record(node, **facts)]


def change_set(lines: Iterable[str], graph: str = DATA) -> ChangeSet:
    return ChangeSet(graph, "data", "".join(f"{line}\n" for line in lines).encode())


@contextmanager
def opened(folder: Path, *changes: ChangeSet, ontology: bool = False) -> Iterator[OxigraphStore]:
    settings = Settings(data_dir=folder / "data")
    store = open_store(settings.data_dir / "store", settings)
    first = [ChangeSet(current_release().iri, "ontology", load_ntriples())] if ontology else []
    try:
        store.commit([*first, *changes], principal=SYSTEM)
        store.publish()
        yield store
    finally:
        store.close()


@contextmanager
def snapshot_of(folder: Path, *changes: ChangeSet, ontology: bool = False) -> Iterator[Snapshot]:
    with opened(folder, *changes, ontology=ontology) as store, store.snapshot() as snapshot:
        yield snapshot


def _undecided(fields: Sequence[object], terms: object, **rest: object) -> list[Aligned]:
    """Leave every field to the oracle, which answers like an engineer who knows the plant by heart."""
    del terms, rest
    nothing = (Candidate(Q + "remark", 0.1, ()),)
    return [Aligned(field, "request", nothing) for field in fields]  # type: ignore[arg-type]


def oracle_answers(plant: Path) -> list[Answer]:
    with (plant / "oracle/fields.csv").open(encoding="utf-8", newline="") as handle:
        return [
            Answer(
                field=row["column"],
                term="" if row["terms"] == "NIL" else row["terms"].split("|")[0],
                file=row["file"],
                unit=row["unit"],
            )
            for row in csv.DictReader(handle)
        ]


@contextmanager
def ingested(folder: Path, plant: Path, *wanted: str) -> Iterator[Snapshot]:
    """Lend a snapshot of some files of a plant, mapped as the oracle has it, whatever the aligner can do."""
    inputs = folder / "input"
    for pattern in wanted:
        for path in sorted((plant / "input").glob(pattern)):
            target = inputs / path.relative_to(plant / "input")
            if path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    settings = Settings(data_dir=folder / "data")
    with opened(folder, ontology=True) as store:
        ingest(
            inputs,
            store=store,
            terms=TermIndex.from_graph(load_graph()),
            settings=settings,
            principal=SYSTEM,
            answers=oracle_answers(plant),
            aligner=_undecided,  # type: ignore[arg-type]
        )
        store.publish()
        with store.snapshot() as snapshot:
            yield snapshot
