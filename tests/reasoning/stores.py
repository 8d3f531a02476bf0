"""Stores for tests of reasoning: small ones from Turtle, and the example plant as its mapper lifts it.

The plant is ingested by the real mapper with every field answered from the oracle, so that what is tested is the
decision and not the alignment. Evidence is taken away by emptying the graph of one file in a copy.
"""

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from qualweave.config import Settings
from qualweave.evidence import Evidence
from qualweave.examples.plant import generate
from qualweave.iri import graph_iri, mint
from qualweave.mappers.drafting import Answer
from qualweave.mappers.ingest import ingest
from qualweave.mappers.memory import SourceMemory
from qualweave.mappers.profile import FieldProfile
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.store.oxigraph import OxigraphStore, open_store
from qualweave.store.port import ChangeSet, Snapshot
from tests.mappers.exact import Aligned, Candidate

PREFIXES = """
@prefix q: <https://w3id.org/qonto/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix e: <https://example.org/id/plant/equipment/> .
@prefix l: <https://example.org/id/plant/line/> .
@prefix o: <https://example.org/id/plant/operation/> .
@prefix i: <https://example.org/id/plant/item/> .
@prefix n: <https://example.org/id/plant/inspection/> .
@prefix d: <https://example.org/id/plant/defect/> .
@prefix s: <https://example.org/id/plant/setpoint/> .
@prefix c: <https://example.org/id/plant/case/> .
@prefix y: <https://example.org/id/plant/delivery/> .
@prefix g: <https://example.org/id/plant/organization/> .
"""
KEPT = (
    "cell/eam", "cell/lims/TW", "cell/lims/T", "cell/mes/TW", "cell/scada/TW", "cell/plc/TW", "cell/mes/genealogy",
    "cell/mes/TabWelding", "pack/bms", "pack/epcis", "moulding/cards", "moulding/qms", "moulding/mes/IM",
    "moulding/mes/InjectionMoulding", "moulding/plc", "moulding/scada", "moulding/eam", "valve", "strip",
)  # fmt: skip


@lru_cache(maxsize=1)
def all_terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def iri(kind: str, name: str) -> str:
    return mint(kind, name)


@contextmanager
def small(folder: Path, turtle: str) -> Iterator[Snapshot]:
    """Lend a snapshot of a new store that holds some Turtle."""
    with small_store(folder, turtle) as store, store.snapshot() as snapshot:
        yield snapshot


@contextmanager
def small_store(folder: Path, turtle: str) -> Iterator[OxigraphStore]:
    store = open_store(folder / "store", Settings(data_dir=folder / "data"))
    put(store, turtle)
    try:
        yield store
    finally:
        store.close()


def put(store: OxigraphStore, turtle: str, name: str = "hand") -> None:
    quads = ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE)
    lines = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES)
    graph = graph_iri("data", "plant", name, "1")
    store.commit([ChangeSet(graph=graph, role="data", inserts=lines or b"")], principal=SYSTEM)
    store.publish()


def told(plant: Path, incident: str) -> dict[str, Any]:
    document = json.loads((plant / "plant/oracle/incidents.json").read_text("utf-8"))
    found: dict[str, Any] = document[incident]
    return found


def build_plant(folder: Path, seed: int) -> Path:
    """Write and ingest what the decisions need of a plant; return its folder."""
    generate(folder / "plant", seed=seed, size="small")
    source = folder / "plant/input"
    for path in [p for p in source.rglob("*") if p.is_file()]:
        if not path.relative_to(source).as_posix().startswith(KEPT):
            path.unlink()
    settings = Settings(data_dir=folder / "data")
    store = open_store(folder / "store", settings)
    answers = _answers(folder)
    report = ingest(
        source,
        store=store,
        terms=all_terms(),
        settings=settings,
        principal=SYSTEM,
        answers=answers,
        aligner=_as_answered(answers),
    )
    assert not [one.file for one in report.files if one.status == "refused"]
    store.close()
    return folder


def _answers(folder: Path) -> list[Answer]:
    with (folder / "plant/oracle/fields.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    found = []
    for row in rows:
        known = [one for one in row["terms"].split("|") if one in all_terms()]
        found.append(Answer(row["column"], known[0] if known else "NIL", row["file"], row["unit"]))
    return found


def _as_answered(answers: Sequence[Answer]) -> Callable[..., list[Aligned]]:
    by_name = {one.field: one.term for one in answers if one.term != "NIL"}
    evidence = (Evidence("oracle", {"en": "told by the oracle"}, weight=1.0),)

    def aligner(
        fields: Sequence[FieldProfile],
        terms: TermIndex,
        *,
        settings: Settings,
        memory: SourceMemory,
    ) -> list[Aligned]:
        del terms, settings, memory
        return [
            Aligned(f, "accept", (Candidate(by_name[f.name], 0.99, evidence),))
            if f.name in by_name
            else Aligned(f, "request", ())
            for f in fields
        ]

    return aligner


@contextmanager
def opened(folder: Path) -> Iterator[OxigraphStore]:
    store = open_store(folder / "store", Settings(data_dir=folder / "data"))
    try:
        yield store
    finally:
        store.close()


def without(folder: Path, target: Path, *parts: str) -> Path:
    """Return a copy of a plant's store in which the graphs of some files are empty."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("lock", "input"))
    with opened(target) as store, store.snapshot() as snapshot:
        graphs = [
            one.graph for one in snapshot.graphs("data") if any(p in one.graph for p in parts)
        ]
        assert graphs
        store.commit(
            [ChangeSet(graph=name, role="data", replace=True) for name in graphs], principal=SYSTEM
        )
        store.publish()
    return target
