"""Periods of tables with a row a unit and period: from two columns, or from one with months or quarters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.ingest.sql_text import literal, quoted
from features.mapping.column_guess import ColumnGuess
from features.mapping.looks import ColumnLook, Look
from features.mapping.writing import comparable

__all__ = ["Period", "period_of"]

_CALLED = re.compile(
    r"\b(month|quarter|period|monat|quartal|mes|mois|mese|trimestre|periodo|période)\b|月|季度|期间|周期", re.IGNORECASE
)
_QUARTERLY = re.compile(r"\b(quarter|quartal|trimestre)\b|季度", re.IGNORECASE)
_MONTH = r"^(\d{4})\s*[-/.年]\s*(0?[1-9]|1[0-2])\s*月?$"
_MONTH_FIRST = r"^(0?[1-9]|1[0-2])\s*[-/.]\s*(\d{4})$"
_MONTH_NAMED = r"^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*[-/., ]+((?:19|20)\d{2})$"
_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"  # DuckDB: a month's place in it says which it is
_QUARTER = r"^(\d{4})\s*[-/年]?\s*[Qq第]\s*([1-4])\s*(季度)?$"
_QUARTER_FIRST = r"^[Qq]([1-4])\s*[-/]?\s*(\d{4})$"


@dataclass(frozen=True)
class Period:
    """When the values of a row begin and end.

    Parameters
    ----------
    begin, end : str
        SQL, of the table ``raw``.
    sources : tuple of (str, str)
        The columns that they are read from.
    """

    begin: str
    end: str
    sources: tuple[str, str]
    why: str


def period_of(look: Look, found: dict[str, ColumnGuess], /) -> Period | None:
    """Return the period of each row, or None where no column says it.

    Parameters
    ----------
    found : dict of str to ColumnGuess
        What the export's columns are of the table of measures.
    """
    both = [look.column(found[name].source) for name in ("from", "to") if name in found]
    if len(both) == 2 and all(column.is_time for column in both):
        begin, end = both
        return Period(_of_raw(begin), _of_raw(end), (begin.name, end.name), "the period's own columns")
    periods = [
        period
        for column in look.columns
        if column.present == column.rows and _CALLED.search(comparable(column.name))
        if (period := _named(column)) is not None
    ]
    return periods[0] if len(periods) == 1 else None


def _of_raw(column: ColumnLook, /) -> str:
    return column.as_time.replace(quoted(column.name), f"raw.{quoted(column.name)}")


def _named(column: ColumnLook, /) -> Period | None:
    """Return the period of a column of months or quarters; None where its values are neither."""
    value = f"trim(cast(raw.{quoted(column.name)} as varchar))"
    if _all(_MONTH, column):
        year, month, long = _part(value, _MONTH, 1), _part(value, _MONTH, 2), 1
    elif _all(_MONTH_FIRST, column):
        year, month, long = _part(value, _MONTH_FIRST, 2), _part(value, _MONTH_FIRST, 1), 1
    elif _all(_MONTH_NAMED, column):
        named = f"regexp_extract({value}, {literal(_MONTH_NAMED)}, 1)"
        year, month, long = _part(value, _MONTH_NAMED, 2), f"(instr({literal(_NAMES)}, {named}) + 2) // 3", 1
    elif _all(_QUARTER, column):
        year, month, long = _part(value, _QUARTER, 1), f"3 * {_part(value, _QUARTER, 2)} - 2", 3
    elif _all(_QUARTER_FIRST, column):
        year, month, long = _part(value, _QUARTER_FIRST, 2), f"3 * {_part(value, _QUARTER_FIRST, 1)} - 2", 3
    elif column.is_time and column.clocked == 0 and _first_days(column):
        long = 3 if _QUARTERLY.search(comparable(column.name)) else 1
        return _lasting(_of_raw(column), long, column.name)
    else:
        return None
    return _lasting(f"cast(make_date({year}, {month}, 1) as timestamp)", long, column.name)


def _lasting(begin: str, months: int, source: str, /) -> Period:
    why = f"{source!r} names {'quarters' if months == 3 else 'months'}"
    return Period(begin, f"{begin} + interval {months} month", (source, source), why)


def _all(pattern: str, column: ColumnLook, /) -> bool:
    return column.distinct == len(column.values) and all(re.search(pattern, value) for value in column.values)


def _first_days(column: ColumnLook, /) -> bool:
    """Whether all dates are first days of months, written as ISO 8601 or as the engine shows its own times."""
    return column.distinct == len(column.values) and all(
        re.match(r"^\d{4}-\d{2}-01( 00:00:00)?$", value) for value in column.values
    )


def _part(value: str, pattern: str, group: int, /) -> str:
    return f"cast(regexp_extract({value}, {literal(pattern)}, {group}) as integer)"
