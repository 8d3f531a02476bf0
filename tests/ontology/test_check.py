"""Each check finds the fault that is planted for it."""

from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDFS, SKOS

from qualweave.checking import run_checks
from qualweave.errors import MissingCapability, UnreadableSource
from qualweave.ontology.checks import (
    CHECKS,
    OF_CONTENT,
    SATISFIABLE,
    Complete,
    check_ontology,
    located,
)
from qualweave.ontology.findings import (
    definition_findings,
    example_findings,
    label_findings,
    orphan_findings,
    profile_findings,
    undeclared_findings,
)
from qualweave.ontology.load import load_graph, load_module, module_files
from qualweave.ontology.reasoners import satisfiability
from qualweave.ontology.tables import fixes

ROOT = Path(__file__).parents[2]
PREFIXES = """
@prefix q: <https://w3id.org/qonto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SOUND = """
q:Condition a owl:Class ; rdfs:label "condition"@en, "状况"@zh ; skos:definition "A state."@en, "状态。"@zh ;
    skos:example "The 2 mm of play in a hinge."@en, "铰链 2 mm 的间隙。"@zh .
q:Defect a owl:Class ; rdfs:subClassOf q:Condition ; rdfs:label "defect"@en, "缺陷"@zh ;
    skos:definition "A condition that impairs use."@en, "损害使用的状况。"@zh ;
    skos:example "A door that does not latch."@en, "锁不上的车门。"@zh .
