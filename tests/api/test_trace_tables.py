"""R48: a dimension or template added in YAML appears in trace and export at once, and a fault is told with its line."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app
from qualweave.api.service import Service
from qualweave.config import Settings

PROCESS = """schema: qualweave/mapping/1
source: l-press
records: [process_record]
columns:
- {name: op, term: q:operationIdentifier, decision: accepted}
- {name: SN, term: q:serialNumber, decision: accepted}
- {name: from, term: q:inputIdentifier, decision: accepted}
- {name: machine, term: q:equipmentIdentifier, decision: accepted}
- {name: shift, term: q:shiftName, decision: accepted}
- {name: T, term: q:ChamberTemperature, decision: accepted, unit: Cel}
- {name: H, term: q:Humidity, decision: accepted}
"""
CSV = "op,SN,from,machine,shift,T,H\nO1,A1,LOT1,M1,early,180.5,41\nO2,A2,LOT1,M2,late,182,43\n"
DIMENSIONS = """schema: qualweave/trace-dimensions/1
dimensions:
- name: heat
  label: {en: heat, zh: 热工}
  parameters: ["q:Temperature"]
  facts: [shift]
"""
TEMPLATES = """schema: qualweave/export-templates/1
templates:
- name: heat-sheet
  label: {en: heat sheet, zh: 热工表}
  rows: step
  columns:
  - {heading: serial, value: name}
  - {heading: machine, fact: equipment}
  - {heading: T, parameter: q:ChamberTemperature, unit: K}
  - {dimension: heat}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    folder = tmp_path_factory.mktemp("trace-tables")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as client:
        assert client.post("/mappings", content=PROCESS.encode()).status_code == 201
        told = client.post("/sources?name=l/press_1.csv", content=CSV.encode()).json()
        assert told["files"][0]["rows_lifted"] == 2, told
        yield client, folder / "data"


@pytest.fixture
def folder(served: tuple[TestClient, Path]) -> Path:
    return served[1]


@pytest.fixture
def client(served: tuple[TestClient, Path]) -> TestClient:
    shutil.rmtree(served[1] / "trace", ignore_errors=True)
    return served[0]


def summed(client: TestClient) -> dict[str, dict[str, object]]:
    told = client.get("/trace/A1").json()
    return {one["name"]: one for one in told["dimensions"]}


def put_file(folder: Path, name: str, text: str) -> None:
    """Write a tenant's document as an editor does, without asking the service."""
    path = folder / "trace" / "plant" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_every_trace_is_summed_up_by_the_packaged_dimensions(client: TestClient) -> None:
    found = summed(client)

    assert set(found) == {"equipment", "process", "environment", "inspection"}
    assert found["environment"]["parameters"] == ["https://w3id.org/qonto/Humidity"]
    assert found["environment"]["label"] == {"en": "environment", "zh": "环境数据"}
    assert found["equipment"]["facts"] == ["equipment"]


def test_a_dimension_added_in_yaml_appears_in_trace_and_export(
    client: TestClient, folder: Path
) -> None:
    assert "heat" not in summed(client)
    before = client.get("/exports/steps?item=A1&format=csv").text

    put_file(folder, "dimensions.yaml", DIMENSIONS)
    put_file(folder, "templates.yaml", TEMPLATES)

    assert summed(client)["heat"]["parameters"] == ["https://w3id.org/qonto/ChamberTemperature"]
    told = client.get("/trace/A1?dimension=heat").json()["dimension"]
    assert told["rows"][0]["values"]["https://w3id.org/qonto/ChamberTemperature"] == 180.5
    assert told["rows"][0]["values"]["shift"].endswith("/early")
    after = client.get("/exports/steps?item=A1&format=csv").text
    assert "shift" in after.splitlines()[0]
    assert "shift" not in before.splitlines()[0]
    heat = client.get("/exports/heat-sheet?item=A1&format=csv").text.splitlines()
    assert heat[0] == "serial,machine,T [K],shift,ChamberTemperature [Cel]"
    assert heat[1].startswith("A1,")
    assert ",453.65," in heat[1]
    assert heat[1].endswith(",180.5")


