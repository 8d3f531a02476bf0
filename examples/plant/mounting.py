"""What a pack line knows of a module besides its tag: where it was seen last, when, and what it weighs.

Three systems write it. The cell maker's scale weighs each module at the end of its line; the readers at the pack
maker's two buffers see trolleys of modules arrive; the pack line's own log has a row per module built in, with the
weight at the station and the module's serial where its tag could be read. Both scales are a few grams off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.epcis import EpcisDocument
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

MOUNTING_LOG = "pack/mes/module_mounting.csv"
MODULE_COLUMN = "Component Serial"
_TROLLEY = 12  # modules
_NOMINAL, _SPREAD = 12.640, 0.048  # kg; glue and busbars make the difference between modules
_SCALE_NOISE, _STATION_NOISE = 0.002, 0.003  # kg


@dataclass(frozen=True)
class Mounting:
    """Every module that is built in, in order: element string, EPC URN, pack, station (1, 2) and local time."""

    modules: np.ndarray[Any, Any]
    tags: np.ndarray[Any, Any]
    packs: np.ndarray[Any, Any]
    stations: np.ndarray[Any, Any]
    times: np.ndarray[Any, Any]


def write_mounting(press: Press, mounting: Mounting) -> None:
    """Write the module scale, the buffers' readers and the mounting log.

    Args:
        press: the plant.
        mounting: what is built in where.
    """
    rng = press.scenario.rng("mounting")
    count = len(mounting.modules)
    weights = rng.normal(_NOMINAL, _SPREAD, count)
    _write_scale(press, mounting, weights + rng.normal(0, _SCALE_NOISE, count))
    _write_buffers(press, mounting, rng)
    offsets = rng.normal(0, 0.002, 2)[mounting.stations - 1]
    _write_log(press, mounting, weights + offsets + rng.normal(0, _STATION_NOISE, count))


def _write_scale(press: Press, mounting: Mounting, weights: np.ndarray[Any, Any]) -> None:
    count = len(weights)
    tested = (
        mounting.times.min() - np.timedelta64(20, "D") + np.arange(count) * np.timedelta64(7, "m")
    )
    columns = [
        column("Test No", "inspectionIdentifier", labelled(f"MW-{press.scenario.tag}", count, 6)),
        column("Serial No", "serialNumber", mounting.modules),
        column("Test Time", "resultTime", tested),
        column("Weight", "Mass", weights, decimals=3, unit="kg"),
        column("Result", "conforms", ["OK"] * count),
    ]
    press.csv("cell/mes/module_weights.csv", columns, Dialect(bom=True, unit_style="square"))


def _write_buffers(press: Press, mounting: Mounting, rng: np.random.Generator) -> None:
    prefix = press.scenario.prefixes["pack"]
    book = EpcisDocument(prefix, press.scenario.start.isoformat(), "receiving/")
    for station in (1, 2):
        waiting = np.flatnonzero(mounting.stations == station)
        for start in range(0, len(waiting), _TROLLEY):
            trolley = waiting[start : start + _TROLLEY]
            ahead = np.timedelta64(int(rng.integers(120, 240)), "m")
            book.observe(
                mounting.times[trolley].min() - ahead, action="OBSERVE", step="receiving",
                serials=tuple(mounting.tags[trolley]), place=f"0001{station}",
            )  # fmt: skip
    press.raw(
        "pack/epcis/module_receiving.jsonld",
        book.data(),
        rows=len(book.events),
        quads=22 * len(book.events),
    )


def _write_log(press: Press, mounting: Mounting, weights: np.ndarray[Any, Any]) -> None:
    count = len(weights)
    stations = [press.scenario.code("PA", int(one)) for one in mounting.stations]
    columns = [
        column(
            "Operation ID", "operationIdentifier", labelled(f"OP-PM{press.scenario.tag}-", count, 6)
        ),
        column("Equipment ID", "equipmentIdentifier", stations),
        column("Start Time", "startedAt", mounting.times),
        column("Assembly Serial", "outputIdentifier", mounting.packs),
        column(MODULE_COLUMN, "inputIdentifier", mounting.modules),
        column("Module Weight", "Mass", weights, decimals=3, unit="kg"),
    ]
    press.csv(MOUNTING_LOG, columns, Dialect(bom=True, unit_style="square"))
