"""The impact of a change: what uses a term, beside what independent readers find to break."""

import random
import re
from functools import lru_cache
from typing import Any

import pytest
from rdflib import Graph
from rdflib.namespace import RDF, SH
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery

from qualweave.api.impact import OtherTenants, RuleUses, impact_of
from qualweave.impact import Use
from qualweave.iri import PREFIXES, Q, local_name
from qualweave.ontology.findings import terms_of
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.shapes.load import load_shapes
from tests.api.conftest import Plant

SEED, COUNT = 20261125, 50
HEAD = "".join(f"PREFIX {name}: <{iri}> " for name, iri in PREFIXES.items())
one_plant = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])


@lru_cache(maxsize=1)
def _algebras() -> dict[str, str]:
    """Return the text of each question's algebra, which has every IRI in full: what rdflib reads, not we."""
    return {
        one.id: repr(translateQuery(parseQuery(HEAD + one.sparql)).algebra)
        for one in load_catalogue()
    }


def _breaking_questions(term: str) -> set[str]:
    whole = re.compile(re.escape(term) + r"(?!\w)")
    named = {name for name, text in _algebras().items() if whole.search(text)}
    rooted = {
        one.id for one in load_catalogue() if any(each.root == term for each in one.parameters)
    }
    return named | rooted


def _breaking_shapes(term: str) -> set[str]:
    """Return the shapes out of which a walk over the triples leads to a term, or whose SPARQL has its name."""
    shapes, found = load_shapes(), set()
    for shape in shapes.subjects(RDF.type, SH.NodeShape):
        part = shapes.cbd(shape)
        named = any(str(value) == term for value in part.objects())
        text = " ".join(str(value) for value in part.objects(None, SH.select))
        if named or re.search(rf"\bq:{local_name(term)}\b", text):
            found.add(local_name(str(shape)))
    return found


def _rows(plant: Plant, query: str) -> set[str]:
    reply = plant.client.get("/sparql", params={"query": query}).json()
    return {row["one"]["value"] for row in reply["results"]["bindings"]}


def _named(uses: tuple[Use, ...], kind: str) -> set[str]:
    return {use.name for use in uses if use.kind == kind}


@one_plant
def test_fifty_removals_name_every_query_shape_mapping_and_code_that_breaks(plant: Plant) -> None:
    graph = load_graph()
    ours = [str(one) for one in terms_of(graph) if str(one).startswith(Q)]
    drawn = random.Random(SEED).sample(ours, COUNT)
    asked = sorted({term for one in load_catalogue() for term in one.terms})
    drawn += random.Random(SEED).sample(asked, 10)
    broken = 0

    for term in drawn:
        with plant.service.reading("plant") as snapshot:
            uses = impact_of(graph, snapshot, [term])
        mappings = _rows(plant, f"SELECT ?one {{ ?one a q:AcceptedMapping ; q:mapsTo <{term}> }}")
        codes = _rows(plant, f"SELECT ?one {{ ?one q:code ?c ; q:denotes <{term}> }}")

        assert _named(uses, "question") >= _breaking_questions(term), term
        assert _named(uses, "shape") >= _breaking_shapes(term), term
        assert _named(uses, "mapping") == mappings, term
        assert _named(uses, "code") == codes, term
        broken += (
            len(_breaking_questions(term)) + len(_breaking_shapes(term)) + len(mappings | codes)
        )

    assert broken > 50, f"seed {SEED}"


@one_plant
def test_data_is_counted_as_sparql_counts_it(plant: Plant) -> None:
    term = Q + "WeldCurrent"
    query = (
        f"SELECT (COUNT(*) AS ?one) {{ GRAPH ?g {{ {{ ?s <{term}> ?v }} UNION {{ ?s ?p <{term}> }} }}"
        ' FILTER (CONTAINS(STR(?g), "/graph/data/")) }'
    )

    with plant.service.reading("plant") as snapshot:
        uses = impact_of(load_graph(), snapshot, [term])

    counted = {use.name: use.count for use in uses if use.kind == "data"}
    assert str(counted["data"]) in _rows(plant, query)
    assert any(use.kind == "rule" for use in uses)


@one_plant
def test_what_others_say_with_a_term_is_a_number_and_no_name(plant: Plant) -> None:
    term = Q + "WeldCurrent"
    with plant.service.reading("plant") as snapshot:
        mine = impact_of(load_graph(), snapshot, [term])

    theirs = list(OtherTenants(plant.service.store, "elsewhere").uses([term]))

    assert list(OtherTenants(plant.service.store, "plant").uses([term])) == []
    assert {use.kind for use in theirs} == {"of other tenants"}
    told = {use.name: use.count for use in theirs}
    assert told["data"] == sum(use.count for use in mine if use.kind == "data")
    assert told["mapping"] == len(_named(mine, "mapping"))


@pytest.mark.parametrize(
    ("term", "file"),
    [
        ("severityRating", "ontology/codelists/fmea-action-priority.ttl"),
        ("hasQuantityKind", "ontology/"),
        ("requestSubject", "change_request.py"),
        ("InjectionMoulding", "shapes/examples/BoundToolState.trig"),
    ],
)
def test_no_file_of_the_product_is_left_out(term: str, file: str) -> None:
    assert any(use.name.startswith(file) for use in RuleUses().uses([Q + term]))


def test_a_term_above_others_is_used_by_them() -> None:
    class Nothing:
        def select(self, *_: Any, **__: Any) -> list[Any]:
            return []

        def graphs(self, *_: Any) -> list[Any]:
            return []

        def quads(self, *_: Any) -> list[Any]:
            return []

    graph = Graph().parse(
        data="@prefix q: <https://w3id.org/qonto/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> ."
        "@prefix owl: <http://www.w3.org/2002/07/owl#> ."
        "q:B rdfs:subClassOf q:A . q:C rdfs:subClassOf [ a owl:Restriction ; owl:someValuesFrom q:A ] .",
        format="turtle",
    )

    uses = impact_of(graph, Nothing(), [Q + "A"])  # type: ignore[arg-type]

    assert {local_name(name) for name in _named(uses, "term")} == {"B", "C"}
