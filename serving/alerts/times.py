"""When a message may go out: quiet hours, digests, and how long to wait after a failure."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from baton.alerts.settings import Alerts, Rule, read_quiet, read_time_of_day

__all__ = ["MAX_WAIT", "back_off", "due_at"]

MAX_WAIT = timedelta(hours=50)
"""Nothing waits longer than for the digest of tomorrow and the end of quiet hours then: what is due later was written
by a clock that has been set back since."""

_FIRST = timedelta(seconds=15)
_LONGEST = timedelta(hours=1)


def due_at(settings: Alerts, rule: Rule, now: datetime, /) -> datetime:
    """Return when an alert of a rule may go out, UTC without zone: now, with its digest, or when quiet hours end."""
    if rule.urgent:
        return now
    zone = ZoneInfo(settings.timezone)
    moment = now
    if rule.digest == "hour":
        moment = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    elif rule.digest == "day":
        moment = _next(read_time_of_day(settings.digest_at), now, zone)
    quiet = read_quiet(settings.quiet)
    if quiet is not None and _is_within(quiet, _local(moment, zone).time()):
        return _next(quiet[1], moment, zone)
    return moment


def back_off(message: str, tries: int, /) -> timedelta:
    """Return how long to wait after a failure: twice as long each time, up to an hour, less up to a quarter.

    The part that is taken off follows from the message's id and the number of the try, so that messages that failed
    together do not come again together, and the same is waited in every process.

    Examples
    --------
    >>> [round(back_off("msg_1", tries).total_seconds()) for tries in (1, 2, 3, 20)]
    [15, 23, 50, 2713]
    """
    full = min(_LONGEST, _FIRST * 2 ** min(tries - 1, 20))
    share = int.from_bytes(hashlib.sha256(f"{message} {tries}".encode()).digest()[:4], "big") / 2**32
    return full * (1 - share / 4)


def _next(of_day: time, after: datetime, zone: ZoneInfo, /) -> datetime:
    """Return the next moment, UTC, at which clocks on walls show a time.

    A time that a change of clocks skips counts as an hour later; one that comes twice counts when it comes first.
    """
    day: date = _local(after, zone).date()
    for ahead in range(3):
        moment = _utc(datetime.combine(day + timedelta(days=ahead), of_day, zone))
        if moment > after:
            return moment
    raise AssertionError("a time of day comes every day")


def _is_within(span: tuple[time, time], at: time, /) -> bool:
    first, last = span
    return first <= at < last if first < last else at >= first or at < last


def _local(moment: datetime, zone: ZoneInfo, /) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone)


def _utc(moment: datetime, /) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
