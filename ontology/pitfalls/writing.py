"""Pitfalls of how an ontology is written: annotations, naming, header, licence, namespaces."""

import re
from collections.abc import Iterator

from rdflib import BNode, URIRef
from rdflib.namespace import (
    DC,
    DCAT,
    DCTERMS,
    FOAF,
    ORG,
    OWL,
    PROV,
    RDF,
    SKOS,
    SOSA,
    SSN,
    TIME,
    DefinedNamespace,
)

from qualweave.ontology.pitfalls.view import DEFINITIONS, NAMES, View, short

_KNOWN: tuple[type[DefinedNamespace], ...] = (
    DC,
    DCAT,
    DCTERMS,
    FOAF,
    ORG,
    PROV,
    SKOS,
    SOSA,
    SSN,
    TIME,
)
_LICENCES = (
    DCTERMS.license,
    DCTERMS.rights,
    DC.rights,
    URIRef("http://creativecommons.org/ns#license"),
    URIRef("https://schema.org/license"),
)
_EXTENSION = re.compile(r"\.(?:owl|rdf|ttl|n3|nt|xml|rdfxml|obo|omn)(?:$|[#/])", re.IGNORECASE)
_CAMEL = re.compile(r"^[A-Za-z][a-z0-9]*[A-Z]\w*$")


def without_texts(view: View) -> Iterator[str]:
    """P08: a term has no label, or nothing that describes it."""
    for one in view.terms:
        if not view.texts(one, NAMES) or not view.texts(one, DEFINITIONS):
            yield str(one)


def misused_texts(view: View) -> Iterator[str]:
    """P20: label or description is empty, both are the same, or they were exchanged."""
    for one in view.terms:
        labels = [str(text).strip() for text in view.texts(one, NAMES)]
        told = [str(text).strip() for text in view.texts(one, DEFINITIONS)]
        empty = any(not text for text in (*labels, *told))
        same = bool({text.casefold() for text in labels} & {text.casefold() for text in told})
        exchanged = bool(labels and told) and min(map(_words, labels)) > max(map(_words, told))
        if empty or same or exchanged:
            yield str(one)


def mixed_names(view: View) -> Iterator[str]:
    """P22: names are written in different ways: separators beside camel case, or upper beside lower initials."""
    names = {one: short(one) for one in view.terms}
    camel = [one for one, name in names.items() if _CAMEL.match(name)]
    separated = [one for one, name in names.items() if re.search(r"[A-Za-z][_-][A-Za-z]", name)]
    if camel and separated:
        yield from (str(one) for one in (camel[0], separated[0]))
    for kind in (view.classes, view.relations, view.attributes):
        upper = [one for one in kind if short(one)[:1].isupper()]
        lower = [one for one in kind if short(one)[:1].islower()]
        if upper and lower:
            yield from (str(one) for one in (upper[0], lower[0]))


def extension_in_iri(view: View) -> Iterator[str]:
    """P36: the IRI of the ontology names a file format, so that it breaks when the format changes."""
    yield from (str(one) for one in view.named(OWL.Ontology) if _EXTENSION.search(str(one)))


def without_header(view: View) -> Iterator[str]:
    """P38: nothing is declared to be the ontology."""
    if (None, RDF.type, OWL.Ontology) not in view.graph:
        yield ""


def without_iri(view: View) -> Iterator[str]:
    """P39: the ontology has no IRI, so that its namespace hangs on where the file lies."""
    if any(isinstance(one, BNode) for one in view.graph.subjects(RDF.type, OWL.Ontology)):
        yield ""


def hijacked(view: View) -> Iterator[str]:
    """P40: a term is declared in the namespace of a known vocabulary that does not have it."""
    for one in view.terms:
        for space in _KNOWN:
            if str(one).startswith(str(space)) and one not in space:
                yield str(one)


def without_licence(view: View) -> Iterator[str]:
    """P41: the ontology does not say under which licence it may be used."""
    headers = view.graph.subjects(RDF.type, OWL.Ontology)
    stated = any((one, which, None) in view.graph for one in headers for which in _LICENCES)
    if not stated:
        yield ""


def _words(text: str) -> int:
    return len(text.split())
