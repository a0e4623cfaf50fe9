"""What a pilot could see: the very test it will be judged by, tried on the company's own past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.pilots.estimate import Floats, Starts, weights

__all__ = ["POWER", "Power", "power_of"]

POWER = 0.8
"""How probable it should be to see an effect that is there."""

_MAX_TRIED = 400  # schedules that are compared with in each trial: the p-value of 0.05 is the 20th
_SIZES = 41
_TRIALS = 1200  # about: a share of 0.8 is then known to 0.023 with 95 %, were they independent


@dataclass(frozen=True)
class Power:
    """How probable it is that a pilot shows an effect, by its size.

    Parameters
    ----------
    sizes : array of shape (sizes,)
        Effects, in the outcome's unit; the first is 0, at which the share is that of false alarms.
    shares : array of shape (sizes,)
        Of the trials, how many showed it.
    smallest : float
        The smallest effect that is seen with ``POWER``; infinite where none of the sizes is. How noisy teams are is
        itself known from few of them, so it is enlarged as Student's distribution is over the normal one.
    trials : int
        Trials on the past; those of one window share its chance, so that they are fewer than they seem.
    windows : int
        How many windows of the past they were tried on.
    """

    sizes: Floats
    shares: Floats
    smallest: float
    trials: int
    windows: int


def power_of(
    past: Floats,
    draw: Callable[[Floats], Starts],
    rng: np.random.Generator,
    /,
    *,
    before: int,
    after: int,
    alpha: float = 0.1,
) -> Power:
    """Return what a pilot could have seen in the past, where nothing was tried.

    Each window of the past is drawn for anew, by its own months before: groups that are alike in the very months that
    are then compared would promise more than a pilot can hold.

    Parameters
    ----------
    past : array of shape (teams, periods)
        The outcome of all periods that are known.
    draw : callable
        Returns schedules, of shape (schedules, teams), by the outcome of the periods before, of shape (teams, before).
    before, after : int
        Periods before the pilot, and of the pilot.
    alpha : float
        Of the two-sided test.

    Returns
    -------
    Power
        Windows overlap, so that the past is used up to its end; with one window alone all hangs on it.

    Raises
    ------
    ValueError
        If the past is shorter than the panel.
    """
    periods = before + after
    last = past.shape[1] - periods
    if last < 0:
        raise ValueError(f"{past.shape[1]} periods are known, and the panel has {periods}")
    windows = np.unique(np.linspace(0, last, min(last + 1, 12)).round().astype(int))
    each = max(1, -(-_TRIALS // len(windows)))
    found: list[tuple[Floats, Floats]] = []
    for at in windows:
        values = past[:, at : at + periods]
        tried = draw(values[:, :before])[:_MAX_TRIED]
        observed = np.isfinite(values)
        of_cells = weights(observed, tried)
        others = of_cells @ np.where(observed, values, 0.0).ravel()
        picked = rng.choice(len(tried), size=min(each, len(tried)), replace=False)
        with_change = (np.arange(periods)[None, None, :] >= tried[picked][:, :, None]) & observed[None]
        all_moved = of_cells @ with_change.reshape(len(picked), -1).T.astype(float)
        for chosen, moved in zip(picked, all_moved.T, strict=True):
            known = np.isfinite(others) & np.isfinite(moved)
            if known[chosen]:
                found.append((_as_if_first(others, chosen, known), _as_if_first(moved, chosen, known)))
    if not found:
        return Power(np.zeros(1), np.zeros(1), float("inf"), 0, len(windows))
    spread = float(np.mean([others.std() for others, _ in found])) or 1e-12
    sizes = np.linspace(0.0, 6 * spread, _SIZES)
    seen = np.stack([_p_values(others, moved, sizes) <= alpha for others, moved in found])
    shares = seen.mean(axis=0)
    smallest = _smallest(sizes, shares) * _few_teams(len(past), alpha)
    return Power(sizes, shares, smallest, len(found), len(windows))


def _few_teams(teams: int, alpha: float, /) -> float:
    """Return by how much larger an effect must be where noise is estimated from so many teams."""
    from scipy.stats import norm, t

    freedom = max(teams - 2, 1)
    student = t.ppf(1 - alpha / 2, freedom) + t.ppf(POWER, freedom)
    return float(student / (norm.ppf(1 - alpha / 2) + norm.ppf(POWER)))


def _as_if_first(values: Floats, chosen: int, known: np.ndarray, /) -> Floats:
    return np.concatenate([values[[chosen]], values[known & (np.arange(len(values)) != chosen)]])


def _p_values(others: Floats, moved: Floats, sizes: Floats, /) -> Floats:
    """Return the p-value of no effect where what was carried out, the first, has brought so much."""
    tried = np.abs(others[None, :] + sizes[:, None] * moved[None, :])
    return (tried >= tried[:, :1] * (1 - 1e-9)).mean(axis=1)


def _smallest(sizes: Floats, shares: Floats, /) -> float:
    enough = np.flatnonzero(np.minimum.accumulate(shares[::-1])[::-1] >= POWER)
    if not len(enough):
        return float("inf")
    first = int(enough[0])
    if first == 0:
        return float(sizes[0])
    below, above = shares[first - 1], shares[first]
    return float(sizes[first - 1] + (sizes[first] - sizes[first - 1]) * (POWER - below) / max(above - below, 1e-12))
