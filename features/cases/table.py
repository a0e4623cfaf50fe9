"""Cases with what was done in them and what came after: the rows from which effects are estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from baton.messages.message import Message

if TYPE_CHECKING:
    from features.cases.exposures import ExposureTable

__all__ = ["CaseTable", "Organisation", "cards_in_force"]


@dataclass(frozen=True)
class Organisation:
    """The small tables about people and cards.

    Parameters
    ----------
    employees : pandas.DataFrame
        employee_id, team_id, role, hired_at, left_at + attributes, protected ones included (for the audit alone).
    teams : pandas.DataFrame
        team_id, name, department, stage, scenario.
    scorecards : pandas.DataFrame
        The whole history: team_id, role, kpi, weight (points of 100), target, valid_from.
    panel : pandas.DataFrame
        KPI values of units by calendar month: unit, unit_id, team_id, from, to, kpi, value, n (rows behind it).
    as_of : pandas.Timestamp
        The moment the advice is given for; the card in force then is today's card.
    coaching : pandas.DataFrame
        What coaching was recorded: employee_id, kpi, started_at, ended_at, action; empty where none is.
    notes : tuple of Message
        How cards were read that are not in points of 100.
    """

    employees: pd.DataFrame
    teams: pd.DataFrame
    scorecards: pd.DataFrame
    panel: pd.DataFrame
    as_of: pd.Timestamp
    coaching: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[Message, ...] = ()

    @property
    def current_cards(self) -> pd.DataFrame:
        """Today's cards: per team and role the rows of the last ``valid_from`` not after ``as_of``."""
        return cards_in_force(self.scorecards, self.as_of)


@dataclass(frozen=True)
class CaseTable:
    """Cases, bounded in number by sampling whole customers, for the estimation of effects.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per case. Keys: case_id, customer_id, employee_id, team_id (str or null). Context: stage, process,
        priority, channel (category), opened_at, closed_at, period (first of the month it was opened in). Customer
        history known when the case opened: columns ``x:<name>`` (float or category). Per KPI a column ``kpi:<id>``: the
        case's own value where the KPI is computed from cases, else the handler's value of the time in which it opened
        (raw, not turned by ``better``; NaN unknown). Per outcome a column ``y:<outcome>`` (float; NaN unknown):
        ``y:churn`` is 1 if the customer left within the horizon after the case was closed. ``later:churn`` says the
        same of the horizon after that, NaN also where the customer had left before; where leaving is known.
    case_level : frozenset of str
        KPIs whose column is the case's own value; the others are the handler's.
    horizon_days : int
        Horizon of ``y:churn``.
    cases_per_customer : float
        Mean number of cases, per horizon, of a customer at risk: what takes an effect per case to an effect.
    customers_at_risk : int
        At the latest snapshot.
    kinds : mapping of str to str
        Per outcome ``probability`` or ``number``.
    better : mapping of str to str
        Per outcome ``lower`` (churn, low ratings) or ``higher``.
    sampled_share : float
        Share of the customers that the rows come from.
    exposures : ExposureTable, optional
        Customers by month and the teams they were exposed to, where activity records which team owns it.
    """

    frame: pd.DataFrame
    case_level: frozenset[str]
    horizon_days: int
    cases_per_customer: float
    customers_at_risk: int
    kinds: Mapping[str, str]
    better: Mapping[str, str]
    sampled_share: float = 1.0
    notes: tuple[Message, ...] = field(default=())
    exposures: ExposureTable | None = None


def cards_in_force(scorecards: pd.DataFrame, as_of: pd.Timestamp, /) -> pd.DataFrame:
    """Return the cards that hold at a moment.

    Parameters
    ----------
    scorecards : pandas.DataFrame
        The whole history: team_id, role, kpi, weight, target, valid_from.
    as_of : pandas.Timestamp

    Returns
    -------
    pandas.DataFrame
        Per team and role the rows of the last ``valid_from`` not after the moment; the role is empty where it is null.
    """
    cards = scorecards[scorecards["valid_from"] <= as_of].copy()
    cards["role"] = cards["role"].fillna("")
    newest = cards.groupby(["team_id", "role"])["valid_from"].transform("max")
    return cards[cards["valid_from"] == newest].reset_index(drop=True)
