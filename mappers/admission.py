"""A supplier's OWL description of a device, judged before the device may send: admitted, or refused with line and fix.

What is refused would break or blur the graph later: a file that cannot be read, axioms outside OWL 2 EL, imports that
nobody here has, classes that nothing declares, terms put under our name, numbers without a unit. What merely could be
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
from qualweave.mappers.profile import field_from_facts
from qualweave.mappers.readers.owl import declared_field, owl_text, parse_owl
from qualweave.mappers.table import SourceContext
from qualweave.ontology.findings import axiom_findings, owner_of, ranges_outside
from qualweave.ontology.reasoners.satisfiability import HermiT
from qualweave.ontology.tables import read_table
from qualweave.ontology.terms import TermIndex
from qualweave.values import Unit, conversion, find_unit, unit_of, units

Verdict: TypeAlias = Literal["admitted", "refused"]
_NUMBERS = frozenset(
    {XSD.decimal, XSD.double, XSD.float, XSD.integer, XSD.int, XSD.long, XSD.short, XSD.byte,
     XSD.nonNegativeInteger, XSD.positiveInteger, XSD.unsignedInt, XSD.unsignedShort, XSD.unsignedByte,
     XSD.unsignedLong}
)  # fmt: skip
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


@dataclass(frozen=True)
class MappedField:
    """A field of the device and what it was found to mean.

    Attributes:
        name: As the file declares it.
        unit: UCUM code, ``""`` where it has none or none that is known.
        decision: ``"accept"``, ``"ask"`` or ``"request"``.
        term: The likeliest term, ``""`` where none comes into question.
        probability: Of that term.
    """

    name: str
    unit: str
    decision: str
    term: str
    probability: float

    def to_json(self) -> dict[str, JsonValue]:
        """Return the field as JSON values."""
        return {**vars(self), "probability": round(self.probability, 4)}


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
    """

    file: str
    verdict: Verdict
    reasons: tuple[Finding, ...]
    remarks: tuple[Finding, ...] = ()
    fields: tuple[MappedField, ...] = ()
    satisfiability: str = ""

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
        }


def admit(
    path: Path,
    ontology: Graph,
    terms: TermIndex,
    *,
    settings: Settings | None = None,
    reason: bool = True,
) -> Admission:
    """Return the judgement of a supplier's OWL file.

    Args:
        path: RDF/XML or Turtle.
        ontology: Ours, for the classes that the file builds on.
        terms: The same as an index.
        settings: Thresholds of the alignment.
        reason: Whether the reasoner is asked, where there is one.
    """
    try:
        graph = parse_owl(path)
    except UnreadableSource as error:
        place = _LINE.search(error.message)
        unread = _finding("parse", path.name, error.message, error.message_zh)
        line = int(place[1]) if place else 0
        return Admission(path.name, "refused", (replace(unread, file=path.name, line=line),))
    text = owl_text(path)
    state, impossible = _reasoned(graph, ontology) if reason else ("not asked for", ())
    fields = _fields(graph)
    alignments = _aligned(path, fields, terms, settings)
    reasons = [
        *_headers(graph, path.name),
        *_forbidden(graph),
        *_foreign(graph, terms),
        *impossible,
        *_units(graph, fields, alignments, terms),
    ]
    if not fields:
        reasons.append(_finding("field", path.name, "declares no field", "未声明任何字段"))
    told = tuple(_placed(one, text, path.name) for one in reasons)
    remarks = tuple(_placed(one, text, path.name) for one in _remarks(graph, fields))
    mapped = tuple(
        _mapped(one, alignment) for one, alignment in zip(fields, alignments, strict=True)
    )
    return Admission(path.name, "refused" if told else "admitted", told, remarks, mapped, state)


