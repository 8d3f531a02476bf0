"""What is recalled of confirmed fields, and how the weights learn from them."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.mappers.align import Remembering, align_targets
from qualweave.mappers.align.adapting import adapt
from qualweave.mappers.align.combiner import (
    NAMES,
    PRIOR,
    Case,
    fit,
    shipped,
    with_absent,
    without_right,
)
from qualweave.mappers.align.recall import RECALLED, Confirmed, Recall, component, translated
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.profile import FieldProfile, field_from_facts
from qualweave.mappers.table import SourceContext

TERMS = (
    TargetTerm(id="x:1", labels={"en": ("path feedrate override",)}, kind="EVENT"),
    TargetTerm(id="x:2", labels={"en": ("rotary velocity",)}, unit="1/min", kind="SAMPLE"),
    TargetTerm(id="x:3", labels={"en": ("position",)}, unit="mm", kind="SAMPLE"),
    TargetTerm(id="x:4", labels={"en": ("rotary velocity override",)}, kind="EVENT"),
    TargetTerm(id="x:5", labels={"en": ("spindle load",)}, unit="%", kind="SAMPLE"),
)


def at(name: str, place: str = "", unit: str = "") -> FieldProfile:
    context = SourceContext(file_name="", header={"component": place} if place else {})
    return field_from_facts(name=name, unit=unit, context=context)


def confirmed(name: str, term: str, place: str = "", source: str = "Acme") -> Confirmed:
    return Confirmed(at(name, place), (term,), source, "li", datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(TERMS)


def recall(vocabulary: Vocabulary, *told: Confirmed) -> Recall:
    return Recall(told, vocabulary.by_id, vocabulary.semantic)


def test_a_cryptic_name_means_what_it_was_confirmed_as_elsewhere(vocabulary: Vocabulary) -> None:
    field = at("Fovr")

    before = align_targets([field], vocabulary)[0]
    after = align_targets(
        [field],
        vocabulary,
        remembering=Remembering.of(vocabulary, [confirmed("Fovr", "x:1")]),
    )[0]

    assert after.ranked[0].term == "x:1"
    assert after.ranked[0].probability > max(
        (one.probability for one in before.ranked if one.term == "x:1"), default=0.0
    )


def test_the_evidence_names_the_confirmation_it_came_from(vocabulary: Vocabulary) -> None:
    known = Remembering.of(vocabulary, [confirmed("Fovr", "x:1", source="Mill 7")])

    best = align_targets([at("Fovr2")], vocabulary, remembering=known)[0].ranked[0]

    told = [one for one in best.evidence if one.kind.startswith("recalled")]
    assert told
    assert any("Fovr · Mill 7 (li 2026-03-01)" in one.statement["en"] for one in told)
    assert any("Fovr · Mill 7 (li 2026-03-01)" in one.statement["zh"] for one in told)


def test_the_component_tells_two_fields_of_one_name_apart(vocabulary: Vocabulary) -> None:
    told = recall(
        vocabulary,
        confirmed("act", "x:2", "Axes:base / Rotary:C"),
        confirmed("act", "x:3", "Axes:base / Linear:X"),
    )

    found = told.signals(at("act", "Axes:a / Linear:Z"))

    assert found["recalled_here"][2] > found["recalled_here"][1] > 0
    assert component(at("act", "Axes:a / Linear:Z")) == ("axes", "linear")


def test_parts_of_names_are_learnt_as_words(vocabulary: Vocabulary) -> None:
    told = recall(
        vocabulary,
        *(confirmed(f"{axis}_ovr", "x:4") for axis in ("S", "S2", "C")),
        *(confirmed(f"{path}_feed_ovr", "x:1") for path in ("P", "P2", "Q")),
        *(confirmed(f"{axis}_pos", "x:3") for axis in ("X", "Y", "Z")),
    )

    assert max(told.learnt["ovr"], key=lambda one: told.learnt["ovr"][one]) == "overrid"
    assert told.learnt["pos"]["position"] > 0.5


def test_without_memory_every_signal_of_it_is_nothing(vocabulary: Vocabulary) -> None:
    found = recall(vocabulary).signals(at("Fovr"))

    assert set(found) == set(RECALLED)
    assert not any(one.any() for one in found.values())


def test_confirmations_of_terms_that_are_gone_are_left_out(vocabulary: Vocabulary) -> None:
    assert not len(recall(vocabulary, confirmed("Fovr", "x:gone")))


@given(st.permutations(range(4)))
def test_the_order_of_confirmations_changes_nothing(order: list[int]) -> None:
    vocabulary = Vocabulary(TERMS)
    told = [
        confirmed("Fovr", "x:1"),
        confirmed("Sovr", "x:4"),
        confirmed("Xpos", "x:3"),
        confirmed("Sload", "x:5"),
    ]

    one = recall(vocabulary, *told).signals(at("Yovr"))
    other = recall(vocabulary, *(told[place] for place in order)).signals(at("Yovr"))

    for name in RECALLED:
        np.testing.assert_allclose(one[name], other[name], atol=1e-9)


def test_translation_finds_the_word_that_a_part_is_met_with() -> None:
    pairs = [(("x", "act"), ("actual", "position")), (("y", "act"), ("actual", "speed"))]

    found = translated(pairs * 3)

    assert max(found["act"], key=lambda one: found["act"][one]) == "actual"


def _cases(count: int, telling: str, misleading: str) -> list[Case]:
    """Fields in which one signal always marks the right term, and another one a wrong term."""
    rng = np.random.default_rng(5)
    cases = []
    for _ in range(count):
        matrix = np.zeros((4, len(NAMES)), dtype=np.float32)
        right, wrong = rng.permutation(4)[:2]
        matrix[right, NAMES.index(telling)] = 1.0
        matrix[wrong, NAMES.index(misleading)] = 1.0
        cases.append(Case(matrix, np.arange(4) == right, np.arange(4)))
    return cases


def test_fitting_trusts_what_is_right_and_not_what_misleads() -> None:
    values = fit([with_absent(_cases(80, "characters", "meaning"))])

    assert values[NAMES.index("characters")] > PRIOR["characters"]
    assert values[NAMES.index("meaning")] < PRIOR["meaning"]
    assert (values[[NAMES.index(one) for one in RECALLED]] >= 0).all()


def test_a_field_whose_terms_are_taken_away_has_no_right_answer() -> None:
    one = _cases(1, "characters", "meaning")[0]

    assert not without_right(one).right.any()
    assert len(without_right(one).right) == len(one.right) - 1


def test_few_confirmations_leave_the_weights_as_they_were_shipped(vocabulary: Vocabulary) -> None:
    weights = shipped("any with memory")

    assert adapt(weights, vocabulary, [confirmed("Fovr", "x:1")]) is weights


def test_many_confirmations_of_several_sources_move_the_weights(vocabulary: Vocabulary) -> None:
    names = {"x:1": "Fovr", "x:2": "Sspeed", "x:3": "Xpos", "x:4": "Sovr", "x:5": "Sload"}
    told = [
        confirmed(f"{name}{n}", term, source=f"maker {n % 4}")
        for n in range(16)
        for term, name in names.items()
    ]

    made = adapt(shipped("any with memory"), vocabulary, told)

    assert made.weights != shipped("any with memory").weights
    assert "79 confirmations" in made.version
    assert made == adapt(shipped("any with memory"), vocabulary, told)


def test_a_contradicting_unit_is_a_flag_and_never_mapped_unasked() -> None:
    vocabulary = Vocabulary(TERMS)
    field = at("position", unit="bar")

    found = align_targets([field], vocabulary)[0]

    assert found.decision != "accept"
    if found.ranked[0].term == "x:3":
        assert any(one.kind == "unit_against" for one in found.ranked[0].evidence)


def test_a_decision_of_another_source_and_device_is_recalled_from_the_memory_of_the_tenant() -> (
    None
):
    vocabulary = Vocabulary([replace(one, id=f"https://example.org/{one.id[2:]}") for one in TERMS])
    memory = DecisionMemory()
    memory.remember(
        Remembered(
            "mill-7",
            "Fovr",
            "https://example.org/1",
            "accepted",
            "li",
            device="Mill 7",
            when="2026-03-01T08:00:00",
        )
    )

    found = align_targets([at("Fovr")], vocabulary, memory=memory.of("mill-8"))[0]

    assert found.ranked[0].term == "https://example.org/1"
    assert any(
        "Fovr · mill-7 (li 2026-03-01)" in one.statement["en"] for one in found.ranked[0].evidence
    )


ZONES = (
    TargetTerm(id="z:1", labels={"en": ("barrel zone 1 temperature",)}, unit="Cel"),
    TargetTerm(id="z:2", labels={"en": ("barrel zone 2 temperature",)}, unit="Cel"),
    TargetTerm(id="z:3", labels={"en": ("hopper temperature",)}, unit="Cel"),
    TargetTerm(id="z:4", labels={"en": ("injection pressure",)}, unit="bar"),
)


def of(name: str, table: str, device: str = "Press 4") -> FieldProfile:
    return field_from_facts(name=name, context=SourceContext(file_name=table, device=device))


def test_a_confirmed_field_does_not_pull_the_others_of_its_table() -> None:
    zones = Vocabulary(ZONES)
    told = Confirmed(of("ZoneA", "export.csv"), ("z:1",), "Press 4")
    known = Remembering.of(zones, [told])

    here, elsewhere = (
        align_targets([of("ZoneB", table, device)], zones, remembering=known)[0]
        for table, device in (("export.csv", "Press 4"), ("export.csv", "Press 5"))
    )

    chance = [
        {one.term: one.probability for one in found.ranked}["z:1"] for found in (here, elsewhere)
    ]
    assert chance[0] < chance[1] / 2


def test_fields_of_a_table_that_share_terms_speak_for_each_other() -> None:
    zones = Vocabulary(ZONES)
    names = ("Xtemp", "Ytemp", "Ztemp", "Atemp", "Btemp", "Ctemp")
    told = [Confirmed(of(one, "axes"), ("z:3",), "Press 4") for one in names]

    one = align_targets([of("Dtemp", "axes")], zones, remembering=Remembering.of(zones, told))[0]

    assert one.ranked[0].term == "z:3"


def test_a_first_confirmation_changes_no_threshold() -> None:
    zones = Vocabulary(ZONES)
    told = Confirmed(of("PrsInj", "export.csv"), ("z:4",), "Press 4")
    fields = [of(one, "export.csv") for one in ("Barrel zone 1 temperature", "Hopper temperature")]

    before = align_targets(fields, zones, remembering=Remembering.of(zones, []))
    after = align_targets(fields, zones, remembering=Remembering.of(zones, [told]))

    assert Remembering.of(zones, [told]).weights.accept == Remembering.of(zones, []).weights.accept
    assert [one.decision for one in after] == [one.decision for one in before]
