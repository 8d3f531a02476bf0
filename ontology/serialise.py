"""Turtle in one fixed order, so that a change of one term is a change of that term's lines only.

Every general serialiser orders by hash, by insertion or by class, so loading and saving a file moves
lines that nobody changed. This one sorts: the ontology header first, then subjects by IRI; within a
subject the type, then labels, then the rest by property; objects by their text. A blank node is
written inside the one triple that points at it. Loading and saving a module changes no line.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from qualweave.errors import InputError
from qualweave.iri import DCTERMS, PREFIXES, Q

TURTLE_PREFIXES: dict[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": DCTERMS,
    "din8580": "http://www.hsu-ifa.de/ontologies/DIN8580#",
    "epcis": "https://ref.gs1.org/epcis/",
    "iof": "https://spec.industrialontologies.org/ontology/construct/",
    "iso22400": "http://www.w3id.org/hsu-aut/ISO22400-2#",
    "kgcl": "http://w3id.org/kgcl/",
    "obo": "http://purl.obolibrary.org/obo/",
    "org": "http://www.w3.org/ns/org#",
    "owl": str(OWL),
    "packml": "http://www.w3id.org/hsu-aut/PackML#",
    "prov": "http://www.w3.org/ns/prov#",
    "q": Q,
    "quantitykind": "http://qudt.org/vocab/quantitykind/",
    "qudt": "http://qudt.org/schema/qudt/",
    "rdf": PREFIXES["rdf"],
    "rdfs": str(RDFS),
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": str(SKOS),
    "sosa": "http://www.w3.org/ns/sosa/",
    "sssom": "https://w3id.org/sssom/",
    "vdi3682": "http://www.w3id.org/hsu-aut/VDI3682#",
    "unit": "http://qudt.org/vocab/unit/",
    "xsd": str(XSD),
}

_LOCAL = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FIRST = (RDF.type, RDFS.label, SKOS.altLabel, SKOS.definition, SKOS.notation, SKOS.example)
_LAST = (RDFS.seeAlso, DCTERMS + "source", RDFS.isDefinedBy)
_LANGUAGES = ("en", "zh", "de")


def to_turtle(graph: Graph) -> str:
    """Return ``graph`` as Turtle in the fixed order.

    Args:
        graph: A graph whose blank nodes are each the object of one triple at most, without cycles.

    Raises:
        InputError: If a blank node is pointed at twice or stands in a cycle.
    """
    writer = TurtleWriter(graph)
    used = sorted(p for p, ns in TURTLE_PREFIXES.items() if writer.uses(ns))
    head = "".join(f"@prefix {p}: <{TURTLE_PREFIXES[p]}> .\n" for p in used)
    return head + "".join("\n" + block for block in writer.blocks())


def rewrite(path: Path) -> bool:
    """Bring the Turtle file at ``path`` into the fixed order; return whether a line changed."""
    before = path.read_text(encoding="utf-8")
    after = to_turtle(Graph().parse(data=before, format="turtle"))
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


class TurtleWriter:
    """Writes one graph, as a whole or term by term.

    Raises:
        InputError: If a blank node of ``graph`` is the object of several triples.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        for node in {o for o in graph.objects() if isinstance(o, BNode)}:
            if len(list(graph.subject_predicates(node))) > 1:
                msg = f"blank node {node} is the object of several triples"
                raise InputError(
                    msg,
                    message_zh=f"空白节点 {node} 是多个三元组的宾语",
                    next_step="Give the node an IRI, then serialise again.",
                    next_step_zh="请为该节点指定 IRI 后重新序列化。",
                )

    def uses(self, namespace: str) -> bool:
        """Return whether any term of the graph is written with ``namespace``."""
        terms = (t for triple in self.graph for t in triple)
        iris = (str(t.datatype) if isinstance(t, Literal) else str(t) for t in terms)
        return any(i.startswith(namespace) and _LOCAL.match(i[len(namespace) :]) for i in iris)

    def blocks(self) -> Iterator[str]:
        """Yield one block of Turtle per subject that is not written inside another."""
        inside = {o for o in self.graph.objects() if isinstance(o, BNode)}
        subjects = [s for s in set(self.graph.subjects()) if s not in inside]
        if inside - self._reached(subjects):
            msg = "the graph holds a cycle of blank nodes"
            raise InputError(
                msg,
                message_zh="图中空白节点构成环",
                next_step="Give one node of the cycle an IRI.",
                next_step_zh="请为环中一个节点指定 IRI。",
            )
        blocks = [(self._subject_key(s), self._block(s)) for s in subjects]
        yield from (text for _, text in sorted(blocks))

    def _reached(self, subjects: Iterable[Node]) -> set[Node]:
        reached: set[Node] = set()
        todo = list(subjects)
        while todo:
            below = {o for o in self.graph.objects(todo.pop()) if isinstance(o, BNode)} - reached
            reached |= below
            todo.extend(below)
        return reached

    def _subject_key(self, subject: Node) -> tuple[int, str]:
        if (subject, RDF.type, OWL.Ontology) in self.graph:
            return (0, str(subject))
        return (2, "") if isinstance(subject, BNode) else (1, str(subject))

    def _block(self, subject: Node) -> str:
        name = "[]" if isinstance(subject, BNode) else self.term(subject)
        return f"{name} {self._predicates(subject, '    ')} .\n"

    def _predicates(self, subject: Node, indent: str) -> str:
        predicates = sorted(set(self.graph.predicates(subject)), key=_predicate_key)
        lines = []
        for predicate in predicates:
            objects = sorted(self.graph.objects(subject, predicate), key=_object_key)
            texts = [self.term(o, indent + "    ") for o in objects]
            if any(isinstance(o, BNode) for o in objects):
                texts.sort()
            name = "a" if predicate == RDF.type else self.term(predicate)
            lines.append(f"{name} " + f",\n{indent}    ".join(texts))
        return f" ;\n{indent}".join(lines)

    def term(self, node: Node, indent: str = "    ") -> str:
        """Return one term as Turtle; a blank node with everything it holds."""
        if isinstance(node, Literal):
            return self._literal(node)
        if isinstance(node, URIRef):
            return _iri(str(node))
        if (node, RDF.first, None) in self.graph:
            return "( " + " ".join(self.term(i, indent) for i in self._items(node)) + " )"
        inner = self._predicates(node, indent + "    ")
        return f"[ {inner} ]" if inner else "[]"

    def _items(self, head: Node) -> Iterable[Node]:
        return list(self.graph.items(head))

    def _literal(self, literal: Literal) -> str:
        text = '"' + "".join(_ESCAPES.get(c, c) for c in str(literal)) + '"'
        if literal.language:
            return f"{text}@{literal.language}"
        if literal.datatype and literal.datatype != XSD.string:
            return f"{text}^^{_iri(str(literal.datatype))}"
        return text


def _iri(iri: str) -> str:
    for prefix, namespace in TURTLE_PREFIXES.items():
        local = iri[len(namespace) :]
        if iri.startswith(namespace) and _LOCAL.match(local):
            return f"{prefix}:{local}"
    return f"<{iri}>"


def _predicate_key(predicate: Node) -> tuple[int, str]:
    text = str(predicate)
    first = [str(p) for p in _FIRST]
    last = [str(p) for p in _LAST]
    if text in first:
        return (first.index(text), "")
    return (100 + last.index(text), "") if text in last else (50, text)


def _object_key(node: Node) -> tuple[int, int, str, str]:
    if isinstance(node, Literal):
        language = node.language or ""
        rank = _LANGUAGES.index(language) if language in _LANGUAGES else len(_LANGUAGES)
        return (1, rank, str(node), f"{language}{node.datatype}")
    return (0, 0, "" if isinstance(node, BNode) else str(node), "")
