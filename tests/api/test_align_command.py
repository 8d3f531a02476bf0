"""`qualweave align` on any vocabulary, and on the Q-Ontology where none is named."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from qualweave.api.cli import app
from qualweave.errors import UnreadableSource
from qualweave.iri import Q

TERMS = """
@prefix : <https://example.org/o#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix qudt: <http://qudt.org/schema/qudt/> .
@prefix unit: <http://qudt.org/vocab/unit/> .
:O_0001 a owl:DatatypeProperty ; rdfs:label "Ofentemperatur"@de, "炉温"@zh ; qudt:hasUnit unit:DEG_C .
:O_0002 a owl:DatatypeProperty ; rdfs:label "Banddrehzahl"@de, "带速"@zh ; qudt:hasUnit unit:REV-PER-MIN .
:O_0003 a owl:DatatypeProperty .
"""


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    rows = [
        {"id": "1", "name": "炉温", "unit": "°C", "language": "zh"},
        {"id": "2", "name": "Banddrehzahl", "unit": "1/min", "language": "de"},
        {"id": "3", "name": "注射压力", "unit": "MPa", "language": "zh"},
    ]
    path = tmp_path / "fields.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return path


def _first(path: Path) -> dict[str, str]:
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return {one["id"]: one["ranked"][0][0] for one in rows}


def test_a_vocabulary_of_owl_is_aligned_and_what_is_left_out_is_told(
    tmp_path: Path, fields: Path
) -> None:
    (tmp_path / "o.ttl").write_text(TERMS, encoding="utf-8")
    out = tmp_path / "p.jsonl"

    told = CliRunner().invoke(
        app,
        ["align", "--fields", str(fields), "--terms", str(tmp_path / "o.ttl"), "--out", str(out)],
    )

    assert told.exit_code == 0, told.output
    assert "o.ttl: 2 datatype properties; left out: 1 without a name." in told.output
    found = _first(out)
    assert (found["1"], found["2"]) == (
        "https://example.org/o#O_0001",
        "https://example.org/o#O_0002",
    )


def test_without_terms_it_is_the_q_ontology(tmp_path: Path, fields: Path) -> None:
    out = tmp_path / "p.jsonl"

    told = CliRunner().invoke(app, ["align", "--fields", str(fields), "--out", str(out)])

    assert told.exit_code == 0, told.output
    assert _first(out)["3"] == Q + "InjectionPressure"


def test_what_is_no_vocabulary_is_refused(tmp_path: Path, fields: Path) -> None:
    told = CliRunner().invoke(
        app, ["align", "--fields", str(fields), "--terms", str(tmp_path / "none.ttl"), "--out", "p"]
    )

    assert isinstance(told.exception, UnreadableSource)
