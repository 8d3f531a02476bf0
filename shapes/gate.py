"""`ShapeGate`: the gate of the commit protocol, over what a commit touches.

A change set is judged together with the neighbourhood of its focus nodes: what the newest snapshot says
of the nodes that they point to, two steps far. Both go into a small store in memory, where every
commit constraint is one SPARQL query; so the cost follows the change, not the graph.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import pyoxigraph as ox
from pyoxigraph import NamedNode

from qualweave.iri import Q, curie
from qualweave.ontology.load import load_graph
from qualweave.shapes.compile import Constraint, Moment, compile_shapes
from qualweave.shapes.load import load_shapes
from qualweave.store.port import ChangeSet, Row, ShapeResult, Snapshot, Verdict

_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_HOPS = 2
_PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")
_JUDGED_ROLES = ("data", "decisions", "governance", "learned")


@lru_cache(maxsize=1)
def released_constraints() -> tuple[Constraint, ...]:
    """Return the constraints of the shapes that this installation carries."""
    return compile_shapes(load_shapes(), load_graph())


class ShapeGate:
    """Judges change sets by compiled constraints; implements the kernel's `Gate`.

    Args:
        constraints: What to hold commits to; the released shapes where left out.
    """

    def __init__(self, constraints: Sequence[Constraint] | None = None) -> None:
        chosen = released_constraints() if constraints is None else constraints
        self._constraints = tuple(one for one in chosen if one.moment == "commit")
        self._targets = {name for one in self._constraints for name in one.classes}

    def judge(self, change: ChangeSet, snapshot: Snapshot) -> Verdict:
        """Return the verdict on a change set over the newest snapshot.

        Ontology, shapes and entailed graphs are not judged here: their owners check them.
        """
        if change.role not in _JUDGED_ROLES or not change.inserts:
            return Verdict()
        store = ox.Store()
        store.bulk_load(input=change.inserts, format=ox.RdfFormat.N_TRIPLES)
        focus = set(self._focus_nodes(store))
        if not focus:
            return Verdict()
        _add_neighbourhood(store, focus, snapshot, leaving=change.graph if change.replace else "")
        results = (
            one
            for one in run_constraints(select_from(store), self._constraints)
            if one.focus in focus
        )
        return Verdict(tuple(results))

    def _focus_nodes(self, store: ox.Store) -> Iterator[str]:
        for quad in store.quads_for_pattern(None, _TYPE, None):
            if isinstance(quad.object, NamedNode) and quad.object.value in self._targets:
                yield _text(quad.subject)


def _add_neighbourhood(
    store: ox.Store, focus: Iterable[str], snapshot: Snapshot, *, leaving: str
) -> None:
    """Copy into the store what the snapshot says of the focus nodes and of what they point to.

    What stands in the graph ``leaving`` goes with the commit, so it is not held against it.
    """
    wave, seen = {NamedNode(one) for one in focus if "://" in one}, set[NamedNode]()
    for _ in range(_HOPS + 1):
        reached: set[NamedNode] = set()
        for node in wave:
            known = [
                quad.triple
                for quad in snapshot.quads(node)
                if not leaving or getattr(quad.graph_name, "value", "") != leaving
            ]
            store.extend(ox.Quad(*triple) for triple in known)
            reached.update(
                quad.object
                for quad in store.quads_for_pattern(node, None, None)
                if isinstance(quad.object, NamedNode) and quad.predicate != _TYPE
            )
        seen |= wave
        wave = reached - seen
    incoming = NamedNode(Q + "hasEffect")
    for node in seen:
        for link in snapshot.quads(None, incoming, node):
            for quad in snapshot.quads(link.subject):
                store.add(ox.Quad(*quad.triple))
                if isinstance(quad.object, NamedNode):
                    store.extend(ox.Quad(*one.triple) for one in snapshot.quads(quad.object, _TYPE))


def run_constraints(
    select: Callable[[str], Iterable[Row]], constraints: Sequence[Constraint]
) -> Iterator[ShapeResult]:
    """Ask each constraint's query and yield every result, in the order of the constraints."""
    for constraint in constraints:
        for row in select(constraint.query):
            yield _result(constraint, row)


def _result(constraint: Constraint, row: Row) -> ShapeResult:
    line = row.get("sourceRow")
    return ShapeResult(
        severity=constraint.severity,
        shape=constraint.shape,
        focus=_text(row["this"]),
        path=constraint.path,
        message={
            language: _PLACEHOLDER.sub(lambda found: _shown(row.get(found.group(1))), text)
            for language, text in constraint.message.items()
        },
        value=_text(row.get("value")),
        row=None if line is None else int(_text(line)),
    )


def select_from(store: ox.Store) -> Callable[[str], list[Row]]:
    """Return what asks a store in memory for the rows of a query."""

    def select(query: str) -> list[Row]:
        solutions = store.query(query)
        if not isinstance(solutions, ox.QuerySolutions):  # pragma: no cover - compile makes SELECTs
            return []
        names = [variable.value for variable in solutions.variables]
        return [{name: solution[name] for name in names} for solution in solutions]

    return select


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))


def _shown(term: object) -> str:
    return curie(_text(term)) if term is not None else "?"


def constraints_at(moment: Moment) -> tuple[Constraint, ...]:
    """Return the released constraints of a moment."""
    return tuple(one for one in released_constraints() if one.moment == moment)
