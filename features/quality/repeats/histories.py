"""Says of whom a table has several rows, each holding from a moment on."""

from __future__ import annotations

from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import quoted

__all__ = ["history_notes"]

_HELD = ("customers", "employees")


def history_notes(intake: Intake, table: TypedTable, /) -> list[Message]:
    """Return a note where ``valid_from`` gives customers or employees a history.

    A column of that name in an export may mean something else, and then values of the wrong moment would count.
    """
    name = table.spec.name
    if name not in _HELD or "valid_from" not in table.plans or not table.rows:
        return []
    key = quoted(table.spec.key[0])
    people, rows = intake.rows(
        f"SELECT count(*), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {table.relation} "
        f"WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1)"
    )[0]
    if not people:
        return []
    key = "note.history_customers" if name == "customers" else "note.history_employees"
    return [Message(key, {"people": people, "rows": int(rows)})]
