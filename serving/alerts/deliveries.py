"""Whose turn it is to send a message, what became of it, and what waits."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from baton.alerts.settings import Alerts
from serving.alerts.outbox import new_id
from serving.alerts.times import MAX_WAIT, back_off
from serving.audit.loads import SERVICE
from serving.audit.log import AuditLog, Entry
from serving.state.clock import utc_now
from serving.state.schema import Alert, AlertLevel, AlertMessage

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["LEASE", "Backlog", "Claimed", "Deliveries"]

LEASE = timedelta(minutes=5)
"""For so long a message is one sender's: longer than any attempt takes, so that nobody sends it meanwhile."""

_MIN_TRIES = 8  # before giving up: a clock that leaps ahead makes no message undelivered
_AT_ONCE = 500
_KEPT = {"sent": timedelta(days=30), "undelivered": timedelta(days=90)}
_CONVERSATIONS = timedelta(days=30)


@dataclass(frozen=True)
class Claimed:
    """A message whose turn it is, as one sender has it."""

    id: str
    channel: str
    recipient: str
    lease: str
    tries: int
    alerts: tuple[Alert, ...] = field(repr=False)


@dataclass(frozen=True)
class Backlog:
    """How many messages wait, how many are due by now, how many could not be delivered, and since when the oldest."""

    waiting: int = 0
    overdue: int = 0
    undelivered: int = 0
    oldest_seconds: float = 0.0


