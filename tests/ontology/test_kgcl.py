"""Changes in KGCL: one for a changed value, none for a reordered file, and enough to make B of A."""

import os
import random
import re
from pathlib import Path

import pytest
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.term import Node
from typer.testing import CliRunner

from qualweave.api.cli import app
from qualweave.errors import InputError
from qualweave.ontology.diff import diff
from qualweave.ontology.kgcl import (
    BEYOND,
    KGCL,
    apply_changes,
    changes_between,
    read_commands,
    to_commands,
    to_rdf,
)
from qualweave.ontology.load import load_graph

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared"))
VOCABULARY = SHARED / "data" / "ontology" / "imports" / "kgcl.owl.ttl"
Q = "https://w3id.org/qonto/"
HEAD = """
@prefix q: <https://w3id.org/qonto/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
TERM = """q:A a owl:Class ; rdfs:subClassOf q:P, [ a owl:Restriction ; owl:onProperty q:r ; owl:someValuesFrom q:B ] ;
    rdfs:label "a"@en, "甲"@zh ; skos:altLabel "ay"@en ; skos:definition "It's an A."@en ; q:near q:C .
"""


def turtle(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


@pytest.mark.parametrize(
    ("old", "new", "commands"),
    [
        ('"a"@en', '"b"@en', ["rename q:A from 'a'@en to 'b'@en"]),
        ('"ay"@en', '"eh"@en', ["change synonym from 'ay'@en to 'eh'@en for q:A"]),
        ('"ay"@en', '"ay"@en, "eh"@en', ["create synonym 'eh'@en for q:A"]),
        ('skos:altLabel "ay"@en ;', "", ["remove synonym 'ay'@en for q:A"]),
        (
            '"It\'s an A."@en',
            '"It is."@en',
            [r"change definition of q:A from 'It\'s an A.'@en to 'It is.'@en"],
        ),
        ('"It\'s an A."@en', '"It\'s an A."@en, "是甲。"@zh', ["add definition '是甲。'@zh to q:A"]),
        ("q:P,", "q:R,", ["move q:A from q:P to q:R"]),
        ("q:P,", "q:P, q:R,", ["create edge q:A rdfs:subClassOf q:R"]),
        ("q:P,", "", ["delete edge q:A rdfs:subClassOf q:P"]),
        ("q:near q:C", "q:far q:C", ["change relationship between q:A and q:C from q:near to q:far"]),
        ("q:near q:C", "q:near q:D", ["delete edge q:A q:near q:C", "create edge q:A q:near q:D"]),
        ("q:near q:C", "q:near q:C ; q:size 5", ["create edge q:A q:size '5'^^xsd:integer"]),
        ("q:near q:C", "q:near q:C ; owl:deprecated true", ["obsolete q:A"]),
        (
            "q:near q:C",
            "q:near q:C ; owl:deprecated true ; dcterms:isReplacedBy q:B",
            ["obsolete q:A with replacement q:B"],
        ),
    ],
)  # fmt: skip
def test_an_edit_is_one_change_in_the_words_of_kgcl(
    old: str, new: str, commands: list[str]
) -> None:
    before, after = turtle(TERM), turtle(TERM.replace(old, new, 1))

    changes = changes_between(before, after)

    assert len(changes) == 1
    assert to_commands(changes).splitlines() == commands
    assert isomorphic(apply_changes(before, read_commands(to_commands(changes))), after)


def test_a_new_and_a_deleted_class_are_told() -> None:
    more = turtle(TERM + 'q:N a owl:Class ; rdfs:label "n"@en, "新"@zh ; rdfs:subClassOf q:A .')

    assert to_commands(changes_between(turtle(TERM), more)).splitlines() == [
        "create class q:N 'n'@en",
        "create edge q:N rdfs:label '新'@zh",
        "create edge q:N rdfs:subClassOf q:A",
    ]
    assert to_commands(changes_between(more, turtle(TERM))) == "delete q:N\n"


def test_what_kgcl_cannot_say_is_listed_and_not_lost() -> None:
    other = turtle(
        TERM.replace("someValuesFrom q:B", "someValuesFrom q:C")
        + "[] a owl:AllDisjointClasses ; owl:members ( q:A q:B ) ."
    )

    told = to_commands(changes_between(turtle(TERM), other))

    assert all(line.startswith(BEYOND) for line in told.splitlines())
    assert "owl:someValuesFrom q:B" in told
    assert "owl:AllDisjointClasses" in told
    assert isomorphic(apply_changes(turtle(TERM), read_commands(told)), other)
    assert isomorphic(apply_changes(other, changes_between(other, turtle(TERM))), turtle(TERM))


@pytest.mark.parametrize(
    "text",
    [
        'it\'s \\ "q"',
        "a\nb\n  c",
        "a\u2028b",
        "a\x85b",
        "a\x0cb\x1cc",
        "a\\",
        "# beyond KGCL: + x",
        "",
    ],
)
@pytest.mark.parametrize("language", [None, "en", "es-419", "de-CH-1996"])
def test_a_text_of_any_form_comes_through_the_commands(text: str, language: str | None) -> None:
    before, after = turtle(TERM), turtle(TERM)
    for predicate in (SKOS.definition, SKOS.altLabel, SKOS.example):
        before.add((URIRef(Q + "A"), predicate, Literal("old", lang=language)))
        after.add((URIRef(Q + "A"), predicate, Literal(text, lang=language)))

    there = read_commands(to_commands(changes_between(before, after)))
    back = read_commands(to_commands(changes_between(after, before)))

    assert isomorphic(apply_changes(before, there), after)
    assert isomorphic(apply_changes(after, back), before)


def test_a_line_that_is_no_command_is_named() -> None:
    with pytest.raises(InputError, match="Line 2"):
        read_commands("delete q:A\nmake q:A better\n")


def _shuffled(graph: Graph, rng: random.Random) -> Graph:
    """Return a graph with other labels of its blank nodes, put in in another order."""
    names: dict[Node, Node] = {}
    triples = sorted(graph, key=lambda _: rng.random())
    result = Graph()
    for s, p, o in triples:
        renamed = [names.setdefault(t, BNode()) if isinstance(t, BNode) else t for t in (s, o)]
        result.add((renamed[0], p, renamed[1]))
    return result


def test_reordered_and_renamed_input_is_no_change() -> None:
    graph = load_graph()
    for seed in range(5):
        other = _shuffled(graph, random.Random(seed))

        assert changes_between(graph, other) == ()
        assert diff(graph, other) == ()


def _without(graph: Graph, one: URIRef, predicate: URIRef | None) -> None:
    for _, p, o in list(graph.triples((one, predicate, None))):
        graph.remove((one, p, o))
        if isinstance(o, BNode):
            graph.remove((o, None, None))


def _restricted(graph: Graph, one: URIRef, other: URIRef) -> None:
    node = BNode()
    graph.add((one, RDFS.subClassOf, node))
    graph.add((node, RDF.type, OWL.Restriction))
    graph.add((node, OWL.onProperty, URIRef(f"{Q}related")))
    graph.add((node, OWL.someValuesFrom, other))


def _edited(graph: Graph, rng: random.Random) -> Graph:
    """Return a graph after some edits of every sort."""
    result = Graph()
    for triple in graph:
        result.add(triple)
    classes = sorted(s for s in result.subjects(RDF.type, OWL.Class) if isinstance(s, URIRef))
    for number in range(5):
        one, *more, other = rng.sample(classes, 7)
        _without(result, one, None)
        for changed, predicate in zip(
            more, (RDFS.label, RDFS.subClassOf, SKOS.definition), strict=False
        ):
            _without(result, changed, predicate)
        result.add((more[0], RDFS.label, Literal(f"it's \\ new {number}", lang="en")))
        result.add((more[1], RDFS.subClassOf, other))
        result.add((more[2], SKOS.altLabel, Literal(f"二 {number}\nlines", lang="zh")))
        result.add((more[3], OWL.deprecated, Literal("true", datatype=XSD.boolean)))
        result.add((more[3], DCTERMS.isReplacedBy, other))
        _restricted(result, more[4], other)
        fresh = URIRef(f"{Q}Fresh-{number}")
        result.add((fresh, RDF.type, OWL.Class))
        result.add((fresh, RDFS.label, Literal("fresh", lang="en")))
    return result


@pytest.mark.parametrize("seed", range(4))
def test_the_commands_make_the_newer_state_of_the_older(seed: int) -> None:
    old = load_graph()
    new = _edited(old, random.Random(seed))

    forth, back = changes_between(old, new), changes_between(new, old)

    for start, end, changes in ((old, new, forth), (new, old, back)):
        made = apply_changes(start, read_commands(to_commands(changes)))
        assert changes_between(made, end) == ()
        assert changes


def test_the_rdf_is_in_kgcls_vocabulary_and_carries_the_commands() -> None:
    old = load_graph()
    changes = changes_between(old, _edited(old, random.Random(1)))

    told = to_rdf(changes)

    kinds = {str(one) for one in told.objects(None, RDF.type)}
    assert KGCL + "NodeObsoletionWithDirectReplacement" in kinds
    commands = {str(one) for one in told.objects(None, URIRef(KGCL + "change_description"))}
    assert commands == {one.command() for one in changes}


@pytest.mark.skipif(not VOCABULARY.exists(), reason=f"no {VOCABULARY}: set QUALWEAVE_SHARED")
def test_every_word_of_the_rdf_exists_in_the_vocabulary() -> None:
    known = {str(one) for one in Graph().parse(VOCABULARY).subjects()}
    source = (Path(__file__).parents[2] / "ontology" / "kgcl.py").read_text("utf-8")
    kinds = set(re.findall(r'"([A-Z][A-Za-z]+(?:Creation|Deletion|Rename|Replacement|obsoletion|Obsoletion|Synonym|Definition|Move|Change|Rewiring))"', source))  # fmt: skip
    old = load_graph()
    told = to_rdf(changes_between(old, _edited(old, random.Random(2))))

    used = {str(t) for triple in told for t in triple if str(t).startswith(KGCL)}

    assert used | {KGCL + one for one in kinds} <= known
    assert len(kinds) >= 18


@pytest.mark.parametrize(
    ("form", "word"),
    [("words", "no longer has"), ("kgcl", "rename q:A from"), ("rdf", "kgcl:NodeRename")],
)
def test_the_command_prints_each_form(tmp_path: Path, form: str, word: str) -> None:
    for name, text in (("old", TERM), ("new", TERM.replace('"a"@en', '"b"@en'))):
        (tmp_path / f"{name}.ttl").write_text(HEAD + text, "utf-8")
    files = [str(tmp_path / "old.ttl"), str(tmp_path / "new.ttl")]

    told = CliRunner().invoke(app, ["ontology", "diff", *files, "--format", form])

    assert told.exit_code == 0, told.output
    assert word in told.output
