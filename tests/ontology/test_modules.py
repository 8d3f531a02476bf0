"""What the modules that ship promise: well-formed, bilingual, in profile, and what the graph page needs."""

import re
from importlib.resources.abc import Traversable
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from qualweave.iri import Q
from qualweave.ontology.checks import check_ontology
from qualweave.ontology.findings import definition_findings, label_findings
from qualweave.ontology.load import load_graph, load_module, module_files, module_name
from qualweave.ontology.reasoners.elk import elk_path
from qualweave.ontology.reasoners.satisfiability import java_path
from qualweave.ontology.serialise import to_turtle
from qualweave.ontology.terms import TermIndex
from qualweave.values import QUDT_KIND

MODULES = {
    "core",
    "process",
    "resource",
    "material",
    "parameter",
    "observation",
    "defect",
    "dictionary",
    "causal",
    "causal-knowledge",
    "fmea",
    "inspection",
    "action",
    "code",
    "trace",
    "dpp",
    "service",
    "voice",
    "mapping",
    "governance",
    "collab",
    "kpi",
    "standard",
}
GRAPH_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "graph.md"
IDENTICAL = (OWL.sameAs, OWL.equivalentClass, OWL.equivalentProperty, SKOS.exactMatch)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


@pytest.fixture(scope="module")
def index(graph: Graph) -> TermIndex:
    return TermIndex.from_graph(graph)


def test_every_module_of_the_draft_is_there() -> None:
    names = {module_name(file) for file in module_files()}

    assert names == MODULES


@pytest.mark.parametrize("file", module_files(), ids=module_name)
def test_a_module_is_the_same_graph_to_both_parsers(file: Traversable) -> None:
    by_rdflib = load_module(file)

    by_oxigraph = set(ox.parse(file.read_bytes(), format=ox.RdfFormat.TURTLE))

    assert len(by_rdflib) == len(by_oxigraph) > 0


@pytest.mark.parametrize("file", module_files(), ids=module_name)
def test_loading_and_saving_a_module_changes_no_line(file: Traversable) -> None:
    text = file.read_text(encoding="utf-8")

    assert to_turtle(Graph().parse(data=text, format="turtle")) == text


@pytest.mark.parametrize("file", module_files(), ids=module_name)
def test_a_module_has_a_bilingual_dated_header(file: Traversable) -> None:
    module = load_module(file)
    home = URIRef(f"https://w3id.org/qonto/module/{module_name(file)}")

    version = module.value(home, OWL.versionIRI)

    assert (home, RDF.type, OWL.Ontology) in module
    assert re.fullmatch(rf"{home}/\d{{4}}-\d{{2}}-\d{{2}}", str(version))
    for predicate in ("title", "description"):
        texts = module.objects(home, URIRef(f"http://purl.org/dc/terms/{predicate}"))
        assert {t.language for t in texts if isinstance(t, Literal)} == {"en", "zh"}


@pytest.mark.parametrize("file", module_files(), ids=module_name)
def test_every_term_of_a_module_says_which_module_defines_it(file: Traversable) -> None:
    module = load_module(file)
    home = URIRef(f"https://w3id.org/qonto/module/{module_name(file)}")

    declared = {
        s
        for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
        for s in module.subjects(RDF.type, kind)
        if str(s).startswith(Q)
    }

    assert {s for s in declared if (s, RDFS.isDefinedBy, home) not in module} == set()


@pytest.mark.parametrize("file", module_files(), ids=module_name)
def test_every_term_has_label_and_definition_in_both_languages(file: Traversable) -> None:
    module = load_module(file)

    findings = [*label_findings(module), *definition_findings(module)]

    assert [str(f) for f in findings] == []


def test_the_modules_keep_profile_parents_and_declarations() -> None:
    report = check_ontology(reason=False)

    assert [str(f) for f in report.findings] == []
    assert not report.of("satisfiable").ok, "a report without a reasoner must not read as a pass"


@pytest.mark.java
@pytest.mark.skipif(java_path() is None, reason="HermiT needs Java, and there is none on the PATH")
def test_no_reasoner_finds_an_unsatisfiable_class() -> None:
    report = check_ontology()

    assert report.of("satisfiable").ok
    assert report.findings == ()
    assert report.ok or elk_path() is None


