"""The signals of alignment: each says, for one field, how well each term fits, from one kind of evidence.

A signal is a vector over the terms. None decides alone; `score` weighs them. A unit of another dimension
is not a weight but a veto.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.config import Settings
from qualweave.mappers.align.fellows import Fellowship
from qualweave.mappers.align.lexical import Lexical, Spoken
from qualweave.mappers.align.quantities import Quantities
from qualweave.mappers.align.semantic import Semantic
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import is_telling, key, lexicon, phrase, pieces, words
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.units import name_of_kind, symbol_of_kind

Vector = NDArray[np.float64]
Profile: TypeAlias = Literal["any", "ontology", "any without text", "ontology without text"]
OF_TEXT = ("meaning", "meaning_written", "meaning_defined", "description", "description_named")
SIGNALS = (
    "exact",
    "only_exact",
    "label_exact",
    "name_covered",
    "label_covered",
    "synonym_covered",
    "sibling_covered",
    "context_covered",
    "characters",
    "definition_words",
    "meaning",
    "meaning_written",
    "meaning_defined",
    "description",
    "description_named",
    "unit",
    "unit_same",
    "unit_missing",
    "unit_unasked",
    "range",
    "value_type",
    "kind",
    "company",
    "general",
    "fellow",
    "inherited",
    "outdone",
)
_LONGEST_NAME = 80  # characters; what is longer is prose and no name of a device or file


class Vocabulary:
    """Terms prepared for comparison.

    Args:
        targets: The terms.
        settings: Text model and cache; None leaves the text signals out.
        profile: Which weights: those for any vocabulary, or those for our ontology.
    """

    def __init__(
        self,
        targets: Sequence[TargetTerm],
        settings: Settings | None = None,
        *,
        profile: Literal["any", "ontology"] = "any",
    ) -> None:
        self.targets = tuple(targets)
        self.lexical = Lexical(self.targets)
        self.semantic = Semantic(self.targets, settings)
        self.profile: Profile = profile
        if not self.semantic.works:
            self.profile = "any without text" if profile == "any" else "ontology without text"
        self.quantities = Quantities(self.targets)
        self.fellowship = Fellowship(self.targets)
        self.company = [
            [words(one) for names in term.contexts.values() for one in names]
            for term in self.targets
        ]
        self.general = np.array([1.0 if term.narrower else 0.0 for term in self.targets])
        self._kinds = np.array([term.kind.casefold() for term in self.targets])

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Place of each term by id."""
        return {term.id: place for place, term in enumerate(self.targets)}

    def read_ahead(self, fields: Sequence[FieldProfile]) -> None:
        """Encode what `signals` will ask of these fields in one go."""
        asked = [(spoken(one), self.spell(one).phrase, one.description) for one in fields]
        self.semantic.read_ahead(text for three in asked for text in three)

    def spell(self, field: FieldProfile) -> Spoken:
        """Return a field's name, and the words around it, as the lexical signals see them."""
        known = self.lexical.known
        near = frozenset(word for one in field.siblings for word in words(one, known))
        name = _without_symbol(field)
        return Spoken(
            own=words(name, known),
            near=frozenset(one for one in near if is_telling(one)),
            around=frozenset(file_words(field)),
            keys=frozenset({key(field.base_name), key(field.name)}),
            phrase=phrase(name, known),
        )

    def same_kind(self, kind: str) -> Vector:
        """Return 1 where a term is of the stated kind, -1 where it is of another one in use."""
        wanted = kind.casefold()
        if not wanted or wanted not in self._kinds:
            return np.zeros(len(self.targets))
        return np.where(self._kinds == wanted, 1.0, np.where(self._kinds == "", 0.0, -1.0))


def file_words(field: FieldProfile) -> set[str]:
    """Return the words of the file name, its folders, its header and the device."""
    context = field.context
    if context is None:
        return set()
    stem = context.file_name.rsplit(".", 1)[0]
    texts = (stem, *context.path_hints, context.device, *context.header.values())
    found = {word for one in texts if len(one) < _LONGEST_NAME for word in words(one)}
    return {one for one in found if is_telling(one)}


def context_words(field: FieldProfile) -> set[str]:
    """Return the words of the file name, its folders, the device and the sibling fields."""
    near = {word for one in field.siblings for word in words(one)}
    return file_words(field) | {one for one in near if is_telling(one)}


def signals(field: FieldProfile, vocabulary: Vocabulary) -> dict[str, Vector]:
    """Return every signal of a field; each of shape ``(number of terms,)``, mostly 0 … 1."""
    asked = vocabulary.spell(field)
    found = vocabulary.lexical.signals(asked)
    raw = spoken(field)
    semantic = vocabulary.semantic
    found["meaning"] = semantic.named(raw)
    found["meaning_written"] = semantic.named(asked.phrase)
    found["meaning_defined"] = semantic.defined(asked.phrase)
    found["description"] = semantic.defined(field.description)
    found["description_named"] = semantic.named(field.description)
    found |= vocabulary.quantities.signals(field)
    found["kind"] = vocabulary.same_kind(field.kind)
    around = context_words(field)
    found["company"] = np.array([_company(one, around) for one in vocabulary.company])
    found["general"] = vocabulary.general
    for name in ("fellow", "inherited", "outdone"):  # filled where there are other fields
        found[name] = np.zeros(len(vocabulary.targets))
    return found


def spoken(field: FieldProfile) -> str:
    """Return a field's name as a phrase, nothing written out: ``process_temp_value`` → ``process temp value``."""
    return " ".join(pieces(_without_symbol(field))) or field.base_name


def _without_symbol(field: FieldProfile) -> str:
    """Return the name, or what it stands for where it is only a unit (``Amps``) or a symbol (``U/V``)."""
    base = field.base_name
    found = symbol_of_kind(base, field.unit) or name_of_kind(base, field.unit)
    return base if not found or base.casefold() in lexicon() else found


def _company(contexts: Sequence[frozenset[str]], around: set[str]) -> float:
    """Return whether one of the classes in whose company a term is met is named around the field."""
    return 1.0 if any(one and one <= around for one in contexts) else 0.0
