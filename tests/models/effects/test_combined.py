"""The two estimates combined: lever by lever, as far as they agree, the same people counted once."""

from __future__ import annotations

import numpy as np
import pytest

from models.effects.estimators.combined import combine
from models.effects.estimators.protocol import Estimate

TRUE = np.array([-0.02, 0.015, -0.01, 0.012, -0.005, 0.0, 0.008, -0.015])
LEVERS = tuple("abcdefgh")
NOTHING = np.zeros(8)


def estimate(point: np.ndarray, error: float, seed: int, shared: np.ndarray | None = None) -> Estimate:
    draws = np.random.default_rng(seed).normal(0.0, error, (400, 8)) if shared is None else shared
    return Estimate("any", LEVERS, point, point + draws, np.ones(8), 40.0)


def off(found: Estimate) -> float:
    return float(np.sqrt(np.mean((found.point - TRUE) ** 2)))


def test_where_single_cases_agree_with_people_their_precision_is_used() -> None:
    rng = np.random.default_rng(1)
    means = estimate(TRUE + rng.normal(0, 0.006, 8), 0.006, 2)
    plain = estimate(TRUE + rng.normal(0, 0.0005, 8), 0.0005, 3)
    found = combine(means, plain, NOTHING, seed=4)
    assert off(found) < 0.5 * off(means)
    assert found.error.mean() < 0.6 * means.error.mean()


def test_single_cases_that_are_all_off_by_one_factor_are_multiplied_by_it() -> None:
    means = estimate(TRUE + np.random.default_rng(5).normal(0, 0.002, 8), 0.002, 2)
    plain = estimate(TRUE / 2, 0.0003, 3)
    found = combine(means, plain, NOTHING, seed=4)
    assert np.abs(found.point - TRUE).max() < 0.003
    assert found.point @ TRUE / (TRUE @ TRUE) == pytest.approx(1.0, abs=0.12)


def test_where_the_known_case_mix_changed_an_effect_single_cases_are_believed_less() -> None:
    change = np.array([0.0, -0.006, 0.0, 0.0, 0.006, 0.0, 0.0, 0.006])
    means = estimate(TRUE, 0.015, 2)
    plain = estimate(TRUE, 0.0003, 3)
    found, without = combine(means, plain, change, seed=4), combine(means, plain, NOTHING, seed=4)
    assert (found.error[change != 0] > 1.1 * without.error[change != 0]).all()


def test_single_cases_that_are_nonsense_are_hardly_believed_and_intervals_reach_the_truth() -> None:
    means = estimate(TRUE, 0.001, 2)
    plain = estimate(np.roll(TRUE, 3)[::-1], 0.0003, 3)
    found = combine(means, plain, NOTHING, seed=4)
    low, high = np.quantile(found.draws, [0.05, 0.95], axis=0)
    assert ((low <= TRUE) & (high >= TRUE)).all()
    assert off(found) < 0.5 * off(plain)


def test_people_compared_are_not_believed_for_being_many() -> None:
    # unmeasured skills that go with measured ones mislead the comparison of people, however many they are
    mislead = np.array([0.008, -0.008, 0.004, 0.008, -0.004, 0.008, -0.008, 0.004])
    means, plain = estimate(TRUE + mislead, 0.001, 2), estimate(TRUE, 0.0005, 3)
    found = combine(means, plain, NOTHING, seed=4)
    assert off(found) < 0.75 * off(means)
    assert found.error.mean() > 3 * means.error.mean()


def test_the_sampling_errors_of_the_same_people_are_not_counted_as_independent() -> None:
    shared = np.random.default_rng(7).normal(0.0, 0.003, (400, 8))
    both = combine(estimate(TRUE, 0.003, 0, shared), estimate(TRUE, 0.003, 0, shared), NOTHING, seed=4)
    alone = combine(estimate(TRUE, 0.003, 8), estimate(TRUE, 0.003, 9), NOTHING, seed=4)
    assert both.error.mean() == pytest.approx(0.003, rel=0.15)
    assert alone.error.mean() < 0.85 * both.error.mean()
