"""What is true in a simulated B2B company: the same random numbers, with every owner one standard deviation better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from baton.errors import CompanyFileError
from baton.progress import Progress, silent
from simulation.scenarios.b2b.accounts import Accounts, draw_accounts
from simulation.scenarios.b2b.dealings import NOISE, Dealings, Draws, draw_dealings, live, stock_of
from simulation.scenarios.b2b.long_calendar import LongCalendar, month_of_day
from simulation.scenarios.b2b.owners import SUPPLIER, Owners, draw_owners, levels, own_unit, team_names
from simulation.scenarios.b2b.settings import B2bWorld, load_world

__all__ = ["ECHOES", "HORIZON_DAYS", "B2bStory", "make_story"]

HORIZON_DAYS = 365
"""The company file's horizon: a contract of usual length runs out within it or soon after."""

ECHOES = ("csat", "nps", "quality_score", "supplier_score", "renewal_rate", "mandatory_training")
_HORIZONS = {90: 3, 365: 12, 730: 24}
_CYCLE_MONTHS = 3
_REVIEWS_A_MONTH = 6


@dataclass(frozen=True)
class B2bStory:
    """Everything that happened in one B2B company, and what the truth is computed from.

    Parameters
    ----------
    hazard : array (accounts, months + 1)
        Cumulative hazard of leaving at the months' starts, as if nobody had left.
    left_day : array (accounts,)
        Infinity: not within the simulated time.
    """

    world: B2bWorld
    calendar: LongCalendar
    owners: Owners
    accounts: Accounts
    draws: Draws
    lived: Dealings
    intercept: float
    hazard: np.ndarray
    left_day: np.ndarray

    def happened(self) -> np.ndarray:
        """Return which of the drawn cases happened under observation: bool (cases,)."""
        opens, closes = self.calendar.observed_days
        day = self.draws.day
        there = (day >= opens) & (day < closes) & (day < self.left_day[self.draws.account])
        return there & self.lived.happened

    def values(self) -> dict[str, np.ndarray]:
        """Return the true value of every post and month, in the KPI's own unit; NaN where it is not the role's."""
        return own_unit(self.world, levels(self.world, self.owners))

    def spread(self, kpi: str, values: np.ndarray, /) -> float:
        """Return the SD between the KPI's owners (persons, or suppliers) of their mean over the observed months."""
        posts = self.owners.posts_of(self.world.levers[kpi].owner)
        seen = self.calendar.observed
        person = self.owners.person[posts][:, seen]
        owner = np.where(person >= 0, person, posts[:, None])
        _, owner = np.unique(owner, return_inverse=True)
        months = np.bincount(owner.ravel())
        mean = np.bincount(owner.ravel(), weights=values[posts][:, seen].ravel()) / months
        return float(np.sqrt(np.cov(mean, fweights=months, ddof=0)))

    def better(self, kpi: str, /) -> tuple[np.ndarray, float]:
        """Return what makes every owner one SD better, in the lever's scale, and that SD in the KPI's unit."""
        lever, values = self.world.levers[kpi], self.values()[kpi]
        spread = self.spread(kpi, values)
        if lever.scale == "log":
            return np.log(np.maximum(values + lever.sign * spread, 0.05 * values) / values), spread
        return np.full_like(values, lever.sign * spread), spread

    def snapshots(self) -> list[int]:
        """Return the months at whose start the accounts at risk are looked at."""
        observed = self.calendar.observed
        return list(range(observed.start + min(3, self.calendar.months), observed.stop + 1))

    def risk(self, hazard: np.ndarray, horizon_months: int, snapshots: list[int], /) -> float:
        """Return the mean probability of leaving within a horizon, over the accounts really there at the snapshots."""
        total, count = 0.0, 0
        for month in snapshots:
            day = self.calendar.month_days[month]
            here = (self.accounts.joined < day) & (self.left_day >= day)
            total += float(-np.expm1(hazard[here, month] - hazard[here, month + horizon_months]).sum())
            count += int(here.sum())
        return total / count

    def hazard_if(self, shift: dict[str, np.ndarray], /) -> np.ndarray:
        """Return the cumulative hazard had owners' true values been shifted, everything else the same."""
        moved = live(self.world, self.owners, self.accounts, self.draws, shift)
        return _hazard(self.world, self.accounts, stock_of(self.world, moved), self.intercept)

    def effects_by_horizon(self) -> list[dict[str, Any]]:
        """Return the true effects on leaving, per horizon.

        Returns
        -------
        list of dict
            outcome, kpi, horizon_days, effect (owners were and stayed better, as everywhere in Baton), effect_from_now
            (they become better at the end of observation: what takes years shows only at long horizons), spread.
        """
        rows: list[dict[str, Any]] = []
        last = self.calendar.observed.stop
        later = np.arange(self.calendar.month_count) >= last
        for kpi in self.world.levers:
            shift, spread = self.better(kpi)
            always, begun = self.hazard_if({kpi: shift}), self.hazard_if({kpi: np.where(later, shift, 0.0)})
            for days, months in _HORIZONS.items():
                effect = self.risk(always, months, self.snapshots()) - self.risk(self.hazard, months, self.snapshots())
                now = self.risk(begun, months, [last]) - self.risk(self.hazard, months, [last])
                rows.append(
                    {
                        "outcome": "churn", "kpi": kpi, "horizon_days": days, "effect": float(effect),
                        "effect_from_now": float(now), "spread": spread,
                    }
                )  # fmt: skip
        return rows

    def effects(self, by_horizon: list[dict[str, Any]], /) -> list[dict[str, Any]]:
        """Return the true effects at the company file's horizon: outcome, kpi, effect, spread."""
        chosen = [row for row in by_horizon if row["horizon_days"] == HORIZON_DAYS]
        rows = [{name: row[name] for name in ("outcome", "kpi", "effect", "spread")} for row in chosen]
        return rows + [{"outcome": "churn", "kpi": kpi, "effect": 0.0, "spread": None} for kpi in ECHOES]

    def weights(
        self, effects: list[dict[str, Any]], fixed: tuple[str, ...] = ("mandatory_training",), /
    ) -> list[dict[str, Any]]:
        """Return the weights that the evidence would pay if the truth were known, per team and role ("" for suppliers).

        Source
        ------
        Holmström & Milgrom 1991, as in ``simulation.scenarios.service.truth``.
        """
        helps = {row["kpi"]: max(-row["effect"], 0.0) for row in effects}
        noise, names, rows = self.noise(), team_names(self.owners), []
        for team, role in enumerate(self.owners.team_role):
            card, pull = self.world.roles[role].card, {}
            for kpi, lever in self.world.levers.items():
                if lever.owner == role:
                    squared = lever.controllability**2
                    pull[kpi] = helps[kpi] * squared / (squared + noise[kpi][team])
            kept = sum(points for kpi, points in card.items() if kpi in fixed)
            total = sum(pull.values())
            for kpi in [*pull, *(kpi for kpi in card if kpi not in pull)]:
                points = card[kpi] if kpi in fixed else (100 - kept) * pull.get(kpi, 0.0) / total if total > 0 else None
                shown = "" if role == SUPPLIER else role
                rows.append({"team_id": names[team], "role": shown, "kpi": kpi, "weight": points})
        return rows

    def noise(self) -> dict[str, np.ndarray]:
        """Return each KPI's noise over a cycle per team: sampling variance over between-unit variance (teams,)."""
        happened = self.happened()
        process, post = np.array(list(self.world.processes))[self.draws.process[happened]], self.draws.post[happened]
        team, teams = self.owners.post_team[post], len(self.owners.team_role)
        posts = np.bincount(self.owners.post_team, minlength=teams)
        cycles = self.calendar.months / _CYCLE_MONTHS

        def volume(*names: str) -> np.ndarray:
            return np.maximum(np.bincount(team[np.isin(process, names)], minlength=teams) / posts / cycles, 0.5)

        behind = {
            "response_seconds": volume("enquiry", "complaint"),
            "reached_before_expiry": volume("renewal_talk"),
            "second_needs_found": np.full(teams, float(_CYCLE_MONTHS * _REVIEWS_A_MONTH)),
            "go_live_right_first_time": volume("go_live"),
            "project_delay_days": volume("joint_project"),
            "go_live_follow_up": volume("go_live"),
            "project_cost": volume("joint_project"),
            "visits_per_account": volume("inspection_visit", "training_visit"),
            "first_time_fix_rate": volume("repair"),
            "cost_per_visit": volume("inspection_visit", "training_visit"),
            "supplier_on_time_rate": volume("supplier_delivery"),
            "supplier_defect_rate": volume("supplier_delivery"),
        }
        found, values = {}, levels(self.world, self.owners)
        for kpi, lever in self.world.levers.items():
            single = lever.mean * (1 - lever.mean) if lever.scale == "share" else NOISE.get(kpi, 1.0) ** 2
            sampling = single / behind[kpi] if kpi in behind else np.zeros(teams)
            found[kpi] = sampling / max(self.spread(kpi, values[kpi]) ** 2, 1e-12)
        return found


