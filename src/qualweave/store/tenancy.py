"""`TenantSnapshot`: a snapshot as one tenant sees it.

A tenant is a set of graphs, and the set is applied here, once, and not by whoever writes a query: what reads for a
tenant is given this view, and a graph that is not the tenant's is to it as if it were not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from pyoxigraph import NamedNode, Quad

from qualweave.store.port import GraphEntry, GraphRole, RdfTerm, Row, Snapshot, Store


class TenantSnapshot:
    """The graphs of a tenant and those that belong to everybody; implements `Snapshot`.

    Args:
        whole: The snapshot of everything.
        tenant: Whose view.
    """

    def __init__(self, whole: Snapshot, tenant: str) -> None:
        self._whole, self.tenant = whole, tenant
        self._seen = tuple(entry.graph for entry in whole.graphs(tenant=tenant))
        archive = (entry.graph for entry in whole.graphs("archive", tenant=tenant))
        self._may_name = frozenset((*self._seen, *archive))

    @property
    def commit(self) -> str:
        """Id of the last commit that it holds."""
        return self._whole.commit

    @property
    def sequence(self) -> int:
        """Sequence number of that commit."""
        return self._whole.sequence

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        """Return the graphs that count, of some roles; of another tenant none but those of everybody."""
        mine = self._whole.graphs(*roles, tenant=self.tenant)
        if tenant in (None, self.tenant):
            return mine
        theirs = {entry.graph for entry in self._whole.graphs(*roles, tenant=tenant)}
        return [entry for entry in mine if entry.graph in theirs]

    def select(
        self,
        query: str,
        *,
        graphs: Sequence[str] | None = None,
        bindings: Mapping[str, RdfTerm] = MappingProxyType({}),
    ) -> list[Row]:
        """Return the rows of a SELECT of ours, over the tenant's graphs."""
        return self._whole.select(query, graphs=self._among(graphs), bindings=bindings)

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        """Return the answer of an ASK of ours, over the tenant's graphs."""
        return self._whole.ask(query, graphs=self._among(graphs))

    def quads(
        self,
        subject: RdfTerm | None = None,
        predicate: NamedNode | None = None,
        value: RdfTerm | None = None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Iterate over the quads of a pattern, in the tenant's graphs."""
        if graph is not None and graph.value not in self._may_name:
            return
        if graph is None and subject is None and value is None:
            # A wide scan: graph by graph, so that another tenant's are not even read.
            for name in self._seen:
                yield from self._whole.quads(subject, predicate, value, NamedNode(name))
            return
        for quad in self._whole.quads(subject, predicate, value, graph):
            if getattr(quad.graph_name, "value", "") in self._may_name:
                yield quad

    def _among(self, graphs: Sequence[str] | None) -> Sequence[str]:
        if graphs is None:
            return self._seen
        return [one for one in graphs if one in self._may_name]


@contextmanager
def reading(store: Store, tenant: str) -> Iterator[TenantSnapshot]:
    """Lend the newest snapshot of a store as a tenant sees it."""
    with store.snapshot() as whole:
        yield TenantSnapshot(whole, tenant)