FAULTS = {
    "unknown key": ("  facts: [shift]", "  fact: [shift]", 6, "dimensions.0.fact", "facts"),
    "unknown parameter": ("q:Temperature", "q:Temprature", 5, "dimensions.0.parameters.0", "q:Temperature"),
    "no parameter": ("q:Temperature", "q:Equipment", 5, "dimensions.0.parameters.0", "class of parameters"),
    "unknown fact": ("[shift]", "[shfit]", 6, "dimensions.0.facts.0", "shift"),
    "bad name": ("name: heat", "name: Heat 1", 3, "dimensions.0.name", "Correct that key"),
    "no label": ("zh: 热工", "de: Wärme", 4, "dimensions.0.label.de", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_document_is_told_with_its_line_and_the_last_good_goes_on(
    name: str, client: TestClient, folder: Path
) -> None:
    good, bad, line, key, fix = FAULTS[name]
    put_file(folder, "dimensions.yaml", DIMENSIONS)
    assert "heat" in summed(client)

    refused = client.post(
        "/trace-dimensions?name=d.yaml", content=DIMENSIONS.replace(good, bad).encode()
    )
    put_file(folder, "dimensions.yaml", DIMENSIONS.replace(good, bad))
    told = client.get("/trace/A1").json()

    assert refused.status_code == 400
    faults = {(one["line"], one["key"]): one for one in refused.json()["faults"]}
    assert (line, key) in faults
    assert fix in faults[line, key]["fix"]["en"]
    assert any("\u4e00" <= one <= "\u9fff" for one in faults[line, key]["message"]["zh"])
    assert "heat" in {one["name"] for one in told["dimensions"]}
    assert told["document_faults"][0]["file"] == "dimensions.yaml"


TEMPLATE_FAULTS = {
    "two sources": ("fact: equipment", "fact: equipment, value: item", "templates.0.columns.1"),
    "unknown dimension": ("dimension: heat", "dimension: heet", "templates.0.columns.3.dimension"),
    "another unit": ("unit: K", "unit: um", "templates.0.columns.2.unit"),
    "unknown unit": ("unit: K", "unit: furlong", "templates.0.columns.2.unit"),
    "a step's fact of an item": ("rows: step", "rows: item", "templates.0.columns.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATE_FAULTS)
def test_a_template_that_cannot_be_filled_is_refused(
    name: str, client: TestClient, folder: Path
) -> None:
    good, bad, key = TEMPLATE_FAULTS[name]
    assert client.post("/trace-dimensions", content=DIMENSIONS.encode()).status_code == 201

    reply = client.post("/export-templates", content=TEMPLATES.replace(good, bad).encode())

    assert reply.status_code == 400
    assert key in [one["key"] for one in reply.json()["faults"]]
    assert "heat-sheet" not in client.get("/export-templates").text


def test_names_that_nobody_has_are_told_with_the_nearest(client: TestClient) -> None:
    assert "environment" in client.get("/trace/A1?dimension=enviroment").json()["next_step"]
    assert "steps" in client.get("/exports/step?item=A1").json()["next_step"]
    assert (
        client.post(
            "/trace-dimensions", content=b"", headers={"Qualweave-Roles": "reader"}
        ).status_code
        == 403
    )


def test_a_tenants_documents_are_its_own(client: TestClient, folder: Path) -> None:
    put_file(folder, "dimensions.yaml", DIMENSIONS)

    theirs = client.get("/trace-dimensions", headers={"Qualweave-Tenant": "other"}).json()
    ours = client.get("/trace-dimensions").json()

    assert "heat" not in {one["name"] for one in theirs["dimensions"]}
    assert {one["name"] for one in ours["dimensions"] if one["own"]} == {"heat"}
    assert client.get("/schemas/trace-dimensions").json()["title"] == "Qualweave trace dimensions"
    assert client.get("/schemas/export-templates").json()["title"] == "Qualweave export templates"


def told(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_line_takes_lists_shows_and_fills(tmp_path: Path) -> None:
    (tmp_path / "l").mkdir()
    (tmp_path / "l" / "press_1.csv").write_text(CSV, "utf-8")
    for name, text in (("m.yaml", PROCESS), ("d.yaml", DIMENSIONS), ("t.yaml", TEMPLATES)):
        (tmp_path / name).write_text(text, "utf-8")
    data = ("--data", tmp_path / "data")
    told("ingest", tmp_path / "l" / "press_1.csv", *data)
    source = told("mapping", "list", *data).strip()
    (tmp_path / "m.yaml").write_text(PROCESS.replace("l-press", source), "utf-8")
    told("mapping", "put", tmp_path / "m.yaml", *data)

    assert "heat" in told("dimension", "put", tmp_path / "d.yaml", *data)
    assert "heat-sheet" in told("template", "put", tmp_path / "t.yaml", *data)
    assert "热工" in told("dimension", "list", "--language", "zh", *data)
    assert "热工表" in told("template", "list", "--language", "zh", *data)
    assert "ChamberTemperature=180.5" in told("dimension", "show", "heat", "A1", *data)
    out = tmp_path / "heat.csv"
    told("template", "fill", "heat-sheet", "A1", "--format", "csv", "--out", out, *data)
    assert "453.65" in out.read_text("utf-8")
