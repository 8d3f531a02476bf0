"""Whether a mention is claimed: present, denied, uncertain, or past and resolved; with the words that say so.

The cues stand in ``cues.tsv``, with the side on which they stand and how far they reach. The idea of cues with scope is
that of NegEx (Chapman et al. 2001, A simple algorithm for identifying negated findings) and ConText (Harkema et al.
2009); clauses, German and Chinese reach and resolution across clauses are ours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

from qualweave.mappers.texts.clauses import Clause, Sentence, number_at
from qualweave.mappers.texts.wording import compiled_expression

State: TypeAlias = Literal["present", "negated", "uncertain", "resolved"]
_Side: TypeAlias = Literal["before", "after"]
_TURNED: tuple[State, ...] = ("resolved", "negated", "uncertain")
_LIST = re.compile(r"\b(?:or|nor|oder|noch|und|and)\b|[、或和及]")
_FREE = re.compile(r"[\s\-]?(?:free|frei(?:e|en|es|er)?)\b")


@dataclass(frozen=True)
class Verdict:
    """What a text says of a mention's being there.

    Attributes:
        state: The state.
        cue: Place of the words that say so, in the folded text; None where nothing does.
    """

    state: State = "present"
    cue: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Cue:
    kind: str
    language: str
    side: _Side
    reach: int
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Place:
    """Where a mention stands, in the folded text: its ends, and the pieces that are its words."""

    start: int
    end: int
    pieces: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def _cues() -> tuple[_Cue, ...]:
    body = files("qualweave.mappers.texts").joinpath("cues.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in body.splitlines() if line and not line.startswith("#"))
    return tuple(
        _Cue(kind, language, "after" if side == "after" else "before", int(reach), regex)
        for kind, language, side, reach, said in rows
        for regex in (compiled_expression(one, language) for one in said.split(";"))
    )


def verdict(
    folded: str, sentences: Sequence[Sentence], place: Place, others: Sequence[Place]
) -> Verdict:
    """Return whether a mention is claimed.

    Args:
        folded: The folded text.
        sentences: Of it.
        place: The mention.
        others: Mentions of its sentence and of the one behind it, at least.
    """
    sentence = sentences[number_at(sentences, place.start)]
    clause = _clause_of(sentence, place)
    view = _View(folded, sentence, clause, place, others)
    for state in _TURNED:
        cue = view.find(state)
        if cue is None and state == "negated":
            cue = view.free() or view.in_list()
        if cue is None and state == "resolved":
            cue = view.resolved_later() or _next_sentence(folded, sentences, sentence, others)
        if cue is not None:
            over = view.find("past") if state == "negated" else None
            return Verdict("resolved", over) if over else Verdict(state, cue)
    if sentence.asks and not view.wonders():
        return Verdict("uncertain", (sentence.end - 1, sentence.end))
    return Verdict()


def _clause_of(sentence: Sentence, place: Place) -> Clause:
    inside = [one for one in sentence.clauses if one.start <= place.start < one.end]
    return inside[0] if inside else sentence.clauses[0]


@dataclass(frozen=True)
class _View:
    folded: str
    sentence: Sentence
    clause: Clause
    place: Place
    others: Sequence[Place]

    def find(self, kind: str) -> tuple[int, int] | None:
        """Return the place of the nearest cue of a kind that reaches the mention."""
        found = [
            hit
            for cue in _cues()
            if cue.kind == kind and cue.language == self.sentence.language
            for hit in self._hits(cue)
        ]
        return min(found, key=self._distance, default=None)

    def _distance(self, span: tuple[int, int]) -> tuple[int, int]:
        gap = max(self.place.start - span[1], span[0] - self.place.end, 0)
        return gap, span[0] - span[1]

    def _hits(self, cue: _Cue) -> Iterator[tuple[int, int]]:
        for hit in cue.regex.finditer(
            self.folded, self.clause.start, max(self.clause.end, self.place.end)
        ):
            start, end = hit.span()
            if self._is_own(start, end) or not self._reaches(cue, start, end):
                continue
            if cue.kind == "resolved" and self._is_undone(start):
                continue
            if cue.kind == "negated" and (self._is_idle(start) or self._denies_an_end(end)):
                continue
            yield start, end

    def _is_own(self, start: int, end: int) -> bool:
        """Whether a cue is part of the words of a mention: ``does not close`` denies nothing."""
        return any(
            start < last and first < end for one in self.others for first, last in one.pieces
        )

    def _reaches(self, cue: _Cue, start: int, end: int) -> bool:
        if cue.side == "before" and end <= self.place.start + 1:
            between = (end, self.place.start)
        elif cue.side == "after" and start >= self.place.pieces[0][1] - 1:
            between = (min(self.place.end, start), start)
        else:
            return False
        gap = self.folded[between[0] : between[1]]
        size = (
            len(gap.strip())
            if self.sentence.language == "zh"
            else len(re.findall(r"[a-z0-9]+", gap))
        )
        if cue.reach and size > cue.reach:
            return False
        return not self._broken(*between) and not self._other_claims(cue, *between)

    def _broken(self, start: int, end: int) -> bool:
        return any(
            one.regex.search(self.folded, start, end)
            for one in _cues()
            if one.kind == "breaks" and one.language == self.sentence.language
        )

    def _other_claims(self, cue: _Cue, start: int, end: int) -> bool:
        """Whether a mention between cue and mention takes the cue for itself: no list joins the two."""
        between = [one for one in self.others if start <= one.start and one.end <= end]
        if not between or cue.kind == "uncertain":
            return False
        rest = self.folded[start:end]
        return _LIST.search(rest) is None

    def _denies_an_end(self, end: int) -> bool:
        """Whether what is denied is that the trouble is over: ``is not fixed``."""
        return any(
            one.regex.search(self.folded, end, min(end + 12, self.clause.end))
            for one in _cues()
            if one.kind in ("resolved", "ends") and one.language == self.sentence.language
        )

    def _is_idle(self, start: int) -> bool:
        return any(
            hit.start() <= start < hit.end()
            for one in _cues()
            if one.kind in ("idle", "uncertain") and one.language == self.sentence.language
            for hit in one.regex.finditer(self.folded, self.clause.start, self.clause.end)
        )

    def _is_undone(self, start: int) -> bool:
        head = self.folded[max(self.clause.start, start - 14) : start]
        size = 3 if self.sentence.language == "zh" else 14
        return any(
            one.regex.search(head[-size:])
            for one in _cues()
            if one.kind == "undoes" and one.language == self.sentence.language
        )

    def free(self) -> tuple[int, int] | None:
        """Return the place of a ``-free`` right behind the mention."""
        hit = _FREE.match(self.folded, self.place.end)
        return hit.span() if hit else None

    def in_list(self) -> tuple[int, int] | None:
        """Return the cue of a denied list to which the mention belongs: ``no scratches, dents or burrs``."""
        clauses = list(self.sentence.clauses)
        at = clauses.index(self.clause)
        if not at or self.clause.contrast or not self._is_bare(self.clause):
            return None
        last = next(
            (one for one in clauses[at:] if _LIST.search(self.folded[one.start : one.end])), None
        )
        if last is None:
            return None
        before = clauses[at - 1]
        inside = [one for one in self.others if before.start <= one.start < before.end]
        if not inside:
            return None
        former = _View(self.folded, self.sentence, before, inside[-1], self.others)
        return former.find("negated") or (former.in_list() if at > 1 else None)

    def _is_bare(self, clause: Clause) -> bool:
        """Whether a clause holds nothing but mentions and what joins them."""
        rest = list(self.folded[clause.start : clause.end])
        for one in self.others:
            for first, last in one.pieces:
                for at in range(max(first, clause.start), min(last, clause.end)):
                    rest[at - clause.start] = " "
        return not re.sub(r"[^a-z\u3400-\u9fff]", "", _LIST.sub("", "".join(rest)))

    def resolved_later(self) -> tuple[int, int] | None:
        """Return the cue of a later clause that names no trouble of its own and says this one is over."""
        clauses = [one for one in self.sentence.clauses if one.start > self.place.start]
        for clause in clauses:
            if any(clause.start <= one.start < clause.end for one in self.others):
                return None
            hit = _resolution(self.folded, self.sentence.language, clause.start, clause.end)
            if hit:
                return hit
        return None

    def wonders(self) -> bool:
        """Whether the sentence asks why or when: it takes the trouble for granted."""
        starts = {
            re.compile(r"\s*").match(self.folded, one.start).end()  # type: ignore[union-attr] # it matches anything
            for one in self.sentence.clauses
        }
        return any(
            hit.start() in starts or self.sentence.language == "zh"
            for one in _cues()
            if one.kind == "wonders" and one.language == self.sentence.language
            for hit in one.regex.finditer(self.folded, self.sentence.start, self.sentence.end)
        )


def _resolution(folded: str, language: str, start: int, end: int) -> tuple[int, int] | None:
    for cue in _cues():
        if cue.kind != "resolved" or cue.language != language or cue.side != "after":
            continue
        hit = cue.regex.search(folded, start, end)
        if hit is None:
            continue
        head = folded[max(start, hit.start() - (3 if language == "zh" else 14)) : hit.start()]
        undone = any(
            one.regex.search(head)
            for one in _cues()
            if one.kind == "undoes" and one.language == language
        )
        if not undone:
            return hit.span()
    return None


def _next_sentence(
    folded: str, sentences: Sequence[Sentence], sentence: Sentence, others: Sequence[Place]
) -> tuple[int, int] | None:
    """Return the cue of the sentence behind that only says it is over, as in ``Leak at the valve. Fixed.``."""
    at = number_at(sentences, sentence.start)
    if at + 1 >= len(sentences):
        return None
    after = sentences[at + 1]
    body = folded[after.start : after.end]
    size = len(body) if after.language == "zh" else 2 * len(re.findall(r"[a-z]+", body))
    names = any(after.start <= one.start < after.end for one in others)
    if names or size > 12:  # noqa: PLR2004 - more words speak of something of their own
        return None
    return _resolution(folded, after.language, after.start, after.end)
