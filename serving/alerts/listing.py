"""Messages as the command line has them: looked at, tried, and sent again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from baton.alerts.settings import EMAIL
from baton.company import Company
from baton.errors import ArtefactError
from serving.access.principal import LOCAL
from serving.alerts.channel import Undelivered
from serving.alerts.channels import open_channels
from serving.alerts.outbox import new_id
from serving.alerts.words import TEST
from serving.audit.log import AuditLog, Entry
from serving.decisions.answers import written
from serving.state.clock import utc_now
from serving.state.schema import Alert, AlertMessage

if TYPE_CHECKING:
    from serving.state.store import State

__all__ = ["STATES", "Tried", "listed", "retry", "try_channels"]

STATES = ("waiting", "undelivered", "sent")
"""What becomes of a message."""


@dataclass(frozen=True)
class Tried:
    """What became of a test by one channel to one user; ``why`` is empty where it arrived."""

    channel: str
    to: str
    why: str = ""


@dataclass(frozen=True)
class _Test:
    id: str
    recipient: str
    alerts: Sequence[Alert] = field(repr=False)


def listed(state: State, states: Collection[str], limit: int, /) -> list[dict[str, Any]]:
    """Return messages with what they are about, the newest first; of customers and conversations how many alone."""
    from sqlalchemy import select

    with state.reading() as session:
        asked = select(AlertMessage).where(AlertMessage.state.in_(list(states)))
        found = list(session.scalars(asked.order_by(AlertMessage.since.desc(), AlertMessage.id).limit(limit)))
        ids = [message.id for message in found]
        alerts = list(session.scalars(select(Alert).where(Alert.message.in_(ids)))) if ids else []
    return [
        {
            "message": message.id,
            "state": message.state,
            "to": message.recipient or None,
            "channel": message.channel or None,
            "since": written(message.since),
            "due_at": written(message.due_at) if message.state == "waiting" else None,
            "tries": message.tries,
            "rules": sorted({alert.rule for alert in alerts if alert.message == message.id}),
            "teams": sorted({alert.team_id for alert in alerts if alert.message == message.id and alert.team_id}),
            "alerts": sum(alert.message == message.id for alert in alerts),
            "why": message.why or None,
        }
        for message in found
    ]


def retry(audit: AuditLog, ids: Collection[str] = (), /) -> int:
    """Let undelivered messages wait again, all or some; return how many.

    Raises
    ------
    ArtefactError
        If one that is named is not undelivered, or is for nobody.
    """
    from sqlalchemy import select

    with audit.state.writing() as session:
        asked = select(AlertMessage).where(AlertMessage.state == "undelivered", AlertMessage.channel != "")
        found = {message.id: message for message in session.scalars(asked)}
        unknown = [name for name in ids if name not in found]
        if unknown:
            raise ArtefactError(
                f"{unknown[0]}: no undelivered message that could be sent again; `baton alerts list` shows them. What "
                "is for nobody goes out when somebody leads the team and it crosses the threshold anew"
            )
        chosen = [message for name, message in found.items() if not ids or name in ids]
        now = utc_now()
        for message in chosen:
            message.state, message.due_at, message.since, message.ended_at = "waiting", now, now, None
            message.lease, message.leased_until, message.tries = None, None, 0
            audit.append(session, Entry("alerts.retry", LOCAL, detail={"message": message.id}))
    return len(chosen)


def try_channels(company: Company, audit: AuditLog | None, channel: str | None, user: str | None, /) -> list[Tried]:
    """Send a test by each channel, or one; return what became of each.

    Parameters
    ----------
    audit : AuditLog or None
        Where each test is noted; None where there is no state yet.
    user : str, optional
        To whom alone; else by e-mail to everybody who has an address.

    Raises
    ------
    CompanyFileError
        If a variable of the environment is missing.
    ArtefactError
        If there is no such channel.
    """
    channels = open_channels(company)
    if channel is not None and channel not in channels:
        raise ArtefactError(f"no channel {channel!r}; there are {', '.join(channels) or 'none'}")
    users = {webhook.name: webhook.user for webhook in company.alerts.webhook}
    addresses = company.alerts.email.addresses if company.alerts.email is not None else {}
    tried = []
    for name, way in channels.items():
        if channel not in (None, name):
            continue
        to = [user] if user is not None else sorted(addresses) if name == EMAIL else [users[name]]
        for each in to:
            if audit is not None:
                with audit.state.writing() as session:
                    audit.append(session, Entry("alerts.test", LOCAL, detail={"channel": name, "to": each}))
            try:
                way.send(_test(each))
                tried.append(Tried(name, each))
            except Undelivered as error:
                tried.append(Tried(name, each, str(error)))
    return tried


def _test(user: str, /) -> _Test:
    alert = Alert(rule=TEST, about=TEST, subject=TEST, team_id=None, value=0.0, content={}, at=utc_now())
    return _Test(new_id(), user, (alert,))
