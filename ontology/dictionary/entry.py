"""`Dictionary` and `Entry`: what one partner says of each parameter, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from qualweave.errors import JsonValue
from qualweave.ontology.dictionary.frequency import Frequency
from qualweave.ontology.dictionary.numbers import tidy
from qualweave.ontology.dictionary.rules import LimitRule, Rule, notation
from qualweave.values import Unit

Criticality: TypeAlias = Literal["critical", "not critical", "not said"]


@dataclass(frozen=True)
class Entry:
    """One parameter at one place.

    Attributes:
        parameter: IRI of the parameter.
        point: Where it is taken.
        accuracy: Greatest permitted difference from the true value, in ``unit``.
        frequency: How often it is taken.
        rules: When it is abnormal.
        unit: Unit of every number here.
        weight: Share of a score in percent, None where none is given.
        critical: Whether the partner calls it critical; None where nothing is said.
        low: Lower specification limit.
        high: Upper specification limit.
        row: Line of the source.
    """

    parameter: str
    point: str
    accuracy: Decimal
    frequency: Frequency
    rules: tuple[Rule, ...]
    unit: Unit
    weight: Decimal | None = None
    critical: bool | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    row: int | None = None

    @property
    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        """Specification limits; the anomaly limits where the partner gives none."""
        if self.low is not None or self.high is not None:
            return self.low, self.high
        found = next((one for one in self.rules if isinstance(one, LimitRule)), None)
        return (found.low, found.high) if found else (None, None)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the entry as JSON values; numbers as text, so that they stay exact."""
        return {
            "parameter": self.parameter,
            "collection_point": self.point,
            "accuracy": _text(self.accuracy),
            "unit": self.unit.ucum,
            "frequency": self.frequency.words("en"),
            "frequency_zh": self.frequency.words("zh"),
            "anomaly_rule": notation(self.rules),
            "lower_limit": _text(self.low),
            "upper_limit": _text(self.high),
            "weight_percent": _text(self.weight),
            "critical": self.critical,
            "row": self.row,
        }


@dataclass(frozen=True)
class Dictionary:
    """The entries of one partner, in the order of the parameters."""

    partner: str
    entries: tuple[Entry, ...]

    def of(self, parameter: str) -> tuple[Entry, ...]:
        """Return the entries of a parameter, one for each collection point."""
        return tuple(one for one in self.entries if one.parameter == parameter)

    def criticality(self, parameter: str) -> Criticality:
        """Return what the partner calls a parameter.

        The flag decides. Where no entry of the parameter has one, it is critical if its weight is above an equal
        share of 100 percent among the weighted parameters; without a weight nothing is said of it.
        """
        mine = self.of(parameter)
        flags = {one.critical for one in mine} - {None}
        if flags:
            return "critical" if True in flags else "not critical"
        weighted = {one.parameter for one in self.entries if one.weight is not None}
        if parameter not in weighted:
            return "not said"
        return "critical" if weight_of(mine) * len(weighted) > _WHOLE else "not critical"

    @property
    def parameters(self) -> tuple[str, ...]:
        """IRIs of the parameters, sorted."""
        return tuple(sorted({one.parameter for one in self.entries}))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the dictionary as JSON values."""
        return {
            "partner": self.partner,
            "entries": [
                {**one.to_json(), "criticality": self.criticality(one.parameter)}
                for one in self.entries
            ],
        }


_WHOLE = Decimal(100)


def weight_of(entries: Sequence[Entry]) -> Decimal:
    """Return the weight of a parameter over its collection points, in percent."""
    return sum((one.weight for one in entries if one.weight is not None), Decimal(0))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{tidy(value):f}"
