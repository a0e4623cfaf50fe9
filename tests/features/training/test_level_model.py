"""The state-space model of units' levels, on cases with an answer in closed form and on made series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from features.training.level_model import Components, Series, forecast


def known(**parts: float) -> Components:
    """One setting of the model."""
    given = {"lasting": 0.0, "passing": 0.0, "memory": 0.0, "single": 0.0, "noise": 1.0} | parts
    return Components(**{name: np.array([value]) for name, value in given.items()})


def series(mean: np.ndarray, n: float = 4.0, variance: float = 1.0, **more: object) -> Series:
    units, periods = mean.shape
    whole = Series(
        np.arange(periods) * 30.0, np.full(mean.shape, n), mean, np.full(mean.shape, variance), np.full(units, -1)
    )
    return replace(whole, **more)


def test_one_period_is_normal_normal_shrinkage() -> None:
    """Weight τ²/(τ² + s²/n) = 0.5/(0.5 + 1/4) of the distance from the peers; variance τ²·(1 − weight)."""
    mean = np.random.default_rng(0).normal(size=(12, 1))
    found = forecast(series(mean), 30, components=known(lasting=0.5))
    weight = 0.5 / 0.75
    np.testing.assert_allclose(found.level[0], mean.mean() + weight * (mean[:, 0] - mean.mean()))
    np.testing.assert_allclose(found.variance[0], 0.5 * (1 - weight))


def test_many_periods_are_the_best_linear_prediction_given_the_common_moves() -> None:
    """Oracle: generalised least squares over all units and periods at once, with a free mean per period.

    The filter takes common moves as known once they are estimated: with 60 units that changes the second decimal.
    """
    rng = np.random.default_rng(1)
    units, periods, lasting, passing, memory, single = 60, 4, 0.8, 0.5, 0.6, 0.1
    mean = rng.normal(size=(units, periods))
    n = rng.integers(2, 9, size=(units, periods)).astype(float)
    found = forecast(
        replace(series(mean, variance=2.0), n=n),
        30,
        components=known(lasting=lasting, passing=passing, memory=memory, single=single),
    )
    own = lasting + passing * memory ** np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    total = np.kron(np.eye(units), own) + np.diag(single + 2.0 / n.ravel())
    design = np.kron(np.ones((units, 1)), np.eye(periods))
    precision = np.linalg.inv(total)
    common = np.linalg.solve(design.T @ precision @ design, design.T @ precision @ mean.ravel())
    ahead = lasting + passing * memory ** (periods - np.arange(periods))
    expected = np.kron(np.eye(units), ahead) @ precision @ (mean.ravel() - design @ common) + common[-1]
    np.testing.assert_allclose(found.level[0], expected, atol=0.02)
    assert np.std(expected) > 0.3


def test_settings_count_by_the_restricted_likelihood() -> None:
    """Oracle: the normal density of contrasts between units, which the common moves do not touch."""
    rng = np.random.default_rng(2)
    mean = rng.normal(size=(40, 1)) + rng.normal(size=(40, 3)) / 2
    grid = Components(
        np.array([0.9, 1.0]), np.array([0.1, 0.0]), np.array([0.5, 0.0]), np.array([0.0, 0.1]), np.ones(2)
    )
    found = forecast(series(mean), 30, components=grid)
    contrasts = np.kron(np.linalg.svd(np.eye(40) - 1 / 40)[0][:, :39].T, np.eye(3))
    log = []
    for at in range(2):
        own = grid.lasting[at] + grid.passing[at] * grid.memory[at] ** np.abs(np.subtract.outer(range(3), range(3)))
        total = np.kron(np.eye(40), own) + np.eye(120) * (grid.single[at] + 0.25)
        log.append(multivariate_normal.logpdf(contrasts @ mean.ravel(), cov=contrasts @ total @ contrasts.T))
    odds = np.exp(np.array(log) - max(log))
    np.testing.assert_allclose(found.weight, odds / odds.sum(), atol=0.05)
    assert 0.1 < found.weight[0] < 0.9


def test_the_components_of_a_mixed_model_are_those_of_statsmodels() -> None:
    import pandas as pd
    from statsmodels.formula.api import mixedlm

    rng = np.random.default_rng(3)
    mean = rng.normal(size=(60, 1)) + rng.normal(size=(60, 8)) / 2
    found = forecast(series(mean), 30)
    rows = pd.DataFrame({"y": mean.ravel(), "unit": np.repeat(np.arange(60), 8), "period": np.tile(np.arange(8), 60)})
    fitted = mixedlm("y ~ C(period)", rows, groups="unit").fit(reml=True)
    last = float(fitted.fe_params["Intercept"] + fitted.fe_params["C(period)[T.7]"])
    theirs = last + np.array([fitted.random_effects[unit].iloc[0] for unit in range(60)])
    assert np.corrcoef(found.weight @ found.level, theirs)[0, 1] > 0.995
    assert np.abs(found.weight @ found.level - theirs).max() < 0.25


def test_a_share_is_shrunk_by_the_noise_of_its_own_chance() -> None:
    """By hand: every unit's sampling variance is p(1 − p)/n at the peers' mean of 0.5: 0.25/20 against τ² of 0.01."""
    mean = np.array([[0.3], [0.4], [0.5], [0.6], [0.7], [0.5]])
    found = forecast(series(mean, n=20.0, variance=np.nan, is_share=True), 30, components=known(lasting=0.01))
    weight = 0.01 / (0.01 + 0.25 / 20)
    np.testing.assert_allclose(found.level[0], 0.5 + weight * (mean[:, 0] - 0.5))


def test_a_passing_difference_is_expected_to_pass_and_a_lasting_one_to_last() -> None:
    mean = np.zeros((20, 6))
    mean[0, -1] = 1.0
    mean[1] = 1.0
    found = forecast(series(mean, n=1000.0), 30, components=known(lasting=0.5, passing=0.5, memory=0.3))
    assert found.level[0, 0] < 0.5 < 0.85 < found.level[0, 1]


def test_where_units_do_not_differ_none_is_expected_to() -> None:
    rng = np.random.default_rng(4)
    found = forecast(series(rng.normal(size=(80, 12)) / 2), 30)
    assert np.std(found.weight @ found.level) < 0.06


def test_missing_periods_new_units_and_a_single_unit_are_forecast() -> None:
    rng = np.random.default_rng(5)
    mean = rng.normal(size=(10, 6))
    mean[3, 1:4] = np.nan
    mean[4, :-1] = np.nan
    mean[5] = np.nan
    found = forecast(series(mean), 30)
    level = found.weight @ found.level
    assert np.isfinite(level).all()
    assert np.ptp(found.level[:, 5] - found.level.mean(axis=1)) >= 0
    alone = forecast(series(mean[:1]), 30)
    assert np.isfinite(alone.level).all()
    assert (alone.variance >= 0).all()


@pytest.mark.parametrize("shape", [(5, 1), (5, 4), (1, 1)])
def test_a_constant_history_is_forecast_to_go_on(shape: tuple[int, int]) -> None:
    found = forecast(series(np.full(shape, 3.0), variance=0.0), 30)
    np.testing.assert_allclose(found.weight @ found.level, 3.0)


def test_a_longer_horizon_is_a_mean_over_more_periods() -> None:
    """The mean of φ and φ² of what differs now."""
    mean = np.zeros((2000, 1))
    mean[0] = 1.0
    two = series(np.column_stack([np.zeros(2000), mean]), n=1e9)
    found = forecast(two, 60, components=known(passing=1.0, memory=0.5)).level[0, 0]
    np.testing.assert_allclose(found, (0.5 + 0.25) / 2, atol=2e-3)
