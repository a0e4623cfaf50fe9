"""Writing the audit log: one row for each thing that was done, in the transaction in which it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal
from serving.audit.heads import append_head, append_when_committed, read_heads
from serving.audit.reading import Asked, Row, read
from serving.audit.rows import START, as_text, canonical, digest_of
from serving.audit.sealing import PREFIX, SEALED_DETAIL, key_of, seal
from serving.audit.signer import Signer, open_signer
from serving.state.clock import utc_now
from serving.state.schema import AuditEntry
from serving.state.store import State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["OPEN_DETAIL", "AuditLog", "Entry", "Recorder", "append", "newest_row"]

OPEN_DETAIL = frozenset(
    {
        "after", "answered", "before", "clock_back_seconds", "code", "decision", "decisions", "due_at", "key", "kind",
        "late", "model", "move", "moves", "run", "version",
    }
)  # fmt: skip
"""What of ``detail`` stays readable when the person a row is about is erased; all else may name them."""


@dataclass(frozen=True)
class Entry:
    """Something that was done.

    Parameters
    ----------
    action : str
        What was done, such as ``decide`` or ``grant``.
    actor : Principal
        Who did it.
    team : str, optional
        The team it was done to, or that of the person.
    person : str, optional
        The pseudonym of the employee it is about; it and all of ``detail`` but ``OPEN_DETAIL`` are sealed.
    detail : mapping of str to JSON value
        What else is to be known.
    """

    action: str
    actor: Principal
    team: str | None = None
    person: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


Recorder = Callable[["Session", Entry], Any]
"""Writes a line of the audit log in the transaction of the session that it is given: ``AuditLog.append``."""


class AuditLog:
    """The audit log of a state, with the key that signs it.

    Parameters
    ----------
    state : State
        Its database has the log, its folder the key and the heads.
    clock : callable
        Returns the present time.

    Raises
    ------
    OutputError
        If the log has rows and its key is gone or another, or the database cannot be reached.
    """

    def __init__(self, state: State, /, *, clock: Callable[[], datetime] | None = None) -> None:
        self.state = state
        self._clock = clock or utc_now
        with state.writing() as session:  # two that open an empty log make one key
            last = newest_row(session)
            self.signer = open_signer(state.folder, newest=None if last is None else (last.digest, last.signature))
            if last is None and read_heads(state.folder) is None:
                append_head(state.folder, 0, START, self.signer.sign(START), self.now().isoformat())
            elif last is not None and all(head.number != last.number for head in read_heads(state.folder) or ()):
                append_when_committed(session, state.folder, last)  # its writer was ended before it noted it

    def append(self, session: Session, entry: Entry, /) -> AuditEntry:
        """Add a row, inside ``state.writing()``, and note its head beside the database once it is committed."""
        row = append(session, entry, signer=self.signer, now=self.now())
        append_when_committed(session, self.state.folder, row)
        return row

    def read(self, asked: Asked = Asked(), /, *, limit: int = 100) -> list[Row]:  # noqa: B008 - frozen
        """Return the newest rows of those that are asked for, unsealed as far as people's keys are there."""
        with self.state.reading() as session:
            return read(session, asked, limit=limit)

    def now(self) -> datetime:
        """Return the present time, naive in UTC."""
        found = self._clock()
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo is not None else found


def append(session: Session, entry: Entry, /, *, signer: Signer, now: datetime) -> AuditEntry:
    """Add a row; it is kept or lost together with all that the session does.

    Parameters
    ----------
    session : Session
        Of ``State.writing()``: nobody else may write between reading the newest row and the commit.
    now : datetime
        With a zone, or naive in UTC. Earlier than the row before: that row's time is taken, and ``detail`` says by how
        much the clock was back.

    Raises
    ------
    ValueError
        If ``detail`` holds what JSON cannot say, or the key that sealed parts stand under.
    """
    last = newest_row(session)
    number = 1 if last is None else last.number + 1
    at = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo is not None else now
    detail = dict(entry.detail)
    if SEALED_DETAIL in detail:
        raise ValueError(f"detail has the key {SEALED_DETAIL!r}, under which the audit log seals")
    if last is not None and at < last.at:
        detail["clock_back_seconds"] = (last.at - at).total_seconds()
        at = last.at
    row = AuditEntry(
        number=number,
        at=at,
        role=entry.actor.role,
        action=entry.action,
        **_sealed(session, signer, entry, number, detail),
    )
    text = canonical(
        {name: getattr(row, name) for name in ("number", "at", "actor", "role", "action", "subject", "detail")}
    )
    row.digest = digest_of(START if last is None else last.digest, text)
    row.signature = signer.sign(row.digest)
    session.add(row)
    session.flush()
    return row


def newest_row(session: Session, /) -> AuditEntry | None:
    """Return the newest row; None while the log is empty."""
    from sqlalchemy import select

    return session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).first()


def _sealed(session: Session, signer: Signer, entry: Entry, number: int, detail: dict[str, Any], /) -> dict[str, str]:
    """Return the columns that may name a person."""

    def hidden(person: str, value: Any, name: str) -> str:
        key = key_of(session, signer, person)
        assert key is not None
        return seal(key, value, place=f"{number}:{name}")

    who = _own_person(entry)
    actor = entry.actor.user if who is None else hidden(who, entry.actor.user, "actor")
    person = None if entry.person is None else hidden(entry.person, entry.person, "person")
    about = entry.person or who
    closed = {} if about is None else {name: value for name, value in detail.items() if name not in OPEN_DETAIL}
    shown = {name: value for name, value in detail.items() if name not in closed}
    if about is not None and closed:
        shown[SEALED_DETAIL] = hidden(about, closed, "detail")
    return {"actor": actor, "subject": as_text({"person": person, "team": entry.team}), "detail": as_text(shown)}


def _own_person(entry: Entry, /) -> str | None:
    """Return whose key seals the actor's name: that of an employee, and of anybody who acts for themselves.

    What a manager decided about others stays readable: somebody must answer for it.
    """
    actor = entry.actor
    acts_as_person = actor.role == "employee" or (actor.employee is not None and actor.employee == entry.person)
    # a name that looks sealed is sealed, so that nothing that is read as sealed was not
    if acts_as_person or actor.user.startswith(PREFIX):
        return actor.employee or f"user {actor.user}"
    return None
