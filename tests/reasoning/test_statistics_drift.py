"""Drift: equal false alarms by calibration, delays counted from the start, early alarms kept apart."""

import numpy as np
import pytest

from qualweave.reasoning.statistics.drift import (
    calibrated_ramp,
    chart_alarm,
    detection_delays,
    false_alarm_share,
    ramp_alarm,
)


def test_calibration_gives_the_share_of_false_alarms_that_was_asked_for() -> None:
    threshold = calibrated_ramp(60, 200, 0.2)

    assert false_alarm_share(ramp_alarm(threshold), 60, 200, seed=9) == pytest.approx(0.2, abs=0.08)


def test_at_equal_false_alarms_the_ramp_detector_sees_a_slow_ramp_no_later_than_the_chart() -> None:
    phase_one, start, length = 60, 120, 300
    chart = chart_alarm()
    share = false_alarm_share(chart, phase_one, length - phase_one)
    ramp = ramp_alarm(calibrated_ramp(phase_one, length - phase_one, share))
    series = np.random.default_rng(0).normal(size=(60, length))
    series[:, start:] += np.linspace(0, 3, length - start)

    delays = {
        name: detection_delays(name, watch, series, start=start, phase_one=phase_one)
        for name, watch in (("chart", chart), ("ramp", ramp))
    }

    assert delays["ramp"].median <= delays["chart"].median * 1.1
    for one in delays.values():
        assert len(one.delays) + one.early + one.missed == 60


def test_a_quiet_series_at_a_high_threshold_is_missed_and_not_counted_as_a_delay() -> None:
    found = detection_delays(
        "x", ramp_alarm(99.0), np.zeros((1, 50)) + np.arange(50) % 2, start=20, phase_one=10
    )

    assert (found.missed, found.delays) == (1, ())
    assert np.isnan(found.median)
