"""What happens in cases: who gets them, what is done, what customers live, what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.truth.kpis import LEVERS
from benchmarks.truth.people import AFTER, BEFORE, Calendar, People, helpful_skill
from benchmarks.truth.worlds import Size, World

__all__ = ["Cases", "Customers", "Lived", "draw_cases", "draw_customers", "live", "spreads"]

DIFFICULTY_HARM = 1.2
"""What one SD of difficulty adds to the harm of a case, whatever is done."""
HIDDEN_HARM = 2.5
"""How much worse the hidden part is: what nobody foresees is what customers do not forgive."""
GOOD_CONTACT = 2.5
"""What a case takes off the risk if everything in it was as good as can be: good service binds customers."""
NEWCOMER_HARM = 0.6
"""What a newcomer costs beyond what the levers show, where people come and go."""
JOINING = 0.25
"""Share of customers who join while the company is looked at."""
MAIN_PROCESS = 0.7
"""Share of a person's cases in the first of two processes."""


@dataclass(frozen=True)
class Customers:
    """Everybody who is ever a customer: arrays of shape (customers,)."""

    joined: np.ndarray
    group: np.ndarray
    segment: np.ndarray
    value: np.ndarray
    pull: np.ndarray
    patience: np.ndarray


@dataclass(frozen=True)
class Cases:
    """All that chance decides about cases: arrays of shape (cases,), of ``noise`` (levers, cases)."""

    person: np.ndarray
    month: np.ndarray
    process: np.ndarray
    customer: np.ndarray
    day: np.ndarray
    closed: np.ndarray
    complexity: np.ndarray
    urgent: np.ndarray
    channel: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class Lived:
    """What was done: ``value`` (levers, cases) on each lever's scale, and the ``harm`` that customers felt (cases,)."""

    value: np.ndarray
    harm: np.ndarray


def draw_customers(world: World, size: Size, calendar: Calendar, rng: np.random.Generator) -> Customers:
    """Draw all customers."""
    count = round(size.customers / world.contacts)
    days = calendar.days
    joined = np.where(
        rng.random(count) < JOINING, rng.uniform(days[0], days[-1], count), days[0] - rng.exponential(900.0, count)
    )
    segment = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    value = rng.lognormal(0.0, 0.5, count)
    pull = 0.25 * np.log(value) - 0.2 * (segment == 2) + 0.35 * rng.standard_normal(count)
    group = np.arange(count) % (1 if world.groups == "one" else 2)
    return Customers(joined, group, segment, value, pull, rng.exponential(1.0, count))


def draw_cases(
    world: World, size: Size, calendar: Calendar, people: People, customers: Customers, rng: np.random.Generator
) -> Cases:
    """Draw all cases, before, while and after the company is observed, as if no customer ever left."""
    volume = rng.poisson(size.cases_per_month, people.present.shape) * people.present
    person, month = (np.repeat(index.ravel(), volume.ravel()) for index in np.indices(volume.shape))
    count = len(person)
    process = people.process[person, (rng.random(count) > MAIN_PROCESS).astype(int)]
    complexity, urgent = rng.standard_normal(count), rng.random(count) < 0.2
    channel = rng.choice(3, count, p=[0.5, 0.3, 0.2])
    seen = _seen(complexity, urgent, channel)
    hidden = rng.standard_normal(count)
    if world.routing > 0:
        order = _routed(world, people, (person, month, process), (seen, hidden), rng)
        complexity, urgent, channel, seen, hidden = (
            part[order] for part in (complexity, urgent, channel, seen, hidden)
        )
    days = calendar.days
    day = days[month] + rng.random(count) * (days[month + 1] - days[month])
    customer = _customers_of(world, customers, people.group[person], day, rng)
    noise = np.array(
        [
            rng.random(count, dtype=np.float32)
            if lever.scale == "share"
            else rng.standard_normal(count, dtype=np.float32)
            for lever in LEVERS
        ]
    )
    closed = day + rng.exponential(1.0, count)
    return Cases(person, month, process, customer, day, closed, complexity, urgent, channel, seen, hidden, noise)


def _seen(complexity: np.ndarray, urgent: np.ndarray, channel: np.ndarray, /) -> np.ndarray:
    """What the attributes of a case say of its difficulty; the complex ones are worse than a straight line says."""
    found = np.exp(0.5 * complexity) + 1.0 * urgent + 0.6 * (channel == 2) + 0.8 * urgent * (complexity > 0.5)
    return (found - found.mean()) / found.std()


def _customers_of(
    world: World, customers: Customers, group: np.ndarray, day: np.ndarray, rng: np.random.Generator, /
) -> np.ndarray:
    """Return whose case it is: somebody of the group; where contacts are many, half of the cases come in pairs."""
    found = np.empty(len(group), dtype=np.int64)
    for number in np.unique(group):
        mine, rows = np.flatnonzero(customers.group == number), np.flatnonzero(group == number)
        found[rows] = rng.choice(mine, len(rows))
        if world.contacts > 1:
            # what is not over comes back within days, to whoever is free
            order = rows[np.argsort(day[rows])]
            again = np.flatnonzero(rng.random(len(order)) < 0.3)
            earlier = np.maximum(again - rng.integers(1, 40, len(again)), 0)
            found[order[again]] = found[order[earlier]]
    return found


