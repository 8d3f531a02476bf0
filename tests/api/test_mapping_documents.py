"""Mapping documents over HTTP and command line: checked, tried out, put, compared, run."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import QualweaveError
from qualweave.mappers.memory import DecisionMemory

DOCUMENT = """schema: qualweave/mapping/1
source: ovens-oven
file_pattern: oven_#.csv
records: [process_record]
columns:
- {name: op, term: q:operationIdentifier, decision: accepted}
- {name: machine, term: q:equipmentIdentifier, decision: accepted}
- {name: T, term: q:ChamberTemperature, decision: accepted, unit: Cel}
- {name: note, decision: ignored}
"""
CSV = "op,machine,T,note\nO1,OV 3,180.5,a\nO2,OV 3,n/a,b\nO3,OV 3,hot,c\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("mappings")
    settings = Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False)) as served:
        assert served.post("/mappings", content=DOCUMENT.encode()).status_code == 201
        yield served


def dry_run(client: TestClient, csv: str, **given: str) -> dict[str, object]:
    body = {"name": "oven_1.csv", "content": base64.b64encode(csv.encode()).decode(), **given}
    reply = client.post("/mappings/dry-run", json=body)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def temperatures(client: TestClient) -> int:
    query = "SELECT ?o WHERE { GRAPH ?g { ?o <https://w3id.org/qonto/ChamberTemperature> ?t } }"
    return len(client.get("/sparql", params={"query": query}).json()["results"]["bindings"])


def test_a_dry_run_says_what_would_come_and_writes_nothing(client: TestClient) -> None:
    before = temperatures(client)

    told = dry_run(client, CSV, source="ovens-oven")

    assert (told["rows_read"], told["rows_lifted"], told["rows_quarantined"]) == (3, 2, 1)
    assert told["reasons"] == {"not-readable": 1}
    quarantined = told["quarantined"]
    assert isinstance(quarantined, list)
    assert quarantined[0]["row"] == 4
    assert "'hot', which is not a number" in quarantined[0]["problems"][0]["message"]["en"]
    triples = told["first_triples"]
    assert isinstance(triples, list)
    assert any('ChamberTemperature> "180.5"' in one for one in triples)
    assert temperatures(client) == before


def test_an_edited_document_is_tried_before_it_is_taken(client: TestClient) -> None:
    edited = DOCUMENT.replace("unit: Cel", "unit: K")

    told = dry_run(client, CSV.replace("180.5", "453.65"), document=edited)

    triples = told["first_triples"]
    assert isinstance(triples, list)
    assert any('ChamberTemperature> "180.5"' in one for one in triples)
    assert client.get("/mappings/ovens-oven").json()["columns"][2]["unit"] == "Cel"


def test_a_file_of_another_source_is_refused(client: TestClient) -> None:
    body = {
        "name": "x.csv",
        "content": base64.b64encode(b"a,b\n1,2\n").decode(),
        "source": "ovens-oven",
    }
    reply = client.post("/mappings/dry-run", json=body)

    assert reply.status_code == 400
    assert "no column of the mapping of ovens-oven" in reply.json()["detail"]


def test_faults_come_with_lines_and_nothing_is_taken(client: TestClient) -> None:
    wrong = DOCUMENT.replace("q:ChamberTemperature", "q:ChamberTemprature").encode()

    told = client.post("/mappings/check?name=oven.yaml", content=wrong).json()
    refused = client.post("/mappings?name=oven.yaml", content=wrong)

    assert told["valid"] is False
    assert [(one["line"], one["key"]) for one in told["faults"]] == [(8, "columns.2.term")]
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith("oven.yaml, line 8, key columns.2.term")
    assert client.post("/mappings/check", content=DOCUMENT.encode()).json() == {
        "valid": True,
        "faults": [],
    }


def test_a_body_in_another_charset_is_refused_with_its_line(client: TestClient) -> None:
    reply = client.post("/mappings/check", content="# a\n# 工程师\n".encode("gbk"))

    assert reply.status_code == 400, reply.text
    assert "body, line 2: there are bytes that are not UTF-8" in reply.text


def test_a_new_version_lifts_again_and_tells_what_changed(client: TestClient) -> None:
    own = DOCUMENT.replace("ovens-oven", "line-2-oven")  # other tests ask for the first version
    assert client.post("/mappings", content=own.encode()).status_code == 201
    ingested = client.post("/sources?name=line-2/oven_2.csv", content=CSV.encode()).json()
    assert ingested["files"][0]["sources"] == ["line-2-oven"]

    told = client.post("/mappings", content=own.replace("unit: Cel", "unit: K").encode())

    assert told.status_code == 201
    assert told.json()["files"] == 1
    assert "T: unit Cel → K" in told.json()["en"]
    versions = client.get("/mappings/line-2-oven/versions").json()["versions"]
    assert [one["version"] for one in versions] == sorted(
        (one["version"] for one in versions), reverse=True
    )
    difference = client.get("/mappings/line-2-oven/difference").json()
    assert difference["after"] == versions[0]["version"]
    assert "T：单位 Cel → K" in difference["zh"]
    assert client.get("/mappings/line-2-oven?version=99").status_code == 404


def test_a_reader_takes_no_document(client: TestClient) -> None:
    reply = client.post(
        "/mappings", content=DOCUMENT.encode(), headers={"Qualweave-Roles": "reader"}
    )

    assert reply.status_code == 403


def test_the_schema_is_served_and_published(client: TestClient) -> None:
    page = Path(__file__).parents[2] / "docs/reference/mapping-document.schema.json"

    served = client.get("/schemas/mapping-document").json()

    assert served["title"] == "Qualweave mapping document"
    assert served["$schema"] in page.read_text("utf-8")


def told(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_line_checks_without_a_store(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(DOCUMENT, "utf-8")
    bad.write_text(DOCUMENT.replace("unit: Cel", "unit: um"), "utf-8")
    nowhere = ("--data", tmp_path / "nowhere")

    assert "good.yaml: valid" in told("mapping", "check", good, *nowhere)
    result = CliRunner().invoke(
        app, [str(one) for one in ("mapping", "check", bad, "--language", "zh", *nowhere)]
    )

    assert result.exit_code == 1
    assert "bad.yaml:8: error: columns.2.unit" in result.output
    assert "量纲不同" in result.output


def test_the_command_line_puts_shows_tries_and_compares(tmp_path: Path) -> None:
    document, csv = tmp_path / "oven.yaml", tmp_path / "oven_1.csv"
    document.write_text(DOCUMENT, "utf-8")
    csv.write_text(CSV, "utf-8")
    data = ("--data", tmp_path / "data")
    report = told("ingest", csv, *data)

    assert f"qualweave review list --data {tmp_path / 'data'}" in report
    assert f"qualweave serve --data {tmp_path / 'data'} --dev" in report
    assert "ovens-oven v1" in told("mapping", "put", document, *data)
    document.write_text(DOCUMENT.replace("unit: Cel", "unit: K"), "utf-8")
    told("mapping", "put", document, *data)

    assert "ovens-oven" in told("mapping", "list", *data)
    assert "q:ChamberTemperature" in told("mapping", "show", "ovens-oven", *data)
    assert "unit Cel → K" in told("mapping", "diff", "ovens-oven", *data)
    assert "单位 Cel → K" in told("mapping", "history", "ovens-oven", "--language", "zh", *data)
    trial = told("mapping", "dry-run", document, csv, *data)
    assert "rows read 3  rows lifted 2  rows quarantined 1" in trial
    assert "row 4" in trial


def test_the_command_line_runs_rml(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,x\n", "utf-8")
    mapping, out = tmp_path / "m.ttl", tmp_path / "out.nq"
    mapping.write_text(
        """@prefix rml: <http://w3id.org/rml/> . @prefix ex: <http://example.com/> .
        ex:Rows a rml:TriplesMap ;
          rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "a.csv" ] ; rml:referenceFormulation rml:CSV ] ;
          rml:subjectMap [ rml:template "{id}" ] ;
          rml:predicateObjectMap [ rml:predicate ex:value ; rml:objectMap [ rml:reference "v" ] ] .""",
        "utf-8",
    )

    assert "1 quads" in told("mapping", "run", mapping, "--out", out)
    assert out.read_text("utf-8") == '<http://example.org/1> <http://example.com/value> "x" .\n'

    mapping.write_text(mapping.read_text("utf-8").replace('"v"', '"w"'), "utf-8")
    with pytest.raises(QualweaveError, match=r"m\.ttl, line \d+"):
        told("mapping", "run", mapping, "--out", out)


def test_a_document_goes_out_as_rml_and_comes_back(tmp_path: Path) -> None:
    document, turtle, out = tmp_path / "oven.yaml", tmp_path / "oven.ttl", tmp_path / "oven.nq"
    document.write_text(DOCUMENT, "utf-8")
    (tmp_path / "oven_1.csv").write_text("op,machine,T,note\nO1,OV 3,180.5,a\n", "utf-8")
    data = ("--data", tmp_path / "data")
    told("ingest", tmp_path / "oven_1.csv", *data)
    told("mapping", "put", document, *data)

    said = told("mapping", "export", "ovens-oven", turtle, "--file", "oven_1.csv", *data)
    assert "not said: ovens-oven: row numbers" in said
    assert "quads" in told("mapping", "run", turtle, "--out", out)
    assert '<https://w3id.org/qonto/ChamberTemperature> "180.5"' in out.read_text("utf-8")

    assert "back v1" in told("mapping", "import", turtle, "--source", "back", *data)
    shown = told("mapping", "show", "back", *data)
    assert "q:ChamberTemperature" in shown
    assert "q:equipmentIdentifier" in shown


def test_a_document_goes_out_as_sssom_and_its_decisions_become_memory(tmp_path: Path) -> None:
    document, table = tmp_path / "oven.yaml", tmp_path / "oven.sssom.tsv"
    answer = "evidence: [{kind: answer, statement: {en: li decided so}}]"
    document.write_text(DOCUMENT.replace("unit: Cel", f"unit: Cel, by: li, {answer}"), "utf-8")
    (tmp_path / "oven_1.csv").write_text(CSV, "utf-8")
    data = ("--data", tmp_path / "data")
    told("ingest", tmp_path / "oven_1.csv", *data)
    told("mapping", "import", document, *data)

    told("mapping", "export", "ovens-oven", table, *data)
    other = ("mapping", "import", table, "--source", "line-2-oven", *data)
    refused = CliRunner().invoke(app, [str(one) for one in other]).exception
    assert isinstance(refused, QualweaveError)
    assert "line-2-oven" not in (tmp_path / "data/memory/plant.json").read_text("utf-8")
    said = told(*other, "--new-source")

    assert (
        "3 decisions learnt, 1 rows passed by" in said
    )  # who hands a document in stands behind it
    assert "the ontology has no term sssom:NoTermFound" in said
    memory = DecisionMemory.load(tmp_path / "data" / "memory" / "plant.json")
    assert ("line-2-oven", "T", "li") in [
        (one.source, one.field, one.by) for one in memory.decisions
    ]


def test_a_table_of_sources_or_predicates_that_there_are_not_is_refused_whole(
    client: TestClient,
) -> None:
    head = "subject_id\tsubject_label\tpredicate_id\tobject_id\tmapping_justification\n"
    manual = "q:ChamberTemperature\tsemapv:ManualMappingCuration\n"
    table = (
        f"{head}https://x.example/field/ovens-oven/T\tT\tskos:exactMatch\t{manual}"
        f"https://x.example/field/ovens-ovn/T\tT\tskos:exactMatch\t{manual}"
        f"https://x.example/field/ovens-oven/T\tT\tskos:exactmatch\t{manual}"
    )

    reply = client.post("/mappings/import?format=sssom&name=t.tsv", content=table.encode())
    taken = client.post(
        "/mappings/import?format=sssom&source=ovens-oven",
        content=table.splitlines(keepends=True)[0].encode()
        + table.splitlines(keepends=True)[1].encode(),
    )

    assert reply.status_code == 400
    assert reply.json()["detail"].startswith(
        "t.tsv, line 3, key subject_id: no file of a source 'ovens-ovn' has come in (field 'T')."
    )
    assert "Nearest: ovens-oven." in reply.json()["next_step"]
    assert "相近的来源：ovens-oven。" in reply.json()["next_step_zh"]
    assert [(one["line"], one["key"]) for one in reply.json()["faults"]] == [
        (3, "subject_id"),
        (4, "predicate_id"),
    ]
    assert taken.json() == {"learnt": 1, "passed": []}


def test_what_cannot_be_taken_is_told_over_http(client: TestClient) -> None:
    turtle = """@prefix rml: <http://w3id.org/rml/> . @prefix ex: <http://example.com/> .
    ex:Rows a rml:TriplesMap ;
      rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "a.csv" ] ; rml:referenceFormulation rml:CSV ] ;
      rml:subjectMap [ rml:template "{id}" ; rml:class ex:Step ] ."""

    reply = client.post("/mappings/import?format=rml&name=p.ttl", content=turtle.encode())

    assert reply.status_code == 400
    assert reply.json()["triples_map"] == "http://example.com/Rows"
    assert "its class" in reply.json()["detail"]
    exported = client.get(
        "/mappings/ovens-oven/export?format=rml&file=oven_1.csv&delimiter=%3B"
    ).json()
    assert 'csvw:delimiter ";"' in exported["text"]
    assert exported["text"].startswith("# Mapping ovens-oven v")
    assert exported["notes"][0]["zh"]
