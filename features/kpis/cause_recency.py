"""Days since a customer last wrote of a cause: what is fresh weighs otherwise than what is old."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.kpis.cause_kpis import CAUSE_COLUMN
from features.kpis.known_at import columns_used
from features.kpis.sql import finished
from features.staging.warehouse import Warehouse

__all__ = ["MAX_CAUSES_DATED", "dated_causes", "recency_name", "with_recency"]

MAX_CAUSES_DATED = 5
"""The most frequent causes get a recency; of rarer ones too few customers ever wrote."""

_LONGEST_DAYS = 365
_DAY_SECONDS = 86_400.0


def dated_causes(warehouse: Warehouse, kpis: Sequence[Kpi], /) -> list[Kpi]:
    """Return the KPIs that are causes and get a recency, most frequent first."""
    if not warehouse.has("cases", CAUSE_COLUMN, "customer_id"):
        return []
    causes = [kpi for kpi in kpis if kpi.source == "cases" and CAUSE_COLUMN in columns_used(kpi)]
    return [kpi for kpi in causes if kpi.known_at == "opened_at"][:MAX_CAUSES_DATED]


def recency_name(kpi: Kpi, /) -> str:
    """Return the name of a cause's recency among the features."""
    return f"{kpi.id}__since_days"


def with_recency(warehouse: Warehouse, rows: ir.Table, causes: Sequence[Kpi], /) -> ir.Table:
    """Add ``<kpi>__since_days``: days since the customer's last case of the cause, up to a year back, else null.

    Parameters
    ----------
    rows : ibis Table
        With ``customer_id`` and ``as_of``; each pair once.
    causes : sequence of Kpi
        As ``dated_causes`` gives them.
    """
    if not causes:
        return rows
    codes = {recency_name(kpi): kpi.id.removeprefix("cause_") for kpi in causes}
    cases = warehouse["cases"]
    named = cases.filter(cases[CAUSE_COLUMN].isin(list(codes.values())), cases.customer_id.notnull())
    named = named.select(named_by="customer_id", named_at="opened_at", named_cause=CAUSE_COLUMN)
    asked = rows.select("customer_id", "as_of")
    met = asked.join(named, [asked.customer_id == named.named_by, named.named_at <= asked.as_of])
    age = (met.as_of.epoch_seconds() - met.named_at.epoch_seconds()).cast("float64") / _DAY_SECONDS
    met = finished(met.mutate(age=age))
    met = met.filter(met.age <= _LONGEST_DAYS)
    latest = met.group_by(holder=met.customer_id, moment=met.as_of).aggregate(
        **{name: met.age.min(where=met.named_cause == code) for name, code in codes.items()}
    )
    joined = rows.left_join(latest, [rows.customer_id == latest.holder, rows.as_of == latest.moment])
    return finished(joined.drop("holder", "moment"))
