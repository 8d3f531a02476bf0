"""Shapes as SPARQL: each constraint becomes one SELECT of the focus nodes that break it.

Compiled are node shapes with `sh:targetClass` and, in them, `sh:sparql` (SELECT) and property shapes
with a predicate path and `sh:minCount`, `sh:maxCount`, `sh:datatype`, `sh:nodeKind`, `sh:class`, `sh:in`,
`sh:pattern` and the four value ranges. Anything else is refused by name, since a constraint that is
silently left out would pass data that it forbids. W3C SHACL (20 July 2017) and SHACL-SPARQL; pySHACL is
the referee in the tests.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rdflib import RDF, RDFS, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.term import Node

from qualweave.errors import InputError
from qualweave.iri import PREFIXES, Q
from qualweave.store.port import Severity

Moment = Literal["commit", "audit"]

_CHECKED_AT = URIRef(Q + "checkedAt")
_SEVERITY: Mapping[Node, Severity] = {
    SH.Violation: "violation",
    SH.Warning: "warning",
    SH.Info: "info",
}
_SHAPE_KEYS = {RDF.type, SH.targetClass, SH.severity, SH.property, SH.sparql, SH.message, _CHECKED_AT,
               RDFS.label, RDFS.comment}  # fmt: skip
_PROPERTY_KEYS = {SH.path, SH.message, SH.severity, SH.name, SH.description, RDF.type}
_RANGES: Mapping[Node, str] = {
    SH.minInclusive: ">=",
    SH.maxInclusive: "<=",
    SH.minExclusive: ">",
    SH.maxExclusive: "<",
}
_NODE_KINDS: Mapping[Node, str] = {
    SH.IRI: "isIRI(?value)",
    SH.Literal: "isLiteral(?value)",
    SH.BlankNode: "isBlank(?value)",
}


@dataclass(frozen=True)
class Constraint:
    """One compiled constraint.

    Attributes:
        shape: IRI of its node shape.
        classes: Target class and its subclasses.
        query: SELECT with ``?this``, perhaps ``?value`` and the variables of the message.
        path: Predicate of a property shape, or ``""``.
        severity: Of its results.
        moment: Whether it is judged at each commit, or on the whole graph when asked.
        message: Text per language with ``{?name}`` for a variable of the query.
    """

    shape: str
    classes: tuple[str, ...]
    query: str
    path: str
    severity: Severity
    moment: Moment
    message: Mapping[str, str]


def compile_shapes(shapes: Graph, ontology: Graph) -> tuple[Constraint, ...]:
    """Return every constraint of the shapes, with target classes closed over the ontology.

    Raises:
        InputError: If a shape uses something that is not compiled.
    """
    found: list[Constraint] = []
    for shape in sorted(shapes.subjects(RDF.type, SH.NodeShape), key=str):
        _refuse_unknown(shapes, shape, shape, _SHAPE_KEYS)
        found.extend(_shape_constraints(shapes, shape, ontology))
    return tuple(found)


def _shape_constraints(shapes: Graph, shape: Node, ontology: Graph) -> Iterator[Constraint]:
    classes = _closed(ontology, shapes.objects(shape, SH.targetClass))
    if not classes:
        raise _not_compiled(shape, "a node shape without sh:targetClass")
    moment: Moment = "audit" if str(shapes.value(shape, _CHECKED_AT)) == "audit" else "commit"
    severity = _SEVERITY[shapes.value(shape, SH.severity) or SH.Violation]
    target = _target(classes)

    def constraint(node: Node, body: str, path: str = "", head: str = "?this ?value") -> Constraint:
        return Constraint(
            shape=str(shape),
            classes=classes,
            query=_PROLOGUE
            + f"SELECT DISTINCT {head} ?sourceRow WHERE {{ {target} {body} {_ROW} }}",
            path=path,
            severity=_SEVERITY.get(shapes.value(node, SH.severity) or node, severity),
            moment=moment,
            message=_messages(shapes, node, shape),
        )

    for sparql in shapes.objects(shape, SH.sparql):
        head, body = _select_parts(str(shapes.value(sparql, SH.select)), shape)
        yield constraint(sparql, body, head=head)
    for prop in shapes.objects(shape, SH.property):
        path = shapes.value(prop, SH.path)
        if not isinstance(path, URIRef):
            raise _not_compiled(shape, "a path that is not a predicate")
        for body in _property_bodies(shapes, prop, path, shape):
            yield constraint(prop, body, path=str(path))


# The row of the source that the focus node came from, where there is one.
_ROW = f"OPTIONAL {{ ?this <{Q}sourceRow> ?sourceRow }}"
_PROLOGUE = "".join(f"PREFIX {name}: <{space}>\n" for name, space in PREFIXES.items())


def _target(classes: tuple[str, ...]) -> str:
    return (
        "VALUES ?targetClass { "
        + " ".join(f"<{one}>" for one in classes)
        + " } ?this a ?targetClass ."
    )


def _closed(ontology: Graph, targets: Iterator[Node]) -> tuple[str, ...]:
    found: set[str] = set()
    for target in targets:
        found.update(str(one) for one in ontology.transitive_subjects(RDFS.subClassOf, target))
    return tuple(sorted(one for one in found if "://" in one))


def _select_parts(select: str, shape: Node) -> tuple[str, str]:
    """Split a SHACL-SPARQL SELECT into its variables and the body of its WHERE."""
    found = re.match(r"\s*SELECT\s+(?:DISTINCT\s+)?(.*?)\s+WHERE\s*\{(.*)\}\s*$", select, re.DOTALL)
    if found is None:
        raise _not_compiled(shape, "a SELECT that is not 'SELECT … WHERE { … }'")
    head, body = (part.replace("$this", "?this") for part in found.groups())
    return head, body


def _property_bodies(shapes: Graph, prop: Node, path: URIRef, shape: Node) -> Iterator[str]:
    has = f"?this <{path}> ?value ."
    for key, value in shapes.predicate_objects(prop):
        if key in _PROPERTY_KEYS:
            continue
        if key == SH.minCount:
            yield _at_least(path, int(str(value)))
        elif key == SH.maxCount:
            yield (
                f"{{ SELECT ?this WHERE {{ {has} }} GROUP BY ?this "
                f"HAVING (COUNT(DISTINCT ?value) > {int(str(value))}) }}"
            )
        else:
            yield f"{has} FILTER (!({_test(shapes, key, value, shape)}))"


def _at_least(path: URIRef, count: int) -> str:
    if count <= 1:
        return f"FILTER NOT EXISTS {{ ?this <{path}> ?any }}" if count else "FILTER (false)"
    return (
        f"OPTIONAL {{ SELECT ?this (COUNT(DISTINCT ?v) AS ?n) "
        f"WHERE {{ ?this <{path}> ?v }} GROUP BY ?this }} "
        f"FILTER (COALESCE(?n, 0) < {count})"
    )


def _test(shapes: Graph, key: Node, value: Node, shape: Node) -> str:
    """Return the SPARQL expression that a value must satisfy."""
    if key == SH.datatype:
        return f"COALESCE(datatype(?value) = {value.n3()}, false)"
    if key == SH.nodeKind and value in _NODE_KINDS:
        return _NODE_KINDS[value]
    if key == SH["class"]:
        return f"EXISTS {{ ?value a/rdfs:subClassOf* {value.n3()} }}"
    if key == SH["in"]:
        return "?value IN (" + ", ".join(one.n3() for one in Collection(shapes, value)) + ")"
    if key == SH.pattern:
        return f"COALESCE(REGEX(STR(?value), {RdfLiteral(str(value)).n3()}), false)"
    if key in _RANGES:
        return f"COALESCE(?value {_RANGES[key]} {value.n3()}, false)"
    raise _not_compiled(shape, str(key))


def _messages(shapes: Graph, node: Node, shape: Node) -> dict[str, str]:
    texts = list(shapes.objects(node, SH.message)) or list(shapes.objects(shape, SH.message))
    return {
        (text.language or "en"): str(text) for text in texts if isinstance(text, RdfLiteral)
    } or {"en": f"Breaks the shape {shape}."}


def _refuse_unknown(shapes: Graph, node: Node, shape: Node, known: set[URIRef]) -> None:
    for key in shapes.predicates(node):
        if key not in known:
            raise _not_compiled(shape, str(key))


def _not_compiled(shape: Node, what: str) -> InputError:
    return InputError(
        f"Shape {shape}: {what} is not compiled.",
        message_zh=f"形状 {shape}：{what} 无法编译。",
        next_step="Write the constraint as sh:sparql, or validate with the full engine.",
        next_step_zh="请改写为 sh:sparql，或使用完整引擎校验。",
        data={"shape": str(shape), "construct": what},
    )
