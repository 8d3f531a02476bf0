"""What can be wrong with an ontology: incomplete, out of profile, unconnected, contradictory.

Each is a function from a graph to findings, so that a test can plant a fault for it; `ontology.checks` puts them
together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from qualweave.checking import Finding
from qualweave.iri import Q
from qualweave.values import units

TOP_CLASSES = frozenset(
    Q + name
    for name in ("PhysicalObject", "Activity", "Condition", "InformationObject", "Site", "Actor")
)
"""The classes that may stand without a parent."""

_EL_RANGES = frozenset(
    {
        XSD.string,
        XSD.decimal,
        XSD.integer,
        XSD.nonNegativeInteger,
        XSD.dateTime,
        XSD.dateTimeStamp,
        XSD.anyURI,
    }
)
_FORBIDDEN_TYPES = (
    OWL.FunctionalProperty,
    OWL.InverseFunctionalProperty,
    OWL.SymmetricProperty,
    OWL.AsymmetricProperty,
    OWL.IrreflexiveProperty,
    OWL.AllDisjointProperties,
)
_FORBIDDEN_PREDICATES = (
    OWL.inverseOf,
    OWL.unionOf,
    OWL.disjointUnionOf,
    OWL.complementOf,
    OWL.datatypeComplementOf,
    OWL.allValuesFrom,
    OWL.cardinality,
    OWL.minCardinality,
    OWL.maxCardinality,
    OWL.qualifiedCardinality,
    OWL.minQualifiedCardinality,
    OWL.maxQualifiedCardinality,
    OWL.propertyDisjointWith,
    OWL.withRestrictions,
)
_DECLARATIONS = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.AnnotationProperty,
    OWL.NamedIndividual,
    OWL.Ontology,
)
_BUILT_IN = (str(OWL), str(RDF), str(RDFS), str(XSD))
_POINTERS = (Q + "hasQuantityKind", Q + "canonicalQudtUnit")
_LABEL, _DEFINITION, _EXAMPLE = ("label", "标签"), ("definition", "定义"), ("example", "示例")


@dataclass(frozen=True)
class ModuleCompleteness:
    """How complete one module is.

    Attributes:
        module: Its name.
        terms: Number of terms that it declares.
        labelled: Terms with a label in English and one in Chinese.
        defined: Terms with a definition in English and one in Chinese.
        exemplified: Terms with an example in English and one in Chinese.
    """

    module: str
    terms: int
    labelled: int
    defined: int
    exemplified: int


def completeness(graphs: Mapping[str, Graph]) -> tuple[ModuleCompleteness, ...]:
    """Return how complete each module is, by name."""
    return tuple(_completeness(name, graph) for name, graph in sorted(graphs.items()))


def label_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every term without a label in English or in Chinese."""
    yield from _missing_texts(graph, "label", RDFS.label, _LABEL)


def definition_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every term without a definition in English or in Chinese, or that repeats its label."""
    yield from _missing_texts(graph, "definition", SKOS.definition, _DEFINITION)
    yield from _repetitions(graph, SKOS.definition, _DEFINITION, {RDFS.label: _LABEL})


def example_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every term without an example in English or in Chinese, or whose example is its label or definition."""
    yield from _missing_texts(graph, "example", SKOS.example, _EXAMPLE)
    said = {RDFS.label: _LABEL, SKOS.definition: _DEFINITION}
    yield from _repetitions(graph, SKOS.example, _EXAMPLE, said)


def profile_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every axiom that leaves OWL 2 EL as the house restricts it.

    Source: OWL 2 Profiles (W3C 2012), section 2; and ``design.md`` section 4 for imports and ranges.
    """
    yield from axiom_findings(graph)
    for header in graph.subjects(OWL.imports):
        yield _profile(header, f"uses {_short(OWL.imports)}")
    for prop, span in ranges_outside(graph):
        yield _profile(owner_of(graph, prop), f"has the range {_short(span)}")


def axiom_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every axiom that OWL 2 EL has not, be its imports and ranges as they may."""
    for kind in _FORBIDDEN_TYPES:
        for subject in graph.subjects(RDF.type, kind):
            yield _profile(owner_of(graph, subject), f"is a {_short(kind)}")
    for predicate in _FORBIDDEN_PREDICATES:
        for subject in graph.subjects(predicate):
            yield _profile(owner_of(graph, subject), f"uses {_short(predicate)}")
    for node in set(graph.subjects(OWL.oneOf)):
        members = graph.value(node, OWL.oneOf)
        if members is not None and len(list(graph.items(members))) > 1:
            yield _profile(owner_of(graph, node), "enumerates more than one individual")


def ranges_outside(graph: Graph) -> Iterator[tuple[Node, Node]]:
    """Yield every datatype property with a range that OWL 2 EL has not, and that range."""
    for prop in sorted(graph.subjects(RDF.type, OWL.DatatypeProperty), key=str):
        for span in graph.objects(prop, RDFS.range):
            if span not in _EL_RANGES:
                yield prop, span


