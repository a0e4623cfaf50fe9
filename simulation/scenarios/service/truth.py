"""What is true in a simulated company: the same random numbers, with everyone one standard deviation better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baton.months import DAYS_PER_MONTH
from baton.outcomes import Outcome
from simulation.engine.calendar import HORIZON_DAYS, Calendar
from simulation.scenarios.service.cases import CaseDraws, Lived, levels, live
from simulation.scenarios.service.customers import Customers
from simulation.scenarios.service.leaving import Leaving, hazards, left_within, stocks
from simulation.scenarios.service.people import People
from simulation.scenarios.service.settings import World

__all__ = ["Story", "unit_values"]

ECHOES = ("csat", "nps", "quality_score")
MANDATORY_KPIS = ("mandatory_training",)
COST_PER_SECOND = 0.02
SCRIPT_SAMPLE = 10
_RATED = str(Outcome("case", metric="csat"))


@dataclass(frozen=True)
class Story:
    """Everything that happened in one company, and what the truth is computed from.

    Parameters
    ----------
    week : int array (cases,)
        Week by whose end a case is felt, the same under every intervention.
    left_day : array (customers,)
        Infinity: not within the simulated time.
    """

    world: World
    calendar: Calendar
    customers: Customers
    people: People
    draws: CaseDraws
    lived: Lived
    week: np.ndarray
    intercept: float
    leaving: Leaving
    left_day: np.ndarray

    def snapshots(self) -> list[int]:
        """Return the days at which the customers at risk are looked at."""
        days, observed = self.calendar.month_days, self.calendar.observed
        if self.world.drift:
            return [int(days[observed.stop])]
        return [int(day) for day in days[observed.start + min(3, self.calendar.months) : observed.stop + 1]]

    def happened(self) -> np.ndarray:
        """Return which of the drawn cases happened under observation: bool (cases,)."""
        opens, closes = self.calendar.observed_days
        opened = self.draws.opened_day
        return (opened >= opens) & (opened < closes) & (opened < self.left_day[self.draws.customer])

    def effects(self) -> list[dict[str, Any]]:
        """Return the true effects, on leaving and on the rating of a case.

        Returns
        -------
        list of dict
            outcome, kpi, effect, spread (one between-unit SD in the KPI's own unit).
        """
        rows: list[dict[str, Any]] = []
        risk, happened = self._risk(self.leaving), self.happened()
        rating = _rounded(self.lived.rating)[happened].mean()
        for kpi, (shift, spread) in self._shifts().items():
            moved = live(self.world, self.people, self.draws, {kpi: shift})
            stock = stocks(
                self.world, self.customers.count, self.calendar.week_count, self.draws.customer, self.week, moved.harm
            )
            change = self._risk(hazards(self.world, self.customers, stock, self.intercept)) - risk
            rated = _rounded(moved.rating)[happened].mean() - rating
            rows.append({"outcome": "churn", "kpi": kpi, "effect": float(change), "spread": spread})
            rows.append({"outcome": _RATED, "kpi": kpi, "effect": float(rated), "spread": spread})
        for kpi in (*ECHOES, *MANDATORY_KPIS):
            rows += [{"outcome": name, "kpi": kpi, "effect": 0.0, "spread": None} for name in ("churn", _RATED)]
        return sorted(rows, key=lambda row: row["outcome"])

    def _risk(self, leaving: Leaving, /) -> float:
        """Mean probability of leaving within the horizon, over those who were really there at the snapshots."""
        total, count = 0.0, 0
        for day in self.snapshots():
            here = (self.customers.joined < day) & (self.left_day >= day)
            total += float(left_within(leaving, float(day))[here].sum())
            count += int(here.sum())
        return total / count

    def _shifts(self) -> dict[str, tuple[np.ndarray, float]]:
        """Per lever what makes every post one between-person SD better, in the lever's scale, and that SD."""
        shifts = {}
        values = unit_values(self.world, self.people)
        for kpi, lever in self.world.levers.items():
            spread = self.spread(values[kpi], lever.unit)
            better = lever.sign * spread
            if lever.scale == "log":
                # one SD in seconds, taken off everybody's own mean
                moved = np.log(np.maximum(values[kpi] + better, 0.05 * values[kpi]) / values[kpi])
            else:
                moved = np.full_like(values[kpi], better)
            shifts[kpi] = (moved, float(spread))
        return shifts

    def spread(self, values: np.ndarray, unit: str = "employee", /) -> float:
        """Return the SD between units of their mean over the observed months, within roles, weighted by months.

        Parameters
        ----------
        values : array (posts, months)
        unit : {"employee", "team"}
        """
        person = self.people.person[:, self.calendar.observed]
        team = np.broadcast_to(self.people.post_team[:, None], person.shape)
        owner = (person if unit == "employee" else team).ravel()
        months = np.bincount(owner)
        mean = np.bincount(owner, weights=values[:, self.calendar.observed].ravel()) / np.maximum(months, 1)
        team_of = self.people.person_team[: months.size] if unit == "employee" else np.arange(months.size)
        # cards and work differ between roles
        role = np.asarray(self.people.team_role)[team_of]
        total = 0.0
        for name in np.unique(role[months > 0]):
            inside = (role == name) & (months > 0)
            centre = np.average(mean[inside], weights=months[inside])
            total += float((months[inside] * (mean[inside] - centre) ** 2).sum())
        return float(np.sqrt(total / months.sum()))

    def weights(
        self, effects: list[dict[str, Any]], fixed: tuple[str, ...] = ("mandatory_training",), /
    ) -> list[dict[str, Any]]:
        """Return the weights that the evidence would pay if the truth were known.

        Returns
        -------
        list of dict
            team_id, role, kpi, weight; 100 per team and role.

        Source
        ------
        Holmström & Milgrom 1991: w ∝ max(b, 0) · c² / (c² + σ²), σ² the KPI's noise over a cycle in
        between-unit variances.
        """
        helps = {row["kpi"]: -row["effect"] for row in effects if row["outcome"] == "churn"}
        noise = self.noise()
        rows: list[dict[str, Any]] = []
        for team, role in enumerate(self.people.team_role):
            card = self.world.roles[role].card
            kept = sum(points for kpi, points in card.items() if kpi in fixed)
            pull = {}
            for kpi, lever in self.world.levers.items():
                squared = lever.controllability**2
                pull[kpi] = max(helps[kpi], 0.0) * squared / (squared + noise[kpi][team])
            total = sum(pull.values())
            for kpi in [*pull, *(kpi for kpi in card if kpi not in pull)]:
                points = card[kpi] if kpi in fixed else (100 - kept) * pull.get(kpi, 0.0) / total if total > 0 else None
                rows.append({"team_id": team_name(team), "role": role, "kpi": kpi, "weight": points})
        return rows

    def noise(self) -> dict[str, np.ndarray]:
        """Return each KPI's noise over a cycle per team: sampling variance over between-unit variance (teams,)."""
        happened = self.happened()
        post, process = self.draws.post[happened], self.draws.process[happened]
        team = self.people.post_team[post]
        months = self.calendar.months
        posts = np.bincount(self.people.post_team, minlength=len(self.people.team_role))
        volume = np.bincount(team, minlength=posts.size) / posts / months * (HORIZON_DAYS / DAYS_PER_MONTH)
        values = unit_values(self.world, self.people)
        found = {}
        for kpi, column in case_columns(self).items():
            seen = column[happened]
            means = np.bincount(process, weights=seen) / np.maximum(np.bincount(process), 1)
            variance = float(np.var(seen - means[process]))
            between = max(self.spread(values[kpi], self.world.levers[kpi].unit) ** 2, 1e-12)
            found[kpi] = np.maximum(variance - between, 0.0) / np.maximum(volume, 1.0) / between
        script = values["script_adherence"]
        between = max(self.spread(script) ** 2, 1e-12)
        found["script_adherence"] = np.full(
            posts.size, float(np.mean(script * (1 - script))) / (3 * SCRIPT_SAMPLE) / between
        )
        for kpi, lever in self.world.levers.items():
            if lever.monthly and lever.scale == "count":
                # three months of chance
                between = max(self.spread(values[kpi], lever.unit) ** 2, 1e-12)
                found[kpi] = np.full(posts.size, lever.mean / 3 / between)
            found.setdefault(kpi, np.zeros(posts.size))
        return found


def team_name(number: int, /) -> str:
    """Return a team's id.

    Examples
    --------
    >>> team_name(3)
    'T04'
    """
    return f"T{number + 1:02d}"


def case_columns(story: Story, /) -> dict[str, np.ndarray]:
    """Return the KPIs that a case carries, in their own units: array (cases,) each."""
    lived = story.lived
    handle = handle_seconds(story.world, story.draws, lived)
    return {
        "handle_seconds": handle,
        "first_contact_resolution": lived.resolved.astype(float),
        "promise_kept": lived.promise_kept.astype(float),
        "response_seconds": np.exp(lived.response_log) * 300.0,
        "transfer_rate": lived.transferred.astype(float),
        "reopen_rate": lived.reopened.astype(float),
        "on_time_rate": lived.on_time.astype(float),
        "cost_per_case": 4.0 + COST_PER_SECOND * handle + lived.goodwill,
        "knowledge_use": lived.knowledge_used.astype(float),
        "wait_seconds": np.exp(lived.wait_log) * 60.0,
    }


def handle_seconds(world: World, draws: CaseDraws, lived: Lived, /) -> np.ndarray:
    """Return how long each case was worked on: array (cases,)."""
    needed = _process_seconds(world)[draws.process]
    return needed * np.exp(world.difficulty.on_handle * draws.difficulty + lived.handle_log)


def unit_values(world: World, people: People, /) -> dict[str, np.ndarray]:
    """Return the true value of every post and month at the same case mix, in the KPI's own unit.

    Returns
    -------
    dict of KPI to array (posts, months)
    """
    values = levels(world, people)
    share = np.array([process.share for process in world.processes.values()])
    seconds = float(np.average(_process_seconds(world), weights=share))
    found = dict(values)
    found["handle_seconds"] = seconds * np.exp(values["handle_seconds"])
    found["response_seconds"] = 300.0 * np.exp(values["response_seconds"])
    found["wait_seconds"] = 60.0 * np.exp(values["wait_seconds"])
    found["cost_per_case"] = 4.0 + COST_PER_SECOND * found["handle_seconds"] + np.maximum(values["cost_per_case"], 0.3)
    return found


def _process_seconds(world: World, /) -> np.ndarray:
    return np.array([process.handle_seconds for process in world.processes.values()])


def _rounded(rating: np.ndarray, /) -> np.ndarray:
    return np.clip(np.round(rating), 1, 5)
