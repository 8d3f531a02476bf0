"""Scores by weighted deviation: exact, reproducible under the version they name, and never given for half an item (R94)."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import pytest

from qualweave.errors import InputError, UnknownUnit
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.ontology.weights import Scale, Weight, WeightVersion
from qualweave.reasoning.scoring.effect import effect
from qualweave.reasoning.scoring.read import read_readings, weighted_items
from qualweave.reasoning.scoring.score import Reading, deviation, given_readings, ranked, score
from qualweave.values import unit_of
from tests.ontology.test_weights import version
from tests.reasoning.graphs import change_set, item, operation, record, snapshot_of, typed

DENDRITE, RESISTANCE, PLATEAU = (
    Q + name for name in ("DendriteGrowthRate", "InternalResistance", "VoltagePlateauStability")
)
SCALES = {
    DENDRITE: Scale(unit_of("um/h"), None, Decimal(5), Decimal(0)),
    RESISTANCE: Scale(unit_of("mOhm"), Decimal("0.8"), Decimal("1.6"), Decimal("1.2")),
    PLATEAU: Scale(unit_of("%"), Decimal(90), None, Decimal(100)),
}


def weights(*percents: str, number: int = 1) -> WeightVersion:
    plain = version(*percents, number=number)
    return replace(
        plain, weights=tuple(replace(one, scale=SCALES[one.parameter]) for one in plain.weights)
    )


def readings(dendrite: str, resistance: str, plateau: str) -> dict[str, Reading]:
    given = {DENDRITE: dendrite, RESISTANCE: resistance, PLATEAU: plateau}
    return {name: Reading(Decimal(one)) for name, one in given.items() if one}


V1, V2 = weights("5", "35", "60"), weights("22", "28.7368", "49.2632", number=2)
LOTS = {
    "L1": readings("4", "1.2", "99"),
    "L2": readings("0.5", "1.25", "99"),
    "L3": readings("9", "1.2", "100"),
}


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.mark.parametrize(
    ("value", "scale", "told"),
    [
        ("1.2", SCALES[RESISTANCE], "0"), ("1.4", SCALES[RESISTANCE], "0.5"), ("1.0", SCALES[RESISTANCE], "0.5"),
        ("1.6", SCALES[RESISTANCE], "1"), ("9", SCALES[RESISTANCE], "1"), ("0", SCALES[DENDRITE], "0"),
        ("2.5", SCALES[DENDRITE], "0.5"), ("-1", SCALES[DENDRITE], "0"), ("6", SCALES[DENDRITE], "1"),
        ("95", SCALES[PLATEAU], "0.5"), ("101", SCALES[PLATEAU], "0"), ("80", SCALES[PLATEAU], "1"),
        ("5", Scale(unit_of("%"), None, Decimal(5), None), "0"), ("5.1", Scale(unit_of("%"), None, Decimal(5), None), "1"),
    ],
)  # fmt: skip
def test_a_deviation_runs_from_the_best_value_to_the_limit(
    value: str, scale: Scale, told: str
) -> None:
    assert deviation(Decimal(value), scale) == Decimal(told)


def test_a_score_is_100_less_the_weighted_deviations_and_names_its_version(
    terms: TermIndex,
) -> None:
    found = score("L1", LOTS["L1"], V1)

    # 5 % times 4/5, 35 % times 0, 60 % times 1/10
    assert (found.points, found.version) == (Decimal(90), "cell/1")
    assert [(one.parameter, one.lost) for one in found.shares][:2] == [(PLATEAU, 6), (DENDRITE, 4)]
    assert (
        found.statement(terms)
        == "L1 scores 90 under cell/1; voltage plateau stability costs most, 6."
    )
    assert (
        found.statement(terms, "zh") == "L1 在权重 cell/1 下得 90 分，电压平台稳定性扣 6 分最多。"
    )


def test_points_are_rounded_once_and_not_by_their_deviation() -> None:
    third = score("L", readings(str(5 / Decimal(3)), "1.2", "100"), weights("30", "10", "60"))

    assert third.points == 90


def test_an_item_without_a_weighted_value_has_no_score_and_no_rank(terms: TermIndex) -> None:
    half = score("L4", readings("", "1.2", "99"), V1)

    assert (half.points, half.missing) == (None, (DENDRITE,))
    assert "no value of dendrite growth rate" in half.statement(terms)
    assert ranked([half, score("L1", LOTS["L1"], V1)]) == {"L1": 1}
    assert score("L4", readings("", "1.2", "99"), weights("0", "40", "60")).points == 94


def test_another_version_shows_its_effect_and_leaves_the_old_scores() -> None:
    before = {name: score(name, one, V1).points for name, one in LOTS.items()}

    found = effect(LOTS, V1, V2)

    assert {one.item: one.before for one in found.shifts} == before
    assert {name: score(name, one, V1).points for name, one in LOTS.items()} == before
    assert {one.item: (one.rank_before, one.rank_after) for one in found.shifts} == {
        "L1": (2, 3), "L2": (3, 1), "L3": (1, 2),
    }  # fmt: skip
    assert found.shifts[0].item == "L3"
    assert (found.shifts[0].before, found.shifts[0].after) == (95, 78)
    assert (
        "of 3 items 3 have another score and 3 another rank. Most: L3, -17 points."
        in found.statement()
    )
    assert "3 项得分变化，3 项名次变化" in found.statement("zh")


def test_values_are_read_from_operations_and_inspections_with_their_records(
    tmp_path: Path, terms: TermIndex
) -> None:
    facts = [
        typed("L1", "BatteryCell"),
        *operation("L1", "O1", DendriteGrowthRate="4", InternalResistance="1.1"),
        *record(
            "https://example.org/id/plant/inspection/I1",
            VoltagePlateauStability="99",
            InternalResistance="1.3",
        ),
        f"<https://example.org/id/plant/inspection/I1> <{Q}inspects> <{item('L1')}> .",
    ]

    with snapshot_of(tmp_path, change_set(facts)) as snapshot:
        assert weighted_items(snapshot, V1, tenant="plant", limit=10) == [item("L1")]
        found = read_readings(snapshot, [item("L1"), item("L2")], V1, terms, tenant="plant")

    assert found[item("L2")] == {}
    assert score(item("L1"), found[item("L1")], V1).points == 90
    assert [one.rsplit("/", 1)[-1] for one in found[item("L1")][RESISTANCE].sources] == ["I1", "O1"]


def test_given_values_are_in_the_canonical_unit_or_carry_their_own(terms: TermIndex) -> None:
    ohms = Weight(
        RESISTANCE, Decimal(100), Scale(unit_of("Ohm"), None, Decimal("0.002"), Decimal(0))
    )
    version = replace(V1, weights=(ohms,))

    for given in (1.3, "1.3", "0.0013 Ω", "1300 µΩ"):
        assert given_readings({"内阻": given}, version, terms)[RESISTANCE].value == Decimal(
            "0.0013"
        )
    with pytest.raises(InputError, match="has no weight in cell/1"):
        given_readings({"torque": 1}, version, terms)
    with pytest.raises(UnknownUnit):
        given_readings({"内阻": "1 V"}, version, terms)


def test_a_parameter_that_is_given_twice_is_refused(terms: TermIndex) -> None:
    with pytest.raises(InputError, match="are the same parameter"):
        given_readings({"dendrite growth rate": 4, "枝晶生长速率": 1}, V1, terms)


def test_many_scores_are_ranked_in_one_go() -> None:
    found = [
        replace(score("L1", LOTS["L1"], V1), item=str(number), points=Decimal(number % 50))
        for number in range(20_000)
    ]

    started = perf_counter()
    ranks = ranked(found)

    assert perf_counter() - started < 2
    assert (ranks["49"], ranks["99"], ranks["48"], ranks["0"]) == (1, 1, 401, 19_601)
