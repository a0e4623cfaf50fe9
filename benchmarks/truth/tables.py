"""The tables that a company would give: cases with what was recorded of them, people, cards, monthly figures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from benchmarks.truth.kpis import ECHOES, LEVERS, TODAY, catalogue
from benchmarks.truth.leaving import HORIZON_DAYS
from benchmarks.truth.story import Story
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import context_column, kpi_column, later_column, outcome_column
from features.staging.own_columns import attribute

__all__ = ["ROLE", "Recorded", "month_earlier", "record", "wrong_roles"]

ROLE = "agent"
SAMPLED = 10
"""Cases from which a monthly figure is taken: what a quality team listens to."""
RATED = 0.25
Inflation = np.ndarray
_START = pd.Timestamp("2025-01-01")
_CHANNELS, _SEGMENTS = np.array(["phone", "chat", "mail"]), np.array(["private", "small", "key"])


@dataclass(frozen=True)
class Recorded:
    """What the company knows, and the noise of its KPIs.

    Parameters
    ----------
    noise : mapping of str to float
        Per KPI the variance of a typical person's figure of one cycle over that of true differences between people.
    """

    cases: CaseTable
    organisation: Organisation
    catalogue: Catalogue
    noise: dict[str, float]


def wrong_roles(seed: int) -> dict[str, str]:
    """Return a third of the KPIs with roles that are wrong: both echoes as levers, two levers as something else."""
    rng = np.random.default_rng([seed, 5])
    chosen = rng.choice([lever.kpi for lever in LEVERS], 2, replace=False)
    roles = {echo.kpi: "lever" for echo in ECHOES}
    return roles | {str(chosen[0]): "mediator", str(chosen[1]): "outcome"}


def record(
    story: Story, seed: int, roles: dict[str, str] | None = None, inflation: Inflation | None = None
) -> Recorded:
    """Write down what the company knows of what happened.

    Parameters
    ----------
    roles : dict of str to str, optional
        Declared roles that are wrong.
    inflation : array of shape (levers, people, months), optional
        By how much records flatter, on the levers' scales.
    """
    rng = np.random.default_rng([seed, 29])
    rows = np.flatnonzero(story.happened())
    rows = rows[np.argsort(story.cases.day[rows], kind="stable")]
    frame = _keys(story, rows)
    flattered = np.zeros((len(LEVERS), 1, 1)) if inflation is None else inflation
    person, month = (0, 0) if inflation is None else (story.cases.person[rows], story.cases.month[rows])
    values = {
        lever.kpi: _recorded(story, at, rows, rng, flattered[at][person, month]) for at, lever in enumerate(LEVERS)
    }
    values |= _echoes(story, rows, rng)
    monthly = (*story.world.monthly, *(echo.kpi for echo in ECHOES if echo.monthly))
    noise: dict[str, float] = {}
    parts = []
    for kpi, value in values.items():
        figures = _figures(frame, value, sampled=kpi in monthly)
        parts.append(figures.assign(kpi=kpi))
        noise[kpi] = _noise(story, frame, rows, kpi, value, sampled=kpi in monthly)
        frame[kpi_column(kpi)] = _same_month(frame, figures) if kpi in monthly else value
    frame[outcome_column("churn")] = _left(story, rows, story.calendar.end)
    frame[later_column("churn")] = _left(story, rows, story.calendar.end, HORIZON_DAYS)
    at_risk = int(((story.customers.joined < story.calendar.end) & (story.left_day >= story.calendar.end)).sum())
    table = CaseTable(
        frame=frame,
        case_level=frozenset(kpi for kpi in values if kpi not in monthly),
        horizon_days=HORIZON_DAYS,
        cases_per_customer=_cases_per_customer(story),
        customers_at_risk=at_risk,
        kinds={"churn": "probability"},
        better={"churn": "lower"},
    )
    declared = catalogue(story.world.arrows, monthly, roles or {})
    return Recorded(table, _organisation(story, pd.concat(parts, ignore_index=True)), declared, noise)


def month_earlier(found: Recorded) -> Recorded:
    """Return what the company knew a month before: fewer cases, and of fewer what came after."""
    frame, organisation = found.cases.frame, found.organisation
    as_of = organisation.as_of - pd.DateOffset(months=1)
    frame = frame[frame["opened_at"] < as_of].reset_index(drop=True)
    for horizons, column in ((1, outcome_column("churn")), (2, later_column("churn"))):
        unknown = frame["closed_at"] + pd.Timedelta(days=HORIZON_DAYS * horizons) > as_of
        frame[column] = frame[column].mask(unknown)
    panel = organisation.panel[organisation.panel["to"] <= as_of].reset_index(drop=True)
    return replace(
        found,
        cases=replace(found.cases, frame=frame),
        organisation=replace(organisation, panel=panel, as_of=as_of),
    )


def _keys(story: Story, rows: np.ndarray, /) -> pd.DataFrame:
    cases, customers, calendar = story.cases, story.customers, story.calendar
    customer = cases.customer[rows]
    opened = _START + pd.to_timedelta((cases.day[rows] * 86_400).round(), unit="s")
    frame = pd.DataFrame(
        {
            "case_id": [f"k{number:06d}" for number in range(len(rows))],
            "customer_id": np.char.add("c", customer.astype(str)),
            "employee_id": np.char.add("e", cases.person[rows].astype(str)),
            "team_id": np.char.add("t", story.people.team[cases.person[rows], cases.month[rows]].astype(str)),
            "stage": pd.Categorical(np.full(len(rows), "use")),
            "process": pd.Categorical(np.char.add("p", cases.process[rows].astype(str))),
            "priority": pd.Categorical(np.where(cases.urgent[rows], "urgent", "normal")),
            "channel": pd.Categorical(_CHANNELS[cases.channel[rows]]),
            "opened_at": opened,
            "closed_at": _START + pd.to_timedelta((cases.closed[rows] * 86_400).round(), unit="s"),
            "period": calendar.starts[cases.month[rows]],
            context_column("segment"): pd.Categorical(_SEGMENTS[customers.segment[customer]]),
            context_column("value"): customers.value[customer],
            context_column(attribute("complexity")): cases.complexity[rows],
            context_column("tenure_days"): cases.day[rows] - customers.joined[customer],
        }
    )
    frame[context_column("cases_before")] = _recent_cases(customer, cases.day[rows])
    by_customer = frame.groupby("customer_id", sort=False)["opened_at"]
    frame[context_column("days_since_case")] = by_customer.diff().dt.total_seconds() / 86_400
    return frame


def _recent_cases(customer: np.ndarray, day: np.ndarray, /) -> np.ndarray:
    """Count a customer's cases of the 90 days before each case; days never decrease along the rows."""
    stride = float(day[-1]) + HORIZON_DAYS + 1.0
    place = customer * stride + day
    ordered = np.sort(place)
    return (np.searchsorted(ordered, place) - np.searchsorted(ordered, place - HORIZON_DAYS)).astype(float)


