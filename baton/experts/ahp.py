"""The analytic hierarchy process: weights from pairwise judgements, and how far the judgements contradict each other.

Source: Saaty 1980, The Analytic Hierarchy Process; Saaty 2008, International Journal of Services Sciences 1.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_INCONSISTENCY", "MAX_JUDGED", "consistency_ratio", "weights_of", "worst_triad"]

Floats = NDArray[np.float64]

MAX_INCONSISTENCY = 0.10
"""Saaty's bound: judgements that contradict each other more are little better than random ones."""
_RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""Mean consistency index of random judgements, by the number of what is compared (Saaty 1980)."""
MAX_JUDGED = len(_RANDOM_INDEX) - 1
"""Nobody compares more than ten things in pairs; the random index ends there too."""


def weights_of(matrix: Floats, /) -> Floats:
    """Return the principal right eigenvector, summing to 1.

    Parameters
    ----------
    matrix : array of shape (n, n)
        Positive and reciprocal: how many times the row's matters as much as the column's.

    Examples
    --------
    >>> weights_of(np.array([[1.0, 3.0], [1 / 3, 1.0]])).tolist()
    [0.75, 0.25]
    """
    values, vectors = np.linalg.eig(matrix)
    principal = np.abs(np.real(vectors)[:, int(np.argmax(np.real(values)))])
    return principal / principal.sum()


def consistency_ratio(matrix: Floats, /) -> float:
    """Return the consistency index over that of random judgements; 0 for two or fewer.

    Parameters
    ----------
    matrix : array of shape (n, n)
        Positive and reciprocal.
    """
    n = len(matrix)
    if n <= 2:
        return 0.0
    largest = float(np.max(np.real(np.linalg.eigvals(matrix))))
    return max((largest - n) / (n - 1), 0.0) / _RANDOM_INDEX[n]


def worst_triad(matrix: Floats, /) -> tuple[int, int, int]:
    """Return the three that contradict each other most: first over last against what goes by way of the middle one.

    Parameters
    ----------
    matrix : array of shape (n, n)
        Positive and reciprocal, of three or more.
    """

    def gap(triad: tuple[int, int, int]) -> float:
        one, two, three = triad
        return abs(float(np.log(matrix[one, two] * matrix[two, three] / matrix[one, three])))

    return max(combinations(range(len(matrix)), 3), key=gap)
