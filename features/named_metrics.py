"""Metrics that SQL over one table cannot say: lifetime value, churn and retention of a cohort, key customers' share.

A catalogue declares them with ``metric = "name"``. Each is a function ``(warehouse, grain, span, index)`` that returns
``unit_id``, ``value`` and ``n`` (customers behind it) for one window of one moment.

Above the customer, a unit's customers are those who had a case with it in the window; where the customer had several
units, each counts the customer once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError
from features.metric_sql import Span
from features.unit_rows import Unit, case_unit, customers_once
from features.warehouse import Warehouse

__all__ = ["METRICS", "named_pass"]

Metric = Callable[[Warehouse, Unit, datetime, datetime], ir.Table]

DISCOUNT_RATE = 0.10
"""Yearly discount in the customer lifetime value."""

KEY_SHARE = 0.2
"""Customers whose value lies in the top fifth are key customers."""


def customer_lifetime_value(warehouse: Warehouse, grain: Unit, start: datetime, as_of: datetime) -> ir.Table:
    """Yearly value over hazard plus discount, averaged over a unit's customers at risk.

    The hazard is the company's own in the window: customers who left over customer-years at risk, with half an event
    added so that a window without leavers does not make customers immortal.

    Source
    ------
    Gupta & Lehmann 2003, "Customers as assets": with constant margin m, hazard h and discount d, CLV = m / (h + d).
    """
    customers = _cohort(warehouse, start, as_of)
    years = (as_of - start).days / 365.25
    rate = customers.aggregate(left=customers.left_in_window.sum(), present=customers.count())
    rate = rate.select(hazard=(rate.left.cast("float64") + 0.5) / (rate.present.cast("float64") * years + 0.5))
    alive = customers.filter(customers.left_in_window == 0, customers.value.notnull())
    joined = alive.cross_join(rate)
    alive = joined.select("customer_id", worth=joined.value.cast("float64") / (joined.hazard + DISCOUNT_RATE))
    of_unit = _with_unit(warehouse, alive, grain, start, as_of)
    return of_unit.group_by("unit_id").aggregate(value=of_unit.worth.mean(), n=of_unit.count())


def churn_rate(warehouse: Warehouse, grain: Unit, start: datetime, as_of: datetime) -> ir.Table:
    """Share of a unit's customers, there at the window's start, who left in the window."""
    of_unit = _with_unit(warehouse, _cohort(warehouse, start, as_of), grain, start, as_of)
    return of_unit.group_by("unit_id").aggregate(value=of_unit.left_in_window.cast("float64").mean(), n=of_unit.count())


def retention_rate(warehouse: Warehouse, grain: Unit, start: datetime, as_of: datetime) -> ir.Table:
    """Share of a unit's customers, there at the window's start, who are still there at its end."""
    left = churn_rate(warehouse, grain, start, as_of)
    return left.select("unit_id", value=1.0 - left.value, n="n")


def key_revenue_share(warehouse: Warehouse, grain: Unit, start: datetime, as_of: datetime) -> ir.Table:
    """Share of a unit's customers' yearly value that comes from key customers: the top fifth of those still there."""
    customers = _cohort(warehouse, start, as_of)
    alive = customers.filter(customers.left_in_window == 0, customers.value.notnull())
    ranked = alive.select("customer_id", worth=alive.value.cast("float64"))
    bar = ranked.aggregate(bar=ranked.worth.quantile(1 - KEY_SHARE))
    joined = ranked.cross_join(bar)
    key = (joined.worth >= joined.bar).cast("int32").cast("float64")
    of_unit = _with_unit(
        warehouse, joined.select("customer_id", "worth", key_worth=joined.worth * key), grain, start, as_of
    )
    return of_unit.group_by("unit_id").aggregate(
        value=of_unit.key_worth.sum() / of_unit.worth.sum().nullif(0.0), n=of_unit.count()
    )


METRICS: Mapping[str, Metric] = {
    "customer_lifetime_value": customer_lifetime_value,
    "churn_rate": churn_rate,
    "retention_rate": retention_rate,
    "key_revenue_share": key_revenue_share,
}


def named_pass(warehouse: Warehouse, kpi: Kpi, grain: Unit, spans: Sequence[Span], labels: Sequence[str]) -> ir.Table:
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
    metric = METRICS.get(str(kpi.metric))
    if metric is None:
        raise CatalogueError(f"KPI {kpi.id}: no metric {kpi.metric!r}; known: {', '.join(sorted(METRICS))}")
    if "customers" not in warehouse:
        raise CatalogueError(f"KPI {kpi.id}: metric {kpi.metric} needs the table customers; give it under [tables]")
    parts = []
    for span in spans:
        for index, label in enumerate(labels):
            found = metric(warehouse, grain, span.starts[index], span.as_of)
            parts.append(
                found.select(
                    "unit_id",
                    as_of=ibis.literal(span.as_of, type="timestamp(6)"),
                    label=ibis.literal(label),
                    value=found.value.cast("float64"),
                    n=found.n.cast("int64"),
                )
            )
    rows = reduce(lambda left, right: left.union(right), parts)
    columns: dict[str, ir.Value] = {f"{kpi.id}__{label}": rows.value.max(where=rows.label == label) for label in labels}
    columns[f"{kpi.id}__n"] = rows.n.max(where=rows.label == labels[-1])
    return rows.filter(rows.unit_id.notnull()).group_by("unit_id", "as_of").aggregate(**columns)


def _cohort(warehouse: Warehouse, start: datetime, as_of: datetime, /) -> ir.Table:
    """Customers who were there at ``start``: customer_id, value, left_in_window (0/1)."""
    table = customers_once(warehouse)
    there = (table.joined_at.isnull() | (table.joined_at < start)) & (table.left_at.isnull() | (table.left_at > start))
    left = (table.left_at.notnull() & (table.left_at <= as_of)).cast("int32")
    return table.filter(there).select("customer_id", "value", left_in_window=left)


def _with_unit(warehouse: Warehouse, customers: ir.Table, grain: Unit, start: datetime, as_of: datetime, /) -> ir.Table:
    if grain == "customer":
        return customers.mutate(unit_id=customers.customer_id)
    if "cases" not in warehouse:
        return customers.mutate(unit_id=ibis.null("string"))
    cases = case_unit(warehouse, warehouse["cases"], grain)
    served = cases.filter(cases.opened_at > start, cases.opened_at <= as_of, cases.customer_id.notnull())
    served = served.select(served="customer_id", unit_id="unit_id").distinct()
    return customers.join(served, [customers.customer_id == served.served]).drop("served")
