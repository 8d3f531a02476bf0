"""The grammar: from a text, in symbols or words, to its readings.

Products by dots, signs, spaces or hyphens; quotients by ``/`` (the next unit only) or ``per``, ``pro``, ``je``,
``每`` (all that follows); powers raised, glued, as ``square …`` or ``… squared``; groups and qualifiers in brackets.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import islice, product
from typing import TypeAlias

from qualweave.errors import UnknownUnit
from qualweave.unit_grammar.items import Item, ItemReader, Meaning, unknown
from qualweave.unit_grammar.lexicon import Part, lexicon
from qualweave.unit_grammar.reading import Reading, merged
from qualweave.unit_grammar.tables import Exponent
from qualweave.unit_grammar.tokens import Token, plain, tokens

Choice: TypeAlias = Reading | Meaning
_LONGEST_TEXT = 160
_MOST_READINGS = 12
_MOST_OPTIONS = 4
_ALL_BELOW = 0.8  # readiness to read ``W/m K`` as W/(m·K)
_PER_TURNS = 0.7  # readiness to read "per" after "per" as up again
_OR = {"or", "oder", "或"}
_VALUED = {"unit", "group", "number"}


@lru_cache(maxsize=65536)
def readings(text: str) -> tuple[Reading, ...]:
    """Return what a text of a unit may mean, the likeliest first; ``()`` where it is no unit.

    >>> [str(one) for one in readings("kilogram per cubic metre")]
    ['kg/m³']
    >>> readings("毫米/分钟")[0].ucum, readings("Kilowattstunde")[0].ucum
    ('mm/min', 'kW.h')
    """
    try:
        return read(text)
    except UnknownUnit:
        return ()


def read(text: str) -> tuple[Reading, ...]:
    """Return what a text of a unit may mean, the likeliest first.

    Raises:
        UnknownUnit: Naming the word that is no unit.
    """
    ready = plain(text)
    if not ready or len(ready) > _LONGEST_TEXT:
        raise unknown(text[:_LONGEST_TEXT], text[:_LONGEST_TEXT])
    whole = lexicon().symbol(ready)
    if whole:
        return _built([Item("unit", tuple(whole[:_MOST_OPTIONS]))])
    pieces = tokens(ready, lambda piece: bool(lexicon().symbol(piece)))
    if not pieces:
        raise unknown(text, ready)
    found = [one for side in _alternatives(pieces) if side for one in _of(side, text)]
    if " / " in ready and found and all(one.over == one.under != () for one in found):
        found = [one for side in ready.split(" / ") for one in readings(side)] or found
    best = sorted(found, key=lambda one: -one.weight)
    return tuple(dict.fromkeys(best))[:_MOST_READINGS]


def _of(pieces: Sequence[Token], text: str) -> tuple[Reading, ...]:
    items = ItemReader(pieces, text, readings, so_far=_built).items()
    if not any(one.kind in _VALUED for one in items):
        raise unknown(text, text)
    return _built(items)


def _alternatives(pieces: Sequence[Token]) -> list[list[Token]]:
    """Return the texts on either side of "or"."""
    found: list[list[Token]] = [[]]
    for one in pieces:
        if one.kind == "word" and one.text.casefold() in _OR:
            found.append([])
        else:
            found[-1].append(one)
    return found


def _built(items: Sequence[Item]) -> tuple[Reading, ...]:
    """Return the readings of items: each choice of meanings, each usual order of division."""
    choices: list[Sequence[Choice]] = [
        one.groups or Meaning.of(one) for one in items if one.kind in {"unit", "group"}
    ]
    found = (
        _reading(items, choice, signs, weight)
        for signs, weight in _orders(items)
        for choice in islice(product(*choices), _MOST_READINGS)
    )
    return tuple(sorted(found, key=lambda one: -one.weight)[:_MOST_READINGS])


def _orders(items: Sequence[Item]) -> list[tuple[list[int], float]]:
    """Return the sign of each unit, group and number, in every usual order of division."""
    found = [(_signs(items), 1.0)]
    if any(one.kind == "over" for one in items):
        below = _signs(items, all_below=True)
        if below != found[0][0]:
            found.append((below, _ALL_BELOW))
    if sum(one.kind == "per" for one in items) > 1:
        found.append((_signs(items, turning=True), _PER_TURNS))
    return found


def _signs(items: Sequence[Item], *, all_below: bool = False, turning: bool = False) -> list[int]:
    signs, sign, once = list[int](), 1, False
    for one in items:
        if one.kind in {"per", "reciprocal"}:
            sign, once = (-sign if turning and one.kind == "per" else -1), False
        elif one.kind == "over" and (sign > 0 or once):
            sign, once = -1, not all_below
        elif one.kind in _VALUED:
            signs.append(sign)
            if once and one.kind != "number":
                sign, once = 1, False
    return signs


def _reading(
    items: Sequence[Item], choice: Sequence[Choice], signs: Sequence[int], weight: float
) -> Reading:
    order: list[Part] = []
    number, notes, spelled = Fraction(1), set[str](), True
    chosen, signed = iter(choice), iter(signs)
    for item in items:
        if item.kind == "notes":
            notes |= item.wanted
        elif item.kind == "number":
            number *= item.value ** next(signed)
        elif item.kind in _VALUED:
            power: Exponent = next(signed) * item.power
            one = next(chosen)
            if isinstance(one, Reading):
                number *= one.multiplier ** int(power)
                weight, spelled = weight * one.weight, spelled and one.spelled
            else:
                weight, spelled = weight * one.option.weight, spelled and one.option.spelled
            notes |= one.notes if isinstance(one, Reading) else one.left
            order += _raised(_parts(one), power)
    if not order and number == 1:
        order = _ones(items, signs)
    over = merged(one for one in order if one.exponent > 0)
    return Reading(
        over, merged(_below(order)), number, frozenset(notes), weight, spelled, tuple(order)
    )


def _parts(one: Choice) -> list[tuple[Part, Exponent]]:
    if isinstance(one, Reading):
        over = [(part, part.exponent) for part in one.over]
        return over + [(part, -part.exponent) for part in one.under]
    return [(part, part.exponent) for part in one.option.parts]


def _raised(parts: Sequence[tuple[Part, Exponent]], power: Exponent) -> list[Part]:
    return [
        part if own * power == part.exponent else Part(part.atom, part.prefix, own * power)
        for part, own in parts
    ]


def _below(parts: Sequence[Part]) -> list[Part]:
    return [Part(one.atom, one.prefix, -one.exponent) for one in parts if one.exponent < 0]


def _ones(items: Sequence[Item], signs: Sequence[int]) -> list[Part]:
    """Return the unit one for each number: ``1`` is one, ``1/1`` one per one."""
    one = lexicon().name(("one",))[0].head
    valued = [item for item in items if item.kind in _VALUED]
    count = [sign for item, sign in zip(valued, signs, strict=True) if item.kind == "number"]
    return [Part(one, exponent=sign) for sign in count]
