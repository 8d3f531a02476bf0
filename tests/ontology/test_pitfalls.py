"""The pitfall checks, proven on the inputs of the OOPS! project (shared data, read only) and on planted faults."""

import os
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from qualweave.ontology.load import load_graph
from qualweave.ontology.pitfalls import PITFALLS, pitfalls

_SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared"))
_FOLDER = _SHARED / "data" / "ontology" / "oops-tests"
_CODE = URIRef("http://oops.linkeddata.es/def#hasCode")
INPUTS = sorted(one.stem for one in (_FOLDER / "input").glob("*.owl"))
_OWN = {"P22M1": "P22", "P22M2": "P22", "P22M3": "P22", "P22M4": "P22"}
_WITHOUT = {"P10-A", "P10-B", "P10-C"}  # each states disjointness in one way, so P10 is not there
_NOT_FOUND = {"P30": "that a motorcar is a car stands in WordNet, which the product does not carry"}
_OTHERS_DIFFER = {
    "P30": "as above",
    "P34": "there is no expected output",
    "P35": "the output has P22 as well, though all names are written in one way",
    "P36": "found by the IRI that the file states; the output was made from another address",
    "P40": "found by rdflib's closed namespaces; the output was made without looking at FOAF",
}


def _found(name: str) -> set[str]:
    graph = Graph().parse(_FOLDER / "input" / f"{name}.owl")
    return {one.pitfall.code for one in pitfalls(graph)}


def _named(codes: set[str]) -> set[str]:
    """Return codes as the project's outputs write them: P08 has letters there."""
    return {"P08" if one.startswith("P08") else one for one in codes}


def _is_found(name: str) -> bool:
    found = _found(name)
    if name in _WITHOUT:
        return "P10" not in found
    own = _OWN.get(name, name)
    return any(one.split("-")[0] == own for one in found)


@pytest.mark.skipif(not INPUTS, reason=f"no inputs in {_FOLDER}: set QUALWEAVE_SHARED")
@pytest.mark.parametrize("name", [one for one in INPUTS if one not in _NOT_FOUND])
def test_the_pitfall_that_an_input_is_about_is_found(name: str) -> None:
    assert _is_found(name)


@pytest.mark.skipif(not INPUTS, reason=f"no inputs in {_FOLDER}: set QUALWEAVE_SHARED")
@pytest.mark.parametrize("name", [one for one in INPUTS if one not in _OTHERS_DIFFER])
def test_exactly_the_expected_pitfalls_are_found(name: str) -> None:
    output = Graph().parse(_FOLDER / "output" / f"{name}.ttl")
    expected = {str(one).split(" - ")[0] for one in output.objects(None, _CODE)}

    assert _named(_found(name)) == _named(expected)


@pytest.mark.skipif(not INPUTS, reason=f"no inputs in {_FOLDER}: set QUALWEAVE_SHARED")
def test_all_but_one_of_the_inputs_are_found() -> None:
    assert len(INPUTS) == 38
    assert sum(map(_is_found, INPUTS)) == 37


def test_our_ontology_has_no_pitfall_but_those_of_its_profile() -> None:
    found = {one.pitfall.code: one.terms for one in pitfalls(load_graph())}
    ours = {
        code: [one for one in terms if "qonto" in one or not one] for code, terms in found.items()
    }

    # OWL 2 EL has no inverse, and a property for many kinds of thing has no domain or range.
    assert {code for code, terms in ours.items() if terms} <= {"P11", "P13-N", "P13-Y"}


@pytest.mark.parametrize(
    ("code", "turtle"),
    [
        ("P02", "q:A a owl:Class ; owl:equivalentClass q:B . q:B a owl:Class ."),
        ("P06", "q:A a owl:Class ; rdfs:subClassOf q:B . q:B a owl:Class ; rdfs:subClassOf q:A ."),
        ("P19", "q:p a owl:ObjectProperty ; rdfs:domain q:A, q:B ; rdfs:range q:A ."),
        ("P21", "q:OtherDefect a owl:Class ; rdfs:subClassOf q:Defect ."),
        (
            "P24",
            "q:A a owl:Class ; rdfs:subClassOf [ owl:onProperty q:p ; owl:someValuesFrom q:A ] .",
        ),
        (
            "P30",
            "q:A a owl:Class ; rdfs:label 'Burr'@en . q:B a owl:Class ; rdfs:label 'burr'@en .",
        ),
        (
            "P32",
            "q:A a owl:Class ; rdfs:label 'burr'@en . q:B a owl:Class ; rdfs:label 'burr'@en .",
        ),
        ("P34", "q:A a owl:Class ; rdfs:subClassOf q:NobodyDeclaredThis ."),
        ("P40", "<http://xmlns.com/foaf/0.1/Persona> a owl:Class ."),
    ],
)
def test_a_planted_pitfall_is_found(code: str, turtle: str) -> None:
    graph = load_graph().parse(
        data="@prefix q: <https://w3id.org/qonto/> . @prefix owl: <http://www.w3.org/2002/07/owl#> ."
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . " + turtle,
        format="turtle",
    )

    assert code in {one.pitfall.code for one in pitfalls(graph)}


def test_every_pitfall_is_named_in_both_languages() -> None:
    assert len({one.code for one in PITFALLS}) == len(PITFALLS) == 33
    assert all(one.name and one.name_zh for one in PITFALLS)
