"""What is said to bring a defect about: engineers' labels, confirmed, supposed, predicted and refuted links.

The same is told of a parameter or a mechanism and what it does.


Every statement keeps who makes it and how sure it is. They are put together by cause and mechanism, and what
persons have confirmed or labelled stands before what the ontology or a model supposes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from qualweave.errors import JsonValue
from qualweave.iri import Q, local_name
from qualweave.store.port import RdfTerm, Row, Snapshot

Role: TypeAlias = Literal["effect", "cause", "mechanism"]
_KINDS: Mapping[str, str] = {
    Q + "ConfirmedLink": "confirmed",
    Q + "RootCauseLabel": "labelled",
    Q + "PredictedLink": "predicted",
    Q + "HypothesisedLink": "hypothesised",
    Q + "RefutedLink": "refuted",
}
_LINKS = """
SELECT ?link ?kind ?cause ?effect ?mechanism ?direction ?strength ?line ?who WHERE {
  VALUES ?%s { %s }
  VALUES ?kind { q:ConfirmedLink q:RootCauseLabel q:PredictedLink q:HypothesisedLink q:RefutedLink }
  ?link q:hasEffect ?effect ; q:hasCause ?cause ; a ?kind . %s
  OPTIONAL { ?link q:viaMechanism ?mechanism }
  OPTIONAL { ?link q:causeDirection ?direction }
  OPTIONAL { ?link q:linkStrength ?strength }
  OPTIONAL { { ?link q:onLine ?line } UNION { ?alarm q:hasRootCauseLabel ?link ; q:onLine ?line } }
  OPTIONAL { { ?link q:confirmedBy ?who } UNION { ?link q:labelledBy ?who } }
}
"""
_MEMBERS = """
SELECT ?cause ?parameter WHERE { ?cause a q:ParameterCombination ; q:combines ?parameter }
ORDER BY ?cause ?parameter
"""
_SHOWN = 20


@dataclass(frozen=True)
class CausalStatement:
    """All that is said of one cause of a defect by one mechanism.

    Attributes:
        cause: Parameter or combination of parameters.
        members: Parameters of a combination.
        effect: Class of defect.
        mechanism: ``""`` where none is named.
        direction: Side of the cause: ``"high"``, ``"low"``, ``"off-target"`` or ``""``.
        status: Number of statements of each kind.
        strength: Greatest strength that a link gives, 0 to 1; None where none does.
        lines: Where it was said of.
        people: Who labelled or confirmed it.
        sources: Links and labels, the first twenty.
    """

    cause: str
    members: tuple[str, ...]
    effect: str
    mechanism: str
    direction: str
    status: Mapping[str, int]
    strength: float | None
    lines: tuple[str, ...]
    people: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the statements: what persons stand for first, what they refuted last."""
        refuted = self.status.get("refuted", 0) and not self.status.get("confirmed", 0)
        kinds = ("confirmed", "labelled", "predicted", "hypothesised")
        strength = -(self.strength or 0.0)
        return (
            float(bool(refuted)),
            *(-float(self.status.get(kind, 0)) for kind in kinds[:2]),
            strength,
            *(-float(self.status.get(kind, 0)) for kind in kinds[2:]),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the statement as JSON values."""
        return {
            "cause": self.cause,
            "name": local_name(self.cause),
            "members": list(self.members),
            "effect": self.effect,
            "mechanism": self.mechanism,
            "direction": self.direction,
            "status": dict(self.status),
            "strength": self.strength,
            "lines": list(self.lines),
            "people": list(self.people),
            "sources": list(self.sources),
        }


def causal_statements(
    snapshot: Snapshot, about: Sequence[str], *, role: Role = "effect", graphs: Sequence[str]
) -> list[CausalStatement]:
    """Return what is said of some defects, parameters or mechanisms, the best supported first.

    Args:
        snapshot: State of the graph.
        about: IRIs of terms; usually one and those under it.
        role: What they are in the statements.
        graphs: Graphs that the reader may see.
    """
    # A link that names no mechanism is left out where one is asked about.
    named = "?link q:viaMechanism ?mechanism ." if role == "mechanism" else ""
    query = _LINKS % (role, " ".join(f"<{one}>" for one in about), named)
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in snapshot.select(query, graphs=graphs):
        key = (_text(row["cause"]), _text(row["effect"]), _text(row["mechanism"]))
        grouped[key].append(row)
    members: dict[str, dict[str, None]] = defaultdict(dict)
    for row in snapshot.select(_MEMBERS, graphs=graphs):
        members[_text(row["cause"])][_text(row["parameter"])] = None
    found = [_statement(key, rows, tuple(members.get(key[0], ()))) for key, rows in grouped.items()]
    return sorted(found, key=lambda one: (one.rank, one.cause, one.mechanism))


def _statement(
    key: tuple[str, str, str], rows: Sequence[Row], members: tuple[str, ...]
) -> CausalStatement:
    cause, effect, mechanism = key
    kinds = {(_text(row["link"]), _text(row["kind"])) for row in rows}
    strengths = [float(_text(row["strength"])) for row in rows if row["strength"] is not None]
    sides = Counter(side for row in rows if (side := _text(row["direction"])))
    return CausalStatement(
        cause=cause,
        members=members,
        effect=effect,
        mechanism=mechanism,
        direction=sides.most_common(1)[0][0] if sides else "",
        status=dict(sorted(Counter(_KINDS[kind] for _, kind in kinds).items())),
        strength=max(strengths, default=None),
        lines=_known(row["line"] for row in rows),
        people=_known(row["who"] for row in rows),
        sources=tuple(sorted({link for link, _ in kinds}))[:_SHOWN],
    )


def _known(terms: Iterable[RdfTerm | None]) -> tuple[str, ...]:
    return tuple(sorted({_text(one) for one in terms if one is not None}))


def _text(term: RdfTerm | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))
