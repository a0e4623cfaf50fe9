"""Where the time of cases goes: by step, from step to step, from team to team, and by process.

Everything is one grouping of the visits that ``features/process/event_log.py`` makes; nothing about fewer people than
the policy's ``min_group`` comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from features.process.event_log import StepLog
from features.staging.rows_over_time import row_then
from features.staging.warehouse import Warehouse
from features.training import snapshots

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LONG", "flows", "hand_overs", "mark_long_waits", "processes", "steps"]

LONG = 0.9
"""A wait is long from this quantile of its process and step on, and a case's from this quantile of its process."""

_SHOWN_CASES = 5
_DISAGREES_SHARE = 0.05  # of the case's time, and at least
_DISAGREES_SECONDS = 60


def mark_long_waits(log: StepLog, warehouse: Warehouse, min_group: int, /) -> None:
    """Make the tables that the others read: which waits are long, and which groups are too small to be shown.

    Parameters
    ----------
    warehouse : Warehouse
        Its ``employees``, where it has them, say how many people a team has.
    min_group : int
        The least number of people behind a figure; a step that nobody is named for is nobody's.
    """
    log.run(
        "CREATE OR REPLACE TEMP TABLE step_limits AS SELECT process, step, "
        f"quantile_cont(waiting, {LONG}) AS step_limit FROM step_visits GROUP BY ALL"
    )
    log.run(
        "CREATE OR REPLACE TEMP TABLE step_long AS SELECT v.* FROM step_visits AS v "
        "JOIN step_limits AS l ON l.process = v.process AND l.step = v.step "
        "WHERE v.waiting >= l.step_limit AND v.waiting > 0"
    )
    staff = "SELECT NULL::VARCHAR AS team_id, 0 AS people WHERE FALSE"
    if warehouse.has("employees", "team_id"):
        people = row_then(warehouse, "employees", snapshots.latest(warehouse))
        present = people.filter(people.left_at.isnull()).group_by("team_id")
        staff = str(ibis.to_sql(present.aggregate(people=people.employee_id.nunique())))
    log.run(
        "CREATE OR REPLACE TEMP TABLE step_small_teams AS SELECT team_id FROM ("
        "SELECT v.team_id, coalesce(nullif(count(DISTINCT v.employee_id), 0), max(s.people)) AS people "
        f"FROM step_visits AS v LEFT JOIN ({staff}) AS s ON s.team_id = v.team_id GROUP BY 1) "
        f"WHERE team_id IS NOT NULL AND people < {min_group:d}"
    )
    log.run(
        "CREATE OR REPLACE TEMP TABLE step_small AS SELECT process, step FROM step_visits GROUP BY ALL "
        f"HAVING count(DISTINCT employee_id) BETWEEN 1 AND {min_group - 1:d}"
    )


def steps(log: StepLog, min_group: int, /) -> pd.DataFrame:
    """Return waiting, work, hand-overs and rework by process and step, and by team within them.

    Parameters
    ----------
    log : StepLog
        After ``mark_long_waits``.
    min_group : int
        Nothing is shown over fewer people.

    Returns
    -------
    pandas.DataFrame
        Process × step (``team_id`` null) and process × step × team: ``cases``, ``visits``, ``open_cases`` (that stand
        there now), ``position`` (0 first … 1 last in the case), ``wait_seconds_mean``, ``_median``, ``_p90`` and
        ``work_seconds_mean`` (null where the log has no start), ``elapsed_seconds_mean``, ``_median``, ``_p90``,
        ``share_of_time``, ``rework_share``, ``handoff_share``, ``team_handoff_share``, ``long_seconds`` (from which a
        wait there is long), ``customers`` and ``value`` (of those who met a long wait there), ``case_ids`` (the worst),
        ``hidden``: fewer people than ``min_group``, so no figure but the cases; teams that small are left out.
    """
    log.run(_PLACED)
    return log.frame(_STEPS.format(small=min_group - 1, shown=_SHOWN_CASES))


