"""The genealogy index and `trace`: equal to SPARQL and networkx, honest about gaps, cycles, limits and names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from qualweave.errors import AmbiguousTerm, InputError, NotFound
from qualweave.iri import RDF, Q, graph_iri, mint
from qualweave.principal import SYSTEM
from qualweave.reasoning.trace import CsrGenealogy, LinkKind, recall_scope, resolve_item, trace
from qualweave.store.port import ChangeSet, Snapshot
from tests.reasoning.graphs import (
    change_set,
    edge,
    item,
    opened,
    operation,
    record,
    snapshot_of,
    typed,
)

PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)
# The form that stays quick on large graphs (docs/concepts/trace.md): ask each item whether it is reached.
REACHED = """
SELECT DISTINCT ?x WHERE {{
  {{ ?x q:derivedFromMaterial ?any }} UNION {{ ?any q:derivedFromMaterial ?x }}
  FILTER EXISTS {{ {pattern} }}
}}
"""


def index_of(pairs: list[tuple[int, int]]) -> CsrGenealogy:
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return CsrGenealogy([str(n) for n in range(12)], ends[:, 0], ends[:, 1])


@given(PAIRS, st.integers(0, 11))
@settings(max_examples=200, deadline=None)
def test_closures_and_depths_equal_networkx(pairs: list[tuple[int, int]], start: int) -> None:
    index = index_of(pairs)
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from(range(12))

    for direction, walked in (("back", graph), ("forward", graph.reverse())):
        wanted = nx.single_source_shortest_path_length(walked, start)
        del wanted[start]
        found = index.closure(str(start), direction)  # type: ignore[arg-type]
        assert found == {str(one): depth for one, depth in wanted.items()}
        assert list(found.values()) == sorted(found.values())


@given(PAIRS)
@settings(max_examples=100, deadline=None)
def test_cycles_equal_networkx(pairs: list[tuple[int, int]]) -> None:
    graph = nx.DiGraph(pairs)
    wanted = {
        frozenset(str(one) for one in group)
        for group in nx.strongly_connected_components(graph)
        if len(group) > 1 or any(graph.has_edge(one, one) for one in group)
    }

    assert {frozenset(one) for one in index_of(pairs).cycles()} == wanted


@given(PAIRS)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_equals_sparql_property_paths(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]]
) -> None:
    lines = [edge(str(child), str(parent)) for child, parent in pairs]
    with snapshot_of(tmp_path_factory.mktemp("paths"), change_set(lines)) as snapshot:
        index = CsrGenealogy.build(snapshot)

        for start in index.items():
            for direction, pattern in (
                ("back", f"<{start}> q:derivedFromMaterial+ ?x"),
                ("forward", f"?x q:derivedFromMaterial+ <{start}>"),
            ):
                rows = snapshot.select(REACHED.format(pattern=pattern))
                wanted = {str(getattr(row["x"], "value", "")) for row in rows}
                # A path leads back to its start where that lies on a cycle; a closure leaves it out.
                assert set(index.closure(start, direction)) == wanted - {start}  # type: ignore[arg-type]


FACTORY = [
    *(line for n in range(6) for line in (edge(f"C{n}", "L1"), typed(f"C{n}", "BatteryCell"))),
    typed("C9", "BatteryCell"),
    edge("P1", "C0"),
    edge("P1", "C9"),
    edge("P1", "X1"),
    edge("L1", "S1"),
    typed("S1", "Resin"),
    typed("L1", "ElectrodeCoil"),
    *operation(
        "C0",
        "OP1",
        type="TabWelding",
        usesEquipment="TW-1",
        performedBy="Cell Ltd",
        startedAt="2025-01-02T08:00:00Z",
        WeldForce="101.5",
    ),
    *(
        f"<{mint('inspection', 'I1')}> <{Q}{name}> {value} ."
        for name, value in (
            ("inspects", f"<{item('C0')}>"),
            ("conforms", '"false"^^<http://www.w3.org/2001/XMLSchema#boolean>'),
        )
    ),
    f"<{mint('delivery', 'D1')}> <{Q}deliveredBatch> <{item('P1')}> .",
    f'<{mint("delivery", "D1")}> <{Q}deliveryStatus> "open" .',
    f"<{mint('delivery', 'D1')}> <{Q}deliveredTo> <{mint('organization', 'OEM')}> .",
    "<https://id.gs1.org/01/04012345111118/21/98> "
    f"<{Q}derivedFromMaterial> <https://id.gs1.org/01/04012345111118/10/C0> .",
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    with snapshot_of(
        tmp_path_factory.mktemp("factory"), change_set(FACTORY), ontology=True
    ) as made:
        yield made


@pytest.fixture(scope="module")
def index(snapshot: Snapshot) -> CsrGenealogy:
    return CsrGenealogy.build(snapshot)


def test_a_trace_holds_steps_with_equipment_time_and_parameters(
    index: CsrGenealogy, snapshot: Snapshot
) -> None:
    answer = trace(index, snapshot, "P1")

    step = next(one for one in answer.steps if one.kind is LinkKind.OPERATION)
    assert step.item == item("C0")
    assert step.record.classes == (Q + "TabWelding",)
    assert step.facts["equipment"] == mint("equipment", "TW-1")
    assert step.facts["started_at"] == "2025-01-02T08:00:00Z"
    assert step.parameters == {Q + "WeldForce": 101.5}
    node = next(one for one in answer.nodes if one.item == item("C0"))
    assert (node.depth, node.organization) == (1, mint("organization", "Cell Ltd"))
    assert answer.labels[Q + "BatteryCell"] == {"en": "battery cell", "zh": "电芯"}
    assert set(answer.labels[Q + "WeldForce"]) >= {"en", "zh"}


def test_every_edge_names_the_graph_that_states_it(index: CsrGenealogy, snapshot: Snapshot) -> None:
    answer = trace(index, snapshot, "P1")

    assert len(answer.edges) == 5
    for one in answer.edges:
        assert next(
            snapshot.quads(
                NamedNode(one.child),
                NamedNode(Q + "derivedFromMaterial"),
                NamedNode(one.parent),
                NamedNode(one.graph),
            )
        )


def test_a_broken_chain_is_a_gap_with_a_reason_and_raw_material_is_none(
    index: CsrGenealogy, snapshot: Snapshot
) -> None:
    answer = trace(index, snapshot, "P1")

    gaps = {one.item: one for one in answer.gaps}
    assert {one: gap.code for one, gap in gaps.items()} == {
        item("C9"): "missing-parents",
        item("X1"): "undeclared",
    }
    assert "同类" in gaps[item("C9")].reason["zh"]
    assert {node.item for node in answer.nodes if node.gap} == set(gaps)
    assert item("S1") in {node.item for node in answer.nodes}


def test_a_limit_keeps_the_nearest_and_says_how_to_go_on(
    index: CsrGenealogy, snapshot: Snapshot
) -> None:
    answer = trace(index, snapshot, "P1", limit=3)

    assert answer.truncated
    assert answer.total == 5
    assert [node.depth for node in answer.nodes] == [0, 1, 1]
    assert answer.next_step.startswith("3 more")
    assert trace(index, snapshot, "P1", include_parameters=False).steps == ()


def test_steps_come_in_pages(index: CsrGenealogy, snapshot: Snapshot) -> None:
    first = trace(index, snapshot, "P1", step_limit=2)
    rest = trace(index, snapshot, "P1", step_offset=first.next_step_offset or 0)

    whole = trace(index, snapshot, "P1").steps
    assert first.next_step_offset == 2
    assert rest.next_step_offset is None
    assert sorted(one.operation for one in (*first.steps, *rest.steps)) == sorted(
        one.operation for one in whole
    )


def test_a_recall_scope_counts_ships_and_names_customers(
    index: CsrGenealogy, snapshot: Snapshot
) -> None:
    scope = recall_scope(index, snapshot, "L1")

    assert scope.by_class == {"BatteryCell": 6, "unclassified": 1}
    assert scope.open_deliveries == (mint("delivery", "D1"),)
    assert scope.customers == (mint("organization", "OEM"),)
    assert scope.organizations == {mint("organization", "Cell Ltd"): 1}
    paged: Any = scope.to_json(limit=4)
    assert (paged["count"], len(paged["affected"]), paged["next_offset"]) == (7, 4, 4)
    assert paged["evidence"][0]["data"] == {"edges": 7, "items": 7}


@pytest.mark.parametrize(
    "text",
    [
        "(01)04012345111118(21)98",
        "urn:epc:id:sgtin:4012345.011111.98",
        "https://example.com/01/04012345111118/21/98",
        "98",
    ],
)
def test_every_spelling_of_an_identity_is_the_same_item(
    index: CsrGenealogy, snapshot: Snapshot, text: str
) -> None:
    assert resolve_item(snapshot, index, text) == "https://id.gs1.org/01/04012345111118/21/98"


def test_an_unknown_number_names_the_nearest(index: CsrGenealogy, snapshot: Snapshot) -> None:
    with pytest.raises(NotFound, match=r"No item 'P11' is known. Nearest: P1"):
        trace(index, snapshot, "P11")


def test_a_number_of_two_items_names_both(index: CsrGenealogy, snapshot: Snapshot) -> None:
    with pytest.raises(AmbiguousTerm) as caught:
        trace(index, snapshot, "C0")

    assert caught.value.data["candidates"] == [
        item("C0"),
        "https://id.gs1.org/01/04012345111118/10/C0",
    ]


def test_a_wrong_check_digit_is_refused(index: CsrGenealogy, snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match="check digit"):
        resolve_item(snapshot, index, "(01)04012345111119(21)98")


def test_cycles_are_tolerated_and_reported(tmp_path: Path) -> None:
    lines = [edge("A", "B"), edge("B", "C"), edge("C", "A"), edge("C", "R")]
    with snapshot_of(tmp_path, change_set(lines)) as made:
        answer = trace(CsrGenealogy.build(made), made, "A")

    assert [node.name for node in answer.nodes] == ["A", "B", "C", "R"]
    assert {frozenset(one) for one in answer.cycles} == {
        frozenset((item("A"), item("B"), item("C")))
    }


def test_a_rebuild_reads_changed_graphs_only_and_equals_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = graph_iri("data", "plant", "test", "2")
    with opened(tmp_path, change_set(FACTORY)) as store:
        with store.snapshot() as before:
            old = CsrGenealogy.build(before)
        store.commit([change_set([edge("P2", "P1")], other)], principal=SYSTEM)
        store.publish()
        with store.snapshot() as after:
            fresh = CsrGenealogy.build(after)
            read: list[Any] = []
            quads = after.quads
            monkeypatch.setattr(
                type(after), "quads", lambda _, *args: read.append(args[3]) or quads(*args)
            )
            updated = CsrGenealogy.build(after, previous=old)

    assert [one.value for one in read if one is not None] == [other]
    assert updated.commit == fresh.commit != old.commit
    assert item("P2") not in old
    for one in fresh.items():
        assert updated.closure(one, "back") == fresh.closure(one, "back")
    assert updated.gaps() == fresh.gaps()


def test_an_index_of_one_tenant_sees_no_other(tmp_path: Path) -> None:
    foreign = graph_iri("data", "other", "test", "1")
    with opened(tmp_path, change_set([edge("A", "B")])) as store:
        theirs = type(SYSTEM)(id="them", roles=SYSTEM.roles, tenant="other")
        store.commit([change_set([edge("A", "Z")], foreign)], principal=theirs)
        store.publish()
        with store.snapshot() as made:
            index = CsrGenealogy.build(made, tenant="plant")

    assert set(index.items()) == {item("A"), item("B")}


def test_records_equal_the_quads_they_were_read_from(
    index: CsrGenealogy, snapshot: Snapshot
) -> None:
    for one in index.records.of_items([item("C0")]):
        quads = list(snapshot.quads(NamedNode(one.record.iri)))
        numbers = {
            quad.predicate.value: float(quad.object.value)
            for quad in quads
            if quad.predicate.value.startswith(Q) and quad.predicate.value[len(Q)].isupper()
        }
        types = {quad.object.value for quad in quads if quad.predicate.value == RDF + "type"}
        assert one.record.parameters == numbers
        assert set(one.record.classes) == types


def test_values_that_two_files_give_differently_are_both_kept(tmp_path: Path) -> None:
    node = mint("operation", "OP1")
    second = ChangeSet(
        graph_iri("data", "plant", "lab", "1"),
        "data",
        "\n".join(record(node, WeldForce="99")).encode(),
    )
    first = change_set([edge("C0", "L1"), *operation("C0", "OP1", WeldForce="101.5")])
    with snapshot_of(tmp_path, first, second) as made:
        steps = trace(CsrGenealogy.build(made), made, "C0").steps

    value: Any = steps[0].parameters[Q + "WeldForce"]
    assert sorted(value) == [99.0, 101.5]
