"""`OxigraphSnapshot`: an immutable state of the embedded store, read in this process by trusted code."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad

from qualweave.errors import StoreError
from qualweave.iri import DEFAULT_BASE, PREFIXES
from qualweave.store.catalogue import (
    ARCHIVE,
    Catalogue,
    catalogue_graph,
    chosen_graphs,
    members,
    merged_graph,
)
from qualweave.store.port import GraphEntry, GraphRole, RdfTerm, Row


class OxigraphSnapshot:
    """A read-only Oxigraph store in a folder, with its catalogue.

    Args:
        path: Folder that `Store.backup` wrote.
        base: Namespace of data IRIs, which names the catalogue graph.
        catalogue: What counts in it, where the publisher knows it; else it is read.
    """

    def __init__(
        self, path: Path, base: str = DEFAULT_BASE, *, catalogue: Catalogue | None = None
    ) -> None:
        self.path = path
        self._base = base
        self._store = ox.Store.read_only(str(path))
        known = catalogue or Catalogue.read(self._store, base)
        last = known.last
        self.commit = last.id if last else ""
        self.sequence = last.sequence if last else 0
        # The publisher's catalogue goes on changing; a snapshot keeps the entries of its moment.
        self._entries = dict(sorted(known.entries.items()))
        self._counting = {name: None for name, one in self._entries.items() if one.role != ARCHIVE}
        self._merged = {
            frozenset(members(self._entries, tenant)): merged_graph(tenant, base)
            for tenant in known.tenants
        }

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        """Return the graphs that count, of some roles (all where none is given) and one tenant."""
        return chosen_graphs(self._entries, roles, tenant)

    def default_graphs(self, graphs: Sequence[str]) -> list[NamedNode]:
        """Return the physical graphs whose union is the RDF merge of some graphs, as near as there are.

        For all graphs of a tenant that is its one merged graph: quick, and each triple once. For another
        list of several graphs it is the list: there a triple that stands in two of them is matched twice,
        and every graph costs an index scan more.
        """
        merged = self._merged.get(frozenset(graphs))
        if merged is not None:
            return [merged]
        return [NamedNode(name) for name in dict.fromkeys(graphs)]

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
            raise StoreError(
                "A SELECT was expected.", message_zh="应为 SELECT 查询。", data={"query": query}
            )
        names = [variable.value for variable in solutions.variables]
        return [dict(zip(names, solution, strict=True)) for solution in solutions]

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        """Return the answer of an ASK of ours.

        Raises:
            StoreError: If the query is malformed or no ASK.
        """
        answer = self._query(query, graphs, MappingProxyType({}))
        if not isinstance(answer, ox.QueryBoolean):
            raise StoreError(
                "An ASK was expected.", message_zh="应为 ASK 查询。", data={"query": query}
            )
        return bool(answer)

    def _query(
        self, query: str, graphs: Sequence[str] | None, bindings: Mapping[str, RdfTerm]
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        chosen = list(self._counting) if graphs is None else list(graphs)
        try:
            return self._store.query(
                query,
                prefixes=dict(PREFIXES),
                default_graph=[*self.default_graphs(chosen)],
                named_graphs=[NamedNode(name) for name in chosen],
                substitutions={ox.Variable(name): term for name, term in bindings.items()},
            )
        except (SyntaxError, ValueError, RuntimeError) as error:
            raise StoreError(
                f"A query of ours is malformed: {error}",
                message_zh=f"内部查询有误：{error}",
                data={"query": query},
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
        if graph is not None:
            names = [graph] if graph.value in self._entries else []
        elif subject is None and value is None:
            # A wide scan: graph by graph, so that the merged graphs are not read along.
            names = [NamedNode(name) for name in self._counting]
        else:
            found = self._store.quads_for_pattern(subject, predicate, value, None)
            yield from (
                one for one in found if getattr(one.graph_name, "value", "") in self._counting
            )
            return
        for name in names:
            yield from self._store.quads_for_pattern(subject, predicate, value, name)

    def catalogue(self) -> Iterator[Quad]:
        """Iterate over the quads of the catalogue itself."""
        return self._store.quads_for_pattern(None, None, None, catalogue_graph(self._base))
