"""Is there more near a text of late than chance explains? One p value per text, over windows, company and team."""

from __future__ import annotations

from dataclasses import dataclass

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
    weeks, first = np.unique(crowd.week, return_index=True)
    tests, minimum = _Tests(weeks, crowd.now, min_group), np.ones(near.shape[0])
    counted = _by_week(near, crowd.week, weeks)
    totals = np.diff(np.append(first, len(crowd.week)))[None, :]
    # in no part of the company can more be near than in all of it
    enough = np.flatnonzero(tests.late(counted) + 1 >= min_group)
    minimum[enough] = tests.p_values(counted[enough], totals)
    teams = crowd.centre_team[enough]
    for team in np.unique(teams[teams >= 0]):
        mine, same = enough[teams == team], np.flatnonzero(crowd.team == team)
        total = np.bincount(np.searchsorted(weeks, crowd.week[same]), minlength=len(weeks))[None, :]
        here = _by_week(near[mine][:, same], crowd.week[same], weeks)
        minimum[mine] = np.minimum(minimum[mine], tests.p_values(here, total))
    return minimum


def _by_week(near: np.ndarray | sparse.csr_matrix, week: np.ndarray, weeks: np.ndarray, /) -> np.ndarray:
    """Return how many texts of each week are near each centre (centres, weeks)."""
    there, starts = np.unique(week, return_index=True)
    counted = np.zeros((near.shape[0], len(weeks)))
    if not len(there):
        return counted
    columns = np.searchsorted(weeks, there)
    if isinstance(near, np.ndarray):
        counted[:, columns] = np.add.reduceat(near, starts, axis=1, dtype=np.int32)
        return counted
    of_week = (np.ones(len(week)), (np.arange(len(week)), np.searchsorted(weeks, week)))
    return (near.astype(np.float64) @ sparse.csr_matrix(of_week, shape=(len(week), len(weeks)))).toarray()


@dataclass(frozen=True)
class _Tests:
    """The windows that end in one week."""

    weeks: np.ndarray
    now: int
    min_group: int

    def late(self, counted: np.ndarray, /) -> np.ndarray:
        """Return how many texts are near each centre in the longest window."""
        return counted[:, self.weeks > self.now - max(WINDOWS_WEEKS)].sum(axis=1)

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
