"""Validation on request: a file against the shapes, and the audit of a whole snapshot.

`validate` is for what somebody hands in (`POST /validate`, ``qualweave validate``) and runs pySHACL, the full
engine, on any shapes. `audit` runs the compiled audit constraints on what the store holds.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import pyoxigraph as ox
import pyshacl
from pyshacl.graph_abstraction import DataGraph
from pyshacl.rdfutil.inoculate import inoculate
from rdflib import RDF, Graph
from rdflib import Literal as RdfLiteral
from rdflib.namespace import SH
from rdflib.term import Node

from qualweave.errors import InputError, UnreadableSource
from qualweave.ontology.load import empty_graph, load_graph
from qualweave.shapes.compile import Constraint
from qualweave.shapes.gate import constraints_at, run_constraints, select_from
from qualweave.shapes.load import load_shapes
from qualweave.store.port import Severity, ShapeResult, Snapshot, Verdict

_SEVERITY: dict[Node, Severity] = {
    SH.Violation: "violation",
    SH.Warning: "warning",
    SH.Info: "info",
}
_HOLE = re.compile(r"\{[?$]\w+\}")  # in a message, for what the query finds
_FORMATS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
    "application/rdf+xml": "xml",
    "application/trig": "trig",
    "application/n-quads": "nquads",
}


def validate(
    data: bytes, *, media_type: str = "text/turtle", shapes: Graph | None = None
) -> Verdict:
    """Validate RDF against shapes (the released ones where none are given) with pySHACL.

    Raises:
        InputError: If the media type is not one of RDF's.
        UnreadableSource: If the data is not well formed.
    """
    if media_type not in _FORMATS:
        raise InputError(
            f"{media_type!r} is not an RDF media type that can be validated.",
            message_zh=f"{media_type!r} 不是可校验的 RDF 媒体类型。",
            next_step="Send one of: " + ", ".join(sorted(_FORMATS)) + ".",
            next_step_zh="可用类型：" + "、".join(sorted(_FORMATS)) + "。",
            data={"media_type": media_type},
        )
    try:
        graph = _parsed(data, _FORMATS[media_type])
    except Exception as error:  # rdflib raises whatever its parser meets
        raise UnreadableSource(
            f"The data is not well-formed {media_type}: {error}",
            message_zh=f"数据不是格式正确的 {media_type}：{error}",
            next_step="Correct the place named in the message and send it again.",
            next_step_zh="请更正提示位置后重新提交。",
        ) from error
    return validate_graph(graph, shapes=shapes)


def _parsed(data: bytes, form: str) -> Graph:
    """Return an rdflib graph; JSON-LD is read by Oxigraph, since rdflib's reader is on its way out."""
    if form != "json-ld":
        return Graph().parse(data=data, format=form)
    triples = (quad.triple for quad in ox.parse(data, format=ox.RdfFormat.JSON_LD))
    lines = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    return Graph().parse(data=lines, format="nt")


def validate_graph(graph: Graph, *, shapes: Graph | None = None) -> Verdict:
    """Validate an rdflib graph with pySHACL, the ontology at hand for its classes.

    Raises:
        InputError: If the shapes themselves are broken.
    """
    chosen = load_shapes() if shapes is None else shapes
    whole = Graph()
    for triple in chain(graph, _axioms()):
        whole.add(triple)
    _, report, _ = pyshacl.validate(whole, shacl_graph=chosen, advanced=True, inplace=True)
    if not isinstance(report, Graph):  # pyshacl returns an error object for broken shapes
        raise InputError(
            f"The shapes cannot be used: {report}",
            message_zh=f"形状无法使用：{report}",
            next_step="Correct the shapes.",
            next_step_zh="请更正形状。",
        )
    return Verdict(tuple(_results(report, chosen)))


@lru_cache(maxsize=1)
def _axioms() -> tuple[tuple[Node, Node, Node], ...]:
    """Return what pySHACL puts of the ontology into a graph, but for texts, which no shape reads.

    It chooses anew, and copies node by node, for every graph that is given an ontology; this is done once.
    """
    untold = empty_graph()
    for triple in load_graph():
        if not (isinstance(triple[2], RdfLiteral) and triple[2].language is not None):
            untold.add(triple)
    mixed = inoculate(DataGraph.from_rdflib(Graph()), untold)
    return tuple(one[:3] for one in mixed)


def _results(report: Graph, shapes: Graph) -> list[ShapeResult]:
    found = []
    for node in report.subjects(RDF.type, SH.ValidationResult):
        source = report.value(node, SH.sourceShape)
        owner = shapes.value(predicate=SH.property, object=source) or source
        found.append(
            ShapeResult(
                severity=_SEVERITY.get(
                    report.value(node, SH.resultSeverity) or SH.Violation, "violation"
                ),
                shape=str(owner),
                focus=str(report.value(node, SH.focusNode)),
                path=str(report.value(node, SH.resultPath) or ""),
                message={
                    _language(text, report.value(node, SH.sourceConstraint), shapes): str(text)
                    for text in report.objects(node, SH.resultMessage)
                    if isinstance(text, RdfLiteral)
                },
                value=str(report.value(node, SH.value) or ""),
            )
        )
    return sorted(found, key=lambda one: (one.shape, one.focus))


def _language(text: RdfLiteral, constraint: Node | None, shapes: Graph) -> str:
    """Return the language of a message: pySHACL drops it where it fills in what the query of a constraint found."""
    if text.language or constraint is None:
        return text.language or "en"
    said = [one for one in shapes.objects(constraint, SH.message) if isinstance(one, RdfLiteral)]
    meant = (one for one in said if all(part in text for part in _HOLE.split(one)))
    return next((one.language for one in meant if one.language), "en")


def audit(
    snapshot: Snapshot,
    *,
    tenant: str | None = None,
    constraints: Sequence[Constraint] | None = None,
) -> Verdict:
    """Judge all data of a tenant by the constraints that need the whole graph."""
    chosen = constraints_at("audit") if constraints is None else constraints
    entries = snapshot.graphs("data", "ontology", "decisions", tenant=tenant)
    # One merged graph in memory: over a list of a hundred graphs each step of a path is a hundred scans.
    merged = ox.Store()
    for entry in entries:
        merged.bulk_extend(
            ox.Quad(quad.subject, quad.predicate, quad.object)
            for quad in snapshot.quads(graph=ox.NamedNode(entry.graph))
        )
    found = run_constraints(select_from(merged), chosen)
    # A query that joins several values of one node answers once for each; the finding is one.
    told = {(one.shape, one.focus, one.path, *one.message.values()): one for one in found}
    return Verdict(tuple(told.values()))
