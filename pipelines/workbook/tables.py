"""Which of a run's tables are for people, and which of their rows this workbook may hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from baton.files import RunFolder
from baton.informative import is_informative
from baton.run_results import RunResults
from pipelines.report.data.results import Results

__all__ = ["EXPORTED", "Chosen", "chosen_tables"]

EXPORTED = (
    "weights",
    "advice_changes",
    "targets",
    "okrs",
    "coaching",
    "diagnosis",
    "effects",
    "churn",
    "what_if",
    "retention",
    "decline",
    "driver",
    "attributions",
    "stage_attributions",
    "cause_shares",
    "cause_trends",
    "cause_diagnosis",
    "cause_prices",
    "cause_evidence",
    "emerging_causes",
    "suspicious_labels",
    "root_causes",
    "processes",
    "bottlenecks",
    "flows",
    "handoffs",
    "figures",
)
"""The tables for people, in the order of their sheets."""

_ORDER = {
    "coaching": ["priority"],
    "churn": ["value_at_risk", "probability"],
    "decline": ["probability"],
    "driver": ["probability"],
}
"""Columns by which the rows that matter most come first."""


@dataclass(frozen=True)
class Chosen:
    """What goes into the workbook.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Rows per table, in the order of the sheets; only tables with rows.
    absent : dict of str to str
        Why another table is not there: ``absent``, ``guessed`` (no better than guessing) or ``small``.
    personal : tuple of str
        Tables that have rows about single people, which are in or left out as was asked.
    small : bool
        Whether rows of groups that are too small were left out.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    small: bool = False


def chosen_tables(results: Results, folder: RunFolder, /, *, people: bool) -> Chosen:
    """Choose what of a run the workbook holds.

    As on the report's page, predictions that are no better than guessing are left out, and so are rows of teams with
    fewer people than the policy's ``min_group``.

    Parameters
    ----------
    people : bool
        Whether rows about single people are in.

    Raises
    ------
    ArtefactError
        If a table is there and cannot be read.
    """
    left = RunResults(folder)
    tables: dict[str, pd.DataFrame] = {}
    absent: dict[str, str] = {}
    personal: list[str] = []
    small = False
    for name in EXPORTED:
        rows = left.find(name)
        if rows is None or rows.empty:
            absent[name] = "absent"
            continue
        kept = _tested(results, name, rows)
        if kept.empty:
            absent[name] = "guessed"
            continue
        large = _of_large_groups(results, kept)
        small = small or len(large) < len(kept)
        shown, any_personal = _of_people(large, people)
        personal += [name] if any_personal else []
        if shown.empty:
            absent[name] = "people" if any_personal else "small"
            continue
        tables[name] = _ordered(name, shown)
    return Chosen(tables, absent, tuple(personal), small)


def _tested(results: Results, name: str, rows: pd.DataFrame, /) -> pd.DataFrame:
    """Leave out what comes from predictions that are no better than guessing."""
    guessed = {outcome for outcome, entry in results.evaluation.items() if not is_informative(entry)}
    if name in ("attributions", "stage_attributions"):
        return rows[~rows["outcome"].isin(guessed)]
    if name == "cause_prices" and "churn" in guessed:
        return rows[:0]
    return rows[rows["informative"].astype(bool)] if "informative" in rows else rows


def _of_large_groups(results: Results, rows: pd.DataFrame, /) -> pd.DataFrame:
    """Leave out rows about teams, or roles in them, with too few people."""
    columns = [name for name in ("team_id", "source_team", "role", "unit", "level", "unit_id") if name in rows]
    if not {"team_id", "source_team", "unit_id"} & set(columns):
        return rows
    return rows[[not _too_small(results, row) for row in rows[columns].to_dict("records")]]


def _too_small(results: Results, row: dict[str, object], /) -> bool:
    """Whether a row is about a team, or a role in it, with too few people."""
    teams = [row[column] for column in ("team_id", "source_team") if isinstance(row.get(column), str)]
    if row.get("unit", row.get("level")) == "team" and "unit_id" in row:
        teams.append(str(row["unit_id"]))
    if row.get("level") == "employee":  # advice to a person, not about the team
        return False
    role = str(row.get("role") or "")
    return any(results.too_small(team) or (bool(role) and results.too_small(team, role)) for team in teams)


def _of_people(rows: pd.DataFrame, people: bool, /) -> tuple[pd.DataFrame, bool]:
    """Return the rows with or without those about single people, and whether there are any."""
    column = next((name for name in ("level", "unit") if name in rows), None)
    if column is None:
        return rows, False
    single = rows[column] == "employee"
    return (rows if people else rows[~single]), bool(single.any())


def _ordered(name: str, rows: pd.DataFrame, /) -> pd.DataFrame:
    by = [column for column in _ORDER.get(name, ()) if column in rows]
    if not by:
        return rows.reset_index(drop=True)
    return rows.sort_values(by, ascending=False, kind="stable", na_position="last").reset_index(drop=True)
