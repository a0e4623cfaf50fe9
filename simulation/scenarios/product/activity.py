"""The product's own log of a simulated company: use, errors, new functions, suggestions, set-up, payments."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simulation.scenarios.product.accounts import appetite
from simulation.scenarios.product.story import ProductStory
from simulation.scenarios.product.teams import team_name
from simulation.scenarios.service.records import customer_ids

__all__ = ["activity"]

_FUNCTIONS = 3
_KEY_SHARE = 0.45
_ADOPTED_AFTER_DAYS, _IGNORED_AFTER_DAYS = 6.0, 14.0
_ABANDONED_AFTER_DAYS = 3.0
_LOST_WITHOUT_SETUP, _LOST_ANYWAY = 0.40, 0.08
_UPGRADES_PER_MONTH = 0.01


@dataclass
class _Log:
    """Rows as they are gathered: one entry per kind of thing."""

    kinds: list[str] = field(default_factory=list)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(
        self, kind: str, account: np.ndarray, day: np.ndarray, amount: np.ndarray | None = None,
        team: np.ndarray | None = None, item: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Add rows of one kind; ``team`` is −1 where nobody owns the row, ``item`` a number within the team."""
        none = np.full(account.size, -1)
        self.kinds.append(kind)
        self.parts.append(
            (
                account,
                day,
                np.full(account.size, np.nan) if amount is None else amount,
                none if team is None else team,
                none if item is None else item,
            )
        )


def activity(story: ProductStory, seed: int, /) -> pd.DataFrame:
    """Return the log of what accounts did while they were there; those about to leave use less.

    Returns
    -------
    pandas.DataFrame
        customer_id, at, kind, amount, item, team_id. ``amount``: hours of use, users at a log-in, errors, days until
        mended or answered, hours until set up, money.
    """
    rng, log = np.random.default_rng([seed, 26]), _Log()
    _use(story, rng, log)
    _logins(story, rng, log)
    _product_events(story, rng, log)
    _money(story, rng, log)
    account, day, amount, team, item = (np.concatenate(part) for part in zip(*log.parts, strict=True))
    kind = np.repeat(np.arange(len(log.kinds)), [part[0].size for part in log.parts])
    opens, closes = story.calendar.observed_days
    joined, left = story.support.customers.joined, story.support.left_day
    kept = (day > joined[account]) & (day < left[account]) & (day >= opens) & (day < closes)
    order = np.flatnonzero(kept)[np.argsort(day[kept], kind="stable")]
    account, day, amount, team, item, kind = (part[order] for part in (account, day, amount, team, item, kind))
    return pd.DataFrame(
        {
            "customer_id": customer_ids(story.support.world, story.accounts.customers.count)[account],
            "at": story.calendar.times(day),
            "kind": np.array(log.kinds)[kind],
            "amount": amount.round(3),
            "item": _items(story, team, item),
            "team_id": pd.Series(
                np.array([team_name(number) for number in range(story.teams.count)])[np.maximum(team, 0)]
            ).where(team >= 0),
        }
    )


def _unease(story: ProductStory, /) -> np.ndarray:
    """Log-odds of leaving beyond the mean: array (accounts, weeks)."""
    unease = story.support.customers.pull + story.support.leaving.stock
    return np.clip(unease - unease.mean(), -3.0, 3.0)


def _wish(story: ProductStory, /) -> np.ndarray:
    """How much accounts use for what draws them away and for what product and support did: array (accounts, weeks)."""
    lived = story.support.customers.pull - story.base_pull + story.case_stock
    return appetite(story.world, story.base_pull) * appetite(story.world, lived)


