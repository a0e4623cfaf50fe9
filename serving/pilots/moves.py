"""The one table of a pilot's moves: from which state to which, and who may make each.

``docs/pilots.md`` shows it, and the tests walk every state, move and role. What is not in it cannot be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serving.decisions.moves import Relation, Who

__all__ = ["ENDED", "PILOT_MOVES", "PILOT_STATES", "PLAN", "PilotMove", "move_of", "moves_of"]

PLAN = "plan"
"""The move that begins a pilot."""


@dataclass(frozen=True)
class PilotMove:
    """One row of the table.

    Parameters
    ----------
    name : str
    before : tuple of str
        States that it is made from; empty: it begins a pilot.
    after : str
    who : tuple of Who
        Any of them; for all teams that begin.
    verdict : str
        The verdict that it asks for; empty: none.
    measured : bool
        Whether it comes with an outcome, which nobody can send: it is measured where the run lies.
    """

    name: str
    before: tuple[str, ...]
    after: str
    who: tuple[Who, ...]
    verdict: str = ""
    measured: bool = False


_RUN = (Who("run_pilot"),)
_SECOND = (Who("approve_pilot", (Relation.ANOTHER,)),)
# nobody approves what the own card is tried on, or will be changed by
_SECOND_PAID_ELSEWHERE = (Who("approve_pilot", (Relation.ANOTHER, Relation.NOT_ON_CARD)),)
_EITHER = (Who("run_pilot"), Who("approve_pilot"))

PILOT_MOVES: tuple[PilotMove, ...] = (
    PilotMove(PLAN, (), "planned", _RUN),
    PilotMove("approve", ("planned",), "approved", _SECOND_PAID_ELSEWHERE),
    PilotMove("reject", ("planned",), "rejected", _SECOND),
    PilotMove("withdraw", ("planned", "approved"), "withdrawn", _RUN),
    PilotMove("start", ("approved",), "running", _RUN),
    PilotMove("evaluate", ("running",), "evaluated", _RUN, measured=True),
    # whoever sees harm may end it at once, alone
    PilotMove("stop", ("running", "evaluated"), "stopped", _EITHER),
    PilotMove("extend", ("evaluated",), "extended", _RUN, verdict="extend"),
    PilotMove("adopt", ("evaluated",), "adopting", _RUN, verdict="adopt"),
    PilotMove("confirm", ("adopting",), "adopted", _SECOND_PAID_ELSEWHERE),
    PilotMove("decline", ("adopting",), "evaluated", _SECOND),
    PilotMove("roll_back", ("adopted",), "rolling_back", _EITHER),
    PilotMove("confirm", ("rolling_back",), "rolled_back", _SECOND_PAID_ELSEWHERE),
    PilotMove("keep", ("rolling_back",), "adopted", _SECOND_PAID_ELSEWHERE),
)
"""All moves."""

PILOT_STATES: tuple[str, ...] = tuple(dict.fromkeys(each.after for each in PILOT_MOVES))
ENDED: frozenset[str] = frozenset(PILOT_STATES) - {state for each in PILOT_MOVES for state in each.before}
"""States that nothing follows."""


def moves_of(state: str | None, /) -> Iterator[PilotMove]:
    """Return the moves from a state; from None the one that begins a pilot.

    Examples
    --------
    >>> [each.name for each in moves_of("evaluated")]
    ['stop', 'extend', 'adopt']
    >>> sorted(ENDED)
    ['extended', 'rejected', 'rolled_back', 'stopped', 'withdrawn']
    """
    for each in PILOT_MOVES:
        if (state in each.before) if state is not None else not each.before:
            yield each


def move_of(name: str, state: str | None, /) -> PilotMove | None:
    """Return the row for a move from a state, or None where there is none.

    Examples
    --------
    >>> move_of("confirm", "adopting").after, move_of("confirm", "running")
    ('adopted', None)
    """
    return next((each for each in moves_of(state) if each.name == name), None)
