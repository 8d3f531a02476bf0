"""Descriptions on their way into the graph: fields mapped before data come, stated values lifted, questions asked."""

import json
import shutil
from pathlib import Path

import orjson
import pytest

from qualweave.config import Settings
from qualweave.mappers.align.files import align_files
from qualweave.mappers.desk import desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.library import MappingLibrary
from qualweave.mappers.report import FileReport
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.devices.conftest import FILES
from tests.mappers.exact import exact


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def _ingested(
    folder: Path, data: Path, terms: TermIndex
) -> tuple[dict[str, FileReport], MappingLibrary, str]:
    """Return reports by file, mappings, and what the graph holds, as text."""
    settings = Settings(data_dir=data)
    store = open_store(data / "store", settings)
    work = desk(
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        gate=ShapeGate(),
        aligner=exact,
    )
    try:
        report = ingest(
            folder, store=store, terms=terms, settings=settings, principal=SYSTEM, gate=ShapeGate(), aligner=exact
        )  # fmt: skip
        with store.snapshot() as snapshot:
            held = "\n".join(str(one) for one in snapshot.quads())
        return {one.file: one for one in report.files}, work.library, held
    finally:
        store.close()


def _folder(place: Path, *names: str) -> Path:
    made = place / "in"
    made.mkdir()
    for name in names:
        shutil.copy(FILES / name, made / name)
    return made


def test_a_node_set_and_its_model_are_one_source(tmp_path: Path, terms: TermIndex) -> None:
    made = _folder(tmp_path, "press.NodeSet2.xml", "moulding.NodeSet2.xml")

    files, library, held = _ingested(made, tmp_path / "data", terms)

    press = files["press.NodeSet2.xml"]
    assert (press.kind, press.status, press.columns, press.rows_lifted) == (
        "nodeset",
        "lifted",
        9,
        1,
    )
    assert "41.5" in held
    assert "PS-0007" in held
    column = library.get("press.NodeSet2").column("TempMld")
    assert column is not None
    assert column.unit == "Cel"


def test_fields_are_mapped_before_a_value_has_come(tmp_path: Path, terms: TermIndex) -> None:
    made = _folder(tmp_path, "BatteryState.ttl", "Shared.ttl")

    files, library, _ = _ingested(made, tmp_path / "data", terms)

    battery = files["BatteryState.ttl"]
    assert (battery.kind, battery.columns, battery.rows_read) == ("samm", 7, 0)
    assert battery.mapped + battery.asked + battery.requested == 7
    document = library.get("BatteryState")
    assert {one.name for one in document.columns} >= {"cellVoltage", "packTemp", "mass"}


def test_a_missing_model_refuses_the_file_and_stops_nothing(
    tmp_path: Path, terms: TermIndex
) -> None:
    made = _folder(tmp_path, "press.NodeSet2.xml", "lathe.streams.xml")

    files, _, _ = _ingested(made, tmp_path / "data", terms)

    assert files["press.NodeSet2.xml"].status == "refused"
    assert "version 1.2.0, publication date 2025-06-01" in files["press.NodeSet2.xml"].message
    assert files["lathe.streams.xml"].rows_read == 7


def test_align_takes_a_description_in_place_of_a_list_of_fields(tmp_path: Path) -> None:
    targets = [
        {"id": "t:volt", "label": {"en": "cell voltage"}, "unit": "V"},
        {"id": "t:mass", "label": {"en": "mass"}, "unit": "kg"},
        {"id": "t:soh", "label": {"en": "state of health"}, "unit": "%"},
    ]
    (tmp_path / "terms.jsonl").write_text("\n".join(map(json.dumps, targets)), "utf-8")

    count = align_files(
        FILES / "BatteryState.ttl", tmp_path / "terms.jsonl", tmp_path / "out.jsonl"
    )

    best = {
        one["id"].rpartition("#")[2]: one["ranked"][0][0]
        for one in map(orjson.loads, (tmp_path / "out.jsonl").read_bytes().splitlines())
    }
    assert count == 7
    assert (best["cellVoltage"], best["mass"], best["stateOfHealth"]) == (
        "t:volt",
        "t:mass",
        "t:soh",
    )
