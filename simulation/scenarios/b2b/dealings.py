"""What accounts live through: one set of random numbers, lived once as it was and once per intervention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar
from simulation.scenarios.b2b.accounts import Accounts
from simulation.scenarios.b2b.owners import Owners, levels
from simulation.scenarios.b2b.settings import B2bWorld

__all__ = ["MAIN_SHARE", "NOISE", "Dealings", "Draws", "draw_dealings", "live", "stock_of"]

MAX_VISITS = 3
NOISE = {"response_seconds": 0.6, "project_delay_days": 0.5, "project_cost": 0.25, "cost_per_visit": 0.30}
"""SD of the log of single cases around their owner's level."""

MAIN_SHARE = {
    "renewal_talk": "reached_before_expiry",
    "go_live": "go_live_right_first_time",
    "repair": "first_time_fix_rate",
    "supplier_delivery": "supplier_on_time_rate",
}
"""The KPI that says whether a case of the process went well."""

_RENEWAL_LEAD_DAYS = 150.0
_OWN_ENGINEER = 0.7


@dataclass(frozen=True)
class Draws:
    """What chance decided about every case that could happen; the account may have left before.

    Parameters
    ----------
    account, month, process, post : int arrays (cases,)
    day, due_day : arrays (cases,)
        Counted from the simulation's start.
    slot : int array (cases,)
        Which of a month's visits; −1 for other cases.
    hard : array (cases,)
        Difficulty in standard deviations.
    chance, size : dict of str to array (cases,)
        Uniform and standard normal numbers.
    visits_chance : array (accounts, months)
        Uniform: how many visits.
    """

    account: np.ndarray
    month: np.ndarray
    process: np.ndarray
    post: np.ndarray
    day: np.ndarray
    due_day: np.ndarray
    slot: np.ndarray
    hard: np.ndarray
    chance: dict[str, np.ndarray]
    size: dict[str, np.ndarray]
    visits_chance: np.ndarray


@dataclass(frozen=True)
class Dealings:
    """How it went.

    Parameters
    ----------
    happened : bool array (cases,)
        Whether a possible visit was made; all other cases.
    well : bool array (cases,)
        Whether the case went well, as its process's KPI says.
    defect : bool array (cases,)
        Of deliveries.
    log : array (cases,)
        Log deviation of what the case took: response, delay or cost, by process.
    visits : int array (accounts, months)
    service, visited : arrays (accounts, months)
        Log-odds of leaving that the month adds, by service and by visits.
    rating : array (cases,)
        What the account would say if asked, 1 to 5, before rounding.
    """

    happened: np.ndarray
    well: np.ndarray
    defect: np.ndarray
    log: np.ndarray
    visits: np.ndarray
    service: np.ndarray
    visited: np.ndarray
    rating: np.ndarray


def draw_dealings(world: B2bWorld, calendar: Calendar, owners: Owners, accounts: Accounts, seed: int, /) -> Draws:
    """Draw every case that could happen, and who has it.

    Returns
    -------
    Draws
    """
    rng = np.random.default_rng([seed, 33])
    months, days = calendar.month_count, calendar.month_days
    account, month, process, slot = [], [], [], []
    for number, (name, setting) in enumerate(world.processes.items()):
        if name == "renewal_talk":
            who, when = np.nonzero(accounts.expires)
        elif setting.per_month:
            count = rng.poisson(setting.per_month * np.repeat(accounts.contact_rate[:, None], months, axis=1))
            who, when = (part.repeat(count.ravel()) for part in (ind.ravel() for ind in np.indices(count.shape)))
        else:
            continue
        account.append(who)
        month.append(when)
        process.append(np.full(who.size, number))
        slot.append(np.full(who.size, -1))
    names = list(world.processes)
    who, when, which = (part.ravel() for part in np.indices((accounts.count, months, MAX_VISITS)))
    account.append(who)
    month.append(when)
    slot.append(which)
    process.append(np.where(rng.random(who.size) < 0.6, names.index("inspection_visit"), names.index("training_visit")))
    who, when, kind = np.concatenate(account), np.concatenate(month), np.concatenate(process)
    day = days[when] + rng.random(who.size) * (days[when + 1] - days[when])
    due = day + np.array([setting.due_days for setting in world.processes.values()])[kind]
    talk = kind == names.index("renewal_talk")
    day, due = np.where(talk, days[when] + 14.0 - _RENEWAL_LEAD_DAYS, day), np.where(talk, days[when] + 14.0, due)
    kept = (day > accounts.joined[who]) & (day >= 0)
    who, kind, day, due, which = who[kept], kind[kept], day[kept], due[kept], np.concatenate(slot)[kept]
    when = np.searchsorted(days, day, side="right") - 1
    post = _posts(world, owners, accounts, rng, (who, when, kind))
    return Draws(
        who, when, kind, post, day, due, which, rng.standard_normal(who.size),
        {name: rng.random(who.size) for name in ("well", "defect", "late", "close", "answers", "nps", "lucky")},
        {name: rng.standard_normal(who.size) for name in ("log", "rating", "nps", "harm", "cost")},
        rng.random((accounts.count, months)),
    )  # fmt: skip


