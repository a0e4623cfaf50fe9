"""Ids that differ only in letter case, blanks or leading zeros: probably one thing under two ids.

Within one table 7 and 007 are two; between tables one of them may have lost its zeros.
"""

from __future__ import annotations

from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import quoted
from features.quality.row_rules import Rule

__all__ = ["orphans_by_spelling", "similar_ids", "spelling_sql"]

_OWNERS = ("customers", "cases", "employees", "teams")


def spelling_sql(column: str, /) -> str:
    """Return SQL of an id without what people and systems change in it."""
    return rf"regexp_replace(lower({column}), '\s+', '', 'g')"


def _without_zeros(column: str, /) -> str:
    return rf"regexp_replace({spelling_sql(column)}, '^0+([0-9]+)$', '\1')"


def similar_ids(table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rule for ids of a table that are spelt like another of its ids."""
    if table.spec.name not in _OWNERS or table.spec.key[0] not in table.plans:
        return
    column = quoted(table.spec.key[0])
    spelt = spelling_sql(column)
    twice = (
        f"SELECT {spelt} FROM (SELECT DISTINCT {column} FROM {table.relation} WHERE {column} IS NOT NULL) "
        "GROUP BY 1 HAVING count(*) > 1"
    )
    yield Rule(
        "similar_id",
        table.spec.key[0],
        f"{spelt} IN ({twice})",
        Message("fault.similar_id"),
        shown=(table.spec.key[0],),
        remedy=Message("remedy.similar_id"),
    )


def orphans_by_spelling(intake: Intake, table: TypedTable, column: str, other: TypedTable, /) -> Message | None:
    """Return a remedy where ids that a table does not have would be found there if spelt alike; else nothing."""
    id_column = quoted(other.spec.key[0])
    mine, spelt = quoted(column), _without_zeros(quoted(column))
    orphans = intake.keep(
        f"SELECT {mine} FROM {table.relation} WHERE {mine} IS NOT NULL "
        f"AND {mine} NOT IN (SELECT {id_column} FROM {other.relation} WHERE {id_column} IS NOT NULL)"
    )
    if not intake.rows(f"SELECT 1 FROM {orphans} LIMIT 1"):
        return None
    ids = f"SELECT {_without_zeros(id_column)} FROM {other.relation} WHERE {id_column} IS NOT NULL"
    rows = intake.rows(f"SELECT count(*) FROM {orphans} WHERE {spelt} IN ({ids})")[0][0]
    if not rows:
        return None
    return Message("remedy.orphans_by_spelling", {"n": rows})