# --- what a file is refused for --------------------------------------------------------------------


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
    graph: Graph,
    fields: Sequence[dict[str, str]],
    alignments: Sequence[Alignment],
    terms: TermIndex,
) -> Iterator[Finding]:
    for one, alignment in zip(fields, alignments, strict=True):
        unit, iri = one["unit"], one["iri"]
        best = alignment.ranked[0].term if alignment.ranked else ""
        wanted = _unit_of(best, terms) if alignment.decision != "request" else ""
        if not unit:
            ranges = set(graph.objects(URIRef(iri), RDFS.range))
            if ranges & _NUMBERS or (not ranges and wanted):
                hint = f"; {curie(best)} stands in {wanted}" if wanted else ""
                yield _finding(
                    "unit", iri, f"is a number without a unit{hint}", "是没有单位的数值字段"
                )
            continue
        known = find_unit(unit)
        if known is None:
            told = f"has the unit {unit!r}, which is unknown"
            yield _finding("unit", iri, told, f"单位 {unit!r} 未知")
            continue
        named = _named(one, terms)
        wanted = _unit_of(named, terms)
        if wanted and not _convertible(known, unit_of(wanted)):
            kinds = f"{known.kind}, {_kind_of(wanted)}"
            yield _finding(
                "unit",
                iri,
                f"has the unit {unit!r}, but {curie(named)} is measured in {wanted} ({kinds})",
                f"单位 {unit!r} 与 {curie(named)} 的单位 {wanted} 量纲不符（{kinds}）",
            )


def _named(one: dict[str, str], terms: TermIndex) -> str:
    """Return the one parameter whose very name a field bears, ``""`` where there is none or several."""
    names = (one["label"], one["field"])
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


def _remarks(graph: Graph, fields: Sequence[dict[str, str]]) -> Iterator[Finding]:
    for one in fields:
        if not one["label"] and not one["description"]:
            yield _finding(
                "label", one["iri"], "has neither label nor description", "没有标签和描述"
            )
    for prop, span in ranges_outside(graph):
        told = f"has the range {_short(span)}, which OWL 2 EL has not"
        yield _finding("range", str(prop), told, f"值域 {_short(span)} 不属于 OWL 2 EL")
    for header in graph.subjects(RDF.type, OWL.Ontology):
        if not set(graph.predicates(header)) & {OWL.versionIRI, OWL.versionInfo}:
            yield _finding("version", str(header), "names no version", "未注明版本")


# --- fields -----------------------------------------------------------------------------------------


def _fields(graph: Graph) -> list[dict[str, str]]:
    nodes = sorted(graph.subjects(RDF.type, OWL.DatatypeProperty), key=str)
    return [{**declared_field(graph, one), "iri": str(one)} for one in nodes]


def _aligned(
    path: Path, fields: Sequence[dict[str, str]], terms: TermIndex, settings: Settings | None
) -> list[Alignment]:
    if not fields:
        return []
    names = [one["field"] for one in fields]
    devices = sorted({one["domain"] for one in fields if one["domain"]})
    context = SourceContext(file_name=path.name, media="owl", device=" ".join(devices))
    profiles = [
        field_from_facts(
            name=one["label"] or one["field"],
            unit=one["unit"],
            description=one["description"],
            siblings=[name for name in names if name != one["field"]],
            context=context,
        )
        for one in fields
    ]
    return align(profiles, terms, settings=settings)


def _mapped(one: dict[str, str], alignment: Alignment) -> MappedField:
    best = alignment.ranked[0] if alignment.ranked else None
    unit = find_unit(one["unit"]) if one["unit"] else None
    return MappedField(
        name=one["field"],
        unit=unit.ucum if unit else "",
        decision=alignment.decision,
        term=curie(best.term) if best else "",
        probability=best.probability if best else 0.0,
    )


# --- words and places -------------------------------------------------------------------------------


def _finding(check: str, term: str, message: str, message_zh: str) -> Finding:
    fix, fix_zh = _fixes()[check]
    return Finding(check, term, message, message_zh, fix, fix_zh)


def _fixes() -> dict[str, tuple[str, str]]:
    rows = read_table("qualweave.mappers", "admission.tsv")
    return {row["check"]: (row["en"], row["zh"]) for row in rows}


def _placed(finding: Finding, text: str, name: str) -> Finding:
    """Return a finding with its line: where the term is declared, else where it is first named."""
    local = re.escape(local_name(finding.term)) if finding.term else ""
    place = finding.line
    if local and not place:
        declares = re.compile(
            rf'(?:rdf:about|rdf:ID)="[^"]*\b{local}"|^[^\s#]*\b{local}>?\s', re.MULTILINE
        )
        names = re.compile(rf"\b{local}\b")
        match = declares.search(text) or names.search(text)
        place = text.count("\n", 0, match.start()) + 1 if match else 0
    return replace(finding, file=name, line=place)


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
