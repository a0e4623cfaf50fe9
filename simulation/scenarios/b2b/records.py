"""The source tables of a simulated B2B company, as CRM, project office, purchasing and HR would hand them out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.engine.texts import write_texts
from simulation.scenarios.b2b.dealings import MAIN_SHARE, NOISE
from simulation.scenarios.b2b.owners import levels, team_names
from simulation.scenarios.b2b.settings import TEXTS
from simulation.scenarios.b2b.story import B2bStory

__all__ = ["activity", "cases", "customer_ids", "customers", "employee_ids"]

_LINES = np.array(["presses", "drives", "controls", "spares", "tooling", "software", "filters", "conveyors"])
_VISIT_COST, _PROJECT_COST = 850.0, 42_000.0
_RESPONSE_SECONDS = 14_000.0
_DELAY_DAYS = 9.0
_IN_TIME = 0.30
_PRIORITIES = np.array(["low", "normal", "high"])
_CHANNELS = np.array(["mail", "phone", "portal"])


def customer_ids(count: int, /) -> np.ndarray:
    """Return the accounts' ids."""
    return np.char.add("A", np.char.zfill(np.arange(1, count + 1).astype(str), 5)).astype(object)


def employee_ids(count: int, /) -> np.ndarray:
    """Return the employees' ids."""
    return np.char.add("E", np.char.zfill(np.arange(1, count + 1).astype(str), 4)).astype(object)


def customers(story: B2bStory, /) -> pd.DataFrame:
    """Return the CRM's accounts: those who signed before observation ended; who leaves later is still here."""
    accounts, (opens, closes) = story.accounts, story.calendar.observed_days
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(accounts.count),
            "joined_at": story.calendar.times(accounts.joined),
            "left_at": story.calendar.times(np.where(story.left_day < closes, story.left_day, np.nan)),
            "kind": "external",
            "segment": accounts.segment,
            "value": accounts.value,
            "contract_months": accounts.term,
            "industry": accounts.industry,
            "region": accounts.region,
            "language": accounts.language,
        }
    )
    return frame[(accounts.joined < closes) & (story.left_day >= opens)].reset_index(drop=True)


def activity(story: B2bStory, seed: int, /) -> pd.DataFrame:
    """Return orders, project orders, invoices paid and renewals: those about to leave order less."""
    rng = np.random.default_rng([seed, 34])
    accounts, calendar, months = story.accounts, story.calendar, story.calendar.month_count
    opens, closes = calendar.observed_days
    risk = np.diff(story.hazard, axis=1)
    unease = np.log(np.maximum(risk, 1e-9)) - np.log(np.maximum(risk, 1e-9)).mean(axis=1, keepdims=True)
    odds = np.where(accounts.expires, unease, 0.0)
    eager = np.exp(-0.3 * np.clip(story.accounts.pull - story.accounts.pull.mean() + 0.2 * odds, -2.5, 2.5))
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for kind, rate, share in (("order", 0.9, 0.05), ("project_order", 0.05, 0.6), ("invoice_paid", 1.0, 1 / 12)):
        even = np.ones((accounts.count, months), int)
        count = even if kind == "invoice_paid" else rng.poisson(rate * accounts.contact_rate[:, None] * eager)
        who, when = (part.repeat(count.ravel()) for part in (ind.ravel() for ind in np.indices(count.shape)))
        day = calendar.month_days[when] + rng.random(who.size) * (
            calendar.month_days[when + 1] - calendar.month_days[when]
        )
        amount = accounts.value[who] * share * np.exp(0.4 * rng.standard_normal(who.size) - 0.08)
        favourite = (who * 7) % _LINES.size
        line = np.where(rng.random(who.size) < 0.6, favourite, rng.integers(0, _LINES.size, who.size))
        item = np.where(kind == "invoice_paid", "invoice", _LINES[line])
        found.append((who, day, np.full(who.size, kind), amount, item))
    who, when = np.nonzero(accounts.expires)
    found.append((who, calendar.month_days[when + 1] - 0.01, np.full(who.size, "renewal"), accounts.value[who],
                  np.full(who.size, "contract")))  # fmt: skip
    account, day, kind, amount, item = (np.concatenate(parts) for parts in zip(*found, strict=True))
    there = (day > accounts.joined[account]) & (day < story.left_day[account]) & (day >= opens) & (day < closes)
    rows = np.flatnonzero(there)
    rows = rows[np.argsort(day[rows], kind="stable")]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(accounts.count)[account[rows]],
            "at": calendar.times(day[rows]),
            "kind": kind[rows],
            "amount": amount[rows].round(2),
            "item": item[rows],
        }
    )


