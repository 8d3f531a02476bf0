"""Pitfalls of properties: domains and ranges, inverses, symmetry, chains, equivalents."""

import re
from collections import defaultdict
from collections.abc import Iterator

from rdflib import URIRef
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from qualweave.ontology.pitfalls.view import BUILT_IN, View, short

_IS = re.compile(r"^is[-_]?a?$", re.IGNORECASE)


def is_relations(view: View) -> Iterator[str]:
    """P03: a property says *is a*, which the language itself says."""
    yield from (str(one) for one in view.relations if _IS.match(short(one)))


def wrong_inverses(view: View) -> Iterator[str]:
    """P05: the domain of a property is not the range of its inverse, or the other way round."""
    for one, other in _pairs(view, OWL.inverseOf):
        for mine, theirs in (
            (view.domains(one), view.ranges(other)),
            (view.ranges(one), view.domains(other)),
        ):
            if mine and theirs and mine != theirs:
                yield str(one)


def without_ends(view: View) -> Iterator[str]:
    """P11: a property, and every one above it, lacks a domain or a range; several of one count as none."""
    for one in view.properties:
        above = [
            each
            for each in view.graph.transitive_objects(one, RDFS.subPropertyOf)
            if each is not None
        ]
        lacks_domain = not any(view.domains(each) for each in above)
        lacks_range = not any(view.ranges(each) for each in above)
        if lacks_domain or lacks_range or _several(view, one):
            yield str(one)


def undeclared_equivalents(view: View) -> Iterator[str]:
    """P12: two properties have one name, apart from case, separators and namespace, and are not declared equivalent."""
    for kind in (view.relations, view.attributes):
        bearers: dict[str, set[URIRef]] = defaultdict(set)
        for one in kind:
            bearers[re.sub(r"[\W_]+", "", short(one)).casefold()].add(one)
        for found in bearers.values():
            for one in sorted(found)[1:]:
                if (min(found), OWL.equivalentProperty, one) not in view.graph:
                    yield str(one)


def without_inverse(view: View) -> Iterator[str]:
    """P13: a property has no inverse, and none that fits is at hand."""
    yield from (str(one) for one in view.one_way if not _candidates(view, one))


def with_candidate_inverse(view: View) -> Iterator[str]:
    """P13: a property has no inverse, and another one with its ends swapped could be it."""
    yield from (str(one) for one in view.one_way if _candidates(view, one))


def several_ends(view: View) -> Iterator[str]:
    """P19: a property has several domains or ranges, which is their intersection and rarely meant."""
    yield from (str(one) for one in view.properties if _several(view, one))


def inverse_of_itself(view: View) -> Iterator[str]:
    """P25: a property is its own inverse instead of symmetric."""
    yield from (str(one) for one in view.relations if (one, OWL.inverseOf, one) in view.graph)


def inverse_of_symmetric(view: View) -> Iterator[str]:
    """P26: a symmetric property has an inverse, though it is its own."""
    for one in view.named(OWL.SymmetricProperty):
        given = set(view.graph.objects(one, OWL.inverseOf)) | set(
            view.graph.subjects(OWL.inverseOf, one)
        )
        if given - {one}:
            yield str(one)


def wrong_equivalents(view: View) -> Iterator[str]:
    """P27: two properties are declared equivalent, and their domains or ranges differ."""
    for one, other in _pairs(view, OWL.equivalentProperty):
        if view.domains(one) != view.domains(other) or view.ranges(one) != view.ranges(other):
            yield str(one)


def wrong_symmetric(view: View) -> Iterator[str]:
    """P28: a symmetric property has another domain than range."""
    yield from _ends_differ(view, OWL.SymmetricProperty)


def wrong_transitive(view: View) -> Iterator[str]:
    """P29: a transitive property has another domain than range."""
    yield from _ends_differ(view, OWL.TransitiveProperty)


def short_chains(view: View) -> Iterator[str]:
    """P33: a chain of one property is a subproperty."""
    for one, chain in view.graph.subject_objects(OWL.propertyChainAxiom):
        if len(list(view.graph.items(chain))) == 1:
            yield str(one)


def untyped_properties(view: View) -> Iterator[str]:
    """P35: something is used as a property in an axiom and not declared as one."""
    graph = view.graph
    known = {*view.properties, *view.named(OWL.AnnotationProperty), *view.named(RDF.Property)}
    used: set[Node] = {*graph.subjects(RDFS.domain), *graph.subjects(RDFS.range)}
    for which in (
        RDFS.subPropertyOf,
        OWL.inverseOf,
        OWL.equivalentProperty,
        OWL.propertyDisjointWith,
    ):
        used |= {end for pair in graph.subject_objects(which) for end in pair}
    used |= set(graph.objects(None, OWL.onProperty))
    for one in sorted(used - known, key=str):
        if isinstance(one, URIRef) and not str(one).startswith(BUILT_IN):
            yield str(one)


def _candidates(view: View, one: URIRef) -> list[URIRef]:
    domains, ranges = view.domains(one), view.ranges(one)
    if not domains or not ranges:
        return []
    return [other for other in view.one_way_by_ends.get((ranges, domains), ()) if other != one]


def _several(view: View, one: URIRef) -> bool:
    return len(view.domains(one)) > 1 or len(view.ranges(one)) > 1


def _ends_differ(view: View, kind: URIRef) -> Iterator[str]:
    for one in view.named(kind):
        if view.domains(one) and view.ranges(one) and view.domains(one) != view.ranges(one):
            yield str(one)


def _pairs(view: View, predicate: URIRef) -> list[tuple[Node, Node]]:
    return sorted(view.graph.subject_objects(predicate), key=str)
