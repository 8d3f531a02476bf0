"""The doors of the running service, over the example plant and against its oracle."""

from urllib.parse import quote, unquote

import pytest

from qualweave.iri import local_name
from tests.api.conftest import Plant


def _name(iri: str) -> str:
    return iri if "id.gs1.org" in iri else local_name(iri)


def test_every_row_is_in_the_graph_in_quarantine_or_waiting(plant: Plant) -> None:
    report = plant.report
    parts = sum(report.total(one) for one in ("rows_lifted", "rows_quarantined", "rows_waiting"))

    assert report.total("rows_read") == parts
    assert report.refused == ()


def test_the_genealogy_is_that_of_the_oracle(plant: Plant) -> None:
    lines = (plant.manifest.oracle / "genealogy.csv").read_text("utf-8").splitlines()[1:]
    expected = {tuple(line.split(",")) for line in lines}

    with plant.service.store.snapshot() as snapshot:
        index = plant.service.index(snapshot, "plant")
        found = {
            (_name(child), _name(parent))
            for item in index.items()
            for child, parent in index.edges_among([item], "back")
        }

    assert found == expected


@pytest.mark.parametrize(("direction", "told"), [("back", "backward"), ("forward", "forward")])
def test_a_trace_over_seven_levels_is_that_of_the_oracle(
    plant: Plant, direction: str, told: str
) -> None:
    closures = plant.oracle("closures.json")
    checked = 0
    for item, answer in list(closures.items())[::4]:
        if not answer["backward"] and not answer["forward"]:
            continue
        reply = plant.client.get(f"/trace/{quote(item, safe='')}", params={"direction": direction})

        assert reply.status_code == 200, reply.text
        assert {_name(node["item"]) for node in reply.json()["nodes"][1:]} == set(answer[told])
        checked += 1
    assert checked > 10


def test_a_trace_carries_the_parameters_of_its_steps(plant: Plant) -> None:
    pack = plant.oracle("levels.json")["pack"][0]

    steps = plant.client.get(f"/trace/{quote(pack, safe='')}", params={"step_limit": 2000}).json()[
        "steps"
    ]

    measured = [step for step in steps if step["parameters"]]
    assert any("https://w3id.org/qonto/WeldCurrent" in step["parameters"] for step in measured)
    assert all(step["parameters"] for step in measured)


def test_an_unknown_item_names_the_nearest(plant: Plant) -> None:
    pack = local_name(plant.oracle("levels.json")["cell"][0])

    reply = plant.client.get(f"/trace/{pack}X")

    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json()["nearest"]
    assert reply.json()["next_step_zh"]


def test_a_recall_names_the_items_and_their_classes(plant: Plant) -> None:
    lot, told = next(
        (item, answer)
        for item, answer in plant.oracle("closures.json").items()
        if len(answer["forward"]) > 5
    )

    scope = plant.client.get(f"/recall/{quote(lot, safe='')}").json()

    assert scope["count"] == len(told["forward"])
    assert sum(scope["by_class"].values()) == scope["count"]


