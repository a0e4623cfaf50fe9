"""Customers from an export with several rows each, as subscriptions or contracts have: grouped by the customer."""

from __future__ import annotations

from dataclasses import replace

from features.ingest.sql_text import quoted
from features.mapping.guesses import TableGuess
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import Look

__all__ = ["has_several_rows", "one_row_each"]

_MIN_ONE_EACH = 0.99  # of the rows have a customer of their own: those that have not are faults, and checked as such


def has_several_rows(guess: TableGuess, /) -> bool:
    """Whether customers stand in several rows of the export that they are guessed to come from."""
    key = guess.source_of("customer_id")
    return key is not None and guess.look.column(key).unique_share < _MIN_ONE_EACH


def one_row_each(plan: TablePlan, guess: TableGuess, ended: str, /) -> TablePlan:
    """Return customers with one row each: here since the first row began, and until all have ended.

    Parameters
    ----------
    guess : TableGuess
        What the plan was made of.
    ended : str
        SQL of when a row ended, null where it goes on; empty where no column says so.

    Notes
    -----
    Money is that of the rows that go on, or of the last that ended; segment and attributes are those of the first row,
    as they were known when the customer came.
    """
    look = guess.look
    key = guess.source_of("customer_id") or ""
    began = guess.source_of("joined_at")
    first = look.column(began).as_time if began is not None else ""
    lines = [_grouped(line, look, first, ended) if line.certainty != "left out" else line for line in plan.lines]
    note = f"{look.name} has several rows a customer: grouped by {key!r}"
    return replace(plan, lines=tuple(lines), after=f"from raw group by {quoted(key)}", note=note)


def _grouped(line: Line, look: Look, first: str, ended: str, /) -> Line:
    if line.column == "customer_id":
        return line
    column = look.column(line.source)
    number = column.as_number if line.sql == quoted(line.source) else line.sql
    if line.column == "joined_at":
        sql, why = f"min({first})", "the first of several rows"
    elif line.column == "left_at":
        sql, why = f"case when count(*) = count({ended}) then max({ended}) end", "only where all rows have ended"
    elif line.column == "value" and ended:
        going = f"sum({number}) filter (where {ended} is null)"
        sql, why = f"coalesce({going}, arg_max({number}, {ended}))", "the sum of rows that go on, else the last one's"
    elif line.column == "value":
        sql, why = f"sum({number})", "the sum of several rows"
    elif first:
        sql, why = f"arg_min({line.sql}, {first})", "of the first of several rows"
    else:
        sql, why = f"min({line.sql})", "of several rows"
    return replace(line.doubted(why), sql=sql)
