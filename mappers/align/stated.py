"""Evidence that no fitting weighs: a meaning that the source states itself, and what a term is in its vocabulary.

A description of a device may name an entry of a dictionary (an IRDI of ECLASS or IEC CDD, an IRI, a SAMM URN). Where
that entry is a term of the vocabulary, it decides, as long as neither unit nor kind contradicts. The public sets state
no meanings, so the weight is fixed and stands beside the fitted ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.declared import ValueKind
from qualweave.mappers.profile import FieldProfile

Vector: TypeAlias = NDArray[np.float64]
How: TypeAlias = Literal["is", "same", "version", "close"]
FIXED: Mapping[str, float] = MappingProxyType({"stated": 20.0, "values": 4.0, "entity": 0.5})
"""Weights that are not fitted: beyond what other signals of a term reach together, that of a unit twice, a nudge."""
_WORTH: Mapping[How, float] = MappingProxyType(
    {"is": 1.0, "same": 1.0, "version": 0.25, "close": 0.25}
)
_SECOND = 0.75  # of the worth of what a source states first: a reference that it adds
_IRDI = re.compile(
    r"(\d{4})[-/](\d+)(?:///|---|#|-)([A-Za-z0-9_.]+?)[-#]([A-Za-z]{2,4}\d{2,4})(?:(?:##?|-)(\d{1,3}))?(?=/|\Z)"
)
_SCHEME = re.compile(r"\Ahttps?://([^/]*)", re.IGNORECASE)
_TAKEN: Mapping[ValueKind, frozenset[str]] = MappingProxyType(
    {
        "decimal": frozenset({"number"}),
        "integer": frozenset({"number", "identifier", "running", "boolean"}),
        "boolean": frozenset({"boolean", "number", "identifier"}),
        "time": frozenset({"time"}),
    }
)
"""Value types of terms that values so declared may be; codes and texts may be anything."""
_THINGS, _ATTRIBUTES = frozenset({"class", "concept"}), frozenset({"datatype property", "property"})


def identity(text: str) -> tuple[str, str]:
    """Return what an identifier names, however it is spelt, and its version.

    >>> identity("0173-1#02-ABL869#002") == identity("0173/1///02#ABL869#002")
    True
    >>> identity("https://api.eclass-cdp.com/0173-1-02-ABL869-002")
    ('0173/1/02/ABL869', '002')
    >>> identity("http://Example.org/a#B/") == identity("https://example.org/a#B")
    True
    """
    plain = unquote(text.strip())
    found = list(_IRDI.finditer(plain))
    if found and found[-1].end() == len(plain):
        parts = ("/".join(one.groups()[:4]).upper() for one in found)
        return "+".join(parts), found[-1].group(5) or ""
    host = _SCHEME.sub(lambda one: one.group(1).casefold(), plain)
    return host.rstrip("/#"), ""


class Statements:
    """The terms of a vocabulary by all their identifiers.

    Args:
        targets: The terms.

    Attributes:
        entity: How well what a term is suits a field; shape ``(number of terms,)``, 0 or -1.
    """

    def __init__(self, targets: Sequence[TargetTerm]) -> None:
        self._targets = tuple(targets)
        self._places: dict[str, list[int]] = {}
        for place, one in enumerate(self._targets):
            for name in {identity(name)[0] for name in (one.id, *one.same_as, *one.close_to)}:
                self._places.setdefault(name, []).append(place)
        self.entity = _suits(self._targets)

    def signals(self, field: FieldProfile) -> dict[str, Vector]:
        """Return ``stated``: 1 where the source states the term first; and ``entity``."""
        found = np.zeros(len(self._targets))
        for order, meaning in enumerate(_meanings(field)):
            for place in self._places.get(identity(meaning)[0], ()):
                worth = _WORTH[_how(meaning, self._targets[place])]
                found[place] = max(found[place], worth * (_SECOND if order else 1.0))
        if found.max(initial=0.0) == 1.0:  # a version that was not meant
            found[found == _WORTH["version"]] = 0.0
        return {"stated": found, "entity": self.entity}


def meaning_of(field: FieldProfile, term: TargetTerm) -> tuple[str, How]:
    """Return the identifier by which a source states a term, and how that is the term.

    Raises:
        StopIteration: If it does not state it.
    """
    own = {identity(one)[0] for one in (term.id, *term.same_as, *term.close_to)}
    found = next(one for one in _meanings(field) if identity(one)[0] in own)
    return found, _how(found, term)


def can_take(term: TargetTerm, field: FieldProfile) -> bool:
    """Whether the values that a description declares can be those of a term: a wrong entry often shows in them."""
    declared = field.declared.values_are if field.declared else ""
    return not term.value_type or term.value_type in _TAKEN.get(declared, {term.value_type})


def _meanings(field: FieldProfile) -> Iterator[str]:
    return (one.id for one in (field.declared.meanings if field.declared else ()))


def _how(meaning: str, term: TargetTerm) -> How:
    name, version = identity(meaning)
    for how, known in (("is", (term.id,)), ("same", term.same_as)):
        for one in known:
            other, its = identity(one)
            if other == name:
                differs = version and its and version.lstrip("0") != its.lstrip("0")
                return "version" if differs else "is" if how == "is" else "same"
    return "close"


def _suits(targets: Sequence[TargetTerm]) -> Vector:
    """Return -1 for a thing where the vocabulary has attributes of things, 0 else.

    A class with a unit or a quantity kind is a quantity and no thing: some vocabularies publish quantities as classes.
    """
    found = np.zeros(len(targets))
    if not any(one.entity in _ATTRIBUTES for one in targets):
        return found
    for place, one in enumerate(targets):
        found[place] = -float(one.entity in _THINGS and not (one.unit or one.kind))
    return found
