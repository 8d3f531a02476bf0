"""Entailment of what the answers need: types, superproperties, broader concepts, and confirmed causes.

OWL 2 RL by ``reasonable`` over the ontology and the part of the data that classes and properties speak of;
the millions of parameter values entail nothing and stay out. What a model predicts entails nothing either,
until persons have confirmed it.
"""

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import NamedNode

from qualweave.errors import JsonValue
from qualweave.iri import DEFAULT_BASE, RDF, SKOS, Q, graph_iri
from qualweave.reasoning.entail.schema import RULES, Schema, stated_properties
from qualweave.store.port import ChangeSet, GraphEntry, GraphRole, Row, Snapshot

_READ: tuple[GraphRole, ...] = ("data", "governance", "decisions")
_WITH_LINKS: tuple[GraphRole, ...] = (*_READ, "learned", "ontology")
_TYPES = "SELECT DISTINCT ?s ?c WHERE { ?s a ?c }"
_CLASSES = "SELECT DISTINCT ?c WHERE { ?s a ?c }"
# A link is confirmed by its type, a label by who confirmed it; what was refuted since does not count.
_CONFIRMED = """
SELECT DISTINCT ?effect ?cause WHERE {
  { ?link a q:ConfirmedLink } UNION { ?link a q:RootCauseLabel ; q:confirmedBy ?who }
  ?link q:hasEffect ?effect ; q:hasCause ?cause .
  FILTER NOT EXISTS { ?link a q:RefutedLink }
}
"""


def entail(snapshot: Snapshot, *, tenant: str = "plant", base: str = DEFAULT_BASE) -> ChangeSet:
    """Return the entailed graph of a tenant as one change set that replaces the former.

    Instances get the types and property values that their classes and properties entail, concepts their
    ``skos:broaderTransitive``, and ``q:causedBy`` follows from links and labels that persons have confirmed, from
    no others. The same snapshot gives the same bytes.

    Args:
        snapshot: State of the graph, as the tenant sees it.
        tenant: Whose graphs are read, and whose the entailed graph is.
        base: Namespace of data IRIs.
    """
    data = _names(snapshot, _READ, tenant)
    used = [_text(row["c"]) for row in snapshot.select(_CLASSES, graphs=data)]
    schema = Schema.read(snapshot, classes=used, properties=stated_properties(snapshot))
    lines = set(_type_lines(snapshot.select(_TYPES, graphs=data), schema))
    lines.update(_property_lines(snapshot, schema, frozenset(data)))
    lines.update(_broader_lines(schema))
    lines.update(_cause_lines(snapshot, schema, tenant))
    inserts = "".join(f"{line}\n" for line in sorted(lines)).encode()
    return ChangeSet(
        graph=graph_iri("entailed", tenant, base=base),
        role="entailed",
        inserts=inserts,
        replace=True,
        about={
            "rule_set": RULES,
            "triples": len(lines),
            "ontology": list[JsonValue](_ontology(snapshot)),
        },
    )


def is_stale(snapshot: Snapshot, entry: GraphEntry) -> bool:
    """Return whether an entailed graph was made with another ontology than the one that stands.

    Args:
        snapshot: State of the graph.
        entry: Of the entailed graph.
    """
    return entry.about.get("ontology") != _ontology(snapshot)


def _ontology(snapshot: Snapshot) -> list[str]:
    """Return the last commits of the ontology's graphs."""
    return sorted(one.commit for one in snapshot.graphs("ontology"))


def superclasses(snapshot: Snapshot, classes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return, per class, the classes that OWL RL entails above it."""
    return dict(Schema.read(snapshot, classes=classes).classes)


def _names(snapshot: Snapshot, roles: Sequence[GraphRole], tenant: str) -> list[str]:
    return [entry.graph for entry in snapshot.graphs(*roles, tenant=tenant)]


def _type_lines(rows: Iterable[Row], schema: Schema) -> Iterator[str]:
    for row in rows:
        for upper in schema.classes.get(_text(row["c"]), ()):
            yield f"{row['s']} <{RDF}type> <{upper}> ."


def _property_lines(snapshot: Snapshot, schema: Schema, graphs: frozenset[str]) -> Iterator[str]:
    for name, above in schema.properties.items():
        if not above:
            continue
        for quad in snapshot.quads(None, NamedNode(name)):
            if _text(quad.graph_name) in graphs:
                for upper in above:
                    yield f"{quad.subject} <{upper}> {quad.object} ."


def _broader_lines(schema: Schema) -> Iterator[str]:
    for name, above in schema.broader.items():
        for upper in above:
            yield f"<{name}> <{SKOS}broaderTransitive> <{upper}> ."


def _cause_lines(snapshot: Snapshot, schema: Schema, tenant: str) -> Iterator[str]:
    caused = Q + "causedBy"
    for row in snapshot.select(_CONFIRMED, graphs=_names(snapshot, _WITH_LINKS, tenant)):
        for name in (caused, *schema.properties.get(caused, ())):
            yield f"{row['effect']} <{name}> {row['cause']} ."


def _text(term: object) -> str:
    return str(getattr(term, "value", term))
