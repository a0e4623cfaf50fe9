"""Rows of decisions and moves, and what the audit log gets of each."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal
from serving.audit.log import Entry
from serving.decisions.advice import Advice, AdviceKey
from serving.decisions.moves import STATES, Standing, Transition

if TYPE_CHECKING:
    from sqlalchemy import Executable
    from sqlalchemy.orm import Session

    from serving.decisions.payloads import ListQuestion
    from serving.state.schema import Decision, Move

__all__ = [
    "Made",
    "about_of",
    "asked_rows",
    "find_decision",
    "key_of",
    "moves_of",
    "new_decision",
    "others_on",
    "superseded",
    "write_move",
]

_HOLDING = ("approved", "upheld", "contested", "revoking")  # what was approved and not yet taken back
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Made:
    """A move to be written.

    Parameters
    ----------
    step : Transition
        The row of the table that allows it.
    by : Principal
        Who makes it.
    reason : str
    at : datetime
    detail : dict
        What is kept with it.
    """

    step: Transition
    by: Principal
    reason: str
    at: datetime
    detail: dict[str, Any]


def find_decision(session: Session, decision_id: str, /) -> Decision | None:
    """Return a decision, or None where there is none of this id, whatever the id is."""
    from serving.state.schema import Decision

    return session.get(Decision, decision_id) if _ID.fullmatch(decision_id) else None


def moves_of(session: Session, decision: Decision, /) -> list[Move]:
    """Return all moves of a decision, oldest first."""
    from sqlalchemy import select

    from serving.state.schema import Move

    return list(session.scalars(select(Move).where(Move.decision == decision.id).order_by(Move.version)))


def others_on(session: Session, advice: Advice, /) -> list[Decision]:
    """Return decisions that stand in the way of one on an advice: open ones, and those that settled the very same."""
    from sqlalchemy import select

    from serving.state.schema import Decision

    key = advice.key
    alike = select(Decision).where(
        Decision.kind == key.kind,
        Decision.role == key.role,
        Decision.employee == key.employee,
    )
    if key.employee is None:  # a person takes what is decided about them along into another team
        alike = alike.where(Decision.team_id == key.team_id)
    return [
        other
        for other in session.scalars(alike)
        if other.advice["about"] == key.about
        and (
            STATES[other.state] is Standing.OPEN
            or (STATES[other.state] is Standing.SETTLED and other.advice["digest"] == advice.digest)
        )
    ]


def superseded(session: Session, rows: Iterable[Any], /) -> dict[str, str]:
    """Return which of some decisions on cards hold no more since a later one on the same card was approved.

    Parameters
    ----------
    rows : iterable of Decision or of rows with ``id`` and ``team_id``

    Returns
    -------
    dict of str to str
        By id the id of the decision that holds now.
    """
    from sqlalchemy import select

    from serving.state.schema import Decision, Move

    wanted = {row.id: row.team_id for row in rows}
    approved = (
        select(Decision, Move.at)
        .join(Move, Move.decision == Decision.id)
        .where(Move.name == "approve", Decision.team_id.in_(set(wanted.values())), Decision.state.in_(_HOLDING))
        .order_by(Move.at, Move.version)
    )
    newest: dict[AdviceKey, str] = {}
    known: dict[str, AdviceKey] = {}
    for decision, _ in session.execute(approved):
        known[decision.id] = key_of(decision)
        newest[known[decision.id]] = decision.id
    return {one: newest[known[one]] for one in wanted if one in known and newest[known[one]] != one}


def about_of(session: Session, kind: str, /) -> dict[str, dict[str, Any]]:
    """Return by decision of a kind what its advice is about beside card or person, and the advice's digest."""
    from sqlalchemy import select

    from serving.state.schema import Decision

    rows = session.execute(select(Decision.id, Decision.advice).where(Decision.kind == kind))
    return {row.id: {name: row.advice[name] for name in ("about", "digest")} for row in rows}


def asked_rows(question: ListQuestion, now: datetime, /) -> Executable:
    """Return the query of decisions as a list shows them, the latest change first."""
    from sqlalchemy import select

    from serving.state.schema import Decision

    asked = select(
        Decision.id,
        Decision.kind,
        Decision.team_id,
        Decision.role,
        Decision.employee,
        Decision.state,
        Decision.version,
        Decision.due_at,
        Decision.created_at,
        Decision.changed_at,
    ).order_by(Decision.changed_at.desc(), Decision.id)
    for column, value in (
        (Decision.state, question.state),
        (Decision.team_id, question.team_id),
        (Decision.kind, question.kind),
    ):
        if value is not None:
            asked = asked.where(column == value)
    if question.overdue is None:
        return asked
    return asked.where(
        Decision.due_at < now if question.overdue else Decision.due_at.is_(None) | (Decision.due_at >= now)
    )


def new_decision(advice: Advice, choice: dict[str, Any], now: datetime, /) -> Decision:
    """Return a decision that no move has been made of yet, with the advice frozen into it."""
    from serving.state.schema import Decision

    key = advice.key
    return Decision(
        id=uuid.uuid4().hex, kind=key.kind, team_id=key.team_id, role=key.role, employee=key.employee,
        advice=advice.frozen(), choice=choice, state="", version=0, due_at=None, created_at=now, changed_at=now,
    )  # fmt: skip


def write_move(session: Session, decision: Decision, made: Made, answer_days: int, /) -> Entry:
    """Write a move and what it makes of its decision; return what the audit log gets of it."""
    from serving.state.schema import Move

    step, before = made.step, decision.state
    session.add(decision)
    session.flush()  # a decision before its first move
    decision.state, decision.version, decision.changed_at = step.after, decision.version + 1, made.at
    decision.due_at = made.at + timedelta(days=answer_days) if step.due else None
    decision.choice = made.detail.get("choice", decision.choice)
    session.add(
        Move(
            decision=decision.id, version=decision.version, name=step.name, before=before, after=step.after,
            by=made.by.user, role=made.by.role, reason=made.reason, at=made.at,
            detail={"employee": made.by.employee, **made.detail},
        )
    )  # fmt: skip
    session.flush()
    person = made.by.employee if step.name == "contest" and decision.employee is None else decision.employee
    detail = {
        "decision": decision.id,
        "kind": decision.kind,
        "move": step.name,
        "version": decision.version,
        "before": before,
        "after": step.after,
        "advice": decision.advice["digest"],
        "choice": decision.choice,
        "reason": made.reason,
    }
    return Entry("decide", made.by, decision.team_id, person, detail)


def key_of(decision: Decision, /) -> AdviceKey:
    """Return which advice a decision is on."""
    about = decision.advice["about"]
    kind: Any = decision.kind
    return AdviceKey(
        kind, decision.team_id, decision.role, about["kpi"], decision.employee, about["action"], about["cause"]
    )
