"""What crossed, and what is to be sent about it, kept in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from baton.alerts.settings import Alerts, Rule
from serving.alerts.levels import Level, Verdict, judge
from serving.alerts.times import due_at
from serving.audit.log import AuditLog
from serving.state.clock import utc_now
from serving.state.schema import Alert, AlertLevel, AlertMark, AlertMessage

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Found", "Notice", "Outbox", "new_id"]

_AT_ONCE = 500


@dataclass(frozen=True)
class Found:
    """The value of a subject, as a look at it has found it.

    Parameters
    ----------
    subject : str
        Id of the customer, conversation or team.
    """

    rule: Rule
    subject: str
    value: float


@dataclass(frozen=True)
class Notice:
    """What is to be sent where a value is an alert.

    Parameters
    ----------
    team_id : str or None
        Whose it is.
    content : mapping
        Ids, figures and what drives them, as JSON.
    to : sequence of (channel, user)
        To whom, and how; empty where nobody may be addressed.
    why : str
        Then why not.
    """

    team_id: str | None
    content: Mapping[str, Any] = field(default_factory=dict)
    to: Sequence[tuple[str, str]] = ()
    why: str = ""


def new_id() -> str:
    """Return an id for a message."""
    return f"msg_{secrets.token_hex(16)}"


class Outbox:
    """The alerts of one company.

    Parameters
    ----------
    audit : AuditLog
        Its state has the alerts.
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

    def marks(self) -> dict[str, str]:
        """Return how far alerts have looked."""
        from sqlalchemy import select

        with self._state.reading() as session:
            return {mark.name: mark.value for mark in session.scalars(select(AlertMark))}

    def levels(self, rule: str, subjects: Collection[str] | None = None, /) -> dict[str, Level]:
        """Return what is known of a rule's subjects, of all or of some."""
        with self._state.reading() as session:
            return {row.subject: _level(row) for row in _rows(session, rule, subjects)}

    def judged(self, found: Iterable[Found], anew: Collection[str], /) -> list[tuple[Found, Verdict]]:
        """Return what values mean as things stand, those left out that are not beyond and never were.

        Parameters
        ----------
        anew : collection of str
            Names of rules of which nothing is known, whatever was known of them.
        """
        now, listed = self.now(), list(found)
        known: dict[str, dict[str, Level]] = {}
        by_rule: dict[str, list[str]] = {}
        for each in listed:
            by_rule.setdefault(each.rule.name, []).append(each.subject)
        for name, subjects in by_rule.items():
            known[name] = {} if name in anew else self.levels(name, subjects if len(subjects) <= _AT_ONCE else None)
        verdicts = [
            (each, judge(each.rule, known[each.rule.name].get(each.subject), each.value, now)) for each in listed
        ]
        return [
            (each, verdict) for each, verdict in verdicts if verdict.is_beyond or each.subject in known[each.rule.name]
        ]

    def take(
        self,
        found: Sequence[Found],
        notices: Mapping[tuple[str, str], Notice],
        /,
        *,
        seen: int,
        marks: Mapping[str, str] = {},
        anew: Collection[str] = (),
    ) -> int:
        """Keep what was found, and what is to be sent about it, in one transaction; return how many alerts there are.

        Parameters
        ----------
        found : sequence of Found
            Values; of each subject of a rule one.
        notices : mapping of (rule, subject) to Notice
            For those that are alerts. One that is found to be an alert and is not in it is left as it was: somebody
            else has changed it meanwhile, and the next look will find it.
        seen : int
            The newest event that the values stand on.
        marks : mapping of str to str
            How far this look has come.
        anew : collection of str
            Names of rules that are looked at for the first time: what is known of them is forgotten, and what is beyond
            and has no notice is noted without an alert.
        """
        with self._state.writing() as session:
            now, alerts = self.now(), 0
            anew = _not_yet(session, anew, marks)
            _forget(session, anew)
            messages: dict[tuple[str, str, datetime], AlertMessage] = {}
            for rule, several in _by_rule(found):
                known = {row.subject: row for row in _rows(session, rule.name, [each.subject for each in several])}
                for each in several:
                    row = known.get(each.subject)
                    if row is not None and row.seen > seen:
                        continue  # a newer look has been here
                    verdict = judge(rule, None if row is None else _level(row), each.value, now)
                    notice = notices.get((rule.name, each.subject))
                    if verdict.is_alert and notice is None and rule.name not in anew:
                        continue
                    if row is not None or verdict.is_beyond:
                        session.add(_changed(row, each, verdict, seen, now))
                    if verdict.is_alert and notice is not None:
                        alerts += 1
                        self._queue(session, messages, each, notice, now)
            for name, value in marks.items():
                session.merge(AlertMark(name=name, value=value))
        return alerts

    def _queue(
        self,
        session: Session,
        messages: dict[tuple[str, str, datetime], AlertMessage],
        found: Found,
        notice: Notice,
        now: datetime,
        /,
    ) -> None:
        rule = found.rule
        due = due_at(self.settings, rule, now)
        for channel, user in notice.to or (("", ""),):
            key = (channel, user, due)
            message = messages.get(key) or (_open(session, key) if due > now else None)
            if message is None:
                message = AlertMessage(
                    id=new_id(), channel=channel, recipient=user, state="waiting" if channel else "undelivered",
                    due_at=due, tries=0, since=now, why=notice.why[:300], ended_at=None if channel else now,
                )  # fmt: skip
                session.add(message)
                session.flush()
            messages[key] = message
            session.add(
                Alert(
                    message=message.id, rule=rule.name, about=rule.about, subject=found.subject,
                    team_id=notice.team_id, value=found.value, content=dict(notice.content), at=now,
                )
            )  # fmt: skip


