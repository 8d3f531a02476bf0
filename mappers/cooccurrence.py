"""Which concepts are written about the same things as a code, by others: what data say of a code without words (R63).

A code that nobody has explained is still written about items, lots and operations on which other machines, reviewers
and labellers have said what they saw. Where a concept stands on them far more often than on the rest, it is suggested,
with its counts. It never decides: what occurs together need not mean the same.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from math import exp, log2
from typing import Literal, TypeAlias

from scipy.stats import hypergeom

from qualweave.errors import JsonValue

Level: TypeAlias = Literal["item", "lot", "alarm", "operation"]
"""What the two have in common: the item itself, its lot or module, the alarm, or one execution of an operation."""
Kind: TypeAlias = Literal["machine", "review", "row", "vision", "label"]
LEAST_UNITS = 5
"""Units with the code on which the other source has looked, below which nothing is suggested."""
LEAST_BOTH = 3
LEAST_INFORMATION = 0.5
"""Bit, below which an association may be real but is no meaning: the concept is nearly as frequent without the code."""
SIGNIFICANT = 0.01
"""Chance, after correction for the number of comparisons, up to which an association is suggested."""


@dataclass(frozen=True, order=True)
class Witness:
    """Who else says what was seen.

    Attributes:
        kind: A machine, a person's review, the defect's name in the very row, a vision model, or the label of an alarm.
        name: IRI of the machine, or name of the model.
    """

    kind: Kind
    name: str = ""


@dataclass
class Observed:
    """What was looked at and found at one level; units are IRIs.

    Attributes:
        level: Which things the units are.
        coded: Units about which each code entry is written, by its IRI.
        seen: Units at which the machine of the codes has looked, whatever it wrote.
        looked: Units at which each witness has looked.
        found: Units on which each witness has found each concept.
    """

    level: Level
    coded: dict[str, set[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    looked: dict[Witness, set[str]] = field(default_factory=dict)
    found: dict[tuple[Witness, str], set[str]] = field(default_factory=dict)

    def look(self, witness: Witness, unit: str, concept: str = "") -> None:
        """Note that a witness has looked at a unit, and what it has found there."""
        self.looked.setdefault(witness, set()).add(unit)
        if concept:
            self.found.setdefault((witness, concept), set()).add(unit)

    def write(self, entry: str, unit: str) -> None:
        """Note that a code was written about a unit."""
        self.coded.setdefault(entry, set()).add(unit)


@dataclass(frozen=True)
class Association:
    """A concept that stands on the units of a code far more often than on the others.

    Attributes:
        concept: Its IRI.
        witness: Who has found it.
        level: What the units are.
        both: Units with the code and the concept.
        coded: Units with the code at which the witness has looked.
        found: Units with the concept, of all.
        units: All units at which both have looked.
        log_chance: Natural logarithm of the chance of so many by coincidence (hypergeometric, one-sided).
        comparisons: How many concepts were compared, by which that chance is multiplied (Bonferroni).
    """

    concept: str
    witness: Witness
    level: Level
    both: int
    coded: int
    found: int
    units: int
    log_chance: float
    comparisons: int = 1

    @property
    def share(self) -> float:
        """Share of the code's units that have the concept, 0 … 1."""
        return self.both / self.coded

    @property
    def base_rate(self) -> float:
        """Share of all units that have it, 0 … 1."""
        return self.found / self.units

    @property
    def chance(self) -> float:
        """Corrected chance of so many by coincidence, 0 … 1."""
        return min(1.0, exp(min(0.0, self.log_chance)) * self.comparisons)

    @property
    def information(self) -> float:
        """Pointwise mutual information of code and concept, in bit."""
        return log2(self.share / self.base_rate)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the association as JSON values."""
        return {
            "concept": self.concept,
            "witness": self.witness.kind,
            "witness_name": self.witness.name,
            "level": self.level,
            "both": self.both,
            "coded": self.coded,
            "found": self.found,
            "units": self.units,
            "share": round(self.share, 4),
            "base_rate": round(self.base_rate, 4),
            "chance": self.chance,
            "comparisons": self.comparisons,
            "information_bit": round(self.information, 3),
        }


def associations(
    entry: str,
    levels: Iterable[Observed],
    *,
    least: int = LEAST_UNITS,
    significant: float = SIGNIFICANT,
) -> list[Association]:
    """Return the concepts that are associated with a code, the surest first, each by its best witness.

    The exact test of Fisher, one-sided: how likely so many of the code's units would have the concept by
    coincidence, given how many units have it; corrected for the number of comparisons by Bonferroni, over all
    levels, witnesses and codes of the machine, since all of them are looked through. The population are the units
    at which both have looked: where only one has, nothing follows.

    Args:
        entry: IRI of the code entry.
        levels: What was observed.
        least: Units with the code below which a witness is not heard.
        significant: Corrected chance up to which an association counts.
    """
    observations = list(levels)
    codes = {code for one in observations for code in one.coded}
    tested = [
        one
        for observed in observations
        for one in _compared(observed, observed.coded.get(entry, set()), least)
    ]
    best: dict[str, Association] = {}
    comparisons = len(tested) * len(codes)
    for one in sorted((replace(one, comparisons=comparisons) for one in tested), key=_order):
        if one.both < LEAST_BOTH or one.information < LEAST_INFORMATION:
            continue
        if one.chance <= significant:
            best.setdefault(one.concept, one)
    return list(best.values())


def _order(one: Association) -> tuple[float, float, str]:
    return (one.log_chance, -one.share, one.concept)


def _compared(observed: Observed, coded: AbstractSet[str], least: int) -> list[Association]:
    """Return every concept of every witness beside a code, whether it is associated or not."""
    compared = []
    for witness, looked in observed.looked.items():
        both_looked = looked & observed.seen
        here = coded & both_looked
        if len(here) < least:
            continue
        for concept, found in _by_concept(observed.found, witness).items():
            there = found & both_looked
            if there:
                counts = (len(there & here), len(here), len(there), len(both_looked))
                compared.append(_association(concept, witness, observed.level, counts))
    return compared


def _by_concept(
    found: Mapping[tuple[Witness, str], set[str]], witness: Witness
) -> dict[str, set[str]]:
    return {concept: units for (who, concept), units in found.items() if who == witness}


def _association(
    concept: str, witness: Witness, level: Level, counts: tuple[int, int, int, int]
) -> Association:
    both, coded, found, units = counts
    chance = float(hypergeom.logsf(both - 1, units, found, coded)) if both else 0.0
    return Association(concept, witness, level, both, coded, found, units, chance)
