"""Who takes part in ``benchmarks.speed``: Baton, SQL by hand, pandas, bare LightGBM, shap."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company, Privacy, TableSource
from features.staging.stage import open_warehouse, stage
from features.training.table import TrainingTable

KPIS = (
    "contacts_per_customer",
    "response_seconds",
    "responded_within_hour",
    "handle_seconds",
    "first_contact_resolution",
    "transfer_rate",
    "reopen_rate",
    "on_time_rate",
    "cost_per_case",
    "csat",
)
WINDOWS = (7, 30, 90)
MOMENTS = [datetime(2024, month, 1) for month in range(7, 13)]
CASES_PER_CUSTOMER = 7
FEATURES = 50
SEED = 7

_BY_HAND: dict[str, dict[str, str]] = {
    "opened_at": {"contacts_per_customer": "count(case_id) {where}"},
    "responded_at": {
        "response_seconds": "avg(date_diff('second', opened_at, responded_at)) {where}",
        "responded_within_hour": "avg((date_diff('second', opened_at, responded_at) <= 3600)::INT) {where}",
    },
    "closed_at": {
        "handle_seconds": "avg(handle_seconds) {where}",
        "first_contact_resolution": "avg(resolved_first::INT) {where}",
        "transfer_rate": "avg((transferred > 0)::INT) {where}",
        "reopen_rate": "avg((reopened > 0)::INT) {where}",
        "on_time_rate": "avg((closed_at <= due_at)::INT) {where}",
        "cost_per_case": "avg(cost) {where}",
    },
    # an unrated case is known to be unrated a week after it was closed
    "coalesce(rated_at, closed_at + INTERVAL 7 DAY)": {"csat": "avg(csat) {where}"},
}
_ROWS_BEHIND = {
    "contacts_per_customer": "case_id",
    "response_seconds": "date_diff('second', opened_at, responded_at)",
    "responded_within_hour": "date_diff('second', opened_at, responded_at)",
    "handle_seconds": "handle_seconds",
    "first_contact_resolution": "resolved_first",
    "transfer_rate": "transferred",
    "reopen_rate": "reopened",
    "on_time_rate": "closed_at <= due_at",
    "cost_per_case": "cost",
    "csat": "csat",
}


def generate(size: int, folder: Path) -> None:
    """Write raw cases of a year to Parquet, in DuckDB: one customer has about seven."""
    customers, people = max(size // CASES_PER_CUSTOMER, 1), max(size // 3000, 20)
    draw = "(hash(n * 31 + {salt}) % 1000000) / 1000000.0"
    opened = f"TIMESTAMP '2024-01-01' + to_seconds(CAST({draw.format(salt=1)} * 31536000 AS BIGINT))"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (
                SELECT *, opened_at + to_seconds(CAST(600 + a * 20000 AS BIGINT)) AS responded_at,
                    opened_at + to_seconds(CAST(30000 + b * 400000 AS BIGINT)) AS closed_at,
                    opened_at + INTERVAL 3 DAY AS due_at,
                    CASE WHEN c < 0.4 THEN opened_at + INTERVAL 6 DAY END AS rated_at,
                    CASE WHEN c < 0.4 THEN 1 + floor(d * 5) END AS csat,
                    b < 0.6 AS resolved_first, CAST(c * 1.2 AS BIGINT) AS reopened,
                    CAST(d * 1.3 AS BIGINT) AS transferred, 120 + a * 900 AS handle_seconds, 3 + d * 20 AS cost
                FROM (
                    SELECT 'K' || n AS case_id, {opened} AS opened_at,
                        'C' || (hash(n * 17 + 5) % {customers}) AS customer_id,
                        'E' || (hash(n * 13 + 3) % {people}) AS employee_id,
                        {draw.format(salt=2)} AS a, {draw.format(salt=3)} AS b,
                        {draw.format(salt=4)} AS c, {draw.format(salt=5)} AS d
                    FROM range({size}) AS r(n)
                )
            ) TO '{folder / f"raw-{size}.parquet"}' (FORMAT parquet)
            """
        )


def prepared(what: str, size: int, folder: Path) -> Callable[[], Any]:
    """Return what a contestant is to do; imports and reading of the inputs of learning are done before the clock."""
    ways: dict[str, Callable[[int, Path], Callable[[], Any]]] = {
        "stage": _stage,
        "baton": _baton,
        "sql_range": lambda size, folder: _by_hand(size, folder, "range"),
        "sql_days": lambda size, folder: _by_hand(size, folder, "days"),
        "pandas": _pandas,
        "fit": lambda size, _: _fit(size),
        "bare": lambda size, _: _bare(size),
        "contributions": lambda size, _: _explain(size, ours=True),
        "shap": lambda size, _: _explain(size, ours=False),
    }
    return ways[what](size, folder)


