"""The part of an ontology that OWL 2 EL can say, in OWL functional-style syntax, and a count of the rest.

ELK's own command line reads that syntax alone. What leaves the profile is weakened where that is sound (a conjunct
is dropped on the side that is implied, a union on the implying side becomes one axiom for each member), and left out
and counted otherwise: a class that is unsatisfiable in the written part is unsatisfiable in the ontology.

Three things are said in another way, since ELK reads them in no other: a range is a class that a restriction implies
of its filler (the elimination of ranges), a data property is written as an object property, and a datatype, a literal
or an enumerated individual as a class.

Source: OWL 2 Structural Specification (W3C 2012), Mapping to RDF Graphs (W3C 2012); Baader, Brandt, Lutz: Pushing the
EL Envelope Further (2008) for ranges.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import combinations

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

RANGE_OF = "urn:qualweave:range:"
"""Start of the IRI of the class that stands for the values of a property."""
_THING, _NOTHING = f"<{OWL.Thing}>", f"<{OWL.Nothing}>"
_DEFINING = (OWL.intersectionOf, OWL.unionOf, OWL.oneOf, OWL.complementOf)
_EXACTLY = (OWL.cardinality, OWL.qualifiedCardinality)
_AT_LEAST = (OWL.minCardinality, OWL.minQualifiedCardinality, *_EXACTLY)
_LEFT_TYPES = (
    OWL.FunctionalProperty,
    OWL.InverseFunctionalProperty,
    OWL.SymmetricProperty,
    OWL.AsymmetricProperty,
    OWL.IrreflexiveProperty,
    OWL.AllDisjointProperties,
    OWL.AllDifferent,
    OWL.NegativePropertyAssertion,
)
_LEFT_PREDICATES = (
    OWL.inverseOf,
    OWL.propertyDisjointWith,
    OWL.hasKey,
    OWL.sameAs,
    OWL.differentFrom,
)


@dataclass(frozen=True)
class Functional:
    """An ontology in functional-style syntax.

    Attributes:
        text: The document.
        axioms: Number of axioms written.
        left_out: What was not written, or weakened: name of the construct -> how often.
    """

    text: str
    axioms: int
    left_out: Mapping[str, int]


def to_functional(graph: Graph) -> Functional:
    """Return the part of ``graph`` within OWL 2 EL, in functional-style syntax."""
    writer = _Axioms(graph)
    axioms = sorted({*writer.of_graph(), *writer.of_ranges()})
    declared = [f"Declaration(Class({_iri(one)}))" for one in sorted(writer.classes)]
    text = "\n".join(["Ontology(<urn:qualweave:check>", *declared, *axioms, ")", ""])
    return Functional(text, len(axioms), dict(sorted(writer.left.items())))


class _Expressions:
    """Reads class expressions of a graph from below and from above."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.left: Counter[str] = Counter()
        """What could not be said, counted."""

    @cached_property
    def ranged(self) -> frozenset[Node]:
        """Return the properties that have a range, or a property above them has one."""
        found: set[Node] = {s for s, _ in self.graph.subject_objects(RDFS.range)}
        waiting = list(found)
        while waiting:
            above = waiting.pop()
            below = set(self.graph.subjects(RDFS.subPropertyOf, above))
            below |= set(self.graph.subjects(OWL.equivalentProperty, above))
            below |= set(self.graph.objects(above, OWL.equivalentProperty))
            waiting += below - found
            found |= below
        return frozenset(found)

    def below(self, node: Node) -> list[str]:
        """Return expressions whose union is ``node``, or less than it; none where nothing can be said."""
        if not isinstance(node, BNode):
            return [_atom(node)]
        for predicate in _DEFINING:
            value = self.graph.value(node, predicate)
            if value is not None:
                return self.below_by(predicate, value)
        prop = self.graph.value(node, OWL.onProperty)
        if isinstance(prop, URIRef):
            value = self.graph.value(node, OWL.hasValue)
            fillers = [_nominal(value)] if value is not None else []
            some = self.graph.value(node, OWL.someValuesFrom) or self._counted(node, weak=False)
            if some is not None:
                fillers = self.below(some)
            if fillers:
                return [f"ObjectSomeValuesFrom({_iri(prop)} {one})" for one in fillers]
        self.left[self._what(node)] += 1
        return []

    def below_by(self, predicate: Node, value: Node) -> list[str]:
        """Return what `below` does for an expression given by one of its parts."""
        members = self.items(value)
        if predicate == OWL.unionOf:
            return [one for member in members for one in self.below(member)]
        if predicate == OWL.oneOf:
            return [_nominal(one) for one in members]
        if predicate != OWL.intersectionOf:
            self.left[_name(predicate)] += 1
            return []
        found: list[list[str]] = [[]]
        for member in members:
            found = [[*before, one] for before in found for one in self.below(member)]
        return [_both(one) for one in found]

    def above(self, node: Node) -> str:
        """Return an expression that holds wherever ``node`` does; ``owl:Thing`` where none can be said."""
        if not isinstance(node, BNode):
            return _atom(node)
        for predicate in _DEFINING:
            value = self.graph.value(node, predicate)
            if value is not None:
                return self.above_by(predicate, value)
        prop = self.graph.value(node, OWL.onProperty)
        if isinstance(prop, URIRef):
            value = self.graph.value(node, OWL.hasValue)
            if value is not None:
                return self.some(prop, _nominal(value))
            some = self.graph.value(node, OWL.someValuesFrom) or self._counted(node, weak=True)
            if some is not None:
                return self.some(prop, self.above(some))
        self.left[self._what(node)] += 1
        return _THING

    def above_by(self, predicate: Node, value: Node) -> str:
        """Return what `above` does for an expression given by one of its parts."""
        members = self.items(value)
        if predicate == OWL.intersectionOf:
            return _both(self.above(one) for one in members)
        if predicate == OWL.oneOf and len(members) == 1:
            return _nominal(members[0])
        if predicate == OWL.unionOf and len(members) == 1:
            return self.above(members[0])
        if predicate == OWL.complementOf and isinstance(value, URIRef):
            return f"ObjectComplementOf({_iri(value)})"
        self.left[_name(predicate)] += 1
        return _THING

    def some(self, prop: Node, inner: str) -> str:
        """Return an existential restriction with what the range adds to its filler."""
        span = [_range_class(prop)] if prop in self.ranged else []
        return f"ObjectSomeValuesFrom({_iri(prop)} {_both([inner, *span])})"

    def items(self, node: Node | None) -> list[Node]:
        """Return the members of an RDF list; none where there is no list."""
        return [] if node is None or isinstance(node, Literal) else list(Collection(self.graph, node))  # fmt: skip

    def _counted(self, node: Node, *, weak: bool) -> Node | None:
        """Return the filler of a number restriction that implies "some" (or, not weak, that says just that)."""
        for predicate in _AT_LEAST:
            count = self.graph.value(node, predicate)
            if not isinstance(count, Literal) or not count.value or int(count.value) < 1:
                continue
            just = predicate not in _EXACTLY and int(count.value) == 1
            if just or weak:
                self.left[_name(predicate)] += not just
                on_class = self.graph.value(node, OWL.onClass)
                return on_class or self.graph.value(node, OWL.onDataRange) or OWL.Thing
        return None

    def _what(self, node: Node) -> str:
        told = {_name(p) for p in self.graph.predicates(node) if str(p).startswith(str(OWL))}
        return min(told - {"onProperty", "onClass", "onDataRange"}, default="expression")


