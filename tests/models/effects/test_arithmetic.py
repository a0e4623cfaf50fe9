"""Sums by group and products over pairs of cases, against the plain way of forming them."""

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.effects.estimators.arithmetic import MIN_WIDE, demean, dense, sums_by
from models.effects.estimators.moments import between_moments


@pytest.mark.parametrize("columns", [MIN_WIDE - 1, MIN_WIDE])
def test_sums_and_deviations_are_those_of_a_loop_however_many_columns(columns: int) -> None:
    matrix = np.random.default_rng(1).normal(size=(50, columns))
    codes = np.array([0, 2, 2, 5, 0] * 10)

    expected = np.array([matrix[codes == code].sum(axis=0) for code in range(8)])
    assert sums_by(matrix, codes, 8) == pytest.approx(expected, abs=1e-12)
    assert sums_by(np.asfortranarray(matrix), codes, 8) == pytest.approx(expected, abs=1e-12)
    means = np.array([matrix[codes == code].mean(axis=0) for code in codes])
    assert demean(matrix, codes) == pytest.approx(matrix - means, abs=1e-12)
    assert sums_by(matrix[:0], codes[:0], 3).tolist() == np.zeros((3, columns)).tolist()


@pytest.mark.parametrize("codes", [[3, 7, 3, 9], [-1, 4, -1, 0], [10**12, 5, 5, 10**9], []])
def test_codes_are_renumbered_without_gaps_in_their_order(codes: list[int]) -> None:
    given = np.array(codes, dtype=np.int64)

    assert dense(given).tolist() == np.unique(given, return_inverse=True)[1].tolist()


def _covariance_by_pairs(design: Any, handler: np.ndarray) -> np.ndarray:
    """Weighted mean product over pairs of cases of one person: other customers; of two figures, other months."""
    size = design.values.shape[1]
    total, weight = np.zeros((2, size, size))
    for person in np.unique(design.employee):
        mine = np.flatnonzero(design.employee == person)
        for one in range(size):
            for two in range(size):
                other = design.period if handler[one] and handler[two] else design.customer
                pairs = [
                    design.values[a, one] * design.values[b, two]
                    for left, right in combinations(mine, 2)
                    for a, b in ((left, right), (right, left))
                    if other[a] != other[b] and np.isfinite(design.values[a, one] * design.values[b, two])
                ]
                if pairs:
                    total[one, two] += np.sqrt(len(pairs)) * np.mean(pairs)
                    weight[one, two] += np.sqrt(len(pairs))
    return total / weight


def test_people_are_compared_over_pairs_of_cases_that_share_no_noise() -> None:
    rng = np.random.default_rng(2)
    rows, people = 60, 4
    employee, period = rng.integers(0, people, rows), rng.integers(0, 3, rows)
    monthly = rng.normal(size=(people, 3))[employee, period]
    values = np.column_stack([rng.normal(size=(rows, 2)), monthly, rng.normal(size=rows)])
    values[rng.random(rows) < 0.2, 1] = np.nan
    design: Any = SimpleNamespace(
        values=values, employee=employee, customer=rng.integers(0, 12, rows), period=period, team=employee % 2,
        process=np.zeros(rows, dtype=np.int64), size=3, handler_level=np.array([False, False, True]),
    )  # fmt: skip

    found = between_moments(design).covariance(np.ones((1, people)))[0]

    assert found == pytest.approx(_covariance_by_pairs(design, np.array([False, False, True, False])), abs=1e-12)
