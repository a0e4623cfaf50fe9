"""Probabilities mean what they say, and calibration never changes who is more at risk."""

from __future__ import annotations

import json

import numpy as np
import pytest

from baton.errors import ArtefactError
from models.prediction.calibration import IsotonicCalibration, LogisticCalibration, fit_calibration, from_json, sigmoid


def drawn(rows: int, intercept: float, slope: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and outcomes whose true log-odds are a line of them."""
    generator = np.random.default_rng(seed)
    raw = generator.normal(-1, 1.5, rows)
    return raw, (generator.random(rows) < sigmoid(intercept + slope * raw)).astype(float)


def test_the_logistic_map_finds_the_true_line() -> None:
    found = LogisticCalibration.fit(*drawn(200_000, 0.4, 0.7))
    assert found.intercept == pytest.approx(0.4, abs=0.03)
    assert found.slope == pytest.approx(0.7, abs=0.03)


def test_the_logistic_map_agrees_with_another_fitter() -> None:
    from statsmodels.api import GLM, add_constant, families

    raw, label = drawn(3000, -0.5, 1.3)
    events = label.sum()
    target = np.where(label > 0, (events + 1) / (events + 2), 1 / (3000 - events + 2))
    expected = np.asarray(GLM(target, add_constant(raw), family=families.Binomial()).fit().params)
    found = LogisticCalibration.fit(raw, label)
    np.testing.assert_allclose([found.intercept, found.slope], expected, atol=1e-6)


def test_scores_that_point_the_wrong_way_give_the_base_rate() -> None:
    raw, label = drawn(2000, 0.0, 1.0)
    found = LogisticCalibration.fit(-raw, label)
    assert found.slope == 0
    np.testing.assert_allclose(found.apply(raw), (label.sum() + 1) / 2002, atol=1e-12)


def test_scores_that_are_all_the_same_give_the_base_rate() -> None:
    label = np.array([1.0] * 10 + [0.0] * 30)
    np.testing.assert_allclose(LogisticCalibration.fit(np.zeros(40), label).apply(np.array([-9.0, 9.0])), 11 / 42)


def test_outcomes_that_the_score_separates_stay_away_from_0_and_1() -> None:
    raw = np.concatenate([np.full(50, -3.0), np.full(50, 3.0)])
    found = LogisticCalibration.fit(raw, (raw > 0).astype(float)).apply(raw)
    assert 0.001 < found.min() < 0.05
    assert 0.95 < found.max() < 0.999


def test_the_isotonic_map_follows_a_bend_that_a_line_cannot() -> None:
    generator = np.random.default_rng(1)
    raw = generator.uniform(-3, 3, 60_000)
    truth = np.where(raw < 0, 0.1, 0.1 + 0.2 * raw)
    label = (generator.random(60_000) < truth).astype(float)
    isotonic, logistic = IsotonicCalibration.fit(raw, label), LogisticCalibration.fit(raw, label)
    error = [np.abs(calibration.apply(raw) - truth) for calibration in (isotonic, logistic)]
    assert error[0].mean() < 0.01 < 0.03 < error[1].mean()
    assert error[0].max() < 0.1


@pytest.mark.parametrize("calibration", [LogisticCalibration, IsotonicCalibration])
def test_the_order_of_scores_is_kept(calibration: type[LogisticCalibration] | type[IsotonicCalibration]) -> None:
    found = calibration.fit(*drawn(5000, 0.0, 1.0))
    assert (np.diff(found.apply(np.linspace(-8, 8, 500))) >= 0).all()


def test_few_rows_get_a_line_and_many_get_a_curve() -> None:
    assert isinstance(fit_calibration(*drawn(5_000, 0.0, 1.0)), LogisticCalibration)
    assert isinstance(fit_calibration(*drawn(40_000, 0.0, 1.0)), IsotonicCalibration)
    assert isinstance(fit_calibration(*drawn(40_000, -6.0, 1.0)), LogisticCalibration)


@pytest.mark.parametrize("calibration", [LogisticCalibration, IsotonicCalibration])
def test_what_json_says_is_read_back(calibration: type[LogisticCalibration] | type[IsotonicCalibration]) -> None:
    raw, label = drawn(500, 0.0, 1.0)
    found = calibration.fit(raw, label)
    assert from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_map_of_unknown_kind_is_refused() -> None:
    with pytest.raises(ArtefactError, match="'magic'"):
        from_json({"kind": "magic"})


def test_extreme_scores_do_not_overflow() -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e6, 0.0, 1e6])), [0.0, 0.5, 1.0])
