"""The check `aligned IRIs`: every alignment points from a term that is there to an IRI that is known.

A wrong target IRI is silent: a merge with the target says nothing, the axiom just means nothing. So every IRI that an
alignment module or an SSSOM table names is looked up in the manifest, and its kind is compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS

from qualweave.checking import Checked, Finding
from qualweave.errors import JsonValue
from qualweave.iri import Q
from qualweave.ontology.alignment.kinds import fits_axiom, fits_match, own_kind
from qualweave.ontology.alignment.tables import (
    REQUIRED,
    AlignedTerm,
    Evidence,
    MappingTable,
    TermMapping,
    read_evidence,
    read_manifest,
    read_mappings,
)
from qualweave.ontology.load import (
    alignment_files,
    codelist_files,
    load_module,
    mapping_files,
    module_name,
)

_NAME = "aligned IRIs"
_CODES = Q + "codelist/"
_CLAUSES = _CODES + "iso9001-2015-clauses/"
_AXIOMS: Mapping[URIRef, str] = {
    RDFS.subClassOf: "rdfs:subClassOf",
    RDFS.subPropertyOf: "rdfs:subPropertyOf",
}
_PREDICATES = frozenset(
    {
        *_AXIOMS.values(),
        "skos:exactMatch",
        "skos:closeMatch",
        "skos:broadMatch",
        "skos:narrowMatch",
        "skos:relatedMatch",
    }
)


def outside_iris(module: Graph) -> frozenset[str]:
    """Return the IRIs of the target that an alignment module names."""
    found = set()
    for predicate in _AXIOMS:
        for subject, value in module.subject_objects(predicate):
            found |= {str(one) for one in (subject, value) if not str(one).startswith(Q)}
    return frozenset(found)


@dataclass(frozen=True)
class AlignedIris:
    """Every alignment points from a term that is there to an IRI that is known; implements `Check`.

    Attributes:
        modules: Alignment modules; none given, those of this installation.
        tables: SSSOM tables; none given, those of this installation.
        manifest: The manifest; none given, that of this installation.
        clauses: The clause table; none given, that of this installation.
        name: One word for it.
    """

    modules: tuple[Traversable, ...] | None = None
    tables: tuple[Traversable, ...] | None = None
    manifest: Traversable | None = None
    clauses: Traversable | None = None
    name: str = _NAME

    def run(self, graph: Graph) -> Checked:
        """Return the outcome, with how many classes have a mapping; terms are looked up in the graph.

        Raises:
            UnreadableSource: If a module, a table or the manifest cannot be read.
        """
        modules = alignment_files() if self.modules is None else self.modules
        given = mapping_files() if self.tables is None else self.tables
        tables = tuple(read_mappings(one) for one in given)
        look = _Look(graph, read_manifest(self.manifest))
        findings = [
            *(found for one in modules for found in look.module(one, tables)),
            *(found for one in tables for found in look.table(one)),
            *look.evidence(read_evidence(self.clauses)),
        ]
        classes = {str(one) for one in graph.subjects(RDF.type, OWL.Class)}
        mapped = {one.subject for table in tables for one in table.rows} & classes
        figures: dict[str, JsonValue] = {
            "modules": len(modules),
            "tables": len(tables),
            "mappings": sum(len(one.rows) for one in tables),
            "aligned IRIs": len(look.manifest),
            "unverified": sum(one.status == "unverified" for one in look.manifest.values()),
            "classes mapped": f"{len(mapped)} of {len(classes)}",
        }
        return Checked(self.name, tuple(dict.fromkeys(findings)), figures)


@dataclass(frozen=True)
class _Look:
    graph: Graph
    manifest: Mapping[str, AlignedTerm]

    @cached_property
    def codes(self) -> Graph:
        """Return the code lists of this installation."""
        found = Graph()
        for file in codelist_files():
            found += load_module(file)
        return found

    @cached_property
    def questions(self) -> frozenset[str]:
        """Return the identifiers of the questions of the catalogue."""
        folder = files("qualweave.ontology").joinpath("questions")
        return frozenset(
            one.name.removesuffix(".rq") for one in folder.iterdir() if one.name.endswith(".rq")
        )

    def module(self, file: Traversable, tables: tuple[MappingTable, ...]) -> Iterator[Finding]:
        """Yield what is wrong with an alignment module."""
        module = load_module(file)
        headers = set(module.subjects(RDF.type, OWL.Ontology))
        told = {
            (row.subject, row.predicate, row.object)
            for table in tables
            if table.name == module_name(file)
            for row in table.rows
        }
        lines = file.read_text("utf-8").splitlines()
        for subject, predicate, value in sorted(module):
            if subject in headers and predicate != OWL.imports:
                continue
            for term, what, what_zh in self._axiom(subject, predicate, value, told=told):
                place = f"ontology/align/{file.name}", _line(lines, str(subject))
                yield _finding(term, (what, what_zh), place)

    def _axiom(
        self, subject: object, predicate: object, value: object, *, told: set[tuple[str, str, str]]
    ) -> Iterator[tuple[str, str, str]]:
        name = _AXIOMS.get(URIRef(str(predicate)))
        sides = str(subject), str(value)
        ours = [one for one in sides if one.startswith(Q)]
        if name is None or len(ours) != 1:
            yield (
                sides[0],
                "says more than a subclass or subproperty axiom between a term of ours and the target's",
                "不是本体术语与目标术语之间的子类或子属性公理",
            )
            return
        theirs = next(one for one in sides if one != ours[0])
        yield from self._pair(ours[0], theirs, axiom=name)
        row = (ours[0], name if ours[0] == sides[0] else "skos:narrowMatch", theirs)
        if row not in told:
            yield (
                ours[0],
                f"has an axiom to {theirs} that no SSSOM table tells",
                f"指向 {theirs} 的公理未列入 SSSOM 表",
            )

    def table(self, table: MappingTable) -> Iterator[Finding]:
        """Yield what is wrong with an SSSOM table."""
        place = f"ontology/mappings/{table.file}"
        missing = [one for one in ("mapping_set_id", "license") if not table.metadata.get(one)]
        missing += [one for one in REQUIRED if one not in table.columns]
        for one in missing:
            told = f"the table lacks {one}", f"表缺少 {one}"
            yield _finding(table.file, told, (place, 1))
        for row in table.rows:
            for term, what, what_zh in self._row(row):
                yield _finding(term, (what, what_zh), (place, row.line))

    def _row(self, row: TermMapping) -> Iterator[tuple[str, str, str]]:
        if row.predicate not in _PREDICATES:
            yield (
                row.subject,
                f"has the unknown predicate {row.predicate}",
                f"谓词 {row.predicate} 未知",
            )
        if not row.justification.startswith("semapv:"):
            yield row.subject, "has no justification of SEMAPV", "缺少 SEMAPV 依据"
        if row.confidence is None or not 0 <= row.confidence <= 1:
            yield row.subject, "has no confidence between 0 and 1", "置信度不在 0 到 1 之间"
        axiom = row.predicate if row.predicate in _AXIOMS.values() else ""
        yield from self._pair(row.subject, row.object, axiom=axiom, unverified=row.unverified)

    def _pair(
        self, ours: str, theirs: str, *, axiom: str = "", unverified: bool = False
    ) -> Iterator[tuple[str, str, str]]:
        own = own_kind(URIRef(ours), self.graph, self.codes)
        if own is None:
            yield ours, "is not in the ontology", "不在本体中"
        elif (URIRef(ours), OWL.deprecated, None) in self.graph:
            yield ours, "is deprecated and still aligned", "已弃用但仍被对齐"
        if theirs.startswith(Q):
            if own_kind(URIRef(theirs), self.graph, self.codes) is None:
                yield theirs, "is not in the ontology", "不在本体中"
            return
        known = self.manifest.get(theirs)
        if known is None or (known.status == "unverified" and (axiom or not unverified)):
            yield theirs, "was not seen in a file of its publisher", "未在发布方文件中核实"
        elif own and not (fits_axiom if axiom else fits_match)(own, known.kind):
            yield (
                ours,
                f"is a {own}, but {theirs} is a {known.kind}",
                f"与 {theirs} 的种类不符（{own} 对 {known.kind}）",
            )

    def evidence(self, rows: tuple[Evidence, ...]) -> Iterator[Finding]:
        """Yield what is wrong with the clause table."""
        for row in rows:
            place = "ontology/mappings/gbt19001-evidence.tsv", row.line
            if own_kind(URIRef(_CLAUSES + row.clause), self.codes) is None:
                told = (
                    f"the clause {row.clause} is not in the code list",
                    f"代码表中无条款 {row.clause}",
                )
                yield _finding(_CLAUSES + row.clause, told, place)
            if own_kind(URIRef(row.term), self.graph) is None:
                yield _finding(row.term, ("is not in the ontology", "不在本体中"), place)
            if row.question not in self.questions:
                told = f"there is no question {row.question}", f"没有问题 {row.question}"
                yield _finding(row.question, told, place)


def _finding(term: str, told: tuple[str, str], place: tuple[str, int]) -> Finding:
    return replace(Finding(_NAME, term, *told), file=place[0], line=place[1])


def _line(lines: list[str], subject: str) -> int:
    starts = f"q:{subject.removeprefix(Q)} ", f"<{subject}> ", f":{subject.rpartition('#')[2]} "
    found = (
        n for n, line in enumerate(lines, start=1) if line[:1].strip() and _starts(line, starts)
    )
    return next(found, 1)


def _starts(line: str, starts: tuple[str, ...]) -> bool:
    head = line.split(" ", 1)[0] + " "
    return head in starts[:2] or head.endswith(starts[2])