def cases(story: B2bStory, seed: int, /) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return enquiries, deliveries, projects, visits, repairs, complaints and renewal talks; what is not over is null.

    Returns
    -------
    tuple
        The cases, and each true root cause's share of those with a text.
    """
    rng = np.random.default_rng([seed, 35])
    rows = np.flatnonzero(story.happened())
    rows = rows[np.argsort(story.draws.day[rows], kind="stable")]
    draws, lived, calendar = story.draws, story.lived, story.calendar
    names = np.array(list(story.world.processes), object)[draws.process[rows]]
    responded, closed = _times(story, rows, names)
    ends = float(calendar.observed_days[1])
    over = closed < ends
    rating = np.clip(np.round(lived.rating[rows]), 1, 5)
    answers = draws.chance["answers"][rows] < 0.40 * (0.85 + 0.15 * np.abs(rating - 3.5))
    rated = np.where(answers, closed + 0.05 + rng.exponential(4.0, rows.size), np.nan)
    rated = np.where(rated < ends, rated, np.nan)
    recommends = np.clip(np.round(2.4 * lived.rating[rows] - 2.0 + 1.2 * draws.size["nps"][rows]), 0, 10)
    stages = np.array([setting.stage for setting in story.world.processes.values()], object)[draws.process[rows]]
    person = story.owners.person[draws.post[rows], draws.month[rows]]
    staff = np.append(employee_ids(story.owners.person_team.size), None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    writes = np.isin(names, ["enquiry", "repair", "complaint"])
    texts, causes = np.full(rows.size, None, object), np.full(rows.size, None, object)
    language = story.accounts.language[draws.account[rows]]
    texts[writes], causes[writes], shares = write_texts(names[writes].astype(str), language[writes], rng, TEXTS)
    chance, seen = draws.chance, draws.hard[rows] + 0.5 * rng.standard_normal(rows.size)
    again = lived.defect[rows] | ((chance["late"][rows] < 0.03) & writes)
    frame = pd.DataFrame(
        {
            "case_id": np.char.add("K", np.char.zfill(np.arange(1, rows.size + 1).astype(str), 7)),
            "opened_at": calendar.times(draws.day[rows]),
            "customer_id": customer_ids(story.accounts.count)[draws.account[rows]],
            "stage": stages,
            "process": names,
            "team_id": team_names(story.owners)[story.owners.post_team[draws.post[rows]]],
            "employee_id": staff[person],
            "responded_at": calendar.times(np.where(responded < ends, responded, np.nan)),
            "closed_at": calendar.times(np.where(over, closed, np.nan)),
            "due_at": calendar.times(draws.due_day[rows]),
            "rated_at": calendar.times(rated),
            "csat": np.where(np.isnan(rated), np.nan, rating),
            "nps": np.where(np.isnan(rated) | (chance["nps"][rows] > 0.35), np.nan, recommends),
            "resolved_first": pd.Series(lived.well[rows], dtype="boolean").mask(~over | (names == "supplier_delivery")),
            "reopened": np.where(over, again.astype(float), np.nan),
            "cost": np.where(over, _cost(story, rows, names), np.nan),
            "channel": _CHANNELS[rng.choice(3, rows.size, p=[0.5, 0.3, 0.2])],
            "priority": _PRIORITIES[np.digitize(seen, [-1, 1])],
            "text": texts,
            "root_cause": np.where(over, causes, None),  # pyright: ignore[reportCallIssue, reportArgumentType]
        }
    )  # fmt: skip
    return frame.astype({"text": "str", "root_cause": "str", "employee_id": "str"}), shares


def _times(story: B2bStory, rows: np.ndarray, names: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Days of the first answer and of the end of each case."""
    draws, lived = story.draws, story.lived
    day, due = draws.day[rows], draws.due_day[rows]
    length, chance = due - day, {name: value[rows] for name, value in draws.chance.items()}
    well, log = lived.well[rows], lived.log[rows]
    answers = np.isin(names, ["enquiry", "complaint"])
    seconds = _RESPONSE_SECONDS * np.exp(np.where(answers, log, 0.5 * draws.size["log"][rows]))
    responded = day + np.minimum(seconds / 86_400.0, 0.9 * length)
    early = due - 62.0 - 60.0 * chance["close"]
    renewal = names == "renewal_talk"
    responded = np.where(renewal, np.where(well, early, due - 3.0 - 55.0 * chance["close"]), responded)
    in_time = np.where(np.isin(names, list(MAIN_SHARE)), well, chance["late"] < 0.85)
    inside = responded + (0.25 + 0.7 * chance["close"]) * (due - responded)
    closed = np.where(in_time, inside, due + length * (0.02 + 0.6 * chance["close"]))
    closed = np.where(renewal, due - 0.2 * chance["close"], closed)
    delay = np.where(chance["lucky"] < _IN_TIME, -0.05 * length * chance["close"], _DELAY_DAYS * np.exp(log))
    return responded, np.where(names == "joint_project", due + delay, closed)


def _cost(story: B2bStory, rows: np.ndarray, names: np.ndarray, /) -> np.ndarray:
    """Money spent on each case."""
    draws, lived = story.draws, story.lived
    own = levels(story.world, story.owners)["project_cost"][draws.post[rows], draws.month[rows]]
    noise = draws.size["log"][rows]
    project = _PROJECT_COST * np.exp(np.nan_to_num(own) + NOISE["project_cost"] * draws.size["cost"][rows])
    visit = _VISIT_COST * np.exp(lived.log[rows])
    visits = np.isin(names, ["inspection_visit", "training_visit"])
    other = 320.0 * np.exp(0.4 * noise + 0.1 * draws.hard[rows])
    cost = np.select([names == "joint_project", visits], [project, visit], other)
    return np.where(names == "supplier_delivery", np.nan, cost.round(2))
