"""What a run's cards see of the customer's journey, and where its cases wait, as far as one user may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.charts.drawing import Pen
from baton.informative import is_informative
from baton.wording.journey import JourneyFacts, JourneyStage, journey_stages, mean_points, measured_kpis
from baton.wording.naming import Names
from baton.wording.waiting import ProcessSection, process_section
from baton.wording.wording import Bilingual, verbatim
from serving.loading import LoadedRun

if TYPE_CHECKING:
    from baton.company import Company

__all__ = ["RunJourney", "WaitsOf"]

_CARDS = ["team_id", "role", "kpi", "current_weight"]
_OF_PROCESSES = ("bottlenecks", "flows", "handoffs", "processes")
_MAX_KEPT = 50


class RunJourney:
    """What a run has left on the journey, read once.

    Parameters
    ----------
    run : LoadedRun
        Whose journey it is.
    names : Names
        What KPIs are called, with their stages.
    """

    def __init__(self, run: LoadedRun, names: Names, /) -> None:
        self.run = run
        self.names = names
        self._stages: dict[frozenset[str], tuple[JourneyStage, ...]] = {}

    @cached_property
    def cards(self) -> pd.DataFrame | None:
        """Points of today by team, role and KPI; None where no points are known."""
        table = self.run.table("weights")
        if table is None:
            return None
        found = table.select(_CARDS).to_pandas().dropna(subset=["current_weight"])
        return found[found["current_weight"] > 0] if len(found) else None

    def stages(self, teams: frozenset[str], /) -> tuple[JourneyStage, ...]:
        """Return the stages as the cards of some teams see them, made once for all who see the same."""
        if teams not in self._stages:
            if len(self._stages) >= _MAX_KEPT:
                self._stages.clear()
            self._stages[teams] = journey_stages(self._facts(teams))
        return self._stages[teams]

    def _facts(self, teams: frozenset[str], /) -> JourneyFacts:
        cards, diagnosis = self.cards, self._diagnosis
        seen = None if cards is None else cards[cards["team_id"].isin(teams)]
        wrong = diagnosis[diagnosis["team_id"].isin(teams) & (diagnosis["alignment"] == "misaligned")]
        return JourneyFacts(
            self.names.catalogue,
            {} if seen is None else mean_points(seen),
            seen,
            self._measured,
            set(wrong.loc[wrong["weight"].fillna(0) > 0, "kpi"].astype(str)),
        )

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Result tables on processes that are there."""
        found = {name: table.to_pandas() for name in _OF_PROCESSES if (table := self.run.table(name)) is not None}
        steps = found.get("bottlenecks")
        if steps is not None and not is_informative(self.run.results.evaluation.get("churn", {})):
            # nothing is priced by what is no better than guessing
            found["bottlenecks"] = steps.assign(value_at_risk=float("nan"))
        return found

    @cached_property
    def _diagnosis(self) -> pd.DataFrame:
        table = self.run.table("diagnosis")
        columns = ["team_id", "kpi", "weight", "alignment"]
        return pd.DataFrame(columns=columns) if table is None else table.select(columns).to_pandas()

    @cached_property
    def _measured(self) -> set[str]:
        names = {"attributions": "attributions", "effects": "effects", "panel": "advice/panel"}
        wanted = {"attributions": ["kpi", "mean_abs_attribution"], "effects": ["kpi", "effect"], "panel": ["kpi"]}
        found = {
            name: None if (table := self.run.table(of)) is None else table.select(wanted[name]).to_pandas()
            for name, of in names.items()
        }
        staged = frozenset(path.stem for path in self.run.folder.staged.glob("*.parquet"))
        return measured_kpis(found, self.names.catalogue, staged)


@dataclass(frozen=True)
class WaitsOf:
    """Where cases wait, as one user sees it: teams are named, and cases, only where all are seen.

    Parameters
    ----------
    read : RunJourney
        All that is there.
    teams : frozenset of str
        Teams whose figures are seen.
    sees_all : bool
        Whether cases of all teams are seen.
    named : callable
        Returns what people call a team.
    """

    read: RunJourney
    teams: frozenset[str]
    sees_all: bool
    named: Callable[[str], str] = field(repr=False)

    @property
    def company(self) -> Company:
        """Whose run it is."""
        return self.read.run.company

    def get(self, name: str, /) -> pd.DataFrame | None:
        """Return a table on processes; cases are named to those who see all teams."""
        found = self.read.tables.get(name)
        if found is None or found.empty:
            return None
        if name == "bottlenecks" and not self.sees_all:
            return found.assign(case_ids=[[]] * len(found))
        return found

    def team_name(self, team_id: object, /) -> Bilingual:
        """Return a team's name."""
        return verbatim(self.named(str(team_id)))

    def too_small(self, team_id: object, /) -> bool:
        """Whether a team is not named: its figures are not seen."""
        return str(team_id) not in self.teams

    def section(self, pen: Pen, /) -> ProcessSection | None:
        """Return findings and maps of the whole company; None where the run has no log of steps."""
        return process_section(self, pen)

    def by_team(self, most: int, /) -> list[dict[str, Any]]:
        """Return the steps of teams that are seen at which most time is waited, those with the most first."""
        steps = self.get("bottlenecks")
        if steps is None:
            return []
        seen = steps[steps["team_id"].isin(self.teams) & ~steps["hidden"].astype(bool)]
        seen = seen[seen["wait_seconds_total"] > 0].sort_values("wait_seconds_total", ascending=False, kind="stable")
        return [{str(name): value for name, value in row.items()} for row in seen.head(most).to_dict("records")]
