"""How leaving builds up from cases lived, price and competition, week by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import HORIZON_DAYS, Calendar
from simulation.scenarios.service.customers import Customers
from simulation.scenarios.service.settings import World

__all__ = ["Leaving", "calibrate", "hazards", "leave", "left_within"]


@dataclass(frozen=True)
class Leaving:
    """The risk of leaving.

    Parameters
    ----------
    cumulative : array (customers, weeks + 1)
        Cumulative hazard at the weeks' ends, as if nobody had left, from the simulation's start.
    stock : array (customers, weeks)
        Log-odds that service lived so far adds, at the start of each week.
    """

    cumulative: np.ndarray
    stock: np.ndarray

    def at(self, day: np.ndarray | float, /) -> np.ndarray:
        """Return the cumulative hazard at a day, one for all customers or one each."""
        weeks = np.broadcast_to(np.asarray(day, float) / 7.0, self.cumulative.shape[:1])
        weeks = np.clip(weeks, 0, self.cumulative.shape[1] - 1)
        whole = np.minimum(weeks.astype(int), self.cumulative.shape[1] - 2)
        rows = np.arange(self.cumulative.shape[0])
        low, high = self.cumulative[rows, whole], self.cumulative[rows, whole + 1]
        return low + (weeks - whole) * (high - low)


def stocks(
    world: World, count: int, weeks: int, customer: np.ndarray, week: np.ndarray, harm: np.ndarray, /
) -> np.ndarray:
    """Add up the harm of cases per customer and week, forgetting slowly.

    Parameters
    ----------
    customer, week : int arrays (cases,)
        Whose case, and the week by whose end it is felt.
    harm : array (cases,)

    Returns
    -------
    array (customers, weeks)
        At each week's start.
    """
    inside = week < weeks
    fresh = np.bincount(customer[inside] * weeks + week[inside], weights=harm[inside], minlength=count * weeks).reshape(
        count, weeks
    )
    memory = world.leaving.memory_per_week
    stock = np.zeros((weeks, count))
    arriving = np.ascontiguousarray(fresh.T)
    for now in range(1, weeks):
        stock[now] = memory * (stock[now - 1] + arriving[now - 1])
    return np.ascontiguousarray(stock.T)


def hazards(world: World, customers: Customers, stock: np.ndarray, intercept: float, /) -> Leaving:
    """Turn pull and stock into the risk of leaving.

    Parameters
    ----------
    stock : array (customers, weeks)
    intercept : float
        Log-odds of leaving in a week of a customer with nothing special.
    """
    if world.leaving.shape == "logit":
        weekly = np.logaddexp(0.0, intercept + customers.pull + stock, dtype=np.float64)
    else:
        weekly = np.exp(intercept) * np.maximum(np.exp(customers.pull, dtype=np.float64) + stock, 0.02)
    total = np.zeros((weekly.shape[0], weekly.shape[1] + 1))
    np.cumsum(weekly, axis=1, out=total[:, 1:])
    return Leaving(total, stock)


def calibrate(world: World, calendar: Calendar, customers: Customers, stock: np.ndarray, /) -> float:
    """Find the intercept at which the wanted share of the customers at risk leaves within the horizon."""
    opens, closes = calendar.observed_days
    snapshots = np.linspace(opens, closes, 4)
    low, high = -9.0, -2.0
    for _ in range(25):
        middle = (low + high) / 2
        leaving = hazards(world, customers, stock, middle)
        begun = leaving.at(np.maximum(customers.joined, opens))
        left, here = 0.0, 0.0
        for day in snapshots:
            still = np.where(customers.joined < day, np.exp(-(leaving.at(day) - begun)), 0.0)
            left += float((still * left_within(leaving, day)).sum())
            here += float(still.sum())
        low, high = (middle, high) if left / here < world.leaving.quarterly else (low, middle)
    return (low + high) / 2


def left_within(leaving: Leaving, day: float, /) -> np.ndarray:
    """Return each customer's probability of leaving within the horizon after a day on which they are there."""
    return -np.expm1(leaving.at(day) - leaving.at(day + HORIZON_DAYS))


def leave(calendar: Calendar, customers: Customers, leaving: Leaving, /) -> np.ndarray:
    """Return the day on which each customer leaves: after the simulated time if later, as infinity.

    Those who were there when observation opened have stayed until then.
    """
    opens, _ = calendar.observed_days
    wanted = leaving.at(np.maximum(customers.joined, opens)) + customers.patience
    week = (leaving.cumulative < wanted[:, None]).sum(axis=1)
    gone = week < leaving.cumulative.shape[1]
    week = np.minimum(week, leaving.cumulative.shape[1] - 1)
    rows = np.arange(week.size)
    before, after = leaving.cumulative[rows, week - 1], leaving.cumulative[rows, week]
    share = np.divide(wanted - before, after - before, out=np.zeros(week.size), where=after > before)
    return np.where(gone, (week - 1 + share) * 7.0, np.inf)