def compare(size: int, folder: Path) -> None:
    """Check that all contestants' tables say the same.

    Raises
    ------
    AssertionError
        If they do not: a ratio between different tables would mean nothing.
    """
    columns = [f"{kpi}__{end}" for kpi in KPIS for end in (*(f"{days}d" for days in WINDOWS), "trend", "n")]
    sums = ", ".join(f"coalesce(sum({name}), 0), count({name})" for name in columns)
    ways = [way for way in ("baton", "sql_range", "sql_days", "pandas") if _answer(size, folder, way).exists()]
    with duckdb.connect() as connection:
        predicted = {
            way: connection.execute(f"SELECT count(*), {sums} FROM '{_answer(size, folder, way)}'").fetchall()[0]
            for way in ways
        }
    for way in ways:
        assert np.allclose(np.array(predicted["baton"], float), np.array(predicted[way], float), rtol=1e-6), way


def _answer(size: int, folder: Path, way: str) -> Path:
    return folder / f"{way}-{size}.parquet"


def _cases(size: int, folder: Path) -> str:
    return f"'{folder / f'staged-{size}' / 'cases.parquet'}'"


def _stage(size: int, folder: Path) -> Callable[[], Any]:
    company = Company(
        path=folder / "company.toml",
        tables={"cases": TableSource(path=f"raw-{size}.parquet")},
        privacy=Privacy(key=f"{size}.key"),
    )
    catalogue = load_catalogue(company)
    return lambda: stage(company, catalogue, folder / f"staged-{size}")


def _baton(size: int, folder: Path) -> Callable[[], Any]:
    import ibis

    from features.kpis import evaluate as metrics

    catalogue = load_catalogue(Company())
    kpis = [catalogue[name] for name in KPIS]
    ibis.duckdb.connect().disconnect()  # loads the backend, once per process

    def work() -> None:
        warehouse = open_warehouse(folder / f"staged-{size}")
        table = metrics.evaluate(warehouse, kpis, "customer", MOMENTS, WINDOWS)
        table.get_backend().to_parquet(table, _answer(size, folder, "baton"))

    return work


def _by_hand(size: int, folder: Path, join: str) -> Callable[[], Any]:
    query = by_hand(_cases(size, folder), join)

    def work() -> None:
        with duckdb.connect(config={"memory_limit": "3GB"}) as connection:
            connection.execute(f"COPY ({query}) TO '{_answer(size, folder, f'sql_{join}')}' (FORMAT parquet)")

    return work


def by_hand(cases: str, join: str) -> str:
    """Return the SQL that one would write for the same table: one grouped join per moment of knowing."""
    moments = ", ".join(f"(TIMESTAMP '{moment}')" for moment in MOMENTS)
    dates = f"SELECT * FROM (VALUES {moments}) AS m(as_of)"
    if join == "days":
        longest = timedelta(days=max(WINDOWS))
        spread = f"generate_series(as_of - INTERVAL {longest.days} DAY, as_of, INTERVAL 1 DAY)"
        dates = f"SELECT as_of, CAST(unnest({spread}) AS DATE) AS day FROM ({dates})"
    parts = []
    for known_at, kpis in _BY_HAND.items():
        listed = []
        for kpi, aggregate in kpis.items():
            for days in WINDOWS:
                where = f"FILTER (WHERE {known_at} > as_of - INTERVAL {days} DAY)" if days < max(WINDOWS) else ""
                listed.append(f"{aggregate.format(where=where)} AS {kpi}__{days}d")
            listed.append(f"count({_ROWS_BEHIND[kpi]}) AS {kpi}__n")
        on = f"CAST({known_at} AS DATE) = day AND " if join == "days" else ""
        parts.append(
            f"(SELECT customer_id AS unit_id, as_of, {', '.join(listed)} FROM read_parquet({cases}) JOIN ({dates}) "
            f"ON {on}{known_at} <= as_of AND {known_at} > as_of - INTERVAL {max(WINDOWS)} DAY GROUP BY ALL)"
        )
    columns = []
    for kpi in KPIS:
        counted = kpi == "contacts_per_customer"
        values = {days: f"coalesce({kpi}__{days}d, 0)" if counted else f"{kpi}__{days}d" for days in WINDOWS}
        columns += [f"{value} AS {kpi}__{days}d" for days, value in values.items()]
        columns.append(f"{values[min(WINDOWS)]} - {values[max(WINDOWS)]} AS {kpi}__trend")
        columns.append(f"coalesce({kpi}__n, 0) AS {kpi}__n")
    return f"SELECT unit_id, as_of, {', '.join(columns)} FROM {' FULL JOIN '.join(_using(parts))}"


def _using(parts: list[str]) -> list[str]:
    return [parts[0], *(f"{part} USING (unit_id, as_of)" for part in parts[1:])]


