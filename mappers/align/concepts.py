"""What the words of a code mean: the aligner of fields, with defects, alarms and mechanisms as its terms.

A vendor writes "Au wire shift", 金线偏移 or "Drahtversatz" beside a number. The signals are those by which a
field is aligned; only the candidates differ: concepts of the classes that a code can denote, never a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qualweave.config import Settings
from qualweave.mappers.align import align_targets
from qualweave.mappers.align.score import Alignment
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.meanings import Meaning, Reading, agreed
from qualweave.mappers.profile import FieldProfile
from qualweave.ontology.terms import TermIndex

_SHOWN = 5  # candidates of a question
_LEAST = 0.005  # probability below which a concept is no candidate but noise
_LONGEST = 300  # characters of a description that are read; a procedure may follow the meaning


def concept_targets(terms: TermIndex, within: Sequence[str]) -> tuple[TargetTerm, ...]:
    """Return what a code may mean: the classes themselves and every concept below them, by IRI."""
    found = {
        iri for above in within if above in terms for iri in (above, *terms.descendants(above))
    }
    return tuple(
        TargetTerm(
            id=iri,
            labels=terms.by_iri(iri).labels,
            alts=terms.by_iri(iri).alt_labels,
            description=" ".join(terms.by_iri(iri).definitions.get("en", ())),
            narrower=tuple(one for one in terms.descendants(iri) if one in found and one != iri),
        )
        for iri in sorted(found)
        if iri in terms
    )


@lru_cache(maxsize=8)
def _vocabulary(terms: TermIndex, settings: Settings, within: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(concept_targets(terms, within), settings, profile="ontology")


@dataclass(frozen=True)
class ConceptAligner:
    """Ranks the concepts of an ontology for the words of codes.

    Attributes:
        terms: The ontology.
        settings: Thresholds, text model and cache.
    """

    terms: TermIndex
    settings: Settings

    def __call__(self, codes: Sequence[Sequence[str]], within: Sequence[str]) -> list[Reading]:
        """Return one reading per code, from all its texts (`qualweave.mappers.meanings.ConceptReader`)."""
        texts = list(dict.fromkeys(text for one in codes for text in one if text.strip()))
        vocabulary = _vocabulary(self.terms, self.settings, tuple(within))
        fields = [
            FieldProfile(name=text[:_LONGEST], base_name=text[:_LONGEST], type="text", count=1)
            for text in texts
        ]
        aligned = align_targets(fields, vocabulary, settings=self.settings, joint=False)
        read = dict(zip(texts, map(_reading, aligned), strict=True))
        return [
            agreed([read[text] for text in one if text in read], ask=self.settings.ask_threshold)
            for one in codes
        ]


def _reading(alignment: Alignment) -> Reading:
    ranked = tuple(
        Meaning(one.term, one.probability, tuple(one.evidence))
        for one in alignment.ranked[:_SHOWN]
        if one.probability >= _LEAST
    )
    return Reading(ranked, alignment.decision == "accept")
