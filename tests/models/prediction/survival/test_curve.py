"""Chances of leaving by several days: they agree with each other, with the predictor, and with Kaplan and Meier."""

from __future__ import annotations

import numpy as np
import pytest

from models.prediction.survival.at_risk import discounted_loss
from models.prediction.survival.by_day import kaplan_meier, metrics_by_day
from models.prediction.survival.curve import Curve, Times, fit_curve
from models.prediction.survival.unlearned import days_left_out

DAYS = (30, 60, 90, 120, 180)
LEFT = (5, 12, 20, 31, 33, 47, 52, 58, 66, 71, 75, 88, 93, 101, 110, 118, 125, 133, 140, 149, 155, 162, 170, 178)
KAPLAN_MEIER = (0.097222222222, 0.263888888889, 0.395833333333, 0.53125, 0.791666666667)
"""By lifelines 0.30.0, KaplanMeierFitter, of ``staggered()``: who is observed for less than a day's whole interval is
censored at the day before."""


def staggered() -> Times:
    """Rows that were observed for 90, 120 or 180 days; every fifth never leaves."""
    left = np.array(LEFT * 12, dtype=np.float64)
    row = np.arange(len(left))
    observed = np.array([90.0, 120.0, 180.0])[(row // len(LEFT)) % 3]
    left[(row % 5 == 0) | (left > observed)] = np.nan
    return Times(left, observed, row)


def proportional(rows: int, seed: int = 0) -> tuple[np.ndarray, Times, np.ndarray]:
    """Log-odds of leaving within 90 days, constant hazards, and who was observed how long."""
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(2.0 - random.normal(size=rows)))
    hazard = -np.log1p(-chance) / 90
    left = random.exponential(1 / hazard)
    observed = random.choice([95.0, 185.0, 400.0], rows)
    return chance, Times(np.where(left <= observed, left, np.nan), observed, np.arange(rows)), hazard


def test_where_all_chances_are_alike_the_curve_is_that_of_kaplan_and_meier() -> None:
    times = staggered()
    alike = np.full(len(times.left), KAPLAN_MEIER[2])
    found = fit_curve(alike, times, DAYS, 90)
    assert found.days == DAYS
    assert found.chances(alike[:1])[0] == pytest.approx(KAPLAN_MEIER, abs=1e-9)


def test_the_mean_hazard_of_those_at_risk_is_what_was_seen_of_them_whatever_their_chances() -> None:
    chance, times, _ = proportional(3000)
    step = fit_curve(chance, times, (90, 180), 90).beyond[0]
    there = (times.observed >= 180) & ~(times.left <= 90)
    score = np.log(chance[there] / (1 - chance[there]))
    hazards = 1 / (1 + np.exp(-step.intercept - step.slope * score))
    assert hazards.sum() == pytest.approx(step.events)
    assert step.events == int((times.left[there] <= 180).sum())
    assert step.rows == int(there.sum())


def test_no_curve_falls_and_each_passes_through_the_chance_at_the_horizon() -> None:
    chance, times, _ = proportional(2000)
    curve = fit_curve(chance, times, (10, *DAYS, 360), 90)
    asked = np.array([0.0, 1e-12, 0.003, 0.2, 0.77, 1 - 1e-12, 1.0])
    found = curve.chances(asked)
    assert (np.diff(found, axis=1) >= 0).all()
    assert found[:, curve.days.index(90)].tolist() == asked.tolist()
    assert ((found >= 0) & (found <= 1)).all()


def test_a_higher_chance_at_the_horizon_is_a_higher_one_at_every_other_day() -> None:
    chance, times, _ = proportional(20_000)
    found = fit_curve(chance, times, (30, 60, 90, 180, 360), 90).chances(np.linspace(0.01, 0.95, 50))
    assert (np.diff(found, axis=0) > 0).all()


def test_a_world_of_constant_hazards_is_found_again() -> None:
    chance, times, hazard = proportional(40_000)
    curve = fit_curve(chance, times, (30, 60, 90, 180, 360), 90)
    true = 1 - np.exp(-hazard[:, None] * np.array(curve.days))
    assert np.abs(curve.chances(chance) - true).mean(axis=0).max() < 0.012


def test_who_leaves_after_the_observation_has_ended_counts_as_not_known() -> None:
    chance, times, _ = proportional(3000)
    late = np.where(np.isnan(times.left), times.observed + 1.0, times.left)
    assert fit_curve(chance, Times(late, times.observed, times.group), DAYS, 90) == fit_curve(chance, times, DAYS, 90)


def test_days_beyond_the_observation_or_with_too_few_who_left_or_stayed_are_left_out() -> None:
    chance, times, _ = proportional(3000)
    close = np.where(times.left <= 30, 35.0, times.left)
    assert fit_curve(chance, Times(close, times.observed, times.group), DAYS, 90).days == (60, 90, 120, 180)
    few = np.where(times.left > 90, np.nan, times.left)
    assert fit_curve(chance, Times(few, times.observed, times.group), DAYS, 90).days == (30, 60, 90)
    assert max(fit_curve(chance, times, (90, 180, 401), 90).days) == 180


def test_where_nobody_or_everybody_left_there_is_the_horizon_alone() -> None:
    rows = 200
    nobody = Times(np.full(rows, np.nan), np.full(rows, 400.0), np.arange(rows))
    everybody = Times(np.full(rows, 3.0), np.full(rows, 400.0), np.arange(rows))
    for times in (nobody, everybody):
        assert fit_curve(np.full(rows, 0.1), times, DAYS, 90).days == (90,)


def test_rows_of_one_customer_make_a_line_no_surer() -> None:
    chance, times, _ = proportional(1500)
    step = fit_curve(chance, times, (90, 180), 90).beyond[0]
    tripled = Times(np.tile(times.left, 3), np.tile(times.observed, 3), np.tile(times.group, 3))
    again = fit_curve(np.tile(chance, 3), tripled, (90, 180), 90).beyond[0]
    assert again.covariance == pytest.approx(step.covariance, rel=0.05)


def test_a_curve_that_is_kept_comes_back_the_same() -> None:
    chance, times, _ = proportional(3000)
    curve = fit_curve(chance, times, DAYS, 90)
    assert Curve.from_json(curve.to_json()) == curve


def test_a_curve_with_a_number_that_cannot_be_is_refused() -> None:
    chance, times, _ = proportional(3000)
    described = fit_curve(chance, times, DAYS, 90).to_json()
    described["beyond"][0]["slope"] = float("nan")
    with pytest.raises(ValueError, match="cannot be"):
        Curve.from_json(described)


def test_money_lost_later_counts_less_and_without_a_rate_it_is_the_chance() -> None:
    chances, days = np.array([[0.1, 0.3, 0.6]]), np.array([30.0, 90.0, 365.25])
    assert discounted_loss(chances, days, 0.0) == pytest.approx(chances)
    by_hand = 0.1 * 1.1 ** (-15 / 365.25) + 0.2 * 1.1 ** (-60 / 365.25) + 0.3 * 1.1 ** (-227.625 / 365.25)
    assert discounted_loss(chances, days, 0.1)[0, -1] == pytest.approx(by_hand)
    assert discounted_loss(chances, days, 0.1, 30)[0, -1] == pytest.approx(by_hand * 1.1 ** (-30 / 365.25))


def test_a_day_that_could_not_be_learned_is_reported_with_what_it_would_need() -> None:
    chance, times, _ = proportional(3000)
    few = np.where((times.left > 90) & (times.left <= 180), np.nan, times.left)
    curve = fit_curve(chance, Times(few, times.observed, times.group), (1, 90, 180, 900), 90)
    few_left, too_long = days_left_out((90, 180, 900), curve)
    assert (few_left.key, few_left.values["left"], few_left.values["least"]) == ("curve.few", 0, 10)
    assert few_left.values["stayed"] == int(((times.observed >= 180) & ~(few <= 90)).sum())
    assert (too_long.key, too_long.values) == ("curve.not_observed", {"days": 900, "longest": 400})
    assert days_left_out((), curve) == []
    assert [message.key for message in days_left_out((30, 60), None)] == ["curve.no_day_known"]


def test_a_day_before_anybody_can_have_left_by_silence_is_reported() -> None:
    chance, times, _ = proportional(3000)
    curve = fit_curve(chance, times, (90, 180), 90)
    assert [message.key for message in days_left_out((30, 180), curve)] == ["curve.before_silence"]


def test_days_left_out_are_kept_with_the_curve() -> None:
    chance, times, _ = proportional(3000)
    curve = fit_curve(chance, times, (90, 900), 90)
    assert [day.days for day in curve.left_out] == [900]
    assert Curve.from_json(curve.to_json()) == curve


def test_kaplan_and_meier_are_those_of_lifelines() -> None:
    times = staggered()
    # a day's interval counts whole here, so that only the horizon, observed by all, is the same number
    assert kaplan_meier(times, np.array([90.0]))[0] == pytest.approx(KAPLAN_MEIER[2], abs=1e-9)


def test_each_day_is_tested_on_the_rows_that_were_observed_to_it_beside_kaplan_and_meier() -> None:
    chance, times, _ = proportional(4000)
    learned = proportional(4000, seed=1)
    curve = fit_curve(learned[0], learned[1], (30, 90, 180, 360), 90)
    found = metrics_by_day(curve, chance, times, learned[1], seed=0)
    assert [entry["days"] for entry in found] == [30, 90, 180, 360]
    for entry in found:
        seen = times.observed >= entry["days"]
        assert entry["rows"] == int(seen.sum())
        assert entry["left"] == int((times.left[seen] <= entry["days"]).sum())
        assert entry["predicted"] == pytest.approx(entry["observed"], abs=0.04)
        assert entry["kaplan_meier"]["predicted"] == pytest.approx(entry["observed"], abs=0.04)
        assert entry["calibration_slope"] == pytest.approx(1, abs=0.2)
        assert entry["difference"]["high"] < 0
        assert entry["log_loss"] - entry["kaplan_meier"]["log_loss"] == pytest.approx(entry["difference"]["difference"])


def test_a_day_by_which_hardly_anybody_left_has_counts_and_no_metric() -> None:
    chance, times, _ = proportional(3000)
    curve = fit_curve(chance, times, (30, 90), 90)
    entry = metrics_by_day(
        curve, chance[:20], Times(np.full(20, np.nan), np.full(20, 95.0), np.arange(20)), times, seed=0
    )[0]
    assert (entry["rows"], entry["left"], entry["log_loss"], entry["kaplan_meier"]) == (20, 0, None, None)
