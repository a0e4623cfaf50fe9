"""Accounts of a product company: who they are, whose functions they use, and what makes them leave anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.product.settings import ProductWorld
from simulation.scenarios.service.customers import Customers

__all__ = ["INDUSTRIES", "Accounts", "appetite", "draw_accounts"]

_CONTRACTS = np.array(["monthly", "annual", "three_years"])
_PLANS = np.array(["starter", "team", "business", "enterprise"])
_LANGUAGES = np.array(["en", "zh"])
_SITES = np.array(["north", "south", "east", "west"])
INDUSTRIES = np.array(["retail", "crafts", "health", "logistics", "schools", "law", "hotels", "factories"])
_SEATS = np.array([4.0, 12.0, 45.0, 180.0])
_SEAT_PRICE = np.array([180.0, 240.0, 300.0, 340.0])


@dataclass(frozen=True)
class Accounts:
    """Who they are, and whose functions they use.

    Parameters
    ----------
    customers : Customers
        In the terms of the service engine; ``segment`` is the industry, ``pull`` knows nothing of product and support.
    seats : int array (accounts,)
    hours : array (accounts,)
        Of use in a month, if nothing puts them off.
    account, team : int arrays (pairs,)
        Which account uses which team's functions.
    share : array (pairs,)
        Of the account's use; sums to 1 per account.
    """

    customers: Customers
    seats: np.ndarray
    hours: np.ndarray
    account: np.ndarray
    team: np.ndarray
    share: np.ndarray


def draw_accounts(world: ProductWorld, calendar: Calendar, count: int, teams: int, seed: int, /) -> Accounts:
    """Draw accounts: most are there from the start, the others join during the observation.

    Parameters
    ----------
    count : int
        Accounts, those who join or leave on the way included.
    teams : int
        Product teams.

    Returns
    -------
    Accounts
    """
    rng = np.random.default_rng([seed, 22])
    contract, plan = rng.choice(3, count, p=[0.45, 0.40, 0.15]), rng.choice(4, count, p=[0.42, 0.33, 0.18, 0.07])
    industry, site = rng.integers(0, INDUSTRIES.size, count), rng.integers(0, 4, count)
    language = _LANGUAGES[(rng.random(count) < np.where(site == 2, 0.45, 0.12)).astype(int)]
    seats = np.maximum(np.round(_SEATS[plan] * np.exp(0.35 * rng.standard_normal(count))), 1).astype(int)
    value = seats * _SEAT_PRICE[plan] * np.exp(0.15 * rng.standard_normal(count))
    newcomer, began = rng.random(count) < 0.22, -rng.exponential(700.0, count)
    opens, closes = calendar.observed_days
    joined = np.where(newcomer, rng.uniform(opens, closes, count), began)
    contact = np.exp(
        world.support.volume.contact_spread * rng.standard_normal(count) - world.support.volume.contact_spread**2 / 2
    )
    hours = 12.0 * seats**0.55 * np.exp(0.35 * rng.standard_normal(count))
    account, team, share = _use(world, rng, industry, plan, teams)
    used = np.bincount(account, minlength=count)
    pull = _pull(world, calendar, rng, (contract, plan, industry, site), used, joined)
    customers = Customers(
        _CONTRACTS[contract], INDUSTRIES[industry], language, _SITES[site], _PLANS[plan], value.round(2), joined,
        contact, pull, rng.exponential(1.0, count),
    )  # fmt: skip
    return Accounts(customers, seats, hours, account, team, share)


def appetite(world: ProductWorld, pull: np.ndarray, /) -> np.ndarray:
    """Return how much is used, relative to what is usual, by accounts drawn away: who is about to leave uses less.

    Parameters
    ----------
    pull : array (accounts, weeks)
        Log-odds of leaving.
    """
    return np.exp(-world.volume.use_falls * np.clip(pull - pull.mean(), -3.0, 3.0))


def _use(
    world: ProductWorld, rng: np.random.Generator, industry: np.ndarray, plan: np.ndarray, teams: int, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whose functions each account uses: an industry has its favourites, larger plans use more."""
    count = industry.size
    liking = 0.9 * rng.standard_normal((INDUSTRIES.size, teams)) + 0.4 * rng.standard_normal(teams)
    rank = np.argsort(-(liking[industry] + rng.gumbel(size=(count, teams))), axis=1)
    wanted = 1 + rng.binomial(teams, np.clip((world.volume.teams_per_account - 1.6 + 0.6 * plan) / teams, 0, 1))
    chosen = np.arange(teams)[None, :] < np.clip(wanted, 1, teams)[:, None]
    account = np.repeat(np.arange(count), chosen.sum(axis=1))
    team = rank[chosen]
    weight = rng.gamma(1.8, size=team.size)
    share = weight / np.bincount(account, weights=weight, minlength=count)[account]
    return account, team, share


def _pull(
    world: ProductWorld,
    calendar: Calendar,
    rng: np.random.Generator,
    traits: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    used: np.ndarray,
    joined: np.ndarray,
    /,
) -> np.ndarray:
    setting, count = world.pull, joined.size
    contract, plan, industry, site = traits
    weeks = np.arange(calendar.week_count)
    fixed = np.array([setting.contract[str(name)] for name in _CONTRACTS])[contract]
    fixed = fixed + np.array([setting.plan[str(name)] for name in _PLANS])[plan]
    fixed = fixed + setting.industry_spread * rng.standard_normal(INDUSTRIES.size)[industry]
    fixed = fixed + setting.modules * (used - used.mean()) + setting.hidden * rng.standard_normal(count)
    years = np.maximum(weeks[None, :] * 7 - joined[:, None], 0.0) / 365.0
    pull = (fixed[:, None] + setting.tenure * np.log1p(years)).astype(np.float32)
    month_of_year = (calendar.origin + weeks * 7).astype("datetime64[M]").astype(int) % 12
    pull += (world.support.leaving.season * np.cos(2 * np.pi * (month_of_year - 11) / 12)).astype(np.float32)
    opens, closes = calendar.observed_days
    rise = (opens + rng.integers(0, closes - opens, _PLANS.size)) // 7
    for number, week in enumerate(rise):
        felt = np.where(weeks >= week, np.exp(-np.maximum(weeks - week, 0) / 8.0), 0.0)
        pull += (setting.price_rise * np.outer((plan == number) & (contract != 2), felt)).astype(np.float32)
    offer = (opens + rng.integers(0, closes - opens, _SITES.size)) // 7
    for number, week in enumerate(offer):
        during = (weeks >= week) & (weeks < week + 12)
        pull += (setting.competition * np.outer(site == number, during)).astype(np.float32)
    return pull
