"""Who works in a company, in which team, since when, and how well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.truth.kpis import LEVERS
from benchmarks.truth.worlds import Size, World

__all__ = ["AFTER", "BEFORE", "PROCESSES", "Calendar", "People", "draw_people", "helpful_skill"]

BEFORE, AFTER = 6, 3
"""Months that are lived before and after those observed: what was felt before counts, and so does what comes."""
PROCESSES = 3
STABLE = 0.8
"""Share of people's variance that stays the same from month to month."""
NEWCOMER_SD, NEWCOMER_DAYS = 0.8, 120.0
"""How far newcomers are behind, in standard deviations, and how fast it fades."""
TOGETHER = 0.25
"""Share of variance that all levers have in common: some people are better at everything."""


@dataclass(frozen=True)
class Calendar:
    """Days from the first observed one; months before and after are lived too.

    Parameters
    ----------
    months : int
        That are lived, without those before and after.
    seen : int, optional
        That are observed so far, where it is fewer.
    """

    months: int
    seen: int | None = None

    @property
    def observed(self) -> slice:
        """The months that are observed."""
        return slice(BEFORE, BEFORE + (self.months if self.seen is None else self.seen))

    @property
    def starts(self) -> pd.DatetimeIndex:
        """First days of all months, and the day after the last."""
        first = pd.Timestamp("2025-01-01") - pd.DateOffset(months=BEFORE)
        return pd.date_range(first, periods=self.months + BEFORE + AFTER + 1, freq="MS")

    @property
    def days(self) -> np.ndarray:
        """The same as days from the first observed one."""
        return (self.starts - pd.Timestamp("2025-01-01")).days.to_numpy()

    @property
    def end(self) -> int:
        """The day on which observation ends."""
        return int(self.days[self.observed.stop])


@dataclass(frozen=True)
class People:
    """Everybody who ever works there.

    Parameters
    ----------
    level : array of shape (levers, people, months)
        True standing in a month, in ``spread``s.
    skill : array of shape (people,)
        Unmeasured.
    team : int array of shape (people, months)
    group : int array of shape (people,)
        Whose customers they serve.
    process : int array of shape (people, 2)
    present : bool array of shape (people, months)
    hired, left : arrays of shape (people,)
        Days; infinity for those who stay.
    newness : array of shape (people, months)
        1 for whoever begins, fading.
    """

    level: np.ndarray
    skill: np.ndarray
    team: np.ndarray
    group: np.ndarray
    process: np.ndarray
    present: np.ndarray
    hired: np.ndarray
    left: np.ndarray
    newness: np.ndarray


def draw_people(world: World, size: Size, calendar: Calendar, rng: np.random.Generator) -> People:
    """Draw everybody and how well they do in each month."""
    months, people = len(calendar.days) - 1, size.people
    extra = round(world.turnover * people)
    everybody = people + extra
    middle = (calendar.days[:-1] + calendar.days[1:]) / 2
    hired = -rng.exponential(700.0, everybody)
    left = np.full(everybody, np.inf)
    # who leaves is replaced on the day by somebody new in the same team
    leaving = rng.permutation(people)[:extra]
    left[leaving] = rng.uniform(45, calendar.end - 60, extra)
    hired[people:] = left[leaving]
    present = (middle[None, :] > hired[:, None]) & (middle[None, :] < left[:, None])
    first = np.arange(people) % size.teams
    team = np.repeat(np.append(first, first[leaving])[:, None], months, axis=1)
    groups = 1 if world.groups == "one" else 2
    movers = rng.permutation(people)[: extra // 2]
    for person, day in zip(movers, rng.uniform(45, calendar.end - 60, len(movers)), strict=True):
        team[person, middle >= day] = (team[person, 0] + groups) % size.teams
    newness = np.exp(-np.maximum(middle[None, :] - hired[:, None], 0.0) / NEWCOMER_DAYS)
    skill = rng.standard_normal(everybody)
    process = np.column_stack([np.arange(everybody) % PROCESSES, rng.integers(1, PROCESSES, everybody)])
    process[:, 1] = (process[:, 0] + process[:, 1]) % PROCESSES
    level = _levels(world, skill, newness, rng)
    if world.lines:
        process = _lines(level, rng)
    return People(
        level=level,
        skill=skill,
        team=team,
        group=team[:, 0] % groups,
        process=process,
        present=present,
        hired=hired,
        left=left,
        newness=newness,
    )


def _levels(world: World, skill: np.ndarray, newness: np.ndarray, rng: np.random.Generator, /) -> np.ndarray:
    people, months = newness.shape
    shared = rng.standard_normal(people)
    level = np.empty((len(LEVERS), people, months))
    for at, lever in enumerate(LEVERS):
        # what is good for customers goes together; haste and thrift go with it or not as chance has it
        own = np.sqrt(TOGETHER) * shared + np.sqrt(1 - TOGETHER) * rng.standard_normal(people)
        if lever.kpi in world.skill_with:
            own = 0.7 * skill + np.sqrt(1 - 0.49) * own
        wandering = rng.standard_normal((people, months))
        for month in range(1, months):
            wandering[:, month] = 0.7 * wandering[:, month - 1] + np.sqrt(1 - 0.49) * wandering[:, month]
        level[at] = np.sqrt(STABLE) * own[:, None] + np.sqrt(1 - STABLE) * wandering - NEWCOMER_SD * newness
    return level


def helpful_skill(level: np.ndarray, /) -> np.ndarray:
    """Return how good people are at what is good for customers: array (people,)."""
    helpful = np.array([lever.effect > 0 for lever in LEVERS])
    return level[helpful].mean(axis=(0, 2))


def _lines(level: np.ndarray, rng: np.random.Generator, /) -> np.ndarray:
    """Return the lines that people work in, by their skill as far as their leads know it: array (people, 2)."""
    skill = helpful_skill(level)
    known = skill / skill.std() + 0.7 * rng.standard_normal(len(skill))
    line = np.argsort(np.argsort(known)) * PROCESSES // len(skill)
    beside = np.where(line == 0, 1, np.where(line == PROCESSES - 1, line - 1, line + rng.choice([-1, 1], len(line))))
    return np.column_stack([line, beside])
