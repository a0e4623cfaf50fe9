"""What accounts live through with a product: one set of random numbers, lived as it was and once per intervention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.product.accounts import Accounts, appetite
from simulation.scenarios.product.settings import ProductWorld
from simulation.scenarios.product.teams import ProductTeams, levels

__all__ = ["MAX_FUNCTIONS", "Events", "Experience", "ProductDraws", "draw_experiences", "experience", "product_stock"]

MAX_FUNCTIONS = 8
"""New functions of one team in one month, at most."""

_REPAIR_NOISE, _ANSWER_NOISE = 0.6, 0.6


@dataclass(frozen=True)
class Events:
    """Things that happen now and then to an account with a team.

    Parameters
    ----------
    pair, month : int arrays (events,)
    day : array (events,)
        Counted from the simulation's start.
    chance : array (events,)
        Uniform: whether it goes well.
    size : array (events,)
        Standard normal: how long it takes.
    """

    pair: np.ndarray
    month: np.ndarray
    day: np.ndarray
    chance: np.ndarray
    size: np.ndarray

    def of(self, kept: np.ndarray, /) -> Events:
        """Return some of them."""
        return Events(self.pair[kept], self.month[kept], self.day[kept], self.chance[kept], self.size[kept])


@dataclass(frozen=True)
class ProductDraws:
    """What chance decided about everything that could happen; the account may have left before.

    Parameters
    ----------
    shipped_chance : array (teams, months)
        Uniform: rounds the number of functions shipped up or down.
    offers : Events
        A team's function reaches an account that it concerns, if the team ships that many.
    slot : int array (offers,)
        Which of the month's functions.
    errors : Events
        A month of a pair: one row per account, team and month; ``chance`` decides how many errors.
    reported : bool array (errors,)
        Whether the account reports them.
    hours : array (errors,)
        Of use in that month.
    """

    shipped_chance: np.ndarray
    offers: Events
    slot: np.ndarray
    errors: Events
    reported: np.ndarray
    hours: np.ndarray
    suggestions: Events
    setups: Events


@dataclass(frozen=True)
class Experience:
    """How it went.

    Parameters
    ----------
    shipped : int array (teams, months)
        New functions.
    offered, adopted : bool arrays (offers,)
    errors : int array (errors,)
    repair_days : array (errors,)
        Until the errors of that month were mended.
    suggestion_adopted : bool array (suggestions,)
    answer_days : array (suggestions,)
    setup_completed : bool array (setups,)
    harm : dict of str to array
        Log-odds of leaving that each offer, month with errors, suggestion and set-up adds.
    """

    shipped: np.ndarray
    offered: np.ndarray
    adopted: np.ndarray
    errors: np.ndarray
    repair_days: np.ndarray
    suggestion_adopted: np.ndarray
    answer_days: np.ndarray
    setup_completed: np.ndarray
    harm: dict[str, np.ndarray]


def draw_experiences(
    world: ProductWorld, calendar: Calendar, accounts: Accounts, teams: int, seed: int, /
) -> ProductDraws:
    """Draw everything that could happen between accounts and teams.

    Returns
    -------
    ProductDraws
    """
    rng = np.random.default_rng([seed, 23])
    months, pairs, volume = calendar.month_count, accounts.account.size, world.volume
    days = calendar.month_days

    def events(pair: np.ndarray, month: np.ndarray) -> Events:
        day = days[month] + rng.random(pair.size) * (days[month + 1] - days[month])
        everything = Events(pair, month, day, rng.random(pair.size), rng.standard_normal(pair.size))
        return everything.of(day > accounts.customers.joined[accounts.account[pair]])

    def counted(per_month: float) -> Events:
        count = rng.poisson(per_month * np.repeat(accounts.share[:, None], months, axis=1))
        pair, month = np.nonzero(count)
        number = count[pair, month]
        return events(np.repeat(pair, number), np.repeat(month, number))

    concerned = rng.random((pairs, months, MAX_FUNCTIONS)) < volume.offers_per_function * accounts.share[:, None, None]
    pair, month, slot = np.nonzero(concerned)
    release = days[:-1, None] + rng.random((teams, months, MAX_FUNCTIONS)) * np.diff(days)[:, None]
    offers = events(pair, month)
    kept = release[accounts.team[pair], month, slot] > accounts.customers.joined[accounts.account[pair]]
    pair, month, slot = pair[kept], month[kept], slot[kept]
    reached = release[accounts.team[pair], month, slot] + 0.4 * rng.random(pair.size)
    offers = Events(pair, month, reached, rng.random(pair.size), rng.standard_normal(pair.size))
    each_pair, each_month = (part.ravel() for part in np.indices((pairs, months)))
    errors = events(each_pair, each_month)
    hours = accounts.hours[accounts.account] * accounts.share
    week = np.minimum((errors.day // 7).astype(int), calendar.week_count - 1)
    used = appetite(world, accounts.customers.pull)[accounts.account[errors.pair], week]
    return ProductDraws(
        rng.random((teams, months)), offers, slot, errors, rng.random(errors.pair.size) < volume.reported_errors,
        hours[errors.pair] * used, counted(volume.suggestions_per_month), counted(volume.setups_per_month),
    )  # fmt: skip


def experience(
    world: ProductWorld, accounts: Accounts, teams: ProductTeams, draws: ProductDraws,
    shift: Mapping[str, np.ndarray] | None = None, /,
) -> Experience:  # fmt: skip
    """Live through everything, as teams are or as an intervention makes them.

    Parameters
    ----------
    shift : mapping of lever to array (teams, months), optional
        What the intervention adds to the lever's true value; everything it leads to follows.

    Returns
    -------
    Experience
    """
    from scipy.stats import poisson

    at, levers = levels(world, teams, shift), world.levers

    def of(name: str, events: Events) -> np.ndarray:
        return at[name][accounts.team[events.pair], events.month]

    def beyond(name: str, happened: np.ndarray) -> np.ndarray:
        return world.effect(name) * (happened - levers[name].mean)

    functions = levers["features_shipped"].base * np.exp(at["features_shipped"]) + draws.shipped_chance
    shipped = np.clip(np.floor(functions), 0, MAX_FUNCTIONS).astype(int)
    offered = draws.slot < shipped[accounts.team[draws.offers.pair], draws.offers.month]
    adopted = draws.offers.chance < of("new_function_adoption", draws.offers)
    expected = levers["defect_rate"].base * draws.hours
    errors = poisson.ppf(draws.errors.chance, expected * np.exp(of("defect_rate", draws.errors))).astype(int)
    repair = of("defect_repair_days", draws.errors) + _REPAIR_NOISE * draws.errors.size
    taken_up = draws.suggestions.chance < of("suggestion_adoption_rate", draws.suggestions)
    answer = of("request_answer_days", draws.suggestions) + _ANSWER_NOISE * draws.suggestions.size
    completed = draws.setups.chance < of("setup_completion_rate", draws.setups)
    share = accounts.share[draws.errors.pair]
    noticed = draws.reported & (errors > 0)
    harm = {
        "offers": offered * beyond("new_function_adoption", adopted),
        # many small errors annoy as a share of what is usual; half an error keeps rare use from blowing up
        "errors": world.effect("defect_rate") * share * (errors - expected) / (expected + 0.5)
        + world.effect("defect_repair_days") * share * noticed * repair,
        "suggestions": beyond("suggestion_adoption_rate", taken_up) + world.effect("request_answer_days") * answer,
        "setups": beyond("setup_completion_rate", completed),
    }
    return Experience(
        shipped, offered, adopted, errors, levers["defect_repair_days"].base * np.exp(repair), taken_up,
        levers["request_answer_days"].base * np.exp(answer), completed, harm,
    )  # fmt: skip


def product_stock(
    world: ProductWorld, calendar: Calendar, accounts: Accounts, draws: ProductDraws, lived: Experience, /
) -> np.ndarray:
    """Add up what the product adds to the log-odds of leaving, forgetting slowly: array (accounts, weeks).

    Each thing is felt from the week after its own day on, the same week under every intervention.
    """
    from simulation.scenarios.service.leaving import stocks

    groups = {"offers": draws.offers, "errors": draws.errors, "suggestions": draws.suggestions, "setups": draws.setups}
    # how long it takes until the account knows how it went
    delay = {"offers": 10.0, "errors": 5.0, "suggestions": 14.0, "setups": 3.0}
    account = np.concatenate([accounts.account[events.pair] for events in groups.values()])
    week = np.concatenate([((events.day + delay[name]) // 7).astype(int) for name, events in groups.items()])
    harm = np.concatenate([lived.harm[name] for name in groups])
    return stocks(world.support, accounts.customers.count, calendar.week_count, account, week, harm)
