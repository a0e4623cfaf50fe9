"""Is there more near a text of late than chance explains? One p value per text, over windows, company and team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["WINDOWS_WEEKS", "Crowd", "least_p_values"]

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


def least_p_values(near: np.ndarray | sparse.csr_matrix, crowd: Crowd, min_group: int, /) -> np.ndarray:
    """Return each centre's least p value over windows, in the company and in its team; 1 where too few are near.

    Parameters
    ----------
    near : numpy.ndarray or sparse matrix of bool, shape (centres, texts)
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
    held: Any = sparse.csr_matrix(near, dtype=np.float64)
    weeks, of_text = np.unique(crowd.week, return_inverse=True)
    inside = _ones(of_text, len(weeks))
    least = np.ones(held.shape[0])
    everywhere = np.asarray(inside.sum(axis=0))
    _lower(least, np.arange(len(least)), (held @ inside).toarray(), everywhere, weeks, crowd.now, min_group)
    for team in np.unique(crowd.centre_team[crowd.centre_team >= 0]):
        mine, same = np.flatnonzero(crowd.centre_team == team), crowd.team == team
        here = _ones(of_text[same], len(weeks))
        total = np.asarray(here.sum(axis=0))
        _lower(least, mine, (held[mine][:, same] @ here).toarray(), total, weeks, crowd.now, min_group)
    return least


def _ones(of_text: np.ndarray, weeks: int, /) -> sparse.csr_matrix:
    """Return which text is of which week: shape (texts, weeks)."""
    texts = len(of_text)
    return sparse.csr_matrix((np.ones(texts), (np.arange(texts), of_text)), shape=(texts, weeks))


def _lower(
    least: np.ndarray,
    which: np.ndarray,
    counted: np.ndarray,
    total: np.ndarray,
    weeks: np.ndarray,
    now: int,
    min_group: int,
    /,
) -> None:
    """Put each centre's p value where it is lower; both tables have a column per week."""
    for window in WINDOWS_WEEKS:
        late = weeks > now - window
        p_values = _predictive(
            counted[:, late].sum(axis=1),
            counted[:, ~late].sum(axis=1),
            np.broadcast_to(total[:, late].sum(axis=1), len(which)) - 1,
            np.broadcast_to(total[:, ~late].sum(axis=1), len(which)),
            min_group,
        )
        least[which] = np.minimum(least[which], p_values)


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
