"""What one seed tells: the figures, names and dates of the planted incidents.

Seed 1 tells the base scenario of `world.yaml`. Every other seed draws its own, so that an answer
that was learned by heart is wrong there.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from qualweave.examples.plant.world import World

BASE_SEED = 1
_NAME_HEADS = (
    ("北岭", "Beiling"), ("东湖", "Donghu"), ("南桥", "Nanqiao"), ("西泉", "Xiquan"), ("金川", "Jinchuan"),
    ("银山", "Yinshan"), ("玉河", "Yuhe"), ("松江", "Songjiang"), ("云台", "Yuntai"), ("丹阳", "Danyang"),
    ("长风", "Changfeng"), ("启明", "Qiming"), ("安澜", "Anlan"), ("凌霄", "Lingxiao"), ("沧海", "Canghai"),
)  # fmt: skip


@dataclass(frozen=True)
class WeldStory:
    """Tab welding station whose set point is off and whose packs run an old firmware.

    Currents in ampere, times in second. `delta` is what brings the set point to the optimum.
    """

    station: int
    current_now: float
    current_delta: float
    hold_now: float
    hold_delta: float
    firmware: str
    required: str


@dataclass(frozen=True)
class PidStory:
    """A temporary PID change at one reactor, without a quality order."""

    reactor: int
    day: date
    megawatt: int
    cost_million: int


@dataclass(frozen=True)
class ValveStory:
    """A valve batch slower than the contract allows, and how many firms stand behind it."""

    limit_ms: float
    bad_ms: float
    suppliers: int


@dataclass(frozen=True)
class Scenario:
    """Everything that differs between two plants apart from the noise."""

    seed: int
    tag: str
    names: dict[str, tuple[str, str]]
    prefixes: dict[str, str]
    start: date
    weld: WeldStory
    case_code: str
    case_count: int
    pid: PidStory
    aoi_code: int
    oven_number: int
    oven_day: date
    valve: ValveStory
    gap_index: int

    def rng(self, *scope: str | int) -> np.random.Generator:
        """A generator of its own for each part, so that one part's size never shifts another's."""
        return np.random.default_rng([self.seed, crc32("/".join(map(str, scope)).encode())])

    def code(self, prefix: str, number: int) -> str:
        """An equipment or line code as this plant writes it."""
        return f"{prefix}{self.tag}-{number:02d}"


def draw_scenario(world: World, seed: int) -> Scenario:
    """The scenario of a seed.

    Args:
        world: the tables.
        seed: 1 for the told scenario, any other non-negative number for another plant.

    Returns:
        The scenario.
    """
    return _base(world) if seed == BASE_SEED else _drawn(world, seed)


def _base(world: World) -> Scenario:
    golden = world.golden
    pid = golden["pid"]
    return Scenario(
        seed=BASE_SEED,
        tag="",
        names={slug: (company.zh, company.en) for slug, company in world.companies.items()},
        prefixes={slug: company.gs1_prefix for slug, company in world.companies.items()},
        start=date(2025, 1, 6),
        weld=WeldStory(**golden["weld"]),
        case_code=golden["case"]["code"],
        case_count=golden["case"]["count"],
        pid=PidStory(
            pid["reactor"], date.fromisoformat(pid["date"]), pid["megawatt"], pid["cost_million"]
        ),
        aoi_code=golden["aoi"]["code"],
        oven_number=golden["oven"]["number"],
        oven_day=date.fromisoformat(golden["oven"]["date"]),
        valve=ValveStory(**golden["valve"]),
        gap_index=2,
    )


def _other(rng: np.random.Generator, options: list[int], told: int) -> int:
    """One of the options that is not the told one."""
    return int(rng.choice([option for option in options if option != told]))


def _drawn(world: World, seed: int) -> Scenario:
    rng = np.random.default_rng([seed, 0])
    golden = world.golden
    letters = list(string.ascii_uppercase.replace("I", "").replace("O", ""))
    heads = rng.permutation(len(_NAME_HEADS))
    names, prefixes = {}, {}
    for index, (slug, company) in enumerate(world.companies.items()):
        zh, en = _NAME_HEADS[int(heads[index])]
        names[slug] = (zh + company.zh[2:], f"{en} {company.en.split(' ', 1)[1]}")
        prefixes[slug] = str(6_910_000 + int(rng.integers(10, 8_000)) * 20 + index)[:7]
    start = date(2025, 1, 6) + timedelta(days=7 * int(rng.integers(2, 30)))
    pid = PidStory(
        reactor=_other(rng, [1, 2, 3, 4, 5], golden["pid"]["reactor"]),
        day=start - timedelta(days=int(rng.integers(40, 60))),
        megawatt=_other(rng, list(range(12, 90)), golden["pid"]["megawatt"]),
        cost_million=_other(rng, list(range(8, 70)), golden["pid"]["cost_million"]),
    )
    first, second = rng.choice(letters, 2, replace=False)
    return Scenario(
        seed=seed,
        tag=str(rng.choice(letters)),
        names=names,
        prefixes=prefixes,
        start=start,
        weld=_weld(rng, golden["weld"]["station"]),
        case_code=f"{first}{rng.integers(2, 10)}{second}{rng.integers(3, 10)}",
        case_count=_other(rng, [2, 4, 5, 6], golden["case"]["count"]),
        pid=pid,
        aoi_code=_other(rng, list(range(101, 199)), golden["aoi"]["code"]),
        oven_number=_other(rng, [1, 2, 4, 5, 6, 7, 8], golden["oven"]["number"]),
        oven_day=start + timedelta(days=int(rng.integers(20, 60))),
        valve=_valve(rng, golden["valve"]["suppliers"]),
        gap_index=int(rng.integers(3, 12)),
    )


def _weld(rng: np.random.Generator, told_station: int) -> WeldStory:
    minor = int(rng.integers(2, 8))
    return WeldStory(
        station=_other(rng, [1, 2, 3, 4], told_station),
        current_now=round(180 + 0.1 * int(rng.integers(-60, 60)), 1),
        current_delta=round(0.1 * int(rng.integers(12, 34)) * float(rng.choice([-1, 1])), 1),
        hold_now=round(0.6 + 0.05 * int(rng.integers(-2, 3)), 2),
        hold_delta=round(0.05 * _other(rng, [-4, -3, -2, 2, 4], 3), 2),
        firmware=f"V{rng.integers(3, 6)}.{minor}.{rng.integers(0, 9)}",
        required=f"V{rng.integers(6, 9)}.{minor}.0",
    )


def _valve(rng: np.random.Generator, told_suppliers: int) -> ValveStory:
    limit = float(rng.integers(12, 22))
    return ValveStory(
        limit_ms=limit,
        bad_ms=limit + round(float(rng.uniform(0.6, 3.0)), 1),
        suppliers=_other(rng, list(range(9, 40)), told_suppliers),
    )
