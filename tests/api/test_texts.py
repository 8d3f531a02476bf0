"""Texts over HTTP and the command line: read, reviewed, exchanged, lifted, undone."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app as command
from qualweave.api.service import Service
from qualweave.config import Settings

FRIDGE = "冰箱门关不严有异响"
ROWS = (
    "complaintNo,serialNo,reportedAt,text,language,customer\n"
    f"CP-1,SN-000001,2026-11-20T08:00:00Z,{FRIDGE},zh,客户1\n"
    "CP-2,SN-000002,2026-11-20T08:00:00Z,No noise but the lid is scratched; call +49 170 1234567,en,客户2\n"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("texts"), dev=True)
    with TestClient(make_app(Service(settings), settings, pages=False)) as found:
        yield found


def _as(name: str) -> dict[str, str]:
    return {"Qualweave-Principal": quote(name)}


def _good(reply: httpx.Response) -> dict:
    assert reply.status_code < 300, reply.text
    return reply.json()


def _kept(client: TestClient, text: str) -> str:
    return _good(client.post("/texts/read", json={"text": text, "keep": True}))["id"]


def test_a_text_is_read_with_names_entity_and_viewpoint(client: TestClient) -> None:
    found = _good(client.post("/texts/read", json={"text": FRIDGE}))["candidates"]

    assert [(one["words"], one["name"]["zh"], one["state"]) for one in found] == [
        ("门关不严", "门关不严", "present"),
        ("异响", "异响", "present"),
    ]
    assert found[0]["viewpoint"]["viewpoint"] == "customer"
    assert found[1]["attribute"] in ("observation", "customer_view")


def test_three_voices_are_one_entity_with_three_attributes(client: TestClient) -> None:
    texts = ("模具磨损导致飞边", "合模力传感器漂移", "开箱即损")
    read = [_good(client.post("/texts/read", json={"text": one}))["candidates"][0] for one in texts]

    assert {one["entity_name"] for one in read} == {"Dimensional_Inaccuracy"}
    assert [one["attribute"] for one in read] == ["cause", "sensor_fault", "customer_view"]


def test_a_file_is_reviewed_exported_and_taken_back_in(client: TestClient, tmp_path: Path) -> None:
    mine = {"Qualweave-Tenant": "reviewed"}
    told = _good(client.post("/texts?name=complaints.csv", content=ROWS.encode(), headers=mine))
    assert (told["texts"], told["new"], told["column"]) == (2, 2, "text")
    again = client.post("/texts?name=complaints.csv", content=ROWS.encode(), headers=mine)
    assert _good(again)["new"] == 0
    texts = _good(client.get("/texts", headers=mine))["texts"]
    text = next(one for one in texts if one["text"] == FRIDGE)
    for span, verdict in zip(text["spans"], ("accept", "reject"), strict=True):
        decision = {name: span[name] for name in ("start", "end", "term")} | {"why": "seen"}
        path = f"/texts/{text['id']}/decisions"
        for who, said in (("梅", verdict), ("li", "accept")):
            _good(client.post(path, json=decision | {"verdict": said}, headers=mine | _as(who)))

    (row,) = _good(client.get("/texts/agreement", headers=mine))["agreements"]
    export = client.get("/texts/export?redact=true", headers=mine)

    assert (row["spans"], row["agreed"]) == (2, 1)
    assert json.loads(export.headers["Qualweave-Report"])["masked"] == {"phone": 1}
    assert "170 1234567" not in export.text
    assert _good(client.get(f"/texts/{text['id']}", headers=mine))["decisions"][0]["by"] == "梅"
    settings = Settings(data_dir=tmp_path / "other", dev=True)
    with TestClient(make_app(Service(settings), settings, pages=False)) as other:
        whole = client.get("/texts/export", headers=mine).content
        assert _good(other.post("/texts/import?name=c.jsonl", content=whole))["texts"] == 2
        assert other.get("/texts/export").content == whole


def test_a_bad_line_is_a_problem_with_its_line(client: TestClient) -> None:
    reply = client.post("/texts/import?name=c.jsonl", content=b'{"text": "x", "language": "en"}\n{')

    assert reply.status_code == 400
    assert (reply.json()["line"], reply.json()["file"]) == (2, "c.jsonl")


def test_an_accepted_span_is_in_the_graph_until_it_is_taken_back(client: TestClient) -> None:
    _good(client.post("/sources?name=complaints.csv", content=ROWS.encode()))
    _good(client.post("/texts?name=complaints.csv", content=ROWS.encode()))
    text = next(one for one in _good(client.get("/texts"))["texts"] if "scratched" in one["text"])
    span = next(one for one in text["spans"] if one["term"] == "Scratch")
    decision = {name: span[name] for name in ("start", "end", "term")} | {"verdict": "accept"}
    _good(client.post(f"/texts/{text['id']}/decisions", json=decision, headers=_as("chen")))
    query = (
        "PREFIX q: <https://w3id.org/qonto/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> SELECT ?m ?u ?start ?end ?text WHERE { ?m a q:TermMention ; "
        "q:mentionOf q:Scratch ; q:inUtterance ?u ; q:spanStart ?start ; q:spanEnd ?end . ?u q:utteranceText ?text ; q:spokenBy/rdfs:label 'customer'@en }"
    )

    def rows() -> list[dict]:
        reply = client.post(
            "/sparql", content=query, headers={"Content-Type": "application/sparql-query"}
        )
        return _good(reply)["results"]["bindings"]

    _good(client.post("/texts/lift"))
    (row,) = rows()
    words = row["text"]["value"][int(row["start"]["value"]) : int(row["end"]["value"])]
    assert words == "scratched"
    for name in ("m", "u"):  # the mention by the review, the utterance by the ingest
        origin = _good(client.get("/provenance", params={"s": row[name]["value"]}))
        assert "complaints.csv" in json.dumps(origin)

    listed = _good(client.get("/queries/TermMention/list"))
    assert "scratched" in json.dumps(listed)

    _good(client.post(f"/texts/{text['id']}/undo", headers=_as("chen")))
    _good(client.post("/texts/lift"))
    assert rows() == []


def test_a_number_is_looked_up_and_never_guessed(client: TestClient) -> None:
    mine = {"Qualweave-Tenant": "numbers"}
    rows = ROWS.replace("SN-000001", "4711081512")
    _good(client.post("/sources?name=complaints.csv", content=rows.encode(), headers=mine))
    said = "S/N 4711081512 leaks, S/N 9911081512 as well"

    found = _good(client.post("/texts/read", json={"text": said}, headers=mine))["details"]

    known = {one["words"]: one["known"] for one in found if one["kind"] == "identifier"}
    assert known["4711081512"].endswith("/item/4711081512")
    assert known["9911081512"] == ""
    _good(client.post("/texts/read", json={"text": said, "keep": True}, headers=mine))
    body = client.get("/texts/export?redact=true", headers=mine).text
    assert "4711081512" in body
    assert "9911081512" not in body


def test_what_is_denied_is_never_lifted(client: TestClient) -> None:
    identifier = _kept(client, "没有异响")
    span = _good(client.get(f"/texts/{identifier}"))["spans"][0]
    decision = {name: span[name] for name in ("start", "end", "term")} | {"verdict": "accept"}
    _good(client.post(f"/texts/{identifier}/decisions", json=decision))

    assert span["state"] == "negated"
    before = _good(client.post("/texts/lift"))["mentions"]
    decision |= {"state": "present"}
    _good(client.post(f"/texts/{identifier}/decisions", json=decision))
    assert _good(client.post("/texts/lift"))["mentions"] == before + 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "relabel", "to": "Scratchy"}, 404),
        ({"start": 50, "end": 60, "verdict": "add"}, 400),
        ({"verdict": "guess"}, 422),
        ({"term": "Burr", "verdict": "accept"}, 404),
    ],
)
def test_a_wrong_decision_is_a_problem(client: TestClient, change: dict, status: int) -> None:
    identifier = _kept(client, "外壳有划痕")
    decision = {"start": 3, "end": 5, "term": "Scratch", "verdict": "accept"} | change

    reply = client.post(f"/texts/{identifier}/decisions", json=decision)

    assert reply.status_code in (status, 400)
    assert reply.json()["detail_zh"]


def test_another_tenant_sees_no_texts(client: TestClient) -> None:
    _kept(client, "外壳有划痕")

    assert _good(client.get("/texts", headers={"Qualweave-Tenant": "other"}))["total"] == 0


def test_a_reader_may_not_review(client: TestClient) -> None:
    identifier = _kept(client, "外壳有划痕")
    decision = {"start": 3, "end": 5, "term": "Scratch", "verdict": "accept"}

    reply = client.post(
        f"/texts/{identifier}/decisions", json=decision, headers={"Qualweave-Roles": "reader"}
    )

    assert reply.status_code == 403


def test_the_commands_read_review_export_and_import(tmp_path: Path) -> None:
    home = tmp_path / "store"
    Service(Settings(data_dir=home, dev=True)).close()
    (tmp_path / "c.csv").write_text(ROWS, encoding="utf-8")

    def run(*words: str) -> str:
        result = CliRunner().invoke(
            command, ["texts", *words, "--data", str(home)], env={"COLUMNS": "200"}
        )
        assert result.exit_code == 0, result.output
        return result.output

    assert "2 texts, 2 of them new" in run("read", str(tmp_path / "c.csv"))
    assert "门关不严" in run("read", FRIDGE)
    listed = run("list")
    identifier = next(line.split()[0] for line in listed.splitlines() if FRIDGE in line)
    assert "accepted" in run(
        "review", identifier, "accept", "2-6", "--as", "mei", "--reason", "seen"
    )
    assert "2 texts" in run("export", str(tmp_path / "out.jsonl"), "--redact")
    assert "phone 1" in run("export", str(tmp_path / "out.jsonl"), "--redact")
    assert "0 of them new" in run("import", str(tmp_path / "out.jsonl"))
    assert "1 accepted spans" in run("lift")
    assert "open" in run("review", identifier, "undo", "--as", "mei")
    run("agreement")
