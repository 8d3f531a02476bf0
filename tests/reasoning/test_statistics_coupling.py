"""The search for combinations finds what is planted, nothing where nothing is, and is compared fairly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qualweave.errors import NotEnoughEvidence
from qualweave.iri import Q
from qualweave.reasoning.statistics.compare import (
    ChartDetector,
    CouplingDetector,
    TSquaredDetector,
    compare_detectors,
)
from qualweave.reasoning.statistics.coupling import Search, find_combinations, fit_combinations
from qualweave.reasoning.statistics.series import Column, ItemTable, read_items, read_series
from tests.reasoning.stores import iri, opened, small, told

FAST = {
    "charts": lambda _seed: ChartDetector(),
    "t2": lambda _seed: TSquaredDetector(),
    "ours": CouplingDetector,
}


def planted(
    members: dict[int, int], *, seed: int = 0, count: int = 800, columns: int = 5, edge: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, columns))
    inside = np.all([side * values[:, place] > edge for place, side in members.items()], axis=0)
    return values, (inside & (rng.random(count) < 0.9)) | (rng.random(count) < 0.005)


@pytest.mark.parametrize(
    "members", [{0: 1}, {1: 1, 3: -1}, {0: 1, 2: -1, 4: 1}, {1: -1, 2: -1, 3: -1}]
)
def test_what_is_planted_is_found_with_its_sides(members: dict[int, int]) -> None:
    values, bad = planted(members, edge=0.3 if len(members) > 1 else 1.5)

    best = fit_combinations(values, bad).combinations[0]

    assert {one.place: one.side for one in best.members} == members
    assert best.defects_inside / best.inside > 0.6


def test_two_mechanisms_are_both_found() -> None:
    values, first = planted({0: 1, 1: 1}, columns=6, edge=0.8)
    second = np.all([values[:, place] < -0.8 for place in (2, 3)], axis=0)

    found = fit_combinations(values, first | second).combinations

    assert {tuple(sorted(m.place for m in one.members)) for one in found} == {(0, 1), (2, 3)}


def test_relabelled_items_give_nothing_nearly_always() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(300, 5))

    hits = [
        bool(fit_combinations(values, rng.random(300) < 0.1, Search(relabellings=99)).combinations)
        for _ in range(20)
    ]

    assert sum(hits) <= 4  # 20 at a family-wise 5 %: five or more have a chance below 0.3 %


def test_a_single_cause_is_not_told_as_a_combination() -> None:
    values, bad = planted({2: 1}, edge=1.2, seed=4)

    assert len(fit_combinations(values, bad).combinations[0].members) == 1


def test_too_few_defects_are_refused() -> None:
    with pytest.raises(NotEnoughEvidence, match="4 of 50"):
        fit_combinations(np.zeros((50, 2)), np.arange(50) < 4)


def test_ours_beats_t_squared_beats_chance_on_a_three_way_interaction() -> None:
    values, bad = planted({0: 1, 1: 1, 2: -1}, count=1200)

    table = compare_detectors(values, bad, seeds=(0, 1, 2), detectors=FAST)

    recall = {row.name: row.mean for row in table.rows}
    assert recall["ours"] > 0.9 > recall["t2"] > recall["charts"] - 0.1
    assert "Best: ours." in table.to_text()


def test_where_one_parameter_tells_it_the_chart_may_win_and_is_shown_first() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(600, 4))
    bad = rng.random(600) < 0.05
    values[bad, 0] += np.where(rng.random(bad.sum()) < 0.5, 6, -6)  # on either side

    table = compare_detectors(values, bad, seeds=(0, 1), detectors=FAST)

    assert table.rows[0].mean == pytest.approx(1.0)
    assert {row.name for row in table.rows if row.mean > 0.95} >= {"charts", "t2"}


def test_recall_of_a_detector_that_knows_nothing_is_the_false_alarm_rate() -> None:
    class Blind:
        def fit(self, values: np.ndarray, defective: np.ndarray) -> None:
            pass

        def score(self, values: np.ndarray) -> np.ndarray:
            return np.zeros(len(values))

    values, bad = planted({0: 1, 1: 1})

    table = compare_detectors(values, bad, detectors={"blind": lambda _seed: Blind()})

    assert table.rows[0].mean == pytest.approx(0.05)


def test_routes_keep_items_of_other_processes_apart() -> None:
    nan = np.nan
    table = ItemTable(
        ("a", "b", "c"),
        (Column("p", "x"), Column("p", "y")),
        np.array([[1, nan], [nan, 2], [3, nan]]),
        np.array([True, False, False]),
        ((), (), ()),
    )

    routes = [one.complete() for one in table.routes()]

    assert [one.items for one in routes] == [("a", "c"), ("b",)]
    assert [one.columns[0].process for one in routes] == ["x", "y"]


HISTORY = """
o:1 a q:Operation, q:HeatTreatment ; q:HeatTreatmentTemperature 850.0 ; q:startedAt "2025-01-02T08:00:00+08:00"^^xsd:dateTime .
o:2 a q:Operation, q:ColdRolling ; q:RollingReduction 52.0 ; q:startedAt "2025-01-01T00:00:00Z"^^xsd:dateTime .
o:3 a q:Operation, q:HeatTreatment ; q:HeatTreatmentTemperature 840.0 ; q:startedAt "2025-01-01T12:00:00Z"^^xsd:dateTime .
o:4 a q:Operation, q:HeatTreatment ; q:HeatTreatmentTemperature 830.0 .
i:slab q:producedBy o:1 . i:coil q:producedBy o:2 ; q:derivedFromMaterial i:slab ; q:inspectedBy n:1 .
i:other q:producedBy o:3 .
d:1 a q:Defect, q:MicroCrack ; q:foundOn i:coil .
"""


def test_an_item_has_the_parameters_of_what_it_was_made_from(tmp_path: Path) -> None:
    with small(tmp_path, HISTORY) as snapshot:
        table = read_items(snapshot, Q + "MicroCrack")

    assert table.items == (iri("item", "coil"),)
    assert [one.parameter for one in table.columns] == [
        Q + "RollingReduction",
        Q + "HeatTreatmentTemperature",
    ]
    assert table.values.tolist() == [[52.0, 850.0]]
    assert table.operations == ((iri("operation", "1"), iri("operation", "2")),)


def test_a_series_is_in_time_order_across_offsets(tmp_path: Path) -> None:
    with small(tmp_path, HISTORY) as snapshot:
        series = read_series(snapshot, Q + "HeatTreatmentTemperature")

    assert series.values.tolist() == [
        840.0,
        850.0,
    ]  # 12:00Z of the first, then 00:00Z of the second
    assert series.items == (iri("item", "other"), iri("item", "slab"))
    assert series.undated == 1


def test_a_series_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        small(tmp_path, HISTORY) as snapshot,
        pytest.raises(NotEnoughEvidence, match="WeldCurrent"),
    ):
        read_series(snapshot, Q + "WeldCurrent")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_combination_of_three_operations_is_found(
    plant: Callable[[int], Path], seed: int
) -> None:
    folder = plant(seed)
    truth = told(folder, "coupled-failure")
    with opened(folder) as store, store.snapshot() as snapshot:
        table = read_items(snapshot, Q + truth["defect"]).routes()[0].complete()

    best = find_combinations(table).combinations[0]

    found = {
        table.columns[m.place].parameter.removeprefix(Q): "high" if m.side > 0 else "low"
        for m in best.members
    }
    assert found == dict(zip(truth["parameters"], truth["directions"], strict=True))
    assert len({table.columns[m.place].process for m in best.members}) == 3
    assert best.evidence[0].sources
