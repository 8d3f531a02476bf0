"""A supplier's description of a device, judged before the device may send: admitted, or refused with line and fix.

OWL, OPC UA NodeSet2, MTConnect, AAS and SAMM are judged alike. What is refused would break or blur the graph later: a
file that cannot be read, what it requires and nobody here has, references into nothing, terms put under our name,
numbers without a unit; of OWL also axioms outside OWL 2 EL and classes that nothing declares. What merely could be
better is a remark.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from rdflib import OWL, RDF, RDFS, XSD, Graph, URIRef
from rdflib.term import Node

from qualweave.checking import Finding
from qualweave.config import Settings
from qualweave.errors import JsonValue, MissingCapability, UnknownUnit, UnreadableSource
from qualweave.iri import Q, curie, local_name
from qualweave.mappers.align import Alignment, align
from qualweave.mappers.declared import DeclaredField, Description, Device, Flaw
from qualweave.mappers.owl_form import owl_graph
from qualweave.mappers.profile import declared_profiles
from qualweave.mappers.readers.devices.describe import describe
from qualweave.mappers.readers.devices.owl_file import line_of
from qualweave.mappers.readers.owl import owl_text, parse_owl
from qualweave.ontology.findings import axiom_findings, owner_of, ranges_outside
from qualweave.ontology.reasoners.satisfiability import HermiT
from qualweave.ontology.tables import read_table
from qualweave.ontology.terms import TermIndex
from qualweave.values import Unit, conversion, unit_of, units

Verdict: TypeAlias = Literal["admitted", "refused"]
_DECLARED = (
    OWL.Class, RDFS.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty,
    OWL.NamedIndividual, OWL.Ontology, RDFS.Datatype,
)  # fmt: skip
_KNOWN_SPACES = (
    str(OWL), str(RDF), str(RDFS), str(XSD), "http://www.w3.org/2004/02/skos/core#", "http://purl.org/dc/",
    "http://qudt.org/",
)  # fmt: skip
_USES = (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.equivalentClass, OWL.onProperty,
         OWL.someValuesFrom, OWL.equivalentProperty, OWL.disjointWith)  # fmt: skip
_MOST_NEAR = 20  # unknown names that the nearest term is looked up for; each takes some 20 ms
_LINE = re.compile(r"\bline (\d+)", re.IGNORECASE)
_COUNT = "1"  # UCUM
_NO_QUANTITIES = frozenset({"text", "boolean", "time", "code"})
_NO_REASONING: tuple[str, tuple[Finding, ...]] = ("does not apply", ())
_REMARKS = frozenset({"absent"})  # flaws that leave a description usable


@dataclass(frozen=True)
class MappedField:
    """A field of the device and what it was found to mean.

    Attributes:
        name: As the file declares it.
        unit: UCUM code, ``""`` where it has none or none that is known.
        decision: ``"accept"``, ``"ask"`` or ``"request"``.
        term: The likeliest term, ``""`` where none comes into question.
        probability: Of that term.
        line: Of the file; 0 where it is not known.
        path: Components above it, from the device down.
        meanings: What the file says that it means, as ``scheme:identifier``.
    """

    name: str
    unit: str
    decision: str
    term: str
    probability: float
    line: int = 0
    path: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the field as JSON values."""
        return {
            **vars(self),
            "probability": round(self.probability, 4),
            "path": list(self.path),
            "meanings": list(self.meanings),
        }


