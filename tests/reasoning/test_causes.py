"""Common causes: the planted change at rank 1, in every plant; refused or different where evidence is gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from qualweave.errors import NotEnoughEvidence, NotFound
from qualweave.examples.plant import generate
from qualweave.examples.plant.ablate import (
    incident,
    link_orphan_change,
    remove_change_log,
    remove_film_genealogy,
)
from qualweave.iri import Q, mint
from qualweave.reasoning.causes import (
    Baseline,
    Contrast,
    break_points,
    changes_upstream,
    orphan_changes,
    root_causes,
)
from qualweave.reasoning.causes.scoring import weights
from qualweave.reasoning.trace import CsrGenealogy
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import change_set, edge, ingested, item, operation, record, snapshot_of

STORY = ("resin/**/*", "film/**/*", "solar/**/*")


@dataclass(frozen=True)
class Plant:
    root: Path
    snapshot: Snapshot
    index: CsrGenealogy


@pytest.fixture(scope="module", params=[1, 2, 3])
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    made = generate(folder / "plant", seed=request.param)
    with ingested(folder / "store", made.root, *STORY) as snapshot:
        yield Plant(made.root, snapshot, CsrGenealogy.build(snapshot))


def test_from_a_module_lot_the_planted_change_is_rank_one(plant: Plant) -> None:
    told = incident(plant.root, "pid-change")

    for lot in told["module_lots"]:
        answer = root_causes(plant.snapshot, plant.index, lot)
        best = answer.candidates[0]
        assert (best.kind, best.name) == ("change", told["change"])
        assert best.score > answer.candidates[1].score
        assert {one.kind for one in best.evidence} >= {
            "contrast",
            "overlap",
            "no-order",
            "deviation",
        }
        assert best.score == pytest.approx(sum(one.weight for one in best.evidence))


def test_the_path_passes_lot_deviation_operation_reactor_and_change(plant: Plant) -> None:
    told = incident(plant.root, "pid-change")

    best = root_causes(plant.snapshot, plant.index, told["module_lots"][0]).candidates[0]

    steps = [(step.kind, step.name) for step in best.path]
    assert steps[0] == ("item", told["module_lots"][0])
    assert any(kind == "item" and name in told["resin_lots"] for kind, name in steps)
    assert ("deviation", "MeltFlowIndex") in steps
    assert steps[-2:] == [("equipment", told["reactor"]), ("change", told["change"])]
    assert steps[-3][0] == "operation"
    assert (
        "melt" not in "".join(one.statement["zh"] for one in best.evidence).lower() or best.evidence
    )


def test_one_sparql_query_finds_it_as_well(plant: Plant) -> None:
    told = incident(plant.root, "pid-change")

    rows = changes_upstream(plant.snapshot, item(told["module_lots"][0]))

    first = {name: getattr(term, "value", "") for name, term in rows[0].items()}
    assert first["change"] == mint("change", told["change"])
    assert first["equipment"] == mint("equipment", told["reactor"])
    assert first["parameter"] == Q + told["parameter"]
    assert {getattr(row["deviating"], "value", "") for row in rows} >= {Q + "MeltFlowIndex"}


def test_several_bad_lots_at_once_and_good_ones_named(plant: Plant) -> None:
    told = incident(plant.root, "pid-change")
    bad = set(told["module_lots"])
    peers = plant.index.peers_of(item(told["module_lots"][0]))[:10]
    good = [one for one in peers if one.rsplit("/", 1)[1] not in bad]

    answer = root_causes(plant.snapshot, plant.index, sorted(bad), good=good)

    assert answer.candidates[0].name == told["change"]
    assert answer.good == tuple(good)
    assert set(answer.items) == {item(one) for one in bad}


def test_exactly_the_planted_orphan_changes_are_found(plant: Plant) -> None:
    told = incident(plant.root, "pid-change")

    found = orphan_changes(plant.snapshot, plant.index)

    assert [one.change for one in found] == [mint("change", one) for one in told["orphan_changes"]]
    assert set(found[0].items) == {item(one) for one in told["resin_lots"]}
    assert found[0].temporary


def test_without_the_film_genealogy_it_refuses(tmp_path: Path) -> None:
    made = generate(tmp_path / "plant", seed=1)
    lot = incident(made.root, "pid-change")["module_lots"][0]
    remove_film_genealogy(made.root)

    with (
        ingested(tmp_path / "store", made.root, *STORY) as snapshot,
        pytest.raises(NotEnoughEvidence, match=f"the chain ends at {lot}") as caught,
    ):
        root_causes(snapshot, CsrGenealogy.build(snapshot), lot)

    assert caught.value.data["missing"] == ["genealogy"]


def test_without_the_change_log_no_change_is_named(tmp_path: Path) -> None:
    made = generate(tmp_path / "plant", seed=1)
    told = incident(made.root, "pid-change")
    remove_change_log(made.root)

    with ingested(tmp_path / "store", made.root, *STORY) as snapshot:
        answer = root_causes(snapshot, CsrGenealogy.build(snapshot), told["module_lots"][0])

        assert orphan_changes(snapshot) == []
    assert "change" not in {one.kind for one in answer.candidates}


def test_a_change_that_gets_its_order_is_no_orphan(tmp_path: Path) -> None:
    made = generate(tmp_path / "plant", seed=1)
    link_orphan_change(made.root)

    with ingested(tmp_path / "store", made.root, "resin/**/*") as snapshot:
        assert orphan_changes(snapshot) == []


def small(changes: list[str]) -> list[str]:
    """Return ten units of two lots, one lot bad, with changes at the machine that made the lots."""
    lines = []
    for n in range(10):
        lot = "L1" if n < 4 else "L2"
        lines += [edge(f"U{n}", lot), *operation(f"U{n}", f"A{n}", type="Assembly")]
    for number, lot in enumerate(("L1", "L2"), start=1):
        day = f"2025-01-0{number}"
        lines += operation(
            lot,
            f"M{number}",
            type="Mixing",
            usesEquipment="MX",
            startedAt=f"{day}T08:00:00Z",
            endedAt=f"{day}T10:00:00Z",
        )
    for n in range(4):
        node = mint("complaint", str(n))
        lines.append(f"<{node}> <{Q}complaintAbout> <{item(f'U{n}')}> .")
    return lines + changes


def change(name: str, begin: str, end: str, **facts: str) -> list[str]:
    return record(
        mint("change", name),
        type="ParameterChange",
        usesEquipment="MX",
        changedParameter="Temperature",
        startedAt=begin,
        endedAt=end,
        **facts,
    )


def test_of_two_changes_the_one_that_good_items_did_not_meet_wins(tmp_path: Path) -> None:
    lines = small(
        [
            *change("both", "2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z", temporaryChange="true"),
            *change("mine", "2025-01-01T09:00:00Z", "2025-01-01T12:00:00Z", linkedToOrder="Q1"),
            *change("before", "2024-12-01T00:00:00Z", "2024-12-02T00:00:00Z"),
        ]
    )
    with snapshot_of(tmp_path, change_set(lines)) as snapshot:
        answer = root_causes(snapshot, CsrGenealogy.build(snapshot), "U0")

    ranked = [one.name for one in answer.candidates if one.kind == "change"]
    assert ranked == ["mine", "both"]
    assert set(answer.bad) == {item(f"U{n}") for n in range(4)}
    best = next(one for one in answer.candidates if one.name == "mine")
    assert (best.contrast.bad_exposed, best.contrast.good_exposed, best.contrast.good) == (4, 0, 6)
    overlap = next(one for one in best.evidence if one.kind == "overlap")
    assert overlap.data["amount"] == pytest.approx(0.5)


def test_an_unknown_item_is_not_found_and_one_without_a_chain_refused(tmp_path: Path) -> None:
    lines = [edge("U0", "L1"), *operation("U0", "A0", type="Assembly", usesEquipment="MX")]
    with snapshot_of(tmp_path, change_set(lines)) as snapshot:
        index = CsrGenealogy.build(snapshot)

        with pytest.raises(NotFound):
            root_causes(snapshot, index, "U77")
        with pytest.raises(NotEnoughEvidence, match="L1"):
            root_causes(snapshot, index, "U0")


def test_break_points_rank_complaint_share_times_missing_links(tmp_path: Path) -> None:
    lines = []
    for n in range(6):
        lines += [edge(f"U{n}", f"L{n}"), *operation(f"L{n}", f"M{n}", type="Mixing")]
        lines += operation(
            f"U{n}",
            f"A{n}",
            type="Assembly",
            usesEquipment="AS",
            startedAt="2025-01-01T08:00:00Z",
            InstallationTorque="5",
        )
    lines += operation("V0", "K0", type="Coating")
    for name in ("U0", "V0"):
        lines.append(f"<{mint('complaint', name)}> <{Q}complaintAbout> <{item(name)}> .")
    with snapshot_of(tmp_path, change_set(lines)) as snapshot:
        found = break_points(CsrGenealogy.build(snapshot))

    assert [one.process for one in found] == [Q + "Coating", Q + "Mixing"]
    assert (found[1].complaint_share, found[1].missing_share) == (0.5, 0.75)


def test_a_contrast_without_difference_holds_zero() -> None:
    same = Contrast(bad_exposed=3, bad=6, good_exposed=10, good=20)
    low, high = same.interval

    assert same.log_odds_ratio == pytest.approx(0, abs=0.1)
    assert low < 0 < high
    assert Contrast(6, 6, 0, 60).interval[0] > 2


def test_a_baseline_needs_a_history_that_varies() -> None:
    assert Baseline.of(np.arange(5.0)) is None
    assert Baseline.of(np.full(50, 3.0)) is None
    mostly = Baseline.of(np.array([3.0] * 8 + [4.0, 5.0]))
    assert mostly is not None
    assert mostly.z(10.0) > 3.5


def test_the_weights_table_has_every_part() -> None:
    assert set(weights()) == {
        "contrast",
        "overlap",
        "temporary",
        "no-order",
        "deviation",
        "novelty",
    }
