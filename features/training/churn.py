"""The training table of churn: customers at risk at many moments, what was known of them, and whether they left."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from baton.catalogue.schema import CONTEXT, Catalogue, Kpi
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from baton.messages.message import Message
from features.kpis import evaluate as metrics
from features.kpis.cause_kpis import learned_features, longest_only
from features.kpis.cause_recency import dated_causes, recency_name, with_recency
from features.kpis.sampling import Population, Spare, chosen
from features.kpis.sql import finished
from features.kpis.unit_rows import case_unit
from features.staging.own_columns import ATTRIBUTE, attribute, plain
from features.staging.rows_over_time import with_row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots
from features.training.attributes import as_feature, attribute_columns, is_free_text, overwritten, team_shares
from features.training.learnable import require_enough
from features.training.leaving_times import curve_days, leaving_times
from features.training.table import TrainingTable

__all__ = [
    "MAX_LABELLED_ROWS",
    "churn_table",
    "customer_shares",
    "features_at",
    "moments_of",
    "no_table_of_leaving",
    "require_enough_customers",
    "season",
    "values_at",
]

MAX_LABELLED_ROWS = 200_000
"""Labelled rows beyond this teach little and cost much (docs/speed.md): whole customers are sampled."""

_STANDING = ("kind", "segment", "value")


def churn_table(company: Company, catalogue: Catalogue, warehouse: Warehouse) -> TrainingTable:
    """Build the training table of churn.

    Returns
    -------
    TrainingTable
        Customers at risk × snapshots; the latest snapshot without labels.

    Raises
    ------
    TooLittleDataError
        With what is missing.
    """
    horizon = snapshots.churn_horizon_days(company)
    moments = moments_of(company, warehouse)
    latest, notes = moments[-1], list[Message]()
    rows = snapshots.churn_labels(company, warehouse, moments)
    population = _sample(company, rows)
    if population is not None:
        notes.append(Message("learned.sampled", {"share": population.share}))
    kpis = metrics.available(warehouse, catalogue.values(), "customer")
    standing = _standing_columns(company, warehouse)
    pulled = _pulled(company, warehouse, rows, moments, kpis, population)
    require_enough_customers(pulled)
    keys = {
        "unit_id": pulled["customer_id"].astype("str"),
        "as_of": pulled["as_of"],
        "label": pulled["label"].astype("float64"),
        "group": pulled["customer_id"].astype("str"),
    }
    columns, kpi_of, texts = _features(company, kpis, standing, pulled)
    seasonal = season(pulled["as_of"], moments)
    if seasonal is not None:
        columns["season_month"], kpi_of["season_month"] = seasonal, CONTEXT
    frame = pd.DataFrame({**keys, **columns, **texts})
    notes.extend(overwritten(frame, [name for name in columns if name.startswith(ATTRIBUTE)]))
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=tuple(columns),
        kpi_of=kpi_of,
        latest=pd.Timestamp(latest),
        horizon_days=horizon,
        gap_days=company.snapshots.gap_days,
        shares=customer_shares(company, warehouse, latest),
        notes=tuple(notes),
        times=leaving_times(company, warehouse, pulled),
        curve_days=curve_days(company),
    )


def require_enough_customers(rows: pd.DataFrame, /) -> None:
    """Refuse labels of churn from which nothing can be learned.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``customer_id`` and ``label``.

    Raises
    ------
    TooLittleDataError
        With what is missing.
    """
    of_whom, what = rows["customer_id"], Message("unit.customer_snapshots")
    require_enough("churn", rows["label"], "probability", groups=of_whom, of_all=True, what=what)


def moments_of(company: Company, warehouse: Warehouse, /) -> list[datetime]:
    """Return the moments at which customers are looked at, the one to be scored last.

    Raises
    ------
    CompanyFileError
        If the rule of churn needs a table or column that is missing.
    TooLittleDataError
        If no moment before the last has its whole future observed.
    """
    snapshots.churn_labels(company, warehouse, [datetime(1970, 1, 1)])  # nothing is computed: says what the rule lacks
    horizon = snapshots.churn_horizon_days(company)
    moments = snapshots.dates(company, warehouse, horizon)
    if len(moments) < 2:
        end, days = snapshots.label_end(warehouse), horizon + company.snapshots.gap_days
        why = (
            Message("not_learned.no_future_unknown", {"days": days})
            if end is None
            else Message("not_learned.no_future_until", {"days": days, "end": f"{end:%Y-%m-%d}"})
        )
        raise TooLittleDataError(why, "churn")
    return moments


def no_table_of_leaving() -> CompanyFileError:
    """Return the refusal of churn where no table records who leaves."""
    return CompanyFileError(
        "[outcomes.churn] needs the table customers (with left_at), activity or snapshots; give one"
    )


def season(as_of: pd.Series, moments: list[datetime], /) -> pd.Series | None:
    """Return the month of the year, or None where less than a year of snapshots cannot distinguish season from time."""
    if moments[-2] - moments[0] < timedelta(days=364):
        return None
    return as_of.dt.month.astype("float64")


def customer_shares(company: Company, warehouse: Warehouse, latest: datetime, /) -> pd.DataFrame:
    """Return how each customer's cases of the longest window split over teams and stages."""
    if not warehouse.has("cases", "customer_id") or "team_id" not in warehouse["cases"].columns:
        return pd.DataFrame({"unit_id": [], "team_id": [], "share": []})
    start = latest - timedelta(days=max(company.snapshots.windows_days))
    cases = case_unit(warehouse, warehouse["cases"], "team")
    moment = cases.opened_at
    cases = cases.filter(moment > _literal(start), moment <= _literal(latest))
    keys = {"unit_id": cases.customer_id, "team_id": cases.unit_id}
    if warehouse.has("cases", "stage"):
        keys["stage"] = cases.stage
    return team_shares(cases, keys)


