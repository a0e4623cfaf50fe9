"""How true the chances of each day were, on snapshots that came later than those learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.prediction.metrics import ProbabilityMetrics, log_losses, paired_differences
from models.prediction.survival.curve import MIN_EVENTS, Curve, Times

__all__ = ["kaplan_meier", "metrics_by_day"]

_METRICS = ("log_loss", "brier", "calibration_slope", "calibration_intercept", "ece")


def kaplan_meier(times: Times, days: np.ndarray, /) -> np.ndarray:
    """Return the chance of having left by each day, the same for everybody.

    Parameters
    ----------
    days : numpy.ndarray, shape (days,)

    Returns
    -------
    numpy.ndarray, shape (days,)

    Source
    ------
    Kaplan & Meier (1958).

    Examples
    --------
    >>> times = Times(np.array([1.0, np.nan, 3.0, np.nan]), np.array([9.0, 2.0, 9.0, 9.0]), np.arange(4))
    >>> kaplan_meier(times, np.array([1, 2, 3])).tolist()
    [0.25, 0.25, 0.625]
    """
    left = np.sort(times.left[~np.isnan(times.left)])
    until = np.sort(np.where(np.isnan(times.left), times.observed, times.left))
    moments, counts = np.unique(left, return_counts=True)
    at_risk = len(until) - np.searchsorted(until, moments, side="left")
    staying = np.concatenate([[1.0], np.cumprod(1.0 - counts / at_risk)])
    return 1.0 - staying[np.searchsorted(moments, days, side="right")]


def metrics_by_day(
    curve: Curve, chance: np.ndarray, came: Times, learned: Times, /, *, seed: int
) -> list[dict[str, Any]]:
    """Return the metrics of each day, on the rows that were observed to it.

    Parameters
    ----------
    chance : numpy.ndarray, shape (rows,)
        Of leaving by the horizon, as predicted.
    came : Times
        What became of these rows.
    learned : Times
        Of the rows that the curve was learned from, as far as it was known then: for Kaplan–Meier.
    seed : int
        Of the bootstrap over groups.

    Returns
    -------
    list of dict
        Per day ``days``, ``rows``, ``left`` (rows that had left), ``observed`` (their share), ``predicted`` (mean),
        metrics as in ``evaluation.json``; ``kaplan_meier`` with ``predicted``, ``log_loss`` and ``brier``; and
        ``difference`` of the mean log loss to Kaplan–Meier's with a paired 95 % interval, below 0 better. Metrics are
        None where fewer than ten had left, or fewer than ten had not.
    """
    days = np.array(curve.days, dtype=np.float64)
    chances, alike = curve.chances(chance), kaplan_meier(learned, days)
    found = []
    for at, day in enumerate(days):
        seen = came.observed >= day
        there = replace(came, left=came.left[seen], observed=came.observed[seen], group=came.group[seen])
        found.append({"days": int(day), **_tested(chances[seen, at], there, day, float(alike[at]), seed)})
    return found


def _tested(chance: np.ndarray, came: Times, day: float, alike: float, seed: int, /) -> dict[str, Any]:
    label = (came.left <= day).astype(np.float64)
    rows, left = len(label), int(label.sum())
    counted: dict[str, Any] = {"rows": rows, "left": left}
    if min(left, rows - left) < MIN_EVENTS:
        nothing = dict.fromkeys(("observed", "predicted", *_METRICS, "kaplan_meier", "difference"))
        return {**counted, **nothing}
    group = np.unique(came.group, return_inverse=True)[1]
    metrics = ProbabilityMetrics(label, chance, group).metrics()
    constant = np.full(rows, alike)
    losses = log_losses(label, constant)
    difference = paired_differences(log_losses(label, chance), {"kaplan_meier": losses}, group, seed=seed)
    return {
        **counted,
        "observed": left / rows,
        "predicted": float(chance.mean()),
        **{name: metrics[name] for name in _METRICS},
        "kaplan_meier": {
            "predicted": alike,
            "log_loss": float(losses.mean()),
            "brier": float(((label - constant) ** 2).mean()),
        },
        "difference": difference["kaplan_meier"],
    }
