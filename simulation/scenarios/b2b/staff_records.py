"""What HR, purchasing and team leads hand out about a simulated B2B company: teams, people, work, measures, cards."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.months import DAYS_PER_MONTH
from simulation.scenarios.b2b.owners import SUPPLIER, team_names
from simulation.scenarios.b2b.records import employee_ids
from simulation.scenarios.b2b.story import B2bStory

__all__ = ["declines", "employees", "measures", "scorecards", "teams", "work"]

_REVIEWS, _GO_LIVES, _COURSES = 6, 4, 6


def teams(story: B2bStory, /) -> pd.DataFrame:
    """Return teams of people, and suppliers: partners in the department ``suppliers``."""
    settings = [story.world.roles[role] for role in story.owners.team_role]
    seen: dict[str, int] = {}
    names = []
    for setting in settings:
        seen[setting.name] = seen.get(setting.name, 0) + 1
        names.append(f"{setting.name} {seen[setting.name]}")
    return pd.DataFrame(
        {
            "team_id": team_names(story.owners),
            "name": names,
            "department": [setting.department for setting in settings],
            "stage": [setting.stage for setting in settings],
            "scenario": "b2b",
        }
    )


def employees(story: B2bStory, seed: int, /) -> pd.DataFrame:
    """Return HR's employees who were there at any time under observation; gender and birth year matter for nothing."""
    rng = np.random.default_rng([seed, 36])
    owners, calendar = story.owners, story.calendar
    count = owners.person_team.size
    starts = calendar.month_days
    hired = np.where(owners.hired < 0, owners.hired * DAYS_PER_MONTH, starts[np.maximum(owners.hired, 0).astype(int)])
    left = np.where(np.isnan(owners.left), np.nan, starts[np.nan_to_num(owners.left).astype(int)] - 0.25)
    opens, closes = calendar.observed_days
    frame = pd.DataFrame(
        {
            "employee_id": employee_ids(count),
            "team_id": team_names(owners)[owners.person_team],
            "role": np.asarray(owners.team_role)[owners.person_team],
            "hired_at": calendar.times(np.floor(hired)),
            "left_at": calendar.times(np.where(left < closes, left, np.nan)),
            "contract": rng.choice(["permanent", "agency"], count, p=[0.9, 0.1]),
            "language": rng.choice(["en", "en+zh"], count, p=[0.6, 0.4]),
            "gender": rng.choice(["f", "m", "x"], count, p=[0.38, 0.60, 0.02]),
            "birth_year": rng.integers(1962, 2003, count),
        }
    )
    return frame[(hired < closes) & ~(left < opens)].reset_index(drop=True)


def work(story: B2bStory, seed: int, /) -> pd.DataFrame:
    """Return HR's monthly working data per employee."""
    rng = np.random.default_rng([seed, 37])
    post, month = _held(story)
    training = story.values()["training_hours"][post, month]
    training = np.where(np.isnan(training), np.maximum(rng.normal(4.0, 0.5, post.size), 0.0), training)
    occupancy = np.clip(rng.normal(0.78, 0.05, post.size), 0.4, 0.98)
    absence = rng.poisson(0.6, post.size)
    overtime = np.maximum(rng.normal(4 + 40 * (occupancy - 0.78), 2.0), 0.0)
    frame = pd.DataFrame(
        {
            "employee_id": employee_ids(story.owners.person_team.size)[story.owners.person[post, month]],
            **_period(story, month),
            "hours": (160 - 7.6 * absence + overtime).round(1),
            "occupancy": occupancy.round(3),
            "overtime_hours": overtime.round(1),
            "training_hours": training.round(1),
            "absence_days": absence,
            "coaching_sessions": rng.poisson(1.0, post.size),
            "quality_score": np.clip(rng.normal(78, 5, post.size), 0, 100).round(1),
        }
    )
    return frame.sort_values(["from", "employee_id"], kind="stable").reset_index(drop=True)


def measures(story: B2bStory, seed: int, /) -> pd.DataFrame:
    """Return what leads and purchasing have computed per employee or supplier and month, with the rows behind it."""
    rng = np.random.default_rng([seed, 38])
    owners, values = story.owners, story.values()
    post, month = _held(story)
    role, at = owners.role[post], {kpi: np.nan_to_num(value[post, month]) for kpi, value in values.items()}
    looked_after, visits = _visits(story)
    cared = np.maximum(looked_after[post, month], 1)
    found = {
        "second_needs_found": (
            "account_manager",
            rng.binomial(_REVIEWS, at["second_needs_found"]) / _REVIEWS,
            _REVIEWS,
        ),
        "margin_rate": ("account_manager", at["margin_rate"] + 0.004 * rng.standard_normal(post.size), 12),
        "go_live_follow_up": (
            "project_manager",
            rng.binomial(_GO_LIVES, at["go_live_follow_up"]) / _GO_LIVES,
            _GO_LIVES,
        ),
        "visits_per_account": ("field_engineer", visits[post, month] / cared, cared),
        "mandatory_training": (None, rng.binomial(_COURSES, 0.95, post.size) / _COURSES, _COURSES),
    }
    frames = []
    ids = employee_ids(owners.person_team.size)[owners.person[post, month]]
    for kpi, (wanted, value, number) in found.items():
        rows = np.ones(post.size, bool) if wanted is None else role == wanted
        frames.append(
            _measured(
                story, "employee", kpi, (ids[rows], month[rows]), value[rows], np.broadcast_to(number, rows.shape)[rows]
            )
        )
    frames += [*_suppliers(story, values, rng), *_renewals(story)]
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values(["from", "unit_id", "kpi"], kind="stable").reset_index(drop=True)


