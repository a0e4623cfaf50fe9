"""What predictions promise by their own probabilities, and whether what happened fits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import log_loss

from models.monitoring.performance import expected, realised


def test_the_expected_auc_is_that_of_all_outcomes_by_their_chance() -> None:
    p = np.array([0.1, 0.4, 0.4, 0.8])
    pairs = ordered = 0.0
    for outcome in itertools.product((0, 1), repeat=len(p)):
        chance = np.prod(np.where(outcome, p, 1 - p))
        for i, j in itertools.permutations(range(len(p)), 2):
            if outcome[i] and not outcome[j]:
                pairs += chance
                ordered += chance * (1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0)
    found = expected(p)
    assert found.auc == pytest.approx(ordered / pairs)
    assert found.events == pytest.approx(1.7)


def test_the_expected_log_loss_is_that_of_outcomes_drawn_by_the_chances() -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.6, 4000)
    drawn = np.mean([log_loss(rng.random(len(p)) < p, p) for _ in range(20)])
    assert expected(p).log_loss == pytest.approx(drawn, rel=0.01)


def test_outcomes_drawn_by_the_chances_do_not_differ() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.02, 0.3, 2000)
    differs = [realised(p, rng.random(len(p)) < p).differs for _ in range(300)]
    assert sum(differs) <= 2


def test_half_as_many_again_who_leave_differ_and_few_do_not() -> None:
    p = np.full(2000, 0.1)
    left = np.arange(2000) < 300
    assert realised(p, left).differs
    assert not realised(p, np.arange(2000) < 215).differs
    assert not realised(np.full(20, 0.1), np.arange(20) < 8).differs


def test_auc_and_log_loss_wait_for_the_horizon() -> None:
    p, left = np.array([0.1, 0.2, 0.7]), np.array([False, False, True])
    assert np.isnan(realised(p, left).auc)
    assert realised(p, left, final=p).auc == 1.0
    assert np.isnan(realised(p, np.zeros(3, dtype=bool), final=p).auc)
