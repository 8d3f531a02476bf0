"""Tokens to items: units with their powers and qualifiers, numbers, groups, and the signs between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Literal, TypeAlias

from qualweave.errors import UnknownUnit
from qualweave.unit_grammar.lexicon import Option, Part, fold, lexicon
from qualweave.unit_grammar.reading import Reading, prefix_size
from qualweave.unit_grammar.tables import Exponent, number_words, prefixes, qualifiers, whole
from qualweave.unit_grammar.tokens import Token

Kind: TypeAlias = Literal["unit", "group", "number", "per", "over", "reciprocal", "notes"]
_LONGEST_NAME = 6
_LONGEST_QUALIFIER = 4
_MOST_OPTIONS = 4
_HIGHEST_POWER = 99  # no plant has more, and sizes stay finite
_SHORTEST_COMPOUND = 4
_PER = {"per", "pro", "je", "每"}
_RECIPROCAL = {"reciprocal", "reziproke", "reziproker", "reziprokes", "inverse", "invers"}
_BEFORE = {
    "square": 2, "cubic": 3, "quartic": 4, "quintic": 5, "sextic": 6, "sq": 2, "cu": 3, "cub": 3,
    "平方": 2, "立方": 3, "二次方": 2, "三次方": 3, "四次方": 4, "quadrat": 2, "kubik": 3,
}  # fmt: skip
_AFTER = {
    "squared": 2, "cubed": 3, "quadrat": 2, "平方": 2, "立方": 3, "的平方": 2, "的立方": 3, "二次方": 2, "三次方": 3,
}  # fmt: skip
_ORDINAL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "first": 1, "second": 2, "third": 3, "fourth": 4,
    "fifth": 5, "sixth": 6, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6,
}  # fmt: skip
_ROOT = {"root", "sqrt", "wurzel"}
_SILENT = {"of", "the", "a", "in", "to", "der", "des", "的"}
_FUNCTION_WORDS = _PER | set(_BEFORE) | set(_AFTER) | _SILENT
_REMARKS = {"absolute", "gauge", "dry", "difference", "energy", "torque", "normal", "standard"}
_HALF = Fraction(1, 2)
_HIDDEN = 0.5  # ``pH`` as picohenry, where the whole is a symbol too
_ABSOLUTE = {"a": "absolute", "abs": "absolute", "g": "gauge", "ü": "gauge"}


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
    """

    kind: Kind
    options: tuple[Option, ...] = ()
    power: Exponent = 1
    value: Fraction = Fraction(1)
    groups: tuple[Reading, ...] = ()
    wanted: set[str] = field(default_factory=set)
    text: str = ""


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
                Option(one.parts, one.weight * scale, one.spelled),
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
    """

    def __init__(
        self,
        pieces: Sequence[Token],
        original: str,
        inside: Callable[[str], tuple[Reading, ...]],
        *,
        so_far: Callable[[list[Item]], tuple[Reading, ...]],
    ) -> None:
        self._pieces = _segmented(pieces)
        self._original = original
        self._inside = inside
        self._so_far = so_far
        self._place = 0
        self._found: list[Item] = []
        self._waiting: set[str] = set()
        self._power: Exponent = 1
        self._prefix = ""
        self._adjacent = False

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
        if self._prefix or self._power != 1:
            raise unknown(self._original, self._pieces[-1].text)
        if not self._waiting <= _REMARKS:
            raise unknown(self._original, " ".join(sorted(self._waiting - _REMARKS)))
        if self._waiting:
            self._found.append(Item("notes", wanted=set(self._waiting)))
        return self._found

    def _sign(self, token: Token) -> None:
        self._place += 1
        if token.kind == "number":
            self._number(token)
        elif token.kind == "power":
            self._raise(token.value)
        elif token.kind == "root":
            self._power *= _HALF
        elif token.kind == "over":
            self._found.append(Item("over"))
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
        last.power = whole(Fraction(last.power * power))

    def _word(self, token: Token) -> None:
        folded = token.text.casefold()
        if folded in _PER or folded in _RECIPROCAL:
            self._place += 1
            self._adjacent = False
            self._found.append(Item("per" if folded in _PER else "reciprocal"))
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
            if options:
                self._add(options, size)
                return True
        return False

    def _add(self, options: Sequence[Option], size: int) -> None:
        text = self._pieces[self._place].text
        ready = tuple(self._prefixed(one) for one in options)
        self._found.append(Item("unit", ready, self._power, wanted=set(self._waiting), text=text))
        self._place += size
        self._power, self._prefix, self._adjacent = 1, "", True
        self._waiting.clear()

    def _prefixed(self, option: Option) -> Option:
        first = option.parts[0]
        if not self._prefix or first.prefix:
            return option
        parts = (Part(first.atom, self._prefix, first.exponent), *option.parts[1:])
        return Option(parts, option.weight, option.spelled)

    def _modifier(self, folded: str) -> bool:
        """Read a word that changes what stands beside it."""
        key = fold(folded)
        if key in _AFTER and self._is_after(key):
            self._raise(_AFTER[key])
        elif key in _BEFORE:
            self._raise_next(key)
        elif key in _ROOT:
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
        following = self._ahead(1)
        return (
            key not in _BEFORE
            or following is None
            or following.kind != "word"
            or (not meanings((following.text,)))
        )

    def _raise_next(self, key: str) -> None:
        if self._prefix:  # "kilo cubic foot" is a thousand cubic feet
            self._found.append(Item("number", value=prefix_size(self._prefix)))
            self._prefix = ""
        following = self._ahead(1)
        if following is not None and fold(following.text) in _ROOT:
            self._place += 1
            self._power *= _HALF
        else:
            self._power *= _BEFORE[key]
        self._adjacent = False

    def _to_the_power(self) -> bool:
        """Read "to the power minus one", "to the fourth power", "hoch vier"."""
        words = [fold(one) for one in self._words(_LONGEST_NAME)]
        if not self._found or words[:1] not in (["to"], ["hoch"]):
            return False
        used = 1
        while used < len(words) and words[used] in {"the", "power", "minus", "of", *_ORDINAL}:
            used += 1
        said = [_ORDINAL[one] for one in words[1:used] if one in _ORDINAL]
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
        words = self._words(_LONGEST_QUALIFIER)
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
        self._waiting |= marks

    def _last_resort(self, token: Token) -> None:
        """Read a compound word, a lone prefix, a word of no meaning, or a symbol in the wrong case."""
        text = token.text
        long_enough = len(text) >= _SHORTEST_COMPOUND or not text.isascii()
        glued = lexicon().glued(text) if long_enough else []
        prefix = _prefix(text)
        if glued:
            self._add(glued, 1)
        elif prefix and not self._prefix and len(self._words(2)) > 1:
            self._prefix = prefix
            self._place += 1
        elif (size := self._before_group(text)) is not None:
            self._found.append(Item("number", value=size))
            self._place += 1
        elif (text.casefold() in _SILENT and self._found) or self._pressure(text):
            self._place += 1
        elif len(text) > 1 and (options := lexicon().caseless(text)):
            self._add(options[:_MOST_OPTIONS], 1)

    def _before_group(self, text: str) -> Fraction | None:
        """Return the factor of a prefix before a bracket, as in ``k(ft³)``."""
        following = self._ahead(1)
        if following is None or following.kind != "bracket" or not following.glued:
            return None
        return next((one.size for one in prefixes() if text in one.symbols), None)

    def _pressure(self, text: str) -> bool:
        """Read ``kPaA``, ``barg`` or ``psia``: a unit of pressure with what it is measured against."""
        mark = _ABSOLUTE.get(text[-1:].casefold())
        options = (lexicon().symbol(text[:-1]) or lexicon().caseless(text[:-1])) if mark else []
        if mark is None or not _is_pressure(options):
            return False
        self._waiting.add(mark)
        self._add(options[:_MOST_OPTIONS], 0)
        return True

    def _bracket(self, token: Token) -> None:
        """Read a bracket: qualifiers, a remark on the unit before, an annotation, or a group."""
        after_unit = self._adjacent and self._found[-1].kind in {"unit", "group"}
        marks = self._pressure_mark(token.text) or _marks(token.text)
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
        mark = _ABSOLUTE.get(text.casefold())
        if mark is None or last is None or not _is_pressure(last.options):
            return frozenset()
        return frozenset({mark})

    def _is_remark(self, inner: Sequence[Reading]) -> bool:
        """Whether a bracket says the unit before it again, such as ``micrometre (micron)``."""
        before = self._so_far([one for one in self._found if one.kind != "notes"])
        return any(one.dimension == other.dimension for one in before for other in inner)


def _is_pressure(options: Sequence[Option]) -> bool:
    heads = [one.head.quantity for one in options]
    return bool(heads) and heads[0] in {"pressure", "force"}


def _prefix(word: str) -> str:
    key = fold(word)
    return next((one.ucum for one in prefixes() if key in one.names or key == one.zh), "")


@lru_cache(maxsize=4096)
def _marks(text: str) -> frozenset[str]:
    """Return the qualifiers of a bracket, none where it says something else."""
    key = " ".join(text.casefold().split())
    table = qualifiers()
    if key in table:
        return frozenset({table[key]})
    parts = key.replace("/", " ").replace(",", " ").replace("-", " ").split()
    found: set[str] = set()
    while parts:
        for size in range(min(_LONGEST_QUALIFIER, len(parts)), 0, -1):
            mark = table.get(" ".join(parts[:size]))
            if mark is not None:
                found.add(mark)
                parts = parts[size:]
                break
        else:
            return frozenset()
    return frozenset(found)


@lru_cache(maxsize=65536)
def meanings(words: tuple[str, ...]) -> tuple[Option, ...]:
    """Return what a name or symbol of one or more words stands for."""
    known = lexicon()
    written = " ".join(words)
    options = [*known.whole(written), *known.name(words)]
    scale = _HIDDEN if options else 1.0
    if len(written) > 1:
        others = known.prefixed(written)
        options += [Option(one.parts, one.weight * scale, one.spelled) for one in others]
    if not options and len(words) == 1 and any(one.isupper() for one in written):
        options = known.qudt(written)
    seen: dict[tuple[Part, ...], Option] = {}
    for one in options:
        known_as = seen.setdefault(one.parts, one)
        if one.spelled and not known_as.spelled:
            seen[one.parts] = Option(one.parts, known_as.weight, spelled=True)
    return tuple(seen.values())


def _segmented(pieces: Sequence[Token]) -> list[Token]:
    """Return the tokens with Chinese runs cut into words."""
    found: list[Token] = []
    for one in pieces:
        if one.kind != "word" or one.text.isascii() or not _is_chinese(one.text):
            found.append(one)
            continue
        found += [Token("word", word) for word in _cut(one.text) or (one.text,)]
    return found


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= one <= "\u9fff" for one in text)


@lru_cache(maxsize=8192)
def _cut(text: str) -> tuple[str, ...]:
    """Return a Chinese run as words, the longest first word that leaves a readable rest."""
    for end in range(len(text), 0, -1):
        head = text[:end]
        readable = head in _FUNCTION_WORDS or head in number_words() or head in qualifiers()
        if not (readable or meanings((head,))):
            continue
        if end == len(text):
            return (head,)
        rest = _cut(text[end:])
        if rest:
            return (head, *rest)
    return ()
