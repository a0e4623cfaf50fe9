"""The training table of a decline: units at many moments, and whether their metric then got worse.

A unit declines if its mean over the next horizon is worse, as ``better`` says, than its baseline by more than
``drop_sd`` case-level standard deviations (or ``drop``, in the metric's own unit), and by more than one-sided 80 %
sampling noise.

- *Case-level SD* ``s``: of the cases of the longest window around their units' means, pooled over units.
- *Baseline*: ``g + r·(m − g)`` with ``m`` the unit's mean over the longest window, ``g`` its group's and ``r`` the
  reliability ``τ² / (τ² + s²/n)``, ``τ²`` the variance between the group's units by the method of moments (DerSimonian
  & Laird 1986). The group of an employee is the team, of any other unit all units; a group of fewer than five is
  widened to all.
- *Season*: the other units' move from the longest window to the horizon is adjusted for, a fifth of it per other unit
  that there is up to the whole: what happens to everybody alike is season, not this unit's decline.
- *Noise*: ``z·√(s²/n_next + r·s²/n)`` with ``z = Φ⁻¹(0.8)``. Where no number of cases is known there is none.

Of a median, another percentile or a ratio, "mean" is its value, and ``s²/n`` its sampling variance (``unit_moments``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import CONTEXT, Catalogue, Kpi
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from baton.messages.message import Message
from baton.outcome_settings import Decline
from baton.outcomes import Outcome
from features.kpis import evaluate as metrics
from features.kpis.calendar_periods import months_of_a_value, windows_of
from features.kpis.cause_kpis import learned_features, longest_only
from features.kpis.on_scale import followed, unfollowed
from features.kpis.sampling import Spare
from features.kpis.sql import Span, Windows
from features.kpis.unit_rows import Unit, case_unit, with_default_team
from features.staging.rows_over_time import has_history, row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots
from features.training.attributes import as_feature, team_shares
from features.training.churn import customer_shares, season
from features.training.decline_forecast import FORECASTS, decline_forecasts, unit_periods
from features.training.decline_labels import decline_labels, unit_baselines
from features.training.label_horizon import LabelHorizon
from features.training.learnable import require_enough, unit_name
from features.training.table import TrainingTable
from features.training.unit_moments import has_noise, unit_moments

__all__ = ["Labelled", "decline_table", "labels_of", "metric_of"]


@dataclass(frozen=True)
class Labelled:
    """The units of one ``[[outcomes.decline]]`` with their labels.

    Parameters
    ----------
    metric : Kpi
        On the scale of the company's ratings.
    horizon : LabelHorizon
        How far each label looks ahead.
    dates : list of datetime
        The moments, the latest last.
    rows : pandas.DataFrame
        As of ``decline_labels``.
    baselines : pandas.DataFrame
        What all units are compared with, as of ``unit_baselines``.
    """

    metric: Kpi
    horizon: LabelHorizon
    dates: list[datetime]
    rows: pd.DataFrame
    baselines: pd.DataFrame


def decline_table(company: Company, catalogue: Catalogue, warehouse: Warehouse, settings: Decline) -> TrainingTable:
    """Build the training table of one ``[[outcomes.decline]]``.

    Returns
    -------
    TrainingTable
        Units × snapshots with enough cases in both windows; the latest snapshot without labels.

    Raises
    ------
    CompanyFileError
        If the metric is none of the catalogue's or means nothing for the unit.
    TooLittleDataError
        With what is missing.
    """
    name = str(Outcome("decline", settings.unit, settings.metric))
    found = labels_of(company, catalogue, warehouse, settings)
    metric, dates = found.metric, found.dates
    longest = max(company.snapshots.windows_days)
    kpis = metrics.available(warehouse, catalogue.values(), settings.unit)
    values = metrics.evaluate(
        warehouse,
        kpis,
        settings.unit,
        dates,
        company.snapshots.windows_days,
        spare=Spare(longest_only=longest_only(kpis)),
    )
    periods = unit_periods(warehouse, metric, settings.unit, snapshots.period_bounds(company, warehouse, dates))
    forecasts = decline_forecasts(periods, found.baselines, metric, settings, found.horizon)
    labelled = found.rows.merge(forecasts, on=["unit_id", "as_of"])
    pulled = labelled.merge(values.to_pyarrow().to_pandas(), on=["unit_id", "as_of"], how="left")
    pulled = pulled.sort_values(["as_of", "unit_id"], ignore_index=True)
    columns: dict[str, pd.Series] = {}
    kpi_of: dict[str, str] = {}
    for kpi in kpis:
        windows = company.snapshots.windows_days
        for feature in learned_features(kpi, windows):
            column = as_feature(pulled[feature])
            if column.notna().any():
                columns[feature], kpi_of[feature] = column, kpi.id
    for word in ("baseline", "above_group", *FORECASTS):
        feature = f"{metric.id}__{word}"
        columns[feature], kpi_of[feature] = as_feature(pulled[word]), metric.id
    for feature, column in _context(warehouse, settings.unit, pulled, dates, longest).items():
        if column.notna().any():
            columns[feature], kpi_of[feature] = as_feature(column), CONTEXT
    baseline = f"{metric.id}__{longest}d"
    unit_id = pulled["unit_id"].astype("str")
    keys = {"unit_id": unit_id, "as_of": pulled["as_of"], "label": pulled["label"], "group": unit_id}
    return TrainingTable(
        outcome=name,
        kind="probability",
        unit=settings.unit,
        frame=pd.DataFrame({**keys, **columns}),
        features=tuple(columns),
        kpi_of=kpi_of,
        latest=pd.Timestamp(dates[-1]),
        horizon_days=max((found.horizon.end(moment) - moment).days for moment in dates[:-1]),
        shares=_shares(company, warehouse, settings.unit, dates[-1]),
        baseline=baseline if baseline in columns else None,
        forecast=f"{metric.id}__decline_odds",
        notes=_notes(warehouse, found.baselines),
    )


def labels_of(company: Company, catalogue: Catalogue, warehouse: Warehouse, settings: Decline) -> Labelled:
    """Label the units of one ``[[outcomes.decline]]``, without a feature.

    Returns
    -------
    Labelled

    Raises
    ------
    CompanyFileError
        If the metric is none of the catalogue's or means nothing for the unit.
    TooLittleDataError
        With what is missing.
    """
    name = str(Outcome("decline", settings.unit, settings.metric))
    metric = metric_of(catalogue, warehouse, settings, name)
    horizon = LabelHorizon.of(warehouse, metric, settings.horizon_days)
    in_periods = horizon.months > 0
    dates = snapshots.dates(
        company, warehouse, settings.horizon_days, gap_days=0, ends=horizon.end, in_periods=in_periods
    )
    if len(dates) < 2:
        raise TooLittleDataError(Message("not_learned.no_future", {"days": settings.horizon_days}), name)
    longest = max(company.snapshots.windows_days)
    length = months_of_a_value(warehouse, [metric]).get(metric.id, 0)
    past = unit_moments(warehouse, metric, settings.unit, windows_of(dates, [longest], length))
    later = _later(warehouse, metric, settings.unit, {date: horizon.end(date) for date in dates[:-1]})
    baselines = unit_baselines(past, settings, _groups(warehouse, settings.unit, dates))
    labelled = decline_labels(baselines, later, metric, settings, pd.Timestamp(dates[-1]))
    if labelled.empty:
        values = {"unit": unit_name(settings.unit), "cases": settings.min_cases, "days": longest}
        raise TooLittleDataError(Message("not_learned.few_cases", values), name)
    of_whom, what = labelled["unit_id"], Message("unit.snapshots", {"unit": unit_name(settings.unit)})
    require_enough(name, labelled["label"], "probability", groups=of_whom, what=what)
    return Labelled(metric, horizon, dates, labelled, baselines)


def _later(warehouse: Warehouse, metric: Kpi, unit: Unit, ends: dict[datetime, datetime], /) -> pd.DataFrame:
    """Return the moments of what comes after each snapshot up to its label's end."""
    passes: list[dict[datetime, datetime]] = []
    for start, end in ends.items():
        # a month after 30 and after 31 January ends on the same day, and a pass knows each moment once
        into = next((starts for starts in passes if end not in starts), None)
        if into is None:
            passes.append(into := {})
        into[end] = start
    found = []
    for starts in passes:
        spans = tuple(Span(end, (start,)) for end, start in starts.items())
        rows = unit_moments(warehouse, metric, unit, Windows(spans, ("later",)))
        begins = {pd.Timestamp(end): pd.Timestamp(start) for end, start in starts.items()}
        found.append(rows.assign(as_of=rows["as_of"].map(begins)))
    return pd.concat(found, ignore_index=True)


