"""Reading a question: which identifiers, dates, numbers and terms a sentence names, and where.

What is named is taken out of the words before they are compared: "What does 12 mean on X-3?" is the question "What
does code … mean on machine …?", whatever the code and the machine.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, TypeAlias

from qualweave.ontology.queries.values import Parameter
from qualweave.ontology.terms import TermIndex, normalise

NamedKind: TypeAlias = Literal["thing", "file", "date", "number", "term"]
_IRI = re.compile(r"(?:https?://|urn:)[^\s，。？！；]+|\(\d{2,4}\)[^\s，。？！；]+")
_FILE = re.compile(
    r"[\w\-.（）()]+\.(?:csv|tsv|json|jsonld|xml|xlsx?|owl|ttl|nt)\b", re.ASCII | re.IGNORECASE
)
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:T[\d:.]+Z?)?|\d{4}/\d{1,2}/\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日"
)
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9\-])(?=[A-Za-z0-9\-]*[0-9])(?=[A-Za-z0-9\-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
)
_NUMBER = re.compile(r"(?<![A-Za-z0-9.\-])[-+]?\d+(?:\.\d+)?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_BRACKETED = re.compile(r"[(（].*?[)）]")
_LATIN = re.compile(r"[a-z0-9]")
_CODE = {"number", "thing"}
CLASS = "class"
"""What a parameter of type ``term`` has among its kinds where it takes any class: not only parameters and the like."""
_SHORTEST = {"han": 2, "latin": 3}


@dataclass(frozen=True)
class Named:
    """Something that a sentence names.

    Attributes:
        kind: What it looks like.
        value: As a parameter takes it.
        start: Place of its first character.
        end: Place behind its last.
        kinds: For a thing: the kinds of data IRI that the graph knows it as, empty where it knows none. For a term:
            empty for a parameter, defect or process, which every question of terms is about, else that it is a class.
        roots: For a term: the IRIs of the term and of those above it.
    """

    kind: NamedKind
    value: str
    start: int
    end: int
    kinds: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()

    def fits(self, parameter: Parameter) -> bool:
        """Return whether it can be the value of a parameter."""
        if parameter.type == "thing":
            known = not self.kinds or bool(self.kinds & set(parameter.kind))
            return self.kind == "thing" and known
        if parameter.type == "term":
            return self.kind == "term" and self._is_below(parameter)
        if parameter.type == "text":
            return self.kind == "file" if "file" in parameter.kind else self.kind in _CODE
        if parameter.type == "date":
            return self.kind == "date"
        return parameter.type in {"integer", "decimal", "limit"} and self.kind == "number"

    def _is_below(self, parameter: Parameter) -> bool:
        """Return whether a term is of those that a parameter takes; its root is what they are, and none of them."""
        if parameter.root:
            return parameter.root in self.roots and not parameter.root.endswith(f"/{self.value}")
        return not self.kinds or bool(self.kinds & set(parameter.kind))


class Names:
    """Names found in a folded text: at each place the longest, never inside a word of Latin letters.

    Args:
        names: Folded name to what it names.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._longest = max(map(len, names), default=0)

    def spot(self, folded: str, taken: list[bool]) -> Iterator[tuple[str, int, int]]:
        """Iterate over what is named, with its place; places are marked as taken."""
        start = 0
        while start < len(folded):
            end = self._end(folded, start, taken)
            if end:
                taken[start:end] = [True] * (end - start)
                yield self._names[self._known(folded[start:end])], start, end
            start = end or start + 1

    def _end(self, folded: str, start: int, taken: Sequence[bool]) -> int:
        """Return where the longest name that begins at a place ends, 0 where none does."""
        if taken[start] or not _is_edge(folded, start):
            return 0
        for end in range(min(len(folded), start + self._longest + 2), start, -1):
            free = _is_edge(folded, end) and not any(taken[start:end])
            if free and self._known(folded[start:end]):
                return end
        return 0

    def _known(self, text: str) -> str:
        for ending in ("", "s", "es"):
            stem = text[: len(text) - len(ending)]
            if text.endswith(ending) and stem in self._names:
                return stem if not ending or _LATIN.match(stem[-1]) else ""
        return ""


class TermSpotter:
    """Finds the terms that a sentence names.

    Args:
        terms: The ontology.
        roots: IRIs of the classes whose terms are parameters of questions.
        kinds: What the terms found are marked with; a parameter without a root must ask for it.
    """

    def __init__(
        self, terms: TermIndex, roots: Iterable[str], *, kinds: frozenset[str] = frozenset()
    ) -> None:
        self._terms, self._kinds = terms, kinds
        wanted = set(roots)
        below = [
            one
            for one in terms
            if one.iri not in wanted and not wanted.isdisjoint(terms.ancestors(one.iri))
        ]
        names: dict[str, str] = {}
        # A term's label before another's further word: "mass" is also how the German "Maß" folds.
        for term in below:
            _take(names, term.iri, [text for texts in term.labels.values() for text in texts])
        for term in below:
            _take(names, term.iri, (*term.words(), term.local_name))
        self._names = Names(names)

    def spot(self, folded: str, taken: list[bool]) -> Iterator[Named]:
        """Iterate over the terms in a folded text, marking their places as taken."""
        for iri, start, end in self._names.spot(folded, taken):
            roots = frozenset({iri, *self._terms.ancestors(iri)})
            name = self._terms.by_iri(iri).local_name
            yield Named("term", name, start, end, kinds=self._kinds, roots=roots)


