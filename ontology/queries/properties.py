"""Which properties a class can be asked for: by domain and range along the class tree, and a table for the rest.

The modules are EL: many properties have no domain, since a line, a time or a code belongs to things of several
kinds. ``columns.tsv`` says which of those are worth a column of which class; a class inherits the rows above it.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain

from rdflib import RDFS, Graph

from qualweave.iri import Q
from qualweave.ontology.terms import Term, TermIndex

MOST_COLUMNS = 8
_HIDDEN = (
    "Body",
    "Identifier",
    "Number",
)  # whole documents, and what stands in the IRI and label already
_SINGLE = {Q + "MaterialItem", Q + "Activity", Q + "Record", Q + "Utterance"}
_OBJECT, _DATA = "object_property", "data_property"


@dataclass(frozen=True)
class Schema:
    """Domains, ranges and the table of columns, each along the class tree.

    Attributes:
        terms: The ontology.
        domains: Property to its domain.
        ranges: Property to its range.
        shown: Class to the properties that the table gives it.
    """

    terms: TermIndex
    domains: Mapping[str, str]
    ranges: Mapping[str, str]
    shown: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, terms: TermIndex, graph: Graph) -> "Schema":
        """Return the schema of an ontology."""
        return cls(
            terms,
            {str(s): str(o) for s, o in graph.subject_objects(RDFS.domain)},
            {str(s): str(o) for s, o in graph.subject_objects(RDFS.range)},
            _table(),
        )

    def columns(self, class_iri: str) -> tuple[Term, ...]:
        """Return the properties that a list of a class shows, at most ``MOST_COLUMNS``.

        First what the table gives, then the properties whose domain the class is or stands under, the nearest first,
        and last the parameters that typically occur with it.
        """
        line = list(self.line(class_iri))
        named = chain.from_iterable(self.shown.get(one, ()) for one in line)
        own = [one for at in line for one in self._of_domain(at)]
        found = dict.fromkeys([*named, *own, *self._parameters(class_iri)])
        # What several things hang on one by one (parts, inputs) is a list of its own: kind "trace" shows it.
        fitting = [self.terms.by_iri(one) for one in found if one in self.terms]
        return tuple(one for one in fitting if not one.local_name.endswith(_HIDDEN))[:MOST_COLUMNS]

    def dimensions(self, class_iri: str) -> tuple[Term, ...]:
        """Return the columns that things can be counted by: object properties that many things share.

        What leads to a single item, operation or inspection (``foundOn``, ``producedBy``) makes no groups.
        """
        return tuple(
            one
            for one in self.columns(class_iri)
            if one.kind == _OBJECT
            and not _SINGLE & set(self.line(self.ranges.get(one.iri, "")))
            and self.ranges.get(one.iri) != Q + "PhysicalObject"
        )

    def relations(self, class_iri: str, *, into: bool) -> tuple[str, ...]:
        """Return the object properties that can lead from a class, or ``into`` it.

        Those count whose domain (or range) the class stands under, or which stands under the class.
        """
        ends = self.ranges if into else self.domains
        line = {*self.line(class_iri), *self.terms.descendants(class_iri)}
        return tuple(
            one.iri
            for one in self.terms
            if one.kind == _OBJECT and (one.iri not in ends or ends[one.iri] in line)
        )

    def line(self, class_iri: str) -> Iterator[str]:
        """Iterate over a class and those above it, the nearest first."""
        seen, level = {class_iri}, [class_iri]
        while level:
            yield from level
            above = {
                p for one in level if one in self.terms for p in self.terms.by_iri(one).parents
            }
            level = sorted(above - seen)
            seen |= above

    def _of_domain(self, class_iri: str) -> list[str]:
        """Return the properties of a domain that a thing has once, as far as their ranges tell."""
        return [
            one.iri
            for kind in (_DATA, _OBJECT)
            for one in self.terms
            if one.kind == kind
            and self.domains.get(one.iri) == class_iri
            and not (kind == _OBJECT and self.ranges.get(one.iri) in {None, class_iri})
        ]

    def _parameters(self, class_iri: str) -> list[str]:
        return [one.iri for one in self.terms if one.is_parameter and class_iri in one.contexts]


def _table() -> dict[str, tuple[str, ...]]:
    source = files("qualweave.ontology.queries").joinpath("columns.tsv")
    found: dict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(source.read_text("utf-8").splitlines(), delimiter="\t"):
        found[Q + row["class"]].append(Q + row["property"])
    return {name: tuple(properties) for name, properties in found.items()}