def flows(log: StepLog, /) -> pd.DataFrame:
    """Return how cases go from step to step.

    Returns
    -------
    pandas.DataFrame
        Process × source × target: ``transitions``, ``cases``, ``wait_seconds_mean``, ``wait_seconds_median`` and
        ``wait_seconds_total`` (before the target began; where that is not known, until it ended), ``handoff_share``,
        ``team_handoff_share``. A null source is the opening, a null target the closing.
    """
    return log.frame(_FLOWS)


def hand_overs(log: StepLog, /) -> pd.DataFrame:
    """Return how cases go from team to team.

    Returns
    -------
    pandas.DataFrame
        Process × step × source_team × team_id: ``transitions``, ``cases``, ``wait_seconds_mean``,
        ``wait_seconds_total``; teams under ``min_group`` are left out.
    """
    return log.frame(_HAND_OVERS)


def processes(log: StepLog, /) -> pd.DataFrame:
    """Return each process' time, and how well the log explains the cases' own.

    Returns
    -------
    pandas.DataFrame
        By process: ``cases``, ``closed_cases``, ``visits_per_case``, ``elapsed_seconds_mean`` (opening to closing),
        ``timed_share`` (of visits whose start is known), ``waiting_share`` and ``work_share`` (of the time in the log;
        null where no start is known), ``handle_share`` (``handle_seconds`` of the time from opening to closing),
        ``explained_share`` (of the time from opening to closing), ``handoffs_per_case``, ``team_handoffs_per_case``,
        ``rework_cases_share``, ``rework_time_share``, ``begins_early_cases``, ``ends_early_cases`` and
        ``ends_late_cases`` (log and case disagree), ``disagreeing_case_ids`` (the worst).
    """
    return log.frame(_PROCESSES.format(share=_DISAGREES_SHARE, seconds=_DISAGREES_SECONDS, shown=_SHOWN_CASES))


_PLACED = """
CREATE OR REPLACE TEMP TABLE step_places AS
SELECT process, step, avg(CASE WHEN size > 1 THEN (first_place - 1) / (size - 1) ELSE 0.5 END) AS position
FROM (SELECT process, step, case_number, min(place) AS first_place FROM step_visits GROUP BY ALL)
JOIN (SELECT case_number, max(place) AS size FROM step_visits GROUP BY 1) USING (case_number)
GROUP BY ALL
"""

