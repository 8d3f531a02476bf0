"""What lifting asks of the ontology, and nothing more: one small port between mapper and term index.

The lifter needs four answers: is this term a role or a parameter, which unit is canonical for it, which
concept does this text name, and how is a term called in a message. `Vocabulary` gives them from plain
values, so that lifting is a pure function that can be tested by table and run on another machine.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from qualweave.iri import Q, local_name

if TYPE_CHECKING:
    from qualweave.ontology.terms import TermIndex


@dataclass(frozen=True)
class Concept:
    """One term as the lifter sees it.

    Attributes:
        iri: IRI of the term.
        labels: Label per language.
        names: Every text that names it: labels, alternative labels, notations, local name.
        ancestors: IRIs of all its superclasses (without itself).
        canonical_unit: UCUM code of the unit its values are kept in, ``""`` where it has none.
        notation: First notation, which a message prints before any label, or ``""``.
        domain: IRI of its domain (for a property), or ``""``.
    """

    iri: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    names: tuple[str, ...] = ()
    ancestors: frozenset[str] = frozenset()
    canonical_unit: str = ""
    notation: str = ""
    domain: str = ""

    @property
    def printed(self) -> str:
        """How a message names it: its first notation, else its local name."""
        return self.notation or local_name(self.iri)

    def is_a(self, ancestor: str) -> bool:
        """Return whether it is the class ``ancestor`` or below it."""
        return ancestor == self.iri or ancestor in self.ancestors


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[\s_\-./\\:()\[\]{},;|·，。：；（）、]+")


def text_key(text: str) -> str:
    """Return a name as it is compared: NFKC, camel case split, folded, punctuation as one blank.

    >>> text_key("Wire_Bond-Offset"), text_key("wireBondOffset"), text_key("金线偏移")
    ('wire bond offset', 'wire bond offset', '金线偏移')
    """
    plain = unicodedata.normalize("NFKC", text)
    return " ".join(_APART.sub(" ", _CAMEL.sub(" ", plain)).casefold().split())


class Vocabulary:
    """Concepts by IRI and by name."""

    def __init__(self, concepts: Iterable[Concept], *, version: str = "") -> None:
        self.version = version
        self._concepts = {one.iri: one for one in concepts}
        self._by_name: dict[str, list[Concept]] = {}
        self._keys_below: dict[str, list[tuple[str, str]]] = {}
        for concept in self._concepts.values():
            for key in {text_key(name) for name in concept.names} - {""}:
                self._by_name.setdefault(key, []).append(concept)

    @classmethod
    def from_terms(
        cls, terms: "TermIndex", *, domains: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """Build the vocabulary from the ontology's term index.

        Args:
            terms: The index of a release.
            domains: Domain of each property, by IRI; the index does not keep them.
        """
        return cls(
            Concept(
                iri=term.iri,
                labels={tag: texts[0] for tag, texts in term.labels.items() if texts},
                names=(*term.words(), term.local_name),
                ancestors=frozenset({*terms.ancestors(term.iri), *term.broader}),
                canonical_unit=term.canonical_unit or "",
                notation=term.notations[0] if term.notations else "",
                domain=domains.get(term.iri, ""),
            )
            for term in terms
        )

    def __len__(self) -> int:
        return len(self._concepts)

    def concept(self, iri: str) -> Concept | None:
        """Return the concept of an IRI, or None."""
        return self._concepts.get(iri)

    def find(self, text: str, *within: str) -> list[Concept]:
        """Return the concepts that a text names exactly, below any of the classes ``within``.

        An IRI or a CURIE with the product's prefix names its concept.
        """
        iri = Q + text[2:] if text.startswith("q:") else text
        direct = self._concepts.get(iri)
        found = [direct] if direct else self._by_name.get(text_key(text), [])
        if not within:
            return list(found)
        return [one for one in found if any(one.is_a(ancestor) for ancestor in within)]

    def below(self, *ancestors: str) -> list[Concept]:
        """Return every concept that is one of the classes or below it."""
        return [
            one for one in self._concepts.values() if any(one.is_a(above) for above in ancestors)
        ]

    def keys_below(self, above: str) -> Sequence[tuple[str, str]]:
        """Return key and IRI of each name of every concept below a class; made once, since every file asks."""
        if above not in self._keys_below:
            self._keys_below[above] = [
                (text_key(name), one.iri)
                for one in self.below(above)
                if one.iri != above
                for name in one.names
            ]
        return self._keys_below[above]

    def is_parameter(self, iri: str) -> bool:
        """Return whether a term is a parameter: its values are triples with it as predicate."""
        concept = self._concepts.get(iri)
        return concept is not None and concept.is_a(Q + "Parameter")

    def unit(self, iri: str) -> str:
        """Return the UCUM code of a term's canonical unit, or ``""``."""
        concept = self._concepts.get(iri)
        return concept.canonical_unit if concept else ""

    def printed(self, iri: str) -> str:
        """Return how a message names a term."""
        concept = self._concepts.get(iri)
        return concept.printed if concept else local_name(iri)
