"""Looking outside IRIs up in the files of their publishers: the way the manifest of alignments is made.

Nothing of a file is kept but identifier, kind, label and the hash of the file. The files themselves are not part of
the product; whoever has them lays them out as ``align/sources.tsv`` names them and runs ``scripts/align-manifest``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import yaml
from lxml import etree

from qualweave.ontology.alignment.kinds import Kind
from qualweave.ontology.alignment.tables import AlignedTerm
from qualweave.ontology.tables import read_table

_OWL = "http://www.w3.org/2002/07/owl#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_LABELS = (_RDFS + "label", _SKOS + "prefLabel", "preferredName")
_RDF_KINDS: tuple[tuple[str, Kind], ...] = (
    (_OWL + "ObjectProperty", "object property"),
    (_OWL + "DatatypeProperty", "datatype property"),
    (_OWL + "AnnotationProperty", "annotation property"),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#Property", "property"),
    (_OWL + "Class", "class"),
    (_RDFS + "Class", "class"),
    ("http://qudt.org/schema/qudt/QuantityKind", "quantity kind"),
    (_SKOS + "Concept", "concept"),
)
_SAMM_KINDS: Mapping[str, Kind] = {
    "Aspect": "aspect",
    "Entity": "entity",
    "Property": "model property",
}
_AAS_KINDS: Mapping[str, Kind] = {
    "Submodel": "submodel",
    "SubmodelElementCollection": "collection",
    "SubmodelElementList": "collection",
    "Entity": "collection",
}
_NODE_KINDS: Mapping[str, Kind] = {
    "UAObjectType": "object type",
    "UAVariableType": "variable type",
    "UADataType": "data type",
    "UAReferenceType": "reference type",
}
_FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".nq": ox.RdfFormat.N_QUADS,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
}

Declared = Mapping[str, tuple[Kind, str]]
"""What a file declares: kind and label by IRI."""


@dataclass(frozen=True)
class SourceFile:
    """One file of a publisher.

    Attributes:
        file: Its path in a folder of sources.
        reader: How its terms are found: ``rdf``, ``samm``, ``linkml``, ``aas`` or ``nodeset``.
        version: Version or commit.
        source: Publisher, and package or repository.
        licence: Its licence.
    """

    file: str
    reader: str
    version: str
    source: str
    licence: str


def source_files() -> tuple[SourceFile, ...]:
    """Return the files that the manifest is made from, in the order they are asked."""
    rows = read_table("qualweave.ontology", "align/sources.tsv")
    return tuple(SourceFile(**row) for row in rows)


def declared_in(path: Path, reader: str) -> Declared:
    """Return what the file at ``path`` declares.

    Raises:
        OSError: If the file cannot be read.
        KeyError: If there is no such reader.
        SyntaxError: If the RDF is not well-formed.
    """
    return _READERS[reader](path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 hash of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def look_up(
    iris: Iterable[str], roots: Iterable[Path], known: Mapping[str, AlignedTerm]
) -> tuple[AlignedTerm, ...]:
    """Return a manifest row for each IRI, sorted by IRI.

    An IRI that no present file declares keeps the row it has in ``known`` where that row's file is not present;
    otherwise it is unverified.

    Args:
        iris: The IRIs that alignment modules and SSSOM tables point at.
        roots: Folders with files as ``align/sources.tsv`` names them.
        known: The manifest as it is.
    """
    folders = tuple(roots)
    wanted = set(iris)
    found: dict[str, AlignedTerm] = {}
    present = set()
    for source in source_files():
        path = next((one / source.file for one in folders if (one / source.file).is_file()), None)
        if path is None:
            continue
        present.add(source.file)
        declared = declared_in(path, source.reader)
        for iri in wanted & declared.keys() - found.keys():
            found[iri] = _verified(iri, declared[iri], (source, sha256_of(path)))
    for iri in wanted - found.keys():
        before = known.get(iri)
        keep = before is not None and before.status == "verified" and before.file not in present
        found[iri] = before if before is not None and keep else _unverified(iri)
    return tuple(found[iri] for iri in sorted(found))


def manifest_text(rows: Iterable[AlignedTerm]) -> str:
    """Return the manifest as the text of its file."""
    head = "\t".join(one.name for one in fields(AlignedTerm))
    remark = (
        "# Outside IRIs that the Q-Ontology is aligned to, written by scripts/align-manifest.\n"
    )
    return remark + "\n".join((head, *("\t".join(astuple(row)) for row in rows))) + "\n"


def _verified(iri: str, what: tuple[Kind, str], where: tuple[SourceFile, str]) -> AlignedTerm:
    source, digest = where
    return AlignedTerm(
        iri=iri,
        kind=what[0],
        label=" ".join(what[1].split()),
        version=source.version,
        sha256=digest,
        file=source.file,
        source=source.source,
        licence=source.licence,
        status="verified",
    )


def _unverified(iri: str) -> AlignedTerm:
    return AlignedTerm(iri, "unknown", "", "", "", "", "", "", "unverified")


def _of_rdf(path: Path) -> Declared:
    kinds = {iri: (rank, kind) for rank, (iri, kind) in enumerate(_RDF_KINDS)}

    def kind_of(types: set[str]) -> Kind:
        named = [kinds[one] for one in types if one in kinds]
        return min(named)[1] if named else "individual"

    return _graph_of(path, kind_of)


def _of_samm(path: Path) -> Declared:
    def kind_of(types: set[str]) -> Kind | None:
        locals_ = {one.rpartition("#")[2] for one in types if one.startswith("urn:samm:")}
        return next((_SAMM_KINDS[one] for one in sorted(locals_) if one in _SAMM_KINDS), None)

    return _graph_of(path, kind_of)


def _graph_of(path: Path, kind_of: Callable[[set[str]], Kind | None]) -> Declared:
    types: dict[str, set[str]] = {}
    labels: dict[str, tuple[int, str]] = {}
    with path.open("rb") as stream:
        for quad in ox.parse(stream, format=_FORMATS[path.suffix], base_iri="urn:x-base:"):
            subject, predicate, value = quad.subject, quad.predicate, quad.object
            if not isinstance(subject, ox.NamedNode):
                continue
            if predicate == _TYPE and isinstance(value, ox.NamedNode):
                types.setdefault(subject.value, set()).add(value.value)
            elif isinstance(value, ox.Literal) and predicate.value.endswith(_LABELS):
                ranked = (_rank(value.language), value.value)
                labels[subject.value] = min(ranked, labels.get(subject.value, ranked))
    kinds = {iri: kind_of(found) for iri, found in types.items()}
    return {
        iri: (kind, labels[iri][1] if iri in labels else _local(iri))
        for iri, kind in kinds.items()
        if kind is not None
    }


def _rank(language: str | None) -> int:
    order = ("en", "en-us", "en-gb", None, "de")
    spoken = language.lower() if language else None
    return order.index(spoken) if spoken in order else len(order)


def _local(iri: str) -> str:
    return iri.replace("#", "/").rstrip("/").rpartition("/")[2]


def _of_linkml(path: Path) -> Declared:
    schema = yaml.safe_load(path.read_text("utf-8"))
    base = schema["prefixes"][schema["default_prefix"]]
    found: dict[str, tuple[Kind, str]] = {}
    for name in schema.get("slots", {}):
        found[base + name.replace(" ", "_")] = ("slot", name)
    for name in schema.get("classes", {}):
        camel = "".join(part[:1].upper() + part[1:] for part in name.split())
        found[base + camel] = ("class", name)
    return found


def _of_aas(path: Path) -> Declared:
    found: dict[str, tuple[Kind, str]] = {}
    for element in _elements(json.loads(path.read_text("utf-8")).get("submodels", [])):
        keys = (element.get("semanticId") or {}).get("keys") or [{}]
        iri = str(keys[0].get("value", "")).strip()
        kind = _AAS_KINDS.get(element.get("modelType", ""), "element")
        if iri:
            found.setdefault(iri, (kind, element["idShort"].removesuffix("__00__")))
    return found


def _elements(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if "idShort" in value:
            yield value
        for one in value.values():
            yield from _elements(one)
    elif isinstance(value, list):
        for one in value:
            yield from _elements(one)


def _of_nodeset(path: Path) -> Declared:
    root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    space = "{" + (root.nsmap.get(None) or "") + "}"
    uris = ["http://opcfoundation.org/UA/"]
    uris += [one.text or "" for one in root.iterfind(f"{space}NamespaceUris/{space}Uri")]
    found: dict[str, tuple[Kind, str]] = {}
    for tag, kind in _NODE_KINDS.items():
        for node in root.iterfind(space + tag):
            number, _, identifier = node.get("NodeId", "").rpartition(";")
            index = int(number.removeprefix("ns=") or 0)
            name = node.get("BrowseName", "").rpartition(":")[2]
            found[f"{uris[index]};{identifier}"] = (kind, name)
    return found


_READERS: Mapping[str, Callable[[Path], Declared]] = {
    "rdf": _of_rdf,
    "samm": _of_samm,
    "linkml": _of_linkml,
    "aas": _of_aas,
    "nodeset": _of_nodeset,
}