def test_one_code_means_two_things_on_two_machines(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["scoped-code"]
    query = """
    SELECT DISTINCT ?machine ?meaning WHERE {
      ?entry q:code "%s" ; q:denotes ?meaning ; q:validInContext/q:contextMachine ?machine }
    """

    rows = plant.client.get("/sparql", params={"query": query % told["code"]}).json()["results"][
        "bindings"
    ]

    found = {
        local_name(row["machine"]["value"]): local_name(row["meaning"]["value"]) for row in rows
    }
    assert found == told["meanings"]


def test_a_code_of_an_unknown_machine_is_quarantined_and_not_guessed(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["scoped-code"]

    rows = plant.client.get("/quarantine").json()["rows"]

    assert any(told["unknown_machine"] in row["file"] for row in rows)


def test_two_names_without_a_shared_word_are_one_parameter(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["field-temperature"]
    query = "SELECT DISTINCT ?term WHERE { ?field q:fieldName ?name ; q:mapsTo ?term FILTER(?name IN (%s)) }"
    names = ", ".join(f'"{one["column"]}"' for one in told["fields"])

    rows = plant.client.get("/sparql", params={"query": query % names}).json()["results"][
        "bindings"
    ]

    assert {local_name(row["term"]["value"]) for row in rows} == {told["term"]}


def test_a_bare_field_asks_and_the_same_field_in_company_is_known(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["context-field"]
    requests = plant.client.get("/change-requests").json()["requests"]
    asked = {(one["proposal"].get("source"), one["proposal"].get("column")) for one in requests}
    by_file = {one.file: one for one in plant.report.files}

    assert (by_file[told["ambiguous_file"]].sources[0], told["column"]) in asked
    assert (by_file[told["file"]].sources[0], told["column"]) not in asked


def test_a_triple_leads_to_file_row_and_column(plant: Plant) -> None:
    query = "SELECT ?s ?v WHERE { ?s q:WeldCurrent ?v } LIMIT 1"
    row = plant.client.get("/sparql", params={"query": query}).json()["results"]["bindings"][0]

    origin = plant.client.get(
        "/provenance", params={"s": row["s"]["value"], "p": "q:WeldCurrent"}
    ).json()[0]

    assert origin["file_name"]
    assert origin["row"] > 0
    assert origin["columns"]


def test_the_audit_names_unit_operation_and_missing_dimension(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["four-dimensions"]
    results = [
        one
        for one in plant.client.get("/audit").json()["results"]
        if one["shape"].endswith("BoundEnvironment")
    ]

    assert {local_name(one["focus"]) for one in results} >= set(told["operations"])
    assert any(told["units"][0] in one["message"]["en"] for one in results)


def test_an_update_is_refused_and_a_bad_query_told_where(plant: Plant) -> None:
    update = plant.client.get("/sparql", params={"query": "INSERT DATA { <a:b> <a:c> <a:d> }"})
    broken = plant.client.post("/sparql", data={"query": "SELECT ?s WHERE { ?s"})

    assert (update.status_code, broken.status_code) == (400, 400)
    assert "line 1" in broken.json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "body", "told"),
    [
        ("application/sparql-update", "SELECT ?s { ?s ?p ?o } LIMIT 1", "only reads"),
        ("application/x-www-form-urlencoded", "update=SELECT+*+%7B%7D", "only reads"),
        ("application/x-www-form-urlencoded", "query=ASK+%7B%7D&query=ASK+%7B%7D", "2 queries"),
    ],
)
def test_what_the_protocol_does_not_allow_is_not_run_as_something_else(
    content_type: str, body: str, told: str, plant: Plant
) -> None:
    reply = plant.client.post("/sparql", content=body, headers={"Content-Type": content_type})
    twice = plant.client.get("/sparql?query=ASK+%7B%7D&query=ASK+%7B%7D")

    assert (reply.status_code, twice.status_code) == (400, 400)
    assert told in reply.json()["detail"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT ?i { ?i q:prodcedBy ?o }", "q:prodcedBy (nearest: q:producedBy"),
        ("SELECT ?i { ?i a q:翘曲 }", "q:翘曲 (nearest: q:Warpage"),
        ('SELECT ?i { ?i q:producedBy ?o FILTER(?o = "q:nothing") } # q:neither', ""),
        ("SELECT ?i { ?i q:producedBy ?o } LIMIT 1", ""),
    ],
)
def test_a_name_that_nobody_has_is_told_beside_the_answer(
    query: str, told: str, plant: Plant
) -> None:
    reply = plant.client.post(
        "/sparql", content=query, headers={"Content-Type": "application/sparql-query"}
    )

    assert reply.status_code == 200
    assert unquote(reply.headers.get("Qualweave-Unknown-Terms", "")).startswith(told)
    assert ("Qualweave-Unknown-Terms" in reply.headers) is bool(told)


def test_another_tenant_sees_no_data(plant: Plant) -> None:
    reply = plant.client.get(
        "/sparql",
        params={"query": "SELECT * WHERE { ?s q:WeldCurrent ?v }"},
        headers={"Qualweave-Tenant": "other"},
    )

    assert reply.json()["results"]["bindings"] == []


def test_status_and_health_answer(plant: Plant) -> None:
    assert plant.client.get("/healthz").json()["status"] == "ok"
    assert plant.client.get("/status").json()["genealogy_edges"] > 500


def test_a_new_field_of_a_known_device_is_suggested_in_words_of_the_ontology(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["new-field"]

    assert told["sentence_zh"] in {one["zh"] for one in plant.asked}


def test_three_voices_of_one_trouble_are_one_concept(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["three-voices"]

    read = [
        plant.client.post("/voices", json={"text": one["text"]}).json() for one in told["voices"]
    ]

    assert {local_name(one["entity"]) for one in read} == {told["concept"]}
    assert [one["attribute"] for one in read] == [one["attribute"] for one in told["voices"]]
