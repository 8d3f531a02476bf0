"""`Terms`: what the passports need of the ontology in a snapshot, read once per release.

Labels, units, superclasses, and which parameters are known to cause a defect. They are read from the graphs
and not from the installation, so a plant's own terms and confirmed links count as ours do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from qualweave.iri import Q, local_name
from qualweave.reasoning.passport.tables import ControlRule, control_rules
from qualweave.reasoning.trace.classes import ClassTree
from qualweave.store.port import Snapshot
from qualweave.values import find_unit

_CAUSES = """
SELECT DISTINCT ?cause WHERE {
  ?link q:hasCause ?cause ; q:hasEffect ?effect FILTER NOT EXISTS { ?link a q:RefutedLink }
}"""


@dataclass(frozen=True)
class Terms:
    """Words and facts of the ontology.

    Attributes:
        tree: Superclasses and labels.
        units: Parameter to the UCUM code of its canonical unit.
        causes: Parameters that are known to cause a defect.
    """

    tree: ClassTree
    units: Mapping[str, str] = field(default_factory=dict)
    causes: frozenset[str] = frozenset()

    @classmethod
    def read(cls, snapshot: Snapshot) -> "Terms":
        """Read the ontology graphs of a snapshot, and the links that persons have confirmed."""
        ontology = [one.graph for one in snapshot.graphs("ontology")]
        units = {
            str(getattr(quad.subject, "value", "")): str(getattr(quad.object, "value", ""))
            for graph in ontology
            for quad in snapshot.quads(None, NamedNode(Q + "canonicalUnit"), None, NamedNode(graph))
        }
        told = [one.graph for one in snapshot.graphs("ontology", "governance", "decisions")]
        rows = snapshot.select(_CAUSES, graphs=told) if told else []
        causes = frozenset(str(getattr(row["cause"], "value", "")) for row in rows)
        return cls(ClassTree.read(snapshot), units, causes)

    def label(self, iri: str, language: str = "en") -> str:
        """Return the label of a term in a language, else in English, else its local name."""
        words = self.tree.labels.get(iri, {})
        return words.get(language) or words.get("en") or local_name(iri)

    def labels(self, iri: str) -> dict[str, str]:
        """Return English and Chinese label of a term."""
        return {language: self.label(iri, language) for language in ("en", "zh")}

    def symbol(self, parameter: str) -> str:
        """Return the canonical unit of a parameter as it is printed, ``""`` where it has none."""
        code = self.units.get(parameter, "")
        unit = find_unit(code) if code else None
        return unit.symbol if unit else code

    def rule(self, parameter: str, classes: Iterable[str]) -> ControlRule | None:
        """Return the line of the policy that makes a parameter a key control point, if one does.

        Args:
            parameter: IRI of the parameter.
            classes: Classes of the operation or inspection and of the item.
        """
        for rule in control_rules():
            if not self.tree.is_a(parameter, (rule.parameter,)):
                continue
            if rule.basis == "cause" and parameter not in self.causes:
                continue
            if not rule.of or any(self.tree.is_a(one, (rule.of,)) for one in classes):
                return rule
        return None
