"""What each team may be expected to reach, what today's targets are worth, and drafts of objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import escape

from baton.wording.wording import Bilingual, number, percent, say, verbatim
from pipelines.report.data.results import Results

__all__ = ["Draft", "Target", "judged_targets", "team_objectives", "team_targets"]

_VERDICTS = ("fine", "too_easy", "out_of_reach", "harmful")
_WRONG = frozenset(_VERDICTS) - {"fine"}


@dataclass(frozen=True)
class Target:
    """One KPI of a team: figures as cells, and why."""

    name: Bilingual
    cells: tuple[Bilingual, ...]
    reason: Bilingual
    tone: str


@dataclass(frozen=True)
class Draft:
    """A draft: what is tried, by which key results, and why."""

    title: Bilingual
    results: tuple[Bilingual, ...]
    reason: Bilingual


def judged_targets(results: Results, /) -> Bilingual | None:
    """Say how many of today's targets are what; None where none is."""
    targets = results.get("targets")
    if targets is None:
        return None
    targets = targets[[not results.too_small(row["team_id"], str(row["role"])) for row in targets.to_dict("records")]]
    judged = targets[targets["current_target"].notna() & targets["verdict"].notna()]
    if judged.empty:
        return None
    counts = {verdict: int((judged["verdict"] == verdict).sum()) for verdict in sorted(_WRONG)}
    return say("targets.counted", all=len(judged), **counts)


def team_targets(results: Results, team_id: str, /) -> tuple[Target, ...]:
    """Return one team's targets."""
    mine = _of_team(results, "targets", team_id)
    return tuple(_target(results, row) for row in mine.to_dict("records"))


def _of_team(results: Results, name: str, team_id: str, /) -> pd.DataFrame:
    table = results.get(name)
    if table is None:
        return pd.DataFrame()
    mine = table[table["team_id"].astype(str) == team_id]
    return mine[[not results.too_small(team_id, str(role)) for role in mine["role"]]]


def _target(results: Results, row: dict[str, Any], /) -> Target:
    kpi, verdict = str(row["kpi"]), row["verdict"]
    figures = {name: _figure(results, kpi, row[name]) for name in
               ("current_value", "current_target", "advised_target", "stretch_target")}  # fmt: skip
    today = figures["current_target"]
    if verdict in _VERDICTS and pd.notna(row["current_target"]):
        today = say(f"targets.{verdict}", target=today)
    advised = figures["advised_target"]
    if pd.isna(row["advised_target"]):
        advised = say(
            "targets.no_target" if verdict == "harmful"
            else "targets.not_enough" if row["basis"] == "not_enough" else "targets.none"
        )  # fmt: skip
    return Target(
        name=results.kpi_name(kpi),
        cells=(figures["current_value"], today, advised, figures["stretch_target"], _gain(row)),
        reason=_words(row["reason"]),
        tone="bad" if verdict in _WRONG else "plain",
    )


def _figure(results: Results, kpi: str, value: float, /) -> Bilingual:
    """A KPI's value: shares and ratings with a decimal more than elsewhere, since targets lie close to what is."""
    if pd.isna(value):
        return say("targets.none")
    if kpi in results.catalogue and results.catalogue[kpi].unit == "share":
        return percent(value, 1)
    if kpi in results.catalogue and results.catalogue[kpi].unit == "points":
        return number(value, 2)
    return results.measured(kpi, value)


def _gain(row: dict[str, Any], /) -> Bilingual:
    values = [row["expected_effect"], row["low"], row["high"]]
    if any(pd.isna(value) for value in values) or not values[0] > 0:
        return say("targets.none")
    many, low, high = (number(value, 0 if abs(value) >= 20 else 1) for value in values)
    return say("targets.range", n=many, low=low, high=high)


def team_objectives(results: Results, team_id: str, /) -> tuple[Draft, ...]:
    """Return the drafts of one team's objectives."""
    mine = _of_team(results, "okrs", team_id)
    if mine.empty:
        return ()
    found = []
    for _, rows in mine.groupby(["role", "number"], sort=True):
        first = rows.iloc[0]
        lines = tuple(_key_result(results, row) for row in rows.to_dict("records"))
        found.append(Draft(_words(first["objective"]), lines, _words(first["reason"])))
    return tuple(found)


def _key_result(results: Results, row: dict[str, Any], /) -> Bilingual:
    kpi = str(row["kpi"])
    values = {name: _figure(results, kpi, row[name]) for name in ("from_value", "to_value")}
    name = results.kpi_name(kpi)
    if row["kind"] == "guard":
        return say("okrs.guard", kpi=name, to_value=values["to_value"])
    day = verbatim(f"{row['by']:%Y-%m-%d}")
    if pd.notna(row["expected_effect"]) and row["expected_effect"] > 0:
        return say("okrs.lead_gain", kpi=name, by=day, gain=_gain(row), **values)
    return say("okrs.lead", kpi=name, by=day, **values)


def _words(value: dict[str, str], /) -> Bilingual:
    return Bilingual(escape(value["en"]), escape(value["zh"]))