def _features(
    company: Company, kpis: list[Kpi], standing: list[str], pulled: pd.DataFrame, /
) -> tuple[dict[str, pd.Series], dict[str, str], dict[str, pd.Series]]:
    """Return the features, the KPI each belongs to, and free texts, which are none."""
    columns: dict[str, pd.Series] = {}
    kpi_of: dict[str, str] = {}
    texts: dict[str, pd.Series] = {}
    for kpi in kpis:
        windows = company.snapshots.windows_days
        for name in learned_features(kpi, windows):
            column = as_feature(pulled[name].fillna(0) if _counts(kpi, name) else pulled[name])
            if column.notna().any():
                columns[name], kpi_of[name] = column, kpi.id
    for kpi in kpis:
        feature = recency_name(kpi)
        if feature in pulled and pulled[feature].notna().any():
            columns[feature], kpi_of[feature] = as_feature(pulled[feature]), kpi.id
    for name in standing:
        feature = _feature(name)
        if is_free_text(pulled[feature]):
            texts[feature] = pulled[feature].astype("str").where(pulled[feature].notna())
        elif pulled[feature].notna().any():
            columns[feature], kpi_of[feature] = as_feature(pulled[feature]), CONTEXT
    tenure = (pulled["as_of"] - pulled["joined_at"]).dt.total_seconds() / 86400
    if tenure.notna().any():
        columns["tenure_days"], kpi_of["tenure_days"] = as_feature(tenure.astype("float64")), CONTEXT
    return columns, kpi_of, texts


def _counts(kpi: Kpi, name: str, /) -> bool:
    return name.endswith("__n") or kpi.aggregate in ("count", "count_distinct")


def _sample(company: Company, rows: ir.Table, /) -> Population | None:
    """Choose whole customers so that the labelled rows stay in bounds; None: they do."""
    labelled = rows.filter(rows.label.notnull())
    count = labelled.count().to_pyarrow().as_py()
    if count <= MAX_LABELLED_ROWS:
        return None
    share, seed = MAX_LABELLED_ROWS / count, company.company.seed
    ids = labelled.select("customer_id").distinct().to_pyarrow()["customer_id"].to_pylist()
    return Population(chosen(ids, share, seed), share, seed)


