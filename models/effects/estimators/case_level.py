"""The plain regression of a case's outcome on what was done in that case.

Within process, priority and month and given the case mix, all levers jointly; standard errors clustered by employee and
by customer (Cameron, Gelbach & Miller 2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.design import Design
from models.effects.estimators.protocol import Estimate

__all__ = ["case_level", "joint_normal"]

Floats = NDArray[np.float64]


def case_level(design: Design, /, *, draws: int, seed: int, spread: Floats, method: str = "case_level") -> Estimate:
    """Estimate effects per case from the cases themselves.

    Parameters
    ----------
    draws, seed : int
    spread : array of shape (levers,)
        Between-employee standard deviation by which the coefficients are multiplied.
    method : str
        Name under which the estimate is reported.

    Returns
    -------
    Estimate
    """
    rows = np.isfinite(design.values[:, -1])
    levers = np.nan_to_num(design.values[rows, :-1])
    outcome = design.values[rows, -1]
    gram = levers.T @ levers
    scale = np.sqrt(np.clip(np.diagonal(gram), 1e-300, None))
    point = np.full(design.asked, np.nan)
    scores = np.zeros((len(levers), design.asked))
    for at, lever in enumerate(design.targets):
        chosen = design.controls(lever)
        inner = gram[np.ix_(chosen, chosen)] / np.outer(scale[chosen], scale[chosen]) + 1e-8 * np.eye(len(chosen))
        inverse = np.linalg.inv(inner) / np.outer(scale[chosen], scale[chosen])
        slope = inverse @ (levers[:, chosen].T @ outcome)
        residual = outcome - levers[:, chosen] @ slope
        point[at] = slope[0] * spread[at]
        scores[:, at] = (levers[:, chosen] @ inverse[0]) * residual * spread[at]
    employee, customer = design.employee[rows], design.customer[rows]
    both = np.unique(employee * (int(customer.max(initial=0)) + 1) + customer, return_inverse=True)[1]
    covariance = _meat(scores, employee) + _meat(scores, customer) - _meat(scores, both)
    return Estimate(
        method=method,
        levers=design.targets,
        point=point,
        draws=joint_normal(point, covariance, draws, seed),
        spread=spread,
        freedom=max(float(len(np.unique(employee))) - design.size - 1.0, 1.0),
    )


def joint_normal(point: Floats, covariance: Floats, draws: int, seed: int, /) -> Floats:
    """Draw from a normal whose covariance may be slightly indefinite, as two-way clustered ones are."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    return point + np.random.default_rng(seed).standard_normal((draws, len(point))) @ root.T


def _meat(scores: Floats, codes: NDArray[np.int64], /) -> Floats:
    sums = np.column_stack([np.bincount(codes, weights=scores[:, at]) for at in range(scores.shape[1])])
    groups = max(int((np.bincount(codes) > 0).sum()), 2)
    return (sums.T @ sums) * groups / (groups - 1)
