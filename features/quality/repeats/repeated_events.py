"""Events that stand in a table twice: rows that were exported twice, or two events that nothing distinguishes.

Events with a time of day that are the same in all columns are one event. Where a table has dates alone, two purchases
of one day look the same: rows are taken as exported twice only where several files hold them, where a whole run of rows
repeats, where nearly all rows are repeated as often, or where a column numbers the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import FILE, ROW, Intake, TypedTable
from features.ingest.sql_text import quoted
from features.quality.row_rules import Rule, row_is_in

__all__ = ["repeated_events"]

_COARSE_MICROSECONDS = 86_400_000_000
"""Times in steps of this, a day, cannot distinguish two events of one moment."""

_MIN_RUN = 5
"""So many repeated rows in a row, each of another event, are a block that was exported again."""

_ALL_BUT = 0.9
"""Where so large a share of the events is repeated equally often, a join or an export has doubled them."""


def repeated_events(intake: Intake, table: TypedTable, shown: tuple[str, ...], /) -> Iterator[Rule]:
    """Yield rules for duplicate events.

    Parameters
    ----------
    intake : Intake
        Receives the table ``repeats_<table>``.
    table : TypedTable
        Without a key, with the time ``at``.
    shown : tuple of str
        Columns shown with the first rows.
    """
    whole = ", ".join(quoted(name) for name in table.columns)
    # rows are compared in full only where their hash repeats
    doubled = intake.keep(f"SELECT hash({whole}) AS event FROM {table.relation} GROUP BY 1 HAVING count(*) > 1")
    if not intake.rows(f"SELECT 1 FROM {doubled} LIMIT 1"):
        return
    repeats = f"repeats_{table.spec.name}"
    intake.connection.execute(
        f"CREATE TABLE {repeats} AS SELECT {ROW}, {FILE}, hash({whole}) AS event, "
        f"row_number() OVER (PARTITION BY {whole} ORDER BY {ROW}) AS place, "
        f"row_number() OVER (PARTITION BY {whole}, {FILE} ORDER BY {ROW}) AS place_in_file "
        f"FROM {table.relation} WHERE hash({whole}) IN (SELECT event FROM {doubled})"
    )
    copies = "place > 1"
    if _is_coarse(intake, table) and not _is_numbered(intake, table):
        copies = _exported_twice(intake, table, repeats)
    copied = row_is_in(f"{repeats} WHERE {copies}")
    yield Rule("duplicate_row", table.columns[0], copied, Message("fault.duplicate_row"), shown=shown)
    yield Rule(
        "repeated_event",
        table.columns[0],
        row_is_in(f"{repeats} WHERE place > 1 AND NOT ({copies})"),
        Message("fault.repeated_event"),
        shown=shown,
        remedy=Message("remedy.repeated_event"),
    )


def _is_coarse(intake: Intake, table: TypedTable, /) -> bool:
    fine = f'epoch_us("at") % {_COARSE_MICROSECONDS} <> 0'
    return not intake.rows(f"SELECT 1 FROM {table.relation} WHERE {fine} LIMIT 1")


def _is_numbered(intake: Intake, table: TypedTable, /) -> bool:
    """Whether a column of the user's has another value for each event, as an id has."""
    for name in table.attributes:
        column = quoted(name)
        events, values = intake.rows(
            f"SELECT count(DISTINCT hash({', '.join(map(quoted, table.columns))})), count(DISTINCT {column}) "
            f"FROM {table.relation} WHERE {column} IS NOT NULL"
        )[0]
        missing = intake.rows(f"SELECT count(*) FROM {table.relation} WHERE {column} IS NULL")[0][0]
        if events and events == values and not missing:
            return True
    return False


def _exported_twice(intake: Intake, table: TypedTable, repeats: str, /) -> str:
    """Return the condition on repeated rows that were exported twice."""
    # in one file an event may occur twice; in two files it is a duplicate
    intake.connection.execute(
        f"CREATE TABLE copied_{repeats} AS SELECT {ROW} FROM ("
        f"SELECT {ROW}, place_in_file, max(place_in_file) OVER (PARTITION BY event ORDER BY {FILE} "
        f"RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier FROM {repeats}) WHERE place_in_file <= earlier"
    )
    repeated, events, evenly = intake.rows(
        f"SELECT (SELECT count(*) FROM {repeats} WHERE place > 1), "
        f"(SELECT count(*) FROM {table.relation}) - (SELECT count(*) FROM {repeats} WHERE place > 1), "
        f"(SELECT max(events) FROM (SELECT count(*) AS events FROM (SELECT event, count(*) AS size FROM {repeats} "
        "GROUP BY 1) GROUP BY size))"
    )[0]
    if evenly >= max(_ALL_BUT * events, 2):
        return "place > 1"
    share = repeated / (repeated + events)
    # so long that chance makes hardly one in twenty tables have one
    run = max(_MIN_RUN, math.ceil(math.log(20 * (repeated + events)) / -math.log(min(share, 0.9))))
    intake.connection.execute(
        f"INSERT INTO copied_{repeats} SELECT {ROW} FROM ("
        f"SELECT *, count(DISTINCT event) OVER (PARTITION BY run) AS different FROM ("
        f"SELECT {ROW}, event, {ROW} - row_number() OVER (ORDER BY {ROW}) AS run FROM {repeats} WHERE place > 1)) "
        f"WHERE different >= {run:d}"
    )
    return f"{ROW} IN (SELECT {ROW} FROM copied_{repeats})"
