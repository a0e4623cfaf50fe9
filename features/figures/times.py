"""The clock on the wall, and months that the data do not hold whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from baton.months import months_later
from features.ingest.sql_text import literal

__all__ = ["Span", "local", "partial_months"]

_MISSING = timedelta(days=2)  # a month that lacks no more than a weekend is whole


@dataclass(frozen=True)
class Span:
    """From when until when the data tell."""

    start: datetime
    end: datetime


def local(time: str, zone: str, /) -> str:
    """Return SQL of a UTC time as the clock on the wall showed it, daylight saving included."""
    return time if zone == "UTC" else f"timezone({literal(zone)}, timezone('UTC', {time}))"


def partial_months(span: Span, delay: timedelta = timedelta(), /) -> set[str]:
    """Return the months, such as ``2026-05``, of which a part is missing.

    Parameters
    ----------
    delay : timedelta
        How long after the start the data are not like later ones.

    Examples
    --------
    >>> sorted(partial_months(Span(datetime(2026, 1, 10), datetime(2026, 3, 30, 18))))
    ['2026-01']
    >>> sorted(partial_months(Span(datetime(2026, 1, 1, 9), datetime(2026, 3, 15)), timedelta(days=20)))
    ['2026-01', '2026-03']
    """
    found = set()
    month = span.start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= span.end:
        following = months_later(month, 1)
        starts_late = span.start + delay - month > _MISSING and span.start + delay > month
        if starts_late or following - span.end > _MISSING:
            found.add(f"{month:%Y-%m}")
        month = following
    return found
