"""What changed between two states of the ontology, term by term and in words.

A reviewer votes on terms, not on triples. Blank nodes (restrictions) are compared by their canonical
form, so the same axiom read twice is no change.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal as Choice

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from qualweave.iri import Q
from qualweave.ontology.serialise import TurtleWriter

ChangeKind = Choice["added", "removed", "gained", "lost"]

_PREDICATE_WORDS: dict[str, tuple[str, str]] = {
    str(RDF.type): ("type", "类型"),
    str(RDFS.label): ("label", "标签"),
    str(RDFS.subClassOf): ("parent", "父类"),
    str(RDFS.subPropertyOf): ("parent property", "父属性"),
    str(RDFS.domain): ("domain", "定义域"),
    str(RDFS.range): ("range", "值域"),
    str(RDFS.isDefinedBy): ("module", "模块"),
    str(SKOS.altLabel): ("alternative label", "别名"),
    str(SKOS.definition): ("definition", "定义"),
    str(SKOS.notation): ("legacy spelling", "旧拼写"),
    str(SKOS.broader): ("broader concept", "上位概念"),
    str(DCTERMS.source): ("source", "来源"),
    str(OWL.deprecated): ("deprecation flag", "废弃标志"),
}
_ACTION_WORDS: dict[ChangeKind, tuple[str, str]] = {
    "added": ("is new", "为新增"),
    "removed": ("was removed", "已删除"),
    "gained": ("has the new", "新增"),
    "lost": ("no longer has the", "不再有"),
}


@dataclass(frozen=True, order=True)
class TermChange:
    """One change of one term.

    Attributes:
        term: IRI of the term.
        kind: The term itself was added or removed, or it gained or lost one statement.
        predicate: IRI of the statement's predicate; empty where the term itself is meant.
        value: The statement's object in Turtle; empty where the term itself is meant.
        label: English label of the term.
        label_zh: Chinese label of the term.
    """

    term: str
    kind: ChangeKind
    predicate: str = ""
    value: str = ""
    label: str = ""
    label_zh: str = ""

    def words(self, language: str = "en") -> str:
        """Return the change as a sentence in ``"en"`` or ``"zh"``."""
        chinese = language == "zh"
        name = (self.label_zh if chinese else self.label) or self.term.removeprefix(Q)
        action = _ACTION_WORDS[self.kind][chinese]
        if not self.predicate:
            return f"术语“{name}”{action}。" if chinese else f"The term '{name}' {action}."
        default = self.predicate.rsplit("/", 1)[-1].rsplit("#", 1)[-1]
        what = _PREDICATE_WORDS.get(self.predicate, (default, default))[chinese]
        if chinese:
            return f"术语“{name}”{action}{what}：{self.value}。"
        return f"The term '{name}' {action} {what} {self.value}."


def diff(old: Graph, new: Graph) -> tuple[TermChange, ...]:
    """Return what changed from ``old`` to ``new``, sorted by term.

    A term that was added or removed is one change; a term in both has one change per statement.

    Raises:
        InputError: If a blank node is shared or stands in a cycle, so that it has no canonical text.
    """
    same = _untouched(old, new)
    before, after = statements_of(old, but=same), statements_of(new, but=same)
    changes: list[TermChange] = []
    for term in sorted(before.keys() | after.keys()):
        graph = new if term in after else old
        names = _label(graph, term, "en"), _label(graph, term, "zh")
        found = _term_changes(_keys(before.get(term)), _keys(after.get(term)))
        changes += [TermChange(term, k, p, v, *names) for k, p, v in found]
    return tuple(changes)


def _term_changes(
    before: set[tuple[str, str]] | None, after: set[tuple[str, str]] | None
) -> Iterator[tuple[ChangeKind, str, str]]:
    if before is None or after is None:
        yield ("added" if before is None else "removed", "", "")
        return
    yield from (("lost", p, v) for p, v in sorted(before - after))
    yield from (("gained", p, v) for p, v in sorted(after - before))


def _untouched(old: Graph, new: Graph) -> set[Node]:
    """Return the IRIs that both graphs say the same of, without blank nodes: they need no text to be compared."""
    found: set[Node] = set()
    for subject in set(old.subjects()):
        said = set(old.predicate_objects(subject))
        if (
            isinstance(subject, URIRef)
            and not any(isinstance(o, BNode) for _, o in said)
            and said == set(new.predicate_objects(subject))
        ):
            found.add(subject)
    return found


def statements_of(
    graph: Graph, *, but: AbstractSet[Node] = frozenset()
) -> dict[str, dict[tuple[str, str], Node]]:
    """Return what a graph says: term -> (predicate, object as text) -> object.

    A term is an IRI, or the text of an axiom that has no name. The text of a blank node is all that it holds, in
    fixed order, so that neither its label nor the order of the file matters.

    Args:
        graph: What is read.
        but: Subjects that are left out.

    Raises:
        InputError: If a blank node is shared or stands in a cycle, so that it has no canonical text.
    """
    found: dict[str, dict[tuple[str, str], Node]] = {}
    inside = {o for o in graph.objects() if isinstance(o, BNode)}
    text_of = TurtleWriter(graph).term
    for subject in set(graph.subjects()) - inside - but:
        key = str(subject) if isinstance(subject, URIRef) else text_of(subject)
        pairs = graph.predicate_objects(subject)
        found[key] = {(str(p), text_of(canonical(o))): o for p, o in pairs}
    return found


def _keys(found: dict[tuple[str, str], Node] | None) -> set[tuple[str, str]] | None:
    return None if found is None else set(found)


def canonical(value: Node) -> Node:
    """Return a decimal in its shortest form: editors write 5 as 5.0, which changes nothing."""
    if isinstance(value, Literal) and value.datatype == XSD.decimal and value.value is not None:
        return Literal(f"{value.value.normalize():f}", datatype=XSD.decimal, normalize=False)
    return value


def _label(graph: Graph, term: str, language: str) -> str:
    if term.startswith("["):  # an axiom without a name of its own
        return ""
    labels: list[Node] = list(graph.objects(URIRef(term), RDFS.label))
    texts = [str(t) for t in labels if isinstance(t, Literal) and t.language == language]
    return min(texts, default="")
