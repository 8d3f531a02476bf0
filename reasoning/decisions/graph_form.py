"""Triples of decisions: how values of this folder become N-Triples of a `ChangeSet`, and come back.

What is asked for often is a triple; the whole value stands beside it as one JSON literal (``q:decisionBody``), as
change requests do it, so that reading back loses nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import orjson
import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad, Triple

from qualweave.errors import JsonValue, NotFound
from qualweave.iri import DEFAULT_BASE, RDF, XSD, Q, graph_iri, local_name
from qualweave.store.port import ChangeSet, Snapshot
from qualweave.values import find_unit

BODY = NamedNode(Q + "decisionBody")
_TYPE = NamedNode(RDF + "type")


def triple(subject: str, predicate: str, value: NamedNode | Literal) -> Triple:
    """Return a triple with a predicate of the ontology by its local name (``"a"`` is rdf:type)."""
    return Triple(
        NamedNode(subject), _TYPE if predicate == "a" else NamedNode(Q + predicate), value
    )


def number(value: float) -> Literal:
    """Return a decimal literal without float noise."""
    return Literal(f"{value:.10f}".rstrip("0").rstrip("."), datatype=NamedNode(XSD + "decimal"))


def moment(value: datetime) -> Literal:
    """Return a UTC dateTime literal."""
    return Literal(value.astimezone(UTC).isoformat(), datatype=NamedNode(XSD + "dateTime"))


def body(value: JsonValue) -> Literal:
    """Return the JSON literal of a whole value."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return Literal(text, datatype=NamedNode(RDF + "JSON"))


def unit_node(ucum: str) -> NamedNode | Literal:
    """Return the IRI of a unit, or its text where the table does not know it."""
    unit = find_unit(ucum)
    return NamedNode(unit.iri) if unit else Literal(ucum)


def links(subject: str, predicate: str, targets: Iterable[str]) -> Iterator[Triple]:
    """Yield one triple per target IRI."""
    for target in dict.fromkeys(targets):
        yield triple(subject, predicate, NamedNode(target))


def decision_graph(tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the IRI of the named graph of a tenant's decisions."""
    return graph_iri("decisions", tenant, base=base)


def change_set(
    after: Iterable[Triple],
    before: Iterable[Triple] = (),
    *,
    about: dict[str, JsonValue],
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> ChangeSet:
    """Return the change from the triples before to those after."""
    new, old = set(after), set(before)
    return ChangeSet(
        graph=decision_graph(tenant, base),
        role="decisions",
        inserts=_ntriples(new - old),
        deletes=_ntriples(old - new),
        about=about,
    )


def _ntriples(triples: Iterable[Triple]) -> bytes:
    lines = (ox.serialize([one], format=ox.RdfFormat.N_TRIPLES) or b"" for one in triples)
    return b"".join(sorted(lines))


def read_body(snapshot: Snapshot, node: str) -> dict[str, JsonValue]:
    """Return the JSON form of a decision's node.

    Raises:
        NotFound: If the graph holds no such decision.
    """
    for quad in snapshot.quads(NamedNode(node), BODY):
        data: dict[str, JsonValue] = orjson.loads(_text(quad))
        return data
    raise NotFound(
        f"No decision {local_name(node)!r} is known.",
        message_zh=f"未找到决策 {local_name(node)!r}。",
        next_step="List the decisions with GET /decisions.",
        next_step_zh="请用 GET /decisions 查看决策列表。",
        data={"decision": node},
    )


def bodies(snapshot: Snapshot, class_name: str) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Yield node and JSON form of every decision of a class."""
    for quad in snapshot.quads(None, _TYPE, NamedNode(Q + class_name)):
        node = getattr(quad.subject, "value", "")
        for held in snapshot.quads(quad.subject, BODY):
            yield node, orjson.loads(_text(held))


def _text(quad: Quad) -> str:
    return str(getattr(quad.object, "value", ""))
