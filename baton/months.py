"""Calendar months as numbers, and the same day some months on."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from typing import Any

__all__ = ["DAYS_PER_MONTH", "midnight_after", "month_number", "month_start", "months_later", "whole_months"]

DAYS_PER_MONTH = 30.4
"""A year's days over twelve, rounded: turns a number of days into months where no calendar is at hand."""


def month_number(year: Any, month: Any, /) -> Any:
    """Return the number of a calendar month, counted through the years; numbers, arrays and columns alike.

    Examples
    --------
    >>> month_number(2024, 1) - month_number(2023, 12)
    1
    """
    return year * 12 + month - 1


def month_start(number: int, /) -> datetime:
    """Return the first moment of the month with a number.

    Examples
    --------
    >>> month_start(month_number(2024, 12))
    datetime.datetime(2024, 12, 1, 0, 0)
    """
    return datetime(number // 12, number % 12 + 1, 1)


def midnight_after(moment: datetime, /) -> datetime:
    """Return the midnight by which the day of a moment has ended; midnight itself is one.

    Examples
    --------
    >>> midnight_after(datetime(2024, 12, 31, 9)), midnight_after(datetime(2024, 12, 31))
    (datetime.datetime(2025, 1, 1, 0, 0), datetime.datetime(2024, 12, 31, 0, 0))
    """
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)


def whole_months(first: datetime, end: datetime, /) -> range:
    """Return the numbers of the months between two moments of which no day is missing.

    A month counts from its first day on, whatever the hour: the first row of a day is seldom of midnight.

    Examples
    --------
    >>> [month_start(number).month for number in whole_months(datetime(2024, 1, 2), datetime(2024, 4, 1))]
    [2, 3]
    """
    begin = month_number(first.year, first.month) + (0 if first.day == 1 else 1)
    return range(begin, month_number(end.year, end.month))


def months_later(moment: datetime, months: int, /) -> datetime:
    """Return the same day some months later, or before if negative; or that month's last day.

    Examples
    --------
    >>> months_later(datetime(2024, 3, 31), -1), months_later(datetime(2024, 11, 30), 3)
    (datetime.datetime(2024, 2, 29, 0, 0), datetime.datetime(2025, 2, 28, 0, 0))
    """
    start = month_start(month_number(moment.year, moment.month) + months)
    last = calendar.monthrange(start.year, start.month)[1]
    return moment.replace(year=start.year, month=start.month, day=min(moment.day, last))
