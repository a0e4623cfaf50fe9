"""What values say against a guess: ends that are only planned, beginnings that have an earlier rival, too long work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import duckdb

from features.ingest.sql_text import quoted
from features.mapping.headings import is_afterwards
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import ColumnLook, first_rows

__all__ = ["doubted_ends", "doubted_opening", "doubted_work"]

_MIN_ALL = 0.95  # of the people have an end: hardly all have left
_MIN_ROWS = 20
_PLANNED = timedelta(days=180)  # nobody has left so long after the last one joined
_STARTS = {"customers": "joined_at", "employees": "hired_at"}
_MAX_BEFORE_DAYS = 3  # a case is taken up within so many days as a rule; what lies further back is something else
_MIN_BEFORE = 0.9
_MAX_LONGER = 0.1
_DURATIONS = frozenset({"handle_seconds", "wait_seconds"})


def doubted_ends(plan: TablePlan, /) -> TablePlan:
    """Doubt ends of customers or employees that nearly all of them have, or that lie far ahead: planned ones.

    Parameters
    ----------
    plan : TablePlan
        Of any table.
    """
    end = _mapped(plan, "left_at")
    if plan.table not in _STARTS or end is None or end[1].rows < _MIN_ROWS:
        return plan
    line, column = end
    start = _mapped(plan, _STARTS[plan.table])
    why = ""
    if column.known_share >= _MIN_ALL:
        why = "but nearly all have one: is it when they left, or when a contract ends?"
    elif start is not None and None not in (column.last, start[1].last) and column.last > start[1].last + _PLANNED:
        why = f"but it goes on to {column.last:%Y-%m-%d}: is it when they left, or when a contract ends?"
    return _doubted(plan, line, why) if why else plan


def doubted_opening(plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> TablePlan:
    """Doubt the opening of cases where another time, that is nothing else, lies shortly before it.

    Parameters
    ----------
    plan : TablePlan
        Of cases.
    connection : DuckDBPyConnection
        In which the export is.
    """
    opened = _mapped(plan, "opened_at")
    if opened is None or not opened[1].is_time:
        return plan
    line, column = opened
    for other in _free_times(plan):
        early, median = connection.execute(
            f"SELECT avg(CASE WHEN date_trunc('day', t) <= date_trunc('day', o) THEN 1 ELSE 0 END), "
            f"median(epoch(o) - epoch(t)) FROM (SELECT {column.as_time} AS o, {other.as_time} AS t FROM "
            f"{first_rows(plan.look.relation)}) WHERE o IS NOT NULL AND t IS NOT NULL"
        ).fetchall()[0]
        is_before = 0 < (median or 0) <= _MAX_BEFORE_DAYS * 86_400
        is_finer = median is not None and abs(median) < 86_400 and column.clocked == 0 < other.clocked
        if early is not None and early >= _MIN_BEFORE and (is_before or is_finer):
            what = "has the time of day as well" if is_finer else "lies shortly before it"
            return _doubted(plan, line, f"but {other.name!r} {what}")
    return plan


def doubted_work(plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> TablePlan:
    """Doubt waiting and work that last longer than the whole case.

    Parameters
    ----------
    plan : TablePlan
        Of cases.
    connection : DuckDBPyConnection
        In which the export is.
    """
    ends = [_mapped(plan, name) for name in ("opened_at", "closed_at")]
    if any(one is None or not one[1].is_time for one in ends):
        return plan
    start, end = (one[1].as_time for one in ends if one is not None)
    for line in plan.lines:
        if line.column not in _DURATIONS or line.certainty != "sure" or (look := plan.look_of(line)) is None:
            continue
        if not look.is_number:
            continue
        longer = connection.execute(
            f"SELECT avg(CASE WHEN v > span + 60 THEN 1 ELSE 0 END) FROM (SELECT epoch({end}) - epoch({start}) "
            f"AS span, try_cast({line.sql} AS double) AS v "
            f"FROM {first_rows(plan.look.relation)}) "
            "WHERE span > 0 AND v IS NOT NULL"
        ).fetchall()[0][0]
        if longer is not None and longer > _MAX_LONGER:
            plan = _doubted(plan, line, f"but {longer:.0%} last longer than their case")
    return plan


def _mapped(plan: TablePlan, column: str, /) -> tuple[Line, ColumnLook] | None:
    """Return the line of a column and how what it reads looks; None where it is not read as it stands."""
    line = next((one for one in plan.lines if one.column == column and one.is_mapped), None)
    look = plan.look_of(line) if line is not None and line.sql.removeprefix("raw.") == quoted(line.source) else None
    return (line, look) if line is not None and look is not None else None


def _free_times(plan: TablePlan, /) -> Iterator[ColumnLook]:
    """Yield times that every row has and that are nothing of the contract, by their names nothing of the end either."""
    used = {line.source for line in plan.lines if line.is_mapped}
    for column in plan.look.columns:
        is_full = column.is_time and column.known_share >= _MIN_ALL
        if is_full and column.name not in used and not is_afterwards(column.name):
            yield column


def _doubted(plan: TablePlan, line: Line, why: str, /) -> TablePlan:
    return replace(plan, lines=tuple(one.doubted(why) if one is line else one for one in plan.lines))
