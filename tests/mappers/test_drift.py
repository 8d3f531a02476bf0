"""A known source that changes: only what changed waits, and nothing is read in a unit that it is not in (R75)."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.answering import answer_question
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.mapping import CandidateTerm, Decision, rivals
from qualweave.mappers.relift import relift_source
from qualweave.mappers.report import FileReport
from qualweave.mappers.requesting import suggestion
from qualweave.mappers.revise import open_requests
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import exact

HEAD = "serial number,start time,chamber temperature,conveyor speed"
UNITS = ",,{unit},m/min"


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store = open_store(settings.data_dir / "store", settings)
    yield desk(
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        gate=ShapeGate(),
        aligner=exact,
    )
    store.close()


def hand_in(work: Desk, path: Path, text: str) -> FileReport:
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
    report = ingest(
        path,
        store=work.store,
        terms=work.terms,
        settings=work.settings,
        principal=work.principal,
        gate=work.gate,
        aligner=work.aligner,
    )
    return report.files[0]


def delivery(day: int, *, head: str = HEAD, unit: str = "°C", tail: str = "") -> str:
    rows = [
        f"S{day}{at},2025-03-0{day} 09:0{at}:00,{180 + at},{1.5 + at / 10}{tail}" for at in range(3)
    ]
    return "\n".join([head, UNITS.format(unit=unit) + ("," if tail else ""), *rows]) + "\n"


def values(work: Desk, term: str) -> list[float]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(f"SELECT ?v WHERE {{ ?s q:{term} ?v }} ORDER BY ?v")
    return [float(row["v"].value) for row in rows]  # type: ignore[union-attr]


@pytest.fixture
def oven(work: Desk, tmp_path: Path) -> Path:
    """An oven whose first delivery is mapped and lifted."""
    told = hand_in(work, tmp_path / "in" / "Oven3_20250301.csv", delivery(1))
    assert (told.mapped, told.rows_lifted) == (4, 3)
    return tmp_path / "in"


def test_a_new_column_waits_alone(work: Desk, oven: Path) -> None:
    told = hand_in(
        work, oven / "Oven3_20250302.csv", delivery(2, head=HEAD + ",tap density", tail=",7")
    )

    assert (told.mapped, told.asked, told.rows_lifted) == (4, 1, 3)
    assert len(values(work, "ChamberTemperature")) == 6
    assert values(work, "TapDensity") == []
    assert [one.column for one in open_requests(work)] == ["tap density"]


def test_a_removed_column_holds_up_nothing_and_is_named(work: Desk, oven: Path) -> None:
    rows = "\n".join(f"S2{at},2025-03-02 09:0{at}:00,1.5" for at in range(3))

    told = hand_in(
        work,
        oven / "Oven3_20250302.csv",
        f"serial number,start time,conveyor speed\n,,m/min\n{rows}\n",
    )

    assert told.missing_columns == ("chamber temperature",)
    assert told.rows_lifted == 3
    assert len(values(work, "ConveyorSpeed")) == 6
    assert open_requests(work) == []
    again = hand_in(work, oven / "Oven3_20250303.csv", delivery(3))
    assert (again.missing_columns, again.asked) == ((), 0)


def test_a_renamed_column_waits_and_says_whose_place_it_takes(work: Desk, oven: Path) -> None:
    renamed = HEAD.replace("conveyor speed", "conveyor velocity")

    told = hand_in(work, oven / "Oven3_20250302.csv", delivery(2, head=renamed))

    (question,) = open_requests(work)
    assert (told.mapped, told.asked + told.requested, told.rows_lifted) == (4, 1, 3)
    assert (question.column, told.missing_columns) == ("conveyor velocity", ("conveyor speed",))
    assert len(values(work, "ConveyorSpeed")) == 3


def test_a_synonym_of_a_removed_column_says_that_it_may_be_renamed(work: Desk, oven: Path) -> None:
    renamed = HEAD.replace("chamber temperature", "furnace temperature")

    hand_in(work, oven / "Oven3_20250302.csv", delivery(2, head=renamed))

    (question,) = open_requests(work)
    assert question.request.evidence[0].statement["en"] == (
        "the file lacks chamber temperature, which was mapped to q:ChamberTemperature: it may be renamed"
    )


def test_another_unit_row_waits_and_is_converted_once_it_is_confirmed(
    work: Desk, oven: Path
) -> None:
    told = hand_in(work, oven / "Oven3_20250302.csv", delivery(2, unit="K"))

    (question,) = open_requests(work)
    assert (told.mapped, told.asked, told.rows_lifted) == (3, 1, 3)
    assert len(values(work, "ConveyorSpeed")) == 6
    assert values(work, "ChamberTemperature") == [180, 181, 182]  # those of the first delivery
    assert "单位为 K" in question.request.statement["zh"]

    answer_question(work, question.id, "q:ChamberTemperature")

    assert values(work, "ChamberTemperature") == pytest.approx(
        [-93.15, -92.15, -91.15, 180, 181, 182]
    )
    third = hand_in(work, oven / "Oven3_20250303.csv", delivery(3, unit="K"))
    assert (third.asked, len(values(work, "ChamberTemperature"))) == (0, 9)
    fourth = hand_in(work, oven / "Oven3_20250304.csv", delivery(4, unit="°F"))
    assert (fourth.asked, len(open_requests(work))) == (1, 1)


def test_while_a_unit_waits_files_in_the_known_one_go_on(work: Desk, oven: Path) -> None:
    hand_in(work, oven / "Oven3_20250302.csv", delivery(2, unit="K"))
    hand_in(work, oven / "Oven3_20250303.csv", delivery(3))
    hand_in(work, oven / "Oven3_20250304.csv", delivery(4, unit="°F"))

    assert values(work, "ChamberTemperature") == [180, 180, 181, 181, 182, 182]
    relift_source(work, "Oven3")  # as any other answer about this source would
    assert values(work, "ChamberTemperature") == [180, 180, 181, 181, 182, 182]
    (question,) = open_requests(work)
    answer_question(work, question.id, "q:ChamberTemperature")
    assert values(work, "ChamberTemperature")[:3] == pytest.approx([-93.15, -92.15, -91.15])
    assert len(values(work, "ChamberTemperature")) == 12
    assert values(work, "ChamberTemperature")[3] == pytest.approx(82.2222, abs=1e-3)


def test_another_spelling_of_the_same_unit_is_no_change(work: Desk, oven: Path) -> None:
    told = hand_in(work, oven / "Oven3_20250302.csv", delivery(2, unit="degC"))

    assert told.asked == 0


@pytest.mark.parametrize("unit", ["C", "Grad"])
def test_a_unit_row_that_stays_the_same_is_no_change_whatever_it_says(
    work: Desk, tmp_path: Path, unit: str
) -> None:
    hand_in(work, tmp_path / "in" / "Oven3_20250301.csv", delivery(1, unit=unit))

    told = hand_in(work, tmp_path / "in" / "Oven3_20250302.csv", delivery(2, unit=unit))

    assert (told.asked, told.mapped) == (0, 4)


def test_a_unit_that_a_person_corrected_is_not_asked_about_again(work: Desk, oven: Path) -> None:
    document = work.library.get("Oven3")
    columns = [
        one.model_copy(update={"unit": "[degF]"}) if one.name == "chamber temperature" else one
        for one in document.columns
    ]
    work.library.put(document.revised(columns=[one.model_dump() for one in columns]))

    told = hand_in(work, oven / "Oven3_20250302.csv", delivery(2))

    assert told.asked == 0
    assert min(values(work, "ChamberTemperature")) == pytest.approx(82.2222, abs=1e-3)


def test_other_firmware_asks_about_what_is_no_longer_confirmed_and_nothing_else(
    work: Desk, tmp_path: Path
) -> None:
    source = tmp_path / "in" / "Press1_20250301.csv"
    hand_in(work, source, "# firmware version: V1\n" + delivery(1))
    document = work.library.get("Press1")
    # What a former release of the ontology had called so is no longer what the aligner finds.
    stale = [
        one.model_copy(update={"term": "q:Temperature"})
        if one.name == "chamber temperature"
        else one
        for one in document.columns
    ]
    work.library.put(document.revised(columns=[one.model_dump() for one in stale]))

    same = hand_in(
        work, tmp_path / "in" / "Press1_20250302.csv", "# firmware version: V1\n" + delivery(2)
    )
    other = hand_in(
        work, tmp_path / "in" / "Press1_20250303.csv", "# firmware version: V2\n" + delivery(3)
    )

    assert (same.asked, other.asked, other.mapped) == (0, 1, 3)
    (question,) = open_requests(work)
    assert question.column == "chamber temperature"
    assert "固件已变更" in question.request.statement["zh"]
    assert len(values(work, "ConveyorSpeed")) == 9
    relift_source(work, "Press1")
    assert len(values(work, "Temperature")) == 6  # of the two deliveries before
    answer_question(work, question.id, "q:ChamberTemperature")
    last = hand_in(
        work, tmp_path / "in" / "Press1_20250304.csv", "# firmware version: V2\n" + delivery(4)
    )
    assert (last.asked, work.library.get("Press1").column("chamber temperature").term) == (  # type: ignore[union-attr]
        0,
        "q:ChamberTemperature",
    )


def test_the_probabilities_of_rivals_leave_room_for_each_other() -> None:
    found = rivals(
        (
            CandidateTerm(term="q:coolingRateUnit", probability=0.64),
            CandidateTerm(term="q:CoolingRate", probability=0.64),
            CandidateTerm(term="q:unitText", probability=0.1),
        )
    )

    assert found[0].probability == 0.64
    assert found[1].probability > found[2].probability > 0
    assert sum(one.probability for one in found) <= 1


def test_a_field_that_no_term_fits_is_not_suggested_the_least_unlikely_one(
    work: Desk, oven: Path
) -> None:
    hand_in(work, oven / "Oven3_20250302.csv", delivery(2, head=HEAD + ",flurb", tail=",7"))
    column = work.library.get("Oven3").column("flurb")
    assert column is not None
    assert column.decision is Decision.REQUESTED

    said = suggestion(
        column.model_copy(
            update={"candidates": (CandidateTerm(term=Q + "PIDGain", probability=0.04),)}
        ),
        work.vocabulary,
    )

    assert said["zh"] == "新增字段flurb,Q-Ontology中没有合适的术语,申请新增术语"
