"""`TextReader`: a text in Chinese, English, German or all of them, to candidate concepts with places (R80).

Every concept that is named becomes a candidate with its place in the original text, whether it is claimed, who speaks,
and what is told of it. Words decide; where a sentence names nothing, the concepts nearest in meaning are offered and
marked as offers, which count as nothing until a person takes one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rdflib import Graph, URIRef

from qualweave.errors import InputError, JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import Q, local_name
from qualweave.mappers.texts.clauses import Sentence, number_at, sentences
from qualweave.mappers.texts.details import Detail, Reach, belonging, details
from qualweave.mappers.texts.folding import Folded, fold
from qualweave.mappers.texts.spelling import Speller
from qualweave.mappers.texts.states import Place, State, verdict
from qualweave.mappers.texts.viewpoint import Told, Viewpoint, viewpoint
from qualweave.mappers.texts.wording import (
    HAN,
    Pattern,
    Source,
    expression_patterns,
    name_patterns,
)
from qualweave.ontology.terms import Term, TermIndex

LONGEST = 200_000
"""Characters of one text; a longer document is read page by page."""

_SURENESS: Mapping[Source, float] = {
    "name": 0.95,
    "inflected": 0.9,
    "compound": 0.85,
    "expression": 0.85,
    "spelling": 0.6,
}
_STATES = ("ToolState", "EquipmentState", "RootCause", "EquipmentDeviation")
_NEAR = re.compile(r"(?:[\s\-]+[a-z]+){0,3}[\s\-]+|[的地得很]?")
"""What stands between two words of one trouble."""
_PART_ROOTS = ("Component", "EquipmentComponent", "Resource")
_GENERAL = frozenset({"Defect", "FunctionalDefect", "SurfaceDefect", "MaterialDefect", "RootCause"})


@dataclass(frozen=True)
class Candidate:
    """A concept that a text names; places are characters of the original text.

    Attributes:
        term: IRI of the concept.
        alternatives: IRIs of further concepts that the same words name.
        start: First character.
        end: Behind the last.
        pieces: The words that count, where they are spread over a clause.
        words: The text from start to end.
        state: Whether it is claimed; only ``"present"`` counts as being there.
        cue: Place of the words that turn the state.
        viewpoint: Who speaks.
        details: What is told of it.
        confidence: From 0 to 1.
        source: How the words name the concept.
        said: Name or expression that matched, as its table writes it.
    """

    term: str
    alternatives: tuple[str, ...]
    start: int
    end: int
    pieces: tuple[tuple[int, int], ...]
    words: str
    state: State
    cue: tuple[int, int] | None
    viewpoint: Told
    details: tuple[Detail, ...]
    confidence: float
    source: Source
    said: str

    def to_json(self, terms: TermIndex) -> dict[str, JsonValue]:
        """Return the candidate as JSON values."""
        return {
            "term": self.term,
            "name": {one: terms.name_of(self.term, one) for one in ("en", "zh")},
            "alternatives": list(self.alternatives),
            "start": self.start,
            "end": self.end,
            "pieces": [list(one) for one in self.pieces],
            "words": self.words,
            "state": self.state,
            "cue": list(self.cue) if self.cue else None,
            "viewpoint": self.viewpoint.to_json(),
            "details": [one.to_json() for one in self.details],
            "confidence": self.confidence,
            "evidence": [self.evidence(terms).to_json()],
        }

    def evidence(self, terms: TermIndex) -> Evidence:
        """Return why the words name the concept."""
        name = {one: terms.name_of(self.term, one) for one in ("en", "zh")}
        return Evidence(
            kind="words",
            statement={
                "en": f"'{self.words}' names {name['en']} ({self.source}: {self.said}); it is {self.state}.",
                "zh": f"“{self.words}”指{name['zh']}（{self.source}：{self.said}）；状态：{self.state}。",
            },
            weight=self.confidence,
            sources=(self.term,),
            rule=f"texts:{self.source}",
        )


@dataclass(frozen=True)
class TextReading:
    """What a text names.

    Attributes:
        text: The text as it was given.
        languages: Languages of its sentences, the most frequent first.
        candidates: In the order of their places.
        details: Everything told beside them.
        silent: Ends of the sentences that name nothing, in the original text.
    """

    text: str
    languages: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    details: tuple[Detail, ...]
    silent: tuple[tuple[int, int], ...]

    @property
    def present(self) -> tuple[Candidate, ...]:
        """The candidates that the text claims."""
        return tuple(one for one in self.candidates if one.state == "present")

    def to_json(self, terms: TermIndex) -> dict[str, JsonValue]:
        """Return the reading as JSON values."""
        return {
            "text": self.text,
            "languages": list(self.languages),
            "candidates": [one.to_json(terms) for one in self.candidates],
            "details": [one.to_json() for one in self.details],
            "silent": [list(one) for one in self.silent],
        }


@dataclass(frozen=True)
class _Found:
    pattern: Pattern
    terms: tuple[str, ...]
    place: Place


@dataclass
class _Board:
    """Characters that mentions have taken."""

    taken: set[int] = field(default_factory=set)

    def free(self, pieces: Iterable[tuple[int, int]]) -> bool:
        return not any(at in self.taken for one in pieces for at in range(*one))

    def take(self, pieces: Iterable[tuple[int, int]]) -> None:
        self.taken.update(at for one in pieces for at in range(*one))


class TextReader:
    """Reads texts against an ontology.

    Args:
        terms: Its terms.
        graph: Its triples, for the causal links that decide between two concepts of one word.
        plain: Only find names as they are written, the longest first: the yardstick of the benchmark.
    """

    def __init__(self, terms: TermIndex, graph: Graph, *, plain: bool = False) -> None:
        self._terms = terms
        self._plain = plain
        self._links = _links(graph)
        named = [one for one in terms if _is_trouble(one, terms)]
        self._patterns = _ordered(_patterns(named, terms, plain=plain))
        self._speller = Speller(named, terms)

    @cached_property
    def _parts(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        named = {one for root in _PART_ROOTS for one in self._terms.descendants(Q + root)}
        found = (self._terms.by_iri(one) for one in sorted(named))
        return tuple(
            (pattern.regex, term.iri)
            for term in found
            for language, names in _spoken(term)
            for name in names
            for pattern in name_patterns(term.iri, name, language)
            if pattern.source == "name"
        )

    def read(
        self, text: str, *, language: str = "", record: Viewpoint | Literal[""] = ""
    ) -> TextReading:
        """Return what a text names.

        Args:
            text: One or many sentences.
            language: Of it, where it is told.
            record: Viewpoint of the record that holds it, where its kind tells.

        Raises:
            InputError: If it is empty, or longer than `LONGEST`.
        """
        _check(text)
        folded = fold(text)
        told = sentences(folded.text, known=language)
        found = self._find(folded.text, told)
        near = _by_sentence(told, [one.place for one in found])
        around = details(folded, told, () if self._plain else self._parts)
        context = {one for some in found for one in some.terms}
        made = tuple(
            self._candidate(folded, told, one, near, around=around, context=context, record=record)
            for one in found
        )
        silent = [
            folded.span(one.start, one.end)
            for one, held in zip(told, near, strict=True)
            if not held
        ]
        tongues = [one.language for one in told]
        ordered = sorted(set(tongues), key=lambda one: (-tongues.count(one), one))
        return TextReading(text, tuple(ordered), made, around, tuple(silent))

    def _find(self, folded: str, told: Sequence[Sentence]) -> list[_Found]:
        board = _Board()
        found: list[_Found] = []
        for pattern, terms in self._patterns:
            if pattern.anchors and not any(one in folded for one in pattern.anchors):
                continue
            for place in _places(pattern, folded, told):
                if not board.free(place.pieces):
                    continue
                board.take(place.pieces)
                if terms:
                    found.append(_Found(pattern, terms, place))
        if not self._plain:
            for pattern, terms, place in self._speller.find(folded, board.taken):
                board.take(place.pieces)
                found.append(_Found(pattern, terms, place))
        ordered = sorted(found, key=lambda one: (one.place.start, one.place.end))
        return ordered if self._plain else _merged(folded, ordered)

    def _candidate(
        self,
        folded: Folded,
        told: Sequence[Sentence],
        found: _Found,
        near: Sequence[Sequence[Place]],
        *,
        around: Sequence[Detail],
        context: set[str],
        record: Viewpoint | Literal[""],
    ) -> Candidate:
        place = found.place
        chosen, *others = self._chosen(found.terms, context)
        at = number_at(told, place.start)
        sentence = told[at]
        turned = verdict(
            folded.text, told, place, [one for some in near[at : at + 2] for one in some]
        )
        start, end = folded.span(place.start, place.end)
        clause = next(
            (one for one in sentence.clauses if one.start <= place.start < one.end), sentence
        )
        reach = Reach(
            folded.span(clause.start, max(clause.end, place.end)),
            folded.span(sentence.start, sentence.end),
        )
        spans = [Place(*folded.span(one.start, one.end), ()) for one in near[at]]
        return Candidate(
            term=chosen,
            alternatives=tuple(others),
            start=start,
            end=end,
            pieces=_joined(folded.span(*one) for one in place.pieces),
            words=folded.original[start:end],
            state="present" if self._plain else turned.state,
            cue=folded.span(*turned.cue) if turned.cue else None,
            viewpoint=viewpoint(
                folded.text,
                told,
                (place.start, place.end),
                term=chosen,
                terms=self._terms,
                record=record,
            ),
            details=belonging(around, (start, end), reach, spans),
            confidence=_SURENESS[found.pattern.source] * (0.9 if others else 1.0),
            source=found.pattern.source,
            said=found.pattern.said,
        )

    def _chosen(self, terms: Sequence[str], context: set[str]) -> list[str]:
        """Return the concepts of one word, the one that the rest of the text causes or is caused by first."""
        return sorted(
            terms,
            key=lambda one: (
                not self._links[one] & (context - set(terms)),
                not self._is_labelled(one, terms),
                one,
            ),
        )

    def _is_labelled(self, iri: str, others: Sequence[str]) -> bool:
        """Whether a concept is the more special of those that share a word."""
        return any(one in self._terms.ancestors(iri) for one in others if one != iri)


def _by_sentence(told: Sequence[Sentence], places: Iterable[Place]) -> list[list[Place]]:
    """Return the mentions of each sentence."""
    held: list[list[Place]] = [[] for _ in told]
    for one in places:
        held[number_at(told, one.start)].append(one)
    return held


def _check(text: str) -> None:
    if not text.strip():
        raise InputError(
            "The text is empty.",
            message_zh="文本为空。",
            next_step="Send a text in Chinese, English or German.",
            next_step_zh="请提交中文、英文或德文文本。",
        )
    if len(text) > LONGEST:
        raise InputError(
            f"The text has {len(text)} characters; at most {LONGEST} are read at once.",
            message_zh=f"文本有 {len(text)} 个字符；一次最多读取 {LONGEST} 个。",
            next_step="Send it page by page.",
            next_step_zh="请分页提交。",
            data={"limit": LONGEST, "length": len(text)},
        )


def _links(graph: Graph) -> dict[str, set[str]]:
    """Return each concept with those that causal links join it to."""
    found: dict[str, set[str]] = defaultdict(set)
    for node, cause in graph.subject_objects(URIRef(Q + "hasCause")):
        for effect in graph.objects(node, URIRef(Q + "hasEffect")):
            found[str(cause)].add(str(effect))
            found[str(effect)].add(str(cause))
    return found


def _is_trouble(term: Term, terms: TermIndex) -> bool:
    if term.kind != "class" or term.local_name in _GENERAL:
        return False
    above = {local_name(one) for one in terms.ancestors(term.iri)}
    return term.is_defect or term.is_mechanism or bool(above & set(_STATES))


def _spoken(term: Term) -> Iterator[tuple[str, tuple[str, ...]]]:
    for table in (term.labels, term.alt_labels):
        yield from table.items()


def _patterns(
    named: Sequence[Term], terms: TermIndex, *, plain: bool
) -> Iterator[tuple[Pattern, str]]:
    for term in named:
        for language, names in _spoken(term):
            for name in names:
                for pattern in name_patterns(term.iri, name, language):
                    if not plain or pattern.source == "name":
                        yield pattern, term.iri
    if not plain:
        for name, pattern in expression_patterns():
            if name == "-" or Q + name in terms:
                yield pattern, "" if name == "-" else Q + name


def _ordered(found: Iterable[tuple[Pattern, str]]) -> list[tuple[Pattern, tuple[str, ...]]]:
    """Return patterns with the terms that they name, those of more letters first."""
    by_regex: dict[str, list[tuple[Pattern, str]]] = defaultdict(list)
    for pattern, term in found:
        by_regex[pattern.regex.pattern].append((pattern, term))
    merged = [
        (some[0][0], tuple(dict.fromkeys(term for _, term in some if term)))
        for some in by_regex.values()
    ]
    return sorted(
        merged,
        key=lambda one: (-one[0].weight, bool(one[1]), -_SURENESS[one[0].source], one[0].said),
    )


def _places(pattern: Pattern, folded: str, told: Sequence[Sentence]) -> Iterator[Place]:
    for hit in pattern.regex.finditer(folded):
        if hit.end() == hit.start():
            continue
        if told[number_at(told, hit.start())].end < hit.end():
            continue  # it runs over the end of a sentence
        groups = [hit.span(at) for at in range(1, (pattern.regex.groups or 0) + 1)]
        pieces = [one for one in groups if one[1] > one[0] >= 0] or [hit.span()]
        yield Place(pieces[0][0], pieces[-1][1], tuple(sorted(pieces)))


def _merged(folded: str, found: Sequence[_Found]) -> list[_Found]:
    """Return mentions in which neighbours of one concept are one: ``loud, squeaking noises`` is one noise."""
    made: list[_Found] = []
    for one in found:
        last = made[-1] if made else None
        if (
            last is None
            or last.terms != one.terms
            or not _NEAR.fullmatch(folded[last.place.end : one.place.start])
        ):
            made.append(one)
            continue
        place = Place(
            last.place.start, one.place.end, tuple(sorted((*last.place.pieces, *one.place.pieces)))
        )
        surer = max(last, one, key=lambda some: _SURENESS[some.pattern.source])
        made[-1] = _Found(surer.pattern, last.terms, place)
    return made


def _joined(pieces: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return pieces in which those that touch are one."""
    found: list[tuple[int, int]] = []
    for start, end in pieces:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def is_chinese(text: str) -> bool:
    """Whether a text holds Chinese characters."""
    return HAN.search(text) is not None
