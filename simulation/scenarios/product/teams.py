"""Product teams of a simulated company: what they do month by month, and how their scorecards turned to shipping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.product.settings import ProductWorld
from simulation.scenarios.service.people import Slump

__all__ = ["ProductTeams", "draw_teams", "levels", "own_unit", "team_name"]

_STAYS = 0.7
_BUILT_UP = 0.7
_LIMITS = {"share": (0.02, 0.98), "log": (-2.0, 2.0), "count": (0.0, 40.0)}


@dataclass(frozen=True)
class ProductTeams:
    """Teams by month.

    Parameters
    ----------
    count : int
    values : dict of lever to array (teams, months)
        What teams do of each lever, in the lever's scale, before other levers move it.
    cards : list of (team, month of validity, card)
        Months are counted among the simulated ones; the first is before the simulation starts.
    slumps : list of Slump
        Relaunches that lose the users.
    """

    count: int
    values: dict[str, np.ndarray]
    cards: list[tuple[int, int, dict[str, float]]]
    slumps: list[Slump]


def draw_teams(world: ProductWorld, calendar: Calendar, count: int, seed: int, /) -> ProductTeams:
    """Draw what teams do: each has a level of its own, around which its months go up and down.

    Returns
    -------
    ProductTeams
    """
    rng = np.random.default_rng([seed, 21])
    cards = _cards(world, calendar, count, rng)
    months = calendar.month_count
    values = {}
    for name, lever in world.levers.items():
        own = lever.mean + lever.team_sd * rng.standard_normal(count)
        months_of = lever.month_sd * _swings(rng, count, months)
        values[name] = own[:, None] + months_of + _answer(world, name, cards, count, months)
    slumps = []
    for team in np.flatnonzero(rng.random(count) < world.slumps.share):
        first = int(rng.integers(calendar.observed.start + 2, calendar.observed.stop))
        slump = Slump("team", int(team), first, min(first + world.slumps.months, calendar.observed.stop))
        values["new_function_adoption"][team, slump.first : slump.after] += world.slumps.adoption
        values["setup_completion_rate"][team, slump.first : slump.after] += world.slumps.setup
        slumps.append(slump)
    return ProductTeams(count, values, cards, slumps)


def levels(
    world: ProductWorld, teams: ProductTeams, shift: Mapping[str, np.ndarray] | None = None, /
) -> dict[str, np.ndarray]:
    """Return what teams do of each lever, in the lever's scale, what moves it included.

    Parameters
    ----------
    shift : mapping of lever to array (teams, months), optional
        What an intervention adds to the lever's true value.

    Returns
    -------
    dict of str to array (teams, months)
    """
    extra, moved = shift or {}, {}

    def level(name: str) -> np.ndarray:
        if name not in moved:
            value = teams.values[name] + extra.get(name, 0.0)
            for source, by in world.arrows.get(name, {}).items():
                deviation = level(source) - world.levers[source].mean
                value = value + by * (_built_up(deviation) if source in world.slow else deviation)
            low, high = _LIMITS[world.levers[name].scale]
            moved[name] = np.clip(value, low, high)
        return moved[name]

    return {name: level(name) for name in world.levers}


def own_unit(world: ProductWorld, values: Mapping[str, np.ndarray], /) -> dict[str, np.ndarray]:
    """Return levels in the KPIs' own units: shares, days, errors per hour, thousands."""
    return {
        name: world.levers[name].base * np.exp(value) if world.levers[name].scale == "log" else value
        for name, value in values.items()
    }


def team_name(number: int, /) -> str:
    """Return a product team's id.

    Examples
    --------
    >>> team_name(3)
    'P04'
    """
    return f"P{number + 1:02d}"


def _swings(rng: np.random.Generator, count: int, months: int, /) -> np.ndarray:
    """Ups and downs that come back to where the team stands, SD 1."""
    moved = np.empty((count, months))
    moved[:, 0] = rng.standard_normal(count)
    shocks = rng.standard_normal((count, months))
    for month in range(1, months):
        moved[:, month] = _STAYS * moved[:, month - 1] + np.sqrt(1 - _STAYS**2) * shocks[:, month]
    return moved


def _built_up(values: np.ndarray, /) -> np.ndarray:
    built = np.empty_like(values)
    built[:, 0] = values[:, 0]
    for month in range(1, values.shape[1]):
        built[:, month] = _BUILT_UP * built[:, month - 1] + (1 - _BUILT_UP) * values[:, month]
    return built


def _cards(
    world: ProductWorld, calendar: Calendar, count: int, rng: np.random.Generator, /
) -> list[tuple[int, int, dict[str, float]]]:
    """Every team starts with the card of before; one after the other turns to shipping."""
    rows: list[tuple[int, int, dict[str, float]]] = []
    first, last = calendar.observed.start, calendar.observed.stop
    low = first + max(1, calendar.months // 5)
    for team in range(count):
        rows.append((team, -6, world.cards.before))
        rows.append((team, int(rng.integers(low, max(low + 1, last - max(1, calendar.months // 4)))), world.cards.card))
    return rows


def _answer(
    world: ProductWorld, name: str, cards: list[tuple[int, int, dict[str, float]]], count: int, months: int, /
) -> np.ndarray:
    """Tell what the cards' changes do to a lever: effort moves to what pays."""
    lever = world.levers[name]
    points, start = np.zeros((count, months)), np.zeros(count)
    for team, month, card in cards:
        if month < 0:
            start[team] = card.get(name, 0.0)
        points[team, max(month, 0) :] = card.get(name, 0.0)
    gained = (points - start[:, None]) / 10.0
    # a change takes a month or two to be felt
    felt = 0.5 * gained + 0.5 * np.concatenate([np.zeros((count, 1)), gained[:, :-1]], axis=1)
    return lever.sign * world.cards.answer * lever.controllability * lever.spread * felt
