"""Dates that stand for none: 9999-12-31 for never, 1900-01-01 and 1970-01-01 for what nobody filled in."""

from __future__ import annotations

from features.ingest.sql_text import literal, quoted
from features.ingest.values.casting import CastPlan

__all__ = ["NONE_BETWEEN", "count_sql", "placeholders"]

NONE_BETWEEN = ("1970-01-02", "2079-06-05")
"""A column whose times all lie between these has no placeholder: it need not be looked at further."""

_NEVER = (
    "2099-12-31",
    "2099-01-01",
    "2079-06-06",
    "2199-12-31",
    "2262-04-11",
    "2299-12-31",
    "2999-12-31",
    "2999-01-01",
)
"""Ends of time that programs and people write: of SQL Server's short dates, of pandas, and by hand."""

_NOT_FILLED = ("1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1904-01-01", "1969-12-31", "1970-01-01")
"""Starts of time: of spreadsheets and SQL Server, and of clocks that count from 1970."""

_OLDEST = "1800-01-01"  # 0001-01-01, 1601-01-01, 1677-09-21, 1753-01-01: nothing that Baton reads is as old
_FARTHEST = "3000-01-01"
_AROUND = "INTERVAL 5 YEARS"

_SINCE_EVER = frozenset({"valid_from"})
"""Columns in which an early placeholder has a meaning: what holds since ever."""


def count_sql(plan: CastPlan, /) -> str:
    """Return SQL that counts, for a column of times, each date that may stand for none, and what lies around it.

    Returns
    -------
    str
        A list: rows of ends of time, then per start of time its rows and the other rows within five years.
    """
    column = quoted(plan.column)
    parts = [f"count(*) FILTER ({_never(plan)})"]
    if plan.column not in _SINCE_EVER:
        parts.append(f"count(*) FILTER ({column} < TIMESTAMP '{_OLDEST}')")
        others = " OR ".join(_is(plan, day) for day in _NOT_FILLED)
        for day in _NOT_FILLED:
            around = f"{column} BETWEEN TIMESTAMP '{day}' - {_AROUND} AND TIMESTAMP '{day}' + {_AROUND}"
            parts += [f"count(*) FILTER ({_is(plan, day)})", f"count(*) FILTER ({around} AND NOT ({others}))"]
    return f"[{', '.join(parts)}]"


def placeholders(plan: CastPlan, counted: list[int], /) -> str | None:
    """Return the condition that a time stands for none; None: no row has such a time.

    Parameters
    ----------
    counted : list of int
        What ``count_sql`` counted.
    """
    tests = [_never(plan)] if counted[0] else []
    if len(counted) > 1:
        if counted[1]:
            tests.append(f"{quoted(plan.column)} < TIMESTAMP '{_OLDEST}'")
        for day, rows, around in zip(_NOT_FILLED, counted[2::2], counted[3::2], strict=True):
            # among others of its time it is a day like any: somebody was hired then
            if rows > around:
                tests.append(_is(plan, day))
    return " OR ".join(f"coalesce({test}, FALSE)" for test in tests) or None


def _never(plan: CastPlan, /) -> str:
    dates = " OR ".join(_is(plan, day) for day in _NEVER)
    return f"({quoted(plan.column)} >= TIMESTAMP '{_FARTHEST}' - INTERVAL 1 DAY OR {dates})"


def _is(plan: CastPlan, day: str, /) -> str:
    """Whether a time is of that day, in UTC or in the company's zone."""
    column = quoted(plan.column)
    test = f"{column}::DATE = DATE '{day}'"
    if plan.timezone == "UTC":
        return f"({test})"
    near = f"{column} BETWEEN TIMESTAMP '{day}' - INTERVAL 1 DAY AND TIMESTAMP '{day}' + INTERVAL 2 DAYS"
    local = f"timezone({literal(plan.timezone)}, timezone('UTC', {column}))::DATE = DATE '{day}'"
    return f"({near} AND ({test} OR {local}))"
