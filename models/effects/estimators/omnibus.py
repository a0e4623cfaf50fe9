"""Whether anything at all is there: one test over all levers of the company, calibrated on its own people.

Within a process, people's outcomes are permuted among people of like volume. What the levers then seem to do is
what they seem to do where none matters, whatever the distribution of outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.design import Design
from models.effects.estimators.employee_means import solve_total
from models.effects.estimators.moments import Moments

__all__ = ["JointTest", "joint_test", "tail_shares"]

Floats = NDArray[np.float64]

MIN_PEOPLE_PERMUTED = 10


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


def joint_test(design: Design, moments: Moments, /, *, permutations: int, seed: int) -> JointTest:
    """Test that no lever matters for the outcome.

    Parameters
    ----------
    permutations, seed : int

    Returns
    -------
    JointTest
        By the smaller p-value of the largest effect and of the sum of squares, itself calibrated by the permutations.
    """
    size = design.size
    people = int(((moments.counts[:, -1] > 0) & (moments.counts[:, :size] > 0).any(axis=1)).sum())
    if design.asked == 0 or people < max(MIN_PEOPLE_PERMUTED, size + 3):
        return JointTest(1.0, 0, people, np.ones(design.asked))
    rng = np.random.default_rng(seed)
    volume = np.sqrt(moments.outcome_weights[:, -1])
    answers = moments.means[:, -1] * volume
    orders = _shuffles(_blocks(moments), permutations, rng)
    inputs = moments.means[:, :size] * volume[:, None]
    ratio = _ratios(design, moments, inputs, answers[orders])
    # one lever by itself: the others' part is adjusted for before outcomes are permuted (Freedman & Lane 1983)
    explained = inputs @ np.linalg.lstsq(inputs, answers, rcond=None)[0]
    alone = _ratios(design, moments, inputs, (answers - explained)[orders], scaled=False)
    largest, squares = np.abs(ratio).max(axis=1), (ratio**2).sum(axis=1)
    smaller = np.minimum(tail_shares(largest), tail_shares(squares))
    single = (np.abs(alone) >= np.abs(alone[:1])).mean(axis=0)
    return JointTest(float((smaller <= smaller[0]).mean()), permutations, people, single)


def _ratios(design: Design, moments: Moments, inputs: Floats, permuted: Floats, /, *, scaled: bool = True) -> Floats:
    """Effects as observed (first row) and with outcomes permuted, on one scale if asked for."""
    size = design.size
    covariance = moments.covariance(np.ones((1, moments.employees)))
    total = moments.outcome_weights[:, :size].sum(axis=0)
    stacked = np.repeat(covariance, len(permuted) + 1, axis=0)
    stacked[1:, :size, size] = permuted @ inputs / np.where(total > 0, total, 1.0)
    effects = solve_total(design, stacked, moments.kept)
    return effects / np.maximum(effects[1:].std(axis=0), 1e-300) if scaled else effects


def tail_shares(statistic: Floats, /) -> Floats:
    """Return per row the share of all rows, permuted ones and the observed one, with a statistic at least as large."""
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
