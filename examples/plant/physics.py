"""How lines run and why their products fail: the planted truth, vectorised.

Each line has its own subset of the sensors, its own offsets and its own draw of the causal table.
A cause acts when its score, the (smallest) oriented deviation in standard units, passes a
threshold softly (logistic); what fires first in the table's order is the defect of the item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.oracle import LinkTruth

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press
    from qualweave.examples.plant.world import Cause, Family, Sensor

_SINGLE_THRESHOLD = 1.75
_PAIR_THRESHOLD = 0.85
_STEEPNESS = 4.0
_LINK_SHARE = 0.75


@dataclass(frozen=True)
class Line:
    """One line: its codes, the sensors that it has, and the causes that act on it."""

    family: Family
    number: int
    code: str
    equipment: str
    sensors: tuple[Sensor, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Outcome:
    """What happened to `n` items on a line; `-1` in `cause` means good.

    Shapes: values[name] (n,), cause (n,).
    """

    values: dict[str, np.ndarray[Any, Any]]
    cause: np.ndarray[Any, Any]


def draw_lines(press: Press, process: str) -> list[Line]:
    """The lines of one process as this seed draws them; their links go to the oracle.

    Args:
        press: the plant.
        process: a family of the world table.

    Returns:
        The lines, numbered from 1.
    """
    family = press.world.families[process]
    scenario = press.scenario
    lines = []
    for number in range(1, family.lines + 1):
        rng = scenario.rng("line", process, number)
        sensors = _sensors(family, rng)
        present = {sensor.parameter for sensor in sensors}
        causes = _causes([c for c in press.world.causes if c.process == process], present, rng)
        code = scenario.code(family.prefix, number)
        lines.append(Line(family, number, code, f"{code}-{_model(family)}1", sensors, causes))
        press.oracle.links.extend(
            LinkTruth(
                code,
                process,
                "+".join(cause.parameters),
                "+".join(cause.directions),
                cause.defect,
                cause.mechanism,
                cause.strength,
            )
            for cause in causes
        )
    press.lines.extend(lines)
    return lines


def _model(family: Family) -> str:
    return {"Oven": "F", "WeldingMachine": "W", "InjectionMouldingMachine": "J"}.get(
        family.equipment, "M"
    )


def _sensors(family: Family, rng: np.random.Generator) -> tuple[Sensor, ...]:
    """Drop about a third of the optional sensors and shift each nominal value a little."""
    kept = []
    for sensor in family.sensors:
        if sensor.parameter in family.optional and rng.random() < 1 / 3:
            continue
        shift = round(float(rng.normal(0, 1.5)) * sensor.spread, sensor.decimals)
        kept.append(
            type(sensor)(sensor.parameter, sensor.nominal + shift, sensor.spread, sensor.decimals)
        )
    return tuple(kept)


def _causes(rows: list[Cause], present: set[str], rng: np.random.Generator) -> tuple[Cause, ...]:
    possible = [row for row in rows if set(row.parameters) <= present]
    drawn = [row for row in possible if rng.random() < _LINK_SHARE]
    chosen = drawn if len(drawn) >= 3 else possible[:3]  # noqa: PLR2004 - a line fails in several ways
    return tuple(
        type(row)(
            row.process,
            row.parameters,
            row.directions,
            row.defect,
            row.mechanism,
            round(row.strength * float(rng.uniform(0.85, 1.15)), 2),
        )
        for row in chosen
    )


def run_line(line: Line, count: int, rng: np.random.Generator) -> Outcome:
    """Simulate `count` operations of a line.

    Args:
        line: the line.
        count: number of operations.
        rng: the line's own generator.

    Returns:
        Values rounded as the sensor shows them, and the cause that acted on each item.
    """
    values, scores = {}, {}
    for sensor in line.sensors:
        standard = _coloured(count, rng)
        raw = np.round(sensor.nominal + standard * sensor.spread, sensor.decimals)
        values[sensor.parameter] = np.maximum(raw, 0.0)
        scores[sensor.parameter] = standard
    return Outcome(values, decide(line.causes, scores, rng))


def _coloured(count: int, rng: np.random.Generator, memory: float = 0.35) -> np.ndarray[Any, Any]:
    """Standard normal values that remember a little of the one before, as machines do."""
    noise = rng.normal(size=count)
    out = np.empty(count)
    last = noise[0] if count else 0.0
    scale = np.sqrt(1 - memory**2)
    for index in range(count):
        last = memory * last + scale * noise[index] if index else last
        out[index] = last
    return out


def decide(
    causes: tuple[Cause, ...], scores: dict[str, np.ndarray[Any, Any]], rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """The index of the cause that acted on each item, -1 where none did.

    Args:
        causes: the causes of the line.
        scores: deviation of each parameter in standard units, shape: (n,) each.
        rng: the generator of the draws.

    Returns:
        Integers, shape: (n,).
    """
    count = len(next(iter(scores.values())))
    acted = np.full(count, -1)
    for index, cause in enumerate(causes):
        oriented = [
            _oriented(scores[name], direction)
            for name, direction in zip(cause.parameters, cause.directions, strict=True)
        ]
        single = len(oriented) == 1
        score = np.min(oriented, axis=0) - (_SINGLE_THRESHOLD if single else _PAIR_THRESHOLD)
        chance = 1 / (1 + np.exp(-_STEEPNESS * cause.strength * score))
        fired = rng.random(count) < chance
        acted = np.where((acted < 0) & fired, index, acted)
    return acted


def _oriented(score: np.ndarray[Any, Any], direction: str) -> np.ndarray[Any, Any]:
    if direction == "low":
        return -score
    return np.abs(score) - 0.35 if direction == "off-target" else score