skos:definition a owl:AnnotationProperty .
skos:example a owl:AnnotationProperty .
"""


def turtle(text: str) -> Graph:
    return Graph().parse(data=PREFIXES + text, format="turtle")


needs_java = pytest.mark.skipif(
    satisfiability.java_path() is None, reason="HermiT needs Java, and there is none on the PATH"
)


def test_a_sound_ontology_has_no_finding() -> None:
    report = run_checks([one for one in OF_CONTENT if one.name != "pitfalls"], turtle(SOUND))

    assert report.findings == ()
    assert report.ok
    assert report.of("satisfiable").state == "not asked for"
    assert not report.of("satisfiable").ok


def test_a_missing_chinese_label_is_found() -> None:
    graph = turtle('q:Lonely a owl:Class ; rdfs:label "lonely"@en .')

    found = list(label_findings(graph))

    assert [(f.term, f.message) for f in found] == [
        ("https://w3id.org/qonto/Lonely", "has no label in zh")
    ]
    assert found[0].message_zh == "缺少中文标签"


def test_a_definition_that_is_missing_or_repeats_the_label_is_found() -> None:
    graph = turtle('q:Flash a owl:Class ; rdfs:label "flash"@en ; skos:definition "Flash."@en .')

    messages = [f.message for f in definition_findings(graph)]

    assert messages == ["has no definition in zh", "the definition repeats the label"]


def test_an_example_that_is_missing_or_empty_is_found() -> None:
    graph = turtle(
        'q:Flash a owl:Class ; skos:example " "@en .'
        'q:foundOn a owl:ObjectProperty ; skos:example "Flash 7 was found on lid 3."@en, "飞边"@zh .'
    )

    found = list(example_findings(graph))

    assert [(f.term, f.message) for f in found] == [
        ("https://w3id.org/qonto/Flash", "has no example in en"),
        ("https://w3id.org/qonto/Flash", "has no example in zh"),
    ]
    assert [f.message_zh for f in found] == ["缺少英文示例", "缺少中文示例"]


def test_an_example_that_repeats_label_or_definition_is_found() -> None:
    graph = turtle(
        'q:Flash a owl:Class ; rdfs:label "flash"@en, "飞边"@zh ;'
        ' skos:definition "A fin at the parting line."@en, "分型面处的薄片。"@zh ;'
        ' skos:example "A fin at the parting line"@en, "飞边。"@zh .'
    )

    found = [(f.message, f.message_zh) for f in example_findings(graph)]

    assert found == [
        ("the example repeats the label", "示例重复了标签"),
        ("the example repeats the definition", "示例重复了定义"),
    ]


def test_the_texts_of_the_terms_are_counted() -> None:
    graph = turtle(SOUND)
    graph.remove((URIRef("https://w3id.org/qonto/Defect"), SKOS.example, None))

    told = run_checks([Complete()], graph).of("texts")

    assert told.figures == {"terms": 2, "labelled": 2, "defined": 2, "exemplified": 1}
    assert len(told.findings) == 2


@pytest.mark.parametrize(
    ("axiom", "word"),
    [
        ("q:p owl:inverseOf q:r .", "owl:inverseOf"),
        ("q:p a owl:FunctionalProperty .", "owl:FunctionalProperty"),
        ("q:p a owl:InverseFunctionalProperty .", "owl:InverseFunctionalProperty"),
        ("q:p a owl:SymmetricProperty .", "owl:SymmetricProperty"),
        (
            "q:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty q:p ; owl:allValuesFrom q:B ] .",
            "owl:allValuesFrom",
        ),
        ("q:A owl:equivalentClass [ owl:unionOf ( q:B q:C ) ] .", "owl:unionOf"),
        ("q:A owl:equivalentClass [ owl:complementOf q:B ] .", "owl:complementOf"),
        (
            "q:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty q:p ; owl:maxCardinality 1 ] .",
            "owl:maxCardinality",
        ),
        ("q:A owl:equivalentClass [ owl:oneOf ( q:b q:c ) ] .", "enumerates"),
        ("q:d a owl:DatatypeProperty ; rdfs:range xsd:boolean .", "xsd:boolean"),
        ("q:d a owl:DatatypeProperty ; rdfs:range xsd:double .", "xsd:double"),
        ("q:d a owl:DatatypeProperty ; rdfs:range xsd:date .", "xsd:date"),
        ("<urn:o> a owl:Ontology ; owl:imports <urn:p> .", "owl:imports"),
    ],
)
def test_an_axiom_outside_the_profile_is_found(axiom: str, word: str) -> None:
    found = list(profile_findings(turtle(axiom)))

    assert any(word in f.message for f in found)


def test_a_class_without_parent_and_a_parent_without_declaration_are_found() -> None:
    graph = turtle("q:Alone a owl:Class . q:Child a owl:Class ; rdfs:subClassOf q:Nobody .")

    found = {f.term.rsplit("/", 1)[-1]: f.message for f in orphan_findings(graph)}

    assert found == {
        "Alone": "the class has no parent",
        "Child": "its parent q:Nobody is not declared",
    }


def test_an_iri_that_nobody_declares_is_found() -> None:
    graph = turtle("q:p a owl:ObjectProperty ; rdfs:domain q:Missing .")

    assert [f.term for f in undeclared_findings(graph)] == ["https://w3id.org/qonto/Missing"]


@pytest.mark.java
@needs_java
@pytest.mark.parametrize("kinds", ["owl:Class", "owl:Class, skos:Concept"], ids=["class", "punned"])
def test_hermit_finds_a_planted_unsatisfiable_class(kinds: str) -> None:
    graph = load_graph() + turtle(
        f"q:Impossible a {kinds} ; rdfs:subClassOf q:Equipment, q:Defect ."
    )

    found = SATISFIABLE.run(graph).findings

    assert [f.term for f in found] == ["https://w3id.org/qonto/Impossible"]


@pytest.mark.java
@needs_java
def test_an_inconsistent_ontology_is_no_pass() -> None:
    graph = load_graph() + turtle("q:thing a owl:NamedIndividual, q:Equipment, q:Defect .")

    found = SATISFIABLE.run(graph).findings

    assert [f.term for f in found] == ["http://www.w3.org/2002/07/owl#Thing"]


def test_without_java_the_report_says_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    report = run_checks([SATISFIABLE], turtle(SOUND))

    assert "Java" in report.of("satisfiable").state
    assert not report.ok
    assert "NOT CHECKED" in str(report)
    with pytest.raises(MissingCapability, match="Java"):
        satisfiability.HermiT().judge(turtle(SOUND))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttl"
    broken.write_text("q:A a ", encoding="utf-8")

    with pytest.raises(UnreadableSource, match=r"broken\.ttl"):
        load_module(broken)


@pytest.mark.parametrize("predicate", [RDFS.label, SKOS.definition, SKOS.example])
def test_a_finding_names_file_line_and_fix(predicate: URIRef) -> None:
    graph = load_graph()
    term = URIRef("https://w3id.org/qonto/Warpage")
    graph.remove((term, predicate, None))

    told = located(run_checks(OF_CONTENT, graph)).of("texts").findings
    found = [one for one in told if one.term == str(term)]

    assert {one.file for one in found} == {"ontology/modules/defect.ttl"}
    line = (ROOT / found[0].file).read_text("utf-8").splitlines()[found[0].line - 1]
    assert line.startswith("q:Warpage a ")
    assert ("skos:" if predicate != RDFS.label else "rdfs:label") in found[0].fix
    assert found[0].fix_zh


@pytest.mark.parametrize(
    ("property_name", "value", "told"),
    [
        ("canonicalUnit", Literal("furlong"), "not in the table of units"),
        ("canonicalQudtUnit", URIRef("http://qudt.org/vocab/unit/K"), "unit/DEG_C for Cel"),
        ("canonicalUneceUnit", Literal("KEL"), "CEL for Cel"),
        ("hasQuantityKind", None, "no quantity kind"),
        ("typicalMaximum", Literal("1"), "typical range is 10 to 1"),
    ],
)
def test_a_unit_that_does_not_fit_is_found(
    property_name: str, value: Literal | URIRef | None, told: str
) -> None:
    graph = load_graph()
    term, said = (
        URIRef(f"https://w3id.org/qonto/{one}") for one in ("MouldTemperature", property_name)
    )
    graph.remove((term, said, None))
    if value is not None:
        graph.add((term, said, value))

    found = run_checks(OF_CONTENT, graph).of("units").findings

    assert [one.term for one in found] == [str(term)]
    assert told in found[0].message


def test_every_check_has_a_fix_for_what_it_finds() -> None:
    kinds = {one.name for one in CHECKS} - {"texts"} | {"label", "definition", "example"}

    assert kinds <= set(fixes())


def test_the_files_are_read_alike_by_three_readers_and_stand_in_order() -> None:
    report = check_ontology(reason=False)

    assert report.ok, str(report)
    assert report.of("parse").figures["triples"] == sum(
        len(load_module(one)) for one in module_files()
    )
