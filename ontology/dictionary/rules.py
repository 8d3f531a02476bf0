"""Anomaly rules that a machine can apply: limits, Western Electric run rules, and a rate of change.

A rule is read from the words of a partner, in English or Chinese, and written in one notation, in the unit of its
entry: ``limits 3.1..3.3; western-electric 1,2; rate 0.5/min``. What cannot be read is refused, since a rule that
nobody can apply decides nothing. `reasoning.statistics.anomaly` applies them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from qualweave.errors import InputError, UnknownUnit
from qualweave.ontology.dictionary.numbers import convert, plain, read_quantity, same, tidy
from qualweave.values import Unit, unit_of

RUN_RULES = (1, 2, 3, 4)
"""Numbers of the Western Electric zone rules (Statistical Quality Control Handbook, 1956)."""


@dataclass(frozen=True)
class LimitRule:
    """A value is abnormal outside an interval.

    Attributes:
        low: Least normal value in the entry's unit, None where there is none.
        high: Greatest normal value.
        at_limit: The limit itself is abnormal, too.
    """

    low: Decimal | None
    high: Decimal | None
    at_limit: bool = False

    def notation(self) -> str:
        """Return the rule as it is written in the graph."""
        low, high = ("" if one is None else f"{tidy(one):f}" for one in (self.low, self.high))
        return f"limits {low}..{high}{' exclusive' if self.at_limit else ''}"

    def converted(self, source: Unit, target: Unit) -> "LimitRule":
        """Return the rule in another unit of the dimension."""
        low, high = (
            None if one is None else convert(one, source, target) for one in (self.low, self.high)
        )
        return LimitRule(low, high, self.at_limit)

    def is_same(self, other: object) -> bool:
        """Return whether another rule, in the same unit, says the same."""
        return (
            isinstance(other, LimitRule)
            and same(self.low, other.low)
            and same(self.high, other.high)
            and self.at_limit == other.at_limit
        )


@dataclass(frozen=True)
class RunRule:
    """A series is abnormal where it breaks Western Electric zone rules, given by number."""

    numbers: tuple[int, ...] = RUN_RULES

    def notation(self) -> str:
        """Return the rule as it is written in the graph."""
        return f"western-electric {','.join(map(str, self.numbers))}"

    def converted(self, source: Unit, target: Unit) -> "RunRule":
        """Return the rule itself: zones are told in sigma."""
        del source, target
        return self

    def is_same(self, other: object) -> bool:
        """Return whether another rule says the same."""
        return self == other


@dataclass(frozen=True)
class RateRule:
    """A value is abnormal where it changes faster than a rate.

    Attributes:
        most: Greatest normal change, in the entry's unit.
        seconds: In that many seconds.
    """

    most: Decimal
    seconds: int

    def notation(self) -> str:
        """Return the rule as it is written in the graph."""
        return f"rate {tidy(self.most):f}/{_NAMES[self.seconds]}"

    def converted(self, source: Unit, target: Unit) -> "RateRule":
        """Return the rule in another unit of the dimension."""
        return RateRule(convert(self.most, source, target, difference=True), self.seconds)

    def is_same(self, other: object) -> bool:
        """Return whether another rule, in the same unit, says the same, per whatever time it is told."""
        return isinstance(other, RateRule) and same(
            self.most * other.seconds, other.most * self.seconds
        )


Rule: TypeAlias = LimitRule | RunRule | RateRule

_TIMES = {"s": 1, "sec": 1, "second": 1, "秒": 1, "min": 60, "minute": 60, "分钟": 60, "分": 60, "h": 3600,
          "hour": 3600, "小时": 3600, "时": 3600, "d": 86400, "day": 86400, "天": 86400, "日": 86400}  # fmt: skip
_NAMES = {1: "s", 60: "min", 3600: "h", 86400: "d"}
_LIMITS = re.compile(r"(?:limits?|outside|within|超出|超限|限值|范围)\s*:?\s*(.*)", re.IGNORECASE)
_INTERVAL = re.compile(r"(.*?)\s*(?:\.\.|~|至|\bto\b)\s*(.*)", re.IGNORECASE)
_RUNS = re.compile(
    r"(?:western[ -]?electric|we|西方电气|判异准则|判异)(?:\s*(?:rules?|规则))?\s*:?\s*([\d,、\-\s]*)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:rate(?: of change)?|变化率|变化速率)\s*:?\s*(?:>|超过|大于)?\s*(.+?)\s*(?:/|per|每)\s*(\w+?)s?",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?:x|value|值)?\s*(>=|<=|≥|≤|>|<|大于等于|小于等于|大于|小于|高于|低于)\s*(.+)", re.IGNORECASE
)
_BETWEEN = re.compile(r"\s*(?:\bor\b|或者|或|\|\|)\s*", re.IGNORECASE)
_UPPER = frozenset({">", ">=", "≥", "大于", "大于等于", "高于"})
_AT = frozenset({">=", "≥", "<=", "≤", "大于等于", "小于等于"})


def read_rules(text: str, unit: Unit) -> tuple[Rule, ...]:
    """Return the rules of a cell, in a unit; several are parted by semicolons.

    Args:
        text: For example ``"limits 3.1..3.3"``, ``"> 5 mΩ or < 2 mΩ"``, ``"western-electric 1,2"``,
            ``"rate 0.5 °C/min"``, ``"判异准则 1,2；变化率 > 0.5/分钟"``.
        unit: Of the entry.

    Raises:
        InputError: If one cannot be read; the next step lists the notations.
        UnknownUnit: If a value's unit is of another dimension.
    """
    parts = [part.strip() for part in plain(text).replace("；", ";").split(";") if part.strip()]
    if not parts:
        raise _unreadable(text)
    return tuple(_rule(part, unit) for part in parts)


def notation(rules: Sequence[Rule]) -> str:
    """Return rules as they are written in the graph."""
    return "; ".join(one.notation() for one in rules)


def _rule(part: str, unit: Unit) -> Rule:
    readers: tuple[Callable[[str, Unit], Rule | None], ...] = (_run, _rate, _limits, _compared)
    for read in readers:
        found = read(part, unit)
        if found is not None:
            return found
    raise _unreadable(part)


def _run(part: str, unit: Unit) -> RunRule | None:
    del unit
    found = _RUNS.fullmatch(part)
    if found is None:
        return None
    numbers: set[int] = set()
    for one in re.split(r"[,、\s]+", found.group(1).strip()):
        ends = [int(end) for end in one.split("-") if end]
        if not set(ends) <= set(RUN_RULES):  # first: a range may be of any length
            raise _unreadable(part)
        if ends:
            numbers.update(range(min(ends), max(ends) + 1))
    return RunRule(tuple(sorted(numbers)) or RUN_RULES)


def _rate(part: str, unit: Unit) -> RateRule | None:
    found = _RATE.fullmatch(part)
    if found is None:
        return None
    name = found.group(2).casefold()
    seconds = _TIMES.get(name) or _TIMES.get(f"{name}s")
    most = read_quantity(found.group(1), unit, difference=True)
    if seconds is None or most <= 0:
        raise _unreadable(part)
    return RateRule(most, seconds)


def _limits(part: str, unit: Unit) -> LimitRule | None:
    found = _LIMITS.fullmatch(part)
    body = found.group(1) if found else part
    if found and _COMPARED.match(body):
        return _compared(body, unit)
    exclusive = body.endswith("exclusive")
    interval = _INTERVAL.fullmatch(body.removesuffix("exclusive").strip("[]() "))
    if interval is None:
        return None
    given = [_with_unit(one, interval.group(2)) for one in interval.groups()]
    low, high = (read_quantity(one, unit) if one else None for one in given)
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        raise _unreadable(part)
    return LimitRule(low, high, exclusive)


def _with_unit(number: str, last: str) -> str:
    """Return a number with the unit that stands behind the second: ``3.1..3.3 V`` are two voltages."""
    behind = re.search(r"\d\s*([^\d\s.].*)$", last)
    bare = re.fullmatch(r"[+-]?[\d.]+", number)
    return f"{number} {behind.group(1)}" if number and bare and behind else number


def _compared(part: str, unit: Unit) -> LimitRule | None:
    sides = [_COMPARED.fullmatch(one) for one in _BETWEEN.split(part)]
    low: Decimal | None = None
    high: Decimal | None = None
    at_limits: set[bool] = set()
    for side in sides:
        if side is None:
            return None
        value = read_quantity(side.group(2), unit)
        at_limits.add(side.group(1) in _AT)
        if side.group(1) in _UPPER:
            high = value
        else:
            low = value
    stands = low is None or high is None or low < high
    if len(at_limits) > 1 or not stands or len(sides) > (low is not None) + (high is not None):
        raise _unreadable(part)
    return LimitRule(low, high, at_limits.pop())


def _unreadable(part: str) -> InputError:
    return InputError(
        f"The anomaly rule {part!r} cannot be applied by a machine.",
        message_zh=f"异常判定逻辑“{part}”无法由机器执行。",
        next_step="Write limits 3.1..3.3, > 5 or < 2, western-electric 1,2 or rate 0.5/min; part several by ';'.",
        next_step_zh="请写作 limits 3.1..3.3、> 5 或 < 2、判异准则 1,2 或 变化率 0.5/min；多条以分号分隔。",
    )


def time_unit(text: str) -> int | None:
    """Return the seconds of a unit of time as people write it, or None."""
    name = plain(text).casefold().strip()
    found = _TIMES.get(name) or _TIMES.get(name.removesuffix("s"))
    if found is not None:
        return found
    try:
        unit = unit_of(name)
    except UnknownUnit:
        return None
    return _TIMES.get(unit.ucum) if unit.kind == "Time" else None
