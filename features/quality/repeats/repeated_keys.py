"""Rows with one key: exact copies, older states of a row that was exported again, and rows that contradict each other.

Which state is the newest is decided by a column that says when the row was last changed; else by the file (of several,
the one whose rows reach furthest, then the last by name); else by how far the row has come (a case that is closed, a
row in which nothing differs but more is filled in). Rows of one key that do not even begin together are not states of
one thing, and where nothing decides which is newer, the run stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from baton.messages.message import Message
from features.ingest.intake import FILE, ROW, Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.row_rules import Rule, row_is_in

__all__ = ["CHANGED", "removed_rows", "repeated_keys"]

CHANGED = (
    "updated_at", "last_updated", "last_updated_at", "update_time", "updated", "updated_on", "last_update",
    "modified_at", "last_modified", "last_modified_at", "modified", "modified_on", "lastmodifieddate",
    "systemmodstamp", "changed_at", "last_changed", "exported_at", "extracted_at", "loaded_at", "version", "revision",
    "更新时间", "修改时间", "最后更新时间", "更新時間", "修改時間",
)  # fmt: skip
"""Names of columns that say when a row was last changed, or its version."""

# names that no column of a user's has
_COPY, _ORDER = '"baton:copy"', '"baton:order"'

_SAME_THING: dict[str, tuple[str, ...]] = {
    "customers": ("joined_at",),
    "cases": ("opened_at", "customer_id"),
    "employees": ("hired_at",),
    "work": ("to",),
    "measures": ("to",),
}
"""Columns in which the states of one row agree where they are known; ids may be given again."""

_PROGRESS: dict[str, tuple[str, ...]] = {
    "customers": ("left_at",),
    "cases": ("responded_at", "closed_at", "rated_at"),
    "employees": ("left_at",),
}
"""Columns that are filled in as time goes by."""


def repeated_keys(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield rules for rows whose key another row has: copies, older states, and contradictions.

    Parameters
    ----------
    intake : Intake
        Receives the table ``repeats_<table>``.
    table : TypedTable
        With a key.
    """
    key = ", ".join(quoted(name) for name in table.key)
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in table.key if name in table.spec.required)
    doubled = f"SELECT {key} FROM {table.relation} WHERE {present or 'TRUE'} GROUP BY ALL HAVING count(*) > 1"
    if not intake.rows(f"SELECT 1 FROM ({doubled}) LIMIT 1"):
        return
    texts = ", ".join(f"coalesce({quoted(name)}::VARCHAR, '')" for name in table.key)
    whole = ", ".join(quoted(name) for name in table.columns)
    intake.connection.execute(
        f"CREATE TABLE {_repeats(table)} AS WITH doubled AS ("
        f"SELECT {ROW}, {FILE}, {whole}, row_number() OVER (PARTITION BY {whole} ORDER BY {ROW}) AS {_COPY} "
        f"FROM {table.relation} WHERE ({texts}) IN (SELECT ({texts}) FROM ({doubled}))), "
        f"states AS ({_states(intake, table, key)}) "
        f"SELECT d.{ROW}, d.{_COPY} > 1 AS is_copy, coalesce(s.is_known, FALSE) AS is_known, "
        f"coalesce(s.is_newest, FALSE) AS is_newest, coalesce(s.place, 1) AS place "
        f"FROM doubled AS d LEFT JOIN states AS s USING ({ROW})"
    )
    for kind, test, message, remedy in (
        ("duplicate_row", "is_copy", "fault.duplicate_row_of_key", None),
        ("older_state", "NOT is_copy AND is_known AND NOT is_newest", "fault.older_state", None),
        ("duplicate_key", "NOT is_copy AND NOT is_known AND place > 1", "fault.duplicate_key", _remedy(table)),
    ):
        predicate, what = row_is_in(f"{_repeats(table)} WHERE {test}"), Message(message, {"key": table.key})
        yield Rule(kind, table.key[0], predicate, what, shown=table.key, remedy=remedy)


def removed_rows(intake: Intake, table: TypedTable, treatments: Mapping[str, str], /) -> str:
    """Return the predicate of rows that are left out as repeated; FALSE where there are none."""
    if not intake.rows(f"SELECT 1 FROM duckdb_tables() WHERE table_name = {literal(_repeats(table))}"):
        return "FALSE"
    tests = {
        "duplicate_row": "is_copy",
        "older_state": "NOT is_copy AND is_known AND NOT is_newest",
        "duplicate_key": "NOT is_copy AND NOT is_known AND place > 1",
    }
    gone = [test for kind, test in tests.items() if treatments.get(kind) == "drop"]
    return row_is_in(f"{_repeats(table)} WHERE {' OR '.join(f'({test})' for test in gone)}") if gone else "FALSE"


