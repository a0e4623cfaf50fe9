"""An event log read as visits: what each step of a case waited for, how long it was worked on, and from whom it came.

A visit is one stay of a case at a step. Two kinds of log are told apart, row by row:

- With the column ``lifecycle`` (``start`` or ``complete``, as in XES) a start and the next complete of the same case
  and
  step are one visit. The time from the end of what came before until the start is **waiting**, from start to complete
  **work**.
- With one time per row nobody can tell waiting from work. The time since the step before is **elapsed** time, and
  belongs to the step that ends it.

Time counts from the case's opening to its closing and never twice: a visit begins to wait when the last of the earlier
ones has ended. What the log says before the opening or after the closing adds nothing.

PM4Py does more (discovery, conformance), but its licence (AGPL) does not fit in here; see docs/bottlenecks.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.errors import TableError
from features.sql_text import literal
from features.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIFECYCLES", "StepLog", "step_log"]

LIFECYCLES = ("start", "complete")
"""Values of ``case_steps.lifecycle`` that are read; rows with others (suspend, assign, …) are passed over."""


@dataclass(frozen=True)
class StepLog:
    """Visits and cases of one company, as temporary tables of its engine.

    ``step_cases`` has a row per case with steps: ``case_number``, ``case_id``, ``process``, ``customer_id``,
    ``opened``,
    ``closed`` (µs; null while open), ``handle_seconds``, ``first`` and ``last`` (µs, as the log has them),
    ``met_until`` (µs,
    within the case).
    ``step_visits`` has a row per visit: ``case_number``, ``place`` (from 1), ``step``, ``team_id``, ``employee_id``,
    ``process``,
    ``reached`` (µs), ``elapsed`` (seconds that the visit adds to the case), ``waiting`` (seconds before it began;
    where that is
    not told, ``elapsed``), ``wait`` and ``work`` (seconds; null where not told), ``source`` and ``source_team`` (of
    the visit
    before), ``handed_over`` (team or person changed),
    ``team_changed``, ``comes_back`` (the step came before, and another lay between).

    Parameters
    ----------
    engine : object
        The DuckDB connection.
    rows, cases, visits : int
        Rows of the log, cases that have any, and visits made of them.
    orphans, passed_over : int
        Rows whose case is unknown, and rows with another lifecycle than ``start`` and ``complete``.
    """

    engine: Any
    rows: int
    cases: int
    visits: int
    orphans: int
    passed_over: int

    def frame(self, sql: str, /) -> pd.DataFrame:
        """Return the rows of a query."""
        return self.engine.execute(sql).df()

    def run(self, sql: str, /) -> None:
        """Run a statement."""
        self.engine.execute(sql)


def step_log(warehouse: Warehouse, /) -> StepLog:
    """Read the log of a company's cases as visits.

    Parameters
    ----------
    warehouse : Warehouse
        With ``case_steps`` and ``cases``.

    Returns
    -------
    StepLog

    Raises
    ------
    TableError
        If no step belongs to a case of the table ``cases``.
    """
    backend: Any = warehouse["case_steps"].get_backend()
    # a cursor of its own: the warehouse's connection stays as it is, and the temporary tables go with this one
    engine = backend.con.cursor()
    lifecycle = "lower(trim(lifecycle::VARCHAR))" if warehouse.has("case_steps", "lifecycle") else "NULL::VARCHAR"
    for name, query in _KINDS.items():
        engine.execute(f"CREATE TEMP TYPE {name} AS ENUM ({query})")
    engine.execute(_CASES)
    engine.execute(_ROWS.format(lifecycle=lifecycle, known=", ".join(map(literal, LIFECYCLES))))
    engine.execute(_PAIRED)
    engine.execute(_VISITS)
    engine.execute(_KEPT_CASES)
    counts = engine.execute(_COUNTS.format(known=", ".join(map(literal, LIFECYCLES)), lifecycle=lifecycle)).fetchall()
    log = StepLog(engine, *counts[0])
    if not log.cases:
        raise TableError("case_steps.case_id: no step belongs to a case of the table cases; check the ids")
    return log


# texts that repeat are counted as numbers: half the time and memory
_KINDS = {
    "step_process": "SELECT DISTINCT coalesce(process, '') AS name FROM cases ORDER BY name",
    "step_name": "SELECT DISTINCT activity AS name FROM case_steps WHERE activity IS NOT NULL ORDER BY name",
    "step_team": "SELECT DISTINCT team_id AS name FROM case_steps WHERE team_id IS NOT NULL ORDER BY name",
    "step_person": "SELECT DISTINCT employee_id AS name FROM case_steps WHERE employee_id IS NOT NULL ORDER BY name",
}

_CASES = """
CREATE OR REPLACE TEMP TABLE step_all_cases AS
SELECT (row_number() OVER ())::INTEGER AS case_number, case_id, customer_id, coalesce(process, '')::step_process AS
    process, epoch_us(opened_at) AS opened,
    CASE WHEN closed_at IS NOT NULL THEN epoch_us(greatest(closed_at, opened_at)) END AS closed,
    handle_seconds
