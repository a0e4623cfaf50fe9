"""Whether anything at all is there: one test over all levers of the company, calibrated on its own people.

Within a process, people's outcomes are handed round among people of like volume. What the levers then seem to do is
what they seem to do where none matters, whatever the distribution of outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estimators.design import Design
from models.estimators.employee_means import solve_total
from models.estimators.moments import Moments

__all__ = ["JointTest", "joint_test"]

Floats = NDArray[np.float64]

FEWEST_PEOPLE = 10


@dataclass(frozen=True)
class JointTest:
    """The outcome of the joint test.

    Parameters
    ----------
    p_value : float
        Probability of effects this strong, somewhere among the levers, in a company where none matters; 1 where the
        test cannot be made.
    permutations : int
    people : int
    single : array of shape (levers,)
        Per lever the share of permutations with an effect as large.
    """

    p_value: float
    permutations: int
    people: int
    single: Floats


def joint_test(design: Design, moments: Moments, error: Floats, /, *, permutations: int, seed: int) -> JointTest:
    """Test that no lever matters for the outcome.

    Parameters
    ----------
    design : Design
    moments : Moments
    error : array of shape (levers,)
        Standard errors of the effects, which put levers on one scale.
    permutations, seed : int

    Returns
    -------
    JointTest
        By the smaller p-value of the largest effect and of the sum of squares, itself calibrated by the permutations.
    """
    size = design.size
    people = int(((moments.counts[:, -1] > 0) & (moments.counts[:, :size] > 0).any(axis=1)).sum())
    if size == 0 or people < max(FEWEST_PEOPLE, size + 3):
        return JointTest(1.0, 0, people, np.ones(size))
    rng = np.random.default_rng(seed)
    volume = np.sqrt(moments.weights[:, -1, -1])
    answers = moments.means[:, -1] * volume
    orders = _shuffles(_blocks(moments), permutations, rng)
    permuted = np.vstack([answers[None, :], answers[orders]])
    inputs = moments.means[:, :size] * volume[:, None]
    covariance = moments.covariance(np.ones((1, moments.employees)))
    total = moments.weights[:, :size, size].sum(axis=0)
    stacked = np.repeat(covariance, len(permuted), axis=0)
    stacked[:, :size, size] = permuted @ inputs / np.where(total > 0, total, 1.0)
    # what was observed leaves out pairs of one case, as the estimate does
    stacked[0] = covariance[0]
    ratio = solve_total(design, stacked) / np.where(error > 0, error, np.inf)
    # permuted effects give the errors' true size, also where the bootstrap's is off
    ratio = ratio / np.maximum(ratio[1:].std(axis=0), 1e-9)
    largest, squares = np.abs(ratio).max(axis=1), (ratio**2).sum(axis=1)
    smaller = np.minimum(_tail(largest), _tail(squares))
    single = (np.abs(ratio) >= np.abs(ratio[:1])).mean(axis=0)
    return JointTest(float((smaller <= smaller[0]).mean()), permutations, people, single)


def _tail(statistic: Floats, /) -> Floats:
    """Share of all rows, permuted ones and the observed one, with a statistic at least as large."""
    ordered = np.sort(statistic)
    return (len(statistic) - np.searchsorted(ordered, statistic, side="left")) / len(statistic)


def _blocks(moments: Moments, /) -> NDArray[np.int64]:
    """People who may stand in for each other: same process, like volume."""
    block = np.zeros(moments.employees, dtype=np.int64)
    number = 0
    for process in np.unique(moments.process):
        mine = np.flatnonzero(moments.process == process)
        order = mine[np.argsort(moments.counts[mine, -1], kind="stable")]
        for part in np.array_split(order, max(len(order) // 12, 1)):
            block[part] = number
            number += 1
    return block


def _shuffles(block: NDArray[np.int64], permutations: int, rng: np.random.Generator, /) -> NDArray[np.int64]:
    orders = np.tile(np.arange(len(block)), (permutations, 1))
    for number in np.unique(block):
        members = np.flatnonzero(block == number)
        orders[:, members] = members[rng.random((permutations, len(members))).argsort(axis=1)]
    return orders
