"""Shift lots: one code for a line's shift, what belongs to it, its curves and its first and last article."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from qualweave.errors import InputError, NotFound
from qualweave.iri import Q, mint
from qualweave.reasoning.passport import Terms
from qualweave.reasoning.passport.shift import ShiftLot, ShiftReport, shift_report
from qualweave.reasoning.trace import CsrGenealogy
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import change_set, item, operation, record, snapshot_of

ZONE = "Asia/Shanghai"
LINE = mint("line", "CL-01")


def made(name: str, at: str, *, shift: str = "", **values: str) -> list[str]:
    """Return an operation on line CL-01; times are UTC, eight hours behind the plant."""
    node = mint("operation", f"OP-{name}")
    lines = operation(
        name, f"OP-{name}", type="Calendering", usesEquipment="CL-01-R1", startedAt=at, **values
    )
    told = [f"<{node}> <{Q}inShift> <{mint('shift', shift)}> ."] if shift else []
    return [*lines, f"<{node}> <{Q}onLine> <{LINE}> .", *told]


def checked(name: str, number: str, **facts: str) -> list[str]:
    node = mint("inspection", number)
    return [f"<{node}> <{Q}inspects> <{item(name)}> .", *record(node, **facts)]


PLANT = [
    *made("L1", "2025-01-06T00:30:00Z", RollGap="96.3", RollTemperature="90"),  # 08:30
    *made("L2", "2025-01-06T06:00:00Z", RollGap="97.0"),
    *made("L3", "2025-01-06T11:59:00Z", RollGap="99.5"),  # 19:59
    *made("L4", "2025-01-06T12:00:00Z", RollGap="95.0"),  # 20:00: the night
    *made("L5", "2025-01-06T23:59:00Z", RollGap="95.5"),  # 07:59 next morning: the same night
    *made("L6", "2025-01-06T12:10:00Z", shift="DAY", RollGap="96.6"),  # overtime of the day, told so
    *checked("L1", "I1", conforms="true", CoatingThickness="139.4"),
    *checked("L6", "I6", conforms="false"),
    *record(mint("setpoint", "S1"), type="Setpoint", usesEquipment="CL-01-R1", setpointValue="97", lowerBound="95", upperBound="99"),
    f"<{mint('setpoint', 'S1')}> <{Q}about> <{Q}RollGap> .",
]  # fmt: skip


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    with snapshot_of(tmp_path, change_set(PLANT), ontology=True) as found:
        yield found


def report(snapshot: Snapshot, code: str) -> ShiftReport:
    lot = ShiftLot.parse(code)
    return shift_report(
        CsrGenealogy.build(snapshot), snapshot, lot, terms=Terms.read(snapshot), zone=ZONE
    )


def names(found: ShiftReport) -> list[str]:
    return [one.rsplit("/", 1)[1] for one in found.items]


@pytest.mark.parametrize(
    "lot",
    [
        ShiftLot("CL-01", date(2025, 1, 5), "N"),
        ShiftLot("产线-3", date(2024, 2, 29), "D"),
        ShiftLot("A", date(2025, 12, 31), "夜班甲"),
    ],
)
def test_a_code_is_read_as_it_was_minted(lot: ShiftLot) -> None:
    assert ShiftLot.parse(lot.code) == lot
    assert ShiftLot.looks_like(lot.code)


@pytest.mark.parametrize(
    "code", ["", "CL-01", "CL-01-20250106", "CL-01-20251306-D", "-20250106-D", "CL-01-2025016-D"]
)
def test_what_is_no_code_is_refused_with_an_example(code: str) -> None:
    with pytest.raises(InputError, match="not the code"):
        ShiftLot.parse(code)


@pytest.mark.parametrize(
    ("at", "stated", "code"),
    [
        ("2025-01-06T00:00:00Z", "", "X-20250106-D"),  # 08:00 sharp
        ("2025-01-05T23:59:59Z", "", "X-20250105-N"),  # 07:59:59
        (
            "2025-01-06T02:00:00Z",
            "夜班",
            "X-20250105-N",
        ),  # overtime of the night, at ten in the morning
        ("2025-01-06T13:00:00Z", "NIGHT", "X-20250106-N"),
        ("2025-01-06T13:00:00Z", "day shift", "X-20250106-D"),
        (
            "2025-01-06T02:00:00Z",
            "crew B-2",
            "X-20250106-crew_B_2",
        ),  # a word that the table does not know
    ],
)
def test_a_record_belongs_to_the_shift_it_names_else_to_that_of_its_time(
    at: str, stated: str, code: str
) -> None:
    assert ShiftLot.of("X", at, ZONE, stated).code == code


def test_a_shift_holds_what_its_line_made_in_it(snapshot: Snapshot) -> None:
    assert names(report(snapshot, "CL-01-20250106-D")) == ["L1", "L2", "L3", "L6"]
    assert names(report(snapshot, "CL-01-20250106-N")) == ["L4", "L5"]


def test_every_parameter_of_every_machine_has_a_curve_with_unit_and_limits(
    snapshot: Snapshot,
) -> None:
    curves = {
        one.parameter.removeprefix(Q): one for one in report(snapshot, "CL-01-20250106-D").curves
    }

    gap = curves["RollGap"]
    assert set(curves) == {"RollGap", "RollTemperature"}
    assert [value for _, value in gap.points] == [96.3, 97.0, 99.5, 96.6]
    assert (gap.unit, gap.lower, gap.upper, gap.outside) == ("µm", 95.0, 99.0, 1)
    assert curves["RollTemperature"].lower is None


def test_first_and_last_article_are_the_first_and_last_item_with_their_inspections(
    snapshot: Snapshot,
) -> None:
    first, last = report(snapshot, "CL-01-20250106-D").articles

    assert (first.role, first.item, [one.facts["conforms"] for one in first.inspections]) == (
        "first",
        item("L1"),
        ["true"],
    )
    assert (last.role, last.item, [one.facts["conforms"] for one in last.inspections]) == (
        "last",
        item("L6"),
        ["false"],
    )
    assert not first.recorded


def test_an_inspection_recorded_as_first_article_is_the_report(tmp_path: Path) -> None:
    told = checked("L2", "FA", type="FirstArticleInspection", conforms="true")

    with snapshot_of(tmp_path, change_set([*PLANT, *told]), ontology=True) as snapshot:
        first = report(snapshot, "CL-01-20250106-D").articles[0]

    assert (first.item, first.recorded) == (item("L2"), True)


def test_an_item_without_inspection_is_an_article_without_report(snapshot: Snapshot) -> None:
    assert [one.inspections for one in report(snapshot, "CL-01-20250106-N").articles] == [(), ()]


@pytest.mark.parametrize(
    ("code", "near"),
    [("CL-01-20250109-D", "CL-01-20250106-D"), ("CL-09-20250106-D", "Check the line")],
)
def test_a_shift_without_operations_names_the_nearest(
    snapshot: Snapshot, code: str, near: str
) -> None:
    with pytest.raises(NotFound, match="No operation") as caught:
        report(snapshot, code)

    assert near in caught.value.next_step


def test_a_machine_whose_operations_name_no_line_counts_by_its_own_line(tmp_path: Path) -> None:
    told = [
        *operation(
            "L7", "OP-L7", usesEquipment="R9", startedAt="2025-01-06T03:00:00Z", RollGap="1"
        ),
        f"<{mint('equipment', 'R9')}> <{Q}onLine> <{LINE}> .",
    ]

    with snapshot_of(tmp_path, change_set([*PLANT, *told]), ontology=True) as snapshot:
        assert "L7" in names(report(snapshot, "CL-01-20250106-D"))
