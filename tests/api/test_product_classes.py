"""Classes of products over HTTP: looked up, filled by an architect, and put into force as heavy or light (R35)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.iri import Q

FILLING = {"name": "reducers", "name_zh": "减速器", "level": "lot", "classes": ["Reducer"]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("classes")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as served:
        yield served


def test_a_class_is_looked_up_and_an_unknown_one_refused(client: TestClient) -> None:
    assert len(client.get("/product-classes").json()["classes"]) == 12
    assert client.get("/product-classes/锂电池").json()["item_level"] is True

    reply = client.get("/product-classes/solr panel")

    assert reply.status_code == 404
    assert "'solr panel'" in reply.json()["detail"]
    assert reply.json()["nearest"][0] == "photovoltaic"


def test_an_adopted_class_sets_the_trace_policies_of_its_items(client: TestClient) -> None:
    place = "/product-classes/slot-04"
    assert client.post(f"{place}/fill", json=FILLING).json()["zh"] == "减速器须按批追溯。"
    assert client.post(f"{place}/adopt", json={}).status_code == 200
    told = client.post(
        "/product-classes/lithium-ion/adopt", json={"classes": ["Electrolyte"]}
    ).json()

    assert {one["class"].removeprefix(Q): one["weight"] for one in told["policies"]} == {
        "Reducer": "light", "BatteryCell": "heavy", "BatteryModule": "heavy", "BatteryPack": "heavy", "Electrolyte": "heavy",
    }  # fmt: skip
    assert client.get("/trace-policies").json()["policies"] == told["policies"]


def test_a_class_without_item_classes_is_adopted_with_some_named(client: TestClient) -> None:
    refused = client.post("/product-classes/automotive/adopt", json={})
    assert (refused.status_code, refused.json()["code"]) == (400, "automotive")

    tenant = {"Qualweave-Tenant": "cars"}
    told = client.post(
        "/product-classes/automotive/adopt", json={"classes": ["MachinedPart"]}, headers=tenant
    )
    assert told.json()["policies"] == [{"class": Q + "MachinedPart", "weight": "heavy"}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/product-classes/slot-05/fill", FILLING | {"name": "x", "name_zh": "某"}),
        ("/product-classes/photovoltaic/adopt", {}),
    ],
)
def test_only_an_architect_changes_the_table(
    client: TestClient, path: str, body: dict[str, object]
) -> None:
    assert client.post(path, json=body, headers={"Qualweave-Roles": "engineer"}).status_code == 403


def test_a_class_of_no_items_is_refused(client: TestClient) -> None:
    body = FILLING | {"name": "y", "name_zh": "某物", "classes": ["Welding"]}

    assert client.post("/product-classes/slot-06/fill", json=body).status_code == 404