def metric_of(catalogue: Catalogue, warehouse: Warehouse, settings: Decline, name: str, /) -> Kpi:
    """Return the KPI whose decline is asked for, on the scale of the company's ratings.

    Raises
    ------
    CompanyFileError
        If it is none of the catalogue's, means nothing for the unit, or does not show how far it varies by chance.
    TooLittleDataError
        If the company's tables do not carry it.
    """
    if settings.metric not in catalogue:
        raise CompanyFileError(
            f"[[outcomes.decline]] metric = {settings.metric!r} is no KPI of the catalogue; correct it"
        )
    metric = catalogue[settings.metric]
    grain = "customer" if settings.unit == "customer_kind" else settings.unit
    if grain not in metric.grains:
        raise CompanyFileError(
            f"[[outcomes.decline]] {settings.metric} means nothing for a {settings.unit}; its grains are "
            f"{', '.join(metric.grains)}"
        )
    if not has_noise(metric):
        raise CompanyFileError(
            f"[[outcomes.decline]] {settings.metric} is no mean, share, ratio or percentile of single rows, so nothing "
            "tells how far it varies by chance; choose one that is"
        )
    if unfollowed(warehouse, metric):
        raise TooLittleDataError(Message("not_learned.kpi_no_scale", {"kpi": settings.metric}), name)
    if not metrics.available(warehouse, [metric], settings.unit):
        values = {"kpi": settings.metric, "unit": unit_name(settings.unit), "table": metric.source}
        raise TooLittleDataError(Message("not_learned.not_computable", values), name)
    return followed(warehouse, [metric])[0]


