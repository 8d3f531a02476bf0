"""A supplier's OWL description of a device: its declared fields with label, unit and domain, as a table."""

import re
from collections import Counter
from pathlib import Path

import polars as pl
from rdflib import OWL, RDF, RDFS, Graph, URIRef
from rdflib.namespace import DCTERMS, SKOS
from rdflib.term import Node

from qualweave.errors import UnreadableSource
from qualweave.iri import local_name
from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.table import ROW, RawTable

_COLUMNS = ("field", "label", "description", "unit", "domain")
_UNIT_NAMES = {"hasunit", "unit", "unitcode", "unitsymbol", "ucumcode", "symbol"}
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(rb"\A\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z][\w.-]*)")
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
_ENTITY = re.compile(r"<!ENTITY\s+(?:%\s+)?([^\s\"'<>%]+)\s+(\"[^\"]*\"|'[^']*')")
_USED = re.compile(r"&([^\s\"'<>%&;]+);")
_MOST_GROWN = 1_000_000  # characters that entities may add to a file, or as many as it has


def read_owl(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the declared datatype properties of an OWL file as a table of fields.

    Raises:
        UnreadableSource: If it is not well-formed, or declares no field.
    """
    graph = parse_owl(path)
    rows = [
        declared_field(graph, node)
        for node in sorted(graph.subjects(RDF.type, OWL.DatatypeProperty), key=str)
    ]
    if not rows:
        raise UnreadableSource(
            f"{path.name}: the description declares no datatype property.",
            message_zh=f"{path.name}：描述文件未声明任何数据属性。",
            next_step="Declare each field of the device as an owl:DatatypeProperty.",
            next_step_zh="请将设备的每个字段声明为 owl:DatatypeProperty。",
            data={"file": path.name},
        )
    data = {
        name: pl.Series(name, [row[name] or None for row in rows], dtype=pl.String)
        for name in _COLUMNS
    }
    data[ROW] = pl.Series(ROW, range(1, len(rows) + 1), dtype=pl.Int64)
    title = next(
        (str(o) for p in (RDFS.label, DCTERMS.title) for o in graph.objects(None, p)), path.stem
    )
    context = source_context(
        path,
        hints,
        media="owl",
        encoding="utf-8",
        header={"device": title},
        columns=[row["field"] for row in rows],
    )
    return RawTable(name=path.name, columns=_COLUMNS, frame=pl.DataFrame(data), context=context)


def parse_owl(path: Path) -> Graph:
    """Return the graph of a file in RDF/XML or Turtle.

    Raises:
        UnreadableSource: If it is neither; the message has the parser's line.
    """
    text = owl_text(path)
    if unfolds(text):
        raise _no_owl(path, "its entities unfold to more than the file itself")
    is_xml = _DECLARATION.match(text)
    text = _DECLARATION.sub("", text) if is_xml else text  # it names a charset that is behind us
    first, second = ("xml", "turtle") if is_xml or "<rdf:RDF" in text else ("turtle", "xml")
    problems = []
    for form in (first, second):
        try:
            return Graph().parse(data=text, format=form)
        except Exception as error:  # noqa: BLE001 - rdflib raises whatever its parser meets
            problems.append(str(error).splitlines()[0])
    raise _no_owl(path, problems[0])


def owl_text(path: Path) -> str:
    """Return the text of an OWL file: in the charset that it names, else in the one that fits it."""
    raw = path.read_bytes()
    named = _CHARSET.match(raw)
    charset = named[1].decode("ascii").casefold() if named else ""
    try:
        return raw.decode(_WIDER.get(charset, charset)) if charset else decode(raw)[0]
    except (LookupError, UnicodeError):
        return decode(raw)[0]


def unfolds(text: str) -> bool:
    """Return whether entities grow: one of others, or so many that reading them takes long."""
    declared = _ENTITY.findall(text)
    used = Counter(_USED.findall(text)) if declared else Counter[str]()
    grown = sum((len(value) - 2) * used[name] for name, value in declared)
    nested = any("&" in value for _, value in declared)
    return nested or grown > max(_MOST_GROWN, len(text))


def _no_owl(path: Path, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}: neither RDF/XML nor Turtle: {why}",
        message_zh=f"{path.name}：既不是 RDF/XML 也不是 Turtle。",
        next_step="Correct the file, or export it from an OWL editor.",
        next_step_zh="请更正文件，或用 OWL 编辑器重新导出。",
        data={"file": path.name},
    )


def declared_field(graph: Graph, node: Node) -> dict[str, str]:
    """Return what a file says of a field: ``field``, ``label``, ``description``, ``unit`` and ``domain``."""

    def first(*predicates: URIRef) -> str:
        return next((str(o) for p in predicates for o in graph.objects(node, p)), "")

    unit = next(
        (
            local_name(str(value)) if isinstance(value, URIRef) else str(value)
            for predicate, value in graph.predicate_objects(node)
            if local_name(str(predicate)).casefold() in _UNIT_NAMES
        ),
        "",
    )
    domain = first(RDFS.domain)
    return {
        "field": local_name(str(node)),
        "label": first(RDFS.label, SKOS.prefLabel),
        "description": first(RDFS.comment, SKOS.definition, DCTERMS.description),
        "unit": unit,
        "domain": local_name(domain) if domain else "",
    }
