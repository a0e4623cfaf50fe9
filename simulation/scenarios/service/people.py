"""Teams and employees of a simulated company: who is there, how good at what, and how their cards changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.service.settings import World

__all__ = ["Cards", "People", "Slump", "draw_people"]

_TEAM_SIZE = 12
_TURNOVER_PER_MONTH = 0.02
_LEARNING_MONTHS = 4.0
_OVERLOAD = 0.08
# what the card names, and what people do about it
_ANSWERED_BY = {"cost_per_case": "cost_per_case", "csat": "promise_kept"}


@dataclass(frozen=True)
class Cards:
    """Scorecards and their history.

    Parameters
    ----------
    rows : list of (team number, month of validity, card)
        Months are counted among the simulated ones; the first is before the simulation starts.
    """

    rows: list[tuple[int, int, dict[str, float]]]


@dataclass(frozen=True)
class Slump:
    """A planted fall of service.

    Parameters
    ----------
    unit : {"employee", "team"}
    number : int
        Of the post or the team.
    first, after : int
        Simulated months.
    """

    unit: str
    number: int
    first: int
    after: int


@dataclass(frozen=True)
class People:
    """Posts by month, and who held them.

    Parameters
    ----------
    team_role : list of str
        Role per team.
    post_team : array (posts,)
        Team of a post.
    person : array (posts, months)
        Who held the post.
    person_team, hired, left : arrays (persons,)
        Team; months of hiring and leaving counted from the simulation's start (negative: before), NaN: still here.
    values : dict of lever to array (posts, months)
        What the holder did of each lever, in the lever's scale, before other levers move it.
    fatigue, occupancy, omitted : arrays (posts, months)
        Tiredness in standard deviations, share of the time in use, and the skill that nobody measures.
    slumps : list of Slump
    """

    team_role: list[str]
    post_team: np.ndarray
    person: np.ndarray
    person_team: np.ndarray
    hired: np.ndarray
    left: np.ndarray
    values: dict[str, np.ndarray]
    fatigue: np.ndarray
    occupancy: np.ndarray
    omitted: np.ndarray
    cards: Cards
    slumps: list[Slump]

    @property
    def role(self) -> np.ndarray:
        """Role per post."""
        return np.asarray(self.team_role)[self.post_team]


def draw_people(world: World, calendar: Calendar, employees: int, seed: int, /) -> People:
    """Draw teams, posts, holders and what they do.

    Parameters
    ----------
    employees : int
        Posts filled at any time.

    Returns
    -------
    People
    """
    rng = np.random.default_rng([seed, 1])
    months = calendar.month_count
    team_role, post_team = _teams(world, employees)
    person, person_team, hired, left = _holders(rng, post_team, months)
    tenure = np.arange(months)[None, :] - hired[person] + 0.5
    green = np.exp(-np.maximum(tenure, 0) / _LEARNING_MONTHS)
    cards = _cards(world, calendar, team_role, rng)
    occupancy, fatigue = _load(rng, calendar, post_team, len(team_role))
    slumps = _slumps(world, calendar, np.random.default_rng([seed, 9]), post_team.size, len(team_role))
    occupancy, fatigue = _tired(world, occupancy, fatigue, slumps)
    omitted = rng.standard_normal(len(person_team))
    values = {}
    for name, lever in world.levers.items():
        shared = world.omitted.correlation if name == "first_contact_resolution" else 0.0
        trait = shared * omitted + np.sqrt(1 - shared**2) * rng.standard_normal(len(person_team))
        team = rng.standard_normal(len(team_role)) * lever.team_sd
        own = lever.mean + team[person_team] + lever.person_sd * trait
        answer = _answer(world, name, cards, len(team_role), months)
        drift = _drift(rng, post_team.size, months) * 0.25 * lever.spread
        values[name] = own[person] + lever.newcomer * green + answer[post_team] + drift
    for slump in slumps:
        if slump.unit == "team":
            posts = np.flatnonzero(post_team == slump.number)
            values["knowledge_use"][posts, slump.first : slump.after] += world.slumps.team_knowledge
            values["first_contact_resolution"][posts, slump.first : slump.after] += world.slumps.team_first_contact
    return People(
        team_role,
        post_team,
        person,
        person_team,
        hired,
        left,
        values,
        fatigue,
        occupancy,
        omitted[person],
        cards,
        slumps,
    )


def _teams(world: World, employees: int, /) -> tuple[list[str], np.ndarray]:
    if world.team_sizes:
        roles = list(world.roles)
        fixed = [roles[number % len(roles)] for number in range(len(world.team_sizes))]
        return fixed, np.repeat(np.arange(len(world.team_sizes)), world.team_sizes)
    team_role: list[str] = []
    post_team: list[int] = []
    wanted = {name: max(1, round(role.share * employees)) for name, role in world.roles.items()}
    largest = max(wanted, key=lambda name: wanted[name])
    wanted[largest] = max(1, wanted[largest] + employees - sum(wanted.values()))
    for name, posts in wanted.items():
        teams = max(1, round(posts / _TEAM_SIZE))
        for number in range(teams):
            size = posts // teams + (number < posts % teams)
            post_team += [len(team_role)] * size
            team_role.append(name)
    return team_role, np.asarray(post_team)


def _holders(
    rng: np.random.Generator, post_team: np.ndarray, months: int, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    posts = post_team.size
    leaves = rng.random((posts, months)) < _TURNOVER_PER_MONTH
    generation = np.concatenate([np.zeros((posts, 1), int), np.cumsum(leaves, axis=1)[:, :-1]], axis=1)
    offsets = np.concatenate([[0], np.cumsum(generation[:, -1] + 1)[:-1]])
    person = offsets[:, None] + generation
    count = int(person.max()) + 1
    hired, left = np.full(count, np.nan), np.full(count, np.nan)
    first = np.full(count, months)
    last = np.zeros(count, int)
    month = np.broadcast_to(np.arange(months), (posts, months))
    np.minimum.at(first, person, month)
    np.maximum.at(last, person, month)
    hired[:] = first
    here_before = first == 0
    hired[here_before] = -np.ceil(rng.exponential(40.0, int(here_before.sum())))
    gone = np.zeros(count, bool)
    gone[person[leaves]] = True
    left[gone] = last[gone] + 1
    person_team = np.zeros(count, int)
    person_team[person] = post_team[:, None]
    return person, person_team, hired, left


def _cards(world: World, calendar: Calendar, team_role: list[str], rng: np.random.Generator, /) -> Cards:
    """Every team starts with the card of before; most turn to today's in one step or two, some months apart."""
    rows: list[tuple[int, int, dict[str, float]]] = []
    first, last = calendar.observed.start, calendar.observed.stop
    for team, role in enumerate(team_role):
        before, card = world.roles[role].before, world.roles[role].card
        rows.append((team, -6, before))
        low = first + max(1, calendar.months // 5)
        turn = int(rng.integers(low, max(low + 1, last - max(1, calendar.months // 4))))
        if rng.random() < 0.5 and turn > first + 1:
            rows.append((team, max(first, turn - 2), _midway(before, card)))
        rows.append((team, turn, card))
    return Cards(rows)


def _midway(before: dict[str, float], card: dict[str, float], /) -> dict[str, float]:
    """Move the first two KPIs that gained and lost to today's points, the others stay."""
    moved = {kpi: card[kpi] - before[kpi] for kpi in card}
    up = next(kpi for kpi in moved if moved[kpi] > 0)
    down = next(kpi for kpi in moved if moved[kpi] <= -5)
    points = min(moved[up], -moved[down])
    return {**before, up: before[up] + points, down: before[down] - points}


def _answer(world: World, lever: str, cards: Cards, teams: int, months: int, /) -> np.ndarray:
    """Tell what the cards' changes do to a lever: effort moves to what pays."""
    setting = world.levers[lever]
    points = np.full((teams, months), np.nan)
    start = np.zeros(teams)
    for team, month, card in cards.rows:
        paid = card.get(lever, 0.0) + sum(card.get(kpi, 0.0) for kpi, by in _ANSWERED_BY.items() if by == lever != kpi)
        if month < 0:
            start[team] = paid
        points[team, max(month, 0) :] = paid
    gained = (points - start[:, None]) / 10.0
    # a change takes a month or two to be felt
    felt = np.concatenate([np.zeros((teams, 1)), gained[:, :-1]], axis=1) * 0.5 + gained * 0.5
    return setting.sign * world.cards.answer * setting.controllability * setting.spread * felt


def _drift(rng: np.random.Generator, posts: int, months: int, /) -> np.ndarray:
    """Slow ups and downs of one person, SD 1."""
    moved = np.empty((posts, months))
    moved[:, 0] = rng.standard_normal(posts)
    shocks = rng.standard_normal((posts, months))
    for month in range(1, months):
        moved[:, month] = 0.7 * moved[:, month - 1] + np.sqrt(1 - 0.49) * shocks[:, month]
    return moved


def _slumps(world: World, calendar: Calendar, rng: np.random.Generator, posts: int, teams: int, /) -> list[Slump]:
    found = []
    first, last = calendar.observed.start + 2, calendar.observed.stop
    for unit, count, share in (
        ("employee", posts, world.slumps.person_share),
        ("team", teams, world.slumps.team_share),
    ):
        hit = np.flatnonzero(rng.random(count) < share)
        starts = rng.integers(first, last, hit.size)
        found += [
            Slump(unit, int(number), int(start), min(int(start) + world.slumps.months, last))
            for number, start in zip(hit, starts, strict=True)
        ]
    return found


def _tired(
    world: World, occupancy: np.ndarray, fatigue: np.ndarray, slumps: list[Slump], /
) -> tuple[np.ndarray, np.ndarray]:
    """Add what slumps come from: too much work, and half of the tiredness in the month before the service falls."""
    busy, tired = occupancy.copy(), fatigue.copy()
    for slump in slumps:
        if slump.unit == "employee":
            busy[slump.number, slump.first - 1 : slump.first + 1] += _OVERLOAD
            tired[slump.number, slump.first : slump.after] += world.slumps.tiredness
            tired[slump.number, slump.first - 1] += world.slumps.tiredness / 2
    return np.minimum(busy, 0.99), tired


def _load(
    rng: np.random.Generator, calendar: Calendar, post_team: np.ndarray, teams: int, /
) -> tuple[np.ndarray, np.ndarray]:
    """Occupancy by team, season and chance; tiredness follows it and wears off slowly."""
    months = calendar.month_count
    season = 0.03 * np.cos(2 * np.pi * (calendar.starts[:-1].astype("datetime64[M]").astype(int) % 12) / 12)
    team = 0.78 + 0.03 * rng.standard_normal((teams, 1)) + 0.04 * _drift(rng, teams, months) + season
    occupancy = np.clip(team[post_team] + 0.03 * rng.standard_normal((post_team.size, months)), 0.4, 0.98)
    strain = (occupancy - 0.78) / 0.05
    fatigue = np.zeros((post_team.size, months))
    for month in range(1, months):
        fatigue[:, month] = 0.6 * fatigue[:, month - 1] + 0.5 * strain[:, month - 1]
    return occupancy, fatigue