def _groups(warehouse: Warehouse, unit: str, moments: Sequence[datetime], /) -> pd.DataFrame | None:
    """The group that a unit was in at each moment and is shrunk towards, where it has one: an employee's team.

    Without ``employees.valid_from`` it is today's team at every moment.
    """
    if unit != "employee" or "employees" not in warehouse:
        return None
    found = []
    for moment in moments:
        staff = row_then(warehouse, "employees", moment).select(unit_id="employee_id", group="team_id")
        found.append(staff.to_pyarrow().to_pandas().dropna().assign(as_of=pd.Timestamp(moment)))
        if not has_history(warehouse, "employees"):
            return pd.concat([found[0].assign(as_of=pd.Timestamp(each)) for each in moments], ignore_index=True)
    return pd.concat(found, ignore_index=True)


def _notes(warehouse: Warehouse, baselines: pd.DataFrame, /) -> tuple[Message, ...]:
    """Say where people's peers of earlier moments are those of today, since no table tells who was where."""
    if (baselines["group"] == "").all() or has_history(warehouse, "employees"):
        return ()
    return (Message("learned.teams_of_today"),)


def _context(
    warehouse: Warehouse, unit: str, pulled: pd.DataFrame, dates: list[datetime], longest: int, /
) -> dict[str, pd.Series]:
    """Tenure of the people behind a unit, its cases' mix, and the season."""
    columns: dict[str, pd.Series] = {}
    seasonal = season(pulled["as_of"], dates)
    if seasonal is not None:
        columns["season_month"] = seasonal
    if not warehouse.has("employees", "hired_at"):
        return columns
    staff = warehouse["employees"].group_by("employee_id").aggregate(hired_at=lambda rows: rows.hired_at.min())
    hired = staff.to_pyarrow().to_pandas().dropna()
    if unit == "employee":
        own = pulled["unit_id"].map(dict(zip(hired["employee_id"], hired["hired_at"], strict=True)))
        columns["tenure_days"] = (pulled["as_of"] - pd.to_datetime(own)).dt.total_seconds() / 86400
        return columns
    staffed = _staffing(warehouse, unit, dates, longest)
    if staffed is None:
        return columns
    staffed = staffed.merge(hired, on="employee_id")
    staffed["tenure"] = (staffed["as_of"] - staffed["hired_at"]).dt.total_seconds() / 86400
    staffed["newcomer"] = (staffed["tenure"] < 180).astype("float64")
    for word in ("tenure", "newcomer"):
        staffed[word] = staffed[word] * staffed["cases"]
    summed = staffed.groupby(["unit_id", "as_of"])[["tenure", "newcomer", "cases"]].sum()
    mix = summed[["tenure", "newcomer"]].div(summed["cases"], axis=0)
    placed = pulled[["unit_id", "as_of"]].merge(mix.reset_index(), on=["unit_id", "as_of"], how="left")
    columns["tenure_days"], columns["newcomer_share"] = placed["tenure"], placed["newcomer"]
    return columns