def _posts(
    world: B2bWorld, owners: Owners, accounts: Accounts, rng: np.random.Generator,
    case: tuple[np.ndarray, np.ndarray, np.ndarray], /,
) -> np.ndarray:  # fmt: skip
    """Give each case to the account's manager, any project manager, mostly its engineer, one of its suppliers."""
    who, when, kind = case
    roles = np.array([setting.role for setting in world.processes.values()])[kind]
    names = np.array(list(world.processes))[kind]
    projects, engineers = owners.posts_of("project_manager"), owners.posts_of("field_engineer")
    visit = np.char.endswith(names, "_visit")
    own = visit | (rng.random(who.size) < _OWN_ENGINEER)
    engineer = np.where(own, accounts.engineer[who, when], engineers[rng.integers(0, engineers.size, who.size)])
    # the first supplier delivers most
    place = np.minimum(
        (accounts.supplier.shape[1] * rng.random(who.size) ** 1.5).astype(int), accounts.supplier.shape[1] - 1
    )
    return np.select(
        [roles == "account_manager", roles == "project_manager", roles == "field_engineer"],
        [accounts.manager[who, when], projects[rng.integers(0, projects.size, who.size)], engineer],
        accounts.supplier[who, place],
    )


def live(
    world: B2bWorld, owners: Owners, accounts: Accounts, draws: Draws, shift: Mapping[str, np.ndarray] | None = None, /
) -> Dealings:
    """Live through everything, as owners are or as an intervention makes them.

    Parameters
    ----------
    shift : mapping of lever to array (posts, months), optional
        What the intervention adds to the lever's true value; everything it leads to follows.

    Returns
    -------
    Dealings
    """
    from scipy.stats import poisson

    at, mean = levels(world, owners, shift), {name: lever.mean for name, lever in world.levers.items()}
    names = np.array(list(world.processes))[draws.process]
    here = {name: value[draws.post, draws.month] for name, value in at.items()}
    now = np.arange(draws.visits_chance.shape[1])[None, :]
    per_month = world.volume.visits_per_month * np.exp(at["visits_per_account"])[accounts.engineer, now]
    visits = np.minimum(poisson.ppf(draws.visits_chance, per_month).astype(int), MAX_VISITS)
    happened = (draws.slot < 0) | (draws.slot < visits[draws.account, draws.month])
    setting = world.leaving
    harm = setting.difficulty * draws.hard + setting.case_noise * draws.size["harm"]
    well, defect = draws.chance["well"] < 0.75 + setting.difficulty_on_share * draws.hard, np.zeros(harm.size, bool)
    log, felt = np.zeros(harm.size), np.zeros(harm.size)
    for process, kpi in MAIN_SHARE.items():
        rows = names == process
        well[rows] = (draws.chance["well"] < here[kpi] + setting.difficulty_on_share * draws.hard)[rows]
        harm[rows] += world.effect(kpi) * (well[rows] - mean[kpi])
        felt[rows] += well[rows] - mean[kpi]
    rows = names == "supplier_delivery"
    defect[rows] = (draws.chance["defect"] < here["supplier_defect_rate"] + 0.01 * draws.hard)[rows]
    harm[rows] += world.effect("supplier_defect_rate") * (defect[rows] - mean["supplier_defect_rate"])
    felt[rows] -= defect[rows]
    visit = np.char.endswith(names, "_visit")
    # a visit that is not needed for trouble adds none: how many there are must not matter by chance
    harm[visit] = 0.0
    for rows, kpi in (
        (np.isin(names, ["enquiry", "complaint"]), "response_seconds"),
        (names == "joint_project", "project_delay_days"),
        (visit, "cost_per_visit"),
    ):
        log[rows] = here[kpi][rows] + NOISE[kpi] * draws.size["log"][rows]
        harm[rows] += world.effect(kpi) * log[rows]
        # slow answers and delays annoy; a visit that cost more left more behind
        felt[rows] += (0.4 if kpi == "cost_per_visit" else -0.4) * log[rows]
    shape = visits.shape

    def added(rows: np.ndarray) -> np.ndarray:
        cell = draws.account[rows] * shape[1] + draws.month[rows]
        return np.bincount(cell, weights=harm[rows], minlength=shape[0] * shape[1]).reshape(shape)

    service = added(~visit)
    for kpi in ("second_needs_found", "margin_rate"):
        service = service + world.effect(kpi) * (at[kpi] - mean[kpi])[accounts.manager, now]
    visited = added(visit & happened)
    visited = visited + world.effect("visits_per_account") * (visits - world.volume.visits_per_month)
    rating = 3.8 + 0.9 * felt - 0.15 * draws.hard + 0.7 * draws.size["rating"]
    return Dealings(happened, well, defect, log, visits, service, visited, rating)


def stock_of(world: B2bWorld, lived: Dealings, /) -> np.ndarray:
    """Add up what was lived, forgetting slowly, what visits left the slowest: array (accounts, months)."""
    total = np.zeros_like(lived.service)
    for fresh, memory in ((lived.service, world.memory.service), (lived.visited, world.memory.visits)):
        stock = np.zeros_like(fresh)
        for month in range(1, fresh.shape[1]):
            stock[:, month] = memory * (stock[:, month - 1] + fresh[:, month - 1])
        total += stock
    return total