class _Axioms(_Expressions):
    """Writes the axioms of a graph."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        kinds = graph.subjects
        self.told = {*kinds(RDF.type, OWL.ObjectProperty), *kinds(RDF.type, OWL.DatatypeProperty)}
        self.annotations = set(kinds(RDF.type, OWL.AnnotationProperty)) - self.told
        self.classes = {one for one in kinds(RDF.type, OWL.Class) if isinstance(one, URIRef)}

    def of_graph(self) -> Iterator[str]:
        """Yield every axiom that can be written."""
        for s, p, o in self.graph:
            if p in _LEFT_PREDICATES:
                self.left[_name(p)] += 1
            elif p in (RDFS.subClassOf, OWL.equivalentClass):
                yield from self._below(s, o)
                if p == OWL.equivalentClass:
                    yield from self._below(o, s)
            elif p in _DEFINING and isinstance(s, URIRef):
                yield from (f"SubClassOf({one} {_iri(s)})" for one in self.below_by(p, o))
                yield f"SubClassOf({_iri(s)} {self.above_by(p, o)})"
            elif p == OWL.disjointWith:
                yield from self._disjoint([s, o])
            elif p == OWL.disjointUnionOf:
                yield from self._disjoint_union(s, o)
            elif p == RDF.type:
                yield from self._typed(s, o)
            elif s not in self.annotations:
                yield from self._of_property(s, p, o)

    def of_ranges(self) -> Iterator[str]:
        """Yield what the classes that stand for ranges imply."""
        for prop in self.ranged:
            for span in self.graph.objects(prop, RDFS.range):
                yield f"SubClassOf({_range_class(prop)} {self.above(span)})"
            for wider in self.graph.objects(prop, RDFS.subPropertyOf):
                if wider in self.ranged:
                    yield f"SubClassOf({_range_class(prop)} {_range_class(wider)})"
            for same in self.graph.objects(prop, OWL.equivalentProperty):
                yield f"SubClassOf({_range_class(prop)} {_range_class(same)})"
                yield f"SubClassOf({_range_class(same)} {_range_class(prop)})"

    def _of_property(self, s: Node, p: Node, o: Node) -> Iterator[str]:
        if p in self.told:
            yield from self._asserted(s, p, o)
        elif not isinstance(s, URIRef):
            return
        elif p == OWL.propertyChainAxiom:
            yield from self._chain(s, o)
        elif p == RDFS.domain:
            yield f"ObjectPropertyDomain({_iri(s)} {self.above(o)})"
        elif p in (RDFS.subPropertyOf, OWL.equivalentProperty) and isinstance(o, URIRef):
            yield f"SubObjectPropertyOf({_iri(s)} {_iri(o)})"
            if p == OWL.equivalentProperty:
                yield f"SubObjectPropertyOf({_iri(o)} {_iri(s)})"

    def _typed(self, s: Node, o: Node) -> Iterator[str]:
        if o == OWL.TransitiveProperty:
            yield f"TransitiveObjectProperty({_iri(s)})"
        elif o == OWL.ReflexiveProperty:
            yield f"ReflexiveObjectProperty({_iri(s)})"
        elif o == OWL.AllDisjointClasses:
            yield from self._disjoint(self.items(self.graph.value(s, OWL.members)))
        elif o in _LEFT_TYPES:
            self.left[_name(o)] += 1
        elif o in self.classes or isinstance(o, BNode):
            yield f"ClassAssertion({self.above(o)} {_individual(s)})"

    def _asserted(self, s: Node, p: Node, o: Node) -> Iterator[str]:
        if isinstance(o, Literal):
            yield f"ClassAssertion({self.some(p, _nominal(o))} {_individual(s)})"
            return
        yield f"ObjectPropertyAssertion({_iri(p)} {_individual(s)} {_individual(o)})"
        if p in self.ranged:
            yield f"ClassAssertion({_range_class(p)} {_individual(o)})"

    def _chain(self, s: Node, o: Node) -> Iterator[str]:
        links = self.items(o)
        if links and all(isinstance(one, URIRef) for one in links):
            told = " ".join(map(_iri, links))
            yield f"SubObjectPropertyOf(ObjectPropertyChain({told}) {_iri(s)})"
        else:
            self.left["propertyChainAxiom"] += 1

    def _disjoint_union(self, s: Node, o: Node) -> Iterator[str]:
        members = self.items(o)
        yield from self._disjoint(members)
        for one in members:
            yield from self._below(one, s)
        self.left["disjointUnionOf"] += 1

    def _disjoint(self, members: list[Node]) -> Iterator[str]:
        for one, other in combinations(members, 2):
            for first in self.below(one):
                for second in self.below(other):
                    yield f"SubClassOf({_both([first, second])} {_NOTHING})"

    def _below(self, lower: Node, upper: Node) -> Iterator[str]:
        above = self.above(upper)
        yield from (f"SubClassOf({one} {above})" for one in self.below(lower))


def _both(members: Iterable[str]) -> str:
    found = [one for one in dict.fromkeys(members) if one != _THING]
    if not found:
        return _THING
    return found[0] if len(found) == 1 else f"ObjectIntersectionOf({' '.join(found)})"


def _atom(node: Node) -> str:
    return _nominal(node) if isinstance(node, Literal) else _iri(node)


def _nominal(value: Node) -> str:
    """Return the class that stands for one individual or one literal."""
    text = value.n3() if isinstance(value, Literal) else str(value)
    return f"<urn:qualweave:one:{sha256(text.encode()).hexdigest()[:20]}>"


def _range_class(prop: Node) -> str:
    return f"<{RANGE_OF}{prop}>"


def _individual(node: Node) -> str:
    return _iri(node) if isinstance(node, URIRef) else f"<urn:qualweave:node:{node}>"


def _iri(node: Node) -> str:
    return f"<{node}>"


def _name(node: Node) -> str:
    return str(node).rsplit("#", 1)[-1]
