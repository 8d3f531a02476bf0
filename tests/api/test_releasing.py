"""The release train: what passed leaves as one release, what meets it is left behind; a note says what changed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.ontology.release import current_release
from qualweave.ontology.train import next_train
from tests.api.test_governance import LI, WANG, _propose, _vote
from tests.ontology.test_proposal import ADDED

ROOM = ADDED.replace("LaserWarpage", "RoomWarpage").replace("laser", "room").replace("激光", "房间")
LASER_AGAIN = ADDED.replace("laser", "beam").replace("激光", "光束")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("train")
    settings = Settings(data_dir=folder / "data", dev=True)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as served:
        yield served
    service.close()


def _passed(client: TestClient, text: str) -> str:
    request: str = _propose(client, text)["id"]
    _vote(client, request)
    return request


def _depart(client: TestClient, who: dict[str, str] = WANG, **body: Any) -> Any:
    return client.post("/ontology/train/depart", headers=who, json=body)


@pytest.fixture(scope="module")
def departed(client: TestClient) -> dict[str, Any]:
    """One train with two requests on it, and a third that defines a term of the first otherwise."""
    empty = _depart(client)
    requests = [_passed(client, text) for text in (ADDED, ROOM, LASER_AGAIN)]
    not_passed = _propose(
        client,
        ADDED.replace("LaserWarpage", "LateWarpage").replace("laser", "late").replace("激光", "晚"),
    )["id"]
    waiting = client.get("/ontology/train").json()
    before = client.get("/ontology/releases").json()["releases"][0]
    refused = _depart(client, {**WANG, "Qualweave-Roles": "engineer"})
    left = _depart(client)
    assert left.status_code == 200, left.text
    return {
        "empty": empty, "requests": requests, "not_passed": not_passed, "waiting": waiting,
        "before": before, "refused": refused, "left": left.json(),
    }  # fmt: skip


def test_nobody_on_it_is_said(departed: dict[str, Any]) -> None:
    assert departed["empty"].status_code == 409
    assert "No request has passed" in departed["empty"].json()["detail"]
    assert departed["refused"].status_code == 403


def test_what_passed_leaves_together_and_what_meets_it_stays(
    client: TestClient, departed: dict[str, Any]
) -> None:
    first, second, third = departed["requests"]
    releases = client.get("/ontology/releases").json()["releases"]
    standing = {
        one["id"]: one["state"]
        for one in client.get("/ontology/change-requests").json()["requests"]
    }

    assert [one["id"] for one in departed["waiting"]["requests"]] == [first, second, third]
    assert departed["left"]["requests"] == [first, second]
    assert [one["request"] for one in departed["left"]["left_behind"]] == [third]
    assert "later release" in departed["left"]["left_behind"][0]["en"]
    assert len(releases) == 2
    assert releases[0]["follows"] == departed["before"]["graph"]
    assert standing == {
        first: "accepted", second: "accepted", third: "open", departed["not_passed"]: "open",
    }  # fmt: skip
    for name in ("LaserWarpage", "RoomWarpage"):
        assert client.get(f"/terms/{name}").status_code == 200
    assert client.get("/terms/LateWarpage").status_code == 404


def test_a_note_tells_in_both_languages_what_changed(
    client: TestClient, departed: dict[str, Any]
) -> None:
    version = departed["left"]["release"].rsplit("/", 1)[1]

    note = client.get(f"/ontology/releases/{version}/note").json()

    assert note["requests"] == departed["requests"][:2]
    assert note["follows"] == departed["before"]["version"]
    assert "2 terms new, 0 edited, 0 removed" in note["en"]
    assert "The term 'laser warpage' is new." in note["en"]
    assert "新增 2 个术语" in note["zh"]
    assert "赞成 3 票" in note["zh"]
    assert client.get("/ontology/releases/1999-01-01/note").status_code == 404


def test_a_train_leaves_once_a_quarter_or_early_with_a_reason(
    client: TestClient, departed: dict[str, Any]
) -> None:
    waiting = client.get("/ontology/train").json()

    again = _depart(client)
    bare = _depart(client, early=True)

    assert waiting["train"] == next_train(date.today(), {departed["waiting"]["train"]}).name  # noqa: DTZ011 - the day here
    assert (again.status_code, bare.status_code) == (409, 409)
    assert waiting["day"] in again.json()["detail"]
    early = _depart(client, early=True, reason="the auditor comes").json()
    assert "None of 1 requests can leave" in early["detail"]


def test_a_request_is_found_by_the_beginning_of_its_id(
    client: TestClient, departed: dict[str, Any]
) -> None:
    whole = departed["not_passed"]

    found = client.get(f"/ontology/change-requests/{whole[:6]}", headers=LI)
    vague = client.get(f"/ontology/change-requests/{whole[:2]}", headers=LI)

    assert found.json()["id"] == whole
    assert vague.status_code == 404


def test_the_command_line_shows_the_train_and_the_note(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    settings = Settings(data_dir=tmp_path / "data")
    Service(settings).close()
    version = current_release().version
    run = CliRunner()

    train = run.invoke(command_line, ["ontology", "train", *data])
    note = run.invoke(command_line, ["ontology", "note", version, "--language", "zh", *data])

    assert "No request has passed yet" in train.output
    assert f"# Q-Ontology {version}" in note.output
    assert "新增" in note.output


def test_a_term_has_a_page_with_its_history(client: TestClient, departed: dict[str, Any]) -> None:
    version = departed["left"]["release"].rsplit("/", 1)[1]

    page = client.get("/ontology/pages/LaserWarpage", params={"lang": "zh"})
    by_name = client.get("/ontology/pages/laser warpage", headers={"Accept-Language": "en"})
    mapped = client.get("/ontology/pages/Equipment", headers={"Accept-Language": "en"})
    index = client.get("/ontology/pages")

    assert f"{version}: 术语“激光翘曲”为新增。" in page.text
    assert "is new." in by_name.text
    assert "Mappings to other vocabularies" in mapped.text
    assert 'href="/ontology/pages/LaserWarpage?lang=en"' in index.text
    assert client.get("/ontology/pages/Nothing").status_code == 404
