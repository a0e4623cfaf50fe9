"""Periods whose ``to`` is their last day instead of the first of the next: their figures belong to all of that day.

January as "1 to 31 January" would be known before its last day is over. And a label that looks ahead by a whole month
from 31 January, and so to the last of February, would from there look to 28 March and miss what ends on the 31st. Such
periods are read up to the end of their last day.
"""

from __future__ import annotations

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.ingest.sql_text import literal, quoted

__all__ = ["with_whole_days"]

_OWNERS = {"work": ("employee_id",), "measures": ("kpi", "unit", "unit_id")}
_NEARLY_ALL = 0.9
_LEAST = 3  # of fewer steps from one period to the next nothing can be said
_DAY = "INTERVAL 1 DAY"


def with_whole_days(intake: Intake, notes: list[Message], /) -> None:
    """Read periods that name their last day up to its end; what was so read is added to ``notes``.

    A table's periods (of ``measures``: a KPI's) name their last day if nearly all begin and end on calendar days and
    nearly all of them begin a day after the one before ends, or, where few follow on another, are a calendar month,
    quarter, half-year or year less a day.
    """
    for name, owner in _OWNERS.items():
        table = intake.tables.get(name)
        if table is None or not table.rows or not {"from", "to", *owner} <= set(table.plans):
            continue
        kpis = _kpis(intake, table, owner)
        if kpis:
            intake.tables[name] = _later(intake, table, owner, kpis)
            key = "note.inclusive_ends" if name == "work" else "note.inclusive_ends_kpis"
            notes.append(Message(key, {"column": f"{name}.to", "kpis": tuple(sorted(kpis))}))


def _kpis(intake: Intake, table: TypedTable, owner: tuple[str, ...], /) -> list[str]:
    """Return the KPIs whose periods name their last day; of a table without KPIs its own name."""
    kind = quoted("kpi") if "kpi" in owner else literal(table.spec.name)
    of = ", ".join(map(quoted, owner))
    zone = intake.company.tables[table.spec.name].timezone
    begins, ends = (f"timezone({literal(zone)}, timezone('UTC', {quoted(name)}))" for name in ("from", "to"))
    whole = " OR ".join(f"e + {_DAY} = b + INTERVAL {months} MONTH" for months in (1, 3, 6, 12))
    rows = intake.rows(
        f"WITH periods AS (SELECT {kind} AS kind, {begins} AS b, {ends} AS e, "
        f"lead({begins}) OVER (PARTITION BY {of} ORDER BY {quoted('from')}) AS next FROM {table.relation} "
        f"WHERE {quoted('from')} < {quoted('to')}) "
        f"SELECT kind, avg((b = date_trunc('day', b) AND e = date_trunc('day', e))::INT), count(next), "
        f"avg((next = e + {_DAY})::INT), avg(({whole})::INT) FROM periods WHERE kind IS NOT NULL GROUP BY kind"
    )
    found = []
    for name, dated, steps, follow, calendar in rows:
        sure = follow if steps >= _LEAST else calendar
        if dated >= _NEARLY_ALL and (sure or 0.0) >= _NEARLY_ALL:
            found.append(name)
    return found


def _later(intake: Intake, table: TypedTable, owner: tuple[str, ...], kpis: list[str], /) -> TypedTable:
    to = quoted("to")
    listed = ", ".join(map(literal, kpis))
    mine = f"{quoted('kpi')} IN ({listed})" if "kpi" in owner else "TRUE"
    moved = f"CASE WHEN {mine} AND {quoted('from')} < {to} THEN {to} + {_DAY} ELSE {to} END"
    query = f"SELECT * REPLACE ({moved} AS {to}) FROM {table.relation} ORDER BY {ROW}"
    return intake.read_instead(table, f"whole_{table.relation}", query)
