"""Proposals: what an edited file changes, in words, and what would be wrong with it."""

from datetime import date
from importlib.resources import files

import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDFS

from qualweave.errors import Conflict, InputError, UnreadableSource
from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.proposal import apply, next_version, propose, stamped
from qualweave.ontology.store_form import triples_of

HEAD = """
@prefix q: <https://w3id.org/qonto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
ADDED = (
    HEAD
    + """
q:LaserWarpage a owl:Class ; rdfs:subClassOf q:Warpage ;
    rdfs:label "laser warpage"@en, "激光翘曲"@zh ;
    skos:definition "Warpage that the heat of a laser leaves."@en, "激光热输入造成的翘曲变形。"@zh ;
    skos:example "A cover of 3 mm bows by 0.8 mm once its edge is cut."@en, "3 mm 盖板切边后拱起 0.8 mm。"@zh .
"""
)


@pytest.fixture(scope="module")
def current() -> Graph:
    return load_graph()


def _module(name: str) -> str:
    return files("qualweave.ontology").joinpath("modules", f"{name}.ttl").read_text("utf-8")


def _without(text: str, name: str) -> str:
    start = text.index(f"\n{name} a ")
    return text[:start] + text[text.index("\n\n", start) :]


def test_a_supplement_adds_a_term_and_says_so_in_both_languages(current: Graph) -> None:
    found = propose(current, ADDED, reason=False)

    assert found.statement() == (
        "1 terms new, 0 edited, 0 removed. The term 'laser warpage' is new."
    )
    assert found.statement("zh") == "新增 1 个术语，修改 0 个，删除 0 个。术语“激光翘曲”为新增。"
    assert found.findings == ()


def test_a_supplement_removes_nothing_and_belongs_to_its_parents_module(current: Graph) -> None:
    found = propose(current, ADDED, reason=False)

    after = apply(current, ADDED, terms=found.terms, base=current)

    term = URIRef(Q + "LaserWarpage")
    assert after.value(term, RDFS.isDefinedBy) == URIRef(Q + "module/defect")
    assert set(current) < set(after)


def test_a_module_that_lacks_a_term_proposes_its_removal(current: Graph) -> None:
    edited = _without(_module("defect"), "q:AbnormalNoise")

    found = propose(
        current,
        edited,
        impact=lambda terms: [Use(one, "shape", "S") for one in terms],
        reason=False,
    )

    assert [(one.term, one.kind) for one in found.changes] == [(Q + "AbnormalNoise", "removed")]
    assert any("used by 1 shape" in one.message for one in found.findings)


@pytest.mark.parametrize("name", ["core", "defect", "parameter", "causal-knowledge"])
def test_a_module_as_it_is_changes_nothing(current: Graph, name: str) -> None:
    with pytest.raises(InputError, match="changes no term"):
        propose(current, _module(name), reason=False)


def test_an_edited_label_is_one_change_lost_and_one_gained(current: Graph) -> None:
    edited = _module("defect").replace('"warpage"@en', '"warping"@en')

    found = propose(current, edited, reason=False)

    assert {(one.kind, one.value) for one in found.changes if one.term == Q + "Warpage"} >= {
        ("lost", '"warpage"@en'),
        ("gained", '"warping"@en'),
    }


def test_what_breaks_the_house_rules_is_found(current: Graph) -> None:
    broken = HEAD + 'q:Blob a owl:Class ; rdfs:subClassOf q:Nowhere ; rdfs:label "warpage"@en .'

    told = {one.message for one in propose(current, broken, reason=False).findings}

    assert "has no label in zh" in told
    assert "has no example in en" in told
    assert "the IRI is used but not declared" in told
    assert "'warpage' is the label of Warpage already" in told


def test_a_new_term_without_an_example_is_told_with_the_fix(current: Graph) -> None:
    bare = ADDED.replace("skos:example", "rdfs:comment")

    found = propose(current, bare, reason=False).findings

    assert [(one.check, one.message) for one in found] == [
        ("example", "has no example in en"),
        ("example", "has no example in zh"),
    ]
    assert all("skos:example" in one.fix and "skos:example" in one.fix_zh for one in found)


@pytest.mark.java
def test_a_class_that_can_have_no_instance_is_found(current: Graph) -> None:
    broken = ADDED.replace("q:Warpage ;", "q:Warpage, q:Site ;")

    found = propose(current, broken)

    assert found.satisfiability == "checked"
    assert any(one.check == "satisfiable" for one in found.findings)


def test_a_broken_file_is_told_with_its_line(current: Graph) -> None:
    with pytest.raises(UnreadableSource, match="line 7"):
        propose(current, HEAD + "\nq:X a owl:Class ; q:")


def test_terms_of_others_are_refused(current: Graph) -> None:
    with pytest.raises(InputError, match="outside"):
        propose(current, HEAD + "<https://other.org/X> a owl:Class .")


def test_an_axiom_without_a_subject_is_refused(current: Graph) -> None:
    text = HEAD + "[] a owl:AllDisjointClasses ; owl:members ( q:Warpage q:Flash ) ."

    with pytest.raises(InputError, match="without a subject"):
        propose(current, text)


def test_two_proposals_meet_only_where_they_touch_the_same_term(current: Graph) -> None:
    first = propose(current, ADDED, reason=False)
    other = ADDED.replace("LaserWarpage", "RoomWarpage").replace("laser", "room")
    second = propose(current, other, reason=False)
    now = apply(current, ADDED, terms=first.terms, base=current)

    both = apply(now, other, terms=second.terms, base=current)

    assert (URIRef(Q + "LaserWarpage"), None, None) in both
    with pytest.raises(Conflict, match="LaserWarpage"):
        apply(now, ADDED.replace("heat", "beam"), terms=first.terms, base=current)


def test_releases_of_one_day_are_numbered() -> None:
    today = date(2026, 11, 25)

    assert next_version([], today) == "2026-11-25"
    assert next_version(["2026-11-24"], today) == "2026-11-25"
    assert next_version(["2026-11-25"], today) == "2026-11-25.1"
    assert next_version(["2026-11-25", "2026-11-25.9"], today) == "2026-11-25.10"


def test_a_release_names_its_version_in_the_modules_it_touches(current: Graph) -> None:
    after = stamped(current, "2030-01-01", [Q + "module/defect"])

    assert str(after.value(URIRef(Q + "module/defect"), OWL.versionInfo)) == "2030-01-01"
    assert str(after.value(URIRef(Q + "module/core"), OWL.versionInfo)) != "2030-01-01"


def test_equal_content_gives_equal_bytes(current: Graph) -> None:
    copied = Graph().parse(data=current.serialize(format="nt"), format="nt")

    assert triples_of(copied) == triples_of(current)


def test_a_module_that_an_editor_wrote_anew_changes_nothing(current: Graph) -> None:
    edited = Graph().parse(data=_module("parameter"), format="turtle").serialize(format="turtle")

    with pytest.raises(InputError, match="changes no term"):
        propose(current, edited, reason=False)
