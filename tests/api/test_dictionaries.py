"""Dictionaries over HTTP and command line: imported once, told in two languages, a tenant's own, compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.principal import SYSTEM
from tests.ontology.test_dictionary import A, B
from tests.reasoning.graphs import change_set, operation


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("dictionaries")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as served:
        assert served.post("/dictionaries/A?name=a.csv", content=A.encode()).status_code == 201
        assert served.post("/dictionaries/B?name=b.yaml", content=B.encode()).status_code == 201
        yield served


def test_the_same_file_again_changes_nothing_and_a_former_file_counts_again(
    client: TestClient,
) -> None:
    other = A.replace("0.05 mΩ", "0.04 mΩ")
    replies = [
        client.post("/dictionaries/C?name=c.csv", content=text.encode())
        for text in (A, A, other, A)
    ]

    assert [(one.status_code, one.json()["repeated"]) for one in replies] == [
        (201, False), (200, True), (201, False), (201, False),
    ]  # fmt: skip
    told = client.get("/dictionaries/C").json()["entries"]
    assert {one["accuracy"] for one in told} == {"0.5", "0.05"}


def test_two_partners_disagreement_is_told(client: TestClient) -> None:
    told = client.get("/dictionaries/A/difference/B").json()

    torn = {one["parameter"] for one in told["disagreements"] if one["aspect"] == "criticality"}
    assert torn == {Q + "VoltagePlateauStability", Q + "InternalResistanceConsistency"}
    assert told["only_first"] == [Q + "VoltagePlateauStability"]
    assert "意见不一" in told["zh"]


def test_a_faulty_file_is_refused_with_its_lines_and_takes_nothing(client: TestClient) -> None:
    reply = client.post("/dictionaries/D?name=d.csv", content=A.replace("OCV test", "").encode())

    assert reply.status_code == 400
    assert [(one["file"], one["row"], one["column"]) for one in reply.json()["faults"]] == [
        ("d.csv", 3, "collection point")
    ]
    assert client.get("/dictionaries/D").status_code == 404


def test_a_dictionary_is_its_tenants_own_and_a_reader_changes_none(client: TestClient) -> None:
    stranger = {"Qualweave-Tenant": "other"}

    assert client.get("/dictionaries", headers=stranger).json() == {"dictionaries": []}
    assert client.get("/dictionaries/A", headers=stranger).status_code == 404
    reader = {"Qualweave-Roles": "reader"}
    assert client.post("/dictionaries/A?name=a.csv", content=b"", headers=reader).status_code == 403


def test_entries_are_asked_for_by_sparql(client: TestClient) -> None:
    query = """SELECT ?name ?accuracy ?rule WHERE {
      ?entry q:inDictionary/q:dictionaryPartner "A" ; q:definesParameter ?parameter ;
             q:measurementAccuracy ?accuracy ; q:hasAnomalyRule/q:ruleExpression ?rule .
      ?parameter rdfs:label ?name FILTER (lang(?name) = "en") } ORDER BY ?name"""

    rows = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]

    assert [(one["name"]["value"], one["accuracy"]["value"]) for one in rows] == [
        ("internal resistance", "0.05"), ("voltage plateau stability", "0.5"),
    ]  # fmt: skip


def test_the_anomaly_rule_is_applied_to_the_values_of_the_graph(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    facts = [
        line
        for number, value in enumerate(("1.1", "1.7", "1.2"))
        for line in operation(
            f"C{number}",
            f"O{number}",
            type="Operation",
            startedAt=f"2026-11-26T08:0{number}:00Z",
            InternalResistance=value,
        )
    ]
    service.store.commit([change_set(facts)], principal=SYSTEM)
    service.store.publish()
    with TestClient(make_app(service, settings, pages=False)) as served:
        served.post("/dictionaries/B?name=b.yaml", content=B.encode())

        (told,) = served.get("/dictionaries/B/anomalies/内阻").json()["entries"]
        missing = served.get("/dictionaries/B/anomalies/torque")

    assert (told["unit"], told["values"]) == ("mOhm", 3)
    assert [(one["record"].rsplit("/", 1)[-1], one["en"]) for one in told["anomalies"]] == [
        ("O1", "1.7 is above 1.6")
    ]
    assert told["not_applied"][0]["rule"] == "western-electric 1,2"
    assert missing.status_code == 404


def test_the_command_line_imports_lists_and_compares(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Service(Settings(data_dir=data)).close()
    (tmp_path / "a.csv").write_text(A, "utf-8")
    (tmp_path / "b.yaml").write_text(B, "utf-8")
    run = CliRunner()

    def told(*words: str) -> str:
        result = run.invoke(
            app, ["dictionary", *words, "--data", str(data)], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.output

    assert "2 entries taken from a.csv" in told("import", str(tmp_path / "a.csv"), "--partner", "A")
    assert "2 个条目已导入" in told(
        "import", str(tmp_path / "b.yaml"), "--partner", "B", "--language", "zh"
    )
    assert "a.csv" in told("list")
    assert "They disagree on whether these are critical" in told("diff", "A", "B")