@dataclass(frozen=True)
class Admission:
    """What a description was judged to be.

    Attributes:
        file: Its name.
        verdict: Whether the device may send.
        reasons: Why not, each with line and fix; empty where it is admitted.
        remarks: What could be better.
        fields: Its fields with what they mean.
        satisfiability: ``"checked"``, or why it was not.
        kind: What kind of description it is, ``""`` where it could not be read.
        devices: What it describes.
        owl: The description in OWL, as Turtle; ``""`` where it could not be read.
    """

    file: str
    verdict: Verdict
    reasons: tuple[Finding, ...]
    remarks: tuple[Finding, ...] = ()
    fields: tuple[MappedField, ...] = ()
    satisfiability: str = ""
    kind: str = ""
    devices: tuple[Device, ...] = ()
    owl: str = ""

    @property
    def coverage(self) -> float:
        """Share of the fields that are mapped without asking; 0 where there is no field."""
        mapped = sum(one.decision == "accept" for one in self.fields)
        return mapped / len(self.fields) if self.fields else 0.0

    def to_json(self) -> dict[str, JsonValue]:
        """Return the judgement as JSON values."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            "reasons": [one.to_json() for one in self.reasons],
            "remarks": [one.to_json() for one in self.remarks],
            "fields": [one.to_json() for one in self.fields],
            "coverage": round(self.coverage, 4),
            "satisfiability": self.satisfiability,
            "kind": self.kind,
            "devices": [dict(vars(one)) for one in self.devices],
        }


def admit(
    path: Path,
    ontology: Graph,
    terms: TermIndex,
    *,
    settings: Settings | None = None,
    reason: bool = True,
    beside: Sequence[Path] = (),
) -> Admission:
    """Return the judgement of a supplier's description.

    Args:
        path: OWL (RDF/XML or Turtle), OPC UA NodeSet2, MTConnect Devices, AAS (JSON, XML, AASX) or SAMM.
        ontology: Ours, for the classes that the file builds on.
        terms: The same as an index.
        settings: Thresholds of the alignment.
        reason: Whether the reasoner is asked of an OWL file, where there is one.
        beside: Files or folders that may hold what the description requires.
    """
    try:
        found = describe(path, beside)
        graph = parse_owl(path) if found.kind == "owl" else owl_graph(found)
    except UnreadableSource as error:
        return _unread(path, error)
    alignments = align(declared_profiles(found), terms, settings=settings) if found.fields else []
    state, impossible = _NO_REASONING
    if found.kind == "owl":
        state, impossible = _reasoned(graph, ontology) if reason else ("not asked for", ())
    reasons = [
        *(_told(one) for one in found.flaws if one.check not in _REMARKS),
        *(_of_owl(graph, path.name, terms) if found.kind == "owl" else ()),
        *impossible,
        *_units(found, alignments, terms),
        *_bounds(found),
    ]
    if not found.fields:
        reasons.append(_finding("field", path.name, "declares no field", "未声明任何字段"))
    text = owl_text(path) if found.kind == "owl" else ""
    told = tuple(dict.fromkeys(_placed(one, text, path.name) for one in reasons))
    return Admission(
        path.name,
        "refused" if told else "admitted",
        told,
        tuple(_placed(one, text, path.name) for one in _remarks(graph, found)),
        tuple(
            _mapped(one, alignment) for one, alignment in zip(found.fields, alignments, strict=True)
        ),
        state,
        found.kind,
        found.devices,
        graph.serialize(format="turtle"),
    )


def _unread(path: Path, error: UnreadableSource) -> Admission:
    place = _LINE.search(error.message)
    finding = _finding("parse", path.name, error.message.rstrip("."), error.message_zh.rstrip("。"))
    line = int(place[1]) if place else 0
    return Admission(path.name, "refused", (replace(finding, file=path.name, line=line),))


def _shown(one: DeclaredField, found: Description) -> str:
    """Return the name by which a supplier finds a field: its IRI, or the components above it and its name."""
    return one.id if found.kind == "owl" else ".".join((*one.path, one.name))


def _told(flaw: Flaw) -> Finding:
    finding = _finding(flaw.check, flaw.name, flaw.message, flaw.message_zh)
    return replace(finding, file=flaw.file, line=flaw.line)


# --- what a file is refused for --------------------------------------------------------------------


def _of_owl(graph: Graph, name: str, terms: TermIndex) -> Iterator[Finding]:
    yield from _headers(graph, name)
    yield from _forbidden(graph)
    yield from _foreign(graph, terms)


def _headers(graph: Graph, name: str) -> Iterator[Finding]:
    if not any(isinstance(one, URIRef) for one in graph.subjects(RDF.type, OWL.Ontology)):
        yield _finding(
            "header", name, "has no ontology header with an IRI", "没有带 IRI 的本体文件头"
        )
    for wanted in sorted(set(graph.objects(None, OWL.imports)), key=str):
        told = f"imports <{wanted}>, which is not at hand: what rests on it cannot be judged"
        yield _finding(
            "import", str(wanted), told, f"引用了无法获取的 <{wanted}>，相关内容无法判断"
        )


def _forbidden(graph: Graph) -> Iterator[Finding]:
    """Yield axioms outside OWL 2 EL; ranges are a remark, since a device's numbers are doubles."""
    for one in axiom_findings(graph):
        yield _finding("profile", one.term, one.message, one.message_zh)


