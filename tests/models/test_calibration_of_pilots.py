"""Whether predictions of changes came true as often as stated: right for right ones, and silent while there are few."""

from __future__ import annotations

import numpy as np
import pytest

from models.pilots.calibration import MIN_PREDICTIONS, calibration_of, came_true

HALF = 1.645  # of a 90 % interval, in standard errors


@pytest.mark.parametrize(("spread", "share"), [(1.0, 0.90), (2.0, 0.657)])
def test_of_right_predictions_nine_of_ten_come_true_and_of_too_sure_ones_fewer(spread: float, share: float) -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0.0, spread, 4000)  # around a prediction of 0 with a standard error of 1
    measured = truth + rng.normal(0.0, 0.7, 4000)
    found = [
        came_true({"low": -HALF, "high": HALF}, {"low": each - HALF * 0.7, "high": each + HALF * 0.7})
        for each in measured
    ]
    assert np.mean([bool(each) for each in found]) == pytest.approx(share, abs=0.02)


def test_of_few_nothing_is_stated() -> None:
    (few,) = calibration_of([(0.9, True)] * (MIN_PREDICTIONS - 1))
    assert (few.verdict, few.predictions, np.isnan(few.low)) == ("not enough", 9, True)


@pytest.mark.parametrize(("true", "verdict"), [(10, "as stated"), (9, "as stated"), (5, "too sure"), (0, "too sure")])
def test_of_enough_it_is_stated_with_an_interval(true: int, verdict: str) -> None:
    (found,) = calibration_of([(0.9, number < true) for number in range(10)])
    assert found.verdict == verdict
    assert 0.0 <= found.low <= true / 10 <= found.high <= 1.0


def test_levels_are_counted_separately() -> None:
    found = calibration_of([(0.5, True)] * 30 + [(0.9, True)] * 27 + [(0.9, False)] * 3)
    assert [(each.level, each.verdict) for each in found] == [(0.5, "too careful"), (0.9, "as stated")]
