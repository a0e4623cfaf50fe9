"""Until when each table was observed, and what lies beyond: bookings, announcements, plans and mistyped years.

The end is the last time up to which rows arrive at their usual rate (``arrivals``), never after the extraction or the
clock; ``observed_until`` in the company file decides alone. See docs/decisions for the choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from baton.contract.sources import TABLES
from baton.errors import CompanyFileError
from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.observation.arrivals import MIN_TAIL_DAYS, Arrivals
from features.quality.row_rules import EARLIEST, LATEST, Rule

__all__ = ["EVENTS", "Horizon", "TableTimes", "horizon", "measured"]

EVENTS = ("cases", "activity", "case_steps")
"""Tables whose rows come as things happen: the last of them shows until when anything is known."""

_PERIODS = ("measures", "work")
_ROWS = {**{name: str(TABLES[name].time) for name in (*EVENTS, *_PERIODS)}, "snapshots": "as_of"}
_LATER = {"cases": ("responded_at", "closed_at", "rated_at")}
_STANDING = {
    "customers": ("joined_at", "left_at"),
    "employees": ("hired_at", "left_at"),
    "scorecards": ("valid_from",),
    "coaching_log": ("started_at",),
}
_ANNOUNCED = {
    ("customers", "joined_at"): "fault.joins_later",
    ("customers", "left_at"): "fault.leaves_later",
    ("employees", "hired_at"): "fault.hired_later",
    ("employees", "left_at"): "fault.leaves_later",
    ("scorecards", "valid_from"): "fault.card_later",
    ("coaching_log", "started_at"): "fault.coached_later",
}
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class ColumnTimes:
    """What the times of one column say.

    Parameters
    ----------
    arrivals : Arrivals
        Rows per day, up to the bound.
    first, last : datetime, optional
        First and last of those that are usual.
    latest : datetime, optional
        The last of all up to the bound.
    """

    arrivals: Arrivals
    first: datetime | None = None
    last: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True)
class TableTimes:
    """What the times of one table say.

    Parameters
    ----------
    columns : mapping of str to ColumnTimes
    bound : datetime
        The clock, the extraction or ``observed_until``: nothing later has happened yet.
    given : datetime, optional
        ``observed_until``, where the company file has it.
    due : datetime, optional
        The first time that only the clock keeps out: from then on the table says something else.
    """

    table: TypedTable
    columns: Mapping[str, ColumnTimes]
    bound: datetime
    given: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True)
class Horizon:
    """Where tables end, and which rows lie beyond.

    Parameters
    ----------
    ends : mapping of str to datetime
        Per table: the last moment up to which it is complete.
    rules : mapping of str to list of Rule
        Per table: what lies beyond its end, or long before all else.
    ended : frozenset of str
        Tables of which it is improbable, at their usual rate, that they go on as long as the last one.
    due : datetime, optional
        The first time that only the clock keeps out.
    """

    ends: Mapping[str, datetime] = field(default_factory=dict)
    rules: Mapping[str, list[Rule]] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    due: datetime | None = None


def measured(intake: Intake, table: TypedTable, now: datetime, /) -> TableTimes:
    """Look at the times of one table.

    Parameters
    ----------
    now : datetime
        The clock, UTC without zone.

    Raises
    ------
    CompanyFileError
        If ``observed_until`` or ``extracted_at`` is no date.
    """
    name = table.spec.name
    settings, company = intake.company.tables[name], intake.company.company
    given = _moment(settings.observed_until, f"tables.{name}.observed_until", settings.timezone)
    extracted = [
        moment
        for text, place in (
            (settings.extracted_at, f"tables.{name}.extracted_at"),
            (company.extracted_at, "company.extracted_at"),
        )
        if (moment := _moment(text, place, settings.timezone)) is not None
    ]
    bound = given or min([now, *extracted])
    columns = (_ROWS.get(name, ""), *_LATER.get(name, ()), *_STANDING.get(name, ()))
    found, due = {}, []
    for column in columns:
        plan = table.plans.get(column)
        if plan is None or plan.type != "time" or not table.rows:
            continue
        found[column] = _column(intake, table, column, bound, gaps_alone=name in _LATER and column != _ROWS[name])
        if bound == now:
            where = f"{quoted(column)} > {_sql(now)} AND {quoted(column)} < {LATEST}"
            due.append(intake.rows(f"SELECT min({quoted(column)}) FROM {table.unnumbered} WHERE {where}")[0][0])
    return TableTimes(table, found, bound, given, min((moment for moment in due if moment is not None), default=None))


def horizon(tables: Mapping[str, TableTimes], /, *, leaving_is_dated: bool) -> Horizon:
    """Say where tables end, and what lies beyond.

    Parameters
    ----------
    tables : mapping of str to TableTimes
    leaving_is_dated : bool
        Whether labels are made of ``customers.left_at``: then the customers end where leaving does.
    """
    ends = {name: end for name, times in tables.items() if (end := _own_end(times)) is not None}
    today = _today(ends)
    ended: set[str] = set()
    if "customers" in tables:
        ends |= _customers_end(tables["customers"], today, ended, leaving_is_dated=leaving_is_dated)
    last = max(ends.values(), default=None)
    ended |= {name for name in ends if name != "customers" and last and _is_over(tables[name], name, ends[name], last)}
    rules = {name: list(_rules(times, ends.get(name), today)) for name, times in tables.items()}
    due = min((times.due for times in tables.values() if times.due is not None), default=None)
    return Horizon(ends, rules, frozenset(ended), due)


def _own_end(times: TableTimes, /) -> datetime | None:
    if times.given is not None:
        return times.given
    column = times.columns.get(_ROWS.get(times.table.spec.name, ""))
    return None if column is None else column.last


def _today(ends: Mapping[str, datetime], /) -> datetime | None:
    """Return the last moment of which anything is known."""
    for names in (EVENTS, _PERIODS, ("snapshots",)):
        known = [ends[name] for name in names if name in ends]
        if known:
            return max(known)
    return None


def _is_over(times: TableTimes, name: str, end: datetime, last: datetime, /) -> bool:
    if times.given is not None:
        return end < last
    return times.columns[_ROWS[name]].arrivals.has_ended_before(_day(last))


def _customers_end(
    times: TableTimes, today: datetime | None, ended: set[str], /, *, leaving_is_dated: bool
) -> dict[str, datetime]:
    """Return until when joining and leaving are known: as long as all else, unless that is improbable."""
    if times.given is not None:
        if today is not None and times.given < today:
            ended.add("customers")
        return {"customers": times.given}
    joined, left = times.columns.get("joined_at"), times.columns.get("left_at")
    known = [column for column in (joined, left) if column is not None and column.last is not None]
    if not known:
        return {} if today is None else {"customers": today}
    end = max(_accepted(column, today) for column in known)
    if joined is not None and joined.last is not None and today is not None:
        begun = max(_accepted(joined, today), today)
        if end > begun and joined.arrivals.has_ended_before(_day(end)):
            end = begun  # nobody joins any more: these leavings are announced
    both = _together([column.arrivals for column in known], _day(end))
    if today is not None and end < today:
        if not both.has_ended_before(_day(today)):
            end = today
        else:
            ended.add("customers")
    if leaving_is_dated and left is not None and left.last is not None:
        gone = _accepted(left, end)
        if end - gone >= timedelta(days=MIN_TAIL_DAYS) and _together([left.arrivals], _day(gone)).has_ended_before(
            _day(end)
        ):
            ended.add("customers")
            end = gone
    return {"customers": end}


def _accepted(column: ColumnTimes, today: datetime | None, /) -> datetime:
    """Return the last time that is no plan: usual, or not after what is known of other tables."""
    assert column.last is not None
    if today is None or column.last >= today:
        return column.last
    days = column.arrivals.days[column.arrivals.days <= _day(today)]
    latest = column.latest if column.latest is not None and column.latest <= today else None
    if latest is not None:
        return latest
    return max(column.last, min(today, _EPOCH + timedelta(days=int(days[-1])))) if len(days) else column.last


def _rules(times: TableTimes, end: datetime | None, today: datetime | None, /) -> Iterator[Rule]:
    name = times.table.spec.name
    remedy = Message("remedy.planned", {"table": name})
    for column, found in times.columns.items():
        value = quoted(column)
        if column == _ROWS.get(name):
            if found.first is not None and times.given is None:
                early = f"{value} < {_sql(found.first)} AND {value} >= {EARLIEST}"
                stray = Message("fault.stray_time", {"first": f"{found.first:%Y-%m-%d}"})
                mistyped = Message("remedy.mistyped_year")
                yield Rule("stray_time", column, early, stray, (column,), (column,), mistyped)
            limit = end or times.bound
            planned = Message("fault.planned", {"end": f"{limit:%Y-%m-%d}"})
            yield Rule("planned", column, _after(column, limit), planned, (column,), (column,), remedy)
            continue
        limit = _limit(name, column, found, times, end, today)
        if limit is None:
            continue
        if (name, column) in _ANNOUNCED:
            values = {"end": f"{limit:%Y-%m-%d}", "meaning": Message(_ANNOUNCED[name, column])}
            yield Rule("announced", column, _after(column, limit), Message("fault.announced", values), (), (column,))
        else:
            where = _after(column, limit)
            if end is not None:  # the rest of a row that is planned itself
                where += f" AND {quoted(_ROWS[name])} <= {_sql(end)}"
            planned = Message("fault.planned", {"end": f"{limit:%Y-%m-%d}"})
            yield Rule("planned_time", column, where, planned, (column,), (column,), remedy)


def _limit(
    name: str, column: str, found: ColumnTimes, times: TableTimes, end: datetime | None, today: datetime | None, /
) -> datetime | None:
    """Return after which moment a time that is not the row's own is a plan."""
    known = [moment for moment in (today, end) if moment is not None]
    if times.given is not None:
        return max(known)
    if name in _LATER:
        return max([*known, *([found.last] if found.last is not None else [])], default=None)
    if name == "customers":
        return max(known, default=None)
    # the day is over before another card holds
    return None if today is None else _midnight(today)


