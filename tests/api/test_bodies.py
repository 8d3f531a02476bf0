"""JSON that is sent has known keys only: a slip of the pen is refused with the nearest key, at every endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from qualweave.api.app import add_rooms, make_app
from qualweave.api.service import Service
from qualweave.config import Settings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("bodies")
    settings = Settings(data_dir=folder, dev=True, publish_interval_ms=0)
    with TestClient(make_app(Service(settings), settings, pages=False)) as served:
        yield served


def test_no_endpoint_takes_keys_that_it_does_not_know() -> None:
    api = add_rooms().openapi()
    sent = {
        body["schema"].get("$ref") or body["schema"]["anyOf"][0]["$ref"]
        for operations in api["paths"].values()
        for one in operations.values()
        if (body := one.get("requestBody", {}).get("content", {}).get("application/json"))
    }
    names = {one.rsplit("/", 1)[-1] for one in sent}
    schemas = api["components"]["schemas"]

    assert len(names) > 15
    assert [one for one in sorted(names) if schemas[one].get("additionalProperties", True)] == []


def test_an_unknown_key_is_refused_with_the_nearest(client: TestClient) -> None:
    body = {
        "action": "reject",
        "questions": ["x"],
        "resaon": "a counter",
        "new_term": {"lable_en": "y"},
    }

    reply = client.post("/reviews", json=body)

    problem = reply.json()
    assert reply.status_code == 400
    assert "body.resaon: there is no such key" in problem["detail"]
    assert "body.new_term.lable_en: there is no such key" in problem["detail"]
    assert "body.resaon：没有这个键" in problem["detail_zh"]
    assert problem["nearest"]["resaon"][0] == "reason"
    assert problem["nearest"]["lable_en"][0] == "label_en"
    assert problem["next_step"].startswith("Nearest keys ")
    assert "resaon：reason" in problem["next_step_zh"]


def test_a_body_that_may_be_left_out_is_held_to_it_too(client: TestClient) -> None:
    reply = client.post("/ontology/train/depart", json={"earl": True})

    assert reply.json()["nearest"]["earl"][0] == "early"


def test_a_key_like_none_leads_to_the_schema(client: TestClient) -> None:
    reply = client.put("/trace-policies/Cell", json={"weight": "heavy", "zzz": 1})

    assert reply.status_code == 400
    assert reply.json()["next_step"] == "Compare it with /openapi.json."


def test_answers_are_read_strictly(client: TestClient) -> None:
    reply = client.post("/change-requests/answers", content=b"- field: a\n  trem: q:X\n")

    assert reply.status_code == 400
    assert reply.json()["detail"].startswith("answers, line 2, key 0.trem: there is no such key")
