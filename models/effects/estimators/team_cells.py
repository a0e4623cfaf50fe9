"""Teams by month: what their customers did next, and how the team did, each half of the customers by itself.

Two kinds of rows lead here. Cases belong to one team each; customers by month are exposed to several, by shares. Either
way a lever's exposure is the sum of shares times the teams' values, and all that estimators need of the rows are sums
by team and month: the shift-share design, identified by its shocks.

Source: Borusyak, Hull & Jaravel 2022, section 3.2 (equivalence with the regression of shocks).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.months import month_number
from baton.outcomes import LEAVING
from features.cases.exposures import WINDOW_MONTHS, ExposureTable
from features.cases.table import CaseTable
from features.kpis.columns import outcome_column
from models.effects.estimators.case_mix import covariates
from models.effects.estimators.design import Question, build_design, descendants

__all__ = ["MAX_TEAMS", "MIN_TEAMS", "TeamCells", "cells_of_activity", "cells_of_cases", "met_again"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MIN_TEAMS = 8
MAX_TEAMS = 300
"""Teams beyond the largest so many are left out: they serve few customers each."""


@dataclass(frozen=True)
class TeamCells:
    """Sums by half of the customers, month and team.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    basis : {"cases", "activity"}
    levers : tuple of str
        Ids of the KPIs, in the order of the columns.
    teams : tuple of str
    contacts : array of shape (2, months, teams) or (2, months, teams, teams)
        Cases of a team; or products of its share with all shares, residualised on attributes.
    answers : array of shape (2, months, teams)
        Sums of the outcome, adjusted for comparable rows' mean and attributes, by share.
    plain_contacts, plain_answers : arrays
        The same adjusted for the month alone.
    index_answers : array of shape (2, months, teams)
        Sums of the outcome as attributes alone predict it.
    values : array of shape (2, months, teams, levers)
        The team's KPI turned so that more is better, as the half of the customers lived it; NaN unknown.
    covered : array of shape (levers,)
        Mean share that teams with the KPI have of a row; of a case, over how often its customer meets that team again.
    scale : float
        What takes an effect on a row to the effect.
    row_volume : array of shape (2, months, teams, levers)
        Rows behind each value; NaN where that is not known.
    children : mapping of str to frozenset of str
        Per lever those that it leads to, directly or not.
    """

    outcome: str
    basis: str
    levers: tuple[str, ...]
    teams: tuple[str, ...]
    contacts: Floats
    answers: Floats
    plain_contacts: Floats
    plain_answers: Floats
    index_answers: Floats
    values: Floats
    covered: Floats
    scale: float
    row_volume: Floats
    children: Mapping[str, frozenset[str]]

    @property
    def size(self) -> int:
        """Number of levers."""
        return len(self.levers)

    @property
    def volume(self) -> Floats:
        """How much a team counts in a month: array of shape (2, months, teams)."""
        if self.contacts.ndim == 3:
            return self.contacts
        return np.clip(np.diagonal(self.plain_contacts, axis1=2, axis2=3), 0.0, None)

    def teams_with(self, at: int, /) -> int:
        """Return how many teams have values of a lever for both halves of their customers."""
        known = np.isfinite(self.values[:, :, :, at]).any(axis=1).all(axis=0)
        return int((known & (self.volume.sum(axis=(0, 1)) > 0)).sum())

    def keep(self, levers: tuple[str, ...], /) -> TeamCells:
        """Return the cells with some of the levers only."""
        at = [self.levers.index(lever) for lever in levers]
        return replace(
            self,
            levers=levers,
            values=self.values[..., at],
            covered=self.covered[at],
            row_volume=self.row_volume[..., at],
        )

    def controls(self, lever: str, /) -> list[int]:
        """Positions of the levers in the regression of one lever's total effect: it first, none that it leads to."""
        mine = self.levers.index(lever)
        below = self.children.get(lever, frozenset())
        return [mine, *(at for at, other in enumerate(self.levers) if at != mine and other not in below)]


