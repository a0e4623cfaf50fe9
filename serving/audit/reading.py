"""Reading the audit log: newest rows first, what names people unsealed as far as their keys are still there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from baton.errors import OutputError
from serving.audit.sealing import PREFIX, SEALED_DETAIL, ErasedError, UnreadableError, known_keys, sealed_with, unseal
from serving.state.schema import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

__all__ = ["Asked", "Reading", "Row", "actions", "all_rows", "opened", "read"]

Reading = Literal["whole", "erased", "damaged"]


@dataclass(frozen=True)
class Row:
    """A row of the audit log, for people.

    Parameters
    ----------
    at : datetime
        Naive, in UTC.
    actor, person : str or None
        None where they cannot be read any more, or where the row is about no person.
    detail : mapping
        Without what cannot be read any more.
    reading : {"whole", "erased", "damaged"}
        Whether something of it was erased, or is not as it was sealed.
    """

    number: int
    at: datetime
    actor: str | None
    role: str
    action: str
    team: str | None
    person: str | None
    detail: Mapping[str, Any]
    reading: Reading
    digest: str
    signature: str

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can say."""
        return {**vars(self), "at": self.at.isoformat() + "Z", "detail": dict(self.detail)}


@dataclass(frozen=True)
class Asked:
    """Which rows are wanted; what is None does not matter.

    Parameters
    ----------
    person : str, optional
        A pseudonym.
    since, until : datetime, optional
        Naive, in UTC; ``until`` is no longer in.
    before : int, optional
        Rows with smaller numbers only: the last number of the page before.
    """

    action: str | None = None
    user: str | None = None
    team: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def read(session: Session, asked: Asked = Asked(), /, *, limit: int = 100) -> list[Row]:
    """Return the newest rows of those that are asked for."""
    found: list[Row] = []
    for row in all_rows(session, asked):
        found.append(row)
        if len(found) >= limit:
            break
    return found


def actions(session: Session, /) -> list[str]:
    """Return which actions the log has rows of, sorted."""
    from sqlalchemy import select

    return sorted(session.scalars(select(AuditEntry.action).distinct()))


def all_rows(session: Session, asked: Asked = Asked(), /, *, oldest_first: bool = False) -> Iterator[Row]:
    """Return all rows that are asked for, one after the other.

    Raises
    ------
    OutputError
        If somebody has written into the log what is no row.
    """
    try:
        yield from _rows(session, asked, oldest_first)
    except ValueError as error:  # a time that is none
        raise OutputError(
            "the audit log cannot be read: somebody has changed a row; `baton audit verify` says which"
        ) from error


def _rows(session: Session, asked: Asked, oldest_first: bool, /) -> Iterator[Row]:
    keys = known_keys(session)
    order = AuditEntry.number.asc() if oldest_first else AuditEntry.number.desc()
    for entry in session.scalars(_query(asked).order_by(order).execution_options(yield_per=500)):
        row = opened(entry, keys)
        if asked.user in (None, row.actor) and asked.person in (None, row.person):
            yield row


def opened(entry: AuditEntry, keys: Mapping[str, bytes], /) -> Row:
    """Return a row with all that can still be read."""
    states: list[Reading] = ["whole"]

    def open_one(value: Any, name: str) -> Any:
        if sealed_with(value) is None:
            return value
        try:
            return unseal(keys, value, place=f"{entry.number}:{name}")
        except ErasedError:
            states.append("erased")
        except UnreadableError:
            states.append("damaged")
        return None

    def parsed(value: Any) -> dict[str, Any]:
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            states.append("damaged")
        return found if isinstance(found, dict) else {}

    subject, detail = parsed(entry.subject), parsed(entry.detail)
    closed = open_one(detail.pop(SEALED_DETAIL, None), "detail")
    return Row(
        number=entry.number,
        at=entry.at,
        actor=open_one(entry.actor, "actor"),
        role=entry.role,
        action=entry.action,
        team=subject.get("team"),
        person=open_one(subject.get("person"), "person"),
        detail={**detail, **(closed or {})},
        reading=states[-1],
        digest=entry.digest,
        signature=entry.signature,
    )


def _query(asked: Asked, /) -> Select[AuditEntry]:
    """Return what the database can sort out by itself; whose name is sealed is looked at afterwards."""
    from sqlalchemy import or_, select

    query = select(AuditEntry)
    if asked.action is not None:
        query = query.where(AuditEntry.action == asked.action)
    if asked.user is not None:
        query = query.where(or_(AuditEntry.actor == asked.user, AuditEntry.actor.startswith(PREFIX, autoescape=True)))
    if asked.team is not None:
        query = query.where(AuditEntry.subject.endswith(f'"team":{json.dumps(asked.team)}}}', autoescape=True))
    if asked.person is not None:
        query = query.where(AuditEntry.subject.contains(PREFIX, autoescape=True))
    if asked.since is not None:
        query = query.where(AuditEntry.at >= asked.since)
    if asked.until is not None:
        query = query.where(AuditEntry.at < asked.until)
    return query if asked.before is None else query.where(AuditEntry.number < asked.before)
