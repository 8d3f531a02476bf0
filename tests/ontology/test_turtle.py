"""Serialising, comparing and releasing: equal content, equal bytes; a change of a term, words about it."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import OWL, RDFS

from qualweave.errors import InputError
from qualweave.iri import Q
from qualweave.ontology.diff import diff
from qualweave.ontology.load import load_graph, load_ntriples
from qualweave.ontology.release import current_release
from qualweave.ontology.serialise import rewrite, to_turtle

TERM = """
@prefix q: <https://w3id.org/qonto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
q:Flash a owl:Class ; rdfs:label "flash"@en, "飞边"@zh ; rdfs:subClassOf q:Defect,
    [ a owl:Restriction ; owl:onProperty q:occurredInProcess ; owl:someValuesFrom q:Operation ] .
"""


def turtle(text: str) -> Graph:
    return Graph().parse(data=text, format="turtle")


IRIS = st.sampled_from([URIRef(Q + n) for n in ("a", "b", "C", "d-e", "0x")] + [URIRef("urn:x:1")])
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\t"\\'), max_size=12
)
OBJECTS = IRIS | TEXTS.map(Literal) | TEXTS.map(lambda t: Literal(t, lang="zh"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(IRIS, IRIS, OBJECTS), max_size=15))
def test_any_graph_survives_the_round_trip_in_any_order(
    triples: list[tuple[URIRef, URIRef, URIRef | Literal]],
) -> None:
    forward, backward = Graph(), Graph()
    for triple in triples:
        forward.add(triple)
    for triple in reversed(triples):
        backward.add(triple)

    text = to_turtle(forward)

    assert to_turtle(backward) == text
    assert isomorphic(turtle(text), forward)
    assert to_turtle(turtle(text)) == text


def test_restrictions_and_lists_survive_the_round_trip() -> None:
    graph = turtle(TERM + "[] a owl:AllDisjointClasses ; owl:members ( q:A q:B q:C ) .")

    text = to_turtle(graph)

    assert isomorphic(turtle(text), graph)
    assert to_turtle(turtle(text)) == text


def test_a_shared_blank_node_is_refused() -> None:
    graph, node = Graph(), BNode()
    graph.add((URIRef(Q + "A"), RDFS.subClassOf, node))
    graph.add((URIRef(Q + "B"), RDFS.subClassOf, node))

    with pytest.raises(InputError, match="several triples"):
        to_turtle(graph)


def test_a_cycle_of_blank_nodes_is_refused() -> None:
    graph, one, two = Graph(), BNode(), BNode()
    graph.add((one, RDFS.seeAlso, two))
    graph.add((two, RDFS.seeAlso, one))
    graph.add((URIRef(Q + "A"), RDFS.label, Literal("a", lang="en")))

    with pytest.raises(InputError, match="cycle"):
        to_turtle(graph)


def test_rewrite_orders_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "flash.ttl"
    path.write_text(TERM, encoding="utf-8")

    assert rewrite(path)
    assert not rewrite(path)


def test_the_same_axioms_read_twice_are_no_change() -> None:
    assert diff(turtle(TERM), turtle(TERM)) == ()
    assert diff(load_graph(), load_graph()) == ()


def test_a_change_is_told_in_both_languages() -> None:
    changed = turtle(TERM.replace('"flash"@en', '"moulding flash"@en'))

    sentences = [(c.words("en"), c.words("zh")) for c in diff(turtle(TERM), changed)]

    assert sentences == [
        (
            "The term 'moulding flash' no longer has the label \"flash\"@en.",
            '术语“飞边”不再有标签："flash"@en。',
        ),
        (
            "The term 'moulding flash' has the new label \"moulding flash\"@en.",
            '术语“飞边”新增标签："moulding flash"@en。',
        ),
    ]


def test_a_new_a_removed_and_a_restricted_term_are_told() -> None:
    more = turtle(TERM + 'q:Burr a owl:Class ; rdfs:label "burr"@en, "毛刺"@zh .')
    other = turtle(TERM.replace("q:Operation ]", "q:Activity ]"))

    assert [c.words() for c in diff(turtle(TERM), more)] == ["The term 'burr' is new."]
    assert [c.words("zh") for c in diff(more, turtle(TERM))] == ["术语“毛刺”已删除。"]
    assert {(c.kind, "q:Operation" in c.value) for c in diff(turtle(TERM), other)} == {
        ("lost", True),
        ("gained", False),
    }


def test_ntriples_are_sorted_and_hold_every_triple() -> None:
    lines = load_ntriples().splitlines()

    assert lines == sorted(lines)
    assert len(lines) == len(load_graph())


def test_a_release_names_its_content() -> None:
    release = current_release()

    assert release.iri == f"https://w3id.org/qonto/release/{release.version}"
    assert release.shapes_iri == release.iri + "/shapes"
    assert release.content_hash == hashlib.sha256(load_ntriples()).hexdigest()
    versions = {str(o) for o in load_graph().objects(None, OWL.versionInfo)}
    assert release.version == max(versions)
