"""The signals of alignment: each says, for one field, how well each term fits, from one kind of evidence.

A signal is a vector over the terms. None decides alone; `score` weighs them. A unit of another dimension
is not a weight but a veto.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import UnknownUnit
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import grams, key, words
from qualweave.mappers.profile import FieldProfile
from qualweave.values import Unit, conversion, find_unit

Vector = NDArray[np.float64]
SIGNALS = (
    "exact",
    "label_exact",
    "name_covered",
    "label_covered",
    "context_covered",
    "characters",
    "meaning",
    "description",
    "unit",
    "unit_missing",
    "range",
    "value_type",
    "company",
    "general",
)
_TYPES = {
    "decimal": {"number"},
    "integer": {"number", "identifier"},
    "boolean": {"boolean", "number"},
    "time": {"time"},
    "code": {"identifier", "text"},
    "identifier": {"identifier", "text"},
    "text": {"text", "identifier"},
    "empty": set(),
}
_NO_UNIT = {"time", "identifier", "text", "boolean"}


@dataclass(frozen=True)
class _Name:
    words: frozenset[str]
    grams: frozenset[str]
    key: str
    place: int
    preferred: bool


class Vocabulary:
    """Terms prepared for comparison: words with their rarity, trigrams, vectors.

    Args:
        targets: The terms.
        settings: Text model and cache; None leaves the text signals out.
    """

    def __init__(self, targets: Sequence[TargetTerm], settings: Settings | None = None) -> None:
        self.targets = tuple(targets)
        self._settings = settings if settings is not None and text.available() else None
        self.names = [
            _Name(words(name), grams(name), key(name), place, preferred=_is_label(term, name))
            for place, term in enumerate(self.targets)
            for name in term.names
        ]
        self._owner = np.array([name.place for name in self.names], dtype=np.int64)
        self.units: list[Unit | None] = [
            find_unit(term.unit) if term.unit else None for term in self.targets
        ]
        counts: dict[str, int] = {}
        for term in self.targets:
            for word in {one for name in term.names for one in words(name)}:
                counts[word] = counts.get(word, 0) + 1
        self._rarity = {
            word: 1.0 + np.log((1 + len(self.targets)) / (1 + count))
            for word, count in counts.items()
        }
        self._unseen = 1.0 + np.log(1 + len(self.targets))
        self.company = [
            [(iri, [words(one) for one in names]) for iri, names in term.contexts.items()]
            for term in self.targets
        ]

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Place of each term by id."""
        return {term.id: place for place, term in enumerate(self.targets)}

    def weight(self, found: frozenset[str] | set[str]) -> float:
        """Return the summed rarity of words."""
        return float(sum(self._rarity.get(one, self._unseen) for one in found))

    def best(self, values: Sequence[float] | Vector) -> Vector:
        """Return, per term, the best of the values of its names."""
        out = np.zeros(len(self.targets))
        np.maximum.at(out, self._owner, np.asarray(values, dtype=float))
        return out

    @cached_property
    def _name_vectors(self) -> text.Vectors | None:
        if self._settings is None:
            return None
        every = [name for term in self.targets for name in term.names]
        return text.encode(every, kind="query", settings=self._settings)

    @cached_property
    def _description_vectors(self) -> text.Vectors | None:
        if self._settings is None or not any(term.description for term in self.targets):
            return None
        return text.encode(
            [term.description or term.label() for term in self.targets],
            kind="passage",
            settings=self._settings,
        )

    def meaning(self, phrase: str) -> Vector:
        """Return standardised similarity of a phrase to each term's nearest name."""
        if self._name_vectors is None or self._settings is None or not phrase.strip():
            return np.zeros(len(self.targets))
        asked = text.encode([phrase], kind="query", settings=self._settings)[0]
        return _standardised(self.best(np.maximum(self._name_vectors @ asked, 0)))

    def described(self, phrase: str) -> Vector:
        """Return standardised similarity of a description to each term's description."""
        if self._description_vectors is None or self._settings is None or not phrase.strip():
            return np.zeros(len(self.targets))
        asked = text.encode([phrase], kind="query", settings=self._settings)[0]
        return _standardised(self._description_vectors @ asked)


def _is_label(term: TargetTerm, name: str) -> bool:
    return any(name in names for names in term.labels.values())


def _standardised(values: NDArray[np.floating]) -> Vector:
    """Return how far above the rest each value stands, as 0 … 1 (three deviations and more are 1)."""
    spread = float(values.std()) or 1.0
    return np.clip((np.asarray(values, dtype=float) - float(values.mean())) / spread, 0, 4) / 4


def context_words(field: FieldProfile) -> set[str]:
    """Return the words of the file name, its folders, the device and the sibling fields."""
    found: set[str] = set()
    context = field.context
    if context is not None:
        stem = context.file_name.rsplit(".", 1)[0]
        for one in (stem, *context.path_hints, context.device, *context.header.values()):
            found |= words(one) if len(one) < 80 else set()  # noqa: PLR2004 - prose is no name
    for sibling in field.siblings:
        found |= words(sibling)
    return {one for one in found if not one.isdigit()}


