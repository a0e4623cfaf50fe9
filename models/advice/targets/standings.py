"""Where the teams of every card stand in every KPI, and where they may go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import kpi_column
from models.advice.inputs import AdviceInputs
from models.advice.targets.aims import Aim, People, aims_of, own_past_aims
from models.advice.targets.levels import CLOSES, Delivered, Levels, levels_of_cases, levels_of_months

__all__ = ["Card", "Standing", "standings"]

Card = tuple[str, str]


@dataclass(frozen=True)
class Standing:
    """One KPI of one team.

    Parameters
    ----------
    levels : Levels
        Of all teams.
    at : int
        The team's position in it.
    aim : Aim or None
        None where too little is known to advise.
    reached : tuple of int or None
        How many comparable teams are truly where the target is, and how many are comparable; None where that would be
        about too few.
    """

    levels: Levels
    at: int
    aim: Aim | None
    reached: tuple[int, int] | None = None

    @property
    def raw(self) -> float:
        """The figure of the last cycle."""
        return float(self.levels.raw[self.at])

    def own(self, level: float, /) -> float:
        """Return the team's figure at a level."""
        return self.levels.own(self.at, level)


def standings(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    inputs: AdviceInputs,
    policy: Policy,
    cards: Iterable[Card],
    /,
) -> dict[Card, dict[str, Standing]]:
    """Measure the teams of all cards.

    Parameters
    ----------
    cards : iterable of (team, role)
        An empty role: the whole team.

    Returns
    -------
    dict
        Per card and KPI; KPIs without any figure of teams are not there.
    """
    asked: dict[str, list[str]] = {}
    for team, role in cards:
        asked.setdefault(role, []).append(team)
    found: dict[Card, dict[str, Standing]] = {}
    for role, teams in asked.items():
        for kpi_standings in _of_role(cases, organisation, catalogue, inputs, policy, role):
            for team, standing in kpi_standings.items():
                if team in teams:
                    found.setdefault((team, role), {})[standing.levels.kpi.id] = standing
    return found


def _of_role(
    cases: CaseTable, organisation: Organisation, catalogue: Catalogue, inputs: AdviceInputs, policy: Policy,
    role: str, /,
) -> Iterable[dict[str, Standing]]:  # fmt: skip
    """Yield, per KPI, the standings of all teams with people of a role."""
    served = replace(cases, frame=_of_people(cases.frame, organisation, role))
    months = _monthly(cases, organisation)
    as_of, days = pd.Timestamp(organisation.as_of), policy.cycle_days
    wanted = [kpi.id for kpi in catalogue.values() if kpi.role != "context" and kpi.id not in policy.fixed]
    of_cases = tuple(kpi for kpi in wanted if _known(served.frame, kpi))
    against = {True: levels_of_cases(served, catalogue, of_cases, as_of, days)}
    recent = served.frame["opened_at"] > as_of - pd.Timedelta(days=days) if len(served.frame) else []
    people = _headcount(served.frame[recent] if len(served.frame) else served.frame)
    for kpi in wanted:
        if kpi not in against[True].levels and kpi not in months:
            continue
        levels, closing = _levels(against[True], kpi, months, catalogue, as_of, days)
        aims = aims_of(levels, _people(inputs, levels, people, policy), closing)
        if any(aim is None for aim in aims) and bool(pd.notna(levels.raw).any()):
            if kpi in of_cases and False not in against:
                against[False] = levels_of_cases(served, catalogue, of_cases, as_of, days, against_peers=False)
            alone = (
                against[False].levels[kpi]
                if kpi in of_cases
                else levels_of_months(months[kpi], catalogue[kpi], as_of, days, against_peers=False)
            )
            yield _standing(levels, aims, alone, _large(people, levels, catalogue[kpi].owner, policy))
        else:
            yield _standing(levels, aims, None, _large(people, levels, catalogue[kpi].owner, policy))


