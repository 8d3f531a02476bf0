"""Wire bonding with two AOI machines whose codes mean different things, and a third that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.families import make_run, write_runs
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.scenario import BASE_SEED
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_REVIEWED, _MISCALLED = 0.6, 0.06
# What the told code means on the first and on the second machine.
_MEANINGS = (
    ("WireShift", "EpoxyOverflow"),
    ("EpoxyOverflow", "WireShift"),
    ("BondLift", "EpoxyOverflow"),
    ("Crack", "BondLift"),
)
_PROGRAMMES = {1: "BondView 3.2", 2: "P7.2"}


def build_electronics(press: Press) -> None:
    """Simulate the bonding shop and write its files."""
    lines = draw_lines(press, "WireBonding")
    rows = press.size["rows"]
    runs = [make_run(press, line, labelled(f"U-{line.code}-", rows, 6)) for line in lines]
    write_runs(press, "WireBonding", runs)
    units = np.concatenate([run.items for run in runs])
    press.oracle.levels["bonded unit"] = [str(unit) for unit in units]
    moment = np.concatenate([run.started for run in runs]) + np.timedelta64(95, "m")
    first, second, third = (press.scenario.code("AOI", number) for number in (1, 2, 3))
    told = _MEANINGS[0 if press.scenario.seed == BASE_SEED else 1 + press.scenario.seed % 3]
    a = _code_list(press, told[0], ("Stain", "Dent", "MissingPart"))
    b = _code_list(press, told[1], ("PositionError", "Scratch", "Contamination"))
    half = len(units) // 2
    _write_a(press, first, a, units[:half], moment=moment[:half])
    _write_b(press, second, b, units[half:], moment=moment[half:])
    _write_unknown(press, third, units[: half // 4], moment[: half // 4])
    for machine, codes, style in ((first, a, "a"), (second, b, "b")):
        _write_codes(press, machine, codes, style)
    press.oracle.incidents["scoped-code"] = {
        "requirement": "R63",
        "code": str(press.scenario.aoi_code),
        "meanings": {
            first: a[str(press.scenario.aoi_code)],
            second: b[str(press.scenario.aoi_code)],
        },
        "unknown_machine": third,
        **_accuracy(press, {first: a, second: b}),
        "files": {
            first: f"electronics/aoi/{first}_defects.csv",
            second: f"electronics/aoi/{second}_inspection.xml",
            third: f"electronics/aoi/{third}_defects.csv",
        },
    }


def _accuracy(press: Press, lists: dict[str, dict[str, str]]) -> dict[str, float]:
    """How often the printed code agrees with the person, read in its scope and read without."""
    reviewed = press.oracle.aoi
    one_list = next(iter(lists.values()))
    scoped = sum(lists[machine][code] == seen for machine, code, seen in reviewed)
    unscoped = sum(one_list[code] == seen for _, code, seen in reviewed)
    return {
        "reviewed_rows": len(reviewed),
        "accuracy_scoped": scoped / max(len(reviewed), 1),
        "accuracy_with_one_list_for_all": unscoped / max(len(reviewed), 1),
    }


def _code_list(press: Press, told: str, others: tuple[str, ...]) -> dict[str, str]:
    code = press.scenario.aoi_code
    return {str(code): told} | {str(code + step): name for step, name in enumerate(others, 1)}


def _found(press: Press, scope: str, codes: dict[str, str], count: int) -> np.ndarray[Any, Any]:
    """One code per unit, empty where the machine found nothing."""
    rng = press.scenario.rng("aoi", scope)
    drawn = rng.choice(np.array(list(codes), dtype=object), count)
    return np.where(rng.random(count) < 0.35, drawn, "")  # noqa: PLR2004 - share of units with a finding


def _reviewed(
    press: Press, scope: str, codes: dict[str, str], found: np.ndarray[Any, Any], *, language: str
) -> list[str]:
    rng = press.scenario.rng("aoi-review", scope)
    verdicts = []
    for one in found:
        if not one or rng.random() >= _REVIEWED:
            verdicts.append("")
            continue
        wrong = rng.random() < _MISCALLED
        name = str(rng.choice([n for c, n in codes.items() if c != one])) if wrong else codes[one]
        press.oracle.aoi.append((scope, str(one), name))
        verdicts.append(press.world.word(name, language))
    return verdicts


def _write_a(
    press: Press,
    machine: str,
    codes: dict[str, str],
    units: np.ndarray[Any, Any],
    *,
    moment: np.ndarray[Any, Any],
) -> None:
    found = _found(press, machine, codes, len(units))
    columns = [
        column("Machine", "equipmentIdentifier", [machine] * len(units)),
        column("Program", "firmwareVersion", [_PROGRAMMES[1]] * len(units)),
        column("Unit_SN", "serialNumber", units),
        column("Insp_Time", "resultTime", moment),
        column("Defect_ID", "defectCode", found.astype(object)),
        column("Result", "conforms", np.where(found == "", "OK", "NG").astype(object)),
        column(
            "Review",
            "reviewedResult|defectName",
            _reviewed(press, machine, codes, found, language="en"),
        ),
    ]
    press.csv(f"electronics/aoi/{machine}_defects.csv", columns, Dialect(newline="\r\n"))
    press.oracle.totals["aoi_findings"] += int(np.count_nonzero(found != ""))


def _write_b(
    press: Press,
    machine: str,
    codes: dict[str, str],
    units: np.ndarray[Any, Any],
    *,
    moment: np.ndarray[Any, Any],
) -> None:
    found = _found(press, machine, codes, len(units))
    columns = [
        column("UnitSerial", "serialNumber", units, attribute=True),
        column("InspectionTime", "resultTime", moment),
        column("Defect_ID", "defectCode", found.astype(object)),
        column("Verdict", "conforms", np.where(found == "", "PASS", "FAIL").astype(object)),
        column(
            "ReviewVerdict",
            "reviewedResult|defectName",
            _reviewed(press, machine, codes, found, language="zh"),
        ),
    ]
    press.xml(
        f"electronics/aoi/{machine}_inspection.xml", columns, root="AOIReport", record="Inspection",
        attributes={"machine": machine, "programme": _PROGRAMMES[2]},
        extra=(("machine", "equipmentIdentifier"), ("programme", "firmwareVersion")),
    )  # fmt: skip
    press.oracle.totals["aoi_findings"] += int(np.count_nonzero(found != ""))


def _write_unknown(
    press: Press, machine: str, units: np.ndarray[Any, Any], moment: np.ndarray[Any, Any]
) -> None:
    code = str(press.scenario.aoi_code)
    columns = [
        column("Machine", "equipmentIdentifier", [machine] * len(units)),
        column("Unit_SN", "serialNumber", units),
        column("Insp_Time", "resultTime", moment),
        column(
            "Defect_ID",
            "defectCode",
            np.where(np.arange(len(units)) % 2 == 0, code, "").astype(object),
        ),
        column(
            "Result",
            "conforms",
            np.where(np.arange(len(units)) % 2 == 0, "NG", "OK").astype(object),
        ),
    ]
    press.csv(f"electronics/aoi/{machine}_defects.csv", columns, Dialect(newline="\r\n"))


def _write_codes(press: Press, machine: str, codes: dict[str, str], style: str) -> None:
    language = "zh" if style == "a" else "en"
    words = [press.world.word(name, language) for name in codes.values()]
    header = (
        ("Machine", "Defect_ID", "Description", "Valid_From", "Program")
        if style == "a"
        else ("machine", "code", "meaning", "valid_from", "programme")
    )
    columns = [
        column(header[0], "equipmentIdentifier", [machine] * len(codes)),
        column(header[4], "firmwareVersion", [_PROGRAMMES[1 if style == "a" else 2]] * len(codes)),
        column(header[1], "defectCode", list(codes)),
        column(header[2], "codeDescription|defectName", words),
        column(
            header[3], "validFrom", np.full(len(codes), np.datetime64("2024-01-01T00:00:00", "s"))
        ),
    ]
    press.csv(
        f"electronics/aoi/{machine}_code_list.csv",
        columns,
        Dialect(encoding="gb18030" if style == "a" else "utf-8"),
    )
