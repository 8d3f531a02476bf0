"""Compaction: the small graphs of a live source's channel become one graph an hour.

A live source commits every few seconds, and each commit has a graph of its own; a day of one channel is thousands of
named graphs that every query plan and data set lists. `compact` puts those of a closed hour into one, in one commit: a
process that dies leaves all of them or the one. The small ones go to the archive as they are, so provenance still leads
to batch, file and row, and `taken_out` gives one back its own graph before it is lifted again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad, Triple

from qualweave.batches import MEMBERS, members
from qualweave.errors import JsonValue
from qualweave.iri import Q, graph_iri
from qualweave.mappers.desk import Desk
from qualweave.mappers.governance import governance_change
from qualweave.mappers.lift.batch import segment
from qualweave.store.port import ChangeSet, GraphEntry, Snapshot

MOST_BATCHES = 1000
"""Batches of one compacted graph: an hour of a channel that is sealed every four seconds."""
_LEAST_BATCHES = 2
_FROM = NamedNode(Q + "fromBatch")
_SUMS = ("rows_read", "rows_lifted", "rows_quarantined", "triples")


@dataclass(frozen=True)
class Compacted:
    """What a compaction did.

    Attributes:
        batches: Small graphs that are in larger ones now.
        graphs: The larger ones, by IRI.
    """

    batches: int = 0
    graphs: tuple[str, ...] = ()


def compact(
    work: Desk, *, source: str = "", before: datetime | None = None, most: int = MOST_BATCHES
) -> Compacted:
    """Compact the batches of live sources.

    Args:
        work: Store and tenant.
        source: Name of a live source; every one where empty.
        before: Only batches that were committed in an hour that ended by then; now where left out.
        most: Batches of one graph, at most.
    """
    work.store.publish()
    now = before or datetime.now(UTC)
    times = {one.id: one.at for one in work.store.commits()}
    groups: dict[tuple[str, datetime], list[GraphEntry]] = {}
    with work.snapshot() as snapshot:
        for entry in snapshot.graphs("data", tenant=work.tenant):
            if _is_of(entry, source):
                hour = times[entry.commit].replace(minute=0, second=0, microsecond=0)
                groups.setdefault((str(entry.about["source"]), hour), []).append(entry)
    done: list[str] = []
    count = 0
    for (channel, hour), entries in sorted(groups.items()):
        is_closed = (now - hour).total_seconds() >= 3600  # noqa: PLR2004 - seconds of an hour
        for start in range(0, len(entries), most):
            part = entries[start : start + most]
            if len(part) >= _LEAST_BATCHES and (is_closed or len(part) == most):
                done.append(_compact(work, channel, hour, part))
                count += len(part)
    work.store.publish()
    return Compacted(count, tuple(done))


def _is_of(entry: GraphEntry, source: str) -> bool:
    if entry.about.get("kind") != "live" or members(entry):
        return False
    return not source or str(entry.about["file"]).startswith(f"{source}/")


def _compact(work: Desk, channel: str, hour: datetime, entries: Sequence[GraphEntry]) -> str:
    """Commit one compacted graph, and its parts to the archive: all or none."""
    with work.snapshot() as snapshot:
        content = _content(snapshot, [one.graph for one in entries])
        batches = [quad for one in entries for quad in snapshot.quads(NamedNode(one.graph), _FROM)]
    told = sha256("\n".join(one.graph for one in entries).encode()).hexdigest()[:16]
    name = f"{hour:%Y-%m-%dT%HZ}-{told}"
    graph = graph_iri("data", work.tenant, segment(channel), name, base=work.settings.base_iri)
    parts: list[dict[str, JsonValue]] = [
        {"graph": one.graph, "about": dict(one.about)} for one in entries
    ]
    changes = [
        ChangeSet(graph, "data", content, replace=True, about=_about(channel, parts)),
        *(ChangeSet(one.graph, "archive", about=one.about) for one in entries),
        governance_change(
            (Triple(NamedNode(graph), _FROM, quad.object) for quad in batches),
            tenant=work.tenant,
            base=work.settings.base_iri,
        ),
    ]
    work.store.commit(changes, principal=work.principal)
    return graph


def _about(channel: str, parts: Sequence[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    facts = [one["about"] for one in parts]
    sums: dict[str, JsonValue] = {
        name: sum(int(str(one.get(name, 0))) for one in facts if isinstance(one, dict))
        for name in _SUMS
    }
    return {"source": channel, "kind": "live", MEMBERS: list(parts), **sums}


def _content(snapshot: Snapshot, graphs: Iterable[str]) -> bytes:
    """Return the triples of graphs, each once, as N-Triples."""
    found: dict[Triple, None] = {}
    for name in graphs:
        found |= dict.fromkeys(quad.triple for quad in _quads(snapshot, name))
    return ox.serialize(list(found), format=ox.RdfFormat.N_TRIPLES) or b""


def _quads(snapshot: Snapshot, graph: str) -> Iterable[Quad]:
    return snapshot.quads(None, None, None, NamedNode(graph))


def taken_out(work: Desk, snapshot: Snapshot, graph: str) -> list[ChangeSet]:
    """Return what gives a batch its own graph back, to be committed before what changes it; nothing where it has one.

    Args:
        work: Store and tenant.
        snapshot: The newest state.
        graph: Graph of the batch.
    """
    for entry in snapshot.graphs("data", tenant=work.tenant):
        parts = members(entry)
        if graph not in {one["graph"] for one in parts}:
            continue
        rest = [one for one in parts if one["graph"] != graph]
        content = _content(snapshot, [str(one["graph"]) for one in rest])
        about = _about(str(entry.about["source"]), rest)
        mine = [quad.triple for quad in snapshot.quads(NamedNode(graph), _FROM)]
        gone = [Triple(NamedNode(entry.graph), _FROM, one.object) for one in mine]
        own = next(one["about"] for one in parts if one["graph"] == graph)
        return [
            ChangeSet(graph, "data", about=own),
            ChangeSet(entry.graph, "data", content, replace=True, about=about),
            governance_change((), tenant=work.tenant, base=work.settings.base_iri, deletes=gone),
        ]
    return []
