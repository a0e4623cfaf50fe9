"""What rows say of guesses: whether times follow each other, times of day beside dates, and units of durations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb

from baton.contract.sources import TABLES
from features.ingest.sql_text import quoted
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import ColumnLook, first_rows
from features.mapping.meaning import fits_by_meaning
from features.mapping.names import NameFit, column_fits

__all__ = ["seen_in_rows"]

_MAX_EARLY = 0.1  # of the rows may end before they begin: clocks differ, and dates are typed
_MIN_NAMED = 0.6
_MIN_CLOCKS = 0.9
_MAX_CLOCKED = 0.02  # of the dates have a time of day of their own
_UNITS = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0}
_MIN_WITHIN = 0.95  # of the durations lie within their case
_MIN_FILLED = 0.2  # of the case's time is filled by what was done, or the unit cannot be seen
_DURATIONS = ("handle_seconds", "wait_seconds")
_TIMES = ("responded_at", "closed_at", "rated_at", "due_at")
_CONTRACT = frozenset(TABLES["cases"].names)
_CLOCKED = "cast(cast("


def seen_in_rows(plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> TablePlan:
    """Return the plan of cases with what their rows say.

    Parameters
    ----------
    connection : DuckDBPyConnection
        In which the export is.
    """
    opened = next((line for line in plan.lines if line.column == "opened_at" and line.source), None)
    if opened is None or plan.after.startswith("from raw group by"):
        return plan
    plan = _with_clocks(plan, opened)
    plan = replace(plan, lines=tuple(_doubted(line, plan, connection) for line in plan.lines))
    return _with_units(plan, connection)


def _time(plan: TablePlan, column: str, /) -> str | None:
    """Return SQL of a mapped time, None where it is not mapped or cannot be read in one way."""
    line = next((line for line in plan.lines if line.column == column and line.certainty != "left out"), None)
    if line is None:
        return None
    if line.sql.startswith(_CLOCKED):
        return line.sql
    look = plan.look_of(line)
    return look.as_time if look is not None and look.is_time else None


def _doubted(line: Line, plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> Line:
    """Doubt a time that lies before the case's opening in many rows."""
    start, time = _time(plan, "opened_at"), _time(plan, line.column) if line.column in _TIMES else None
    if start is None or time is None:
        return line
    # a date without a time of day is the whole day
    early = connection.execute(
        "SELECT avg(CASE WHEN date_trunc('day', t) < date_trunc('day', o) THEN 1 ELSE 0 END) FROM "
        f"(SELECT {start} AS o, {time} AS t FROM {first_rows(plan.look.relation)}) "
        "WHERE o IS NOT NULL AND t IS NOT NULL"
    ).fetchall()[0][0]
    if early is None or early <= _MAX_EARLY:
        return line
    return line.doubted(f"but {early:.0%} lie before opened_at")


def _with_clocks(plan: TablePlan, opened: Line, /) -> TablePlan:
    """Add times of day that stand in columns of their own to the date of the opening."""
    date = next((one for one in plan.look.columns if one.name == opened.source), None)
    if date is None or not date.is_time or date.clocked > _MAX_CLOCKED:
        return plan
    clocks = dict(_clocks(plan))
    if "opened_at" not in clocks:
        return plan
    start = _clocked(date, clocks["opened_at"].name)
    why = f"{opened.why}; with the time of day in {clocks['opened_at'].name!r}"
    lines = [replace(line, sql=start, why=why) if line is opened else line for line in plan.lines]
    have = {line.column for line in plan.lines if line.certainty != "left out"}
    for name, column in clocks.items():
        if name not in have:
            time = _clocked(date, column.name)
            sql = f"{time} + case when {time} < {start} then interval 1 day else interval 0 day end"
            why = f"the time of day in {column.name!r}, on the date of {date.name!r} or after midnight"
            lines.append(Line(name, sql, why, "likely", column.name))
    used = {column.name for column in clocks.values()}
    lines = [line for line in lines if line.certainty != "left out" or line.source not in used]
    order = {name: place for place, name in enumerate(TABLES["cases"].names)}
    lines.sort(key=lambda line: order.get(line.column, len(order)))
    return replace(plan, lines=tuple(lines))


