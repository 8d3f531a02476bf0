"""Which values of a parameter its dictionary calls abnormal: the anomaly rule of an entry, applied to a series."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from qualweave.errors import JsonValue, NotEnoughEvidence
from qualweave.ontology.dictionary.numbers import tidy
from qualweave.ontology.dictionary.rules import LimitRule, RateRule, Rule, RunRule
from qualweave.reasoning.statistics.control_charts import individuals
from qualweave.reasoning.statistics.rules import RuleName, western_electric
from qualweave.reasoning.statistics.series import ParameterSeries

_NAMES: dict[int, RuleName] = {
    1: "1: one beyond 3 sigma",
    2: "2: two of three beyond 2 sigma",
    3: "3: four of five beyond 1 sigma",
    4: "4: eight on one side",
}
_SPOKEN_ZH: dict[int, str] = {
    1: "1点超出3σ",
    2: "3点中2点超出2σ",
    3: "5点中4点超出1σ",
    4: "8点同侧",
}


@dataclass(frozen=True)
class Anomaly:
    """One value that a rule marks.

    Attributes:
        index: Place in the series.
        record: IRI of the operation or inspection.
        item: IRI of the item, ``""`` where none is known.
        at: When, in UTC.
        value: In the canonical unit of the parameter.
        rule: The rule in its notation.
        reason: Why, in English.
        reason_zh: The same in Chinese.
    """

    index: int
    record: str
    item: str
    at: str
    value: float
    rule: str
    reason: str
    reason_zh: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the anomaly as JSON values."""
        return {
            "record": self.record,
            "item": self.item,
            "at": self.at,
            "value": self.value,
            "rule": self.rule,
            "en": self.reason,
            "zh": self.reason_zh,
        }


@dataclass(frozen=True)
class AnomalyReport:
    """What the rules mark, in time order, and which rules could not be applied and why."""

    anomalies: tuple[Anomaly, ...]
    not_applied: tuple[tuple[str, str, str], ...]


def anomalies(rules: Sequence[Rule], series: ParameterSeries) -> AnomalyReport:
    """Return the values of a series that rules mark.

    Args:
        rules: In the canonical unit of the parameter, as the series is.
        series: In time order. Run rules take centre and sigma from the whole of it (moving range of two).
    """
    found: list[Anomaly] = []
    left: list[tuple[str, str, str]] = []
    for rule in rules:
        try:
            marks = list(_marked(rule, series))
        except NotEnoughEvidence as error:
            left.append((rule.notation(), error.message, error.message_zh))
            continue
        found += [
            Anomaly(
                index=index, record=series.records[index], item=series.items[index],
                at=f"{np.datetime_as_string(series.times[index], unit='s')}Z", value=float(series.values[index]),
                rule=rule.notation(), reason=reason, reason_zh=reason_zh,
            )
            for index, reason, reason_zh in marks
        ]  # fmt: skip
    found.sort(key=lambda one: (one.index, one.rule))
    return AnomalyReport(tuple(found), tuple(left))


def _marked(rule: Rule, series: ParameterSeries) -> Iterator[tuple[int, str, str]]:
    if isinstance(rule, LimitRule):
        return _outside(rule, series)
    if isinstance(rule, RateRule):
        return _too_fast(rule, series)
    return _runs(rule, series)


def _outside(rule: LimitRule, series: ParameterSeries) -> Iterator[tuple[int, str, str]]:
    for index, number in enumerate(series.values):
        value = Decimal(repr(float(number)))
        for limit, word, word_zh, sign in (
            (rule.low, "below", "低于", 1),
            (rule.high, "above", "高于", -1),
        ):
            if limit is None:
                continue
            room = sign * (value - limit)
            if room < 0 or (rule.at_limit and room == 0):
                yield index, f"{value} is {word} {limit}", f"{value} {word_zh} {limit}"


def _too_fast(rule: RateRule, series: ParameterSeries) -> Iterator[tuple[int, str, str]]:
    """Yield the values that differ from the one before by more than the time between them allows."""
    numbers = [Decimal(repr(float(one))) for one in series.values]
    passed = np.diff(series.times).astype("timedelta64[us]").astype(np.int64)
    for place, micros in enumerate(map(int, passed), start=1):
        step, seconds = numbers[place] - numbers[place - 1], Decimal(micros) / 1_000_000
        if abs(step) * rule.seconds > rule.most * seconds:
            told = f"{step:+f} in {tidy(seconds):f} s"
            yield place, f"changed by {told}", f"{tidy(seconds):f} 秒内变化 {step:+f}"


def _runs(rule: RunRule, series: ParameterSeries) -> Iterator[tuple[int, str, str]]:
    chart = individuals(series.values)
    flags = western_electric(chart.points, chart.location.centre, chart.sigma)
    for number in rule.numbers:
        name = _NAMES[number]
        for index in np.flatnonzero(flags[name]):
            yield int(index), f"run rule {name}", f"判异准则 {number}：{_SPOKEN_ZH[number]}"
