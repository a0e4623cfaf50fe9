"""What is true in a product company: the same random numbers, with every owner one standard deviation better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from baton.errors import CompanyFileError
from baton.months import DAYS_PER_MONTH
from baton.progress import Progress, silent
from simulation.engine.calendar import HORIZON_DAYS, Calendar
from simulation.scenarios.product.accounts import Accounts, draw_accounts
from simulation.scenarios.product.experiences import (
    Experience,
    ProductDraws,
    draw_experiences,
    experience,
    product_stock,
)
from simulation.scenarios.product.settings import ProductWorld, load_world
from simulation.scenarios.product.teams import ProductTeams, draw_teams, levels, own_unit, team_name
from simulation.scenarios.service.leaving import Leaving, calibrate, hazards, leave, left_within, stocks
from simulation.scenarios.service.truth import Story

__all__ = ["PLANNED_RELEASES", "SUPPORT_LEVERS", "ProductStory", "make_story"]

SUPPORT_LEVERS = (
    "first_contact_resolution", "response_seconds", "reopen_rate", "on_time_rate", "cost_per_case", "knowledge_use",
    "training_hours", "coaching_sessions",
)  # fmt: skip
"""Levers of people in support; the service engine's others play no part here."""

PLANNED_RELEASES = 20
"""Releases and mends that a team plans in a month."""

_REPORTING = ("csat", "nps", "quality_score", "mandatory_training")


@dataclass(frozen=True)
class ProductStory:
    """Everything that happened in one product company, and what the truth is computed from.

    Parameters
    ----------
    support : Story
        Support's part, whose customers' ``pull`` holds what the product does.
    base_pull : array (accounts, weeks)
        What pulls apart from product and support.
    case_stock : array (accounts, weeks)
        What support does.
    """

    world: ProductWorld
    accounts: Accounts
    teams: ProductTeams
    draws: ProductDraws
    lived: Experience
    support: Story
    base_pull: np.ndarray
    case_stock: np.ndarray

    @property
    def calendar(self) -> Calendar:
        """The months lived through."""
        return self.support.calendar

    def leaving_if(self, shift: dict[str, np.ndarray], /) -> Leaving:
        """Return the risk of leaving had teams' true values been shifted, everything else the same.

        Parameters
        ----------
        shift : dict of lever to array (teams, months)
            In the lever's scale.
        """
        moved = experience(self.world, self.accounts, self.teams, self.draws, shift)
        stock = product_stock(self.world, self.calendar, self.accounts, self.draws, moved)
        customers = replace(self.support.customers, pull=self.base_pull + stock)
        return hazards(self.support.world, customers, self.case_stock, self.support.intercept)

    def risk(self, leaving: Leaving, /) -> float:
        """Return the mean probability of leaving within the horizon, over those really there at the snapshots."""
        total, count = 0.0, 0
        for day in self.support.snapshots():
            here = (self.support.customers.joined < day) & (self.support.left_day >= day)
            total += float(left_within(leaving, float(day))[here].sum())
            count += int(here.sum())
        return total / count

    def values(self) -> dict[str, np.ndarray]:
        """Return the true value of every team and month, in the KPI's own unit: array (teams, months) each."""
        return own_unit(self.world, levels(self.world, self.teams))

    def spread(self, values: np.ndarray, /) -> float:
        """Return the SD between teams of their mean over the observed months."""
        return float(values[:, self.calendar.observed].mean(axis=1).std())

    def better(self, kpi: str, /) -> tuple[np.ndarray, float]:
        """Return the shift to one between-team SD better, in the lever's scale, and that SD in the KPI's own unit."""
        lever, values = self.world.levers[kpi], self.values()[kpi]
        spread = self.spread(values)
        if lever.scale == "log":
            return np.log(np.maximum(values + lever.sign * spread, 0.05 * values) / values), spread
        return np.full_like(values, lever.sign * spread), spread

    def effects(self) -> list[dict[str, Any]]:
        """Return the true effects on leaving: outcome, kpi, effect, spread (one between-unit SD, in the KPI's unit)."""
        rows: list[dict[str, Any]] = []
        risk = self.risk(self.support.leaving)
        for kpi in self.world.levers:
            shift, spread = self.better(kpi)
            change = self.risk(self.leaving_if({kpi: shift})) - risk
            rows.append({"outcome": "churn", "kpi": kpi, "effect": float(change), "spread": spread})
        of_support = [row for row in self.support.effects() if row["outcome"] == "churn"]
        return rows + [row for row in of_support if row["kpi"] in SUPPORT_LEVERS + _REPORTING]

    def weights(self, effects: list[dict[str, Any]], /) -> list[dict[str, Any]]:
        """Return the weights that the evidence would pay if the truth were known.

        Returns
        -------
        list of dict
            team_id, role, kpi, weight; 100 per team and role. Product teams have one card, of role "".

        Source
        ------
        Holmström & Milgrom 1991, as in ``simulation.scenarios.service.truth``.
        """
        helps = {row["kpi"]: max(-row["effect"], 0.0) for row in effects}
        noise, rows = self.noise(), []
        for team in range(self.teams.count):
            pull = {}
            for kpi, lever in self.world.levers.items():
                squared = lever.controllability**2
                pull[kpi] = helps[kpi] * squared / (squared + noise[kpi][team])
            total = sum(pull.values())
            for kpi, value in pull.items():
                points = 100 * value / total if total > 0 else None
                rows.append({"team_id": team_name(team), "role": "", "kpi": kpi, "weight": points})
        known = {row["kpi"] for row in effects}
        others = [
            {"outcome": "churn", "kpi": kpi, "effect": 0.0} for kpi in self.support.world.levers if kpi not in known
        ]
        of_support = self.support.weights(effects + others)
        wanted = SUPPORT_LEVERS + _REPORTING
        return rows + [row for row in of_support if row["kpi"] in wanted]

    def noise(self) -> dict[str, np.ndarray]:
        """Return each KPI's noise over a cycle per team: sampling variance over between-team variance (teams,)."""
        values, cycles = self.values(), self.calendar.months / (HORIZON_DAYS / DAYS_PER_MONTH)
        variance = self._variance(values, cycles)
        return {
            kpi: variance.get(kpi, np.zeros(self.teams.count)) / max(self.spread(values[kpi]) ** 2, 1e-12)
            for kpi in self.world.levers
        }

    def _variance(self, values: dict[str, np.ndarray], cycles: float, /) -> dict[str, np.ndarray]:
        """Sampling variance of a team's figure over a cycle, from its volume."""
        draws, lived = self.draws, self.lived
        per_cycle = {
            "offers": self._volume(draws.offers.pair, draws.offers.day, lived.offered) / cycles,
            "suggestions": self._volume(draws.suggestions.pair, draws.suggestions.day) / cycles,
            "setups": self._volume(draws.setups.pair, draws.setups.day) / cycles,
            "mended": self._volume(draws.errors.pair, draws.errors.day, draws.reported & (lived.errors > 0)) / cycles,
            "hours": self._volume(draws.errors.pair, draws.errors.day, draws.hours) / cycles,
        }
        mean = {kpi: value[:, self.calendar.observed].mean(axis=1) for kpi, value in values.items()}

        def share(kpi: str, count: np.ndarray | float) -> np.ndarray:
            return mean[kpi] * (1 - mean[kpi]) / np.maximum(count, 1.0)

        def days(kpi: str, count: np.ndarray, noise: float = 0.6) -> np.ndarray:
            return mean[kpi] ** 2 * np.expm1(noise**2) / np.maximum(count, 1.0)

        return {
            "new_function_adoption": share("new_function_adoption", per_cycle["offers"]),
            "defect_rate": mean["defect_rate"] / np.maximum(per_cycle["hours"], 1.0),
            "defect_repair_days": days("defect_repair_days", per_cycle["mended"]),
            "suggestion_adoption_rate": share("suggestion_adoption_rate", per_cycle["suggestions"]),
            "request_answer_days": days("request_answer_days", per_cycle["suggestions"]),
            "setup_completion_rate": share("setup_completion_rate", per_cycle["setups"]),
            "release_on_time_rate": share("release_on_time_rate", 3.0 * PLANNED_RELEASES),
        }

    def _volume(self, pair: np.ndarray, day: np.ndarray, weight: np.ndarray | None = None, /) -> np.ndarray:
        """Count what really happened under observation, per team."""
        opens, closes = self.calendar.observed_days
        there = (day >= opens) & (day < closes) & (day < self.support.left_day[self.accounts.account[pair]])
        counted = there.astype(float) if weight is None else there * weight
        return np.bincount(self.accounts.team[pair], weights=counted, minlength=self.teams.count)


