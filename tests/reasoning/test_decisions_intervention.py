"""Interventions: what is wrong is named, signatures are of different persons, and the sentence is the object."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import Conflict, Forbidden, GateRefused, InputError
from qualweave.evidence import Evidence
from qualweave.iri import Q
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM, Principal
from qualweave.reasoning.decisions.intervention import (
    Action,
    Check,
    Intervention,
    Outcome,
    ParameterAdjustment,
    check,
    from_json,
    problems,
)
from qualweave.reasoning.decisions.intervention_graph import (
    intervention_iri,
    propose,
    read_intervention,
    read_interventions,
    to_change_set,
)
from qualweave.reasoning.decisions.recommend import expiry
from qualweave.reasoning.decisions.sentence import overlap, render
from qualweave.shapes.gate import ShapeGate
from tests.reasoning.stores import iri, small_store

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
CURRENT = ParameterAdjustment(
    Q + "WeldCurrent", -1.4, "A", 150.0, 140.0, 160.0, 0.1, Q + "TabWelding"
)
HOLD = ParameterAdjustment(Q + "WeldHoldTime", 0.25, "s", 0.5, 0.2, 0.9, 0.05, Q + "TabWelding")
TEMPERATURE = ParameterAdjustment(Q + "MouldTemperature", 3.0, "Cel", 60.0, 50.0, 80.0, 1.0)
FIRMWARE = Check(Q + "FirmwareCheck", Q + "BatteryManagementSystem", (iri("item", "P1"),))
GOOD = Evidence("response-model", {"en": "96 records"}, sources=(iri("inspection", "1"),))


def intervention(*actions: Action, **more: object) -> Intervention:
    facts: dict[str, object] = {
        "target": iri("equipment", "W1"),
        "actions": actions or (CURRENT,),
        "evidence": (GOOD,),
        "reason_path": (Q + "PullStrength", Q + "WeldCurrent"),
        "risk": "medium",
        "created": NOW,
        "expires_at": NOW + timedelta(hours=8),
    }
    return Intervention(**(facts | more))


def person(name: str, role: str = "approver") -> Principal:
    return Principal(name, frozenset({role}))


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"actions": ()}, "no-action"),
        ({"evidence": ()}, "no-evidence"),
        ({"evidence": (Evidence("guess", {"en": "I think so"}),)}, "no-evidence"),
        ({"actions": (replace(CURRENT, unit=""),)}, "missing-unit"),
        ({"actions": (replace(CURRENT, unit="furlong"),)}, "unknown-unit"),
        ({"actions": (replace(CURRENT, lower=160.0),)}, "no-bounds"),
        ({"actions": (replace(CURRENT, lower=float("nan")),)}, "no-bounds"),
        ({"actions": (replace(CURRENT, delta=10.1),)}, "out-of-bounds"),
        ({"actions": (replace(CURRENT, delta=-10.1),)}, "out-of-bounds"),
        ({"actions": (replace(CURRENT, delta=0.05),)}, "off-resolution"),
        ({"actions": (replace(CURRENT, delta=0.0),)}, "off-resolution"),
    ],
)
def test_what_is_wrong_is_named(broken: dict[str, object], code: str) -> None:
    one = replace(intervention(), **broken)

    assert [found.code for found in problems(one, NOW)] == [code]
    with pytest.raises(InputError) as caught:
        check(one, NOW)
    assert caught.value.data["problems"] == [code]
    assert caught.value.message_zh != caught.value.message


def test_exactly_at_a_bound_is_permitted() -> None:
    assert not problems(intervention(replace(CURRENT, delta=10.0), replace(HOLD, delta=-0.3)), NOW)


def test_after_its_expiry_it_is_refused() -> None:
    one = intervention()

    check(one, one.expires_at - timedelta(seconds=1))
    with pytest.raises(Conflict, match="expired"):
        check(one, one.expires_at)
    with pytest.raises(Conflict, match="expired"):
        one.approve(person("a"), one.expires_at)


def test_a_write_needs_signatures_of_two_persons() -> None:
    first = intervention().approve(person("li"), NOW)

    assert first.dispatch == "proposed"
    with pytest.raises(Conflict, match="signed by li"):
        first.approve(person("li"), NOW)
    second = first.approve(person("wang"), NOW)
    assert second.dispatch == "approved"
    with pytest.raises(Forbidden):
        first.approve(person("zhao", "engineer"), NOW)


def test_checks_alone_need_one_signature() -> None:
    assert intervention(FIRMWARE, risk="low").approve(person("li"), NOW).dispatch == "approved"


def test_what_was_sent_takes_no_more_signatures() -> None:
    with pytest.raises(Conflict, match="is sent already"):
        replace(intervention(), dispatch="sent").approve(person("li"), NOW)


@given(
    st.lists(
        st.builds(
            ParameterAdjustment,
            parameter=st.sampled_from([Q + "WeldCurrent", Q + "CoolingTime"]),
            delta=st.floats(-10, 10),
            unit=st.sampled_from(["A", "s"]),
            current=st.floats(0, 100),
            lower=st.floats(0, 1),
            upper=st.floats(2, 300),
            resolution=st.sampled_from([0.1, 0.05, 1.0]),
        )
        | st.builds(Check, kind=st.just(Q + "FirmwareCheck"), target=st.just(iri("item", "x"))),
        min_size=1,
        max_size=4,
    )
)
def test_json_holds_everything(actions: list[Action]) -> None:
    one = intervention(
        *actions, outcome=Outcome(NOW, effective=True, statement={"en": "better"}, data={"n": 3})
    ).approve(person("li"), NOW)

    assert from_json(one.to_json()) == one


@pytest.mark.parametrize("missing", ["target", "actions", "created", "evidence"])
def test_json_without_a_part_is_refused(missing: str) -> None:
    data = intervention().to_json()
    del data[missing]

    with pytest.raises(InputError, match=missing):
        from_json(data)


def test_the_key_is_that_of_the_same_step_of_the_same_state() -> None:
    key = intervention().idempotency_key

    assert (
        replace(
            intervention(), evidence=(GOOD, GOOD), created=NOW + timedelta(minutes=1)
        ).idempotency_key
        == key
    )
    for other in (
        intervention(replace(CURRENT, delta=-1.5)),
        intervention(replace(CURRENT, current=151.0)),
        intervention(CURRENT, HOLD),
        intervention(target=iri("equipment", "W2")),
        intervention(expires_at=NOW + timedelta(hours=9)),
        intervention(tenant="other"),
    ):
        assert other.idempotency_key != key


@given(st.integers(0, 10_000), st.integers(1, 1440))
def test_expiry_is_one_for_a_period_and_leaves_a_whole_period(minute: int, minutes: int) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    ends = expiry(now, minutes)

    assert timedelta(minutes=minutes) < ends - now <= timedelta(minutes=2 * minutes)
    assert expiry(ends - timedelta(minutes=minutes, seconds=1), minutes) == ends


@pytest.mark.parametrize(
    ("actions", "zh", "en"),
    [
        ((CURRENT,), "建议将极耳焊接电流下调1.4A", "Lower tab welding current by 1.4 A."),
        (
            (replace(CURRENT, delta=0.5), replace(HOLD, delta=-0.1)),
            "建议将极耳焊接电流上调0.5A,同步缩短保压时间0.10s",
            "Raise tab welding current by 0.5 A, shorten weld hold time by 0.10 s at the same time.",
        ),
        ((HOLD,), "建议将极耳焊接保压时间延长0.25s", "Extend weld hold time by 0.25 s."),
        (
            (HOLD, CURRENT),
            "建议将极耳焊接保压时间延长0.25s,同步下调电流1.4A",
            "Extend weld hold time by 0.25 s, lower current by 1.4 A at the same time.",
        ),
        (
            (CURRENT, HOLD, FIRMWARE),
            "建议将极耳焊接电流下调1.4A,同步延长保压时间0.25s,并触发BMS固件版本校验",
            "Lower tab welding current by 1.4 A, extend weld hold time by 0.25 s at the same time, "
            "and trigger the BMS firmware version check.",
        ),
        ((FIRMWARE,), "建议触发BMS固件版本校验", "Trigger the BMS firmware version check."),
        ((TEMPERATURE,), "建议将模具温度上调3°C", "Raise mould temperature by 3 °C."),
    ],
)
def test_the_sentence_is_made_from_the_object(
    terms: TermIndex, actions: tuple[Action, ...], zh: str, en: str
) -> None:
    one = intervention(*actions)

    assert render(one, terms, "zh") == zh
    assert render(one, terms, "en") == en


@pytest.mark.parametrize(
    ("left", "right", "shared"),
    [
        ("极耳焊接", "焊接电流", "焊接"),
        ("tab welding", "welding current", "welding"),
        ("tab welding", "ingot mass", ""),
        ("spot weld", "welding current", ""),
        ("注塑成型", "模具温度", ""),
        ("", "x", ""),
    ],
)
def test_labels_overlap_in_whole_words_only(left: str, right: str, shared: str) -> None:
    assert overlap(left, right) == shared


def test_the_graph_gives_back_what_was_written_with_its_signatures(tmp_path: Path) -> None:
    one = intervention(CURRENT, HOLD, FIRMWARE)
    with small_store(tmp_path, "") as store:
        store.commit([to_change_set(one)], principal=SYSTEM, gate=ShapeGate())
        signed = one.approve(person("li"), NOW)
        store.commit([to_change_set(signed, one)], principal=SYSTEM, gate=ShapeGate())
        store.publish()
        with store.snapshot() as snapshot:
            assert read_intervention(snapshot, intervention_iri(one)) == signed
            assert read_interventions(snapshot, one.target) == [signed]
            assert read_interventions(snapshot, iri("equipment", "W2")) == []
            rows = snapshot.select(
                "SELECT ?order ?d WHERE { ?i q:hasAction ?a . ?a q:actionOrder ?order ; q:adjustmentDelta ?d } ORDER BY ?order"
            )
            again, change = propose(snapshot, one)

    assert [float(row["d"].value) for row in rows] == [-1.4, 0.25]
    assert (again, change) == (signed, None)  # proposing it again does not lose the signature


@pytest.mark.parametrize(
    "broken",
    [
        {"actions": ()},
        {"evidence": ()},
        {"actions": (replace(CURRENT, delta=11.0),)},
    ],
)
def test_the_shapes_refuse_in_the_graph_what_the_value_refuses(
    tmp_path: Path, broken: dict[str, object]
) -> None:
    change = to_change_set(replace(intervention(), **broken))

    with small_store(tmp_path, "") as store, pytest.raises(GateRefused):
        store.commit([change], principal=SYSTEM, gate=ShapeGate())
