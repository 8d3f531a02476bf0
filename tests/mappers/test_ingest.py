"""Ingest end to end on a real store: counted, idempotent, resumable, questioned, released, traced back."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.errors import Conflict, Forbidden, InputError, NotFound
from qualweave.iri import Q
from qualweave.mappers.answering import answer_question
from qualweave.mappers.answers import load_answers
from qualweave.mappers.codes import resolve_code, undecided
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.drafting import Answer
from qualweave.mappers.ingest import ingest, resume
from qualweave.mappers.library import MappingLibrary
from qualweave.mappers.provenance import provenance
from qualweave.mappers.quarantine import list_quarantine
from qualweave.mappers.report import IngestReport
from qualweave.mappers.revise import open_requests, release
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM, Principal
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import OxigraphStore, open_store
from tests.mappers.exact import exact

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
EQUIPMENT = "https://example.org/id/plant/equipment/"


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings: Settings) -> Iterator[OxigraphStore]:
    opened = open_store(settings.data_dir / "store", settings)
    yield opened
    opened.close()


@pytest.fixture
def work(store: OxigraphStore, terms: TermIndex, settings: Settings) -> Desk:
    return desk(
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        gate=ShapeGate(),
        aligner=exact,
    )


def run(work: Desk, path: Path, **more: object) -> IngestReport:
    return ingest(
        path,
        store=work.store,
        terms=work.terms,
        settings=work.settings,
        principal=work.principal,
        gate=work.gate,
        aligner=work.aligner,
        **more,
    )


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
    return folder


PROCESS = """
    operation,equipment,serial number,start time
    OP1,WB-1,S1,2025-01-01 09:00:00
    OP2,WB-1,S2,2025-01-01 09:01:00
    OP3,WB-1,S3,2025-01-01 09:02:00
"""
CODES_A = """
    equipment,defect code,code description,valid from
    AOI-A,127,金线偏移,2024-01-01 00:00:00
    AOI-A,128,odd thing,2024-01-01 00:00:00
"""
CODES_B = """
    equipment,defect code,code description,valid from
    AOI-B,127,环氧树脂溢出,2024-01-01 00:00:00
"""
RESULTS_A = """
    equipment,serial number,defect code,result time,conforms
    AOI-A,S1,127,2025-01-01 10:00:00,NG
    AOI-A,S2,,2025-01-01 10:00:10,OK
    AOI-A,S3,999,2025-01-01 10:00:20,NG
    ,S3,127,2025-01-01 10:00:30,NG
"""
RESULTS_B = """
    equipment,serial number,defect code,result time,conforms,mystery
    AOI-B,S1,127,2025-01-01 11:00:00,NG,7
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return write(
        tmp_path / "in", aoi__a_results=RESULTS_A, aoi__b_results=RESULTS_B, aoi__codes_a=CODES_A,
        aoi__codes_b=CODES_B, mes__process=PROCESS,
    )  # fmt: skip


def defects(work: Desk) -> set[str]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT DISTINCT ?c WHERE { ?d a q:Defect, ?c FILTER(?c != q:Defect) }"
        )
    return {str(row["c"].value).removeprefix(Q) for row in rows}  # type: ignore[union-attr]


def triples(work: Desk) -> set[str]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        data = {one.graph for one in snapshot.graphs("data")}
        return {
            str(one) for one in snapshot.quads() if getattr(one.graph_name, "value", "") in data
        }


def test_every_row_is_in_the_graph_or_in_quarantine(work: Desk, plant: Path) -> None:
    report = run(work, plant)

    for one in report.files:
        assert one.rows_read == one.rows_lifted + one.rows_quarantined + one.rows_waiting, one.file
        assert one.columns == one.mapped + one.asked + one.requested + one.ignored, one.file
    assert report.total("rows_quarantined") == len(list_quarantine(work.settings.data_dir)) == 2


def test_one_code_on_two_machines_is_two_defects(work: Desk, plant: Path) -> None:
    run(work, plant)

    assert defects(work) == {"WireShift", "EpoxyOverflow"}
    with work.store.snapshot() as snapshot:
        assert resolve_code(snapshot, "127", EQUIPMENT + "AOI-A").denotes == Q + "WireShift"
        assert resolve_code(snapshot, "127", EQUIPMENT + "AOI-B").denotes == Q + "EpoxyOverflow"
        assert [one.label for one in undecided(snapshot)] == ["odd thing"]
        with pytest.raises(NotFound, match="no code list for AOI-C"):
            resolve_code(snapshot, "127", EQUIPMENT + "AOI-C")


