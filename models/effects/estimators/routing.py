"""Does chance decide who gets which case? The assumption under the comparison of people, tested.

The outcome is predicted from *all* that was known when a case opened, process and priority included, with coefficients
from each person's own cases. Within team and month this index is then dealt out anew among people: if some people's
cases are foreseeably harder than chance would make them, routing follows something. An index from which process,
priority and month are adjusted for first would not see it: they are what a dispatcher looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import demean, dense
from models.effects.estimators.design import Design
from models.effects.estimators.moments import Moments

__all__ = ["Routing", "routing_test"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

NEAR_RANDOM = 0.1
"""Largest share of people's differences in outcome that the cases may explain for routing to count as random."""
SURE = 0.01


@dataclass(frozen=True)
class Routing:
    """Whether case attributes predict the handler within a team.

    Parameters
    ----------
    near_random : bool
    share : float
        Standard deviation between people of the outcome that their cases alone predict, over that of their adjusted
        outcomes' means.
    p_value : float
        Probability of such differences in cases if chance dealt them.
    """

    near_random: bool
    share: float
    p_value: float


def routing_test(design: Design, moments: Moments, /, *, permutations: int, seed: int) -> Routing:
    """Test whether what people's cases foretell differs between people within team and month.

    Parameters
    ----------
    permutations, seed : int
        Shuffles within team and month; their mean and spread give a normal p-value.
    """
    cell = dense(design.team * (int(design.period.max(initial=0)) + 2) + design.period)
    index = demean(design.difficulty[:, None], cell)[:, 0]
    if np.abs(index).max(initial=0.0) < 1e-12:
        return Routing(True, 0.0, 1.0)
    people = moments.employees
    counts = np.bincount(design.employee, minlength=people).astype(np.float64)
    observed = _between(index, design.employee, counts)
    rng = np.random.default_rng(seed)
    in_cell = design.employee[np.argsort(cell, kind="stable")]
    chance = np.empty(permutations)
    dealt = np.empty_like(in_cell)
    for at in range(permutations):
        dealt[np.argsort(cell + rng.random(len(index)))] = in_cell
        chance[at] = _between(index, dealt, counts)
    z_value = (observed - chance.mean()) / max(float(chance.std(ddof=1)), 1e-300)
    p_value = 0.5 * erfc(float(z_value) / sqrt(2.0))
    outcome = float(moments.covariance(np.ones((1, people)))[0, -1, -1])
    excess = max(observed - float(chance.mean()), 0.0) / max(len(index), 1)
    share = float(np.sqrt(excess / max(outcome, 1e-300))) if outcome > 0 else (0.0 if excess == 0 else 1.0)
    return Routing(p_value > SURE or share <= NEAR_RANDOM, min(share, 9.0), p_value)


def _between(index: Floats, employee: Codes, counts: Floats, /) -> float:
    sums = np.bincount(employee, weights=index, minlength=len(counts))
    return float((sums**2 / np.maximum(counts, 1.0)).sum())
