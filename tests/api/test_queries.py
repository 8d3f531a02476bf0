"""The analyst's templates over HTTP, on the example plant."""

import io

import polars as pl
import pytest

from qualweave.iri import Q, local_name
from tests.api.conftest import Plant

pytestmark = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])


def _rows(plant: Plant, url: str, **values: str) -> list[dict[str, str]]:
    reply = plant.client.get(url, params=values)
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def test_every_class_is_listed_with_its_templates(plant: Plant) -> None:
    all_classes = plant.client.get("/queries").json()
    welding = plant.client.get("/queries", params={"q": "焊接 电流"}).json()

    assert all_classes["count"] == sum(one.kind == "class" for one in plant.service.terms)
    assert "WeldCurrent" in [one["name"] for one in welding["classes"]]


def test_a_class_gives_its_four_templates_with_parameters_and_sparql(plant: Plant) -> None:
    told = plant.client.get("/queries/焊接电流").json()

    assert [one["kind"] for one in told["templates"]] == ["list", "by-id", "trace", "aggregate"]
    assert told["templates"][0]["units"] == {"value": "A"}
    assert {one["name"]: one["required"] for one in told["templates"][1]["parameters"]}["thing"]


def test_templates_of_all_corners_of_the_ontology_answer(plant: Plant) -> None:
    names = [one["name"] for one in plant.client.get("/queries").json()["classes"]][::14]
    for name in names:
        rows = _rows(plant, f"/queries/{name}/list")
        _rows(plant, f"/queries/{name}/aggregate")
        if rows:
            thing = rows[0]["thing"]

            assert _rows(plant, f"/queries/{name}/by-id", thing=thing)
            _rows(plant, f"/queries/{name}/trace", thing=thing)


def test_pages_of_a_list_meet_without_a_gap_or_a_repetition(plant: Plant) -> None:
    pages = [
        [one["thing"] for one in _rows(plant, "/queries/Alarm/list", limit="40", offset=str(at))]
        for at in range(0, 160, 40)
    ]
    whole = _rows(plant, "/queries/Alarm/list", limit="1000", order="id")

    read = [one for page in pages for one in page]
    assert len(read) == len(set(read)) == len(whole)
    assert set(read) == {one["thing"] for one in whole}
    assert all(page == sorted(page) for page in pages)
    assert [one["thing"] for one in whole] == sorted(read)


def test_an_aggregate_agrees_with_the_list(plant: Plant) -> None:
    counted = {
        local_name(r["class"]): r["count"] for r in _rows(plant, "/queries/Defect/aggregate")
    }
    listed = _rows(plant, "/queries/WeldDefect/list", limit="1000")

    assert counted["WeldDefect"] == len(listed)


def test_the_trace_of_a_lot_names_the_rest_call_and_its_neighbours_are_the_genealogys(
    plant: Plant,
) -> None:
    lot = plant.oracle("incidents.json")["who-ate-this-lot"]["as_written"]["mes"]

    reply = plant.client.get(
        "/queries/MaterialItem/trace", params={"thing": lot, "limit": "1000"}
    ).json()
    beside = {
        row["from"]
        for row in reply["rows"]
        if row["relation"] == Q + "derivedFromMaterial" and row["to"].endswith("NCM2501-0003")
    }

    traced = plant.client.get(f"/trace/{lot}", params={"direction": "forward"}).json()
    assert beside == {one["item"] for one in traced["nodes"] if one["depth"] == 1}
    assert reply["call"].startswith("GET /trace/{thing}")


def test_an_answer_is_json_csv_parquet_or_a_table_with_units(plant: Plant) -> None:
    url = "/queries/WeldCurrent/list"
    told = plant.client.get(url, params={"limit": "7"}).json()

    csv = plant.client.get(url, params={"limit": "7"}, headers={"Accept": "text/csv"})
    parquet = plant.client.get(url, params={"limit": "7", "format": "parquet"})
    table = plant.client.get(url, params={"limit": "7", "format": "table"})

    frame = pl.read_parquet(io.BytesIO(parquet.content))
    assert frame["value"].to_list() == [row["value"] for row in told["rows"]]
    assert pl.read_csv(csv.content)["value [A]"].to_list() == frame["value"].to_list()
    assert '"unit":"A"' in pl.read_parquet_metadata(io.BytesIO(parquet.content))["qualweave"]
    assert {"name": "value", "type": "number", "unit": "A"} in told["columns"]
    assert "value [A]" in table.text.splitlines()[0]
    assert len(table.text.splitlines()) == 9


@pytest.mark.parametrize(
    ("url", "status", "word"),
    [
        ("/queries/Warpaeg", 404, "Warpage"),
        ("/queries/Warpage/sum", 400, "kind"),
        ("/queries/Warpage/by-id", 400, "thing"),
        ("/queries/Warpage/by-id?thing=NOTHING-OF-THE-KIND", 404, "/queries/Warpage/list"),
        ("/queries/Warpage/list?limit=5%20OFFSET%203", 400, "whole number"),
        ("/queries/Warpage/list?colour=red", 400, "limit"),
        ("/queries/Warpage/list?limit=5&limit=6", 400, "twice"),
        ("/queries/Warpage/list?format=xlsx", 400, "format"),
        (
            "/queries/Warpage/by-id?thing=https://x.org/a%3E%20?p%20?o%20.%20%3Chttps://x.org/b",
            400,
            "IRI",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_next_step(
    plant: Plant, url: str, status: int, word: str
) -> None:
    reply = plant.client.get(url)

    assert reply.status_code == status
    assert word in reply.text
    assert reply.json()["type"].startswith("https://w3id.org/qonto/problem/")
    assert reply.json()["next_step_zh"]


def test_another_tenant_sees_nothing_of_a_list(plant: Plant) -> None:
    reply = plant.client.get("/queries/WeldCurrent/list", headers={"Qualweave-Tenant": "other"})

    assert reply.json()["rows"] == []
