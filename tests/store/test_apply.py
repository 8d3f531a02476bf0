"""However change sets follow each other, graphs hold what was said and merged graphs the merge of it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.config import Settings
from qualweave.errors import StoreError
from qualweave.principal import Principal
from qualweave.store.oxigraph import OxigraphStore
from qualweave.store.port import ChangeSet, GraphRole

TENANTS = ("plant", "other")
GRAPHS: dict[str, tuple[str, GraphRole]] = {
    "https://example.org/g/a": ("plant", "data"),
    "https://example.org/g/b": ("plant", "data"),
    "https://example.org/g/c": ("other", "data"),
    "https://example.org/g/shared": ("plant", "ontology"),
}
Model = dict[str, set[int]]


class Stop(BaseException):
    """Ends a commit in the middle, as a kill would."""


def lines(numbers: frozenset[int]) -> bytes:
    return "".join(f'<urn:s{one}> <urn:p> "{one}" .\n' for one in sorted(numbers)).encode()


class Failing:
    """A database that fails at one of its writes, before it is done."""

    def __init__(self, store: ox.Store, after: int) -> None:
        self._store, self._left = store, after

    def __contains__(self, quad: ox.Quad) -> bool:
        return quad in self._store

    def __getattr__(self, name: str) -> object:
        found = getattr(self._store, name)
        if name not in {"remove", "extend", "bulk_extend", "bulk_load", "update", "clear_graph"}:
            return found

        def call(*args: object, **named: object) -> object:
            self._left -= 1
            if self._left == 0:
                raise OSError("no space left")
            return found(*args, **named)

        return call


numbers = st.frozensets(st.integers(0, 5), max_size=4)
changes = st.lists(
    st.lists(
        st.tuples(st.sampled_from(sorted(GRAPHS)), numbers, numbers, st.booleans()),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


def write(
    store: OxigraphStore,
    steps: list[tuple[str, frozenset[int], frozenset[int], bool]],
    model: Model,
) -> None:
    for tenant in TENANTS:
        own = [step for step in steps if GRAPHS[step[0]][0] == tenant]
        for graph, inserts, deletes, replace in own:
            before = set() if replace else model.get(graph, set()) - deletes
            model[graph] = before | inserts
        store.commit(
            [
                ChangeSet(
                    graph,
                    GRAPHS[graph][1],
                    inserts=lines(ins),
                    deletes=lines(dels),
                    replace=replace,
                )
                for graph, ins, dels, replace in own
            ],
            principal=Principal("t", tenant=tenant),
        )


def check(store: OxigraphStore, model: Model) -> None:
    store.publish()
    with store.snapshot() as snapshot:
        for graph, content in model.items():
            found = snapshot.select("SELECT ?s { ?s ?p ?o }", graphs=[graph])
            assert sorted(str(row["s"]) for row in found) == sorted(f"<urn:s{n}>" for n in content)
        for tenant in {GRAPHS[graph][0] for graph in model}:
            graphs = [entry.graph for entry in snapshot.graphs(tenant=tenant)]
            merged = snapshot.default_graphs(graphs)
            found = snapshot.select("SELECT ?s { ?s ?p ?o }", graphs=graphs)
            union = set[int]().union(*(model[graph] for graph in graphs))
            assert len(merged) == 1
            assert sorted(str(row["s"]) for row in found) == sorted(f"<urn:s{n}>" for n in union)


@given(changes)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_graphs_and_merged_graphs_hold_what_was_said(
    commits: list[list[tuple[str, frozenset[int], frozenset[int], bool]]],
) -> None:
    model: Model = {}
    with TemporaryDirectory() as folder:
        store = OxigraphStore(Path(folder), settings=Settings())
        for steps in commits:
            write(store, steps, model)
        check(store, model)
        store.close()


@given(changes, st.integers(1, 8), st.sampled_from(["apply", "count", "ledger"]))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_a_commit_that_is_cut_short_is_finished_at_the_next_write(
    commits: list[list[tuple[str, frozenset[int], frozenset[int], bool]]], after: int, where: str
) -> None:
    model: Model = {}
    left = [after]

    def stop(step: str) -> None:
        if step == where:
            left[0] -= 1
            if left[0] == 0:
                raise Stop

    with TemporaryDirectory() as folder:
        store = OxigraphStore(Path(folder), settings=Settings(), at_step=stop)
        for steps in commits:
            try:
                write(store, steps, model)
            except Stop:
                write(store, steps, model)
        check(store, model)
        assert store._ledger.verify() == len(store.commits())
        store.close()


@given(changes, st.integers(1, 25))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_a_database_that_failed_at_any_write_is_finished_later(
    commits: list[list[tuple[str, frozenset[int], frozenset[int], bool]]], after: int
) -> None:
    model: Model = {}
    with TemporaryDirectory() as folder:
        store = OxigraphStore(Path(folder), settings=Settings())
        store._store = Failing(store._store, after)  # type: ignore[assignment]
        for steps in commits:
            try:
                write(store, steps, model)
            except StoreError:
                write(store, steps, model)
        check(store, model)
        store.close()


def test_a_large_graph_is_loaded_as_a_small_one_is(tmp_path: Path) -> None:
    store = OxigraphStore(tmp_path, settings=Settings())
    many = b"".join(b'<urn:s%d> <urn:p> "%d" .\n' % (one, one) for one in range(50_000))
    nodes = many.replace(b"<urn:s", b"_:s").replace(b"> <urn:p>", b" <urn:p>")
    for number, content in enumerate((many, nodes)):
        graph = f"urn:g{number}"
        store.commit([ChangeSet(graph, "data", content)], principal=Principal("t"))
    store.publish()

    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    with store.snapshot() as snapshot:
        counts = [
            getattr(snapshot.select(query, graphs=graphs)[0]["n"], "value", "")
            for graphs in (["urn:g0"], ["urn:g1"], None)
        ]
    assert counts == ["50000", "50000", "100000"]
    store.close()


@pytest.mark.parametrize("graph", ["no iri", ""])
def test_a_graph_is_named_by_an_iri(tmp_path: Path, graph: str) -> None:
    store = OxigraphStore(tmp_path, settings=Settings())

    with pytest.raises(Exception, match="cannot be named"):
        store.commit([ChangeSet(graph, "data", b"")], principal=Principal("t"))
    store.close()
