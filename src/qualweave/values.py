"""Quantities with units, and the table of units that the product knows.

The table (``units.tsv``) is the project's own: UCUM code, QUDT local name, UN/ECE Rec. 20 code, quantity
kind, names and symbols as devices write them in English, Chinese and German. What it lacks is read by
`unit_grammar`. Conversion is by dimension, of the table's units with pint and of the others by the
grammar's exact sizes, so a unit of another dimension is an error and never a number.
"""

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from urllib.parse import quote, unquote

import pint

from qualweave.errors import UnknownUnit
from qualweave.unece import codes_by_structure, common_codes
from qualweave.unit_grammar import Reading, certain, readings

QUDT_UNIT = "http://qudt.org/vocab/unit/"
UCUM_UNIT = "https://w3id.org/uom/"
QUDT_KIND = "http://qudt.org/vocab/quantitykind/"


@dataclass(frozen=True)
class Unit:
    """One unit of the table.

    Attributes:
        ucum: UCUM code, the name of the unit inside the product, for example ``"Cel"``.
        qudt: Local name in QUDT's unit vocabulary, for example ``"DEG_C"``.
        unece: UN/ECE Recommendation 20 code, for example ``"CEL"``, or ``""``.
        kind: Local name of QUDT's quantity kind, for example ``"Temperature"``.
        pint_name: How pint writes it, for conversion; ``""`` for a unit that the grammar made.
        symbols: Spellings seen on devices, the first the one to print.
        reading: What the grammar reads, of a unit that it made.
    """

    ucum: str
    qudt: str
    unece: str
    kind: str
    pint_name: str
    symbols: tuple[str, ...]
    reading: Reading | None = field(default=None, compare=False, repr=False)

    @property
    def iri(self) -> str:
        """IRI of the unit in QUDT, or of its UCUM code where QUDT has none."""
        return QUDT_UNIT + self.qudt if self.qudt else UCUM_UNIT + quote(self.ucum, safe="")

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
def _by_spelling() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """Return the units by spelling, and by spelling without regard to case."""
    exact: dict[str, Unit] = {}
    for unit in units():
        for spelling in (unit.ucum, unit.qudt, unit.unece, *unit.symbols):
            if spelling:
                exact.setdefault(unit_key(spelling), unit)
    folded: dict[str, Unit] = {}
    for spelling, unit in exact.items():
        folded.setdefault(spelling.casefold(), unit)
    return exact, folded


def listed_unit(text: str) -> Unit | None:
    """Return the unit of a spelling of the table, or None where the table has none."""
    key = unit_key(text)
    exact, folded = _by_spelling()
    return exact.get(key) or folded.get(key.casefold())


@lru_cache(maxsize=65536)
def find_unit(text: str) -> Unit | None:
    """Return the unit of a spelling, or None where neither the table nor the grammar is sure of one.

    Case decides first (``"mPa"`` is not ``"MPa"``), and is folded only where that finds nothing; where the two
    would differ (``"kn"`` is a knot, ``"kN"`` a kilonewton), neither is taken. Of what the table lacks, only
    quotients, powers and prefixed units are read: a lone word such as "point" is no unit.

    >>> find_unit("摄氏度").ucum, find_unit("kJ/(kg·K)").qudt, find_unit("毫米每秒").ucum
    ('Cel', 'KiloJ-PER-KiloGM-K', 'mm/s')
    """
    if text.startswith((QUDT_UNIT, UCUM_UNIT)):
        return find_unit(unquote(text.removeprefix(QUDT_UNIT).removeprefix(UCUM_UNIT)))
    exact = _by_spelling()[0].get(unit_key(text))
    if exact is not None:
        return exact
    reading = None if _VALUE.match(text) else certain(text)
    folded = listed_unit(text)
    if folded is not None and reading is not None and not _is_read_as(folded, reading):
        return None
    if reading is not None and _is_composed(reading, text):
        return made_unit(reading, text)
    return folded


