"""Lost tags and trace policies over HTTP: inferred links beside a trace, policies that the audit holds the graph to."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.principal import SYSTEM
from tests.reasoning.graphs import item
from tests.reasoning.lost_tags import PackLine

LINE = PackLine(lost=(2, 9, 17, 23, 30, 38))
READER = {"qualweave-roles": "reader"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("line")
    settings = Settings(data_dir=folder, dev=True, publish_interval_ms=0)
    service = Service(settings)
    service.store.commit(LINE.change_sets(), principal=SYSTEM)
    service.store.publish()
    with TestClient(make_app(service, settings, pages=False)) as found:
        yield found


def trace(client: TestClient, name: str, **params: object) -> dict[str, object]:
    return client.get(f"/trace/{quote(item(name), safe='')}", params=params).json()  # type: ignore[arg-type, no-any-return]


def test_lost_tags_are_inferred_published_and_shown_beside_a_trace(client: TestClient) -> None:
    before = trace(client, "P0", inferred=True)
    found = client.post("/rebinding").json()
    told, beside = trace(client, "P0"), trace(client, "P0", inferred=True)

    assert before["inferred"] == {"nodes": [], "edges": [], "told_edges": []}
    assert {(one["child"], one["parent"]) for one in found["links"]} == LINE.truth()
    assert client.get("/rebinding").json() == found
    assert "inferred" not in told  # only who asks for it is shown what no record says
    assert told["nodes"] == beside["nodes"]
    assert told["edges"] == beside["edges"]
    edge = beside["inferred"]["edges"][0]  # type: ignore[index]
    assert (edge["parent"], edge["inferred"]) == (item("M2"), True)
    assert 0.8 <= edge["confidence"] <= 1
    assert edge["evidence"]
    gap = next(one for one in told["gaps"] if one["item"] == item("P0"))  # type: ignore[attr-defined]
    assert gap["code"] == "tag-lost"
    assert gap["reason"]["zh"]


def test_a_recall_does_not_follow_inferred_links(client: TestClient) -> None:
    client.post("/rebinding")

    affected = client.get(f"/recall/{quote(item('C2'), safe='')}").json()

    assert item("P0") not in str(affected)


def test_rebinding_needs_an_engineer(client: TestClient) -> None:
    assert client.post("/rebinding", headers=READER).status_code == 403


def test_a_policy_is_switched_per_class_and_audited(client: TestClient) -> None:
    def found() -> set[str]:
        results = client.get("/audit").json()["results"]
        return {
            one["shape"].rsplit("/", 1)[1]
            for one in results
            if one["shape"].rsplit("/", 1)[1] in ("HeavyRecord", "HeavyEvidence", "LightEvents")
        }

    none = found()
    light = client.put("/trace-policies/battery module", json={"weight": "light"})
    when_light = found()
    client.put("/trace-policies/BatteryModule", json={"weight": "heavy"})
    when_heavy = found()
    gone = client.delete("/trace-policies/BatteryModule").json()

    assert light.json() == {
        "policies": [{"class": "https://w3id.org/qonto/BatteryModule", "weight": "light"}]
    }
    assert (none, when_light) == (set(), {"LightEvents"})
    assert (
        "HeavyRecord" in when_heavy
    )  # the modules of this line have operations without a source row
    assert gone == {"policies": []}


@pytest.mark.parametrize("name", ["WeldCurrent", "nonsense"])
def test_a_policy_is_for_a_class_of_items(client: TestClient, name: str) -> None:
    reply = client.put(f"/trace-policies/{name}", json={"weight": "heavy"})

    assert reply.status_code == 404
    assert reply.json()["next_step_zh"]


def test_a_policy_needs_an_architect_and_a_known_weight(client: TestClient) -> None:
    assert (
        client.put(
            "/trace-policies/BatteryPack",
            json={"weight": "heavy"},
            headers={"qualweave-roles": "engineer"},
        ).status_code
        == 403
    )
    assert client.put("/trace-policies/BatteryPack", json={"weight": "middling"}).status_code == 400
