"""Between which ends the share of events lies among rows of the same score, by rows that the models had not seen.

A logistic regression of the event on the predicted log-odds: the predicted ones themselves, plus a line, plus hats at
quantiles of the score. Lines are nearly free, hats are expected to be small, so that where nothing speaks against it
the model's own chance stands; how sure that is follows from the posterior, in which rows of one customer count as one
draw.

It is no interval of a single customer's own chance, which nobody can see.

Source
------
MacKay (1992): the Laplace approximation of a posterior. Cox (1958): recalibration by a line. Liang & Zeger (1986):
rows of one group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.prediction.calibration import sigmoid

__all__ = ["COVERED", "Band", "fit_band"]

COVERED = 0.9
"""How often the share should lie between the two ends."""

_Z = 1.645
_LINE_SPREAD = 1.0  # of intercept and slope before anything was seen, in log-odds
_HAT_SPREAD = 0.3  # of what is bent besides: calibrated models are seldom further off anywhere
_KNOTS = 7
_MIN_EVENTS = 10  # of each kind: fewer teach nothing of a band
_NEWTON_STEPS = 30
_EDGE = 1e-6


@dataclass(frozen=True)
class Band:
    """What was learned of the share of events by score.

    Parameters
    ----------
    centre : float
        Of the line, in log-odds.
    knots : tuple of float
        Log-odds at which hats stand.
    mean : tuple of float
        Of intercept, slope and hats.
    covariance : tuple of tuple of float
    between : float
        Variance in log-odds from one snapshot to the next.
    """

    centre: float
    knots: tuple[float, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    between: float = 0.0

    def ends(self, chance: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
        """Return the two ends for predicted chances; the chance itself lies between them.

        Parameters
        ----------
        chance : numpy.ndarray, shape (rows,)

        Returns
        -------
        tuple of numpy.ndarray, each of shape (rows,)
        """
        chance = np.asarray(chance, dtype=np.float64)
        score = _log_odds(chance)
        design = _design(score, self.centre, np.array(self.knots))
        middle = score + design @ np.array(self.mean)
        spread = np.sqrt(np.einsum("ri,ij,rj->r", design, np.array(self.covariance), design) + self.between)
        low, high = sigmoid(middle - _Z * spread), sigmoid(middle + _Z * spread)
        return np.minimum(low, chance), np.maximum(high, chance)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {**vars(self), "knots": list(self.knots), "mean": list(self.mean),
                "covariance": [list(row) for row in self.covariance]}  # fmt: skip

    @classmethod
    def from_json(cls, described: Mapping[str, Any], /) -> Band:
        """Read a band that ``to_json`` has described.

        Raises
        ------
        ValueError
            If a number of it cannot be.
        """
        covariance = tuple(tuple(float(each) for each in row) for row in described["covariance"])
        found = cls(
            float(described["centre"]), tuple(described["knots"]), tuple(described["mean"]), covariance,
            float(described["between"]),
        )  # fmt: skip
        numbers = [found.centre, *found.knots, *found.mean, *(each for row in covariance for each in row)]
        if not np.isfinite(np.array([*numbers, found.between], dtype=np.float64)).all():
            raise ValueError("its band holds a number that cannot be")
        return found


def fit_band(chance: np.ndarray, label: np.ndarray, group: np.ndarray, between: float = 0.0, /) -> Band | None:
    """Learn a band.

    Parameters
    ----------
    chance : numpy.ndarray, shape (rows,)
        Calibrated, by models that have not seen the rows.
    label : numpy.ndarray, shape (rows,)
        0 or 1.
    group : numpy.ndarray of int, shape (rows,)
        Rows of one are one draw.
    between : float
        Variance in log-odds from one snapshot to the next.

    Returns
    -------
    Band or None
        None where fewer than ten rows have the event, or have it not.
    """
    if min(label.sum(), len(label) - label.sum()) < _MIN_EVENTS:
        return None
    score = _log_odds(np.asarray(chance, dtype=np.float64))
    knots = np.unique(np.quantile(score, np.linspace(0.02, 0.98, _KNOTS)))
    centre = float(score.mean())
    design = _design(score, centre, knots)
    size = design.shape[1]
    prior = np.diag([1 / _LINE_SPREAD**2] * 2 + [1 / _HAT_SPREAD**2] * (size - 2))
    beta, residual, information = _fitted(score, design, label, prior, 1.0)
    weight = _worth(design, residual, information, information + prior, group)
    # again, with rows of one customer counted as what they are worth
    beta, residual, information = _fitted(score, design, label, prior, weight)
    weight = _worth(design, residual, information, weight * information + prior, group)
    covariance = np.linalg.inv(weight * information + prior)
    return Band(
        centre, tuple(knots.tolist()), tuple(beta.tolist()), tuple(map(tuple, covariance.tolist())), float(between)
    )


def _fitted(
    score: np.ndarray, design: np.ndarray, label: np.ndarray, prior: np.ndarray, weight: float, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the posterior's mode, the residuals there, and the information of the rows."""
    beta = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        expected = sigmoid(score + design @ beta)
        information = (design * (expected * (1 - expected))[:, None]).T @ design
        gradient = weight * design.T @ (label - expected) - prior @ beta
        move = np.linalg.solve(weight * information + prior, gradient)
        beta = beta + np.clip(move, -3, 3)
        if np.abs(move).max() < 1e-9:
            break
    expected = sigmoid(score + design @ beta)
    return beta, label - expected, (design * (expected * (1 - expected))[:, None]).T @ design


def _worth(
    design: np.ndarray, residual: np.ndarray, information: np.ndarray, precision: np.ndarray, group: np.ndarray, /
) -> float:
    """Return how many independent rows a row is worth: 1, or less where rows of one group go the same way."""
    place = np.unique(group, return_inverse=True)[1]
    sums = np.column_stack([np.bincount(place, weights=column) for column in (design * residual[:, None]).T])
    clustered = np.trace(np.linalg.solve(precision, sums.T @ sums))
    return float(1 / max(clustered / max(np.trace(np.linalg.solve(precision, information)), _EDGE), 1.0))


def _log_odds(chance: np.ndarray, /) -> np.ndarray:
    inside = np.clip(chance, _EDGE, 1 - _EDGE)
    return np.log(inside) - np.log1p(-inside)


def _design(score: np.ndarray, centre: float, knots: np.ndarray, /) -> np.ndarray:
    """Return intercept, slope and hats; shape (rows, 2 + knots)."""
    hats = np.column_stack([np.interp(score, knots, row) for row in np.eye(len(knots))])
    return np.column_stack([np.ones(len(score)), score - centre, hats])
