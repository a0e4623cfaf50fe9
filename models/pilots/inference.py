"""Whether an effect is more than chance: against all schedules that might have been drawn as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.pilots.estimate import NEVER, Floats, Starts, effects, weights

__all__ = ["Measured", "measure", "trend_before"]

_POINTS = 801


@dataclass(frozen=True)
class Measured:
    """An effect with its interval.

    Parameters
    ----------
    effect, low, high : float
        In the outcome's unit; infinite where no effect on that side is refused.
    p_value : float
        Of no effect at all, two-sided; never below 1 / ``schedules``.
    schedules : int
        How many might have been drawn.
    """

    effect: float
    low: float
    high: float
    p_value: float
    schedules: int


def measure(values: Floats, carried_out: Starts, schedules: Starts, /, *, level: float = 0.9) -> Measured:
    """Return the effect of a change, with a p-value and an interval that hold for few teams.

    Whatever is compared with was as likely to be drawn, so no assumption about teams or time is made; the interval
    has the constant effects that are not refused at ``1 - level``.

    Parameters
    ----------
    values : array of shape (teams, periods)
    carried_out : array of shape (teams,)
        The start of each team.
    schedules : array of shape (schedules, teams)
        All that might have been drawn, that which was included.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        If what was carried out is none of the schedules.

    Notes
    -----
    Source: Rosenbaum (2002), Observational studies, section 2.4; Imbens and Rubin (2015), chapter 5.
    """
    if not (schedules == carried_out).all(axis=1).any():
        raise ValueError("what was carried out is none of the schedules that were drawn from")
    with_change = (np.arange(values.shape[1])[None, :] >= carried_out[:, None]).astype(float)
    observed = np.isfinite(values)
    found = float(effects(values, carried_out[None])[0])
    of_cells = weights(observed, schedules)
    others = of_cells @ np.where(observed, values, 0.0).ravel()
    # subtracting an effect of one from what was carried out changes what another schedule seems to bring by so much
    moved = of_cells @ (with_change * observed).ravel()
    known = np.isfinite(others) & np.isfinite(moved)
    others, moved = others[known], moved[known]
    if not np.isfinite(found) or not len(others):
        return Measured(float("nan"), float("nan"), float("nan"), float("nan"), len(schedules))

    def p_values(supposed: Floats) -> Floats:
        rest = np.abs(found - supposed)[:, None] * (1 - 1e-9)
        return (np.abs(others[None, :] - supposed[:, None] * moved[None, :]) >= rest).mean(axis=1)

    low, high = _not_refused(p_values, found, others, 1.0 - level)
    return Measured(found, low, high, float(p_values(np.zeros(1))[0]), len(schedules))


def trend_before(values: Floats, carried_out: Starts, schedules: Starts, /) -> tuple[float, float]:
    """Return how much faster those who began had risen before anybody began, and its p-value.

    Parameters
    ----------
    values : array of shape (teams, periods)
    carried_out : array of shape (teams,)
    schedules : array of shape (schedules, teams)

    Returns
    -------
    tuple of float
        Outcome per period, and p-value; NaN where there are fewer than three periods before.
    """
    first = int(carried_out.min())
    before = values[:, :first]
    if before.shape[1] < 3:
        return float("nan"), float("nan")
    slopes = np.array([_slope(row) for row in before])
    known = np.isfinite(slopes)

    def differences(starts: Starts) -> Floats:
        begins = (starts < NEVER)[:, known]
        both = begins.any(axis=1) & ~begins.all(axis=1)
        of = slopes[known]
        with np.errstate(invalid="ignore"):
            on = (begins * of).sum(axis=1) / begins.sum(axis=1)
            off = (~begins * of).sum(axis=1) / (~begins).sum(axis=1)
        return np.where(both, on - off, np.nan)

    found, others = float(differences(carried_out[None])[0]), differences(schedules)
    others = others[np.isfinite(others)]
    if not np.isfinite(found) or not len(others):
        return float("nan"), float("nan")
    return found, float((np.abs(others) >= abs(found) * (1 - 1e-9)).mean())


def _slope(row: Floats, /) -> float:
    known = np.isfinite(row)
    if known.sum() < 3:
        return float("nan")
    return float(np.polyfit(np.flatnonzero(known), row[known], 1)[0])


def _not_refused(p_values: object, found: float, others: Floats, alpha: float, /) -> tuple[float, float]:
    """Return the lowest and the highest effect that are not refused, looked for to eight spreads on either side."""
    reach = 8 * max(float(np.std(others)), abs(found) * 1e-6, 1e-12)
    ends = []
    for side in (-1.0, 1.0):
        inside, outside = found, found + side * reach
        if p_values(np.array([outside]))[0] > alpha:  # type: ignore[operator]
            ends.append(side * float("inf"))
            continue
        grid = np.linspace(found, outside, _POINTS)
        kept = p_values(grid) > alpha  # type: ignore[operator]
        last = int(np.flatnonzero(kept).max(initial=0))
        inside, outside = float(grid[last]), float(grid[min(last + 1, _POINTS - 1)])
        ends.append((inside + outside) / 2)
    return ends[0], ends[1]
