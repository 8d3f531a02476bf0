"""The signals of alignment: each says, for one field, how well each term fits, from one kind of evidence.

A signal is a vector over the terms. None decides alone; `score` weighs them. A unit of another dimension
is not a weight but a veto.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.config import Settings
from qualweave.mappers.align.enumerations import Enumerations
from qualweave.mappers.align.fellows import Fellowship
from qualweave.mappers.align.glossary import readings
from qualweave.mappers.align.lexical import Lexical, Spoken
from qualweave.mappers.align.quantities import Quantities
from qualweave.mappers.align.recall import RECALLED, Recall, component
from qualweave.mappers.align.semantic import Semantic
from qualweave.mappers.align.stated import FIXED, Statements
from qualweave.mappers.align.target import TargetTerm, with_inherited_names
from qualweave.mappers.align.words import is_telling, key, phrase, pieces, tokens, words
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.unit_terms import UnitTerms
from qualweave.mappers.units import name_of_kind, symbol_of_kind

if TYPE_CHECKING:
    from qualweave.mappers.align.combiner import Combiner

Vector = NDArray[np.float64]
Learnt: TypeAlias = Mapping[str, Mapping[str, float]]
Profile: TypeAlias = Literal["any", "ontology", "any without text", "ontology without text"]
OF_TEXT = (
    "meaning",
    "meaning_written",
    "meaning_defined",
    "description",
    "description_named",
    "recalled_meaning",
)
SIGNALS = (
    "exact",
    "only_exact",
    "label_exact",
    "name_covered",
    "label_covered",
    "synonym_covered",
    "learnt_covered",
    "abbreviated",
    "initials",
    "own_attribute",
    "sibling_covered",
    "context_covered",
    "characters",
    "numbers",
    "definition_words",
    "definition_place",
    "meaning",
    "meaning_written",
    "meaning_defined",
    "description",
    "description_named",
    "unit",
    "unit_same",
    "unit_against",
    "unit_missing",
    "unit_unasked",
    "unit_named",
    "unit_identical",
    "range",
    "value_type",
    "kind",
    "company",
    "general",
    "withdrawn",
    "fellow",
    "together",
    "inherited",
    "outdone",
    *RECALLED,
)
_KNOWN = frozenset({*SIGNALS, *FIXED})
_NONE: Learnt = MappingProxyType({})
_SAME_SIZE = 0.45  # agreement below which two units are not of one size
_LONGEST_NAME = 80  # characters; what is longer is prose and no name of a device or file


class Signals(dict[str, Vector]):
    """Signals of one field by name, each of shape ``(number of terms,)``.

    One that says nothing of any term is not kept, and read as zeros: most say nothing of a field, and a table may
    have thousands of fields.

    Args:
        found: The signals.
        nothing: What a signal is that says nothing; not to be written to.
    """

    def __init__(self, found: Mapping[str, Vector], nothing: Vector) -> None:
        super().__init__({name: one for name, one in found.items() if one.any()})
        self._nothing = nothing

    def __missing__(self, name: str) -> Vector:
        """Return zeros for a signal that says nothing."""
        if name not in _KNOWN:
            raise KeyError(name)
        return self._nothing

    def and_those(self, more: "Signals") -> "Signals":
        """Return these signals and others."""
        found = Signals({}, self._nothing)
        found.update(self)
        found.update(more)
        return found


class Spelt(NamedTuple):
    """A field's name as the text model and as the lexical signals see it."""

    raw: str
    spoken: Spoken


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
        self.targets = with_inherited_names(targets)
        self.lexical = Lexical(self.targets)
        self.semantic = Semantic(self.targets, settings)
        self.is_ours = profile == "ontology"
        self.profile: Profile = profile
        if not self.semantic.works:
            self.profile = "any without text" if profile == "any" else "ontology without text"
        self.quantities = Quantities(self.targets)
        self.fellowship = Fellowship(self.targets)
        self.statements = Statements(self.targets)
        self.enumerations = Enumerations(self.targets)
        self._company = Company(self.targets)
        self._units = UnitTerms(self.targets)
        self.withdrawn = np.array([float(term.withdrawn) for term in self.targets])
        self.general = np.array([1.0 if term.narrower else 0.0 for term in self.targets])
        self.adapted: dict[tuple[object, ...], Combiner] = {}
        """The last weights adapted to confirmations, by what was confirmed."""
        self.nothing = np.zeros(len(self.targets))
        self.nothing.flags.writeable = False
        self._kinds = np.array([term.kind.casefold() for term in self.targets])

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Place of each term by id."""
        return {term.id: place for place, term in enumerate(self.targets)}

    def unit_named(self, field: FieldProfile) -> Vector:
        """Return how well the field is the unit that a term is, in a vocabulary of units."""
        if not self._units.is_unit_vocabulary:
            return np.zeros(len(self.targets))
        return self._units.agreement([field.name, field.unit_text, field.description])

    def in_company(self, around: set[str]) -> Vector:
        """Return 1 where a class in whose company a term is met is named around the field."""
        return self._company.named(around)

    def read_ahead(self, fields: Sequence[FieldProfile], learnt: Learnt = _NONE) -> list[Spelt]:
        """Encode what `signals` will ask of these fields in one go, and return their names as it takes them."""
        spelt = [Spelt(spoken(one), self.spell(one, learnt)) for one in fields]
        asked = [
            (one.raw, one.spoken.phrase, field.description)
            for one, field in zip(spelt, fields, strict=True)
        ]
        self.lexical.read_ahead(phrased for _, phrased, _ in asked)
        self.semantic.read_ahead(
            [text for three in asked for text in three],
            [text for _, phrased, told in asked for text in (phrased, told)],
        )
        return spelt

    def spell(self, field: FieldProfile, learnt: Learnt = _NONE) -> Spoken:
        """Return a field's name, and the words around it, as the lexical signals see them."""
        known, language = self.lexical.known, _language(field)
        near = frozenset(word for one in field.siblings for word in words(one, known, language))
        name = _without_symbol(field)
        place = frozenset(word for one in component(field) for word in words(one, known, language))
        return Spoken(
            tokens=tokens(name, known, language),
            own=words(name, known, language),
            near=frozenset(one for one in near if is_telling(one)),
            around=frozenset(file_words(field)),
            place=frozenset(one for one in place if is_telling(one)),
            keys=frozenset({key(field.base_name), key(field.name)}),
            phrase=phrase(name, known, language),
            learnt=learnt,
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
    language = _language(field)
    found = {
        word
        for one in texts
        if len(one) < _LONGEST_NAME
        for word in words(one, frozenset(), language)
    }
    return {one for one in found if is_telling(one)}


def context_words(field: FieldProfile) -> set[str]:
    """Return the words of the file name, its folders, the device and the sibling fields."""
    language = _language(field)
    near = {word for one in field.siblings for word in words(one, frozenset(), language)}
    return file_words(field) | {one for one in near if is_telling(one)}


def signals(
    field: FieldProfile, spelt: Spelt, vocabulary: Vocabulary, recall: Recall | None = None
) -> Signals:
    """Return every signal of a field; each of shape ``(number of terms,)``, mostly 0 … 1.

    Args:
        field: The field.
        spelt: Its name as `Vocabulary.read_ahead` returned it.
        vocabulary: The terms.
        recall: What persons confirmed before.
    """
    raw, asked = spelt
    found = vocabulary.lexical.signals(asked)
    semantic = vocabulary.semantic
    # A model of language guesses at shorthand; ours is curated, and is asked about sentences too.
    legible = 1.0 if vocabulary.is_ours else vocabulary.lexical.legible(asked)
    found["meaning"] = semantic.named(raw) * legible
    found["meaning_written"] = semantic.named(asked.phrase) * legible
    found["meaning_defined"] = semantic.defined(asked.phrase) * legible
    found["description"] = semantic.defined(field.description)
    found["description_named"] = semantic.named(field.description)
    found |= vocabulary.quantities.signals(field)
    agreed = vocabulary.unit_named(field)
    best = float(agreed.max(initial=0.0))
    found["unit_named"] = np.maximum(agreed, -0.5)
    found["unit_identical"] = np.where((agreed >= best) & (best >= _SAME_SIZE), 1.0, 0.0)
    found |= vocabulary.statements.signals(field) | vocabulary.enumerations.signals(field)
    found["kind"] = vocabulary.same_kind(field.kind)
    found["company"] = vocabulary.in_company(context_words(field))
    found["general"] = vocabulary.general
    found["withdrawn"] = vocabulary.withdrawn
    if recall:
        found |= recall.signals(field)
    return Signals(found, vocabulary.nothing)


def spoken(field: FieldProfile) -> str:
    """Return a field's name as a phrase, nothing written out: ``process_temp_value`` → ``process temp value``."""
    return " ".join(pieces(_without_symbol(field))) or field.base_name


def _without_symbol(field: FieldProfile) -> str:
    """Return the name, or what it stands for where it is only a unit (``Amps``) or a symbol (``U/V``)."""
    base = field.base_name
    found = symbol_of_kind(base, field.unit) or name_of_kind(base, field.unit)
    return base if not found or readings(base.casefold()) else found


def _language(field: FieldProfile) -> str:
    return field.context.language if field.context else "en"


class Company:
    """The classes in whose company terms are met, by the words of their names.

    Args:
        targets: The terms.
    """

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        self._members: dict[frozenset[str], list[int]] = {}
        self._size = len(targets)
        for place, term in enumerate(targets):
            for one in {words(one) for names in term.contexts.values() for one in names}:
                if one:
                    self._members.setdefault(one, []).append(place)

    def named(self, around: set[str]) -> Vector:
        """Return 1 where all words of one of a term's classes stand around the field."""
        found = np.zeros(self._size)
        for one, places in self._members.items():
            if one <= around:
                found[places] = 1.0
        return found
