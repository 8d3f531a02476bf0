"""`Asker`: from a sentence to a question of the catalogue with its parameters filled, or to none.

Three things speak for a question: how near its words are in meaning (vectors of the kernel's text port, where the
extra is installed), which of the sentence's own words it shares (rare ones weigh more; a word of the ontology counts
as its term, whatever the language), and whether what the sentence names fits its parameters. A sentence that is an
order, or whose words no question explains, is none of ours: it is refused with the nearest three, never guessed.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import InputError, JsonValue, NotFound
from qualweave.iri import Q
from qualweave.ontology.queries.catalogue import Catalogue, Question
from qualweave.ontology.queries.reading import (
    CLASS,
    Lexicon,
    Named,
    TermSpotter,
    assign,
    is_chinese,
    plain,
    read_named,
    short_label,
)
from qualweave.ontology.queries.values import Parameter
from qualweave.ontology.terms import TermIndex, normalise

NEAREST = 3
Resolver = Callable[[Sequence[str]], Mapping[str, frozenset[str]]]
"""Identifiers to the kinds of data IRI under which the graph knows each."""

_ROOTS = tuple(Q + one for one in ("Parameter", "Defect", "ManufacturingActivity"))
_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z]+|[\u3400-\u9fff]+")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "the a an of in on at is are was were be been do does did to from for by with and or not no it its that this "
        "which what who whom where when how why many much me my our us we they them there have has had can could will "
        "would show list give tell each every all any some per get find see as between",
    )
)
_STOP_HAN = re.compile(
    r"哪些|哪个|哪里|哪条|哪副|哪家|什么|多少|怎么样|怎么|是否|有没有|请问|一下|各个|[的了吗呢都有在被用是我你]"
)
_ORDERS = re.compile(
    r"^(?:please |请)?(?:delete|remove|drop|insert|update|set|write|book|send|stop|start|lower|raise|reduce"
    r"|increase|freeze|translate|spell|把|将|删除|写|帮我写|给我讲|发送|停止|启动)(?![a-z])",
    re.IGNORECASE,
)
_SAID = frozenset({"thing", "term", "text", "date", "decimal", "integer"})
# Logistic weights, fitted on the tuning half of benchmarks/ask_questions.yaml; the other half tells how good they are.
_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"bias": -7.86, "meaning": 3.57, "words": 3.11, "explained": 2.24, "left": 0.02, "empty": -0.24}
)
_WEIGHTS_OF_WORDS: Mapping[str, float] = MappingProxyType(
    {"bias": -7.03, "meaning": 0.0, "words": 5.12, "explained": 4.49, "left": -1.64, "empty": -1.23}
)
# On the tuning half nothing that must be refused scores higher, save for orders, which are refused anyway.
_ACCEPT, _ACCEPT_BY_WORDS = 0.28, 0.24


@dataclass(frozen=True)
class Candidate:
    """A question that a sentence may mean.

    Attributes:
        question: The question.
        values: Parameter to the value found in the sentence.
        score: How sure it is, from 0 to 1.
        features: What speaks for it.
        unused: What the sentence names and the question has no parameter for.
    """

    question: Question
    values: Mapping[str, str]
    score: float
    features: Mapping[str, float]
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a sentence asks.

    Attributes:
        sentence: It.
        chosen: The question it means, None where none fits.
        nearest: The nearest questions, the best first.
        order: Whether it asks to do something, which no question does.
    """

    sentence: str
    chosen: Candidate | None
    nearest: tuple[Candidate, ...]
    order: bool = False


