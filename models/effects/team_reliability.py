"""How much of a team's KPI is the team and how much is chance, for KPIs that teams own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.months import DAYS_PER_MONTH
from features.cases.exposures import ExposureTable
from features.cases.table import CaseTable
from features.kpis.columns import is_kpi_column, kpi_column
from models.effects.estimators.design import Question, build_design
from models.effects.estimators.moments import between_moments
from models.effects.estimators.team_cells import MAX_TEAMS
from models.effects.signal import signal_share

__all__ = ["team_signals"]

MIN_TEAMS = 3


def team_signals(cases: CaseTable, catalogue: Catalogue) -> pd.DataFrame:
    """Measure, per KPI that teams own, what distinguishes teams and how much each team has of it.

    Returns
    -------
    pandas.DataFrame
        kpi, team_id, n_per_day (rows or monthly measurements), icc (of one of them), between_sd (of teams' true values,
        in the KPI's own unit).
    """
    parts = [_empty()]
    if cases.exposures is not None:
        parts.append(_of_exposures(cases.exposures))
    measured = set(parts[-1]["kpi"])
    columns = [name for name in cases.frame if is_kpi_column(name)]
    owned = tuple(
        kpi.id
        for kpi in catalogue.values()
        if kpi.owner == "team" and kpi.id not in measured and kpi_column(kpi.id) in columns
        if cases.frame[kpi_column(kpi.id)].notna().any()
    )
    if owned and cases.frame["team_id"].notna().any():
        parts.append(_of_cases(cases, catalogue, owned))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _empty() -> pd.DataFrame:
    text, number = pd.Series(dtype="str"), pd.Series(dtype="float64")
    return pd.DataFrame({"kpi": text, "team_id": text, "n_per_day": number, "icc": number, "between_sd": number})


def _of_exposures(exposures: ExposureTable, /) -> pd.DataFrame:
    """From teams' months, each half of the customers by itself: what both halves share is the team."""
    rows = [_empty()]
    for kpi, measured in exposures.values.groupby("kpi", observed=True):
        months = max(measured["month"].nunique(), 1)
        split = str(kpi) in exposures.split
        both = measured.dropna(subset=["value_0", "value_1"]) if split else measured.dropna(subset=["value_0"])
        if both["team_id"].nunique() < MIN_TEAMS:
            continue
        team_mean = both.groupby("team_id")[["value_0", "value_1"]].mean()
        between = float(np.cov(team_mean["value_0"], team_mean["value_1"], ddof=0)[0, 1])
        if split:
            weight = 1.0 / both["n_0"].clip(lower=1.0) + 1.0 / both["n_1"].clip(lower=1.0)
            single = float(((both["value_0"] - both["value_1"]) ** 2).sum() / weight.sum())
            counted = (both["n_0"] + both["n_1"]).groupby(both["team_id"]).sum() / (months * DAYS_PER_MONTH)
        else:  # one measurement a month, whatever is behind it
            single = float(((both["value_0"] - both["team_id"].map(team_mean["value_0"])) ** 2).mean())
            counted = both.groupby("team_id")["value_0"].count() / (months * DAYS_PER_MONTH)
        between = max(between, 0.0)
        share = between / (between + single) if between + single > 0 else 0.0
        part = {"kpi": str(kpi), "n_per_day": counted.to_numpy(), "icc": share, "between_sd": np.sqrt(between)}
        rows.append(pd.DataFrame(part | {"team_id": counted.index.astype("str")}))
    return pd.concat(rows, ignore_index=True)


def _of_cases(cases: CaseTable, catalogue: Catalogue, owned: tuple[str, ...], /) -> pd.DataFrame:
    """From pairs of cases of one team and different customers."""
    biggest = cases.frame["team_id"].value_counts().index[:MAX_TEAMS]
    served = cases.frame[cases.frame["team_id"].isin(biggest)]
    design = build_design(replace(cases, frame=served), catalogue, Question(None, owned), unit="team")
    shares = signal_share(design, between_moments(design))
    opened = served.groupby("team_id")["opened_at"].agg(["min", "max"])
    days = np.maximum((opened["max"] - opened["min"]).dt.total_seconds() / 86_400.0, DAYS_PER_MONTH)
    rows = []
    for at, kpi in enumerate(owned):
        counted = served.groupby("team_id")[kpi_column(kpi)].count()
        counted = counted[counted > 0]
        per_day = counted / max(cases.sampled_share, 1e-9) / days[counted.index]
        if design.handler_level[at]:
            per_day = per_day * 0.0 + 1.0 / DAYS_PER_MONTH
        icc, spread = shares[kpi]
        part = {"kpi": kpi, "n_per_day": per_day.to_numpy(), "icc": icc, "between_sd": spread}
        rows.append(pd.DataFrame(part | {"team_id": per_day.index.astype("str")}))
    return pd.concat(rows, ignore_index=True)
