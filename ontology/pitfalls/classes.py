"""Pitfalls of classes: synonyms, cycles, loners, merged and miscellaneous classes."""

import re
from collections import defaultdict
from collections.abc import Iterator

from rdflib import BNode, URIRef
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from qualweave.ontology.pitfalls.view import BUILT_IN, NAMES, View, short

_MERGED = re.compile(r"(?<=[a-z])(?:And|Or)(?=[A-Z])|[_-](?:and|or)[_-]")
_MISCELLANEOUS = re.compile(r"^(?i:misc(?:ellan\w*)?|others?|etc)(?![a-z])")
_FEW = 2


def synonyms(view: View) -> Iterator[str]:
    """P02: two named classes of one namespace are declared equivalent: a synonym is a label, not a class."""
    for one, other in _equivalents(view):
        if str(one).removesuffix(short(one)) == str(other).removesuffix(short(other)):
            yield str(one)


def loners(view: View) -> Iterator[str]:
    """P04: neither the class nor one above or below it is a domain, a range or part of an expression."""
    used = {
        end for term in view.properties for end in (*view.domains(term), *view.ranges(term))
    } | set(view.in_expressions)
    for end in [one for one in used if isinstance(one, BNode)]:
        used |= set(view.inside(end))
    for one in view.classes:
        family = set(view.graph.transitive_objects(one, RDFS.subClassOf))
        family |= set(view.graph.transitive_subjects(RDFS.subClassOf, one))
        defined = any(
            isinstance(each, BNode) for each in view.graph.objects(one, OWL.equivalentClass)
        )
        if not family & used and not defined:
            yield str(one)


def cycles(view: View) -> Iterator[str]:
    """P06: a class is, over others, below itself."""
    for one in view.classes:
        above = {
            each
            for parent in view.parents(one)
            for each in view.graph.transitive_objects(parent, RDFS.subClassOf)
        }
        if one in above:
            yield str(one)


def merged(view: View) -> Iterator[str]:
    """P07: the name joins two concepts with *and* or *or*."""
    yield from (str(one) for one in view.classes if _MERGED.search(short(one)))


def without_disjointness(view: View) -> Iterator[str]:
    """P10: of several classes none is disjoint with another."""
    graph = view.graph
    stated = (
        next(graph.triples((None, OWL.disjointWith, None)), None),
        next(graph.triples((None, OWL.disjointUnionOf, None)), None),
        next(graph.triples((None, RDF.type, OWL.AllDisjointClasses)), None),
    )
    if len(view.classes) >= _FEW and not any(stated):
        yield ""


def miscellaneous(view: View) -> Iterator[str]:
    """P21: a class for what fits nowhere else."""
    yield from (str(one) for one in view.classes if _MISCELLANEOUS.match(short(one)))


def recursive(view: View) -> Iterator[str]:
    """P24: a term stands in its own definition."""
    graph = view.graph
    for one in view.classes:
        for which in (OWL.equivalentClass, RDFS.subClassOf):
            if any(one in set(view.inside(value)) for value in graph.objects(one, which)):
                yield str(one)
    for one in view.properties:
        ends = (*view.domains(one), *view.ranges(one))
        itself = any(one in set(view.inside(end)) for end in ends)
        if itself or (one, OWL.inverseOf, one) in graph:
            yield str(one)


def undeclared_equivalents(view: View) -> Iterator[str]:
    """P30: a name of one class is a name of another, and nothing says that they are equivalent."""
    names: dict[tuple[str, str], set[URIRef]] = defaultdict(set)
    for one in view.classes:
        for text in view.texts(one, NAMES):
            names[_letters(str(text)), text.language or ""].add(one)
        names[_letters(short(one)), ""].add(one)
    declared = {frozenset(pair) for pair in _equivalents(view)}
    for bearers in names.values():
        labels = {str(t) for one in bearers for t in view.texts(one, NAMES)}
        pairs = {frozenset((one, other)) for one in bearers for other in bearers if one != other}
        if len(labels) > 1 or len({short(one) for one in bearers}) == 1:
            yield from (str(min(pair)) for pair in pairs - declared)


def wrong_equivalents(view: View) -> Iterator[str]:
    """P31: two classes are declared equivalent, and their names say something else."""
    for one, other in _equivalents(view):
        mine = {_letters(str(text)) for text in view.texts(one, NAMES)} | {_letters(short(one))}
        theirs = {_letters(str(text)) for text in view.texts(other, NAMES)}
        if not mine & (theirs | {_letters(short(other))}):
            yield str(one)


def same_label(view: View) -> Iterator[str]:
    """P32: several classes have one label."""
    bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in view.classes:
        for text in view.texts(one, NAMES):
            bearers[str(text).strip().casefold(), text.language or ""].add(str(one))
    for (label, _), found in bearers.items():
        if label and len(found) > 1:
            yield from sorted(found)


def untyped_classes(view: View) -> Iterator[str]:
    """P34: something is used as a class and not declared as one."""
    graph, known = view.graph, {*view.classes, *view.named(RDFS.Class), *view.named(RDFS.Datatype)}
    used: set[Node] = {
        *graph.objects(None, RDFS.subClassOf),
        *graph.subjects(RDFS.subClassOf),
        *graph.objects(None, OWL.disjointWith),
        *graph.subjects(OWL.disjointWith),
        *graph.objects(None, OWL.equivalentClass),
        *graph.subjects(OWL.equivalentClass),
        *graph.objects(None, RDFS.domain),
    }
    for relation in view.relations:
        used |= view.ranges(relation)
    for individual in view.named(OWL.NamedIndividual):
        used |= set(graph.objects(individual, RDF.type))
    for one in sorted(used - known, key=str):
        if isinstance(one, URIRef) and not str(one).startswith(BUILT_IN):
            yield str(one)


def _equivalents(view: View) -> list[tuple[URIRef, URIRef]]:
    pairs = view.graph.subject_objects(OWL.equivalentClass)
    return [
        (one, other)
        for one, other in sorted(pairs, key=str)
        if isinstance(one, URIRef) and isinstance(other, URIRef)
    ]


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