_STEPS = """
WITH grouped AS (
    SELECT process, step, team_id, grouping(team_id) AS whole, count(DISTINCT case_number) AS cases, count(*) AS visits,
        avg(wait) AS wait_seconds_mean, median(wait) AS wait_seconds_median,
        quantile_cont(wait, 0.9) AS wait_seconds_p90,
        avg(work) AS work_seconds_mean, avg(elapsed) AS elapsed_seconds_mean, median(elapsed) AS elapsed_seconds_median,
        quantile_cont(elapsed, 0.9) AS elapsed_seconds_p90, sum(elapsed) AS total, sum(waiting) AS wait_seconds_total,
        avg(comes_back::INTEGER) AS rework_share, avg(handed_over::INTEGER) AS handoff_share,
        avg(team_changed::INTEGER) AS team_handoff_share, count(DISTINCT employee_id) AS people
    FROM step_visits GROUP BY GROUPING SETS ((process, step), (process, step, team_id))
),
standing AS (
    SELECT process, step, team_id, grouping(team_id) AS whole, count(*) AS open_cases
    FROM (
        SELECT v.process, v.step, v.team_id FROM step_visits AS v JOIN step_cases AS c USING (case_number)
        WHERE c.closed IS NULL QUALIFY row_number() OVER (PARTITION BY case_number ORDER BY place DESC) = 1
    ) GROUP BY GROUPING SETS ((process, step), (process, step, team_id))
),
met AS (
    SELECT process, step, team_id, grouping(team_id) AS whole, count(DISTINCT customer_id) AS customers
    FROM step_long JOIN step_cases USING (case_number, process) GROUP BY GROUPING SETS ((process, step), (process,
        step, team_id))
),
worst AS (
    SELECT process, step, team_id, whole, list(case_id ORDER BY worst_place) AS case_ids
    FROM (
        SELECT l.process, l.step, k.team_id, k.whole, c.case_id,
            row_number() OVER (PARTITION BY l.process, l.step, k.team_id, k.whole ORDER BY l.waiting DESC, c.case_id)
                AS worst_place
        FROM step_long AS l JOIN step_cases AS c USING (case_number),
            LATERAL (SELECT NULL AS team_id, 1 AS whole UNION ALL SELECT l.team_id, 0) AS k
        QUALIFY worst_place <= {shown}
    ) GROUP BY ALL
)
SELECT g.process, g.step, g.team_id, s.step IS NOT NULL AS hidden, g.cases, g.visits,
    coalesce(o.open_cases, 0) AS open_cases,
    p.position, g.wait_seconds_mean, g.wait_seconds_median, g.wait_seconds_p90, g.work_seconds_mean,
    g.elapsed_seconds_mean, g.elapsed_seconds_median, g.elapsed_seconds_p90, g.wait_seconds_total,
    g.total / nullif(sum(g.total) FILTER (g.whole = 1) OVER (PARTITION BY g.process), 0) AS share_of_time,
    g.rework_share, g.handoff_share, g.team_handoff_share, l.step_limit AS long_seconds,
    coalesce(m.customers, 0) AS customers, coalesce(w.case_ids, []) AS case_ids
FROM grouped AS g
JOIN step_places AS p ON p.process = g.process AND p.step = g.step
JOIN step_limits AS l ON l.process = g.process AND l.step = g.step
LEFT JOIN step_small AS s ON s.process = g.process AND s.step = g.step
LEFT JOIN standing AS o
    ON o.process = g.process AND o.step = g.step AND o.whole = g.whole AND o.team_id IS NOT DISTINCT FROM g.team_id
LEFT JOIN met AS m
    ON m.process = g.process AND m.step = g.step AND m.whole = g.whole AND m.team_id IS NOT DISTINCT FROM g.team_id
LEFT JOIN worst AS w
    ON w.process = g.process AND w.step = g.step AND w.whole = g.whole AND w.team_id IS NOT DISTINCT FROM g.team_id
WHERE g.whole = 1 OR (
    g.team_id IS NOT NULL AND s.step IS NULL AND g.people NOT BETWEEN 1 AND {small}
    AND g.team_id NOT IN (SELECT team_id FROM step_small_teams)
)
ORDER BY g.process, p.position, g.step, g.team_id NULLS FIRST
"""

_FLOWS = """
WITH moves AS (
    SELECT process, source, step AS target, case_number, waiting, handed_over, team_changed FROM step_visits
    UNION ALL
    SELECT c.process, v.step, NULL, c.case_number, (c.closed - c.met_until) / 1e6, FALSE, FALSE
    FROM step_cases AS c JOIN (
        SELECT case_number, step FROM step_visits QUALIFY row_number() OVER (PARTITION BY case_number ORDER BY place
            DESC) = 1
    ) AS v USING (case_number) WHERE c.closed IS NOT NULL
)
SELECT m.process, m.source, m.target, count(*) AS transitions, count(DISTINCT case_number) AS cases,
    CASE WHEN s.step IS NULL THEN avg(waiting) END AS wait_seconds_mean,
    CASE WHEN s.step IS NULL THEN median(waiting) END AS wait_seconds_median,
    CASE WHEN s.step IS NULL THEN sum(waiting) END AS wait_seconds_total,
    CASE WHEN s.step IS NULL THEN avg(handed_over::INTEGER) END AS handoff_share,
    CASE WHEN s.step IS NULL THEN avg(team_changed::INTEGER) END AS team_handoff_share
FROM moves AS m LEFT JOIN step_small AS s ON s.process = m.process AND s.step = m.target
GROUP BY m.process, m.source, m.target, s.step
ORDER BY m.process, transitions DESC, m.source, m.target
"""

