"""What states and moves of a pilot are called: keys of the message catalogue, written out."""

from __future__ import annotations

from baton.messages.message import Message
from baton.nearest import nearest
from serving.pilots.moves import PILOT_MOVES

__all__ = ["no_such_pilot_move", "pilot_move_name", "pilot_state_name"]

_STATES = (
    "pilot_state.planned",
    "pilot_state.approved",
    "pilot_state.rejected",
    "pilot_state.withdrawn",
    "pilot_state.running",
    "pilot_state.evaluated",
    "pilot_state.stopped",
    "pilot_state.extended",
    "pilot_state.adopting",
    "pilot_state.adopted",
    "pilot_state.rolling_back",
    "pilot_state.rolled_back",
)
_MOVES = (
    "pilot_move.plan",
    "pilot_move.approve",
    "pilot_move.reject",
    "pilot_move.withdraw",
    "pilot_move.start",
    "pilot_move.evaluate",
    "pilot_move.stop",
    "pilot_move.extend",
    "pilot_move.adopt",
    "pilot_move.confirm",
    "pilot_move.decline",
    "pilot_move.roll_back",
    "pilot_move.keep",
)
_NAMES = {key: Message(key) for key in (*_STATES, *_MOVES)}


def pilot_state_name(state: str, /) -> Message:
    """Return what a state is called.

    Examples
    --------
    >>> pilot_state_name("adopting").text
    'adoption waits for a second person'
    """
    return _NAMES[f"pilot_state.{state}"]


def pilot_move_name(move: str, /) -> Message:
    """Return what a move is called."""
    return _NAMES[f"pilot_move.{move}"]


def no_such_pilot_move(name: str, /) -> Message:
    """Say which moves there are.

    Examples
    --------
    >>> no_such_pilot_move("aprove").text
    'a pilot knows no such move; did you mean approve?'
    """
    names = tuple(dict.fromkeys(each.name for each in PILOT_MOVES if each.before))
    near = nearest(name, names)
    if near is None:
        return Message("piloting.no_such_move", {"moves": names})
    return Message("piloting.no_such_move_near", {"near": near})