def cells_of_cases(
    cases: CaseTable, catalogue: Catalogue, outcome: str, levers: tuple[str, ...], seed: int, /
) -> TeamCells | None:
    """Sum cases by the team that had them and the month in which they were opened.

    Parameters
    ----------
    outcome : str
        Name of a ``y:`` column without its prefix.
    levers : tuple of str
        Levers that teams own, with a column in the cases.
    seed : int
        Deals customers into halves.

    Returns
    -------
    TeamCells or None
        None where no case has both its team and the outcome.
    """
    frame = cases.frame
    if not levers or frame.empty or not (frame["team_id"].notna() & frame[outcome_column(outcome)].notna()).any():
        return None
    biggest = frame["team_id"].value_counts().index[:MAX_TEAMS]
    served = frame[frame["team_id"].isin(biggest)]
    design = build_design(replace(cases, frame=served), catalogue, Question(outcome, levers), unit="team")
    months, team, teams = int(design.period.max()) + 1, design.team, design.teams
    half = np.random.default_rng(seed).integers(0, 2, int(design.customer.max()) + 1)[design.customer]
    cell = (half * months + design.period) * len(teams) + team
    shape = (2, months, len(teams))

    def summed(column: Floats) -> Floats:
        return np.bincount(cell, weights=np.nan_to_num(column), minlength=int(np.prod(shape))).reshape(shape)  # pyright: ignore[reportReturnType]

    answered = np.isfinite(design.values[:, -1])
    counts = [summed(np.isfinite(design.values[:, at]).astype(np.float64)) for at in range(len(levers))]
    volume = np.stack(counts, axis=-1)
    sums = np.stack([summed(design.values[:, at]) for at in range(len(levers))], axis=-1)
    values = np.divide(sums, volume, out=np.full_like(sums, np.nan), where=volume > 0)
    contacts = summed(answered.astype(np.float64))
    measured = [np.asarray(teams)[volume[..., at].sum(axis=(0, 1)) > 0] for at in range(len(levers))]
    # who meets a team again and again feels it in each outcome of theirs: one case's difference is that of several
    again = met_again(frame, cases.horizon_days, "team_id") if outcome in LEAVING else np.ones(len(frame))
    owners = [frame["team_id"].isin(list(names)).to_numpy() for names in measured]
    covered = [float(mine.mean()) / float(again[mine].mean()) if mine.any() else 0.0 for mine in owners]
    return TeamCells(
        outcome=outcome,
        basis="cases",
        levers=levers,
        teams=teams,
        contacts=contacts,
        answers=summed(design.values[:, -1]),
        plain_contacts=contacts,
        plain_answers=summed(design.unadjusted[:, -1]),
        index_answers=summed(np.where(answered, design.index, 0.0)),
        values=values,
        covered=np.array(covered),
        scale=cases.cases_per_customer if outcome in LEAVING else 1.0,
        row_volume=volume / max(cases.sampled_share, 1e-9),
        children=descendants(catalogue),
    )


def met_again(frame: pd.DataFrame, horizon_days: int, owner: str, /) -> Floats:
    """Count, per case, the customer's cases with the same team or person within the horizon after it, itself included.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cases: customer_id, opened_at and the column ``owner``.
    horizon_days : int
        How far ahead the outcome looks.
    owner : {"team_id", "employee_id"}

    Returns
    -------
    array of shape (cases,)
    """
    count = np.ones(len(frame))
    dated = frame["opened_at"].notna()
    known = np.flatnonzero((dated & frame["customer_id"].notna() & frame[owner].notna()).to_numpy())
    if not len(known):
        return count
    part = frame.iloc[known]
    pair = part.groupby(["customer_id", owner], sort=False, observed=True).ngroup().to_numpy()
    days = (part["opened_at"] - frame["opened_at"].min()).dt.total_seconds().to_numpy() / 86_400.0
    place = pair * (float(days.max()) + horizon_days + 1.0) + days
    order = np.argsort(place, kind="stable")
    ordered = place[order]
    ends = np.searchsorted(ordered, ordered + horizon_days, side="right")
    count[known[order]] = ends - np.arange(len(ordered))
    return count


