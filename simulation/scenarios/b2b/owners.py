"""Who acts on the accounts of a simulated B2B company: managers and engineers at posts, and suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.b2b.settings import B2bWorld
from simulation.scenarios.service.people import Slump

__all__ = ["SUPPLIER", "Owners", "draw_owners", "levels", "own_unit", "team_names"]

SUPPLIER = "supplier"
_TEAM_SIZE = 7
_TURNOVER_PER_MONTH = 0.010
_STAYS = 0.8
_BUILT_UP = 0.85
_LIMITS = {"share": (0.01, 0.98), "log": (-2.0, 2.0), "count": (0.0, 40.0)}


@dataclass(frozen=True)
class Owners:
    """Posts by month; a supplier is a team with one post and nobody in it.

    Parameters
    ----------
    team_role : list of str
        Role per team.
    post_team : int array (posts,)
    person : int array (posts, months)
        Who held the post; −1 for suppliers.
    person_team, hired, left : arrays (persons,)
        Team; months of hiring and leaving (negative: before the simulation; NaN: still here).
    values : dict of lever to array (posts, months)
        What is done of each lever, in the lever's scale, before other levers move it; NaN where it is not the role's.
    cards : list of (team, month of validity, card)
    slumps : list of Slump
        Suppliers' bad months.
    """

    team_role: list[str]
    post_team: np.ndarray
    person: np.ndarray
    person_team: np.ndarray
    hired: np.ndarray
    left: np.ndarray
    values: dict[str, np.ndarray]
    cards: list[tuple[int, int, dict[str, float]]]
    slumps: list[Slump]

    @property
    def role(self) -> np.ndarray:
        """Role per post."""
        return np.asarray(self.team_role)[self.post_team]

    def posts_of(self, role: str, /) -> np.ndarray:
        """Return the posts of a role."""
        return np.flatnonzero(self.role == role)


def team_names(owners: Owners, /) -> np.ndarray:
    """Return the teams' ids: T01 … for people, S01 … for suppliers."""
    people = sum(role != SUPPLIER for role in owners.team_role)
    count = len(owners.team_role)
    return np.array([f"T{n + 1:02d}" if n < people else f"S{n - people + 1:02d}" for n in range(count)], object)


def draw_owners(world: B2bWorld, calendar: Calendar, posts: int, suppliers: int, seed: int, /) -> Owners:
    """Draw teams, posts, holders, suppliers, and what they do.

    Parameters
    ----------
    posts, suppliers : int
        People's posts filled at any time; suppliers.

    Returns
    -------
    Owners
    """
    rng = np.random.default_rng([seed, 31])
    months = calendar.month_count
    team_role, post_team = _teams(world, posts, suppliers)
    people = int(sum(team_role[team] != SUPPLIER for team in post_team))
    person, person_team, hired, left = _holders(rng, post_team, people, months)
    cards = _cards(world, calendar, team_role, rng)
    holder = np.where(person >= 0, person, person_team.size + np.arange(post_team.size)[:, None])
    role = np.asarray(team_role)[post_team]
    values = {}
    for name, lever in world.levers.items():
        own = lever.person_sd * rng.standard_normal(person_team.size + post_team.size)
        team = lever.team_sd * rng.standard_normal(len(team_role))
        swings = lever.month_sd * _swings(rng, post_team.size, months)
        answer = _answer(world, name, cards, len(team_role), months)
        value = lever.mean + team[post_team][:, None] + own[holder] + swings + answer[post_team]
        values[name] = np.where((role == lever.owner)[:, None], value, np.nan)
    slumps = _slumps(world, calendar, rng, team_role)
    for slump in slumps:
        post = np.flatnonzero(post_team == slump.number)
        values["supplier_on_time_rate"][post, slump.first : slump.after] += world.slumps.on_time
        values["supplier_defect_rate"][post, slump.first : slump.after] += world.slumps.defects
    return Owners(team_role, post_team, person, person_team, hired, left, values, cards, slumps)


def levels(world: B2bWorld, owners: Owners, shift: Mapping[str, np.ndarray] | None = None, /) -> dict[str, np.ndarray]:
    """Return what is done of each lever, in the lever's scale, what moves it included.

    Parameters
    ----------
    shift : mapping of lever to array (posts, months), optional
        What an intervention adds to the lever's true value.

    Returns
    -------
    dict of str to array (posts, months)
    """
    extra, moved = shift or {}, {}

    def level(name: str) -> np.ndarray:
        if name not in moved:
            value = owners.values[name] + extra.get(name, 0.0)
            for source, by in world.arrows.get(name, {}).items():
                deviation = level(source) - world.levers[source].mean
                value = value + by * (_built_up(deviation) if source in world.slow else deviation)
            moved[name] = np.clip(value, *_LIMITS[world.levers[name].scale])
        return moved[name]

    return {name: level(name) for name in world.levers}


