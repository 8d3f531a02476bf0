"""Wire bonding with two AOI machines whose codes mean different things, and a third that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.families import make_run, write_runs
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_OTHERS = ("Stain", "Dent", "MissingPart", "PositionError", "Scratch", "Contamination")
_REVIEWED = 0.4


def build_electronics(press: Press) -> None:
    """Simulate the bonding shop and write its files."""
    lines = draw_lines(press, "WireBonding")
    rows = press.size["rows"]
    runs = [make_run(press, line, labelled(f"U-{line.code}-", rows, 6)) for line in lines]
    write_runs(press, "WireBonding", runs)
    units = np.concatenate([run.items for run in runs])
    moment = np.concatenate([run.started for run in runs]) + np.timedelta64(95, "m")
    first, second, third = (press.scenario.code("AOI", number) for number in (1, 2, 3))
    a = _code_list(press, "WireShift", ("Stain", "Dent", "MissingPart"))
    b = _code_list(press, "EpoxyOverflow", ("PositionError", "Scratch", "Contamination"))
    half = len(units) // 2
    _write_a(press, first, a, units[:half], moment[:half])
    _write_b(press, second, b, units[half:], moment[half:])
    _write_unknown(press, third, units[: half // 4], moment[: half // 4])
    for machine, codes, style in ((first, a, "a"), (second, b, "b")):
        _write_codes(press, machine, codes, style)
    press.oracle.incidents["scoped-code"] = {
        "requirement": "R63",
        "code": str(press.scenario.aoi_code),
        "meanings": {first: a[str(press.scenario.aoi_code)], second: b[str(press.scenario.aoi_code)]},
        "unknown_machine": third,
        "files": {
            first: f"electronics/aoi/{first}_defects.csv",
            second: f"electronics/aoi/{second}_inspection.xml",
            third: f"electronics/aoi/{third}_defects.csv",
        },
    }


def _code_list(press: Press, told: str, others: tuple[str, ...]) -> dict[str, str]:
    code = press.scenario.aoi_code
    return {str(code): told} | {str(code + step): name for step, name in enumerate(others, 1)}


def _found(press: Press, scope: str, codes: dict[str, str], count: int) -> np.ndarray[Any, Any]:
    """One code per unit, empty where the machine found nothing."""
    rng = press.scenario.rng("aoi", scope)
    drawn = rng.choice(np.array(list(codes), dtype=object), count)
    return np.where(rng.random(count) < 0.35, drawn, "")  # noqa: PLR2004 - share of units with a finding


def _reviewed(press: Press, scope: str, codes: dict[str, str], found: np.ndarray[Any, Any], language: str) -> list[str]:
    rng = press.scenario.rng("aoi-review", scope)
    return [
        press.world.word(codes[one], language) if one and rng.random() < _REVIEWED else "" for one in found
    ]


def _write_a(press: Press, machine: str, codes: dict[str, str], units: np.ndarray[Any, Any], moment: np.ndarray[Any, Any]) -> None:
    found = _found(press, machine, codes, len(units))
    columns = [
        column("Machine", "equipmentIdentifier", [machine] * len(units)),
        column("Unit_SN", "serialNumber", units),
        column("Insp_Time", "resultTime", moment),
        column("Defect_ID", "defectCode", found.astype(object)),
        column("Result", "conforms", np.where(found == "", "OK", "NG").astype(object)),
        column("Review", "reviewedResult|defectName", _reviewed(press, machine, codes, found, "en")),
    ]
    press.csv(f"electronics/aoi/{machine}_defects.csv", columns, Dialect(newline="\r\n"))
    press.oracle.totals["aoi_findings"] += int(np.count_nonzero(found != ""))


def _write_b(press: Press, machine: str, codes: dict[str, str], units: np.ndarray[Any, Any], moment: np.ndarray[Any, Any]) -> None:
    found = _found(press, machine, codes, len(units))
    columns = [
        column("UnitSerial", "serialNumber", units, attribute=True),
        column("InspectionTime", "resultTime", moment),
        column("Defect_ID", "defectCode", found.astype(object)),
        column("Verdict", "conforms", np.where(found == "", "PASS", "FAIL").astype(object)),
        column("ReviewVerdict", "reviewedResult|defectName", _reviewed(press, machine, codes, found, "zh")),
    ]
    press.xml(
        f"electronics/aoi/{machine}_inspection.xml", columns, root="AOIReport", record="Inspection",
        attributes={"machine": machine, "programme": "P7.2"},
        extra=(("machine", "equipmentIdentifier"), ("programme", "firmwareVersion")),
    )  # fmt: skip
    press.oracle.totals["aoi_findings"] += int(np.count_nonzero(found != ""))


def _write_unknown(press: Press, machine: str, units: np.ndarray[Any, Any], moment: np.ndarray[Any, Any]) -> None:
    code = str(press.scenario.aoi_code)
    columns = [
        column("Machine", "equipmentIdentifier", [machine] * len(units)),
        column("Unit_SN", "serialNumber", units),
        column("Insp_Time", "resultTime", moment),
        column("Defect_ID", "defectCode", np.where(np.arange(len(units)) % 2 == 0, code, "").astype(object)),
        column("Result", "conforms", np.where(np.arange(len(units)) % 2 == 0, "NG", "OK").astype(object)),
    ]
    press.csv(f"electronics/aoi/{machine}_defects.csv", columns, Dialect(newline="\r\n"))


def _write_codes(press: Press, machine: str, codes: dict[str, str], style: str) -> None:
    language = "zh" if style == "a" else "en"
    words = [press.world.word(name, language) for name in codes.values()]
    header = (
        ("Machine", "Defect_ID", "Description", "Valid_From") if style == "a" else ("machine", "code", "meaning", "valid_from")
    )
    columns = [
        column(header[0], "equipmentIdentifier", [machine] * len(codes)),
        column(header[1], "defectCode", list(codes)),
        column(header[2], "codeDescription|defectName", words),
        column(header[3], "validFrom", np.full(len(codes), np.datetime64("2024-01-01T00:00:00", "s"))),
    ]
    press.csv(f"electronics/aoi/{machine}_code_list.csv", columns, Dialect(encoding="gb18030" if style == "a" else "utf-8"))
