"""What a text tells of a trouble beside its name: part, place, severity, time, quantities, and numbers of things.

Words come from ``details.tsv`` and from the ontology's physical objects; quantities are read with the house's units and
keep their original spelling; identifiers are only found here: whether a serial is known is asked of the graph.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

from qualweave.errors import JsonValue
from qualweave.mappers.texts.clauses import Sentence
from qualweave.mappers.texts.folding import Folded
from qualweave.mappers.texts.states import Place
from qualweave.mappers.texts.wording import compiled_expression
from qualweave.values import find_unit

DetailKind: TypeAlias = Literal[
    "part", "place", "severity", "time", "quantity", "count", "identifier"
]
_KINDS: dict[str, DetailKind] = {
    "part": "part",
    "place": "place",
    "severity": "severity",
    "time": "time",
}
_OF_TEXT: tuple[DetailKind, ...] = ("identifier", "time")
_LOOKED = 40  # details on either side among which the nearest is looked for
_ORDER = ("identifier", "time", "quantity", "count", "severity", "place", "part")
_NUMBER = r"[-+±]?\d{1,15}(?:[.,]\d{1,15})?"
_QUANTITY = re.compile(rf"(?<![a-z0-9_.])({_NUMBER})\s?([^\s\d,;:.!?，。；、()（）]{{1,9}})")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[t ]\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|\d{4}年\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}月\d{1,2}[日号]"
    r"|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})"
    r"|\b\d{1,2}:\d{2}(?:\s?(?:uhr|am|pm))?|\d{1,2}\s?uhr"
)
_COUNTED = (
    r"件|个|只|台|颗|根|片|块|条|处|道|套|次|pcs|pc|pieces|parts|units|times|stueck|stk|teile|mal"
)
_COUNT = re.compile(
    rf"(?<![a-z0-9_.])(\d{{1,15}}|[一二两三四五六七八九十]{{1,5}})\s?({_COUNTED})(?![a-z])"
)
_NAMED_CODE = re.compile(
    r"(?:s/?n|serial(?:\s?(?:number|no\.?))?|序列号|编号|批号|批次号?|条码|单号|料号|seriennummer|charge|los|lot|batch|"
    r"order|auftrag|ticket|part\s?no\.?|teilenummer)\s*[:#.]?\s*([a-z0-9][a-z0-9\-_/.]{3,39})"
)
_CODE = re.compile(
    r"(?<![a-z0-9])(?=[a-z0-9\-_/]{0,40}?\d)[a-z]{1,6}[\-_/]?\d[a-z0-9\-_/]{3,38}(?![a-z0-9])"
)
_HAN_DIGITS = {one: at for at, one in enumerate("零一二三四五六七八九十")} | {"两": 2}
_NOT_UNITS = frozenset(
    "d 号 机 线 班 月 日 年 周 次 of in on at to from and or mit und der die das am im".split()  # noqa: SIM905 - words
)


@dataclass(frozen=True)
class Detail:
    """One thing that a text tells beside the name of a trouble; places in the original text.

    Attributes:
        kind: What it is.
        start: First character.
        end: Behind the last.
        words: As written.
        value: Number of a quantity or count, in ``unit``.
        unit: UCUM code of the unit of a quantity.
        term: IRI of the class that a part names, where the ontology has it.
        known: IRI of the thing in the graph that an identifier names, ``""`` where there is none; None before
            anybody looked.
    """

    kind: DetailKind
    start: int
    end: int
    words: str
    value: float | None = None
    unit: str = ""
    term: str = ""
    known: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values; what it does not have is left out."""
        told: dict[str, JsonValue] = {
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "words": self.words,
        }
        more = {"value": self.value, "known": self.known}
        told |= {name: one for name, one in more.items() if one is not None}
        return told | {name: one for name, one in (("unit", self.unit), ("term", self.term)) if one}


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[DetailKind, str, re.Pattern[str]], ...]:
    body = files("qualweave.mappers.texts").joinpath("details.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in body.splitlines() if line and not line.startswith("#"))
    return tuple(
        (_KINDS[kind], language, compiled_expression(one, language))
        for kind, language, said in rows
        for one in said.split(";")
    )


def details(
    text: Folded, sentences: Sequence[Sentence], parts: Sequence[tuple[re.Pattern[str], str]] = ()
) -> tuple[Detail, ...]:
    """Return what a text tells beside its troubles, in order, no two over each other.

    Args:
        text: The text.
        sentences: Of it.
        parts: Further patterns of parts with the IRI of their class.
    """
    found = [
        *_codes(text),
        *_dates(text),
        *_amounts(text),
        *_words(text, sentences),
        *_classes(text, parts),
    ]
    return _apart(found)


def _detail(kind: DetailKind, text: Folded, start: int, end: int) -> Detail:
    first, last = text.span(start, end)
    return Detail(kind, first, last, text.original[first:last])


def _codes(text: Folded) -> Iterator[Detail]:
    for hit in _NAMED_CODE.finditer(text.text):
        if re.search(r"\d", hit.group(1)):
            end = hit.start(1) + len(hit.group(1).rstrip(".-/"))
            yield _detail("identifier", text, hit.start(1), end)
    for hit in _CODE.finditer(text.text):
        yield _detail("identifier", text, *hit.span())


def _dates(text: Folded) -> Iterator[Detail]:
    return (_detail("time", text, *hit.span()) for hit in _DATE.finditer(text.text))


def _amounts(text: Folded) -> Iterator[Detail]:
    for hit in _COUNT.finditer(text.text):
        digits = hit.group(1)
        value = float(digits) if digits.isdecimal() else float(_HAN_DIGITS.get(digits, 0))
        yield replace(_detail("count", text, *hit.span()), value=value or None)
    for hit in _QUANTITY.finditer(text.text):
        found = _unit(text, hit.start(2), hit.end(2))
        if found is None:
            continue
        end, unit = found
        number = hit.group(1).lstrip("±").replace(",", ".")
        yield replace(_detail("quantity", text, hit.start(1), end), value=float(number), unit=unit)


def _unit(text: Folded, start: int, end: int) -> tuple[int, str] | None:
    """Return the end and the code of the longest unit that begins at a place, as it was written."""
    for last in range(end, start, -1):
        folded = text.text[start:last]
        if folded in _NOT_UNITS or (
            text.text[last : last + 1].isascii() and text.text[last : last + 1].isalpha()
        ):
            continue
        unit = find_unit(text.words(start, last))
        if unit is not None:
            return last, unit.ucum
    return None


def _words(text: Folded, sentences: Sequence[Sentence]) -> Iterator[Detail]:
    for sentence in sentences:
        for kind, language, regex in _table():
            if language not in (sentence.language, "en"):
                continue
            for hit in regex.finditer(text.text, sentence.start, sentence.end):
                if hit.end() > hit.start():
                    yield _detail(kind, text, *hit.span())


def _classes(text: Folded, parts: Iterable[tuple[re.Pattern[str], str]]) -> Iterator[Detail]:
    for regex, term in parts:
        for hit in regex.finditer(text.text):
            yield replace(_detail("part", text, *hit.span()), term=term)


def _apart(found: Iterable[Detail]) -> tuple[Detail, ...]:
    """Return details without those that lie in a surer or longer one."""
    kept: list[Detail] = []
    taken: set[int] = set()
    ranked = sorted(
        found,
        key=lambda one: (
            _ORDER.index(one.kind) > 1,
            one.start - one.end,
            _ORDER.index(one.kind),
            not one.term,
        ),
    )
    for one in ranked:
        if taken.isdisjoint(range(one.start, one.end)):
            taken.update(range(one.start, one.end))
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))


