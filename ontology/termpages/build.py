"""What stands on a term's page, read from the graph of one release: nothing here knows HTML."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SKOS

from qualweave.errors import NotFound
from qualweave.impact import Use
from qualweave.iri import Q, curie
from qualweave.ontology.load import MODULE_IRI
from qualweave.ontology.serialise import TurtleWriter

_LANGUAGES = ("en", "zh")
_NEIGHBOURS: tuple[tuple[str, URIRef, bool], ...] = (
    ("parents", RDFS.subClassOf, True),
    ("parents", RDFS.subPropertyOf, True),
    ("children", RDFS.subClassOf, False),
    ("children", RDFS.subPropertyOf, False),
    ("broader", SKOS.broader, True),
    ("narrower", SKOS.broader, False),
    ("domain", RDFS.domain, True),
    ("range", RDFS.range, True),
    ("properties", RDFS.domain, False),
    ("pointed_at_by", RDFS.range, False),
    ("members", RDF.type, False),
    ("context", URIRef(Q + "typicalContext"), True),
    ("occurs_as", URIRef(Q + "typicalContext"), False),
    ("same_trouble", SKOS.closeMatch, True),
    ("same_trouble", SKOS.relatedMatch, True),
    ("replaced_by", DCTERMS.isReplacedBy, True),
)
_CAUSE, _EFFECT = URIRef(Q + "hasCause"), URIRef(Q + "hasEffect")
_MECHANISM = URIRef(Q + "viaMechanism")
_CAUSAL = Q + "causal/"
_FACTS: tuple[tuple[str, URIRef], ...] = (
    ("unit", URIRef(Q + "canonicalUnit")),
    ("qudt", URIRef(Q + "canonicalQudtUnit")),
    ("unece", URIRef(Q + "canonicalUneceUnit")),
    ("least", URIRef(Q + "typicalMinimum")),
    ("greatest", URIRef(Q + "typicalMaximum")),
    ("quantity_kind", URIRef(Q + "hasQuantityKind")),
    ("notation", SKOS.notation),
    ("source", DCTERMS.source),
)


@dataclass(frozen=True, order=True)
class Link:
    """A term that a page points to.

    Attributes:
        name: Local name, which is also the name of its page; ``""`` where it has none here.
        en: English label, else the CURIE.
        zh: Chinese label, else the English one.
    """

    name: str
    en: str
    zh: str


@dataclass(frozen=True, order=True)
class Mapped:
    """A term of another vocabulary that one of ours is mapped to.

    Attributes:
        predicate: CURIE of how.
        iri: The other term.
        label: As its publisher writes it.
        target: Name of the vocabulary.
        sure: A confidence from 0 to 1, or ``"unverified"``.
    """

    predicate: str
    iri: str
    label: str
    target: str
    sure: str


@dataclass(frozen=True)
class Past:
    """What one release changed of a term.

    Attributes:
        version: The release.
        en: In English.
        zh: In Chinese.
    """

    version: str
    en: str
    zh: str


@dataclass(frozen=True)
class Cause:
    """A causal link of a term, read from its end: what is at the other one, by which mechanism."""

    other: Link
    mechanism: Link | None
    is_effect: bool


@dataclass(frozen=True)
class TermPage:
    """Everything that one page says."""

    name: str
    iri: str
    kinds: tuple[str, ...]
    module: str
    texts: Mapping[str, Mapping[str, str]]
    synonyms: Mapping[str, tuple[str, ...]]
    facts: tuple[tuple[str, str], ...]
    neighbours: tuple[tuple[str, tuple[Link, ...]], ...]
    axioms: tuple[str, ...]
    causes: tuple[Cause, ...]
    mapped: tuple[Mapped, ...]
    uses: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    history: tuple[Past, ...]
    deprecated: bool


class Book:
    """The pages of one release.

    Args:
        graph: The ontology.
        version: Of the release.
        mapped: By IRI.
        history: By IRI, the newest first.
    """

    def __init__(
        self,
        graph: Graph,
        version: str,
        *,
        mapped: Mapping[str, Sequence[Mapped]] | None = None,
        history: Mapping[str, Sequence[Past]] | None = None,
    ) -> None:
        self.version = version
        self._graph = graph
        self._mapped, self._history = mapped or {}, history or {}
        self._turtle = TurtleWriter(graph)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Local names of all terms, sorted without regard to case."""
        found = {
            str(one).removeprefix(Q)
            for one in self._graph.subjects(RDFS.isDefinedBy, None)
            if str(one).startswith(Q) and "/" not in str(one).removeprefix(Q)
        }
        return tuple(sorted(found, key=lambda one: (one.casefold(), one)))

    @cached_property
    def modules(self) -> Mapping[str, tuple[Link, ...]]:
        """Names of the modules, each with its terms."""
        found: dict[str, list[Link]] = defaultdict(list)
        for name in self.names:
            found[self._module(URIRef(Q + name))].append(self.link(URIRef(Q + name)))
        return {one: tuple(found[one]) for one in sorted(found)}

    def page(self, name: str, uses: Iterable[Use] = ()) -> TermPage:
        """Return the page of a term.

        Args:
            name: Its local name.
            uses: What uses it; uses of other terms are left out.

        Raises:
            NotFound: If the release has no such term.
        """
        if name not in self._known:
            raise NotFound(
                f"The release {self.version} has no term {name!r}.",
                message_zh=f"版本 {self.version} 中没有术语 {name!r}。",
                next_step="See the index of its terms.",
                next_step_zh="请查看术语索引。",
                data={"term": name, "version": self.version},
            )
        term = URIRef(Q + name)
        return TermPage(
            name=name,
            iri=str(term),
            kinds=tuple(sorted(curie(str(one)) for one in self._graph.objects(term, RDF.type))),
            module=self._module(term),
            texts={
                "label": self._text(term, RDFS.label),
                "definition": self._text(term, SKOS.definition),
                "example": self._text(term, SKOS.example),
            },
            synonyms=self._synonyms(term),
            facts=tuple(self._facts(term)),
            neighbours=tuple(self._neighbours(term)),
            axioms=tuple(
                sorted(
                    self._turtle.term(one)
                    for one in self._graph.objects(term, RDFS.subClassOf)
                    if isinstance(one, BNode)
                )
            ),
            causes=tuple(self._causes(term)),
            mapped=tuple(sorted(self._mapped.get(str(term), ()))),
            uses=_by_kind(one for one in uses if one.term == str(term)),
            history=tuple(self._history.get(str(term), ())),
            deprecated=(term, OWL.deprecated, None) in self._graph,
        )

    def link(self, node: URIRef) -> Link:
        """Return a term as a page points to it."""
        labels = self._text(node, RDFS.label)
        english = labels.get("en") or curie(str(node))
        name = str(node).removeprefix(Q)
        return Link(name if name in self._known else "", english, labels.get("zh") or english)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def _module(self, term: URIRef) -> str:
        return str(self._graph.value(term, RDFS.isDefinedBy) or "").removeprefix(MODULE_IRI)

    def _text(self, term: URIRef, predicate: URIRef) -> dict[str, str]:
        found = [one for one in self._graph.objects(term, predicate) if isinstance(one, Literal)]
        return {
            tag: min(texts)
            for tag in _LANGUAGES
            if (texts := [str(one) for one in found if one.language == tag])
        }

    def _synonyms(self, term: URIRef) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for one in self._graph.objects(term, SKOS.altLabel):
            if isinstance(one, Literal):
                found[one.language or ""].append(str(one))
        return {tag: tuple(sorted(found[tag])) for tag in sorted(found)}

    def _facts(self, term: URIRef) -> Iterable[tuple[str, str]]:
        for name, predicate in _FACTS:
            for value in sorted(self._graph.objects(term, predicate), key=str):
                yield name, str(value)

    def _neighbours(self, term: URIRef) -> Iterable[tuple[str, tuple[Link, ...]]]:
        found: dict[str, set[Link]] = {}
        for name, predicate, outward in _NEIGHBOURS:
            nodes = (
                self._graph.objects(term, predicate)
                if outward
                else self._graph.subjects(predicate, term)
            )
            links = {self.link(one) for one in nodes if isinstance(one, URIRef)}
            found.setdefault(name, set()).update(links)
        for same, as_class in (("broader", "parents"), ("narrower", "children")):
            found[same] -= found[as_class]
        for name, links in found.items():
            if links:
                yield name, tuple(sorted(links, key=lambda one: one.en.casefold()))

    def _causes(self, term: URIRef) -> Iterable[Cause]:
        for near, far, is_effect in ((_CAUSE, _EFFECT, True), (_EFFECT, _CAUSE, False)):
            for link in sorted(self._graph.subjects(near, term), key=str):
                mechanism = self._graph.value(link, _MECHANISM)
                for other in self._graph.objects(link, far):
                    if isinstance(other, URIRef):
                        by = self.link(mechanism) if isinstance(mechanism, URIRef) else None
                        yield Cause(self.link(other), by, is_effect)


def _by_kind(uses: Iterable[Use]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for use in uses:
        if not use.name.startswith(_CAUSAL):  # told as causal knowledge
            found[use.kind][use.name.removeprefix(Q)] = use.count
    return tuple((kind, tuple(sorted(found[kind].items()))) for kind in sorted(found))
