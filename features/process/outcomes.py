"""What came after each case of an event log: whether its customer left, or the outcome that the case itself had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.outcomes import Outcome
from features.ingest.sql_text import quoted
from features.kpis.columns import kpi_column
from features.kpis.evaluate import case_values, has_case_value
from features.process.event_log import StepLog
from features.staging.memberships import memberships
from features.staging.rows_over_time import row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["case_outcomes", "customers_of_long_waits", "exposed_cases"]

_LEFT = """
SELECT c.case_number, (coalesce(p.left_at, TIMESTAMP '9999-01-01')
        <= make_timestamp(coalesce(c.closed, c.met_until)) + INTERVAL {days} DAYS)::INTEGER AS outcome
FROM step_cases AS c JOIN ({people}) AS p ON p.customer_id = c.customer_id
    -- the membership that the case ended in; who was away then has none
    AND (p.membership = 0 OR p.joined_at <= make_timestamp(coalesce(c.closed, c.met_until)))
    AND (p.left_at IS NULL OR p.left_at > make_timestamp(coalesce(c.closed, c.met_until)))
WHERE make_timestamp(coalesce(c.closed, c.met_until)) + INTERVAL {days} DAYS <= TIMESTAMP '{end}'
"""


def case_outcomes(company: Company, catalogue: Catalogue, warehouse: Warehouse, log: StepLog, /) -> str | None:
    """Make the table ``step_outcomes`` (``case_number``, ``outcome``) and return the outcome's name.

    Returns
    -------
    str or None
        ``churn``: the customer left within the horizon after the case ended; those whose horizon is not complete, or
        who had left before, have none. A case outcome: the case's own. None where the company has neither.
    """
    end = warehouse.observed_until.get("customers")
    churn, wanted = company.outcomes.churn, company.outcomes.case
    if churn is not None and churn.rule == "left_at" and end is not None and warehouse.has("customers", "left_at"):
        people = memberships(warehouse).select("customer_id", "joined_at", "left_at", "membership")
        query = _LEFT.format(people=ibis.to_sql(people), days=company.snapshots.horizon_days, end=end)
        log.run(f"CREATE OR REPLACE TEMP TABLE step_outcomes AS {query}")
        return "churn"
    if wanted is None or wanted.metric not in catalogue or not has_case_value(catalogue[wanted.metric]):
        return None
    values = case_values(warehouse, [catalogue[wanted.metric]])
    column = kpi_column(wanted.metric)
    value = quoted(column)
    outcome = value if wanted.low is None else f"({value} <= {wanted.low!r})::INTEGER"
    log.engine.register("step_values", values.select("case_id", column).to_pyarrow())
    log.run(
        f"CREATE OR REPLACE TEMP TABLE step_outcomes AS SELECT case_number, {outcome} AS outcome "
        f"FROM step_cases JOIN step_values USING (case_id) WHERE {value} IS NOT NULL"
    )
    log.engine.unregister("step_values")
    return str(Outcome("case", metric=wanted.metric))


def exposed_cases(log: StepLog, quantile: float, /) -> pd.DataFrame:
    """Return cases with an outcome, and whether their longest wait was long for their process.

    Returns
    -------
    pandas.DataFrame
        ``process``, ``stratum`` (process and month of opening), ``customer_id``, ``long``, ``outcome``.
    """
    return log.frame(
        "WITH longest AS (SELECT case_number, max(waiting) AS waiting FROM step_visits GROUP BY 1), "
        f"limits AS (SELECT process, quantile_cont(waiting, {quantile}) AS step_limit FROM longest JOIN step_cases "
        "USING (case_number) GROUP BY 1) "
        "SELECT c.process::VARCHAR AS process, c.process || strftime(make_timestamp(c.opened), ' %Y-%m') AS stratum, "
        "coalesce(c.customer_id, 'case ' || c.case_id) AS customer_id, "
        "(w.waiting >= l.step_limit AND w.waiting > 0) AS long, o.outcome::DOUBLE AS outcome "
        "FROM step_cases AS c JOIN longest AS w USING (case_number) JOIN limits AS l USING (process) "
        "JOIN step_outcomes AS o USING (case_number) WHERE o.outcome IS NOT NULL ORDER BY c.case_number"
    )


def customers_of_long_waits(
    warehouse: Warehouse, log: StepLog, at_risk: pd.DataFrame | None, outcome: str | None, /
) -> pd.DataFrame:
    """Return, by process and step and by team within, what is known of the customers who met the longest waits.

    Parameters
    ----------
    log : StepLog
        After ``mark_long_waits`` and ``case_outcomes``.
    at_risk : pandas.DataFrame, optional
        ``customer_id`` and ``value_at_risk``.
    outcome : str or None
        As ``case_outcomes`` named it.

    Returns
    -------
    pandas.DataFrame
        ``process``, ``step``, ``team_id``, ``value`` (money a year), ``value_at_risk``, ``left_share`` and
        ``left_share_others`` (of cases that met a long wait there, and of those that did not: the customer left within
        the horizon after it).
    """
    value = _NO_VALUE
    if "customers" in warehouse:
        today = row_then(warehouse, "customers", snapshots.latest(warehouse))
        value = str(ibis.to_sql(today.select("customer_id", "value")))
    log.run(
        "CREATE OR REPLACE TEMP TABLE step_met AS SELECT DISTINCT process, step, k.team_id, customer_id "
        "FROM step_long AS v JOIN step_cases AS c USING (case_number, process), "
        "LATERAL (SELECT NULL AS team_id UNION SELECT v.team_id) AS k WHERE customer_id IS NOT NULL"
    )
    if outcome == "churn":
        left = _LEFT_SHARES
    else:
        left = (
            "SELECT process, step, team_id, NULL::DOUBLE AS left_share, NULL::DOUBLE AS left_share_others "
            "FROM step_met WHERE FALSE"
        )
    if at_risk is None:
        return log.frame(_MONEY.format(value=value, risk=_NO_RISK, left=left))
    log.engine.register("at_risk_rows", at_risk)
    found = log.frame(_MONEY.format(value=value, risk="SELECT customer_id, value_at_risk FROM at_risk_rows", left=left))
    log.engine.unregister("at_risk_rows")
    return found


_MONEY = """
WITH money AS (
    SELECT process, step, team_id, sum(value) AS value, sum(value_at_risk) AS value_at_risk
    FROM step_met LEFT JOIN ({value}) USING (customer_id) LEFT JOIN ({risk}) USING (customer_id) GROUP BY ALL
),
gone AS ({left})
SELECT m.process::VARCHAR AS process, m.step::VARCHAR AS step, m.team_id::VARCHAR AS team_id, value, value_at_risk,
    left_share, left_share_others
FROM money AS m
LEFT JOIN gone AS g ON g.process = m.process AND g.step = m.step AND g.team_id IS NOT DISTINCT FROM m.team_id
"""
_NO_VALUE = "SELECT NULL::VARCHAR AS customer_id, NULL::DOUBLE AS value WHERE FALSE"
_NO_RISK = "SELECT NULL::VARCHAR AS customer_id, NULL::DOUBLE AS value_at_risk WHERE FALSE"
_LEFT_SHARES = """
SELECT process, step, team_id, avg(outcome) FILTER (long) AS left_share,
    avg(outcome) FILTER (NOT long) AS left_share_others
FROM (
    SELECT v.process, v.step, k.team_id, v.case_number, bool_or(v.waiting >= l.step_limit AND v.waiting > 0) AS long,
        any_value(o.outcome) AS outcome
    FROM step_visits AS v JOIN step_limits AS l ON l.process = v.process AND l.step = v.step
    JOIN step_outcomes AS o USING (case_number), LATERAL (SELECT NULL AS team_id UNION SELECT v.team_id) AS k
    GROUP BY ALL
) GROUP BY ALL
"""
