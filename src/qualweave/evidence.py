"""`Evidence`: what everything derived carries, and how it explains itself.

A mapping, a cause, a trace edge, a freeze and a recommendation each hold the evidence that they were
derived from: which signal or rule, in which version, from which nodes, and how strong. A derived
value without evidence is not published.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from qualweave.errors import JsonValue


@dataclass(frozen=True)
class Evidence:
    """One reason for a derived value.

    Attributes:
        kind: The signal or rule, for example ``"unit"``, ``"sibling"``, ``"rule:freeze-on-delay"``.
        statement: One sentence per language (``"en"``, ``"zh"``), made from the data.
        weight: Its contribution: a log-odds, a share or a score; the kind says which. Positive speaks for.
        sources: IRIs of the nodes, graphs, fields or cases that it rests on.
        rule: Name of the rule, model or table that made it.
        version: Version of that rule, model or table.
        data: Further facts as JSON values.
    """

    kind: str
    statement: Mapping[str, str]
    weight: float = 0.0
    sources: tuple[str, ...] = ()
    rule: str = ""
    version: str = ""
    data: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))

    def in_language(self, language: str) -> str:
        """Return the statement in a language, else in English, else in any."""
        fallback = self.statement.get("en") or next(iter(self.statement.values()), self.kind)
        return self.statement.get(language, fallback)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the evidence as JSON values, the one shape of all interfaces."""
        return {
            "kind": self.kind,
            "statement": dict(self.statement),
            "weight": round(self.weight, 4),
            "sources": list(self.sources),
            "rule": self.rule,
            "version": self.version,
            "data": dict(self.data),
        }


def explain(evidence: Iterable[Evidence], language: str = "en") -> str:
    """Return the evidence as lines of text, the strongest first."""
    ordered = sorted(evidence, key=lambda one: -abs(one.weight))
    return "\n".join(f"{one.weight:+.2f}  {one.in_language(language)}" for one in ordered)
