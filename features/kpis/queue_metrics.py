"""Metrics of the cases as a whole: how many are open and since when, and complaints per thousand customers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.kpis.sql import Windows, finished
from features.kpis.unit_rows import CASE_GRAINS, Unit, case_unit
from features.staging.warehouse import Warehouse

__all__ = ["COMPLAINT_METRICS", "QUEUE_METRICS", "complaint_pass", "has_complaints", "has_queue", "queue_pass"]

QUEUE_METRICS = ("open_cases", "open_case_age_days")
COMPLAINT_METRICS = ("complaints_per_1000_customers",)

MONTH_DAYS = 30
"""Complaints are counted per so many days, so that windows of all lengths compare."""

_DAY_SECONDS = 86_400.0


def has_queue(warehouse: Warehouse, unit: Unit, /) -> bool:
    """Whether open cases can be counted for a unit.

    A table in which every case is closed was exported with closed cases alone: what was open at its end is not in it,
    and a backlog counted from it would be too small.
    """
    if not warehouse.has("cases", "closed_at") or not _has_unit(warehouse, unit):
        return False
    return bool(warehouse["cases"].closed_at.isnull().any().to_pyarrow().as_py())


def has_complaints(warehouse: Warehouse, unit: Unit, /) -> bool:
    """Whether complaints can be recognised by their process, and the customers counted."""
    if "customers" not in warehouse or not warehouse.has("cases", "process") or not _has_unit(warehouse, unit):
        return False
    # without a single one, complaints lie elsewhere: that is no rate of zero
    return bool(_is_complaint(warehouse["cases"]).any().to_pyarrow().as_py())


def queue_pass(warehouse: Warehouse, kpi: Kpi, grain: Unit, windows: Windows, /) -> ir.Table:
    """Evaluate a metric of open cases: those opened by a moment and not closed by then, whatever the window.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, ``<kpi>__<label>`` per window (the same in all) and ``<kpi>__n`` (open cases).
    """
    import pyarrow as pa

    moments = pa.table({"as_of": pa.array([span.as_of for span in windows.spans], pa.timestamp("us"))})
    cases = case_unit(warehouse, warehouse["cases"], grain).select("unit_id", "opened_at", "closed_at")
    dated = cases.cross_join(ibis.memtable(moments))
    dated = dated.filter(dated.unit_id.notnull(), dated.opened_at <= dated.as_of)
    is_open = dated.closed_at.isnull() | (dated.closed_at > dated.as_of)
    age = (dated.as_of.epoch_seconds() - dated.opened_at.epoch_seconds()) / _DAY_SECONDS
    dated = finished(dated.mutate(open_=is_open.cast("int64"), age_=ibis.cases((is_open, age.cast("float64")))))
    value = dated.open_.sum().cast("float64") if kpi.metric == "open_cases" else dated.age_.mean()
    columns = {f"{kpi.id}__{label}": value for label in windows.labels}
    return dated.group_by("unit_id", "as_of").aggregate(**columns, **{f"{kpi.id}__n": dated.open_.sum().cast("int64")})


def complaint_pass(warehouse: Warehouse, kpi: Kpi, grain: Unit, windows: Windows, cohort: ir.Table, /) -> ir.Table:
    """Evaluate complaints received in each window per thousand customers there at its start, and per 30 days.

    Parameters
    ----------
    cohort : ibis Table
        Customers there at each window's start: ``as_of``, ``label``, ``start``, ``years``.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, ``<kpi>__<label>`` per window and ``<kpi>__n`` (cases behind the longest).
    """
    there = cohort.group_by("as_of", "label", "start").aggregate(
        customers_=cohort.count().cast("float64"), days_=cohort.years.max() * 365.25
    )
    cases = case_unit(warehouse, warehouse["cases"], grain)
    cases = cases.select("unit_id", "opened_at", complaint_=_is_complaint(cases).cast("int64").fill_null(0))
    dated = cases.cross_join(finished(there))
    dated = dated.filter(dated.unit_id.notnull(), dated.opened_at > dated.start, dated.opened_at <= dated.as_of)
    dated = finished(dated)
    rates = finished(
        dated.group_by("unit_id", "as_of", "label", "customers_", "days_").aggregate(
            complaints_=dated.complaint_.sum().cast("float64"), n=dated.count()
        )
    )
    rate = 1000.0 * rates.complaints_ / rates.customers_ * (MONTH_DAYS / rates.days_)
    columns: dict[str, ir.Value] = {
        f"{kpi.id}__{label}": rate.max(where=rates.label == label) for label in windows.labels
    }
    columns[f"{kpi.id}__n"] = rates.n.cast("int64").max(where=rates.label == windows.labels[-1])
    return rates.group_by("unit_id", "as_of").aggregate(**columns)


def _has_unit(warehouse: Warehouse, unit: Unit, /) -> bool:
    if unit == "team":
        return warehouse.has("cases", "team_id") or warehouse.has("employees", "team_id")
    return unit in CASE_GRAINS and warehouse.has("cases", CASE_GRAINS[unit])


def _is_complaint(cases: ir.Table, /) -> ir.BooleanValue:
    process = cases.process
    return process.lower().contains("complaint") | process.contains("投诉")
