"""The effect of a change that teams begin at different times, against what they would have been without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Floats", "Starts", "effects", "event_study", "weights"]

Floats = NDArray[np.float64]
Starts = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""The start of a team that does not begin within the panel."""

_MAX_CELLS = 8_000_000  # of all schedules that are worked out together: 64 MB for each of a few arrays


def effects(values: Floats, starts: Starts, /) -> Floats:
    """Return the mean effect on those who began, for each of many schedules.

    A team's level and a period's level are fitted on cells without the change alone; the effect is the mean of what
    cells with it lie above the sum of both. Teams that began earlier are no controls of those that begin later, which
    biases two-way regressions.

    Parameters
    ----------
    values : array of shape (teams, periods)
        An outcome; NaN where nothing was measured.
    starts : array of shape (schedules, teams)
        The period from which on each team has the change; ``NEVER`` for those that never begin.

    Returns
    -------
    array of shape (schedules,)
        In the outcome's unit; NaN where no cell with the change can be compared.

    Notes
    -----
    Source: Borusyak, Jaravel and Spiess (2024), Revisiting event-study designs: robust and efficient estimation,
    Review of Economic Studies 91(6), equation 6.
    """
    observed = np.isfinite(values)
    return weights(observed, starts) @ np.where(observed, values, 0.0).ravel()


def weights(observed: NDArray[np.bool_], starts: Starts, /) -> Floats:
    """Return with which weight each cell enters the effect of each schedule, which is linear in the cells.

    Parameters
    ----------
    observed : array of shape (teams, periods)
    starts : array of shape (schedules, teams)

    Returns
    -------
    array of shape (schedules, teams * periods)
        NaN where no cell with the change can be compared.
    """
    size = max(1, _MAX_CELLS // observed.size)
    parts = [_weights(observed, starts[at : at + size]) for at in range(0, len(starts), size)]
    return np.concatenate(parts) if parts else np.empty((0, observed.size))


def _weights(observed: NDArray[np.bool_], starts: Starts, /) -> Floats:
    with_change = np.arange(observed.shape[1])[None, None, :] >= starts[:, :, None]
    without = (observed[None] & ~with_change).astype(float)
    of_team, of_period = without.sum(axis=2), without.sum(axis=1)
    compared = observed[None] & with_change & (of_team > 0)[:, :, None] & (of_period > 0)[:, None, :]
    numbers = compared.sum(axis=(1, 2), keepdims=True)
    mean = compared / np.where(numbers > 0, numbers, np.nan)
    # normal equations of the two-way fit, with the teams eliminated: one small system for the periods is left
    share = without / np.maximum(of_team, 1)[:, :, None]
    periods = np.eye(observed.shape[1])[None] * of_period[:, None, :] - np.swapaxes(without, 1, 2) @ share
    wanted = mean.sum(axis=1) - (share * mean.sum(axis=2)[:, :, None]).sum(axis=1)
    known = np.isfinite(wanted).all(axis=1)
    solved = np.zeros_like(wanted)
    solved[known] = (np.linalg.pinv(periods[known], hermitian=True) @ wanted[known][:, :, None])[:, :, 0]
    teams = mean.sum(axis=2) / np.maximum(of_team, 1) - (share * solved[:, None, :]).sum(axis=2)
    found = mean - without * (teams[:, :, None] + solved[:, None, :])
    return found.reshape(len(starts), -1)


def event_study(values: Floats, starts: Starts, /) -> dict[int, float]:
    """Return the mean gap by periods since the start, for one schedule.

    Parameters
    ----------
    values : array of shape (teams, periods)
    starts : array of shape (teams,)

    Returns
    -------
    dict of int to float
        From 0 on effects; below 0 what teams lay above the fit before they began, which should be about nothing.
    """
    observed = np.isfinite(values)
    without = observed & (np.arange(values.shape[1])[None, :] < starts[:, None])
    rows, columns = np.nonzero(without)
    design = np.zeros((len(rows), sum(values.shape)))
    design[np.arange(len(rows)), rows] = 1.0
    design[np.arange(len(rows)), values.shape[0] + columns] = 1.0
    fitted = np.linalg.lstsq(design, values[without], rcond=None)[0]
    gaps = values - fitted[: values.shape[0], None] - fitted[None, values.shape[0] :]
    begins = starts < values.shape[1]
    known = observed & begins[:, None] & without.any(axis=1)[:, None] & without.any(axis=0)[None, :]
    since = np.arange(values.shape[1])[None, :] - np.where(begins, starts, 0)[:, None]
    return {int(lag): float(gaps[known & (since == lag)].mean()) for lag in sorted(set(since[known].tolist()))}
