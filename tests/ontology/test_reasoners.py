"""ELK and HermiT find the same impossible classes; what ELK is not told is counted."""

import random
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from qualweave.checking import run_checks
from qualweave.errors import MissingCapability
from qualweave.ontology.checks import Satisfiable
from qualweave.ontology.load import load_graph
from qualweave.ontology.reasoners.elk import Elk, elk_path
from qualweave.ontology.reasoners.functional import to_functional
from qualweave.ontology.reasoners.merges import Merges
from qualweave.ontology.reasoners.satisfiability import HermiT, Reasoner, java_path

Q = "https://w3id.org/qonto/"
PREFIXES = """
@prefix : <urn:x:> .
@prefix q: <https://w3id.org/qonto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
WORLD = """
:A a owl:Class . :B a owl:Class ; owl:disjointWith :A . :C a owl:Class . :D a owl:Class . :E a owl:Class .
:AB a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:unionOf ( :A :B ) ] .
[] a owl:AllDisjointClasses ; owl:members ( :C :D :E ) .
:p a owl:ObjectProperty ; rdfs:domain :A ; rdfs:range :B . :r a owl:ObjectProperty ; rdfs:subPropertyOf :p .
:s a owl:ObjectProperty . :t a owl:ObjectProperty ; owl:propertyChainAxiom ( :s :s ) ; rdfs:domain :C .
:u a owl:ObjectProperty, owl:TransitiveProperty .
:d a owl:DatatypeProperty ; rdfs:domain :D . :i a owl:NamedIndividual, :A .
:U a owl:Class ; owl:disjointUnionOf ( :U1 :U2 ) . :U1 a owl:Class . :U2 a owl:Class .
:Top a owl:Class . :NotTop a owl:Class ; rdfs:subClassOf [ a owl:Class ; owl:complementOf :Top ] .
"""
IMPOSSIBLE = {
    "two disjoint parents": ":A, :B",
    "members of disjoint classes": ":C, :E",
    "the domain of a property": ":B, [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom owl:Thing ]",
    "the range of a property": "[ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :A ]",
    "the range of a wider property": "[ a owl:Restriction ; owl:onProperty :r ; owl:someValuesFrom :A ]",
    "a chain": (
        ":D, [ a owl:Restriction ; owl:onProperty :s ; owl:someValuesFrom"
        " [ a owl:Restriction ; owl:onProperty :s ; owl:someValuesFrom :A ] ]"
    ),
    "the domain of a data property": ":C, [ a owl:Restriction ; owl:onProperty :d ; owl:hasValue 5 ]",
    "a data range": ":C, [ a owl:Restriction ; owl:onProperty :d ; owl:someValuesFrom xsd:string ]",
    "a value": ":B, [ a owl:Restriction ; owl:onProperty :p ; owl:hasValue :j ]",
    "at least one": ":B, [ a owl:Restriction ; owl:onProperty :p ; owl:minCardinality 1 ]",
    "exactly two": ":B, [ a owl:Restriction ; owl:onProperty :p ; owl:onClass :B ; owl:qualifiedCardinality 2 ]",
    "a complement": ":Top, :NotTop",
    "a disjoint union": ":U1, :U2",
    "an intersection": "[ a owl:Class ; owl:intersectionOf ( :C :D ) ]",
    "a filler": "[ a owl:Restriction ; owl:onProperty :u ; owl:someValuesFrom [ a owl:Class ; owl:intersectionOf ( :A :B ) ] ]",
}
SOUND = {
    "a fitting filler": "[ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :B ]",
    "a fitting value": ":A, [ a owl:Restriction ; owl:onProperty :p ; owl:hasValue :j ]",
    "one link of a chain": ":D, [ a owl:Restriction ; owl:onProperty :s ; owl:someValuesFrom :A ]",
    "one of two": ":AB",
    "a value of a data property": ":D, [ a owl:Restriction ; owl:onProperty :d ; owl:hasValue 5 ]",
}
BOTH = pytest.mark.parametrize("reasoner", [Elk(), HermiT()], ids=["ELK", "HermiT"])
needs_reasoners = pytest.mark.skipif(
    java_path() is None or elk_path() is None, reason="needs Java and ELK (scripts/elk)"
)
pytestmark = pytest.mark.java


def turtle(text: str) -> Graph:
    return Graph().parse(data=PREFIXES + text, format="turtle")


@needs_reasoners
@BOTH
def test_every_way_to_be_impossible_is_found_and_nothing_else(reasoner: Reasoner) -> None:
    cases = {**IMPOSSIBLE, **SOUND}
    told = [
        f":case{n} a owl:Class ; rdfs:subClassOf {axiom} ."
        for n, axiom in enumerate(cases.values())
    ]
    names = dict(zip((f"urn:x:case{n}" for n in range(len(cases))), cases, strict=True))

    judged = reasoner.judge(turtle(WORLD + "\n".join(told)))

    assert {names[one] for one in judged.unsatisfiable} == set(IMPOSSIBLE)
    assert judged.classes == len(cases) + 11


@needs_reasoners
@BOTH
@pytest.mark.parametrize("kinds", ["owl:Class", "owl:Class, skos:Concept"], ids=["class", "punned"])
def test_a_class_below_two_disjoint_ones_of_ours_is_found(reasoner: Reasoner, kinds: str) -> None:
    planted = turtle(f"q:Impossible a {kinds} ; rdfs:subClassOf q:Equipment, q:Defect .")

    report = run_checks([Satisfiable(reasoner, "planted")], load_graph() + planted)

    assert [one.term for one in report.findings] == [Q + "Impossible"]
    assert report.of("planted").figures["unsatisfiable"] == 1


@needs_reasoners
@BOTH
def test_an_inconsistent_ontology_has_no_possible_class(reasoner: Reasoner) -> None:
    planted = turtle("q:thing a owl:NamedIndividual, q:Equipment, q:Defect .")

    assert reasoner.judge(load_graph() + planted).unsatisfiable == (str(OWL.Thing),)


@needs_reasoners
def test_a_property_whose_range_is_impossible_is_named() -> None:
    graph = turtle(WORLD + ":v a owl:ObjectProperty ; rdfs:subPropertyOf :p ; rdfs:range :A .")

    assert Elk().judge(graph).unusable == ("urn:x:v",)


def _random_ontology(rng: random.Random, space: str) -> Graph:
    """Return an EL ontology of ten classes with a contradiction that may or may not be reached."""
    graph = Graph()
    classes = [URIRef(f"{space}C{n}") for n in range(10)]
    roles = [URIRef(f"{space}p{n}") for n in range(3)]
    for kind, terms in ((OWL.Class, classes), (OWL.ObjectProperty, roles)):
        for one in terms:
            graph.add((one, RDF.type, kind))

    def expression(depth: int = 0) -> Node:
        pick = rng.random()
        if pick < 0.5 or depth > 1:
            return rng.choice(classes)
        node = BNode()
        if pick < 0.8:
            graph.add((node, RDF.type, OWL.Restriction))
            graph.add((node, OWL.onProperty, rng.choice(roles)))
            graph.add((node, OWL.someValuesFrom, expression(depth + 1)))
        else:
            members: list[Node] = [expression(depth + 1), expression(depth + 1)]
            graph.add((node, RDF.type, OWL.Class))
            graph.add((node, OWL.intersectionOf, Collection(graph, BNode(), members).uri))
        return node

    for _ in range(12):
        kind = rng.choice([RDFS.subClassOf, RDFS.subClassOf, RDFS.subClassOf, OWL.equivalentClass])
        graph.add((rng.choice(classes), kind, expression()))
    for _ in range(3):
        one, other = rng.sample(classes, 2)
        graph.add((one, OWL.disjointWith, other))
    graph.add((rng.choice(roles), RDFS.subPropertyOf, rng.choice(roles)))
    graph.add((rng.choice(roles), RDFS.domain, rng.choice(classes)))
    graph.add((rng.choice(roles), RDFS.range, rng.choice(classes)))
    return graph


@needs_reasoners
def test_both_reasoners_agree_on_random_ontologies() -> None:
    whole = Graph()
    for seed in range(60):
        for triple in _random_ontology(random.Random(seed), f"urn:seed{seed}:"):
            whole.add(triple)

    by_elk, by_hermit = Elk().judge(whole), HermiT().judge(whole)

    assert by_elk.unsatisfiable == by_hermit.unsatisfiable
    assert by_elk.left_out == {}
    assert 60 < len(by_elk.unsatisfiable) < 500


def test_what_leaves_the_profile_is_counted_and_weakened_soundly() -> None:
    graph = turtle(
        """
        :A a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:allValuesFrom :B ] .
        :B a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :C
            [ a owl:Restriction ; owl:onProperty :p ; owl:maxCardinality 1 ] ) ] .
        :p a owl:ObjectProperty, owl:FunctionalProperty ; owl:inverseOf :r .
        """
    )

    found = to_functional(graph)

    assert found.left_out == {
        "FunctionalProperty": 1,
        "allValuesFrom": 1,
        "inverseOf": 1,
        "maxCardinality": 2,
    }
    assert "SubClassOf(<urn:x:B> <urn:x:C>)" in found.text
    assert "SubClassOf(<urn:x:C> <urn:x:B>)" not in found.text


@needs_reasoners
@pytest.mark.parametrize(
    "reasoner", [Elk(limit_s=0.01), HermiT(limit_s=0.01)], ids=["ELK", "HermiT"]
)
def test_a_reasoner_that_takes_too_long_is_no_pass(reasoner: Reasoner) -> None:
    report = run_checks([Satisfiable(reasoner, "slow")], turtle(WORLD))

    assert not report.ok
    assert "did not end within" in report.of("slow").state


def test_without_elk_the_report_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\n", "utf-8")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path))

    report = run_checks([Satisfiable(Elk(), "elk")], turtle(WORLD))

    assert not report.ok
    assert "ELK is not installed" in report.of("elk").state
    assert "scripts/elk" in report.of("elk").state
    with pytest.raises(MissingCapability, match="ELK"):
        Elk().judge(turtle(WORLD))


# --- merges ---------------------------------------------------------------------------------------

TARGET = """
<urn:o> a owl:Ontology ; owl:imports <urn:nowhere> .
:Object a owl:Class ; owl:disjointWith :Process . :Process a owl:Class . :Thing a owl:Class .
"""
BASE = ":Machine a owl:Class ; rdfs:subClassOf <urn:base:Machine> ."
SIDE = "<urn:base:Machine> a owl:Class ; rdfs:subClassOf :Process ."


def _written(folder: Path, **texts: str) -> tuple[Path, ...]:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.ttl").write_text(PREFIXES + text, "utf-8")
    return tuple(sorted(folder.iterdir()))


@needs_reasoners
@BOTH
def test_a_contradiction_with_the_target_is_found_and_the_module_named(
    reasoner: Reasoner, tmp_path: Path
) -> None:
    modules = _written(
        tmp_path / "align",
        good="q:Equipment rdfs:subClassOf :Thing .",
        wrong="q:Equipment rdfs:subClassOf :Object . q:Tool rdfs:subClassOf :Process .",
    )
    core = turtle("q:Equipment a owl:Class . q:Tool a owl:Class ; rdfs:subClassOf q:Equipment .")
    _written(tmp_path / "targets", target=TARGET, other=":Elsewhere a owl:Class .")
    check = Merges(tmp_path / "targets", (reasoner,), modules)

    found = check.run(core)

    assert [(one.term, one.file) for one in found.findings] == [
        (Q + "Tool", "ontology/align/wrong.ttl")
    ]
    assert "wrong.ttl + target.ttl" in found.findings[0].message
    assert found.figures["with a target"] == 2
    assert Merges(None, (reasoner,), modules).run(core).ok, (
        "the declarations alone contradict nothing"
    )


@needs_reasoners
def test_what_a_target_builds_on_is_taken_in(tmp_path: Path) -> None:
    modules = _written(
        tmp_path / "align", one="q:Tool rdfs:subClassOf :Machine . q:Tool rdfs:subClassOf :Object ."
    )
    _written(tmp_path / "targets", a=BASE, b=SIDE, c=TARGET)

    found = Merges(tmp_path / "targets", (Elk(),), modules).run(turtle("q:Tool a owl:Class ."))

    assert [one.term for one in found.findings] == [Q + "Tool"]
    assert "a.ttl + b.ttl + c.ttl" in found.findings[0].message


@needs_reasoners
def test_a_merge_that_takes_too_long_is_named_and_no_pass(tmp_path: Path) -> None:
    modules = _written(
        tmp_path / "align", one="q:A rdfs:subClassOf :B .", two="q:A rdfs:subClassOf :C ."
    )

    found = Merges(None, (HermiT(limit_s=0.01),), modules).run(turtle("q:A a owl:Class ."))

    assert not found.ok
    assert "one.ttl: HermiT did not end" in found.state
    assert "two.ttl" in found.state


@needs_reasoners
def test_a_number_restriction_that_a_merge_makes_unsimple_is_left_out_and_counted() -> None:
    graph = turtle(
        """
        :p a owl:ObjectProperty, owl:TransitiveProperty ; rdfs:subPropertyOf :r . :r a owl:ObjectProperty .
        :A a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :r ; owl:maxCardinality 1 ] .
        """
    )

    judged = HermiT().judge(graph)

    assert judged.unsatisfiable == ()
    assert judged.left_out == {"maxCardinality": 1}