def test_every_role_term_of_the_graph_page_exists(index: TermIndex) -> None:
    page = GRAPH_PAGE.read_text(encoding="utf-8")
    section = page.split("## Role terms", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    names = {name for row in rows for name in re.findall(r"`([a-z]\w+)`", row)}

    missing = {n for n in names if Q + n not in index or not index.by_iri(Q + n).is_role}

    assert len(names) > 50
    assert missing == set()


def test_every_term_that_the_graph_page_writes_is_declared(graph: Graph) -> None:
    page = GRAPH_PAGE.read_text(encoding="utf-8")
    names = set(re.findall(r"`q:([A-Za-z]\w+)`", page))

    missing = {n for n in names if (URIRef(Q + n), RDF.type, None) not in graph}

    assert len(names) > 80
    assert missing == set()


def test_every_parameter_has_a_context_and_a_unit_with_its_kind(index: TermIndex) -> None:
    parameters = [t for t in index if t.is_parameter]

    unplaced = {t.local_name for t in parameters if not t.contexts}
    halves = {t.local_name for t in parameters if bool(t.canonical_unit) != bool(t.quantity_kind)}
    kinds = {t.quantity_kind for t in parameters if t.quantity_kind}

    assert len(parameters) > 140
    assert unplaced == set()
    assert halves == set()
    assert all(kind.startswith(QUDT_KIND) for kind in kinds)


def test_typical_ranges_are_intervals(index: TermIndex) -> None:
    ranges = {t.local_name: t.typical_range for t in index if t.typical_range}

    assert {name for name, (least, most) in ranges.items() if least >= most} == set()


def test_parameters_and_roles_can_be_recognised_in_three_languages(index: TermIndex) -> None:
    wanted = [t for t in index if t.is_parameter or t.is_role]

    poor = {t.local_name for t in wanted if len(t.words("en")) < 2 or len(t.words("zh")) < 2}

    assert poor == set()
    assert sum("de" in t.alt_labels for t in wanted) / len(wanted) > 0.9


def test_concepts_are_classes_and_broader_mirrors_the_parent(graph: Graph) -> None:
    concepts = {s for s in graph.subjects(RDF.type, SKOS.Concept) if str(s).startswith(Q)}

    unclassed = {c for c in concepts if (c, RDF.type, OWL.Class) not in graph}
    unmirrored = {
        (c, p)
        for c in concepts
        for p in graph.objects(c, RDFS.subClassOf)
        if p in concepts and (c, SKOS.broader, p) not in graph
    }

    assert len(concepts) > 350
    assert unclassed == set()
    assert unmirrored == set()


def test_three_voices_lead_to_one_entity_and_none_by_equality(graph: Graph) -> None:
    inaccuracy = URIRef(Q + "DimensionalInaccuracy")
    effects = {
        cause: {
            effect
            for link in graph.subjects(URIRef(Q + "hasCause"), URIRef(Q + cause))
            for effect in graph.objects(link, URIRef(Q + "hasEffect"))
        }
        for cause in ("MouldWear", "ClampingForceSensorDrift")
    }

    for found in effects.values():
        assert any(inaccuracy in graph.transitive_objects(e, RDFS.subClassOf) for e in found)
    mapped = graph.subjects(URIRef(Q + "mapsFromConcept"), URIRef(Q + "DamageOnArrival"))
    assert any((m, URIRef(Q + "mapsToConcept"), inaccuracy) in graph for m in mapped)
    assert (URIRef(Q + "DamageOnArrival"), SKOS.relatedMatch, inaccuracy) in graph
    assert [t for p in IDENTICAL for t in graph.subject_objects(p)] == []


def test_every_link_that_ships_is_hypothesised_and_complete(graph: Graph, index: TermIndex) -> None:
    links = set(graph.subjects(RDF.type, URIRef(Q + "HypothesisedLink")))

    for link in links:
        effect, mechanism = (
            str(graph.value(link, URIRef(Q + p))) for p in ("hasEffect", "viaMechanism")
        )
        assert index.by_iri(effect).is_defect
        assert index.by_iri(mechanism).is_mechanism
        assert str(graph.value(link, URIRef(Q + "hasCause"))) in index
        assert str(graph.value(link, URIRef(Q + "causeDirection"))) in {"high", "low", "off-target"}
        assert graph.value(link, URIRef("http://purl.org/dc/terms/source")) is not None
    assert len(links) > 50
    for state in ("ConfirmedLink", "PredictedLink", "RefutedLink"):
        assert list(graph.subjects(RDF.type, URIRef(Q + state))) == []