def _level(row: AlertLevel, /) -> Level:
    return Level(row.is_beyond, row.seen, row.alerted_at)


def _rows(session: Session, rule: str, subjects: Collection[str] | None, /) -> list[AlertLevel]:
    from sqlalchemy import select

    asked = select(AlertLevel).where(AlertLevel.rule == rule)
    if subjects is None or len(subjects) > _AT_ONCE:
        wanted = None if subjects is None else set(subjects)
        return [row for row in session.scalars(asked) if wanted is None or row.subject in wanted]
    return list(session.scalars(asked.where(AlertLevel.subject.in_(list(subjects)))))


def _by_rule(found: Iterable[Found], /) -> list[tuple[Rule, list[Found]]]:
    groups: dict[str, tuple[Rule, list[Found]]] = {}
    for each in found:
        groups.setdefault(each.rule.name, (each.rule, []))[1].append(each)
    return list(groups.values())


def _changed(row: AlertLevel | None, found: Found, verdict: Verdict, seen: int, now: datetime, /) -> AlertLevel:
    if row is None:
        row = AlertLevel(rule=found.rule.name, subject=found.subject, alerted_at=now)
    if verdict.is_alert:
        row.alerted_at = now
    row.is_beyond, row.value, row.seen = verdict.is_beyond, found.value, seen
    return row


def _not_yet(session: Session, rules: Collection[str], marks: Mapping[str, str], /) -> set[str]:
    """Return the rules that nobody has looked at meanwhile as they are now."""
    names = {rule: f"rule {rule}" for rule in rules}
    known = {rule: session.get(AlertMark, name) for rule, name in names.items()}
    return {rule for rule, mark in known.items() if mark is None or mark.value != marks.get(names[rule])}


def _forget(session: Session, rules: Collection[str], /) -> None:
    from sqlalchemy import delete

    session.execute(delete(AlertLevel).where(AlertLevel.rule.in_(list(rules))))


def _open(session: Session, key: tuple[str, str, datetime], /) -> AlertMessage | None:
    """Return the message that waits for the same moment and was not tried yet: more may be added to it."""
    from sqlalchemy import select

    channel, user, due = key
    return session.scalars(
        select(AlertMessage)
        .where(AlertMessage.channel == channel, AlertMessage.recipient == user, AlertMessage.due_at == due)
        .where(AlertMessage.state == "waiting", AlertMessage.tries == 0)
        .limit(1)
    ).first()