def cells_of_activity(exposures: ExposureTable, catalogue: Catalogue, levers: tuple[str, ...], /) -> TeamCells:
    """Sum customers by month, by their shares of the teams they were exposed to.

    A team's value at a month is its mean over the months of the exposure and those in which leaving is looked for: an
    effect is asked of teams that were and stayed better.

    Parameters
    ----------
    levers : tuple of str
        Those of ``exposures.values`` to look at.
    """
    by_team = exposures.shares.groupby("team_id", observed=True)["share"].sum().sort_values(ascending=False)
    teams = tuple(sorted(str(name) for name in by_team.index[:MAX_TEAMS]))
    frame = exposures.frame
    months = pd.DatetimeIndex(sorted(frame["as_of"].unique()))
    values, volume = _spans(exposures, catalogue, levers, teams, months)
    shares = exposures.shares[exposures.shares["team_id"].isin(teams)]
    place = pd.Index(teams).get_indexer(shares["team_id"])
    row, weight = shares["row"].to_numpy(), shares["share"].to_numpy(dtype=np.float64)
    period, mix = months.get_indexer(frame["as_of"]), covariates(frame)
    half, outcome = frame["half"].to_numpy(), frame[outcome_column("churn")].to_numpy(dtype=np.float64)
    size = len(teams)
    stacked = np.zeros((2, 2, len(months), size, size)), np.zeros((3, 2, len(months), size))
    for month in range(len(months)):
        here = np.flatnonzero(period == month)
        dense = np.zeros((len(here), size))
        mine = np.isin(row, here)
        dense[np.searchsorted(here, row[mine]), place[mine]] = weight[mine]
        _add_month(stacked, month, dense, mix[here], outcome[here], half[here])
    with_values = np.isfinite(values).any(axis=(0, 1))
    total = np.bincount(place, weights=weight, minlength=size) / max(len(frame), 1)
    return TeamCells(
        outcome="churn",
        basis="activity",
        levers=levers,
        teams=teams,
        contacts=stacked[0][0],
        answers=stacked[1][0],
        plain_contacts=stacked[0][1],
        plain_answers=stacked[1][1],
        index_answers=stacked[1][2],
        values=values,
        covered=total @ with_values,
        scale=exposures.rows_per_horizon,
        row_volume=volume,
        children=descendants(catalogue),
    )


def _add_month(
    stacked: tuple[Floats, Floats], month: int, shares: Floats, mix: Floats, outcome: Floats, half: Codes, /
) -> None:
    """Fill in one month's sums, adjusted for attributes, for the month alone, and of the index."""
    contacts, answers = stacked
    around, left = shares - shares.mean(axis=0), outcome - outcome.mean()
    centred = mix - mix.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)
    span = basis[0][:, basis[1] > 1e-8 * max(float(basis[1].max(initial=0.0)), 1e-300)]
    if span.shape[1] >= len(outcome) - 2:
        span = span[:, :0]
    predicted = span @ (span.T @ left)
    ways = ((around - span @ (span.T @ around), left - predicted), (around, left))
    for number in (0, 1):
        mine = half == number
        for way, (exposed, answer) in enumerate(ways):
            contacts[way, number, month] = shares[mine].T @ exposed[mine]
            answers[way, number, month] = shares[mine].T @ answer[mine]
        answers[2, number, month] = shares[mine].T @ predicted[mine]


def _spans(
    exposures: ExposureTable, catalogue: Catalogue, levers: tuple[str, ...], teams: tuple[str, ...],
    months: pd.DatetimeIndex, /,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Values by half, month, team and lever over the months around each, and the rows behind them a month."""
    observed = exposures.values[exposures.values["team_id"].isin(teams) & exposures.values["kpi"].isin(levers)]
    number = month_number(observed["month"].dt.year, observed["month"].dt.month)
    own = month_number(months.year, months.month)
    first = int(own.min()) - WINDOW_MONTHS
    ahead = max(1, round(exposures.label_days / 30))
    length = int(own.max()) + ahead - first
    inside = ((number >= first) & (number < first + length)).to_numpy()
    at = (
        (number - first).to_numpy()[inside],
        pd.Index(teams).get_indexer(observed["team_id"])[inside],
        pd.Index(levers).get_indexer(observed["kpi"])[inside],
    )
    signs = np.array([catalogue[lever].sign for lever in levers], dtype=np.float64)
    values = np.full((2, len(months), len(teams), len(levers)), np.nan)
    volume = np.full_like(values, np.nan)
    for half in (0, 1):
        monthly = np.full((length, len(teams), len(levers)), np.nan)
        rows = np.full_like(monthly, np.nan)
        monthly[at] = observed[f"value_{half}"].to_numpy(dtype=np.float64)[inside]
        rows[at] = observed[f"n_{half}"].to_numpy(dtype=np.float64)[inside]
        for month, start in enumerate(own - first - WINDOW_MONTHS):
            span = slice(int(start), int(start) + WINDOW_MONTHS + ahead)
            values[half, month] = _mean(monthly[span]) * signs
            volume[half, month] = _mean(rows[span])
    return values, volume


def _mean(stack: Floats, /) -> Floats:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(stack)
    total, count = np.where(known, stack, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
