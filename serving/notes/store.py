"""Notes as they are kept: each with its line in the audit log, which names neither the customer nor the words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.audit.log import AuditLog, Entry
from serving.decisions.refused import DecisionRefused
from serving.notes.words import DONE, MAX_TEXT, OUTCOMES
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from serving.state.schema import CustomerNote

__all__ = ["NewNote", "Noted", "Notes", "SaveRate", "save_rate"]

_MIN_KNOWN = 20  # customers: of fewer the rate says next to nothing


@dataclass(frozen=True)
class NewNote:
    """What somebody notes.

    Parameters
    ----------
    done, outcome : str
        Of ``serving.notes.words``.
    text : str
        Up to ``MAX_TEXT`` characters.
    once : str
        By which, with all that it says, a form that is sent twice is known.
    chance, as_of : float or None, str or None
        What the run predicts for the customer, and for when.
    """

    customer_id: str
    team_id: str | None
    done: str
    outcome: str
    text: str
    once: str
    chance: float | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Noted:
    """A note as it is read."""

    customer_id: str
    team_id: str | None
    by: str
    done: str
    outcome: str
    text: str
    chance: float | None
    as_of: str | None
    at: datetime


@dataclass(frozen=True)
class SaveRate:
    """How many of the customers whose outcome is noted stayed.

    Parameters
    ----------
    stayed, known : int
        Customers.
    low, high : float
        Wilson's 90 % interval of the share (Wilson 1927).
    expected : float or None
        The share that would have stayed by the predictions of the days of the notes; None where they are not known.
    """

    stayed: int
    known: int
    low: float
    high: float
    expected: float | None

    @property
    def share(self) -> float:
        """Of the known, how many stayed."""
        return self.stayed / self.known


class Notes:
    """Notes of one company.

    Parameters
    ----------
    audit : AuditLog
        Its state has the notes.
    now : callable
        The time, UTC without zone.
    """

    def __init__(self, audit: AuditLog, /, *, now: Callable[[], datetime] = utc_now) -> None:
        self._audit = audit
        self._state = audit.state
        self._now = now

    def keep(self, who: Principal, note: NewNote, /) -> None:
        """Keep a note, once.

        Raises
        ------
        DecisionRefused
            If it does not fit.
        OutputError
            If it cannot be kept.
        """
        from sqlalchemy import select

        from serving.state.schema import CustomerNote

        text = _fitting(note)
        once = _once(note, text)
        with self._state.writing() as session:
            same = select(CustomerNote.number).where(CustomerNote.by == who.user, CustomerNote.once == once)
            if session.scalar(same) is not None:
                return  # sent twice
            kept = CustomerNote(
                customer_id=note.customer_id, team_id=note.team_id, by=who.user, done=note.done, outcome=note.outcome,
                text=text, chance=note.chance, as_of=note.as_of, once=once, at=self._now(),
            )  # fmt: skip
            session.add(kept)
            session.flush()
            detail = {"note": kept.number, "outcome": note.outcome}
            self._audit.append(session, Entry("customer.note", who, note.team_id, detail=detail))

    def of(self, customer_id: str, /) -> list[Noted]:
        """Return the notes on a customer, the newest first."""
        from sqlalchemy import select

        from serving.state.schema import CustomerNote

        with self._state.reading() as session:
            asked = select(CustomerNote).where(CustomerNote.customer_id == customer_id)
            return [_noted(row) for row in session.scalars(asked.order_by(CustomerNote.number.desc()))]

    def all(self) -> list[Noted]:
        """Return all notes, the oldest first."""
        from sqlalchemy import select

        from serving.state.schema import CustomerNote

        with self._state.reading() as session:
            return [_noted(row) for row in session.scalars(select(CustomerNote).order_by(CustomerNote.number))]

    def forget(self, customer_id: str, who: Principal, /) -> int:
        """Remove what was noted on a customer; return how many notes that were."""
        from sqlalchemy import delete, func, select, text

        from serving.state.schema import CustomerNote

        of_customer = CustomerNote.customer_id == customer_id
        with self._state.writing() as session:
            if session.get_bind().dialect.name == "sqlite":
                session.execute(text("PRAGMA secure_delete = ON"))  # overwrite what is freed
            count = session.scalar(select(func.count()).select_from(CustomerNote).where(of_customer)) or 0
            if count:
                session.execute(delete(CustomerNote).where(of_customer))
                self._audit.append(session, Entry("customer.forget", who, detail={"notes": count}))
        return count


def save_rate(notes: Iterable[Noted], /) -> SaveRate | None:
    """Return the save rate by the newest known outcome of each customer; None where too few are known.

    Parameters
    ----------
    notes : iterable of Noted
        The oldest first.
    """
    known = {note.customer_id: note for note in notes if note.outcome in ("stays", "leaves")}
    if len(known) < _MIN_KNOWN:
        return None
    from statsmodels.stats.proportion import proportion_confint

    stayed = sum(note.outcome == "stays" for note in known.values())
    low, high = proportion_confint(stayed, len(known), alpha=0.1, method="wilson")
    chances = [note.chance for note in known.values() if note.chance is not None]
    expected = 1 - sum(chances) / len(chances) if len(chances) == len(known) else None
    return SaveRate(stayed, len(known), float(low), float(high), expected)


def _fitting(note: NewNote, /) -> str:
    """Return a note's text as it is kept."""
    text = note.text.replace("\r\n", "\n").strip()
    if note.done not in DONE or note.outcome not in OUTCOMES:
        raise DecisionRefused(Message("note.choose"))
    if len(text) > MAX_TEXT:
        raise DecisionRefused(Message("note.too_long", {"most": MAX_TEXT, "n": len(text)}))
    if not note.once or len(note.once) > 100 or "\x00" in text:
        raise DecisionRefused(Message("page.does_not_fit"))
    return text


def _once(note: NewNote, text: str, /) -> str:
    """Return the key of a form with what it says: a browser goes back to a form that was sent, and one writes anew."""
    content = json.dumps([note.once, note.customer_id, note.done, note.outcome, text])
    return hashlib.sha256(content.encode()).hexdigest()


def _noted(row: CustomerNote, /) -> Noted:
    return Noted(
        row.customer_id, row.team_id, row.by, row.done, row.outcome, row.text, row.chance, row.as_of, row.at
    )  # fmt: skip
