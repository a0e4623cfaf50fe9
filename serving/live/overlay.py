"""Which events count beside a run's tables, and the whole rows that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from baton.contract.sources import TABLES
from features.staging.added_rows import LAID_OVER
from features.staging.own_columns import attribute, is_own

__all__ = ["FORGET_DAYS", "LATE_DAYS", "Kept", "Overlay", "overlay"]

LATE_DAYS = 2
"""What a run should have read by its time and has not, still counts for so long: its source may bring it late."""

FORGET_DAYS = 30
"""Events that a run has read are removed so long after: until then the same event again is known."""

_WEEK = timedelta(days=7)
_ENDS = ("responded_at", "closed_at", "rated_at")

Staged = Callable[[str, str, Collection[str]], list[dict[str, Any]]]
"""From table, column and values to the staged rows that have one of them."""


class Kept(Protocol):
    """An event as it was kept."""

    @property
    def number(self) -> int:
        """Its place among all."""
        ...

    @property
    def table_name(self) -> str:
        """Whose row it is."""
        ...

    @property
    def row(self) -> dict[str, Any]:
        """The columns that it gives."""
        ...

    @property
    def occurred_at(self) -> datetime:
        """When it became so."""
        ...

    @property
    def last_at(self) -> datetime:
        """The latest time that it speaks of."""
        ...

    @property
    def received_at(self) -> datetime:
        """When it came."""
        ...


@dataclass(frozen=True)
class Overlay:
    """What events add to a run's tables.

    Parameters
    ----------
    rows : dict of str to list of dict
        By table, whole rows by column of the warehouse.
    until : dict of str to datetime
        By table, until when it is known.
    counted : dict of str to int
        By table, how many events count.
    by_customer : Counter of str
        By customer, how many events count.
    last_at : datetime or None
        The latest time that an event that counts speaks of.
    read : tuple of int
        Events that the run has read long ago.
    """

    rows: dict[str, list[dict[str, Any]]] = field(repr=False)
    until: dict[str, datetime]
    counted: dict[str, int]
    by_customer: Counter[str] = field(repr=False)
    last_at: datetime | None
    read: tuple[int, ...] = field(repr=False)


def overlay(
    events: Iterable[Kept],
    ends: Mapping[str, datetime],
    read_at: datetime,
    columns: Mapping[str, Sequence[str]],
    staged: Staged,
    /,
) -> Overlay:
    """Return what counts of the events.

    An event counts that came after the run had read its tables, or speaks of a time after their end; one that should be
    in them and is not counts for ``LATE_DAYS`` more.

    Parameters
    ----------
    ends : mapping of str to datetime
        By table, until when the run knows it.
    read_at : datetime
        When the run read its sources, UTC without zone.
    columns : mapping of str to sequence of str
        The columns of the warehouse's tables.
    staged : callable
        Finds staged rows.
    """
    given = sorted(
        (event for event in events if event.table_name in columns), key=lambda event: (event.occurred_at, event.number)
    )
    fresh = {event.number for event in given if _is_new(event, ends, read_at)}
    lately = read_at - timedelta(days=LATE_DAYS)
    counting = [event for event in given if event.number in fresh or event.received_at > lately]
    rows: dict[str, list[dict[str, Any]]] = {}
    used: list[Kept] = []
    for name, key in LAID_OVER.items():
        if name not in columns:
            continue
        some = [event for event in counting if event.table_name == name]
        if key is None:
            rows[name], counted = _things(name, some, columns[name], staged)
        else:
            rows[name], counted = _states(name, key, some, fresh, columns[name], staged)
        used += counted
    until = _until(rows, ends)
    for row in rows.get("cases", ()):
        _settle(row, until.get("cases"))
    owners = {str(row["case_id"]): row["customer_id"] for row in rows.get("cases", ())}
    keep = {event.number for event in used}
    old = read_at - timedelta(days=FORGET_DAYS)
    return Overlay(
        rows,
        until,
        dict(Counter(event.table_name for event in used)),
        Counter(customer for event in used if (customer := _customer(event, owners)) is not None),
        max((event.last_at for event in used), default=None),
        tuple(event.number for event in given if event.number not in keep and event.received_at < old),
    )


def _is_new(event: Kept, ends: Mapping[str, datetime], read_at: datetime, /) -> bool:
    end = ends.get(event.table_name)
    return event.received_at > read_at or (end is not None and event.last_at > end)


def _states(
    name: str, key: str, events: Sequence[Kept], fresh: Collection[int], columns: Sequence[str], staged: Staged, /
) -> tuple[list[dict[str, Any]], list[Kept]]:
    """Lay events over the rows that they change; with a history, over the row that began to hold at the same time."""
    keys = (key, "valid_from") if "valid_from" in columns and name == "customers" else (key,)
    known: dict[str, list[dict[str, Any]]] = {}
    for row in staged(name, key, {str(event.row[key]) for event in events}):
        known.setdefault(str(row[key]), []).append(row)
    made: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
    used = []
    for event in events:
        own = str(event.row[key])
        if event.number not in fresh and own in known:
            continue  # the run has read this, and what its source says since is newer
        rows = made.setdefault(own, {tuple(row.get(part) for part in keys): dict(row) for row in known.get(own, ())})
        given = _typed(name, event.row)
        place = tuple(given.get(part) for part in keys)
        rows[place] = {**dict.fromkeys(columns), **rows.get(place, {}), **given}
        used.append(event)
    return [row for rows in made.values() for row in rows.values()], used


def _things(
    name: str, events: Sequence[Kept], columns: Sequence[str], staged: Staged, /
) -> tuple[list[dict[str, Any]], list[Kept]]:
    """Return what happened and is not staged yet; what differs in nothing is one, unless only its day is known."""
    owner = "case_id" if name == "case_steps" else "customer_id"
    known: dict[str, list[dict[str, Any]]] = {}
    for row in staged(name, owner, {str(event.row[owner]) for event in events}):
        known.setdefault(str(row[owner]), []).append(row)
    rows, used, seen = [], [], Counter[tuple[tuple[str, Any], ...]]()
    for event in events:
        given = _typed(name, event.row)
        same = tuple(sorted((column, value) for column, value in given.items() if value is not None))
        there = sum(all(row.get(column) == value for column, value in same) for row in known.get(str(given[owner]), ()))
        moment = given["at"]
        is_day = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
        seen[same] += 1
        if seen[same] <= there or (seen[same] > 1 and not is_day):
            continue
        rows.append({**dict.fromkeys(columns), **given})
        used.append(event)
    return rows, used


def _typed(name: str, row: Mapping[str, Any], /) -> dict[str, Any]:
    """Return a row with times as times, and users' own columns under their names in the warehouse."""
    found = {}
    for column, value in row.items():
        spec = TABLES[name].column(column)
        is_time = spec is not None and spec.type == "time"
        read = datetime.fromisoformat(value) if is_time and value is not None else value
        found[attribute(column) if is_own(name, column) else column] = read
    return found


def _settle(row: dict[str, Any], end: datetime | None, /) -> None:
    """Treat a case as staging does: what ends before it begins has no end, and a rating without a time has one."""
    opened = row.get("opened_at")
    for later in _ENDS:
        if opened is not None and row.get(later) is not None and row[later] < opened:
            row[later] = None
    closed, is_rated = row.get("closed_at"), row.get("csat") is not None or row.get("nps") is not None
    if row.get("rated_at") is None and is_rated and closed is not None and "rated_at" in row:
        known = closed + _WEEK
        row["rated_at"] = known if end is None else max(closed, min(known, end))


def _until(rows: Mapping[str, list[dict[str, Any]]], ends: Mapping[str, datetime], /) -> dict[str, datetime]:
    until = dict(ends)
    for name, made in rows.items():
        column = TABLES[name].time
        moments = [row[column] for row in made if column is not None and row.get(column) is not None]
        if moments:
            until[name] = max([*moments, *([until[name]] if name in until else [])])
    return until


def _customer(event: Kept, owners: Mapping[str, Any], /) -> str | None:
    found = event.row.get("customer_id") or owners.get(str(event.row.get("case_id")))
    return None if found is None else str(found)
