"""What a case does after the horizon, for the effect of people who were better and stayed so.

Among customers at risk, some feel cases of before: what a case does one horizon later belongs to the effect, as what is
done now will act later. How much that is is measured once for all levers: the levers' joint prediction of leaving,
learned from other customers, against leaving within the horizon and within the next one.

Source: a distributed lag that falls by one factor each horizon (Koyck 1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import demean, dense, sums_by
from models.effects.estimators.design import Design
from models.effects.estimators.moments import bayesian_weights

__all__ = ["beyond_horizon"]

Floats = NDArray[np.float64]

MEMORY_DAYS = 60.0
"""How fast what was lived is believed to fade (by a factor e) where the data cannot say."""
BELIEVED = 0.75
"""Standard deviation of that belief about the share that is left after a horizon, in parts of it."""
MAX_LEFT = 0.6
SURVIVORS = 0.2
"""How far off the measured share may be: who is still there after bad service is sturdier, which hides some of it."""
MIN_LATER = 50
"""Customers who left in the later horizon, from which their number can say anything."""


def beyond_horizon(design: Design, later: Floats, horizon_days: float, /, *, draws: int, seed: int) -> Floats:
    """Draw the factor that takes an effect within the horizon to that of all time.

    Parameters
    ----------
    later : array of shape (rows,)
        1 where the customer left in the second horizon after the case, NaN where unknown or gone before.
    horizon_days : float
    draws, seed : int

    Returns
    -------
    array of shape (draws + 1,)
        The factor, then its draws; at least 1.
    """
    believed = float(np.exp(-horizon_days / MEMORY_DAYS))
    around = max(BELIEVED * believed, 0.02)
    rng = np.random.default_rng(seed + 5)
    found, error = _left(design, later, seed) if np.nansum(later) >= MIN_LATER else (0.0, np.inf)
    trust = around**2 / (around**2 + error**2 + SURVIVORS**2)
    left = believed + trust * (found - believed) if trust > 0 else believed
    spread = around * np.sqrt(1.0 - trust)
    drawn = np.append(left, left + spread * rng.standard_normal(draws))
    return 1.0 / (1.0 - np.clip(drawn, 0.0, MAX_LEFT))


def _left(design: Design, later: Floats, seed: int, /) -> tuple[float, float]:
    """Effect in the later horizon in parts of that in the first, and its standard error over people."""
    rows = np.isfinite(design.values[:, -1])
    levers, outcome = np.nan_to_num(design.values[rows, :-1]), design.values[rows, -1]
    half = np.random.default_rng(seed + 6).random(int(design.customer.max()) + 1)[design.customer[rows]] < 0.5
    index = np.zeros(len(levers))
    for learn in (half, ~half):
        gram = levers[learn].T @ levers[learn]
        ridge = 1e-3 * np.diag(np.diagonal(gram) + 1e-300)
        index[~learn] = levers[~learn] @ np.linalg.solve(gram + ridge, levers[learn].T @ outcome[learn])
    employee, cell = design.employee[rows], design.period[rows] * (int(design.process.max()) + 2) + design.process[rows]
    sums = [_products(index, outcome, employee, cell), _products(index, later[rows], employee, cell)]
    weights = np.vstack([np.ones((1, len(sums[0][0]))), bayesian_weights(200, len(sums[0][0]), seed)])
    slopes = [(weights @ both) / np.maximum(weights @ own, 1e-300) for both, own in sums]
    # a first slope near zero makes any ratio
    if slopes[0][0] < 2.0 * slopes[0][1:].std():
        return 0.0, np.inf
    ratio = slopes[1] / np.maximum(slopes[0], 0.25 * slopes[0][0])
    return float(ratio[0]), float(ratio[1:].std())


def _products(
    index: Floats, answer: Floats, employee: NDArray[np.int64], cell: NDArray[np.int64], /
) -> tuple[Floats, ...]:
    """Per employee the products of index and answer, and of the index with itself, within process and month."""
    known = np.isfinite(answer)
    mine, theirs = demean(np.column_stack([index[known], answer[known]]), dense(cell[known])).T
    people = int(employee.max(initial=0)) + 1
    both, own = sums_by(np.column_stack([mine * theirs, mine * mine]), employee[known], people).T
    return both, own
