"""How much of what systems record is said in words that other systems share (R71).

Before weaving two systems share a field where both write the same name. After weaving they share it where their fields
are mapped to the same concept, whatever each calls it. The rate is the share of fields that another system has too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qualweave.errors import JsonValue
from qualweave.iri import curie, expand
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.vocabulary import text_key

_TWO = 2


@dataclass(frozen=True)
class Reuse:
    """How many fields of systems are shared, before and after weaving.

    Attributes:
        systems: How many were looked at.
        fields: Fields of all of them.
        by_name: Fields whose name at least two systems write.
        by_concept: Fields mapped to a concept that fields of at least two systems are mapped to.
        concepts: Systems per shared concept, by IRI.
    """

    systems: int
    fields: int
    by_name: int
    by_concept: int
    concepts: Mapping[str, tuple[str, ...]]

    @property
    def before(self) -> float:
        """Share of fields that are shared by name; 0 where there is no field."""
        return self.by_name / self.fields if self.fields else 0.0

    @property
    def after(self) -> float:
        """Share of fields that are shared by concept; 0 where there is no field."""
        return self.by_concept / self.fields if self.fields else 0.0

    def to_json(self) -> dict[str, JsonValue]:
        """Return the figures as JSON values."""
        return {
            "systems": self.systems,
            "fields": self.fields,
            "sharedByName": self.by_name,
            "sharedByConcept": self.by_concept,
            "before": round(self.before, 4),
            "after": round(self.after, 4),
            "concepts": {curie(iri): list(systems) for iri, systems in self.concepts.items()},
        }

    def explain(self, language: str = "en") -> str:
        """Return the rates in one sentence."""
        if language == "zh":
            return (
                f"{self.systems} 个系统共 {self.fields} 个字段：按名称共用 {self.by_name} 个（{self.before:.0%}），"
                f"映射后按概念共用 {self.by_concept} 个（{self.after:.0%}）。"
            )
        return (
            f"Of {self.fields} fields of {self.systems} systems {self.by_name} ({self.before:.0%}) are shared by name,"
            f" and {self.by_concept} ({self.after:.0%}) by concept after weaving."
        )


def reuse(documents: Iterable[MappingDocument]) -> Reuse:
    """Return how much the systems of some mapping documents share; a source is a system.

    Only accepted mappings count: what is asked or suggested is not woven yet.
    """
    names: dict[str, set[str]] = defaultdict(set)
    terms: dict[str, set[str]] = defaultdict(set)
    fields: list[tuple[str, str]] = []  # key of the name, IRI of the concept or ""
    systems: set[str] = set()
    for document in documents:
        systems.add(document.source)
        for column in document.columns:
            accepted = column.decision is Decision.ACCEPTED and bool(column.term)
            term = expand(column.term) if accepted else ""
            fields.append((text_key(column.name), term))
            names[text_key(column.name)].add(document.source)
            if term:
                terms[term].add(document.source)
    return Reuse(
        systems=len(systems),
        fields=len(fields),
        by_name=sum(len(names[name]) >= _TWO for name, _ in fields),
        by_concept=sum(bool(term) and len(terms[term]) >= _TWO for _, term in fields),
        concepts={
            term: tuple(sorted(held)) for term, held in sorted(terms.items()) if len(held) >= _TWO
        },
    )
