"""How much of a value is signal: the share of its variance that lies between units, and what a mean keeps of it."""

from __future__ import annotations

import numpy as np

from models.effects.estimators.design import Design
from models.effects.estimators.moments import Moments

__all__ = ["noise_ratio", "signal_share", "spearman_brown"]


def spearman_brown(icc: float, n: float, /) -> float:
    """Reliability of a mean of ``n`` cases.

    Source
    ------
    Adams 2009, The reliability of provider profiling; Spearman–Brown.

    Examples
    --------
    >>> round(spearman_brown(0.05, 60), 3)
    0.759
    >>> spearman_brown(0.0, 60)
    0.0
    """
    return n * icc / (1 + (n - 1) * icc) if n > 0 and icc > 0 else 0.0


def noise_ratio(icc: float, n: float, /) -> float:
    """Variance of the noise in a mean of ``n`` cases, in variances of the true differences between people.

    Examples
    --------
    >>> round(noise_ratio(0.05, 60), 3)
    0.317
    """
    return (1 - icc) / (icc * n) if n > 0 and icc > 0 else float("inf")


def signal_share(design: Design, moments: Moments, /) -> dict[str, tuple[float, float]]:
    """Per lever the intraclass correlation of a single case (or measurement) and the spread between people.

    Returns
    -------
    dict of str to (icc, standard deviation between employees in the KPI's own unit)
    """
    covariance = moments.covariance(np.ones((1, moments.employees)))[0]
    found: dict[str, tuple[float, float]] = {}
    for at, lever in enumerate(design.levers):
        between = max(float(covariance[at, at]), 0.0)
        total = _measurement_variance(design, at) if design.handler_level[at] else float(moments.scale[at] ** 2)
        found[lever] = (min(between / total, 1.0) if total > 0 else 0.0, float(np.sqrt(between) * design.unit[at]))
    return found


def _measurement_variance(design: Design, at: int, /) -> float:
    """Variance of a handler's monthly measurements, which are shared by many cases."""
    known = np.isfinite(design.values[:, at])
    months = int(design.period.max(initial=0)) + 2
    codes = design.employee[known] * months + design.period[known] + 1
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=design.values[known, at])
    means = sums[counts > 0] / counts[counts > 0]
    return float(np.mean(means**2)) if len(means) else 0.0