def _is_read_as(unit: Unit, reading: Reading) -> bool:
    own = reading_of(unit)
    return own is None or own.structure == reading.structure


# "12 bar" is a value; "1/h" and "10³ m³" are units.
_VALUE = re.compile(r"\s*[+\-.,]?\d(?!\s*/)(?!0\s*[\^*⁰¹²³⁴⁵⁶⁷⁸⁹⁻])")
_DENOMINATORS = {"time", "length", "mass", "volume", "area", "temperature", "amount", "pressure"}
_SAID_BESIDE = {"absolute", "gauge", "rms", "peak"}
_LOWER_UPPER = re.compile(r"[a-zμ][A-ZΩ]|.*[^\x00-\x7f]")
_MULTIPLIED = re.compile(r"[^\s·.*⋅×][·.*⋅×][^\s·.*⋅×]")
_NAME_AND_NUMBER = re.compile(r"[A-Za-z]{1,2}\d")
_TELLING = 3
_RARE = {"year", "are", "barn", "byte", "bel", "day", "bit", "poise", "pond", "octet"}


def _is_composed(reading: Reading, text: str) -> bool:
    """Whether a reading cannot be a common word: a quotient, a power or a prefixed unit, and no bare letters."""
    parts = (*reading.over, *reading.under)
    prefixed = any(one.prefix for one in parts)
    if reading.notes - _SAID_BESIDE:
        return False
    if not reading.under and len(text) < _TELLING and prefixed and not _LOWER_UPPER.match(text):
        return False  # "PC" and "pm" are seldom petacoulombs and picometres
    if not reading.under:
        raised = [one for one in parts if one.exponent != 1]
        plain = text.isascii() and "^" not in text and not reading.spelled  # "A2" is seldom A²
        joined = len(parts) > 1 and not reading.spelled and bool(_MULTIPLIED.search(text))
        return (
            prefixed or joined or any(not plain or one.atom.quantity == "length" for one in raised)
        )
    if not reading.over:
        return reading.multiplier == 1 and not reading.notes
    bare = reading.over[0].atom.id in _RARE and not reading.spelled
    return prefixed or (not bare and reading.under[0].atom.quantity in _DENOMINATORS)


def declared_unit(text: str) -> Unit | None:
    """Return the unit of a text that is known to be one, such as a unit column's cell: lone names count too.

    >>> declared_unit("knot").qudt, find_unit("knot")
    ('KN', None)
    """
    found = find_unit(text)
    if found is not None or _VALUE.match(text):
        return found
    reading = certain(text)
    worded = any(one.isalpha() or one in "%‰°'\"#" for one in text)
    numbered = _NAME_AND_NUMBER.fullmatch(text) and "m" not in text  # tool "T1"
    return made_unit(reading, text) if worded and not numbered and reading is not None else None


def coded_unit(code: str) -> Unit | None:
    """Return the unit of a UN/ECE code, or of a text where it is none, as EPCIS and AAS write units.

    >>> coded_unit("KMQ").ucum, coded_unit("B43").qudt, coded_unit("kPa").unece
    ('kg/m3', 'KiloJ-PER-KiloGM-K', 'KPA')
    """
    known = common_codes().get(code)
    reading = None if known is None else known.reading
    return find_unit(code) if reading is None else made_unit(reading, code)


def made_unit(reading: Reading, text: str = "") -> Unit:
    """Return the unit of a reading: that of the table where it is the same, else one with what is known of it.

    Args:
        reading: As the grammar returns it.
        text: How the source writes it.
    """
    key = (reading.structure, reading.notes)
    known = _by_structure().get(key)
    if known is not None:
        return known
    code = codes_by_structure().get(key)
    qudt = code.qudt if code is not None else ""
    return Unit(
        ucum=reading.ucum,
        qudt=qudt or (reading.qudt if reading.qudt in _known_to_qudt() else ""),
        unece="" if code is None else code.code,
        kind=_kind_of(reading),
        pint_name="",
        symbols=tuple(dict.fromkeys((str(reading), text.strip() or str(reading)))),
        reading=reading,
    )


