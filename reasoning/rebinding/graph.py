"""Inferred links and open slots in the graph: a graph of their own, never mixed with what records say.

The graph has the role ``learned``, which neither genealogy nor recall nor decisions read. A link is a node with
child, parent, confidence, rule and evidence, and never a ``q:derivedFromMaterial``; an open slot is a ``q:TagLoss``, so
a broken chain is a node with a reason. A new run replaces the former.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import cast

import orjson
from pyoxigraph import NamedNode

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import DEFAULT_BASE, RDF, RDFS, XSD, Q, graph_iri, mint
from qualweave.reasoning.rebinding.decide import (
    REASONS,
    RULE,
    VERSION,
    InferredLink,
    OpenSlot,
    Reason,
    Rebinding,
)
from qualweave.store.port import ChangeSet, GraphEntry, Snapshot


def rebinding_graph(tenant: str, base: str = DEFAULT_BASE) -> str:
    """Return the name of the graph that holds a tenant's inferred links."""
    return graph_iri("learned", tenant, "rebinding", base=base)


def change_set(found: Rebinding, *, tenant: str = "plant", base: str = DEFAULT_BASE) -> ChangeSet:
    """Return what publishes a re-binding in place of the former."""
    lines = [line for link in found.links for line in _link(link, tenant, base)]
    links = {(link.child, link.operation): _iri(link, tenant, base) for link in found.links}
    for slot in found.slots:
        lines += _slot(slot, links.get((slot.child, slot.operation), ""), tenant, base)
    about: dict[str, JsonValue] = {
        "rule": RULE,
        "version": VERSION,
        "of_commit": found.commit,
        "links": len(found.links),
        "open_slots": len(found.slots),
    }
    inserts = "".join(f"{line}\n" for line in sorted(lines)).encode()
    return ChangeSet(
        rebinding_graph(tenant, base), "learned", inserts=inserts, replace=True, about=about
    )


def _iri(link: InferredLink, tenant: str, base: str) -> str:
    digest = sha256(f"{link.child}\n{link.parent}\n{link.operation}".encode()).hexdigest()[:16]
    return mint("link", digest, tenant=tenant, base=base)


def _link(link: InferredLink, tenant: str, base: str) -> Iterator[str]:
    node = f"<{_iri(link, tenant, base)}>"
    body = orjson.dumps([one.to_json() for one in link.evidence]).decode()
    yield f"{node} <{RDF}type> <{Q}InferredGenealogyLink> ."
    yield f"{node} <{Q}linkChild> <{link.child}> ."
    yield f"{node} <{Q}linkParent> <{link.parent}> ."
    yield f'{node} <{Q}linkConfidence> "{link.confidence:.6f}"^^<{XSD}decimal> .'
    yield f"{node} <{Q}atOperation> <{link.operation}> ."
    yield f"{node} <{Q}evidenceBody> {_text(body)}^^<{RDF}JSON> ."
    for one in link.evidence:
        for source in one.sources:
            yield f"{node} <{Q}supportedBy> <{source}> ."
        for language, text in one.statement.items():
            yield f"{node} <{RDFS}comment> {_text(text)}@{language} ."


def _slot(slot: OpenSlot, link: str, tenant: str, base: str) -> Iterator[str]:
    digest = sha256(f"{slot.child}\n{slot.operation}".encode()).hexdigest()[:16]
    node = f"<{mint('gap', digest, tenant=tenant, base=base)}>"
    yield f"{node} <{RDF}type> <{Q}TagLoss> ."
    yield f"{node} <{Q}linkChild> <{slot.child}> ."
    yield f"{node} <{Q}atOperation> <{slot.operation}> ."
    yield f"{node} <{Q}gapReason> {_text(slot.reason)} ."
    yield f'{node} <{Q}linkConfidence> "{slot.best:.6f}"^^<{XSD}decimal> .'
    for language, text in REASONS[slot.reason].items():
        yield f"{node} <{RDFS}comment> {_text(text)}@{language} ."
    for one in slot.rivals:
        yield f"{node} <{Q}rivalItem> <{one}> ."
    if link:
        yield f"{node} <{Q}resolvedBy> <{link}> ."


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def entry_of(snapshot: Snapshot, tenant: str, base: str = DEFAULT_BASE) -> GraphEntry | None:
    """Return the catalogue's entry of a tenant's inferred links, None where there are none."""
    name = rebinding_graph(tenant, base)
    found = (one for one in snapshot.graphs("learned", tenant=tenant) if one.graph == name)
    return next(found, None)


def read_rebinding(snapshot: Snapshot, tenant: str, base: str = DEFAULT_BASE) -> Rebinding:
    """Return what was published last; an empty one where nothing was."""
    entry = entry_of(snapshot, tenant, base)
    if entry is None:
        return Rebinding((), ())
    graph = NamedNode(entry.graph)
    said: dict[str, dict[str, list[str]]] = {}
    for quad in snapshot.quads(None, None, None, graph):
        subject = str(getattr(quad.subject, "value", ""))
        value = str(getattr(quad.object, "value", ""))
        said.setdefault(subject, {}).setdefault(quad.predicate.value, []).append(value)
    nodes = [said[name] for name in sorted(said)]
    return Rebinding(
        links=tuple(_read_link(one) for one in nodes if Q + "linkParent" in one),
        slots=tuple(_read_slot(one) for one in nodes if Q + "gapReason" in one),
        commit=str(entry.about.get("of_commit", "")),
    )


def _read_link(said: dict[str, list[str]]) -> InferredLink:
    evidence = orjson.loads(said[Q + "evidenceBody"][0])
    return InferredLink(
        child=said[Q + "linkChild"][0],
        parent=said[Q + "linkParent"][0],
        confidence=float(said[Q + "linkConfidence"][0]),
        operation=said[Q + "atOperation"][0],
        evidence=tuple(Evidence(**{**one, "sources": tuple(one["sources"])}) for one in evidence),
    )


def _read_slot(said: dict[str, list[str]]) -> OpenSlot:
    return OpenSlot(
        operation=said[Q + "atOperation"][0],
        child=said[Q + "linkChild"][0],
        reason=cast("Reason", said[Q + "gapReason"][0]),
        best=float(said[Q + "linkConfidence"][0]),
        rivals=tuple(sorted(said.get(Q + "rivalItem", ()))),
    )
