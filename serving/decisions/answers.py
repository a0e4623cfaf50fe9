"""Decisions as JSON, without what is not for the one who asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message, bilingual
from serving.access.principal import Principal
from serving.decisions.advice import Advice
from serving.decisions.allowed import Case, open_moves, sees_contest, sees_mover
from serving.decisions.words import kind_name, move_name, state_name

if TYPE_CHECKING:
    from serving.state.schema import Decision, Move

__all__ = ["advice_answer", "answer_again", "decision_answer", "decision_row", "is_overdue", "named_moves", "written"]

_FOR_LEAD = "for_lead"
_COMPARED = ("advice_then", "advice_now")
_PRIVATE = ("employee",)  # with a user's name beside it, it would say whose pseudonym it is


def written(moment: datetime | None, /) -> str | None:
    """Return a moment of the database, UTC without zone, as ISO 8601.

    Examples
    --------
    >>> written(datetime(2026, 7, 1, 8))
    '2026-07-01T08:00:00Z'
    """
    return None if moment is None else f"{moment.isoformat(timespec='seconds')}Z"


def is_overdue(decision: Any, now: datetime, /) -> bool:
    """Whether an answer is due and was not given in time."""
    return decision.due_at is not None and decision.due_at < now


def decision_row(decision: Any, now: datetime, /, *, superseded_by: str | None = None) -> dict[str, Any]:
    """Return a decision as a list shows it."""
    return {
        "id": decision.id,
        "kind": _named(decision.kind, kind_name(decision.kind)),
        "team_id": decision.team_id,
        "role": decision.role,
        "employee_id": decision.employee,
        "state": _named(decision.state, state_name(decision.state)),
        "version": decision.version,
        "due_at": written(decision.due_at),
        "overdue": is_overdue(decision, now),
        "created_at": written(decision.created_at),
        "changed_at": written(decision.changed_at),
        "superseded_by": superseded_by,
    }


def decision_answer(
    principal: Principal, decision: Decision, case: Case, now: datetime, /, *, still_advised: bool | None
) -> dict[str, Any]:
    """Return a decision whole, for one who may see it."""
    advice = decision.advice
    return {
        **decision_row(decision, now),
        "about": advice["about"],
        "advice": {**advice, "rows": _rows_for(principal, decision.employee, advice["rows"])},
        "choice": decision.choice,
        "still_advised": still_advised,
        "moves": [_move(principal, case, move) for move in case.moves],
        "next": named_moves(open_moves(principal, case)),
    }


def answer_again(principal: Principal, case: Case, kept: dict[str, Any], /) -> dict[str, Any]:
    """Return an answer of then, without what is not for the one who asks any more."""
    advice = kept["advice"]
    return {
        **kept,
        "advice": {**advice, "rows": _rows_for(principal, case.decision.employee, advice["rows"])},
        "moves": [_move(principal, case, move) for move in case.moves if move.version <= kept["version"]],
    }


def advice_answer(principal: Principal, advice: Advice, moves: Iterable[str], /) -> dict[str, Any]:
    """Return an advice that may be decided on."""
    key = advice.key
    return {
        "kind": _named(key.kind, kind_name(key.kind)),
        "team_id": key.team_id,
        "role": key.role,
        "employee_id": key.employee,
        "digest": advice.digest,
        "about": key.about,
        "rows": _rows_for(principal, key.employee, advice.rows),
        "evidence": dict(advice.evidence),
        "made_from": dict(advice.made_from),
        "next": named_moves(moves),
    }


def named_moves(moves: Iterable[str], /) -> list[dict[str, str]]:
    """Return moves with their names."""
    return [_named(name, move_name(name)) for name in moves]


def _move(principal: Principal, case: Case, move: Move, /) -> dict[str, Any]:
    named = sees_mover(principal, case, move)
    contest = move.name != "contest" or sees_contest(principal, case, move)
    detail = {name: value for name, value in move.detail.items() if name not in _PRIVATE}
    for name in _COMPARED:
        if "rows" in detail.get(name, {}):
            rows = _rows_for(principal, case.decision.employee, detail[name]["rows"])
            detail[name] = {**detail[name], "rows": rows}
    return {
        "version": move.version,
        "move": _named(move.name, move_name(move.name)),
        "before": move.before,
        "after": move.after,
        "by": move.by if named else None,
        "role": move.role if named else None,
        "reason": move.reason if contest else None,
        "at": written(move.at),
        "detail": detail,
    }


def _rows_for(principal: Principal, employee: str | None, rows: list[dict[str, Any]], /) -> list[dict[str, Any]]:
    """Return rows of an advice, without what was written for the lead where its person reads them."""
    if employee is None or principal.employee != employee:
        return rows
    return [{name: value for name, value in row.items() if name != _FOR_LEAD} for row in rows]


def _named(key: str, name: Message, /) -> dict[str, str]:
    return {"key": key, **bilingual(name)}
