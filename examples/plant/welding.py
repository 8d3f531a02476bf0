"""Tab welding: one station whose set point is off the optimum, and the firmware of its packs.

The station's records come from a window trial around the present set point. The measured pull
strength is a quadratic surface with its top at the optimum, plus noise. The noise is drawn again
until an honest quadratic fit rounds to the truth at the machine's resolution, so that the planted
answer can be found and not only be told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.families import Run, make_run
from qualweave.examples.plant.oracle import LinkTruth
from qualweave.examples.plant.physics import Outcome
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.tables import Dialect, column
from qualweave.examples.plant.world import Cause

if TYPE_CHECKING:
    from qualweave.examples.plant.physics import Line
    from qualweave.examples.plant.press import Press

CURRENT_RESOLUTION, HOLD_RESOLUTION = 0.1, 0.05  # ampere, second
STRENGTH_LIMIT = 105.0  # newton
_TOP, _CURRENT_SCALE, _HOLD_SCALE, _NOISE = 145.0, 3.0, 0.2, 0.8
_CURRENT_WEIGHT, _HOLD_WEIGHT = 7.0, 9.0

Floats = np.ndarray[Any, Any]


def weld_run(press: Press, line: Line, cells: Floats) -> Run:
    """The run of one welding line; the story's station gets its trial window instead.

    Args:
        press: the plant.
        line: the line.
        cells: the cells that it welds.

    Returns:
        The run.
    """
    run = make_run(press, line, cells)
    story = press.scenario.weld
    if line.number != story.station:
        return run
    too_high = story.current_delta < 0
    heat = "ExcessiveHeatInput" if too_high else "InsufficientHeatInput"
    short = story.hold_delta > 0
    hold_heat = "InsufficientHeatInput" if short else "ExcessiveHeatInput"
    causes = (
        Cause("TabWelding", ("WeldCurrent",), ("off-target",), "FalseWeld", heat, 1.8),
        Cause("TabWelding", ("WeldHoldTime",), ("off-target",), "FalseWeld", hold_heat, 1.6),
    )
    links = [link for link in press.oracle.links if link.line != line.code]
    links.extend(
        LinkTruth(
            line.code,
            c.process,
            "+".join(c.parameters),
            "+".join(c.directions),
            c.defect,
            c.mechanism,
            c.strength,
        )
        for c in causes
    )
    press.oracle.links = links
    values, current, hold = _trial(press, run)
    strength = pull_strength(press, values)
    blame = np.where(_CURRENT_WEIGHT * current**2 >= _HOLD_WEIGHT * hold**2, 0, 1)
    cause = np.where(strength < STRENGTH_LIMIT, blame, -1)
    values["PullStrength"] = strength
    return replace(run, line=replace(line, causes=causes), outcome=Outcome(values, cause))


def _trial(press: Press, run: Run) -> tuple[dict[str, Floats], Floats, Floats]:
    """Settings of the trial window, and their distance from the optimum in units of the scales."""
    story, rng = press.scenario.weld, press.scenario.rng("weld-trial")
    values = dict(run.outcome.values)
    count = run.count
    values["WeldCurrent"] = np.round(story.current_now + rng.uniform(-6, 6, count), 1)
    values["WeldHoldTime"] = np.round(story.hold_now + rng.uniform(-0.3, 0.3, count), 3)
    current = (values["WeldCurrent"] - story.current_now - story.current_delta) / _CURRENT_SCALE
    hold = (values["WeldHoldTime"] - story.hold_now - story.hold_delta) / _HOLD_SCALE
    return values, current, hold


def pull_strength(press: Press, values: dict[str, Floats]) -> Floats:
    """Measured strength in newton, whose quadratic fit finds the optimum.

    Args:
        press: the plant.
        values: the settings of each weld.

    Returns:
        Strength, shape: (n,).
    """
    story = press.scenario.weld
    current = values["WeldCurrent"] - story.current_now
    hold = values["WeldHoldTime"] - story.hold_now
    force = values["WeldForce"] - values["WeldForce"].mean()
    surface = (
        _TOP
        - _CURRENT_WEIGHT * ((current - story.current_delta) / _CURRENT_SCALE) ** 2
        - _HOLD_WEIGHT * ((hold - story.hold_delta) / _HOLD_SCALE) ** 2
        + 0.01 * force
    )
    strength: Floats = np.round(surface, 1)
    for attempt in range(200):
        rng = press.scenario.rng("weld-noise", attempt)
        strength = np.round(surface + rng.normal(0, _NOISE, len(surface)), 1)
        found_current, found_hold = quadratic_optimum(current, hold, strength)
        near_current = abs(found_current - story.current_delta) < 0.25 * CURRENT_RESOLUTION
        if near_current and abs(found_hold - story.hold_delta) < 0.25 * HOLD_RESOLUTION:
            break
    return strength


def quadratic_optimum(current: Floats, hold: Floats, strength: Floats) -> tuple[float, float]:
    """The top of the least-squares quadratic surface.

    Args:
        current: distance from the set point in ampere, shape: (n,).
        hold: distance from the set point in second, shape: (n,).
        strength: measured strength, shape: (n,).

    Returns:
        Current and hold time of the top, as distances from the set point.
    """
    design = np.column_stack(
        [np.ones_like(current), current, hold, current**2, hold**2, current * hold]
    )
    b = np.linalg.lstsq(design, strength, rcond=None)[0]
    hessian = np.array([[2 * b[3], b[5]], [b[5], 2 * b[4]]])
    top = np.linalg.solve(hessian, -b[1:3])
    return float(top[0]), float(top[1])


def tell_weld_story(press: Press, run: Run, packs: list[str], all_packs: list[str]) -> None:
    """Write pull tests, set points with limits and the BMS firmware; tell the expected answer.

    Args:
        press: the plant.
        run: the station's run.
        packs: canonical identifiers of the packs with cells of that station.
        all_packs: all packs.
    """
    story, line = press.scenario.weld, run.line
    strength = run.outcome.values["PullStrength"]
    columns = [
        column("测试编号", "inspectionIdentifier", labelled(f"PT-{line.code}-", run.count, 5)),
        column("序列号", "serialNumber", run.items),
        column("作业号", "operationIdentifier", run.operations),
        column("测试时间", "resultTime", run.started + np.timedelta64(25, "m")),
        press.parameter("PullStrength", strength, "zh", decimals=1),
        column("判定", "conforms", np.where(strength < STRENGTH_LIMIT, "NG", "OK").astype(object)),
    ]
    dialect = Dialect(encoding="gb18030", unit_style="underscore", time_style="slash", newline="\r\n",
                      preamble=(f"在线拉力验证 {line.code}",))  # fmt: skip
    press.csv(f"cell/lims/{line.code}_pull_test.csv", columns, dialect)
    _write_setpoints(press, line)
    old = set(packs)
    firmware = [
        column("pack", "serialNumber", all_packs),
        column(
            "bms.firmware",
            "firmwareVersion",
            [story.firmware if p in old else story.required for p in all_packs],
        ),
        column(
            "bms.requiredFirmware", "requiredFirmwareVersion", [story.required] * len(all_packs)
        ),
    ]
    press.json(
        "pack/bms/bms_firmware.json",
        firmware,
        wrap=lambda rows: {"report": "BMS inventory", "packs": rows},
        extra=(("report", ""),),
    )
    press.oracle.incidents["weld-intervention"] = _expected(press, line, packs)


def _write_setpoints(press: Press, line: Line) -> None:
    story = press.scenario.weld
    zh = press.world.parameters
    now = np.array([story.current_now, story.hold_now, 320.0])
    low = np.array([story.current_now - 10, max(story.hold_now - 0.35, 0.05), 260.0])
    names = [zh["WeldCurrent"].zh, zh["WeldHoldTime"].zh, zh["WeldForce"].zh]
    columns = [
        column("设备编号", "equipmentIdentifier", [line.equipment] * 3),
        column("产线", "lineIdentifier", [line.code] * 3),
        column("参数名称", "parameterName", names),
        column("当前设定值", "setpointValue|newValue|targetValue", now, decimals=2),
        column("单位", "unitText", ["A", "s", "N"]),
        column("分辨率", "settingResolution", np.array([CURRENT_RESOLUTION, HOLD_RESOLUTION, 1.0]), decimals=2),
        column("下限", "lowerBound", low, decimals=2),
        column("上限", "upperBound", np.array([story.current_now + 10, story.hold_now + 0.35, 380.0]), decimals=2),
    ]  # fmt: skip
    press.csv(f"cell/mes/{line.code}_setpoints.csv", columns, Dialect(bom=True))


def _expected(press: Press, line: Line, packs: list[str]) -> dict[str, Any]:
    story = press.scenario.weld
    current, hold = abs(story.current_delta), abs(story.hold_delta)
    down = story.current_delta < 0
    longer = story.hold_delta > 0
    zh = (
        f"建议将极耳焊接电流{'下调' if down else '上调'}{current:.1f}A,"
        f"同步{'延长' if longer else '缩短'}保压时间{hold:.2f}s,并触发BMS固件版本校验"
    )
    return {
        "requirement": "R13",
        "station": line.equipment,
        "line": line.code,
        "process": "TabWelding",
        "defect": "FalseWeld",
        "setpoint": {"WeldCurrent": story.current_now, "WeldHoldTime": story.hold_now},
        "actions": [
            {
                "kind": "ParameterAdjustment",
                "parameter": "WeldCurrent",
                "delta": story.current_delta,
                "unit": "A",
            },
            {
                "kind": "ParameterAdjustment",
                "parameter": "WeldHoldTime",
                "delta": story.hold_delta,
                "unit": "s",
            },
            {"kind": "FirmwareCheck", "found": story.firmware, "required": story.required},
        ],
        "packs": packs,
        "sentence_zh": zh,
    }
