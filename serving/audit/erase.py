"""Erasing a person from what the service remembers; the audit log's chain holds all the same."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from baton.errors import ArtefactError
from serving.access.principal import Principal
from serving.audit.log import AuditLog, Entry
from serving.audit.sealing import ERASE, key_id, key_of
from serving.state.schema import (
    CustomerNote,
    Decision,
    Event,
    LabelCorrection,
    Move,
    PersonKey,
    Reply,
    TakenConversation,
    User,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Erased", "erase"]

_CLEARED = (
    "person_keys",
    "decisions",
    "moves",
    "replies",
    "events",
    "customer_notes",
    "taken_conversations",
    "label_corrections",
)


@dataclass(frozen=True)
class Erased:
    """What was made unreadable.

    Parameters
    ----------
    key : str or None
        Name of the key that was dropped; None if the audit log had none.
    decisions, moves, replies : int
        How many rows were blanked (replies: removed).
    users : tuple of str
        Accounts that still name the person, which is for who grants them to remove.
    """

    key: str | None
    decisions: int
    moves: int
    replies: int
    users: tuple[str, ...]


def erase(log: AuditLog, person: str, /, *, actor: Principal) -> Erased:
    """Drop a person's key and blank what decisions hold of them; the log says that it was done and not of whom.

    Team, kind, state and times of decisions stay, so that counts stay true; what a lead decided stays under the lead's
    name. Copies of the database that were made
    before still have the key.

    Parameters
    ----------
    person : str
        An employee's pseudonym.
    actor : Principal
        Who erases.

    Raises
    ------
    ArtefactError
        If neither decisions nor the audit log know the person.
    """
    from sqlalchemy import select, text

    with log.state.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA secure_delete = ON"))  # overwrite what is freed
        key = key_of(session, log.signer, person, make=False)
        names = tuple(session.scalars(select(User.name).where(User.employee == person).order_by(User.name)))
        decisions = list(session.scalars(select(Decision).where(Decision.employee == person)))
        moves = _moves_of(session, person, {decision.id for decision in decisions})
        events = list(session.scalars(select(Event).where(Event.employee == person)))
        notes = list(session.scalars(select(CustomerNote).where(CustomerNote.by.in_(names))))
        taken = list(session.scalars(select(TakenConversation).where(TakenConversation.by.in_(names))))
        labels = list(session.scalars(select(LabelCorrection).where(LabelCorrection.by.in_(names))))
        if not (key is not None or decisions or moves or events or notes or taken or labels):
            raise ArtefactError(f"{person}: no decision, no event and no row of the audit log is about this person")
        name = None if key is None else key_id(key)
        stand_in = f"erased-{name or secrets.token_hex(8)}"
        if name is not None:
            _drop(session, log.signer.lookup(person), stand_in, log.now())
        _blank_decisions(session, decisions, stand_in)
        _blank_moves(session, moves, {decision.id for decision in decisions}, person, stand_in)
        _blank_events(session, events)
        _blank_notes(session, notes, stand_in)
        _blank_corrections(session, labels, stand_in)
        for conversation in taken:  # open again: nobody else could hand them back
            session.delete(conversation)
        replies = _forget_replies(session, person, names)
        detail = {"key": name, "decisions": len(decisions), "moves": len(moves)}
        log.append(session, Entry(ERASE, actor, detail=detail))
    _clear_files(log)
    return Erased(name, len(decisions), len(moves), replies, names)


def _drop(session: Session, lookup: str, stand_in: str, now: datetime, /) -> None:
    from sqlalchemy import update

    # under another name too: who knows the pseudonym shall not find that it was here
    values = {"person": stand_in, "key": None, "erased_at": now}
    session.execute(update(PersonKey).where(PersonKey.person == lookup).values(values))


def _moves_of(session: Session, person: str, decisions: set[str], /) -> list[Move]:
    """Return the moves of decisions about a person, and the person's own moves of what is about their team."""
    from sqlalchemy import Text, cast, or_, select

    # JSON is searched as text, which both databases can, and then looked at again
    named = cast(Move.detail, Text).contains(person, autoescape=True)
    found = session.scalars(select(Move).where(or_(Move.decision.in_(decisions), named)))
    return [move for move in found if move.decision in decisions or _own_contest(move, person)]


def _own_contest(move: Move, person: str, /) -> bool:
    # what a lead decided about others stays under the lead's name: somebody must answer for it
    return move.detail.get("employee") == person and (move.role == "employee" or move.name == "contest")


def _blank_decisions(session: Session, decisions: Sequence[Decision], stand_in: str, /) -> None:
    """Blank what was advised and chosen.

    Someone stands in for the person, since a decision about nobody would be one about the team, which more may see.
    """
    from sqlalchemy import update

    for decision in decisions:
        values = {"employee": stand_in, "advice": _emptied(decision.advice), "choice": {}}
        session.execute(update(Decision).where(Decision.id == decision.id).values(values))


def _blank_moves(session: Session, moves: Sequence[Move], about: set[str], person: str, stand_in: str, /) -> None:
    from sqlalchemy import update

    for move in moves:
        own = move.detail.get("employee") == person or move.role == "employee"
        values = {
            "reason": "",
            "by": stand_in if own else move.by,
            "detail": {
                **({} if move.decision in about else move.detail),
                "employee": stand_in if own else move.detail.get("employee"),
            },
        }
        this = (Move.decision == move.decision, Move.version == move.version)
        session.execute(update(Move).where(*this).values(values))


def _blank_events(session: Session, events: Sequence[Event], /) -> None:
    """Take the person out of events; what else a row says of a case or a step stays."""
    from sqlalchemy import update

    for event in events:
        # a digest of what was sent would let be tried out who it was
        values = {"employee": None, "content": "", "row": {**event.row, "employee_id": None}}
        session.execute(update(Event).where(Event.number == event.number).values(values))


def _blank_notes(session: Session, notes: Sequence[CustomerNote], stand_in: str, /) -> None:
    """Take the words and the name from what the person has noted on customers; what came of it stays."""
    from sqlalchemy import update

    for note in notes:
        # two forms of one name are known by their keys, which must not be the same afterwards
        values = {"by": stand_in, "text": "", "once": str(note.number)}
        session.execute(update(CustomerNote).where(CustomerNote.number == note.number).values(values))


def _blank_corrections(session: Session, labels: Sequence[LabelCorrection], stand_in: str, /) -> None:
    """Take the name from the labels that the person has corrected; what texts are about stays."""
    from sqlalchemy import update

    for label in labels:
        values = {"by": stand_in, "once": str(label.number)}
        session.execute(update(LabelCorrection).where(LabelCorrection.number == label.number).values(values))


def _emptied(value: Any, /) -> Any:
    """Return the shape of a JSON value without what it says."""
    if isinstance(value, dict):
        return {name: _emptied(part) for name, part in value.items()}
    return [] if isinstance(value, list) else None


def _forget_replies(session: Session, person: str, names: tuple[str, ...], /) -> int:
    """Remove answers that were kept for repeated requests and name the person."""
    from sqlalchemy import delete, or_

    named = or_(Reply.answer.contains(person, autoescape=True), Reply.user.in_(names))
    return int(getattr(session.execute(delete(Reply).where(named)), "rowcount", 0))


def _clear_files(log: AuditLog, /) -> None:
    """Take what was overwritten out of the files of the database too."""
    from sqlalchemy import text

    engine = log.state.engine
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.rollback()
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in _CLEARED:
                connection.execute(text(f"VACUUM {table}"))
