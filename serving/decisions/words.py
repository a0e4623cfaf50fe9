"""What kinds, states, moves and conditions are called: keys of the message catalogue, written out."""

from __future__ import annotations

from collections.abc import Iterable

from baton.messages.message import Message
from baton.nearest import nearest
from serving.access.rules import RULES, Scope
from serving.decisions.moves import Relation, Transition

__all__ = [
    "kind_name",
    "move_name",
    "no_such_move",
    "not_allowed",
    "relation_refusal",
    "state_name",
    "who_may",
]

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
_WHO = {
    ("service", Scope.ALL): Message("decision_role.service"),
    ("analyst", Scope.ALL): Message("decision_role.analyst"),
    ("manager", Scope.TEAMS): Message("decision_role.manager"),
    ("manager", Scope.LED): Message("decision_role.direct_lead"),
    ("manager", Scope.OWN): Message("decision_role.person"),
    ("employee", Scope.OWN): Message("decision_role.person"),
    ("auditor", Scope.ALL): Message("decision_role.auditor"),
}
_NAMES = {key: Message(key) for key in (*_KINDS, *_STATES, *_MOVES)}
_REFUSALS = {
    Relation.ANOTHER: Message("decision.another"),
    Relation.THE_SAME: Message("decision.same"),
    Relation.THE_PERSON: Message("decision.the_person"),
    Relation.NOT_THE_PERSON: Message("decision.not_the_person"),
    Relation.ON_CARD: Message("decision.on_card"),
    Relation.NOT_ON_CARD: Message("decision.not_on_card"),
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


def no_such_move(kind: str, name: str, known: Iterable[Transition], /) -> Message:
    """Say by which names, as in the path, there are moves.

    Examples
    --------
    >>> from serving.decisions.moves import moves_from
    >>> no_such_move("weights", "acept", moves_from("weights", None)).text
    'weights of a scorecard: there is no such move; did you mean accept? There are accept, change, dismiss'
    """
    names = tuple(dict.fromkeys(each.name for each in known))
    values = {"kind": kind_name(kind), "moves": names}
    near = nearest(name, names)
    if near is None:
        return Message("decision.no_such_move", values)
    return Message("decision.no_such_move_near", {**values, "near": near})


def relation_refusal(relation: Relation, action: str, /) -> Message:
    """Return why somebody may not make a move that asks for a relation, besides the rule for its action."""
    if relation is Relation.NO_MAKER:
        return Message("decision.no_maker", {"who": who_may([action])})
    return _REFUSALS[relation]


def not_allowed(actions: Iterable[str], /) -> Message:
    """Say that a role may do none of some actions, and which roles may."""
    return Message("decision.not_allowed", {"who": who_may(actions)})


def who_may(actions: Iterable[str], /) -> tuple[Message, ...]:
    """Return who may do any of some actions, by the rules.

    Examples
    --------
    >>> [who.text for who in who_may(["approve"])]
    ['an analyst', 'a manager of the team or of one above it']
    """
    allowed = (who for action in actions for (role, scope), who in _WHO.items() if scope in RULES[role, action])
    return tuple({who.key: who for who in allowed}.values())
