"""The tables of the service's database. A change here needs a file in ``migrations/versions``; a test compares them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "Alert",
    "AlertLevel",
    "AlertMark",
    "AlertMessage",
    "AuditEntry",
    "Base",
    "CustomerNote",
    "Decision",
    "Event",
    "LabelCorrection",
    "Move",
    "PersonKey",
    "Pilot",
    "PilotMove",
    "PolicyLimits",
    "Reply",
    "SignIn",
    "TakenConversation",
    "Token",
    "User",
]

_NAME, _ID, _ROW_KEY = 200, 300, 500
# SQLite counts by itself in a column called INTEGER alone
_COUNT = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables; names of constraints are given, so that both databases can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Base):
    """Somebody, or some system, who may use the service.

    ``teams`` are those that a manager leads besides those of the hierarchy file; ``employee`` is a pseudonym.
    """

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(String(_NAME), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    teams: Mapped[list[str]] = mapped_column(JSON, default=list)
    employee: Mapped[str | None] = mapped_column(String(_ID))
    password: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime]


class Token(Base):
    """A bearer token: its first characters, to look it up by, and the SHA-256 of the whole."""

    __tablename__ = "tokens"
    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """A session of somebody who has signed in with a password: the SHA-256 of the random id in the cookie."""

    __tablename__ = "sign_ins"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PersonKey(Base):
    """The key with which the audit log seals what is about one person; without it that cannot be read any more."""

    __tablename__ = "person_keys"
    person: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    erased_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One row of the audit log; never changed, never removed."""

    __tablename__ = "audit_log"
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))


class Decision(Base):
    """An advice that somebody has acted on. ``version`` counts its moves."""

    __tablename__ = "decisions"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    team_id: Mapped[str | None] = mapped_column(String(_ID), index=True)
    role: Mapped[str | None] = mapped_column(String(_NAME))
    employee: Mapped[str | None] = mapped_column(String(_ID), index=True)
    advice: Mapped[dict[str, Any]] = mapped_column(JSON)
    choice: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), index=True)
    version: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - as SQLAlchemy asks


class Move(Base):
    """One move of a decision: who, from which state to which, and why."""

    __tablename__ = "moves"
    decision: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(_NAME))
    role: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class Reply(Base):
    """What was answered to a request with an idempotency key, so that the same request again changes nothing."""

    __tablename__ = "replies"
    __table_args__ = (UniqueConstraint("user", "key"),)
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    user: Mapped[str] = mapped_column(String(_NAME))
    key: Mapped[str] = mapped_column(String(_ID))
    request: Mapped[str] = mapped_column(String(64))
    code: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Event(Base):
    """A new or corrected row of a source table, as another system has sent it: ``row`` has the columns that it gives.

    ``row_key`` is the id of the case or customer that the row is; rows of other tables are never the same row.
    ``content`` is the digest of what was sent, by which the same event is recognised when it comes again; ``last_at``
    is the latest time that the event speaks of.
    """

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("user", "event_id"),)
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    user: Mapped[str] = mapped_column(String(_NAME))
    event_id: Mapped[str] = mapped_column(String(_NAME))
    content: Mapped[str] = mapped_column(String(64))
    table_name: Mapped[str] = mapped_column(String(20))
    row_key: Mapped[str | None] = mapped_column(String(_ROW_KEY), index=True)
    row: Mapped[dict[str, Any]] = mapped_column(JSON)
    left_out: Mapped[dict[str, str]] = mapped_column(JSON)
    employee: Mapped[str | None] = mapped_column(String(_ID), index=True)
    occurred_at: Mapped[datetime]
    last_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)


class Pilot(Base):
    """A change that is tried on a few teams. ``plan`` never changes; ``version`` counts the moves.

    ``outcome`` is what was measured at its one look, ``choice`` the cards that are to be adopted.
    """

    __tablename__ = "pilots"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    plan_digest: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    choice: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), index=True)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - as SQLAlchemy asks


