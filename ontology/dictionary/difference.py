"""Where two partners' dictionaries disagree: on what is critical, and on what is said of the same parameter (R91).

Numbers are compared in one unit, that of the first dictionary, so that 3 mΩ and 0.003 Ω agree. A parameter that
only one of them has is a disagreement of its own; so is one that one calls critical and the other does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias

from qualweave.errors import JsonValue, UnknownUnit
from qualweave.ontology.dictionary.entry import Criticality, Dictionary, Entry, weight_of
from qualweave.ontology.dictionary.numbers import convert, same, tidy
from qualweave.ontology.dictionary.rules import Rule, notation
from qualweave.ontology.terms import TermIndex, normalise
from qualweave.values import Unit

Aspect: TypeAlias = Literal[
    "criticality", "presence", "unit", "accuracy", "frequency", "anomaly rule", "lower limit", "upper limit",
    "weight", "collection point",
]  # fmt: skip
_ASPECT_ZH: dict[Aspect, str] = {
    "criticality": "是否关键", "presence": "是否收录", "unit": "单位", "accuracy": "精度", "frequency": "频次",
    "anomaly rule": "异常判定逻辑", "lower limit": "下限", "upper limit": "上限", "weight": "权重",
    "collection point": "采集点",
}  # fmt: skip
_CRITICAL_ZH = {
    "critical": "关键",
    "not critical": "非关键",
    "not said": "未说明",
    "absent": "未收录",
}


@dataclass(frozen=True)
class Disagreement:
    """One thing that two partners see differently.

    Attributes:
        parameter: IRI.
        aspect: In what.
        first: What the first says, in words; ``""`` where it says nothing.
        second: What the second says.
        first_zh: The first in Chinese.
        second_zh: The second in Chinese.
        point: Collection point, where the parameter has several.
    """

    parameter: str
    aspect: Aspect
    first: str
    second: str
    first_zh: str
    second_zh: str
    point: str = ""


@dataclass(frozen=True)
class DictionaryDifference:
    """The disagreements of two dictionaries, those on what is critical first.

    Attributes:
        first: Name of the first partner.
        second: Name of the second.
        only_first: Parameters that only the first has.
        only_second: Parameters that only the second has.
        agreed: Parameters of which both say the same in everything.
        disagreements: One by one.
        critical_first: What the first calls critical.
        critical_second: What the second calls critical.
    """

    first: str
    second: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    agreed: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    critical_first: tuple[str, ...]
    critical_second: tuple[str, ...]

    def of(self, parameter: str) -> tuple[Disagreement, ...]:
        """Return the disagreements on a parameter."""
        return tuple(one for one in self.disagreements if one.parameter == parameter)

    def statement(self, terms: TermIndex, language: str = "en") -> str:
        """Return the outcome in one paragraph."""
        first, second = (
            _listed(names, terms, language) for names in (self.critical_first, self.critical_second)
        )
        torn = [one.parameter for one in self.disagreements if one.aspect == "criticality"]
        told = _listed(torn, terms, language)
        if language == "zh":
            return (
                f"{self.first}视为关键：{first}；{self.second}视为关键：{second}。对是否关键意见不一：{told}。"
                f"仅{self.first}收录 {len(self.only_first)} 个，仅{self.second}收录 {len(self.only_second)} 个，"
                f"完全一致 {len(self.agreed)} 个，分歧共 {len(self.disagreements)} 处。"
            )
        return (
            f"{self.first} calls critical: {first}; {self.second} calls critical: {second}. "
            f"They disagree on whether these are critical: {told}. Only {self.first} has {len(self.only_first)}, "
            f"only {self.second} has {len(self.only_second)}, both say the same of {len(self.agreed)}; "
            f"{len(self.disagreements)} disagreements in all."
        )

    def to_json(self, terms: TermIndex) -> dict[str, JsonValue]:
        """Return the difference as JSON values, each disagreement in words."""
        return {
            "first": self.first,
            "second": self.second,
            "only_first": list(self.only_first),
            "only_second": list(self.only_second),
            "agreed": list(self.agreed),
            "critical_first": list(self.critical_first),
            "critical_second": list(self.critical_second),
            "disagreements": [self._told(one, terms) for one in self.disagreements],
            "en": self.statement(terms, "en"),
            "zh": self.statement(terms, "zh"),
        }

    def _told(self, one: Disagreement, terms: TermIndex) -> JsonValue:
        return {
            "parameter": one.parameter,
            "name": terms.name_of(one.parameter, "en"),
            "name_zh": terms.name_of(one.parameter, "zh"),
            "aspect": one.aspect,
            "collection_point": one.point,
            "first": one.first,
            "second": one.second,
            "en": self.words(one, terms, "en"),
            "zh": self.words(one, terms, "zh"),
        }

    def words(self, one: Disagreement, terms: TermIndex, language: str = "en") -> str:
        """Return a disagreement in one sentence."""
        name = terms.name_of(one.parameter, language)
        if language == "zh":
            at = f"（{one.point}）" if one.point else ""
            first, second = one.first_zh or "未说明", one.second_zh or "未说明"
            return f"{name}{at}，{_ASPECT_ZH[one.aspect]}：{self.first}为{first}，{self.second}为{second}。"
        at = f" at {one.point}" if one.point else ""
        first, second = one.first or "nothing", one.second or "nothing"
        return f"{name}{at}, {one.aspect}: {self.first} says {first}, {self.second} says {second}."


def compare(first: Dictionary, second: Dictionary) -> DictionaryDifference:
    """Return where two dictionaries disagree."""
    here, there = set(first.parameters), set(second.parameters)
    found = [
        one
        for parameter in sorted(here | there)
        for one in _on(parameter, first, second, both=parameter in here & there)
    ]
    found.sort(key=lambda one: (one.aspect != "criticality", one.parameter, one.point))
    torn = {one.parameter for one in found}
    return DictionaryDifference(
        first=first.partner,
        second=second.partner,
        only_first=tuple(sorted(here - there)),
        only_second=tuple(sorted(there - here)),
        agreed=tuple(sorted((here & there) - torn)),
        disagreements=tuple(found),
        critical_first=_critical(first),
        critical_second=_critical(second),
    )


def _critical(given: Dictionary) -> tuple[str, ...]:
    return tuple(one for one in given.parameters if given.criticality(one) == "critical")


def _on(
    parameter: str, first: Dictionary, second: Dictionary, *, both: bool
) -> Iterator[Disagreement]:
    says, other = _standing(first, parameter), _standing(second, parameter)
    if "critical" in (says, other) and says != other:
        yield Disagreement(
            parameter, "criticality", says, other, _CRITICAL_ZH[says], _CRITICAL_ZH[other]
        )
    if not both:
        told = ("in the dictionary", "not in the dictionary"), ("已收录", "未收录")
        en, zh = ((a, b) if first.of(parameter) else (b, a) for a, b in told)
        yield Disagreement(parameter, "presence", *en, *zh)
        return
    mine, theirs = first.of(parameter), second.of(parameter)
    here, there = (weight_of(one) for one in (mine, theirs))
    if not same(here, there):
        yield _said(parameter, "weight", _percent(here), _percent(there))
    yield from _by_point(parameter, mine, theirs)


def _standing(given: Dictionary, parameter: str) -> Criticality | Literal["absent"]:
    return given.criticality(parameter) if given.of(parameter) else "absent"


def _by_point(
    parameter: str, mine: Sequence[Entry], theirs: Sequence[Entry]
) -> Iterator[Disagreement]:
    """Yield the disagreements of entries at the same point, or of the only entry that each of them has."""
    if len(mine) == len(theirs) == 1:
        if normalise(mine[0].point) != normalise(theirs[0].point):
            yield _said(parameter, "collection point", mine[0].point, theirs[0].point)
        yield from _entries(mine[0], theirs[0], "")
        return
    here, there = ({normalise(one.point): one for one in side} for side in (mine, theirs))
    for key in sorted(here.keys() | there.keys()):
        if key in here and key in there:
            yield from _entries(here[key], there[key], here[key].point)
        else:
            told = [side[key].point if key in side else "" for side in (here, there)]
            yield _said(parameter, "collection point", *told)


def _entries(mine: Entry, other: Entry, point: str) -> Iterator[Disagreement]:
    try:
        theirs = in_unit(other, mine.unit)
    except UnknownUnit:  # an ontology without canonical unit lets dimensions differ
        one = _said(mine.parameter, "unit", mine.unit.symbol, other.unit.symbol)
        yield replace(one, point=point)
        return
    unit = mine.unit
    said = (
        ("accuracy", same(mine.accuracy, theirs.accuracy), mine.accuracy, theirs.accuracy),
        ("lower limit", same(mine.low, theirs.low), mine.low, theirs.low),
        ("upper limit", same(mine.high, theirs.high), mine.high, theirs.high),
    )
    aspects: dict[str, Aspect] = {
        "accuracy": "accuracy", "lower limit": "lower limit", "upper limit": "upper limit",
    }  # fmt: skip
    for aspect, equal, here, there in said:
        if not equal:
            told = _said(mine.parameter, aspects[aspect], _number(here, unit), _number(there, unit))
            yield replace(told, point=point)
    if not mine.frequency.is_same(theirs.frequency):
        often = mine.frequency, theirs.frequency
        en, zh = ([one.words(tag) for one in often] for tag in ("en", "zh"))
        yield Disagreement(mine.parameter, "frequency", en[0], en[1], zh[0], zh[1], point)
    if not _same_rules(mine.rules, theirs.rules):
        told = _said(mine.parameter, "anomaly rule", notation(mine.rules), notation(theirs.rules))
        yield replace(told, point=point)


def in_unit(entry: Entry, unit: Unit) -> Entry:
    """Return an entry with its numbers in another unit of the dimension.

    Raises:
        UnknownUnit: If the units differ in dimension.
    """
    source = entry.unit
    low, high = (
        None if one is None else convert(one, source, unit) for one in (entry.low, entry.high)
    )
    return replace(
        entry,
        unit=unit,
        accuracy=convert(entry.accuracy, source, unit, difference=True),
        low=low,
        high=high,
        rules=tuple(one.converted(source, unit) for one in entry.rules),
    )


def _same_rules(mine: Sequence[Rule], theirs: Sequence[Rule]) -> bool:
    return len(mine) == len(theirs) and all(
        any(one.is_same(other) for other in theirs) for one in mine
    )


def _said(parameter: str, aspect: Aspect, first: str, second: str) -> Disagreement:
    return Disagreement(parameter, aspect, first, second, first, second)


def _number(value: Decimal | None, unit: Unit) -> str:
    return "" if value is None else f"{tidy(value):f} {unit.symbol}"


def _percent(value: Decimal) -> str:
    return f"{tidy(value):f} %"


def _listed(names: Sequence[str], terms: TermIndex, language: str) -> str:
    told = [terms.name_of(one, language) for one in dict.fromkeys(names)]
    nothing, mark = ("无", "、") if language == "zh" else ("nothing", ", ")
    return mark.join(told) or nothing
