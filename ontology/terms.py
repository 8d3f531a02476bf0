"""Terms as values, and the index by which every part of the product finds them.

A column header, a complaint, an engineer's label and a query all name terms in their own words and
language. The index answers exactly: NFKC, case-folded, equal to a label, an alternative label or a
notation. It returns every term that carries the words; which one is meant is decided by whoever
knows the context.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Literal as Choice
from typing import Self, TypeAlias

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS
from rdflib.term import Node

from qualweave.errors import AmbiguousTerm, JsonValue, UnknownTerm
from qualweave.iri import Q

TermKind: TypeAlias = Choice["class", "object_property", "data_property"]
Words: TypeAlias = Mapping[str, tuple[str, ...]]
_Step: TypeAlias = Callable[[str], Iterable[str]]

_KINDS: Mapping[URIRef, TermKind] = MappingProxyType(
    {
        OWL.Class: "class",
        OWL.ObjectProperty: "object_property",
        OWL.DatatypeProperty: "data_property",
    }
)
_SPACE = re.compile(r"\s+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


def normalise(text: str) -> str:
    """Return ``text`` as labels are compared: NFKC, case-folded, white space collapsed."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


@dataclass(frozen=True)
class Term:
    """One term of the ontology.

    Attributes:
        iri: Its IRI.
        kind: Class, object property or data property.
        module: Name of the module that defines it, for example ``"process"``.
        labels: Language to labels.
        alt_labels: Language to the words that devices, systems and people use for it.
        definitions: Language to definition.
        notations: Legacy spellings; the first is the one that messages print.
        parents: IRIs of the direct super-classes or super-properties, sorted.
        broader: IRIs of the directly broader concepts, sorted.
        quantity_kind: IRI of the QUDT quantity kind, for a parameter with a dimension.
        canonical_unit: UCUM code of the unit in which values stand in the graph.
        typical_range: Least and greatest plausible value in ``canonical_unit``.
        contexts: IRIs of the processes, equipment and items where a parameter occurs.
        is_parameter: A column can carry values of it.
        is_role: A role term (see ``docs/reference/graph.md``).
        is_defect: A kind of defect.
        is_mechanism: A kind of failure mechanism.
        is_process: A kind of process.
        is_equipment: A kind of equipment.
    """

    iri: str
    kind: TermKind
    module: str
    labels: Words
    alt_labels: Words
    definitions: Mapping[str, str]
    notations: tuple[str, ...]
    parents: tuple[str, ...]
    broader: tuple[str, ...]
    quantity_kind: str | None
    canonical_unit: str | None
    typical_range: tuple[float, float] | None
    contexts: tuple[str, ...]
    is_parameter: bool
    is_role: bool
    is_defect: bool
    is_mechanism: bool
    is_process: bool
    is_equipment: bool

    @property
    def local_name(self) -> str:
        """The part of the IRI behind the namespace, for example ``"ChamberTemperature"``."""
        return self.iri.removeprefix(Q)

    def words(self, language: str | None = None) -> tuple[str, ...]:
        """Return labels, alternative labels and notations, of one language or of all."""
        found: list[str] = []
        for table in (self.labels, self.alt_labels):
            for tag, texts in table.items():
                if language in (None, tag):
                    found.extend(texts)
        return tuple(dict.fromkeys([*found, *self.notations]))


