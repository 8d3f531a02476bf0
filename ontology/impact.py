"""What uses a term within the ontology: its other terms, and the competency questions."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.namespace import RDFS

from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.ontology.queries.catalogue import Catalogue, Question


@dataclass(frozen=True)
class TermUses:
    """Terms whose axioms name a term; implements `ImpactSource`.

    Attributes:
        graph: The ontology.
    """

    graph: Graph

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over the terms that name some terms."""
        for term in terms:
            for subject in self.graph.subjects(None, URIRef(term)):
                for owner in self._owners(subject, set()):
                    if owner != term:
                        yield Use(term, "term", owner)

    def _owners(self, node: object, seen: set[object]) -> Iterator[str]:
        """Yield the named subjects in whose description a node stands."""
        if isinstance(node, URIRef):
            if not str(node).startswith(str(RDFS)):
                yield str(node)
            return
        if node in seen:
            return
        seen.add(node)
        for above in self.graph.subjects(None, node):  # type: ignore[arg-type]  # a node of this graph
            yield from self._owners(above, seen)


@dataclass(frozen=True)
class QuestionUses:
    """Competency questions that name a term in text, parameters or defaults; implements `ImpactSource`.

    Attributes:
        catalogue: The questions.
    """

    catalogue: Catalogue

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over the questions that name some terms."""
        wanted = set(terms)
        for question in self.catalogue:
            for term in sorted(_named(question) & wanted):
                yield Use(term, "question", question.id)


def _named(question: Question) -> set[str]:
    found = set(question.terms)
    for one in question.parameters:
        found |= {one.root} if one.root else set()
        values = (one.default, question.example.get(one.name))
        if one.type == "term":
            found |= {Q + value.removeprefix("q:") for value in values if value}
    return found
