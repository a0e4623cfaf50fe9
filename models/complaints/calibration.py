"""Scores of classes turned into probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["AS_IT_IS", "ScoreScale", "softmax"]

AS_IT_IS = (1.0, -1.0, 0.0)

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
    beta : tuple of float
        What the best class's log probability, its rest's, and 1 are multiplied by to make its final log-odds; the other
        classes share the rest as before, and the best class stays the best. ``(1, -1, 0)`` changes nothing.

    Notes
    -----
    Source: Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", section 4.2: temperature
    scaling, with the bias of vector scaling; targets as in Platt (1999).
    Kull, Silva Filho & Flach (2017), "Beta calibration", equation 4, on the probability of the best class: scores that
    were learned with every class made equal need more than one temperature.
    """

    slope: float
    shift: np.ndarray
    beta: tuple[float, float, float] = AS_IT_IS

    @classmethod
    def fit(
        cls,
        scores: np.ndarray,
        classes: np.ndarray,
        weights: np.ndarray | None = None,
        /,
        *,
        shift: bool = True,
        beta: bool = False,
    ) -> ScoreScale:
        """Fit by maximum likelihood on rows that the scores' model has not seen.

        Parameters
        ----------
        scores : numpy.ndarray, shape (rows, classes)
        classes : numpy.ndarray of int, shape (rows,)
        weights : numpy.ndarray, shape (rows,), optional
            How much each row counts. Annotators' confidence is no such weight: what is sure to them is easy, and
            probabilities of easy texts are too high for all.
        shift : bool
            Whether classes may be shifted, or the temperature is all.
        beta : bool
            Whether the best class's probability is calibrated once more.
        """
        from scipy.optimize import minimize

        rows, count = scores.shape
        # scores of any size start from the same place
        size = max(float(np.std(scores)), 1e-9)
        scaled = scores / size
        weights = np.ones(rows) if weights is None else weights / max(float(weights.mean()), 1e-12)
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
        scale = cls(float(np.exp(found[0])) / size, found[1:] if shift else np.zeros(count))
        if not beta:
            return scale
        probabilities = scale.apply(scores)
        return replace(scale, beta=_fit_beta(probabilities, probabilities.argmax(axis=1) == classes, weights))

    def apply(self, scores: np.ndarray, /) -> np.ndarray:
        """Return probabilities (rows, classes)."""
        found = softmax(self.slope * scores + self.shift)
        return found if self.beta == AS_IT_IS or not len(found) else self._beta_calibrated(found)

    def _beta_calibrated(self, found: np.ndarray) -> np.ndarray:
        rows = np.arange(len(found))
        best = found.argmax(axis=1)
        others = found.copy()
        others[rows, best] = 0.0
        rest = others.sum(axis=1)
        others /= np.maximum(rest, 1e-300)[:, None]
        second = others.max(axis=1)
        odds = _log_parts(found[rows, best]) @ np.array(self.beta)
        # never less than what keeps the best class the best
        top = np.maximum(0.5 * (1.0 + np.tanh(0.5 * odds)), second / (1.0 + second))
        top = np.where(rest > 0, top, 1.0)
        others *= (1.0 - top)[:, None]
        others[rows, best] = top
        return others


def _log_parts(top: np.ndarray) -> np.ndarray:
    top = np.clip(top, 1e-9, 1.0 - 1e-9)
    return np.stack([np.log(top), np.log1p(-top), np.ones(len(top))], axis=1)


def _fit_beta(probabilities: np.ndarray, right: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """Fit by maximum likelihood, drawn to changing nothing; a surer score never becomes less probable."""
    from scipy.optimize import minimize

    parts = _log_parts(probabilities.max(axis=1))
    start = np.array(AS_IT_IS)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        odds = parts @ beta
        miss = 0.5 * (1.0 + np.tanh(0.5 * odds)) - right
        value = float(weights @ (np.logaddexp(0.0, odds) - right * odds)) + 0.5 * float((beta - start) @ (beta - start))
        return value, parts.T @ (weights * miss) + (beta - start)

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, 0.0), (None, None)]).x
    return float(found[0]), float(found[1]), float(found[2])