def _pulled(
    company: Company,
    warehouse: Warehouse,
    rows: ir.Table,
    moments: list[datetime],
    kpis: list[Kpi],
    population: Population | None,
    /,
) -> pd.DataFrame:
    """Return the labelled rows of the customers asked for, and all of the latest snapshot, with what was known."""
    earlier, latest = moments[:-1], moments[-1:]
    is_latest = rows.as_of == _literal(latest[0])
    learned = rows.filter(rows.label.notnull(), ~is_latest).rename(unit_id="customer_id")
    learned = (learned if population is None else population.of(learned)).rename(customer_id="unit_id")
    parts = []
    for part, dates, some in ((learned, earlier, population), (rows.filter(is_latest), latest, None)):
        wide = _with_values(company, warehouse, part, dates, kpis, some)
        parts.append(wide.to_pyarrow().to_pandas().sort_values(["as_of", "customer_id"]))
    return pd.concat(parts, ignore_index=True)


def _with_values(
    company: Company,
    warehouse: Warehouse,
    part: ir.Table,
    dates: list[datetime],
    kpis: list[Kpi],
    some: Population | None,
    /,
) -> ir.Table:
    """Add to customers at risk at moments what was known of them then."""
    wide, standing = part, _standing_columns(company, warehouse)
    if kpis:
        windows = company.snapshots.windows_days
        values = metrics.evaluate(warehouse, kpis, "customer", dates, windows, spare=Spare(some, longest_only(kpis)))
        values = values.rename(unit_of_value="unit_id", as_of_value="as_of")
        joined = part.left_join(values, [("customer_id", "unit_of_value"), ("as_of", "as_of_value")])
        wide = finished(joined.drop("unit_of_value", "as_of_value"))
    wide = with_recency(warehouse, wide, dated_causes(warehouse, kpis))
    return _with_attributes(warehouse, wide, standing) if standing else wide


def values_at(company: Company, warehouse: Warehouse, asked: ir.Table, kpis: list[Kpi], moment: datetime) -> ir.Table:
    """Return what was known of some customers at a moment, as the rows that are scored have it.

    Parameters
    ----------
    asked : ibis Table
        ``customer_id``.
    kpis : list of Kpi
        Those that can be computed for a customer.

    Returns
    -------
    ibis Table
        One row for each of them who is at risk then, of which ``features_at`` makes features.
    """
    rows = snapshots.churn_labels(company, warehouse, [moment]).semi_join(asked, "customer_id")
    return _with_values(company, warehouse, finished(rows), [moment], kpis, None)


def features_at(company: Company, warehouse: Warehouse, kpis: list[Kpi], pulled: pd.DataFrame) -> pd.DataFrame:
    """Return the features of what ``values_at`` has given, by customer; what is unknown of all of them is absent."""
    columns, _, _ = _features(company, kpis, _standing_columns(company, warehouse), pulled)
    frame = pd.DataFrame({**columns, "season_month": pulled["as_of"].dt.month.astype("float64")})
    return frame.set_index(pulled["customer_id"].astype("str"))


def _standing_columns(company: Company, warehouse: Warehouse, /) -> list[str]:
    if "customers" not in warehouse:
        return []
    contract = [name for name in _STANDING if warehouse.has("customers", name)]
    return [*contract, *attribute_columns(company, warehouse, "customers")]


def _with_attributes(warehouse: Warehouse, rows: ir.Table, names: list[str], /) -> ir.Table:
    """Add ``attribute__<name>``, as they stood at the snapshot where ``valid_from`` gives their history."""
    named = {_feature(name): name for name in names}
    return with_row_then(warehouse, "customers", rows, "customer_id", "as_of", named)


def _feature(column: str, /) -> str:
    """The feature of a column of customers, the contract's and users' own alike."""
    return attribute(plain(column))


def _literal(moment: datetime, /) -> ir.TimestampScalar:
    return ibis.literal(moment, type="timestamp(6)")
