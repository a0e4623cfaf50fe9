"""The chance of a decline from a unit's past: what it is made of, and that nothing later enters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, norm

from baton.company import Company
from baton.outcome_settings import Decline
from features.training.decline_forecast import FORECASTS, decline_forecasts, unit_periods
from features.training.decline_labels import unit_baselines
from features.training.label_horizon import LabelHorizon
from features.training.snapshots import period_bounds

MONTHS = [pd.Timestamp(2024, month, 1) for month in range(1, 9)]


def settings(**more: Any) -> Decline:
    return Decline.model_validate({"unit": "team", "metric": "csat", "min_cases": 10} | more)


def periods(mean: np.ndarray, n: float | np.ndarray = 50.0, variance: float = 1.0) -> pd.DataFrame:
    """A row per unit and month; NaN: none."""
    units, months = mean.shape
    rows = pd.DataFrame(
        {
            "unit_id": np.repeat([f"u{unit:02d}" for unit in range(units)], months),
            "as_of": np.tile(MONTHS[:months], units),
            "n": np.broadcast_to(n, mean.shape).ravel().astype(float),
            "mean": mean.ravel(),
            "variance": variance,
        }
    )
    return rows[rows["mean"].notna()].reset_index(drop=True)


def forecasts(
    rows: pd.DataFrame, kpi: Any, wanted: Decline | None = None, horizon: LabelHorizon | None = None, windows: int = 3
) -> pd.DataFrame:
    """Forecasts at every month, baselines over the last months."""
    wanted = wanted or settings()
    parts = []
    for as_of in sorted(rows["as_of"].unique()):
        window = rows[(rows["as_of"] <= as_of) & (rows["as_of"] > as_of - pd.DateOffset(months=windows))]
        window = window.assign(
            total=window["mean"] * window["n"].fillna(1.0), counted=window["n"], n=window["n"].fillna(1.0)
        )
        summed = window.groupby("unit_id").agg(n=("n", "sum"), total=("total", "sum"), variance=("variance", "mean"))
        summed["mean"] = summed.pop("total") / summed["n"]
        if window["counted"].isna().all():
            summed["n"] = np.nan
        parts.append(summed.reset_index().assign(as_of=as_of))
    baselines = unit_baselines(pd.concat(parts, ignore_index=True), wanted)
    horizon = horizon or LabelHorizon(wanted.horizon_days)
    return decline_forecasts(rows, baselines, kpi, wanted, horizon).set_index(["as_of", "unit_id"])


@pytest.fixture
def csat(make_kpi: Any) -> Any:
    return make_kpi("csat", expr="csat", better="higher")


def test_what_comes_later_changes_no_forecast(csat: Any) -> None:
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(12, 1)) + rng.normal(size=(12, 8)) / 3
    spoiled = mean.copy()
    spoiled[:, 5:] = rng.normal(size=(12, 3)) * 100
    honest, other = forecasts(periods(mean), csat), forecasts(periods(spoiled), csat)
    known = honest.index.get_level_values(0) <= MONTHS[4]
    pd.testing.assert_frame_equal(honest[known], other[known])
    assert not np.allclose(honest[~known], other[~known])
    pd.testing.assert_frame_equal(honest[known], forecasts(periods(mean[:, :5]), csat))


def test_a_unit_on_its_way_down_is_more_likely_to_decline_than_one_on_its_way_up(csat: Any) -> None:
    rng = np.random.default_rng(1)
    mean = 4 + np.cumsum(rng.normal(size=(40, 8)) / 3, axis=1)
    mean[0, -3:] = mean[0, -4] - [0.5, 1.0, 1.5]
    mean[1, -3:] = mean[1, -4] + [0.5, 1.0, 1.5]
    last = forecasts(periods(mean), csat).loc[MONTHS[7]]
    assert last.loc["u00", "decline_odds"] > last["decline_odds"].median() > last.loc["u01", "decline_odds"]
    assert last.loc["u00", "forecast"] > 0 > last.loc["u01", "forecast"]
    worse = forecasts(periods(-mean), csat.model_copy(update={"better": "lower"})).loc[MONTHS[7]]
    np.testing.assert_allclose(worse.to_numpy(), last.to_numpy(), atol=1e-9)


def test_a_forecast_looks_as_far_ahead_as_its_label_does(csat: Any) -> None:
    """July has 31 days, and as many more cases than thirty of them."""
    rng = np.random.default_rng(7)
    rows = periods(4 + rng.normal(size=(12, 8)) / 3)
    months, days, fewer = (
        forecasts(rows, csat, horizon=horizon).loc[MONTHS[6]]
        for horizon in (LabelHorizon(30, 1), LabelHorizon(31), LabelHorizon(30))
    )
    pd.testing.assert_frame_equal(months, days)
    assert (months["forecast_sd"] < fewer["forecast_sd"]).all()


def test_without_any_difference_between_units_the_chance_is_that_of_noise(csat: Any) -> None:
    """By hand: nothing differs, so the drop needed is 0.84 standard errors of the next mean, and its chance one fifth."""
    rng = np.random.default_rng(2)
    rows = periods(4 + rng.normal(size=(200, 8)) / np.sqrt(50), n=50.0)
    last = forecasts(rows, csat, settings(drop_sd=0.01)).loc[MONTHS[7]]
    chance = 1 / (1 + np.exp(-last["decline_odds"]))
    np.testing.assert_allclose(chance.mean(), 0.2, atol=0.02)
    np.testing.assert_allclose(last["forecast_sd"].mean(), 1 / np.sqrt(50), rtol=0.1)


def test_the_chance_is_the_share_of_the_forecast_beyond_the_drop(csat: Any) -> None:
    """By hand: half a case-level SD as drop; means lie around their level by 1/√50."""
    rng = np.random.default_rng(3)
    rows = periods(4 + rng.normal(size=(200, 8)) / np.sqrt(50))
    last = forecasts(rows, csat, settings(drop_sd=0.3)).loc[MONTHS[7]]
    expected = norm.cdf((last["forecast"] - 0.3) / last["forecast_sd"])
    chance = 1 / (1 + np.exp(-last["decline_odds"]))
    np.testing.assert_allclose(chance, np.maximum(expected, 0.002), atol=0.003)


def test_a_share_of_few_cases_has_the_tail_of_the_beta_binomial(make_kpi: Any) -> None:
    """Oracle: counts of 20 with the same chance everywhere; 0.68 lies between 13 and 14 of them."""
    rng = np.random.default_rng(4)
    rows = periods(rng.binomial(20, 0.9, size=(300, 8)) / 20, n=20.0, variance=np.nan).assign(variance=0.09)
    share = make_kpi("csat", expr="csat", better="higher", aggregate="share")
    last = forecasts(rows, share, settings(drop=0.22)).loc[MONTHS[7]]
    chance = (1 / (1 + np.exp(-last["decline_odds"]))).median()
    below, above = betabinom.cdf([13, 14], 20, 0.9 * 1000, 0.1 * 1000)
    assert norm.cdf(-0.22 / np.sqrt(0.09 / 20)) < below < chance < above


def test_missing_months_new_units_and_units_without_counts_are_forecast(csat: Any) -> None:
    rng = np.random.default_rng(5)
    mean = 4 + rng.normal(size=(12, 8)) / 3
    mean[0, 2:5] = np.nan
    mean[1, :7] = np.nan
    for rows in (periods(mean), periods(mean, n=np.nan)):
        last = forecasts(rows, csat).loc[MONTHS[7]]
        assert len(last) == 12
        assert np.isfinite(last.to_numpy()).all()


def test_one_unit_alone_is_forecast_and_of_what_never_differs_nothing_is_known(csat: Any) -> None:
    rng = np.random.default_rng(6)
    alone = forecasts(periods(4 + rng.normal(size=(1, 8)) / 3), csat)
    assert np.isfinite(alone.to_numpy()).all()
    for mean in (np.full((6, 8), 4.0), np.repeat(np.arange(6.0), 8).reshape(6, 8)):
        constant = forecasts(periods(mean, variance=0.0), csat)
        assert constant.isna().all(axis=None)  # no case-level SD to count in


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_where_hardly_a_case_was_ever_bad_a_decline_is_improbable(make_kpi: Any, better: str) -> None:
    """By hand: one bad case of 4,800; of the next 50 one is bad with a chance of one in a hundred."""
    bad = np.zeros((12, 8))
    bad[0, 0] = 1 / 50
    share = make_kpi("kept", expr="kept", better=better, aggregate="share")
    rows = periods(1 - bad if better == "higher" else bad, variance=np.nan)
    rows["variance"] = rows["mean"] * (1 - rows["mean"])
    found = forecasts(rows, share, windows=8)
    last = found.loc[MONTHS[7]]
    assert (1 / (1 + np.exp(-last["decline_odds"]))).max() < 0.03


def test_no_unit_with_enough_cases_gives_no_forecast(csat: Any) -> None:
    assert forecasts(periods(np.full((3, 2), 4.0), n=1.0), csat, windows=1).empty


def test_periods_lie_between_the_snapshots_and_miss_no_row(make_warehouse: Any, make_kpi: Any) -> None:
    """Calendar months of different lengths; a month's figure known at its end belongs to it, the first one too."""
    rows = [
        {"unit": "team", "unit_id": "t", "from": start, "to": start + pd.DateOffset(months=1), "kpi": "kept",
         "value": float(start.month), "n": 10.0}
        for start in pd.date_range("2024-01-01", periods=7, freq="MS")
    ]  # fmt: skip
    warehouse = make_warehouse({"measures": rows})
    company = Company.model_validate({"snapshots": {"every": "1mo", "windows_days": [31]}})
    bounds = period_bounds(company, warehouse, [datetime(2024, 4, 1), datetime(2024, 8, 1)])
    assert bounds == [datetime(2024, month, 1) for month in range(1, 9)]
    found = unit_periods(warehouse, make_kpi("kept", source="measures", expr="value"), "team", bounds)
    assert found["mean"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert set(FORECASTS) == {"forecast", "forecast_sd", "decline_odds"}
