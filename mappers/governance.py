"""What an ingest leaves in the governance graph: the batch, its mapping, the rows that wait, the requests.

These nodes are what ``GET /provenance`` walks (``docs/reference/graph.md``): graph → batch → file, subject → row,
predicate → column through the mapping.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Triple

from qualweave.change_request import (
    ChangeRequest,
    from_body,
    governance_graph,
    request_iri,
    to_quads,
)
from qualweave.iri import PROV, RDF, XSD, Q, expand, local_name
from qualweave.mappers.lift.batch import Batch, minted
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.requesting import field_iri
from qualweave.store.port import ChangeSet, Snapshot
from qualweave.values import find_unit

_TYPE = NamedNode(RDF + "type")
_BODY = NamedNode(Q + "requestBody")
_SUBJECT = NamedNode(Q + "requestSubject")


def _node(text: str) -> NamedNode:
    return NamedNode(text)


def _number(value: int) -> Literal:
    return Literal(str(value), datatype=_node(XSD + "integer"))


def mapping_iri(document: MappingDocument, *, tenant: str, base: str) -> str:
    """Return the IRI of one version of a mapping."""
    return minted("mapping", document.source, str(document.version), tenant=tenant, base=base)


def batch_triples(
    batch: Batch,
    *,
    mappings: Sequence[str],
    release: str,
    by: str,
    at: datetime,
    rows: tuple[int, int, int],
) -> list[Triple]:
    """Return the node of one ingested file; ``rows`` are those read, lifted and in quarantine."""
    node = _node(batch.node)
    read, lifted, held = rows
    facts: list[tuple[str, NamedNode | Literal]] = [
        (RDF + "type", _node(Q + "IngestBatch")),
        (Q + "fileName", Literal(batch.file_name)),
        (Q + "hashValue", Literal(batch.sha256)),
        (
            PROV + "wasAttributedTo",
            _node(minted("person", by, tenant=batch.tenant, base=batch.base)),
        ),
        (PROV + "generatedAtTime", Literal(at.isoformat(), datatype=_node(XSD + "dateTime"))),
        (Q + "rowsRead", _number(read)),
        (Q + "rowsLifted", _number(lifted)),
        (Q + "rowsQuarantined", _number(held)),
        *((Q + "usedMapping", _node(one)) for one in mappings),
    ]
    if release:
        facts.append((Q + "usedRelease", _node(f"{Q}release/{release}")))
    triples = [Triple(node, _node(predicate), value) for predicate, value in facts]
    return [*triples, Triple(_node(batch.graph), _node(Q + "fromBatch"), node)]


def mapping_triples(document: MappingDocument, *, tenant: str, base: str) -> list[Triple]:
    """Return the nodes of one version of a mapping: itself and one field mapping per column."""
    whole = _node(mapping_iri(document, tenant=tenant, base=base))
    triples = [
        Triple(whole, _TYPE, _node(Q + "MappingContext")),
        Triple(whole, _node(Q + "fileName"), Literal(document.file_pattern)),
    ]
    for place, column in enumerate(document.columns):
        node = _node(f"{whole.value}/{place}")
        field = _node(field_iri(document.source, column.name, tenant=tenant, base=base))
        accepted = column.decision is Decision.ACCEPTED
        triples += [
            Triple(node, _TYPE, _node(Q + "FieldMapping")),
            Triple(node, _node(Q + "mappingContext"), whole),
            Triple(node, _node(Q + "mapsField"), field),
            Triple(field, _TYPE, _node(Q + "DataField")),
            Triple(node, _node(Q + "fieldName"), Literal(column.name)),
            Triple(node, _node(Q + "decidedBy"), Literal(column.by)),
            Triple(
                node,
                _node(Q + "mappingConfidence"),
                Literal(f"{column.confidence:.4f}", datatype=_node(XSD + "decimal")),
            ),
        ]
        if accepted:
            term = _node(expand(column.term))
            triples += [
                Triple(node, _TYPE, _node(Q + "AcceptedMapping")),
                Triple(node, _node(Q + "mapsTo"), term),
            ]
            triples += [
                Triple(node, _node(Q + "emits"), _node(one))
                for one in emitted(local_name(term.value), term.value, document.records)
            ]
        unit = find_unit(column.unit)
        if unit is not None:
            triples.append(Triple(node, _node(Q + "sourceUnit"), _node(unit.iri)))
    return triples


def emitted(role: str, term: str, records: Iterable[str]) -> list[str]:
    """Return the predicates that a column with a role or parameter can give a value to."""
    from qualweave.mappers.lift.plan import record_table  # noqa: PLC0415 - keeps import light for readers

    table = record_table()
    if role not in table.roles:
        return [term]
    naming = {
        name
        for name, one in table.entities.items()
        if role in one.sources or role in one.each or role in one.parts
    }
    found = {term: None}
    for kind in records:
        for rule in table.records[kind].triples:
            if rule.value == role or (rule.how == "entity" and rule.value in naming):
                found[rule.predicate] = None
    return list(found)


def quarantine_triples(rows: Iterable[QuarantinedRow], batch: Batch) -> list[Triple]:
    """Return one node per row that waits."""
    triples = []
    for row in rows:
        node = _node(f"{batch.node}/row/{row.id}")
        triples += [
            Triple(node, _TYPE, _node(Q + "QuarantinedRow")),
            Triple(node, _node(Q + "fromBatch"), _node(batch.node)),
            Triple(node, _node(Q + "sourceRow"), _number(row.row)),
        ]
        for one in row.problems:
            triples += [
                Triple(node, _node(Q + "rejectionReason"), Literal(text, language=language))
                for language, text in one.message.items()
            ]
            if one.column:
                triples.append(Triple(node, _node(Q + "fieldName"), Literal(one.column)))
    return triples


def request_triples(
    requests: Iterable[ChangeRequest], snapshot: Snapshot, *, base: str
) -> list[Triple]:
    """Return the nodes of the requests that are not in the graph yet, whatever became of them there.

    A field or text of which something is asked already is not asked twice: what alignment says of it may change,
    the question stays the one that a person has before them.
    """
    triples: list[Triple] = []
    for one in requests:
        known = next(iter(snapshot.quads(_node(request_iri(one, base)))), None)
        if known is None and not _is_asked(one, snapshot, base=base):
            triples += [quad.triple for quad in to_quads(one, base)]
    return triples


def _is_asked(request: ChangeRequest, snapshot: Snapshot, *, base: str) -> bool:
    """Return whether an open request is about the same field, and the same text in it."""
    graph = _node(governance_graph(request.tenant, base))
    about = snapshot.quads(None, _SUBJECT, _node(request.subject), graph)
    for quad in about:
        for body in snapshot.quads(quad.subject, _BODY, None, graph):
            other = from_body(str(getattr(body.object, "value", "")))
            same = other.proposal.get("text") == request.proposal.get("text")
            if other.state == "open" and same:
                return True
    return False


def requests_of(snapshot: Snapshot, *, tenant: str, base: str) -> list[ChangeRequest]:
    """Return every change request of a tenant, in no order."""
    graph = _node(governance_graph(tenant, base))
    return [
        from_body(str(getattr(quad.object, "value", "")))
        for quad in snapshot.quads(None, _BODY, None, graph)
    ]


def governance_change(
    inserts: Iterable[Triple], *, tenant: str, base: str, deletes: Iterable[Triple] = ()
) -> ChangeSet:
    """Return the change set of a tenant's governance graph."""
    return ChangeSet(
        graph=governance_graph(tenant, base),
        role="governance",
        inserts=ox.serialize(list(dict.fromkeys(inserts)), format=ox.RdfFormat.N_TRIPLES) or b"",
        deletes=ox.serialize(list(dict.fromkeys(deletes)), format=ox.RdfFormat.N_TRIPLES) or b"",
    )


def present(snapshot: Snapshot, batch: Batch) -> list[Triple]:
    """Return what the governance graph says of a batch and its waiting rows now, to be taken away."""
    graph = _node(governance_graph(batch.tenant, batch.base))
    node = _node(batch.node)
    found = [quad.triple for quad in snapshot.quads(node, None, None, graph)]
    for quad in snapshot.quads(None, _node(Q + "fromBatch"), node, graph):
        if quad.subject != _node(batch.graph):
            found += [one.triple for one in snapshot.quads(quad.subject, None, None, graph)]
    return found