def _repeats(table: TypedTable, /) -> str:
    return f"repeats_{table.spec.name}"


def _remedy(table: TypedTable, /) -> Message:
    if table.spec.name in {"customers", "employees"} and "valid_from" not in table.plans:
        return Message("remedy.say_since_when")
    return Message("remedy.say_newer")


def _states(intake: Intake, table: TypedTable, key: str, /) -> str:
    """Return SQL of the rows that are no copies, and which of their key is the newest where that is known."""
    known = [name for name in table.columns if name in table.plans]
    changed = next((name for name in known if name.lower() in CHANGED and name not in table.key), None)
    others = [quoted(name) for name in known if name not in table.key and name != changed]
    same = [quoted(name) for name in _SAME_THING.get(table.spec.name, ()) if name in table.plans]
    progress = [quoted(name) for name in _PROGRESS.get(table.spec.name, ()) if name in table.plans]
    when = "NULL" if changed is None else _changed(table, changed)
    filled = " + ".join([f"({name} IS NOT NULL)::INTEGER" for name in others] or ["0"])
    advanced = " + ".join([f"({name} IS NOT NULL)::INTEGER" for name in progress] or ["0"])
    agree = " AND ".join([f"count(DISTINCT {name}) OVER own <= 1" for name in others] or ["TRUE"])
    any_filled = " + ".join([f"(count({name}) OVER own > 0)::INTEGER" for name in others] or ["0"])
    any_advanced = " + ".join([f"(count({name}) OVER own > 0)::INTEGER" for name in progress] or ["0"])
    together = " AND ".join([f"count(DISTINCT {name}) OVER own <= 1" for name in same] or ["TRUE"])
    return (
        "SELECT *, "
        # the surest way that gives one newest row of the key
        "CASE WHEN NOT together THEN NULL WHEN when_told THEN changed_rank WHEN file_told THEN file_rank "
        "WHEN advance_told THEN advance_rank WHEN fill_told THEN fill_rank END = 1 AS is_newest, "
        "together AND (when_told OR file_told OR advance_told OR fill_told) AS is_known FROM ("
        "SELECT *, count(changed) OVER own = count(*) OVER own AND count(*) FILTER (changed_rank = 1) OVER own = 1 "
        "AS when_told, count(*) FILTER (file_rank = 1) OVER own = 1 AND max(file_rank) OVER own > 1 AS file_told, "
        "count(*) FILTER (advance_rank = 1) OVER own = 1 AND max(advanced) OVER own = any_advanced AS advance_told, "
        "count(*) FILTER (fill_rank = 1) OVER own = 1 AND max(filled) OVER own = any_filled AND agree AS fill_told "
        "FROM (SELECT *, rank() OVER (own ORDER BY changed DESC NULLS LAST) AS changed_rank, "
        "rank() OVER (own ORDER BY file_order DESC) AS file_rank, rank() OVER (own ORDER BY advanced DESC) AS "
        "advance_rank, rank() OVER (own ORDER BY filled DESC) AS fill_rank FROM ("
        f"SELECT {ROW}, {key}, {when} AS changed, f.{_ORDER} AS file_order, {filled} AS filled, "
        f"{advanced} AS advanced, "
        f"{any_filled} AS any_filled, {any_advanced} AS any_advanced, {agree} AS agree, {together} AS together, "
        f"row_number() OVER (own ORDER BY {ROW}) AS place "
        f"FROM doubled JOIN ({_file_order(table)}) AS f USING ({FILE}) WHERE {_COPY} = 1 "
        f"WINDOW own AS (PARTITION BY {key})) WINDOW own AS (PARTITION BY {key})) WINDOW own AS (PARTITION BY {key}))"
    )


def _changed(table: TypedTable, name: str, /) -> str:
    if table.type_of(name) in {"number", "integer", "time"}:
        return quoted(name)
    return f"TRY_CAST({quoted(name)} AS TIMESTAMP)"


def _file_order(table: TypedTable, /) -> str:
    """Return SQL of the files, from the oldest: by the last time in them, then by name."""
    time = table.spec.time if table.spec.time in table.plans else None
    last = f"max({quoted(time)})" if time else "NULL"
    return (
        f"SELECT {FILE}, row_number() OVER (ORDER BY {last} NULLS FIRST, {FILE}) AS {_ORDER} "
        f"FROM {table.relation} GROUP BY {FILE}"
    )
