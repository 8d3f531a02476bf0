"""What another version of the weights does to scores: before and after of every item, and who changes rank."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from qualweave.errors import JsonValue
from qualweave.iri import local_name
from qualweave.ontology.dictionary.numbers import tidy
from qualweave.ontology.weights import WeightVersion
from qualweave.reasoning.scoring.score import Reading, ranked, score


@dataclass(frozen=True)
class Shift:
    """One item before and after.

    Attributes:
        item: Whose.
        before: Points under the former version, None where it has no score.
        after: Points under the later one.
        rank_before: Rank among the items, None without a score.
        rank_after: The same afterwards.
    """

    item: str
    before: Decimal | None
    after: Decimal | None
    rank_before: int | None
    rank_after: int | None

    @property
    def change(self) -> Decimal | None:
        """Points won; below 0 points lost."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    def to_json(self) -> dict[str, JsonValue]:
        """Return the shift as JSON values."""
        before, after, change = (
            None if one is None else f"{tidy(one):f}"
            for one in (self.before, self.after, self.change)
        )
        return {
            "item": self.item,
            "before": before,
            "after": after,
            "change": change,
            "rank_before": self.rank_before,
            "rank_after": self.rank_after,
        }


@dataclass(frozen=True)
class Effect:
    """The shifts of all items between two versions, the greatest first."""

    before: str
    after: str
    shifts: tuple[Shift, ...]

    @property
    def moved(self) -> tuple[Shift, ...]:
        """The items whose rank is another."""
        return tuple(one for one in self.shifts if one.rank_before != one.rank_after)

    def statement(self, language: str = "en") -> str:
        """Return the effect in one sentence."""
        told = [one for one in self.shifts if one.change]
        most = told[0] if told else None
        counts = len(self.shifts), len(told), len(self.moved)
        if language == "zh":
            top = f"变化最大：{_short(most.item)}，{_signed(most.change)} 分。" if most else ""
            return (
                f"{self.before} → {self.after}：{counts[0]} 项中 {counts[1]} 项得分变化，"
                f"{counts[2]} 项名次变化。{top}"
            )
        top = f" Most: {_short(most.item)}, {_signed(most.change)} points." if most else ""
        return (
            f"{self.before} → {self.after}: of {counts[0]} items {counts[1]} have another score and "
            f"{counts[2]} another rank.{top}"
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the effect as JSON values."""
        return {
            "before": self.before,
            "after": self.after,
            "items": [one.to_json() for one in self.shifts],
            "moved": [one.item for one in self.moved],
            "en": self.statement("en"),
            "zh": self.statement("zh"),
        }


def effect(
    readings: Mapping[str, Mapping[str, Reading]],
    before: WeightVersion,
    after: WeightVersion,
    *,
    readings_after: Mapping[str, Mapping[str, Reading]] | None = None,
) -> Effect:
    """Return what a version does to the scores of items.

    Args:
        readings: Item to its values, in the units of ``before``.
        before: The former version.
        after: The later one.
        readings_after: The same values in the units of ``after``; those of ``before`` where left out.
    """
    later = readings if readings_after is None else readings_after
    first = {item: score(item, values, before) for item, values in readings.items()}
    second = {item: score(item, values, after) for item, values in later.items()}
    ranks = ranked(list(first.values())), ranked(list(second.values()))
    shifts = [
        Shift(item, first[item].points, second[item].points, ranks[0].get(item), ranks[1].get(item))
        for item in first
    ]
    shifts.sort(key=lambda one: (-abs(one.change or Decimal(0)), one.item))
    return Effect(before.name, after.name, tuple(shifts))


def _signed(value: Decimal | None) -> str:
    return "" if value is None else f"{tidy(value):+f}"


def _short(item: str) -> str:
    return local_name(item) if "://" in item else item
