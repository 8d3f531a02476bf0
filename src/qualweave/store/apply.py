"""Applying a change set to the database: its own graph, and the merged graph of each tenant that sees it.

Oxigraph does not merge: a triple that stands in two graphs of a default graph is matched twice, which
falsifies COUNT and AVG, and each further graph costs a further index scan. So the store keeps, for each
tenant, one graph that is the RDF merge (RDF 1.1 Semantics, 4.1) of all that the tenant sees.

Every function here may be cut short and done again from the start: what it takes away it derives from
what is still there, and a merged graph is cleaned before the graph that says what to clean.
"""

import io
from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256

import pyoxigraph as ox
from pyoxigraph import BlankNode, NamedNode, Quad, Triple

from qualweave.errors import InputError
from qualweave.store.port import ChangeSet

_BULK_BYTES = 2_000_000
_LABEL = 32
_MOST_AT_ONCE = 20_000


def prepared(change: ChangeSet, content: str, store: ox.Store) -> ChangeSet:
    """Return a change set as it is journaled: readable for sure, and with blank nodes of its own.

    A blank node of the inserts is new, labelled from the commit's content hash (so that doing it again
    makes the same node), unless its label is that of a node in the graph already.

    Args:
        change: The change set as it came.
        content: Its content hash.
        store: The store it will be applied to.

    Raises:
        InputError: If graph or triples cannot be read; ``data`` names graph and line.
    """
    graph = _graph_name(change.graph)
    for _ in triples_of(change.deletes, change.graph):
        pass
    if b"_:" not in change.inserts:
        for _ in triples_of(change.inserts, change.graph):
            pass
        return change
    labels: dict[str, BlankNode] = {}

    def renamed(term: object) -> object:
        if isinstance(term, Triple):
            return Triple(renamed(term.subject), term.predicate, renamed(term.object))  # type: ignore[arg-type]
        if not isinstance(term, BlankNode):
            return term
        if term.value not in labels:
            known = next(store.quads_for_pattern(term, None, None, graph), None)
            digest = sha256(f"{content} {term.value}".encode()).hexdigest()[:_LABEL]
            labels[term.value] = term if known else BlankNode(digest)
        return labels[term.value]

    triples = (renamed(one.triple) for one in triples_of(change.inserts, change.graph))
    written = io.BytesIO()
    ox.serialize(triples, written, format=ox.RdfFormat.N_TRIPLES)  # type: ignore[arg-type]
    return ChangeSet(
        change.graph,
        change.role,
        inserts=written.getvalue(),
        deletes=change.deletes,
        replace=change.replace,
        about=change.about,
    )


def apply_change(
    store: ox.Store, change: ChangeSet, merged: Collection[tuple[NamedNode, set[str]]]
) -> None:
    """Apply a prepared change set.

    Args:
        store: The database.
        change: What to do.
        merged: Each merged graph that the change's graph belongs to, with all graphs that belong to it.
    """
    graph = NamedNode(change.graph)
    gone = [_quad(one, graph) for one in triples_of(change.deletes, change.graph)]
    gone = [one for one in gone if one in store]
    added: Collection[Quad] | None = None  # None: all of the inserts
    if change.replace and (former := list(store.quads_for_pattern(None, None, None, graph))):
        new = dict.fromkeys(_quad(one, graph) for one in triples_of(change.inserts, change.graph))
        there = set(former)
        # In the order of the index, not of a set: several times as fast.
        gone = [one for one in former if one not in new]
        added = [one for one in new if one not in there]
    for target, members in merged:
        _remove_from_merged(store, gone, target, members)
    for one in gone:
        store.remove(one)
    # The graph comes last: whatever stands in it stands in its merged graphs already.
    targets = [*(target for target, _ in merged), graph]
    if added is None:
        _insert(store, change.inserts, targets)
    else:
        _extend(store, added, targets)


def merge_all(store: ox.Store, target: NamedNode, members: Iterable[str]) -> None:
    """Fill the merged graph of a tenant that is new with what it sees already."""
    store.clear_graph(target)
    for name in members:
        store.bulk_extend(
            Quad(one.subject, one.predicate, one.object, target)
            for one in store.quads_for_pattern(None, None, None, NamedNode(name))
        )


def _remove_from_merged(
    store: ox.Store, quads: Iterable[Quad], target: NamedNode, members: set[str]
) -> None:
    """Take the triples of quads out of a merged graph, but for those that another member holds."""
    for quad in quads:
        own = quad.graph_name
        held = any(
            other.graph_name != own and getattr(other.graph_name, "value", "") in members
            for other in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        )
        if not held:
            store.remove(Quad(quad.subject, quad.predicate, quad.object, target))


def _insert(store: ox.Store, inserts: bytes, targets: list[NamedNode]) -> None:
    # Oxigraph's loader gives blank nodes new labels, another in each graph; extend keeps them.
    if len(inserts) > _BULK_BYTES and b"_:" not in inserts:
        for target in targets:
            store.bulk_load(
                input=io.BytesIO(inserts), format=ox.RdfFormat.N_TRIPLES, to_graph=target
            )
        return
    _extend(store, ox.parse(input=inserts, format=ox.RdfFormat.N_TRIPLES), targets)


def _extend(store: ox.Store, quads: Iterable[Quad], targets: Collection[NamedNode]) -> None:
    known = list(quads)
    extend = store.extend if len(known) <= _MOST_AT_ONCE else store.bulk_extend
    for target in targets:
        extend([_quad(one, target) for one in known])


def _quad(quad: Quad, graph: NamedNode) -> Quad:
    return Quad(quad.subject, quad.predicate, quad.object, graph)


def _graph_name(graph: str) -> NamedNode:
    try:
        return NamedNode(graph)
    except ValueError as error:
        raise InputError(
            f"A graph cannot be named {graph!r}: {error}.",
            message_zh=f"图名 {graph!r} 无效：{error}。",
            next_step="Name it by an absolute IRI.",
            next_step_zh="请使用绝对 IRI。",
            data={"graph": graph},
        ) from error


def triples_of(content: bytes, graph: str) -> Iterator[Quad]:
    """Iterate over N-Triples.

    Args:
        content: UTF-8.
        graph: The graph that they are for, for the error.

    Raises:
        InputError: If they cannot be read; ``data`` names graph and line.
    """
    try:
        yield from ox.parse(input=content, format=ox.RdfFormat.N_TRIPLES)
    except SyntaxError as error:
        raise InputError(
            f"The triples for graph {graph} are not N-Triples at line {error.lineno}: {error.msg}.",
            message_zh=f"图 {graph} 的三元组在第 {error.lineno} 行不是合法的 N-Triples：{error.msg}。",
            next_step="Correct that line; nothing was written.",
            next_step_zh="请更正该行；未写入任何数据。",
            data={"graph": graph, "line": error.lineno},
        ) from error
