"""Compaction: one graph an hour in place of many, the same answers, and a kill leaves either state."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qualweave.batches import batches, members
from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.compaction import compact
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.live.port import Reading, Sample
from qualweave.mappers.live.spool import Spools
from qualweave.mappers.provenance import provenance
from qualweave.mappers.relift import relift_source
from qualweave.mappers.revise import release
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import OxigraphStore
from tests.mappers.exact import exact
from tests.mappers.live.desks import into

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
QUERIES = (
    "SELECT DISTINCT ?s ?p ?o WHERE { ?s q:sourceRow ?row ; ?p ?o }",
    "SELECT ?m (COUNT(?v) AS ?n) (AVG(?v) AS ?mean) WHERE { ?r q:usesEquipment ?m ; q:Torque ?v } GROUP BY ?m",
    "SELECT ?g WHERE { GRAPH ?g { ?s q:Torque ?v } }",
)
Value = tuple[int, str, float | str]


def deliver(work: Desk, folder: Path, values: list[Value], *, each: int = 2) -> None:
    """Ingest values in segments of so many."""
    spools = Spools(folder, rows=1, seconds=1e9)
    for start in range(0, len(values), each):
        spools.keep(
            [_reading(*one, key=start + n) for n, one in enumerate(values[start : start + each])]
        )
        spools.seal(everything=True)
    into(work, spools.sealed_folder)


def _reading(step: int, machine: str, value: float | str, *, key: int) -> Reading:
    at = START + timedelta(seconds=10 * step)
    quality = "bad" if isinstance(value, str) else "good"
    samples = (Sample("equipment", machine), Sample("torque", value, quality, "BadSensorFailure"))
    return Reading("plant/p1", samples, at, at, key=f"k{key}", stream="s")


def graphs(work: Desk) -> list[str]:
    work.store.publish()
    with work.snapshot() as snapshot:
        return [one.graph for one in snapshot.graphs("data", tenant=work.tenant)]


def answers(work: Desk, queries: tuple[str, ...] = QUERIES[:2]) -> list[list[str]]:
    work.store.publish()
    with work.snapshot() as snapshot:
        return [
            sorted(str([str(one) for one in row.values()]) for row in snapshot.select(query))
            for query in queries
        ]


def origins(work: Desk) -> dict[str, list[Any]]:
    """Return where everything that is said of every thing came from."""
    work.store.publish()
    with work.snapshot() as snapshot:
        subjects = {
            str(row["s"].value)  # type: ignore[union-attr]
            for row in snapshot.select("SELECT ?s WHERE { ?s q:sourceRow ?row }")
        }
        return {
            one: sorted(
                provenance(snapshot, one, predicate, tenant=work.tenant), key=lambda it: it.graph
            )
            for one in sorted(subjects)
            for predicate in (None, Q + "sourceRow")
        }


LATER = datetime.now(UTC) + timedelta(hours=2)
VALUES: list[Value] = [(n, f"P-{n % 3}", n + 0.5) for n in range(6)]


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(["P-1", "P-2"]), st.sampled_from([1.5, 2.5, 7.0])),
        min_size=2, max_size=8,
    ),
    each=st.integers(1, 4),
    most=st.integers(2, 5),
)  # fmt: skip
def test_queries_and_provenance_are_the_same_before_and_after(
    fresh: Callable[[], Desk], values: list[Value], each: int, most: int
) -> None:
    work = fresh()
    deliver(work, work.settings.data_dir / "live", values, each=each)
    count, before, came_from = len(graphs(work)), answers(work), origins(work)

    done = compact(work, before=LATER, most=most)

    assert len(graphs(work)) == count - done.batches + len(done.graphs)
    assert done.batches == (count if count % most != 1 else count - 1)
    assert answers(work) == before
    assert origins(work) == came_from
    with work.snapshot() as snapshot:
        assert len(list(batches(snapshot, tenant=work.tenant))) == count
    assert compact(work, before=LATER, most=most).graphs == ()


@pytest.fixture
def fresh(tmp_path: Path, terms: TermIndex) -> Iterator[Callable[[], Desk]]:
    """Makes desks over empty stores."""
    made: list[Desk] = []

    def make(at_step: Callable[[str], None] | None = None) -> Desk:
        folder = tmp_path / str(len(made))
        made.append(opened(folder, terms, at_step))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def opened(folder: Path, terms: TermIndex, at_step: Callable[[str], None] | None = None) -> Desk:
    store = OxigraphStore(folder / "store", settings=Settings(data_dir=folder), at_step=at_step)
    return desk(
        store=store, terms=terms, settings=Settings(data_dir=folder), principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )  # fmt: skip


def test_an_hour_that_is_not_over_waits(work: Desk, tmp_path: Path) -> None:
    deliver(work, tmp_path / "live", VALUES)

    assert compact(work).batches == 0
    assert compact(work, source="another", before=LATER).batches == 0
    assert compact(work, source="live", before=LATER).batches == 3


def test_the_same_segments_again_are_known(work: Desk, tmp_path: Path) -> None:
    deliver(work, tmp_path / "live", VALUES)
    compact(work, before=LATER)
    before = answers(work)

    again = into(work, tmp_path / "live" / "sealed")

    assert {one.status for one in again.files} == {"repeated"}
    assert answers(work) == before


def test_lifting_again_gives_each_batch_its_own_graph_back(work: Desk, tmp_path: Path) -> None:
    deliver(work, tmp_path / "live", VALUES)
    before, came_from, own = answers(work, QUERIES), origins(work), graphs(work)
    compact(work, before=LATER)

    relift_source(work, "live-plant%2Fp1")

    assert set(own) < set(graphs(work))
    with work.snapshot() as snapshot:
        entries = snapshot.graphs("data", tenant=work.tenant)
        assert [len(members(one)) for one in entries if one.graph not in own] == [0]
    assert answers(work, QUERIES) == before
    assert [{replace(one, when="") for one in ones} for ones in origins(work).values()] == [
        {replace(one, when="") for one in ones} for ones in came_from.values()
    ]


def test_a_waiting_row_is_released_out_of_a_compacted_graph(work: Desk, tmp_path: Path) -> None:
    deliver(work, tmp_path / "live", [*VALUES[:4], (4, "P-1", "88.5")])
    compact(work, before=LATER)
    [row] = work.quarantine.held()

    release(work, row.id, {"equipment": "P-9", "torque": "99.5"})

    assert sum("99.5" in one for one in answers(work)[0]) == 1
    assert len(answers(work)[0]) == len({*answers(work)[0]})


class _Dies(Exception):
    """The process is killed here."""


@pytest.mark.parametrize("step", ["journal", "apply", "count"])
def test_a_kill_in_the_middle_leaves_either_state(
    tmp_path: Path, terms: TermIndex, step: str
) -> None:
    armed = False

    def stop(name: str) -> None:
        if armed and name == step:
            raise _Dies

    work = opened(tmp_path / "data", terms, stop)
    with closing(work.store):
        deliver(work, tmp_path / "live", VALUES)
        own, before, came_from = graphs(work), answers(work), origins(work)
        armed = True
        with pytest.raises(_Dies):
            compact(work, before=LATER)
        armed = False
    again = opened(tmp_path / "data", terms)
    with closing(again.store):
        assert len(graphs(again)) in (1, len(own))
        assert answers(again) == before
        assert origins(again) == came_from
