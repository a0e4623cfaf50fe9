"""Rows of pilots and their moves, and what the audit log gets of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal
from serving.audit.log import Entry
from serving.audit.pilots import PILOT
from serving.decisions.advice import digest_of
from serving.pilots.moves import PilotMove

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import Pilot
    from serving.state.schema import PilotMove as Kept

__all__ = ["MadeMove", "find_pilot", "kept_moves", "new_pilot", "note_limits", "write_pilot_move"]


@dataclass(frozen=True)
class MadeMove:
    """A move to be written.

    Parameters
    ----------
    step : PilotMove
        The row of the table that allows it.
    by : Principal
        Who makes it.
    reason : str
        In their words.
    at : datetime
        By the clock of this machine.
    outcome : mapping, optional
        What was measured.
    choice : mapping, optional
        What is to be adopted.
    """

    step: PilotMove
    by: Principal
    reason: str
    at: datetime
    outcome: Mapping[str, Any] | None = None
    choice: Mapping[str, Any] | None = None


def find_pilot(session: Session, name: str, /) -> Pilot | None:
    """Return a pilot, or None where there is none of this name, whatever the name is."""
    from serving.state.schema import Pilot

    return session.get(Pilot, name) if name.isascii() and name.isprintable() and len(name) <= 60 else None


def kept_moves(session: Session, name: str, /) -> list[Kept]:
    """Return all moves of a pilot, oldest first."""
    from sqlalchemy import select

    from serving.state.schema import PilotMove as Kept

    return list(session.scalars(select(Kept).where(Kept.pilot == name).order_by(Kept.version)))


def new_pilot(plan: Mapping[str, Any], now: datetime, /) -> Pilot:
    """Return a pilot that no move has been made of yet, with the plan frozen into it."""
    from serving.state.schema import Pilot

    kept = dict(plan)
    return Pilot(
        name=kept["name"], plan=kept, plan_digest=digest_of(kept), outcome=None, choice={}, state="", version=0,
        created_at=now, changed_at=now,
    )  # fmt: skip


def write_pilot_move(session: Session, pilot: Pilot, made: MadeMove, /) -> Entry:
    """Write a move and what it makes of its pilot; return what the audit log gets of it.

    A clock that was set back gives no move an earlier time than the one before: ``detail`` says by how much it was.
    """
    from serving.state.schema import PilotMove as Kept

    step, before = made.step, pilot.state
    back = (pilot.changed_at - made.at).total_seconds()
    at = max(made.at, pilot.changed_at)
    session.add(pilot)
    session.flush()  # a pilot before its first move
    pilot.state, pilot.version, pilot.changed_at = step.after, pilot.version + 1, at
    detail: dict[str, Any] = {"employee": made.by.employee}
    if back > 0:
        detail["clock_back_seconds"] = back
    if made.outcome is not None:
        pilot.outcome = detail["outcome"] = dict(made.outcome)
    if made.choice is not None:
        pilot.choice = detail["choice"] = dict(made.choice)
    session.add(
        Kept(
            pilot=pilot.name, version=pilot.version, name=step.name, before=before, after=step.after, by=made.by.user,
            role=made.by.role, reason=made.reason, at=at, detail=detail,
        )
    )  # fmt: skip
    session.flush()
    logged: dict[str, Any] = {
        "pilot": pilot.name,
        "move": step.name,
        "version": pilot.version,
        "before": before,
        "after": step.after,
        "plan": pilot.plan_digest,
        "choice": pilot.choice,
        "reason": made.reason,
    }
    if made.outcome is not None:
        logged |= {"verdict": made.outcome.get("verdict"), "outcome": digest_of(dict(made.outcome))}
    return Entry(PILOT, made.by, detail=logged)


def note_limits(session: Session, limits: Mapping[str, Any], by: Principal, reason: str, at: datetime, /) -> bool:
    """Keep the limits of ``[policy]`` where they are other than those that were kept last; return whether they are."""
    from sqlalchemy import select

    from serving.state.schema import PolicyLimits

    last = session.scalars(select(PolicyLimits).order_by(PolicyLimits.number.desc()).limit(1)).first()
    if last is not None and last.limits == dict(limits):
        return False
    session.add(PolicyLimits(limits=dict(limits), by=by.user, reason=reason, at=at))
    session.flush()
    return True
