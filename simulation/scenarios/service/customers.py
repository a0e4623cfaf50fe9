"""Customers of a simulated company: who they are, when they came, and what makes them leave apart from service."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.service.settings import World

__all__ = ["Customers", "draw_customers"]

_CONTRACTS = np.array(["monthly", "one_year", "two_years"])
_SEGMENTS = np.array(["basic", "family", "premium", "small_business"])
_LANGUAGES = np.array(["en", "zh"])
_SITES = np.array(["harbour", "hills", "old_town", "suburbs"])
_PLANS = np.array(["fibre", "mobile", "bundle"])


@dataclass(frozen=True)
class Customers:
    """Who they are.

    Parameters
    ----------
    contract, segment, language, site, plan : arrays of str (customers,)
    value : array (customers,)
        Money a year.
    joined : array (customers,)
        Day of joining, counted from the simulation's start; negative: before.
    contact_rate : array (customers,)
        Relative to the mean.
    pull : array (customers, weeks)
        Log-odds of leaving in a week that do not come from service, without the intercept: contract, tenure, price,
        competition, season, and what nobody sees.
    patience : array (customers,)
        Cumulative hazard at which the customer leaves; the draw that all interventions share.
    """

    contract: np.ndarray
    segment: np.ndarray
    language: np.ndarray
    site: np.ndarray
    plan: np.ndarray
    value: np.ndarray
    joined: np.ndarray
    contact_rate: np.ndarray
    pull: np.ndarray
    patience: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return self.joined.size


def draw_customers(world: World, calendar: Calendar, count: int, seed: int, /) -> Customers:
    """Draw customers: most are there from the start, the others join during the observation.

    Parameters
    ----------
    count : int
        Customers, those who join or leave on the way included.

    Returns
    -------
    Customers
    """
    rng = np.random.default_rng([seed, 2])
    contract = _CONTRACTS[rng.choice(3, count, p=[0.4, 0.35, 0.25])]
    segment = _SEGMENTS[rng.choice(4, count, p=[0.4, 0.3, 0.2, 0.1])]
    site, plan = _SITES[rng.choice(4, count, p=[0.3, 0.2, 0.2, 0.3])], _PLANS[rng.choice(3, count, p=[0.4, 0.35, 0.25])]
    language = _LANGUAGES[(rng.random(count) < np.where(site == "old_town", 0.4, 0.15)).astype(int)]
    worth = {"basic": 240.0, "family": 480.0, "premium": 840.0, "small_business": 1500.0}
    value = np.array([worth[name] for name in segment]) * np.exp(0.25 * rng.standard_normal(count) - 0.03)
    newcomer = rng.random(count) < 0.18
    began = -rng.exponential(900.0, count)
    opens, closes = calendar.observed_days
    joined = np.where(newcomer, rng.uniform(opens, closes, count), began)
    contact = np.exp(world.volume.contact_spread * rng.standard_normal(count) - world.volume.contact_spread**2 / 2)
    unmoved = np.zeros((count, 0))
    drawn = Customers(contract, segment, language, site, plan, value.round(2), joined, contact, unmoved, unmoved)
    pull = _pull(world, calendar, rng, drawn)
    return replace(drawn, pull=pull, patience=rng.exponential(1.0, count))


def _pull(world: World, calendar: Calendar, rng: np.random.Generator, drawn: Customers, /) -> np.ndarray:
    contract, segment, site, plan, joined = drawn.contract, drawn.segment, drawn.site, drawn.plan, drawn.joined
    leaving, count = world.leaving, joined.size
    weeks = np.arange(calendar.week_count)
    fixed = np.select([contract == "monthly", contract == "one_year"], [1.3, 0.0], -1.9)
    fixed = fixed + np.select([segment == "premium", segment == "small_business"], [-0.3, -0.7], 0.15)
    fixed = fixed + np.where(plan == "bundle", -0.6, np.where(plan == "mobile", 0.45, 0.0))
    fixed = fixed + leaving.customer_spread * rng.standard_normal(count)
    years = np.maximum(weeks[None, :] * 7 - joined[:, None], 0.0) / 365.0
    pull = (fixed[:, None] - 0.8 * np.log1p(years)).astype(np.float32)
    month_of_year = (calendar.origin + weeks * 7).astype("datetime64[M]").astype(int) % 12
    pull += (leaving.season * np.cos(2 * np.pi * (month_of_year - 8) / 12)).astype(np.float32)
    opens, closes = calendar.observed_days
    rise = (opens + rng.integers(0, closes - opens, 3)) // 7
    for name, week in zip(_PLANS, rise, strict=True):
        since = weeks - week
        felt = np.where(since >= 0, np.exp(-np.maximum(since, 0) / 8.0), 0.0)
        pull += (leaving.price_rise * np.outer((plan == name) & (contract != "two_years"), felt)).astype(np.float32)
    offer = (opens + rng.integers(0, closes - opens, 4)) // 7
    for name, week in zip(_SITES, offer, strict=True):
        during = (weeks >= week) & (weeks < week + 10)
        pull += (leaving.competition * np.outer(site == name, during)).astype(np.float32)
    return pull
