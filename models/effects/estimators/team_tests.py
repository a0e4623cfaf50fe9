"""Whether what teams do matters at all, and what contradicts each finding.

Whole series of KPIs are permuted among teams that have the same KPIs. What comparisons then seem to find is what
they find where nothing matters, whatever the customers of each team are like.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.effects.estimators.omnibus import JointTest, tail_shares
from models.effects.estimators.shift_share import Comparison, Shocks, compare, prior_variance
from models.effects.estimators.team_cells import MIN_TEAMS, TeamCells

__all__ = ["joint_test_of_teams", "refute_teams"]

Floats = NDArray[np.float64]

MAX_TEAMS_IN_FULL = 60


def joint_test_of_teams(
    cells: TeamCells, shocks: tuple[Shocks, Shocks], spread: Floats, errors: tuple[Floats, Floats], /, *,
    permutations: int, seed: int,
) -> JointTest:  # fmt: skip
    """Test that no KPI of teams matters for the outcome.

    Parameters
    ----------
    shocks : tuple of Shocks
        Within teams and between them. A difference between teams that change within them does not bear out counts
        little, since it may be their customers'.
    spread : array of shape (levers,)
    errors : tuple of arrays of shape (levers,)
        Variances of the two comparisons.
    permutations, seed : int

    Returns
    -------
    JointTest
        By the smaller p-value of the largest effect and of the sum of squares, itself calibrated by the permutations.
    """
    teams = int((cells.volume.sum(axis=(0, 1)) > 0).sum())
    if teams < MIN_TEAMS or cells.size == 0:
        return JointTest(1.0, 0, teams, np.ones(cells.size))
    rng = np.random.default_rng(seed)
    wanted = permutations if len(cells.teams) <= MAX_TEAMS_IN_FULL else permutations // 5
    known = np.isfinite(cells.values).any(axis=(0, 1))
    kinds = np.unique(known, axis=0, return_inverse=True)[1].ravel()

    def effects(order: NDArray[np.int64]) -> tuple[Floats, Floats]:
        both = []
        for one in shocks:
            moved = replace(one, values=one.values[:, :, order])
            both.append(compare(cells, moved, spread, cells.contacts, cells.answers, errors=False).point)
        return both[0], both[1]

    order = np.arange(len(cells.teams))
    found = [_strength(*effects(order), errors)]
    for _ in range(wanted):
        for kind in np.unique(kinds):
            members = np.flatnonzero(kinds == kind)
            order[members] = rng.permutation(members)
        found.append(_strength(*effects(order), errors))
    ratio = np.array(found)
    ratio = ratio / np.maximum(ratio[1:].std(axis=0), 1e-300)
    smaller = np.minimum(tail_shares(np.abs(ratio).max(axis=1)), tail_shares((ratio**2).sum(axis=1)))
    single = (np.abs(ratio) >= np.abs(ratio[:1])).mean(axis=0)
    return JointTest(float((smaller <= smaller[0]).mean()), wanted, teams, single)


def _strength(within: Floats, between: Floats, errors: tuple[Floats, Floats], /) -> Floats:
    """Effects over their errors where the comparison between teams is believed as far as change within them agrees."""
    prior = prior_variance(within, between, *errors)
    trust = np.where(np.isfinite(within), 1.0 / np.maximum(errors[0], 1e-300), 0.0)
    weight = np.where(np.isfinite(between), 1.0 / prior, 0.0)
    pulled = trust * np.nan_to_num(within) + weight * np.nan_to_num(between)
    return pulled / np.sqrt(np.maximum(trust + weight, 1e-300))


def refute_teams(
    cells: TeamCells, shocks: Shocks, spread: Floats, found: Comparison, permuted_p: Floats, /
) -> pd.DataFrame:
    """Run the refutations that make sense for teams.

    Parameters
    ----------
    spread : array of shape (levers,)
    found : Comparison
        By these shocks.
    permuted_p : array of shape (levers,)

    Returns
    -------
    pandas.DataFrame
        As ``models.effects.estimators.refutation.refute``; a lever that could not be compared has zeros.
    """
    placebo = compare(cells, shocks, spread, cells.plain_contacts, cells.index_answers)
    error = np.sqrt(np.clip(np.diagonal(found.covariance), 0.0, None))
    without = found.point[None, :] + found.left_out
    flips = (np.sign(without) != np.sign(found.point)[None, :]).sum(axis=0)
    return pd.DataFrame(
        {
            "kpi": cells.levers,
            "effect_per_case": np.nan_to_num(found.point),
            "error": error,
            "placebo": np.nan_to_num(placebo.point),
            "placebo_error": np.sqrt(np.clip(np.diagonal(placebo.covariance), 0.0, None)),
            "permuted_p": permuted_p,
            "common_cause": 0.0,
            "flips": np.where(np.isfinite(found.point), flips, 0),
        }
    )