def test_the_order_in_which_files_arrive_does_not_matter(work: Desk, plant: Path) -> None:
    for name in ("aoi/a_results", "aoi/b_results", "aoi/codes_a", "mes/process", "aoi/codes_b"):
        run(work, plant / f"{name}.csv")

    assert defects(work) == {"WireShift", "EpoxyOverflow"}
    assert len(list_quarantine(work.settings.data_dir)) == 2


def test_a_waiting_row_says_why_and_goes_in_once_it_is_corrected(work: Desk, plant: Path) -> None:
    run(work, plant)
    by_code = {one.problems[0].code: one for one in list_quarantine(work.settings.data_dir)}
    row = by_code["unknown-scope"]

    assert (row.file, row.row) == ("aoi/a_results.csv", 4)
    assert "the code list of AOI-A has no code 999" in row.problems[0].message["en"]
    with pytest.raises(Conflict, match="still cannot be lifted"):
        release(work, row.id, {"defect code": "998"})
    with pytest.raises(InputError, match="has no column 'x'"):
        release(work, row.id, {"x": "1"})

    assert release(work, row.id, {"defect code": "127"}).state == "released"

    with pytest.raises(Conflict, match="released before"):
        release(work, row.id, {})
    with work.store.snapshot() as snapshot:
        assert snapshot.ask(
            "ASK { ?d q:foundOn <https://example.org/id/plant/item/S3> ; a q:WireShift }"
        )
        counts = snapshot.select(
            "SELECT ?l ?h WHERE { ?b q:fileName 'aoi/a_results.csv' ; q:rowsLifted ?l ; q:rowsQuarantined ?h }"
        )
        assert [(row["l"].value, row["h"].value) for row in counts] == [("3", "1")]  # type: ignore[union-attr]


def test_a_released_row_stays_in_when_its_source_is_lifted_again(work: Desk, plant: Path) -> None:
    run(work, plant)
    row = next(one for one in list_quarantine(work.settings.data_dir) if one.row == 4)
    release(work, row.id, {"defect code": "127"})
    before = triples(work)

    run(
        work,
        write(plant / "more", late__process="operation,equipment,serial number\nOP9,WB-1,S9\n"),
    )
    question = next(one for one in open_requests(work) if one.text == "odd thing")
    answer_question(work, question.id, "q:Warpage")

    # Lifted with the others, the row is no longer the one that its machine was met in first.
    first_met = {one for one in before if "/equipment/AOI-A> " in one and "sourceRow" in one}
    assert before - first_met <= triples(work)
    assert len(list_quarantine(work.settings.data_dir)) == 1


def test_a_field_without_a_term_blocks_only_itself_and_is_asked_once(
    work: Desk, plant: Path
) -> None:
    report = run(work, plant)

    waiting = [one for one in open_requests(work) if one.column == "mystery"]
    assert [one.request.kind for one in waiting] == ["new_term"]
    assert waiting[0].request.samples == ("7",)
    assert next(one for one in report.files if "b_results" in one.file).rows_lifted == 1
    run(work, write(plant / "again", aoi__b_results=RESULTS_B.replace("11:00", "12:00")))
    assert not [one for one in triples(work) if "value=7 " in one]
    assert sum(one.column == "mystery" for one in open_requests(work)) == 1


def test_two_files_of_a_source_at_once_ask_one_question(tmp_path: Path, terms: TermIndex) -> None:
    slow = Settings(data_dir=tmp_path / "data", publish_interval_ms=3_600_000)
    head = "operation,equipment,serial number,start time,mystery\n"
    folder = write(
        tmp_path / "in",
        mes__process_20250101=head + "OP1,WB-1,S1,2025-01-01 09:00:00,7\n",
        mes__process_20250102=head + "OP2,WB-1,S2,2025-01-02 09:00:00,8\n",
    )
    store = open_store(slow.data_dir / "store", slow)
    work = desk(
        store=store, terms=terms, settings=slow, principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )

    report = run(work, folder)

    asked = [one for one in open_requests(work) if one.column == "mystery"]
    store.close()
    assert len({source for one in report.files for source in one.sources}) == 1
    assert len(asked) == 1


def test_a_column_whose_name_lost_a_character_stays_readable(work: Desk, tmp_path: Path) -> None:
    head = "operation,equipment,serial number,start time,Temp\ufffd\n"
    run(work, write(tmp_path / "in", mes__p_1=head + "OP1,WB-1,S1,2025-01-01 09:00:00,7\n"))

    again = run(
        work, write(tmp_path / "next", mes__p_2=head + "OP2,WB-1,S2,2025-01-01 10:00:00,8\n")
    )

    assert [(one.status, one.message) for one in again.files] == [("lifted", "")]


