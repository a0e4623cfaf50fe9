"""Pilots as JSON, without what is not for the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message, bilingual
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.decisions.answers import written
from serving.pilots.allowed import begins
from serving.pilots.words import pilot_move_name, pilot_state_name

if TYPE_CHECKING:
    from serving.state.schema import Pilot
    from serving.state.schema import PilotMove as Kept

__all__ = ["pilot_answer", "pilot_row"]

_HIDDEN = ("schedules", "cards", "starts")
_PRIVATE = ("employee", "outcome")  # a name beside a pseudonym would say whose it is; the outcome stands once


def pilot_row(pilot: Pilot, /) -> dict[str, Any]:
    """Return a pilot as a list shows it."""
    plan = pilot.plan
    return {
        "name": pilot.name,
        "kpi": plan["kpi"],
        "state": _named(pilot.state, pilot_state_name(pilot.state)),
        "version": pilot.version,
        "begins": list(begins(plan)),
        "first_month": plan["months"][plan["begin"]][:7],
        "last_month": plan["months"][-1][:7],
        "verdict": None if pilot.outcome is None else pilot.outcome.get("verdict"),
        "created_at": written(pilot.created_at),
        "changed_at": written(pilot.changed_at),
    }


def pilot_answer(
    principal: Principal, pilot: Pilot, moves: Sequence[Kept], following: Sequence[str], /
) -> dict[str, Any]:
    """Return a pilot whole, for one who may see it: of cards those of the own teams."""
    plan = {name: value for name, value in pilot.plan.items() if name not in _HIDDEN}
    return {
        "id": pilot.name,
        **pilot_row(pilot),
        "plan": plan,
        "plan_digest": pilot.plan_digest,
        "cards": _own(principal, pilot.plan.get("cards", ())),
        "outcome": pilot.outcome,
        "choice": _choice(principal, pilot.choice),
        "moves": [_move(principal, move) for move in moves],
        "next": [_named(name, pilot_move_name(name)) for name in following],
    }


def _move(principal: Principal, move: Kept, /) -> dict[str, Any]:
    detail = {name: value for name, value in move.detail.items() if name not in _PRIVATE}
    if "choice" in detail:
        detail["choice"] = _choice(principal, detail["choice"])
    return {
        "version": move.version,
        "move": _named(move.name, pilot_move_name(move.name)),
        "before": move.before,
        "after": move.after,
        "by": move.by,
        "role": move.role,
        "reason": move.reason,
        "at": written(move.at),
        "detail": detail,
    }


def _choice(principal: Principal, choice: dict[str, Any], /) -> dict[str, Any]:
    return {**choice, "cards": _own(principal, choice["cards"])} if "cards" in choice else choice


def _own(principal: Principal, cards: Sequence[dict[str, Any]], /) -> list[dict[str, Any]]:
    reads_all = may(principal, "read_pilot")
    return [card for card in cards if reads_all or may(principal, "read_pilot", Subject(card["team_id"]))]


def _named(key: str, name: Message, /) -> dict[str, str]:
    return {"key": key, **bilingual(name)}
