"""One customer who holds so much of the value that amounts of money mostly follow that customer."""

from __future__ import annotations

import ibis

from baton.messages.message import Message
from features.staging.rows_over_time import row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots

__all__ = ["CONCENTRATED", "concentration_warnings"]

CONCENTRATED = 0.10
"""Share of all yearly value at which one customer is named; the share must also be ten times the mean."""


def concentration_warnings(warehouse: Warehouse, /) -> list[Message]:
    """Name the customer who holds a large part of the yearly value of those still here.

    Returns
    -------
    list of Message
        Empty where nobody holds a tenth of the value, and ten times the mean.
    """
    if not warehouse.has("customers", "customer_id", "value"):
        return []
    end = snapshots.latest(warehouse)
    table = row_then(warehouse, "customers", end)
    here = table.filter(table.value.notnull())
    if warehouse.has("customers", "left_at"):
        stays = here.left_at.isnull()
        here = here.filter(stays if end is None else stays | (here.left_at > ibis.literal(end, type="timestamp(6)")))
    values = here.select("customer_id", value=here.value.cast("float64")).to_pyarrow().to_pandas()
    total = float(values["value"].sum())
    if total <= 0:
        return []
    largest = values.loc[values["value"].idxmax()]
    share = float(largest["value"]) / total
    if share < max(CONCENTRATED, 10.0 / len(values)):
        return []
    values = {"customer": str(largest["customer_id"]), "share": share, "n": len(values)}
    return [Message("data.one_customer", values)]