def test_an_answer_lifts_what_waited_for_it(work: Desk, plant: Path) -> None:
    run(work, plant)
    question = next(one for one in open_requests(work) if one.column == "mystery")

    with pytest.raises(InputError, match="has no term"):
        answer_question(work, question.id, "q:NoSuchThing")
    report = answer_question(work, question.id, "q:TapDensity")

    assert report.files[0].rows_lifted == 1
    with work.store.snapshot() as snapshot:
        rows = snapshot.select("SELECT ?s WHERE { ?s q:TapDensity ?v FILTER(?v = 7) }")
        assert len(rows) == 1
        origin = provenance(snapshot, rows[0]["s"].value, Q + "TapDensity")[0]  # type: ignore[union-attr]
        assert origin.columns == ("mystery",)
        assert origin.mapping.endswith("/2")
    with pytest.raises(NotFound, match="no open question"):
        answer_question(work, question.id, "q:TapDensity")


def test_an_answered_text_of_a_code_list_gives_the_code_its_meaning(
    work: Desk, plant: Path
) -> None:
    run(work, plant)
    question = next(one for one in open_requests(work) if one.text == "odd thing")

    answer_question(work, question.id, "q:Contamination")

    with work.store.snapshot() as snapshot:
        assert resolve_code(snapshot, "128", EQUIPMENT + "AOI-A").denotes == Q + "Contamination"
        assert undecided(snapshot) == []


def test_any_triple_leads_to_file_row_and_column(work: Desk, plant: Path) -> None:
    run(work, plant)

    with work.store.snapshot() as snapshot:
        (origin,) = provenance(
            snapshot, "https://example.org/id/plant/operation/OP2", Q + "usesEquipment"
        )
        with pytest.raises(NotFound, match="No ingested file holds"):
            provenance(snapshot, "https://example.org/id/plant/operation/OP77")

    assert (origin.file_name, origin.row, origin.columns) == ("mes/process.csv", 3, ("equipment",))
    assert origin.decided_by == ("align",)
    assert origin.who.endswith("/person/system")
    assert len(origin.sha256) == 64


