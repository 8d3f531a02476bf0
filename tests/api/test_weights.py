"""Weights through governance: proposed with a reason, passed by seats, released as a version; old scores stay (R94)."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app
from qualweave.api.impact import impact_of
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.ontology.load import load_graph

DICTIONARY = """\
parameter,collection point,accuracy,frequency,anomaly rule,unit,weight
dendrite growth rate,laboratory,0.1,1 per lot,> 5,um/h,5
internal resistance,OCV test,0.05,every item,limits 0.8..1.6,mΩ,35
voltage plateau stability,grading,0.5,every item,< 90,%,60
"""
VALUES = {
    "L1": {"DendriteGrowthRate": 4, "内阻": "1.2 mΩ", "电压平台稳定性": 99},
    "L3": {"枝晶生长": "9 um/h", "InternalResistance": "0.0012 Ω", "VoltagePlateauStability": 100},
}
SEATS = ("quality_director", "it_architect", "chief_process_engineer")


def as_(name: str, roles: str = "engineer,architect", seat: str = "") -> dict[str, str]:
    return {"Qualweave-Principal": name, "Qualweave-Roles": roles, "Qualweave-Seats": seat}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("weights")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as found:
        yield found


@pytest.fixture
def client(served: TestClient, request: pytest.FixtureRequest) -> TestClient:
    """Give the client of a tenant of its own, which has partner A's dictionary."""
    served.headers["Qualweave-Tenant"] = sha256(request.node.name.encode()).hexdigest()[:16]
    assert served.post("/dictionaries/A?name=a.csv", content=DICTIONARY.encode()).status_code == 201
    return served


def propose(client: TestClient, reason: str = "agreed", **body: Any) -> dict[str, Any]:
    reply = client.post(
        "/weights/cell/requests", json={"reason": reason, **body}, headers=as_("li")
    )
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def passed(client: TestClient, request: str, seats: Sequence[str] = SEATS) -> None:
    for number, seat in enumerate(seats):
        vote = {"choice": "yes", "seat": seat}
        reply = client.post(
            f"/weight-requests/{request}/votes", json=vote, headers=as_(f"p{number}", seat=seat)
        )
        assert reply.status_code == 200, reply.text


def released(client: TestClient, reason: str = "agreed", **body: Any) -> dict[str, Any]:
    request = propose(client, reason, **body)["id"]
    passed(client, request)
    reply = client.post(f"/weight-requests/{request}/accept", json={}, headers=as_("chen"))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["version"]
    return found


def shares(version: dict[str, Any]) -> dict[str, str]:
    return {one["parameter"].removeprefix(Q): one["percent"] for one in version["weights"]}


def test_dendrite_growth_goes_from_5_to_22_and_old_scores_stay_reproducible(
    client: TestClient,
) -> None:
    first = released(client, dictionary="A")
    assert shares(first) == {
        "DendriteGrowthRate": "5",
        "InternalResistance": "35",
        "VoltagePlateauStability": "60",
    }
    old = client.post("/weights/cell/scores", json={"values": VALUES}).json()

    second = released(client, "two field failures", shares={"枝晶生长速率": 22})

    assert (second["version"], second["author"], second["reason"]) == (
        2,
        "li",
        "two field failures",
    )
    assert shares(second) == {
        "DendriteGrowthRate": "22",
        "InternalResistance": "28.7368",
        "VoltagePlateauStability": "49.2632",
    }
    again = client.post("/weights/cell/scores", json={"version": 1, "values": VALUES}).json()
    assert again == old
    assert client.get("/weights/cell", params={"version": 1}).json() == first
    assert (
        client.post("/weights/cell/scores", json={"values": VALUES}).json()["version"] == "cell/2"
    )

    told = client.post(
        "/weights/cell/effect", json={"before": 1, "after": 2, "values": VALUES}
    ).json()
    found = {
        one["item"]: (one["before"], one["after"], one["rank_before"], one["rank_after"])
        for one in told["items"]
    }
    assert found == {"L1": ("90", "77.4737", 2, 2), "L3": ("95", "78", 1, 1)}
    assert "L3, -17" in told["en"]
    assert [one["version"] for one in client.get("/weights/cell/versions").json()["versions"]] == [
        2,
        1,
    ]


