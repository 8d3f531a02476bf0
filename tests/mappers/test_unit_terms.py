"""A vocabulary of units is known as one, and a field's unit finds its term in it."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pytest

from qualweave.mappers.unit_terms import UnitTerms

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
SET = SHARED / "alignment" / "units_unece"


@dataclass(frozen=True)
class Named:
    names: tuple[str, ...]
    kind: str = ""


def units(*names: str) -> UnitTerms:
    return UnitTerms([Named((one,)) for one in names])


def test_the_same_unit_stands_above_its_equals_and_its_dimension() -> None:
    found = units("Newton Metre", "Joule", "Kilojoule", "Newton").agreement(["N·m"])

    assert found[0] > found[1] > found[2] > 0 > found[3]


@pytest.mark.parametrize(
    "text",
    [
        "kg/m³",
        "kg.m-3",
        "m-3·kg",
        "Kilogramm pro Kubikmeter",
        "千克每立方米",
        "kilograms per cubic meter",
    ],
)
def test_spellings_of_three_languages_find_the_same_term(text: str) -> None:
    found = units("Gram per Cubic Metre", "Kilogram per Cubic Metre", "Kilogram").agreement([text])

    assert int(found.argmax()) == 1


def test_words_decide_what_a_symbol_leaves_open() -> None:
    terms = units("Minute", "Arcminute", "Day", "Darcy")

    assert int(terms.agreement(["'", "minute [unit of angle]"]).argmax()) == 1
    assert int(terms.agreement(["d", "darcy"]).argmax()) == 3


def test_a_vocabulary_of_other_things_hears_nothing() -> None:
    terms = units("Temperature", "Cycle count", "Length", "Day")

    assert not terms.is_unit_vocabulary
    assert not terms.agreement(["d", "day"]).any()


def test_a_text_that_is_no_unit_says_nothing() -> None:
    assert not units("Metre", "Second", "Kelvin").agreement(["spindle load", ""]).any()


def _rank(scores: np.ndarray, places: list[int]) -> float:
    """Mean rank of the best gold term among equals, as the shared ``score.py`` counts."""
    best = scores[places].max()
    level = np.flatnonzero(scores == best)
    hits = len(set(level) & set(places))
    return float((scores > best).sum() + (len(level) + 1) / (hits + 1))


@pytest.mark.skipif(not SET.exists(), reason="the public data is not on this machine")
def test_units_of_opc_ua_find_their_qudt_terms() -> None:
    rows = [orjson.loads(one) for one in (SET / "terms.jsonl").read_bytes().splitlines()]
    terms = UnitTerms(
        [
            Named(
                (*row["label"].values(), *(one for alt in row["alt"].values() for one in alt)),
                row["kind"],
            )
            for row in rows
        ]
    )
    place = {row["id"]: at for at, row in enumerate(rows)}
    fields = [orjson.loads(one) for one in (SET / "fields.jsonl").read_bytes().splitlines()]
    ranks = [
        _rank(
            terms.agreement([one["name"], one["description"]]),
            [place[g] for g in one["gold"] if g in place],
        )
        for one in fields
    ]

    assert terms.is_unit_vocabulary
    assert sum(one <= 1 for one in ranks) / len(ranks) >= 0.99
