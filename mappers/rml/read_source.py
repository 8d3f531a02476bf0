"""Logical sources: which file, in which formulation, how its rows are found."""

from typing import TYPE_CHECKING

import pyoxigraph as ox

from qualweave.mappers.rml.model import RML, Formulation, LogicalSource, Term
from qualweave.mappers.rml.place import Place, refused

if TYPE_CHECKING:
    from qualweave.mappers.rml.read import Graph

_CSVW = "http://www.w3.org/ns/csvw#"
_FORMULATIONS: dict[str, Formulation] = {
    "JSONPath": "JSONPath",
    "CSV": "CSV",
    "XPath": "XPath",
    "JSONPathReferenceFormulation": "JSONPath",
    "CSVReferenceFormulation": "CSV",
    "XPathReferenceFormulation": "XPath",
}
_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_ENCODINGS = {"UTF-8": "", "UTF-16": "utf-16"}


def read_source(graph: "Graph", node: Term, place: Place) -> LogicalSource:
    """Read the logical source of a triples map.

    Raises:
        InputError: If it names no file or no formulation that is run here.
    """
    sources = graph.all(node, "source")
    if len(sources) != 1:
        raise refused(
            place,
            ("its logical source names no file, or several.", "其逻辑数据源没有文件或有多个文件。"),
            ("Give it one rml:source with rml:path.", "请给出一个含 rml:path 的 rml:source。"),
        )
    formulation, language = _formulation(graph, node, place)
    path, dialect = _path(graph, sources[0], place)
    encodings = [_encoding(one) for one in graph.all(sources[0], "encoding")]
    iterators = [_plain(one) for one in graph.all(node, "iterator")]
    nulls = (*graph.all(sources[0], "null"), *graph.all(node, "null"))
    return LogicalSource(
        path=path,
        formulation=formulation,
        iterator=iterators[0] if iterators else "",
        encoding=encodings[0] if encodings else "",
        delimiter=_csvw(graph, dialect, "delimiter"),
        nulls=frozenset(_plain(one) for one in nulls),
        namespaces=_namespaces(graph, language),
    )


def _plain(term: object) -> str:
    return str(getattr(term, "value", term))


def _formulation(graph: "Graph", node: Term, place: Place) -> tuple[Formulation, Term]:
    named = graph.all(node, "referenceFormulation")
    for one in named:
        types = graph.index.get(one, {}).get(_RDF_TYPE, []) if isinstance(one, ox.BlankNode) else []
        for term in (one, *types):
            known = _FORMULATIONS.get(_plain(term).removeprefix(RML))
            if known:
                return known, one
    said = _plain(named[0]) if named else "none"
    raise refused(
        place,
        (
            f"its reference formulation is {said}, which is not run here.",
            f"其引用表达方式为 {said}，此处无法执行。",
        ),
        ("Use rml:JSONPath, rml:CSV or rml:XPath.", "请使用 rml:JSONPath、rml:CSV 或 rml:XPath。"),
    )


def _path(graph: "Graph", source: Term, place: Place) -> tuple[str, Term | None]:
    if isinstance(source, ox.Literal):
        return source.value, None
    paths = graph.all(source, "path")
    if len(paths) == 1:
        roots = [one for one in graph.all(source, "root") if isinstance(one, ox.Literal)]
        return "/".join(_plain(one) for one in (*roots, paths[0])), None
    known = graph.index.get(source, {}) if isinstance(source, ox.NamedNode | ox.BlankNode) else {}
    urls = known.get(_CSVW + "url", [])
    if len(urls) == 1 and "://" not in _plain(urls[0]):
        dialects = known.get(_CSVW + "dialect", [])
        return _plain(urls[0]), dialects[0] if dialects else None
    raise refused(
        place,
        (
            "its source is no file: only files below the folder of the mapping are read.",
            "其数据源不是文件：只读取映射所在文件夹下的文件。",
        ),
        (
            "Name one with rml:path; fetch what is elsewhere before.",
            "请用 rml:path 指定文件；其他来源请先下载。",
        ),
    )


def _csvw(graph: "Graph", node: Term | None, name: str) -> str:
    found = graph.index.get(node, {}) if isinstance(node, ox.NamedNode | ox.BlankNode) else {}
    values = found.get(_CSVW + name, [])
    return _plain(values[0]) if values else ""


def _encoding(term: object) -> str:
    name = _plain(term).removeprefix(RML)
    return _ENCODINGS.get(name, name)


def _namespaces(graph: "Graph", language: Term) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_plain(prefix), _plain(space))
        for node in graph.all(language, "namespace")
        for prefix, space in zip(
            graph.all(node, "namespacePrefix"), graph.all(node, "namespaceURL"), strict=False
        )
    )