def make_story(
    *,
    customers: int,
    months: int,
    seed: int,
    employees: int | None = None,
    world: str = "product",
    progress: Progress = silent,
) -> ProductStory:
    """Live through a product company without writing it: for benchmarks that need the truth of many.

    Parameters
    ----------
    customers, months, seed, employees, world
        As for ``pipelines.simulate.simulate``; employees are those of support.

    Returns
    -------
    ProductStory
    """
    from simulation.scenarios.service.cases import CHANNEL_RESPONSE_SECONDS, draw_cases, live
    from simulation.scenarios.service.people import draw_people
    from simulation.scenarios.service.records import closing_days
    from simulation.scenarios.service.truth import handle_seconds

    setting, calendar = load_world(world), Calendar(months)
    support, volume = setting.support, setting.volume
    posts = employees if employees is not None else max(8, round(customers / volume.customers_per_employee))
    if posts < len(support.roles):
        raise CompanyFileError(f"{posts} employees: too few for {len(support.roles)} roles; give more")
    count = min(volume.max_teams, len(setting.modules.names), max(8, round(customers / volume.customers_per_team)))
    teams = draw_teams(setting, calendar, count, seed)
    accounts = draw_accounts(setting, calendar, customers, count, seed)
    progress("drawing use", 0, 0)
    draws = draw_experiences(setting, calendar, accounts, count, seed)
    lived = experience(setting, accounts, teams, draws)
    people = draw_people(support, calendar, posts, seed)
    case_draws = draw_cases(support, calendar, accounts.customers, people, seed)
    cases = live(support, people, case_draws)
    needed = CHANNEL_RESPONSE_SECONDS[case_draws.channel] * np.exp(cases.response_log)
    needed = needed + handle_seconds(support, case_draws, cases)
    chance = case_draws.uniform["close"]
    closed = closing_days(case_draws.opened_day, case_draws.priority, cases.on_time, needed, chance)
    week = (closed // 7).astype(int)
    case_stock = stocks(support, customers, calendar.week_count, case_draws.customer, week, cases.harm)
    base_pull = accounts.customers.pull
    pulled = replace(accounts.customers, pull=base_pull + product_stock(setting, calendar, accounts, draws, lived))
    intercept = calibrate(support, calendar, pulled, case_stock)
    leaving = hazards(support, pulled, case_stock, intercept)
    left_day = leave(calendar, pulled, leaving)
    of_support = Story(support, calendar, pulled, people, case_draws, cases, week, intercept, leaving, left_day)
    return ProductStory(setting, accounts, teams, draws, lived, of_support, base_pull, case_stock)
