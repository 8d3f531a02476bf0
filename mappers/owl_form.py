"""Any description of a device as an OWL description: what a supplier of a NodeSet or a shell could have sent instead.

The form is OWL 2 EL: a class for each device below ``q:Equipment``, a datatype property for each field, everything
else as annotations. It is what admission judges, and it is admitted again when it is handed in.
"""

import re
from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_URL, uuid5

from rdflib import OWL, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef

from qualweave.iri import Q
from qualweave.mappers.declared import DeclaredField, Description, Device, Texts

_IRI = re.compile(r"(?:https?://|urn:)[^\s<>\"{}|\\^`]+\Z")
_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_UNSAFE = re.compile(r"[^\w]+")
_RANGES: Mapping[str, URIRef] = {
    "decimal": XSD.decimal,
    "integer": XSD.integer,
    "time": XSD.dateTime,
    "text": XSD.string,
    "code": XSD.string,
}
_ANNOTATIONS = (
    "unit", "fieldName", "fieldKind", "componentPath", "dataType", "minimum", "maximum", "sampleRate", "allowedValue",
    "statedMeaning", "statedValue", "deviceName", "deviceKind", "manufacturer", "model", "serialNumber",
    "firmwareVersion",
)  # fmt: skip
"""What the form says besides OWL's own; `readers/devices/owl_file.py` reads it back."""


def owl_graph(found: Description) -> Graph:
    """Return the OWL description that says what another one says."""
    base = _base(found)
    space = Namespace(base if base.endswith(("#", "/")) else f"{base}#")
    graph = Graph()
    graph.bind("q", Q)
    graph.bind("d", space)
    header = URIRef(base.rstrip("#"))
    graph.add((header, RDF.type, OWL.Ontology))
    graph.add((header, OWL.versionInfo, Literal(found.header.version or "1")))
    if found.header.title:
        graph.add((header, RDFS.label, Literal(found.header.title)))
    for name in _ANNOTATIONS:
        graph.add((space[name], RDF.type, OWL.AnnotationProperty))
    names = _Names(set(_ANNOTATIONS))
    classes = {one.id: space[names.of(str(one.name or one.id))] for one in found.devices}
    for one in found.devices:
        _add_device(graph, classes[one.id], one, space)
    for field in found.fields:
        node = space[names.of(field.name)]
        _add_field(graph, node, field, space)
        if field.device in classes:
            graph.add((node, RDFS.domain, classes[field.device]))
    return graph


class _Names:
    """Local names of IRIs, each given once."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def of(self, text: str) -> str:
        """Return a local name for a text, numbered where it was given already."""
        plain = _UNSAFE.sub("_", text).strip("_") or "field"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        return name


def _base(found: Description) -> str:
    """Return the IRI of the description: its own, else one made of what it is about, the same each time."""
    own = found.header.iri.partition("#")[0] if found.kind == "samm" else found.header.iri
    if _IRI.match(own) and not own.startswith(Q):
        return own
    about = "\n".join(
        (found.kind, *(one.id for one in found.devices), *(one.id for one in found.fields))
    )
    return f"urn:uuid:{uuid5(NAMESPACE_URL, about)}"


def _add_device(graph: Graph, node: URIRef, one: Device, space: Namespace) -> None:
    graph.add((node, RDF.type, OWL.Class))
    graph.add((node, RDFS.subClassOf, URIRef(Q + "Equipment")))
    graph.add((node, RDFS.label, Literal(str(one))))
    told = {
        "deviceName": one.name, "deviceKind": one.kind, "manufacturer": one.manufacturer, "model": one.model,
        "serialNumber": one.serial, "firmwareVersion": one.firmware,
    }  # fmt: skip
    for name, text in told.items():
        if text:
            graph.add((node, space[name], Literal(text)))


def _add_field(graph: Graph, node: URIRef, field: DeclaredField, space: Namespace) -> None:
    graph.add((node, RDF.type, OWL.DatatypeProperty))
    for predicate, texts in ((RDFS.label, field.labels), (RDFS.comment, field.descriptions)):
        for literal in _literals(texts):
            graph.add((node, predicate, literal))
    if field.values_are in _RANGES:
        graph.add((node, RDFS.range, _RANGES[field.values_are]))
    for name, text in _facts(field):
        graph.add((node, space[name], Literal(text)))
    for value in field.values:
        for literal in _literals(value.names) or [Literal("")]:
            told = f"{value.code}|{literal}" if literal else value.code
            graph.add((node, space.allowedValue, Literal(told, lang=literal.language)))


def _facts(field: DeclaredField) -> Iterator[tuple[str, str]]:
    """Yield what is said of a field as annotations; the unit by its UCUM code where it is known."""
    unit = field.known_unit
    told = {
        "unit": unit.ucum if unit is not None else field.unit,
        "fieldName": field.name,
        "fieldKind": field.kind,
        "componentPath": "/".join(one.replace("/", "_") for one in field.path),
        "dataType": field.data_type,
        "minimum": "" if field.minimum is None else f"{field.minimum:.15g}",
        "maximum": "" if field.maximum is None else f"{field.maximum:.15g}",
        "sampleRate": "" if field.rate_hz is None else f"{field.rate_hz:.15g}",
        "statedValue": field.value,
    }
    yield from ((name, text) for name, text in told.items() if text)
    yield from (("statedMeaning", f"{one.scheme}|{one.id}") for one in field.meanings)


def _literals(texts: Texts) -> list[Literal]:
    return [Literal(text, lang=tag if _TAG.match(tag) else None) for tag, text in texts.items()]
