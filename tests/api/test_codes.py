"""Codes over REST: what one may mean, and what is known elsewhere of one that waits (R63)."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api import cli_codes
from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.service import Service
from qualweave.change_request import ChangeRequest
from qualweave.client.calls import Call
from qualweave.config import Settings
from qualweave.evidence import Evidence
from qualweave.iri import expand
from qualweave.mappers.review.queue import text_candidates
from qualweave.mappers.revise import Question
from tests.api.conftest import ENGINEER

HEAD = "Machine,Program,Unit_SN,Insp_Time,Defect_ID,Result\n"
LISTS = {
    "AOI-01_code_list": "Machine,Program,Defect_ID,Code_Meaning,Valid_From\n"
    "AOI-01,P1,7,金线偏移,2024-01-01 00:00:00\nAOI-01,P1,8,划痕,2024-01-01 00:00:00\n",
    "AOI-02_code_list": "Machine,Program,Defect_ID,Code_Meaning,Valid_From\n"
    "AOI-02,P2,0127,,2024-01-01 00:00:00\nAOI-02,P2,0128,裂纹,2024-01-01 00:00:00\n",
}


def _results(machine: str, programme: str, codes: list[str]) -> str:
    rows = [
        f"{machine},{programme},SN{at:04},2025-01-06 {8 + at // 60:02}:{at % 60:02}:00,{code},{'NG' if code else 'OK'}"
        for at, code in enumerate(codes)
    ]
    return HEAD + "\n".join(rows) + "\n"


def _files() -> dict[str, str]:
    """Return two machines that look at the same items: 0127 of the second is 7 of the first, whose list is known."""
    rng = random.Random(3)
    first = [rng.choice(["7", "8", "", "", "", ""]) for _ in range(240)]
    second = ["0127" if code == "7" else rng.choice(["0128", "", "", ""]) for code in first]
    made = [f"OP{at},WB-1,SN{at:04},2025-01-06 07:00:00" for at in range(240)]
    odd = ["127", "", "0127", "９", "0x7F", "127.0"]
    return {
        **LISTS,
        "process": "operation,equipment,serial number,start time\n" + "\n".join(made) + "\n",
        "AOI-01_defects": _results("AOI-01", "P1", first),
        "AOI-02_defects": _results("AOI-02", "P2", second),
        "AOI-03_defects": _results("AOI-03", "", odd),
        "AOI-02_more": _results("AOI-02", "P3", odd),
    }


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("codes")
    (folder / "in").mkdir()
    for name, text in _files().items():
        (folder / "in" / f"{name}.csv").write_text(text, "utf-8")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    report = service.ingest(folder / "in", principal=ENGINEER)
    assert all(one.records for one in report.files), report
    with TestClient(make_app(service, settings, pages=False)) as opened:
        yield opened


def _good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_code_without_words_has_the_candidate_that_the_other_machine_saw(
    client: TestClient,
) -> None:
    found = _good(client.get("/codes/0127/candidates", params={"machine": "AOI-02"}))

    (entry,) = found["entries"]
    first = entry["candidates"][0]
    assert (entry["meaning"], first["concept"]["curie"]) == (None, "q:WireShift")
    assert first["cooccurrence"]["both"] == first["cooccurrence"]["coded"] > 20
    assert first["probability"] == 0
    assert (
        " items with code 0127 on AOI-02 have WireShift at AOI-01"
        in first["evidence"][0]["statement"]["en"]
    )


def test_words_and_what_occurs_together_stand_in_one_list(client: TestClient) -> None:
    found = _good(client.get("/codes/7/candidates"))

    first = found["entries"][0]["candidates"][0]
    assert first["concept"]["curie"] == "q:WireShift"
    assert first["probability"] > 0.7
    assert first["score"] >= first["probability"]


def test_the_open_question_carries_the_counts(client: TestClient) -> None:
    asked = _good(client.get("/change-requests"))["requests"]

    (one,) = [one for one in asked if one["proposal"].get("text", "").startswith("0127 @ AOI-02")]
    assert one["evidence"][0]["kind"] == "cooccurrence"
    assert one["evidence"][0]["sources"][0] == "https://w3id.org/qonto/WireShift"


@pytest.mark.parametrize(
    ("code", "machine", "near"), [("999", "", "0127"), ("0127", "AOI-09", "AOI-02")]
)
def test_an_unknown_code_or_scope_names_what_is_known(
    client: TestClient, code: str, machine: str, near: str
) -> None:
    answer = client.get(f"/codes/{code}/candidates", params={"machine": machine})

    assert answer.status_code == 404
    assert near in answer.text or not machine


def test_a_row_in_quarantine_lists_what_its_code_means_elsewhere(client: TestClient) -> None:
    rows = _good(client.get("/quarantine"))["rows"]
    held = {
        (row["file"][:6], row["cells"]["Defect_ID"]): row["problems"][0]
        for row in rows
        if row["file"] in ("AOI-02_more.csv", "AOI-03_defects.csv")
    }

    assert {key: one["data"]["reason"] for key, one in held.items()} == {
        ("AOI-02", "127"): "no-code", ("AOI-02", "0127"): "no-programme", ("AOI-02", "９"): "no-code",
        ("AOI-02", "0x7F"): "no-code", ("AOI-02", "127.0"): "no-code", ("AOI-03", "127"): "no-list",
        ("AOI-03", "0127"): "no-list", ("AOI-03", "９"): "no-list", ("AOI-03", "0x7F"): "no-list",
        ("AOI-03", "127.0"): "no-list",
    }  # fmt: skip
    for key in (("AOI-02", "127"), ("AOI-02", "0x7F"), ("AOI-03", "127.0")):
        assert "Did you mean '0127'?" in held[key]["fix"]["en"]
        assert "是否应为 0127？" in held[key]["fix"]["zh"]
    told = held["AOI-03", "0127"]
    assert told["data"]["known"][0]["machine_name"] == "AOI-02"
    assert "(AOI-02, P2, from 202" in told["message"]["en"]
    assert "AOI-03_defects.csv" in told["message"]["en"]


def test_asking_for_a_code_that_is_spelt_nearly_so_says_which_one_there_is(
    client: TestClient,
) -> None:
    answer = client.get("/codes/127", params={"machine": "AOI-02"})

    assert answer.status_code == 404
    assert "Did you mean 0127?" in answer.text


def test_the_page_offers_what_words_and_company_suggest() -> None:
    wire, crack = "https://w3id.org/qonto/WireShift", "https://w3id.org/qonto/Crack"
    request = ChangeRequest(
        kind="code_list",
        subject="urn:field",
        proposal={"source": "s", "column": "c", "text": "odd", "candidates": [wire]},
        statement={"en": "?", "zh": "?"},
        submitted_by="li",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        evidence=(
            Evidence("cooccurrence", {"en": "9 of 9"}, weight=2.0, sources=(crack, "urn:entry")),
            Evidence("candidate", {"en": "80 %"}, weight=0.8, sources=(wire,)),
        ),
    )

    found = {expand(one.term): one.probability for one in text_candidates(Question(request))}
    assert found == {wire: 0.8, crack: 0.0}


def test_the_command_line_tells_candidates_as_table_and_json(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over_http(call: Call[Any], *_place: object) -> Any:
        return call.read(client.request(call.method, call.path, params=dict(call.params)))

    monkeypatch.setattr(cli_codes, "asked", over_http)
    monkeypatch.setenv("COLUMNS", "200")
    told = ["codes", "candidates", "0127", "--machine", "AOI-02", "--programme", "P2"]

    english, chinese, whole = (
        CliRunner().invoke(command_line, [*told, *more], catch_exceptions=False).output
        for more in ((), ("--language", "zh"), ("--json",))
    )

    assert "0127 @ AOI-02 · P2 · from 2024-01-01  → undecided" in english
    assert "q:WireShift" in english
    assert "自 2024-01-01 起  → 未定" in chinese
    assert "金线偏移" in chinese
    assert "可能性" in chinese
    (entry,) = json.loads(whole)["entries"]
    assert entry["candidates"][0]["concept"]["curie"] == "q:WireShift"
