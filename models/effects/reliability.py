"""How much of a KPI's value is the person and how much is chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from baton.contract.results import cast
from baton.months import DAYS_PER_MONTH
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import kpi_column
from models.effects.estimators.design import Design, Question, build_design
from models.effects.estimators.moments import between_moments
from models.effects.signal import noise_ratio, signal_share, spearman_brown
from models.effects.team_reliability import team_signals

__all__ = ["measure"]

Floats = NDArray[np.float64]

SHORTEST_STAY_DAYS = 30.0


def measure(cases: CaseTable, organisation: Organisation, catalogue: Catalogue, policy: Policy) -> pd.DataFrame:
    """Measure every KPI's reliability for every employee and team, at their own volume over one cycle.

    Parameters
    ----------
    policy : Policy
        ``cycle_days`` sets the volume; teams of fewer than ``min_group`` people are left out, save with KPIs that teams
        own, which are not about anybody.

    Returns
    -------
    pandas.DataFrame
        unit (employee, team), unit_id, team_id, kpi, n (cases or measurements per cycle), n_per_day, icc (of one case),
        reliability (0..1), noise (its variance over that of true differences), between_sd (in the KPI's own unit).
    """
    kpis = tuple(
        kpi.id
        for kpi in catalogue.values()
        if kpi_column(kpi.id) in cases.frame and cases.frame[kpi_column(kpi.id)].notna().any()
    )
    owned = _owned_rows(cases, catalogue, policy)
    if not kpis or not cases.frame["employee_id"].notna().any():
        return cast("advice/reliability", owned)
    design = build_design(cases, catalogue, Question(None, kpis), organisation.employees)
    people = _volumes(cases, design)
    rows = _unit_rows("employee", people, signal_share(design, between_moments(design)), policy)
    teams = people[people["team_id"].notna()].groupby(["team_id", "kpi"], as_index=False, observed=True)
    together = teams.agg(n_per_day=("n_per_day", "sum"), members=("unit_id", "nunique"))
    together = together[together["members"] >= policy.min_group]
    together["unit_id"] = together["team_id"]
    team_design = design.of_teams()
    together = together[~together["kpi"].isin([row["kpi"] for row in owned])]
    rows += _unit_rows("team", together, signal_share(team_design, between_moments(team_design)), policy)
    return cast("advice/reliability", rows + owned)


def _owned_rows(cases: CaseTable, catalogue: Catalogue, policy: Policy, /) -> list[dict[str, Any]]:
    """KPIs that teams own, at the team's own volume."""
    signals = team_signals(cases, catalogue)
    once = signals.drop_duplicates("kpi").set_index("kpi")
    shares = {str(kpi): (float(row["icc"]), float(row["between_sd"])) for kpi, row in once.iterrows()}
    return _unit_rows("team", signals.assign(unit_id=signals["team_id"]), shares, policy)


def _volumes(cases: CaseTable, design: Design, /) -> pd.DataFrame:
    """Cases (or measurements) per day of every employee and KPI, over the days the employee was there."""
    names = [kpi_column(lever) for lever in design.levers]
    frame = cases.frame.loc[cases.frame["employee_id"].notna(), ["employee_id", "opened_at", "team_id", *names]]
    code, people_ids = pd.factorize(frame["employee_id"], sort=True)
    opened = frame["opened_at"].groupby(code).agg(["min", "max"])
    days = np.maximum((opened["max"] - opened["min"]).dt.total_seconds() / 86_400.0, SHORTEST_STAY_DAYS).to_numpy()
    latest = frame.assign(employee_id=code).sort_values("opened_at")
    team = latest.groupby("employee_id")["team_id"].last().set_axis(people_ids)
    parts = []
    for at, lever in enumerate(design.levers):
        known = frame[names[at]].notna().to_numpy()
        if design.handler_level[at]:
            per_day = pd.Series(1.0 / DAYS_PER_MONTH, index=people_ids[pd.unique(code[known])])
        else:
            counted = np.bincount(code[known], minlength=len(people_ids)) / max(cases.sampled_share, 1e-9)
            per_day = pd.Series(counted / days, index=people_ids)[counted > 0]
        parts.append(pd.DataFrame({"unit_id": per_day.index, "kpi": lever, "n_per_day": per_day.to_numpy()}))
    people = pd.concat(parts, ignore_index=True)
    people["team_id"] = people["unit_id"].map(team)
    return people


def _unit_rows(
    unit: str, volumes: pd.DataFrame, shares: dict[str, tuple[float, float]], policy: Policy, /
) -> list[dict[str, Any]]:
    rows = []
    for row in volumes.to_dict("records"):
        icc, spread = shares[row["kpi"]]
        n = row["n_per_day"] * policy.cycle_days
        rows.append(
            {
                "unit": unit,
                "unit_id": row["unit_id"],
                "team_id": row["team_id"],
                "kpi": row["kpi"],
                "n": n,
                "n_per_day": row["n_per_day"],
                "icc": icc,
                "reliability": spearman_brown(icc, n),
                "noise": noise_ratio(icc, n),
                "between_sd": spread,
            }
        )
    return rows
