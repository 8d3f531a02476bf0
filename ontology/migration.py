"""What a release does to data that was written with an older one: for each term that is gone, where its triples go.

A term that was removed or deprecated names its successor by ``dcterms:isReplacedBy``, in the new release or, where that
says nothing of the term any more, in the one that has it last. For each there is one SPARQL update. A term without a
successor has none: its data would be stranded, and whoever migrates says how much that is and does not start.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal
from rdflib.namespace import DCTERMS, OWL
from rdflib.term import Node, URIRef

from qualweave.errors import Conflict, JsonValue
from qualweave.iri import Q

_UNIT = URIRef(Q + "canonicalUnit")
_PLACES = ("?s", "?p", "?o")


@dataclass(frozen=True)
class Migration:
    """Where the data of one term go.

    Attributes:
        term: IRI of the term that is gone.
        successor: IRI of the term in its place, ``""`` where nobody said one.
        removed: Whether the term is gone for good; a deprecated one still stands.
    """

    term: str
    successor: str
    removed: bool

    def update(self, graph: str = "") -> str:
        """Return the SPARQL update that puts the successor into each triple of the term.

        Args:
            graph: Only this named graph; every one where it is left out.

        Raises:
            Conflict: If there is no successor.
        """
        if not self.successor:
            raise stranded([self], {})
        where = f"<{graph}>" if graph else "?g"
        return ";\n".join(_moved(self, place, where) for place in range(len(_PLACES)))

    def count(self) -> str:
        """Return the SPARQL query for the number of triples that use the term, as ``?n``."""
        old = f"<{self.term}>"
        return (
            f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH ?g {{ ?s ?p ?o . "
            f"FILTER(?s = {old} || ?p = {old} || ?o = {old}) }} }}"
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the migration as JSON values."""
        return {
            "term": self.term,
            "successor": self.successor or None,
            "removed": self.removed,
            "update": self.update() if self.successor else None,
        }


def migrations(old: Graph, new: Graph) -> tuple[Migration, ...]:
    """Return what a step from one release to another asks of the data, by term.

    A successor that is itself gone is followed to the one that stands; a parameter in another unit is none.

    Raises:
        Conflict: If successors go round in a circle.
    """
    before, after = _terms(old), _terms(new)
    former = {one: said for one, said in _successors(old).items() if one not in after}
    named = {**former, **_successors(new)}
    deprecated = set(new.subjects(OWL.deprecated, Literal(True))) - set(  # noqa: FBT003 (RDF's true)
        old.subjects(OWL.deprecated, Literal(True))  # noqa: FBT003
    )
    gone = before - after
    found = (
        Migration(str(one), _fit(one, _last(one, named, after), old, new), one in gone)
        for one in gone | deprecated
    )
    return tuple(sorted(found, key=lambda one: one.term))


def _fit(term: Node, successor: str, old: Graph, new: Graph) -> str:
    """Return a successor, or ``""`` where it is in another unit: triples move as they stand, and 5 kPa is not 5 bar."""
    unit = old.value(term, _UNIT)
    return successor if unit in (None, new.value(URIRef(successor), _UNIT)) else ""


def stranded(found: Iterable[Migration], counts: Mapping[str, int]) -> Conflict:
    """Return the refusal of terms that have data and no successor.

    Args:
        found: The terms.
        counts: Number of triples by term, where it is known.
    """
    terms = sorted(one.term for one in found)
    told = ", ".join(f"{one.removeprefix(Q)} ({counts.get(one, 0)} triples)" for one in terms)
    return Conflict(
        f"No successor is named for: {told}.",
        message_zh=f"以下术语未指定替代术语：{told}。",
        next_step="State dcterms:isReplacedBy for each of them (a parameter in the same unit), or keep the term.",
        next_step_zh="请为其声明 dcterms:isReplacedBy（参数须单位相同），或保留该术语。",
        data={
            "terms": list[JsonValue](terms),
            "triples": {one: counts.get(one, 0) for one in terms},
        },
    )


def _terms(graph: Graph) -> set[Node]:
    """Return the terms of ours that a graph describes; headers of modules are none."""
    headers = set(graph.subjects(None, OWL.Ontology))
    return {
        s for s in graph.subjects() if not isinstance(s, BNode) and str(s).startswith(Q)
    } - headers


def _successors(graph: Graph) -> dict[Node, Node]:
    found: dict[Node, list[Node]] = {}
    for term, successor in graph.subject_objects(DCTERMS.isReplacedBy):
        if isinstance(successor, URIRef):  # data cannot be moved to a text
            found.setdefault(term, []).append(successor)
    return {term: several[0] for term, several in found.items() if len(several) == 1}


def _last(term: Node, named: Mapping[Node, Node], standing: set[Node]) -> str:
    seen = [term]
    while named.get(seen[-1]) is not None:
        following = named[seen[-1]]
        if following in seen:
            raise Conflict(
                f"The successors of {term} go round in a circle.",
                message_zh=f"{term} 的替代关系形成循环。",
                next_step="Correct dcterms:isReplacedBy.",
                next_step_zh="请更正 dcterms:isReplacedBy。",
                data={"term": str(term), "path": list[JsonValue](str(one) for one in seen)},
            )
        seen.append(following)
    last = seen[-1]
    return str(last) if last != term and (last in standing or not str(last).startswith(Q)) else ""


def _moved(one: Migration, place: int, where: str) -> str:
    was, now = list(_PLACES), list(_PLACES)
    was[place], now[place] = f"<{one.term}>", f"<{one.successor}>"
    gone, fresh = " ".join(was), " ".join(now)
    return (
        f"DELETE {{ GRAPH {where} {{ {gone} }} }} INSERT {{ GRAPH {where} {{ {fresh} }} }} "
        f"WHERE {{ GRAPH {where} {{ {gone} }} }}"
    )


def updates(found: Iterable[Migration]) -> Iterator[str]:
    """Yield the updates of those that have a successor."""
    yield from (one.update() for one in found if one.successor)
