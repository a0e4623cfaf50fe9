"""The rows of a case table: each case with its KPIs, its customer's history, and what came after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from baton.contract.sources import TABLES
from features.cases.priced import with_outcomes
from features.kpis import evaluate
from features.kpis.columns import context_column, context_columns, has_prefix, kpi_column, later_column, outcome_column
from features.kpis.handlers import handler_values
from features.kpis.sampling import chosen, table_of
from features.kpis.sql import finished
from features.kpis.unit_rows import CASE_GRAINS, measured_units, with_default_team
from features.staging.memberships import with_membership
from features.staging.own_columns import plain
from features.staging.rows_over_time import has_history, with_row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots
from features.training.attributes import as_feature, attribute_columns, is_free_text

__all__ = ["MAX_CASES", "case_frame", "cases_per_customer"]

MAX_CASES = 300_000
"""Cases beyond this add little to what an effect's interval owes to customers and people."""

_CONTEXT = ("stage", "process", "priority", "channel")
_KEYS = ("case_id", "customer_id", "employee_id", "team_id")
_RECENT_DAYS = 90


def case_frame(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, /
) -> tuple[pd.DataFrame, frozenset[str], float]:
    """Build the rows.

    Returns
    -------
    frame : pandas.DataFrame
        As ``CaseTable.frame`` says.
    case_level : frozenset of str
        KPIs whose column is the case's own value.
    sampled_share : float
        Share of the customers that the rows come from.
    """
    cases = with_default_team(warehouse)
    cases, share = _sampled(company, warehouse, cases)
    own = [kpi for kpi in catalogue.values() if evaluate.has_case_value(kpi)]
    usable = {kpi.id for unit in CASE_GRAINS for kpi in evaluate.available(warehouse, own, unit)}
    own = [kpi for kpi in own if kpi.id in usable]
    measured = measured_units(warehouse)
    handled = [
        kpi
        for kpi in catalogue.values()
        if kpi.source in ("work", "measures") and kpi.aggregate != "count" and _has_handler(warehouse, kpi, measured)
    ]
    extra = attribute_columns(company, warehouse, "cases", catalogue)
    rows = cases.select(
        *_KEYS, *_CONTEXT, "opened_at", "closed_at", **{context_column(name): cases[name] for name in extra}
    )
    values = evaluate.case_values(warehouse, own).rename(valued_case="case_id")
    picked = values.select("valued_case", *(kpi_column(kpi.id) for kpi in own))
    rows = rows.left_join(picked, [("case_id", "valued_case")]).drop("valued_case")
    if handled:
        rows = handler_values(warehouse, rows, handled, measured, "then")
    rows = _with_customer(company, warehouse, rows)
    rows = _with_churn(company, warehouse, rows)
    frame = _pulled(rows)
    return with_outcomes(company, frame), frozenset(kpi.id for kpi in own), share


