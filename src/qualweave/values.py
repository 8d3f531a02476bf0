"""Quantities with units, and the table of units that the product knows.

The table (``units.tsv``) is the project's own: UCUM code, QUDT local name, UN/ECE Rec. 20 code, quantity
kind, names and symbols as devices write them in English, Chinese and German. Conversion is by
dimension with pint, so a unit of another dimension is an error and never a number.
"""

import csv
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import pint

from qualweave.errors import UnknownUnit

QUDT_UNIT = "http://qudt.org/vocab/unit/"
QUDT_KIND = "http://qudt.org/vocab/quantitykind/"


@dataclass(frozen=True)
class Unit:
    """One unit of the table.

    Attributes:
        ucum: UCUM code, the name of the unit inside the product, for example ``"Cel"``.
        qudt: Local name in QUDT's unit vocabulary, for example ``"DEG_C"``.
        unece: UN/ECE Recommendation 20 code, for example ``"CEL"``, or ``""``.
        kind: Local name of QUDT's quantity kind, for example ``"Temperature"``.
        pint_name: How pint writes it, for conversion.
        symbols: Spellings seen on devices, the first the one to print.
    """

    ucum: str
    qudt: str
    unece: str
    kind: str
    pint_name: str
    symbols: tuple[str, ...]

    @property
    def iri(self) -> str:
        """IRI of the unit in QUDT."""
        return QUDT_UNIT + self.qudt

    @property
    def symbol(self) -> str:
        """The spelling to print, for example ``"°C"``."""
        return self.symbols[0]


@dataclass(frozen=True)
class Quantity:
    """A number with its unit.

    Attributes:
        value: The number, in ``unit``.
        unit: The unit.
    """

    value: float
    unit: Unit

    def to(self, unit: Unit) -> "Quantity":
        """Return the same quantity in another unit of its dimension.

        Raises:
            UnknownUnit: If the units differ in dimension.

        >>> Quantity(25.0, unit_of("Cel")).to(unit_of("K")).value
        298.15
        """
        factor, offset = conversion(self.unit, unit)
        return Quantity(round(self.value * factor + offset, 12), unit)

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit.symbol}"


@lru_cache(maxsize=1)
def _registry() -> "pint.UnitRegistry[float]":
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("percent_ratio = 0.01")
    registry.define("ppm_ratio = 1e-6")
    registry.define("gram_per_ten_minutes = 0.1 gram / minute")
    return registry


@lru_cache(maxsize=1)
def units() -> tuple[Unit, ...]:
    """Return every unit of the table."""
    text = files("qualweave").joinpath("units.tsv").read_text("utf-8")
    rows = csv.DictReader(
        (line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"
    )
    return tuple(
        Unit(
            ucum=row["ucum"],
            qudt=row["qudt"],
            unece=row["unece"],
            kind=row["kind"],
            pint_name=row["pint"],
            symbols=tuple(row["symbols"].split("|")),
        )
        for row in rows
    )


def unit_key(text: str) -> str:
    """Return a spelling as it is compared: NFKC, no white space, middle dots and carets alike.

    >>> unit_key("℃"), unit_key("N·m"), unit_key("m/s²")
    ('°C', 'N.m', 'm/s2')
    """
    plain = unicodedata.normalize("NFKC", text)
    for old, new in (
        ("·", "."),
        ("•", "."),
        ("⋅", "."),
        ("*", "."),
        ("^", ""),
        ("Ω", "Ω"),
        ("µ", "μ"),
    ):
        plain = plain.replace(old, new)
    return "".join(plain.split()).strip("[]()")


@lru_cache(maxsize=1)
def _by_spelling() -> dict[str, Unit]:
    exact: dict[str, Unit] = {}
    for unit in units():
        for spelling in (unit.ucum, unit.qudt, unit.unece, *unit.symbols):
            if spelling:
                exact.setdefault(unit_key(spelling), unit)
    folded: dict[str, Unit] = {}
    for spelling, unit in exact.items():
        folded.setdefault(spelling.casefold(), unit)
    return folded | exact


def find_unit(text: str) -> Unit | None:
    """Return the unit of a spelling, or None where the table has none.

    Case decides first (``"mPa"`` is not ``"MPa"``), and is folded only where that finds nothing.

    >>> find_unit("摄氏度").ucum
    'Cel'
    """
    key = unit_key(text)
    table = _by_spelling()
    return table.get(key) or table.get(key.casefold())


def unit_of(text: str) -> Unit:
    """Return the unit of a spelling.

    Raises:
        UnknownUnit: If the table does not have it.
    """
    unit = find_unit(text)
    if unit is None:
        raise UnknownUnit(
            f"Unknown unit {text!r}.",
            message_zh=f"未知单位 {text!r}。",
            next_step="Give a UCUM code such as 'Cel', 'kPa' or 'N.m'.",
            next_step_zh="请给出 UCUM 代码，例如 'Cel'、'kPa' 或 'N.m'。",
            data={"unit": text},
        )
    return unit


@lru_cache(maxsize=4096)
def conversion(source: Unit, target: Unit) -> tuple[float, float]:
    """Return ``(factor, offset)`` with ``target = source * factor + offset``.

    Raises:
        UnknownUnit: If the units differ in dimension.
    """
    registry = _registry()
    try:
        zero = registry.Quantity(0.0, source.pint_name).to(target.pint_name).magnitude
        hundred = registry.Quantity(100.0, source.pint_name).to(target.pint_name).magnitude
    except pint.DimensionalityError as error:
        raise UnknownUnit(
            f"{source.symbol} is not a unit of the same dimension as {target.symbol}.",
            message_zh=f"{source.symbol} 与 {target.symbol} 的量纲不同。",
            next_step="Correct the unit of the field, or map it to another parameter.",
            next_step_zh="请更正该字段的单位，或映射到其他参数。",
            data={"unit": source.ucum, "expected": target.ucum},
        ) from error
    return (float(f"{(hundred - zero) / 100.0:.15g}"), float(f"{zero:.15g}"))
