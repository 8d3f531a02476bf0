"""Lost tags: links by place, time and weight, with a confidence; alike candidates are not told apart by guessing."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import GateRefused
from qualweave.principal import SYSTEM
from qualweave.reasoning.rebinding import InferredLink, Rebinding, rebind
from qualweave.reasoning.rebinding.association import marginals
from qualweave.reasoning.rebinding.graph import change_set, read_rebinding
from qualweave.reasoning.rebinding.overlay import overlay
from qualweave.reasoning.trace import CsrGenealogy, recall_scope, trace
from qualweave.shapes.gate import ShapeGate
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import item, opened, snapshot_of
from tests.reasoning.lost_tags import PackLine

LOST = (2, 9, 17, 23, 30, 38)


@contextmanager
def line(folder: Path, **what: object) -> Iterator[tuple[CsrGenealogy, Snapshot, PackLine]]:
    made = PackLine(**what)  # type: ignore[arg-type]
    with snapshot_of(folder, *made.change_sets()) as snapshot:
        yield CsrGenealogy.build(snapshot), snapshot, made


def pairs(found: Rebinding) -> set[tuple[str, str]]:
    return {(one.child, one.parent) for one in found.links}


def test_lost_tags_are_bound_again_by_place_time_and_weight(tmp_path: Path) -> None:
    with line(tmp_path, lost=LOST) as (index, _, made):
        found = rebind(index)

    assert pairs(found) == made.truth()
    assert all(0.8 <= one.confidence <= 1 for one in found.links)
    assert {one.reason for one in found.slots} == {"tag-lost"}


def test_a_link_carries_its_evidence_in_both_languages(tmp_path: Path) -> None:
    with line(tmp_path, lost=LOST) as (index, _, _):
        link = rebind(index).links[0]

    assert {one.kind for one in link.evidence} == {"place", "time", "Mass"}
    assert all(one.statement["en"] and one.statement["zh"] and one.sources for one in link.evidence)
    assert sum(one.weight for one in link.evidence) > 0


def test_nothing_is_inferred_where_every_tag_was_read(tmp_path: Path) -> None:
    with line(tmp_path, stock=3) as (index, _, _):
        found = rebind(index)

    assert found.links == found.slots == ()


def test_two_modules_that_are_alike_are_not_told_apart(tmp_path: Path) -> None:
    # modules 1 and 9 go to packs 0 and 2: the same station, the same trolley, the same weight
    with line(tmp_path, lost=(1, 9), weights={1: 12_600.0, 9: 12_600.0}) as (index, _, made):
        found = rebind(index)

    assert found.links == ()
    assert {one.reason for one in found.slots} == {"ambiguous"}
    assert all(
        one.best < 0.8 and set(one.rivals) == {parent for _, parent in made.truth()}
        for one in found.slots
    )


def test_two_alike_modules_of_one_pack_are_both_bound_to_it(tmp_path: Path) -> None:
    with line(tmp_path, lost=(1, 2), weights={1: 12_600.0, 2: 12_600.0}) as (index, _, made):
        found = rebind(index)

    assert pairs(found) == made.truth()


def test_no_edge_is_invented_where_the_true_module_is_unknown(tmp_path: Path) -> None:
    with line(
        tmp_path,
        lost=LOST,
        unseen=LOST,
        stock=3,
        weights={40: 13_500.0, 41: 13_500.0, 42: 11_500.0},
    ) as (index, _, _):
        found = rebind(index)

    assert found.links == ()
    assert {one.reason for one in found.slots} <= {"no-candidate", "ambiguous"}


def test_a_module_that_was_read_elsewhere_is_no_candidate(tmp_path: Path) -> None:
    with line(tmp_path, lost=LOST) as (index, _, made):
        found = rebind(index)

    assert {one for slot in found.slots for one in slot.rivals} == {
        parent for _, parent in made.truth()
    }


def test_the_same_graph_gives_the_same_links(tmp_path: Path) -> None:
    with line(tmp_path, lost=LOST) as (index, _, _):
        assert rebind(index) == rebind(index)


# --- marginals --------------------------------------------------------------------------------------


def exact(weights: np.ndarray) -> np.ndarray:
    """Return marginals by summing over every assignment."""
    slots, items = weights.shape
    total, found = 0.0, np.zeros_like(weights)
    for chosen in permutations([*range(items), *[-1] * slots], slots):
        weight = float(np.prod([1.0 if n < 0 else weights[row, n] for row, n in enumerate(chosen)]))
        total += weight
        for row, n in enumerate(chosen):
            if n >= 0:
                found[row, n] += weight
    return found / total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(0, 30), min_size=2, max_size=2), min_size=1, max_size=3))
def test_marginals_are_probabilities_of_a_one_to_one_assignment(rows: list[list[float]]) -> None:
    found = marginals(np.array(rows))

    assert (found >= 0).all()
    assert (found.sum(axis=1) <= 1 + 1e-9).all()
    assert (found.sum(axis=0) <= 1 + 1e-6).all()


def test_marginals_are_exact_for_one_slot_and_near_for_several() -> None:
    one, several = np.array([[3.0, 1.0, 0.5]]), np.array([[8.0, 1.0], [2.0, 5.0]])

    assert marginals(one) == pytest.approx(one / (1 + one.sum()))
    # permutations of repeated "none" count alike in numerator and denominator only where slots are few
    assert np.abs(marginals(several) - pairwise(several)).max() < 0.08


def pairwise(w: np.ndarray) -> np.ndarray:
    """Return exact marginals of two slots and two items."""
    whole = 1 + w.sum() + w[0, 0] * w[1, 1] + w[0, 1] * w[1, 0]
    return (
        np.array(
            [
                [w[0, 0] * (1 + w[1, 1]), w[0, 1] * (1 + w[1, 0])],
                [w[1, 0] * (1 + w[0, 1]), w[1, 1] * (1 + w[0, 0])],
            ]
        )
        / whole
    )


# --- in the graph, and beside a trace ------------------------------------------------------------------


def test_links_are_published_apart_and_read_back_as_they_were(tmp_path: Path) -> None:
    made = PackLine(lost=LOST)
    with opened(tmp_path, *made.change_sets()) as store:
        with store.snapshot() as snapshot:
            found = rebind(CsrGenealogy.build(snapshot))
        store.commit([change_set(found)], principal=SYSTEM, gate=ShapeGate())
        store.publish()
        with store.snapshot() as snapshot:
            again, after = read_rebinding(snapshot, "plant"), CsrGenealogy.build(snapshot)

            told = set(after.edges_among(list(after.items()), "back"))
            assert {(x.child, x.parent, x.operation) for x in again.links} == {
                (x.child, x.parent, x.operation) for x in found.links
            }
            assert [len(x.evidence) for x in again.links] == [3] * len(LOST)
            assert set(again.slots) == {
                type(s)(s.operation, s.child, s.reason, round(s.best, 6), s.rivals)
                for s in found.slots
            }
            assert told.isdisjoint(pairs(again))  # never mixed with what records say
            scope = recall_scope(after, snapshot, item("C2"))
            assert item("P0") not in scope.affected  # a recall rests on records alone


def test_a_link_without_evidence_or_beyond_one_is_kept_out(tmp_path: Path) -> None:
    bad = Rebinding((InferredLink(item("P"), item("M"), 1.5, item("O")),), ())
    with opened(tmp_path) as store, pytest.raises(GateRefused, match="confidence"):
        store.commit([change_set(bad)], principal=SYSTEM, gate=ShapeGate())


def test_an_overlay_reaches_on_from_an_inferred_link_with_its_confidence(tmp_path: Path) -> None:
    with line(tmp_path, lost=LOST) as (index, snapshot, _):
        links = rebind(index).links
        back = trace(index, snapshot, item("P0"))
        found = overlay(index, [node.item for node in back.nodes], links, "back")
        forward = overlay(index, [item("C2"), item("M2")], links, "forward")

    assert set(found.reached) == {item("M2"), item("C2")}
    assert found.told == ((item("M2"), item("C2")),)
    assert found.reached[item("C2")] == found.links[0].confidence
    assert set(forward.reached) == {item("P0")}
    assert all(edge["inferred"] for edge in found.to_json()["edges"])  # type: ignore[union-attr,index,call-overload]


def test_confidence_falls_along_several_inferred_links(tmp_path: Path) -> None:
    with snapshot_of(tmp_path) as snapshot:
        index = CsrGenealogy.build(snapshot)
    links = [
        InferredLink("a", "b", 0.9, "o"),
        InferredLink("b", "c", 0.8, "o"),
        InferredLink("a", "c", 0.5, "o"),
    ]

    found = overlay(index, ["a"], links, "back")

    assert found.reached == pytest.approx({"b": 0.9, "c": 0.72})
