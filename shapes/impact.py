"""What uses a term among the shapes: paths, targets, classes, and the text of their SPARQL."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.shapes.load import SHAPES_IRI, load_shapes

_NAMED = re.compile(r"\bq:(\w+)")
_CHECKED_AT = Q + "checkedAt"


@dataclass(frozen=True)
class ShapeUses:
    """Shapes that name a term; implements `ImpactSource`.

    Attributes:
        shapes: The shapes; those of this installation where left out.
    """

    shapes: Graph = field(default_factory=load_shapes)

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over the shapes that name some terms."""
        wanted = set(terms)
        for shape in self.shapes.subjects(RDF.type, SH.NodeShape):
            for term in sorted(set(self._named(shape, set())) & wanted):
                yield Use(term, "shape", str(shape).removeprefix(f"{SHAPES_IRI}/"))

    def _named(self, node: Node, seen: set[Node]) -> Iterator[str]:
        seen.add(node)
        for predicate, value in self.shapes.predicate_objects(node):
            if str(predicate) == _CHECKED_AT:
                continue
            if isinstance(value, URIRef):
                yield str(value)
            elif isinstance(value, Literal) and predicate in {SH.select, SH.ask, SH.construct}:
                yield from (Q + name for name in _NAMED.findall(str(value)))
            elif isinstance(value, BNode) and value not in seen:
                yield from self._named(value, seen)
