"""When customers leave: chances at several horizons that agree with each other and with the one that was predicted.

The chance ``p`` of leaving by the horizon is the predictor's. Every other day is reached from there, one interval at a
time, each with a logistic line on ``log(p / (1 − p))``:

- **before the horizon** by the share of those who leave by the later day who do so by the earlier one: these are
  products of ``p``, so that nothing exceeds it;
- **beyond it** by the hazard of an interval, of those who are still there when it begins.

So a curve never falls, passes through ``p`` at the horizon whatever was learned, and needs as few events as two numbers
an interval do. A row counts in an interval only if it was observed to its end, whether it left or not: rows are
censored by the end of observation alone, at a day that does not depend on them.

Source
------
Cox (1972), section 6, and Brown (1975): discrete hazards as logistic regressions of those at risk. Lagakos, Barraj & De
Gruttola (1988): hazards in reversed time, for the days before the horizon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.prediction.calibration import sigmoid

__all__ = ["MIN_EVENTS", "Curve", "Doubt", "LeftOut", "Step", "Times", "fit_curve", "fit_line", "log_odds"]

MIN_EVENTS = 10
"""An interval with fewer who left in it, or who did not, has no day of its own: two numbers could not be learned."""

_SLOPE_SPREAD = 1.0  # of the slope before anything was seen, per log-odd: it matters where events are few
_MAX_LOG_ODDS = 30.0
_NEWTON_STEPS = 50


@dataclass(frozen=True)
class Times:
    """When rows left, in days after the snapshot and the gap.

    Parameters
    ----------
    left : numpy.ndarray, shape (rows,)
        NaN where nobody was seen to leave.
    observed : numpy.ndarray, shape (rows,)
        How long each was observed.
    group : numpy.ndarray of int, shape (rows,)
        Rows of one customer are one draw.
    """

    left: np.ndarray
    observed: np.ndarray
    group: np.ndarray


@dataclass(frozen=True)
class Step:
    """How the chance at one day follows from that of its neighbour nearer to the horizon.

    Parameters
    ----------
    days : int
    intercept, slope : float
        Of the line in the log-odds at the horizon.
    covariance : (float, float, float)
        Variance of the intercept, covariance, variance of the slope; rows of one customer taken as one draw.
    rows, events : int
        Learned from: before the horizon, those who left by the later day and by this one; beyond it, those who were
        there when the interval began and left in it.
    """

    days: int
    intercept: float
    slope: float
    covariance: tuple[float, float, float]
    rows: int
    events: int

    def drawn(self, random: np.random.Generator, draws: int, /) -> np.ndarray:
        """Return lines as they might have been learned from other customers; shape (draws, 2)."""
        first, both, second = self.covariance
        return random.multivariate_normal(
            [self.intercept, self.slope], [[first, both], [both, second]], size=draws, check_valid="ignore"
        )

    @property
    def line(self) -> np.ndarray:
        """Intercept and slope; shape (1, 2)."""
        return np.array([[self.intercept, self.slope]])


@dataclass(frozen=True)
class LeftOut:
    """A day that was asked for and could not be learned.

    Parameters
    ----------
    days : int
    rows, events : int
        As of a ``Step``: too few of the rows had left, or too few had not.
    observed_days : int
        The longest that a row was observed.
    """

    days: int
    rows: int
    events: int
    observed_days: int


@dataclass(frozen=True)
class Doubt:
    """How far the chances at the horizon may be off for all alike, in log-odds.

    Parameters
    ----------
    covariance : (float, float, float)
        Of a line through the predicted log-odds, learned from rows that the models had not seen: as of a ``Step``.
    between : float
        Variance of how far off they are from one snapshot to the next, beyond what single customers' chances explain.
    """

    covariance: tuple[float, float, float]
    between: float

    def drawn(self, random: np.random.Generator, draws: int, /) -> np.ndarray:
        """Return lines from predicted log-odds to those that may be right; shape (draws, 2)."""
        first, both, second = self.covariance
        spread = [[first + self.between, both], [both, second]]
        return random.multivariate_normal([0.0, 1.0], spread, size=draws, check_valid="ignore")


@dataclass(frozen=True)
class Curve:
    """Chances of leaving by several days, given the chance by one of them.

    Parameters
    ----------
    horizon_days : int
    before : tuple of Step
        Days before the horizon, the nearest to it first.
    beyond : tuple of Step
        Days beyond it, ascending.
    left_out : tuple of LeftOut
        Days that were asked for in vain.
    doubt : Doubt or None
        None where it was not learned.
    """

    horizon_days: int
    before: tuple[Step, ...] = ()
    beyond: tuple[Step, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    doubt: Doubt | None = None

    @cached_property
    def days(self) -> tuple[int, ...]:
        """All days, ascending; the horizon is among them."""
        earlier = reversed([step.days for step in self.before])
        return (*earlier, self.horizon_days, *(step.days for step in self.beyond))

    def chances(self, chance: np.ndarray, /) -> np.ndarray:
        """Return the chances of leaving by each day.

        Parameters
        ----------
        chance : numpy.ndarray, shape (rows,)
            Of leaving by the horizon.

        Returns
        -------
        numpy.ndarray, shape (rows, days)
            Never falling along a row.
        """
        lines = [step.line for step in (*self.before, *self.beyond)]
        return self.followed(np.asarray(chance, dtype=np.float64)[:, None], lines)[:, 0, :]

    def followed(self, chance: np.ndarray, lines: Sequence[np.ndarray], /) -> np.ndarray:
        """Return chances by each day as lines of the steps have them.

        Parameters
        ----------
        chance : numpy.ndarray, shape (rows, draws)
        lines : sequence of numpy.ndarray, shape (draws, 2)
            Of the steps before the horizon, then of those beyond it.

        Returns
        -------
        numpy.ndarray, shape (rows, draws, days)
        """
        score = log_odds(chance)
        shares = [sigmoid(line[:, 0] + line[:, 1] * score) for line in lines]
        left, found = chance, [chance]
        for share in shares[: len(self.before)]:
            left = left * share
            found.insert(0, left)
        stayed = 1.0 - chance
        for share in shares[len(self.before) :]:
            stayed = stayed * (1.0 - share)
            found.append(np.maximum(1.0 - stayed, found[-1]))  # rounding falls by nothing
        return np.stack(found, axis=-1)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        steps = {"before": self.before, "beyond": self.beyond}
        return {
            "horizon_days": self.horizon_days,
            **{name: [vars(step) | {"covariance": list(step.covariance)} for step in of] for name, of in steps.items()},
            "left_out": [vars(day) for day in self.left_out],
            "doubt": None
            if self.doubt is None
            else {"covariance": list(self.doubt.covariance), "between": self.doubt.between},
        }

    @classmethod
    def from_json(cls, described: Mapping[str, Any], /) -> Curve:
        """Read a curve that ``to_json`` has described.

        Raises
        ------
        ValueError
            If a number of it cannot be.
        """
        steps = {
            name: tuple(Step(**step | {"covariance": tuple(step["covariance"])}) for step in described[name])
            for name in ("before", "beyond")
        }
        left_out = tuple(LeftOut(**day) for day in described.get("left_out", ()))
        known = described.get("doubt")
        doubt = None if known is None else Doubt(tuple(known["covariance"]), float(known["between"]))
        found = cls(int(described["horizon_days"]), **steps, left_out=left_out, doubt=doubt)
        every = [number for of in steps.values() for step in of for number in (*step.line[0], *step.covariance)]
        every += [] if doubt is None else [*doubt.covariance, doubt.between]
        if not np.isfinite(np.array(every, dtype=np.float64)).all() or list(found.days) != sorted(set(found.days)):
            raise ValueError("its curve holds a number that cannot be, or days that do not ascend")
        return found


def log_odds(chance: np.ndarray, /) -> np.ndarray:
    """Return log-odds, finite for 0 and 1, too."""
    with np.errstate(divide="ignore"):
        return np.clip(np.log(chance) - np.log1p(-chance), -_MAX_LOG_ODDS, _MAX_LOG_ODDS)


def fit_curve(chance: np.ndarray, times: Times, days: Sequence[int], horizon_days: int, /) -> Curve:
    """Learn the chances by other days than the horizon.

    Parameters
    ----------
    chance : numpy.ndarray, shape (rows,)
        Of leaving by the horizon, by models that have not seen the row.
    times : Times
        Of rows that were observed to the horizon.
    days : sequence of int
        Asked for; those with too few events, or beyond what was observed, are left out.

    Returns
    -------
    Curve
        Where all chances are alike, the Kaplan–Meier estimate at its days.
    """
    score = log_odds(np.asarray(chance, dtype=np.float64))
    whole = times.observed >= horizon_days
    left = np.where(np.isnan(times.left), np.inf, times.left)
    before, left_out, until = list[Step](), list[LeftOut](), horizon_days
    for day in sorted((day for day in days if day < horizon_days), reverse=True):
        found = _step(day, score, left <= day, whole & (left <= until), times)
        if isinstance(found, Step):
            before.append(found)
            until = day
        else:
            left_out.append(found)
    beyond, since = list[Step](), horizon_days
    for day in sorted(day for day in days if day > horizon_days):
        found = _step(day, score, left <= day, (times.observed >= day) & (left > since), times)
        if isinstance(found, Step):
            beyond.append(found)
            since = day
        else:
            left_out.append(found)
    return Curve(horizon_days, tuple(before), tuple(beyond), tuple(left_out))


def _step(day: int, score: np.ndarray, event: np.ndarray, counted: np.ndarray, times: Times, /) -> Step | LeftOut:
    happened = event[counted].astype(np.float64)
    events = int(happened.sum())
    if min(events, len(happened) - events) < MIN_EVENTS:
        return LeftOut(day, len(happened), events, int(times.observed.max(initial=0.0)))
    intercept, slope, covariance = fit_line(score[counted], happened, times.group[counted])
    return Step(day, intercept, slope, covariance, len(happened), events)


def fit_line(
    score: np.ndarray, event: np.ndarray, group: np.ndarray, /
) -> tuple[float, float, tuple[float, float, float]]:
    """Fit a logistic line by Newton's method; the expected events are those that were seen.

    Parameters
    ----------
    score, event : numpy.ndarray, shape (rows,)
    group : numpy.ndarray of int, shape (rows,)
        Rows of one are one draw.

    Returns
    -------
    (float, float, (float, float, float))
        Intercept, slope, and their variances with the covariance in between.
    """
    centre, spread = float(score.mean()), float(score.std())
    rate = float(event.mean())
    beta = np.array([np.log(rate / (1 - rate)), 0.0])
    alike = spread < 1e-9
    design = np.column_stack([np.ones(len(score)), np.zeros(len(score)) if alike else score - centre])
    penalty, bread = np.diag([0.0, 1.0 / _SLOPE_SPREAD**2]), np.eye(2)
    for _ in range(_NEWTON_STEPS):
        chance = sigmoid(design @ beta)
        bread = np.linalg.inv((design * (chance * (1 - chance))[:, None]).T @ design + penalty)
        move = bread @ (design.T @ (event - chance) - penalty @ beta)
        beta = beta + np.clip(move, -5, 5)
        if np.abs(move).max() < 1e-10:
            break
    residual = (event - sigmoid(design @ beta))[:, None] * design
    draw = np.unique(group, return_inverse=True)[1]
    sums = np.column_stack([np.bincount(draw, weights=column) for column in residual.T])
    meat = sums.T @ sums * len(sums) / max(len(sums) - 1, 1)
    shift = np.array([[1.0, -centre], [0.0, 1.0]])  # from the centred line to that of the log-odds themselves
    found = shift @ bread @ meat @ bread @ shift.T
    if alike:
        return float(beta[0]), 0.0, (float((bread @ meat @ bread)[0, 0]), 0.0, 0.0)
    covariance = (float(found[0, 0]), float(found[0, 1]), float(found[1, 1]))
    return float(beta[0] - beta[1] * centre), float(beta[1]), covariance
