"""Terms are found by the words that devices, systems and people use."""

from collections.abc import Iterable

import pytest
from rdflib import Graph

from qualweave.errors import AmbiguousTerm, UnknownTerm
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import Term, TermIndex, normalise


@pytest.fixture(scope="module")
def index() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def names(terms: Iterable[Term]) -> set[str]:
    return {t.local_name for t in terms}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("保压时间", {"PackingTime", "WeldHoldTime"}),
        ("缺料", {"ShortShot", "MissingPart"}),
        ("飞边", {"Flash"}),
        ("毛边", {"Flash", "Burr"}),
        ("溢胶", {"EpoxyOverflow"}),
        ("炉温", {"ChamberTemperature"}),
        ("合模力传感器漂移", {"ClampingForceSensorDrift"}),
        ("模具磨损", {"MouldWear"}),
        ("开箱即损", {"DamageOnArrival"}),
        ("门关不严", {"PoorClosure"}),
        ("异响", {"AbnormalNoise"}),
        ("机器人轨迹偏移", {"RobotPathDeviation"}),
        ("环境湿度超标", {"ExcessHumidity"}),
        ("Drehzahl", {"RotationalSpeed"}),
        ("TWF", {"ToolWearFailure"}),
        ("Machine failure", {"MachineFailure"}),
        ("UDI", {"serialNumber", "rowIdentifier"}),
    ],
)
def test_words_of_the_shop_floor_find_every_term_that_carries_them(
    index: TermIndex, words: str, expected: set[str]
) -> None:
    assert expected <= names(index.by_label(words))


@pytest.mark.parametrize("words", ["Ｔｅｍｐ", "TEMP", " temp "])
def test_width_case_and_spaces_do_not_matter(index: TermIndex, words: str) -> None:
    assert "Temperature" in names(index.by_label(words))


def test_a_label_stands_before_an_alternative_label(index: TermIndex) -> None:
    found = index.by_label("torque")

    assert found[0].local_name == "Torque"


def test_a_language_narrows_the_look_up(index: TermIndex) -> None:
    assert "Torque" in names(index.by_label("Drehmoment", "de"))
    assert index.by_label("Drehmoment", "zh") == ()


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Thermal_Processing", "ThermalProcessing"),
        ("cooling_rate_unit", "coolingRateUnit"),
        ("Dimensional_Inaccuracy", "DimensionalInaccuracy"),
    ],
)
def test_a_legacy_spelling_is_found_and_spoken(index: TermIndex, spelling: str, name: str) -> None:
    for language in (None, "en", "zh"):
        assert names(index.by_label(spelling, language)) == {name}
    assert index.spoken_name(Q + name) == spelling


def test_a_term_without_notation_is_spoken_by_its_local_name(index: TermIndex) -> None:
    assert index.spoken_name(Q + "Oven") == "Oven"


def test_a_parameter_carries_unit_kind_range_and_context(index: TermIndex) -> None:
    term = index.by_iri(Q + "ChamberTemperature")

    assert (term.kind, term.module, term.canonical_unit) == ("class", "parameter", "Cel")
    assert term.quantity_kind == "http://qudt.org/vocab/quantitykind/Temperature"
    assert term.typical_range is not None
    assert term.typical_range[0] < 180 < term.typical_range[1]
    assert {Q + "Oven", Q + "Baking"} <= set(term.contexts)
    assert term.is_parameter
    assert not term.is_role


def test_spindle_and_installation_torque_stay_apart(index: TermIndex) -> None:
    spindle, installation = (index.by_iri(Q + n) for n in ("SpindleTorque", "InstallationTorque"))

    assert not set(spindle.contexts) & set(installation.contexts)
    assert "安装扭矩" not in spindle.words()


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("Flash", "is_defect"),
        ("GasEntrapment", "is_mechanism"),
        ("TabWelding", "is_process"),
        ("ConveyorOven", "is_equipment"),
        ("serialNumber", "is_role"),
    ],
)
def test_a_term_knows_what_kind_of_thing_it_is(index: TermIndex, name: str, flag: str) -> None:
    term = index.by_iri(Q + name)
    flags = ("is_parameter", "is_role", "is_defect", "is_mechanism", "is_process", "is_equipment")

    assert [f for f in flags if getattr(term, f)] == [flag]


def test_a_grouping_class_is_no_parameter(index: TermIndex) -> None:
    assert not index.by_iri(Q + "ProcessParameter").is_parameter
    assert not index.by_iri(Q + "Operation").is_process


def test_ancestors_and_descendants_are_each_others_inverse(index: TermIndex) -> None:
    for term in index:
        for ancestor in index.ancestors(term.iri):
            assert term.iri in index.descendants(ancestor)
    assert Q + "Defect" in index.ancestors(Q + "MicroCrack")


def test_name_of_answers_in_the_language_or_english(index: TermIndex) -> None:
    assert index.name_of(Q + "Flash", "zh") == "飞边"
    assert index.name_of(Q + "Flash", "fr") == "flash"


def test_an_unknown_iri_is_refused(index: TermIndex) -> None:
    assert index.by_label("no such thing anywhere") == ()
    with pytest.raises(UnknownTerm, match="NoSuchTerm"):
        index.by_iri(Q + "NoSuchTerm")


@pytest.mark.parametrize(
    "name", ["q:Warpage", "Warpage", "https://w3id.org/qonto/Warpage", "翘曲", " warpage "]
)
def test_a_term_is_found_by_any_of_its_names(index: TermIndex, name: str) -> None:
    assert index.named(name).iri == "https://w3id.org/qonto/Warpage"


def test_an_unknown_name_tells_the_nearest(index: TermIndex) -> None:
    with pytest.raises(UnknownTerm) as told:
        index.named("Warpgae")

    assert "https://w3id.org/qonto/Warpage" in told.value.data["nearest"]


def test_a_name_of_several_terms_asks_which(index: TermIndex) -> None:
    with pytest.raises(AmbiguousTerm, match="PackingTime"):
        index.named("保压时间")


def test_an_empty_graph_gives_an_empty_index() -> None:
    assert len(TermIndex.from_graph(Graph())) == 0


def test_normalise_is_idempotent() -> None:
    for text in ("温度＿℃", "  Oven  Temp ", "ﬁlling"):
        assert normalise(normalise(text)) == normalise(text)
