"""Effects of now: where what customers want has changed, the last months say what holds, not the mean of all time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.effects.estimators.design import Design
from models.effects.estimators.group_slopes import differences, gather
from models.effects.estimators.moments import Moments
from models.effects.estimators.protocol import Estimate

__all__ = ["as_of_now"]

LATE_SHARE = 1.0 / 3.0
"""Share of the months with a known outcome that is now."""
MAX_CHANCE = 0.005
"""Effects are of now only if a change as large comes up no more often by chance: a third of the data says less."""
MIN_MONTHS = 4
MIN_LATE_CASES = 200


def as_of_now(chosen: Estimate, design: Design, moments: Moments, /, *, seed: int) -> tuple[Estimate, int]:
    """Move an estimate to what holds in the last third of the months, where that differs beyond chance.

    Months are dealt out anew within each person, so that who works when is no change of effects.

    Parameters
    ----------
    chosen : Estimate
        Of all time.
    moments : Moments
        How people differ.
    seed : int
        Of the permutations and draws.

    Returns
    -------
    tuple of Estimate and int
        And the number of months that it is of: 0 where nothing has changed beyond chance.
    """
    rows = np.isfinite(design.values[:, -1])
    months = np.unique(design.period[rows])
    late = round(LATE_SHARE * months.size)
    if months.size < MIN_MONTHS or design.handler_level[: design.asked].all():
        return chosen, 0
    now = design.period >= months[-late]
    if min(int((rows & now).sum()), int((rows & ~now).sum())) < MIN_LATE_CASES:
        return chosen, 0
    unit = design.employee * (int(months[-1]) + 1) + design.period
    units = gather(design, rows, unit, now.astype(np.int64), design.employee)
    found = differences(design, moments, units, max_chance=MAX_CHANCE, seed=seed)
    if not len(found.point):
        return chosen, 0
    chance = np.random.default_rng(seed + 6).standard_normal(chosen.draws.shape)
    point, draws = chosen.point + found.point[1], chosen.draws + found.point[1] + found.sd[1] * chance
    return replace(chosen, point=point, draws=draws), late
