"""The response model tells an optimum where there is one, and refuses for the reason that holds."""

import numpy as np
import pytest

from qualweave.errors import NotEnoughEvidence
from qualweave.reasoning.decisions.response import Response, Setting, fit_response

A = Setting("urn:a", 100.0, 80.0, 120.0, 0.5)
B = Setting("urn:b", 2.0, 0.5, 4.0, 0.05)
IDLE = Setting("urn:idle", 50.0, 0.0, 100.0, 1.0)


def trial(
    seed: int = 0,
    count: int = 120,
    *,
    top: tuple[float, float] = (103.2, 1.8),
    noise: float = 0.5,
    width: float = 6.0,
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            100 + rng.uniform(-width, width, count),
            2 + rng.uniform(-width, width, count) / 10,
            50 + rng.normal(0, 5, count),
        ]
    )
    surface = 90 - 0.6 * (values[:, 0] - top[0]) ** 2 - 60 * (values[:, 1] - top[1]) ** 2
    return values, surface + rng.normal(0, noise, count)


def fitted(**how: object) -> Response:
    values, outcome = trial(**how)
    return fit_response([A, B, IDLE], values, outcome)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("top", [(103.2, 1.8), (97.9, 2.3), (101.0, 1.7)])
def test_the_optimum_is_found_to_the_step_of_the_machine(
    seed: int, top: tuple[float, float]
) -> None:
    found = fitted(seed=seed, top=top)

    delta = {one.setting.parameter: one.delta for one in found.moves}
    assert delta["urn:a"] == pytest.approx(top[0] - 100, abs=0.5)
    assert delta["urn:b"] == pytest.approx(top[1] - 2, abs=0.05)
    assert found.left_alone == ("urn:idle",)
    assert found.gain_low < found.gain < found.gain_high


def test_steps_are_multiples_of_the_resolution() -> None:
    for one in fitted().moves:
        steps = one.delta / one.setting.resolution
        assert steps == pytest.approx(round(steps))


def test_at_the_optimum_nothing_moves() -> None:
    assert [one.delta for one in fitted(top=(100.0, 2.0)).moves] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("how", "missing"),
    [
        ({"count": 0}, "records"),
        ({"count": 20}, "records"),
        ({"noise": 300.0}, "effect"),
        ({"top": (140.0, 2.0)}, "tried-region"),
        ({"top": (107.0, 2.0)}, "tried-region"),
    ],
)
def test_it_refuses_and_says_what_is_missing(how: dict[str, object], missing: str) -> None:
    with pytest.raises(NotEnoughEvidence) as caught:
        fitted(**how)

    assert caught.value.data["missing"] == missing


def test_an_optimum_beyond_the_bounds_is_not_told() -> None:
    values, outcome = trial()
    tight = Setting("urn:a", 100.0, 99.0, 102.0, 0.5)

    with pytest.raises(NotEnoughEvidence, match="permitted"):
        fit_response([tight, B], values[:, :2], outcome)


def test_an_optimum_that_is_not_known_to_the_step_is_not_told() -> None:
    values, outcome = trial(noise=6.0)
    fine = Setting("urn:a", 100.0, 80.0, 120.0, 0.01)

    with pytest.raises(NotEnoughEvidence, match=r"machine steps by 0\.01"):
        fit_response([fine, B], values[:, :2], outcome)


def test_a_valley_has_no_best_setting() -> None:
    values, outcome = trial()

    with pytest.raises(NotEnoughEvidence) as caught:
        fit_response([A, B], values[:, :2], -outcome)

    assert caught.value.data["missing"] == "optimum"


def test_settings_that_were_never_varied_are_no_trial() -> None:
    with pytest.raises(NotEnoughEvidence, match="ever varied"):
        fit_response([A], np.full((50, 1), 100.0), np.random.default_rng(0).normal(size=50))


def test_noise_alone_gives_a_recommendation_hardly_ever() -> None:
    told = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        values, _ = trial(seed)
        try:
            fit_response([A, B, IDLE], values, rng.normal(size=len(values)))
            told += 1
        except NotEnoughEvidence:
            pass

    assert told == 0