def _hazard(world: B2bWorld, accounts: Accounts, stock: np.ndarray, intercept: float, /) -> np.ndarray:
    """Cumulate the hazard of leaving: high in the months in which contracts run out, low between."""
    odds = intercept + accounts.pull + stock + np.where(accounts.expires, 0.0, world.leaving.early)
    total = np.zeros((odds.shape[0], odds.shape[1] + 1))
    np.cumsum(-np.log1p(-expit(np.minimum(odds, 6.0))), axis=1, out=total[:, 1:])
    return total


def _calibrate(world: B2bWorld, calendar: LongCalendar, accounts: Accounts, stock: np.ndarray, /) -> float:
    """Find the intercept at which the wanted share of the accounts at risk leaves within a year."""
    observed, low, high = calendar.observed, -8.0, 4.0
    for _ in range(25):
        middle = (low + high) / 2
        hazard = _hazard(world, accounts, stock, middle)
        left, here = 0.0, 0.0
        for month in np.linspace(observed.start, observed.stop, 4).astype(int):
            begun = np.maximum(month_of_day(accounts.joined), observed.start)
            begun = np.minimum(begun, month)
            still = np.exp(hazard[np.arange(accounts.count), begun] - hazard[:, month])
            still = np.where(accounts.joined < calendar.month_days[month], still, 0.0)
            left += float((still * -np.expm1(hazard[:, month] - hazard[:, month + 12])).sum())
            here += float(still.sum())
        low, high = (middle, high) if left / here < world.leaving.yearly else (low, middle)
    return (low + high) / 2