def _foreign(graph: Graph, terms: TermIndex) -> Iterator[Finding]:
    """Yield terms declared under our name, and terms used that neither the file nor our ontology has."""
    declared = {one for kind in _DECLARED for one in graph.subjects(RDF.type, kind)}
    for one in sorted(map(str, declared)):
        if one.startswith(Q) and one not in terms:
            yield _finding(
                "namespace", one, "is declared under our namespace", "在本体的命名空间下声明"
            )
    used = {
        (subject, value)
        for predicate in _USES
        for subject, value in graph.subject_objects(predicate)
        if isinstance(value, URIRef)
    }
    near_of: dict[URIRef, str] = {}
    for subject, value in sorted(used, key=str):
        known = value in declared or str(value) in terms or str(value).startswith(_KNOWN_SPACES)
        if not known:
            if value not in near_of and len(near_of) < _MOST_NEAR:
                near_of[value] = _near(value, terms)
            near = near_of.get(value, "")
            yield _finding(
                "unknown",
                str(owner_of(graph, subject)),
                f"builds on {_short(value)}, which nothing declares{f'; did you mean {near}?' if near else ''}",
                f"引用了未声明的 {_short(value)}{f'，是否应为 {near}？' if near else ''}",
            )


def _units(
    found: Description, alignments: Sequence[Alignment], terms: TermIndex
) -> Iterator[Finding]:
    for one, alignment in zip(found.fields, alignments, strict=True):
        finding = _unit_finding(
            one, alignment, terms, named=_shown(one, found), is_owl=found.kind == "owl"
        )
        if finding is not None:
            yield replace(finding, file=one.file, line=one.line)


def _unit_finding(
    one: DeclaredField, alignment: Alignment, terms: TermIndex, *, named: str, is_owl: bool
) -> Finding | None:
    """Return what is wrong with the unit of a field, None where nothing is.

    A whole number may count something; it lacks a unit where it surely means what has one, and in OWL unless it
    surely is a count, since an OWL file is written for us and can say so.
    """
    if not one.unit:
        best = alignment.ranked[0].term if alignment.ranked else ""
        wanted = _unit_of(best, terms) if alignment.decision != "request" else ""
        sure = wanted if alignment.decision == "accept" else ""
        counts = sure == _COUNT if is_owl else sure in {"", _COUNT}
        lacks = one.values_are == "decimal" or (one.values_are == "integer" and not counts)
        untyped = is_owl and not one.data_type and bool(wanted)
        if one.unit_is_sent or not (lacks or untyped):
            return None
        hint = f"; {curie(best)} stands in {wanted}" if wanted else ""
        return _finding("unit", named, f"is a number without a unit{hint}", "是没有单位的数值字段")
    known = one.known_unit
    if known is None and one.values_are in _NO_QUANTITIES:
        return None  # editors put a data type there
    if known is None:
        told = f"has the unit {one.unit!r}, which is unknown"
        return _finding("unit", named, told, f"单位 {one.unit!r} 未知")
    meant = _named(one, terms)
    wanted = _unit_of(meant, terms)
    if not wanted or _convertible(known, unit_of(wanted)):
        return None
    kinds = f"{known.kind}, {_kind_of(wanted)}"
    return _finding(
        "unit",
        named,
        f"has the unit {one.unit!r}, but {curie(meant)} is measured in {wanted} ({kinds})",
        f"单位 {one.unit!r} 与 {curie(meant)} 的单位 {wanted} 量纲不符（{kinds}）",
    )


