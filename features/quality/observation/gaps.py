"""Months that are missing from a table: nothing was recorded, which is not the same as nothing happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import ibis

from baton.contract.sources import TABLES
from baton.messages.message import Message
from baton.months import month_number, month_start
from features.staging.warehouse import Warehouse

__all__ = ["blind_moments", "gap_warnings", "gaps_of", "missing_months", "rows_by_month"]

_MIN_ROWS = 20
_PERIODS = ("work", "measures")


def missing_months(warehouse: Warehouse, /) -> dict[str, list[datetime]]:
    """Find calendar months in which a table has nothing, though it has rows before and after.

    Returns
    -------
    dict of str to list of datetime
        Firsts of months, per table with a time; tables with fewer than 20 rows in a usual month are not looked at. A
        period that ends at a first of a month belongs to the month before.
    """
    if warehouse.missing is not None:
        return {name: list(months) for name, months in warehouse.missing.items()}
    counts = rows_by_month(warehouse)
    return {name: gaps for name, rows in counts.items() if (gaps := gaps_of(rows))}


def gaps_of(rows: Mapping[int, int], /) -> list[datetime]:
    """Return firsts of the months between others in which a table has nothing; none where it never has much.

    Parameters
    ----------
    rows : mapping of int to int
        Rows by number of the month; months without a row are absent.

    Examples
    --------
    >>> gaps_of({24300: 40, 24302: 40, 24303: 25})
    [datetime.datetime(2025, 2, 1, 0, 0)]
    >>> gaps_of({24300: 4, 24302: 4, 24303: 2})
    []
    """
    if len(rows) < 3 or sorted(rows.values())[len(rows) // 2] < _MIN_ROWS:
        return []
    return [month_start(month) for month in range(min(rows), max(rows)) if month not in rows]


def rows_by_month(warehouse: Warehouse, /) -> dict[str, dict[int, int]]:
    """Return the rows of each table with a time, by number of the month."""
    found = {}
    for name, table in warehouse.tables.items():
        column = TABLES[name].time if name in TABLES else None
        if column is None or not warehouse.has(name, column):
            continue
        moment = table[column] - ibis.interval(seconds=1) if name in _PERIODS else table[column]
        number = month_number(moment.year(), moment.month()).cast("int64")
        counted = table.filter(table[column].notnull()).group_by(month=number).aggregate(rows=ibis._.count())
        found[name] = {row["month"]: row["rows"] for row in counted.to_pyarrow().to_pylist()}
    return found


def blind_moments(months: Sequence[datetime], as_of: Sequence[datetime], window_days: float, /) -> list[datetime]:
    """Return the moments whose window lies in missing months altogether.

    Examples
    --------
    >>> blind_moments([datetime(2026, 3, 1)], [datetime(2026, 4, 1), datetime(2026, 4, 10)], 30)
    [datetime.datetime(2026, 4, 1, 0, 0)]
    """
    missing = {(month.year, month.month) for month in months}

    def blind(end: datetime) -> bool:
        day, last = end - timedelta(days=window_days), end - timedelta(seconds=1)
        while day < last:
            if (day.year, day.month) not in missing:
                return False
            day += timedelta(days=1)
        return (last.year, last.month) in missing

    return [moment for moment in as_of if blind(moment)]


def gap_warnings(warehouse: Warehouse, /) -> list[Message]:
    """Say which months are missing from which table, and what that does."""
    return [
        Message("data.missing_months", {"table": table, "months": tuple(f"{month:%Y-%m}" for month in months)})
        for table, months in missing_months(warehouse).items()
    ]
