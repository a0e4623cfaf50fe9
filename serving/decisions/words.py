"""What kinds, states, moves and conditions are called: keys of the message catalogue, written out."""

from __future__ import annotations

from baton.messages.message import Message
from serving.decisions.moves import Relation

__all__ = ["kind_name", "move_name", "relation_refusal", "state_name"]

_KINDS = ("decision_kind.weights", "decision_kind.target", "decision_kind.coaching", "decision_kind.root_cause")
_STATES = (
    "decision_state.proposed",
    "decision_state.dismissed",
    "decision_state.approved",
    "decision_state.rejected",
    "decision_state.withdrawn",
    "decision_state.revoking",
    "decision_state.revoked",
    "decision_state.contested",
    "decision_state.upheld",
    "decision_state.offered",
    "decision_state.accepted",
    "decision_state.changed",
    "decision_state.declined",
    "decision_state.done",
    "decision_state.helped",
    "decision_state.not_helped",
)
_MOVES = (
    "decision_move.accept",
    "decision_move.change",
    "decision_move.dismiss",
    "decision_move.approve",
    "decision_move.reject",
    "decision_move.withdraw",
    "decision_move.revoke",
    "decision_move.confirm",
    "decision_move.keep",
    "decision_move.contest",
    "decision_move.uphold",
    "decision_move.offer",
    "decision_move.decline",
    "decision_move.done",
    "decision_move.helped",
    "decision_move.not_helped",
)
_NAMES = {key: Message(key) for key in (*_KINDS, *_STATES, *_MOVES)}
_REFUSALS = {
    Relation.ANOTHER: Message("decision.another"),
    Relation.THE_SAME: Message("decision.same"),
    Relation.NO_MAKER: Message("decision.no_maker"),
    Relation.THE_PERSON: Message("decision.the_person"),
    Relation.NOT_THE_PERSON: Message("decision.not_the_person"),
    Relation.ON_CARD: Message("decision.on_card"),
    Relation.NOT_YET_CONTESTED: Message("decision.contested_before"),
}


def kind_name(kind: str, /) -> Message:
    """Return what a kind of decision is called."""
    return _NAMES[f"decision_kind.{kind}"]


def state_name(state: str, /) -> Message:
    """Return what a state is called.

    Examples
    --------
    >>> state_name("approved").text
    'approved'
    """
    return _NAMES[f"decision_state.{state}"]


def move_name(move: str, /) -> Message:
    """Return what a move is called."""
    return _NAMES[f"decision_move.{move}"]


def relation_refusal(relation: Relation, /) -> Message:
    """Return why somebody may not make a move that asks for a relation."""
    return _REFUSALS[relation]
