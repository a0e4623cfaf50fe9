"""One company from beginning to end, and what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.truth.cases import Cases, Customers, Lived, draw_cases, draw_customers, live, spreads
from benchmarks.truth.kpis import LEVERS
from benchmarks.truth.leaving import Risk, calibrated, left_within, risk
from benchmarks.truth.people import BEFORE, Calendar, People, draw_people
from benchmarks.truth.worlds import Size, World

__all__ = ["Story", "happen"]


@dataclass(frozen=True)
class Story:
    """Everything that happened in one company, and what its truth is computed from.

    Parameters
    ----------
    left_day : array of shape (customers,)
        Infinity for those who stay.
    """

    world: World
    size: Size
    calendar: Calendar
    people: People
    customers: Customers
    cases: Cases
    lived: Lived
    base: float
    risk: Risk
    left_day: np.ndarray

    @property
    def observed(self) -> slice:
        """The months that are observed."""
        return self.calendar.observed

    @cached_property
    def spreads(self) -> Mapping[str, float]:
        """One between-person standard deviation per lever, on its scale."""
        found = spreads(self.world, self.people, self.observed)
        return {lever.kpi: float(each) for lever, each in zip(LEVERS, found, strict=True)}

    def happened(self) -> np.ndarray:
        """Return which of the drawn cases happened while observed: bool (cases,)."""
        cases, customer = self.cases, self.cases.customer
        there = (cases.day >= self.customers.joined[customer]) & (cases.day < self.left_day[customer])
        return there & (cases.day >= 0) & (cases.day < self.calendar.end)

    def snapshots(self) -> list[int]:
        """Return the days at which customers are looked at: the last one alone where effects change."""
        days = self.calendar.days
        if self.world.late_effects:
            return [self.calendar.end]
        return [int(day) for day in days[BEFORE + 3 : self.observed.stop + 1]]

    def moved(self, shift: Mapping[str, float], /) -> Risk:
        """Return the risk of leaving if everybody had always been better in some levers, chance being the same."""
        harm = live(self.world, self.people, self.customers, self.cases, shift).harm
        return risk(self.world, self.calendar, self.customers, self.cases, harm, self.base)

    def leaving(self, found: Risk, group: int | None = None, /) -> float:
        """Return the mean probability of leaving within the horizon of those who were there and stayed."""
        total, count = 0.0, 0
        for day in self.snapshots():
            here = (self.customers.joined < day) & (self.left_day >= day)
            if group is not None:
                here &= self.customers.group == group
            total += float(left_within(found, float(day))[here].sum())
            count += int(here.sum())
        return total / count

    @cached_property
    def effects(self) -> list[dict[str, float]]:
        """Per group of customers what everybody being one SD better in a lever does to leaving within the horizon."""
        groups = sorted(set(self.customers.group.tolist()))
        before = [self.leaving(self.risk, group) for group in groups]
        found: list[dict[str, float]] = [{} for _ in groups]
        for lever in LEVERS:
            moved = self.moved({lever.kpi: self.spreads[lever.kpi]})
            for group in groups:
                found[group][lever.kpi] = self.leaving(moved, group) - before[group]
        return found


def happen(world: World, size: Size, seed: int) -> Story:
    """Draw a company and let it happen."""
    rng = np.random.default_rng([seed, 17])
    calendar = Calendar(size.months)
    people = draw_people(world, size, calendar, rng)
    customers = draw_customers(world, size, calendar, rng)
    cases = draw_cases(world, size, calendar, people, customers, rng)
    lived = live(world, people, customers, cases, {})
    base = calibrated(world, calendar, customers, cases, lived.harm)
    found = risk(world, calendar, customers, cases, lived.harm, base)
    return Story(
        world,
        size,
        calendar,
        people,
        customers,
        cases,
        lived,
        base,
        found,
        left_days(found, customers.joined, customers),
    )


def left_days(found: Risk, joined: np.ndarray, customers: Customers, /) -> np.ndarray:
    """Return the day on which each customer leaves; those who were there when observation began stayed until then."""
    wanted = found.at(np.maximum(joined, 0.0)) + customers.patience
    week = (found.cumulative < wanted[:, None]).sum(axis=1)
    gone = week < found.cumulative.shape[1]
    week = np.minimum(week, found.cumulative.shape[1] - 1)
    rows = np.arange(week.size)
    before, after = found.cumulative[rows, week - 1], found.cumulative[rows, week]
    share = np.divide(wanted - before, after - before, out=np.zeros(week.size), where=after > before)
    return np.where(gone, found.first_day + (week - 1 + share) * 7.0, np.inf)