class TermIndex:
    """All terms of one graph, found by IRI, by words and along the hierarchy."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms: Mapping[str, Term] = {t.iri: t for t in sorted(terms, key=lambda t: t.iri)}
        self._names: dict[str, list[tuple[Term, str]]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        for term in self._terms.values():
            for tag, text in _tagged_words(term):
                self._names[normalise(text)].append((term, tag))
            for parent in term.parents:
                self._children[parent].append(term.iri)

    @classmethod
    def from_graph(cls, graph: Graph) -> Self:
        """Build the index of all ``q:`` terms that ``graph`` declares."""
        return cls(_TermReader(graph).terms())

    def __iter__(self) -> Iterator[Term]:
        return iter(self._terms.values())

    def __len__(self) -> int:
        return len(self._terms)

    def __contains__(self, iri: object) -> bool:
        return iri in self._terms

    def by_iri(self, iri: str) -> Term:
        """Return the term of ``iri``.

        Raises:
            UnknownTerm: If the ontology declares no such term.
        """
        term = self._terms.get(str(iri))
        if term is None:
            raise UnknownTerm(
                f"the ontology has no term {iri}.",
                message_zh=f"本体中没有术语 {iri}。",
                next_step="Look the term up by its label, or ask for it with a new-term request.",
                next_step_zh="请按标签查找该术语，或发起新增术语申请。",
                data={"term": str(iri)},
            )
        return term

    def by_label(self, text: str, lang: str | None = None) -> tuple[Term, ...]:
        """Return every term that carries ``text`` as label, alternative label or notation.

        Args:
            text: The words, compared after NFKC and case folding.
            lang: Only words of this language; notations belong to every language.

        Returns:
            The terms, those whose label it is before those whose alternative label it is.
        """
        found = {
            term.iri: term
            for term, tag in self._names.get(normalise(text), ())
            if lang is None or tag in (lang, "")
        }
        wanted = normalise(text)
        return tuple(sorted(found.values(), key=lambda t: (not _is_label(t, wanted), t.iri)))

    def named(self, name: str) -> Term:
        """Return the one term of a name: IRI, CURIE, local name, notation or label in any language.

        Raises:
            UnknownTerm: If no term carries the name; ``data["nearest"]`` lists the nearest.
            AmbiguousTerm: If several do.
        """
        direct = name if "://" in name else Q + name.removeprefix("q:")
        if direct in self._terms:
            return self._terms[direct]
        found = self.by_label(name)
        labelled = [one for one in found if _is_label(one, normalise(name))] or list(found)
        if len(labelled) == 1:
            return labelled[0]
        if labelled:
            raise AmbiguousTerm(
                f"{name!r} names several terms: {', '.join(one.local_name for one in labelled)}.",
                message_zh=f"{name!r} 对应多个术语：{'、'.join(one.local_name for one in labelled)}。",
                next_step="Give one of them by its IRI or local name.",
                next_step_zh="请以 IRI 或本地名指定其中之一。",
                data={"name": name, "candidates": list[JsonValue](one.iri for one in labelled)},
            )
        nearest = self.nearest(name)
        raise UnknownTerm(
            f"The ontology has no term {name!r}.",
            message_zh=f"本体中没有术语 {name!r}。",
            next_step="Take one of the nearest terms, or ask for a new one with a new-term request.",
            next_step_zh="请使用最接近的术语，或发起新增术语申请。",
            data={
                "name": name,
                "nearest": list[JsonValue](nearest),
                "nearest_terms": [self._spoken(one) for one in nearest],
            },
        )

    def nearest(self, name: str) -> list[str]:
        """Return the IRIs of the terms whose names look most like a name, or like its words run together."""
        local = name.rsplit("/", 1)[-1].removeprefix("q:")
        wanted = (normalise(local), normalise(_HUMP.sub(" ", local)))
        names = self._spellings
        near = {
            one
            for text in dict.fromkeys(wanted)
            for one in get_close_matches(text, names, n=5, cutoff=0.5)
        }
        likeness = {
            one: max(SequenceMatcher(None, one, text).ratio() for text in wanted) for one in near
        }
        ranked = sorted(near, key=lambda one: (-likeness[one], one))
        return list(dict.fromkeys(iri for one in ranked for iri in names[one]))[:5]

    @cached_property
    def _spellings(self) -> Mapping[str, tuple[str, ...]]:
        """Every name that a person may have meant to write, local names included, and the terms that bear it."""
        found = {name: [term.iri for term, _ in held] for name, held in self._names.items()}
        for iri, term in self._terms.items():
            for text in (term.local_name, _HUMP.sub(" ", term.local_name)):
                found.setdefault(normalise(text), []).append(iri)
        return {name: tuple(dict.fromkeys(iris)) for name, iris in found.items()}

    def _spoken(self, iri: str) -> JsonValue:
        return {"iri": iri, "en": self.name_of(iri, "en"), "zh": self.name_of(iri, "zh")}

    def descendants(self, iri: str) -> tuple[str, ...]:
        """Return the IRIs of all terms under ``iri``, without itself, sorted."""
        return _closure(iri, lambda i: self._children.get(i, ()))

    def ancestors(self, iri: str) -> tuple[str, ...]:
        """Return the IRIs of all terms above ``iri``, without itself, sorted."""
        return _closure(iri, lambda i: self._terms[i].parents if i in self._terms else ())

    def name_of(self, iri: str, lang: str = "en") -> str:
        """Return the label in ``lang``, else in English, else the local name.

        Raises:
            UnknownTerm: If the ontology declares no such term.
        """
        term = self.by_iri(iri)
        labels = term.labels.get(lang) or term.labels.get("en") or (term.local_name,)
        return labels[0]

    def spoken_name(self, iri: str) -> str:
        """Return the name that messages print: the first notation, else the local name.

        Raises:
            UnknownTerm: If the ontology declares no such term.
        """
        term = self.by_iri(iri)
        return term.notations[0] if term.notations else term.local_name


def _is_label(term: Term, wanted: str) -> bool:
    return any(normalise(text) == wanted for texts in term.labels.values() for text in texts)


def _tagged_words(term: Term) -> Iterator[tuple[str, str]]:
    for table in (term.labels, term.alt_labels):
        for tag, texts in table.items():
            yield from ((tag, text) for text in texts)
    yield from (("", notation) for notation in term.notations)


def _closure(start: str, step: _Step) -> tuple[str, ...]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for near in step(todo.pop()):
            if near not in seen and near != start:
                seen.add(near)
                todo.append(near)
    return tuple(sorted(seen))


class _TermReader:
    """Reads terms from a graph; the hierarchy is closed once for all of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.kinds = {
            str(subject): kind
            for type_iri, kind in _KINDS.items()
            for subject in graph.subjects(RDF.type, type_iri)
            if str(subject).startswith(Q)
        }

    def terms(self) -> Iterator[Term]:
        under = {
            root: {Q + root, *_closure(Q + root, self._children)} - {Q + root}
            for root in (
                "Parameter",
                "Defect",
                "FailureMechanism",
                "ManufacturingActivity",
                "Equipment",
            )
        }
        for iri in sorted(self.kinds):
            yield self._term(iri, under)

    def _children(self, iri: str) -> Iterator[str]:
        return (str(s) for s in self.graph.subjects(RDFS.subClassOf, URIRef(iri)))

    def _term(self, iri: str, under: Mapping[str, set[str]]) -> Term:
        node = URIRef(iri)
        concept = (node, RDF.type, SKOS.Concept) in self.graph
        unit, contexts = (
            self._text(node, "canonicalUnit"),
            self._iris(node, URIRef(Q + "typicalContext")),
        )
        definitions = self._words(node, SKOS.definition)
        return Term(
            iri=iri,
            kind=self.kinds[iri],
            module=self._module(node),
            labels=self._words(node, RDFS.label),
            alt_labels=self._words(node, SKOS.altLabel),
            definitions=MappingProxyType({tag: texts[0] for tag, texts in definitions.items()}),
            notations=tuple(sorted(str(o) for o in self.graph.objects(node, SKOS.notation))),
            parents=self._iris(node, RDFS.subClassOf) or self._iris(node, RDFS.subPropertyOf),
            broader=self._iris(node, SKOS.broader),
            quantity_kind=self._text(node, "hasQuantityKind"),
            canonical_unit=unit,
            typical_range=self._range(node),
            contexts=contexts,
            is_parameter=iri in under["Parameter"] and bool(unit or contexts),
            is_role=(node, URIRef(Q + "recordRole"), None) in self.graph,
            is_defect=concept and iri in under["Defect"],
            is_mechanism=concept and iri in under["FailureMechanism"],
            is_process=concept and iri in under["ManufacturingActivity"],
            is_equipment=concept and iri in under["Equipment"],
        )

    def _module(self, node: URIRef) -> str:
        homes = self._iris(node, RDFS.isDefinedBy)
        return homes[0].rsplit("/", 1)[-1] if homes else ""

    def _words(self, node: URIRef, predicate: Node) -> Words:
        found: dict[str, list[str]] = defaultdict(list)
        for value in self.graph.objects(node, predicate):
            if isinstance(value, Literal):
                found[value.language or ""].append(str(value))
        return MappingProxyType({tag: tuple(sorted(texts)) for tag, texts in sorted(found.items())})

    def _iris(self, node: URIRef, predicate: Node) -> tuple[str, ...]:
        return tuple(
            sorted(str(o) for o in self.graph.objects(node, predicate) if isinstance(o, URIRef))
        )

    def _text(self, node: URIRef, name: str) -> str | None:
        value = self.graph.value(node, URIRef(Q + name))
        return None if value is None else str(value)

    def _range(self, node: URIRef) -> tuple[float, float] | None:
        least, most = self._text(node, "typicalMinimum"), self._text(node, "typicalMaximum")
        return None if least is None or most is None else (float(least), float(most))