FROM cases WHERE case_id IS NOT NULL AND opened_at IS NOT NULL
"""

# rows of one moment keep the order that they have in the table
_ROWS = """
CREATE OR REPLACE TEMP TABLE step_rows AS
SELECT c.case_number, s.place, epoch_us(s."at") AS moment, s.activity::step_name AS step,
    s.team_id::step_team AS team_id, s.employee_id::step_person AS employee_id, s.life
FROM (SELECT *, {lifecycle} AS life, row_number() OVER () AS place FROM case_steps) AS s
JOIN step_all_cases AS c ON c.case_id = s.case_id
WHERE s.life IS NULL OR s.life IN ({known})
"""

# a start and the next row of the same case and step, if that is a complete, are one visit
_PAIRED = """
CREATE OR REPLACE TEMP TABLE step_marked AS
SELECT case_number, place, step, coalesce(team_id, CASE WHEN pairs THEN next_team END) AS team_id,
    coalesce(employee_id, CASE WHEN pairs THEN next_employee END) AS employee_id,
    CASE WHEN life = 'start' THEN moment END AS began,
    CASE WHEN pairs THEN next_moment WHEN life = 'start' THEN NULL ELSE moment END AS ended
FROM (
    SELECT *, coalesce(life = 'start' AND next_life = 'complete', FALSE) AS pairs
    FROM (
        SELECT *, lead(life) OVER same AS next_life, lag(life) OVER same AS last_life, lead(moment) OVER same AS
            next_moment,
            lead(team_id) OVER same AS next_team, lead(employee_id) OVER same AS next_employee
        FROM (SELECT * FROM step_rows WHERE life IS NOT NULL)
        WINDOW same AS (PARTITION BY case_number, step ORDER BY moment, place)
    )
    WHERE NOT (life = 'complete' AND coalesce(last_life = 'start', FALSE))
)
UNION ALL
SELECT case_number, place, step, team_id, employee_id, NULL, moment FROM step_rows WHERE life IS NULL
"""

_VISITS = """
CREATE OR REPLACE TEMP TABLE step_visits AS
WITH clamped AS (
    SELECT m.*, c.process, c.opened,
        -- within the case: what lies before its opening or after its closing adds no time
        greatest(c.opened, least(coalesce(began, ended), coalesce(c.closed, 9223372036854775807))) AS enters,
        greatest(c.opened, least(coalesce(ended, began), coalesce(c.closed, 9223372036854775807))) AS leaves
    FROM step_marked AS m JOIN step_all_cases AS c USING (case_number)
),
placed AS (
    SELECT *, row_number() OVER path AS number,
        greatest(opened, coalesce(max(leaves) OVER (path ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), opened))
            AS free,
        lag(step) OVER path AS source, lag(team_id) OVER path AS source_team, lag(employee_id) OVER path AS
            source_employee
    FROM clamped
    WINDOW path AS (PARTITION BY case_number ORDER BY coalesce(began, ended), place)
)
SELECT case_number, number AS place, step, team_id, employee_id, process, leaves AS reached,
    greatest(leaves - free, 0) / 1e6 AS elapsed,
    CASE WHEN began IS NOT NULL THEN greatest(enters - free, 0) ELSE greatest(leaves - free, 0) END / 1e6 AS waiting,
    CASE WHEN began IS NOT NULL THEN greatest(enters - free, 0) / 1e6 END AS wait,
    CASE WHEN began IS NOT NULL AND ended IS NOT NULL THEN (leaves - enters) / 1e6 END AS work,
    source, source_team,
    coalesce(team_id <> source_team, FALSE) AS team_changed,
    coalesce(team_id <> source_team, FALSE) OR coalesce(employee_id <> source_employee, FALSE) AS handed_over,
    coalesce(source <> step, FALSE) AND row_number() OVER (PARTITION BY case_number, step ORDER BY number) > 1 AS
        comes_back
FROM placed
"""

_KEPT_CASES = """
CREATE OR REPLACE TEMP TABLE step_cases AS
SELECT c.*, l.first, l.last, v.met_until, v.explained
FROM step_all_cases AS c
JOIN (SELECT case_number, min(moment) AS first, max(moment) AS last FROM step_rows GROUP BY 1) AS l USING (case_number)
JOIN (SELECT case_number, max(reached) AS met_until, sum(elapsed) AS explained FROM step_visits GROUP BY 1) AS v
    USING (case_number)
"""

_COUNTS = """
SELECT (SELECT count(*) FROM case_steps), (SELECT count(*) FROM step_cases), (SELECT count(*) FROM step_visits),
    (SELECT count(*) FROM case_steps WHERE case_id NOT IN (SELECT case_id FROM step_all_cases)),
    (SELECT count(*) FROM case_steps WHERE ({lifecycle}) NOT IN ({known}))
"""