@dataclass(frozen=True)
class Reach:
    """How far a mention looks for details; ends in the original text.

    Attributes:
        clause: Its clause, for what stands beside it.
        sentence: Its sentence, for times and identifiers.
    """

    clause: tuple[int, int]
    sentence: tuple[int, int]


def belonging(
    found: Sequence[Detail], place: tuple[int, int], reach: Reach, others: Sequence[Place]
) -> tuple[Detail, ...]:
    """Return the details that belong to one mention.

    Those are the nearest of each kind in its clause, and every time and identifier of its sentence; where the sentence
    has none of them, the nearest of the text: a complaint names its serial once.

    Args:
        found: Every detail of the text, in order.
        place: Ends of the mention, in the original.
        reach: How far it looks.
        others: Mentions of the sentence, in the original; a detail between two belongs to the nearer.
    """
    clause, sentence = reach.clause, reach.sentence
    first = bisect_left(found, min(clause[0], sentence[0]), key=lambda one: one.start)
    last = bisect_left(found, max(clause[1], sentence[1]), key=lambda one: one.start)
    near = found[first:last]
    whole = [one for one in near if one.kind in _OF_TEXT]
    told = {one.kind for one in whole}
    whole += [
        one for kind in _OF_TEXT if kind not in told for one in _nearest(found, kind, place, first)
    ]
    chosen: dict[DetailKind, Detail] = {}
    for one in near:
        if one.kind in _OF_TEXT or not (clause[0] <= one.start and one.end <= clause[1]):
            continue
        gap = _gap(one, place)
        if any(_gap(one, (other.start, other.end)) < gap for other in others):
            continue
        if one.kind not in chosen or gap < _gap(chosen[one.kind], place):
            chosen[one.kind] = one
    return tuple(sorted([*chosen.values(), *whole], key=lambda one: one.start))


def _nearest(
    found: Sequence[Detail], kind: DetailKind, place: tuple[int, int], at: int
) -> list[Detail]:
    """Return the nearest detail of a kind before and behind a place in the list, at most one."""
    around = [*found[max(0, at - _LOOKED) : at][::-1], *found[at : at + _LOOKED]]
    alike = [one for one in around if one.kind == kind]
    return [min(alike, key=lambda one: _gap(one, place))] if alike else []


def _gap(one: Detail, place: tuple[int, int]) -> int:
    return max(one.start - place[1], place[0] - one.end, 0)
