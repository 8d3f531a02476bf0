"""`OxigraphSnapshot`: an immutable state of the embedded store, read in this process by trusted code."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import orjson
import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad

from qualweave.errors import StoreError
from qualweave.iri import DEFAULT_BASE, PREFIXES, RDF, Q, graph_iri
from qualweave.store.port import GraphEntry, GraphRole, RdfTerm, Row

_TYPE = NamedNode(RDF + "type")
Subject: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Triple
_SHARED_ROLES = ("ontology", "shapes", "entailed")


class OxigraphSnapshot:
    """A read-only Oxigraph store in a folder, with its catalogue.

    Args:
        path: Folder that `Store.backup` wrote.
        base: Namespace of data IRIs, which names the catalogue graph.
    """

    def __init__(self, path: Path, base: str = DEFAULT_BASE) -> None:
        self.path = path
        self._store = ox.Store.read_only(str(path))
        self._catalogue = NamedNode(graph_iri("catalogue", base=base))

    @cached_property
    def _commits(self) -> list[tuple[int, str]]:
        found = []
        for quad in self._store.quads_for_pattern(
            None, _TYPE, NamedNode(Q + "Commit"), self._catalogue
        ):
            number = next(
                self._store.quads_for_pattern(
                    quad.subject, NamedNode(Q + "commitSequence"), None, self._catalogue
                )
            )
            found.append((int(_value(number.object)), _value(quad.subject).rsplit("/", 1)[1]))
        return sorted(found)

    @property
    def commit(self) -> str:
        """Id of the last commit that it holds, ``""`` for an empty store."""
        return self._commits[-1][1] if self._commits else ""

    @property
    def sequence(self) -> int:
        """Sequence number of that commit, 0 for an empty store."""
        return self._commits[-1][0] if self._commits else 0

    @cached_property
    def _entries(self) -> dict[str, GraphEntry]:
        nodes = self._store.quads_for_pattern(
            None, _TYPE, NamedNode(Q + "GraphEntry"), self._catalogue
        )
        entries = [self._entry(_value(quad.subject), quad.subject) for quad in nodes]
        return {entry.graph: entry for entry in sorted(entries, key=lambda one: one.graph)}

    def _entry(self, graph: str, node: Subject) -> GraphEntry:
        facts = {
            quad.predicate.value.removeprefix(Q): _value(quad.object)
            for quad in self._store.quads_for_pattern(node, None, None, self._catalogue)
        }
        role: GraphRole = facts["graphRole"]  # type: ignore[assignment]  # written by the store only
        return GraphEntry(
            graph=graph,
            role=role,
            tenant=facts["graphTenant"],
            commit=facts["lastCommit"],
            about=orjson.loads(facts["about"]),
        )

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        """Return the graphs that count, of some roles (all where none is given) and one tenant."""
        return [
            entry
            for entry in self._entries.values()
            if (not roles or entry.role in roles)
            and (tenant is None or entry.tenant == tenant or entry.role in _SHARED_ROLES)
        ]

    @cached_property
    def _all_count(self) -> bool:
        """Whether every physical graph counts, so that the union of all is the union of the counted."""
        physical = {_value(name) for name in self._store.named_graphs()}
        return physical <= {*self._entries, self._catalogue.value}

    def select(
        self,
        query: str,
        *,
        graphs: Sequence[str] | None = None,
        bindings: Mapping[str, RdfTerm] = MappingProxyType({}),
    ) -> list[Row]:
        """Return the rows of a SELECT of ours; see the port.

        Raises:
            StoreError: If the query is malformed or no SELECT.
        """
        solutions = self._query(query, graphs, bindings)
        if not isinstance(solutions, ox.QuerySolutions):
            raise StoreError("A SELECT was expected.", data={"query": query})
        names = [variable.value for variable in solutions.variables]
        return [dict(zip(names, solution, strict=True)) for solution in solutions]

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        """Return the answer of an ASK of ours.

        Raises:
            StoreError: If the query is malformed or no ASK.
        """
        answer = self._query(query, graphs, MappingProxyType({}))
        if not isinstance(answer, ox.QueryBoolean):
            raise StoreError("An ASK was expected.", data={"query": query})
        return bool(answer)

    def _query(
        self, query: str, graphs: Sequence[str] | None, bindings: Mapping[str, RdfTerm]
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        chosen = [NamedNode(name) for name in (self._entries if graphs is None else graphs)]
        # The union of all graphs is one index scan, a list of graphs one scan each; so the union is
        # taken where it says the same.
        union = graphs is None and self._all_count and bool(chosen)
        try:
            return self._store.query(
                query,
                prefixes=dict(PREFIXES),
                use_default_graph_as_union=union,
                default_graph=None if union else list(chosen),
                named_graphs=list(chosen),
                substitutions={ox.Variable(name): term for name, term in bindings.items()},
            )
        except SyntaxError as error:
            raise StoreError(
                f"A query of ours is malformed: {error}", data={"query": query}
            ) from error

    def quads(
        self,
        subject: RdfTerm | None = None,
        predicate: NamedNode | None = None,
        value: RdfTerm | None = None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Iterate over the quads of a pattern, in graphs that count only."""
        if isinstance(subject, ox.Literal):
            return
        counted = self._entries
        for quad in self._store.quads_for_pattern(subject, predicate, value, graph):
            if getattr(quad.graph_name, "value", "") in counted:
                yield quad

    def catalogue(self) -> Iterator[Quad]:
        """Iterate over the quads of the catalogue itself."""
        return self._store.quads_for_pattern(None, None, None, self._catalogue)


def _value(term: object) -> str:
    return str(getattr(term, "value", term))