def _leave(calendar: LongCalendar, accounts: Accounts, hazard: np.ndarray, /) -> np.ndarray:
    """Return the day on which each account leaves, as infinity if not within the simulated time."""
    rows, observed = np.arange(accounts.count), calendar.observed
    begun = np.searchsorted(calendar.month_days, accounts.joined, side="right")
    wanted = hazard[rows, np.clip(begun, observed.start, hazard.shape[1] - 1)] + accounts.patience
    # the largest account is still there: a company whose largest customer has gone is another case
    wanted[0] = np.inf
    month = (hazard < wanted[:, None]).sum(axis=1)
    gone, month = month < hazard.shape[1], np.minimum(month, hazard.shape[1] - 1)
    before, after = hazard[rows, month - 1], hazard[rows, month]
    share = np.divide(wanted - before, after - before, out=np.zeros(month.size), where=gone & (after > before))
    days = calendar.month_days
    return np.where(gone, days[month - 1] + share * (days[month] - days[month - 1]), np.inf)


def make_story(
    *,
    customers: int,
    months: int,
    seed: int,
    employees: int | None = None,
    world: str = "b2b",
    progress: Progress = silent,
) -> B2bStory:
    """Live through a B2B company without writing it: for benchmarks that need the truth of many.

    Parameters
    ----------
    customers, months, seed, employees, world
        As for ``pipelines.simulate.simulate``.

    Returns
    -------
    B2bStory
    """
    setting, calendar = load_world(world), LongCalendar(months)
    volume = setting.volume
    posts = employees if employees is not None else max(12, round(customers / volume.customers_per_employee))
    if posts < 6:
        raise CompanyFileError(f"{posts} employees: too few for {len(setting.roles) - 1} roles; give more")
    suppliers = min(volume.max_suppliers, max(8, round(customers / volume.customers_per_supplier)))
    owners = draw_owners(setting, calendar, posts, suppliers, seed)
    accounts = draw_accounts(setting, calendar, owners, customers, seed)
    progress("drawing cases", 0, 0)
    draws = draw_dealings(setting, calendar, owners, accounts, seed)
    lived = live(setting, owners, accounts, draws)
    stock = stock_of(setting, lived)
    intercept = _calibrate(setting, calendar, accounts, stock)
    hazard = _hazard(setting, accounts, stock, intercept)
    left_day = _leave(calendar, accounts, hazard)
    return B2bStory(setting, calendar, owners, accounts, draws, lived, intercept, hazard, left_day)
