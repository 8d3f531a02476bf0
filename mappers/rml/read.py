"""From Turtle to an `RmlDocument`; whatever the executor could not run is refused here, with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox

from qualweave.errors import UnreadableSource
from qualweave.iri import RDF
from qualweave.mappers.rml.legacy import is_legacy, renamed
from qualweave.mappers.rml.model import (
    RML,
    PredicateObjectMap,
    ReferencingObjectMap,
    RmlDocument,
    Term,
    TriplesMap,
)
from qualweave.mappers.rml.place import Lines, Place, refused
from qualweave.mappers.rml.read_source import read_source
from qualweave.mappers.rml.read_terms import TermReader

_TERM_MAPS = ("subject", "predicate", "object", "graph", "datatype", "language", "child", "parent")
_KNOWN = frozenset(
    (
        *_TERM_MAPS,
        *(f"{one}Map" for one in _TERM_MAPS),
        *("constant", "reference", "template", "termType", "class", "predicateObjectMap"),
        *("parentTriplesMap", "joinCondition", "baseIRI", "logicalSource", "source", "root"),
        *("path", "referenceFormulation", "iterator", "encoding", "null"),
        *("namespace", "namespacePrefix", "namespaceURL"),
    )
)
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "logicalTarget": "RML-IO targets",
        "functionExecution": "RML-FNML functions",
        "function": "RML-FNML functions",
        "returnMap": "RML-FNML functions",
        "gather": "RML-CC collections",
        "gatherAs": "RML-CC collections",
        "field": "RML-LV logical views",
        "viewOn": "RML-LV logical views",
        "compression": "compressed sources",
        "query": "SQL sources",
    }
)


@dataclass
class Graph:
    """The triples of a document by subject and predicate, and the lines of its text."""

    file: str
    lines: Lines
    index: dict[ox.NamedNode | ox.BlankNode, dict[str, list[Term]]] = field(default_factory=dict)

    def all(self, node: object, name: str) -> list[Term]:
        """Return the values of an RML property of a node."""
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return []
        return self.index.get(node, {}).get(RML + name, [])


def read_file(path: Path) -> RmlDocument:
    """Read an RML document; its sources are below its folder.

    Raises:
        InputError: If it is not Turtle, not RML-Core, or says what cannot be run.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSource(
            f"{path.name} cannot be read as an RML document.",
            message_zh=f"无法读取 RML 文档 {path.name}。",
            next_step="Give the path of a Turtle file in UTF-8.",
            next_step_zh="请给出 UTF-8 编码的 Turtle 文件路径。",
            data={"file": path.name},
        ) from error
    return read(text, file=path.name, folder=path.parent)


def read(text: str, *, file: str = "mapping.ttl", folder: Path = Path()) -> RmlDocument:
    """Read an RML document from Turtle.

    Args:
        text: The Turtle; R2RML and the former RML vocabulary are taken as what they became.
        file: Its name, for messages.
        folder: Folder below which its sources are.

    Raises:
        InputError: If it is not Turtle, not RML-Core, or says what cannot be run; the message names file,
            triples map and line.
    """
    graph = _parsed(text, file)
    _check_properties(graph)
    names = [node for node in graph.index if _is_triples_map(graph, node)]
    if not names:
        raise refused(
            Place(file, line=1),
            ("no triples map is in it.", "其中没有三元组映射。"),
            (
                f"Describe at least one rml:TriplesMap of <{RML}>.",
                f"请至少描述一个 <{RML}> 的 rml:TriplesMap。",
            ),
        )
    maps = tuple(_triples_map(graph, node) for node in names)
    document = RmlDocument(maps, file, folder)
    _check_parents(document)
    return document


def _parsed(text: str, file: str) -> Graph:
    graph = Graph(file, Lines(text))
    try:
        triples = [
            (quad.subject, quad.predicate, quad.object)
            for quad in ox.parse(
                text.encode(), format=ox.RdfFormat.TURTLE, base_iri="http://example.com/base/"
            )
        ]
    except SyntaxError as error:
        line = error.lineno or 1
        raise refused(
            Place(file, line=line),
            (f"this is not Turtle: {error.msg}.", "不是有效的 Turtle。"),
            ("Correct that line.", "请更正该行。"),
        ) from error
    if any(is_legacy(predicate) for _, predicate, _ in triples):
        triples = renamed(triples, Place(file, line=1))
    for subject, predicate, value in triples:
        if isinstance(subject, ox.NamedNode | ox.BlankNode):
            graph.index.setdefault(subject, {}).setdefault(predicate.value, []).append(value)
    return graph