def _routed(
    world: World,
    people: People,
    place: tuple[np.ndarray, np.ndarray, np.ndarray],
    difficulty: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
    /,
) -> np.ndarray:
    """Return which case goes to which slot: within process and month, harder ones to better people."""
    person, month, process = place
    seen, hidden = difficulty
    skill = helpful_skill(people.level)
    wanted = np.sqrt(1 - world.hidden**2) * seen + world.hidden * hidden if world.routed_by_hidden else seen
    wanted = world.routing * wanted + np.sqrt(1 - world.routing**2) * rng.standard_normal(len(person))
    skilled = skill[person] + 1e-3 * rng.standard_normal(len(person))
    order = np.empty(len(person), dtype=np.int64)
    if world.lines:
        # to which line a case comes depends on its difficulty, to whom in the line on chance
        order[np.lexsort((rng.random(len(person)), process, month))] = np.lexsort((wanted, month))
    else:
        order[np.lexsort((skilled, process, month))] = np.lexsort((wanted, process, month))
    return order


def spreads(world: World, people: People, observed: slice) -> np.ndarray:
    """Return one between-person standard deviation per lever, on its scale, at the same cases: array (levers,).

    Of people's means over the months in which they are there, weighted by these; what parents do to a lever is in it.
    """
    there = people.present[:, observed]
    months = there.sum(axis=1)
    means: dict[str, np.ndarray] = {}
    found = []
    for at, lever in enumerate(LEVERS):
        own = (people.level[at][:, observed] * there).sum(axis=1) / np.maximum(months, 1)
        for (parent, child), strength in world.arrows.items():
            if child == lever.kpi:
                own = own + strength * means[parent]
        means[lever.kpi] = own
        centre = np.average(own, weights=months)
        found.append(lever.spread * np.sqrt(np.average((own - centre) ** 2, weights=months)))
    return np.array(found)


def live(world: World, people: People, customers: Customers, cases: Cases, shift: Mapping[str, float]) -> Lived:
    """Let all cases happen.

    Parameters
    ----------
    shift : mapping of str to float
        By how much everybody is better in some levers, on their scale.
    """
    seen = np.sqrt(1 - world.hidden**2) * cases.seen
    hidden = world.hidden * cases.hidden
    value = np.empty(cases.noise.shape)
    felt: dict[str, np.ndarray] = {}
    for at, lever in enumerate(LEVERS):
        level = lever.spread * people.level[at][cases.person, cases.month]
        level += lever.on_seen * seen + lever.on_hidden * hidden + shift.get(lever.kpi, 0.0)
        for (parent, child), strength in world.arrows.items():
            if child == lever.kpi:
                level += strength * lever.spread * felt[parent]
        if lever.scale == "share":
            value[at] = cases.noise[at] < np.clip(lever.middle + level, 0.02, 0.98)
            felt[lever.kpi] = (value[at] - lever.middle) / lever.spread
        else:
            value[at] = level + lever.case_sd * cases.noise[at]
            felt[lever.kpi] = value[at] / lever.spread
    harm = _harm(world, felt, cases, customers) - GOOD_CONTACT + DIFFICULTY_HARM * (seen + HIDDEN_HARM * hidden)
    harm -= world.skill * people.skill[cases.person]
    if world.turnover > 0:
        harm += NEWCOMER_HARM * people.newness[cases.person, cases.month]
    return Lived(value, harm)


def _harm(world: World, felt: Mapping[str, np.ndarray], cases: Cases, customers: Customers, /) -> np.ndarray:
    group = customers.group[cases.customer]
    late = cases.month >= (BEFORE + int(cases.month.max()) + 1 - AFTER) // 2
    total = np.zeros(len(group))
    for lever in LEVERS:
        felt_now = felt[lever.kpi]
        if world.shape == "interactions" and lever.scale == "log":
            # nobody minds a few seconds: what is felt levels off on both sides
            felt_now = 2.0 * np.tanh(felt_now / 2.0)
        if world.shape == "interactions" and lever.kpi == "solved":
            # a solution that took too long is worth half
            felt_now = felt_now * np.where(felt["response_time"] < -1.5, 0.5, 1.1)
        worth = np.array(
            [[world.effect(lever.kpi, group=number, late=when) for when in (False, True)] for number in (0, 1)]
        )
        best = (1.0 - lever.middle) / lever.spread if lever.scale == "share" else 0.0
        # counted from the best that a share can be, so that nothing that is done well lowers risk below nothing
        total += worth[group, late.astype(int)] * (best - felt_now)
    return total
