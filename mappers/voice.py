"""What people say of trouble: the concept that a sentence is about, and what it says of it (R81).

A process engineer names a cause, an equipment engineer a sensor, a customer what was seen. Three such voices meet in
one quality concept by the class tree, by causal links and by concept mappings of the ontology, never by being
declared equal. Only words decide: where none is a term, the reading is silent, and the concepts that are nearest
in meaning are offered for a person to choose from (taken as an answer, two of three were wrong: benchmarks/voice.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rdflib import Graph, URIRef
from rdflib.namespace import SKOS

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import Q
from qualweave.mappers.texts.reading import TextReader
from qualweave.ontology.terms import Term, TermIndex

Attribute: TypeAlias = Literal["cause", "sensor_fault", "customer_view", "observation", "none"]
_DEFECT, _SENSOR_DRIFT = Q + "Defect", Q + "SensorDrift"
_SURE = 0.95
_NEAREST = 3


@dataclass(frozen=True)
class Mention:
    """A term that a sentence names: its IRI, the place in characters, and whether by a name that the ontology has."""

    term: str
    start: int
    end: int
    words: str
    by_name: bool = True


@dataclass(frozen=True)
class VoiceReading:
    """What a sentence is about.

    Attributes:
        text: The sentence.
        language: ``"zh"``, ``"de"`` or ``"en"``.
        concept: IRI of the most telling concept it names, ``""`` where nothing fits.
        entity: IRI of the quality concept that other voices of the same trouble meet in, ``""`` likewise.
        attribute: What the sentence says of the entity.
        path: IRIs from concept to entity.
        mentions: Terms that it names, in order.
        confidence: From 0 to 1.
        evidence: Why.
        nearest: IRIs of the nearest concepts, where nothing fits.
    """

    text: str
    language: str
    concept: str
    entity: str
    attribute: Attribute
    path: tuple[str, ...]
    mentions: tuple[Mention, ...]
    confidence: float
    evidence: tuple[Evidence, ...]
    nearest: tuple[str, ...] = ()

    def to_json(self, terms: TermIndex) -> dict[str, JsonValue]:
        """Return the reading as JSON values, the entity also as messages spell it."""
        return {
            "text": self.text,
            "language": self.language,
            "concept": self.concept,
            "entity": self.entity,
            "entity_name": terms.spoken_name(self.entity) if self.entity else "",
            "attribute": self.attribute,
            "path": list(self.path),
            "mentions": [
                {"term": m.term, "start": m.start, "end": m.end, "words": m.words}
                for m in self.mentions
            ],
            "confidence": self.confidence,
            "evidence": [one.to_json() for one in self.evidence],
            "nearest": list(self.nearest),
        }


class VoiceReader:
    """Reads sentences against an ontology.

    Args:
        terms: Its terms.
        graph: Its triples, for causal links and concept mappings.
        settings: Text model and cache; None leaves the comparison by meaning out.
    """

    def __init__(self, terms: TermIndex, graph: Graph, settings: Settings | None = None) -> None:
        self._terms = terms
        self._graph = graph
        self._settings = settings if settings is not None and text.available() else None
        self._effects = _pairs(graph, "hasCause", "hasEffect")
        self._mapped = _mappings(graph)
        self._vectors: NDArray[np.float32] | None = None  # of the defects' names, once needed
        self._defects = [one for one in terms if one.is_defect and one.iri != _DEFECT]

    @cached_property
    def texts(self) -> TextReader:
        """What finds the concepts that a text names; its thousands of patterns are made when the first text comes."""
        return TextReader(self._terms, self._graph)

    def read(self, sentence: str) -> VoiceReading:
        """Return what a sentence is about.

        Raises:
            InputError: If it is empty or too long.
        """
        reading = self.texts.read(sentence)
        mentions = tuple(
            Mention(iri, one.start, one.end, one.words, one.source in ("name", "inflected"))
            for one in reading.present
            for iri in (one.term, *one.alternatives)
        )
        concept = self._telling(mentions)
        denied = bool(reading.candidates) and not mentions
        nearest = () if concept or denied else self.by_meaning(sentence)
        path = self._path(concept) if concept else ()
        return VoiceReading(
            text=sentence,
            language=reading.languages[0],
            concept=concept,
            entity=path[-1] if path else "",
            attribute=self._attribute([one.term for one in mentions], concept, path),
            path=path,
            mentions=mentions,
            confidence=_SURE if concept else 0.0,
            evidence=self._evidence(concept, path, mentions),
            nearest=nearest,
        )

    def attribute_of(self, term: str) -> Attribute:
        """Return what the mention of one concept says of the quality entity that voices meet in."""
        return self._attribute([term], term, self._path(term))

    def entity_of(self, term: str) -> str:
        """Return the IRI of the quality entity that voices of a concept meet in."""
        return self._path(term)[-1]

    # --- finding words ---------------------------------------------------------------------------

    def _telling(self, mentions: Sequence[Mention]) -> str:
        """Return the mention that says most: a state that causes something, else the longest-named defect."""
        length: dict[str, tuple[bool, int]] = {}
        for one in mentions:  # a name of the ontology says more than an expression
            size = (one.by_name, one.end - one.start)
            length[one.term] = max(length.get(one.term, size), size)
        defects = [one for one in length if self._is_defect(one) and one != _DEFECT]
        states = [
            one
            for one in length
            if one in self._effects
            and not self._is_defect(one)
            and not self._terms.by_iri(one).is_parameter
        ]
        return max(
            states or defects,
            key=lambda one: (length[one], len(self._terms.ancestors(one)), one),
            default="",
        )

    def _is_defect(self, iri: str) -> bool:
        return self._terms.by_iri(iri).is_defect

    def by_meaning(self, plain: str) -> tuple[str, ...]:
        """Return the defects whose names are nearest in meaning, to choose from."""
        if self._settings is None:
            return ()
        names = [(term, name) for term in self._defects for name in _spoken(term)]
        if self._vectors is None:
            spoken = [name for _, name in names]
            self._vectors = text.encode(spoken, kind="passage", settings=self._settings)
        asked = text.encode([plain], kind="query", settings=self._settings)[0]
        best: dict[str, float] = defaultdict(lambda: -1.0)
        for (term, _), score in zip(names, (self._vectors @ asked).tolist(), strict=True):
            best[term.iri] = max(best[term.iri], score)
        return tuple(sorted(best, key=lambda one: -best[one])[:_NEAREST])

    # --- from the concept to what others call the trouble ------------------------------------------

    def _path(self, concept: str) -> tuple[str, ...]:
        """Return the way from a concept to the quality concept that voices meet in."""
        steps = [concept]
        while True:
            here = steps[-1]
            onward = next((one for one in self._onward(here) if one not in steps), None)
            if onward is None:
                return tuple(steps)
            steps.append(onward)

    def _onward(self, iri: str) -> Iterable[str]:
        if iri in self._mapped:
            return self._mapped[iri]
        if not self._is_defect(iri):
            return self._effects.get(iri, ())
        # A family of defects stands right below the general class; that is where voices meet.
        return [
            one for one in self._terms.by_iri(iri).parents if one != _DEFECT and one.startswith(Q)
        ]

    def _attribute(self, found: Sequence[str], concept: str, path: Sequence[str]) -> Attribute:
        if not concept:
            return "none"
        if self._under(concept, _SENSOR_DRIFT):
            return "sensor_fault"
        if not self._is_defect(concept) or any(
            one in self._effects and not self._is_defect(one) for one in found
        ):
            return "cause"
        return "customer_view" if any(one in self._mapped for one in path[:-1]) else "observation"

    def _under(self, iri: str, ancestor: str) -> bool:
        return iri == ancestor or ancestor in self._terms.ancestors(iri)

    def _evidence(
        self, concept: str, path: Sequence[str], mentions: Sequence[Mention]
    ) -> tuple[Evidence, ...]:
        if not concept:
            return ()
        said = next((one.words for one in mentions if one.term == concept), "")
        way = {
            lang: " → ".join(self._terms.name_of(one, lang) for one in path)
            for lang in ("en", "zh")
        }
        how = {
            "en": f"The words '{said}' name it; the ontology leads on: {way['en']}.",
            "zh": f"文中“{said}”即其名称；本体中的关联：{way['zh']}。",
        }
        return (
            Evidence(kind="words", statement=how, weight=1.0, sources=tuple(path), rule="voice"),
        )


def _pairs(graph: Graph, first: str, second: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for node, cause in graph.subject_objects(URIRef(Q + first)):
        found[str(cause)] += [str(effect) for effect in graph.objects(node, URIRef(Q + second))]
    return {one: tuple(dict.fromkeys(sorted(effects))) for one, effects in found.items()}


def _mappings(graph: Graph) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in graph.subject_objects(SKOS.relatedMatch):
        found[str(one)].add(str(other))
    for concept, others in _pairs(graph, "mapsFromConcept", "mapsToConcept").items():
        found[concept].update(others)
    return {one: tuple(sorted(others)) for one, others in found.items()}


def _spoken(term: Term) -> list[str]:
    return [
        name
        for words in (term.labels, term.alt_labels)
        for names in words.values()
        for name in names
    ]
