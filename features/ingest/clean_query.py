"""The query of a clean table: each fault treated, employees pseudonymous, what was known when filled in."""

from __future__ import annotations

from features.ingest.intake import ROW, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.checks import Examination
from features.staging.privacy import SensitiveColumnFilter

__all__ = ["cleaned_query"]

_WEEK = "INTERVAL 7 DAYS"


def cleaned_query(
    found: Examination, column_filter: SensitiveColumnFilter, table: TypedTable, /
) -> tuple[str, set[str]]:
    """Return the query of a clean table, and the columns that the source really had.

    Parameters
    ----------
    column_filter : SensitiveColumnFilter
        Made from the same intake.
    """
    name = table.spec.name
    keep = [
        column for column in table.columns if column in table.spec.names or column not in column_filter.dropped[name]
    ]
    nulled: dict[str, list[str]] = {column: [] for column in keep}
    drops: list[str] = []
    for rule, treatment in found.acted[name]:
        if treatment == "drop":
            drops.append(rule.predicate)
        elif treatment == "null":
            for column in rule.nulls:
                if column in nulled:
                    nulled[column].append(rule.predicate)
    listed = []
    for column in keep:
        expression = quoted(column)
        if column in column_filter.dropped[name]:
            expression = f"CAST(NULL AS {column_filter.sql_type(table, column)})"
        elif nulled[column]:
            tests = " OR ".join(f"coalesce({test}, FALSE)" for test in nulled[column])
            expression = f"CASE WHEN {tests} THEN NULL ELSE {expression} END"
        listed.append(f"{expression} AS {quoted(column)}")
    where = " AND ".join(f"NOT coalesce({test}, FALSE)" for test in [*drops, *column_filter.row_drops(table)]) or "TRUE"
    required = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in table.spec.required) or "TRUE"
    body = f"{', '.join(listed)} WHERE {where}"
    outer = ", ".join(f"{_final(found, column_filter, table, column)} AS {quoted(column)}" for column in keep)
    joins = " ".join(
        f"LEFT JOIN pseudonyms AS p{position} ON p{position}.id = c.{quoted(column)}{condition}"
        for position, (column, condition) in enumerate(column_filter.joins(name))
    )
    present = {column for column in table.plans if column not in column_filter.dropped[name]}
    # a join need not keep the order of rows, and the same inputs must give the same files
    order = f"ORDER BY c.{ROW}" if joins or "SELECT" in body else ""
    numbered = order or ROW in body
    relation = table.relation if numbered else table.unnumbered
    inner = f"SELECT {f'{ROW}, ' if numbered else ''}{', '.join(listed)} FROM {relation} WHERE {where}"
    return f"SELECT {outer} FROM ({inner}) AS c {joins} WHERE {required} {order}", present


def _final(found: Examination, column_filter: SensitiveColumnFilter, table: TypedTable, column: str, /) -> str:
    for position, (person, condition) in enumerate(column_filter.joins(table.spec.name)):
        if column == person:
            other = f"c.{quoted(column)}" if condition else "NULL"
            return f"coalesce(p{position}.pseudonym, {other})"
    if (table.spec.name, column) == ("employees", "hired_at") and column_filter.privacy.pseudonymise:
        # who was hired on which day names people in a team; the month says as much about tenure
        return f"date_trunc('month', c.{quoted(column)})"
    if table.spec.name == "cases" and column == "rated_at":
        rated, known = "(c.csat IS NOT NULL OR c.nps IS NOT NULL) AND c.closed_at IS NOT NULL", f"c.closed_at + {_WEEK}"
        if "cases" in found.ends:
            # it is in the table, so it was known when the table ended; no earlier snapshot sees it for that
            known = (
                f"greatest(c.closed_at, least({known}, TIMESTAMP {literal(found.ends['cases'].isoformat(sep=' '))}))"
            )
        return f"CASE WHEN c.rated_at IS NULL AND {rated} THEN {known} ELSE c.rated_at END"
    return f"c.{quoted(column)}"
