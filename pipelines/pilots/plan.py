"""Planning a pilot: which teams begin when, and what could be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from baton.company import Company
from baton.errors import PolicyError
from baton.files import RunFolder
from baton.months import months_later
from models.pilots.estimate import NEVER, Floats, Starts
from models.pilots.power import Power, power_of
from models.pilots.schedules import MIN_SCHEDULES, Wave, draw_schedules
from pipelines.pilots.history import History, open_history, traits
from pipelines.pilots.planned import Plan
from pipelines.pilots.tried import definition_of, expected_of, tried_cards
from pipelines.pilots.upset import shared_before

__all__ = ["Asked", "Planned", "plan_pilot"]

ALPHA = 0.1  # of the two-sided test: what is taken for better by chance alone is 5 of 100
_MAX_BEFORE = 12
_MIN_BEFORE = 3  # a trend before takes as many
_MAX_SCHEDULES = 1000
_MIN_TEAMS = 4
_MIN_SHARE = 0.75  # of the months before, in which a team must have been measured
_OTHER_CYCLES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Asked:
    """What a pilot is to try.

    Parameters
    ----------
    kpi : str
        What it is judged by.
    name : str
        Of the pilot; the KPI with the month it begins in where empty.
    guards : sequence of str
        KPIs that must not become worse.
    teams : sequence of str
        That may take part; all where empty.
    begin : int
        How many teams begin; half of them where 0.
    waves : int
        In how many steps they begin, a cycle after each other.
    cycles : int
        How long it is measured from the last beginning on.
    cycle_months : int
        Months of a cycle.
    worthwhile : float, optional
        The smallest effect worth having; if not given, half of what the best quarter is ahead of the median team.
    seed : int
        Of all that is drawn.
    max_shared : float
        Of the customers of teams with the change, how many teams without it may serve too; beyond it no verdict.
    """

    kpi: str
    name: str = ""
    guards: Sequence[str] = ()
    teams: Sequence[str] = ()
    begin: int = 0
    waves: int = 1
    cycles: int = 2
    cycle_months: int = 3
    worthwhile: float | None = None
    seed: int = 7
    max_shared: float = 1.0


@dataclass(frozen=True)
class Planned:
    """A plan with what could be seen, and what would show more.

    Parameters
    ----------
    plan : Plan
        As it is kept.
    power : Power
        By size of effect.
    by_cycles : dict of int to float
        The smallest effect that would be seen, by cycles; infinite where none would.
    left_out : tuple of str
        Teams that were measured too seldom.
    basis : {"given", "best_quarter"}
        Where ``worthwhile`` comes from.
    shared, served : int
        Of the customers whom teams that begin served in the past (``served``), how many the others served too.
    """

    plan: Plan
    power: Power
    by_cycles: dict[int, float]
    left_out: tuple[str, ...]
    basis: Literal["given", "best_quarter"]
    shared: int = 0
    served: int = 0


def plan_pilot(company: Company, folder: RunFolder, asked: Asked, /) -> Planned:
    """Draw who begins when, by chance among draws that leave the groups alike, and say what could be seen.

    Raises
    ------
    PolicyError
        If the KPI, a guard or a team is not known, or there are too few teams or months.
    """
    history = open_history(company, folder)
    asked = replace(asked, kpi=history.kpi(asked.kpi).id, guards=[history.kpi(guard).id for guard in asked.guards])
    values, teams, left_out = _measured(history, asked)
    first = months_later(history.months[-1], 1)
    scene = _Scene(history, asked, values, teams)
    schedules = scene.schedules(asked.cycles)
    if len(schedules) < MIN_SCHEDULES:
        raise PolicyError(
            f"{len(teams)} teams, of which {scene.begins} begin: there are only {len(schedules)} ways to draw them, so "
            "chance could never be ruled out; take more teams, or let about half of them begin"
        )
    power = scene.power(asked.cycles)
    worthwhile, basis = scene.worthwhile()
    months = [months_later(first, step) for step in range(-scene.before, scene.after(asked.cycles))]
    cards = tried_cards(folder, teams)
    starts = _plain(schedules[0])
    begins = [team for team, start in zip(teams, starts, strict=True) if start >= 0]
    plan = Plan(
        name=asked.name or f"{asked.kpi.replace('_', '-')[:40]}-{first:%Y-%m}",
        company=company.company.name,
        kpi=asked.kpi,
        guards=tuple(asked.guards),
        teams=tuple(teams),
        months=tuple(f"{month:%Y-%m-%d}" for month in months),
        begin=scene.before,
        starts=starts,
        schedules=tuple(_plain(each) for each in schedules),
        better=history.kpi(asked.kpi).sign,
        worthwhile=worthwhile,
        smallest=float(power.smallest) if np.isfinite(power.smallest) else None,
        false_alarms=float(power.shares[0]),
        seed=asked.seed,
        alpha=ALPHA,
        max_shared=asked.max_shared,
        definitions={name: definition_of(history.kpi(name)) for name in dict.fromkeys((asked.kpi, *asked.guards))},
        cards=cards,
        predicted=expected_of(folder, history.kpi(asked.kpi), cards, begins),
    )
    by_cycles = {asked.cycles: power.smallest}
    for cycles in _OTHER_CYCLES:
        if cycles != asked.cycles and scene.fits(cycles):
            by_cycles[cycles] = scene.power(cycles).smallest
    others = [team for team in teams if team not in begins]
    shared, served = shared_before(history, begins, others, len(plan.months) - plan.begin)
    return Planned(plan, power, dict(sorted(by_cycles.items())), left_out, basis, shared, served)


@dataclass(frozen=True)
class _Scene:
    history: History
    asked: Asked
    values: Floats
    teams: list[str]

    @property
    def before(self) -> int:
        """Months before the pilot that it is compared with."""
        return min(_MAX_BEFORE, self.values.shape[1] - self.after(self.asked.cycles))

    @property
    def begins(self) -> int:
        return self.asked.begin or len(self.teams) // 2

    def after(self, cycles: int, /) -> int:
        return (cycles + self.asked.waves - 1) * self.asked.cycle_months

    def fits(self, cycles: int, /) -> bool:
        return self.values.shape[1] >= self.after(cycles) + _MIN_BEFORE

    def schedules(self, cycles: int, /) -> Starts:
        if not self.fits(cycles):
            raise PolicyError(
                f"{self.values.shape[1]} whole months are known; {cycles} cycles of {self.asked.cycle_months} months "
                f"in {self.asked.waves} waves need {self.after(cycles)} and {_MIN_BEFORE} before: plan fewer cycles"
            )
        rng = np.random.default_rng(self.asked.seed)
        return self._drawn(self.values[:, -self.before :], self._waves(self.before), rng)

    def power(self, cycles: int, /) -> Power:
        rng = np.random.default_rng(self.asked.seed + 1)
        before = min(self.before, self.values.shape[1] - self.after(cycles))
        waves = self._waves(before)
        return power_of(
            self.values, lambda known: self._drawn(known, waves, rng), rng, before=before, after=self.after(cycles),
            alpha=ALPHA,
        )  # fmt: skip

    def _drawn(self, before: Floats, waves: list[Wave], rng: np.random.Generator, /) -> Starts:
        people = self.history.people.reindex(self.teams).to_numpy(dtype=float)
        return draw_schedules(traits(before, people), waves, rng)[:_MAX_SCHEDULES]

    def _waves(self, before: int, /) -> list[Wave]:
        per_wave = [self.begins // self.asked.waves] * self.asked.waves
        per_wave[0] += self.begins - sum(per_wave)
        months = self.asked.cycle_months
        return [Wave(before + step * months, number) for step, number in enumerate(per_wave) if number]

    def worthwhile(self) -> tuple[float, Literal["given", "best_quarter"]]:
        if self.asked.worthwhile is not None:
            return self.asked.worthwhile, "given"
        level = np.nanmean(self.values[:, -self.before :], axis=1)
        higher = self.history.kpi(self.asked.kpi).better == "higher"
        best = np.quantile(level, 0.75 if higher else 0.25)
        return float(abs(best - np.median(level)) / 2), "best_quarter"


def _measured(history: History, asked: Asked, /) -> tuple[Floats, list[str], tuple[str, ...]]:
    """Return the outcome of the teams that may take part, by whole months, and who was measured too seldom."""
    if asked.worthwhile is not None and not asked.worthwhile > 0:
        raise PolicyError("worthwhile: a size of an effect above 0, in the KPI's unit")
    table = history.values([history.kpi(asked.kpi)], history.months)[asked.kpi]
    unknown = sorted(set(asked.teams) - set(table.index))
    if unknown:
        raise PolicyError(f"teams: nothing was measured of {', '.join(unknown)}; known: {', '.join(table.index)}")
    if asked.teams:
        table = table.loc[sorted(set(asked.teams))]
    recent = table.iloc[:, -_MAX_BEFORE:]
    often = recent.notna().mean(axis=1) >= _MIN_SHARE
    kept = table[often]
    if len(kept) < _MIN_TEAMS:
        teams = f"{len(kept)} team{'' if len(kept) == 1 else 's'}"
        raise PolicyError(
            f"{teams} measured by {asked.kpi} in most of the last {recent.shape[1]} months; a pilot compares at least "
            f"{_MIN_TEAMS}, of which some do not begin: take a KPI that more teams have"
        )
    begin = asked.begin or len(kept) // 2
    if not 1 <= begin < len(kept):
        raise PolicyError(f"begin: from 1 to {len(kept) - 1} of the {len(kept)} teams, so that some are compared with")
    if asked.waves > begin:
        raise PolicyError(f"waves: {begin} teams begin, so there are at most as many waves")
    return kept.to_numpy(dtype=float), list(kept.index), tuple(table.index[~often])


def _plain(starts: Starts, /) -> tuple[int, ...]:
    return tuple(-1 if start == NEVER else int(start) for start in starts)
