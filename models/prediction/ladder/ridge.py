"""Ridge-penalised logistic regression by Newton's method, that goes on from what a similar fit has found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.prediction.calibration import sigmoid

__all__ = ["Solution", "log_odds", "ridge_logistic"]

_STEPS = 100
_GRADIENT = 1e-11  # of the mean row: far below what a prediction shows
_SLOW = 0.3  # a step that leaves more of the gradient asks for a new Hessian
_ROUNDING = 1e-12  # by so much costs of equal slopes may differ


@dataclass(frozen=True)
class Solution:
    """Slopes, and the factor of a Hessian near them.

    Parameters
    ----------
    slopes : numpy.ndarray, shape (columns,)
    factor : numpy.ndarray, shape (columns, columns)
        Lower triangle of Cholesky's factor of the mean row's Hessian.
    """

    slopes: np.ndarray
    factor: np.ndarray


def log_odds(rate: float, /) -> float:
    """Return the log-odds of a probability.

    Examples
    --------
    >>> log_odds(0.5)
    0.0
    """
    return float(np.log(rate / (1 - rate)))


def ridge_logistic(
    columns: np.ndarray, label: np.ndarray, /, *, weight: float, start: Solution | None = None
) -> Solution:
    """Return the slopes of lowest penalised loss: ``weight · Σ loss + ½ Σ slope²``, the last slope without penalty.

    A Hessian costs as much as hundreds of gradients where columns are many. It is kept while steps with it shrink the
    gradient fast, and it may come from a fit on other rows: only the gradient decides when the search ends.

    Parameters
    ----------
    columns : numpy.ndarray, shape (rows, columns)
        The last is all ones.
    label : numpy.ndarray, shape (rows,)
        0 or 1, both present.
    weight : float
        scikit-learn's C.
    start : Solution, optional
        Of a similar fit of the same weight.

    Returns
    -------
    Solution

    Source
    ------
    Newton's method with a Hessian kept over steps (chord method): Kelley (1995), section 5.4.
    """
    from scipy.linalg import cho_solve

    penalty = np.full(columns.shape[1], 1.0 / (weight * len(label)))
    penalty[-1] = 0.0
    slopes = np.append(np.zeros(columns.shape[1] - 1), log_odds(float(label.mean()))) if start is None else start.slopes
    cost, chance, gradient = _looked_at(columns, label, penalty, slopes)
    factor = _factor(columns, chance, penalty) if start is None else start.factor
    for _ in range(_STEPS):
        steepness = np.abs(gradient).max()
        if steepness < _GRADIENT:
            break
        move, share = cho_solve((factor, True), gradient), 1.0
        while (tried := _looked_at(columns, label, penalty, slopes - share * move))[0] > cost + _ROUNDING:
            share /= 2
        slopes, (cost, chance, gradient) = slopes - share * move, tried
        if np.abs(gradient).max() > _SLOW * steepness:
            factor = _factor(columns, chance, penalty)
    return Solution(slopes, factor)


def _looked_at(
    columns: np.ndarray, label: np.ndarray, penalty: np.ndarray, slopes: np.ndarray, /
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the mean row's cost, each row's probability, and the gradient."""
    score = columns @ slopes
    chance = sigmoid(score)
    cost = float(np.mean(np.logaddexp(0.0, score) - label * score) + 0.5 * penalty @ slopes**2)
    return cost, chance, columns.T @ (chance - label) / len(label) + penalty * slopes


def _factor(columns: np.ndarray, chance: np.ndarray, penalty: np.ndarray, /) -> np.ndarray:
    from scipy.linalg import cholesky

    half = (columns * np.sqrt(chance * (1 - chance) / len(chance))[:, None]).astype(np.float32)
    hessian = (half.T @ half).astype(np.float64)
    # single precision is enough to step by; what keeps it positive definite moves no solution
    hessian[np.diag_indices_from(hessian)] += penalty + 1e-6 * float(np.diag(hessian).max())
    return cholesky(hessian, lower=True)
