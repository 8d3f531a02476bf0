"""A supplier's OWL file: a good one is admitted, each fault is refused with its line and what to do."""

from pathlib import Path

import pytest
from rdflib import Graph

from qualweave.mappers.admission import Admission, admit
from qualweave.ontology.load import load_graph
from qualweave.ontology.reasoners.satisfiability import java_path
from qualweave.ontology.terms import TermIndex

GOOD = """@prefix d: <https://supplier.example/press#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix q: <https://w3id.org/qonto/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://supplier.example/press> a owl:Ontology ; owl:versionInfo "1.4" .
d:Press a owl:Class ; rdfs:subClassOf q:Equipment ; rdfs:label "injection press"@en .
d:unit a owl:AnnotationProperty .
d:mouldTemp a owl:DatatypeProperty ; rdfs:domain d:Press ; d:unit "Cel" ;
    rdfs:range xsd:decimal ; rdfs:label "mould temperature"@en .
d:coolTime a owl:DatatypeProperty ; rdfs:domain d:Press ; d:unit "s" ;
    rdfs:range xsd:decimal ; rdfs:label "冷却时间"@zh .
d:serial a owl:DatatypeProperty ; rdfs:domain d:Press ;
    rdfs:range xsd:string ; rdfs:label "serial number"@en .
"""


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return load_graph()


@pytest.fixture(scope="module")
def terms(ontology: Graph) -> TermIndex:
    return TermIndex.from_graph(ontology)


def _judged(
    folder: Path, text: str, ontology: Graph, terms: TermIndex, *, reason: bool = False
) -> Admission:
    path = folder / "press.ttl"
    path.write_text(text, "utf-8")
    return admit(path, ontology, terms, reason=reason)


def test_a_good_file_is_admitted_with_what_its_fields_mean(
    tmp_path: Path, ontology: Graph, terms: TermIndex
) -> None:
    found = _judged(tmp_path, GOOD, ontology, terms)

    assert (found.verdict, found.reasons, found.remarks) == ("admitted", (), ())
    meant = {one.name: (one.term, one.unit) for one in found.fields}
    assert meant["mouldTemp"] == ("q:MouldTemperature", "Cel")
    assert meant["coolTime"] == ("q:CoolingTime", "s")
    assert found.coverage >= 2 / 3
    assert found.to_json()["verdict"] == "admitted"


def test_of_many_unknown_names_only_the_first_are_compared_with_every_term(
    tmp_path: Path, ontology: Graph, terms: TermIndex
) -> None:
    many = "".join(f"d:C{one} a owl:Class ; rdfs:subClassOf d:Mould{one} .\n" for one in range(60))

    found = _judged(tmp_path, GOOD + many, ontology, terms)

    assert len(found.reasons) == 60
    assert sum("did you mean" in one.message for one in found.reasons) == 20


@pytest.mark.parametrize(
    ("old", "new", "check", "line", "told"),
    [
        ('d:unit "Cel"', 'd:unit "fathomless"', "unit", 10, "'fathomless', which is unknown"),
        ('; d:unit "s"', "", "unit", 12, "q:CoolingTime stands in s"),
        ('d:unit "Cel"', 'd:unit "kPa"', "unit", 10, "q:MouldTemperature is measured in Cel"),
        ("q:Equipment ;", "q:Equipmnt ;", "unknown", 8, "q:Equipmnt, which nothing declares; did you mean"),
        ('rdfs:domain d:Press ; d:unit "s"', 'rdfs:domain d:Prss ; d:unit "s"', "unknown", 12, "which nothing declares"),
        ("a owl:Class ;", "a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty d:mouldTemp ; owl:maxCardinality 1 ] ;", "profile", 8, "owl:maxCardinality"),
        ('a owl:DatatypeProperty ; rdfs:domain d:Press ; d:unit "Cel"', 'a owl:DatatypeProperty, owl:FunctionalProperty ; rdfs:domain d:Press ; d:unit "Cel"', "profile", 10, "owl:FunctionalProperty"),
        ("a owl:Ontology ;", "a owl:Ontology ; owl:imports <https://elsewhere.example/base> ;", "import", 7, "not at hand"),
        ("d:Press a owl:Class", "q:Press9 a owl:Class . d:Press a owl:Class", "namespace", 8, "under our namespace"),
        ('<https://supplier.example/press> a owl:Ontology ; owl:versionInfo "1.4" .', "", "header", 0, "no ontology header"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_line_and_what_to_do(
    old: str, new: str, check: str, line: int, told: str,
    tmp_path: Path, ontology: Graph, terms: TermIndex,
) -> None:  # fmt: skip
    assert GOOD.count(old) == 1

    found = _judged(tmp_path, GOOD.replace(old, new), ontology, terms)

    (reason,) = [one for one in found.reasons if one.check == check]
    assert found.verdict == "refused"
    assert told in reason.message
    assert reason.line == line
    assert reason.file == "press.ttl"
    assert reason.fix
    assert reason.fix_zh
    assert reason.message_zh
    assert {one.check for one in found.reasons} == {check}


def test_what_is_no_owl_is_refused_with_the_line_of_the_parser(
    tmp_path: Path, ontology: Graph, terms: TermIndex
) -> None:
    found = _judged(tmp_path, GOOD.replace("d:unit a owl", "d:unit a a owl"), ontology, terms)

    assert found.verdict == "refused"
    assert found.reasons[0].check == "parse"
    assert found.reasons[0].line in range(7, 11)


def test_a_range_that_el_has_not_is_a_remark(
    tmp_path: Path, ontology: Graph, terms: TermIndex
) -> None:
    text = GOOD.replace("xsd:decimal", "xsd:double")

    found = _judged(tmp_path, text, ontology, terms)

    assert found.verdict == "admitted"
    assert {one.check for one in found.remarks} == {"range"}


@pytest.mark.skipif(java_path() is None, reason="HermiT needs Java 17 on the PATH")
def test_a_class_that_can_have_no_instance_is_found_by_the_reasoner(
    tmp_path: Path, ontology: Graph, terms: TermIndex
) -> None:
    text = GOOD.replace("rdfs:subClassOf q:Equipment", "rdfs:subClassOf q:Equipment, q:Activity")

    found = _judged(tmp_path, text, ontology, terms, reason=True)
    good = _judged(tmp_path, GOOD, ontology, terms, reason=True)

    assert [one.check for one in found.reasons] == ["satisfiable"]
    assert "d:Press" in GOOD.splitlines()[found.reasons[0].line - 1]
    assert (good.verdict, good.satisfiability) == ("admitted", "checked")