def _pandas(size: int, folder: Path) -> Callable[[], Any]:
    path = folder / f"staged-{size}" / "cases.parquet"

    def work() -> None:
        cases = pd.read_parquet(path)
        response = (cases["responded_at"] - cases["opened_at"]).dt.total_seconds()
        cases = cases.assign(
            rated=cases["rated_at"].fillna(cases["closed_at"] + pd.Timedelta(days=7)),
            contacts_per_customer=1.0,
            response_seconds=response,
            responded_within_hour=(response <= 3600).astype(float).where(response.notna()),
            first_contact_resolution=cases["resolved_first"].astype(float),
            transfer_rate=(cases["transferred"] > 0).astype(float),
            reopen_rate=(cases["reopened"] > 0).astype(float),
            on_time_rate=(cases["closed_at"] <= cases["due_at"]).astype(float),
            cost_per_case=cases["cost"],
        )
        tables = [_pandas_moment(cases, moment) for moment in MOMENTS]
        pd.concat(tables, ignore_index=True).to_parquet(_answer(size, folder, "pandas"))

    return work


def _pandas_moment(cases: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    parts = []
    for known_at, kpis in zip(("opened_at", "responded_at", "closed_at", "rated"), _BY_HAND.values(), strict=True):
        names = list(kpis)
        known = cases[cases[known_at] <= moment]
        for days in WINDOWS:
            rows = known[known[known_at] > moment - timedelta(days=days)].groupby("customer_id")[names]
            values = rows.sum() if names == ["contacts_per_customer"] else rows.mean()
            parts.append(values.add_suffix(f"__{days}d"))
            if days == max(WINDOWS):
                parts.append(rows.count().add_suffix("__n"))
    wide = pd.concat(parts, axis=1)
    counts = [name for name in wide.columns if name.endswith("__n") or name.startswith("contacts_per_customer")]
    wide[counts] = wide[counts].fillna(0)
    for kpi in KPIS:
        wide[f"{kpi}__trend"] = wide[f"{kpi}__{min(WINDOWS)}d"] - wide[f"{kpi}__{max(WINDOWS)}d"]
    return wide.assign(as_of=moment).reset_index()


def training_table(rows: int) -> TrainingTable:
    """Return a training table of random numbers with a weak, partly non-linear signal."""
    random = np.random.default_rng(SEED)
    values = random.normal(size=(rows, FEATURES))
    values[random.random(values.shape) < 0.1] = np.nan
    score = np.nan_to_num(values[:, :5]).sum(axis=1) + np.nan_to_num(values[:, 5] * values[:, 6]) - 3
    names = tuple(f"kpi_{number:02}__30d" for number in range(FEATURES))
    frame = pd.DataFrame(values, columns=list(names))
    frame.insert(0, "unit_id", (np.arange(rows) // 6).astype(str))
    frame.insert(1, "as_of", pd.to_datetime([str(moment) for moment in MOMENTS])[np.arange(rows) % 6])
    frame.insert(2, "label", (random.random(rows) < 1 / (1 + np.exp(-score))).astype(float))
    frame.insert(3, "group", frame["unit_id"])
    kpi_of = {name: name.partition("__")[0] for name in names}
    return TrainingTable("churn", "probability", "customer", frame, names, kpi_of, pd.Timestamp(MOMENTS[-1]))


def _fit(rows: int) -> Callable[[], Any]:
    import lightgbm  # noqa: F401 - imported before the clock
    import sklearn.isotonic  # noqa: F401 - the same

    from models.prediction.churn import ChurnPredictor

    table = training_table(rows)
    return lambda: ChurnPredictor.fit(table, SEED)


def _bare(rows: int) -> Callable[[], Any]:
    import lightgbm as lgb

    from models.folds import group_folds
    from models.prediction.churn import ChurnPredictor
    from models.prediction.encoding import Encoding
    from models.prediction.sufficiency import later_rows

    table = training_table(rows)
    recipe = ChurnPredictor.recipe
    encoding = Encoding.learn(table.frame, table.features)
    matrix, label = encoding.matrix(table.frame[list(table.features)]), table.frame["label"].to_numpy()
    held = group_folds(table.frame["group"].to_numpy(dtype=str), label, recipe.folds, SEED) == 0
    validation = held & later_rows(table, table.frame)
    parameters = recipe.parameters("probability", rows, SEED)

    def work() -> None:
        data = lgb.Dataset(matrix[~held], label[~held], params=parameters)
        watch = lgb.Dataset(matrix[validation], label[validation], reference=data)
        stop = lgb.early_stopping(recipe.patience, verbose=False)
        lgb.train(parameters, data, recipe.max_trees, valid_sets=[watch], callbacks=[stop])

    return work


def _explain(rows: int, *, ours: bool) -> Callable[[], Any]:
    from models.prediction.churn import ChurnPredictor

    class Trees(ChurnPredictor):
        recipe = dataclasses.replace(ChurnPredictor.recipe, linear_weights=())  # shap explains no blend

    table = training_table(rows)
    predictor = Trees.fit(table, SEED)
    frame = table.frame[list(table.features)]
    if ours:
        return lambda: predictor.contributions(frame)
    import shap

    matrix = predictor.encoding.matrix(frame)
    return lambda: shap.TreeExplainer(predictor.model.booster).shap_values(matrix)