def _recorded(
    story: Story, at: int, rows: np.ndarray, rng: np.random.Generator, flattered: np.ndarray, /
) -> np.ndarray:
    """What the record says of one lever, in its own unit; NaN unknown."""
    lever, world = LEVERS[at], story.world
    value = story.lived.value[at, rows]
    if lever.scale == "share":
        false = rng.random(len(rows)) < world.record_noise / 5
        done = np.where(false, 1 - value, value)
        done = np.maximum(done, rng.random(len(rows)) < flattered / (1 - lever.middle))
        found = done if lever.sign > 0 else 1 - done
    else:
        found = lever.middle * np.exp(-value + world.record_noise * lever.case_sd * rng.standard_normal(len(rows)))
    known = world.known.get(lever.kpi)
    if known is not None:
        return np.where(rng.random(len(rows)) < known, found, np.nan)
    return np.where(_answers(story, rows, rng), found, np.nan) if world.survey == lever.kpi else found


def _answers(story: Story, rows: np.ndarray, rng: np.random.Generator, /) -> np.ndarray:
    """Who answers a survey: the angry and the delighted, and whom some people ask only when all went well."""
    harm = story.lived.harm[rows]
    harm = (harm - harm.mean()) / harm.std()
    picks = (np.arange(len(story.people.skill)) % 3 == 0)[story.cases.person[rows]]
    chance = 0.12 + 0.10 * np.abs(harm) + np.where(picks, -0.15 * harm, 0.0)
    return rng.random(len(rows)) < np.clip(chance, 0.02, 0.9)


def _echoes(story: Story, rows: np.ndarray, rng: np.random.Generator, /) -> dict[str, np.ndarray]:
    """What reports a case afterwards: the customer's rating, and the score that somebody gives who listened."""
    harm = story.lived.harm[rows]
    harm = (harm - harm.mean()) / harm.std()
    rating = np.clip(np.round(4.0 - 0.7 * harm + 0.7 * rng.standard_normal(len(rows))), 1, 5)
    score = 80.0 - 5.0 * harm + 6.0 * rng.standard_normal(len(rows))
    known = rng.random(len(rows)) < RATED * np.where(harm > 1, 1.5, 1.0)
    return {"rating": np.where(known, rating, np.nan), "quality_score": score}


