"""The training table of a case outcome: one row per case, what was known when it was closed, and how it was rated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from baton.catalogue.schema import CONTEXT, Catalogue, Kpi
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from baton.messages.message import Message
from baton.outcomes import Outcome
from features.kpis import evaluate as metrics
from features.kpis.columns import kpi_column
from features.kpis.known_at import RATING_DELAY_DAYS, columns_used, known_at
from features.kpis.on_scale import unfollowed
from features.kpis.sampling import chosen, table_of
from features.kpis.sql import finished
from features.kpis.unit_rows import with_default_team
from features.staging.own_columns import ATTRIBUTE, plain
from features.staging.rows_over_time import with_row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots
from features.training.attributes import as_feature, attribute_columns, is_free_text
from features.training.learnable import require_enough
from features.training.table import TrainingTable

__all__ = ["MAX_CASES", "case_outcome_table", "metric_of"]

MAX_CASES = 300_000
"""Rated cases beyond this teach little."""

_CONTEXT = ("process", "stage", "channel", "priority")
_OF_EMPLOYEE = ("employee__tenure_days", "employee__role")
_FINE_DAYS = 120
_BEFORE = ("closed_at", "responded_at", "opened_at")


def case_outcome_table(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, *, of_units: bool = True
) -> TrainingTable:
    """Build the training table of ``[outcomes.case]``.

    Parameters
    ----------
    of_units : bool
        Whether with the KPIs of the case's handler and team. Without them the table is made in no time, and holds all
        that may have been written after the fact.

    Returns
    -------
    TrainingTable
        Rated cases, and all cases of the latest window. Features: the case's own KPIs known when it was closed
        (``<kpi>__case``), its handler's and team's over windows known when it was opened
        (``<kpi>__handler_<w>d``, ``<kpi>__team_<w>d``), and context.

    Raises
    ------
    CompanyFileError
        If the metric is none of the catalogue's, or no case has a value of it.
    TooLittleDataError
        With what is missing.
    """
    metric = metric_of(company, catalogue, warehouse)
    name = str(Outcome("case", metric=metric.id))
    latest = snapshots.latest(warehouse)
    if latest is None:
        raise TooLittleDataError(Message("not_learned.no_case_time"), name)
    rows = _rows(company, catalogue, warehouse, metric, latest)
    handler, team = (_kpis(warehouse, catalogue, unit) if of_units else [] for unit in ("employee", "team"))
    days = sorted(company.snapshots.windows_days)
    moments = _grid(warehouse, latest)
    windows = {days[0], days[-1]}
    rows = _with_unit_values(warehouse, rows, ("employee", "handler"), handler, moments, sorted(windows))
    rows = _with_unit_values(warehouse, rows, ("team", "team"), team, moments, [days[-1]])
    rows = _with_people(company, warehouse, rows)
    pulled = rows.to_pyarrow().to_pandas().sort_values(["as_of", "case_id"], ignore_index=True)
    label = pulled["label_"]
    low = company.outcomes.case.low if company.outcomes.case else None
    if low is not None:
        label = (label <= low).astype("float64").where(label.notna())
    kind = "number" if low is None else "probability"
    group = pulled["case_id"]
    for owner in ("employee_id", "customer_id"):
        group = pulled[owner].where(pulled[owner].notna(), group)
    require_enough(name, label, kind, groups=group, what=Message("unit.rated_cases"))
    columns, kpi_of, texts = _features(pulled, {kpi.id for kpi in catalogue.values()})
    keys = {
        "unit_id": pulled["case_id"].astype("str"),
        "as_of": pulled["as_of"],
        "label": label.astype("float64"),
        "group": group.astype("str"),
    }
    baseline = f"{metric.id}__handler_{days[-1]}d"
    recent = pulled["as_of"] > pd.Timestamp(latest) - pd.Timedelta(days=days[-1])
    shares = pulled.loc[recent & pulled["team_id"].notna(), ["case_id", "team_id", "stage"]]
    shares = shares.rename(columns={"case_id": "unit_id"}).assign(share=1.0).reset_index(drop=True)
    return TrainingTable(
        outcome=name,
        kind=kind,  # type: ignore[arg-type]
        unit="case",
        frame=pd.DataFrame({**keys, **columns, **texts}),
        features=tuple(columns),
        kpi_of=kpi_of,
        latest=pd.Timestamp(latest),
        horizon_days=RATING_DELAY_DAYS,
        shares=shares,
        baseline=baseline if baseline in columns else None,
        notes=(Message("learned.free_texts", {"columns": tuple(texts)}),) if texts else (),
    )


def metric_of(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> Kpi:
    """Return the KPI that ``[outcomes.case]`` names.

    Raises
    ------
    CompanyFileError
        If it is none of the catalogue's, or no single case has a value of it.
    TooLittleDataError
        If the cases lack a column of it, or its scale is not known.
    """
    assert company.outcomes.case is not None
    wanted = company.outcomes.case.metric
    if wanted not in catalogue:
        raise CompanyFileError(
            f"[outcomes.case] metric = {wanted!r} is no KPI of the catalogue; define it or correct it"
        )
    metric = catalogue[wanted]
    if "cases" not in warehouse or not metrics.has_case_value(metric):
        raise CompanyFileError(
            f"[outcomes.case] metric = {wanted!r} has no value per case; use a KPI computed from cases, such as csat"
        )
    name = Outcome("case", metric=wanted)
    missing = sorted(column for column in columns_used(metric) if not warehouse.has("cases", column))
    if missing:
        raise TooLittleDataError(Message("not_learned.no_column", {"column": missing[0]}), str(name))
    if unfollowed(warehouse, metric):
        raise TooLittleDataError(Message("not_learned.no_scale"), str(name))
    return metric


def _rows(company: Company, catalogue: Catalogue, warehouse: Warehouse, metric: Kpi, latest: datetime, /) -> ir.Table:
    """Rated cases and those of the latest window: keys, ``as_of``, ``label_``, context, and the case's own values."""
    cases = with_default_team(warehouse)
    moment = next(name for name in _BEFORE if warehouse.has("cases", name))
    extra = attribute_columns(company, warehouse, "cases", catalogue)
    own = [
        kpi
        for kpi in catalogue.values()
        if metrics.has_case_value(kpi)
        and all(warehouse.has("cases", name) for name in columns_used(kpi))
        and known_at(kpi).column != "rated_at"
        and not columns_used(kpi) & (columns_used(metric) | {"text"})
    ]
    values = metrics.case_values(warehouse, [metric, *own])
    picked: dict[str, ir.Value] = {"valued_case": values.case_id, "label_": values[kpi_column(metric.id)]}
    for kpi in own:
        picked[f"own_{kpi.id}"] = values[kpi_column(kpi.id)]
        picked[f"at_{kpi.id}"] = values[f"{kpi.id}__known_at"]
    rows = cases.select(
        "case_id", "customer_id", "employee_id", "team_id", "opened_at", *_CONTEXT,
        *extra, as_of=cases[moment],
    )  # fmt: skip
    rows = rows.left_join(values.select(**picked), [("case_id", "valued_case")])
    rows = rows.select(*(name for name in rows.columns if name != "valued_case"))
    end = ibis.literal(latest, type="timestamp(6)")
    rows = rows.filter(rows.as_of.notnull(), rows.as_of <= end)
    known = {f"{kpi.id}__case": ibis.cases((rows[f"at_{kpi.id}"] <= rows.as_of, rows[f"own_{kpi.id}"])) for kpi in own}
    rows = rows.mutate(**known).drop(*(f"{word}_{kpi.id}" for kpi in own for word in ("own", "at")))
    recent = rows.as_of > end - ibis.interval(days=max(company.snapshots.windows_days))
    rated = rows.filter(rows.label_.notnull())
    count = rated.count().to_pyarrow().as_py()
    if count <= MAX_CASES:
        return rows.filter(rows.label_.notnull() | recent)
    ids = rated.select("case_id").to_pyarrow()["case_id"].to_pylist()
    kept = table_of(chosen(ids, MAX_CASES / count, company.company.seed), "kept_case")
    return rows.filter(recent | rows.case_id.isin(kept.kept_case))


