"""Conversations at risk as of now, as alerts keep them, and who has taken them over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from baton.errors import BatonError
from baton.messages.message import Message
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.access.sight import Sight
from serving.audit.log import AuditLog, Entry
from serving.decisions.refused import Conflict, NotAllowed, NotFound
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["SHOWN_HOURS", "AtRiskNow", "Desk"]

SHOWN_HOURS = 4
"""Nobody says when a conversation has ended: for so long after it crossed the threshold it is shown."""
_MAX_SHOWN = 200


@dataclass(frozen=True)
class AtRiskNow:
    """A conversation that is beyond the threshold of a rule.

    Parameters
    ----------
    number : int
        Of its newest alert, by which a form names it.
    subject : str
        What alerts know it by: the system that sent it, and that system's id.
    conversation_id, customer_id : str or None
        The customer only for those who may see them.
    risk : float
        As it was last assessed, 0 to 1.
    level : str
        When it crossed.
    signals : tuple of dict
        Their keys and names when it crossed; customers' words are not kept.
    since : datetime
        When it crossed, UTC without zone.
    taken_by, taken_at : str or None, datetime or None
        Who has taken it over.
    """

    number: int
    subject: str
    conversation_id: str | None
    customer_id: str | None
    team_id: str | None
    risk: float
    level: str
    signals: tuple[dict[str, Any], ...]
    since: datetime
    taken_by: str | None = None
    taken_at: datetime | None = None


class Desk:
    """Conversations at risk of one company.

    Parameters
    ----------
    audit : AuditLog
        Its state has alerts and who has taken over.
    now : callable
        The time, UTC without zone.
    """

    def __init__(self, audit: AuditLog, /, *, now: Callable[[], datetime] = utc_now) -> None:
        self._audit = audit
        self._state = audit.state
        self.now = now

    def at_risk(self, sight: Sight, /) -> list[AtRiskNow]:
        """Return what somebody may see: what nobody has taken over first, the highest risk first.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        with self._state.reading() as session:
            found = [each for each in self._found(session) if may(sight.principal, "live_desk", Subject(each.team_id))]
        seen = [_as_seen(each, sight) for each in found]
        return sorted(seen, key=lambda each: (each.taken_by is not None, -each.risk, each.number))[:_MAX_SHOWN]

    def take(self, who: Principal, number: int, /, *, over: bool) -> None:
        """Take a conversation over, or hand it back.

        Parameters
        ----------
        number : int
            Of an alert about it.
        over : bool
            False: hand it back.

        Raises
        ------
        NotFound
            If there is none, or it is not theirs to see.
        NotAllowed
            If they may not take conversations over.
        Conflict
            If somebody else has taken it over, or it has been handed back.
        """
        from sqlalchemy import delete

        from serving.state.schema import TakenConversation

        with self._state.writing() as session:
            # who had what is shown no more stands in the audit log alone
            over_since = self.now() - timedelta(hours=SHOWN_HOURS)
            session.execute(delete(TakenConversation).where(TakenConversation.at < over_since))
            found = next((each for each in self._found(session) if each.number == number), None)
            if found is None or not may(who, "live_desk", Subject(found.team_id)):
                raise NotFound(Message("desk.none"))
            if not may(who, "take_conversation", Subject(found.team_id)):
                raise NotAllowed(Message("desk.not_allowed"))
            if over and found.taken_by == who.user:
                return  # sent twice
            if over and found.taken_by is not None:
                raise Conflict(Message("desk.taken", {"user": found.taken_by}))
            if not over and found.taken_by != who.user:
                raise Conflict(Message("desk.not_yours"))
            if over:  # in the place of who had it at an earlier crossing
                session.merge(
                    TakenConversation(subject=found.subject, by=who.user, team_id=found.team_id, at=self.now())
                )
            else:
                session.delete(session.get_one(TakenConversation, found.subject))
            action = "conversation.take" if over else "conversation.hand_back"
            self._audit.append(session, Entry(action, who, found.team_id, detail={"alert": number}))

    def _found(self, session: Session, /) -> list[AtRiskNow]:
        from sqlalchemy import select

        from serving.state.schema import Alert, AlertLevel, TakenConversation

        since = self.now() - timedelta(hours=SHOWN_HOURS)
        alerts = session.scalars(
            select(Alert).where(Alert.about == "conversation", Alert.at >= since).order_by(Alert.number)
        )
        # of one crossing there is a row for each who is addressed; of several rules the newest speaks
        newest = {alert.subject: alert for alert in alerts}
        if not newest:
            return []
        beyond: dict[str, float] = {}
        for level in session.scalars(select(AlertLevel).where(AlertLevel.is_beyond)):
            if level.subject in newest:
                beyond[level.subject] = max(level.value, beyond.get(level.subject, 0.0))
        taken = {each.subject: each for each in session.scalars(select(TakenConversation))}
        still = [alert for subject, alert in newest.items() if subject in beyond]
        return [_at_risk(alert, beyond[alert.subject], taken.get(alert.subject)) for alert in still]


def _at_risk(alert: Any, risk: float, taken: Any, /) -> AtRiskNow:
    content = alert.content
    if taken is not None and taken.at < alert.at:
        taken = None  # what was taken over at an earlier crossing is open again
    return AtRiskNow(
        number=alert.number,
        subject=alert.subject,
        conversation_id=content.get("conversation_id"),
        customer_id=content.get("customer_id"),
        team_id=alert.team_id,
        risk=risk,
        level=str(content.get("level", "")),
        signals=tuple(content.get("signals") or ()),
        since=alert.at,
        taken_by=None if taken is None else taken.by,
        taken_at=None if taken is None else taken.at,
    )


def _as_seen(found: AtRiskNow, sight: Sight, /) -> AtRiskNow:
    """Return a conversation without the customer, where somebody may not see them."""
    from dataclasses import replace

    try:
        is_seen = found.customer_id is not None and sight.customer(found.customer_id)
    except BatonError:
        is_seen = False
    return found if is_seen else replace(found, customer_id=None)
