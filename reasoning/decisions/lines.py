"""Which lines are of one kind: a stated definition, its table, and its reasons.

Two lines are of one kind where they carry out the same process class, with the same class of equipment, for
the same product family. The process must be known on both; the others count where both lines state them
(`rules/similarity.yaml`).
"""

from collections import defaultdict
from dataclasses import dataclass, field

from qualweave.iri import Q
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.station import text
from qualweave.reasoning.decisions.tables import read_yaml
from qualweave.store.port import Snapshot

_EQUIPMENT = """
SELECT DISTINCT ?line ?class WHERE { ?equipment q:onLine ?line ; a ?class . FILTER (?class != q:Operation) }
"""
_PRODUCTS = """
SELECT DISTINCT ?line ?class WHERE {
  ?operation a ?process ; q:onLine ?line . ?item q:producedBy ?operation .
  { ?item a ?class } UNION { ?item q:instanceOfModel ?class }
}
"""
_LINES = "SELECT DISTINCT ?line WHERE { ?operation a ?process ; q:onLine ?line }"
_GENERAL = {
    Q + name
    for name in ("Equipment", "MaterialItem", "SerialisedItem", "MaterialBatch", "Product", "Component")
}  # fmt: skip


@dataclass(frozen=True)
class LineProfile:
    """What the graph states of a line; empty where it is silent.

    Attributes:
        line: IRI.
        process: Process classes.
        equipment: Classes of its equipment.
        product: Classes or models of what it makes.
    """

    line: str
    process: frozenset[str]
    equipment: frozenset[str] = field(default_factory=frozenset)
    product: frozenset[str] = field(default_factory=frozenset)


def read_lines(snapshot: Snapshot, terms: TermIndex, process: str) -> dict[str, LineProfile]:
    """Return the lines on which a process class, or one under it, was carried out."""
    found: set[str] = set()
    product: dict[str, set[str]] = defaultdict(set)
    for one in (process, *terms.descendants(process)):
        named = f"<{one}>"
        found |= {text(row["line"]) for row in snapshot.select(_LINES.replace("?process", named))}
        for row in snapshot.select(_PRODUCTS.replace("?process", named)):
            product[text(row["line"])].add(text(row["class"]))
    equipment: dict[str, set[str]] = defaultdict(set)
    for row in snapshot.select(_EQUIPMENT):
        if Q + "Equipment" in terms.ancestors(text(row["class"])):
            equipment[text(row["line"])].add(text(row["class"]))
    return {
        line: LineProfile(
            line,
            frozenset({process}),
            frozenset(equipment[line] - _GENERAL),
            frozenset(product[line] - _GENERAL),
        )
        for line in sorted(found)
    }


def similar(one: LineProfile, other: LineProfile, terms: TermIndex) -> bool:
    """Return whether two lines are of one kind."""
    for row in read_yaml("similarity.yaml")["criteria"]:
        left, right = getattr(one, row["aspect"]), getattr(other, row["aspect"])
        if not (left and right):
            if row["policy"] == "must":
                return False
            continue
        if not any(_same_kind(a, b, terms) for a in left for b in right):
            return False
    return True


def _same_kind(one: str, other: str, terms: TermIndex) -> bool:
    return one == other or one in terms.ancestors(other) or other in terms.ancestors(one)


def reasons(one: LineProfile, terms: TermIndex, language: str) -> str:
    """Return in words what a line's kind rests on."""
    stated = [*sorted(one.process), *sorted(one.equipment), *sorted(one.product)]
    return ", ".join(terms.name_of(iri, language) for iri in stated if iri in terms)
