"""What came of a pilot, by the rule of its plan, once it has ended; until then how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baton.company import Company
from baton.files import RunFolder
from models.pilots.estimate import Floats, event_study
from models.pilots.inference import Measured, measure, trend_before
from models.pilots.verdict import Rule, Verdict, harmed, verdict_of
from pipelines.pilots.history import History, open_history
from pipelines.pilots.plan import ALPHA
from pipelines.pilots.planned import Plan

__all__ = ["Outcome", "evaluate_pilot"]

_MAX_P_BEFORE = 0.1


@dataclass(frozen=True)
class Outcome:
    """What a pilot brought.

    Parameters
    ----------
    plan : Plan
        As it was drawn.
    months_known : int
        Of the pilot's months, how many are known whole.
    months_planned : int
    verdict : {"adopt", "extend", "stop"} or None
        None before the end: looking early changes nothing.
    effect : Measured or None
        None before the end.
    guards : dict of str to Measured
    harmed : tuple of str
        Guards that became worse.
    trend_before : tuple of float
        How much faster those who begin had risen before, and its p-value.
    by_month : dict of int to float
        Mean gap by months since the beginning; before the end too, without an interval.
    missing : tuple of str
        Teams of the plan of which nothing was measured in the pilot's months.
    """

    plan: Plan
    months_known: int
    months_planned: int
    verdict: Verdict | None
    effect: Measured | None
    guards: dict[str, Measured]
    harmed: tuple[str, ...]
    trend_before: tuple[float, float]
    by_month: dict[int, float]
    missing: tuple[str, ...]

    @property
    def differs_before(self) -> bool:
        """Whether those who begin rose or fell otherwise before anybody began: then the effect is doubtful."""
        return bool(np.isfinite(self.trend_before[1]) and self.trend_before[1] <= _MAX_P_BEFORE)


def evaluate_pilot(company: Company, folder: RunFolder, plan: Plan, /) -> Outcome:
    """Measure what a pilot brought.

    Teams count as beginning when the plan says, whatever they did: those who did not keep to it make the effect
    smaller, never larger.

    Raises
    ------
    ArtefactError
        If there is no run.
    PolicyError
        If a KPI of the plan cannot be measured any more.
    """
    history = open_history(company, folder)
    kpis = [history.kpi(name) for name in dict.fromkeys((plan.kpi, *plan.guards))]
    tables = {
        name: table.reindex(list(plan.teams)).to_numpy(dtype=float)
        for name, table in history.values(kpis, plan.dates).items()
    }
    values = tables[plan.kpi]
    known = _known(history, plan)
    starts, schedules = plan.as_starts()
    during = values[:, plan.begin : plan.begin + known]
    missing = tuple(team for team, row in zip(plan.teams, during, strict=True) if known and not np.isfinite(row).any())
    planned = len(plan.months) - plan.begin
    outcome = Outcome(
        plan, known, planned, None, None, {}, (), trend_before(values, starts, schedules),
        _by_month(values, starts), missing,
    )  # fmt: skip
    if known < planned:
        return outcome
    effect = measure(values, starts, schedules, level=1 - ALPHA)
    guards = {name: measure(tables[name], starts, schedules, level=1 - ALPHA) for name in plan.guards}
    rule = Rule(plan.better, plan.worthwhile, ALPHA)
    signed = {name: (1 if history.kpi(name).better == "higher" else -1, found) for name, found in guards.items()}
    return Outcome(
        plan, known, planned, verdict_of(rule, effect, signed), effect, guards, tuple(harmed(rule, signed)),
        outcome.trend_before, outcome.by_month, missing,
    )  # fmt: skip


def _known(history: History, plan: Plan, /) -> int:
    """Return how many of the pilot's months are known whole."""
    return sum(month in set(history.months) for month in plan.dates[plan.begin :])


def _by_month(values: Floats, starts: np.ndarray, /) -> dict[int, float]:
    if not np.isfinite(values).any():
        return {}
    return event_study(values, starts)
