"""The architect's door: an edited module becomes a request, a release, and the former release stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import NotFound
from tests.ontology.test_proposal import ADDED, HEAD

TERM = "https://w3id.org/qonto/LaserWarpage"
LI = {"Qualweave-Principal": "li"}
WANG = {"Qualweave-Principal": "wang"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, cache_dir=tmp_path / "cache", dev=True)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(Service(settings), settings, pages=False)) as served:
        yield served


def _propose(client: TestClient, text: str = ADDED) -> Any:
    reply = client.post("/change-requests", content=text.encode(), headers=LI)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _known(client: TestClient, graph: str = "") -> bool:
    source = f"FROM <{graph}>" if graph else ""
    query = f"ASK {source} {{ <{TERM}> a <http://www.w3.org/2002/07/owl#Class> }}"
    found: bool = client.get("/sparql", params={"query": query}).json()["boolean"]
    return found


def _accept(client: TestClient, request: str, who: dict[str, str]) -> Any:
    return client.post(f"/ontology/change-requests/{request}/accept", headers=who)


def test_a_proposal_is_told_in_words_and_listed(client: TestClient) -> None:
    opened = _propose(client)

    listed = client.get("/ontology/change-requests", params={"state": "open"}).json()["requests"]

    assert opened["statement"]["zh"].startswith("新增 1 个术语")
    assert [one["id"] for one in listed] == [opened["id"]]
    assert client.get("/change-requests").json()["requests"] == []  # those are the mapper's


def test_asked_twice_it_is_one_request(client: TestClient) -> None:
    assert _propose(client)["id"] == _propose(client)["id"]


def test_an_accepted_request_is_a_release_and_the_former_stays(client: TestClient) -> None:
    former = client.get("/ontology/releases").json()["releases"][0]["graph"]
    opened = _propose(client)

    reply = _accept(client, opened["id"], WANG)

    assert reply.status_code == 200, reply.text
    releases = client.get("/ontology/releases").json()["releases"]
    assert [one["state"] for one in releases] == ["current", "former"]
    assert releases[0]["graph"] == reply.json()["release"]
    assert releases[0]["request"] == opened["id"]
    assert _known(client)
    assert _known(client, releases[0]["graph"])
    assert not _known(client, former)
    assert client.get("/combinations/激光翘曲").json()["title"] == "not enough evidence"


def test_nobody_accepts_a_request_of_their_own(client: TestClient) -> None:
    opened = _propose(client)

    reply = _accept(client, opened["id"], LI)

    assert (reply.status_code, reply.json()["next_step_zh"]) == (403, "请由另一位架构师审批。")


def test_a_request_with_findings_is_not_accepted(client: TestClient) -> None:
    opened = _propose(client, HEAD + 'q:Blob a owl:Class ; rdfs:label "blob"@en .')

    reply = _accept(client, opened["id"], WANG)

    assert reply.status_code == 409
    assert "findings" in reply.json()["detail"]


def test_a_refusal_takes_a_reason_and_is_final(client: TestClient) -> None:
    opened = _propose(client)
    where = f"/ontology/change-requests/{opened['id']}/refuse"

    assert client.post(where, json={"reason": ""}, headers=WANG).status_code == 400
    refused = client.post(where, json={"reason": "a synonym of warpage"}, headers=WANG).json()
    assert (refused["state"], refused["decision_reason"]) == ("refused", "a synonym of warpage")
    assert _accept(client, opened["id"], WANG).status_code == 409
    assert not _known(client)


def test_a_reader_proposes_nothing(client: TestClient) -> None:
    reader = {**LI, "Qualweave-Roles": "reader"}

    reply = client.post("/change-requests", content=ADDED.encode(), headers=reader)

    assert reply.status_code == 403
    assert client.get("/ontology/change-requests").json()["requests"] == []


def test_an_engineer_proposes_and_does_not_decide(client: TestClient) -> None:
    opened = _propose(client)

    reply = _accept(client, opened["id"], {**WANG, "Qualweave-Roles": "engineer"})

    assert reply.status_code == 403


def test_two_accepted_at_once_are_both_released(client: TestClient) -> None:
    other = (
        ADDED.replace("LaserWarpage", "RoomWarpage")
        .replace("laser", "room")
        .replace("激光", "房间")
    )
    opened = [_propose(client)["id"], _propose(client, other)["id"]]

    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda one: _accept(client, one, WANG), opened))

    assert [one.status_code for one in replies] == [200, 200], [one.text for one in replies]
    assert _known(client)
    assert client.get("/combinations/RoomWarpage").json()["title"] == "not enough evidence"
    releases = client.get("/ontology/releases").json()["releases"]
    assert len({one["graph"] for one in releases}) == 3


def test_a_release_survives_a_restart(client: TestClient, settings: Settings) -> None:
    opened = _propose(client)
    _accept(client, opened["id"], WANG)
    client.app.state.service.close()  # type: ignore[attr-defined]  # the application of this test

    service = Service(settings)

    assert TERM in service.terms
    with service.store.snapshot() as snapshot:
        assert len(snapshot.graphs("ontology")) == 1
    service.close()


def test_the_command_line_walks_the_same_door(tmp_path: Path) -> None:
    file = tmp_path / "laser.ttl"
    file.write_text(ADDED, "utf-8")
    data = ["--data", str(tmp_path / "data")]
    Service(Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")).close()
    run = CliRunner()

    told = run.invoke(command_line, ["ontology", "propose", str(file), *data, "--as", "li"])
    request = told.output.split()[0]
    released = run.invoke(command_line, ["ontology", "accept", request, *data, "--as", "wang"])

    assert "The term 'laser warpage' is new." in told.output
    assert "released: https://w3id.org/qonto/release/" in released.output, released.exception
    assert "former" in run.invoke(command_line, ["ontology", "releases", *data]).output


def test_the_command_line_makes_no_store_where_there_is_none(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        command_line, ["ontology", "releases", "--data", str(tmp_path / "none")]
    )

    assert isinstance(told.exception, NotFound)
    assert "--url" in told.exception.next_step
    assert not (tmp_path / "none").exists()
