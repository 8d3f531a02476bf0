"""The example plant: a seeded simulation that writes what real systems would, and the truth beside it.

``generate`` makes three folders: ``input/`` is for the product, ``answers/`` is what the plant's engineer says
when asked, ``oracle/`` is the truth for tests and benchmarks, which the product never reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qualweave.errors import InputError
from qualweave.examples.plant.battery import build_battery
from qualweave.examples.plant.electronics import build_electronics
from qualweave.examples.plant.families import make_run, write_runs
from qualweave.examples.plant.masterdata import build_masterdata
from qualweave.examples.plant.moulding import build_moulding
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import Press, labelled
from qualweave.examples.plant.scenario import draw_scenario
from qualweave.examples.plant.solar import build_solar
from qualweave.examples.plant.strip import build_strip
from qualweave.examples.plant.thermal import build_thermal
from qualweave.examples.plant.valve import build_valve
from qualweave.examples.plant.voices import build_voices
from qualweave.examples.plant.world import load_world

if TYPE_CHECKING:
    from pathlib import Path

Size = Literal["small", "medium", "large"]


@dataclass(frozen=True)
class PlantManifest:
    """What was written: folders, seed, size, and how many files and rows."""

    root: Path
    seed: int
    size: Size
    files: int
    rows: int

    @property
    def input(self) -> Path:
        """Folder for the product."""
        return self.root / "input"

    @property
    def answers(self) -> Path:
        """What the engineer says beforehand, of tags that nobody else can read."""
        return self.root / "answers" / "engineer.yaml"

    @property
    def when_asked(self) -> Path:
        """What the engineer answers when asked."""
        return self.root / "answers" / "when-asked.yaml"

    @property
    def contracts(self) -> tuple[Path, ...]:
        """Contracts that the plant has agreed on, as YAML."""
        return tuple(sorted((self.root / "contracts").glob("*.yaml")))

    @property
    def oracle(self) -> Path:
        """Folder of the truth."""
        return self.root / "oracle"


def generate(out: Path, *, seed: int = 1, size: Size = "small") -> PlantManifest:
    """Write a plant.

    Args:
        out: Folder, made if need be.
        seed: Same seed and size, same bytes.
        size: About 20 k quads once lifted, 1 M, or 10 M.

    Returns:
        What was written.

    Raises:
        InputError: If the seed is negative or the size unknown.
    """
    world = load_world()
    if seed < 0 or size not in world.sizes:
        raise InputError(
            f"There is no plant of seed {seed} and size {size!r}.",
            message_zh=f"没有种子为 {seed}、规模为 {size!r} 的工厂。",
            next_step="Give a seed of 0 or more and one of: " + ", ".join(world.sizes) + ".",
            next_step_zh="种子须不小于 0，规模可选：" + "、".join(world.sizes) + "。",
        )
    press = Press(out / "input", world, draw_scenario(world, seed), world.sizes[size])
    build_moulding(press)
    build_battery(press)
    build_solar(press)
    build_electronics(press)
    build_thermal(press)
    _build_plain(press, "Machining", "K")
    build_valve(press)
    build_strip(press)
    build_voices(press)
    build_masterdata(press)
    press.oracle.write(out / "oracle", press.scenario.rng("closures"))
    press.oracle.write_answers(out / "answers" / "engineer.yaml")
    press.oracle.write_when_asked(out / "answers" / "when-asked.yaml")
    return PlantManifest(out, seed, size, len(press.oracle.counts), press.oracle.totals["rows"])


def _build_plain(press: Press, process: str, prefix: str) -> None:
    """A family with nothing but its lines."""
    lines = draw_lines(press, process)
    rows = press.size["rows"]
    write_runs(
        press,
        process,
        [make_run(press, line, labelled(f"{prefix}-{line.code}-", rows, 6)) for line in lines],
    )