@lru_cache(maxsize=1)
def _by_structure() -> dict[object, Unit]:
    found: dict[object, Unit] = {}
    for unit in units():
        reading = reading_of(unit)
        if reading is not None:
            found.setdefault((reading.structure, reading.notes), unit)
    return found


@lru_cache(maxsize=1)
def _known_to_qudt() -> frozenset[str]:
    codes = (one.qudt for one in common_codes().values())
    return frozenset(one for one in (*(unit.qudt for unit in units()), *codes) if one)


def _makeup(reading: Reading) -> frozenset[tuple[str, str]]:
    """Return the kinds of quantity of which a unit is made, as in force by area."""
    sides = [(one, one.exponent) for one in reading.over]
    sides += [(one, -one.exponent) for one in reading.under]
    return frozenset((one.atom.quantity, str(exponent)) for one, exponent in sides)


@lru_cache(maxsize=1)
def _kinds() -> dict[frozenset[tuple[str, str]], set[str]]:
    found: dict[frozenset[tuple[str, str]], set[str]] = {}
    for unit in _by_structure().values():
        reading = reading_of(unit)
        if reading is not None:
            found.setdefault(_makeup(reading), set()).add(unit.kind)
    return found


def _kind_of(reading: Reading) -> str:
    """Return the quantity kind of the table's units that are made up likewise, where they are of one kind."""
    kinds = _kinds().get(_makeup(reading), set())
    return next(iter(kinds)) if len(kinds) == 1 else ""


def reading_of(unit: Unit) -> Reading | None:
    """Return what the grammar reads for a unit, None for a scale that it does not know."""
    return unit.reading or next(iter(readings(unit.symbol)), None)


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
    if not (source.pint_name and target.pint_name):
        return _by_size(source, target)
    registry = _registry()
    try:
        zero = registry.Quantity(0.0, source.pint_name).to(target.pint_name).magnitude
        hundred = registry.Quantity(100.0, source.pint_name).to(target.pint_name).magnitude
    except pint.DimensionalityError as error:
        raise _other_dimension(source, target) from error
    return (float(f"{(hundred - zero) / 100.0:.15g}"), float(f"{zero:.15g}"))


def _by_size(source: Unit, target: Unit) -> tuple[float, float]:
    """Return factor and offset from the sizes that the grammar knows exactly."""
    ours, theirs = reading_of(source), reading_of(target)
    if ours is None or theirs is None or ours.dimension != theirs.dimension:
        raise _other_dimension(source, target)
    if ours.notes | theirs.notes >= {"absolute", "gauge"}:
        raise UnknownUnit(
            f"{source.symbol} counts from another pressure than {target.symbol}.",
            message_zh=f"{source.symbol} 与 {target.symbol} 的压力基准不同（绝压与表压）。",
            next_step="Add or take off the pressure of the surrounding air, and say which was done.",
            next_step_zh="请加上或减去环境大气压，并注明所用的基准。",
            data={"unit": source.ucum, "expected": target.ucum},
        )
    factor = ours.factor / theirs.factor
    offset = float(ours.zero - theirs.zero) / float(theirs.factor)
    return (float(f"{float(factor):.15g}"), float(f"{offset:.15g}"))


def _other_dimension(source: Unit, target: Unit) -> UnknownUnit:
    return UnknownUnit(
        f"{source.symbol} is not a unit of the same dimension as {target.symbol}.",
        message_zh=f"{source.symbol} 与 {target.symbol} 的量纲不同。",
        next_step="Correct the unit of the field, or map it to another parameter.",
        next_step_zh="请更正该字段的单位，或映射到其他参数。",
        data={"unit": source.ucum, "expected": target.ucum},
    )