def _column(intake: Intake, table: TypedTable, column: str, bound: datetime, /, *, gaps_alone: bool) -> ColumnTimes:
    value = quoted(column)
    within = f"{value} >= {EARLIEST} AND {value} < {LATEST} AND {value} <= {_sql(bound)}"
    rows = intake.rows(
        f"SELECT date_diff('day', DATE '1970-01-01', {value}::DATE), count(*) FROM {table.unnumbered} "
        f"WHERE {within} GROUP BY 1 ORDER BY 1"
    )
    arrivals = Arrivals(np.array([row[0] for row in rows], "int64"), np.array([row[1] for row in rows], "int64"))
    if not len(arrivals):
        return ColumnTimes(arrivals)
    last, first = arrivals.last_regular(gaps_alone=gaps_alone), None
    if not gaps_alone and (begin := arrivals.first_regular()) is not None and begin > arrivals.days[0]:
        first = _EPOCH + timedelta(days=begin)
    assert last is not None
    end = _EPOCH + timedelta(days=last + 1)
    regular, latest = intake.rows(
        f"SELECT max({value}) FILTER ({value} < {_sql(end)}), max({value}) FROM {table.unnumbered} WHERE {within}"
    )[0]
    return ColumnTimes(arrivals, first, regular, latest)


def _together(arrivals: list[Arrivals], until: int, /) -> Arrivals:
    """Add rows per day, up to a day."""
    days = np.unique(np.concatenate([one.days for one in arrivals]))
    counts = np.zeros(len(days), "int64")
    for one in arrivals:
        counts[np.searchsorted(days, one.days)] += one.counts
    kept = days <= until
    return Arrivals(days[kept], counts[kept])


def _after(column: str, moment: datetime, /) -> str:
    return f"{quoted(column)} > {_sql(moment)} AND {quoted(column)} < {LATEST}"


def _sql(moment: datetime, /) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"


def _day(moment: datetime, /) -> int:
    return (moment - _EPOCH).days


def _midnight(moment: datetime, /) -> datetime:
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment if start == moment else start + timedelta(days=1)


def _moment(text: str | None, place: str, timezone: str, /) -> datetime | None:
    """Read a moment of the company file in the table's time zone; a date alone means the end of that day."""
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CompanyFileError(f"{place}: {text!r} is no date; write one like 2024-12-31") from None
    if len(text.strip()) <= len("2024-12-31"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC).replace(tzinfo=None)
