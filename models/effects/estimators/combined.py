"""Employee means and the case-level regression, combined lever by lever as far as the two agree.

The comparison of people is imprecise in a small company, and off where an unmeasured skill goes with a measured one;
the regression of single cases is precise but off where difficulty is hidden, and by a different amount for every lever.
How far off is learned from the levers together: single cases by a common factor (records are noisy), along what
the known case mix changes (hidden difficulty works as the known one does), in proportion to each effect, and by an
amount common to all; people by an amount common to all. None of the five is fixed: all plausible values are averaged,
each by how well it explains what the two estimates differ by. Both come from the same people, so their sampling errors
go together; that is counted once.

Source: Efron & Morris 1973 (empirical Bayes); Green & Strawderman 1991 (a possibly biased estimate as the target);
Altonji, Elder & Taber 2005 (selection on what is hidden judged by selection on what is known).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import covariance_root
from models.effects.estimators.protocol import Estimate

__all__ = ["combine", "span"]

Floats = NDArray[np.float64]

FACTORS = (0.5, 0.63, 0.8, 1.0, 1.26, 1.59, 2.0, 2.52)
"""By which single cases' effects may have to be multiplied; believed around 1 before looking."""
BY_A_FACTOR = 0.5
"""Standard deviation of that belief, on a logarithm."""
ALONG_MIX = (-0.5, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""How many times the change that the known case mix made the hidden one would make.

Half-Cauchy before looking, since nobody knows how much is hidden.
"""
IN_PROPORTION = (0.05, 0.15, 0.3, 0.6, 1.2)
IN_COMMON = (0.05, 0.15, 0.3, 0.6, 1.2)
"""How far off an effect may be: in its own size, and in the typical size of all; half-Cauchy of these scales."""
BETWEEN_PEOPLE = (0.0, 0.1, 0.2, 0.4, 0.8)
"""How far off people compared may be, in the typical size of all: by skills that nobody measured; half-Cauchy."""
SCALES = (0.3, 0.3, 0.3)
"""Of the three beliefs: in its own size, in common, between people."""


def combine(means: Estimate, plain: Estimate, change: Floats, /, *, seed: int) -> Estimate:
    """Combine the two estimates into one, with joint draws from its posterior.

    Parameters
    ----------
    means : Estimate
        By employee means: imprecise, off where unmeasured skills go with measured ones.
    plain : Estimate
        By the case-level regression: precise, possibly biased. Its draws are of the same resampled people.
    change : array of shape (levers,)
        What taking out the known case mix changed in the case-level effects.

    Returns
    -------
    Estimate
    """
    noise, plain_noise, both = _covariances(means, plain)
    size = max(float(np.sqrt(np.mean(plain.point**2))), 1e-12)
    ways = np.array(list(product(ALONG_MIX, IN_PROPORTION, IN_COMMON, BETWEEN_PEOPLE)))
    along, own, common, skill = (ways[:, [at]] for at in range(ways.shape[1]))
    belief = -np.log1p(ways**2 / np.array([1.0, *SCALES]) ** 2).sum(axis=1)
    hidden = (own * plain.point) ** 2 + (common * size) ** 2 + change**2 / 4
    identity = np.eye(len(means.levers))
    points, around_points, scores = [], [], []
    for factor in FACTORS:
        target = factor * plain.point + along * change
        around = factor**2 * plain_noise + hidden[:, :, None] * identity
        shared = factor * both
        differ = noise + (skill * size)[:, :, None] ** 2 * identity + around - shared - shared.T
        gap = (means.point - target)[:, :, None]
        lower = np.linalg.cholesky(differ)
        white = np.linalg.solve(lower, np.concatenate([gap, around - shared], axis=2))
        missed, pull = white[:, :, 0], white[:, :, 1:]
        scores.append(
            belief
            - 0.5 * (missed**2).sum(axis=1)
            - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
            - 0.5 * (np.log(factor) / BY_A_FACTOR) ** 2
        )
        points.append(target + np.einsum("wij,wi->wj", pull, missed))
        around_points.append(around - pull.transpose(0, 2, 1) @ pull)
    stacked, spread = np.concatenate(points), np.concatenate(around_points)
    score = np.concatenate(scores)
    weights = np.exp(score - score.max())
    weights /= weights.sum()
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(weights), size=len(means.draws), p=weights)
    chance = rng.standard_normal(means.draws.shape)
    draws = stacked[picked]
    for one in np.unique(picked):
        mine = picked == one
        draws[mine] += chance[mine] @ covariance_root(spread[one]).T
    return Estimate(
        method="combined",
        levers=means.levers,
        point=weights @ stacked,
        draws=draws,
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


def _covariances(means: Estimate, plain: Estimate, /) -> tuple[Floats, Floats, Floats]:
    """Covariances of the two estimates' errors, and between them (rows: means)."""
    count = len(means.levers)
    found = np.atleast_2d(np.cov(np.hstack([means.draws, plain.draws]).T))
    found += 1e-9 * max(float(np.trace(found)) / len(found), 1e-300) * np.eye(len(found))
    return found[:count, :count], found[count:, count:], found[:count, count:]
