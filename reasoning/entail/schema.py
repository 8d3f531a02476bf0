"""`Schema`: what OWL 2 RL entails above the classes and properties that the data uses.

A thing of a class entails its superclasses whatever else it is, since the modules are EL without axioms over
values. So the reasoner need not see the millions of triples of the data: one probe individual per class and one
probe triple per property tell what every instance of them entails.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import reasonable
from pyoxigraph import Literal, NamedNode
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.term import Node

from qualweave.iri import OWL, RDF, RDFS, SKOS
from qualweave.store.port import RdfTerm, Snapshot

RULES = "OWL 2 RL (reasonable)"
AXIOMS = (
    RDFS + "subClassOf",
    RDFS + "subPropertyOf",
    OWL + "equivalentClass",
    OWL + "equivalentProperty",
)
_PROBE = "urn:qualweave:probe:"
_BUILT_IN = (OWL, RDF, RDFS)


@dataclass(frozen=True)
class Schema:
    """Superclasses and superproperties, each without itself and without the terms of OWL and RDFS.

    Attributes:
        classes: Class to every class above it.
        properties: Property to every property above it.
        broader: SKOS concept to every concept above it.
    """

    classes: Mapping[str, frozenset[str]]
    properties: Mapping[str, frozenset[str]]
    broader: Mapping[str, frozenset[str]]

    @classmethod
    def read(
        cls, snapshot: Snapshot, *, classes: Iterable[str], properties: Iterable[str] = ()
    ) -> "Schema":
        """Return what the ontology graphs of a snapshot entail for some classes and properties."""
        axioms = Graph()
        narrower: dict[str, set[str]] = {}
        for entry in snapshot.graphs("ontology"):
            graph = NamedNode(entry.graph)
            for predicate in AXIOMS:
                for quad in snapshot.quads(None, NamedNode(predicate), None, graph):
                    axioms.add((_node(quad.subject), URIRef(predicate), _node(quad.object)))
            for quad in snapshot.quads(None, NamedNode(SKOS + "broader"), None, graph):
                narrower.setdefault(_text(quad.subject), set()).add(_text(quad.object))
        return cls(
            classes=_above_classes(axioms, sorted(set(classes))),
            properties=_above_properties(axioms, sorted(set(properties))),
            broader={name: frozenset(_reach(name, narrower)) for name in narrower},
        )


def stated_properties(snapshot: Snapshot) -> set[str]:
    """Return the properties that the ontology puts below or beside another."""
    found = set()
    for entry in snapshot.graphs("ontology"):
        for predicate in (RDFS + "subPropertyOf", OWL + "equivalentProperty"):
            for quad in snapshot.quads(None, NamedNode(predicate), None, NamedNode(entry.graph)):
                found.add(_text(quad.subject))
                if predicate != RDFS + "subPropertyOf":
                    found.add(_text(quad.object))
    return found


def _above_classes(axioms: Graph, names: list[str]) -> dict[str, frozenset[str]]:
    probes = [
        (URIRef(f"{_PROBE}{n}"), URIRef(RDF + "type"), URIRef(name)) for n, name in enumerate(names)
    ]
    found: dict[str, set[str]] = {name: set() for name in names}
    for subject, predicate, value in _entailed(axioms, probes):
        if predicate == RDF + "type" and value.startswith("http"):
            found[names[int(subject.removeprefix(_PROBE))]].add(value)
    return {name: _kept(above, name) for name, above in found.items()}


def _above_properties(axioms: Graph, names: list[str]) -> dict[str, frozenset[str]]:
    probes = [
        (URIRef(f"{_PROBE}{n}"), URIRef(name), URIRef(f"{_PROBE}value"))
        for n, name in enumerate(names)
    ]
    found: dict[str, set[str]] = {name: set() for name in names}
    for subject, predicate, value in _entailed(axioms, probes):
        if value == f"{_PROBE}value" and subject != value:
            found[names[int(subject.removeprefix(_PROBE))]].add(predicate)
    return {name: _kept(above, name) for name, above in found.items()}


def _entailed(
    axioms: Graph, probes: Iterable[tuple[URIRef, URIRef, URIRef]]
) -> Iterator[tuple[str, str, str]]:
    """Return what follows of the probes; the reasoner is asked about them together."""
    asked = Graph()
    for triple in (*axioms, *probes):
        asked.add(triple)
    reasoner = reasonable.PyReasoner()
    reasoner.from_graph(asked)
    for subject, predicate, value in reasoner.reason():
        if str(subject).startswith(_PROBE) and str(subject) != f"{_PROBE}value":
            yield str(subject), str(predicate), str(value)


def _kept(above: set[str], name: str) -> frozenset[str]:
    return frozenset(one for one in above if one != name and not one.startswith(_BUILT_IN))


def _reach(name: str, narrower: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(narrower.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(narrower.get(one, ()))
    return found


def _node(term: RdfTerm) -> Node:
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, Literal):
        return RdfLiteral(term.value)
    return BNode(_text(term))


def _text(term: object) -> str:
    return str(getattr(term, "value", term))
