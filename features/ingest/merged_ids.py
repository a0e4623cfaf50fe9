"""Ids that were merged: the old one is read as the new one in every table, before anything else is looked at.

The table ``merged_ids`` says ``kind`` (customer, employee, team or case), ``old_id`` and ``new_id``; chains are
followed to their end. Where customers, employees, teams or scorecards have rows of both, those of the new id stay, with
the earliest ``joined_at`` and ``hired_at``; what people did and what was done for them is added to the new id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.faults import Fault
from features.quality.tables import column_faults

__all__ = ["with_merged_ids"]

_TABLE = "merged_ids"
_COLUMNS = {"customer_id": "customer", "employee_id": "employee", "team_id": "team", "case_id": "case"}
_OWNERS = {"customers": "customer_id", "employees": "employee_id", "teams": "team_id", "scorecards": "team_id"}
_SINCE = {"customers": "joined_at", "employees": "hired_at"}
_SHOWN = 3


def with_merged_ids(intake: Intake, notes: list[Message], /) -> Iterator[Fault]:
    """Replace merged ids in the tables that were brought in, and yield what is wrong with ``merged_ids``.

    Parameters
    ----------
    intake : Intake
        Loses the table ``merged_ids``; tables in which an id was replaced are read from a copy.
    notes : list of Message
        Receives how many rows were concerned.
    """
    table = intake.tables.pop(_TABLE, None)
    if table is None or not table.rows:
        return
    missing = [fault for fault in column_faults(table, "keep") if fault.stops]
    yield from missing
    if missing:
        return
    rows = intake.rows(
        f"SELECT DISTINCT lower(trim(kind)), old_id, new_id FROM {table.relation} "
        "WHERE old_id IS NOT NULL AND new_id IS NOT NULL AND old_id <> new_id ORDER BY ALL"
    )
    blank = (
        table.rows
        - intake.rows(
            f"SELECT count(*) FROM {table.relation} "
            "WHERE kind IS NOT NULL AND old_id IS NOT NULL AND new_id IS NOT NULL"
        )[0][0]
    )
    if blank:
        yield _fault(Message("fault.merged_blank", {"n": blank}), Message("remedy.fill_in"))
    unknown = sorted({str(kind) for kind, _, _ in rows if kind is not None and kind not in _COLUMNS.values()})
    if unknown:
        what = Message("fault.merged_kind", {"kinds": tuple(map(repr, unknown[:_SHOWN]))})
        yield _fault(what, Message("remedy.write_kinds", {"kinds": tuple(_COLUMNS.values())}))
    merged: dict[tuple[str, str], str] = {}
    torn = set()
    for kind, old, new in rows:
        if merged.setdefault((kind, old), new) != new:
            torn.add((kind, old))
    if torn:
        yield _fault(Message("fault.merged_torn", {"n": len(torn)}), Message("remedy.one_new_id"))
    ends, circles = _followed(merged)
    if circles:
        yield _fault(Message("fault.merged_circle", {"n": circles}), Message("remedy.break_circle"))
    if not (blank or unknown or torn or circles):
        _replace(intake, ends, notes)


def _fault(what: Message, remedy: Message, /) -> Fault:
    return Fault(_TABLE, "", "merged_ids", "error", 1, (), "stop", what, remedy)


def _followed(merged: Mapping[tuple[str, str], str], /) -> tuple[list[tuple[str, str, str]], int]:
    """Return kind, old id and the last id of its chain, and how many ids lead nowhere."""
    ends, circles = [], 0
    for (kind, old), new in merged.items():
        seen, last = {old}, new
        while (kind, last) in merged and last not in seen:
            seen.add(last)
            last = merged[kind, last]
        if last in seen:
            circles += 1
        else:
            ends.append((kind, old, last))
    return ends, circles


def _replace(intake: Intake, ends: list[tuple[str, str, str]], notes: list[Message], /) -> None:
    import pyarrow as pa

    columns = list(zip(*ends, strict=True)) if ends else [(), (), ()]
    names = ("kind", "old_id", "new_id")
    made = pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
    intake.connection.register("merged", made)
    intake.connection.execute("CREATE TABLE merges AS SELECT * FROM merged")
    intake.connection.unregister("merged")
    concerned = set[str]()
    for name, table in list(intake.tables.items()):
        counts = {column: count for column, count in _counts(intake, table).items() if count}
        if counts:
            concerned.add(name)
            counted = (
                Message("note.merged_column", {"column": f"{name}.{column}", "n": count})
                for column, count in counts.items()
            )
            notes.append(Message("note.merged", {"columns": tuple(counted)}))
            intake.tables[name] = _merged(intake, table, list(counts), notes)
    if not concerned:
        notes.append(Message("note.merged_nothing"))


def _condition(column: str, table: TypedTable, row: str, /) -> str:
    """Return when an entry of ``merges`` m is about a column of a row."""
    if table.spec.name == "measures":
        return f"m.kind = {row}.unit AND m.old_id = {row}.unit_id"
    return f"m.kind = {literal(_COLUMNS[column])} AND m.old_id = {row}.{quoted(column)}"


def _counts(intake: Intake, table: TypedTable, /) -> dict[str, int]:
    named = ("unit", "unit_id") if table.spec.name == "measures" else tuple(_COLUMNS)
    columns = [name for name in named if name in table.plans and name in table.spec.names and name != "unit"]
    return {
        column: intake.rows(
            f"SELECT count(*) FROM {table.relation} AS t JOIN merges AS m ON {_condition(column, table, 't')}"
        )[0][0]
        for column in columns
    }


def _merged(intake: Intake, table: TypedTable, columns: list[str], notes: list[Message], /) -> TypedTable:
    relation = f"merged_{table.relation}"
    listed, joins = [], []
    for place, column in enumerate(columns):
        joins.append(f"LEFT JOIN merges AS m{place} ON {_condition(column, table, 't').replace('m.', f'm{place}.')}")
        listed.append(f"coalesce(m{place}.new_id, t.{quoted(column)}) AS {quoted(column)}")
    was = '"baton:was"'  # a name that no column of a user's has
    owner = _OWNERS.get(table.spec.name)
    before = f"t.{quoted(owner)}" if owner in columns else "NULL"
    query = f"SELECT t.* REPLACE ({', '.join(listed)}), {before} AS {was} FROM {table.relation} AS t {' '.join(joins)}"
    if owner in columns:
        query = _survivors(table, str(owner), was, query)
    found = intake.read_instead(table, relation, f"SELECT * EXCLUDE ({was}) FROM ({query}) ORDER BY {ROW}")
    left = intake.rows(f"SELECT count(*) FROM {relation}")[0][0]
    if left == table.rows:
        return found
    notes.append(Message("note.merged_gone", {"n": table.rows - left, "table": table.spec.name}))
    # what cannot be read is counted as how many values of the rows that stay were there to be read
    names = list(table.present)
    counted = ", ".join(["count(*)", *(f"count({quoted(name)})" for name in names)])
    stay = f"{ROW} IN (SELECT {ROW} FROM {relation})"
    _, *present = intake.rows(f"SELECT {counted} FROM {table.known_relation} WHERE {stay}")[0]
    return replace(found, present=dict(zip(names, present, strict=True)))


def _survivors(table: TypedTable, owner: str, was: str, query: str, /) -> str:
    """Return the query without rows of ids that were merged into one that has rows too (else: the last of them)."""
    column, since = quoted(owner), _SINCE.get(table.spec.name)
    first = f"FIRST_VALUE({was}) OVER (PARTITION BY {column} ORDER BY {was} = {column} DESC, {ROW} DESC)"
    kept = "*"
    if since in table.plans:
        time = quoted(str(since))
        own = f"min({time}) OVER (PARTITION BY {column}, {was})"
        # the membership that began first began when the earliest of the merged did
        kept = (
            f"* REPLACE (CASE WHEN {time} IS NULL OR {time} > {own} THEN {time} "
            f"ELSE min({time}) OVER (PARTITION BY {column}) END AS {time})"
        )
    return f"SELECT {kept} FROM ({query}) QUALIFY {was} IS NOT DISTINCT FROM {first}"
