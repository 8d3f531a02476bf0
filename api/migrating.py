"""`Migrating`: the data that was written with a former release, brought to the terms of the current one.

What is moved is what `ontology.migration` says. All graphs of the tenant change in one commit, or none does: a term
that has data and no successor is refused before anything is written. What was agreed by name stays as it is (weights,
dictionaries, mappings): the plan counts it, and whoever agreed on it says the new term.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph as ox
from pyoxigraph import NamedNode, Triple

from qualweave.api.deciding import one_at_a_time
from qualweave.api.governing import release_of, released_entry
from qualweave.api.service import Service
from qualweave.errors import JsonValue
from qualweave.ontology.migration import Migration, migrations, stranded
from qualweave.ontology.store_form import graph_of
from qualweave.principal import Principal
from qualweave.store.port import ChangeSet, GraphEntry, GraphRole, RdfTerm, Snapshot

_MOVED: tuple[GraphRole, ...] = ("data", "decisions", "learned")
_STAYS: tuple[GraphRole, ...] = ("governance",)


@dataclass(frozen=True)
class Migrating:
    """Migration of one tenant's data over a service, for one principal."""

    service: Service
    principal: Principal

    def plan(self, version: str) -> dict[str, JsonValue]:
        """Return what the step from a former release to the current one asks, and how many triples it touches.

        Raises:
            NotFound: If there is no such release.
            Conflict: If successors go round in a circle.
        """
        with self.service.reading(self.principal.tenant) as snapshot:
            return _told(version, *_counted(snapshot, version))

    @one_at_a_time
    def migrate(self, version: str) -> dict[str, JsonValue]:
        """Bring the data to the terms of the current release; return what was moved, by term.

        Raises:
            Forbidden: If the principal is no architect.
            NotFound: If there is no such release.
            Conflict: If a term has data and no successor.
        """
        self.principal.require("architect")
        with self.service.reading(self.principal.tenant) as snapshot:
            found, counts, stays = _counted(snapshot, version)
            left = [one for one in found if counts[one.term] and not one.successor]
            if left:
                raise stranded(left, counts)
            successors = {one.term: one.successor for one in found}
            changes = [
                one
                for entry in snapshot.graphs(*_MOVED)
                for one in _changes(snapshot, entry, successors)
            ]
        if changes:
            self.service.store.commit(changes, principal=self.principal)
            self.service.store.publish()
        self.service.entail_all()  # without changes too: a former attempt may have been cut short here
        return {**_told(version, found, counts, stays), "graphs": len(changes)}


def _counted(
    snapshot: Snapshot, version: str
) -> tuple[tuple[Migration, ...], Counter[str], Counter[str]]:
    """Return what the step from a release asks, how many triples of each term move, and how many stay."""
    old = graph_of(snapshot, release_of(snapshot, version).graph)
    new = graph_of(snapshot, released_entry(snapshot).graph)
    found = migrations(old, new)
    return found, _counts(snapshot, _MOVED, found), _counts(snapshot, _STAYS, found)


def _told(
    version: str, found: tuple[Migration, ...], counts: Counter[str], stays: Counter[str]
) -> dict[str, JsonValue]:
    rows = [
        {**one.to_json(), "triples": counts[one.term], "stays": stays[one.term]} for one in found
    ]
    return {"from": version, "terms": list[JsonValue](rows), "triples": counts.total()}


def _counts(
    snapshot: Snapshot, roles: tuple[GraphRole, ...], found: tuple[Migration, ...]
) -> Counter[str]:
    return Counter(
        one for entry in snapshot.graphs(*roles) for one in _uses(snapshot, entry, found)
    )


def _uses(snapshot: Snapshot, entry: GraphEntry, found: tuple[Migration, ...]) -> Iterator[str]:
    """Yield each term for each triple that uses it, once."""
    terms = {one.term for one in found}
    for quad in snapshot.quads(None, None, None, NamedNode(entry.graph)) if terms else ():
        yield from terms & set(_iris(quad.triple))


def _iris(triple: Triple) -> Iterator[str]:
    for one in (triple.subject, triple.predicate, triple.object):
        if isinstance(one, NamedNode):
            yield one.value
        elif isinstance(one, Triple):
            yield from _iris(one)


def _changes(
    snapshot: Snapshot, entry: GraphEntry, successors: Mapping[str, str]
) -> Iterator[ChangeSet]:
    gone: list[Triple] = []
    fresh: list[Triple] = []
    for quad in snapshot.quads(None, None, None, NamedNode(entry.graph)):
        moved = _moved(quad.triple, successors)
        if moved != quad.triple:
            gone.append(quad.triple)
            fresh.append(moved)
    if gone:
        yield ChangeSet(
            entry.graph,
            entry.role,
            inserts=_ntriples(fresh),
            deletes=_ntriples(gone),
            about=entry.about,
        )


def _moved(triple: Triple, successors: Mapping[str, str]) -> Triple:
    def of(term: RdfTerm) -> RdfTerm:
        if isinstance(term, Triple):
            return _moved(term, successors)
        if isinstance(term, NamedNode) and successors.get(term.value):
            return NamedNode(successors[term.value])
        return term

    return Triple(of(triple.subject), of(triple.predicate), of(triple.object))  # type: ignore[arg-type] # IRIs stay IRIs


def _ntriples(triples: list[Triple]) -> bytes:
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
