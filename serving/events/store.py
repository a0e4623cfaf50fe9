"""Events as they are kept: a batch in one transaction with its line in the audit log, each event once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from baton.errors import RequestError
from serving.access.principal import Principal
from serving.audit.log import Entry, Recorder
from serving.events.rows import KEYS, CheckedRow
from serving.state.clock import utc_now
from serving.state.schema import Event
from serving.state.store import State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["EventConflict", "EventStore", "NewEvent", "content_of"]

_AT_ONCE = 500  # ids in one question to the database


class EventConflict(RequestError):
    """An event came before with the same id and other content."""


@dataclass(frozen=True)
class NewEvent:
    """An event whose row fits.

    Parameters
    ----------
    content : str
        Digest of what was sent (``content_of``).
    occurred_at : datetime or None
        When it became so; None: when it arrives.
    """

    event_id: str
    table: str
    content: str
    row: CheckedRow
    occurred_at: datetime | None = None


def content_of(table: str, row: Mapping[str, Any], occurred_at: str | None, /) -> str:
    """Return the digest of an event as it was sent: the same again is the same event, whatever the order of columns."""
    text = json.dumps([table, row, occurred_at], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class EventStore:
    """Events of one company.

    Parameters
    ----------
    state : State
        Its database has the events.
    record : callable
        Writes a line of the audit log: ``AuditLog.append``.
    now : callable
        The time, UTC without zone.
    """

    def __init__(self, state: State, record: Recorder, *, now: Callable[[], datetime] = utc_now) -> None:
        self._state = state
        self._record = record
        self._now = now

    def keep(self, principal: Principal, events: Sequence[NewEvent], /) -> list[bool]:
        """Keep what is new of a batch: all of it, or nothing.

        Returns
        -------
        list of bool
            Whether each was new; False: the same was kept before.

        Raises
        ------
        EventConflict
            If one came before, or comes twice, with other content; its field says which.
        OutputError
            If they cannot be kept.
        """
        with self._state.writing() as session:
            known = _contents(session, principal.user, [event.event_id for event in events])
            fresh: list[bool] = []
            now = self._now()
            for place, event in enumerate(events):
                content = known.get(event.event_id)
                if content is not None and content != event.content:
                    why = "an event with this id came before, with another row; give what is new an id of its own"
                    raise EventConflict(why, f"events[{place}].event_id")
                fresh.append(content is None)
                if content is None:
                    known[event.event_id] = event.content
                    session.add(_kept(principal, event, now))
            if any(fresh):
                counted = Counter(event.table for event, is_new in zip(events, fresh, strict=True) if is_new)
                detail = {"events": dict(sorted(counted.items())), "known": fresh.count(False)}
                self._record(session, Entry("events.keep", principal, detail=detail))
        return fresh

    def rows_of(self, table: str, ids: Collection[str], /) -> set[str]:
        """Return which ids of a table's rows some event has brought."""
        from sqlalchemy import select

        listed, found = sorted(ids), set[str]()
        with self._state.reading() as session:
            for start in range(0, len(listed), _AT_ONCE):
                some = listed[start : start + _AT_ONCE]
                asked = select(Event.row_key).where(Event.row_key.in_(some), Event.table_name == table)
                found |= {key for key in session.scalars(asked) if key is not None}
        return found

    def after(self, number: int, /) -> list[Event]:
        """Return the events beyond a number, in the order in which they were kept."""
        from sqlalchemy import select

        with self._state.reading() as session:
            return list(session.scalars(select(Event).where(Event.number > number).order_by(Event.number)))

    def newest(self) -> int:
        """Return the number of the newest event; 0 where there never was one."""
        from sqlalchemy import func, select

        with self._state.reading() as session:
            return session.scalar(select(func.max(Event.number))) or 0

    def forget(self, numbers: Collection[int], /) -> None:
        """Remove events that a run has read long ago, but the newest: SQLite would begin again to count from 1."""
        from sqlalchemy import delete

        listed = sorted(set(numbers) - {self.newest()})
        with self._state.writing() as session:
            for start in range(0, len(listed), _AT_ONCE):
                session.execute(delete(Event).where(Event.number.in_(listed[start : start + _AT_ONCE])))


def _contents(session: Session, user: str, ids: Sequence[str], /) -> dict[str, str]:
    from sqlalchemy import select

    found: dict[str, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        asked = select(Event.event_id, Event.content).where(
            Event.user == user, Event.event_id.in_(ids[start : start + _AT_ONCE])
        )
        found.update((name, content) for name, content in session.execute(asked))
    return found


def _kept(principal: Principal, event: NewEvent, now: datetime, /) -> Event:
    times = [moment for moment in (event.row.last_at, event.occurred_at) if moment is not None]
    return Event(
        user=principal.user,
        event_id=event.event_id,
        content=event.content,
        table_name=event.table,
        row_key=event.row.row.get(KEYS.get(event.table, "")),
        row=event.row.row,
        left_out=event.row.left_out,
        employee=event.row.row.get("employee_id"),
        occurred_at=event.occurred_at or now,
        last_at=max(times, default=now),
        received_at=now,
    )
