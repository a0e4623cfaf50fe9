"""Who was exposed to which team, and how that team did: the rows from which effects of what teams own are estimated.

A product team, or a supplier, serves many customers at once and each customer meets several of them. A customer's
exposure to a team is the team's share of what the customer did (rows of ``activity``) in the three months before; what
the team did is its KPI by calendar month, once for each half of the customers, so that nobody's own doing stands on
both sides of a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from baton.months import month_number, months_later
from features.kpis import evaluate
from features.kpis.columns import context_column, context_columns, outcome_column
from features.kpis.sampling import chosen, table_of
from features.kpis.unit_rows import measured_units
from features.staging.rows_over_time import with_row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots
from features.training.attributes import as_feature, attribute_columns, is_free_text

__all__ = ["MAX_EXPOSURES", "WINDOW_MONTHS", "ExposureTable", "build_exposures"]

MAX_EXPOSURES = 150_000
"""Rows beyond this add little to what an interval owes to the number of teams."""

WINDOW_MONTHS = 3
_LABEL_DAYS = 30
_HALVES = (0, 1)


@dataclass(frozen=True)
class ExposureTable:
    """Customers by month, the teams they were exposed to, and those teams' KPIs.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per customer and month: customer_id, as_of (a first of a month), half (0 or 1, a fixed half of the
        customers), attributes ``x:<name>`` known then (float or category), ``y:churn`` (1: left within ``label_days``).
    shares : pandas.DataFrame
        row (position in ``frame``), team_id, share: of the customer's activity in the three months before ``as_of``;
        sums to 1 per row, no row where nothing is known.
    values : pandas.DataFrame
        team_id, month (its first), kpi, value_0, value_1, n_0, n_1: as each half of the customers lived it (raw, not
        turned by ``better``), and the rows behind it.
    split : frozenset of str
        KPIs whose two values come from different customers; those of the others are one value given twice.
    label_days : int
        How far ahead ``y:churn`` looks.
    rows_per_horizon : float
        What takes a change of ``y:churn`` to a change within the company's horizon.
    """

    frame: pd.DataFrame
    shares: pd.DataFrame
    values: pd.DataFrame
    split: frozenset[str]
    label_days: int
    rows_per_horizon: float


def build_exposures(company: Company, catalogue: Catalogue, warehouse: Warehouse) -> ExposureTable | None:
    """Build the rows.

    Returns
    -------
    ExposureTable or None
        None where the company has no churn, no activity with ``team_id``, or no lever that its teams own.

    Source
    ------
    Borusyak, Hull & Jaravel 2022, Quasi-experimental shift-share research designs.
    """
    if company.outcomes.churn is None or not warehouse.has("activity", "team_id"):
        return None
    kpis = _team_levers(catalogue, warehouse)
    end, first = snapshots.label_end(warehouse), snapshots.first_event(warehouse)
    if not kpis or end is None or first is None:
        return None
    label_days = _label_days(company)
    months = _months(first, end)
    moments = [month for month in months[1:] if month + timedelta(days=label_days) <= end]
    if not moments:
        return None
    rows = _rows(company, warehouse, moments, label_days)
    if rows[outcome_column("churn")].nunique() < 2:
        return None
    values, split = _values(warehouse, kpis, months[:-1])
    shares = _shares(warehouse, rows)
    leaving = float(rows[outcome_column("churn")].mean())
    ahead = snapshots.churn_horizon_days(company) / label_days
    return ExposureTable(
        frame=rows,
        shares=shares,
        values=values,
        split=split,
        label_days=label_days,
        # who has left cannot leave again
        rows_per_horizon=ahead * (1.0 - leaving) ** (ahead - 1.0),
    )


def _team_levers(catalogue: Catalogue, warehouse: Warehouse, /) -> list[Kpi]:
    measured = measured_units(warehouse)
    wanted = [
        kpi
        for kpi in catalogue.with_role("lever")
        if kpi.owner == "team"
        and (kpi.source == "activity" or (kpi.source == "measures" and "team" in measured.get(kpi.id, frozenset())))
    ]
    return evaluate.available(warehouse, wanted, "team")


def _label_days(company: Company, /) -> int:
    horizon = snapshots.churn_horizon_days(company)
    churn = company.outcomes.churn
    # who is inactive is known only after the whole time of inactivity
    return horizon if churn is not None and churn.rule == "inactive" else min(horizon, _LABEL_DAYS)


def _months(first: datetime, end: datetime, /) -> list[datetime]:
    """Return the firsts of the months from the first event's to the one in which the data end."""
    month, months = datetime(end.year, end.month, 1), []
    start = datetime(first.year, first.month, 1)
    while month >= start:
        months.append(month)
        month = months_later(month, -1)
    return months[::-1]


def _second_half(customer: ir.Value, /) -> ir.BooleanValue:
    """Whether a customer is of the second half: by a digest that every engine knows, so that rows need no join."""
    return customer.cast("string").concat("/half").hexdigest("md5").substr(0, 1) >= "8"


