"""Linear scores of n-grams, class against rest: two learners whose errors differ, averaged as far as that helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.complaints.calibration import ScoreScale
from models.complaints.training_set import TrainingSet

__all__ = ["Average", "Scores", "by_logistic", "by_margin"]

_COLD_SCORE = -3.0
_SHARES = (0.0, 0.25, 0.5)
_WORTH = 0.01
# a third of the time of the usual 1e-4, and the same answers: macro-F1 moved by 0.0003 at most on three sets
_TOLERANCE = 0.05
_ROUNDS = 300


@dataclass(frozen=True)
class Scores:
    """What scores texts: ``matrix @ coefficients.T + intercepts``.

    Parameters
    ----------
    coefficients : numpy.ndarray, shape (classes, terms)
    intercepts : numpy.ndarray, shape (classes,)
    """

    coefficients: np.ndarray
    intercepts: np.ndarray

    def of(self, matrix: Any, /) -> np.ndarray:
        """Return the scores (texts, classes) of weighted n-grams."""
        return matrix @ self.coefficients.T + self.intercepts


def by_margin(matrix: Any, some: TrainingSet, strength: float, seed: int, /) -> Scores:
    """Fit a support vector machine per class, terms weighed by how much more the class says them.

    Source: Wang & Manning (2012), "Baselines and bigrams", section 2.3.
    """
    from sklearn.svm import LinearSVC

    def make() -> Any:
        return LinearSVC(C=strength, tol=_TOLERANCE, max_iter=_ROUNDS, random_state=seed)

    occurs = matrix.astype(bool).astype(np.float64)
    return _each_class(matrix, some, make, lambda hit: _log_ratio(occurs, hit, some.weights))


def by_logistic(matrix: Any, some: TrainingSet, seed: int, /) -> Scores:
    """Fit a logistic regression per class on the terms as they are."""
    from sklearn.linear_model import LogisticRegression

    def make() -> Any:
        return LogisticRegression(
            solver="liblinear", dual=True, C=1.0, tol=_TOLERANCE, max_iter=_ROUNDS, random_state=seed
        )

    return _each_class(matrix, some, make, None)


def _each_class(
    matrix: Any, some: TrainingSet, make: Callable[[], Any], ratio_of: Callable[[np.ndarray], np.ndarray] | None
) -> Scores:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    coefficients = np.zeros((len(some.classes), matrix.shape[1]))
    intercepts = np.full(len(some.classes), _COLD_SCORE)
    for number in np.unique(some.target):
        hit = some.target == number
        if hit.all():
            intercepts[number] = -_COLD_SCORE
            continue
        ratio = np.ones(matrix.shape[1]) if ratio_of is None else ratio_of(hit)
        # a class counts as if all were as frequent
        weights = some.weights * np.where(hit, some.balance[number], 1.0)
        with warnings.catch_warnings():
            # the same text under several labels never converges, and the last steps change no answer
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = make().fit(matrix if ratio_of is None else _weighed(matrix, ratio), hit, sample_weight=weights)
        coefficients[number] = np.ravel(model.coef_) * ratio
        intercepts[number] = float(np.ravel(model.intercept_)[0])
    return Scores(coefficients, intercepts)


def _weighed(matrix: Any, ratio: np.ndarray, /) -> Any:
    """Return a matrix whose columns are multiplied; a product with a diagonal matrix takes four times as long."""
    from scipy.sparse import csr_matrix

    return csr_matrix((matrix.data * ratio[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape)


def _log_ratio(occurs: Any, hit: np.ndarray, weights: np.ndarray, /) -> np.ndarray:
    """How much more often a term is said where a class is meant; terms then count by it.

    Source: Wang & Manning (2012), "Baselines and bigrams", equation 2.
    """
    here, there = (np.asarray(occurs.T @ (weights * where)).ravel() + 1.0 for where in (hit, ~hit))
    return np.log((here / here.sum()) / (there / there.sum()))


@dataclass(frozen=True)
class Average:
    """How two learners' scores are averaged, and made probabilities of.

    Parameters
    ----------
    first, second : float
        What the scores of each are multiplied by; 0: not asked.
    scale : ScoreScale
        Makes probabilities of the sum.
    """

    first: float
    second: float
    scale: ScoreScale

    @classmethod
    def fit(cls, first: np.ndarray, second: np.ndarray | None, target: np.ndarray, /) -> Average:
        """Give the second learner none, a quarter or a half of the weight: more where log loss falls by a hundredth.

        Parameters
        ----------
        first, second : numpy.ndarray, shape (texts, classes)
            Scores of texts that the learners have not seen, brought to the same size here; without a second, the
            first is taken as it is.
        target : numpy.ndarray of int, shape (texts,)
        """
        best: tuple[float, Average] | None = None
        for share in _SHARES if second is not None else (0.0,):
            mine = (1.0 - share) / _size(first)
            theirs = share / _size(second) if second is not None else 0.0
            scores = mine * first + (theirs * second if second is not None else 0.0)
            scale = ScoreScale.fit(scores, target, shift=False, beta=True)
            found = scale.apply(scores)[np.arange(len(target)), target]
            loss = -float(np.mean(np.log(np.maximum(found, 1e-12))))
            if best is None or loss < best[0] * (1.0 - _WORTH):
                best = loss, cls(mine, theirs, scale)
        assert best is not None
        return best[1]

    def of(self, first: Scores, second: Scores | None, /) -> Scores:
        """Return the average as one linear model, which answers as quickly as either."""
        if second is None:
            return Scores(self.first * first.coefficients, self.first * first.intercepts)
        return Scores(
            self.first * first.coefficients + self.second * second.coefficients,
            self.first * first.intercepts + self.second * second.intercepts,
        )


def _size(scores: np.ndarray, /) -> float:
    """Return how far the scores of a text lie from each other."""
    return max(float(np.std(scores - scores.mean(axis=1, keepdims=True))), 1e-9)
