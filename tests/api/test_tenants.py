"""Another tenant: whatever it asks, of whatever it knows the name, nothing of the plant answers."""

from typing import Any

import pytest

from tests.api.conftest import Plant

pytestmark = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
STRANGER = {"Qualweave-Tenant": "other", "Qualweave-Principal": "eve"}


def _names(plant: Plant) -> dict[str, str]:
    told = plant.oracle("incidents.json")
    return {
        "station": told["weld-intervention"]["station"],
        "card": told["card-coach"]["draft_card"],
        "module": told["pid-change"]["module_lots"][0],
        "change": told["pid-change"]["change"],
        "lot": told["who-ate-this-lot"]["item"].rsplit("/", 1)[-1],
        "pack": told["who-ate-this-lot"]["packs"][0].rsplit("/", 1)[-1],
        "test": told["freeze"]["bad_test"],
        "defect": told["coupled-failure"]["defect"],
        "code": told["scoped-code"]["code"],
    }


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        ("/trace/{pack}", 404),
        ("/recall/{lot}", 404),
        ("/causes/{module}", 404),
        ("/combinations/{defect}", 422),
        ("/items/{pack}", 404),
        ("/scan/{pack}", 404),
        ("/passports/{pack}", 404),
        ("/codes/{code}", 404),
        ("/graph/neighbourhood?iri=https://example.org/id/plant/change/{change}", 404),
        ("/parameter-changes/orphans", {"changes": []}),
        ("/change-requests", {"requests": []}),
        ("/ontology/change-requests", {"requests": []}),
        ("/quarantine", {"rows": []}),
        ("/hypotheses", {"hypotheses": []}),
        ("/freezes", {"freezes": []}),
        ("/mappings", {"sources": []}),
        ("/audit", {"count": 0, "results": []}),
        ("/provenance?s=https://example.org/id/plant/change/{change}", 404),
    ],
)
def test_a_route_answers_a_stranger_as_if_nothing_were_there(
    plant: Plant, path: str, empty: Any
) -> None:
    reply = plant.client.get(path.format(**_names(plant)), headers=STRANGER)

    if isinstance(empty, int):
        assert reply.status_code == empty, reply.text
    else:
        assert {key: reply.json()[key] for key in empty} == empty


@pytest.mark.parametrize(
    "asked", [{"station": "{station}"}, {"card": "{card}"}, {"observation": "{test}"}]
)
def test_nothing_is_decided_for_a_stranger(plant: Plant, asked: dict[str, str]) -> None:
    names = _names(plant)
    wanted = {key: value.format(**names) for key, value in asked.items()}
    ours = {key: f"https://example.org/id/plant/{_kind(key)}/{one}" for key, one in wanted.items()}

    for given in (wanted, ours):
        reply = plant.client.post("/decisions", json=given, headers=STRANGER)

        assert reply.status_code in (404, 422), reply.text


def _kind(key: str) -> str:
    return {"station": "equipment", "card": "card", "observation": "inspection"}[key]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s WHERE { ?s a q:Alarm }",
        "SELECT ?s WHERE { ?s a q:Activity }",  # an entailed type
        "SELECT ?s WHERE { GRAPH ?g { ?s a q:ChangeRequest } }",
        "SELECT ?s WHERE { GRAPH ?g { ?s q:producedBy ?o } }",
        "SELECT ?s FROM <https://example.org/id/graph/governance/plant> WHERE { ?s ?p ?o } LIMIT 5",
        "SELECT ?s FROM <https://example.org/id/graph/entailed/plant> WHERE { ?s ?p ?o } LIMIT 5",
        "SELECT ?s FROM <https://example.org/id/graph/merged/plant> WHERE { ?s ?p ?o } LIMIT 5",
        "SELECT ?s FROM <https://example.org/id/graph/catalogue> WHERE { ?s ?p ?o } LIMIT 5",
    ],
)
def test_no_query_finds_a_strangers_triple(plant: Plant, query: str) -> None:
    own = plant.client.get("/sparql", params={"query": query})
    reply = plant.client.get("/sparql", params={"query": query}, headers=STRANGER)

    assert reply.json()["results"]["bindings"] == []
    kept_by_the_store = "merged" in query or "catalogue" in query
    assert bool(own.json()["results"]["bindings"]) is not kept_by_the_store


def test_the_figures_of_a_stranger_are_nought(plant: Plant) -> None:
    found = plant.client.get("/status", headers=STRANGER).json()

    assert [found[one] for one in ("files", "quads", "items", "genealogy_edges")] == [0, 0, 0, 0]
    assert found["terms"] > 500


def test_templates_and_questions_answer_a_stranger_with_no_row(plant: Plant) -> None:
    listed = plant.client.get("/queries/Alarm/list", headers=STRANGER).json()
    asked = plant.client.get("/ask", params={"q": "open-deliveries"}, headers=STRANGER).json()

    assert (listed["count"], asked["count"]) == (0, 0)
    assert plant.client.get("/queries/Alarm/list").json()["count"] > 0
