"""`View`: what the pitfall checks read of an ontology, computed once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DC, DCTERMS, OWL, RDF, RDFS, SKOS
from rdflib.term import Node

BUILT_IN = (str(OWL), str(RDF), str(RDFS), "http://www.w3.org/2001/XMLSchema#")
NAMES = (RDFS.label, SKOS.prefLabel)
DEFINITIONS = (RDFS.comment, SKOS.definition, DC.description, DCTERMS.description)
_EXPRESSIONS = (
    OWL.unionOf,
    OWL.intersectionOf,
    OWL.complementOf,
    OWL.someValuesFrom,
    OWL.allValuesFrom,
    OWL.onClass,
)


@dataclass(frozen=True)
class View:
    """An ontology, by kind of term.

    Attributes:
        graph: All triples.
    """

    graph: Graph

    def named(self, kind: Node) -> tuple[URIRef, ...]:
        """Return the named things of a type that are not built in, sorted."""
        found = {one for one in self.graph.subjects(RDF.type, kind) if isinstance(one, URIRef)}
        return tuple(sorted(one for one in found if not str(one).startswith(BUILT_IN)))

    @cached_property
    def classes(self) -> tuple[URIRef, ...]:
        """Declared classes."""
        return self.named(OWL.Class)

    @cached_property
    def relations(self) -> tuple[URIRef, ...]:
        """Declared object properties."""
        return self.named(OWL.ObjectProperty)

    @cached_property
    def attributes(self) -> tuple[URIRef, ...]:
        """Declared datatype properties."""
        return self.named(OWL.DatatypeProperty)

    @cached_property
    def properties(self) -> tuple[URIRef, ...]:
        """Declared object and datatype properties."""
        return tuple(sorted({*self.relations, *self.attributes}))

    @cached_property
    def terms(self) -> tuple[URIRef, ...]:
        """Declared classes and properties."""
        return tuple(sorted({*self.classes, *self.properties}))

    def texts(self, term: Node, predicates: tuple[URIRef, ...]) -> list[Literal]:
        """Return the texts of a term under some predicates."""
        found = (one for which in predicates for one in self.graph.objects(term, which))
        return [one for one in found if isinstance(one, Literal)]

    def domains(self, term: Node) -> frozenset[Node]:
        """Return the domains of a property, ``owl:Thing`` left out."""
        return self._domains.get(term, frozenset())

    def ranges(self, term: Node) -> frozenset[Node]:
        """Return the ranges of a property, ``owl:Thing`` left out."""
        return self._ranges.get(term, frozenset())

    @cached_property
    def _domains(self) -> Mapping[Node, frozenset[Node]]:
        return self._ends(RDFS.domain)

    @cached_property
    def _ranges(self) -> Mapping[Node, frozenset[Node]]:
        return self._ends(RDFS.range)

    def _ends(self, which: URIRef) -> Mapping[Node, frozenset[Node]]:
        found: dict[Node, set[Node]] = defaultdict(set)
        for term, end in self.graph.subject_objects(which):
            found[term].add(end)
        return {term: frozenset(ends - {OWL.Thing}) for term, ends in found.items()}

    @cached_property
    def one_way(self) -> tuple[URIRef, ...]:
        """Object properties that are not symmetric and have no inverse, sorted."""
        symmetric = set(self.named(OWL.SymmetricProperty))
        paired = {end for pair in self.graph.subject_objects(OWL.inverseOf) for end in pair}
        return tuple(one for one in self.relations if one not in symmetric | paired)

    @cached_property
    def one_way_by_ends(
        self,
    ) -> Mapping[tuple[frozenset[Node], frozenset[Node]], tuple[URIRef, ...]]:
        """Those of ``one_way`` by their domains and ranges."""
        found: dict[tuple[frozenset[Node], frozenset[Node]], list[URIRef]] = defaultdict(list)
        for one in self.one_way:
            found[self.domains(one), self.ranges(one)].append(one)
        return {ends: tuple(some) for ends, some in found.items()}

    def parents(self, term: Node) -> list[URIRef]:
        """Return the named classes directly above a class."""
        above = self.graph.objects(term, RDFS.subClassOf)
        return [one for one in above if isinstance(one, URIRef) and one != OWL.Thing]

    @cached_property
    def in_expressions(self) -> frozenset[Node]:
        """Named classes that stand in a class expression."""
        found: set[Node] = set()
        for which in _EXPRESSIONS:
            for value in self.graph.objects(None, which):
                found |= set(self.inside(value)) | {value}
        return frozenset(found)

    def inside(self, node: Node) -> Iterator[Node]:
        """Iterate over everything below a blank node: members of lists and fillers of restrictions."""
        seen: set[Node] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if not isinstance(one, BNode) or one in seen:
                continue
            seen.add(one)
            for value in self.graph.objects(one):
                yield value
                waiting.append(value)


def short(node: Node) -> str:
    """Return the part of an IRI behind its last ``#`` or ``/``."""
    return str(node).rsplit("#", 1)[-1].rsplit("/", 1)[-1]
