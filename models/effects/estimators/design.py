"""Cases made comparable: levers and outcome adjusted for process, priority, month and case mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message
from features.cases.table import CaseTable
from features.kpis.columns import kpi_column, outcome_column
from models.effects.estimators.arithmetic import demean, dense, within_slope
from models.effects.estimators.case_mix import TAILS, covariates, difficulty_index, newness, strata_codes
from models.effects.not_measured import NotMeasured

__all__ = [
    "Design",
    "Question",
    "build_design",
    "descendants",
    "same_rows",
    "usable_controls",
    "usable_levers",
]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Unit = Literal["employee", "team"]

MIN_ROWS = 200
ON_LOGS = frozenset({"seconds", "minutes", "hours", "days", "money"})
"""Units of what is long or dear by a factor: ten minutes more on a call and on a claim are not the same."""
MOSTLY_POSITIVE = 0.95
"""Share of values above zero from which logarithms are taken; zeros that are common are no short times."""
ROUNDING = 1e-13
"""Of a column's largest value: deviations below it are errors of arithmetic."""


@dataclass(frozen=True)
class Question:
    """What a design is built for.

    Parameters
    ----------
    outcome : str or None
        Name of a ``y:`` column without its prefix; None leaves the outcome unknown.
    levers : tuple of str
        KPIs that are asked about.
    controls : tuple of str
        KPIs that are only controlled for.
    """

    outcome: str | None
    levers: tuple[str, ...]
    controls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """Adjusted cases, ready for an estimator.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    levers : tuple of str
        Names of the lever columns, in order: first those whose effect is asked for, then those that are only
        controlled for (levers that no single person owns, context).
    asked : int
        How many of the levers' effects are asked for.
    values : array of shape (rows, levers + 1)
        Levers turned so that more is better, then the outcome, as deviations from comparable cases; NaN unknown.
    unadjusted : array of shape (rows, levers + 1)
        The same adjusted for process, priority and month but not the case mix.
    index : array of shape (rows,)
        The outcome as the case mix alone predicts it, from what was known when the case opened.
    difficulty : array of shape (rows,)
        The same from process and priority too, nothing taken out.
    handler_level : array of bool, shape (levers,)
        Levers whose value is the handler's, not the case's own.
    unit : array of shape (levers,)
        What one unit of a lever's column is in the KPI's own unit: 1, and for what is taken as a logarithm its typical
        value.
    employee, customer, team, process, period : arrays of int, shape (rows,)
        Codes; -1 unknown. Where teams are compared, ``employee`` is the team.
    rows : array of int, shape (rows,)
        Positions of the design's cases in ``CaseTable.frame``.
    teams : tuple of str
        Team ids by code.
    children : mapping of str to frozenset of str
        Per lever those that it leads to, directly or not.
    """

    outcome: str
    levers: tuple[str, ...]
    asked: int
    values: Floats
    unadjusted: Floats
    index: Floats
    difficulty: Floats
    handler_level: NDArray[np.bool_]
    unit: Floats
    employee: Codes
    customer: Codes
    team: Codes
    process: Codes
    period: Codes
    rows: Codes
    teams: tuple[str, ...]
    children: Mapping[str, frozenset[str]]

    @property
    def size(self) -> int:
        """Number of levers, controls included."""
        return len(self.levers)

    @property
    def targets(self) -> tuple[str, ...]:
        """Levers whose effect is asked for."""
        return self.levers[: self.asked]

    def keep(self, levers: tuple[str, ...], /) -> Design:
        """Return the design with some of the levers only, in their order."""
        at = [self.levers.index(lever) for lever in levers]
        columns = [*at, self.size]
        targets = set(self.targets)
        return replace(
            self,
            levers=levers,
            asked=sum(lever in targets for lever in levers),
            values=self.values[:, columns],
            unadjusted=self.unadjusted[:, columns],
            handler_level=self.handler_level[at],
            unit=self.unit[at],
        )

    def only(self, chosen: NDArray[np.bool_] | Codes, /) -> Design:
        """Return the design with some of its cases only."""
        columns = "values unadjusted index difficulty employee customer team process period rows".split()
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def of_teams(self) -> Design:
        """Return the design with teams in place of people and people in place of customers.

        Pairs of cases are then of different people of one team. Cases without a known team are left out.
        """
        known = self.only(self.team >= 0)
        return replace(
            known, employee=known.team, customer=known.employee, handler_level=np.zeros(self.size, dtype=bool)
        )

    def controls(self, lever: str, /) -> list[int]:
        """Positions of the levers in the regression that gives one lever's total effect.

        The lever comes first; what it leads to is left out, since that is part of its effect.
        """
        mine = self.levers.index(lever)
        below = self.children.get(lever, frozenset())
        return [mine, *(at for at, other in enumerate(self.levers) if at != mine and other not in below)]


