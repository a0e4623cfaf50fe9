"""Employee means, shrunk towards the case-level regression as far as the two agree.

The comparison of people is right under routing by chance but imprecise in a small company; the regression of single
cases is precise but off where difficulty is hidden. How far off is estimated from how much the two differ beyond
sampling noise over all levers; it is never taken to be less than the case-level effects' own typical size.

Source: Efron & Morris 1973 (empirical Bayes); Green & Strawderman 1991 (a possibly biased estimate as the target).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.case_level import joint_normal
from models.effects.estimators.protocol import Estimate

__all__ = ["combine", "span"]

Floats = NDArray[np.float64]


def combine(means: Estimate, plain: Estimate, /, *, seed: int) -> Estimate:
    """Combine the two estimates into one, with joint draws from its posterior.

    Parameters
    ----------
    means : Estimate
        By employee means: unbiased under routing by chance.
    plain : Estimate
        By the case-level regression: precise, possibly biased.

    Returns
    -------
    Estimate
    """
    noise = _covariance(means.draws)
    plain_variance = plain.draws.var(axis=0, ddof=1)
    beyond = float(np.mean((means.point - plain.point) ** 2 - np.diag(noise)))
    bias = max(beyond, float(np.mean(plain.point**2)), 1e-300)
    trust = np.linalg.inv(noise)
    prior = np.diag(1.0 / (bias + plain_variance))
    covariance = np.linalg.inv(trust + prior)
    point = covariance @ (trust @ means.point + prior @ plain.point)
    return Estimate(
        method="combined",
        levers=means.levers,
        point=point,
        draws=joint_normal(point, covariance, len(means.draws), seed),  # pyright: ignore[reportArgumentType]
        spread=means.spread,
        freedom=means.freedom,
    )


def span(chosen: Estimate, plain: Estimate, /, *, seed: int) -> Estimate:
    """Put the estimate midway between two that may both be off, with an interval that reaches both.

    Where cases do not reach people by chance, neither the comparison of people nor that of cases is right by design;
    their disagreement is uncertainty about which to believe, and no noise of either covers it.

    Parameters
    ----------
    chosen, plain : Estimate
        The combined estimate, and that of the case-level regression.

    Returns
    -------
    Estimate
        Draws spread evenly over the way from one to the other, and an eighth of it beyond either end.
    """
    difference = plain.point - chosen.point
    way = np.random.default_rng(seed + 2).uniform(-0.125, 1.125, size=(len(chosen.draws), 1))
    return replace(chosen, point=chosen.point + difference / 2, draws=chosen.draws + way * difference[None, :])


def _covariance(draws: Floats, /) -> Floats:
    """Covariance of draws, kept invertible."""
    found = np.atleast_2d(np.cov(draws.T))
    return found + 1e-9 * max(float(np.trace(found)) / len(found), 1e-300) * np.eye(len(found))
