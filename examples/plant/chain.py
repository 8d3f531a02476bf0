"""The chain itself: the lots and serials of eight levels, and who was made from whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.gs1 import TradeItem
from qualweave.examples.plant.press import labelled

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

Names = np.ndarray[Any, Any]
CELLS_PER_MODULE, MODULES_PER_PACK = 12, 8
CELLS_PER_PACK = CELLS_PER_MODULE * MODULES_PER_PACK


@dataclass(frozen=True)
class Level:
    """The lots or serials of one level: bare code, canonical identifier, trade item if any."""

    codes: Names
    trade: TradeItem | None
    serial: bool = False

    @property
    def ids(self) -> list[str]:
        """Canonical identifiers, as the oracle tells them."""
        if self.trade is None:
            return [str(code) for code in self.codes]
        link = self.trade.serial_link if self.serial else self.trade.lot_link
        return [link(code) for code in self.codes]

    def urns(self) -> list[str]:
        """EPC URNs.

        Raises:
            ValueError: the level carries no GS1 identifiers.
        """
        if self.trade is None:
            raise ValueError(self.codes[0])
        return [
            (self.trade.serial_urn if self.serial else self.trade.lot_urn)(c) for c in self.codes
        ]

    def strings(self) -> list[str]:
        """Bracketed element strings.

        Raises:
            ValueError: the level carries no GS1 identifiers.
        """
        if self.trade is None:
            raise ValueError(self.codes[0])
        return [
            (self.trade.serial_string if self.serial else self.trade.lot_string)(c)
            for c in self.codes
        ]


@dataclass(frozen=True)
class Chain:
    """All levels and who was made from whom: parents[level][i] are places in the level below."""

    levels: dict[str, Level]
    parents: dict[str, list[tuple[int, ...]]]


STEPS = (
    ("precursor", "ore"), ("cathode", "precursor"), ("coil", "cathode"), ("cell", "coil"),
    ("module", "cell"), ("pack", "module"), ("scrap", "coil"),
)  # fmt: skip


def grow(press: Press) -> Chain:
    """Return a chain of the size that is wanted, every lot and serial with what it was made from."""
    size, scenario = press.size, press.scenario
    packs = size["packs"]
    coils, cells = 4 * size["rows"], packs * CELLS_PER_PACK
    cathodes = max(coils // 8, 8)
    precursors = max(cathodes // 2, 4)
    ores = max(precursors // 2, 4)
    tag, month = scenario.tag, f"{scenario.start:%y%m}"

    def trade(slug: str, reference: str) -> TradeItem:
        return TradeItem(scenario.prefixes[slug], reference)

    levels = {
        "ore": Level(labelled(f"ORE{tag}{month}-", ores, 4), trade("mine", "00101")),
        "precursor": Level(labelled(f"PRC{tag}{month}-", precursors, 4), trade("precursor", "00201")),
        "cathode": Level(labelled(f"NCM{tag}{month}-", cathodes, 4), trade("cathode", "00301")),
        "coil": Level(labelled(f"L{tag}{month}-", coils, 6), None),
        "cell": Level(labelled(f"C{tag}{month}-", cells, 7), None),
        "module": Level(labelled(f"MD{tag}{month}", cells // CELLS_PER_MODULE, 6), trade("cell", "00501"), serial=True),
        "pack": Level(labelled(f"PK{tag}{month}", packs, 5), trade("pack", "00601"), serial=True),
        "scrap": Level(labelled(f"SCR{tag}{month}-", max(coils // 20, 2), 4), None),
    }  # fmt: skip
    rng = scenario.rng("chain")
    cell_order = _cells_by_pack(packs)
    parents = {
        "precursor": _mix(precursors, ores, rng, 2),
        "cathode": _mix(cathodes, precursors, rng, 2),
        "coil": _mix(coils, cathodes, rng, 2),
        "cell": _mix(cells, coils, rng, 1),
        "module": [tuple(row) for row in cell_order.reshape(-1, CELLS_PER_MODULE).tolist()],
        "pack": [tuple(range(p * MODULES_PER_PACK, (p + 1) * MODULES_PER_PACK)) for p in range(packs)],
        "scrap": [tuple(sorted({int(i) for i in rng.integers(0, coils, 3)})) for _ in levels["scrap"].codes],
    }  # fmt: skip
    return Chain(levels, parents)


def _cells_by_pack(packs: int) -> Names:
    """Cell places in order of building in; pack p takes the cells of welding station p mod 4."""
    per_station = packs // 4 * CELLS_PER_PACK
    rounds = np.arange(packs) // 4
    first = (np.arange(packs) % 4) * per_station + rounds * CELLS_PER_PACK
    order: Names = (first[:, None] + np.arange(CELLS_PER_PACK)[None, :]).reshape(-1)
    return order


def _mix(children: int, parents: int, rng: np.random.Generator, most: int) -> list[tuple[int, ...]]:
    """First in, first out, with a second parent for two thirds where a lot runs out or is blended."""
    place = (np.arange(children) * parents) // children
    jitter = rng.integers(0, 2, children)
    main = np.clip(place + jitter, 0, parents - 1).tolist()
    if most == 1:
        return [(value,) for value in main]
    second = np.clip(np.array(main) + rng.integers(1, 3, children), 0, parents - 1).tolist()
    blended = (rng.random(children) < 2 / 3).tolist()
    return [
        tuple(sorted({a, b})) if two else (a,)
        for a, b, two in zip(main, second, blended, strict=True)
    ]
