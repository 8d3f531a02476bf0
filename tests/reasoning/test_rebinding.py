"""Lost tags: links by place, time and weight, with a confidence; alike candidates are not told apart by guessing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import GateRefused
from qualweave.evidence import Evidence
from qualweave.iri import XSD, Q, graph_iri, mint
from qualweave.principal import SYSTEM
from qualweave.reasoning.rebinding import InferredLink, Rebinding, rebind
from qualweave.reasoning.rebinding.association import marginals
from qualweave.reasoning.rebinding.graph import change_set, read_rebinding
from qualweave.reasoning.rebinding.overlay import overlay
from qualweave.reasoning.trace import CsrGenealogy, recall_scope, trace
from qualweave.shapes.gate import ShapeGate
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import change_set as graph_set
from tests.reasoning.graphs import edge, item, opened, operation, record, snapshot_of, typed
from tests.reasoning.lost_tags import PackLine, _at

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


# --- what may not be invented -----------------------------------------------------------------------


def _weighed(number: str, mass: float, minute: int) -> list[str]:
    test = mint("inspection", f"W{number}")
    return [
        f"<{test}> <{Q}inspects> <{item(number)}> .",
        *record(test, Mass=f"{mass:.0f}"),
        f'<{test}> <{Q}resultTime> "{_at(minute)}"^^<{XSD}dateTime> .',
    ]


def _done(child: str, number: str, minute: int, **facts: str) -> list[str]:
    row = f'<{mint("operation", number)}> <{Q}sourceRow> "2"^^<{XSD}integer> .'
    return [*operation(child, number, type="Operation", startedAt=_at(minute), **facts), row]


def _took(child: str, parent: str, number: str) -> list[str]:
    return [
        edge(child, parent),
        f"<{item(parent)}> <{Q}consumedIn> <{mint('operation', number)}> .",
    ]


def _inferred(folder: Path, **sources: list[str]) -> Rebinding:
    sets = [
        graph_set(lines, graph_iri("data", "plant", name.replace("_", "-"), "1"))
        for name, lines in sources.items()
    ]
    with snapshot_of(folder, *sets) as snapshot:
        return rebind(CsrGenealogy.build(snapshot))


def _mass(number: int) -> float:
    return 12600 + 37 * (number * 7 % 12)


def test_an_item_is_not_made_of_itself_nor_of_its_like_from_the_same_station(
    tmp_path: Path,
) -> None:
    coils, slit = [], []
    for n in range(12):
        coils += [typed(f"C{n}", "ElectrodeCoil"), typed(f"D{n}", "ElectrodeCoil")]
        coils += _weighed(f"C{n}", _mass(n), n - 100) + _weighed(f"D{n}", _mass(n) - 5, n * 30 - 1)
        slit += _done(f"D{n}", f"S{n}", n * 30, usesEquipment="SL-1", Mass=f"{_mass(n):.0f}")
        slit += _took(f"D{n}", f"C{n}", f"S{n}")
    coils += [typed("Dx", "ElectrodeCoil"), *_weighed("Dx", 12750, 359)]
    slit += _done("Dx", "Sx", 360, usesEquipment="SL-1", Mass="12751")

    found = _inferred(tmp_path, scale=coils, slit=slit)

    assert found.links == ()
    assert [slot.reason for slot in found.slots] == ["no-candidate"]


def test_an_item_that_two_stations_claim_is_in_neither(tmp_path: Path) -> None:
    modules: list[str] = [typed("X", "BatteryModule"), *_weighed("X", 13050, -50)]
    stations: dict[str, list[str]] = {"a": [], "b": []}
    for name in stations:
        for n in range(12):
            module = f"M{name}{n}"
            modules += [typed(module, "BatteryModule"), *_weighed(module, _mass(n), n - 100)]
            pack, done = f"P{name}{n}", f"OP{name}{n}"
            stations[name] += _done(
                pack, done, n * 30, usesEquipment=f"PA-{name}", Mass=f"{_mass(n):.0f}"
            )
            stations[name] += _took(pack, module, done)
        stations[name] += _done(
            f"P{name}x", f"OP{name}x", 200, usesEquipment=f"PA-{name}", Mass="13050"
        )

    found = _inferred(tmp_path, scale=modules, station_a=stations["a"], station_b=stations["b"])

    assert found.links == ()
    assert {slot.reason for slot in found.slots} == {"ambiguous"}
    assert {rival for slot in found.slots for rival in slot.rivals} == {item("X")}


def test_a_station_that_builds_nothing_in_opens_no_slot(tmp_path: Path) -> None:
    modules, packs = [], []
    for n in range(12):
        modules += [typed(f"M{n}", "BatteryModule"), *_weighed(f"M{n}", _mass(n), n * 30 - 60)]
        packs += _done(f"P{n}", f"A{n}", n * 30, usesEquipment="PA") + _took(
            f"P{n}", f"M{n}", f"A{n}"
        )
    packs += _done("P3", "T3", 100, usesEquipment="EOL-TEST")
    modules += [typed("STOCK", "BatteryModule"), *_weighed("STOCK", 12000, 40)]

    found = _inferred(tmp_path, scale=modules, mes=packs)

    assert (found.links, found.slots) == ((), ())


def test_a_lone_candidate_that_nothing_speaks_for_is_not_named(tmp_path: Path) -> None:
    modules, packs = [], []
    for n in range(12):
        modules += [typed(f"M{n}", "BatteryModule")]
        packs += _done(f"P{n}", f"A{n}", n * 30, usesEquipment="PA") + _took(
            f"P{n}", f"M{n}", f"A{n}"
        )
    packs += _done("Px", "Ax", 400, usesEquipment="PA")
    modules += [typed("STOCK", "BatteryModule")]

    found = _inferred(tmp_path, master=modules, mes=packs)

    assert found.links == ()
    assert [slot.reason for slot in found.slots] == ["ambiguous"]


@pytest.mark.parametrize("alike", [2, 5, 8])
def test_several_that_fit_alike_are_named_as_rivals(tmp_path: Path, alike: int) -> None:
    modules, packs = [], []
    for n in range(12):
        modules += [typed(f"M{n}", "BatteryModule"), *_weighed(f"M{n}", _mass(n), n * 30 - 60)]
        packs += _done(f"P{n}", f"A{n}", n * 30, usesEquipment="PA", Mass=f"{_mass(n):.0f}")
        packs += _took(f"P{n}", f"M{n}", f"A{n}")
    packs += _done("Px", "Ax", 400, usesEquipment="PA", Mass="13050")
    for n in range(alike):
        modules += [typed(f"TWIN{n}", "BatteryModule"), *_weighed(f"TWIN{n}", 13050, 340)]

    found = _inferred(tmp_path, scale=modules, mes=packs)

    assert found.links == ()
    (slot,) = found.slots
    assert (slot.reason, len(slot.rivals)) == ("ambiguous", min(alike, 5))


# --- marginals --------------------------------------------------------------------------------------


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


WEIGHED = Evidence("Mass", {"en": "fits", "zh": "符合"}, 2.0, (item("O"),), "rebinding", "1")


@pytest.mark.parametrize(
    ("link", "word"),
    [
        (InferredLink(item("P"), item("M"), 1.5, item("O"), (WEIGHED,)), "confidence"),
        (InferredLink(item("P"), item("M"), 0.9, item("O")), "evidence"),
        (InferredLink(item("P"), item("P"), 0.9, item("O"), (WEIGHED,)), "out of itself"),
    ],
    ids=["beyond one", "without evidence", "of itself"],
)
def test_a_link_that_cannot_be_is_kept_out(tmp_path: Path, link: InferredLink, word: str) -> None:
    with opened(tmp_path) as store, pytest.raises(GateRefused, match=word):
        store.commit([change_set(Rebinding((link,), ()))], principal=SYSTEM, gate=ShapeGate())


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
