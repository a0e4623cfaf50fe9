"""How far the chances of a whole group may be off: the few rows learned from, and months that differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.prediction.survival.curve import MIN_EVENTS, Doubt, fit_line, log_odds

__all__ = ["between_snapshots", "learn_doubt"]

_PRIOR_BETWEEN = 0.2**2
"""Variance in log-odds that is expected between snapshots before any were seen: a fifth more or fewer who leave."""

_PRIOR_SNAPSHOTS = 3  # what is expected counts as much as so many snapshots


def learn_doubt(
    chance: np.ndarray, label: np.ndarray, group: np.ndarray, as_of: pd.Series, ahead_days: int, /
) -> Doubt | None:
    """Learn how far off predictions are for all alike.

    Parameters
    ----------
    chance : numpy.ndarray, shape (rows,)
        By models that have not seen the rows.
    label : numpy.ndarray, shape (rows,)
    group : numpy.ndarray of int, shape (rows,)
        Rows of one customer are one draw.
    as_of : pandas.Series of datetime, shape (rows,)
    ahead_days : int
        Gap and horizon: snapshots that are nearer to each other share what happens.

    Returns
    -------
    Doubt or None
        None where fewer than ten rows have an event, or have none.
    """
    if min(label.sum(), len(label) - label.sum()) < MIN_EVENTS:
        return None
    _, _, covariance = fit_line(log_odds(chance), label, group)
    return Doubt(covariance, between_snapshots(chance, label, as_of, ahead_days))


def between_snapshots(chance: np.ndarray, label: np.ndarray, as_of: pd.Series, ahead_days: int, /) -> float:
    """Return the variance of snapshots' log-odds beyond what chance explains.

    Returns
    -------
    float
        By the method of moments, over snapshots that do not share their future, shrunk to what is expected before any
        were seen; for one more snapshot, against a level that is known from these alone.

    Source
    ------
    DerSimonian & Laird (1986).
    """
    numbers = as_of.to_numpy().astype("datetime64[s]").astype(np.int64) / 86400.0
    moments = list[float]()
    for moment in np.unique(numbers)[::-1]:
        if not moments or moments[-1] - moment >= ahead_days:
            moments.append(float(moment))
    weight = np.array([(chance * (1 - chance))[numbers == moment].sum() for moment in moments])
    beyond = np.array([(label - chance)[numbers == moment].sum() for moment in moments])
    known = weight > 1.0
    weight, shift = weight[known], beyond[known] / weight[known]
    found, snapshots = 0.0, max(len(weight) - 1, 0)
    if snapshots:
        centre = (weight * shift).sum() / weight.sum()
        excess = (weight * (shift - centre) ** 2).sum() - snapshots
        found = max(0.0, float(excess / (weight.sum() - (weight**2).sum() / weight.sum())))
    shrunk = (snapshots * found + _PRIOR_SNAPSHOTS * _PRIOR_BETWEEN) / (snapshots + _PRIOR_SNAPSHOTS)
    return shrunk * (1 + 1 / (snapshots + 1))
