"""The anomaly rule of a dictionary, applied to a series: limits, run rules and rates mark what they say (R92)."""

from collections.abc import Sequence

import numpy as np
import pytest

from qualweave.ontology.dictionary.rules import read_rules
from qualweave.reasoning.statistics.anomaly import anomalies
from qualweave.reasoning.statistics.series import ParameterSeries
from qualweave.values import unit_of

VOLT = unit_of("V")


def series(values: Sequence[float], seconds: float = 60) -> ParameterSeries:
    start = np.datetime64("2026-11-26T00:00:00", "us")
    steps = [
        start + np.timedelta64(int(place * seconds * 1e6), "us") for place in range(len(values))
    ]
    names = tuple(f"r{place}" for place in range(len(values)))
    return ParameterSeries(
        "p", names, names, np.array(steps), np.array(values, dtype=np.float64), 0
    )


def marked(rule: str, values: Sequence[float], seconds: float = 60) -> list[int]:
    return [
        one.index for one in anomalies(read_rules(rule, VOLT), series(values, seconds)).anomalies
    ]


@pytest.mark.parametrize(
    ("rule", "values", "places"),
    [
        ("limits 3.1..3.3", [3.0, 3.1, 3.2, 3.3, 3.4], [0, 4]),
        (">= 3.3 or <= 3.1", [3.0, 3.1, 3.2, 3.3, 3.4], [0, 1, 3, 4]),
        ("> 3300 mV", [3.3, 3.301], [1]),
        ("rate 0.1/min", [3.0, 3.1, 3.25, 3.25, 3.0], [2, 4]),
        ("western-electric 4", [1, -1] * 4 + [1.1, 1.2, 1.1, 1.2, 1.1, 1.2, 1.1, 1.2], [15]),
        ("western-electric 1", [0, 1] * 8 + [40], [16]),
        ("western-electric 2", [0, 1] * 8, []),
        ("limits ..3.3; rate 0.1/min", [3.0, 3.4], [1, 1]),
    ],
)
def test_a_rule_marks_what_it_says(rule: str, values: list[float], places: list[int]) -> None:
    assert marked(rule, values) == places


def test_a_rate_is_held_against_the_time_that_passed() -> None:
    assert marked("rate 0.1/min", [3.0, 3.3], seconds=60) == [1]
    assert marked("rate 0.1/min", [3.0, 3.3], seconds=600) == []
    assert marked("rate 6/h", [3.0, 3.3], seconds=60) == [1]


def test_an_anomaly_says_why_in_two_languages_and_leads_to_its_record() -> None:
    (found,) = anomalies(read_rules("limits ..3.3", VOLT), series([3.0, 3.4])).anomalies

    assert (found.reason, found.reason_zh) == ("3.4 is above 3.3", "3.4 高于 3.3")
    assert (found.record, found.at) == ("r1", "2026-11-26T00:01:00Z")


def test_a_run_rule_over_too_few_values_is_told_and_the_others_are_applied() -> None:
    found = anomalies(read_rules("western-electric; > 3.3", VOLT), series([3.0, 3.4]))

    assert [one.index for one in found.anomalies] == [1]
    ((rule, why, why_zh),) = found.not_applied
    assert rule == "western-electric 1,2,3,4"
    assert "8" in why
    assert "8" in why_zh
