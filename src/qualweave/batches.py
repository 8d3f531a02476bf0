"""Batches of ingested files, whether each has a graph of its own or was compacted with others into one.

A compacted graph holds the triples of many small ones. Those stay as they were under their own names, in the archive,
so that it is known of each triple which batch said it; the catalogue entry of the compacted graph lists them.
"""

from collections.abc import Iterator
from typing import Any

from pyoxigraph import NamedNode

from qualweave.store.port import GraphEntry, RdfTerm, Snapshot

MEMBERS = "compacted"
"""Key of what a catalogue entry says of the graphs that were compacted into it: graph and former entry of each."""


def members(entry: GraphEntry) -> list[dict[str, Any]]:
    """Return graph and facts of each batch of a compacted graph; none of another one."""
    listed = entry.about.get(MEMBERS)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def batches(snapshot: Snapshot, *, tenant: str) -> Iterator[GraphEntry]:
    """Yield the entry of every batch of a tenant, as it was when it was ingested."""
    for entry in snapshot.graphs("data", tenant=tenant):
        parts = members(entry)
        if not parts:
            yield entry
        for one in parts:
            yield GraphEntry(str(one["graph"]), "data", entry.tenant, entry.commit, one["about"])


def holders(
    snapshot: Snapshot,
    entry: GraphEntry,
    subject: NamedNode,
    predicate: NamedNode | None = None,
    *,
    value: RdfTerm | None = None,
) -> list[GraphEntry]:
    """Return the batches of an entry's graph that say a triple, which the graph holds."""
    parts = members(entry)
    if not parts:
        return [entry]
    return [
        GraphEntry(str(one["graph"]), "data", entry.tenant, entry.commit, one["about"])
        for one in parts
        if next(snapshot.quads(subject, predicate, value, NamedNode(str(one["graph"]))), None)
        is not None
    ]