class Deliveries:
    """The messages of one company, as senders have them.

    Parameters
    ----------
    audit : AuditLog
        Its state has the messages.
    settings : Alerts
        Of the company file.
    now : callable
        The time, UTC without zone.
    """

    def __init__(self, audit: AuditLog, settings: Alerts, /, *, now: Callable[[], datetime] = utc_now) -> None:
        self._audit = audit
        self._state = audit.state
        self.settings = settings
        self.now = now

    def is_due(self, channel: str, /) -> bool:
        """Whether a message of a channel may be due: most looks find none, and writers take turns."""
        from sqlalchemy import select

        with self._state.reading() as session:
            asked = select(AlertMessage.id).where(AlertMessage.channel == channel, *self._due())
            return session.scalars(asked.limit(1)).first() is not None

    def claim(self, channel: str, may: Callable[[str, Alert], bool], /) -> Claimed | None:
        """Take the next message of a channel that is due, so that nobody else sends it; None where there is none.

        The first time a line of the audit log says what goes out, about whom, and to whom.

        Parameters
        ----------
        may : callable
            Whether a user may see an alert now; what they may not is taken out, and kept as undelivered.
        """
        from sqlalchemy import select

        asked = select(AlertMessage).where(AlertMessage.channel == channel, *self._due())
        with self._state.writing() as session:
            row = session.scalars(asked.order_by(AlertMessage.due_at, AlertMessage.id).limit(1)).first()
            if row is None:
                return None
            now = self.now()
            alerts = list(session.scalars(select(Alert).where(Alert.message == row.id).order_by(Alert.number)))
            hidden = [alert for alert in alerts if not may(row.recipient, alert)]
            if hidden:
                self._set_aside(session, row, hidden, now)
                alerts = [alert for alert in alerts if alert not in hidden]
            if not alerts:
                session.delete(row)
                return Claimed(row.id, channel, row.recipient, "", row.tries, ())
            lease = secrets.token_hex(8)
            row.lease, row.leased_until, row.tries = lease, now + LEASE, row.tries + 1
            if row.tries == 1:
                self._record(session, "alerts.send", row, alerts)
            return Claimed(row.id, channel, row.recipient, lease, row.tries, tuple(alerts))

    def _set_aside(self, session: Session, row: AlertMessage, alerts: Sequence[Alert], now: datetime, /) -> None:
        why = f"{row.recipient} may no longer see it"
        other = AlertMessage(
            id=new_id(), channel="", recipient="", state="undelivered", due_at=now, tries=0, since=now, ended_at=now,
            why=why[:300],
        )  # fmt: skip
        session.add(other)
        session.flush()
        for alert in alerts:
            alert.message = other.id
        session.flush()
        self._record(session, "alerts.undelivered", other, alerts)

    def _due(self) -> tuple[Any, ...]:
        """Return what holds of messages that are due.

        A wait or a lease that is longer than any can be was begun by a clock that has been set back since: it is over.
        """
        from sqlalchemy import or_

        now = self.now()
        free = or_(
            AlertMessage.leased_until.is_(None),
            AlertMessage.leased_until <= now,
            AlertMessage.leased_until > now + LEASE,
        )
        waited = or_(AlertMessage.due_at <= now, AlertMessage.due_at > now + MAX_WAIT)
        return AlertMessage.state == "waiting", waited, free

    def delivered(self, claimed: Claimed, /) -> None:
        """Note that a message was sent: also by somebody whose turn is over, since it has arrived."""
        with self._state.writing() as session:
            row = session.get(AlertMessage, claimed.id)
            if row is not None and row.state != "sent":
                row.state, row.ended_at, row.why, row.lease, row.leased_until = "sent", self.now(), "", None, None

    def failed(self, claimed: Claimed, why: str, /, *, wait: timedelta = timedelta(0), is_final: bool = False) -> bool:
        """Note why a message was not sent, and when it is tried again; return whether it is given up.

        Parameters
        ----------
        wait : timedelta
            How long the receiver has asked to be left alone; an hour at most.
        is_final : bool
            Whether to try again is of no use.
        """
        with self._state.writing() as session:
            row = session.get(AlertMessage, claimed.id)
            if row is None or row.state != "waiting" or row.lease != claimed.lease:
                return False  # somebody else's turn
            now = self.now()
            row.lease, row.leased_until, row.why = None, None, why[:300]
            row.due_at = now + max(back_off(row.id, row.tries), min(wait, timedelta(hours=1)))
            is_old = now - row.since >= timedelta(days=self.settings.give_up_days)
            if is_final or (is_old and row.tries >= _MIN_TRIES):
                row.state, row.ended_at = "undelivered", now
                self._record(session, "alerts.undelivered", row, claimed.alerts)
            return row.state == "undelivered"

    def _record(self, session: Session, action: str, row: AlertMessage, alerts: Sequence[Alert], /) -> None:
        # whoever has the log alone cannot say which customer it was; with an id and the key one can be looked up
        about = [
            {
                "rule": alert.rule,
                "about": alert.about,
                "team": alert.team_id,
                "subject": alert.subject if alert.about == "team" else self.pseudonym(alert.about, alert.subject),
            }
            for alert in alerts
        ]
        detail = {"message": row.id, "to": row.recipient, "channel": row.channel, "alerts": about}
        teams = {alert.team_id for alert in alerts}
        self._audit.append(
            session, Entry(action, SERVICE, next(iter(teams)) if len(teams) == 1 else None, detail=detail)
        )

    def pseudonym(self, about: str, subject: str, /) -> str:
        """Return what stands in the audit log for a customer or a conversation."""
        return f"{about[:1]}-{self._audit.signer.lookup(f'{about} {subject}')[:24]}"

    def backlog(self) -> Backlog:
        """Return what waits."""
        from sqlalchemy import func, select

        now = self.now()
        counted = select(AlertMessage.state, func.count()).group_by(AlertMessage.state)
        due = select(func.count(), func.min(AlertMessage.since)).where(*self._due()[:2])
        with self._state.reading() as session:
            counts = {row[0]: row[1] for row in session.execute(counted)}
            overdue, oldest = session.execute(due).one()
        waited = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
        return Backlog(counts.get("waiting", 0), overdue, counts.get("undelivered", 0), waited)

    def prune(self) -> None:
        """Remove what was sent, or could not be, long ago, and what is known of conversations that are long over."""
        from sqlalchemy import delete, select

        now = self.now()
        with self._state.writing() as session:
            for state, kept in _KEPT.items():
                old = select(AlertMessage.id).where(AlertMessage.state == state, AlertMessage.ended_at < now - kept)
                ids = list(session.scalars(old.limit(_AT_ONCE)))
                session.execute(delete(Alert).where(Alert.message.in_(ids)))
                session.execute(delete(AlertMessage).where(AlertMessage.id.in_(ids)))
            names = [rule.name for rule in self.settings.rule if rule.about == "conversation"]
            over = AlertLevel.alerted_at < now - _CONVERSATIONS
            session.execute(delete(AlertLevel).where(AlertLevel.rule.in_(names), over))
