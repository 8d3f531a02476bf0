"""Which units a word may stand for: symbols by case, names by sound, with prefixes, plurals and glued words."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from qualweave.unit_grammar.tables import Atom, Exponent, Prefix, atoms, compounds, prefixes
from qualweave.unit_grammar.tokens import plain

_FOLDED_WEIGHT = 0.6
_LATER_WEIGHT = 0.9
_LONG_ENOUGH = 3
_EVERYDAY = {"G", "M", "k", "h", "d", "c", "m", "u", "n", "p"}
_ENDINGS = ("", "s", "es", "n", "en")
_SINGULAR = {"celsius", "siemens", "stokes", "gauss", "abs", "us", "plus", "lux", "rms"}
_POWERS = {
    "square": 2, "cubic": 3, "quartic": 4, "quintic": 5, "sextic": 6, "quadrat": 2, "kubik": 3, "sq": 2, "cu": 3,
    "平方": 2, "立方": 3, "二次方": 2, "三次方": 3, "四次方": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """An atomic unit with prefix and exponent."""

    atom: Atom
    prefix: str = ""
    exponent: Exponent = 1


Table: TypeAlias = Mapping[str, Sequence[tuple[Part, ...]]]


@dataclass(frozen=True)
class Option:
    """One meaning of a word.

    Attributes:
        parts: Its units; several where the word is a compound such as ``kWh``.
        weight: How readily the word is read so, up to 1.
        spelled: Whether it is a name rather than a symbol.
    """

    parts: tuple[Part, ...]
    weight: float = 1.0
    spelled: bool = False

    @property
    def head(self) -> Atom:
        """The unit to which qualifiers belong."""
        return self.parts[0].atom


@lru_cache(maxsize=32768)
def fold(text: str) -> str:
    """Return a name as it is compared: no case, accents, spaces or hyphens; ``metre`` as ``meter``.

    >>> fold("Ampère-Metre"), fold("Kilogrammes")
    ('amperemeter', 'kilograms')
    """
    bare = "".join(
        one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)
    )
    key = bare.casefold().replace("metre", "meter").replace("litre", "liter")
    key = key.replace("gramme", "gram")
    return "".join(one for one in key if one not in " -'.’")


class Lexicon:
    """Every spelling of the tables. Built once; see `lexicon`."""

    def __init__(self) -> None:
        self._symbols: dict[str, list[tuple[Part, ...]]] = {}
        self._names: dict[str, list[tuple[Part, ...]]] = {}
        self._qudt: dict[str, list[tuple[Part, ...]]] = {}
        self._caseless: dict[str, list[tuple[Part, ...]]] = {}
        for row in atoms():
            parts = (Part(row.atom),)
            for symbol in row.symbols:
                self._symbols.setdefault(plain(symbol), []).append(parts)
            for name in (*row.names, *row.zh):
                self._names.setdefault(fold(name), []).append(parts)
            if row.atom.qudt:
                self._qudt.setdefault(row.atom.qudt, []).append(parts)

    def add(
        self, parts: tuple[Part, ...], symbols: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        """Add a compound."""
        for symbol in symbols:
            self._symbols.setdefault(plain(symbol), []).append(parts)
        for name in names:
            self._names.setdefault(fold(name), []).append(parts)

    def seal(self) -> None:
        """Prepare what is looked up without regard to case."""
        for symbol, meanings in self._symbols.items():
            self._caseless.setdefault(symbol.casefold(), []).extend(meanings)

    def symbol(self, text: str) -> list[Option]:
        """Return what a symbol stands for, by case, with or without a prefix."""
        return self.whole(text) or self.prefixed(text)

    def prefixed(self, text: str) -> list[Option]:
        """Return what a symbol with a prefix stands for."""
        return _ranked(self._prefixed(text, self._symbols, "symbols"))

    def whole(self, text: str) -> list[Option]:
        """Return what a symbol without prefix stands for, such as ``Nm^3``."""
        return _ranked(self._symbols.get(text, []))

    def qudt(self, text: str) -> list[Option]:
        """Return what a part of a QUDT local name stands for, such as ``KiloGM``."""
        found = self._qudt.get(text) or self._prefixed(text, self._qudt, "qudt")
        return _ranked(found, spelled=True)

    def name(self, words: tuple[str, ...]) -> list[Option]:
        """Return what a name of one or more words stands for, singular or plural."""
        for key in _forms(words):
            found = self._names.get(key) or self._prefixed(key, self._names, "names")
            if found:
                return _ranked(found, spelled=True)
        return []

    def glued(self, word: str) -> list[Option]:
        """Return the product that a compound word stands for, such as ``Kilowattstunde``."""
        parts = _glued(fold(word))
        scientific = len(parts) == 1 or any(one.atom.prefixes for one in parts)  # no milestone
        return [Option(parts, spelled=True)] if scientific else []

    def caseless(self, text: str) -> list[Option]:
        """Return what a symbol in the wrong case may stand for, such as ``KPA``; all that fit."""
        key = text.casefold()
        found = list(self._caseless.get(key, ()))
        for prefix in prefixes():
            for start in prefix.symbols:
                rest = key[len(start) :]
                if prefix.ucum in _EVERYDAY and rest and key.startswith(start.casefold()):
                    found += _with_prefix(prefix, self._caseless.get(rest, ()))
        options = _ranked(found[:6])
        return [Option(one.parts, one.weight * _FOLDED_WEIGHT) for one in options]

    @staticmethod
    def _prefixed(text: str, table: Table, spelling: str) -> list[tuple[Part, ...]]:
        found: list[tuple[Part, ...]] = []
        for start, prefix in _starts(spelling).get(text[:1], ()):
            if text.startswith(start) and len(text) > len(start):
                found += _with_prefix(prefix, table.get(text[len(start) :], ()))
        return found


@lru_cache(maxsize=4)
def _starts(spelling: str) -> dict[str, list[tuple[str, Prefix]]]:
    """Return the spellings of the prefixes by first sign, those of two letters first."""
    found: dict[str, list[tuple[str, Prefix]]] = {}
    for prefix in prefixes():
        said = {
            "symbols": prefix.symbols,
            "names": (*prefix.names, prefix.zh),
            "qudt": (prefix.qudt,),
        }[spelling]
        for start in said:
            if start:
                found.setdefault(start[0], []).append((start, prefix))
    return found


def _with_prefix(prefix: Prefix, meanings: Sequence[tuple[Part, ...]]) -> list[tuple[Part, ...]]:
    found = []
    for parts in meanings:
        first = parts[0]
        if not first.prefix and prefix.ucum in first.atom.prefixes:
            found.append((Part(first.atom, prefix.ucum, first.exponent), *parts[1:]))
    return found


def _ranked(found: list[tuple[Part, ...]], *, spelled: bool = False) -> list[Option]:
    distinct = dict.fromkeys(found)
    return [Option(parts, _LATER_WEIGHT**place, spelled) for place, parts in enumerate(distinct)]


def _forms(words: tuple[str, ...]) -> list[str]:
    """Return the keys under which a name may stand: as it is, every word singular, the last one cut."""
    folded = [fold(one) for one in words]
    whole = "".join(folded)
    single = "".join(_singular(one) for one in folded)
    cut = [whole[: -len(end)] for end in _ENDINGS[1:] if whole.endswith(end)]
    return list(dict.fromkeys([whole, single, *(one for one in cut if len(one) >= _LONG_ENOUGH)]))


def _singular(word: str) -> str:
    if len(word) <= _LONG_ENOUGH or not word.endswith("s") or word in _SINGULAR:
        return word
    return word[:-1]


@lru_cache(maxsize=4096)
def _glued(key: str) -> tuple[Part, ...]:
    """Return the units of a compound word, the longest first unit that leaves a readable rest."""
    for start, power in _POWERS.items():
        if key.startswith(start) and len(key) > len(start):
            inner = _glued(key[len(start) :])
            if inner:
                first = inner[0]
                return (Part(first.atom, first.prefix, first.exponent * power), *inner[1:])
    least = 1 if not key.isascii() else _LONG_ENOUGH
    for end in range(len(key), least - 1, -1):
        head = lexicon().name((key[:end],))
        if not head:
            continue
        if end == len(key):
            return head[0].parts
        rest = _glued(key[end:])
        if rest:
            return head[0].parts + rest
    return ()


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the lexicon, the compounds expanded."""
    found = Lexicon()
    for row in compounds():
        found.add(_expanded(row.expansion, found), row.symbols, row.names)
    found.seal()
    return found


def _expanded(text: str, known: Lexicon) -> tuple[Part, ...]:
    """Return the parts of an expansion of the table, such as ``lbf/in²``."""
    parts = []
    for side, factors in enumerate(text.split("/")):
        for factor in factors.split("·"):
            power = {"²": 2, "³": 3}.get(factor[-1], 1)
            part = known.symbol(factor.rstrip("²³"))[0].parts[0]
            parts.append(Part(part.atom, part.prefix, -power if side else power))
    return tuple(parts)


@lru_cache(maxsize=1)
def _symbols() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in atoms():
        found.setdefault(one.atom.id, (*one.symbols, *one.names, *one.zh, one.atom.id)[0])
    return found


def symbol_of(atom: Atom) -> str:
    """Return the symbol to print for a unit, or its name where it has none."""
    return _symbols()[atom.id]
