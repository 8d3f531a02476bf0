"""Recommendations on ingested plants equal the oracle; without a piece of evidence they are refused or differ."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from qualweave.errors import NotEnoughEvidence, NotFound
from qualweave.iri import Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.reasoning.decisions.intervention import Check, Intervention
from qualweave.reasoning.decisions.intervention_graph import to_change_set
from qualweave.reasoning.decisions.recommend import Situation, orient, recommend
from qualweave.reasoning.decisions.sentence import render
from qualweave.reasoning.decisions.station import Outcome
from qualweave.reasoning.trace.genealogy import CsrGenealogy
from qualweave.shapes.gate import ShapeGate
from tests.reasoning.stores import iri, opened, small, told, without

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def asked(
    folder: Path, terms: TermIndex, situation: Situation | None = None
) -> tuple[Intervention, ...]:
    station = iri("equipment", told(folder, "weld-intervention")["station"])
    with opened(folder) as store, store.snapshot() as snapshot:
        return recommend(snapshot, terms, situation or Situation(station=station), now=NOW)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_station_off_its_optimum_gets_exactly_the_planted_intervention(
    plant: Callable[[int], Path], terms: TermIndex, seed: int
) -> None:
    truth = told(plant(seed), "weld-intervention")

    found = asked(plant(seed), terms)[0]

    assert render(found, terms, "zh") == truth["sentence_zh"]
    told_deltas = [one["delta"] for one in truth["actions"] if "delta" in one]
    assert [one.delta for one in found.adjustments] == pytest.approx(told_deltas)
    last = found.actions[-1]
    assert isinstance(last, Check)
    assert list(last.subjects) == truth["packs"]
    assert [local_name(one) for one in last.expected] == [truth["actions"][-1]["required"]]
    assert found.reason_path[-1] == found.target
    assert {one.kind for one in found.evidence} == {
        "response-model", "setpoint-record", "rule:firmware-differs",
    }  # fmt: skip


def test_it_passes_the_shapes_when_it_is_written(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    folder = without(plant(1), tmp_path / "copy", "valve-erp-deliveries")
    found = asked(folder, terms)[0]

    with opened(folder) as store:
        assert store.commit([to_change_set(found)], principal=SYSTEM, gate=ShapeGate())


@pytest.mark.parametrize(
    ("parts", "missing"),
    [(("pull_test",), "outcome"), (("_setpoints",), "setpoints")],
)
def test_without_response_data_or_set_points_it_refuses(
    plant: Callable[[int], Path],
    terms: TermIndex,
    tmp_path: Path,
    parts: tuple[str, ...],
    missing: str,
) -> None:
    with pytest.raises(NotEnoughEvidence) as caught:
        asked(without(plant(1), tmp_path / "copy", *parts), terms)

    assert caught.value.data["missing"] == missing


def test_without_pull_tests_the_defects_alone_are_not_sharp_enough(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    folder = without(plant(1), tmp_path / "copy", "pull_test")
    truth = told(folder, "weld-intervention")
    situation = Situation(iri("equipment", truth["station"]), defect=Q + truth["defect"])

    with pytest.raises(NotEnoughEvidence) as caught:
        asked(folder, terms, situation)

    assert caught.value.data["missing"] in {"sharpness", "effect", "tried-region", "gain"}


def test_without_the_firmware_report_no_check_is_asked_for(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    found = asked(without(plant(1), tmp_path / "copy", "bms_firmware"), terms)[0]

    assert len(found.actions) == len(found.adjustments) == 2
    assert "固件" not in render(found, terms, "zh")


def test_without_genealogy_the_packs_are_not_known_to_be_concerned(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    found = asked(without(plant(1), tmp_path / "copy", "genealogy_module"), terms)[0]

    assert not any(isinstance(one, Check) for one in found.actions)


def test_asking_twice_in_a_period_gives_one_key(
    plant: Callable[[int], Path], terms: TermIndex
) -> None:
    assert asked(plant(1), terms)[0].idempotency_key == asked(plant(1), terms)[0].idempotency_key


def test_it_is_fast_enough_for_a_control_loop(
    plant: Callable[[int], Path], terms: TermIndex
) -> None:
    station = iri("equipment", told(plant(1), "weld-intervention")["station"])
    with opened(plant(1)) as store, store.snapshot() as snapshot:
        index, seconds = CsrGenealogy.build(snapshot), []
        for _ in range(5):
            started = time.perf_counter()
            recommend(snapshot, terms, Situation(station=station), now=NOW, index=index)
            seconds.append(time.perf_counter() - started)

    assert min(seconds) < 0.15


@pytest.mark.parametrize(
    "situation", [Situation(), Situation("urn:none"), Situation(alarm="urn:none")]
)
def test_an_unknown_station_is_not_found(
    tmp_path: Path, terms: TermIndex, situation: Situation
) -> None:
    with small(tmp_path, "") as snapshot, pytest.raises(NotFound):
        recommend(snapshot, terms, situation, now=NOW)


def records(count: int, *, top: float, defect: bool = False) -> str:
    """One press, whose warmth at ``top`` gives the most strength; an alarm names it."""
    rng = np.random.default_rng(1)
    lines = [
        "s:1 a q:Setpoint ; q:usesEquipment e:P ; q:about q:MouldTemperature ; q:setpointValue 60.0 ; "
        "q:lowerBound 40.0 ; q:upperBound 80.0 ; q:settingResolution 0.5 .",
        "<urn:alarm> a q:Alarm ; q:usesEquipment e:P .",
    ]
    for place in range(count):
        heat = 60 + rng.uniform(-8, 8)
        strength = 50 - 0.2 * (heat - top) ** 2 + rng.normal(0, 0.2)
        lines.append(
            f"o:{place} a q:Operation, q:InjectionMoulding ; q:usesEquipment e:P ; q:MouldTemperature {heat:.2f} . "
            f"i:{place} q:producedBy o:{place} . "
            f"n:{place} a q:Inspection ; q:inspects i:{place} ; q:TensileStrength {strength:.2f} ; "
            f'q:conforms "{str(strength > 44).lower()}"^^xsd:boolean ; q:sourceRow {place} .'
        )
    return "\n".join(lines)


def test_another_process_another_parameter_from_an_alarm(tmp_path: Path, terms: TermIndex) -> None:
    with small(tmp_path, records(80, top=57.5)) as snapshot:
        found = recommend(snapshot, terms, Situation(alarm="urn:alarm"), now=NOW)

    assert render(found[0], terms, "zh") == "建议将模具温度下调2.5°C"
    assert found[0].concerns == "urn:alarm"


def test_a_station_at_its_optimum_gets_nothing(tmp_path: Path, terms: TermIndex) -> None:
    with small(tmp_path, records(80, top=60.0)) as snapshot:
        assert recommend(snapshot, terms, Situation(alarm="urn:alarm"), now=NOW) == ()


def test_an_optimum_that_nobody_tried_is_refused(tmp_path: Path, terms: TermIndex) -> None:
    with (
        small(tmp_path, records(80, top=72.0)) as snapshot,
        pytest.raises(NotEnoughEvidence) as caught,
    ):
        recommend(snapshot, terms, Situation(alarm="urn:alarm"), now=NOW)

    assert caught.value.data["missing"] == "tried-region"


@pytest.mark.parametrize(
    ("bad_when", "direction"),
    [
        (lambda v: v < 8, "higher"),
        (lambda v: v > 12, "lower"),
        (lambda v: abs(v - 10) > 2, "centre"),
        (lambda v: np.arange(len(v)) % 2 == 0, None),
        (lambda v: v > 99, None),
    ],
    ids=["high good", "low good", "middle good", "unrelated", "none bad"],
)
def test_the_direction_is_read_from_the_verdicts(
    bad_when: Callable[[np.ndarray], np.ndarray], direction: str | None
) -> None:
    values = np.random.default_rng(0).normal(10, 2, 200)
    names = tuple(map(str, range(200)))
    outcome = Outcome("urn:c", names, names, values, np.full(200, np.nan))

    goal = orient(outcome, bad_when(values).astype(float))

    assert (goal.direction if goal else None) == direction