def _held(story: B2bStory, /) -> tuple[np.ndarray, np.ndarray]:
    """Posts of people and observed months, all combinations."""
    people = np.flatnonzero(story.owners.role != SUPPLIER)
    months = np.arange(story.calendar.observed.start, story.calendar.observed.stop)
    return np.repeat(people, months.size), np.tile(months, people.size)


def _period(story: B2bStory, month: np.ndarray, /) -> dict[str, np.ndarray]:
    days = story.calendar.month_days
    return {
        "from": story.calendar.times(days[month].astype(float)),
        "to": story.calendar.times(days[month + 1].astype(float)),
    }


def _measured(
    story: B2bStory, unit: str, kpi: str, at: tuple[np.ndarray, np.ndarray], value: np.ndarray, number: np.ndarray, /
) -> pd.DataFrame:
    """Rows of ``measures``: at ids and months, a KPI's value and of how many."""
    ids, month = at
    period = _period(story, month)
    return pd.DataFrame({"unit": unit, "unit_id": ids, **period, "kpi": kpi, "value": value.round(4), "n": number})


def _visits(story: B2bStory, /) -> tuple[np.ndarray, np.ndarray]:
    """Accounts that each post looked after as engineer, and visits made there: arrays (posts, months)."""
    days, accounts = story.calendar.month_days, story.accounts
    here = (accounts.joined[:, None] < days[None, :-1]) & (story.left_day[:, None] >= days[None, 1:])
    looked_after = np.zeros(story.owners.person.shape)
    visits = np.zeros(story.owners.person.shape)
    at = (accounts.engineer, np.broadcast_to(np.arange(here.shape[1]), here.shape))
    np.add.at(looked_after, at, here)
    np.add.at(visits, at, story.lived.visits * here)
    return looked_after, visits


def _suppliers(story: B2bStory, values: dict[str, np.ndarray], rng: np.random.Generator, /) -> list[pd.DataFrame]:
    """Return what purchasing says of suppliers by month; the score is judged, and likes low prices."""
    owners = story.owners
    months = np.arange(story.calendar.observed.start, story.calendar.observed.stop)
    posts = owners.posts_of(SUPPLIER)
    post, month = np.repeat(posts, months.size), np.tile(months, posts.size)
    ids = team_names(owners)[owners.post_team[post]]
    at = {kpi: values[kpi][post, month] for kpi in values if story.world.levers[kpi].owner == SUPPLIER}
    defects, saved = at["supplier_defect_rate"], at["supplier_price_saving"]
    score = 60 + 40 * (at["supplier_on_time_rate"] - 0.6) - 120 * defects + 150 * saved + rng.normal(0, 4, post.size)
    part = np.maximum(defects / 0.08, 0.05) * np.exp(0.3 * rng.standard_normal(post.size))
    measured = {
        "supplier_price_saving": saved + 0.003 * rng.standard_normal(post.size),
        "supplier_score": np.clip(score, 0, 100),
        "supplier_complaint_share": part,
    }
    one = np.ones(post.size, int)
    return [_measured(story, "team", kpi, (ids, month), value, one) for kpi, value in measured.items()]


def _renewals(story: B2bStory, /) -> list[pd.DataFrame]:
    """Return the share of contracts renewed per account manager and month in which some ran out."""
    accounts, days, observed = story.accounts, story.calendar.month_days, story.calendar.observed
    account, month = np.nonzero(accounts.expires)
    there = (accounts.joined[account] < days[month]) & (story.left_day[account] >= days[month])
    there &= (month >= observed.start) & (month < observed.stop)
    account, month = account[there], month[there]
    stays = story.left_day[account] >= days[month + 1]
    person = story.owners.person[accounts.manager[account, month], month]
    ids = employee_ids(story.owners.person_team.size)[person]
    frame = pd.DataFrame({"id": ids, "month": month, "stays": stays.astype(float)})
    measured = frame.groupby(["id", "month"], as_index=False)["stays"].agg(["mean", "count"]).reset_index()
    return [
        _measured(story, "employee", "renewal_rate", (measured["id"].to_numpy(object), measured["month"].to_numpy()),
              measured["mean"].to_numpy(float), measured["count"].to_numpy())
    ]  # fmt: skip


def scorecards(story: B2bStory, /) -> pd.DataFrame:
    """Return every scorecard that was ever in force; a supplier has one card, of role ""."""
    days, ends, names = story.calendar.month_days, story.calendar.observed.stop, team_names(story.owners)
    rows = []
    for team, month, card in story.owners.cards:
        role = story.owners.team_role[team]
        if month < ends:
            day = float(days[month]) if month >= 0 else month * 30.0
            shown = "" if role == SUPPLIER else role
            rows += [(names[team], shown, kpi, points, day) for kpi, points in card.items()]
    frame = pd.DataFrame(rows, columns=["team_id", "role", "kpi", "weight", "valid_from"])
    frame["valid_from"] = story.calendar.times(frame["valid_from"].to_numpy(float))
    return frame


def declines(story: B2bStory, /) -> list[dict[str, str]]:
    """Return the suppliers' bad months that were planted: unit, unit_id, from, to, cause."""
    starts, names = story.calendar.starts, team_names(story.owners)
    return [
        {
            "unit": "team",
            "unit_id": str(names[slump.number]),
            "from": str(starts[slump.first]),
            "to": str(starts[slump.after]),
            "cause": "supplier's plant moved",
        }
        for slump in story.owners.slumps
    ]
