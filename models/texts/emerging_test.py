"""Is there more near a text of late than chance explains? One p value per text, over windows, company and team."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["WINDOWS_WEEKS", "Crowd", "least_p_values"]

WINDOWS_WEEKS = (1, 2, 4)
"""The latest weeks that are compared with the weeks before."""

_BURSTS = 0.25
_LEAST_FACTOR = 4.0
_FEWEST_BEFORE = 50


@dataclass(frozen=True)
class Crowd:
    """The texts around: their weeks (ascending) and teams (-1: unknown), the week now, the centres' teams."""

    week: np.ndarray
    team: np.ndarray
    now: int
    centre_team: np.ndarray


def least_p_values(near: np.ndarray, crowd: Crowd, min_group: int, /) -> np.ndarray:
    """Return each centre's least p value over windows, in the company and in its team; 1 where too few are near.

    Parameters
    ----------
    near : numpy.ndarray of bool, shape (centres, texts)
        Which texts are near each centre; itself is not.
    crowd : Crowd
    min_group : int
        Fewer texts of late, the centre with them, are not tested.

    Returns
    -------
    numpy.ndarray
        Not corrected for how many tests there are. The texts of late are taken as negative binomial: their rate is
        known as well as the texts of before tell it, and scatters by half of itself from week to week besides.

    Source
    ------
    Farrington et al. 1996; Gelman et al. 2013 (ch. 2.6: the predictive negative binomial).

    Examples
    --------
    >>> crowd = Crowd(np.repeat(np.arange(10), 10), np.zeros(100, int), 9, np.zeros(2, int))
    >>> near = np.zeros((2, 100), bool)
    >>> near[0, 90:99], near[1, ::10] = True, True
    >>> least_p_values(near, crowd, 5).round(6).tolist()
    [0.0, 1.0]
    """
    weeks, starts = np.unique(crowd.week, return_index=True)
    same = crowd.team[None, :] == crowd.centre_team[:, None]
    least = np.ones(len(near))
    for mask, total, known in (
        (near, np.add.reduceat(np.ones(len(crowd.week)), starts)[None, :], np.ones(len(near), bool)),
        (near & same, np.add.reduceat(same, starts, axis=1, dtype=np.int64), crowd.centre_team >= 0),
    ):
        counted = np.add.reduceat(mask, starts, axis=1, dtype=np.int64)
        for window in WINDOWS_WEEKS:
            late = weeks > crowd.now - window
            p_values = _predictive(
                counted[:, late].sum(axis=1),
                counted[:, ~late].sum(axis=1),
                np.broadcast_to(total[:, late].sum(axis=1), len(near)) - 1,
                np.broadcast_to(total[:, ~late].sum(axis=1), len(near)),
                min_group,
            )
            least = np.minimum(least, np.where(known, p_values, 1.0))
    return least


def _predictive(
    late: np.ndarray, before: np.ndarray, texts_late: np.ndarray, texts_before: np.ndarray, min_group: int, /
) -> np.ndarray:
    from scipy.stats import nbinom

    expected = (before + 0.5) * np.maximum(texts_late, 1) / np.maximum(texts_before, 1)
    tested = (late + 1 >= min_group) & (texts_before >= _FEWEST_BEFORE) & (late >= _LEAST_FACTOR * expected)
    shape = 1.0 / (1.0 / (before + 0.5) + _BURSTS)
    p_values = np.ones(len(late))
    p_values[tested] = nbinom.sf(late[tested] - 1, shape[tested], (shape / (shape + expected))[tested])
    return p_values
