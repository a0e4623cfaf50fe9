"""The source tables of a simulated company, as its three systems would hand them out: CRM, service desk and HR."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from baton.months import DAYS_PER_MONTH
from simulation.engine.texts import GeneratedTexts, Planted, generate_texts
from simulation.scenarios.service.cases import CHANNEL_RESPONSE_SECONDS, CHANNELS, PRIORITIES
from simulation.scenarios.service.settings import World
from simulation.scenarios.service.team_measures import team_measures
from simulation.scenarios.service.truth import (
    SCRIPT_SAMPLE,
    Story,
    case_columns,
    handle_seconds,
    team_name,
    unit_values,
)

__all__ = [
    "activity",
    "case_end_days",
    "case_rows",
    "cases",
    "closing_days",
    "customers",
    "declines",
    "employee_ids",
    "employees",
    "measures",
    "new_cause_day",
    "scorecards",
    "teams",
    "work",
]

_FOLDER = Path(__file__).resolve().parent / "worlds"
_DUE_HOURS = np.array([120.0, 72.0, 24.0])
_DAY_SECONDS = 86400.0


def closing_days(
    opened_day: np.ndarray, priority: np.ndarray, on_time: np.ndarray, needed_seconds: np.ndarray, chance: np.ndarray, /
) -> np.ndarray:
    """Return the day on which each case is closed: before it is due where it was on time.

    Parameters
    ----------
    needed_seconds : array (cases,)
        Response and handling, the least a case takes.
    chance : array (cases,)
        Uniform.
    """
    due = _DUE_HOURS[priority] * 3600.0
    needed = np.minimum(needed_seconds, 0.9 * due)
    inside = needed + chance**2 * 0.95 * (due - needed)
    late = due * (1.02 + 0.8 * chance)
    return opened_day + np.where(on_time, inside, late) / _DAY_SECONDS


def customer_ids(world: World, count: int, /) -> np.ndarray:
    """Return the customers' ids."""
    return np.char.add(world.customer_prefix, np.char.zfill(np.arange(1, count + 1).astype(str), 6))


def _worded(world: World, values: np.ndarray, /) -> np.ndarray:
    """Say it in the company's own words."""
    return np.array([world.words.get(str(value), str(value)) for value in values])


def employee_ids(count: int, /) -> np.ndarray:
    """Return the employees' ids."""
    return np.char.add("E", np.char.zfill(np.arange(1, count + 1).astype(str), 5))


def customers(story: Story, /) -> pd.DataFrame:
    """Return the CRM's customers: those who joined before observation ended; who leaves later is still here."""
    people, (_, closes) = story.customers, story.calendar.observed_days
    left = np.where(story.left_day < closes, story.left_day, np.nan)
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(story.world, people.count),
            "joined_at": story.calendar.times(people.joined),
            "left_at": story.calendar.times(left),
            "kind": story.world.kind,
            "segment": _worded(story.world, people.segment),
            "value": people.value,
            "contract": people.contract,
            "plan": _worded(story.world, people.plan),
            "language": people.language,
            "site": _worded(story.world, people.site),
        }
    )
    return frame[people.joined < closes].reset_index(drop=True)


