"""How leaving builds up from what customers lived, week by week, and who leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.truth.cases import Cases, Customers
from benchmarks.truth.people import Calendar
from benchmarks.truth.worlds import World

__all__ = ["HORIZON_DAYS", "Risk", "calibrated", "left_within", "risk"]

HORIZON_DAYS = 90
QUARTERLY = 0.12
"""Share of customers who leave within a horizon."""
FLOOR = 0.05
"""Least weekly risk of anybody, in units of the base risk."""


@dataclass(frozen=True)
class Risk:
    """Cumulative hazard at the ends of weeks, array (customers, weeks + 1), from the first day lived."""

    cumulative: np.ndarray
    first_day: int

    def at(self, day: np.ndarray | float, /) -> np.ndarray:
        """Return the cumulative hazard at a day, one for all customers or one each."""
        weeks = np.broadcast_to((np.asarray(day, float) - self.first_day) / 7.0, self.cumulative.shape[:1])
        weeks = np.clip(weeks, 0, self.cumulative.shape[1] - 1)
        whole = np.minimum(weeks.astype(int), self.cumulative.shape[1] - 2)
        rows = np.arange(len(self.cumulative))
        low, high = self.cumulative[rows, whole], self.cumulative[rows, whole + 1]
        return low + (weeks - whole) * (high - low)


def left_within(risk: Risk, day: float, /) -> np.ndarray:
    """Return each customer's probability of leaving within the horizon after a day on which they are there."""
    return -np.expm1(risk.at(day) - risk.at(day + HORIZON_DAYS))


def relative(world: World, calendar: Calendar, customers: Customers, cases: Cases, harm: np.ndarray, /) -> np.ndarray:
    """Return what customers lived, as a weekly stock: array (customers, weeks)."""
    days = calendar.days
    weeks = int(np.ceil((days[-1] - days[0]) / 7.0))
    count = len(customers.joined)
    week = ((cases.closed - days[0]) // 7.0).astype(np.int64) + world.delay_weeks
    counted = (week < weeks) & (cases.day >= customers.joined[cases.customer])
    fresh = np.bincount(
        week[counted] * count + cases.customer[counted], weights=harm[counted], minlength=weeks * count
    ).reshape(weeks, count)
    stock = np.zeros((weeks, count))
    for now in range(1, weeks):
        stock[now] = world.memory * stock[now - 1] + fresh[now - 1]
    return np.ascontiguousarray(stock.T)


def risk(
    world: World,
    calendar: Calendar,
    customers: Customers,
    cases: Cases,
    harm: np.ndarray,
    base: float,
) -> Risk:
    """Turn what customers lived into their risk of leaving.

    Parameters
    ----------
    harm : array of shape (cases,)
    base : float
        Weekly risk of a customer with nothing special.
    """
    stock = relative(world, calendar, customers, cases, harm)
    weekly = _weekly(world, customers, stock, base)
    total = np.zeros((weekly.shape[0], weekly.shape[1] + 1))
    np.cumsum(weekly, axis=1, out=total[:, 1:])
    return Risk(total, int(calendar.days[0]))


def _weekly(world: World, customers: Customers, stock: np.ndarray, base: float, /) -> np.ndarray:
    if world.shape == "interactions":
        # many bad cases count less than their sum
        stock = 12.0 * np.tanh(stock / 12.0)
    return base * np.maximum(np.exp(customers.pull)[:, None] + stock, FLOOR)


def calibrated(world: World, calendar: Calendar, customers: Customers, cases: Cases, harm: np.ndarray) -> float:
    """Return the base risk at which the intended share leaves within a horizon, half-way through."""
    one = risk(world, calendar, customers, cases, harm, 1.0)
    middle = float(calendar.end / 2)
    hazard = (one.at(middle + HORIZON_DAYS) - one.at(middle))[customers.joined < middle]
    low, high = 1e-6, 1.0
    for _ in range(40):
        base = (low + high) / 2
        low, high = (base, high) if float(-np.expm1(-base * hazard).mean()) < QUARTERLY else (low, base)
    return (low + high) / 2
