"""The parts of a cause's score, each a piece of `Evidence`; the weights are a table (``weights.tsv``)."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.reasoning.causes.contrast import THRESHOLD, Baseline, Contrast
from qualweave.reasoning.causes.exposures import Deviation, Standing
from qualweave.reasoning.trace.records import Record

TABLE = "causes/weights.tsv"
VERSION = "1"


@dataclass(frozen=True)
class Weight:
    """A row of the table: what a part counts per unit, and at most."""

    weight: float
    cap: float

    def of(self, amount: float) -> float:
        """Return what an amount of the part adds; a contrast may also take away."""
        return max(min(self.weight * amount, self.cap), -self.cap)


@lru_cache(maxsize=1)
def weights() -> Mapping[str, Weight]:
    """Return the table of weights by part."""
    text = files("qualweave.reasoning").joinpath("causes", "weights.tsv").read_text("utf-8")
    rows = csv.reader(
        (line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"
    )
    return {row[0]: Weight(float(row[1]), float(row[2])) for row in rows}


def _part(kind: str, amount: float, statement: tuple[str, str], sources: Sequence[str]) -> Evidence:
    return Evidence(
        kind=kind,
        statement=dict(zip(("en", "zh"), statement, strict=True)),
        weight=weights()[kind].of(amount),
        sources=tuple(sources),
        rule=TABLE,
        version=VERSION,
        data={"amount": round(amount, 4)},
    )


def of_contrast(contrast: Contrast, iri: str) -> Evidence:
    """Return how bad and good items differ in having met it."""
    low, high = contrast.interval
    return _part(
        "contrast",
        low,
        (
            (
                f"{contrast.bad_exposed} of {contrast.bad} bad items met it and {contrast.good_exposed} of"
                f" {contrast.good} good ones (log odds ratio {contrast.log_odds_ratio:.2f},"
                f" 95 % interval {low:.2f} to {high:.2f})."
            ),
            (
                f"{contrast.bad} 件不良品中有 {contrast.bad_exposed} 件经历过，{contrast.good} 件良品中有"
                f" {contrast.good_exposed} 件（对数优势比 {contrast.log_odds_ratio:.2f}，95% 区间"
                f" {low:.2f} 至 {high:.2f}）。"
            ),
        ),
        [iri],
    )


def of_deviation(deviation: Deviation) -> Evidence:
    """Return a value on the path that is off against its own history."""
    name = local_name(deviation.item)
    return _part(
        "deviation",
        abs(deviation.z) / THRESHOLD,
        (
            (
                f"{deviation.name} of {name} was {deviation.value:g}, usually {deviation.usual:g}"
                f" (robust z {deviation.z:+.1f})."
            ),
            (
                f"{name} 的 {deviation.name} 为 {deviation.value:g}，通常为 {deviation.usual:g}"
                f"（稳健 z 值 {deviation.z:+.1f}）。"
            ),
        ),
        [deviation.record, deviation.item],
    )


def of_change(standing: Standing, others: Sequence[Record]) -> list[Evidence]:
    """Return what speaks for a change: overlap, temporary, no order, novelty."""
    change = standing.change
    operation, machine = local_name(standing.operation.iri), change.facts.get("equipment", "")
    found = [
        _part(
            "overlap",
            standing.share,
            (
                f"It stood during {standing.share:.0%} of operation {operation} at {local_name(machine)}.",
                f"该变更覆盖了 {local_name(machine)} 上工序 {operation} 的 {standing.share:.0%} 时间。",
            ),
            [change.iri, standing.operation.iri],
        )
    ]
    if change.facts.get("temporary_change") in ("true", "1"):
        found.append(
            _part("temporary", 1.0, ("It was temporary.", "该变更是临时的。"), [change.iri])
        )
    if "linked_to_order" not in change.facts:
        found.append(
            _part(
                "no-order",
                1.0,
                ("No quality order is linked to it.", "该变更未关联任何质量工单。"),
                [change.iri],
            )
        )
    return found + _novelty(change, others)


def _novelty(change: Record, others: Sequence[Record]) -> list[Evidence]:
    size = step_of(change)
    sizes = [
        found for one in others if one.iri != change.iri and (found := step_of(one)) is not None
    ]
    baseline = Baseline.of(np.array(sizes))
    if size is None or baseline is None or (z := baseline.z(size)) < THRESHOLD:
        return []
    return [
        _part(
            "novelty",
            z / THRESHOLD,
            (
                f"It changed the value by {size:.0%}, other changes of it by {baseline.median:.0%} (z {z:.1f}).",
                f"该变更幅度为 {size:.0%}，同参数其他变更通常为 {baseline.median:.0%}（z 值 {z:.1f}）。",
            ),
            [change.iri],
        )
    ]


def step_of(change: Record) -> float | None:
    """Return the size of a change relative to the value before, None where it has no numbers."""
    try:
        before = float(change.facts["previous_value"])
        after = float(change.facts["new_value"])
    except (KeyError, ValueError):  # a change of a text, or one half of it missing
        return None
    return abs(after - before) / abs(before) if before else None
