"""A supplier's description over HTTP and on the command line: verdict, lines, what it requires, its OWL form."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rdflib import OWL, RDF, Graph
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.service import Service
from qualweave.api.terminal import read_packed
from qualweave.config import Settings

_ENGINEER = {"Qualweave-Principal": "li", "Qualweave-Roles": "engineer"}
_FILES = Path(__file__).parents[1] / "mappers/devices/files"
_PRESS, _MODEL = _FILES / "press.NodeSet2.xml", _FILES / "moulding.NodeSet2.xml"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("admissions")
    settings = Settings(data_dir=folder, dev=True)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False), headers=_ENGINEER) as client:
        yield client
    service.close()


def test_a_description_is_judged_and_told_in_owl(client: TestClient) -> None:
    content = (_FILES / "lathe.mtconnect.xml").read_bytes()

    told = client.post(
        "/admissions", params={"name": "x.xml", "owl": "true"}, content=content
    ).json()

    assert (told["verdict"], told["kind"]) == ("admitted", "mtconnect")
    assert told["devices"][0]["serial"] == "0031"
    graph = Graph().parse(data=told["owl"], format="turtle")
    assert len(set(graph.subjects(RDF.type, OWL.DatatypeProperty))) == len(told["fields"])


def test_without_owl_the_answer_has_none(client: TestClient) -> None:
    content = (_FILES / "scale.aas.json").read_bytes()

    told = client.post("/admissions", params={"name": "x"}, content=content).json()

    assert told["verdict"] == "admitted"
    assert "owl" not in told


def test_what_is_required_comes_in_the_same_archive(client: TestClient) -> None:
    alone = client.post("/admissions", params={"name": _PRESS.name}, content=_PRESS.read_bytes())
    both = client.post(
        "/admissions",
        params={"name": _PRESS.name},
        content=read_packed(_PRESS, [_MODEL]),
        headers={"Content-Type": "application/zip"},
    )

    assert [one["check"] for one in alone.json()["reasons"]][:1] == ["model"]
    assert both.json()["verdict"] == "admitted"


def test_a_name_that_is_not_packed_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/admissions",
        params={"name": "other.xml"},
        content=read_packed(_PRESS, []),
        headers={"Content-Type": "application/zip"},
    )

    assert answer.status_code == 400
    assert "not in the archive" in answer.json()["detail"]


def test_the_command_tells_verdict_and_writes_owl(tmp_path: Path) -> None:
    run, out = CliRunner(), tmp_path / "press.ttl"
    data = ["--data", str(tmp_path / "data")]
    Service(Settings(data_dir=tmp_path / "data", dev=True)).close()

    refused = run.invoke(command_line, ["admit", str(_PRESS), *data])
    passed = run.invoke(
        command_line, ["admit", str(_PRESS), "--with", str(_FILES), "--as-owl", str(out), *data]
    )

    assert refused.exit_code == 1
    assert "press.NodeSet2.xml:10:" in refused.output
    assert "(version 1.2.0, publication date 2025-06-01)" in " ".join(refused.output.split())
    assert passed.exit_code == 0, passed.output
    assert "Presswerk Süd GmbH" in passed.output
    assert "a owl:Ontology" in out.read_text("utf-8")
