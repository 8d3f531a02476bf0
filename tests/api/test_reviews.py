"""The review at the service: from an unknown column to its term, in two persons' names, and back again."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.reviewing import Reviewing, Wanted
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.mappers.review import settle
from qualweave.mappers.review.intent import pending
from qualweave.principal import SEATS, Principal
from tests.ontology.test_proposal import HEAD

LI = {"Qualweave-Principal": "li.wei", "Qualweave-Roles": "engineer"}
ZHAO = {"Qualweave-Principal": "zhao.min", "Qualweave-Roles": "engineer"}
WANG = {"Qualweave-Principal": "wang.fang", "Qualweave-Roles": "architect"}
OVEN = "serial_number,timestamp,chamber_temperature\n" + "".join(
    f"SN{at},2025-03-01T10:0{at}:00Z,{180 + at}\n" for at in range(4)
)
UNKNOWN = "serial_number,timestamp,chamber_temperature,flurb_idx\n" + "".join(
    f"SM{at},2025-03-02T10:0{at}:00Z,{180 + at},{0.5 + at / 10:.1f}\n" for at in range(4)
)
COOLING = "serial_number,timestamp,chamber_temperature,Cooling_Rate_Unit\n" + "".join(
    f"SC{at},2025-03-03T10:0{at}:00Z,{180 + at},K/min\n" for at in range(4)
)
SENTENCE = (
    "新增字段Cooling_Rate_Unit,建议映射至Q-Ontology中Thermal_Processing类下的cooling_rate_unit属性"
)
FLURB = {
    "name": "FlurbIndex", "label_en": "flurb index", "label_zh": "弗勒布指数",
    "definition_en": "The index of flurb of a batch.", "definition_zh": "批次的弗勒布指数。",
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", dev=True, publish_interval_ms=0,
        governance_thorough=False,
    )  # fmt: skip


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(Service(settings), settings, pages=False)) as served:
        yield served


def upload(client: TestClient, name: str, text: str) -> Any:
    reply = client.post("/sources", params={"name": name}, content=text.encode(), headers=LI)
    assert reply.status_code == 200, reply.text
    return reply.json()["files"][0]


def waiting(client: TestClient, **params: str) -> Any:
    return client.get("/reviews/queue", params=params, headers=LI).json()["questions"]


def decide(client: TestClient, who: dict[str, str] = LI, **body: Any) -> Any:
    reply = client.post("/reviews", json=body, headers=who)
    assert reply.status_code == 200, reply.text
    return reply.json()


def values(client: TestClient, term: str) -> list[dict[str, str]]:
    query = f"SELECT ?s ?v WHERE {{ ?s q:{term} ?v }} ORDER BY ?v"
    rows = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    return [{name: one["value"] for name, one in row.items()} for row in rows]


def release(client: TestClient, request: str) -> Any:
    for seat in SEATS[:3]:
        headers = {"Qualweave-Principal": f"holder of {seat}", "Qualweave-Seats": seat}
        reply = client.post(
            f"/ontology/change-requests/{request}/votes",
            json={"choice": "yes", "seat": seat},
            headers=headers,
        )
        assert reply.status_code == 200, reply.text
    reply = client.post(f"/ontology/change-requests/{request}/accept", headers=WANG)
    assert reply.status_code == 200, reply.text
    return reply.json()["reviews"]


def propose(client: TestClient, turtle: str) -> str:
    reply = client.post("/change-requests", content=turtle.encode(), headers=LI)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def test_an_unknown_column_waits_and_its_released_term_back_fills_it(client: TestClient) -> None:
    upload(client, "Oven3_20250301.csv", OVEN)
    told = upload(client, "Oven3_20250302.csv", UNKNOWN)

    (question,) = waiting(client)
    assert (told["mapped"], told["requested"], told["rows_lifted"]) == (3, 1, 4)
    assert (question["kind"], question["column"]) == ("new_term", "flurb_idx")
    assert question["samples"] == ["0.5", "0.6", "0.7", "0.8"]
    assert (
        question["statement"]["zh"] == "新增字段flurb_idx,Q-Ontology中没有合适的术语,申请新增术语"
    )
    before = values(client, "ChamberTemperature")

    asked = decide(client, action="new_term", questions=[question["id"]], new_term=FLURB)
    assert asked["findings"] == []
    assert waiting(client)[0]["linked"] == asked["linked"]
    assert values(client, "FlurbIndex") == []
    told = release(client, asked["linked"])

    assert [one["action"] for one in told] == ["release"]
    assert [one["v"] for one in values(client, "FlurbIndex")] == ["0.5", "0.6", "0.7", "0.8"]
    assert values(client, "ChamberTemperature") == before
    assert waiting(client) == []
    subject = values(client, "FlurbIndex")[1]["s"]
    told = client.get("/provenance", params={"s": subject, "p": "q:FlurbIndex"}, headers=LI)
    (origin,) = told.json()
    assert (origin["file_name"], origin["row"], origin["columns"]) == (
        "Oven3_20250302.csv",
        3,
        ["flurb_idx"],
    )
    last = client.get("/reviews", headers=LI).json()["reviews"][0]
    assert (last["action"], last["by"]) == ("release", "wang.fang")
    assert last["linked"] == asked["linked"]

    undone = client.post(
        f"/reviews/{last['id']}/undo", json={"reason": "wrong field"}, headers=ZHAO
    )
    assert undone.status_code == 200, undone.text
    assert values(client, "FlurbIndex") == []
    assert values(client, "ChamberTemperature") == before
    assert len(waiting(client)) == 1


def test_a_new_field_is_suggested_in_the_ontology_s_own_words(client: TestClient) -> None:
    upload(client, "Oven3_20250301.csv", OVEN)
    upload(client, "Oven3_20250303.csv", COOLING)

    (question,) = waiting(client)
    assert question["statement"]["zh"] == SENTENCE
    assert question["statement"]["en"] == (
        "New field Cooling_Rate_Unit, suggested mapping: property cooling_rate_unit of class "
        "Thermal_Processing in the Q-Ontology"
    )
    shares = [one["probability"] for one in question["candidates"]]
    assert sum(shares) <= 1
    assert shares == sorted(shares, reverse=True)

    module = Path(__file__).resolve().parents[2] / "ontology" / "modules" / "process.ttl"
    renamed = module.read_text("utf-8").replace('"Thermal_Processing"', '"Heat_Treatment"')
    release(client, propose(client, renamed))

    (question,) = waiting(client)
    assert question["statement"]["zh"] == SENTENCE.replace("Thermal_Processing", "Heat_Treatment")
    decide(client, action="accept", questions=[question["id"]])
    assert waiting(client) == []


def test_a_release_tells_only_what_it_changes_and_maps_nothing_by_itself(
    client: TestClient,
) -> None:
    upload(client, "Oven3_20250301.csv", OVEN)
    upload(client, "Oven3_20250302.csv", UNKNOWN)
    (question,) = waiting(client)
    assert client.post("/reviews/rerun", params={"dry_run": True}, headers=LI).json() == {
        "changes": []
    }
    term = """