def orphan_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every class of ours without a parent, and every parent that is no class or property."""
    declared = set(terms_of(graph))
    for term in sorted(graph.subjects(RDF.type, OWL.Class), key=str):
        if not str(term).startswith(Q) or str(term) in TOP_CLASSES:
            continue
        if not any(isinstance(p, URIRef) for p in graph.objects(term, RDFS.subClassOf)):
            yield Finding("orphan", str(term), "the class has no parent", "该类没有父类")
    for predicate in (RDFS.subClassOf, RDFS.subPropertyOf, SKOS.broader):
        for child, parent in graph.subject_objects(predicate):
            if isinstance(parent, URIRef) and parent not in declared:
                yield Finding(
                    "orphan",
                    str(child),
                    f"its parent {_short(parent)} is not declared",
                    f"其上级 {_short(parent)} 未声明",
                )


def undeclared_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every IRI that an axiom or a statement uses and no module declares.

    Quantity kinds, licences and version IRIs point outside by design and are left out.
    """
    known = {s for kind in _DECLARATIONS for s in graph.subjects(RDF.type, kind)}
    outside = {o for p in (*_POINTERS, str(OWL.versionIRI)) for o in graph.objects(None, URIRef(p))}
    outside |= {o for o in graph.objects() if "creativecommons.org" in str(o)}
    used = {t for triple in graph for t in triple if isinstance(t, URIRef)}
    for iri in sorted(used - known - outside):
        if not str(iri).startswith(_BUILT_IN):
            yield Finding(
                "undeclared", str(iri), "the IRI is used but not declared", "该 IRI 被使用但未声明"
            )


def unit_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every parameter whose unit is unknown, not the same in UCUM, QUDT and UN/ECE, or without kind or range.

    Source: the project's table of units (``qualweave.values.units``).
    """
    known = {one.ucum: one for one in units()}
    for term, code in sorted(graph.subject_objects(URIRef(Q + "canonicalUnit"))):
        unit = known.get(str(code))
        if unit is None:
            told = f"its canonical unit {code} is not in the table of units"
            yield Finding("units", str(term), told, f"规范单位 {code} 不在单位表中")
            continue
        for name, wanted in (("canonicalQudtUnit", unit.iri), ("canonicalUneceUnit", unit.unece)):
            said = ", ".join(sorted(map(str, graph.objects(term, URIRef(Q + name)))))
            if said != wanted:
                told = f"q:{name} is {said or 'missing'}, and {wanted or 'nothing'} for {code}"
                told_zh = f"q:{name} 为 {said or '空'}，{code} 应为 {wanted or '空'}"
                yield Finding("units", str(term), told, told_zh)
        if graph.value(term, URIRef(Q + "hasQuantityKind")) is None:
            told = "has a unit and no quantity kind"
            yield Finding("units", str(term), told, "有单位而无量的种类")
        least, greatest = (
            graph.value(term, URIRef(Q + f"typical{end}")) for end in ("Minimum", "Maximum")
        )
        if least is None or greatest is None or float(str(least)) >= float(str(greatest)):
            told = f"its typical range is {least} to {greatest}"
            yield Finding("units", str(term), told, f"典型范围为 {least} 至 {greatest}")


def owner_of(graph: Graph, node: Node) -> Node:
    """Return the named subject in whose description a blank node stands, else the node; a name is its own owner."""
    seen: set[Node] = set()
    while isinstance(node, BNode) and node not in seen:
        seen.add(node)
        node = next(graph.subjects(None, node), node)
    return node


def terms_of(graph: Graph) -> tuple[URIRef, ...]:
    """Return the classes and properties that ``graph`` declares, sorted."""
    found = {
        subject
        for kind in _DECLARATIONS[:4]
        for subject in graph.subjects(RDF.type, kind)
        if isinstance(subject, URIRef)
    }
    return tuple(sorted(found))


def _missing_texts(
    graph: Graph, check: str, predicate: Node, names: tuple[str, str]
) -> Iterator[Finding]:
    for term in terms_of(graph):
        if not str(term).startswith(Q):
            continue
        for language, spoken in (("en", "英文"), ("zh", "中文")):
            if not _has(graph, term, (predicate, language)):
                yield Finding(
                    check,
                    str(term),
                    f"has no {names[0]} in {language}",
                    f"缺少{spoken}{names[1]}",
                )


def _repetitions(
    graph: Graph, predicate: Node, names: tuple[str, str], others: Mapping[URIRef, tuple[str, str]]
) -> Iterator[Finding]:
    """Yield every term of whose texts one says no more than a text of another property, by property."""
    for term in terms_of(graph):
        texts = sorted({_bare(one) for one in graph.objects(term, predicate)})
        for other, other_names in others.items():
            said = {_bare(one) for one in graph.objects(term, other)}
            for text in texts:
                if text in said:
                    yield Finding(
                        names[0],
                        str(term),
                        f"the {names[0]} repeats the {other_names[0]}",
                        f"{names[1]}重复了{other_names[1]}",
                    )


def _bare(text: Node) -> str:
    return str(text).strip(" .。").casefold()


def _has(graph: Graph, term: URIRef, wanted: tuple[Node, str]) -> bool:
    predicate, language = wanted
    texts = graph.objects(term, predicate)
    return any(isinstance(t, Literal) and t.language == language and t.strip() for t in texts)


def _completeness(name: str, graph: Graph) -> ModuleCompleteness:
    terms = [t for t in terms_of(graph) if str(t).startswith(Q)]
    counts = [
        sum(all(_has(graph, t, (p, tag)) for tag in ("en", "zh")) for t in terms)
        for p in (RDFS.label, SKOS.definition, SKOS.example)
    ]
    return ModuleCompleteness(name, len(terms), *counts)


def _profile(subject: Node, what: str) -> Finding:
    name = "an anonymous axiom" if isinstance(subject, BNode) else str(subject)
    return Finding(
        "profile", name, f"{what}, which OWL 2 EL does not allow here", f"超出 OWL 2 EL：{what}"
    )


def _short(node: Node) -> str:
    text = str(node)
    for prefix, namespace in (("owl", OWL), ("xsd", XSD), ("rdfs", RDFS), ("q", Q)):
        if text.startswith(str(namespace)):
            return f"{prefix}:{text.removeprefix(str(namespace))}"
    return text