def test_a_request_tells_every_share_that_moves_and_asked_twice_is_one(client: TestClient) -> None:
    released(client, dictionary="A")

    one, other = (propose(client, "field", shares={"DendriteGrowthRate": "22 %"}) for _ in range(2))

    assert one["id"] == other["id"]
    assert client.get(f"/weight-requests/{one['id'][:4]}").json()["id"] == one["id"]
    assert one["statement"]["en"] == (
        "Weights 'cell': dendrite growth rate 5 % → 22 %, internal resistance 35 % → 28.7368 %, "
        "voltage plateau stability 60 % → 49.2632 %. Reason: field"
    )
    assert "枝晶生长速率 5 % → 22 %" in one["statement"]["zh"]
    assert len(client.get("/weight-requests", params={"state": "open"}).json()["requests"]) == 1
    assert client.get("/ontology/change-requests").json()["requests"] == []
    assert client.get("/change-requests").json()["requests"] == []


def test_nobody_changes_weights_without_the_committee(client: TestClient) -> None:
    request = propose(client, dictionary="A")["id"]
    place = f"/weight-requests/{request}"

    admin = client.post(f"{place}/accept", json={}, headers=as_("root", "admin"))
    assert (admin.status_code, admin.json()["request"]) == (409, request)
    vote = {"choice": "yes", "seat": "it_architect"}
    assert client.post(f"{place}/votes", json=vote, headers=as_("eve")).status_code == 403
    passed(client, request, SEATS[:2])
    twice = client.post(
        f"{place}/votes", json={**vote, "seat": SEATS[2]}, headers=as_("p0", seat=SEATS[2])
    )
    assert twice.status_code == 409
    assert client.post(f"{place}/accept", json={}, headers=as_("chen")).status_code == 409
    assert (
        client.post(f"{place}/refuse", json={"reason": "no"}, headers=as_("chen")).status_code
        == 403
    )
    assert client.get("/weights").json() == {"tables": []}


def test_an_engineer_proposes_and_only_an_architect_releases(client: TestClient) -> None:
    body = {"reason": "agreed", "dictionary": "A"}
    assert (
        client.post("/weights/cell/requests", json=body, headers=as_("r", "reader")).status_code
        == 403
    )
    request = propose(client, dictionary="A")["id"]
    passed(client, request)

    assert (
        client.post(
            f"/weight-requests/{request}/accept", json={}, headers=as_("e", "engineer")
        ).status_code
        == 403
    )
    assert (
        client.post(f"/weight-requests/{request}/accept", json={}, headers=as_("chen")).status_code
        == 200
    )


def test_a_rejected_change_and_one_withdrawn_are_kept_with_their_reason(client: TestClient) -> None:
    request = propose(client, dictionary="A")["id"]
    for number, seat in enumerate(SEATS[:2]):
        vote = {"choice": "no", "seat": seat}
        client.post(
            f"/weight-requests/{request}/votes", json=vote, headers=as_(f"p{number}", seat=seat)
        )
    other = propose(client, "another", dictionary="A")["id"]
    client.post(
        f"/weight-requests/{other}/refuse", json={"reason": "typing error"}, headers=as_("li")
    )

    found = client.get("/weight-requests").json()["requests"]
    assert [(one["state"], one["decided_by"]) for one in found] == [
        ("refused", "committee"),
        ("refused", "li"),
    ]
    again = client.post(
        "/weights/cell/requests", json={"reason": "agreed", "dictionary": "A"}, headers=as_("li")
    )
    assert again.status_code == 409


def test_a_request_over_a_former_version_is_refused(client: TestClient) -> None:
    released(client, dictionary="A")
    stale = propose(client, "stale", shares={"DendriteGrowthRate": 10})["id"]
    released(client, "newer", shares={"DendriteGrowthRate": 22})
    passed(client, stale)

    reply = client.post(f"/weight-requests/{stale}/accept", json={}, headers=as_("chen"))

    assert (reply.status_code, reply.json()["newest"], reply.json()["base"]) == (409, 2, 1)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"reason": " ", "dictionary": "A"}, 400, "takes a reason"),
        ({"reason": "r", "shares": {"DendriteGrowthRate": 100}}, 400, "on which limits"),
        (
            {"reason": "r", "dictionary": "A", "shares": {"DendriteGrowthRate": 120}},
            400,
            "100 % is all there is",
        ),
        ({"reason": "r", "dictionary": "A", "shares": {"dendrit": 20}}, 404, "no term"),
        ({"reason": "r", "dictionary": "A", "shares": {"torque": 20}}, 404, "no entry for"),
        ({"reason": "r", "dictionary": "B"}, 404, "no dictionary of 'B'"),
        ({"reason": "r", "dictionary": "A", "shares": {"torque": "much"}}, 400, "is no number"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    client: TestClient, body: dict[str, Any], status: int, told: str
) -> None:
    reply = client.post("/weights/cell/requests", json=body, headers=as_("li"))

    assert reply.status_code == status
    assert told in reply.json()["detail"]
    assert reply.json()["next_step"]
    assert reply.json()["next_step_zh"]