def activity(story: Story, seed: int, /) -> pd.DataFrame:
    """Return payments and log-ins: those about to leave log in less and pay late."""
    rng = np.random.default_rng([seed, 4])
    people, calendar = story.customers, story.calendar
    opens, closes = calendar.observed_days
    days = calendar.month_days[calendar.observed.start : calendar.observed.stop + 1]
    ids, logins = customer_ids(story.world, people.count), np.exp(0.4 * rng.standard_normal(people.count))
    due_day = rng.integers(1, 25, people.count)
    who, when, kind = [], [], []
    for first, after in itertools.pairwise(days):
        week = min(int(first // 7), calendar.week_count - 1)
        unease = people.pull[:, week] + story.leaving.stock[:, week]
        unease = unease - unease.mean()
        late = rng.random(people.count) < 0.05 * np.exp(np.clip(unease, -3, 3) * 0.5)
        paid = first + due_day + np.where(late, rng.exponential(6.0, people.count), 0.0) + rng.random(people.count)
        count = rng.poisson(2.5 * logins * np.exp(np.clip(-0.55 * unease, -2.5, 2)))
        visitor = np.repeat(np.arange(people.count), count)
        visited = rng.uniform(first, after, visitor.size)
        who += [np.arange(people.count), visitor]
        when += [paid, visited]
        kind += [np.zeros(people.count, int), np.ones(visitor.size, int)]
    customer, day, what = np.concatenate(who), np.concatenate(when), np.concatenate(kind)
    there = (day > people.joined[customer]) & (day < story.left_day[customer]) & (day >= opens) & (day < closes)
    customer, day, what = customer[there], day[there], what[there]
    order = np.argsort(day, kind="stable")
    customer, day, what = customer[order], day[order], what[order]
    return pd.DataFrame(
        {
            "customer_id": ids[customer],
            "at": calendar.times(day),
            "kind": np.array(["payment", "login"])[what],
            "amount": np.where(what == 0, (people.value[customer] / 12).round(2), np.nan),
            "item": np.where(what == 0, _worded(story.world, people.plan)[customer], "self_service"),
        }
    )


def case_rows(story: Story, /) -> np.ndarray:
    """Return which of the drawn cases happened, as they were opened: int (cases,)."""
    rows = np.flatnonzero(story.happened())
    return rows[np.argsort(story.draws.opened_day[rows], kind="stable")]


def case_end_days(story: Story, rows: np.ndarray, /) -> np.ndarray:
    """Return the day on which each of some cases is closed, observed or not: array (cases,)."""
    draws, lived = story.draws, story.lived
    response = CHANNEL_RESPONSE_SECONDS[draws.channel[rows]] * np.exp(lived.response_log[rows])
    needed = response + handle_seconds(story.world, draws, lived)[rows]
    return closing_days(
        draws.opened_day[rows], draws.priority[rows], lived.on_time[rows], needed, draws.uniform["close"][rows]
    )


def cases(story: Story, seed: int, content_file: Path | None = None, /) -> tuple[pd.DataFrame, GeneratedTexts]:
    """Return the service desk's cases, a little dirty as real ones are; what is not over yet is null.

    Parameters
    ----------
    content_file : Path, optional
        What customers write; the world's own texts if left out.

    Returns
    -------
    tuple
        The cases, and what was written in them: for the truth.
    """
    rng = np.random.default_rng([seed, 5])
    rows = case_rows(story)
    draws, lived, calendar = story.draws, story.lived, story.calendar
    columns = {name: values[rows] for name, values in case_columns(story).items()}
    processes = list(story.world.processes)
    stage = np.array([process.stage for process in story.world.processes.values()])
    priority, channel, opened = draws.priority[rows], draws.channel[rows], draws.opened_day[rows]
    response = CHANNEL_RESPONSE_SECONDS[channel] * np.exp(lived.response_log[rows])
    closed = case_end_days(story, rows)
    rating = np.clip(np.round(lived.rating[rows]), 1, 5)
    ends = float(calendar.observed_days[1])
    # the very pleased and the displeased answer more often
    eager = story.world.ratings.answer_share * (0.85 + 0.15 * np.abs(rating - 3.5))
    asked = np.where(draws.uniform["answers"][rows] < eager, closed + rng.exponential(0.8, rows.size) + 0.02, np.nan)
    rated = np.where(asked < ends, asked, np.nan)
    recommends = np.clip(np.round(2.4 * lived.rating[rows] - 2.0 + 1.2 * draws.normal["nps"][rows]), 0, 10)
    asked_nps = draws.uniform["answers_nps"][rows] < story.world.ratings.nps_share
    over = closed < ends
    responded = opened + response / _DAY_SECONDS
    wrong_clock = rng.random(rows.size) < 0.004
    responded = np.where(wrong_clock, opened - rng.uniform(0.001, 0.02, rows.size), responded)
    unknown = rng.random((3, rows.size)) < np.array([[0.01], [0.01], [0.005]])
    team = story.people.post_team[draws.post[rows]]
    person = story.people.person[draws.post[rows], draws.month[rows]]

    def closing(values: np.ndarray) -> np.ndarray:
        return np.where(over, values, np.nan)

    process = np.array(processes)[draws.process[rows]]
    texts_file = _FOLDER / f"{story.world.texts}.toml" if content_file is None else content_file
    generated = generate_texts(
        process, story.customers.language[draws.customer[rows]], rng, texts_file, _planted(story, opened)
    )
    frame = pd.DataFrame(
        {
            "case_id": np.char.add("K", np.char.zfill(np.arange(1, rows.size + 1).astype(str), 8)),
            "opened_at": calendar.times(opened),
            "customer_id": customer_ids(story.world, story.customers.count)[draws.customer[rows]],
            "stage": stage[draws.process[rows]],
            "process": process,
            "team_id": np.array([team_name(number) for number in range(len(story.people.team_role))])[team],
            "employee_id": employee_ids(story.people.person_team.size)[person],
            "responded_at": calendar.times(np.where((responded < ends) & ~unknown[0], responded, np.nan)),
            "closed_at": calendar.times(np.where(over, closed, np.nan)),
            "due_at": calendar.times(opened + _DUE_HOURS[priority] / 24.0),
            "rated_at": calendar.times(rated),
            "csat": np.where(np.isnan(rated), np.nan, rating),
            "nps": np.where(np.isnan(rated) | ~asked_nps, np.nan, recommends),
            "resolved_first": pd.Series(lived.resolved[rows], dtype="boolean").mask(~over),
            "reopened": closing(lived.reopened[rows].astype(float)),
            "transferred": closing(lived.transferred[rows].astype(float)),
            "wait_seconds": columns["wait_seconds"].round(),
            "handle_seconds": np.where(unknown[1], np.nan, closing(columns["handle_seconds"].round())),
            "cost": closing(columns["cost_per_case"].round(2)),
            "channel": pd.Series(CHANNELS[channel]).where(~unknown[2]),
            "priority": PRIORITIES[priority],
            "complexity": draws.complexity[rows],
            "text": generated.texts,
            "root_cause": np.where(over, generated.recorded, None),  # pyright: ignore[reportCallIssue, reportArgumentType]
        }
    )
    return frame.astype({"text": "str", "root_cause": "str"}), generated


def new_cause_day(story: Story, /) -> float | None:
    """Return the day from which the world's new cause is written about; None where there is none."""
    if story.world.new_cause is None:
        return None
    begins, ends = (float(day) for day in story.calendar.observed_days[:2])
    return begins + float(int(story.world.new_cause.starts * (ends - begins)))


def _planted(story: Story, opened: np.ndarray, /) -> Planted | None:
    day, new = new_cause_day(story), story.world.new_cause
    if day is None or new is None:
        return None
    return Planted(new.name, opened >= day, new.share, {"en": new.en, "zh": new.zh})


def teams(story: Story, /) -> pd.DataFrame:
    """Return HR's teams."""
    settings = [story.world.roles[role] for role in story.people.team_role]
    numbers = [story.people.team_role[: place + 1].count(role) for place, role in enumerate(story.people.team_role)]
    return pd.DataFrame(
        {
            "team_id": [team_name(place) for place in range(len(settings))],
            "name": [f"{setting.name} {number}" for setting, number in zip(settings, numbers, strict=True)],
            "department": [setting.department for setting in settings],
            "stage": [setting.stage for setting in settings],
            "scenario": "service",
        }
    )


def employees(story: Story, seed: int, /) -> pd.DataFrame:
    """Return HR's employees who were there at any time under observation; gender and birth year matter for nothing."""
    rng = np.random.default_rng([seed, 6])
    people, calendar = story.people, story.calendar
    count = people.person_team.size
    starts = calendar.month_days
    hired = np.where(people.hired < 0, people.hired * DAYS_PER_MONTH, starts[np.maximum(people.hired, 0).astype(int)])
    left = np.where(np.isnan(people.left), np.nan, starts[np.nan_to_num(people.left).astype(int)] - 0.25)
    opens, closes = calendar.observed_days
    frame = pd.DataFrame(
        {
            "employee_id": employee_ids(count),
            "team_id": [team_name(team) for team in people.person_team],
            "role": np.asarray(people.team_role)[people.person_team],
            "hired_at": calendar.times(np.floor(hired)),
            "left_at": calendar.times(np.where(left < closes, left, np.nan)),
            "contract": rng.choice(["permanent", "agency"], count, p=[0.75, 0.25]),
            "language": rng.choice(["en", "en+zh"], count, p=[0.7, 0.3]),
            "site": _worded(story.world, rng.choice(["harbour", "hills"], count, p=[0.6, 0.4])),
            "gender": rng.choice(["f", "m", "x"], count, p=[0.52, 0.46, 0.02]),
            "birth_year": rng.integers(1962, 2005, count),
        }
    )
    return frame[(hired < closes) & ~(left < opens)].reset_index(drop=True)


def work(story: Story, seed: int, /) -> pd.DataFrame:
    """Return HR's monthly working data per employee; the quality score is judged, and likes the script."""
    rng = np.random.default_rng([seed, 7])
    people, calendar = story.people, story.calendar
    months = np.arange(calendar.observed.start, calendar.observed.stop)
    post, month = np.repeat(np.arange(people.post_team.size), months.size), np.tile(months, people.post_team.size)
    occupancy, fatigue = people.occupancy[post, month], people.fatigue[post, month]
    values = unit_values(story.world, people)
    absence = rng.poisson(np.exp(-0.4 + 0.25 * fatigue))
    overtime = np.maximum(rng.normal(4 + 60 * (occupancy - 0.78), 2.0), 0.0)
    judged = (
        78
        + 40 * (values["script_adherence"][post, month] - 0.75)
        + 30 * (values["promise_kept"][post, month] - 0.8)
        + 25 * (values["first_contact_resolution"][post, month] - 0.68)
        + rng.normal(0, 4, post.size)
    )
    frame = pd.DataFrame(
        {
            "employee_id": employee_ids(people.person_team.size)[people.person[post, month]],
            "from": calendar.times(calendar.month_days[month].astype(float)),
            "to": calendar.times(calendar.month_days[month + 1].astype(float)),
            "hours": (160 - 7.6 * absence + overtime).round(1),
            "occupancy": occupancy.round(3),
            "overtime_hours": overtime.round(1),
            "training_hours": values["training_hours"][post, month].round(1),
            "absence_days": absence,
            "coaching_sessions": rng.poisson(values["coaching_sessions"][post, month]),
            "quality_score": np.clip(judged, 0, 100).round(1),
        }
    )
    return frame.sort_values(["from", "employee_id"], kind="stable").reset_index(drop=True)


def measures(story: Story, seed: int, /) -> pd.DataFrame:
    """Return what team leads have computed per employee and month, with the cases behind it."""
    rng = np.random.default_rng([seed, 8])
    people, calendar = story.people, story.calendar
    happened = story.happened()
    shape = people.person.shape
    cell = (story.draws.post * shape[1] + story.draws.month)[happened]
    handled = np.bincount(cell, minlength=people.person.size).reshape(shape)

    def counted(done: np.ndarray) -> np.ndarray:
        return np.bincount(cell, done[happened], people.person.size).reshape(shape)

    script = unit_values(story.world, people)["script_adherence"]
    found = {
        "promise_kept": (counted(story.lived.promise_kept), handled),
        "knowledge_use": (counted(story.lived.knowledge_used), handled),
        "script_adherence": (
            rng.binomial(SCRIPT_SAMPLE, np.clip(script, 0.02, 0.98)).astype(float), np.full(shape, SCRIPT_SAMPLE)
        ),
        "mandatory_training": (rng.binomial(6, 0.95, shape).astype(float), np.full(shape, 6)),
    }  # fmt: skip
    ids = employee_ids(people.person_team.size)
    frames = []
    for kpi, (total, number) in found.items():
        post, month = np.nonzero(number[:, calendar.observed])
        month = month + calendar.observed.start
        frames.append(
            pd.DataFrame(
                {
                    "unit": "employee",
                    "unit_id": ids[people.person[post, month]],
                    "from": calendar.times(calendar.month_days[month].astype(float)),
                    "to": calendar.times(calendar.month_days[month + 1].astype(float)),
                    "kpi": kpi,
                    "value": (total[post, month] / number[post, month]).round(4),
                    "n": number[post, month],
                }
            )
        )
    frame = pd.concat([*frames, *team_measures(story, rng)], ignore_index=True)
    return frame.sort_values(["from", "unit_id", "kpi"], kind="stable").reset_index(drop=True)


def scorecards(story: Story, /) -> pd.DataFrame:
    """Return every scorecard that was ever in force."""
    days, ends = story.calendar.month_days, story.calendar.observed.stop
    rows = []
    for team, month, card in story.people.cards.rows:
        if month >= ends:
            continue
        day = float(days[month]) if month >= 0 else month * 30.0
        for kpi, points in card.items():
            rows.append((team_name(team), story.people.team_role[team], kpi, points, day))
    frame = pd.DataFrame(rows, columns=["team_id", "role", "kpi", "weight", "valid_from"])
    frame["valid_from"] = story.calendar.times(frame["valid_from"].to_numpy(float))
    return frame


def declines(story: Story, /) -> list[dict[str, str]]:
    """Return the falls of service that were planted: unit, unit_id, from, to, cause."""
    ids = employee_ids(story.people.person_team.size)
    starts = story.calendar.starts
    return [
        {
            "unit": slump.unit,
            "unit_id": str(
                ids[story.people.person[slump.number, slump.first]]
                if slump.unit == "employee"
                else team_name(slump.number)
            ),
            "from": str(starts[slump.first]),
            "to": str(starts[slump.after]),
            "cause": "tiredness" if slump.unit == "employee" else "knowledge base failing",
        }
        for slump in story.people.slumps
    ]