def cases_per_customer(company: Company, warehouse: Warehouse, latest: datetime, /) -> float:
    """Return the mean number of cases that a customer at risk opens within one horizon, over the last year."""
    if not warehouse.has("cases", "customer_id"):
        return float("nan")
    horizon = snapshots.churn_horizon_days(company)
    first = warehouse["cases"].opened_at.min().to_pyarrow().as_py()
    moments = [latest - timedelta(days=horizon * step) for step in range(1, max(2, 1 + 365 // horizon))]
    moments = [moment for moment in moments if moment >= first] or [latest - timedelta(days=horizon)]
    risk = snapshots.at_risk(company, warehouse, moments)
    cases = warehouse["cases"].select(opener="customer_id", opened_at="opened_at")
    until = risk.select("customer_id", "as_of", until_=risk.as_of + ibis.interval(days=horizon))
    joined = until.join(
        cases, [until.customer_id == cases.opener, cases.opened_at > until.as_of, cases.opened_at <= until.until_]
    )
    people, opened = risk.count().to_pyarrow().as_py(), joined.count().to_pyarrow().as_py()
    return opened / people if people else float("nan")


def _has_handler(warehouse: Warehouse, kpi: Kpi, measured: Mapping[str, frozenset[str]], /) -> bool:
    if kpi.source == "work":
        return warehouse.has("cases", "employee_id") and bool(evaluate.available(warehouse, [kpi], "employee"))
    units = measured.get(kpi.id, frozenset())
    return ("employee" in units and warehouse.has("cases", "employee_id")) or "team" in units


def _sampled(company: Company, warehouse: Warehouse, cases: ir.Table, /) -> tuple[ir.Table, float]:
    count = warehouse["cases"].count().to_pyarrow().as_py()
    share = min(1.0, MAX_CASES / max(count, 1))
    if share == 1:
        return cases, share
    column = "customer_id" if warehouse.has("cases", "customer_id") else "case_id"
    ids = warehouse["cases"].select(column).distinct().to_pyarrow()[column].drop_null().to_pylist()
    kept = table_of(chosen(ids, share, company.company.seed), column)
    return cases.semi_join(kept, column), share


def _with_customer(company: Company, warehouse: Warehouse, rows: ir.Table, /) -> ir.Table:
    if "customers" not in warehouse or not warehouse.has("cases", "customer_id"):
        return rows
    names = [name for name in ("kind", "segment", "value") if warehouse.has("customers", name)]
    names += attribute_columns(company, warehouse, "customers")
    own = TABLES["customers"].names
    named = {
        context_column(name) if name in own else context_column(f"customer__{plain(name)}"): name for name in names
    }
    rows = with_row_then(warehouse, "customers", rows, "customer_id", "opened_at", named)
    if not has_history(warehouse, "customers"):
        return with_row_then(warehouse, "customers", rows, "customer_id", "opened_at", {"joined_at": "joined_at"})
    return with_membership(warehouse, rows, "customer_id", "opened_at", {"joined_at": "joined_at"})


def _with_churn(company: Company, warehouse: Warehouse, rows: ir.Table, /) -> ir.Table:
    churn = company.outcomes.churn
    end = snapshots.label_end(warehouse)
    if churn is None or end is None or not warehouse.has("cases", "customer_id"):
        return rows
    closed = rows.closed_at if warehouse.has("cases", "closed_at") else rows.opened_at
    rows = finished(rows.mutate(after_=closed))
    days = snapshots.churn_horizon_days(company)
    last = ibis.literal(end, type="timestamp(6)")
    for column, first in ((outcome_column("churn"), 0), (later_column("churn"), days)):
        span = rows.mutate(
            from_=rows.after_ + ibis.interval(days=first), until_=rows.after_ + ibis.interval(days=first + days)
        )
        at_risk, gone, joined = _gone(warehouse, finished(span), churn.rule)
        complete = joined.after_.notnull() & (joined.until_ <= last)
        if first:  # whom it had reached before is not at risk of it any more
            at_risk &= joined[outcome_column("churn")] == 0.0
        rows = joined.mutate(**{column: ibis.cases((complete & at_risk, gone.cast("int32").cast("float64")))})
        made = ("from_", "until_", "seen", "leaver", "left_at")
        rows = finished(rows.drop(*(name for name in made if name in rows.columns)))
    return rows.drop("after_")


def _gone(warehouse: Warehouse, rows: ir.Table, rule: str, /) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.Table]:
    """Who is at risk at ``from_``, who has gone by ``until_``, and the rows that both are columns of."""
    if rule == "inactive":
        acts = warehouse["activity"].select(actor="customer_id", acted_at="at")
        active = rows.join(
            acts, [rows.customer_id == acts.actor, acts.acted_at > rows.from_, acts.acted_at <= rows.until_]
        )
        seen = active.select(seen_case="case_id").distinct().mutate(seen=ibis.literal(1))
        rows = finished(rows.left_join(seen, [("case_id", "seen_case")]).drop("seen_case"))
        return rows.customer_id.notnull(), rows.seen.isnull(), rows
    # the membership of that moment; who had left by then is not at risk
    held = {"leaver": "customer_id", "left_at": "left_at"}
    rows = with_membership(warehouse, rows, "customer_id", "from_", held)
    return rows.leaver.notnull(), rows.left_at.notnull() & (rows.left_at <= rows.until_), rows


def _pulled(rows: ir.Table, /) -> pd.DataFrame:
    frame = rows.to_pyarrow().to_pandas().sort_values(["opened_at", "case_id"], ignore_index=True)
    for name in frame.columns:
        if name in _CONTEXT:
            frame[name] = as_feature(frame[name].astype("str").where(frame[name].notna()))
        elif has_prefix(name):
            frame[name] = as_feature(frame[name])
    texts = [name for name in context_columns(frame.columns) if is_free_text(frame[name])]
    frame = frame.drop(columns=texts)
    frame["period"] = frame["opened_at"].dt.to_period("M").dt.to_timestamp()
    if "joined_at" in frame.columns:
        frame[context_column("tenure_days")] = as_feature(
            (frame["opened_at"] - frame["joined_at"]).dt.total_seconds() / 86400
        )
        frame = frame.drop(columns="joined_at")
    if frame["customer_id"].notna().any():
        before, since = _earlier_cases(frame)
        frame[context_column("cases_before")], frame[context_column("days_since_case")] = before, since
    return frame


def _earlier_cases(frame: pd.DataFrame, /) -> tuple[pd.Series, pd.Series]:
    """Count a customer's cases of the 90 days before each case, and the days since the last of them all."""
    known = frame[frame["customer_id"].notna() & frame["opened_at"].notna()]
    known = known.sort_values(["customer_id", "opened_at"], kind="stable")
    codes, _ = pd.factorize(known["customer_id"])
    seconds = (known["opened_at"] - known["opened_at"].min()).dt.total_seconds().to_numpy()
    stride = float(seconds.max(initial=0.0)) + (_RECENT_DAYS + 1) * 86400.0
    place = codes * stride + seconds
    first_recent = np.searchsorted(place, place - _RECENT_DAYS * 86400.0, side="left")
    first_same = np.searchsorted(place, place, side="left")
    before = pd.Series((first_same - first_recent).astype("float64"), index=known.index)
    earlier = np.maximum(first_same - 1, 0)
    has_earlier = (first_same > 0) & (codes[earlier] == codes)
    since = np.where(has_earlier, (seconds - seconds[earlier]) / 86400.0, np.nan)
    return before.reindex(frame.index), pd.Series(since, index=known.index).reindex(frame.index)