def test_a_share_that_is_said_twice_is_refused(client: TestClient) -> None:
    body = {
        "reason": "r",
        "dictionary": "A",
        "shares": {"枝晶生长速率": 40, "DendriteGrowthRate": 30},
    }

    reply = client.post("/weights/cell/requests", json=body, headers=as_("li"))

    assert reply.status_code == 400
    assert "are the same parameter" in reply.json()["detail"]


def test_a_name_with_white_space_is_the_same_table(client: TestClient) -> None:
    first = released(client, dictionary="A")
    body = {"reason": "more", "shares": {"DendriteGrowthRate": 30}}

    opened = client.post("/weights/ cell%20/requests", json=body, headers=as_("li")).json()

    assert (opened["proposal"]["table"], opened["proposal"]["base"]) == ("cell", 1)
    assert client.get("/weights/cell%20").json() == first


def test_limits_of_a_later_dictionary_do_not_change_an_old_score(client: TestClient) -> None:
    released(client, dictionary="A")
    old = client.post("/weights/cell/scores", json={"version": 1, "values": VALUES}).json()
    tighter = DICTIONARY.replace("> 5,", "> 4,")
    assert client.post("/dictionaries/A?name=a.csv", content=tighter.encode()).status_code == 201

    second = released(client, "tighter limit", dictionary="A")

    assert client.post("/weights/cell/scores", json={"version": 1, "values": VALUES}).json() == old
    assert second["weights"][0]["upper_limit"] == "4"
    told = client.post(
        "/weights/cell/effect", json={"before": 1, "after": 2, "values": VALUES}
    ).json()
    assert {one["item"]: one["change"] for one in told["items"]} == {"L1": "-1", "L3": "0"}


def test_a_change_of_a_parameter_tells_the_entries_and_weights_that_it_reaches(
    client: TestClient,
) -> None:
    released(client, dictionary="A")
    service, tenant = client.app.state.service, client.headers["Qualweave-Tenant"]  # type: ignore[attr-defined]

    with service.reading(tenant) as snapshot:
        uses = impact_of(load_graph(), snapshot, [Q + "DendriteGrowthRate"])

    found = {one.kind: one.name.split(f"/{tenant}/")[-1] for one in uses if tenant in one.name}
    assert found["weight"] == "weights/cell/1/DendriteGrowthRate"
    assert found["dictionary entry"].startswith("dictionary/A/DendriteGrowthRate/")


def test_weights_are_a_tenants_own(client: TestClient) -> None:
    released(client, dictionary="A")
    stranger = {"Qualweave-Tenant": "other"}

    assert client.get("/weights", headers=stranger).json() == {"tables": []}
    assert client.get("/weights/cell", headers=stranger).status_code == 404
    assert client.get("/weight-requests", headers=stranger).json() == {"requests": []}


def test_the_command_line_goes_the_same_way(tmp_path: Path) -> None:
    data, run = tmp_path / "data", CliRunner()
    settings = Settings(data_dir=data, dev=True, publish_interval_ms=0)
    with TestClient(make_app(Service(settings), settings, pages=False)) as client:
        client.post("/dictionaries/A?name=a.csv", content=DICTIONARY.encode())
        released(client, dictionary="A")
        released(client, "field", shares={"DendriteGrowthRate": 22})
    (tmp_path / "values.csv").write_text(
        "item,DendriteGrowthRate,内阻,VoltagePlateauStability\nL1,4,1.2 mΩ,99\nL4,,1.2,99\n",
        "utf-8",
    )

    def told(*words: str) -> str:
        result = run.invoke(app, [*words, "--data", str(data)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    request = told(
        "weights", "propose", "cell", "DendriteGrowthRate=30", "--reason", "field", "--as", "li"
    ).split()[0]
    assert "1 of 3 votes cast" in told(
        "weights", "vote", request, "yes", "--seat", SEATS[0], "--as", "p0"
    )
    assert "枝晶生长速率 22 % → 30 %" in told("weights", "requests", "--language", "zh")
    assert "cell/1" in told("weights", "history", "cell")
    assert "28.7368" in told("weights", "show", "cell")
    scored = told(
        "weights", "score", "cell", "--version", "1", "--values", str(tmp_path / "values.csv")
    )
    assert "1  L1 scores 90 under cell/1" in scored
    assert "-  L4 has no score under cell/1: no value of dendrite growth rate." in scored
    assert "cell/1 → cell/2" in told(
        "weights", "effect", "cell", "1", "2", "--values", str(tmp_path / "values.csv")
    )
