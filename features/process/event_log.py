"""An event log read as visits: what each step of a case waited for, how long it was worked on, and from whom it came.

A visit is one stay of a case at a step. Three kinds of log are distinguished, row by row:

- With a start and an end in one row (``started_at``, ``ended_at``; with one of them, ``at`` is the other) the row is a
  visit. The time from the end of what came before until the start is **waiting**, from start to end **work**.
- With the column ``lifecycle`` (start or complete, as in XES, or what else ``features/process/marks.py`` reads so) a
  start and its complete of the same case and step are one visit (``features/process/pairing.py``). Between suspend and
  resume the step waits.
- With one time per row waiting cannot be distinguished from work. The time since the step before is **elapsed** time,
  and belongs to the step that ends it. So it is behind a start without an end, where only starts are recorded, and
  for visits that lie outside their case as a whole: log and case have two clocks.

Time counts from the case's opening to its closing and never twice: a visit begins to wait when the last of the earlier
ones has ended. What the log says before the opening or after the closing adds nothing.

PM4Py does more (discovery, conformance), but its licence (AGPL) does not fit in here; see docs/bottlenecks.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.errors import TableError
from features.process.marks import mark_sql
from features.process.pairing import PAIRED, ROWS, VISITS, timed_columns
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StepLog", "step_log"]


@dataclass(frozen=True)
class StepLog:
    """Visits and cases of one company, as temporary tables of its engine.

    ``step_cases`` has a row per case with steps: ``case_number``, ``case_id``, ``process``, ``customer_id``,
    ``opened``, ``closed`` (µs; null while open), ``handle_seconds``, ``first`` and ``last`` (µs, as the log has them),
    ``met_until`` (µs, within the case).

    ``step_visits`` has a row per visit: ``case_number``, ``place`` (from 1), ``step``, ``team_id``, ``employee_id``,
    ``process``, ``reached`` (µs), ``elapsed`` (seconds that the visit adds to the case), ``waiting`` (seconds before it
    began; where that is not known, ``elapsed``), ``wait`` (with the time while it was suspended) and ``work`` (seconds;
    null where not known), ``unended``, ``outside`` (see below), ``source`` and ``source_team`` (of the visit before),
    ``handed_over`` (team or person changed), ``team_changed``, ``comes_back`` (the step came before, and another lay
    between).

    Parameters
    ----------
    engine : object
        The DuckDB connection.
    rows, cases, visits : int
        Rows of the log, cases that have any, and visits made of them.
    orphans, passed_over : int
        Rows whose case is unknown, and rows with a mark that says neither start nor end nor pause.
    unended, outside : int
        Visits with a start and no end, and visits that lie outside their case as a whole.
    unmarked : bool
        Whether the log has marks of which none is known, so that it is read as one time per row.
    """

    engine: Any
    rows: int
    cases: int
    visits: int
    orphans: int
    passed_over: int
    unended: int
    outside: int
    unmarked: bool

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
    mark = mark_sql("lifecycle") if warehouse.has("case_steps", "lifecycle") else "NULL::VARCHAR"
    unmarked = _is_unmarked(engine, mark)
    read = f"nullif({mark}, 'other')" if unmarked else mark
    began, ended = timed_columns(*(warehouse.has("case_steps", name) for name in ("started_at", "ended_at")))
    for name, query in _KINDS.items():
        engine.execute(f"CREATE TEMP TYPE {name} AS ENUM ({query})")
    engine.execute(_CASES)
    engine.execute(ROWS.format(mark=read, began=began, ended=ended))
    engine.execute(PAIRED)
    engine.execute(VISITS)
    engine.execute(_KEPT_CASES)
    counts = engine.execute(_COUNTS.format(mark=read, began=began, ended=ended)).fetchall()
    log = StepLog(engine, *counts[0], unmarked=unmarked)
    if not log.cases:
        raise TableError(_nothing(log))
    return log


def _is_unmarked(engine: Any, mark: str, /) -> bool:
    """Whether there are marks, and none of them is known."""
    known, others = engine.execute(
        f"SELECT count(*) FILTER (life <> 'other'), count(*) FILTER (life = 'other') FROM (SELECT {mark} AS life "
        "FROM case_steps)"
    ).fetchall()[0]
    return not known and others > 0


def _nothing(log: StepLog, /) -> str:
    if log.rows > log.orphans:
        return "case_steps.lifecycle: no row says start or complete; correct it or leave the column out"
    return "case_steps.case_id: no step belongs to a case of the table cases; check the ids"


# texts that repeat are counted as numbers: half the time and memory
_KINDS = {
    "step_process": "SELECT DISTINCT coalesce(process, '') AS name FROM cases ORDER BY name",
    "step_name": "SELECT DISTINCT activity AS name FROM case_steps WHERE activity IS NOT NULL ORDER BY name",
    "step_team": "SELECT DISTINCT team_id AS name FROM case_steps WHERE team_id IS NOT NULL ORDER BY name",
    "step_person": "SELECT DISTINCT employee_id AS name FROM case_steps WHERE employee_id IS NOT NULL ORDER BY name",
}

_CASES = """
CREATE OR REPLACE TEMP TABLE step_all_cases AS
SELECT (row_number() OVER ())::INTEGER AS case_number, case_id, customer_id,
    coalesce(process, '')::step_process AS process,
    epoch_us(opened_at) AS opened,
    CASE WHEN closed_at IS NOT NULL THEN epoch_us(greatest(closed_at, opened_at)) END AS closed,
    handle_seconds
FROM cases WHERE case_id IS NOT NULL AND opened_at IS NOT NULL
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
    (SELECT count(*) FROM case_steps WHERE ({mark}) = 'other' AND ({began}) IS NULL AND ({ended}) IS NULL),
    (SELECT count(*) FROM step_visits WHERE unended), (SELECT count(*) FROM step_visits WHERE outside)
"""
