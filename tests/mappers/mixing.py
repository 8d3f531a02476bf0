"""Three mixers and a code list with what nobody knows, to be decided on, and what became of it."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.desk import Aligner, Desk, desk
from qualweave.mappers.governance import requests_of
from qualweave.mappers.ingest import ingest
from qualweave.mappers.memory import SourceMemory
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.review.queue import Waiting
from qualweave.mappers.review.record import Review, reviews_of
from qualweave.mappers.review.settle import Choice, Why, settle
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import Aligned, Candidate, exact

LI = Principal(id="li.wei", roles=frozenset({"engineer"}))
WANG = Principal(id="wang.fang", roles=frozenset({"engineer"}))
MIXER = """
    serial number,start time,mystery,tap density
    {id}1,2025-01-0{day} 09:00:00,7,1.5
    {id}2,2025-01-0{day} 09:01:00,8,1.6
"""
CODES = """
    equipment,defect code,code description,valid from
    AOI-A,127,odd thing,2024-01-01 00:00:00
"""
RESULTS = """
    equipment,serial number,defect code,result time,conforms
    AOI-A,S1,127,2025-01-01 10:00:00,NG
"""
PROCESS = "operation,equipment,serial number,start time\nOP1,WB-1,S1,2025-01-01 09:00:00\n"


@contextmanager
def opened(folder: Path, terms: TermIndex, gate: ShapeGate | None = None) -> Iterator[Desk]:
    """Lend a desk over a store of its own, with the aligner by exact names."""
    settings = Settings(data_dir=folder)
    store = open_store(folder / "store", settings)
    try:
        yield desk(
            store=store,
            terms=terms,
            settings=settings,
            principal=LI,
            gate=gate or ShapeGate(),
            aligner=exact,
        )
    finally:
        store.close()


def hand_in(work: Desk, folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
        ingest(
            path, store=work.store, terms=work.terms, settings=work.settings,
            principal=work.principal, gate=work.gate, aligner=work.aligner,
        )  # fmt: skip


def three_mixers(work: Desk, folder: Path) -> Path:
    """Hand in three mixers of one kind that write a field nobody knows."""
    for number in (1, 2, 3):
        text = MIXER.format(id=f"M{number}", day=number)
        hand_in(work, folder, **{f"Mixer{number}_2025010{number}": text})
    return folder


def data(work: Desk) -> frozenset[str]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        graphs = {one.graph for one in snapshot.graphs("data")}
        return frozenset(
            str(one) for one in snapshot.quads() if getattr(one.graph_name, "value", "") in graphs
        )


def reviews(work: Desk) -> list[Review]:
    with work.snapshot() as snapshot:
        return reviews_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)


def requests(work: Desk) -> dict[str, str]:
    with work.snapshot() as snapshot:
        found = requests_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    return {one.id: one.state for one in found}


def values(work: Desk, term: str) -> list[float]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(f"SELECT ?v WHERE {{ ?s q:{term} ?v }} ORDER BY ?v")
    return [float(row["v"].value) for row in rows]  # type: ignore[union-attr]


def decide(work: Desk, some: list[Waiting], term: str, why: Why, **more: bool) -> Review:
    iri = Q + term if term else ""
    return settle(work, [Choice(one.question, iri) for one in some], why, **more).review


def remembers(
    fields: Sequence[FieldProfile],
    terms: TermIndex,
    *,
    settings: Settings,
    memory: SourceMemory,
) -> list[Aligned]:
    """Suggest for a field nobody knows what a field of its name was given anywhere."""
    told = {one.field.name: one.terms[0] for one in memory.confirmations()}
    return [
        replace(one, decision="ask", ranked=(Candidate(told[one.field.name], 0.6, ()),))
        if one.field.name in told and not one.ranked
        else one
        for one in exact(fields, terms, settings=settings, memory=memory)
    ]


def suggests(*terms: str) -> Aligner:
    """Return an aligner that suggests some terms for a field nobody knows, the first first."""

    def aligner(
        fields: Sequence[FieldProfile],
        index: TermIndex,
        *,
        settings: Settings,
        memory: SourceMemory,
    ) -> list[Aligned]:
        return [
            one
            if one.ranked
            else replace(
                one,
                decision="ask",
                ranked=tuple(
                    Candidate(Q + term, 0.6 - 0.1 * at, ())
                    for at, term in enumerate(terms)
                    if Q + term not in memory.rejected(one.field)
                ),
            )
            for one in exact(fields, index, settings=settings, memory=memory)
        ]

    return aligner