def _kpis(warehouse: Warehouse, catalogue: Catalogue, unit: Any, /) -> list[Kpi]:
    return [kpi for kpi in metrics.available(warehouse, catalogue.values(), unit) if kpi.metric is None]


def _grid(warehouse: Warehouse, latest: datetime, /) -> list[datetime]:
    """Midnights at which units are looked at: daily in a short history, else weekly."""
    first = snapshots.first_event(warehouse) or latest
    step = 1 if (latest - first).days <= _FINE_DAYS else 7
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return [start + timedelta(days=step * index) for index in range(1, (latest - start).days // step + 1)]


def _with_unit_values(
    warehouse: Warehouse,
    rows: ir.Table,
    unit_and_word: tuple[Any, str],
    kpis: list[Kpi],
    moments: list[datetime],
    windows: list[int],
    /,
) -> ir.Table:
    """Add the unit's values at the last look before each case was opened."""
    import pyarrow as pa

    unit, word = unit_and_word
    if not kpis or not moments:
        return rows
    days, looks = [], []
    for index, moment in enumerate(moments):
        following = moments[index + 1] if index + 1 < len(moments) else moment + timedelta(days=400)
        day = moment
        while day < following:
            days.append(day.date())
            looks.append(moment)
            day += timedelta(days=1)
    look = ibis.memtable(pa.table({"day_": pa.array(days, pa.date32()), "look_": pa.array(looks, pa.timestamp("us"))}))
    values = metrics.evaluate(warehouse, kpis, unit, moments, windows)
    named = {f"{kpi.id}__{word}_{days}d": values[f"{kpi.id}__{days}d"] for kpi in kpis for days in windows}
    values = values.select(of_unit="unit_id", looked_="as_of", **named)
    rows = rows.mutate(day_of_case=rows.opened_at.cast("date"))
    dated = rows.left_join(look, [("day_of_case", "day_")])
    dated = dated.select(*rows.columns, "look_").mutate(unit_of_case=lambda row: row[f"{unit}_id"])
    joined = dated.left_join(values, [("unit_of_case", "of_unit"), ("look_", "looked_")])
    kept = [name for name in rows.columns if name != "day_of_case"]
    return finished(joined.select(*kept, *named))


def _with_people(company: Company, warehouse: Warehouse, rows: ir.Table, /) -> ir.Table:
    """Add what is known of the handler and the customer that is no KPI."""
    if "employees" in warehouse and warehouse.has("cases", "employee_id"):
        names = attribute_columns(company, warehouse, "employees")
        of_names = {_of_employee(name): name for name in names}
        named = {"hired_": "hired_at", "employee__role": "role", **of_names}
        rows = with_row_then(warehouse, "employees", rows, "employee_id", "opened_at", named)
    if "customers" in warehouse and warehouse.has("cases", "customer_id"):
        named = {"joined_": "joined_at", **{f"customer__{name}": name for name in ("kind", "segment", "value")}}
        rows = with_row_then(warehouse, "customers", rows, "customer_id", "opened_at", named)
    return rows


def _stem(feature: str, /) -> str | None:
    """Return what the part before ``__`` names; a column without one is no KPI's, even if a KPI is called like it."""
    stem, glue, _ = feature.partition("__")
    return stem if glue else None


def _of_employee(column: str, /) -> str:
    """The feature of an employee's attribute; one that is called like a feature of ours keeps its full name."""
    short = f"employee__{plain(column)}"
    return f"employee__{column}" if short in _OF_EMPLOYEE or plain(column).startswith(ATTRIBUTE) else short


def _features(
    pulled: pd.DataFrame, kpis: set[str], /
) -> tuple[dict[str, pd.Series], dict[str, str], dict[str, pd.Series]]:
    opened = pulled["opened_at"]
    columns: dict[str, pd.Series] = {
        "hour": opened.dt.hour.astype("float64"),
        "weekday": opened.dt.dayofweek.astype("float64"),
    }
    for word, column in (("employee__tenure_days", "hired_"), ("customer__tenure_days", "joined_")):
        if column in pulled.columns:
            columns[word] = as_feature((opened - pulled[column]).dt.total_seconds() / 86400)
    texts: dict[str, pd.Series] = {}
    for name in pulled.columns:
        if name in _CONTEXT:
            columns[name] = as_feature(pulled[name].astype("str").where(pulled[name].notna()))
        elif name.startswith(ATTRIBUTE) and is_free_text(pulled[name]):
            texts[name] = pulled[name].astype("str").where(pulled[name].notna())
        elif name.startswith((ATTRIBUTE, "employee__", "customer__")) or _stem(name) in kpis:
            columns[name] = as_feature(pulled[name])
    columns = {name: column for name, column in columns.items() if column.notna().any()}
    owners = {name: _stem(name) for name in columns}
    return columns, {name: owner if owner in kpis else CONTEXT for name, owner in owners.items()}, texts