def _figures(frame: pd.DataFrame, value: np.ndarray, /, *, sampled: bool) -> pd.DataFrame:
    """Figures of people by month: employee_id, period, team_id, value, n; of a month's first cases if sampled."""
    table = frame[["employee_id", "team_id", "period"]].assign(value=value).dropna(subset=["value"])
    if not sampled:
        # what a case was like is known when it is closed
        table["period"] = frame["closed_at"].dt.to_period("M").dt.to_timestamp()
        table = table[table["period"] <= frame["period"].max()]
    else:
        table = table[table.groupby(["employee_id", "period"]).cumcount() < SAMPLED]
    grouped = table.groupby(["employee_id", "period"], as_index=False)
    return grouped.agg(team_id=("team_id", "last"), value=("value", "mean"), n=("value", "count"))


def _same_month(frame: pd.DataFrame, figures: pd.DataFrame, /) -> np.ndarray:
    """The handler's figure of the month in which the case opened."""
    joined = frame[["employee_id", "period"]].merge(figures, on=["employee_id", "period"], how="left")
    return joined["value"].to_numpy()


def _noise(
    story: Story, frame: pd.DataFrame, rows: np.ndarray, kpi: str, value: np.ndarray, /, *, sampled: bool
) -> float:
    """Noise of a typical person's figure of one cycle, over true differences, on the lever's scale."""
    lever = next((each for each in LEVERS if each.kpi == kpi), None)
    table = pd.DataFrame({"person": story.cases.person[rows], "seen": story.cases.seen[rows]})
    table["value"] = np.log(value) if lever is not None and lever.scale == "log" else value
    table = table.dropna()
    within = table - table.groupby("person").transform("mean").assign(person=0)
    slope = float((within["seen"] * within["value"]).sum() / (within["seen"] ** 2).sum())
    chance = float(((within["value"] - slope * within["seen"]) ** 2).sum() / (len(table) - table["person"].nunique()))
    months = frame.groupby("employee_id")["period"].nunique().sum()
    n = 3.0 * (SAMPLED if sampled else len(table) / months)
    if lever is None:
        people = table.groupby("person")["value"].agg(["mean", "count"])
        between = float(people["mean"].var() - (chance / people["count"]).mean())
        return chance / n / max(between, 1e-3 * chance)
    return chance / n / story.spreads[kpi] ** 2


def _left(story: Story, rows: np.ndarray, end: float, after: float = 0.0, /) -> np.ndarray:
    """1 where a customer at risk some days after the case left within a horizon, NaN where that is not known yet."""
    begins = story.cases.closed[rows] + after
    left = story.left_day[story.cases.customer[rows]]
    known = (begins + HORIZON_DAYS <= end) & (left > begins)
    return np.where(known, (left <= begins + HORIZON_DAYS).astype(float), np.nan)


def _cases_per_customer(story: Story, /) -> float:
    rows = story.happened()
    day, customer = story.cases.day[rows], story.cases.customer[rows]
    moments = [each for each in (story.calendar.end - HORIZON_DAYS * step for step in (1, 2, 3, 4)) if each >= 0]
    there, opened = 0, 0
    for moment in moments:
        at_risk = (story.customers.joined < moment) & (story.left_day >= moment)
        there += int(at_risk.sum())
        opened += int((at_risk[customer] & (day > moment) & (day <= moment + HORIZON_DAYS)).sum())
    return opened / there


def _organisation(story: Story, figures: pd.DataFrame, /) -> Organisation:
    people, calendar = story.people, story.calendar
    last = calendar.observed.stop - 1
    employees = pd.DataFrame(
        {
            "employee_id": np.char.add("e", np.arange(len(people.hired)).astype(str)),
            "team_id": np.char.add("t", people.team[:, last].astype(str)),
            "role": ROLE,
            "hired_at": _START + pd.to_timedelta(people.hired.round(), unit="D"),
            "left_at": _START + pd.to_timedelta(pd.Series(people.left).replace(np.inf, np.nan).round(), unit="D"),
        }
    )
    employees.loc[people.left >= calendar.end, "left_at"] = pd.NaT
    teams = [f"t{number}" for number in range(story.size.teams)]
    named = pd.DataFrame({"team_id": teams, "name": teams, "department": "service", "stage": "use", "scenario": None})
    cards = pd.DataFrame(
        [
            {"team_id": team, "role": ROLE, "kpi": kpi, "weight": float(points), "target": np.nan,
             "valid_from": _START - pd.Timedelta(days=200)}
            for team in teams
            for kpi, points in TODAY.items()
        ]
    )  # fmt: skip
    panel = pd.DataFrame(
        {
            "unit": "employee",
            "unit_id": figures["employee_id"],
            "team_id": figures["team_id"],
            "from": figures["period"],
            "to": figures["period"] + pd.DateOffset(months=1),
            "kpi": figures["kpi"],
            "value": figures["value"],
            "n": figures["n"].astype(float),
        }
    )
    as_of = _START + pd.Timedelta(days=calendar.end)
    return Organisation(employees, named, cards, panel, as_of)
