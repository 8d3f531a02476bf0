"""OWL descriptions of devices: datatype properties as declared fields, each with the line that declares it."""

import re
from collections.abc import Iterator
from pathlib import Path

from rdflib import OWL, RDF, RDFS, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, SKOS
from rdflib.term import Node

from qualweave.iri import XSD, local_name
from qualweave.mappers.declared import (
    DeclaredField,
    DeclaredValue,
    Device,
    Header,
    Item,
    StatedMeaning,
    Texts,
    ValueKind,
    text_of,
)
from qualweave.mappers.readers.devices.elements import number
from qualweave.mappers.readers.owl import declared_field, owl_text, parse_owl

_INTEGERS = frozenset(
    {
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedLong",
        "unsignedInt", "unsignedShort", "unsignedByte",
    }
)  # fmt: skip
_KINDS: dict[str, ValueKind] = {
    "decimal": "decimal", "double": "decimal", "float": "decimal", "boolean": "boolean", "dateTime": "time",
    "dateTimeStamp": "time", "date": "time", "string": "text", "anyURI": "text",
    **dict.fromkeys(_INTEGERS, "integer"),
}  # fmt: skip


def owl_items(path: Path) -> Iterator[Item]:
    """Yield header, devices and fields of an OWL file in RDF/XML or Turtle.

    Raises:
        UnreadableSource: If it is neither.
    """
    graph = parse_owl(path)
    yield from graph_items(graph, path.name, owl_text(path))


def graph_items(graph: Graph, file: str, text: str = "") -> Iterator[Item]:
    """Yield header, devices and fields of a graph.

    Args:
        graph: The graph.
        file: Name of the file that it came from.
        text: Of that file, for the lines.
    """
    header = next(iter(sorted(graph.subjects(RDF.type, OWL.Ontology), key=str)), None)
    titles = _texts(graph, header, RDFS.label, DCTERMS.title) if header is not None else {}
    version = next(iter(graph.objects(header, OWL.versionInfo)), "") if header is not None else ""
    yield Header(str(header) if isinstance(header, URIRef) else "", str(version), text_of(titles))
    nodes = sorted(graph.subjects(RDF.type, OWL.DatatypeProperty), key=str)
    domains = {domain for one in nodes for domain in graph.objects(one, RDFS.domain)}
    for domain in sorted(domains, key=str):
        yield _device(graph, domain)
    for node in nodes:
        yield _field(graph, node, file, text)


def _device(graph: Graph, node: Node) -> Device:
    said = dict(_said(graph, node))
    label = text_of(_texts(graph, node, RDFS.label))
    return Device(
        id=str(node),
        name=said.get("devicename") or label or local_name(str(node)),
        manufacturer=said.get("manufacturer", ""),
        model=said.get("model", ""),
        serial=said.get("serialnumber", ""),
        firmware=said.get("firmwareversion", ""),
        kind=said.get("devicekind", ""),
    )


def _said(graph: Graph, node: Node) -> Iterator[tuple[str, str]]:
    """Yield what is said of a node in literals, by the local name of the property in lower case."""
    for predicate, value in sorted(graph.predicate_objects(node), key=str):
        if isinstance(value, Literal):
            yield local_name(str(predicate)).casefold(), str(value)


def _texts(graph: Graph, node: Node, *predicates: URIRef) -> Texts:
    for one in predicates:
        found = {
            value.language or "": str(value)
            for value in sorted(graph.objects(node, one), key=str)
            if isinstance(value, Literal)
        }
        if found:
            return found
    return {}


def _field(graph: Graph, node: Node, file: str, text: str) -> DeclaredField:
    said: dict[str, list[str]] = {}
    for name, value in _said(graph, node):
        said.setdefault(name, []).append(value)

    def first(name: str) -> str:
        return next(iter(said.get(name, ())), "")

    told = declared_field(graph, node)
    span = next(iter(sorted(graph.objects(node, RDFS.range), key=str)), None)
    values = _values(graph, node)
    return DeclaredField(
        name=first("fieldname") or told["field"],
        id=str(node),
        line=line_of(text, str(node)),
        file=file,
        path=tuple(one for one in first("componentpath").split("/") if one),
        device=str(next(iter(sorted(graph.objects(node, RDFS.domain), key=str)), "")),
        labels=_texts(graph, node, RDFS.label, SKOS.prefLabel),
        descriptions=_texts(graph, node, RDFS.comment, SKOS.definition, DCTERMS.description),
        unit=told["unit"],
        data_type=first("datatype") or (local_name(str(span)) if span is not None else ""),
        values_are="code" if values else _kind(span),
        minimum=number(first("minimum")),
        maximum=number(first("maximum")),
        values=values,
        kind=first("fieldkind"),
        meanings=tuple(_meanings(graph, node)),
        rate_hz=number(first("samplerate")),
        value=first("statedvalue"),
    )


def _kind(span: Node | None) -> ValueKind:
    return _KINDS.get(str(span).removeprefix(XSD), "") if str(span).startswith(XSD) else ""


def _values(graph: Graph, node: Node) -> tuple[DeclaredValue, ...]:
    """Return the allowed values, written as ``code|name``; names of one code in several languages are one value."""
    names: dict[str, dict[str, str]] = {}
    for predicate, value in sorted(graph.predicate_objects(node), key=str):
        if local_name(str(predicate)).casefold() == "allowedvalue" and isinstance(value, Literal):
            code, _, name = str(value).partition("|")
            names.setdefault(code, {})
            if name:
                names[code][value.language or ""] = name
    return tuple(DeclaredValue(code, told) for code, told in names.items())


def _meanings(graph: Graph, node: Node) -> Iterator[StatedMeaning]:
    for predicate, value in sorted(graph.predicate_objects(node), key=str):
        if local_name(str(predicate)).casefold() != "statedmeaning":
            continue
        scheme, found, identity = str(value).partition("|")
        if found and scheme in {"irdi", "iri", "samm", "mtconnect", "opcua"}:
            yield StatedMeaning(scheme, identity)  # type: ignore[arg-type]  # one of the schemes just named
        else:
            yield StatedMeaning("iri", str(value))


def line_of(text: str, iri: str) -> int:
    """Return the line where a term is declared, else where it is first named; 0 where it is not named."""
    local = re.escape(local_name(iri))
    if not local or not text:
        return 0
    declares = re.compile(
        rf'(?:rdf:about|rdf:ID)="[^"]*\b{local}"|^[^\s#]*\b{local}>?\s', re.MULTILINE
    )
    match = declares.search(text) or re.search(rf"\b{local}\b", text)
    return text.count("\n", 0, match.start()) + 1 if match else 0