def _use(story: ProductStory, rng: np.random.Generator, log: _Log, /) -> None:
    """Weekly use of functions: hours, by the team's share in what the account uses."""
    accounts, volume = story.accounts, story.world.volume
    opens, closes = story.calendar.observed_days
    weeks = np.arange(opens // 7, min(closes // 7 + 1, story.calendar.week_count))
    falls = _wish(story)[:, weeks]
    count = rng.poisson(volume.rows_per_week * accounts.share[:, None] * falls[accounts.account])
    pair, week = np.nonzero(count)
    number = count[pair, week]
    pair, week = np.repeat(pair, number), np.repeat(weeks[week], number)
    account = accounts.account[pair]
    mean_hours = accounts.hours[account] * 12 / 52 / volume.rows_per_week
    hours = mean_hours * np.exp(0.5 * rng.standard_normal(pair.size) - 0.125)
    day = np.floor(week * 7 + 7 * rng.random(pair.size)) + (8 + 10 * rng.random(pair.size)) / 24
    key = rng.random(pair.size) < _KEY_SHARE
    function = np.where(key, 0, rng.integers(1, _FUNCTIONS, pair.size))
    for kind, rows in (("key_feature_use", key), ("feature_use", ~key)):
        log.add(kind, account[rows], day[rows], hours[rows], accounts.team[pair[rows]], function[rows])


def _logins(story: ProductStory, rng: np.random.Generator, log: _Log, /) -> None:
    """One row per account and week: how many of its seats were in use."""
    accounts = story.accounts
    opens, closes = story.calendar.observed_days
    weeks = np.arange(opens // 7, min(closes // 7 + 1, story.calendar.week_count))
    count = accounts.customers.count
    falls = _wish(story)[:, weeks] * np.exp(0.2 * rng.standard_normal((count, weeks.size)))
    in_use = rng.beta(6.0, 3.0, count)
    users = np.minimum(np.round(accounts.seats[:, None] * in_use[:, None] * falls), accounts.seats[:, None])
    account, week = np.nonzero(users)
    day = weeks[week] * 7 + 7 * rng.random(account.size)
    log.add("login", account, day, users[account, week])


def _product_events(story: ProductStory, rng: np.random.Generator, log: _Log, /) -> None:
    """Errors and their repair, new functions, suggestions and set-up."""
    draws, lived, owner, used = story.draws, story.lived, story.accounts.account, story.accounts.team
    there = lived.offered
    offers, adopted = draws.offers.of(there), lived.adopted[there]
    function = 100 + offers.month * 10 + draws.slot[there]
    after = np.minimum(rng.exponential(_ADOPTED_AFTER_DAYS, adopted.size) + 0.05, _IGNORED_AFTER_DAYS)
    known = offers.day + np.where(adopted, after, _IGNORED_AFTER_DAYS)
    for kind, rows in (("update_adopted", adopted), ("update_ignored", ~adopted)):
        log.add(kind, owner[offers.pair[rows]], known[rows], None, used[offers.pair[rows]], function[rows])
    errors = draws.errors
    met = lived.errors > 0
    log.add("error", owner[errors.pair[met]], errors.day[met], lived.errors[met].astype(float), used[errors.pair[met]])
    reported = met & draws.reported
    days = lived.repair_days[reported]
    log.add(
        "defect_mended", owner[errors.pair[reported]], errors.day[reported] + days, days, used[errors.pair[reported]]
    )
    wishes = draws.suggestions
    whose, wanted = owner[wishes.pair], used[wishes.pair]
    log.add("suggestion", whose, wishes.day, None, wanted)
    log.add("request_answered", whose, wishes.day + lived.answer_days, lived.answer_days, wanted)
    taken = lived.suggestion_adopted
    decided = wishes.day + 3.0 + rng.exponential(8.0, wishes.day.size)
    for kind, rows in (("suggestion_adopted", taken), ("suggestion_declined", ~taken)):
        log.add(kind, whose[rows], decided[rows], None, wanted[rows])
    setups, done = draws.setups, lived.setup_completed
    who, whom = owner[setups.pair], used[setups.pair]
    hours = np.minimum(20.0 * np.exp(0.8 * setups.size), 160.0)
    given_up = setups.day + _ABANDONED_AFTER_DAYS
    log.add("setup_started", who, setups.day, None, whom)
    log.add("setup_completed", who[done], (setups.day + hours / 24)[done], hours[done], whom[done])
    log.add("setup_abandoned", who[~done], given_up[~done], None, whom[~done])
    lost = rng.random(setups.day.size) < np.where(done, _LOST_ANYWAY, _LOST_WITHOUT_SETUP)
    for kind, rows in (("first_week_lost", lost), ("first_week_kept", ~lost)):
        log.add(kind, who[rows], setups.day[rows] + 7.0, None, whom[rows])


def _money(story: ProductStory, rng: np.random.Generator, log: _Log, /) -> None:
    """Monthly payments, late where an account is uneasy, and upgrades now and then."""
    people, calendar = story.accounts.customers, story.calendar
    unease, count = _unease(story), story.accounts.customers.count
    due_day, everybody = rng.integers(1, 25, count), np.arange(count)
    days = calendar.month_days[calendar.observed.start : calendar.observed.stop + 1]
    for first, after in itertools.pairwise(days):
        now = unease[:, min(int(first // 7), unease.shape[1] - 1)]
        late = np.where(rng.random(count) < 0.05 * np.exp(0.5 * now), rng.exponential(6.0, count), 0.0)
        log.add("payment", everybody, first + due_day + late + rng.random(count), people.value / 12)
        more = np.flatnonzero(rng.random(count) < _UPGRADES_PER_MONTH * np.exp(-0.6 * now))
        amount = people.value[more] * rng.uniform(0.05, 0.25, more.size)
        log.add("upgrade", more, rng.uniform(first, after, more.size), amount)


def _items(story: ProductStory, team: np.ndarray, item: np.ndarray, /) -> np.ndarray:
    """Name the function or, where the log knows the team's module alone, the module; None where nobody owns the row."""
    # numbers below 100 are functions there from the start, the others the month's new ones
    wanted = np.where(team >= 0, team * 10_000 + item + 1, -1)
    codes, place = np.unique(wanted, return_inverse=True)
    names: list[str | None] = []
    for code in codes.tolist():
        module = story.world.modules.names[max(code, 0) // 10_000]
        function = code % 10_000 - 1
        names.append(None if code < 0 else module if function < 0 else f"{module}_{function:03d}")
    return np.asarray(names, object)[place]
