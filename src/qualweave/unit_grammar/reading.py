"""A reading: what a text of a unit means, as structure, size, zero point and dimension."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TypeAlias

from qualweave.unit_grammar.lexicon import Part, symbol_of
from qualweave.unit_grammar.tables import BASES, Atom, Dimension, Exponent, Prefix, prefixes

Structure: TypeAlias = tuple[frozenset[tuple[str, str, Exponent]], ...]
_PREFIXES: Mapping[str, Prefix] = {one.ucum: one for one in prefixes()}
# Quantities that the dimension does not tell apart: equal size, and yet another kind.
_KINDS = {
    "angle", "solid_angle", "ratio", "count", "information", "level", "scale", "frequency", "activity",
    "absorbed_dose", "dose_equivalent", "catalytic_activity", "normal_volume", "luminous_flux", "illuminance",
    "luminance", "magnetomotive_force",
}  # fmt: skip
_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻‧")


def prefix_size(ucum: str) -> Fraction:
    """Return the factor of a prefix, 1 for none."""
    return _PREFIXES[ucum].size if ucum else Fraction(1)


@dataclass(frozen=True)
class Reading:
    """One meaning of a text.

    Attributes:
        over: Units multiplied, each atomic unit and prefix once.
        under: Units divided by, with positive exponents: ``m³/m²`` is not folded into ``m``.
        multiplier: The number before them, exact.
        notes: Qualifiers and annotations that change no size, such as ``absolute``.
        weight: How readily the text is read so, up to 1.
        spelled: Whether it is written in words.
        order: The units as they came, those below with negative exponents.
    """

    over: tuple[Part, ...]
    under: tuple[Part, ...] = ()
    multiplier: Fraction = Fraction(1)
    notes: frozenset[str] = frozenset()
    weight: float = 1.0
    spelled: bool = False
    order: tuple[Part, ...] = field(default=(), compare=False)

    @cached_property
    def structure(self) -> Structure:
        """The multisets of (unit, prefix, exponent) over and under; equal for texts that differ in order."""
        sides = (
            frozenset((one.atom.id, one.prefix, one.exponent) for one in side)
            for side in (self.over, self.under)
        )
        number = frozenset({("", "", self.multiplier)})
        return (*sides, number)

    @cached_property
    def _signed(self) -> tuple[tuple[Part, Exponent], ...]:
        over = [(one, one.exponent) for one in self.over]
        return (*over, *((one, -one.exponent) for one in self.under))

    @cached_property
    def dimension(self) -> Dimension:
        """Exponents over amount, current, length, luminous intensity, mass, temperature and time."""
        total: list[Exponent] = [0] * len(BASES)
        for part, exponent in self._signed:
            for place, one in enumerate(part.atom.dimension):
                if one:
                    total[place] += one * exponent
        return tuple(total)

    @cached_property
    def factor(self) -> Fraction | float:
        """Size in coherent SI units: exact, but a float where an exponent is not whole."""
        size: Fraction | float = self.multiplier
        for part, exponent in self._signed:
            base = part.atom.size * prefix_size(part.prefix)
            if exponent.denominator == 1:
                size = size * base ** int(exponent)
            else:
                size = float(size) * float(base) ** float(exponent)
        return size

    @property
    def zero(self) -> Fraction:
        """Where the scale begins, in kelvin: for a bare °C or °F; in a compound they are intervals."""
        if len(self.over) == 1 and not self.under and self.multiplier == 1:
            only = self.over[0]
            if only.exponent == 1 and not only.prefix and "difference" not in self.notes:
                return only.atom.zero
        return Fraction(0)

    @cached_property
    def size_key(self) -> tuple[str, Dimension]:
        """Equal for readings of one size and dimension, however they are put together."""
        size = _log(self.multiplier)
        for part, exponent in self._signed:
            size += _log_size(part.atom, part.prefix) * float(exponent)
        return f"{size:.8f}@{float(self.zero):.2f}", self.dimension

    @cached_property
    def kind(self) -> frozenset[tuple[str, Exponent]]:
        """The kinds of quantity that the dimension does not show, such as an angle or an activity."""
        found: dict[str, Exponent] = {}
        for part, exponent in self._signed:
            quantity = part.atom.quantity
            if quantity in _KINDS:
                found[quantity] = found.get(quantity, 0) + exponent
        return frozenset((name, value) for name, value in found.items() if value)

    @property
    def ucum(self) -> str:
        """UCUM code; a unit that UCUM lacks is an annotation, ``{degAPI}``."""
        over = [_ucum(one, one.exponent) for one in self.over]
        under = [_ucum(one, one.exponent) for one in self.under]
        if self.multiplier != 1 or not over:
            over = [_number(self.multiplier), *over] if self.multiplier != 1 or not under else over
        return ".".join(over) + "".join(f"/{one}" for one in under)

    @property
    def qudt(self) -> str:
        """The local name that QUDT would compose, such as ``KiloJ-PER-KiloGM-K``; ``""`` where it would not."""
        parts = (*self.over, *self.under)
        if self.multiplier != 1 or any(
            not one.atom.qudt or one.exponent.denominator != 1 for one in parts
        ):
            return ""
        over, under = ("-".join(map(_qudt, side)) for side in (self.over, self.under))
        if not under:
            return over
        return f"{over}-PER-{under}" if over else f"PER-{under}"

    def __str__(self) -> str:
        over = "·".join(_printed(one) for one in self.over)
        if self.multiplier != 1:
            over = f"{_number(self.multiplier)} {over}".strip()
        if not self.under:
            return over or "1"
        under = "·".join(_printed(one) for one in self.under)
        return f"{over or 1}/({under})" if len(self.under) > 1 else f"{over or 1}/{under}"


@lru_cache(maxsize=8192)
def _log_size(atom: Atom, prefix: str) -> float:
    return _log(atom.size * prefix_size(prefix))


def _log(value: Fraction) -> float:
    return math.log10(value.numerator) - math.log10(value.denominator)


def merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return parts with the exponents of one unit and prefix added, in the order in which they came."""
    total: dict[tuple[str, str], Part] = {}
    for one in parts:
        key = (one.atom.id, one.prefix)
        known = total.get(key)
        power = one.exponent if known is None else known.exponent + one.exponent
        total[key] = Part(one.atom, one.prefix, power)
    return tuple(one for one in total.values() if one.exponent)


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"


def _ucum(part: Part, exponent: Exponent) -> str:
    code = part.atom.ucum or f"{{{part.atom.id}}}"
    power = "" if exponent == 1 else f"{float(exponent):g}"
    return f"{part.prefix}{code}{power}"


def _qudt(part: Part) -> str:
    prefix = _PREFIXES[part.prefix].qudt if part.prefix else ""
    power = "" if part.exponent == 1 else str(part.exponent)
    return f"{prefix}{part.atom.qudt}{power}"


def _printed(part: Part) -> str:
    prefix = _PREFIXES[part.prefix].symbols[0] if part.prefix else ""
    power = "" if part.exponent == 1 else f"{float(part.exponent):g}".translate(_RAISED)
    return f"{prefix}{symbol_of(part.atom)}{power}"
