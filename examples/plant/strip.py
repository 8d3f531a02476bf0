"""Coated strip whose micro-crack shows only where three operations are off together, and a plain drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qualweave.examples.plant.oracle import LinkTruth
from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_CUT = 0.25  # standard units; two strips in five lie beyond it in each parameter, so none alone is unusual
_LIMIT = 2.4  # standard units; the mill's own interlocks keep every value inside its normal band
_COMBINATION = {
    "HeatTreatmentTemperature": "high",
    "RollingReduction": "high",
    "CoatingThickness": "low",
}


def build_strip(press: Press) -> None:
    """Write heat treatment, cold rolling, coating and inspection of the strips."""
    scenario, rng, count = press.scenario, press.scenario.rng("strip"), press.size["strips"]
    coils = labelled(f"ST{scenario.tag}-", count, 5)
    z = {
        name: np.clip(rng.normal(size=count), -_LIMIT, _LIMIT)
        for name in ("heat", "roll", "coat", "soak", "speed")
    }
    inside = (z["heat"] > _CUT) & (z["roll"] > _CUT) & (z["coat"] < -_CUT)
    cracked = inside & (rng.random(count) < 0.95)  # noqa: PLR2004 - nearly all of them crack
    cracked |= rng.random(count) < 0.004  # noqa: PLR2004 - what nobody can explain
    drift_from = int(0.7 * count)
    z["soak"][drift_from:] += np.linspace(0, 3.2, count - drift_from)
    heat = press.parameter(
        "HeatTreatmentTemperature", np.round(845 + 6 * z["heat"], 1), "en", decimals=1
    )
    soak = press.parameter("HeatTreatmentTime", np.round(38 + 1.1 * z["soak"], 2), "en", decimals=2)
    roll = press.parameter("RollingReduction", np.round(52 + 1.6 * z["roll"], 2), "en", decimals=2)
    speed = press.parameter("RollSpeed", np.round(310 + 7 * z["speed"], 1), "en", decimals=1)
    coat = press.parameter("CoatingThickness", np.round(22 + 0.7 * z["coat"], 2), "en", decimals=2)
    steps = (
        ("HT", "热处理", 0, [heat, soak]),
        ("CR", "冷轧", 20, [roll, speed]),
        ("CO", "涂覆", 40, [coat]),
    )
    for prefix, step, hour, columns in steps:
        line = scenario.code(prefix, 1)
        own = [
            column("Operation ID", "operationIdentifier", labelled(f"OP-{line}-", count, 6)),
            column("Equipment ID", "equipmentIdentifier", [f"{line}-M1"] * count),
            column("Line", "lineIdentifier", [line] * count),
            column("Coil No", "serialNumber|batchNumber", coils),
            column("Process Step", "segmentName", [step] * count),
            column("Start Time", "startedAt", stamps(scenario.start, count, minutes=12, hour=hour)),
        ]
        press.csv(
            f"strip/mes/{line}_process.csv", own + columns, Dialect(bom=True, unit_style="square")
        )
    columns = [
        column(
            "Inspection No", "inspectionIdentifier", labelled(f"IN-ST{scenario.tag}-", count, 6)
        ),
        column("Coil No", "serialNumber|batchNumber", coils),
        column("Result Time", "resultTime", stamps(scenario.start, count, minutes=12, hour=60)),
        column("Verdict", "conforms", np.where(cracked, "NG", "OK").astype(object)),
        column(
            "Defect",
            "defectName",
            np.where(cracked, press.world.word("MicroCrack", "en"), "").astype(object),
        ),
    ]
    press.csv("strip/lims/strip_inspection.csv", columns, Dialect(bom=True))
    press.oracle.levels["strip"] = [str(coil) for coil in coils]
    press.oracle.links.append(LinkTruth(
        scenario.code("CO", 1), "HeatTreatment+ColdRolling+Coating", "+".join(_COMBINATION),
        "+".join(_COMBINATION.values()), "MicroCrack", "ResidualStress", 3.0,
    ))  # fmt: skip
    press.oracle.incidents["coupled-failure"] = {
        "requirement": "R5",
        "defect": "MicroCrack",
        "parameters": list(_COMBINATION),
        "directions": list(_COMBINATION.values()),
        "mechanism": "ResidualStress",
        "lines": [scenario.code(prefix, 1) for prefix, *_ in steps],
        "inside_combination": [str(coil) for coil in coils[inside]],
        "threshold_standard_units": _CUT,
        "limits_standard_units": _LIMIT,
        "positives": [str(coil) for coil in coils[cracked]],
        "items": count,
    }
    press.oracle.incidents["drift"] = {
        "requirement": "R4",
        "parameter": "HeatTreatmentTime",
        "line": scenario.code("HT", 1),
        "from_item": str(coils[drift_from]),
        "from_operation": str(labelled(f"OP-{scenario.code('HT', 1)}-", count, 6)[drift_from]),
        "starts_at": str(stamps(scenario.start, count, minutes=12, hour=0)[drift_from]),
        "standard_deviations_at_end": 3.2,
        "from_index": drift_from,
    }
