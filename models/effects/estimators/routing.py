"""Does chance decide who gets which case? The assumption under the comparison of people, tested."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from models.effects.estimators.design import Design
from models.effects.estimators.moments import Moments

__all__ = ["Routing", "routing_test"]

NEAR_RANDOM = 0.1
"""Largest share of people's differences in outcome that the case mix may explain for routing to count as random."""
SURE = 0.01


@dataclass(frozen=True)
class Routing:
    """Whether case attributes predict the handler within a queue.

    Parameters
    ----------
    near_random : bool
    share : float
        Standard deviation between people of the outcome that their case mix alone predicts, over that of their
        adjusted outcomes' means.
    p_value : float
        Probability of such differences in case mix if chance dealt the cases.
    """

    near_random: bool
    share: float
    p_value: float


def routing_test(design: Design, moments: Moments, /, *, permutations: int, seed: int) -> Routing:
    """Test whether the case mix differs between people within process, priority and month.

    Parameters
    ----------
    permutations, seed : int
        Shuffles within process; their mean and spread give a normal p-value.
    """
    index = design.index
    if not index.any():
        return Routing(True, 0.0, 1.0)
    people = moments.employees
    counts = np.bincount(design.employee, minlength=people).astype(np.float64)
    observed = _between(index, design.employee, counts)
    rng = np.random.default_rng(seed)
    in_queue = design.employee[np.argsort(design.process, kind="stable")]
    chance = np.empty(permutations)
    dealt = np.empty_like(in_queue)
    for at in range(permutations):
        dealt[np.argsort(design.process + rng.random(len(index)))] = in_queue
        chance[at] = _between(index, dealt, counts)
    z_value = (observed - chance.mean()) / max(float(chance.std(ddof=1)), 1e-300)
    p_value = 0.5 * erfc(float(z_value) / sqrt(2.0))
    outcome = float(moments.covariance(np.ones((1, people)))[0, -1, -1])
    excess = max(observed - float(chance.mean()), 0.0) / max(len(index), 1)
    share = float(np.sqrt(excess / max(outcome, 1e-300))) if outcome > 0 else (0.0 if excess == 0 else 1.0)
    return Routing(p_value > SURE or share <= NEAR_RANDOM, min(share, 9.0), p_value)


def _between(index: np.ndarray, employee: np.ndarray, counts: np.ndarray, /) -> float:
    sums = np.bincount(employee, weights=index, minlength=len(counts))
    return float((sums**2 / np.maximum(counts, 1.0)).sum())
