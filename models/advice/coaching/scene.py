"""What people, teams and processes are judged on: cases made comparable, and who is still here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Policy
from baton.months import DAYS_PER_MONTH
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import kpi_column
from models.advice.coaching.closing import NEWCOMER_MONTHS, closing_shares
from models.advice.coaching.gaps import MIN_CASES, Standing
from models.advice.coaching.learned import Coached, Record, learn
from models.effects.estimators.design import Design, Question, build_design

__all__ = ["Scene", "build_scene"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_POSSIBLE = {
    "share": (0.0, 1.0),
    **dict.fromkeys(("seconds", "minutes", "hours", "days", "count"), (0.0, np.inf)),
}
"""Between which values a figure in a unit can lie."""


@dataclass(frozen=True)
class Scene:
    """What people, teams and processes are judged on: cases made comparable, and who is still here.

    Parameters
    ----------
    case_id, opened : arrays of shape (rows,)
        Of the design's cases; the time as an integer that grows.
    processes, people, teams : tuples of str
        Names by the design's codes.
    kpis : mapping of str to Kpi
    team : array of int, shape (people,)
        The team of most of a person's cases; -1 unknown.
    recent : array of bool, shape (rows,)
        Cases of the last two cycles.
    days : int
        How long that is.
    here : array of bool, shape (people,)
        Who still works here, and shares a process with enough others to be compared.
    peers : array of int, shape (people,)
        At least so many others share the process in which a person works most.
    figures : mapping of str to array of shape (rows,)
        Per lever its value of each case as it was recorded; NaN unknown.
    months : array of shape (people,)
        Since hiring; NaN unknown.
    closing : mapping of bool to float
        How much of a gap usually closes within a cycle, per newcomer or not.
    reach : float
        What all cases together are worth per unit of benefit, over a cycle: customers at risk, or cases.
    record : Record or None
        What recorded coaching closed; None where none is recorded.
    currency : str
        That amounts are given in.
    """

    design: Design
    case_id: NDArray[np.object_]
    opened: Codes
    processes: tuple[str, ...]
    kpis: Mapping[str, Kpi]
    people: tuple[str, ...]
    team: Codes
    teams: tuple[str, ...]
    recent: NDArray[np.bool_]
    days: int
    here: NDArray[np.bool_]
    peers: Codes
    figures: Mapping[str, Floats]
    months: Floats
    closing: Mapping[bool, float]
    reach: float
    record: Record | None = None
    currency: str = ""

    def comparable(self, lever: str, own: float, ahead: float, /) -> float:
        """Return what colleagues would have with the cases of somebody who has ``own``, in the KPI's own unit.

        Parameters
        ----------
        ahead : float
            How far that person lies ahead of them, on the design's scale, where more is better.
        """
        ahead *= self.kpis[lever].sign
        unit = float(self.design.unit[self.design.levers.index(lever)])
        # a lever on another unit than its own is held as a logarithm
        found = own - ahead if unit == 1.0 else own * float(np.exp(-ahead))
        return float(np.clip(found, *self.limits(lever)))

    def limits(self, lever: str, /) -> tuple[float, float]:
        """Return between which values a mean of cases can lie: those that single cases have, and those of the unit."""
        seen, (low, high) = self.figures[lever], _POSSIBLE.get(self.kpis[lever].unit, (-np.inf, np.inf))
        return max(float(np.nanmin(seen)), low), min(float(np.nanmax(seen)), high)

    def room(self, lever: str, own: float, /) -> float:
        """Return how much better than ``own`` a figure can be, in the KPI's own unit."""
        low, high = self.limits(lever)
        return max(high - own if self.kpis[lever].better == "higher" else own - low, 0.0)

    def own_spread(self, lever: str, stands: Standing, /) -> float:
        """Return the spread between people in the KPI's own unit, whatever scale the design holds it on."""
        return stands.spread * float(self.design.unit[self.design.levers.index(lever)])


