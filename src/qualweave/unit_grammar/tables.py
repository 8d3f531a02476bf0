"""The tables of the grammar: atomic units, prefixes, compounds, qualifiers and number words.

Each is a TSV file beside this module, written by the project from public facts (see NOTICE); nothing here
knows how a text is read.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import TypeAlias

Exponent: TypeAlias = int | Fraction
Dimension: TypeAlias = tuple[Exponent, ...]
BASES = ("A", "E", "L", "I", "M", "H", "T")
_PI = Fraction("3.14159265358979323846264338327950288419716939937511")
_BIG = frozenset({"k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"})
_BINARY = frozenset({"Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"})
_SMALL = frozenset({"d", "c", "m", "u", "n", "p", "f", "a", "z", "y", "r", "q"})
_CLASSES = {"si": _BIG | _SMALL | {"h", "da"}, "big": _BIG, "bin": _BIG | _BINARY, "small": _SMALL}


@dataclass(frozen=True)
class Prefix:
    """A decimal or binary prefix.

    Attributes:
        ucum: UCUM code, the identity of the prefix.
        size: The factor, exact.
        symbols: How it is written before a symbol.
        names: How it is written before a name, English and German.
        zh: In Chinese.
        qudt: Before a QUDT local name.
    """

    ucum: str
    size: Fraction
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    zh: str
    qudt: str


@dataclass(frozen=True)
class Atom:
    """A unit with a name of its own.

    Attributes:
        id: Identity inside the grammar.
        size: In coherent SI units, exact where the definition is.
        zero: Where its scale begins, in kelvin; 0 but for Celsius and Fahrenheit.
        quantity: Kind of quantity.
        dimension: Exponents over amount, current, length, luminous intensity, mass, temperature and time.
        prefixes: UCUM codes of the prefixes that it takes.
        accepts: Qualifiers that fit it, such as ``us``.
        requires: One of each of these sets must stand beside the name.
        excludes: Qualifiers that it cannot bear.
        ucum: UCUM code, ``""`` where UCUM has none.
        qudt: QUDT local name, ``""`` where QUDT has none.
    """

    id: str
    size: Fraction
    zero: Fraction
    quantity: str
    dimension: Dimension
    prefixes: frozenset[str]
    accepts: frozenset[str] = field(compare=False)
    requires: tuple[frozenset[str], ...] = field(compare=False)
    excludes: frozenset[str] = field(compare=False)
    ucum: str
    qudt: str

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True)
class AtomRow:
    """An atomic unit with its spellings."""

    atom: Atom
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True)
class CompoundRow:
    """A name or symbol of a product of atomic units."""

    expansion: str
    symbols: tuple[str, ...]
    names: tuple[str, ...]


def whole(value: Fraction) -> Exponent:
    """Return an exponent as an int where it is whole: nearly all are, and ints are ten times faster."""
    return value.numerator if value.denominator == 1 else value


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, remarks left out."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    kept = (line for line in text.splitlines() if line.strip() and not line.startswith("# "))
    reader = csv.DictReader(kept, delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in reader:
        yield {key: value or "" for key, value in row.items()}


def _split(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split("|") if one)


def size_of(text: str) -> Fraction:
    """Return the value of a product and quotient of decimals and ``pi``.

    >>> size_of("5/9*9")
    Fraction(5, 1)
    """
    value, sign = Fraction(1), 1
    for part in text.replace("*", " * ").replace("/", " / ").split():
        if part in "*/":
            sign = 1 if part == "*" else -1
            continue
        value *= (_PI if part == "pi" else Fraction(Decimal(part))) ** sign
    return value


def dimension_of(text: str) -> Dimension:
    """Return the vector of a text such as ``L2 M T-2`` or QUDT's ``A0E0L2I0M1H0T-2D0``.

    >>> list(dimension_of("L2 M T-2"))
    [0, 0, 2, 0, 1, 0, -2]
    """
    found: dict[str, Exponent] = dict.fromkeys(BASES, 0)
    base, digits = "", ""
    for sign in text.replace(" ", "").replace("dot", ".") + "#":
        if sign.isalpha() or sign == "#":
            if base in found:
                found[base] += whole(Fraction(digits or "1"))
            base, digits = sign, ""
        else:
            digits += sign
    return tuple(found.values())


@lru_cache(maxsize=1)
def prefixes() -> tuple[Prefix, ...]:
    """Return the prefixes, those of two letters first."""
    found = []
    for row in rows("prefixes.tsv"):
        base, power = row["power"].split("^")
        found.append(
            Prefix(
                row["ucum"],
                Fraction(int(base)) ** int(power),
                _split(row["symbols"]),
                _split(row["names"]),
                row["zh"],
                row["qudt"],
            )
        )
    return tuple(sorted(found, key=lambda one: -len(one.ucum)))


@lru_cache(maxsize=1)
def quantities() -> dict[str, Dimension]:
    """Return the dimension of each kind of quantity."""
    return {one["quantity"]: dimension_of(one["dimension"]) for one in rows("quantities.tsv")}


def _takes(text: str) -> frozenset[str]:
    if text in {"", "-"}:
        return frozenset()
    found: set[str] = set()
    for one in text.split("|"):
        found |= _CLASSES.get(one, {"u" if one == "μ" else one})
    return frozenset(found)


@lru_cache(maxsize=1)
def atoms() -> tuple[AtomRow, ...]:
    """Return the atomic units in the order of the table; of two with one name the first is meant first."""
    found = []
    for row in rows("atoms.tsv"):
        size, _, zero = row["size"].partition("@")
        marks = row["qualifiers"].split()
        needed = tuple(frozenset(one[1:].split("|")) for one in marks if one.startswith("+"))
        atom = Atom(
            id=row["atom"],
            size=size_of(size),
            zero=Fraction(Decimal(zero.strip() or "0")),
            quantity=row["quantity"],
            dimension=quantities()[row["quantity"]],
            prefixes=_takes(row["prefixes"]),
            accepts=frozenset(one for one in marks if one[0] not in "+-").union(*needed),
            requires=needed,
            excludes=frozenset(one[1:] for one in marks if one.startswith("-")),
            ucum=row["ucum"],
            qudt=row["qudt"],
        )
        names = _split(row["en"]) + _split(row["other"])
        found.append(AtomRow(atom, _split(row["symbols"]), names, _split(row["zh"])))
    return tuple(found)


@lru_cache(maxsize=1)
def compounds() -> tuple[CompoundRow, ...]:
    """Return the names and symbols of products."""
    return tuple(
        CompoundRow(one["expansion"], _split(one["symbols"]), _split(one["names"]))
        for one in rows("compounds.tsv")
    )


@lru_cache(maxsize=1)
def qualifiers() -> dict[str, str]:
    """Return the qualifier of each phrase, in lower case with single spaces."""
    return {
        phrase.casefold(): one["qualifier"]
        for one in rows("qualifiers.tsv")
        for phrase in _split(one["phrases"])
    }


@lru_cache(maxsize=1)
def number_words() -> dict[str, Fraction]:
    """Return the value of each number word."""
    return {
        word: Fraction(one["value"]) for one in rows("numbers.tsv") for word in _split(one["words"])
    }