def _take(names: dict[str, str], iri: str, words: Iterable[str]) -> None:
    """Let words name a term where no other has them."""
    for word in words:
        folded = normalise(_BRACKETED.sub("", word))
        if len(folded) >= _SHORTEST["han" if _HAN.search(folded) else "latin"]:
            names.setdefault(folded, iri)


class Lexicon:
    """Words of questions and what they come to, in both languages (``words.tsv``)."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = Names(names)

    @classmethod
    def read(cls) -> "Lexicon":
        """Return the lexicon of this installation."""
        source = files("qualweave.ontology.queries").joinpath("words.tsv")
        rows = csv.DictReader(source.read_text("utf-8").splitlines(), delimiter="\t")
        return cls({name: row["word"] for row in rows for name in row["names"].split("|")})

    def spot(self, folded: str, taken: list[bool]) -> Iterator[str]:
        """Iterate over the words of a folded text, marking their places as taken."""
        return (word for word, _, _ in self._names.spot(folded, taken))


def short_label(parameter: Parameter, language: str) -> str:
    """Return what stands for a parameter inside a sentence: its label for a term, else a mark of its type.

    Few different marks keep the sentences few that are compared by meaning.
    """
    if parameter.type != "term":
        return _MARKS.get(parameter.type, "X")
    return _BRACKETED.sub("", parameter.label[language]).removeprefix("kind of ")


def _is_edge(text: str, at: int) -> bool:
    """Return whether a name can begin or end here: not inside a word of Latin letters."""
    if at in {0, len(text)}:
        return True
    return not (_LATIN.match(text[at - 1]) and _LATIN.match(text[at]))


def read_named(
    sentence: str, *spotters: TermSpotter, names: Mapping[str, str] | None = None
) -> tuple[Named, ...]:
    """Return what a sentence names, in order.

    Args:
        sentence: A question, NFKC-normalised.
        spotters: Find terms; of two names in one place the longer counts, of two as long the earlier spotter's.
        names: Names of things without digits (organizations), each with its kind of data IRI.
    """
    taken = [False] * len(sentence)
    folded = sentence.casefold()
    found: list[Named] = []
    for kind, pattern in _PATTERNS:
        for hit in pattern.finditer(sentence):
            if not any(taken[hit.start() : hit.end()]):
                taken[hit.start() : hit.end()] = [True] * (hit.end() - hit.start())
                found.append(Named(kind, _written(kind, hit.group()), *hit.span()))
    if len(folded) == len(sentence):
        for name in sorted(names or {}, key=len, reverse=True):
            for start, end in _places(normalise(name), folded):
                if not any(taken[start:end]):
                    taken[start:end] = [True] * (end - start)
                    kinds = frozenset({(names or {})[name]})
                    found.append(Named("thing", name, start, end, kinds=kinds))
        found += _longest_first(folded, taken, spotters)
        for spotter in spotters:
            found.extend(spotter.spot(folded, taken))
    return tuple(sorted(found, key=lambda one: one.start))


def _longest_first(
    folded: str, taken: list[bool], spotters: Sequence[TermSpotter]
) -> Iterator[Named]:
    """Iterate over what any spotter finds, the longest first: a battery pack is not what is packed."""
    seen = [
        (one.start - one.end, place, one)
        for place, spotter in enumerate(spotters)
        for one in spotter.spot(folded, list(taken))
    ]
    for _, _, one in sorted(seen, key=lambda three: (*three[:2], three[2].start)):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = [True] * (one.end - one.start)
            yield one


def plain(sentence: str) -> str:
    """Return a sentence as it is read: NFKC, white space collapsed, without a closing mark."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", sentence)).strip()
    return text.rstrip("?？.。!！ ")


def is_chinese(sentence: str) -> bool:
    """Return whether a sentence is Chinese: it holds Han characters beside what it names."""
    return bool(_HAN.search(sentence))


def assign(named: Sequence[Named], parameters: Sequence[Parameter]) -> dict[str, Named]:
    """Return which thing named is the value of which parameter, in the order of the sentence.

    A parameter that fewer things fit chooses first: a machine is taken before a code.
    """
    left = list(named)
    found: dict[str, Named] = {}
    by_choice = sorted(parameters, key=lambda p: (p.type == "text", sum(n.fits(p) for n in left)))
    for parameter in by_choice:
        fitting = [one for one in left if one.fits(parameter)]
        sure = [one for one in fitting if one.kinds and one.kind == "thing"] or fitting
        if sure:
            found[parameter.name] = sure[0]
            left.remove(sure[0])
    return found


def _written(kind: NamedKind, text: str) -> str:
    if kind != "date":
        return text
    parts = re.findall(r"\d+", text)
    rest = text[text.index("T") :] if "T" in text else ""
    return f"{int(parts[0]):04}-{int(parts[1]):02}-{int(parts[2]):02}{rest}"


def _places(name: str, folded: str) -> Iterator[tuple[int, int]]:
    if _HAN.search(name):
        start = folded.find(name)
        while start >= 0:
            yield start, start + len(name)
            start = folded.find(name, start + 1)
        return
    for hit in re.finditer(rf"(?<![a-z0-9]){re.escape(name)}(?:s|es)?(?![a-z0-9])", folded):
        yield hit.span()


_MARKS = {"date": "2000-01-01", "decimal": "1", "integer": "1", "limit": "1"}
_PATTERNS: tuple[tuple[NamedKind, re.Pattern[str]], ...] = (
    ("thing", _IRI),
    ("file", _FILE),
    ("date", _DATE),
    ("thing", _IDENTIFIER),
    ("number", _NUMBER),
)
