"""Stages of the customer's journey: what the cards measure of each, and stages that nobody answers for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Value
from models.advice.diagnosis.finding import Finding
from models.advice.diagnosis.places import kpi_name, listed, stage_name, team_name
from models.advice.inputs import AdviceInputs

__all__ = ["stage_findings", "stage_rows"]


def stage_rows(table: pd.DataFrame, catalogue: Catalogue, /) -> list[dict[str, Any]]:
    """Per stage of the journey: how much of the cards measures it, and which KPIs none of them has.

    Returns
    -------
    list of dict
        stage, points (mean over cards), kpis (on some card), not_measured (levers of the catalogue on no card).
    """
    cards = max(len(table[["team_id", "role"]].drop_duplicates()), 1)
    carded = set(table["kpi"])
    stages = [*(stage.id for stage in catalogue.stages), "any"]
    rows = []
    for stage in stages:
        here = table[table["stage"] == stage]
        missing = [
            kpi.id for kpi in catalogue.values() if kpi.stage == stage and kpi.role == "lever" and kpi.id not in carded
        ]
        rows.append(
            {
                "stage": stage,
                "points": float(here["weight"].sum() / cards),
                "kpis": sorted(set(here["kpi"])),
                "not_measured": missing,
            }
        )
    return rows


def stage_findings(
    table: pd.DataFrame, inputs: AdviceInputs, catalogue: Catalogue, served: pd.DataFrame, /
) -> list[Finding]:
    """Find the stages of the journey that no card has a KPI of.

    Parameters
    ----------
    table : pandas.DataFrame
        Of ``diagnosis_table``.
    served : pandas.DataFrame
        Stage, team_id (null: no team), n: cases by stage and team; empty where no case has a stage.

    Returns
    -------
    list of Finding
        Those with most cases first. ``unanswered``: no team that works there has a KPI of the customer perspective at
        all; ``whole_journey``: it has one, but of the whole journey or of another stage.
    """
    total = max(int(served["n"].sum()) if len(served) else 0, 1)
    found = []
    for row in stage_rows(table, catalogue):
        if row["stage"] == "any" or row["points"] > 0:
            continue
        here = served[served["stage"] == row["stage"]]
        cases = int(here["n"].sum()) if len(here) else 0
        teams = _teams(here, cases)
        found.append(_finding(row, table, inputs, catalogue, (cases, cases / total, teams)))
    return sorted(found, key=lambda item: -item.values["cases"])


_MIN_SHARE = 0.05
"""Of a stage's cases: who does less of them does not work there, but helps out."""


def _teams(here: pd.DataFrame, cases: int, /) -> list[str]:
    if not cases:
        return []
    by_team = here.dropna(subset=["team_id"]).groupby("team_id")["n"].sum().sort_values(ascending=False)
    return [str(team) for team in by_team.index[by_team >= _MIN_SHARE * cases]]


def _finding(
    row: dict[str, Any],
    table: pd.DataFrame,
    inputs: AdviceInputs,
    catalogue: Catalogue,
    served: tuple[int, float, list[str]],
    /,
) -> Finding:
    cases, share, teams = served
    stage = stage_name(row["stage"], catalogue)
    beside = table[table["team_id"].isin(teams) & (table["perspective"] == "customer")]
    kind = "whole_journey" if len(beside) else "unanswered"
    what = Message("stage_gap.unanswered" if teams else "stage_gap.no_card", {"stage": stage})
    if kind == "whole_journey":
        kpis = [kpi_name(str(kpi), catalogue) for kpi in sorted(set(beside["kpi"]))]
        what = Message("stage_gap.whole_journey", {"stage": stage, "kpis": listed(kpis)})
    where = Message("stage_gap.no_cases")
    if cases:
        names = listed([team_name(team, inputs) for team in teams])
        values: dict[str, Value] = {"n": cases, "share": share}
        where = Message("stage_gap.cases", values | {"teams": names}) if teams else Message("stage_gap.no_team", values)
    lacking = [kpi_name(kpi, catalogue) for kpi in row["not_measured"]]
    following = Message("stage_gap.next_owner", {"stage": stage})
    if lacking:
        following = Message("stage_gap.next_kpis", {"stage": stage, "kpis": listed(lacking)})
    return Finding(
        kind=kind,
        what=what,
        where=where,
        sure=Message("stage_gap.sure") if cases else Message("stage_gap.sure_no_cases"),
        next=following,
        points=0.0,
        values={
            "stage": row["stage"],
            "cases": cases,
            "share": share if cases else float("nan"),
            "teams": teams,
            "kpis_not_on_cards": row["not_measured"],
        },
    )
