"""Which kinds of thing an outside IRI can be, and which of ours it can be mapped to.

A target is not always an OWL ontology: a Catena-X aspect, an AAS submodel template or an OPC UA type has an
identifier and a definition, too. The kind says what its source says it is.
"""

from typing import Literal

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, SKOS

Kind = Literal[
    "class",
    "object property",
    "datatype property",
    "annotation property",
    "property",
    "concept",
    "quantity kind",
    "individual",
    "aspect",
    "entity",
    "model property",
    "submodel",
    "collection",
    "element",
    "slot",
    "object type",
    "variable type",
    "data type",
    "reference type",
    "unknown",
]
"""What a source says that an IRI is; ``unknown`` only for an IRI that nobody could look up."""

CLASS_KINDS = frozenset({"class", "aspect", "entity", "submodel", "collection"})
"""Kinds that may stand above a class of ours in an axiom."""

PROPERTY_KINDS = frozenset(
    {
        "object property",
        "datatype property",
        "annotation property",
        "property",
        "model property",
        "element",
        "slot",
        "reference type",
    }
)
"""Kinds that a property of ours may be mapped to, and nothing else may."""

OWN_KINDS: tuple[tuple[URIRef, Kind], ...] = (
    (OWL.ObjectProperty, "object property"),
    (OWL.DatatypeProperty, "datatype property"),
    (OWL.AnnotationProperty, "annotation property"),
    (OWL.Class, "class"),
    (SKOS.Concept, "concept"),
    (SKOS.ConceptScheme, "concept"),
)


def own_kind(term: URIRef, *graphs: Graph) -> Kind | None:
    """Return what a term of ours is, or ``None`` if no graph declares it."""
    for declared, kind in OWN_KINDS:
        if any((term, RDF.type, declared) in graph for graph in graphs):
            return kind
    return None


def fits_axiom(ours: Kind, theirs: Kind) -> bool:
    """Return whether a term of ours may be below (or above) theirs in a subclass or subproperty axiom."""
    if ours in PROPERTY_KINDS:
        return theirs in {ours, "property"}
    return theirs in CLASS_KINDS


def fits_match(ours: Kind, theirs: Kind) -> bool:
    """Return whether a looser match is possible: never of a class with a property."""
    return theirs == "unknown" or (ours in PROPERTY_KINDS) == (theirs in PROPERTY_KINDS)
