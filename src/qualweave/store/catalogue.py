"""The catalogue: which graphs and commits count, in memory and as triples of one graph.

Nothing counts before its catalogue node is there, and the node is added by the last atomic update of a
commit. Reading it back is all that a start needs to know what the store holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
import pyoxigraph as ox
from pyoxigraph import NamedNode

from qualweave.iri import RDF, XSD, Q, graph_iri
from qualweave.store.journal import Entry
from qualweave.store.port import ChangeSet, Commit, GraphEntry, GraphRole

SHARED_ROLES: tuple[GraphRole, ...] = ("ontology", "codelists", "shapes")
ARCHIVE: GraphRole = "archive"
"""Role of a graph that is kept for good and read by its name only: a former release."""
"""Roles of graphs that belong to every tenant."""
_TYPE = NamedNode(RDF + "type")


def catalogue_graph(base: str) -> NamedNode:
    """Return the name of the catalogue's graph."""
    return NamedNode(graph_iri("catalogue", base=base))


def merged_graph(tenant: str, base: str) -> NamedNode:
    """Return the name of the graph that keeps the RDF merge of all graphs of a tenant."""
    return NamedNode(graph_iri("merged", tenant, base=base))


@dataclass
class Catalogue:
    """What counts.

    Attributes:
        entries: Graph to its entry.
        commits: Every commit, in order.
    """

    base: str
    entries: dict[str, GraphEntry] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    _history: dict[str, list[tuple[str, Commit]]] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, store: ox.Store, base: str) -> "Catalogue":
        """Return the catalogue that a store holds."""
        found = cls(base)
        graph = catalogue_graph(base)
        rows = [_commit(facts, node) for node, facts in _nodes(store, graph, "Commit")]
        for commit, content in sorted(rows, key=lambda one: one[0].sequence):
            found.add(commit, content)
        for node, facts in _nodes(store, graph, "GraphEntry"):
            found.entries[node] = _entry(facts, node)
        return found

    @property
    def last(self) -> Commit | None:
        """The last commit."""
        return self.commits[-1] if self.commits else None

    @property
    def sequence(self) -> int:
        """Number of the last commit, 0 where there is none."""
        return self.commits[-1].sequence if self.commits else 0

    def has(self, identities: Sequence[str]) -> bool:
        """Whether commits of these ids count."""
        return all(one in self._ids for one in identities)

    def add(self, commit: Commit, content: str) -> None:
        """Let a commit count."""
        self.commits.append(commit)
        self._ids.add(commit.id)
        self._history.setdefault(commit.graph, []).append((content, commit))

    def repeats(self, graphs: Sequence[str], contents: Sequence[str]) -> list[Commit] | None:
        """Return the commits that change sets repeat, or None where one of them would change something.

        A change set is a repetition where it is the last thing that happened to its graph.
        """
        wanted: dict[str, list[str]] = {}
        for graph, content in zip(graphs, contents, strict=True):
            wanted.setdefault(graph, []).append(content)
        former: dict[str, Iterator[Commit]] = {}
        for graph, of_graph in wanted.items():
            tail = self._history.get(graph, [])[-len(of_graph) :]
            if [content for content, _ in tail] != of_graph:
                return None
            former[graph] = iter([commit for _, commit in tail])
        return [next(former[graph]) for graph in graphs]

    @property
    def tenants(self) -> set[str]:
        """The tenants that have a graph; the merged graph of each is kept."""
        return {entry.tenant for entry in self.entries.values()}


def members(entries: Mapping[str, GraphEntry], tenant: str) -> set[str]:
    """Return the graphs of some entries that a tenant sees without naming them."""
    return {
        entry.graph
        for entry in entries.values()
        if entry.role != ARCHIVE and (entry.tenant == tenant or entry.role in SHARED_ROLES)
    }


def chosen_graphs(
    entries: Mapping[str, GraphEntry], roles: Sequence[GraphRole], tenant: str | None
) -> list[GraphEntry]:
    """Return the entries of some roles (all but the archive where none is given) that a tenant sees."""
    return [
        entry
        for entry in entries.values()
        if (entry.role in roles if roles else entry.role != ARCHIVE)
        and (tenant is None or entry.tenant == tenant or entry.role in (*SHARED_ROLES, ARCHIVE))
    ]


