"""Accounts of a simulated B2B company: contracts for years, a few large ones, and who looks after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.b2b.long_calendar import month_of_day
from simulation.scenarios.b2b.owners import SUPPLIER, Owners
from simulation.scenarios.b2b.settings import B2bWorld

__all__ = ["Accounts", "draw_accounts"]

_TERMS = np.array([12, 24, 36])
_REGIONS = np.array(["north", "south", "coast", "inland"])
_INDUSTRIES = np.array(["food", "packaging", "automotive", "pharma", "textile"])
_LANGUAGES = np.array(["en", "zh"])


@dataclass(frozen=True)
class Accounts:
    """Who they are.

    Parameters
    ----------
    term : int array (accounts,)
        Months for which a contract runs.
    expires : bool array (accounts, months)
        Whether a contract runs out in the month.
    joined : array (accounts,)
        Day of joining, counted from the simulation's start; negative: before.
    value : array (accounts,)
        Money a year.
    region, industry, segment, language : arrays of str (accounts,)
    contact_rate : array (accounts,)
        Relative to the mean.
    manager, engineer : int arrays (accounts, months)
        Posts that look after the account; it is handed over now and then.
    supplier : int array (accounts, suppliers per account)
        Posts of the suppliers that deliver to it.
    pull : array (accounts, months)
        Log-odds of leaving that come from nobody's work, without the intercept.
    patience : array (accounts,)
        Cumulative hazard at which the account leaves; the draw that all interventions share.
    """

    term: np.ndarray
    expires: np.ndarray
    joined: np.ndarray
    value: np.ndarray
    region: np.ndarray
    industry: np.ndarray
    segment: np.ndarray
    language: np.ndarray
    contact_rate: np.ndarray
    manager: np.ndarray
    engineer: np.ndarray
    supplier: np.ndarray
    pull: np.ndarray
    patience: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return self.joined.size


def draw_accounts(world: B2bWorld, calendar: Calendar, owners: Owners, count: int, seed: int, /) -> Accounts:
    """Draw accounts: two thirds are there from the start, the others sign during the observation.

    Returns
    -------
    Accounts
    """
    rng = np.random.default_rng([seed, 32])
    opens, closes = calendar.observed_days
    newcomer = rng.random(count) < 0.33
    joined = np.where(newcomer, rng.uniform(opens, closes, count), -rng.exponential(1400.0, count))
    # the largest account has been here for long
    joined[0] = min(joined[0], -2000.0)
    term = _TERMS[rng.choice(3, count, p=[0.35, 0.40, 0.25])]
    month = np.arange(calendar.month_count)
    since = month[None, :] - month_of_day(joined)[:, None]
    expires = (since > 0) & (since % term[:, None] == 0)
    value = world.volume.median_value * np.exp(world.volume.value_spread * rng.standard_normal(count))
    share = world.volume.largest_share
    value[0] = share / (1 - share) * value[1:].sum()
    rank = np.argsort(np.argsort(-value))
    segment = np.where(rank < 0.08 * count, "key", np.where(rank < 0.4 * count, "core", "standard"))
    region = _REGIONS[rng.choice(4, count, p=[0.3, 0.25, 0.25, 0.2])]
    industry = _INDUSTRIES[rng.choice(5, count)]
    language = _LANGUAGES[(rng.random(count) < np.where(region == "coast", 0.6, 0.15)).astype(int)]
    spread = world.volume.contact_spread
    rate = np.exp(spread * rng.standard_normal(count)) * (value / np.median(value)) ** 0.15
    suppliers, wanted = owners.posts_of(SUPPLIER), world.volume.suppliers_per_account
    order = np.argsort(rng.random((count, suppliers.size)), axis=1)[:, : min(wanted, suppliers.size)]
    managers, engineers = owners.posts_of("account_manager"), owners.posts_of("field_engineer")
    return Accounts(
        term, expires, joined, value.round(2), region, industry, segment, language, rate / rate.mean(),
        _keepers(world, rng, managers, accounts=count, months=month.size),
        _keepers(world, rng, engineers, accounts=count, months=month.size),
        suppliers[order], _pull(world, calendar, rng, (term, region, industry), joined), rng.exponential(1.0, count),
    )  # fmt: skip


def _keepers(world: B2bWorld, rng: np.random.Generator, posts: np.ndarray, *, accounts: int, months: int) -> np.ndarray:
    """Draw who looks after each account: array (accounts, months)."""
    handed = rng.random((accounts, months)) < 1 / world.volume.months_until_handover
    handed[:, 0] = True
    drawn = posts[rng.integers(0, posts.size, (accounts, months))]
    last = np.maximum.accumulate(np.where(handed, np.arange(months), 0), axis=1)
    return np.take_along_axis(drawn, last, axis=1)


def _pull(
    world: B2bWorld, calendar: Calendar, rng: np.random.Generator, kind: tuple[np.ndarray, np.ndarray, np.ndarray],
    joined: np.ndarray, /,
) -> np.ndarray:  # fmt: skip
    """Contract, tenure, trade, a price rise, a rival in one region, and what nobody sees."""
    term, region, industry = kind
    setting, months = world.leaving, np.arange(calendar.month_count)
    years = np.maximum(calendar.month_days[None, :-1] - joined[:, None], 30.0) / 365.25
    fixed = np.array([setting.contract[str(months_)] for months_ in term]) + setting.hidden * rng.standard_normal(
        term.size
    )
    trade = dict(zip(_INDUSTRIES, 0.25 * rng.standard_normal(_INDUSTRIES.size), strict=True))
    fixed = fixed + np.array([trade[name] for name in industry])
    start = calendar.observed.start
    rise = start + calendar.months // 2
    dear = setting.price_rise * ((months >= rise) & (months < rise + 9))
    rival = setting.competition * (months >= start + calendar.months // 3)
    return fixed[:, None] + setting.tenure * np.log(years) + dear + rival * (region == "south")[:, None]
