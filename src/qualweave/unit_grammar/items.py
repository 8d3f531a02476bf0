"""Tokens to items: units with their powers and qualifiers, numbers, groups, and the signs between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, TypeAlias

from qualweave.errors import UnknownUnit
from qualweave.unit_grammar.lexicon import Option, Part, fold, lexicon
from qualweave.unit_grammar.reading import Reading, prefix_size
from qualweave.unit_grammar.tables import Exponent, number_words, prefixes, qualifiers, whole
from qualweave.unit_grammar.tokens import Token
from qualweave.unit_grammar.words import (
    ABSOLUTE,
    ENGLISH,
    LONGEST_QUALIFIER,
    ORDINAL,
    PER,
    POWER_AFTER,
    POWER_BEFORE,
    RECIPROCAL,
    REMARKS,
    ROOT,
    SILENT,
    is_pressure,
    marks_of,
    meanings,
    prefix_named,
    segmented,
)

Kind: TypeAlias = Literal["unit", "group", "number", "per", "over", "reciprocal", "notes"]
_LONGEST_NAME = 6
_MOST_OPTIONS = 4
_HIGHEST_POWER = 99  # no plant has more, and sizes stay finite
_SHORTEST_COMPOUND = 4
_WITH_INCHES = {"pound", "pound_force", "ounce", "ounce_force", "poundal", "kip"}
_LEADING = {"dry", "absolute", "normal", "standard"}
_HALF = Fraction(1, 2)


@dataclass
class Item:
    """A unit, number, group or sign in the order of the text.

    Attributes:
        kind: What it is.
        options: The meanings of a unit.
        power: Its exponent.
        value: Of a number.
        groups: The readings of a bracket.
        wanted: Qualifiers that stand beside it.
        text: As written.
        glued: Whether nothing stands between it and the unit before.
    """

    kind: Kind
    options: tuple[Option, ...] = ()
    power: Exponent = 1
    value: Fraction = Fraction(1)
    groups: tuple[Reading, ...] = ()
    wanted: set[str] = field(default_factory=set)
    text: str = ""
    glued: bool = False


@dataclass(frozen=True)
class Meaning:
    """One meaning of a unit of a text, and the qualifiers that it does not bear."""

    option: Option
    left: frozenset[str]

    @staticmethod
    def of(item: Item) -> "list[Meaning]":
        """Return the meanings that bear the qualifiers beside a unit best; there is always one."""
        wanted = item.wanted
        fitting = [
            one
            for one in item.options
            if not wanted & one.head.excludes
            and all(wanted & needed for needed in one.head.requires)
        ]
        fitting = fitting or [one for one in item.options if not one.head.requires]
        fitting = fitting or list(item.options)
        best = max(len(wanted & one.head.accepts) for one in fitting)
        kept = [one for one in fitting if len(wanted & one.head.accepts) == best]
        scale = max(one.weight for one in item.options) / max(one.weight for one in kept)
        return [
            Meaning(
                replace(one, weight=one.weight * scale),
                frozenset(wanted - one.head.accepts),
            )
            for one in kept[:_MOST_OPTIONS]
        ]


def unknown(text: str, word: str) -> UnknownUnit:
    """Return the error that names a word of a text."""
    return UnknownUnit(
        f"{word!r} in {text!r} is not a known unit.",
        message_zh=f"{text!r} 中的 {word!r} 不是已知单位。",
        next_step="Write the unit in symbols, such as 'kg/m³', or add the word to atoms.tsv.",
        next_step_zh="请用符号书写单位，例如 'kg/m³'，或将该词加入 atoms.tsv。",
        data={"unit": text, "word": word},
    )


class ItemReader:
    """Turns tokens into items, from left to right.

    Args:
        pieces: The tokens.
        original: The text, for errors.
        inside: Reads the inside of a bracket.
        so_far: Reads the items before a bracket.
        qudt: Whether the text is a QUDT local name.
    """

    def __init__(
        self,
        pieces: Sequence[Token],
        original: str,
        inside: Callable[[str], tuple[Reading, ...]],
        *,
        so_far: Callable[[list[Item]], tuple[Reading, ...]],
        qudt: bool = False,
    ) -> None:
        self._pieces = segmented(pieces)
        self._original = original
        self._inside = inside
        self._so_far = so_far
        self._qudt = qudt
        self._place = 0
        self._found: list[Item] = []
        self._waiting: set[str] = set()
        self._power: Exponent = 1
        self._prefix = ""
        self._adjacent = False
        self._after_comma = False

    def items(self) -> list[Item]:
        """Return the items; every token is one, belongs to one, or is an error.

        Raises:
            UnknownUnit: Naming the token.
        """
        while self._place < len(self._pieces):
            before, token = self._place, self._pieces[self._place]
            if token.kind == "word":
                self._word(token)
            elif token.kind == "bracket":
                self._bracket(token)
            else:
                self._sign(token)
            if self._place == before:
                raise unknown(self._original, token.text)
        self._settle()
        if self._found and self._found[-1].kind in {"per", "over", "reciprocal"}:
            raise unknown(self._original, self._pieces[-1].text)
        if self._pieces[-1].text.casefold() in SILENT and self._pieces[-1].kind == "word":
            raise unknown(self._original, self._pieces[-1].text)
        return self._found

    def _settle(self) -> None:
        """Keep qualifiers that no unit bears as remarks; others are words that mean nothing here."""
        if self._prefix or self._power != 1:
            raise unknown(self._original, self._pieces[self._place - 1].text)
        if not self._waiting <= REMARKS:
            raise unknown(self._original, " ".join(sorted(self._waiting - REMARKS)))
        if self._waiting:
            self._found.append(Item("notes", wanted=set(self._waiting)))
            self._waiting.clear()

    def _sign(self, token: Token) -> None:
        self._place += 1
        if token.kind == "times" and token.text == "." and self._power != 1:
            return  # "sq. m"
        if token.kind in {"over", "times"}:
            self._settle()
        if token.kind == "number":
            self._number(token)
        elif token.kind == "power":
            self._raise(token.value)
        elif token.kind == "root":
            self._power *= _HALF
        elif token.kind == "over":
            self._found.append(Item("over"))
        self._after_comma = token.kind == "comma"
        if token.kind != "comma":
            self._adjacent = token.kind == "power"

    def _number(self, token: Token) -> None:
        value = token.value
        following = self._ahead(0)
        if following is not None and following.kind == "word":
            mark = qualifiers().get(f"{token.text} {following.text}".casefold())
            if mark is not None:
                self._place += 1
                self._give(frozenset({mark}))
                return
        if self._adjacent:
            raise unknown(self._original, token.text)  # "P-001" is a name
        if following is not None and following.kind == "power":
            self._place += 1
            if following.value.denominator != 1 or abs(following.value) > _HIGHEST_POWER:
                raise unknown(self._original, following.text)
            value = value ** int(following.value)
        if not value:
            raise unknown(self._original, token.text)
        self._found.append(Item("number", value=value))

    def _ahead(self, steps: int) -> Token | None:
        place = self._place + steps
        return self._pieces[place] if place < len(self._pieces) else None

    def _raise(self, power: Exponent) -> None:
        last = self._found[-1] if self._found else None
        raised = {"unit", "group"}
        if last is None or last.kind not in raised or not -_HIGHEST_POWER < power < _HIGHEST_POWER:
            raise unknown(self._original, str(power))
        last.options = tuple(_raised(one, power) for one in last.options)
        if last.kind == "group":
            last.power = whole(Fraction(last.power * power))

    def _word(self, token: Token) -> None:
        folded = token.text.casefold()
        if folded in PER or folded in RECIPROCAL:
            self._place += 1
            self._settle()
            self._adjacent = False
            self._found.append(Item("per" if folded in PER else "reciprocal"))
        elif not (
            self._to_the_power() or self._qualified_next() or self._unit() or self._modifier(folded)
        ):
            self._last_resort(token)

    def _words(self, most: int) -> tuple[str, ...]:
        """Return the words from here on that nothing but spaces and hyphens divides."""
        found: list[str] = []
        for token in self._pieces[self._place : self._place + most]:
            if token.kind != "word":
                break
            found.append(token.text)
        return tuple(found)

    def _unit(self) -> bool:
        """Read the longest name or symbol here."""
        words = self._words(_LONGEST_NAME)
        following = self._ahead(1)
        if following is not None and following.kind == "power":
            whole_symbol = lexicon().whole(f"{words[0]}^{following.value}")
            if whole_symbol:
                self._add(whole_symbol, 2)
                return True
        for size in range(len(words), 0, -1):
            options = meanings(words[:size])
            if self._qudt and size == 1:
                options = tuple(lexicon().qudt(words[0])) or options
            if options:
                self._add(options, size)
                return True
        return False

    def _add(self, options: Sequence[Option], size: int) -> None:
        first = self._pieces[self._place]
        if self._adjacent and (self._after_comma or self._is_prose(first.text, options)):
            raise unknown(self._original, first.text)
        item = Item("unit", tuple(self._prefixed(one) for one in options), self._power)
        item.wanted, item.text = set(self._waiting), first.text
        before = self._pieces[self._place - 1].kind if self._place else ""
        item.glued = first.glued and before in {"word", "power", "bracket"}
        self._found.append(item)
        self._place += size
        self._power, self._prefix, self._adjacent = 1, "", True
        self._waiting.clear()

    def _is_prose(self, word: str, options: Sequence[Option]) -> bool:
        """Whether a symbol that is an English word stands beside a unit that no inch is multiplied by."""
        pair = [  # "a" is an article, "A" the ampere
            one if len(one) == 1 else one.casefold() for one in (self._found[-1].text, word)
        ]
        if pair[0] in ENGLISH:
            return not any(one.head.id in _WITH_INCHES for one in options)
        return pair[1] in ENGLISH and len(pair[0]) >= _SHORTEST_COMPOUND

    def _prefixed(self, option: Option) -> Option:
        first = option.parts[0]
        if not self._prefix or first.prefix:
            return option
        parts = (Part(first.atom, self._prefix, first.exponent), *option.parts[1:])
        return replace(option, parts=parts)

    def _modifier(self, folded: str) -> bool:
        """Read a word that changes what stands beside it."""
        key = fold(folded)
        if self._is_after(key):
            self._raise((POWER_AFTER | POWER_BEFORE)[key])
        elif key in POWER_BEFORE:
            self._raise_next(key)
        elif key in ROOT:
            self._power *= _HALF
            self._adjacent = False
        elif folded in number_words():
            self._found.append(Item("number", value=number_words()[folded]))
            self._adjacent = False
        else:
            return self._qualifier()
        self._place += 1
        return True

    def _is_after(self, key: str) -> bool:
        """Whether a power word belongs to the unit before it: 秒平方, but not 库仑平方米."""
        if not self._adjacent or self._found[-1].kind != "unit":
            return False
        if key in POWER_AFTER and key not in POWER_BEFORE:
            return True
        following = self._ahead(1)
        word = following.text if following is not None and following.kind == "word" else ""
        ends = not word or word.casefold() in PER
        no_unit = ends or not (meanings((word,)) or _is_power(word))
        return (key in POWER_AFTER or key in POWER_BEFORE) and (ends if key.isascii() else no_unit)

    def _raise_next(self, key: str) -> None:
        if self._prefix:  # "kilo cubic foot" is a thousand cubic feet
            self._found.append(Item("number", value=prefix_size(self._prefix)))
            self._prefix = ""
        following = self._ahead(1)
        if following is not None and fold(following.text) in ROOT:
            self._place += 1
            self._power *= _HALF
        else:
            self._power *= POWER_BEFORE[key]
        self._adjacent = False

    def _to_the_power(self) -> bool:
        """Read "to the power minus one", "to the fourth power", "hoch vier"."""
        words = [fold(one) for one in self._words(_LONGEST_NAME)]
        if not self._found or words[:1] not in (["to"], ["hoch"]):
            return False
        used = 1
        while used < len(words) and words[used] in {"the", "power", "minus", "of", *ORDINAL}:
            used += 1
        said = [ORDINAL[one] for one in words[1:used] if one in ORDINAL]
        power: Exponent = said[0] if said else 0
        following = self._ahead(used)
        if not said and following is not None and following.kind == "number":
            power, used = following.value, used + 1
        if not power:
            return False
        self._raise(-power if "minus" in words[:used] else power)
        self._place += used
        return True

    def _qualified_next(self) -> bool:
        """Read a qualifier that is also a symbol, such as ``us`` before ``gallon``."""
        words = self._words(2)
        mark = qualifiers().get(words[0].casefold())
        if mark is None or len(words) == 1 or meanings(words):
            return False
        following = meanings(words[1:])
        if not any(mark in one.head.accepts for one in following):
            return False
        self._place += 1
        self._waiting.add(mark)
        return True

    def _qualifier(self) -> bool:
        """Read the longest qualifier here; it belongs to the unit before or else to the next."""
        words = self._words(LONGEST_QUALIFIER)
        for size in range(len(words), 0, -1):
            mark = qualifiers().get(" ".join(words[:size]).casefold())
            if mark is not None:
                self._give(frozenset({mark}))
                self._place += size
                return True
        return False

    def _give(self, marks: frozenset[str]) -> None:
        last = self._found[-1] if self._found and self._adjacent else None
        if last is not None and last.kind == "unit":
            fitting = frozenset[str]().union(*(one.head.accepts for one in last.options))
            if marks & fitting:
                last.wanted |= marks
                return
        if not self._found and not marks & _LEADING and marks <= REMARKS:
            raise unknown(self._original, " ".join(sorted(marks)))  # "Energy [Wh]" names no unit
        self._waiting |= marks

    def _last_resort(self, token: Token) -> None:
        """Read a compound word, a lone prefix, a word of no meaning, or a symbol in the wrong case."""
        text = token.text
        long_enough = len(text) >= _SHORTEST_COMPOUND or not text.isascii()
        glued = lexicon().glued(text) if long_enough else []
        prefix = prefix_named(text)
        if glued:
            self._add(glued, 1)
        elif prefix and not self._prefix and len(self._words(2)) > 1:
            self._prefix = prefix
            self._place += 1
        elif (size := self._before_group(text)) is not None:
            self._found.append(Item("number", value=size))
            self._place += 1
        elif (
            (text.casefold() in SILENT and self._found)
            or self._pressure(text)
            or self._with_kelvin(text)
        ):
            self._place += 1
        elif len(text) > 1 and (options := lexicon().caseless(text)):
            self._add(options[:_MOST_OPTIONS], 1)

    def _with_kelvin(self, text: str) -> bool:
        """Read ``kgK`` in ``kJ/kgK``, the one pair of symbols that is often run together."""
        first = meanings((text[:-1],)) if text.endswith("K") else ()
        if not lexicon().symbol(text[:-1]) or not first:
            return False
        self._add(first, 0)
        self._add(meanings(("K",)), 0)
        self._found[-1].glued = True
        return True

    def _before_group(self, text: str) -> Fraction | None:
        """Return the factor of a prefix before a bracket, as in ``k(ft³)``."""
        following = self._ahead(1)
        if following is None or following.kind != "bracket" or not following.glued:
            return None
        return next((one.size for one in prefixes() if text in one.symbols), None)

    def _pressure(self, text: str) -> bool:
        """Read ``kPaA``, ``barg`` or ``psia``: a unit of pressure with what it is measured against."""
        mark = ABSOLUTE.get(text[-1:].casefold())
        options = (lexicon().symbol(text[:-1]) or lexicon().caseless(text[:-1])) if mark else []
        if mark is None or not is_pressure(options):
            return False
        self._waiting.add(mark)
        self._add(options[:_MOST_OPTIONS], 0)
        return True

    def _bracket(self, token: Token) -> None:
        """Read a bracket: qualifiers, a remark on the unit before, an annotation, or a group."""
        after_unit = self._adjacent and self._found[-1].kind in {"unit", "group"}
        marks = self._pressure_mark(token.text) or marks_of(token.text)
        inner = self._inside(token.text) if token.text and not marks else ()
        if marks:
            self._place += 1
            self._give(marks)
            if after_unit and marks <= self._waiting:
                self._waiting -= marks
                self._found.append(Item("notes", wanted=set(marks)))
        elif token.mark == "{":
            self._place += 1
            counted = inner and inner[0].kind == frozenset({("count", 1)})
            note = Item("notes", wanted={token.text.casefold()})
            self._found.append(
                Item("group", groups=inner) if inner and (counted or not after_unit) else note
            )
        elif after_unit and inner:
            self._place += 1
            if not self._is_remark(inner):
                self._found.append(Item("notes", wanted={token.text.casefold()}))
        elif inner:
            self._place += 1
            self._found.append(Item("group", power=self._power, groups=inner))
            self._power, self._adjacent = 1, True

    def _pressure_mark(self, text: str) -> frozenset[str]:
        """Return what ``(a)`` or ``(g)`` behind a unit of pressure means."""
        last = self._found[-1] if self._found and self._adjacent else None
        mark = ABSOLUTE.get(text.casefold())
        if mark is None or last is None or not is_pressure(last.options):
            return frozenset()
        return frozenset({mark})

    def _is_remark(self, inner: Sequence[Reading]) -> bool:
        """Whether a bracket says the unit before it again, such as ``micrometre (micron)``."""
        before = self._so_far([one for one in self._found if one.kind != "notes"])
        return any(one.dimension == other.dimension for one in before for other in inner)


def _is_power(word: str) -> bool:
    return fold(word) in POWER_BEFORE


def _raised(option: Option, power: Exponent) -> Option:
    """Return a power of a meaning; behind a compound it belongs to the last unit: kgm² is kg·m²."""
    run_together = (
        power > 0 and not option.spelled and all(one.exponent == 1 for one in option.parts)
    )
    kept = option.parts[:-1] if run_together else ()
    parts = [
        Part(one.atom, one.prefix, whole(Fraction(one.exponent * power)))
        for one in option.parts[len(kept) :]
    ]
    return replace(option, parts=(*kept, *parts))