class PilotMove(Base):
    """One move of a pilot: who, from which state to which, and why."""

    __tablename__ = "pilot_moves"
    pilot: Mapped[str] = mapped_column(ForeignKey("pilots.name"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(_NAME))
    role: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class PolicyLimits(Base):
    """The limits of ``[policy]`` since a moment: a row where they have changed."""

    __tablename__ = "policy_limits"
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    limits: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(_NAME))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class AlertLevel(Base):
    """Whether a customer, conversation or team is beyond the threshold of a rule; only those that ever were.

    ``seen`` is the number of the newest event that the value stands on: an older look changes nothing.
    """

    __tablename__ = "alert_levels"
    rule: Mapped[str] = mapped_column(String(60), primary_key=True)
    subject: Mapped[str] = mapped_column(String(_ROW_KEY), primary_key=True)
    is_beyond: Mapped[bool]
    value: Mapped[float] = mapped_column(Double)
    seen: Mapped[int] = mapped_column(BigInteger)
    alerted_at: Mapped[datetime]


class AlertMark(Base):
    """How far alerts have looked: the run, the newest event, and what each rule was when it was first looked at."""

    __tablename__ = "alert_marks"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class AlertMessage(Base):
    """A message to one user by one channel; its id is that of every attempt to deliver it.

    ``state`` is ``waiting``, ``sent`` or ``undelivered``; where nobody may be addressed, recipient and channel are
    empty. Until it is first tried, more may be added to one that waits. ``lease`` is whose turn it is to send.
    """

    __tablename__ = "alert_messages"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(_NAME))
    state: Mapped[str] = mapped_column(String(20), index=True)
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer)
    lease: Mapped[str | None] = mapped_column(String(40))
    leased_until: Mapped[datetime | None]
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(300))


class Alert(Base):
    """One crossing of a threshold, as one message has it; ``content`` holds ids and figures, never a text."""

    __tablename__ = "alerts"
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    message: Mapped[str] = mapped_column(ForeignKey("alert_messages.id"), index=True)
    rule: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(_ROW_KEY))
    team_id: Mapped[str | None] = mapped_column(String(_ID))
    value: Mapped[float] = mapped_column(Double)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class TakenConversation(Base):
    """A conversation at risk that somebody has taken over; ``subject`` is what alerts know it by."""

    __tablename__ = "taken_conversations"
    subject: Mapped[str] = mapped_column(String(_ROW_KEY), primary_key=True)
    by: Mapped[str] = mapped_column(String(_NAME))
    team_id: Mapped[str | None] = mapped_column(String(_ID))
    at: Mapped[datetime]


class CustomerNote(Base):
    """What somebody did about a customer at risk, and what came of it.

    ``chance`` is the probability of leaving that the run of that day predicted for ``as_of``; ``once`` is the key by
    which a form that is sent twice is known.
    """

    __tablename__ = "customer_notes"
    __table_args__ = (UniqueConstraint("by", "once"),)
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    customer_id: Mapped[str] = mapped_column(String(_ID), index=True)
    team_id: Mapped[str | None] = mapped_column(String(_ID))
    by: Mapped[str] = mapped_column(String(_NAME))
    done: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(400))
    chance: Mapped[float | None] = mapped_column(Double)
    as_of: Mapped[str | None] = mapped_column(String(40))
    once: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


class LabelCorrection(Base):
    """What somebody who has read the text of a case again says that it is about; ``shown`` is what stood there."""

    __tablename__ = "label_corrections"
    __table_args__ = (UniqueConstraint("by", "once"),)
    number: Mapped[int] = mapped_column(_COUNT, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(_ROW_KEY), index=True)
    team_id: Mapped[str | None] = mapped_column(String(_ID))
    by: Mapped[str] = mapped_column(String(_NAME))
    cause: Mapped[str] = mapped_column(String(_ID))
    shown: Mapped[str] = mapped_column(String(_ID))
    once: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