def _check_properties(graph: Graph) -> None:
    for subject, properties in graph.index.items():
        for iri in properties:
            name = iri.removeprefix(RML)
            if iri == name or name in _KNOWN:
                continue
            line = graph.lines.of_text(iri, 1)
            place = Place(
                graph.file, _name(subject) if isinstance(subject, ox.NamedNode) else "", line
            )
            if name in _ELSEWHERE:
                raise refused(
                    place,
                    (
                        f"rml:{name} belongs to {_ELSEWHERE[name]}, which are not run here.",
                        f"此处不执行 rml:{name}（不属于 RML-Core）。",
                    ),
                    (
                        "Say it with RML-Core, or map the column in a mapping document.",
                        "请用 RML-Core 表达，或在映射文档中映射该列。",
                    ),
                )
            near = get_close_matches(name, _KNOWN, 3)
            hint = ", ".join(f"rml:{one}" for one in near)
            raise refused(
                place,
                (f"rml:{name} is no property of RML-Core.", f"rml:{name} 不是 RML-Core 的属性。"),
                (
                    f"Nearest: {hint}." if hint else "See https://w3id.org/rml/core/spec.",
                    f"相近的属性：{hint}。" if hint else "见 https://w3id.org/rml/core/spec。",
                ),
            )


def _name(node: ox.NamedNode | ox.BlankNode) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _is_triples_map(graph: Graph, node: ox.NamedNode | ox.BlankNode) -> bool:
    types = graph.index[node].get(RDF + "type", [])
    return ox.NamedNode(RML + "TriplesMap") in types or bool(graph.all(node, "logicalSource"))


def _triples_map(graph: Graph, node: ox.NamedNode | ox.BlankNode) -> TriplesMap:
    name = _name(node)
    place = Place(graph.file, name, graph.lines.of_name(name))
    terms = TermReader(graph, place)
    subjects = [*terms.maps(node, "subject")]
    _exactly_one(place, "rml:subjectMap", len(subjects))
    sources = graph.all(node, "logicalSource")
    _exactly_one(place, "rml:logicalSource", len(sources))
    holders = graph.all(node, "subjectMap")
    classes = [
        one.value
        for holder in holders
        for one in graph.all(holder, "class")
        if isinstance(one, ox.NamedNode)
    ]
    bases = [
        one.value
        for one in graph.all(node, "baseIRI")
        if not isinstance(one, ox.BlankNode | ox.Triple)
    ]
    return TriplesMap(
        name=name,
        line=place.line,
        source=read_source(graph, sources[0], place),
        subject=subjects[0],
        classes=tuple(classes),
        graphs=tuple(one for holder in holders for one in terms.maps(holder, "graph")),
        pairs=tuple(_pair(graph, one, terms) for one in graph.all(node, "predicateObjectMap")),
        base=bases[0] if bases else "",
    )


def _exactly_one(place: Place, what: str, count: int) -> None:
    if count == 1:
        return
    said = ("has no", "缺少") if not count else ("has several", "有多个")
    raise refused(
        place,
        (f"the triples map {said[0]} {what}.", f"该三元组映射{said[1]} {what}。"),
        ("Give it exactly one.", "请恰好给出一个。"),
    )


def _pair(graph: Graph, node: Term, terms: TermReader) -> PredicateObjectMap:
    referencing = [
        one for one in graph.all(node, "objectMap") if graph.all(one, "parentTriplesMap")
    ]
    predicates = tuple(terms.maps(node, "predicate"))
    objects = tuple(terms.maps(node, "object", without=referencing))
    line = predicates[0].line if predicates else terms.place.line
    for what, found in (("predicate", predicates), ("object", objects or referencing)):
        if not found:
            raise refused(
                terms.place,
                (f"a predicate-object map has no {what}.", "一个谓词-宾语映射不完整。"),
                (f"Give it rml:{what} or rml:{what}Map.", f"请给出 rml:{what} 或 rml:{what}Map。"),
            )
    return PredicateObjectMap(
        predicates=predicates,
        objects=objects,
        references=tuple(terms.referencing(one) for one in referencing),
        graphs=tuple(terms.maps(node, "graph")),
        line=line,
    )


def _check_parents(document: RmlDocument) -> None:
    for one, reference in _references(document):
        parent = document.named(reference.parent)
        place = Place(document.file, one.name, reference.line)
        if parent is None:
            raise refused(
                place,
                (
                    f"its parent triples map <{reference.parent}> is not in the document.",
                    f"文档中没有父三元组映射 <{reference.parent}>。",
                ),
                (
                    "Add it, or correct rml:parentTriplesMap.",
                    "请添加它，或更正 rml:parentTriplesMap。",
                ),
            )
        if not reference.conditions and parent.source != one.source:
            raise refused(
                place,
                (
                    f"it refers to <{parent.name}>, which has another source, without a join condition.",
                    f"它引用了数据源不同的 <{parent.name}>，但没有连接条件。",
                ),
                (
                    "Add rml:joinCondition with rml:child and rml:parent.",
                    "请添加含 rml:child 和 rml:parent 的 rml:joinCondition。",
                ),
            )


def _references(document: RmlDocument) -> Iterator[tuple[TriplesMap, ReferencingObjectMap]]:
    for one in document.maps:
        for pair in one.pairs:
            for reference in pair.references:
                yield one, reference