def _rows(company: Company, warehouse: Warehouse, moments: Sequence[datetime], label_days: int, /) -> pd.DataFrame:
    shorter = company.model_copy(
        update={"snapshots": company.snapshots.model_copy(update={"horizon_days": label_days})}
    )
    labels = snapshots.churn_labels(shorter, warehouse, moments)
    labels = labels.filter(labels.label.notnull())
    count = labels.count().to_pyarrow().as_py()
    ids = labels.select("customer_id").distinct().to_pyarrow()["customer_id"].to_pylist()
    share = min(1.0, MAX_EXPOSURES / max(count, 1))
    if share < 1:
        labels = labels.semi_join(table_of(chosen(ids, share, company.company.seed), "customer_id"), "customer_id")
    if "customers" in warehouse:
        names = [name for name in ("kind", "segment", "value") if warehouse.has("customers", name)]
        names += attribute_columns(company, warehouse, "customers")
        named = {context_column(name): name for name in names}
        labels = with_row_then(warehouse, "customers", labels, "customer_id", "as_of", named)
    labels = labels.mutate(half=_second_half(labels.customer_id).cast("int64"))
    frame = labels.to_pyarrow().to_pandas().sort_values(["as_of", "customer_id"], ignore_index=True)
    frame[outcome_column("churn")] = frame["label"].astype("float64")
    frame[context_column("tenure_days")] = (frame["as_of"] - frame["joined_at"]).dt.total_seconds() / 86_400.0
    for name in context_columns(frame):
        frame[name] = as_feature(frame[name])
    texts = [name for name in context_columns(frame) if is_free_text(frame[name])]
    return frame.drop(columns=["label", "joined_at", *texts])


def _values(
    warehouse: Warehouse, kpis: list[Kpi], months: Sequence[datetime], /
) -> tuple[pd.DataFrame, frozenset[str]]:
    """KPIs of teams by month, for each half of the customers where the source says whose row it is."""
    parts = []
    split = [kpi for kpi in kpis if kpi.source == "activity"]
    if split and months:
        activity = warehouse["activity"].filter(ibis._.team_id.notnull())
        second = _second_half(activity.customer_id)
        for number, rows in zip(_HALVES, (activity.filter(~second), activity.filter(second)), strict=True):
            own = Warehouse({**warehouse.tables, "activity": rows}, warehouse.present, warehouse.observed_until)
            parts.append(_panel(own, split, months).assign(half=number))
    whole = [kpi for kpi in kpis if kpi.source != "activity"]
    if whole and months:
        values = _panel(warehouse, whole, months)
        parts += [values.assign(half=number) for number in _HALVES]
    if not parts:
        empty = {name: pd.Series(dtype="float64") for name in ("value_0", "value_1", "n_0", "n_1")}
        return pd.DataFrame({"team_id": [], "month": [], "kpi": []} | empty), frozenset()
    long = pd.concat(parts, ignore_index=True)
    wide = long.pivot_table(index=["team_id", "month", "kpi"], columns="half", values=["value", "n"])
    wide = wide.reindex(columns=pd.MultiIndex.from_product([["value", "n"], _HALVES]))
    wide.columns = [f"{name}_{half}" for name, half in wide.columns]
    return wide.reset_index(), frozenset(kpi.id for kpi in split)


def _panel(warehouse: Warehouse, kpis: list[Kpi], months: Sequence[datetime], /) -> pd.DataFrame:
    table = evaluate.panel(warehouse, kpis, "team", months)
    frame = table.to_pyarrow().to_pandas().rename(columns={"unit_id": "team_id", "from": "month"})
    return frame[frame["team_id"].notna()][["team_id", "month", "kpi", "value", "n"]]


def _shares(warehouse: Warehouse, rows: pd.DataFrame, /) -> pd.DataFrame:
    """Each team's share of a customer's activity in the three months before a row."""
    activity = warehouse["activity"]
    ids = table_of(sorted(rows["customer_id"].unique()), "customer_id")
    mine = activity.filter(activity.team_id.notnull()).semi_join(ids, "customer_id")
    counted = _counted(mine)
    number = month_number(rows["as_of"].dt.year, rows["as_of"].dt.month)
    keys = pd.DataFrame({"row": np.arange(len(rows)), "customer_id": rows["customer_id"], "at": number.to_numpy()})
    near = pd.concat(
        [counted.assign(at=counted["month_number"] + ahead) for ahead in range(1, WINDOW_MONTHS + 1)],
        ignore_index=True,
    )
    met = keys.merge(near, on=["customer_id", "at"], how="inner")
    shares = met.groupby(["row", "team_id"], as_index=False, sort=True, observed=True)["acts"].sum()
    shares["share"] = shares["acts"] / shares.groupby("row")["acts"].transform("sum")
    return shares[["row", "team_id", "share"]]


def _counted(activity: ir.Table, /) -> pd.DataFrame:
    number = month_number(activity["at"].year(), activity["at"].month())
    grouped = activity.group_by("customer_id", "team_id", month_number=number.cast("int64"))
    return grouped.aggregate(acts=ibis._.count()).to_pyarrow().to_pandas()