def descendants(catalogue: Catalogue, /) -> dict[str, frozenset[str]]:
    """Per KPI all KPIs that it leads to along the catalogue's arrows, itself excluded."""
    below: dict[str, frozenset[str]] = {}
    for kpi_id in catalogue:
        seen: set[str] = set()
        ahead = list(catalogue[kpi_id].leads_to)
        while ahead:
            child = ahead.pop()
            if child not in seen and child in catalogue:
                seen.add(child)
                ahead.extend(catalogue[child].leads_to)
        below[kpi_id] = frozenset(seen - {kpi_id})
    return below


def usable_levers(
    cases: CaseTable, catalogue: Catalogue, fixed: tuple[str, ...] = (), /
) -> tuple[tuple[str, ...], dict[str, Message]]:
    """Return the levers whose effect can be asked for, and why each of the others cannot."""
    usable: list[str] = []
    why: dict[str, Message] = {}
    for kpi in catalogue.with_role("lever"):
        column = kpi_column(kpi.id)
        if kpi.id in fixed:
            why[kpi.id] = Message(NotMeasured.FIXED)
        elif column not in cases.frame:
            why[kpi.id] = Message(NotMeasured.NO_VALUES)
        elif kpi.owner != "employee":
            why[kpi.id] = Message(NotMeasured.NO_OWNER)
        elif int(cases.frame[column].notna().sum()) < MIN_ROWS:
            why[kpi.id] = Message(NotMeasured.FEW_CASES, {"least": MIN_ROWS})
        elif cases.frame[column].dropna().nunique() < 2:
            why[kpi.id] = Message(NotMeasured.CONSTANT)
        else:
            usable.append(kpi.id)
    return tuple(usable), why


def usable_controls(cases: CaseTable, catalogue: Catalogue, /) -> tuple[str, ...]:
    """Return what is only controlled for: context, and levers that no single person owns."""
    found = []
    for kpi in catalogue.values():
        column = kpi_column(kpi.id)
        shared = kpi.role == "context" or (kpi.role == "lever" and kpi.owner != "employee")
        if shared and column in cases.frame and int(cases.frame[column].notna().sum()) >= MIN_ROWS:
            found.append(kpi.id)
    return tuple(found)


def build_design(
    cases: CaseTable,
    catalogue: Catalogue,
    question: Question,
    employees: pd.DataFrame | None = None,
    *,
    unit: Unit = "employee",
    period: bool = True,
) -> Design:
    """Take process, priority, month, case mix and the handler's tenure out of levers and outcome.

    The coefficients of case mix and tenure are estimated within the compared units, so that what they differ in is not
    adjusted for with them. Tenure is adjusted for because newcomers are trained and helped more, which is not why they
    do worse.

    Parameters
    ----------
    employees : pandas.DataFrame, optional
        employee_id and hired_at, for tenure; without it tenure stays in.
    unit : {"employee", "team"}
        Who is compared.
    period : bool
        Whether months are compared each by itself; else all time is one month, and what changed stays in the values.

    Returns
    -------
    Design
        Cases with a known unit, from the time in which the outcome is known: what people did later must not stand for
        what they did then.
    """
    outcome, levers = question.outcome, (*question.levers, *question.controls)
    chosen = cases.frame[f"{unit}_id"].notna()
    if outcome is not None:
        known = cases.frame["opened_at"][chosen & cases.frame[outcome_column(outcome)].notna()]
        chosen &= cases.frame["opened_at"] <= known.max()
    frame = cases.frame[chosen].reset_index(drop=True)
    if not period:
        frame = frame.drop(columns="period", errors="ignore")
    strata = strata_codes(frame)
    employee = pd.factorize(frame[f"{unit}_id"])[0].astype(np.int64)
    team, teams = pd.factorize(frame["team_id"])
    mix, tenure = covariates(frame), newness(frame, employees)
    raw, typical = _raw(frame, catalogue, levers, outcome)
    values, unadjusted, index = _adjust(raw, np.hstack([mix, tenure]), mix.shape[1], strata, employee)
    return Design(
        outcome=outcome or "",
        levers=levers,
        asked=len(question.levers),
        values=values,
        unadjusted=unadjusted,
        index=index,
        difficulty=difficulty_index(frame, mix, raw[:, -1], employee),
        handler_level=np.array([lever not in cases.case_level for lever in levers], dtype=bool),
        unit=typical,
        employee=employee,
        customer=_customers(frame),
        team=team.astype(np.int64),
        process=_codes(frame, "process"),
        period=_codes(frame, "period"),
        rows=np.flatnonzero(chosen),
        teams=tuple(str(name) for name in teams),
        children=descendants(catalogue),
    )


