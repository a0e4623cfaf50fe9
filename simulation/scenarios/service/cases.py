"""Cases of a simulated company: one set of random numbers, lived through once as it was and once per intervention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import FUTURE_MONTHS, WARM_MONTHS, Calendar
from simulation.scenarios.service.customers import Customers
from simulation.scenarios.service.people import People
from simulation.scenarios.service.settings import World

__all__ = ["CaseDraws", "Lived", "draw_cases", "levels", "live"]

CHANNELS = np.array(["phone", "chat", "app", "email"])
CHANNEL_RESPONSE_SECONDS = np.array([90.0, 150.0, 600.0, 1500.0])
PRIORITIES = np.array(["low", "normal", "high"])
_SLOW_MONTHS = 0.75
_HANDLE_NOISE, _RESPONSE_NOISE, _WAIT_NOISE, _GOODWILL_NOISE = 0.35, 0.6, 0.6, 0.5
# in log seconds: what a hard case's person can spend beyond the need without it helping further
_NEED = 0.3


@dataclass(frozen=True)
class CaseDraws:
    """What chance decided about every case that could happen; the customer may have left before.

    Parameters
    ----------
    customer, month, post, process, channel, priority, complexity : int arrays (cases,)
        Numbers of the customer, simulated month, post, process, channel and priority, and the triage grade 1 to 5.
    opened_day : array (cases,)
        Day with fraction, counted from the simulation's start.
    difficulty : array (cases,)
        In standard deviations, the process's mean included.
    uniform : dict of str to array (cases,)
        One uniform number per thing that happens or not.
    normal : dict of str to array (cases,)
        One standard normal number per thing that has a size.
    """

    customer: np.ndarray
    month: np.ndarray
    post: np.ndarray
    process: np.ndarray
    channel: np.ndarray
    priority: np.ndarray
    complexity: np.ndarray
    opened_day: np.ndarray
    difficulty: np.ndarray
    uniform: dict[str, np.ndarray]
    normal: dict[str, np.ndarray]

    @property
    def count(self) -> int:
        """How many there are."""
        return self.customer.size


@dataclass(frozen=True)
class Lived:
    """How the cases went.

    Parameters
    ----------
    resolved, transferred, reopened, on_time, promise_kept, knowledge_used : bool arrays (cases,)
    handle_log, response_log, wait_log : arrays (cases,)
        Log of seconds, as the deviation from what case and channel need.
    goodwill : array (cases,)
        Money given.
    harm : array (cases,)
        Log-odds of leaving that the case adds.
    rating : array (cases,)
        What the customer would say if asked, 1 to 5, before rounding.
    """

    resolved: np.ndarray
    transferred: np.ndarray
    reopened: np.ndarray
    on_time: np.ndarray
    promise_kept: np.ndarray
    knowledge_used: np.ndarray
    handle_log: np.ndarray
    response_log: np.ndarray
    wait_log: np.ndarray
    goodwill: np.ndarray
    harm: np.ndarray
    rating: np.ndarray


_UNIFORM = ("knowledge", "resolved", "transferred", "reopened", "on_time", "promise", "answers", "answers_nps", "close")
_NORMAL = ("handle", "response", "wait", "goodwill", "harm", "rating", "nps")


def draw_cases(world: World, calendar: Calendar, customers: Customers, people: People, seed: int, /) -> CaseDraws:
    """Draw every case that could happen, and who handles it.

    Returns
    -------
    CaseDraws
    """
    rng = np.random.default_rng([seed, 3])
    days = calendar.month_days
    season = 1 + 0.12 * np.cos(2 * np.pi * (calendar.starts[:-1].astype("datetime64[M]").astype(int) % 12) / 12)
    rate = world.volume.cases_per_customer_month * np.outer(customers.contact_rate, season)
    counts = rng.poisson(rate)
    customer = np.repeat(np.arange(customers.count), counts.sum(axis=1))
    month = np.repeat(np.tile(np.arange(calendar.month_count), customers.count), counts.ravel())
    opened = days[month] + rng.random(customer.size) * (days[month + 1] - days[month])
    opened = np.floor(opened) + (8 + 12 * rng.beta(2.0, 2.5, customer.size)) / 24
    kept = opened > customers.joined[customer]
    customer, month, opened = customer[kept], month[kept], opened[kept]
    count = customer.size
    share = np.array([process.share for process in world.processes.values()])
    process = rng.choice(share.size, count, p=share / share.sum())
    hidden = world.difficulty.hidden_share
    seen, unseen = rng.standard_normal(count), rng.standard_normal(count)
    difficulty = np.array([part.difficulty for part in world.processes.values()])[process]
    difficulty = difficulty + np.sqrt(1 - hidden) * seen + np.sqrt(hidden) * unseen
    priority = np.digitize(seen + 0.3 * rng.standard_normal(count), [-0.8, 0.9])
    channel = np.digitize(0.4 * seen + rng.standard_normal(count), [0.3, 0.9, 1.4])
    channel = np.where(rng.random(count) < 0.2, rng.integers(0, 4, count), channel)
    complexity = 1 + np.digitize(seen + 0.4 * rng.standard_normal(count), [-1.2, -0.3, 0.5, 1.3])
    post = _route(world, people, rng, process, month, difficulty)
    return CaseDraws(
        customer, month, post, process, channel, priority, complexity, opened, difficulty,
        {name: rng.random(count) for name in _UNIFORM},
        {name: rng.standard_normal(count) for name in _NORMAL},
    )  # fmt: skip


def _route(
    world: World, people: People, rng: np.random.Generator, process: np.ndarray, month: np.ndarray,
    difficulty: np.ndarray, /
) -> np.ndarray:  # fmt: skip
    """Give each case to a post of its role: by chance, or the harder ones rather to the better."""
    from scipy.special import ndtr

    strength = world.routing.strength
    noise = rng.standard_normal(process.size)
    spread = difficulty.std() or 1.0
    place = ndtr(strength * (difficulty - difficulty.mean()) / spread + np.sqrt(1 - strength**2) * noise)
    skill = people.values["first_contact_resolution"]
    post = np.zeros(process.size, int)
    roles = np.array([part.role for part in world.processes.values()])[process]
    for role in world.roles:
        posts = np.flatnonzero(people.role == role)
        for now in range(skill.shape[1]):
            rows = np.flatnonzero((roles == role) & (month == now))
            ranked = posts[np.argsort(skill[posts, now])] if strength else posts
            post[rows] = ranked[np.minimum((place[rows] * posts.size).astype(int), posts.size - 1)]
    return post


def levels(world: World, people: People, shift: Mapping[str, np.ndarray] | None = None, /) -> dict[str, np.ndarray]:
    """Return what posts do of each lever at average difficulty, in the lever's scale, what moves it included.

    Parameters
    ----------
    shift : mapping of lever to array (posts, months), optional
        What an intervention adds to the lever's true value.

    Returns
    -------
    dict of str to array (posts, months)
    """
    moved, arrows = dict(people.values), world.arrows
    extra = shift or {}

    def raised(name: str) -> np.ndarray:
        return moved[name] + extra.get(name, 0.0)

    moved["training_hours"] = np.maximum(raised("training_hours"), 0.0)
    moved["coaching_sessions"] = np.maximum(raised("coaching_sessions"), 0.0)
    for name in ("handle_seconds", "knowledge_use", "cost_per_case", "script_adherence"):
        moved[name] = raised(name)
    strain = (people.occupancy - 0.78) / 0.05
    moved["response_seconds"] = raised("response_seconds") + 0.08 * strain
    moved["wait_seconds"] = raised("wait_seconds") + 0.15 * strain
    moved["promise_kept"] = (
        raised("promise_kept")
        + arrows.coaching_on_promise * (_slow(moved["coaching_sessions"]) - world.levers["coaching_sessions"].mean)
        + arrows.fatigue_on_promise * people.fatigue
    )
    moved["first_contact_resolution"] = (
        raised("first_contact_resolution")
        + arrows.handle_on_first_contact * moved["handle_seconds"]
        + arrows.knowledge_on_first_contact * (moved["knowledge_use"] - world.levers["knowledge_use"].mean)
        + arrows.training_on_first_contact * (_slow(moved["training_hours"]) - world.levers["training_hours"].mean)
        + arrows.fatigue_on_first_contact * people.fatigue
    )
    moved["transfer_rate"] = raised("transfer_rate")
    solved = moved["first_contact_resolution"] - world.levers["first_contact_resolution"].mean
    moved["reopen_rate"] = raised("reopen_rate") + arrows.first_contact_on_reopen * solved
    moved["on_time_rate"] = (
        raised("on_time_rate")
        + arrows.response_on_on_time * moved["response_seconds"]
        + arrows.transfer_on_on_time * (moved["transfer_rate"] - world.levers["transfer_rate"].mean)
        + arrows.first_contact_on_on_time * solved
    )
    moved |= {name: raised(name) for name, lever in world.levers.items() if lever.monthly}
    if arrows.incidents_on_incident_hours:
        incidents = moved["major_incidents"] - world.levers["major_incidents"].mean
        moved["major_incident_hours"] = moved["major_incident_hours"] + arrows.incidents_on_incident_hours * incidents
    return moved


def _slow(values: np.ndarray, /) -> np.ndarray:
    """Average what has been built up, forgetting slowly."""
    built = np.empty_like(values)
    built[:, 0] = values[:, 0]
    for month in range(1, values.shape[1]):
        built[:, month] = _SLOW_MONTHS * built[:, month - 1] + (1 - _SLOW_MONTHS) * values[:, month]
    return built


def live(world: World, people: People, draws: CaseDraws, shift: Mapping[str, np.ndarray] | None = None, /) -> Lived:
    """Live through all cases, as people are or as an intervention makes them.

    Parameters
    ----------
    shift : mapping of lever to array (posts, months), optional
        What the intervention adds to the lever's true value; everything it leads to follows.

    Returns
    -------
    Lived
    """
    levers, arrows, hard = world.levers, world.arrows, world.difficulty
    at = {name: values[draws.post, draws.month] for name, values in levels(world, people, shift).items()}
    chance, size, difficulty = draws.uniform, draws.normal, draws.difficulty
    handle_noise, response_noise = _HANDLE_NOISE * size["handle"], _RESPONSE_NOISE * size["response"]
    handle = at["handle_seconds"] + handle_noise
    used = chance["knowledge"] < at["knowledge_use"]
    solved_process = np.array([part.first_contact for part in world.processes.values()])[draws.process]
    solved_share = (
        at["first_contact_resolution"]
        + solved_process
        + hard.on_first_contact * difficulty
        + arrows.handle_on_first_contact * handle_noise
        + arrows.knowledge_on_first_contact * (used - at["knowledge_use"])
    )
    resolved = chance["resolved"] < np.clip(solved_share, 0.02, 0.98)
    transferred = chance["transferred"] < np.clip(at["transfer_rate"] + hard.on_transfer * difficulty, 0.005, 0.9)
    surprise = resolved - at["first_contact_resolution"]
    reopened = chance["reopened"] < np.clip(at["reopen_rate"] + arrows.first_contact_on_reopen * surprise, 0.003, 0.9)
    on_time_share = (
        at["on_time_rate"]
        + arrows.response_on_on_time * response_noise
        + arrows.transfer_on_on_time * (transferred - at["transfer_rate"])
        + arrows.first_contact_on_on_time * surprise
    )
    goodwill = np.maximum(at["cost_per_case"], 0.3) * np.maximum(1 + hard.on_goodwill * difficulty, 0.1)
    felt = {
        "handle_seconds": np.minimum(handle, _NEED) if world.leaving.short_calls_saturate else handle,
        "first_contact_resolution": resolved - levers["first_contact_resolution"].mean,
        "promise_kept": (chance["promise"] < at["promise_kept"]) - levers["promise_kept"].mean,
        "response_seconds": at["response_seconds"] + response_noise,
        "transfer_rate": transferred - levers["transfer_rate"].mean,
        "reopen_rate": reopened - levers["reopen_rate"].mean,
        "on_time_rate": (chance["on_time"] < np.clip(on_time_share, 0.03, 0.99)) - levers["on_time_rate"].mean,
        "cost_per_case": goodwill * np.exp(_GOODWILL_NOISE * size["goodwill"] - _GOODWILL_NOISE**2 / 2),
        "knowledge_use": used - levers["knowledge_use"].mean,
        "wait_seconds": at["wait_seconds"] + _WAIT_NOISE * size["wait"],
    }
    service = world.omitted.on_leaving * people.omitted[draws.post, draws.month]
    felt |= {name: at[name] - lever.mean for name, lever in levers.items() if lever.monthly}
    for name, value in felt.items():
        unit = (value - levers[name].mean) / 10.0 if levers[name].scale == "money" else value
        service = service + world.effect(name) * _drifted(world, draws, people, name) * unit
    if not world.null:
        service = service + world.leaving.both_wrong * (~resolved & ~(chance["promise"] < at["promise_kept"]))
    harm = service + hard.on_leaving * difficulty + world.leaving.case_noise * size["harm"]
    rating = 3.75 - world.ratings.per_log_odds * service + hard.on_rating * difficulty
    return Lived(
        resolved, transferred, reopened, felt["on_time_rate"] > 0, felt["promise_kept"] > 0, used, handle,
        felt["response_seconds"], felt["wait_seconds"], felt["cost_per_case"], harm,
        rating + world.ratings.noise * size["rating"],
    )  # fmt: skip


def _drifted(world: World, draws: CaseDraws, people: People, lever: str, /) -> np.ndarray | float:
    """Return what a lever's direct effect is multiplied with: 1 but for a drifting world's second half."""
    if lever not in world.drift:
        return 1.0
    middle = WARM_MONTHS + (people.person.shape[1] - WARM_MONTHS - FUTURE_MONTHS) // 2
    return np.where(draws.month >= middle, world.drift[lever], 1.0)
