"""Metrics that SQL over one table cannot say: lifetime value, churn and retention of a cohort, key customers' share.

Those about open cases and complaints are in ``queue_metrics.py``.

A catalogue declares them with ``metric = "name"``. Each is a function of a cohort (the customers there at the start of
each window of each moment) and of a way to give rows to units; it returns ``unit_id``, ``as_of``, ``label`` (the
window), ``value`` and ``n`` (customers behind it).

Above the customer, a unit's customers are those who had a case with it in the window; who had several units counts once
in each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError
from features.kpis.queue_metrics import (
    COMPLAINT_METRICS,
    QUEUE_METRICS,
    complaint_pass,
    has_complaints,
    has_queue,
    queue_pass,
)
from features.kpis.sql import Span, Windows, finished, span_table
from features.kpis.unit_rows import Unit, case_unit
from features.staging.memberships import memberships
from features.staging.rows_over_time import with_row_then
from features.staging.warehouse import Warehouse

__all__ = ["METRICS", "is_metric_available", "named_pass"]

Attach = Callable[[ir.Table], ir.Table]
Metric = Callable[[ir.Table, Attach], ir.Table]

_WINDOW = ("as_of", "label")

DISCOUNT_RATE = 0.10
"""Yearly discount in the customer lifetime value."""

KEY_SHARE = 0.2
"""Customers whose value lies in the top fifth are key customers."""


def customer_lifetime_value(cohort: ir.Table, attach: Attach) -> ir.Table:
    """Yearly value over hazard plus discount, averaged over a unit's customers at risk.

    The hazard is the company's own in the window: customers who left over customer-years at risk, with half an event
    added so that a window without leavers does not make customers immortal.

    Source
    ------
    Gupta & Lehmann 2003, "Customers as assets": with constant margin m, hazard h and discount d, CLV = m / (h + d).
    """
    rate = cohort.group_by(*_WINDOW).aggregate(
        left_=cohort.left_in_window.sum().cast("float64"), years_=cohort.years.sum().cast("float64")
    )
    rate = rate.select(of_moment="as_of", of_label="label", hazard=(rate.left_ + 0.5) / (rate.years_ + 0.5))
    alive = cohort.filter(cohort.left_in_window == 0, cohort.value.notnull())
    joined = alive.join(rate, [("as_of", "of_moment"), ("label", "of_label")]).drop("of_moment", "of_label")
    worth = joined.value.cast("float64") / (joined.hazard + DISCOUNT_RATE)
    of_unit = attach(finished(joined.mutate(worth=worth)))
    return of_unit.group_by("unit_id", *_WINDOW).aggregate(value=of_unit.worth.mean(), n=of_unit.count())


def churn_rate(cohort: ir.Table, attach: Attach) -> ir.Table:
    """Share of a unit's customers, there at the window's start, who left in the window."""
    of_unit = attach(cohort)
    return of_unit.group_by("unit_id", *_WINDOW).aggregate(
        value=of_unit.left_in_window.cast("float64").mean(), n=of_unit.count()
    )


def retention_rate(cohort: ir.Table, attach: Attach) -> ir.Table:
    """Share of a unit's customers, there at the window's start, who are still there at its end."""
    left = churn_rate(cohort, attach)
    return left.mutate(value=1.0 - left.value)


def key_revenue_share(cohort: ir.Table, attach: Attach) -> ir.Table:
    """Share of a unit's customers' yearly value that comes from key customers: the top fifth of those still there."""
    alive = cohort.filter(cohort.left_in_window == 0, cohort.value.notnull())
    alive = alive.mutate(worth=alive.value.cast("float64"))
    limit = alive.group_by(*_WINDOW).aggregate(limit_=alive.worth.quantile(1 - KEY_SHARE))
    limit = limit.rename(of_moment="as_of", of_label="label")
    joined = alive.join(limit, [("as_of", "of_moment"), ("label", "of_label")]).drop("of_moment", "of_label")
    is_key = (joined.worth >= joined.limit_).cast("int32").cast("float64")
    of_unit = attach(finished(joined.mutate(key_worth=joined.worth * is_key)))
    return of_unit.group_by("unit_id", *_WINDOW).aggregate(
        value=of_unit.key_worth.sum() / of_unit.worth.sum().nullif(0.0), n=of_unit.count()
    )


_OF_COHORTS: Mapping[str, Metric] = {
    "customer_lifetime_value": customer_lifetime_value,
    "churn_rate": churn_rate,
    "retention_rate": retention_rate,
    "key_revenue_share": key_revenue_share,
}

METRICS = (*_OF_COHORTS, *QUEUE_METRICS, *COMPLAINT_METRICS)
"""The names that a catalogue may give as ``metric``."""


def is_metric_available(warehouse: Warehouse, kpi: Kpi, unit: Unit, /) -> bool:
    """Whether a named metric can be computed for a unit from what the company has; an unknown name passes."""
    if kpi.metric in QUEUE_METRICS:
        return has_queue(warehouse, unit)
    if kpi.metric in COMPLAINT_METRICS:
        return has_complaints(warehouse, unit)
    return "customers" in warehouse and (unit == "customer" or "cases" in warehouse)


def named_pass(warehouse: Warehouse, kpi: Kpi, grain: Unit, windows: Windows) -> ir.Table:
    """Evaluate a named metric for every moment and window.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, ``<kpi>__<label>`` per window and ``<kpi>__n``.

    Raises
    ------
    CatalogueError
        If no metric has that name, or it lacks the table ``customers``.
    """
    if kpi.metric not in METRICS:
        raise CatalogueError(f"KPI {kpi.id}: no metric {kpi.metric!r}; known: {', '.join(sorted(METRICS))}")
    if kpi.metric in QUEUE_METRICS:
        return queue_pass(warehouse, kpi, grain, windows)
    if "customers" not in warehouse:
        raise CatalogueError(f"KPI {kpi.id}: metric {kpi.metric} needs the table customers; give it under [tables]")
    spans, labels = windows.spans, windows.labels
    cohort = _cohort(warehouse, spans, labels)
    if kpi.metric in COMPLAINT_METRICS:
        return complaint_pass(warehouse, kpi, grain, windows, cohort)
    metric = _OF_COHORTS[kpi.metric]
    served = None if grain == "customer" else _served(warehouse, grain, spans)

    def attach(customers: ir.Table) -> ir.Table:
        if served is None:
            return customers.mutate(unit_id=customers.customer_id)
        joined = customers.join(served, [("customer_id", "served_customer"), ("as_of", "served_moment")])
        return finished(joined.filter(joined.last_opened > joined.start).drop("served_customer", "served_moment"))

    rows = metric(cohort, attach)
    rows = rows.filter(rows.unit_id.notnull())
    columns: dict[str, ir.Value] = {
        f"{kpi.id}__{label}": rows.value.cast("float64").max(where=rows.label == label) for label in labels
    }
    columns[f"{kpi.id}__n"] = rows.n.cast("int64").max(where=rows.label == labels[-1])
    return rows.group_by("unit_id", "as_of").aggregate(**columns)


def _cohort(warehouse: Warehouse, spans: Sequence[Span], labels: Sequence[str], /) -> ir.Table:
    """Customers there at each window's start: customer_id, value, as_of, label, start, years, left_in_window (0/1)."""
    import pyarrow as pa

    windows = [
        (span.as_of, label, span.starts[index], (span.as_of - span.starts[index]).total_seconds() / (365.25 * 86400))
        for span in spans
        for index, label in enumerate(labels)
    ]
    kinds = (pa.timestamp("us"), pa.string(), pa.timestamp("us"), pa.float64())
    columns = [pa.array(column, kind) for column, kind in zip(zip(*windows, strict=True), kinds, strict=True)]
    looks = ibis.memtable(pa.table(columns, names=["as_of", "label", "start", "years"]))
    dated = memberships(warehouse).select("customer_id", "joined_at", "left_at").cross_join(looks)
    there = (dated.joined_at.isnull() | (dated.joined_at < dated.start)) & (
        dated.left_at.isnull() | (dated.left_at > dated.start)
    )
    left = (dated.left_at.notnull() & (dated.left_at <= dated.as_of)).cast("int32")
    kept = dated.filter(there)
    kept = finished(kept.select("customer_id", "as_of", "label", "start", "years", left_in_window=left))
    return with_row_then(warehouse, "customers", kept, "customer_id", "as_of", {"value": "value"})


def _served(warehouse: Warehouse, grain: Unit, spans: Sequence[Span], /) -> ir.Table:
    """When each customer last opened a case with each unit, up to each moment: windows that start before hold them."""
    if "cases" not in warehouse:
        raise CatalogueError(f"a {grain} has customers only through the table cases; give it under [tables]")
    cases = case_unit(warehouse, warehouse["cases"], grain)
    cases = cases.select("unit_id", "opened_at", served_customer="customer_id", day_=cases.opened_at.cast("date"))
    dates = span_table(spans)
    joined = cases.join(dates, [("day_", "day")])
    joined = joined.filter(joined.opened_at <= joined.as_of, joined.served_customer.notnull())
    return joined.group_by("unit_id", "served_customer", served_moment=joined.as_of).aggregate(
        last_opened=joined.opened_at.max()
    )
