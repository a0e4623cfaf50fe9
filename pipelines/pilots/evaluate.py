"""What came of a pilot, by the rule of its plan, once it has ended; until then how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from baton.company import Company
from baton.errors import PolicyError
from baton.files import RunFolder
from models.pilots.estimate import Floats, event_study
from models.pilots.inference import Measured, measure, trend_before
from models.pilots.verdict import Rule, Verdict, harmed, verdict_of
from pipelines.pilots.history import History, open_history
from pipelines.pilots.planned import Plan
from pipelines.pilots.tried import definition_of
from pipelines.pilots.upset import Upset, upset_of

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
    empty : tuple of str
        Months of the pilot, as YYYY-MM, that are known and in which no team has the outcome.
    upset : Upset
        What happened besides the change.
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
    empty: tuple[str, ...] = ()
    upset: Upset = field(default_factory=Upset)

    @property
    def spills_over(self) -> bool:
        """Whether so many customers are served by both groups that there is no verdict."""
        return self.upset.share > self.plan.max_shared

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
    for kpi in kpis:
        if plan.definitions.get(kpi.id, definition_of(kpi)) != definition_of(kpi):
            raise PolicyError(
                f"KPI {kpi.id!r}: its definition is another one than when pilot {plan.name} was planned, so what was "
                "planned cannot be measured; put the definition back, or stop the pilot and plan another"
            )
    tables = {
        name: table.reindex(list(plan.teams)).to_numpy(dtype=float)
        for name, table in history.values(kpis, plan.dates).items()
    }
    values = tables[plan.kpi]
    known = _known(history, plan)
    starts, schedules = plan.as_starts()
    during = values[:, plan.begin : plan.begin + known]
    missing = tuple(team for team, row in zip(plan.teams, during, strict=True) if known and not np.isfinite(row).any())
    empty = tuple(
        month[:7]
        for month, column in zip(plan.months[plan.begin : plan.begin + known], during.T, strict=True)
        if not np.isfinite(column).any()
    )
    planned = len(plan.months) - plan.begin
    outcome = Outcome(
        plan, known, planned, None, None, {}, (), trend_before(values, starts, schedules),
        _by_month(values, starts), missing, empty, upset_of(history, plan),
    )  # fmt: skip
    return outcome if known < planned else _judged(outcome, tables, {kpi.id: kpi.sign for kpi in kpis})


def _judged(outcome: Outcome, tables: dict[str, Floats], signs: dict[str, int], /) -> Outcome:
    """Return what was measured, with the verdict by the rule of the plan."""
    plan, (starts, schedules) = outcome.plan, outcome.plan.as_starts()
    effect = measure(tables[plan.kpi], starts, schedules, level=1 - plan.alpha)
    guards = {name: measure(tables[name], starts, schedules, level=1 - plan.alpha) for name in plan.guards}
    rule = Rule(plan.better, plan.worthwhile, plan.alpha)
    signed = {name: (signs[name], found) for name, found in guards.items()}
    can_judge = np.isfinite(effect.effect) and not outcome.spills_over
    return replace(
        outcome,
        verdict=verdict_of(rule, effect, signed) if can_judge else None,
        effect=effect,
        guards=guards,
        harmed=tuple(harmed(rule, signed)),
    )


def _known(history: History, plan: Plan, /) -> int:
    """Return how many of the pilot's months are known whole."""
    return sum(month in set(history.months) for month in plan.dates[plan.begin :])


def _by_month(values: Floats, starts: np.ndarray, /) -> dict[int, float]:
    if not np.isfinite(values).any():
        return {}
    return event_study(values, starts)
