"""Is there more near a text of late than chance explains? One p value per text, over windows, company and team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["WINDOWS_WEEKS", "Crowd", "min_p_values"]

WINDOWS_WEEKS = (1, 2, 4)
"""The latest weeks that are compared with the weeks before."""

_BURSTS = 0.25
_MIN_FACTOR = 4.0
_MIN_BEFORE = 50


@dataclass(frozen=True)
class Crowd:
    """The texts around: their weeks (ascending) and teams (-1: unknown), the week now, the centres' teams."""

    week: np.ndarray
    team: np.ndarray
    now: int
    centre_team: np.ndarray


def min_p_values(near: np.ndarray | sparse.csr_matrix, crowd: Crowd, min_group: int, /) -> np.ndarray:
    """Return each centre's least p value over windows, in the company and in its team; 1 where too few are near.

    Parameters
    ----------
    near : numpy.ndarray or sparse matrix of bool, shape (centres, texts)
        Which texts are near each centre; itself is not.
    min_group : int
        Fewer texts of late, the centre with them, are not tested.

    Returns
    -------
    numpy.ndarray
        Not corrected for how many tests there are. The texts of late are taken as negative binomial: their rate is
        known as well as the earlier texts show it, and scatters by half of itself from week to week besides.

    Source
    ------
    Farrington et al. 1996; Gelman et al. 2013 (ch. 2.6: the predictive negative binomial).

    Examples
    --------
    >>> crowd = Crowd(np.repeat(np.arange(10), 10), np.zeros(100, int), 9, np.zeros(2, int))
    >>> near = np.zeros((2, 100), bool)
    >>> near[0, 90:99], near[1, ::10] = True, True
    >>> min_p_values(near, crowd, 5).round(6).tolist()
    [0.0, 1.0]
    """
    held: Any = sparse.csr_matrix(near, dtype=np.float64)
    weeks, of_text = np.unique(crowd.week, return_inverse=True)
    inside, tests = _ones(of_text, len(weeks)), _Tests(weeks, crowd.now, min_group)
    minimum = np.ones(held.shape[0])
    everywhere = np.asarray(inside.sum(axis=0))
    minimum = np.minimum(minimum, tests.p_values((held @ inside).toarray(), everywhere))
    for team in np.unique(crowd.centre_team[crowd.centre_team >= 0]):
        mine, same = np.flatnonzero(crowd.centre_team == team), crowd.team == team
        here = _ones(of_text[same], len(weeks))
        total = np.asarray(here.sum(axis=0))
        minimum[mine] = np.minimum(minimum[mine], tests.p_values((held[mine][:, same] @ here).toarray(), total))
    return minimum


def _ones(of_text: np.ndarray, weeks: int, /) -> sparse.csr_matrix:
    """Return which text is of which week: shape (texts, weeks)."""
    texts = len(of_text)
    return sparse.csr_matrix((np.ones(texts), (np.arange(texts), of_text)), shape=(texts, weeks))


@dataclass(frozen=True)
class _Tests:
    """The windows that end in one week."""

    weeks: np.ndarray
    now: int
    min_group: int

    def p_values(self, counted: np.ndarray, total: np.ndarray, /) -> np.ndarray:
        """Return each centre's least p value; both tables have a column per week."""
        minimum = np.ones(len(counted))
        for window in WINDOWS_WEEKS:
            late = self.weeks > self.now - window
            p_values = _predictive(
                counted[:, late].sum(axis=1),
                counted[:, ~late].sum(axis=1),
                np.broadcast_to(total[:, late].sum(axis=1), len(counted)) - 1,
                np.broadcast_to(total[:, ~late].sum(axis=1), len(counted)),
                self.min_group,
            )
            minimum = np.minimum(minimum, p_values)
        return minimum


def _predictive(
    late: np.ndarray, before: np.ndarray, texts_late: np.ndarray, texts_before: np.ndarray, min_group: int, /
) -> np.ndarray:
    from scipy.stats import nbinom

    expected = (before + 0.5) * np.maximum(texts_late, 1) / np.maximum(texts_before, 1)
    tested = (late + 1 >= min_group) & (texts_before >= _MIN_BEFORE) & (late >= _MIN_FACTOR * expected)
    shape = 1.0 / (1.0 / (before + 0.5) + _BURSTS)
    p_values = np.ones(len(late))
    p_values[tested] = nbinom.sf(late[tested] - 1, shape[tested], (shape / (shape + expected))[tested])
    return p_values