def _levels(
    delivered: Delivered, kpi: str, months: Mapping[str, pd.DataFrame], catalogue: Catalogue, as_of: pd.Timestamp,
    days: int, /,
) -> tuple[Levels, float]:  # fmt: skip
    if kpi in delivered.levels:
        return delivered.levels[kpi], delivered.closing
    return levels_of_months(months[kpi], catalogue[kpi], as_of, days), CLOSES


def _standing(
    levels: Levels, aims: list[Aim | None], alone: Levels | None, large: list[bool], /
) -> dict[str, Standing]:
    """Put together what is known of each team; from its own past alone where it has no peers."""
    own = [None] * len(aims) if alone is None else own_past_aims(alone)
    places = {} if alone is None else {team: at for at, team in enumerate(alone.teams)}
    found = {}
    for at, (team, aim) in enumerate(zip(levels.teams, aims, strict=True)):
        if aim is None and alone is not None and team in places and own[places[team]] is not None:
            found[team] = Standing(alone, places[team], own[places[team]])
        else:
            found[team] = Standing(levels, at, aim, _reached(levels, aims, at, large))
    return found


def _reached(levels: Levels, aims: list[Aim | None], at: int, large: list[bool], /) -> tuple[int, int] | None:
    aim = aims[at]
    if aim is None or aim.by_people or aim.by_chance:
        return None
    others = [
        other
        for place, other in enumerate(aims)
        if other is not None and place != at and large[place] and levels.peers[at, place]
    ]
    return sum(other.now >= levels.asked(at, aim.advised) for other in others), len(others)


def _of_people(frame: pd.DataFrame, organisation: Organisation, role: str, /) -> pd.DataFrame:
    """Return the cases of the people of one role; all where nobody is known to have it."""
    people = organisation.employees
    if not role or people.empty or "role" not in people:
        return frame
    named = set(people.loc[people["role"] == role, "employee_id"])
    own = frame["employee_id"].isin(named) if len(frame) else pd.Series(dtype=bool)
    return frame[own].reset_index(drop=True) if len(frame) and bool(own.any()) else frame


def _known(frame: pd.DataFrame, kpi: str, /) -> bool:
    column = kpi_column(kpi)
    return column in frame and bool((frame[column].notna() & frame["team_id"].notna()).any())


def _monthly(cases: CaseTable, organisation: Organisation, /) -> dict[str, pd.DataFrame]:
    """Return teams' monthly figures by KPI: team_id, month, value."""
    parts = []
    panel = organisation.panel
    if len(panel):
        rows = panel[panel["unit"] == "team"]
        parts.append(rows.assign(team_id=rows["unit_id"], month=rows["from"]))
    if cases.exposures is not None:
        met = cases.exposures.values
        parts.append(met.assign(value=met[["value_0", "value_1"]].mean(axis=1)))
    found: dict[str, pd.DataFrame] = {}
    for part in parts:
        for kpi, rows in part.groupby("kpi", observed=True):
            found.setdefault(str(kpi), rows[["team_id", "month", "value"]])
    return found


def _headcount(frame: pd.DataFrame, /) -> dict[str, int]:
    """People by team, as far as cases name them."""
    known = frame.dropna(subset=["team_id", "employee_id"]) if len(frame) else frame
    return {str(team): int(count) for team, count in known.groupby("team_id")["employee_id"].nunique().items()}


def _people(inputs: AdviceInputs, levels: Levels, people: Mapping[str, int], policy: Policy, /) -> dict[str, People]:
    """How the people of each team differ, on the scale of the levels; for KPIs that people own."""
    rows = inputs.kpis[inputs.kpis["kpi"] == levels.kpi.id]
    if levels.kpi.owner != "employee" or rows.empty or not float(rows["between_sd"].iloc[0]) > 0:
        return {}
    between = float(rows["between_sd"].iloc[0]) / levels.unit
    return {team: People(between, count) for team, count in people.items() if count >= policy.min_group}


def _large(people: Mapping[str, int], levels: Levels, owner: str | None, policy: Policy, /) -> list[bool]:
    """Which teams are large enough to be counted; what teams own is about nobody."""
    return [owner == "team" or not 0 < people.get(team, 0) < policy.min_group for team in levels.teams]