def signals(field: FieldProfile, vocabulary: Vocabulary) -> dict[str, Vector]:
    """Return every signal of a field; each of shape ``(number of terms,)``, mostly 0 … 1."""
    own, around = words(field.base_name), context_words(field)
    plain = spoken(field)
    found = _name_signals(own, around, plain=plain, field=field, vocabulary=vocabulary)
    found["meaning"] = vocabulary.meaning(plain)
    found["description"] = vocabulary.described(field.description)
    found |= _unit_signals(field, vocabulary)
    found["value_type"] = _type_signal(field, vocabulary)
    found["company"] = np.array([_company(one, around) for one in vocabulary.company])
    found["general"] = np.array([1.0 if term.narrower else 0.0 for term in vocabulary.targets])
    return found


def spoken(field: FieldProfile) -> str:
    """Return a field's name as a phrase, abbreviations kept: ``process_temp_value`` → ``process temp value``."""
    return " ".join(part for part in field.base_name.replace("_", " ").replace(".", " ").split())


def _name_signals(
    own: frozenset[str],
    around: set[str],
    *,
    plain: str,
    field: FieldProfile,
    vocabulary: Vocabulary,
) -> dict[str, Vector]:
    own_key, full_key, own_grams = key(field.base_name), key(field.name), grams(plain)
    written = key(" ".join(sorted(own)))
    total = vocabulary.weight(own) or 1.0
    exact, label, name, covered, helped, characters = (
        [0.0] * len(vocabulary.names) for _ in range(6)
    )
    for place, one in enumerate(vocabulary.names):
        if one.key and (
            one.key in {own_key, full_key} or key(" ".join(sorted(one.words))) == written
        ):
            exact[place], label[place] = 1.0, float(one.preferred)
        shared = one.words & own
        if shared:
            size = vocabulary.weight(one.words)
            name[place] = vocabulary.weight(shared) / total
            covered[place] = vocabulary.weight(shared) / size
            missing = one.words - own
            helped[place] = vocabulary.weight(missing & around) / size
        union = len(one.grams | own_grams)
        characters[place] = len(one.grams & own_grams) / union if union else 0.0
    both = np.asarray(name) * np.asarray(covered)
    return {
        "exact": vocabulary.best(exact),
        "label_exact": vocabulary.best(label),
        "name_covered": vocabulary.best(name),
        "label_covered": vocabulary.best(both),
        "context_covered": vocabulary.best(np.asarray(name) * np.asarray(helped)),
        "characters": vocabulary.best(characters),
    }


def _unit_signals(field: FieldProfile, vocabulary: Vocabulary) -> dict[str, Vector]:
    """Unit: 1 same dimension, 0 nothing to compare, -1 another dimension (a veto where both are known)."""
    size = len(vocabulary.targets)
    unit, missing, inside = np.zeros(size), np.zeros(size), np.zeros(size)
    for place, theirs in enumerate(vocabulary.units):
        if theirs is None:
            if field.unit is not None and vocabulary.targets[place].value_type in {
                "time",
                "identifier",
                "text",
                "boolean",
            }:
                unit[place] = -1.0
            continue
        if field.unit is None:
            missing[place] = 1.0
            inside[place] = _inside(field, 1.0, 0.0, vocabulary.targets[place])
            continue
        try:
            factor, offset = conversion(field.unit, theirs)
        except UnknownUnit:
            unit[place] = -1.0
            continue
        unit[place] = 1.0
        inside[place] = _inside(field, factor, offset, vocabulary.targets[place])
    return {"unit": unit, "unit_missing": missing, "range": inside}


def _inside(field: FieldProfile, factor: float, offset: float, term: TargetTerm) -> float:
    """Return the share of the middle of a field's values in the typical range, minus one half."""
    if term.typical is None or not field.quantiles:
        return 0.0
    low, high = term.typical
    converted = [one * factor + offset for one in field.quantiles]
    return sum(low <= one <= high for one in converted) / len(converted) - 0.5


def _type_signal(field: FieldProfile, vocabulary: Vocabulary) -> Vector:
    fitting = _TYPES[field.type]
    if not fitting or not field.count:
        return np.zeros(len(vocabulary.targets))
    return np.array(
        [
            0.0 if not term.value_type else (1.0 if term.value_type in fitting else -1.0)
            for term in vocabulary.targets
        ]
    )


def _company(contexts: Sequence[tuple[str, Sequence[frozenset[str]]]], around: set[str]) -> float:
    """Return how much of a term's usual company is around: the best-named class counts."""
    best = 0.0
    for _, names in contexts:
        for one in names:
            if one and one <= around:
                best = max(best, 1.0)
    return best