def build_scene(
    cases: CaseTable, organisation: Organisation, catalogue: Catalogue, levers: tuple[str, ...], policy: Policy, /
) -> Scene | None:
    """Put together what gaps are estimated from.

    Parameters
    ----------
    levers : tuple of str
        Those worth coaching.

    Returns
    -------
    Scene or None
        None where there are hardly any cases.
    """
    if int(cases.frame["employee_id"].notna().sum()) < 2 * MIN_CASES:
        return None
    design = build_design(cases, catalogue, Question(None, levers))
    frame = cases.frame.iloc[design.rows].reset_index(drop=True)
    people = tuple(str(name) for name in pd.factorize(frame["employee_id"])[1])
    opened = frame["opened_at"]
    as_of = pd.Timestamp(organisation.as_of)
    window = pd.Timedelta(days=2 * policy.cycle_days)
    recent = (opened > as_of - window).to_numpy()
    days = int(min(2 * policy.cycle_days, max((as_of - opened.min()).days, 1)))
    team = _own_team(design, len(people), recent)
    months, gone = _tenure(organisation, people, as_of)
    latest = opened.groupby(design.employee).max().reindex(range(len(people)))
    here = ~gone & (latest > as_of - pd.Timedelta(days=policy.cycle_days)).to_numpy()
    peers = _peers(design, len(people), recent)
    here &= peers >= policy.min_group
    late = (opened > opened.min() + (opened.max() - opened.min()) / 2).to_numpy()
    cycles = max((opened.max() - opened.min()).days / 2, 1) / policy.cycle_days
    half = months - cycles * policy.cycle_days / DAYS_PER_MONTH
    closing = closing_shares(design, team, np.nan_to_num(half, nan=99.0) < NEWCOMER_MONTHS, late, cycles)
    reach = policy.cycle_days / max(cases.horizon_days, 1) * cases.customers_at_risk
    if not reach > 0:
        reach = float(recent.sum()) / days * policy.cycle_days / cases.sampled_share
    return Scene(
        design=design,
        case_id=frame["case_id"].to_numpy(object),
        opened=opened.to_numpy().astype("int64"),
        processes=tuple(str(name) for name in pd.factorize(frame["process"])[1]) if "process" in frame else (),
        kpis={lever: catalogue[lever] for lever in levers},
        people=people,
        team=team,
        teams=design.teams,
        recent=recent,
        days=days,
        here=here,
        peers=peers,
        figures={lever: frame[kpi_column(lever)].to_numpy(np.float64, na_value=np.nan) for lever in levers},
        months=months,
        closing=closing,
        reach=float(reach),
        record=_record(design, organisation, people, team, opened, policy),
    )


def _record(
    design: Design,
    organisation: Organisation,
    people: tuple[str, ...],
    team: Codes,
    opened: pd.Series,
    policy: Policy,
    /,
) -> Record | None:
    """Learn from the company's record of coaching, where it keeps one."""
    if organisation.coaching.empty:
        return None
    hired = np.full(len(people), np.datetime64("NaT", "us"))
    if len(organisation.employees):
        known = organisation.employees.drop_duplicates("employee_id").set_index("employee_id").reindex(list(people))
        hired = pd.to_datetime(known["hired_at"]).to_numpy("datetime64[us]")
    return learn(design, Coached(organisation.coaching, people, team, opened, hired, policy.cycle_days, 0))


def _own_team(design: Design, people: int, recent: NDArray[np.bool_], /) -> Codes:
    """Return the team of most of each employee's recent cases, else of all; -1 where unknown."""
    team = np.full(people, -1, np.int64)
    for rows in (np.ones(len(design.team), bool), recent):
        table = np.zeros((people, len(design.teams) + 1))
        np.add.at(table, (design.employee[rows], design.team[rows] + 1), 1.0)
        seen = table.sum(axis=1) > 0
        team[seen] = table[seen].argmax(axis=1) - 1
    return team


def _tenure(
    organisation: Organisation, people: tuple[str, ...], as_of: pd.Timestamp, /
) -> tuple[Floats, NDArray[np.bool_]]:
    """Months since hiring (NaN unknown), and who has left."""
    table = organisation.employees
    if table.empty:
        return np.full(len(people), np.nan), np.zeros(len(people), bool)
    known = table.drop_duplicates("employee_id").set_index("employee_id").reindex(list(people))
    hired, left = (pd.to_datetime(known[name]) for name in ("hired_at", "left_at"))
    return ((as_of - hired).dt.days / DAYS_PER_MONTH).to_numpy(float), (left <= as_of).to_numpy()


def _peers(design: Design, people: int, recent: NDArray[np.bool_], /) -> Codes:
    """Count who shares a process with each: a comparison with few would show single colleagues."""
    processes = int(design.process.max(initial=-1)) + 2
    table = np.zeros((people, processes))
    np.add.at(table, (design.employee[recent], design.process[recent] + 1), 1.0)
    own = table.argmax(axis=1)
    sharing = (table >= MIN_CASES).sum(axis=0)
    return np.maximum(sharing[own] - 1, 0)