def own_unit(world: B2bWorld, values: Mapping[str, np.ndarray], /) -> dict[str, np.ndarray]:
    """Turn levels into the KPIs' own units."""
    return {
        name: world.levers[name].base * np.exp(value) if world.levers[name].scale == "log" else value
        for name, value in values.items()
    }


def _built_up(values: np.ndarray, /) -> np.ndarray:
    built = np.empty_like(values)
    built[:, 0] = values[:, 0]
    for month in range(1, values.shape[1]):
        built[:, month] = _BUILT_UP * built[:, month - 1] + (1 - _BUILT_UP) * values[:, month]
    return built


def _teams(world: B2bWorld, posts: int, suppliers: int, /) -> tuple[list[str], np.ndarray]:
    team_role: list[str] = []
    post_team: list[int] = []
    for role, setting in world.roles.items():
        if role == SUPPLIER:
            continue
        wanted = max(2, round(setting.share * posts))
        teams = max(1, round(wanted / _TEAM_SIZE))
        for number in range(teams):
            post_team += [len(team_role)] * (wanted // teams + (number < wanted % teams))
            team_role.append(role)
    for _ in range(suppliers):
        post_team.append(len(team_role))
        team_role.append(SUPPLIER)
    return team_role, np.asarray(post_team)


def _holders(
    rng: np.random.Generator, post_team: np.ndarray, people: int, months: int, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    leaves = rng.random((people, months)) < _TURNOVER_PER_MONTH
    generation = np.concatenate([np.zeros((people, 1), int), np.cumsum(leaves, axis=1)[:, :-1]], axis=1)
    offsets = np.concatenate([[0], np.cumsum(generation[:, -1] + 1)[:-1]])
    person = offsets[:, None] + generation
    count = int(person.max()) + 1
    first, last = np.full(count, months), np.zeros(count, int)
    month = np.broadcast_to(np.arange(months), person.shape)
    np.minimum.at(first, person, month)
    np.maximum.at(last, person, month)
    hired = np.where(first == 0, -np.ceil(rng.exponential(50.0, count)), first)
    left = np.full(count, np.nan)
    gone = person[leaves]
    left[gone] = last[gone] + 1
    person_team = np.zeros(count, int)
    person_team[person] = post_team[:people, None]
    empty = np.full((post_team.size - people, months), -1)
    return np.concatenate([person, empty]), person_team, hired.astype(float), left


def _cards(
    world: B2bWorld, calendar: Calendar, team_role: list[str], rng: np.random.Generator, /
) -> list[tuple[int, int, dict[str, float]]]:
    """Every team starts with the card of before and turns to today's during the observation."""
    rows: list[tuple[int, int, dict[str, float]]] = []
    first, months = calendar.observed.start, calendar.months
    for team, role in enumerate(team_role):
        rows.append((team, -6, world.roles[role].before))
        low, high = first + max(1, months // 5), first + max(2, months - months // 4)
        rows.append((team, int(rng.integers(low, max(low + 1, high))), world.roles[role].card))
    return rows


def _answer(
    world: B2bWorld, lever: str, cards: list[tuple[int, int, dict[str, float]]], teams: int, months: int, /
) -> np.ndarray:
    """Tell what the cards' changes do to a lever: effort moves to what pays, within two months."""
    points, start = np.zeros((teams, months)), np.zeros(teams)
    for team, month, card in cards:
        paid = card.get(lever, 0.0)
        if month < 0:
            start[team] = paid
        points[team, max(month, 0) :] = paid
    gained = (points - start[:, None]) / 10.0
    felt = np.concatenate([np.zeros((teams, 1)), gained[:, :-1]], axis=1) * 0.5 + gained * 0.5
    setting = world.levers[lever]
    return setting.sign * world.cards.answer * setting.controllability * setting.spread * felt


def _swings(rng: np.random.Generator, posts: int, months: int, /) -> np.ndarray:
    """Slow ups and downs, SD 1."""
    moved = rng.standard_normal((posts, months))
    for month in range(1, months):
        moved[:, month] = _STAYS * moved[:, month - 1] + np.sqrt(1 - _STAYS**2) * moved[:, month]
    return moved


def _slumps(world: B2bWorld, calendar: Calendar, rng: np.random.Generator, team_role: list[str], /) -> list[Slump]:
    found = []
    for team, role in enumerate(team_role):
        if role == SUPPLIER and rng.random() < world.slumps.share:
            first = int(rng.integers(calendar.observed.start + 2, calendar.observed.stop))
            found.append(Slump("team", team, first, min(first + world.slumps.months, calendar.observed.stop)))
    return found
