"""The tables of the shop floor's door: tiers of fields, key control points, shifts.

What is decided by a person and not by a program stands in TSV files of this package, with its reason beside
it; this module reads them once.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias, cast

from qualweave.iri import Q

Tier: TypeAlias = Literal["public", "restricted"]
Basis: TypeAlias = Literal["class", "cause"]


@dataclass(frozen=True)
class Field:
    """A field of a passport.

    Attributes:
        name: As documents write it.
        tier: Who may read it.
        term: JSON-LD keyword or CURIE of its property.
        reason: Why it stands in that tier, by language.
        compare: A similar attribute of the battery passport, for orientation; ``""`` where there is none.
    """

    name: str
    tier: Tier
    term: str
    reason: Mapping[str, str]
    compare: str = ""


@dataclass(frozen=True)
class ControlRule:
    """A line of the policy of key control points.

    Attributes:
        basis: Whether the parameter's class decides, or that a defect is known to follow from it.
        of: IRI of the process or item class that it holds for, ``""`` for every one.
        parameter: IRI of the class of parameters.
        tier: Who may read the values.
        reason: Why it is key, by language.
    """

    basis: Basis
    of: str
    parameter: str
    tier: Tier
    reason: Mapping[str, str]


@dataclass(frozen=True)
class Shift:
    """A shift of the day, in the plant's own time; one that ends before it begins goes over midnight."""

    code: str
    begins: time
    ends: time
    label: Mapping[str, str]
    words: frozenset[str]


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("qualweave.reasoning").joinpath("passport", name).read_text("utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    for row in csv.DictReader(lines, delimiter="\t"):
        yield {key: value or "" for key, value in row.items()}


@lru_cache(maxsize=1)
def fields() -> Mapping[str, Field]:
    """Return every field of a passport by its name."""
    return {
        row["field"]: Field(
            name=row["field"],
            tier=cast("Tier", row["tier"]),
            term=row["term"],
            reason={"en": row["reason_en"], "zh": row["reason_zh"]},
            compare=row["compare"],
        )
        for row in _rows("fields.tsv")
    }


@lru_cache(maxsize=1)
def control_rules() -> tuple[ControlRule, ...]:
    """Return the policy of key control points, first line first."""
    return tuple(
        ControlRule(
            basis=cast("Basis", row["basis"]),
            of="" if row["of"] == "*" else Q + row["of"],
            parameter=Q + row["parameter"],
            tier=cast("Tier", row["tier"]),
            reason={"en": row["reason_en"], "zh": row["reason_zh"]},
        )
        for row in _rows("control_points.tsv")
    )


@lru_cache(maxsize=1)
def shifts() -> tuple[Shift, ...]:
    """Return the shifts of a day."""
    return tuple(
        Shift(
            code=row["code"],
            begins=time.fromisoformat(row["begins"]),
            ends=time.fromisoformat(row["ends"]),
            label={"en": row["label_en"], "zh": row["label_zh"]},
            words=frozenset(one.casefold() for one in row["words"].split("|")),
        )
        for row in _rows("shifts.tsv")
    )
