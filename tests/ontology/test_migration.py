"""Terms that a release takes away: their data follow the successor, or the migration is refused."""

import pyoxigraph as ox
import pytest
from rdflib import Graph

from qualweave.errors import Conflict
from qualweave.ontology.migration import migrations, updates

Q = "https://w3id.org/qonto/"
HEAD = """
@prefix q: <https://w3id.org/qonto/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
KEPT = "<https://w3id.org/qonto/module/x> a owl:Ontology . q:Weld a owl:Class . q:force a owl:DatatypeProperty . "
OLD = KEPT + (
    "q:OldWeld a owl:Class ; dcterms:isReplacedBy q:Weld . "
    "q:pressure a owl:DatatypeProperty ; dcterms:isReplacedBy q:force . q:Lost a owl:Class ."
)
DATA = """
PREFIX q: <https://w3id.org/qonto/>
INSERT DATA {
  GRAPH <urn:one> { <urn:a> a q:OldWeld ; q:pressure 5 . <urn:b> a q:Weld ; q:about q:pressure . }
  GRAPH <urn:two> { <urn:c> a q:OldWeld ; q:force 6 . q:OldWeld q:note "kept" . }
}
"""


def turtle(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


def _count(store: ox.Store, query: str) -> int:
    solution = next(iter(store.query(query)))  # type: ignore[arg-type] # a SELECT
    return int(solution["n"].value)


def test_the_data_of_removed_terms_follow_their_successors_and_none_is_lost() -> None:
    store = ox.Store()
    store.update(DATA)
    before = len(store)
    found = [one for one in migrations(turtle(OLD), turtle(KEPT)) if one.successor]
    used = sum(_count(store, one.count()) for one in found)

    for update in updates(found):
        store.update(update)

    assert [one.term.removeprefix(Q) for one in found] == ["OldWeld", "pressure"]
    assert used == 5
    assert [_count(store, one.count()) for one in found] == [0, 0]
    assert len(store) == before
    assert store.query(f"ASK {{ GRAPH <urn:one> {{ <urn:a> <{Q}force> 5 ; a <{Q}Weld> }} }}")
    assert store.query(f"ASK {{ GRAPH <urn:one> {{ <urn:b> <{Q}about> <{Q}force> }} }}")


def test_a_removal_without_a_successor_is_refused() -> None:
    lost = next(one for one in migrations(turtle(OLD), turtle(KEPT)) if not one.successor)

    assert lost.term == Q + "Lost"
    assert lost.to_json()["update"] is None
    with pytest.raises(Conflict, match="No successor is named for: Lost"):
        lost.update()


def test_a_deprecated_term_is_migrated_and_a_successor_that_is_gone_is_followed() -> None:
    old = turtle(KEPT + "q:A a owl:Class . q:B a owl:Class ; dcterms:isReplacedBy q:Weld .")
    new = turtle(KEPT + "q:A a owl:Class ; owl:deprecated true ; dcterms:isReplacedBy q:B .")

    found = {one.term.removeprefix(Q): one for one in migrations(old, new)}

    assert {name: one.successor for name, one in found.items()} == {
        "A": Q + "Weld",
        "B": Q + "Weld",
    }
    assert not found["A"].removed
    assert found["B"].removed


def test_one_graph_alone_is_migrated_where_it_is_named() -> None:
    store = ox.Store()
    store.update(DATA)
    weld = next(one for one in migrations(turtle(OLD), turtle(KEPT)) if one.term == Q + "OldWeld")

    store.update(weld.update("urn:one"))

    assert _count(store, weld.count()) == 2, "those of the other graph stay"


def test_successors_in_a_circle_are_refused() -> None:
    old = turtle(KEPT + "q:A dcterms:isReplacedBy q:B . q:B dcterms:isReplacedBy q:A .")

    with pytest.raises(Conflict, match="circle"):
        migrations(old, turtle(KEPT))


def test_a_step_back_goes_by_what_the_new_release_says() -> None:
    old = turtle(
        KEPT
        + "q:A a owl:Class ; owl:deprecated true ; dcterms:isReplacedBy q:B . q:B a owl:Class ."
    )
    new = turtle(
        KEPT
        + "q:A a owl:Class . q:B a owl:Class ; owl:deprecated true ; dcterms:isReplacedBy q:A ."
    )

    assert [(one.term, one.successor) for one in migrations(old, new)] == [(Q + "B", Q + "A")]


@pytest.mark.parametrize("said", ["q:Weld, q:force", '"Weld"', "[ a owl:Class ]"])
def test_what_is_no_one_term_is_no_successor(said: str) -> None:
    old = turtle(KEPT + "q:A a owl:Class ; dcterms:isReplacedBy q:Weld .")
    new = turtle(KEPT + f"q:A a owl:Class ; owl:deprecated true ; dcterms:isReplacedBy {said} .")

    assert [one.successor for one in migrations(old, new)] == [""]


@pytest.mark.parametrize("unit", ['; q:canonicalUnit "bar"', ""])
def test_values_do_not_go_to_a_parameter_in_another_unit(unit: str) -> None:
    old = turtle(KEPT + 'q:P q:canonicalUnit "kPa" .')
    new = turtle(
        KEPT + 'q:P q:canonicalUnit "kPa" ; owl:deprecated true ; dcterms:isReplacedBy q:R . '
        f"q:R a owl:DatatypeProperty {unit} ."
    )

    assert [one.successor for one in migrations(old, new)] == [""]


def test_values_go_to_a_parameter_in_the_same_unit() -> None:
    old = turtle(KEPT + 'q:P q:canonicalUnit "kPa" ; dcterms:isReplacedBy q:R .')
    new = turtle(KEPT + 'q:R a owl:DatatypeProperty ; q:canonicalUnit "kPa" .')

    assert [one.successor for one in migrations(old, new)] == [Q + "R"]


@pytest.mark.parametrize(
    ("was", "says", "successor"),
    [
        ("q:A a owl:Class ; dcterms:isReplacedBy q:Weld, q:force .", "", ""),
        ("q:A a owl:Class ; dcterms:isReplacedBy q:Nowhere .", "", ""),
        ("q:A a owl:Class .", "q:A dcterms:isReplacedBy <urn:other:Weld> .", "urn:other:Weld"),
        ("q:A a owl:Class ; dcterms:isReplacedBy q:force .", "q:A dcterms:isReplacedBy q:Weld .", Q + "Weld"),
    ],
    ids=["two successors", "one that is nowhere", "one of another vocabulary", "what the new release says"],
)  # fmt: skip
def test_a_successor_is_one_that_stands(was: str, says: str, successor: str) -> None:
    (found,) = migrations(turtle(KEPT + was), turtle(f"{KEPT} q:A owl:deprecated true . {says}"))

    assert (found.term, found.successor) == (Q + "A", successor)


def test_what_was_deprecated_before_and_headers_of_modules_ask_nothing() -> None:
    old = KEPT + "q:A owl:deprecated true ; dcterms:isReplacedBy q:Weld ."
    moved = old.replace("module/x", "module/y")

    assert migrations(turtle(old), turtle(moved)) == ()


def test_updates_are_those_of_terms_with_a_successor() -> None:
    found = migrations(turtle(OLD), turtle(KEPT))

    assert [one.term.removeprefix(Q) for one in found] == ["Lost", "OldWeld", "pressure"]
    assert len(list(updates(found))) == 2


def test_the_same_release_asks_nothing() -> None:
    assert migrations(turtle(OLD), turtle(OLD)) == ()
