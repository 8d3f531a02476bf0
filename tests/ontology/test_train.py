"""The release train: one a quarter, whatever left early."""

from collections.abc import Set as AbstractSet
from datetime import date

import pytest

from qualweave.ontology.train import next_train


@pytest.mark.parametrize(
    ("departed", "name", "day"),
    [
        (set(), "2026-Q4", date(2026, 10, 1)),
        ({"2026-Q3"}, "2026-Q4", date(2026, 10, 1)),
        ({"2026-Q4"}, "2027-Q1", date(2027, 1, 1)),
        ({"2026-Q4", "2027-Q1"}, "2027-Q2", date(2027, 4, 1)),
    ],
)
def test_the_next_train_is_one_that_has_not_left(
    departed: AbstractSet[str], name: str, day: date
) -> None:
    found = next_train(date(2026, 11, 26), departed)

    assert (found.name, found.day) == (name, day)
