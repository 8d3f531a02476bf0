"""The score of an item: 100, less each parameter's share times how far its value is from the best one.

A deviation is 0 at the best value and 1 at the limit and beyond. Everything is decimal arithmetic on what a weight
version and the values say, so the same version and values give the same score whenever it is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from qualweave.errors import InputError, JsonValue
from qualweave.iri import local_name
from qualweave.ontology.dictionary.numbers import convert, plain, read_number, tidy
from qualweave.ontology.terms import TermIndex
from qualweave.ontology.weights import WHOLE, Scale, WeightVersion, each_once
from qualweave.values import unit_of

_STEP, _POINT = Decimal("1e-12"), Decimal("0.0001")
_DIGITS = 40


@dataclass(frozen=True)
class Reading:
    """The value of a parameter of an item, in the unit of the scale.

    Attributes:
        value: The number; the mean where several records state one.
        sources: IRIs of the records that it was read from, or how it was given.
    """

    value: Decimal
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """What a parameter does to a score.

    Attributes:
        parameter: IRI.
        percent: Its weight.
        reading: Its value.
        unit: UCUM code of the value.
        deviation: From 0 (best) to 1 (at the limit or beyond).
        lost: Points that it takes off.
    """

    parameter: str
    percent: Decimal
    reading: Reading
    unit: str
    deviation: Decimal
    lost: Decimal

    def to_json(self) -> dict[str, JsonValue]:
        """Return the share as JSON values."""
        return {
            "parameter": self.parameter,
            "percent": str(self.percent),
            "value": f"{tidy(self.reading.value):f}",
            "unit": self.unit,
            "deviation": f"{tidy(self.deviation):f}",
            "lost": f"{self.lost:f}",
            "sources": list(self.reading.sources),
        }


@dataclass(frozen=True)
class Score:
    """The score of an item under one version of the weights.

    Attributes:
        item: Whose.
        version: Name of the version, for example ``"cell/2"``.
        points: 0 to 100; None where a weighted parameter has no value, since what is not known is not good.
        shares: What each parameter does to it, the greatest loss first.
        missing: Weighted parameters without a value.
    """

    item: str
    version: str
    points: Decimal | None
    shares: tuple[Share, ...]
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the score as JSON values."""
        return {
            "item": self.item,
            "version": self.version,
            "points": None if self.points is None else f"{tidy(self.points):f}",
            "shares": [one.to_json() for one in self.shares],
            "missing": list(self.missing),
        }

    def statement(self, terms: TermIndex, language: str = "en") -> str:
        """Return the score in one sentence, with the parameter that costs most."""
        chinese = language == "zh"
        item = local_name(self.item) if "://" in self.item else self.item
        if self.points is None:
            names = [terms.name_of(one, language) for one in self.missing]
            if chinese:
                return f"{item} 在权重 {self.version} 下无法评分：缺少{'、'.join(names)}。"
            return f"{item} has no score under {self.version}: no value of {', '.join(names)}."
        told = f"{tidy(self.points):f}"
        worst = next((one for one in self.shares if one.lost > 0), None)
        if chinese:
            most = (
                f"，{terms.name_of(worst.parameter, 'zh')}扣 {tidy(worst.lost):f} 分最多"
                if worst
                else ""
            )
            return f"{item} 在权重 {self.version} 下得 {told} 分{most}。"
        most = (
            f"; {terms.name_of(worst.parameter)} costs most, {tidy(worst.lost):f}" if worst else ""
        )
        return f"{item} scores {told} under {self.version}{most}."


def deviation(value: Decimal, scale: Scale) -> Decimal:
    """Return how far a value is from the best one, 0 to 1, to 12 digits.

    Args:
        value: In the unit of the scale.
        scale: Limits and best value. Where no best value is given, all within the limits is as good.
    """
    low, high, best = scale.low, scale.high, scale.best
    if best is None:
        outside = (low is not None and value < low) or (high is not None and value > high)
        return Decimal(int(outside))
    limit = high if value > best else low
    if limit is None or limit == best:  # on the side where nothing is too much
        return Decimal(0)
    with localcontext() as context:
        context.prec = _DIGITS
        share = abs(value - best) / abs(limit - best)
        return min(share, Decimal(1)).quantize(_STEP, ROUND_HALF_EVEN)


def score(item: str, readings: Mapping[str, Reading], version: WeightVersion) -> Score:
    """Return the score of an item from its values, each in the unit of its scale.

    Args:
        item: Whose values they are.
        readings: By parameter.
        version: The weights. A parameter of weight 0 is not asked for.
    """
    shares: list[Share] = []
    missing: list[str] = []
    for weight in version.weights:
        found = readings.get(weight.parameter)
        if weight.percent == 0:
            continue
        if found is None:
            missing.append(weight.parameter)
            continue
        far = deviation(found.value, weight.scale)
        lost = tidy((weight.percent * far).quantize(_POINT, ROUND_HALF_EVEN))
        unit = weight.scale.unit.ucum
        shares.append(Share(weight.parameter, weight.percent, found, unit, far, lost))
    shares.sort(key=lambda one: (-one.lost, one.parameter))
    points = WHOLE - sum((one.lost for one in shares), Decimal(0))
    return Score(item, version.name, None if missing else points, tuple(shares), tuple(missing))


def given_readings(
    given: Mapping[str, str | float | int], version: WeightVersion, terms: TermIndex
) -> dict[str, Reading]:
    """Return readings from values that somebody hands in, by name of the parameter.

    Args:
        given: Name of the parameter to its value: a number in the parameter's canonical unit (in that of the scale
            where it has none), or text with a unit.
        version: Its scales say in which unit they are compared.
        terms: Where names are looked up.

    Raises:
        UnknownTerm: If there is no such parameter.
        InputError: If the version does not weigh the parameter, it is named twice, or a value is no number.
        UnknownUnit: If a unit is not one of the parameter's.
    """
    scales = {one.parameter: one.scale for one in version.weights}
    found: dict[str, Reading] = {}
    for parameter, name in each_once(given, terms).items():
        term = terms.by_iri(parameter)
        if term.iri not in scales:
            raise InputError(
                f"{name!r} has no weight in {version.name}.",
                message_zh=f"“{name}”在权重 {version.name} 中没有占比。",
                next_step="Weighted are: " + ", ".join(terms.name_of(one) for one in scales) + ".",
                next_step_zh="有占比的参数："
                + "、".join(terms.name_of(one, "zh") for one in scales)
                + "。",
                data={"parameter": term.iri, "version": version.name},
            )
        unit = scales[term.iri].unit
        value, written = read_number(plain(str(given[name])))
        source = unit_of(written or term.canonical_unit or unit.ucum)
        found[term.iri] = Reading(convert(value, source, unit), ("given",))
    return found


def ranked(scores: Sequence[Score]) -> dict[str, int]:
    """Return the rank of each item that has a score, 1 for the best; equal points share a rank."""
    points = {one.item: one.points for one in scores if one.points is not None}
    first: dict[Decimal, int] = {}
    for place, mine in enumerate(sorted(points.values(), reverse=True), 1):
        first.setdefault(mine, place)
    return {item: first[mine] for item, mine in points.items()}