def _clocked(date: ColumnLook, clock: str, /) -> str:
    return f"{_CLOCKED}{date.as_time} as date) + try_cast({quoted(clock)} as time) as timestamp)"


def _clocks(plan: TablePlan, /) -> Iterator[tuple[str, ColumnLook]]:
    """Yield times of day with what they are the time of, by their names; each once."""
    found: set[str] = set()
    for column in plan.look.columns:
        if column.durations < _MIN_CLOCKS or not all(map(_is_clock, column.values)):
            continue
        fits = column_fits("cases", column.name)
        best = max(("opened_at", "responded_at", "closed_at"), key=lambda name: fits[name].score if name in fits else 0)
        if best in fits and fits[best].score >= _MIN_NAMED and best not in found:
            found.add(best)
            yield best, column


def _is_clock(value: str, /) -> bool:
    parts = value.split(":")
    return len(parts) in {2, 3} and len(parts[0]) == 2 and parts[0].isdigit() and int(parts[0]) < 24


def _with_units(plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> TablePlan:
    """Add durations whose unit no name says, where one unit alone makes them fill the case without going beyond it."""
    start, end = _time(plan, "opened_at"), _time(plan, "closed_at")
    if start is None or end is None:
        return plan
    have = {line.column for line in plan.lines if line.certainty != "left out"}
    factor: float | None = None
    for name in _DURATIONS:
        column = _unitless(plan, name) if name not in have else None
        if column is None:
            continue
        value = f"try_cast(replace(cast({quoted(column.name)} as varchar), ',', '.') as double)"
        if name == "handle_seconds":
            factor = _factor(plan.look.relation, (start, end, value), connection)
        if factor is None:
            return plan
        unit = next(word for word, seconds in _UNITS.items() if seconds == factor)
        why = f"its name has no unit; in {unit} the time from opening to closing holds it, and is not much longer"
        kept = [line for line in plan.lines if line.source != column.name]
        plan = replace(plan, lines=(*kept, Line(name, f"{factor:g} * {value}", why, "likely", column.name)))
    return plan


def _fits(column: ColumnLook, /) -> dict[str, NameFit]:
    return {**fits_by_meaning("cases", column), **column_fits("cases", column.name)}


def _unitless(plan: TablePlan, name: str, /) -> ColumnLook | None:
    """Return the numbers that are called like a duration and have no unit."""
    used = {line.source for line in plan.lines if line.is_mapped and line.column in _CONTRACT}
    scores = {
        column.name: fit.score - fit.rank / 1000
        for column in plan.look.columns
        if column.is_number and column.durations < _MIN_CLOCKS and (column.low or 0) >= 0 and column.name not in used
        if (fit := _fits(column).get(name)) is not None and fit.score >= _MIN_NAMED
    }
    best = max(scores, key=lambda one: scores[one], default=None)
    return plan.look.column(best) if best is not None else None


def _factor(relation: str, sql: tuple[str, str, str], connection: duckdb.DuckDBPyConnection, /) -> float | None:
    start, end, value = sql
    shares = ", ".join(
        f"avg(CASE WHEN v * {unit} <= span * 1.05 + 60 THEN 1 ELSE 0 END), median(v * {unit} / span)"
        for unit in _UNITS.values()
    )
    found = connection.execute(
        f"SELECT {shares} FROM (SELECT epoch({end}) - epoch({start}) AS span, {value} AS v FROM "
        f"{first_rows(relation)}) WHERE span > 0 AND v > 0"
    ).fetchall()[0]
    fitting = [
        unit
        for place, unit in enumerate(_UNITS.values())
        if (found[2 * place] or 0) >= _MIN_WITHIN and (found[2 * place + 1] or 0) >= _MIN_FILLED
    ]
    return fitting[0] if len(fitting) == 1 else None