def same_rows(known: NDArray[np.bool_], /) -> list[list[int]]:
    """Return groups of columns that are known in the same rows."""
    patterns: dict[bytes, list[int]] = {}
    for at in range(known.shape[1]):
        patterns.setdefault(np.packbits(known[:, at]).tobytes(), []).append(at)
    return list(patterns.values())


def _raw(
    frame: pd.DataFrame, catalogue: Catalogue, levers: tuple[str, ...], outcome: str | None, /
) -> tuple[Floats, Floats]:
    """Levers turned so that more is better, then the outcome; and the levers' units."""
    raw = np.full((len(frame), len(levers) + 1), np.nan)
    unit = np.ones(len(levers))
    for at, lever in enumerate(levers):
        number = frame[kpi_column(lever)].to_numpy(dtype=np.float64, na_value=np.nan)
        if catalogue[lever].unit in ON_LOGS and _mostly_positive(number):
            number, unit[at] = _logarithm(number)
        raw[:, at] = catalogue[lever].sign * _clipped(number)
    if outcome is not None:
        raw[:, -1] = frame[outcome_column(outcome)].to_numpy(dtype=np.float64, na_value=np.nan)
    return raw, unit


def _mostly_positive(number: Floats, /) -> bool:
    known = number[np.isfinite(number)]
    return bool(known.size and known.min() >= 0 and (known > 0).mean() >= MOSTLY_POSITIVE)


def _logarithm(number: Floats, /) -> tuple[Floats, float]:
    """Logarithms, nothing below the shortest that is common; and the mean, which a small step changes in proportion."""
    known = np.isfinite(number)
    least = np.quantile(number[known & (number > 0)], TAILS)
    log = np.full_like(number, np.nan)
    log[known] = np.log(np.maximum(number[known], least))
    return log, float(np.minimum(number[known], np.quantile(number[known], 1 - TAILS)).mean())


def _customers(frame: pd.DataFrame, /) -> Codes:
    """Codes of customers; a case without a known customer is a customer of its own."""
    customer = pd.factorize(frame["customer_id"])[0].astype(np.int64)
    unknown = customer < 0
    customer[unknown] = customer.max(initial=-1) + 1 + np.arange(int(unknown.sum()))
    return customer


def _codes(frame: pd.DataFrame, name: str, /) -> Codes:
    if name not in frame:
        return np.zeros(len(frame), dtype=np.int64)
    # months are counted in the order of time
    return pd.factorize(frame[name], sort=name == "period")[0].astype(np.int64)


def _clipped(number: Floats, /) -> Floats:
    """A lever's values winsorised, since single absurd durations would decide a mean."""
    known = np.isfinite(number)
    if not known.any():
        return number
    low, high = np.quantile(number[known], [TAILS, 1 - TAILS])
    return np.where(known, np.clip(number, low, high), np.nan) if high > low else np.where(known, number, np.nan)


def _adjust(
    raw: Floats, mix: Floats, case_columns: int, strata: Codes, employee: Codes, /
) -> tuple[Floats, Floats, Floats]:
    """Return values adjusted for strata and case mix, for all but the case mix, and the outcome's case-mix index.

    The first ``case_columns`` columns of ``mix`` describe the case, the others the handler.
    """
    values = np.full_like(raw, np.nan)
    unadjusted = np.full_like(raw, np.nan)
    index = np.zeros(len(raw))
    known = np.isfinite(raw)
    for columns in same_rows(known):
        rows = np.flatnonzero(known[:, columns[0]])
        if not rows.size:
            continue
        block = np.ix_(rows, np.array(columns))
        cells, people = dense(strata[rows]), dense(employee[rows])
        own = raw[block]
        target = demean(own, cells)
        # what is left where strata explain all is rounding, which would look like a difference between people
        target[np.abs(target) <= ROUNDING * np.abs(own).max(axis=0)] = 0.0
        if mix.shape[1] == 0:
            values[block] = unadjusted[block] = target
            continue
        around = demean(mix[rows], cells)
        slope = within_slope(around, target, people, cells)
        values[block] = target - around @ slope
        unadjusted[block] = target - around[:, case_columns:] @ slope[case_columns:]
        if raw.shape[1] - 1 in columns:
            index[rows] = around[:, :case_columns] @ slope[:case_columns, columns.index(raw.shape[1] - 1)]
    return values, unadjusted, index
