"""Charts against published constants and hand-made runs; T² against its own false-alarm rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import InputError, NotEnoughEvidence
from qualweave.reasoning.statistics.constants import constants
from qualweave.reasoning.statistics.control_charts import capability, individuals, xbar_r
from qualweave.reasoning.statistics.hotelling import fit_t_squared
from qualweave.reasoning.statistics.rules import RULES, western_electric

ONE, TWO, FOUR, EIGHT = RULES


# Montgomery, appendix VI: n, A2, d2, d3, D3, D4
@pytest.mark.parametrize(
    ("size", "a2", "d2", "d3", "lower", "upper"),
    [
        (2, 1.880, 1.128, 0.853, 0, 3.267),
        (3, 1.023, 1.693, 0.888, 0, 2.574),
        (5, 0.577, 2.326, 0.864, 0, 2.114),
        (7, 0.419, 2.704, 0.833, 0.076, 1.924),
        (10, 0.308, 3.078, 0.797, 0.223, 1.777),
        (25, 0.153, 3.931, 0.708, 0.459, 1.541),
    ],
)
def test_constants_are_those_of_the_book(
    size: int, a2: float, d2: float, d3: float, lower: float, upper: float
) -> None:
    table = constants(size)

    found = (table.a2, table.d2, table.d3, table.lower_d, table.upper_d)
    assert found == pytest.approx((a2, d2, d3, lower, upper), abs=1.1e-3)


@pytest.mark.parametrize("size", [0, 1, 101])
def test_a_subgroup_without_range_is_refused(size: int) -> None:
    with pytest.raises(InputError, match="no usable range"):
        constants(size)


@pytest.mark.parametrize(
    ("z", "rule", "at"),
    [
        ([0, 0, 3.1, 0], ONE, [2]),
        ([0, 0, 3.0, 0], ONE, []),
        ([2.1, 0, 2.1, 0], TWO, [2]),
        ([2.1, 0, 0, 2.1], TWO, []),
        ([2.1, -2.1, 0, 0], TWO, []),
        ([1.1, 1.1, 0, 1.1, 1.1], FOUR, [4]),
        ([1.1, 1.1, 0, 0, 1.1, 1.1], FOUR, []),
        ([0.1] * 8, EIGHT, [7]),
        ([0.1] * 7 + [-0.1], EIGHT, []),
        ([-0.1] * 9, EIGHT, [7, 8]),
    ],
)
def test_each_run_rule_marks_the_point_that_completes_the_run(
    z: list[float], rule: str, at: list[int]
) -> None:
    flags = western_electric(10 + 2 * np.array(z), 10, 2.0)[rule]

    assert np.flatnonzero(flags).tolist() == at


@given(
    st.lists(st.floats(-4, 4), min_size=1, max_size=40),
    st.floats(-100, 100),
    st.floats(0.5, 20),
)
def test_rules_do_not_depend_on_unit_or_side(z: list[float], centre: float, sigma: float) -> None:
    series = np.round(z, 1) + 0.05  # off the limits, where rounding would decide
    plain = western_electric(series, 0, 1.0)
    moved = western_electric(centre + sigma * series, centre, sigma)
    turned = western_electric(-series, 0, 1.0)

    for rule in RULES:
        assert plain[rule].tolist() == moved[rule].tolist() == turned[rule].tolist()


def test_a_shift_after_phase_one_is_found_and_limits_stay_those_of_phase_one() -> None:
    values = np.random.default_rng(1).normal(50, 2, 300)
    values[200:] += 6

    chart = xbar_r(values, size=5, phase_one=40)

    assert chart.first_signal(40) == 40
    assert chart.location.centre == pytest.approx(values[:200].mean())
    assert chart.sigma == pytest.approx(2, rel=0.1)


def test_individuals_take_sigma_from_moving_ranges() -> None:
    values = np.random.default_rng(2).normal(0, 3, 2000)

    assert individuals(values).sigma == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("count", [0, 7])
def test_too_short_a_series_has_no_limits(count: int) -> None:
    with pytest.raises(NotEnoughEvidence, match="need 8 points"):
        individuals(np.zeros(count))


def test_a_missing_value_is_named() -> None:
    with pytest.raises(InputError, match="Value 3"):
        individuals([1, 2, 3, float("nan"), 5, 6, 7, 8, 9])


def test_capability_of_a_centred_process() -> None:
    values = np.random.default_rng(3).normal(10, 1, 5000)

    found = capability(values, lower=7, upper=13)

    assert found.cp == pytest.approx(1, abs=0.05)
    assert found.cpk_low < found.cpk < found.cpk_high
    assert found.expected_ppm == pytest.approx(2700, rel=0.3)


def test_capability_with_one_limit_has_no_cp() -> None:
    found = capability(np.random.default_rng(4).normal(10, 1, 100), upper=16)

    assert found.cp is None
    assert found.cpk == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize(("lower", "upper"), [(None, None), (5, 5), (6, 5)])
def test_capability_without_specification_is_refused(
    lower: float | None, upper: float | None
) -> None:
    with pytest.raises(InputError, match="specification"):
        capability(np.arange(50.0), lower=lower, upper=upper)


def test_t_squared_alarms_as_often_as_it_says() -> None:
    points = np.random.default_rng(5).normal(size=(60_000, 3))

    chart = fit_t_squared(points[:400], alpha=0.01)

    assert chart.outside(points[400:]).mean() == pytest.approx(0.01, rel=0.25)


def test_t_squared_sees_a_pair_that_breaks_its_correlation() -> None:
    rng = np.random.default_rng(6)
    first = rng.normal(size=500)
    points = np.stack([first, first + 0.1 * rng.normal(size=500), rng.normal(size=500)], axis=1)
    chart = fit_t_squared(points)

    odd = [1.5, -1.5, 0.0]

    assert chart.outside([odd])[0]
    assert np.argmax(chart.contributions(odd)) in (0, 1)


def test_robust_phase_one_leaves_outliers_out() -> None:
    points = np.random.default_rng(7).normal(size=(200, 2))
    points[:10] += 12

    plain, robust = fit_t_squared(points), fit_t_squared(points, robust=True)

    assert not robust.kept[:10].any()
    assert abs(robust.mean).max() < 0.3 < abs(plain.mean).max()


def test_t_squared_over_copies_is_refused() -> None:
    first = np.random.default_rng(8).normal(size=100)
    with pytest.raises(NotEnoughEvidence, match="cannot be fitted"):
        fit_t_squared(np.stack([first, first], axis=1))
