"""Weights of a score: they add up to exactly 100 whatever is changed, by one rule, and a version is kept as it was (R94)."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import GateRefused, InputError, NotFound
from qualweave.iri import Q
from qualweave.ontology.dictionary.reading import read_dictionary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.ontology.weights import (
    Scale,
    Weight,
    WeightVersion,
    read_version,
    renormalised,
    scale_of,
    weights_change,
    weights_from_json,
)
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.values import unit_of
from tests.reasoning.graphs import opened

PERCENT = unit_of("%")
SHARES = {"a": Decimal(5), "b": Decimal(60), "c": Decimal(35)}


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def version(*percents: str, number: int = 1, reason: str = "first") -> WeightVersion:
    scale = Scale(PERCENT, Decimal(90), None, Decimal(100))
    names = ("DendriteGrowthRate", "InternalResistance", "VoltagePlateauStability")
    weights = tuple(
        Weight(Q + name, Decimal(one), scale) for name, one in zip(names, percents, strict=True)
    )
    return WeightVersion(
        "cell", number, weights, reason, "li", "3f1a", datetime(2026, 11, 26, tzinfo=UTC)
    )


def test_one_share_is_raised_and_the_others_are_renormalised_in_proportion() -> None:
    after = renormalised(SHARES, {"a": Decimal(22)})

    assert after == {"a": Decimal(22), "b": Decimal("49.2632"), "c": Decimal("28.7368")}
    assert sum(after.values()) == 100
    assert abs(after["b"] / after["c"] - SHARES["b"] / SHARES["c"]) < Decimal("0.00001")


def test_what_is_left_over_goes_to_the_largest() -> None:
    thirds = {name: Decimal(100) / 4 for name in "abcd"}

    assert renormalised(thirds, {"d": Decimal(0)}) == {
        "a": Decimal("33.3334"), "b": Decimal("33.3333"), "c": Decimal("33.3333"), "d": Decimal(0),
    }  # fmt: skip


_PARTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12).filter(
    lambda one: sum(one[1:]) > 0
)


@given(parts=_PARTS, share=st.decimals(0, 100, places=4))
@settings(max_examples=200, deadline=None)
def test_shares_add_up_to_exactly_100_and_none_is_below_0(parts: list[int], share: Decimal) -> None:
    shares = {f"p{number}": Decimal(one) for number, one in enumerate(parts)}

    after = renormalised(shares, {"p0": share})

    assert sum(after.values()) == 100
    assert min(after.values()) >= 0
    assert after["p0"] == share


@pytest.mark.parametrize(
    ("shares", "changes"),
    [(SHARES, {"a": "101"}), (SHARES, {"a": "-1"}), (SHARES, {"a": "60", "b": "60"}),
     (SHARES, {"a": "1", "b": "2", "c": "3"}), ({}, {"a": "99"}), ({"a": Decimal(100), "b": Decimal(0)}, {"a": "50"})],
)  # fmt: skip
def test_shares_that_cannot_add_up_are_refused(
    shares: dict[str, Decimal], changes: dict[str, str]
) -> None:
    with pytest.raises(InputError, match="add up to"):
        renormalised(shares, {name: Decimal(one) for name, one in changes.items()})


@pytest.mark.parametrize("share", ["33.33335", "1e-19", "99.99999999999999999999999999"])
def test_a_share_finer_than_a_step_is_refused_before_anybody_votes_on_it(share: str) -> None:
    with pytest.raises(InputError, match="is finer than"):
        renormalised(SHARES, {"a": Decimal(share)})


def test_versions_are_read_back_side_by_side(tmp_path: Path) -> None:
    first, second = (
        version("5", "35", "60"),
        version("22", "28.7368", "49.2632", number=2, reason="field failures"),
    )

    with opened(tmp_path) as store:
        store.commit(
            [weights_change(one) for one in (first, second)], principal=SYSTEM, gate=ShapeGate()
        )
        store.publish()
        with store.snapshot() as snapshot:
            assert read_version(snapshot, "cell") == second
            assert read_version(snapshot, "cell", 1) == first
            with pytest.raises(NotFound, match="no version 3"):
                read_version(snapshot, "cell", 3)
            with pytest.raises(NotFound, match="cell/1, cell/2"):
                read_version(snapshot, "pack")


@pytest.mark.parametrize(
    "wrong", [version("5", "35", "59.9999"), version("5", "35", "60", reason=" "), version("-5", "45", "60")]
)  # fmt: skip
def test_the_gate_keeps_out_weights_that_are_not_100_or_have_no_reason(
    tmp_path: Path, wrong: WeightVersion
) -> None:
    with opened(tmp_path) as store, pytest.raises(GateRefused):
        store.commit([weights_change(wrong)], principal=SYSTEM, gate=ShapeGate())


def test_json_and_back_is_the_same() -> None:
    found = version("5", "35", "60").weights

    assert weights_from_json([one.to_json() for one in found]) == found


@pytest.mark.parametrize(
    ("row", "best"),
    [
        ("internal resistance,s,0.05,every item,limits 0.8..1.6,mΩ,,", "1.2"),
        ("dendrite growth rate,s,0.1,1 per lot,> 5,um/h,,", "0"),
        ("voltage plateau stability,s,0.5,every item,< 92,%,,", "100"),
        ("voltage plateau stability,s,0.5,every item,western-electric,%,95,", "100"),
    ],
)
def test_the_best_value_is_the_middle_or_the_far_end_of_the_typical_range(
    terms: TermIndex, row: str, best: str
) -> None:
    text = f"parameter,point,accuracy,frequency,rule,unit,lower limit,upper limit\n{row}\n"
    found = read_dictionary(text.encode(), name="a.csv", partner="A", terms=terms)

    assert scale_of(found, found.parameters[0], terms).best == Decimal(best)


def test_a_parameter_without_limits_or_entry_has_no_scale(terms: TermIndex) -> None:
    text = "parameter,point,accuracy,frequency,rule,unit\ntorque,s,0.1,10 Hz,western-electric,N.m\n"
    found = read_dictionary(text.encode(), name="a.csv", partner="A", terms=terms)

    with pytest.raises(InputError, match="no limits for"):
        scale_of(found, Q + "Torque", terms)
    with pytest.raises(NotFound, match="no entry for"):
        scale_of(found, Q + "Mass", terms)
