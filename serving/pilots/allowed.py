"""Who may see a pilot, and who may make which move of it now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.decisions.moves import Relation
from serving.decisions.refused import RunNotReady
from serving.decisions.words import not_allowed, relation_refusal
from serving.pilots.moves import PilotMove, moves_of

if TYPE_CHECKING:
    from serving.state.schema import PilotMove as Kept

__all__ = ["TeamOf", "begins", "may_read_pilot", "open_pilot_moves", "pilot_refusal"]

TeamOf = Callable[[str], str | None]
"""The team of a person now, by pseudonym; None where that is not known."""


def begins(plan: Mapping[str, Any], /) -> tuple[str, ...]:
    """Return the teams that begin at some time.

    Examples
    --------
    >>> begins({"teams": ["t1", "t2", "t3"], "starts": [6, -1, 9]})
    ('t1', 't3')
    """
    return tuple(team for team, start in zip(plan["teams"], plan["starts"], strict=True) if start >= 0)


def may_read_pilot(principal: Principal, plan: Mapping[str, Any], /) -> bool:
    """Whether somebody may see a pilot: whoever may see one of its teams, compared ones too."""
    return any(may(principal, "read_pilot", Subject(team)) for team in plan["teams"])


def pilot_refusal(
    principal: Principal, plan: Mapping[str, Any], moves: Sequence[Kept], move: PilotMove, team_of: TeamOf, /
) -> Message | None:
    """Return why somebody may not make a move now, or None where they may."""
    found = None
    for who in move.who:
        if all(may(principal, who.action, Subject(team)) for team in begins(plan)):
            failing = next((each for each in who.relations if not _holds(principal, plan, moves, each, team_of)), None)
            if failing is None:
                return None
            found = found or relation_refusal(failing, who.action)
    return found or not_allowed(who.action for who in move.who)


def open_pilot_moves(
    principal: Principal, plan: Mapping[str, Any], moves: Sequence[Kept], state: str, team_of: TeamOf, /
) -> list[str]:
    """Return the moves that somebody may make now."""
    try:
        return [each.name for each in moves_of(state) if pilot_refusal(principal, plan, moves, each, team_of) is None]
    except RunNotReady:  # without a run nobody knows who is in which team; a pilot can be read all the same
        return []


def _holds(
    principal: Principal, plan: Mapping[str, Any], moves: Sequence[Kept], relation: Relation, team_of: TeamOf, /
) -> bool:
    own = principal.employee
    if relation is Relation.ANOTHER:
        last = moves[-1]
        return last.by != principal.user and (own is None or last.detail.get("employee") != own)
    assert relation is Relation.NOT_ON_CARD
    return own is None or team_of(own) not in plan["teams"]
