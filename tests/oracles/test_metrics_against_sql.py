"""The metric layer gives, on both engines, what SQL written by hand gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.kpis import evaluate as metrics
from features.staging.warehouse import Warehouse

DATES = [datetime(2024, 3, 1), datetime(2024, 4, 1), datetime(2024, 5, 1, 12, 30)]
WINDOWS = (30, 7, 90)

# one row per unit and date; {unit} and {joins} say whose case it is
CASES_SQL = """
WITH dates AS (SELECT unnest([TIMESTAMP '2024-03-01', TIMESTAMP '2024-04-01', TIMESTAMP '2024-05-01 12:30']) AS as_of),
rows_ AS (
    SELECT {unit} AS unit_id, cases.*, coalesce(rated_at, closed_at + INTERVAL 7 DAY) AS known
    FROM cases {joins}
),
closed AS (
    SELECT unit_id, as_of,
        avg(resolved_first::INT) FILTER (closed_at > as_of - INTERVAL 7 DAY) AS resolved__7d,
        avg(resolved_first::INT) FILTER (closed_at > as_of - INTERVAL 30 DAY) AS resolved__30d,
        avg(resolved_first::INT) AS resolved__90d,
        count(resolved_first) AS resolved__n,
        sum(cost) FILTER (closed_at > as_of - INTERVAL 7 DAY) AS cost__7d,
        sum(cost) FILTER (closed_at > as_of - INTERVAL 30 DAY) AS cost__30d,
        sum(cost) AS cost__90d,
        count(cost) AS cost__n,
        quantile_cont(handle_seconds, 0.9) FILTER (closed_at > as_of - INTERVAL 7 DAY) AS slow__7d,
        quantile_cont(handle_seconds, 0.9) FILTER (closed_at > as_of - INTERVAL 30 DAY) AS slow__30d,
        quantile_cont(handle_seconds, 0.9) AS slow__90d,
        count(handle_seconds) AS slow__n,
        sum(CASE WHEN handle_seconds IS NOT NULL THEN cost END) FILTER (closed_at > as_of - INTERVAL 30 DAY)
            / nullif(sum(CASE WHEN cost IS NOT NULL THEN handle_seconds END) FILTER (closed_at > as_of - INTERVAL 30 DAY), 0)
            AS rate__30d,
        count(*) FILTER (cost IS NOT NULL AND handle_seconds IS NOT NULL) AS rate__n,
        avg((closed_at <= due_at)::INT) AS on_time__90d
    FROM rows_ JOIN dates ON closed_at > as_of - INTERVAL 90 DAY AND closed_at <= as_of
    WHERE unit_id IS NOT NULL GROUP BY ALL
),
opened AS (
    SELECT unit_id, as_of,
        count(*) FILTER (opened_at > as_of - INTERVAL 7 DAY) AS contacts__7d,
        count(*) FILTER (opened_at > as_of - INTERVAL 30 DAY) AS contacts__30d,
        count(*) AS contacts__90d,
        count(DISTINCT channel) AS channels__90d,
        count(*) FILTER (channel = 'phone') AS calls__90d
    FROM rows_ JOIN dates ON opened_at > as_of - INTERVAL 90 DAY AND opened_at <= as_of
    WHERE unit_id IS NOT NULL GROUP BY ALL
),
answered AS (
    SELECT unit_id, as_of,
        avg(epoch(responded_at) - epoch(opened_at)) AS answer__90d,
        max(epoch(responded_at) - epoch(opened_at)) FILTER (responded_at > as_of - INTERVAL 7 DAY) AS slowest__7d
    FROM rows_ JOIN dates ON responded_at > as_of - INTERVAL 90 DAY AND responded_at <= as_of
    WHERE unit_id IS NOT NULL GROUP BY ALL
),
rated AS (
    SELECT unit_id, as_of,
        avg(csat) FILTER (known > as_of - INTERVAL 7 DAY) AS csat__7d,
        avg(csat) FILTER (known > as_of - INTERVAL 30 DAY) AS csat__30d,
        avg(csat) AS csat__90d,
        count(csat) AS csat__n,
        median(csat) AS middle__90d
    FROM rows_ JOIN dates ON known > as_of - INTERVAL 90 DAY AND known <= as_of
    WHERE unit_id IS NOT NULL GROUP BY ALL
)
SELECT * FROM closed FULL JOIN opened USING (unit_id, as_of) FULL JOIN answered USING (unit_id, as_of)
FULL JOIN rated USING (unit_id, as_of)
"""

UNITS = {
    "customer": ("customer_id", ""),
    "employee": ("employee_id", ""),
    "team": ("coalesce(cases.team_id, people.team_id)", "LEFT JOIN employees AS people USING (employee_id)"),
    "stage": ("stage", ""),
    "process": ("process", ""),
    "customer_kind": ("buyers.kind", "LEFT JOIN customers AS buyers USING (customer_id)"),
}


@pytest.fixture(scope="module")
def case_kpis(make_kpi: Callable[..., Any]) -> list[Any]:
    return [
        make_kpi("resolved", expr="resolved_first"),
        make_kpi("cost", expr="cost", aggregate="sum"),
        make_kpi("slow", expr="handle_seconds", aggregate="p90"),
        make_kpi("rate", expr="cost", denominator="handle_seconds", aggregate="ratio"),
        make_kpi("on_time", expr="closed_at <= due_at", aggregate="share"),
        make_kpi("contacts", expr="case_id", aggregate="count"),
        make_kpi("channels", expr="channel", aggregate="count_distinct"),
        make_kpi("calls", expr="channel = 'phone'", aggregate="count"),
        make_kpi("answer", expr="date_diff('second', opened_at, responded_at)"),
        make_kpi("slowest", expr="date_diff('second', opened_at, responded_at)", aggregate="max"),
        make_kpi("csat", expr="csat", role="outcome"),
        make_kpi("middle", expr="csat", aggregate="median", role="outcome"),
    ]


@pytest.mark.parametrize("unit", list(UNITS))
def test_kpis_of_cases_agree_with_sql_at_every_grain(
    unit: Any, warehouse: Warehouse, tables: dict[str, pd.DataFrame], case_kpis: list[Any]
) -> None:
    column, joins = UNITS[unit]
    expected = by_hand(tables, CASES_SQL.format(unit=column, joins=joins))
    found = metrics.evaluate(warehouse, case_kpis, unit, DATES, WINDOWS).to_pandas()
    agree(found, expected, counts=["contacts", "channels", "calls"])


def test_trend_is_the_shortest_window_minus_the_longest(warehouse: Warehouse, case_kpis: list[Any]) -> None:
    found = metrics.evaluate(warehouse, case_kpis[:1], "process", DATES, WINDOWS).to_pandas()
    pd.testing.assert_series_equal(
        found["resolved__trend"], found["resolved__7d"] - found["resolved__90d"], check_names=False
    )


def test_activity_agrees_with_sql(
    warehouse: Warehouse, tables: dict[str, pd.DataFrame], make_kpi: Callable[..., Any]
) -> None:
    kpis = [
        make_kpi("spend", source="activity", expr="case when kind = 'order' then amount end", aggregate="sum"),
        make_kpi("days", source="activity", expr="cast(at as date)", aggregate="count_distinct"),
    ]
    expected = by_hand(
        tables,
        """
        WITH dates AS (SELECT unnest([TIMESTAMP '2024-03-01', TIMESTAMP '2024-04-01', TIMESTAMP '2024-05-01 12:30']) AS as_of)
        SELECT customer_id AS unit_id, as_of, sum(amount) FILTER (kind = 'order') AS spend__90d,
            count(*) FILTER (kind = 'order') AS spend__n,
            count(DISTINCT "at"::DATE) FILTER ("at" > as_of - INTERVAL 30 DAY) AS days__30d
        FROM activity JOIN dates ON "at" > as_of - INTERVAL 90 DAY AND "at" <= as_of GROUP BY ALL
        """,
    )
    agree(metrics.evaluate(warehouse, kpis, "customer", DATES, WINDOWS).to_pandas(), expected)


def test_work_and_measures_agree_with_sql_for_people_and_teams(
    warehouse: Warehouse, tables: dict[str, pd.DataFrame], make_kpi: Callable[..., Any]
) -> None:
    kpis = [
        make_kpi("occupancy", source="work", expr="occupancy"),
        make_kpi("promise_kept", source="measures", expr="value"),
    ]
    # values of calendar months: windows of 30 and 90 days are of one and three months
    template = """
        WITH dates AS (SELECT unnest([TIMESTAMP '2024-03-01', TIMESTAMP '2024-04-01', TIMESTAMP '2024-05-01 12:30']) AS as_of),
        w AS (
            SELECT {unit} AS unit_id, as_of, avg(occupancy) FILTER ("to" > as_of - INTERVAL 1 MONTH) AS occupancy__30d,
                avg(occupancy) AS occupancy__90d, count(occupancy) AS occupancy__n
            FROM work JOIN employees USING (employee_id)
            JOIN dates ON "to" > as_of - INTERVAL 3 MONTH AND "to" <= as_of GROUP BY ALL
        ),
        m AS (
            SELECT {unit} AS unit_id, as_of, sum(value * coalesce(n, 1)) / nullif(sum(coalesce(n, 1)), 0) AS promise_kept__90d,
                sum(coalesce(n, 1)) AS promise_kept__n
            FROM measures JOIN employees ON unit_id = employee_id
            JOIN dates ON "to" > as_of - INTERVAL 3 MONTH AND "to" <= as_of
            WHERE unit = 'employee' AND kpi = 'promise_kept' GROUP BY ALL
        )
        SELECT * FROM w FULL JOIN m USING (unit_id, as_of) WHERE unit_id IS NOT NULL
    """
    for grain, unit in (("employee", "employee_id"), ("team", "team_id")):
        expected = by_hand(tables, template.format(unit=unit))
        agree(metrics.evaluate(warehouse, kpis, grain, DATES, WINDOWS).to_pandas(), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["customer", "process", "customer_kind"])
def test_handlers_values_reach_others_through_cases_as_they_were_when_each_opened(
    unit: Any, warehouse: Warehouse, tables: dict[str, pd.DataFrame], make_kpi: Callable[..., Any]
) -> None:
    kpis = [
        make_kpi("occupancy", source="work", expr="occupancy"),
        make_kpi("promise_kept", source="measures", expr="value"),
        make_kpi("stock_ready", source="measures", expr="value"),
    ]
    column, joins = UNITS[unit]
    expected = by_hand(
        tables,
        f"""
        WITH dates AS (SELECT unnest([TIMESTAMP '2024-03-01', TIMESTAMP '2024-04-01', TIMESTAMP '2024-05-01 12:30']) AS as_of),
        handled AS (
            SELECT {column} AS unit_id, opened_at,
                (SELECT occupancy FROM work WHERE work.employee_id = cases.employee_id AND "to" <= opened_at
                    AND occupancy IS NOT NULL ORDER BY "to" DESC LIMIT 1) AS occupancy,
                (SELECT CASE WHEN n IS NULL OR n > 0 THEN value END FROM measures WHERE measures.unit_id = cases.employee_id
                    AND unit = 'employee' AND kpi = 'promise_kept' AND "to" <= opened_at ORDER BY "to" DESC LIMIT 1)
                    AS promise_kept,
                (SELECT CASE WHEN n IS NULL OR n > 0 THEN value END FROM measures
                    WHERE measures.unit_id = coalesce(cases.team_id,
                        (SELECT e.team_id FROM employees AS e WHERE e.employee_id = cases.employee_id))
                    AND unit = 'team' AND kpi = 'stock_ready' AND "to" <= opened_at ORDER BY "to" DESC LIMIT 1)
                    AS stock_ready
            FROM cases {joins}
        )
        SELECT unit_id, as_of, avg(occupancy) AS occupancy__90d, count(occupancy) AS occupancy__n,
            avg(promise_kept) FILTER (opened_at > as_of - INTERVAL 30 DAY) AS promise_kept__30d,
            avg(promise_kept) AS promise_kept__90d, avg(stock_ready) AS stock_ready__90d, count(stock_ready) AS stock_ready__n
        FROM handled JOIN dates ON opened_at > as_of - INTERVAL 90 DAY AND opened_at <= as_of
        WHERE unit_id IS NOT NULL GROUP BY ALL
        """,
    )
    agree(metrics.evaluate(warehouse, kpis, unit, DATES, WINDOWS).to_pandas(), expected)


def test_named_metrics_agree_with_sql(
    warehouse: Warehouse, tables: dict[str, pd.DataFrame], make_kpi: Callable[..., Any]
) -> None:
    kpis = [
        make_kpi(name, source="customers", metric=name)
        for name in ("churn_rate", "retention_rate", "customer_lifetime_value", "key_revenue_share")
    ]
    expected = by_hand(
        tables,
        """
        WITH dates AS (SELECT unnest([TIMESTAMP '2024-03-01', TIMESTAMP '2024-04-01', TIMESTAMP '2024-05-01 12:30']) AS as_of),
        there AS (
            SELECT customer_id, value, as_of, coalesce(left_at <= as_of, FALSE)::INT AS gone
            FROM customers JOIN dates ON joined_at < as_of - INTERVAL 90 DAY
                AND (left_at IS NULL OR left_at > as_of - INTERVAL 90 DAY)
        ),
        served AS (
            SELECT DISTINCT coalesce(cases.team_id, e.team_id) AS unit_id, customer_id, as_of
            FROM cases LEFT JOIN employees AS e USING (employee_id)
            JOIN dates ON opened_at > as_of - INTERVAL 90 DAY AND opened_at <= as_of
        ),
        hazard AS (
            SELECT as_of, (sum(gone) + 0.5) / (count(*) * 90 / 365.25 + 0.5) AS hazard,
                quantile_cont(value, 0.8) FILTER (gone = 0) AS limit_ FROM there GROUP BY as_of
        )
        SELECT unit_id, as_of, avg(gone) AS churn_rate__90d, count(*) AS churn_rate__n, 1 - avg(gone) AS retention_rate__90d,
            avg(value / (hazard + 0.1)) FILTER (gone = 0) AS customer_lifetime_value__90d,
            sum(value) FILTER (gone = 0 AND value >= limit_) / sum(value) FILTER (gone = 0) AS key_revenue_share__90d
        FROM there JOIN served USING (customer_id, as_of) JOIN hazard USING (as_of) WHERE unit_id IS NOT NULL GROUP BY ALL
        """,
    )
    agree(metrics.evaluate(warehouse, kpis, "team", DATES, (90,)).to_pandas(), expected)


def test_the_panel_gives_calendar_months(
    warehouse: Warehouse, tables: dict[str, pd.DataFrame], make_kpi: Callable[..., Any]
) -> None:
    kpis = [make_kpi("cost", expr="cost"), make_kpi("promise_kept", source="measures", expr="value")]
    months = [datetime(2024, 2, 1), datetime(2024, 3, 1)]
    found = metrics.panel(warehouse, kpis, "employee", months).to_pandas()
    expected = by_hand(
        tables,
        """
        WITH months AS (SELECT unnest([TIMESTAMP '2024-02-01', TIMESTAMP '2024-03-01']) AS "from")
        SELECT employee_id AS unit_id, "from", 'cost' AS kpi, avg(cost) AS value, count(cost) AS n
        FROM cases JOIN months ON closed_at > "from" AND closed_at <= "from" + INTERVAL 1 MONTH
        WHERE employee_id IS NOT NULL GROUP BY ALL HAVING count(cost) > 0
        UNION ALL BY NAME
        SELECT unit_id, months."from", kpi, sum(value * coalesce(n, 1)) / sum(coalesce(n, 1)) AS value, sum(coalesce(n, 1)) AS n
        FROM measures JOIN months ON "to" > months."from" AND "to" <= months."from" + INTERVAL 1 MONTH
        WHERE unit = 'employee' GROUP BY ALL HAVING sum(coalesce(n, 1)) > 0
        """,
    )
    keys = ["kpi", "unit_id", "from"]
    found = found.sort_values(keys, ignore_index=True)
    assert set(found["unit"]) == {"employee"}
    assert (found["to"] == found["from"] + pd.DateOffset(months=1)).all()
    pd.testing.assert_frame_equal(
        found[[*keys, "value", "n"]],
        expected.sort_values(keys, ignore_index=True)[[*keys, "value", "n"]],
        check_dtype=False,
        rtol=1e-9,
    )


def by_hand(tables: dict[str, pd.DataFrame], query: str) -> pd.DataFrame:
    with duckdb.connect() as connection:
        for name, frame in tables.items():
            connection.register(name, frame)
        return connection.execute(query).df()


def agree(found: pd.DataFrame, expected: pd.DataFrame, counts: list[str] | None = None) -> None:
    """Compare the columns that the hand-written query gives; counts of nothing are 0, everything else is null."""
    keys = ["unit_id", "as_of"]
    assert len(expected) > 3
    names = [name for name in expected.columns if name not in keys]
    whole = [name for name in names if name.endswith("__n") or name.split("__")[0] in (counts or [])]
    expected[whole] = expected[whole].fillna(0)
    found, expected = (
        frame.dropna(subset=names, how="all").sort_values(keys, ignore_index=True)[[*keys, *names]]
        for frame in (found, expected)
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9)