def _bounds(found: Description) -> Iterator[Finding]:
    for one in found.fields:
        if one.minimum is not None and one.maximum is not None and one.minimum > one.maximum:
            finding = _finding(
                "bounds",
                _shown(one, found),
                f"has the range {one.minimum:g} to {one.maximum:g}, which is upside down",
                f"的范围 {one.minimum:g} 至 {one.maximum:g} 上下颠倒",
            )
            yield replace(finding, file=one.file, line=one.line)


def _named(one: DeclaredField, terms: TermIndex) -> str:
    """Return the one parameter whose very name a field bears, ``""`` where there is none or several."""
    names = (*one.labels.values(), one.name)
    found = {
        term.iri for name in names if name for term in terms.by_label(name) if term.is_parameter
    }
    return found.pop() if len(found) == 1 else ""


def _reasoned(graph: Graph, ontology: Graph) -> tuple[str, tuple[Finding, ...]]:
    merged = Graph()
    for part in (ontology, graph):
        merged.addN((*triple, merged) for triple in part if triple[1] != OWL.imports)
    try:
        judged = HermiT().judge(merged)
    except MissingCapability as error:
        return f"not checked: {error.message}", ()
    findings = [
        _finding("satisfiable", iri, "can have no instance", "不可能有实例")
        for iri in judged.unsatisfiable
    ]
    return "checked", tuple(findings)


def _remarks(graph: Graph, found: Description) -> Iterator[Finding]:
    yield from (_told(one) for one in found.flaws if one.check in _REMARKS)
    for one in found.fields:
        name = _shown(one, found)
        if not (one.labels or one.descriptions or one.meanings):
            finding = _finding("label", name, "has neither label nor description", "没有标签和描述")
            yield replace(finding, file=one.file, line=one.line)
        if one.unit_is_sent:
            told = "names no unit before it runs; its first value has to bring one"
            finding = _finding("unit_sent", name, told, "运行前未给出单位，首个数值须附带单位")
            yield replace(finding, file=one.file, line=one.line)
    if found.kind != "owl":
        return
    for prop, span in ranges_outside(graph):
        told = f"has the range {_short(span)}, which OWL 2 EL has not"
        yield _finding("range", str(prop), told, f"值域 {_short(span)} 不属于 OWL 2 EL")
    for header in graph.subjects(RDF.type, OWL.Ontology):
        if not set(graph.predicates(header)) & {OWL.versionIRI, OWL.versionInfo}:
            yield _finding("version", str(header), "names no version", "未注明版本")


# --- fields -----------------------------------------------------------------------------------------


def _mapped(one: DeclaredField, alignment: Alignment) -> MappedField:
    best = alignment.ranked[0] if alignment.ranked else None
    unit = one.known_unit
    return MappedField(
        name=one.name,
        unit=unit.ucum if unit else "",
        decision=alignment.decision,
        term=curie(best.term) if best else "",
        probability=best.probability if best else 0.0,
        line=one.line,
        path=one.path,
        meanings=tuple(f"{each.scheme}:{each.id}" for each in one.meanings),
    )


# --- words and places -------------------------------------------------------------------------------


def _finding(check: str, term: str, message: str, message_zh: str) -> Finding:
    fix, fix_zh = _fixes()[check]
    return Finding(check, term, message, message_zh, fix, fix_zh)


def _fixes() -> dict[str, tuple[str, str]]:
    rows = read_table("qualweave.mappers", "admission.tsv")
    return {row["check"]: (row["en"], row["zh"]) for row in rows}


def _placed(finding: Finding, text: str, name: str) -> Finding:
    """Return a finding with file and line: those that it has, else where its term stands in the text."""
    return replace(
        finding,
        file=finding.file or name,
        line=finding.line or (line_of(text, finding.term) if finding.term else 0),
    )


def _near(value: URIRef, terms: TermIndex) -> str:
    found = terms.nearest(local_name(str(value)))
    return curie(found[0]) if found else ""


def _unit_of(term: str, terms: TermIndex) -> str:
    return (terms.by_iri(term).canonical_unit or "") if term in terms else ""


def _convertible(one: Unit, other: Unit) -> bool:
    try:
        conversion(one, other)
    except UnknownUnit:
        return False
    return True


def _kind_of(ucum: str) -> str:
    return next((one.kind for one in units() if one.ucum == ucum), "")


def _short(node: Node) -> str:
    return curie(str(node))
