"""Injection moulding: the four dimensions of an operation, the laboratory, cases and cards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.families import Run, make_run, write_runs
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_COMBINATION = ("MouldTemperature", "CoolingTime", "HoldingPressure")
_DRAFT_LINE = 2


def build_moulding(press: Press) -> None:
    """Simulate the moulding shop and write its files."""
    lines = draw_lines(press, "InjectionMoulding")
    rows = press.size["rows"]
    runs = [make_run(press, line, labelled(f"P-{line.code}-", rows, 6)) for line in lines]
    write_runs(press, "InjectionMoulding", runs)
    press.oracle.levels["moulded part"] = [str(item) for run in runs for item in run.items]
    _write_mould_state(press, runs)
    _write_environment(press, runs)
    _write_laboratory(press, runs)
    _write_cases(press, runs)
    press.oracle.incidents["field-temperature"] = {
        "requirement": "R38",
        "fields": [
            {"file": _plc_file(press), "column": "温度_℃"},
            {"file": "moulding/lims/melt_samples.json", "column": "process_temp_value"},
            {"file": "resin/lims/resin_lots.json", "column": "process_temp_value"},
        ],
        "term": "Temperature",
        "unit": "DEG_C",
    }


def _plc_file(press: Press) -> str:
    for path in press.oracle.counts:
        if path.startswith("moulding/plc/") and path.endswith(".csv"):
            return path
    return ""


def _write_mould_state(press: Press, runs: list[Run]) -> None:
    rng = press.scenario.rng("mould-state")
    operations = np.concatenate([run.operations for run in runs])
    tools = np.concatenate(
        [
            np.full(r.count, f"M{press.scenario.tag}{700 + r.line.number}", dtype=object)
            for r in runs
        ]
    )
    shots = np.concatenate(
        [int(rng.integers(20_000, 400_000)) + np.arange(run.count) * 4 for run in runs]
    )
    columns = [
        column("作业号", "operationIdentifier", operations),
        column("模具编号", "toolIdentifier", tools),
        column("模次", "ShotCount", shots),
        column(
            "点检时间",
            "recordedAt|startedAt|eventTime",
            np.concatenate([run.started for run in runs]) - np.timedelta64(4, "m"),
        ),
    ]
    press.csv(
        "moulding/mes/模具状态.csv",
        columns,
        Dialect(encoding="gb18030", newline="\r\n", time_style="slash"),
    )


def _write_environment(press: Press, runs: list[Run]) -> None:
    """Environment sensors per operation; one work order has none."""
    rng, scenario = press.scenario.rng("environment"), press.scenario
    line = scenario.gap_index % len(runs)
    orders = list(dict.fromkeys(runs[line].orders.tolist()))
    missing = orders[(scenario.gap_index // 5) % len(orders)]
    operations = np.concatenate([run.operations for run in runs])
    order = np.concatenate([run.orders for run in runs])
    keep = order != missing
    count = len(operations)
    wet = np.round(rng.normal(46, 4, count), 1)
    warm = np.round(rng.normal(24.2, 0.8, count), 1)
    columns = [
        column(
            "record_time",
            "recordedAt|startedAt|eventTime",
            np.concatenate([r.started for r in runs])[keep],
        ),
        column("operation_id", "operationIdentifier", operations[keep]),
        column("rel_humidity", "Humidity", wet[keep], decimals=1, unit="%RH"),
        column("ambient_temperature", "AirTemperature", warm[keep], decimals=1, unit="degC"),
    ]
    press.csv("moulding/environment/hall_sensors.csv", columns, Dialect(unit_style="square"))
    lost = np.flatnonzero(~keep)
    items = np.concatenate([run.items for run in runs])
    press.oracle.incidents["four-dimensions"] = {
        "requirement": "R45",
        "missing_dimension": "environment",
        "work_order": missing,
        "line": runs[line].line.code,
        "operations": [str(operations[i]) for i in lost],
        "units": [str(items[i]) for i in lost],
        "file": "moulding/environment/hall_sensors.csv",
    }


def _write_laboratory(press: Press, runs: list[Run]) -> None:
    """Every fifth operation is sampled; the laboratory names the temperature in its own way."""
    rng = press.scenario.rng("laboratory")
    take = slice(2, None, 5)
    heat = np.concatenate([run.outcome.values["Temperature"][take] for run in runs])
    count = len(heat)
    columns = [
        column(
            "sample_id", "inspectionIdentifier", labelled(f"LS-{press.scenario.tag}IM-", count, 5)
        ),
        column("part_serial", "serialNumber", np.concatenate([run.items[take] for run in runs])),
        column(
            "operation",
            "operationIdentifier",
            np.concatenate([run.operations[take] for run in runs]),
        ),
        column(
            "sampled_at",
            "resultTime",
            np.concatenate([run.started[take] for run in runs]) + np.timedelta64(90, "m"),
        ),
        column(
            "process_temp_value",
            "Temperature",
            np.round(heat + rng.normal(0, 0.3, count), 1),
            decimals=1,
        ),
        column("process_temp_unit", "unitText", ["degC"] * count),
        column(
            "melt_flow_index",
            "MeltFlowIndex",
            np.round(rng.normal(22.4, 0.5, count), 2),
            decimals=2,
        ),
        column("assessment", "conforms", ["PASS"] * count),
    ]
    press.json(
        "moulding/lims/melt_samples.json",
        columns,
        wrap=lambda rows: {"lims": "LabWare 8", "samples": rows},
        extra=(("lims", ""),),
    )


def _write_cases(press: Press, runs: list[Run]) -> None:
    """Old quality cases, and two draft cards: one repeats what warped before, one is safe."""
    scenario, rng = press.scenario, press.scenario.rng("cases")
    draft = {s.parameter: s.nominal for s in runs[_DRAFT_LINE - 1].line.sensors}
    bad = draft | {
        "MouldTemperature": round(draft["MouldTemperature"] + 9.0, 1),
        "CoolingTime": round(draft["CoolingTime"] - 3.5, 1),
    }
    similar = [run.line.code for run in runs if run.line.number != _DRAFT_LINE]
    rows: list[tuple[str, str, str, str, int, dict[str, float]]] = []
    for place in range(scenario.case_count):
        last = place == scenario.case_count - 1
        settings = bad if last else _near(bad, rng)
        code = (
            scenario.case_code
            if last
            else _case_code(rng, {scenario.case_code, *(r[0] for r in rows)})
        )
        rows.append(
            (
                code,
                similar[place % len(similar)],
                "注塑成型",
                "Warpage",
                240 - 60 * place // scenario.case_count,
                settings,
            )
        )
    rows += _distractors(press, bad, draft, similar, rng=rng)
    _write_case_file(press, rows)
    _write_cards(press, runs[_DRAFT_LINE - 1], bad, draft)
    press.oracle.incidents["card-coach"] = _coach_answer(press, runs, rows)


def _near(settings: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    near = dict(settings)
    near["MouldTemperature"] = round(near["MouldTemperature"] + float(rng.uniform(0.2, 0.8)), 1)
    near["CoolingTime"] = round(near["CoolingTime"] - float(rng.uniform(0.1, 0.3)), 1)
    near["HoldingPressure"] = round(near["HoldingPressure"] + float(rng.uniform(-0.5, 0.5)), 1)
    return near


def _case_code(rng: np.random.Generator, used: set[str]) -> str:
    while True:
        letters = rng.choice(list("BCDEFGHJKLMNPQRSTVWYZ"), 2)
        code = f"{letters[0]}{rng.integers(2, 10)}{letters[1]}{rng.integers(2, 10)}"
        if code not in used:
            return code


def _distractors(
    press: Press,
    bad: dict[str, float],
    draft: dict[str, float],
    similar: list[str],
    *,
    rng: np.random.Generator,
) -> list[tuple[str, str, str, str, int, dict[str, float]]]:
    """Cases that must not count: other process, other defect, other settings."""
    safe = draft | {
        "MouldTemperature": round(draft["MouldTemperature"] - 6, 1),
        "CoolingTime": round(draft["CoolingTime"] + 3, 1),
    }
    casting = press.scenario.code("DC", 1)
    oven = press.scenario.code("OV", 1)
    rows = [
        (casting, "压铸", "Warpage", bad), (casting, "压铸", "Warpage", _near(bad, rng)),
        (oven, "烘烤", "Warpage", {"ChamberTemperature": 128.0, "CoolingRate": 8.1}),
        (similar[0], "注塑成型", "SinkMark", _near(bad, rng)), (similar[1], "注塑成型", "Flash", _near(bad, rng)),
        (similar[2], "注塑成型", "Warpage", safe), (similar[0], "注塑成型", "Warpage", _near(safe, rng)),
        (similar[3], "注塑成型", "ShortShot", draft),
    ]  # fmt: skip
    used = {press.scenario.case_code}
    out = []
    for line, process, defect, settings in rows:
        code = _case_code(rng, used)
        used.add(code)
        out.append((code, line, process, defect, int(rng.integers(20, 400)), settings))
    return out


def _write_case_file(
    press: Press, rows: list[tuple[str, str, str, str, int, dict[str, float]]]
) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row[5]))
    start = np.datetime64(press.scenario.start.isoformat(), "s")
    word = press.world.defects
    columns = [
        column("caseCode", "caseCode", [row[0] for row in rows]),
        column("lineId", "lineIdentifier", [row[1] for row in rows]),
        column("process", "segmentName", [row[2] for row in rows]),
        column("defect", "defectName", [word[row[3]].zh for row in rows]),
        column(
            "recordedAt",
            "recordedAt",
            start - np.array([row[4] for row in rows]).astype("timedelta64[D]"),
        ),
    ]
    for name in names:
        values = np.array([row[5].get(name, np.nan) for row in rows])
        item = press.parameter(name, values, "en", decimals=2, unit=False)
        header = item.header.title().replace(" ", "")
        columns.append(replace(item, header=f"settings.{header[0].lower()}{header[1:]}"))
    press.json("moulding/qms/quality_cases.json", columns, wrap=lambda found: {"cases": found})


def _write_cards(press: Press, run: Run, bad: dict[str, float], safe: dict[str, float]) -> None:
    for name, settings in (("draft", bad), ("safe", safe)):
        number = f"PC-{press.scenario.tag}{run.line.code}-{'0107' if name == 'draft' else '0098'}"
        columns = [
            column("工艺卡号", "cardIdentifier", [number]),
            column("产线", "lineIdentifier", [run.line.code]),
            column("设备编号", "equipmentIdentifier", [run.line.equipment]),
            column("工序", "segmentName", [run.line.family.zh]),
        ]
        columns += [
            press.parameter(key, np.array([value]), "zh", decimals=2)
            for key, value in settings.items()
        ]
        press.csv(
            f"moulding/cards/{number}_工艺卡.csv",
            columns,
            Dialect(bom=True, unit_style="fullwidth"),
        )


def _coach_answer(
    press: Press, runs: list[Run], rows: list[tuple[str, str, str, str, int, dict[str, float]]]
) -> dict[str, Any]:
    scenario = press.scenario
    line = runs[_DRAFT_LINE - 1].line
    draft, safe = (f"PC-{scenario.tag}{line.code}-{n}" for n in ("0107", "0098"))
    counted = [row[0] for row in rows[: scenario.case_count]]
    return {
        "requirement": "R53",
        "draft_card": draft,
        "safe_card": safe,
        "line": line.code,
        "settings": rows[scenario.case_count - 1][5],
        "safe_settings": {s.parameter: s.nominal for s in line.sensors},
        "similar_lines": [run.line.code for run in runs if run.line.number != _DRAFT_LINE],
        "similarity": "same process class and same equipment class",
        "combination": ["MouldTemperature high", "CoolingTime low"],
        "defect": "Warpage",
        "count": scenario.case_count,
        "cases": counted,
        "reference_case": scenario.case_code,
        "distractors": [row[0] for row in rows[scenario.case_count :]],
        "sentence_zh": f"该参数组合在同类产线引发过{scenario.case_count}次翘曲,建议参考案例#{scenario.case_code}",
    }
