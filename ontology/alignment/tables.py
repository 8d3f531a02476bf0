"""What the Q-Ontology is aligned to: the manifest of outside IRIs, the SSSOM tables and the clause table.

No file of a target is carried. The manifest keeps each aligned IRI with its kind, label, version and the hash of
the file that it was seen in, so that whoever has the file can look it up again; an IRI that could not be looked up
stands there as ``unverified`` and in no axiom.

Source: SSSOM (mapping-commons), TSV with the metadata as commented YAML before the head row.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal, cast

import yaml
from rdflib import Graph
from rdflib.namespace import OWL, RDF

from qualweave.errors import UnreadableSource
from qualweave.iri import Q
from qualweave.ontology.alignment.kinds import Kind
from qualweave.ontology.load import mapping_files, module_name

UNVERIFIED = "unverified"
"""How the comment of a mapping begins whose object could not be looked up."""

REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification")


@dataclass(frozen=True)
class AlignedTerm:
    """One IRI of a target, as the manifest has it.

    Attributes:
        iri: The IRI; of an OPC UA node the namespace, a semicolon and the identifier.
        kind: What its source says it is.
        label: Its label in English, else in the source's language, else its local name.
        version: Version of the source.
        sha256: Hash of the file that declares it, in hexadecimal.
        file: That file, as ``align/sources.tsv`` names it.
        source: Publisher, and package or repository.
        licence: Licence of the source.
        status: Whether it was seen in the file.
    """

    iri: str
    kind: Kind
    label: str
    version: str
    sha256: str
    file: str
    source: str
    licence: str
    status: Literal["verified", "unverified"]


@dataclass(frozen=True)
class TermMapping:
    """One row of an SSSOM table, CURIEs written out.

    Attributes:
        subject: A term or a code list entry of ours.
        predicate: The mapping predicate.
        object: The IRI that it is mapped to.
        object_label: The object's label.
        justification: The CURIE of SEMAPV, as in the file.
        confidence: Between 0 and 1, or ``None`` if the row has no number.
        comment: What one should know.
        line: Its line in the file, from 1.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    confidence: float | None
    comment: str
    line: int

    @property
    def unverified(self) -> bool:
        """Whether the row says that its object could not be looked up."""
        return self.comment.startswith(UNVERIFIED)


@dataclass(frozen=True)
class MappingTable:
    """One SSSOM table.

    Attributes:
        name: Its target, for example ``iof``.
        file: The file's name.
        metadata: What its header says.
        columns: The head row.
        rows: The mappings.
    """

    name: str
    file: str
    metadata: Mapping[str, object]
    columns: tuple[str, ...]
    rows: tuple[TermMapping, ...]


@dataclass(frozen=True)
class Coverage:
    """How far a target is covered.

    Attributes:
        target: Its name.
        classes: Classes of ours with a mapping.
        properties: Properties of ours with a mapping.
        entries: Code list entries of ours with a mapping.
        objects: IRIs of the target that are mapped to.
        unverified: Those of them that nobody could look up.
    """

    target: str
    classes: int
    properties: int
    entries: int
    objects: int
    unverified: int


@dataclass(frozen=True)
class Evidence:
    """One row of the clause table: which question shows what a clause asks for.

    Attributes:
        clause: Number of the clause in GB/T 19001-2016 (ISO 9001:2015).
        term: IRI of the term of ours that the clause is about.
        question: Identifier of a question of the catalogue.
        line: Its line in the file, from 1.
    """

    clause: str
    term: str
    question: str
    line: int


def read_manifest(file: Traversable | None = None) -> Mapping[str, AlignedTerm]:
    """Return the manifest by IRI; without ``file``, that of this installation.

    Raises:
        UnreadableSource: If a row has not as many cells as the head row.
    """
    if file is None:
        return _manifest()
    names = [one.name for one in fields(AlignedTerm)]
    found: dict[str, AlignedTerm] = {}
    for line, cells in _rows(file.read_text("utf-8")):
        if cells == names:
            continue
        if len(cells) != len(names):
            raise _broken(
                file.name, line, f"{len(names)} cells are wanted, {len(cells)} stand there"
            )
        found[cells[0]] = AlignedTerm(
            iri=cells[0],
            kind=cast("Kind", cells[1]),
            label=cells[2],
            version=cells[3],
            sha256=cells[4],
            file=cells[5],
            source=cells[6],
            licence=cells[7],
            status="verified" if cells[8] == "verified" else "unverified",
        )
    return found


