"""Contradictions between units: what a field says of its unit in one place and in another, and what a term wants.

A contradiction is said, in English and Chinese, and never converted away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from qualweave.unit_grammar import Reading, readings

Place: TypeAlias = Literal["field", "name", "term"]
Kind: TypeAlias = Literal["dimension", "kind", "size", "reference"]
_PLACES: dict[Place, tuple[str, str]] = {
    "field": ("the unit of the field", "字段的单位"),
    "name": ("the name of the field", "字段的名称"),
    "term": ("the term", "术语"),
}
_REASONS: dict[Kind, tuple[str, str]] = {
    "dimension": ("they measure different things", "量纲不同"),
    "kind": ("they have one dimension but count different things", "量纲相同但量的种类不同"),
    "reference": (
        "one counts from vacuum, one from the surrounding air",
        "一个以真空为基准（绝压），一个以大气为基准（表压）",
    ),
    "size": (
        "they differ in size, so it is not known in which the values are",
        "大小不同，无法确定数值采用哪一个",
    ),
}


@dataclass(frozen=True)
class UnitFlag:
    """Two places that say different units.

    Attributes:
        kind: In what they differ.
        places: Where the two are said.
        texts: What is said there.
    """

    kind: Kind
    places: tuple[Place, Place]
    texts: tuple[str, str]

    @property
    def message(self) -> str:
        """What contradicts what, in English."""
        (one, _), (other, _) = (_PLACES[place] for place in self.places)
        return (
            f"{one.capitalize()} says {self.texts[0]!r}, {other} {self.texts[1]!r}: "
            f"{_REASONS[self.kind][0]}. Nothing was converted."
        )

    @property
    def message_zh(self) -> str:
        """The same in Chinese."""
        (_, one), (_, other) = (_PLACES[place] for place in self.places)
        return (
            f"{one}为 {self.texts[0]!r}，而{other}为 {self.texts[1]!r}："
            f"{_REASONS[self.kind][1]}。未做任何换算。"
        )


def contradiction(field_unit: str, name_unit: str = "", term_unit: str = "") -> UnitFlag | None:
    """Return the first contradiction between the units said of a field, None where they agree.

    Two texts agree if any reading of one fits any of the other. Texts that are no unit say nothing. A term in
    another unit of the dimension is no contradiction, it is converted; a name and a unit that differ in size are one.

    Args:
        field_unit: From a unit row, a unit column or the device, ``""`` where there is none.
        name_unit: Read from the field's name.
        term_unit: Of the term to which the field is aligned.

    >>> contradiction("°C", name_unit="kPa").kind, contradiction("bar", term_unit="Pa")
    ('dimension', None)
    """
    said: list[tuple[Place, str, Sequence[Reading]]] = [
        ("field", field_unit, readings(field_unit)),
        ("name", name_unit, readings(name_unit)),
        ("term", term_unit, readings(term_unit)),
    ]
    for (one, text, ours), (other, other_text, theirs) in combinations(
        (row for row in said if row[2]), 2
    ):
        kind = _difference(ours, theirs, sized=other != "term")
        if kind is not None:
            return UnitFlag(kind, (one, other), (text, other_text))
    return None


def _difference(ours: Sequence[Reading], theirs: Sequence[Reading], *, sized: bool) -> Kind | None:
    """Return in what the best pair of readings differs."""
    pairs = [(one, other) for one in ours for other in theirs]
    level = [pair for pair in pairs if pair[0].dimension == pair[1].dimension]
    if not level:
        return "dimension"
    alike = [(one, other) for one, other in level if one.kind == other.kind]
    if not alike:
        return "kind"
    if all(one.notes | other.notes >= {"absolute", "gauge"} for one, other in alike):
        return "reference"
    if sized and all(one.size_key != other.size_key for one, other in alike):
        return "size"
    return None