q:FlurbIdx a owl:Class, skos:Concept ; rdfs:subClassOf q:Parameter ; skos:broader q:Parameter ;
    rdfs:label "flurb idx"@en, "弗勒布指数"@zh ;
    skos:definition "The index of flurb of a batch."@en, "批次的弗勒布指数。"@zh ;
    skos:example "Batch 7 has a flurb of 0.5."@en, "批次 7 的弗勒布指数为 0.5。"@zh .
"""
    told = release(client, propose(client, HEAD + term))

    assert [(one["action"], len(one["changes"])) for one in told] == [("rerun", 1)]
    log = client.get("/reviews", headers=LI).json()["reviews"]
    assert [(one["action"], len(one["changes"])) for one in log] == [("rerun", 1)]
    change = log[0]["changes"][0]
    assert (change["kind"], change["column"], change["after"]["term"]) == (
        "answered",
        "flurb_idx",
        "q:FlurbIdx",
    )
    assert change["statement"]["zh"] == "新增字段flurb_idx,建议映射至Q-Ontology中的FlurbIdx"
    (still,) = waiting(client)
    assert (still["id"], still["kind"]) == (question["id"], "field")
    assert values(client, "FlurbIdx") == []
    assert client.post("/reviews/rerun", headers=LI).json() == {"changes": []}
    decide(client, action="accept", questions=[still["id"]])
    assert len(values(client, "FlurbIdx")) == 4


def test_a_family_is_previewed_decided_handed_on_and_undone_over_http(client: TestClient) -> None:
    for number in (1, 2):
        upload(client, f"Mixer{number}_2025030{number}.csv", UNKNOWN.replace("SM", f"SX{number}"))
    family = waiting(client)[0]["family"]
    assert len(waiting(client, family=family)) == 2

    told = decide(client, action="choose", family=family, term="tap density", dry_run=True)
    assert (told["rows"], len(told["files"])) == (8, 2)
    assert len(waiting(client)) == 2
    decide(client, action="ask", family=family, to="zhao.min", reason="what is flurb?")
    assert [(one["by"], one["to"], one["reason"]) for one in waiting(client)[0]["handovers"]] == [
        ("li.wei", "zhao.min", "what is flurb?")
    ]
    done = decide(client, ZHAO, action="choose", family=family, term="tap density", reason="maker")
    assert done["rows_lifted"] == 8
    assert len(values(client, "TapDensity")) == 8

    refused = client.post(f"/reviews/{done['id']}/undo", json={"reason": " "}, headers=LI)
    assert refused.status_code == 400
    reader = {"Qualweave-Principal": "x", "Qualweave-Roles": "reader"}
    assert (
        client.post(
            f"/reviews/{done['id']}/undo", json={"reason": "no"}, headers=reader
        ).status_code
        == 403
    )
    assert (
        client.post(f"/reviews/{done['id']}/undo", json={"reason": "no"}, headers=LI).status_code
        == 200
    )
    assert values(client, "TapDensity") == []
    assert len(waiting(client)[0]["handovers"]) == 1
    assert client.get(f"/reviews/{done['id']}", headers=LI).json()["undone_by"]


def test_a_term_that_cannot_read_the_values_wants_a_word_more(
    settings: Settings, tmp_path: Path
) -> None:
    words = UNKNOWN.replace("0.5", "hot").replace("0.6", "cold").replace("0.7", "mild")
    with TestClient(make_app(Service(settings), settings, pages=False)) as client:
        upload(client, "Oven3_20250302.csv", words)
        (question,) = waiting(client)
        body = {"action": "choose", "questions": [question["id"]], "term": "tap density"}
        told = decide(client, **body, dry_run=True)
        refused = client.post("/reviews", json=body, headers=LI)
        answer = client.post(
            f"/change-requests/{question['id']}/answer", json={"term": "q:TapDensity"}, headers=LI
        )

    (poor,) = told["unreadable"]
    assert (poor["read"], poor["sampled"], poor["wanted"]) == (1, 4, "number")
    assert (refused.status_code, refused.json()["unreadable"]) == (409, [poor])
    assert answer.status_code == 409

    def choose(*words: str) -> Any:
        given = ("review", "choose", "tap density", question["id"], *words)
        return CliRunner().invoke(command_line, [*given, "--data", str(settings.data_dir)])

    assert "1 of 4 sampled values can be read as a number" in choose("--dry-run").output
    assert "--yes" in choose().exception.next_step
    assert "1 files lifted again: 1 rows" in choose("--yes").output


def test_the_commands_list_preview_decide_and_undo(settings: Settings, tmp_path: Path) -> None:
    with TestClient(make_app(Service(settings), settings, pages=False)) as client:
        upload(client, "Oven3_20250301.csv", OVEN)
        upload(client, "Oven3_20250303.csv", COOLING)
        (question,) = waiting(client)

    def run(*words: str) -> str:
        environment = {
            "QUALWEAVE_GOVERNANCE_THOROUGH": "false",
        }
        told = CliRunner().invoke(
            command_line, ["review", *words, "--data", str(settings.data_dir)], env=environment
        )
        assert told.exit_code == 0, (told.output, told.exception)
        return told.output.replace("\n", " ")

    assert SENTENCE in run("list", "--language", "zh")
    assert "questions: 1, files: 2, rows: 8" in run("accept", question["id"], "--dry-run")
    assert "chen accepted the suggestion for Cooling_Rate_Unit" in run(
        "accept", question["id"], "--as", "chen", "--reason", "as named"
    )
    assert "No question waits" in run("list")
    log = run("log", "--json")
    review = log.split('"id": "')[1].split('"')[0]
    undone = run("undo", review, "--reason", "a trial", "--language", "zh")
    assert "撤销" in undone
    assert "undid" not in undone
    assert "undid a decision about Cooling_Rate_Unit" in run("log")
    assert "Cooling_Rate_Unit" in run("list")
    assert "(undone by" in run("log")
    assert "Nothing changed" in run("rerun", "--dry-run")


def test_a_requested_term_is_withdrawn_with_the_decision_that_requested_it(
    client: TestClient,
) -> None:
    upload(client, "Oven3_20250302.csv", UNKNOWN)
    by_column = {one["column"]: one for one in waiting(client)}
    asked = decide(
        client, action="new_term", questions=[by_column["flurb_idx"]["id"]], new_term=FLURB
    )
    (linked,) = waiting(client, kind="new_term", source="Oven3")
    assert linked["linked"] == asked["linked"]
    draft = decide(
        client, action="new_term", questions=[by_column["flurb_idx"]["id"]], dry_run=True
    )["draft"]
    assert (draft["name"], draft["example_en"]) == (
        "FlurbIdx",
        "Oven3 writes 0.5, 0.6, 0.7 in its field flurb_idx.",
    )

    undone = client.post(f"/reviews/{asked['id']}/undo", json={"reason": "no need"}, headers=LI)

    assert undone.status_code == 200, undone.text
    request = client.get(f"/ontology/change-requests/{asked['linked']}", headers=LI).json()
    assert (request["state"], request["decision_reason"]) == ("refused", "no need")
    (still,) = [one for one in waiting(client) if one["column"] == "flurb_idx"]
    assert still["linked"] == ""


def test_a_start_finishes_a_decision_that_was_cut_short(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_given: object, **_more: object) -> None:
        raise SystemExit

    (tmp_path / "Oven3_20250302.csv").write_text(UNKNOWN, "utf-8")
    engineer, marks = Principal("li.wei", frozenset({"engineer"})), settings.data_dir / "entailing"
    service = Service(settings)
    service.ingest(tmp_path / "Oven3_20250302.csv", principal=engineer)
    (question,) = service.questions(engineer)
    monkeypatch.setattr(settle, "relift_all", cut)
    with pytest.raises(SystemExit):
        Reviewing(service, engineer).decide(
            Wanted("choose", (question.id,), term="q:SlurryViscosity")
        )
    service.close()
    gc.collect()  # frames of the error hold the database
    assert pending(settings.data_dir) == [one.name for one in marks.iterdir()] == ["plant"]

    again = Service(settings)

    assert pending(settings.data_dir) == list(marks.iterdir()) == []
    with again.reading("plant") as snapshot:
        rows = snapshot.select("SELECT ?v WHERE { ?s q:SlurryViscosity ?v } ORDER BY ?v")
    assert [float(row["v"].value) for row in rows] == [0.5, 0.6, 0.7, 0.8]  # type: ignore[union-attr]
    again.close()