def _staffing(warehouse: Warehouse, unit: Any, dates: list[datetime], longest: int, /) -> pd.DataFrame | None:
    """Cases per unit, employee and moment."""
    if not warehouse.has("cases", "employee_id"):
        return None
    from features.kpis.sql import span_table, spans_of

    cases = case_unit(warehouse, warehouse["cases"], unit)
    cases = cases.select("unit_id", "employee_id", "opened_at").filter(lambda row: row.employee_id.notnull())
    spans = span_table(spans_of(dates, [longest]))
    joined = cases.mutate(day_=cases.opened_at.cast("date")).join(spans, [("day_", "day")])
    joined = joined.filter(joined.opened_at > joined.start_0, joined.opened_at <= joined.as_of)
    counted = joined.group_by("unit_id", "as_of", "employee_id").aggregate(cases=joined.count())
    return counted.to_pyarrow().to_pandas().dropna()


def _shares(company: Company, warehouse: Warehouse, unit: Any, latest: datetime, /) -> pd.DataFrame:
    """How the latest rows split over teams: a person's and a team's whole, the rest by cases."""
    if unit == "team":
        teams = sorted(set(_teams(warehouse)))
        return pd.DataFrame({"unit_id": teams, "team_id": teams, "share": np.ones(len(teams))})
    if unit == "employee" and warehouse.has("employees", "team_id"):
        staff = row_then(warehouse, "employees", latest).select("employee_id", "team_id").to_pyarrow().to_pandas()
        held = staff.dropna().drop_duplicates("employee_id", keep="last")
        return pd.DataFrame({"unit_id": held["employee_id"], "team_id": held["team_id"], "share": np.ones(len(held))})
    if "cases" not in warehouse or unit == "customer":
        return customer_shares(company, warehouse, latest)
    start = latest - timedelta(days=max(company.snapshots.windows_days))
    cases = with_default_team(warehouse)
    cases = case_unit(warehouse, cases, unit)
    cases = cases.filter(cases.opened_at > start, cases.opened_at <= latest)
    return team_shares(cases, {"unit_id": cases.unit_id, "team_id": cases.team_id})


def _teams(warehouse: Warehouse, /) -> list[str]:
    found: list[str] = []
    for table in ("teams", "employees", "cases"):
        if warehouse.has(table, "team_id"):
            found += warehouse[table].select("team_id").distinct().to_pyarrow()["team_id"].drop_null().to_pylist()
    return found
