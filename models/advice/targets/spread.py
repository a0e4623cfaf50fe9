"""How much teams truly differ, and how much they truly change from cycle to cycle, free of chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.advice.targets.levels import Levels

__all__ = ["MAX_OWN_SHARE", "MIN_TEAMS", "Spread", "compared", "true_changes", "true_spread"]

Floats = NDArray[np.float64]

MIN_TEAMS = 5
"""From fewer teams their spread cannot be measured."""
MAX_OWN_SHARE = 0.8
"""A team whose comparable cases are nearly all its own has no peers."""
BY_CHANCE = 0.1
"""Above this p-value the teams may all be alike, and the common level is all that peers show."""
PRIOR_CHANGE = 0.5
"""Believed beforehand: a team's true change in a cycle, in standard deviations between teams ..."""
PRIOR_CHANGES = 6.0
"""... as firmly as so many changes seen."""
PRIOR_OF_ALL = 8.0
"""How many of a team's own changes weigh as much as what all teams show."""


@dataclass(frozen=True)
class Spread:
    """What is believed of true differences between teams, on the scale of the levels.

    Parameters
    ----------
    middle : float
        Mean of the teams' true levels in the last cycle.
    between : float
        Standard deviation of true levels; 0 where chance explains the differences.
    upper : float
        Its upper end (95 %), whatever chance explains.
    by_chance : bool
    teams : int
        That it rests on.
    """

    middle: float
    between: float
    upper: float
    by_chance: bool
    teams: int


def compared(levels: Levels, /) -> NDArray[np.bool_]:
    """Return which teams can be compared with others in the last cycle."""
    return np.isfinite(levels.value[0]) & (levels.own_share <= MAX_OWN_SHARE)


def true_spread(levels: Levels, /) -> Spread | None:
    """Measure the spread of true levels: what teams differ by beyond the sampling error of their figures.

    All cycles together, with a mean of their own each; the test asks whether chance alone explains what is seen.

    Returns
    -------
    Spread or None
        None with fewer than ``MIN_TEAMS`` teams that can be compared.

    Source
    ------
    Paule & Mandel 1982; Viechtbauer 2007 (Q profiles).
    """
    from scipy.stats import chi2

    here = compared(levels)
    if int(here.sum()) < MIN_TEAMS:
        return None
    value, noise, own = levels.value[:, here], np.maximum(levels.noise[:, here], 1e-300), levels.own_share[here]
    known = np.isfinite(value)
    freedom = np.minimum((known * (1.0 - own)).sum(axis=1), np.maximum(known.sum(axis=1) - 1, 0))
    value, noise, freedom = (part[freedom > 1] for part in (value, noise, freedom))
    if not len(freedom):
        return None
    total = float(freedom.sum())
    square = _root(value, noise, total)
    by_chance = bool(chi2.sf(_heterogeneity(0.0, value, noise), total) > BY_CHANCE)
    # cycles of the same teams repeat each other: an interval as if there were one
    single = total / len(freedom)
    upper = _root(value, noise, len(freedom) * float(chi2.ppf(0.05, single)))
    between = 0.0 if by_chance else float(np.sqrt(square))
    weight = np.where(np.isfinite(value[0]), 1.0 / (noise[0] + between**2), 0.0)
    middle = float((weight * np.nan_to_num(value[0])).sum() / weight.sum())
    return Spread(middle, between, float(np.sqrt(upper)), by_chance, int(here.sum()))


def _heterogeneity(square: float, value: Floats, noise: Floats, /) -> float:
    """Squared deviations from each cycle's mean, in variances of chance and true differences together."""
    weight = np.where(np.isfinite(value), 1.0 / (noise + square), 0.0)
    filled = np.nan_to_num(value)
    middle = (weight * filled).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return float((weight * (filled - middle) ** 2).sum())


def _root(value: Floats, noise: Floats, wanted: float, /) -> float:
    """Return the true variance at which what is seen is as much as would be expected; 0 where none is needed."""
    from scipy.optimize import brentq

    if _heterogeneity(0.0, value, noise) <= wanted:
        return 0.0
    top = float(np.nanvar(value) + np.nanmax(noise))
    while _heterogeneity(top, value, noise) > wanted:
        top *= 4.0
    return float(brentq(lambda square: _heterogeneity(square, value, noise) - wanted, 0.0, top))  # pyright: ignore


def true_changes(levels: Levels, between: float, /) -> Floats:
    """Estimate how much each team truly changes from one cycle to the next: standard deviations, shape (teams,).

    A team's own changes, what all teams show, and what is believed beforehand, each as firmly as it is known.
    """
    move = levels.value[:-1] - levels.value[1:]
    chance = levels.noise[:-1] + levels.noise[1:]
    known = np.isfinite(move) & (levels.own_share <= MAX_OWN_SHARE)
    rest = np.maximum(1.0 - levels.own_share, 1.0 - MAX_OWN_SHARE)
    true = np.where(known, np.nan_to_num(move) ** 2 / rest - chance, 0.0)
    number = known.sum(axis=0)
    believed = (PRIOR_CHANGE * between) ** 2
    of_all = (max(float(true.sum()), 0.0) + PRIOR_CHANGES * believed) / (float(number.sum()) + PRIOR_CHANGES)
    own = (np.maximum(true.sum(axis=0), 0.0) + PRIOR_OF_ALL * of_all) / (number + PRIOR_OF_ALL)
    return np.sqrt(own)
