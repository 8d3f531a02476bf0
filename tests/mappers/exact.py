"""An aligner by exact names only, so that what is tested here does not depend on the real one's weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qualweave.config import Settings
from qualweave.evidence import Evidence
from qualweave.mappers.memory import SourceMemory
from qualweave.mappers.profile import FieldProfile
from qualweave.ontology.terms import TermIndex


@dataclass(frozen=True)
class Candidate:
    term: str
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Aligned:
    field: FieldProfile
    decision: Literal["accept", "ask", "request"]
    ranked: tuple[Candidate, ...]


def exact(
    fields: Sequence[FieldProfile],
    terms: TermIndex,
    *,
    settings: Settings,
    memory: SourceMemory,
) -> list[Aligned]:
    found = []
    for field in fields:
        confirmed = memory.confirmed(field)
        hits = [
            one
            for one in terms.by_label(field.base_name.replace("_", " "))
            if one.is_role or one.is_parameter
        ]
        evidence = (
            Evidence(
                "name", {"en": f"the name {field.name}", "zh": f"名称{field.name}"}, weight=1.0
            ),
        )
        ranked = tuple(Candidate(one.iri, 0.95 / len(hits), evidence) for one in hits)
        ranked = tuple(Candidate(one, 0.99, evidence) for one in confirmed) + ranked
        decision = "accept" if len(hits) == 1 or confirmed else "ask" if hits else "request"
        found.append(Aligned(field, decision, ranked))
    del settings
    return found