def read_mappings(file: Traversable) -> MappingTable:
    """Return one SSSOM table.

    Raises:
        UnreadableSource: If the header is no YAML, or a CURIE has a prefix that it does not explain.
    """
    text = file.read_text("utf-8")
    head = "\n".join(one[1:] for one in text.splitlines() if one.startswith("#"))
    try:
        metadata = yaml.safe_load(head) or {}
    except yaml.YAMLError as error:
        raise _broken(file.name, 1, f"the header is no YAML: {error}") from error
    prefixes = metadata.get("curie_map") or {}
    lines = list(_rows(text))
    columns = tuple(lines[0][1]) if lines else ()
    rows = tuple(
        _mapping(dict(zip(columns, cells, strict=False)), prefixes, (file.name, line))
        for line, cells in lines[1:]
    )
    return MappingTable(_target(file), file.name, metadata, columns, rows)


def mapping_tables() -> tuple[MappingTable, ...]:
    """Return all SSSOM tables of this installation, by name.

    Raises:
        UnreadableSource: If a table cannot be read.
    """
    return tuple(read_mappings(one) for one in mapping_files())


def read_evidence(file: Traversable | None = None) -> tuple[Evidence, ...]:
    """Return the clause table; without ``file``, that of this installation."""
    if file is None:
        file = files("qualweave.ontology").joinpath("mappings").joinpath("gbt19001-evidence.tsv")
    return tuple(
        Evidence(cells[0], Q + cells[1].removeprefix("q:"), cells[2], line)
        for line, cells in list(_rows(file.read_text("utf-8")))[1:]
    )


def coverage(ontology: Graph, tables: Iterable[MappingTable]) -> tuple[Coverage, ...]:
    """Return how far each target is covered, in the order of the tables."""
    classes = {str(one) for one in ontology.subjects(RDF.type, OWL.Class)}
    known = {str(one) for one in ontology.subjects(RDF.type)}
    found = []
    for table in tables:
        subjects = {one.subject for one in table.rows}
        found.append(
            Coverage(
                table.name,
                classes=len(subjects & classes),
                properties=len(subjects & known - classes),
                entries=len(subjects - known),
                objects=len({one.object for one in table.rows}),
                unverified=len({one.object for one in table.rows if one.unverified}),
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def _manifest() -> Mapping[str, AlignedTerm]:
    return read_manifest(files("qualweave.ontology").joinpath("align").joinpath("manifest.tsv"))


def _target(file: Traversable) -> str:
    return module_name(file).removesuffix(".sssom.tsv")


def _rows(text: str) -> Iterable[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, next(csv.reader([line], delimiter="\t"))


def _mapping(
    row: Mapping[str, str], prefixes: Mapping[str, str], place: tuple[str, int]
) -> TermMapping:
    def written_out(curie: str) -> str:
        prefix, colon, local = curie.partition(":")
        if not colon or prefix not in prefixes:
            raise _broken(*place, f"the prefix of {curie or 'an empty cell'} is not explained")
        return prefixes[prefix] + local

    try:
        confidence = float(row.get("confidence", ""))
    except ValueError:
        confidence = None
    return TermMapping(
        subject=written_out(row.get("subject_id", "")),
        predicate=row.get("predicate_id", ""),
        object=written_out(row.get("object_id", "")),
        object_label=row.get("object_label", ""),
        justification=row.get("mapping_justification", ""),
        confidence=confidence,
        comment=row.get("comment", ""),
        line=place[1],
    )


def _broken(name: str, line: int, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{name}, line {line}, cannot be read: {why}.",
        message_zh=f"{name} 第 {line} 行无法读取：{why}。",
        next_step="Repair the line that is named, then load again.",
        next_step_zh="请修复所指出的行后重新加载。",
        data={"file": name, "line": line},
    )