def test_a_new_field_of_a_known_source_is_suggested_in_the_words_of_the_ontology(
    work: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    run(work, write(folder, cooling__dev_20250101="equipment,start time\nC1,2025-01-01 00:00:00\n"))

    wide = "equipment,start time,Cooling_Rate_Unit\nC1,2025-01-02 00:00:00,Cel/min\n"
    report = run(work, write(folder, cooling__dev_20250102=wide))

    question = next(one for one in open_requests(work) if one.column == "Cooling_Rate_Unit")
    assert question.request.statement["zh"] == (
        "新增字段Cooling_Rate_Unit,建议映射至Q-Ontology中Thermal_Processing类下的cooling_rate_unit属性"
    )
    assert (
        "property cooling_rate_unit of class Thermal_Processing" in question.request.statement["en"]
    )
    assert report.files[-1].rows_lifted == 1
    assert MappingLibrary(work.settings.data_dir, "plant").get("cooling-dev").version == 2
    renamed = dict.fromkeys([Q + "coolingRateUnit"], Q + "Baking")
    assert work.vocabulary.printed(renamed[Q + "coolingRateUnit"]) != "Thermal_Processing"


def test_the_same_bytes_are_ingested_once(work: Desk, plant: Path) -> None:
    run(work, plant)
    before = triples(work)

    report = run(work, plant)

    assert {one.status for one in report.files} == {"repeated"}
    assert triples(work) == before


def test_what_cannot_be_read_is_refused_and_stops_nothing(work: Desk, plant: Path) -> None:
    (plant / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (plant / "empty.csv").write_bytes(b"")
    (plant / "cut.json").write_text('{"rows": [1, 2')

    report = run(work, plant)

    assert {one.file for one in report.refused} == {"noise.bin", "empty.csv", "cut.json"}
    assert all(one.message and one.message_zh for one in report.refused)
    assert sum(one.status == "lifted" for one in report.files) == 5
    assert work.store.pending_inputs() == []


def test_a_reader_may_not_ingest_and_a_missing_path_is_named(work: Desk, plant: Path) -> None:
    with pytest.raises(Forbidden):
        run(replace(work, principal=Principal("guest")), plant)
    with pytest.raises(InputError, match="neither a file nor a folder"):
        run(work, plant / "nowhere")


def test_ai4i_is_counted_to_the_last_row_and_column(work: Desk) -> None:
    path = SHARED / "gnn" / "ai4i2020" / "ai4i2020.csv"
    if not path.exists():
        pytest.skip("the shared data are not here")

    (one,) = run(work, path).files

    assert one.rows_read == one.rows_lifted + one.rows_quarantined == 10_000
    assert one.columns == one.mapped + one.asked + one.requested == 14
    assert len(one.questions) == one.asked + one.requested
    with work.store.snapshot() as snapshot:
        assert len(snapshot.select("SELECT ?s WHERE { ?s a q:Operation }")) == one.rows_lifted


def test_all_valid_epcis_files_are_in_the_graph_event_by_event(work: Desk) -> None:
    folder = SHARED / "trace" / "epcis" / "valid"
    if not folder.exists():
        pytest.skip("the shared data are not here")

    report = run(work, folder)

    assert {one.status for one in report.files} == {"lifted"}
    assert report.total("rows_read") == report.total("rows_lifted") == 90
    assert report.total("rows_quarantined") == 0


def test_an_event_that_epcis_refuses_waits_and_the_others_go_on(work: Desk) -> None:
    folder = SHARED / "trace" / "epcis" / "invalid" / "JSON" / "Capture"
    if not folder.exists():
        pytest.skip("the shared data are not here")

    report = run(work, folder)

    by_name = {one.file: one for one in report.files}
    mixed = by_name.pop("ObjectEvent_with_non_standard_bizStep_in_second_event.json")
    assert (mixed.status, mixed.rows_lifted, mixed.rows_quarantined) == ("lifted", 1, 1)
    assert {one.status for one in by_name.values()} == {"refused"}


_KILLED = """
import sys, os, signal
from pathlib import Path
from qualweave.config import Settings
from qualweave.mappers.ingest import ingest
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.store.oxigraph import OxigraphStore
from tests.mappers.exact import exact

data, folder, step, at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
settings = Settings(data_dir=data)
seen = 0
def die(name):
    global seen
    if name == step:
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
store = OxigraphStore(data / "store", settings=settings, at_step=die)
terms = TermIndex.from_graph(load_graph())
ingest(folder, store=store, terms=terms, settings=settings, principal=SYSTEM, aligner=exact)
"""


@pytest.mark.parametrize(("step", "at"), [("journal", 2), ("apply", 3), ("count", 2)])
def test_a_killed_ingest_leaves_a_consistent_store_and_is_resumed(
    step: str, at: int, plant: Path, tmp_path: Path, terms: TermIndex
) -> None:
    data = tmp_path / "killed"
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}

    died = subprocess.run(
        [sys.executable, "-c", _KILLED, str(data), str(plant), step, str(at)],
        env=env, cwd=root, check=False, timeout=60,
    )  # fmt: skip

    assert died.returncode == -signal.SIGKILL
    settings = Settings(data_dir=data)
    store = open_store(data / "store", settings)
    work = desk(store=store, terms=terms, settings=settings, principal=SYSTEM, aligner=exact)
    assert store.pending_inputs()
    with store.snapshot() as snapshot:
        for entry in snapshot.graphs("data"):
            rows = snapshot.select("SELECT ?s WHERE { ?s ?p ?o }", graphs=[entry.graph])
            assert len(rows) == entry.about["triples"]
    report = resume(work)
    assert store.pending_inputs() == []
    assert {one.status for one in report.files} <= {"lifted", "repeated"}
    store.publish()
    resumed = triples(work)
    store.close()

    whole_settings = Settings(data_dir=tmp_path / "whole")
    whole = open_store(tmp_path / "whole" / "store", whole_settings)
    other = desk(store=whole, terms=terms, settings=whole_settings, principal=SYSTEM, aligner=exact)
    run(other, plant)
    assert triples(other) == resumed
    whole.close()


def test_the_example_plant_is_ingested_with_its_engineers_answers(
    work: Desk, tmp_path: Path
) -> None:
    # The package's aligner: the exact one of the other tests profiles nothing, no decimal comma either.
    work = replace(work, aligner=None)
    generate = pytest.importorskip("qualweave.examples.plant").generate
    generate(tmp_path / "plant", seed=1, size="small")
    answers = load_answers(tmp_path / "plant/answers/engineer.yaml")
    truth = (tmp_path / "plant/oracle/fields.csv").read_text("utf-8").splitlines()[1:]
    split = [one.split(",") for one in truth if one.count(",") == 4]
    told = [
        Answer(row[1], "" if row[2] == "NIL" else row[2].split("|")[0], file=row[0], unit=row[3])
        for row in split
    ]
    report = run(work, tmp_path / "plant/input", answers=[*told, *answers])

    assert report.refused == ()
    for one in report.files:
        assert one.rows_read == one.rows_lifted + one.rows_quarantined + one.rows_waiting, one.file
    genealogy = (tmp_path / "plant/oracle/genealogy.csv").read_text("utf-8").split()[1:]
    with work.store.snapshot() as snapshot:
        edges = snapshot.select("SELECT DISTINCT ?a ?b WHERE { ?a q:derivedFromMaterial ?b }")
    assert len(edges) == len(set(genealogy))
