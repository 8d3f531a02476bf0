"""Alignment: names, units, values, neighbours and files decide together, and nothing is guessed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.config import Settings
from qualweave.errors import UnreadableSource
from qualweave.iri import Q
from qualweave.mappers import readers
from qualweave.mappers.align import Alignment, align, align_targets
from qualweave.mappers.align.combiner import NAMES, first_places, shipped
from qualweave.mappers.align.files import read_confirmed
from qualweave.mappers.align.recall import Confirmed
from qualweave.mappers.align.request import change_request, new_term, sentence
from qualweave.mappers.align.score import score_table
from qualweave.mappers.align.signals import SIGNALS, Signals, Vocabulary
from qualweave.mappers.align.statements import statement
from qualweave.mappers.align.target import TargetTerm, from_terms, read_terms
from qualweave.mappers.profile import FieldProfile, field_from_facts, profile
from qualweave.mappers.units import split_unit
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

pytest.importorskip("sentence_transformers", reason="the text extra is not installed")
OVEN = [118 + n / 10 for n in range(40)]
BELT = [2.4 + n / 100 for n in range(40)]
Aligned = Callable[..., dict[str, Alignment]]


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings()


@pytest.fixture
def aligned(tmp_path: Path, terms: TermIndex, settings: Settings) -> Aligned:
    def run(
        name: str, columns: Mapping[str, list[object]], charset: str = "utf-8"
    ) -> dict[str, Alignment]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            ",".join(columns),
            *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
        ]
        path.write_bytes("\n".join(rows).encode(charset))
        fields = profile(readers.read(path, root=tmp_path)[0])
        return {one.field.name: one for one in align(fields, terms, settings=settings)}

    return run


def _kinds(one: Alignment) -> set[str]:
    return {reason.kind for reason in one.ranked[0].evidence if reason.weight > 0}


def test_a_bare_name_beside_an_oven_s_belt_is_the_oven_s_temperature(aligned: Aligned) -> None:
    found = aligned("Oven3_20250304.csv", {"Temp": OVEN, "Conveyor_Speed": BELT})["Temp"]

    assert (found.decision, found.ranked[0].term) == ("accept", Q + "ChamberTemperature")
    said = " ".join(one.in_language("en") for one in found.ranked[0].evidence)
    assert "Oven3" in said
    assert "Conveyor_Speed" in said
    assert found.margin > 0.5


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("Oven3_20250304.csv", {"Temp": OVEN}),
        ("export.csv", {"Temp": OVEN, "Conveyor_Speed": BELT}),
        ("export.csv", {"Temp": OVEN}),
    ],
    ids=["no neighbour", "no file name", "neither"],
)
def test_with_less_evidence_the_bare_name_is_a_question(
    file: str, columns: Mapping[str, list[object]], aligned: Aligned
) -> None:
    found = aligned(file, columns)["Temp"]

    assert found.decision == "ask"
    assert found.ranked[0].term in {
        Q + "Temperature",
        Q + "ZoneTemperature",
        Q + "ChamberTemperature",
    }


def test_a_word_that_many_things_have_is_never_a_special_term_unasked(aligned: Aligned) -> None:
    volts = [3.2 + n / 100 for n in range(40)]
    cycler = aligned(
        "export.csv",
        {
            "Voltage(V)": volts,
            "Power(W)": [one * 2 for one in volts],
            "Status": ["CC_Chg", "Rest"] * 20,
            "cell": ["C1", "C2"] * 20,
            "type": ["A", "B"] * 20,
        },
    )
    axes = aligned("axes.csv", {"Zload [%]": [40 + n / 10 for n in range(40)], "Offset": volts})

    taken = {
        name: one.ranked[0].term
        for name, one in (cycler | axes).items()
        if one.decision == "accept" and name != "Voltage(V)"
    }
    assert taken == {}


def test_another_machine_gives_the_other_answer(aligned: Aligned) -> None:
    speed = [1200 + n for n in range(40)]
    wear = [n / 2 for n in range(40)]
    torque = [40 + n / 10 for n in range(40)]

    machining = aligned(
        "a.csv", {"Rotational speed [rpm]": speed, "Tool wear [min]": wear, "Torque [Nm]": torque}
    )["Torque [Nm]"]
    alone = aligned("b.csv", {"Torque [Nm]": torque})["Torque [Nm]"]

    assert (machining.decision, machining.ranked[0].term) == ("accept", Q + "SpindleTorque")
    assert alone.decision != "accept" or alone.ranked[0].term == Q + "Torque"


def test_two_names_without_a_shared_word_meet_in_one_term(
    aligned: Aligned, tmp_path: Path, terms: TermIndex, settings: Settings
) -> None:
    heat = [231 + n / 10 for n in range(40)]
    plc = aligned(
        "moulding/plc/IM-01_plc.csv",
        {
            "温度_℃": heat,
            "模具温度_℃": [52.0] * 40,
            "保压压力_MPa": [61.5] * 40,
            "注射速度_mm/s": [80.5] * 40,
        },
        "gb18030",
    )["温度_℃"]
    samples = [
        {
            "sample_id": f"M{n}",
            "process_temp_value": one,
            "process_temp_unit": "°C",
            "melt_flow_index": 11.2,
        }
        for n, one in enumerate(heat)
    ]
    path = tmp_path / "moulding" / "lims" / "melt_samples.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"samples": samples}), encoding="utf-8")
    fields = profile(readers.read(path, root=tmp_path)[0])
    lims = {one.field.name: one for one in align(fields, terms, settings=settings)}[
        "process_temp_value"
    ]

    assert plc.ranked[0].term == lims.ranked[0].term == Q + "Temperature"
    assert plc.decision == lims.decision == "accept"
    assert all(one.field.unit is not None and one.field.unit.qudt == "DEG_C" for one in (plc, lims))
    assert min(plc.margin, lims.margin) > 0.3


def test_a_unit_of_another_dimension_speaks_against_the_term_and_is_shown(aligned: Aligned) -> None:
    found = aligned("x.csv", {"Mould temperature [MPa]": OVEN})["Mould temperature [MPa]"]

    assert found.decision != "accept"
    for one in found.ranked:
        against = {two.kind for two in one.evidence if two.weight < 0}
        assert "Temperature" not in one.term or "unit_against" in against


def test_values_out_of_the_range_of_a_term_are_a_question_whatever_the_name(
    aligned: Aligned,
) -> None:
    volts = aligned("sun.csv", {"SN": ["INV1"] * 5, "PhVphA": [231.0 + n / 10 for n in range(5)]})

    assert volts["PhVphA"].ranked[0].term == Q + "ReactorPH"
    assert volts["PhVphA"].decision == "ask"


def test_a_field_that_no_term_fits_is_a_request(aligned: Aligned) -> None:
    words = [f"lorem ipsum dolor {n}" for n in range(40)]

    found = aligned("x.csv", {"Zyx_Qwv": words, "Temp": OVEN})["Zyx_Qwv"]

    assert found.decision == "request"


def test_chances_stay_below_one_and_leave_room_for_none(aligned: Aligned) -> None:
    for one in aligned("x.csv", {"Temp": OVEN, "Batch": [f"B{n}" for n in range(40)]}).values():
        assert 0 <= sum(two.probability for two in one.ranked) <= 1 + 1e-9
        assert [two.probability for two in one.ranked] == sorted(
            (two.probability for two in one.ranked), reverse=True
        )


@dataclass(frozen=True)
class _Decided:
    refused: frozenset[str] = frozenset()
    agreed: tuple[str, ...] = ()

    def rejected(self, field: FieldProfile) -> frozenset[str]:
        return self.refused if field.name == "Druck" else frozenset()

    def confirmed(self, field: FieldProfile) -> Mapping[str, float]:
        return dict.fromkeys(self.agreed, 4.0) if field.name == "Druck" else {}

    def confirmations(self) -> tuple[Confirmed, ...]:
        return ()


def test_a_rejected_pair_is_not_proposed_again_and_a_confirmed_one_leads(
    terms: TermIndex, settings: Settings
) -> None:
    fields = [field_from_facts(name="Druck", unit="bar")]

    first = align(fields, terms, settings=settings)[0].ranked[0].term
    refused = align(fields, terms, settings=settings, memory=_Decided(frozenset({first})))[0]
    agreed = align(fields, terms, settings=settings, memory=_Decided(agreed=(Q + "BackPressure",)))[
        0
    ]

    assert first not in {one.term for one in refused.ranked}
    assert agreed.ranked[0].term == Q + "BackPressure"


def test_ids_are_no_text(settings: Settings) -> None:
    fields = [field_from_facts(name="temperature")]
    targets = [
        TargetTerm(id="x:temperature", labels={"en": ("colour of the box",)}),
        TargetTerm(id="x:other", labels={"en": ("temperature",)}),
    ]

    plain = align_targets(fields, targets, settings=settings)[0]
    renamed = align_targets(
        fields, [replace(one, id=f"n:{n}") for n, one in enumerate(targets)], settings=settings
    )[0]

    assert plain.ranked[0].term == "x:other"
    assert [one.score for one in plain.ranked] == [one.score for one in renamed.ranked]


def test_the_order_of_the_terms_changes_nothing(terms: TermIndex, settings: Settings) -> None:
    targets = from_terms(terms)
    fields = [
        field_from_facts(name="injection press", unit="MPa"),
        field_from_facts(name="Zylindertemperatur"),
    ]

    one = align_targets(fields, targets, settings=settings)
    other = align_targets(fields, targets[::-1], settings=settings)

    for left, right in zip(one, other, strict=True):
        assert left.ranked[0].term == right.ranked[0].term
        assert left.ranked[0].probability == pytest.approx(right.ranked[0].probability)


def test_every_signal_has_a_weight_and_a_sentence_in_both_languages() -> None:
    field = field_from_facts(name="Temp", samples=["1.5", "2.5"])
    term = TargetTerm(id="x", labels={"en": ("temperature",), "zh": ("温度",)}, unit="Cel")

    for name in SIGNALS:
        said = statement(name, field, term, 1.0)
        assert "temperature" in said["en"] or "kind" in said["en"]
        assert "{" not in said["en"] + said["zh"]
        assert "温度" in said["zh"]
    assert set(NAMES) == set(SIGNALS)
    for chosen in product(("any", "ontology"), ("", " with memory"), ("", " without text")):
        assert set(shipped("".join(chosen)).weights) == set(SIGNALS)


def test_without_a_text_model_clear_names_are_still_accepted(terms: TermIndex) -> None:
    bare = Vocabulary(from_terms(terms), None, profile="ontology")
    fields = [
        field_from_facts(name="注射压力_MPa"),
        field_from_facts(name="Conveyor speed [m/min]"),
    ]

    found = align_targets(fields, bare)

    assert [one.ranked[0].term for one in found] == [Q + "InjectionPressure", Q + "ConveyorSpeed"]
    assert all(one.decision == "accept" for one in found)


@pytest.mark.parametrize(
    ("off", "field", "term"),
    [
        (
            ("unit", "unit_same", "unit_against", "unit_missing", "unit_unasked"),
            {"name": "Belt", "unit": "m/min"},
            "ConveyorSpeed",
        ),
        (("characters", "synonym_covered"), {"name": "Injectionpressur"}, "InjectionPressure"),
        (
            ("meaning", "meaning_written", "meaning_defined"),
            {"name": "Presse bei der Einspritzung", "unit": "bar"},
            "InjectionPressure",
        ),
    ],
    ids=["unit", "letters", "text model"],
)
def test_taking_a_signal_away_costs_its_term(
    off: tuple[str, ...], field: Mapping[str, str], term: str, terms: TermIndex, settings: Settings
) -> None:
    vocabulary = Vocabulary(from_terms(terms), settings, profile="ontology")
    found, score = score_table([field_from_facts(**field)], vocabulary)[0]  # type: ignore[arg-type]
    place = vocabulary.by_id[Q + term]

    kept = {name: one for name, one in found.items() if name not in off}
    less = Signals(kept, vocabulary.nothing)
    combiner = shipped("ontology")

    full = combiner.probabilities(score)[place]
    assert combiner.probabilities(combiner.scores(less))[place] < full


def test_a_signal_that_says_nothing_is_read_as_zeros_and_takes_no_room() -> None:
    nothing = np.zeros(3)
    found = Signals({"unit": np.array([0.0, 1.0, 0.0]), "exact": np.zeros(3)}, nothing)

    joined = found.and_those(Signals({"fellow": np.zeros(3), "together": np.ones(3)}, nothing))

    assert list(joined) == ["unit", "together"]
    assert joined["exact"] is nothing
    with pytest.raises(KeyError, match="unti"):
        joined["unti"]


def test_the_suggestion_speaks_in_the_ontology_s_names() -> None:
    graph = load_graph()
    before = TermIndex.from_graph(graph)

    said = sentence("Cooling_Rate_Unit", Q + "coolingRateUnit", before, Q + "ThermalProcessing")

    assert said["zh"] == (
        "新增字段Cooling_Rate_Unit,建议映射至Q-Ontology中Thermal_Processing类下的cooling_rate_unit属性"
    )
    assert said["en"] == (
        "New field Cooling_Rate_Unit, suggested mapping: property cooling_rate_unit of class "
        "Thermal_Processing in the Q-Ontology"
    )
    renamed = TermIndex(
        replace(one, notations=("Heat_Work",)) if one.iri == Q + "ThermalProcessing" else one
        for one in before
    )
    after = sentence("Cooling_Rate_Unit", Q + "coolingRateUnit", renamed, Q + "ThermalProcessing")
    assert "Heat_Work" in after["zh"]


def test_a_request_is_filled_in_beforehand(terms: TermIndex, aligned: Aligned) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - used here only

    found = aligned("x.csv", {"Zyx_Qwv [bar]": OVEN})["Zyx_Qwv [bar]"]
    asked = new_term(found, terms)
    request = change_request(
        replace(found, decision="request"),
        terms,
        subject="https://example.org/id/plant/field/x",
        by="ingest",
        created=datetime(2025, 3, 4, tzinfo=UTC),
    )

    assert (asked.name, asked.unit, asked.parent in terms) == ("ZyxQwv", "bar", True)
    assert request.kind == "new_term"
    assert request.samples[:2] == ("118.0", "118.1")
    assert set(request.statement) == {"en", "zh"}


@given(
    scores=st.lists(st.sampled_from([-50.0, -1.0, 0.0, 0.5, 0.5, 3.0]), max_size=30),
    count=st.integers(0, 12),
    but=st.frozensets(st.integers(0, 29), max_size=5),
)
def test_the_first_places_are_those_of_a_stable_sort(
    scores: list[float], count: int, but: frozenset[int]
) -> None:
    left_out = {one for one in but if one < len(scores)}
    order = np.argsort(-np.array(scores), kind="stable")

    wanted = [int(one) for one in order if one not in left_out][:count]

    assert first_places(np.array(scores), count, but=left_out) == wanted


def test_units_in_names_do_not_take_part_in_the_name() -> None:
    assert split_unit("温度_℃").base_name == "温度"


def test_a_broken_line_of_a_field_list_is_named(tmp_path: Path, settings: Settings) -> None:
    from qualweave.mappers.align.files import align_files  # noqa: PLC0415 - used here only

    fields, terms = tmp_path / "f.jsonl", tmp_path / "t.jsonl"
    fields.write_text('{"id": "a", "name": "T"}\n{"id": "b"}\n')
    terms.write_text('{"id": "t", "label": {"en": "temperature"}}\n')

    with pytest.raises(UnreadableSource, match=r"f\.jsonl, line 2"):
        align_files(fields, terms, tmp_path / "p.jsonl", settings=settings)


@pytest.mark.parametrize("gold", ['"t1"', "5", "[1]", '{"t1": 1}'])
def test_a_confirmed_field_whose_terms_are_no_list_is_named(gold: str, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(
        f'{{"id": "1", "name": "a", "gold": []}}\n\n{{"id": "2", "name": "b", "gold": {gold}}}\n'
    )

    with pytest.raises(UnreadableSource, match=r"c\.jsonl, line 3: 'gold'"):
        read_confirmed(path)


def test_a_vocabulary_without_a_term_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n")

    with pytest.raises(UnreadableSource, match=r"t\.jsonl holds no term"):
        read_terms(path)