def counting_update(base: str, entry: Entry) -> str:
    """Return the update that lets an entry count: its graph nodes and commit nodes."""
    graph = catalogue_graph(base)
    newest = {
        change.graph: _graph_node(change, entry, identity)
        for identity, change in zip(entry.change_ids, entry.changes, strict=True)
    }
    added = [*newest.values()]
    added += [_commit_node(base, entry, number) for number in range(len(entry.changes))]
    values = " ".join(f"<{name}>" for name in newest)
    return (
        f"DELETE {{ GRAPH {graph} {{ ?g ?p ?o }} }} "
        f"WHERE {{ GRAPH {graph} {{ VALUES ?g {{ {values} }} ?g ?p ?o }} }} ;\n"
        f"INSERT DATA {{ GRAPH {graph} {{ {' '.join(added)} }} }}"
    )


def commits_of(entry: Entry) -> list[Commit]:
    """Return the commits that an entry becomes."""
    return [
        Commit(
            id=identity,
            sequence=entry.sequence + number,
            graph=change.graph,
            principal=entry.principal,
            at=datetime.fromisoformat(entry.at),
        )
        for number, (identity, change) in enumerate(
            zip(entry.change_ids, entry.changes, strict=True)
        )
    ]


def entries_of(entry: Entry) -> list[GraphEntry]:
    """Return the graph entries that an entry leaves."""
    return [
        GraphEntry(
            graph=change.graph,
            role=change.role,
            tenant=entry.tenant,
            commit=identity,
            about=dict(change.about),
        )
        for identity, change in zip(entry.change_ids, entry.changes, strict=True)
    ]


def _graph_node(change: ChangeSet, entry: Entry, identity: str) -> str:
    about = ox.Literal(orjson.dumps(dict(change.about), option=orjson.OPT_SORT_KEYS).decode())
    return (
        f"<{change.graph}> a <{Q}GraphEntry> ; <{Q}graphRole> {ox.Literal(change.role)} ; "
        f"<{Q}graphTenant> {ox.Literal(entry.tenant)} ; <{Q}lastCommit> {ox.Literal(identity)} ; "
        f"<{Q}about> {about} ."
    )


def _commit_node(base: str, entry: Entry, number: int) -> str:
    change, identity = entry.changes[number], entry.change_ids[number]
    return (
        f"<{base}commit/{identity}> a <{Q}Commit> ; <{Q}commitSequence> {entry.sequence + number} ; "
        f"<{Q}commitGraph> <{change.graph}> ; <{Q}commitPrincipal> {ox.Literal(entry.principal)} ; "
        f"<{Q}hashValue> {ox.Literal(entry.contents[number])} ; "
        f"<{Q}commitTime> {ox.Literal(entry.at, datatype=NamedNode(XSD + 'dateTime'))} ."
    )


def _nodes(store: ox.Store, graph: NamedNode, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    for quad in store.quads_for_pattern(None, _TYPE, NamedNode(Q + kind), graph):
        facts = {
            one.predicate.value.removeprefix(Q): _value(one.object)
            for one in store.quads_for_pattern(quad.subject, None, None, graph)
        }
        yield _value(quad.subject), facts


def _commit(facts: Mapping[str, str], node: str) -> tuple[Commit, str]:
    identity = node.rsplit("/", 1)[1]
    commit = Commit(
        id=identity,
        sequence=int(facts["commitSequence"]),
        graph=facts["commitGraph"],
        principal=facts["commitPrincipal"],
        at=datetime.fromisoformat(facts["commitTime"]),
    )
    return commit, facts["hashValue"]


def _entry(facts: Mapping[str, str], graph: str) -> GraphEntry:
    role: GraphRole = facts["graphRole"]  # type: ignore[assignment]  # written by the store only
    return GraphEntry(
        graph=graph,
        role=role,
        tenant=facts["graphTenant"],
        commit=facts["lastCommit"],
        about=orjson.loads(facts["about"]),
    )


def _value(term: object) -> str:
    return str(getattr(term, "value", term))
