"""The plain regression of a case's outcome on what was done in that case.

Within process, priority and month and given the case mix, all levers jointly; standard errors clustered by employee and
by customer (Cameron, Gelbach & Miller 2011). What a lever does through the levers that it leads to is added by the
slopes of these on it *between people*: in single cases, what is long is unresolved because both are hard, and leaving
the child out, as between people, would let that difficulty in.

Source: the omitted-variable formula, read from right to left; Wright 1934 (path coefficients).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import joint_normal, sums_by
from models.effects.estimators.design import Design
from models.effects.estimators.employee_means import descents, spreads
from models.effects.estimators.moments import Moments, bayesian_weights
from models.effects.estimators.protocol import Estimate

__all__ = ["case_level"]

Floats = NDArray[np.float64]


def case_level(design: Design, /, *, draws: int, seed: int, moments: Moments, method: str = "case_level") -> Estimate:
    """Estimate effects per case from the cases themselves.

    Parameters
    ----------
    draws, seed : int
        The same draws of people as other estimates of this seed.
    moments : Moments
        How people differ: by how much, and in one lever with another.
    method : str
        Name under which the estimate is reported.

    Returns
    -------
    Estimate
    """
    rows = np.isfinite(design.values[:, -1])
    levers = np.nan_to_num(design.values[rows, :-1])
    outcome = design.values[rows, -1]
    weights = np.vstack([np.ones((1, moments.employees)), bayesian_weights(draws, moments.employees, seed)])
    covariance = moments.covariance(weights)
    spread = spreads(covariance[0])[: design.size]
    gram = levers.T @ levers
    scale = np.sqrt(np.clip(np.diagonal(gram), 1e-300, None))
    inner = gram / np.outer(scale, scale) + 1e-8 * np.eye(design.size)
    inverse = np.linalg.inv(inner) / np.outer(scale, scale)
    slope = inverse @ (levers.T @ outcome)
    scores = (levers @ inverse) * (outcome - levers @ slope)[:, None] * spread
    employee, customer = design.employee[rows], design.customer[rows]
    both = np.unique(employee * (int(customer.max(initial=0)) + 1) + customer, return_inverse=True)[1]
    clustered = _meat(scores, employee) + _meat(scores, customer) - _meat(scores, both)
    errors = _resampled(scores, employee, clustered, weights[1:] - 1.0, seed)
    direct = np.vstack([slope * spread, slope * spread + errors])
    total = direct[:, : design.asked] + np.einsum("dkc,dc->dk", descents(design, covariance, moments.kept), direct)
    return Estimate(
        method=method,
        levers=design.targets,
        point=total[0],
        draws=total[1:],
        spread=spread[: design.asked],
        freedom=max(float(len(np.unique(employee))) - design.size - 1.0, 1.0),
    )


def _resampled(
    scores: Floats, employee: NDArray[np.int64], covariance: Floats, weights: Floats, seed: int, /
) -> Floats:
    """Errors over resampled people, filled up to a covariance by what a customer's cases share."""
    errors = weights @ sums_by(scores, employee, weights.shape[1])
    missing = covariance - np.cov(errors.T).reshape(covariance.shape)
    return errors + joint_normal(np.zeros(len(covariance)), missing, len(weights), seed + 3)  # pyright: ignore[reportReturnType]


def _meat(scores: Floats, codes: NDArray[np.int64], /) -> Floats:
    sums = sums_by(scores, codes)
    groups = max(int((np.bincount(codes) > 0).sum()), 2)
    return (sums.T @ sums) * groups / (groups - 1)