_HAND_OVERS = """
SELECT v.process, v.step, v.source_team, v.team_id, count(*) AS transitions, count(DISTINCT case_number) AS cases,
    avg(waiting) AS wait_seconds_mean, sum(waiting) AS wait_seconds_total
FROM step_visits AS v
WHERE team_changed AND team_id NOT IN (SELECT team_id FROM step_small_teams)
    AND source_team NOT IN (SELECT team_id FROM step_small_teams)
    AND (process, step) NOT IN (SELECT (process, step) FROM step_small)
GROUP BY ALL ORDER BY wait_seconds_total DESC, process, step, source_team, team_id
"""

_PROCESSES = """
WITH per_case AS (
    SELECT *, (closed - opened) / 1e6 AS lasted, (opened - first) / 1e6 AS early, (closed - last) / 1e6 AS tail,
        greatest({share} * (closed - opened) / 1e6, {seconds}) AS allowed
    FROM step_cases
),
visits AS (
    SELECT process, count(*) AS visits, avg((wait IS NOT NULL)::INTEGER) AS timed_share, sum(elapsed) AS total,
        sum(waiting) AS wait_seconds_total, sum(wait) AS waited, sum(greatest(elapsed - wait, 0)) FILTER (work IS NOT
            NULL) AS worked,
        sum(handed_over::INTEGER) AS handoffs, sum(team_changed::INTEGER) AS team_handoffs,
        count(DISTINCT case_number) FILTER (comes_back) AS rework_cases, sum(elapsed) FILTER (comes_back) AS rework_time
    FROM step_visits GROUP BY 1
),
cases AS (
    SELECT process, count(*) AS cases, count(closed) AS closed_cases, avg(lasted) AS elapsed_seconds_mean,
        sum(handle_seconds) FILTER (lasted IS NOT NULL) / nullif(sum(lasted) FILTER (handle_seconds IS NOT NULL), 0)
            AS handle_share,
        sum(explained) FILTER (lasted IS NOT NULL) / nullif(sum(lasted), 0) AS explained_share,
        count(*) FILTER (early > {seconds}) AS begins_early_cases, count(*) FILTER (tail > allowed) AS ends_early_cases,
        count(*) FILTER (-tail > allowed) AS ends_late_cases
    FROM per_case GROUP BY 1
),
named AS (
    SELECT process, list(case_id ORDER BY place) AS disagreeing_case_ids
    FROM (
        SELECT process, case_id,
            row_number() OVER (PARTITION BY process ORDER BY greatest(early, abs(tail)) DESC, case_id) AS place
        FROM per_case WHERE early > {seconds} OR abs(tail) > allowed QUALIFY place <= {shown}
    ) GROUP BY 1
)
SELECT c.*, v.visits / c.cases AS visits_per_case, v.timed_share, v.wait_seconds_total,
    v.waited / nullif(v.total, 0) AS waiting_share, v.worked / nullif(v.total, 0) AS work_share,
    v.handoffs / c.cases AS handoffs_per_case, v.team_handoffs / c.cases AS team_handoffs_per_case,
    v.rework_cases / c.cases AS rework_cases_share,
    coalesce(v.rework_time, 0) / nullif(v.total, 0) AS rework_time_share,
    coalesce(n.disagreeing_case_ids, []) AS disagreeing_case_ids
FROM cases AS c JOIN visits AS v USING (process) LEFT JOIN named AS n USING (process)
ORDER BY v.wait_seconds_total DESC, process
"""
