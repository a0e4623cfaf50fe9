"""How units stand in their KPIs: against comparable teams, and against their own months before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.report.data.results import Results

__all__ = ["MIN_PEERS", "company_standing", "team_months", "team_standing"]

MIN_PEERS = 3
_RECENT_MONTHS = 3
_MIN_BEFORE = 3


def team_months(results: Results, /) -> pd.DataFrame:
    """Return the teams' months of KPIs: team_id, peers (department, else all), kpi, from, value, n.

    Teams under the policy's ``min_group`` are left out.
    """
    panel = results.panel
    if panel.empty:
        return pd.DataFrame(columns=["team_id", "peers", "kpi", "from", "value", "n"])
    rows = panel[(panel["unit"] == "team") & panel["value"].notna() & panel["kpi"].isin(list(results.catalogue))]
    rows = rows.assign(team_id=rows["unit_id"].astype(str))
    small = {team for team in rows["team_id"].unique() if results.too_small(team)}
    rows = rows[~rows["team_id"].isin(small)]
    return rows.assign(peers=rows["team_id"].map(results.departments).fillna(""))


def team_standing(results: Results, months: pd.DataFrame, /) -> pd.DataFrame:
    """Say how far each team is from comparable teams over the last three months.

    Returns
    -------
    pandas.DataFrame
        team_id, kpi, value, usual (mean of the teams compared), standing (standard deviations between these teams,
        positive is better as the catalogue says), peers (how many teams are compared: at least three).
    """
    if months.empty:
        return pd.DataFrame(columns=["team_id", "kpi", "value", "usual", "standing", "peers"])
    last = np.sort(months["from"].unique())[-_RECENT_MONTHS:]
    recent = months[months["from"].isin(last)].assign(n=lambda rows: rows["n"].fillna(1.0).clip(lower=1e-9))
    recent = recent.assign(total=recent["value"] * recent["n"])
    sums = recent.groupby(["team_id", "peers", "kpi"], as_index=False)[["total", "n"]].sum()
    sums["value"] = sums["total"] / sums["n"]
    grouped = sums.groupby(["peers", "kpi"])["value"]
    sums["usual"], spread = grouped.transform("mean"), grouped.transform("std")
    sums["peers"] = grouped.transform("size").astype(int)
    sign = sums["kpi"].map({kpi.id: kpi.sign for kpi in results.catalogue.values()}).astype(float)
    sums["standing"] = sign * (sums["value"] - sums["usual"]) / spread.where(spread > 0)
    compared = sums[(sums["peers"] >= MIN_PEERS) & sums["standing"].notna()]
    return compared[["team_id", "kpi", "value", "usual", "standing", "peers"]].reset_index(drop=True)


def company_standing(results: Results, months: pd.DataFrame, /) -> pd.Series:
    """Say how far each KPI, over all teams, has become better than in the months before.

    Returns
    -------
    pandas.Series
        Per KPI the mean of the last three months against those before, in standard deviations of the company's months
        before; positive is better as the catalogue says. KPIs with fewer than three months before are left out.
    """
    found: dict[str, float] = {}
    for kpi, rows in months.groupby("kpi"):
        by_month = rows.groupby("from")["value"].mean().sort_index()
        before, recent = by_month.iloc[:-_RECENT_MONTHS], by_month.iloc[-_RECENT_MONTHS:]
        spread = float(before.std()) if len(before) >= _MIN_BEFORE else 0.0
        if spread > 0 and str(kpi) in results.catalogue:
            found[str(kpi)] = results.catalogue[str(kpi)].sign * float(recent.mean() - before.mean()) / spread
    return pd.Series(found, dtype=float)
