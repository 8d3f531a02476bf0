"""The simulated world as typed values, read from the table `world.yaml` beside this module.

The table is the only place that says what is normal and what causes what; the simulators read it,
so that the planted truth can be changed without touching code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

ONTOLOGY = "https://w3id.org/qonto/"


@dataclass(frozen=True)
class Company:
    """A legal entity of the supply network."""

    slug: str
    zh: str
    en: str
    gs1_prefix: str


@dataclass(frozen=True)
class Term:
    """A word of the plant (parameter, defect, mechanism) and its ontology name."""

    name: str
    zh: str
    en: str
    vendor: str = ""
    unit: str = ""
    header_zh: str = ""

    @property
    def iri(self) -> str:
        """The ontology IRI."""
        return ONTOLOGY + self.name


@dataclass(frozen=True)
class Sensor:
    """A parameter as one process measures it: nominal value, spread and decimals."""

    parameter: str
    nominal: float
    spread: float
    decimals: int


@dataclass(frozen=True)
class Cause:
    """One row of the causal truth; several parameters mean that all must be off together."""

    process: str
    parameters: tuple[str, ...]
    directions: tuple[str, ...]
    defect: str
    mechanism: str
    strength: float


@dataclass(frozen=True)
class Family:
    """A process that several lines run, each with its own subset of the sensors."""

    process: str
    zh: str
    company: str
    prefix: str
    lines: int
    equipment: str
    item: str
    serial: str
    sensors: tuple[Sensor, ...]
    optional: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """All tables of `world.yaml`."""

    companies: dict[str, Company]
    parameters: dict[str, Term]
    defects: dict[str, Term]
    mechanisms: dict[str, Term]
    families: dict[str, Family]
    causes: tuple[Cause, ...]
    sizes: dict[str, dict[str, int]]
    golden: dict[str, dict[str, Any]]

    def word(self, name: str, language: str) -> str:
        """The plant's word for a parameter, defect or mechanism in `zh` or `en`.

        Raises:
            KeyError: the world table has no such name.
        """
        for table in (self.parameters, self.defects, self.mechanisms):
            if name in table:
                return table[name].zh if language == "zh" else table[name].en
        raise KeyError(name)


def _family(process: str, row: dict[str, Any]) -> Family:
    sensors = tuple(Sensor(name, *values) for name, values in row["sensors"].items())
    return Family(
        process=process,
        zh=row["zh"],
        company=row["company"],
        prefix=row["prefix"],
        lines=row["lines"],
        equipment=row["equipment"],
        item=row["item"],
        serial=row["serial"],
        sensors=sensors,
        optional=tuple(row["optional"]),
    )


@cache
def load_world() -> World:
    """Read the world table once.

    Returns:
        The typed tables.
    """
    text = files("qualweave.examples.plant").joinpath("world.yaml").read_text(encoding="utf-8")
    raw = yaml.safe_load(text)

    def terms(key: str) -> dict[str, Term]:
        return {name: Term(name, *row) for name, row in raw[key].items()}

    return World(
        companies={slug: Company(slug, *row) for slug, row in raw["companies"].items()},
        parameters=terms("parameters"),
        defects=terms("defects"),
        mechanisms=terms("mechanisms"),
        families={name: _family(name, row) for name, row in raw["families"].items()},
        causes=tuple(
            Cause(process, tuple(names), tuple(directions), *rest)
            for process, names, directions, *rest in raw["causes"]
        ),
        sizes=raw["sizes"],
        golden=raw["golden"],
    )
