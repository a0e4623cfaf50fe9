"""How far people differ in a KPI by themselves, beyond what they differ in with all other levers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.employee_means import MIN_EIGENVALUE, spreads
from models.effects.estimators.moments import Moments, bayesian_weights

__all__ = ["OwnShare", "own_share"]

Floats = NDArray[np.float64]

RESAMPLED = 100
MIN_FREEDOM = 20
"""People beyond the levers looked at: with fewer, any KPI is explained by a dozen others."""


@dataclass(frozen=True)
class OwnShare:
    """Share of people's true differences in a KPI that other levers do not explain, with its standard error."""

    share: float
    error: float


def own_share(moments: Moments, kpi: int, levers: list[int], seed: int, /) -> OwnShare | None:
    """Measure it, corrected for the number of levers and free of the noise of single cases.

    Parameters
    ----------
    kpi : int
        Its column.
    levers : list of int
        Columns of the levers that may explain it.

    Returns
    -------
    OwnShare or None
        None where there are too few people, or they do not differ.
    """
    people = int((moments.counts[:, kpi] > 0).sum())
    freedom = people - 1 - len(levers)
    if freedom < MIN_FREEDOM:
        return None
    weights = np.vstack([np.ones((1, moments.employees)), bayesian_weights(RESAMPLED, moments.employees, seed)])
    covariance = moments.covariance(weights)
    spread = spreads(covariance[0])
    # a lever in which people do not differ explains nothing
    levers = [at for at in levers if spread[at] > 0]
    if spread[kpi] <= 0 or not levers:
        return None
    safe = np.where(spread > 0, spread, 1.0)
    correlation = covariance / np.outer(safe, safe)
    values, vectors = np.linalg.eigh(correlation[:, levers][:, :, levers])
    loads = np.einsum("dij,di->dj", vectors, correlation[:, levers, kpi])
    explained = (loads**2 / np.maximum(values, MIN_EIGENVALUE)).sum(axis=1)
    own = (correlation[:, kpi, kpi] - explained) * (people - 1) / freedom
    return OwnShare(float(own[0]), float(own[1:].std(ddof=1)))
