"""Scores of classes turned into probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ScoreScale", "softmax"]

_SHRINKAGE_ROWS = 20.0


def softmax(scores: np.ndarray, /) -> np.ndarray:
    """Return probabilities (rows, classes) for scores, without overflow; rows sum to 1."""
    scores = np.asarray(scores, dtype=np.float64)
    if not len(scores):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class ScoreScale:
    """``softmax(slope · score + shift)``: one slope for all classes, and a shift per class that shrinks with few rows.

    Parameters
    ----------
    slope : float
        The inverse of the temperature; never negative, so that a higher score is never less probable.
    shift : numpy.ndarray, shape (classes,)

    Notes
    -----
    Source: Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", section 4.2: temperature
    scaling, with the bias of vector scaling; targets as in Platt (1999).
    """

    slope: float
    shift: np.ndarray

    @classmethod
    def fit(cls, scores: np.ndarray, classes: np.ndarray, weights: np.ndarray, /, *, shift: bool = True) -> ScoreScale:
        """Fit by maximum likelihood on rows that the scores' model has not seen.

        Parameters
        ----------
        scores : numpy.ndarray, shape (rows, classes)
        classes : numpy.ndarray of int, shape (rows,)
        weights : numpy.ndarray, shape (rows,)
        shift : bool
            Whether classes may be shifted, or the temperature is all.
        """
        from scipy.optimize import minimize

        rows, count = scores.shape
        # scores of any size start from the same place
        size = max(float(np.std(scores)), 1e-9)
        scaled = scores / size
        weights = weights / max(float(weights.mean()), 1e-12)
        # Platt's prior: nothing is certain, and the less so the fewer rows there are
        hit = np.full((rows, count), 1.0 / (rows + count))
        hit[np.arange(rows), classes] += rows / (rows + count)

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            slope, moved = np.exp(parameters[0]), parameters[1:] if shift else np.zeros(count)
            found = softmax(slope * scaled + moved)
            miss = (found - hit) * weights[:, None]
            value = -float(weights @ (hit * np.log(np.maximum(found, 1e-300))).sum(axis=1))
            value += 0.5 * _SHRINKAGE_ROWS * float(moved @ moved)
            gradient = [slope * float((miss * scaled).sum())]
            if shift:
                gradient.extend(miss.sum(axis=0) + _SHRINKAGE_ROWS * moved)
            return value, np.array(gradient)

        start = np.zeros(1 + count if shift else 1)
        bounds = [(-6.0, 6.0)] + [(-10.0, 10.0)] * (len(start) - 1)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(float(np.exp(found[0])) / size, found[1:] if shift else np.zeros(count))

    def apply(self, scores: np.ndarray, /) -> np.ndarray:
        """Return probabilities (rows, classes)."""
        return softmax(self.slope * scores + self.shift)
