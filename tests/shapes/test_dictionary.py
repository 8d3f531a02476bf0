"""An entry of a dictionary without one of its mandatory facts is a violation that says so in two languages (R92)."""

import pytest
from rdflib import Graph

from qualweave.shapes.validate import validate_graph
from tests.shapes.test_gate import PREFIX

FACTS = {
    "q:definesParameter q:Torque": ("parameter", "参数"),
    "q:collectedAt d:point": ("collection point", "采集点"),
    "q:measurementAccuracy 0.1": ("accuracy", "精度"),
    "q:collectionFrequency d:often": ("collection frequency", "采集频次"),
    "q:hasAnomalyRule d:rule": ("anomaly rule", "异常判定逻辑"),
    "q:hasUnit d:unit": ("unit", "单位"),
}


def broken(facts: list[str]) -> list[tuple[str, str]]:
    turtle = PREFIX + "d:entry a q:ParameterDictionaryEntry ; " + " ; ".join(facts) + " ."
    verdict = validate_graph(Graph().parse(data=turtle, format="turtle"))
    return [
        (one.message["en"], one.message["zh"])
        for one in verdict.violations
        if one.shape.endswith("/DictionaryEntry")
    ]


def test_an_entry_with_everything_passes() -> None:
    assert broken(list(FACTS)) == []


@pytest.mark.parametrize("left_out", FACTS)
def test_an_entry_without_a_mandatory_fact_is_refused_in_two_languages(left_out: str) -> None:
    ((en, zh),) = broken([one for one in FACTS if one != left_out])

    assert FACTS[left_out][0] in en
    assert FACTS[left_out][1] in zh