class Asker:
    """Finds the question that a sentence means.

    Args:
        terms: The ontology.
        catalogue: The questions.
        settings: Text model and cache; None leaves the comparison by meaning out.
    """

    def __init__(
        self, terms: TermIndex, catalogue: Catalogue, settings: Settings | None = None
    ) -> None:
        self.catalogue, self.terms = catalogue, terms
        self._settings = settings if settings is not None and text.available() else None
        self._spotter = TermSpotter(terms, _ROOTS)
        self._lexicon = Lexicon.read()
        tops = {one.iri for one in terms if not one.parents}
        self._any_term = TermSpotter(terms, tops)
        classes = {one for one in tops if terms.by_iri(one).kind == "class"}
        self._any_class = TermSpotter(terms, classes, kinds=frozenset({CLASS}))
        self._phrases = [
            (question, _with_slots(phrase, question))
            for question in catalogue
            for phrase in question.phrases
        ]
        self._words_of: dict[str, list[frozenset[str]]] = {}
        for question, phrase in self._phrases:
            self._words_of.setdefault(question.id, []).append(self._words(phrase))
        self._rarity = self._rarities()

    def read(
        self,
        sentence: str,
        *,
        resolve: Resolver | None = None,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> Reading:
        """Return what a sentence asks.

        Args:
            sentence: Words in English or Chinese.
            resolve: Tells which identifiers the graph knows, and as what.
            names: Names of things without digits (organizations) to their kinds of data IRI.

        Raises:
            InputError: If it is empty.
        """
        asked = plain(sentence)
        if not asked:
            raise InputError(
                "The question is empty.",
                message_zh="问题为空。",
                next_step="Ask in English or Chinese, or give the id of a question.",
                next_step_zh="请用中文或英文提问，或给出问题编号。",
            )
        spotters = (self._spotter, self._any_class)
        named = _known(read_named(asked, *spotters, names=names), resolve)
        ranked = sorted(self.candidates(asked, named), key=lambda c: (-c.score, c.question.id))
        order = bool(_ORDERS.match(asked))
        least = _ACCEPT if self._settings is not None else _ACCEPT_BY_WORDS
        chosen = ranked[0] if ranked[0].score >= least and not order else None
        return Reading(sentence, chosen, tuple(ranked[:NEAREST]), order)

    def candidates(self, asked: str, named: Sequence[Named]) -> list[Candidate]:
        """Return every question with what speaks for it."""
        fitted = {one.id: self._fitted(one, asked, named) for one in self.catalogue}
        masked = {name: masked for name, (_, masked) in fitted.items()}
        meaning = self._meaning(masked)
        found = []
        for question in self.catalogue:
            values, without = fitted[question.id]
            words, explained = self._shared(question, without)
            needed = [one for one in question.parameters if one.type in _SAID]
            features = {
                "meaning": meaning.get(question.id, 0.0),
                "words": words,
                "explained": explained,
                "left": float(len(_loose(named, values))),
                "empty": float(len(needed) - len([p for p in needed if p.name in values])),
            }
            told = {name: one.value for name, one in values.items()}
            loose = tuple(one.value for one in _loose(named, values))
            found.append(Candidate(question, told, self._score(features), features, loose))
        return found

    def _score(self, features: Mapping[str, float]) -> float:
        weights = _WEIGHTS if self._settings is not None else _WEIGHTS_OF_WORDS
        total = weights["bias"] + sum(weights[name] * value for name, value in features.items())
        return 1.0 / (1.0 + math.exp(-total))

    def _fitted(
        self, question: Question, asked: str, named: Sequence[Named]
    ) -> tuple[dict[str, Named], str]:
        """Return the values that a question would take, and the sentence with their kinds in their place."""
        values = assign(named, question.parameters)
        language = "zh" if is_chinese(asked) else "en"
        labels = {one.name: short_label(one, language) for one in question.parameters}
        places = {one: labels[name] for name, one in values.items()}
        shown = asked
        for one in sorted(named, key=lambda n: -n.start):
            if one in places:
                shown = f"{shown[: one.start]}{places[one]}{shown[one.end :]}"
        return values, shown

    # --- by meaning ----------------------------------------------------------------------------

    def _meaning(self, masked: Mapping[str, str]) -> dict[str, float]:
        """Return how far each question's nearest phrase stands out in meaning, in standard deviations."""
        if self._settings is None:
            return {}
        sentences = list(dict.fromkeys(masked.values()))
        asked = text.encode(sentences, kind="query", settings=self._settings)
        known = text.encode([p for _, p in self._phrases], kind="query", settings=self._settings)
        near = known @ asked.T
        best: dict[str, float] = {}
        for at, (question, _) in enumerate(self._phrases):
            one = float(near[at, sentences.index(masked[question.id])])
            best[question.id] = max(best.get(question.id, -1.0), one)
        values = np.array(list(best.values()))
        least, most = float(np.median(values)), float(values.std()) or 1.0
        return {
            name: 10.0 * (value - 0.9) + 0.2 * (value - least) / most
            for name, value in best.items()
        }

    # --- by words ------------------------------------------------------------------------------

    def _shared(self, question: Question, asked: str) -> tuple[float, float]:
        """Return how much of a question's best phrase the sentence says, and how much of the sentence it explains."""
        words = self._words(asked)
        weight = sum(self._rare(one) for one in words) or 1.0
        best = (0.0, 0.0)
        for tokens in self._words_of[question.id]:
            shared = sum(self._rare(one) for one in words & tokens)
            length = sum(self._rare(one) for one in tokens) or 1.0
            best = max(best, (shared / length, shared / weight), key=sum)
        return best

    def _rare(self, token: str) -> float:
        return self._rarity.get(token, self._rarity[""])

    def _rarities(self) -> dict[str, float]:
        seen: Counter[str] = Counter()
        for phrases in self._words_of.values():
            seen.update(frozenset().union(*phrases))
        count = len(self.catalogue)
        return {"": math.log(count + 1)} | {
            t: math.log((count + 1) / (n + 0.5)) for t, n in seen.items()
        }

    def _words(self, sentence: str) -> frozenset[str]:
        """Return the words that count: terms of the ontology, stems, pairs of Han characters."""
        folded = normalise(sentence)
        taken = [False] * len(folded)
        found = set(self._lexicon.spot(folded, taken))
        found |= {f"q:{one.value}" for one in self._any_term.spot(folded, taken)}
        rest = "".join(" " if gone else char for char, gone in zip(folded, taken, strict=True))
        for run in _WORD.findall(_STOP_HAN.sub(" ", rest)):
            if "a" <= run[0] <= "z":
                found |= set() if run in _STOP else {_stem(run)}
            else:
                found |= {run[at : at + 2] for at in range(max(1, len(run) - 1))}
        return frozenset(found)


def refuse(reading: Reading, language: str = "en") -> NotFound:
    """Return the error of a sentence that no question fits, with the nearest three."""
    near: list[JsonValue] = [
        {
            "id": one.question.id,
            "question": one.question.words[language],
            "score": round(one.score, 3),
        }
        for one in reading.nearest
    ]
    said = {
        lang: "; ".join(f"{c.question.id} ({c.question.words[lang]})" for c in reading.nearest)
        for lang in ("en", "zh")
    }
    why = "It asks to do something; questions only read." if reading.order else ""
    why_zh = "这是操作请求，问题目录只用于查询。" if reading.order else ""
    return NotFound(
        f"No question of the catalogue fits {reading.sentence!r}. {why}".strip(),
        message_zh=f"问题目录中没有与“{reading.sentence}”相符的问题。{why_zh}",
        next_step=f"Nearest: {said['en']}. Ask one of them by its id, or write SPARQL.",
        next_step_zh=f"最接近的有：{said['zh']}。可按编号提问，或编写 SPARQL。",
        data={"question": reading.sentence, "nearest": near},
    )


def _loose(named: Sequence[Named], values: Mapping[str, Named]) -> list[Named]:
    """Return what is named beyond terms and taken by no parameter."""
    used = list(values.values())
    return [one for one in named if one.kind != "term" and one not in used]


def _known(named: Sequence[Named], resolve: Resolver | None) -> tuple[Named, ...]:
    things = [one.value for one in named if one.kind == "thing" and not one.kinds]
    if resolve is None or not things:
        return tuple(named)
    kinds = resolve(things)
    return tuple(
        replace(one, kinds=kinds[one.value]) if kinds.get(one.value) and not one.kinds else one
        for one in named
    )


def _with_slots(phrase: str, question: Question) -> str:
    """Return a phrase with the label of each parameter in its place."""
    language = "zh" if is_chinese(_SLOT.sub("", phrase)) else "en"
    labels: dict[str, Parameter] = {one.name: one for one in question.parameters}
    return plain(_SLOT.sub(lambda found: short_label(labels[found.group(1)], language), phrase))


def _stem(word: str) -> str:
    for ending in ("ing", "ied", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004 - a stem
            return word[: -len(ending)]
    return word
