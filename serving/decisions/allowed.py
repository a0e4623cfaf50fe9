"""Who may see a decision, and who may make which move of it now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.decisions.moves import Relation, Transition, moves_from, transition
from serving.decisions.refused import RunNotReady
from serving.decisions.words import not_allowed, relation_refusal

if TYPE_CHECKING:
    from serving.state.schema import Move

__all__ = ["Case", "Shown", "may_read", "open_moves", "refusal", "sees_contest", "sees_mover"]

OnCard = Callable[[str, str, str], bool]
"""Whether a person is measured by the card of a team and role."""

TeamOf = Callable[[str], str | None]
"""The team of a person now; None where that is not known."""

_CARDS = ("weights", "target")


@dataclass(frozen=True)
class Shown:
    """As much of a decision as says whom it is about.

    Parameters
    ----------
    kind, state : str
        ``state`` is empty before the decision begins.
    team_id : str or None
        The team of its card; of a person, the team that they are in now, so that who led them once sees no more.
    role, employee : str or None
    """

    kind: str
    state: str
    team_id: str | None
    role: str | None
    employee: str | None

    @classmethod
    def of(cls, row: Any, team_of: TeamOf, /) -> Shown:
        """Return it for a row of the database, whole or in part; the team of then where that of now is not known."""
        now = None if row.employee is None else team_of(row.employee)
        return cls(row.kind, row.state, now or row.team_id, row.role, row.employee)


def _unknown(_employee: str, /) -> str | None:
    return None


@dataclass(frozen=True)
class Case:
    """A decision and what happened to it.

    Parameters
    ----------
    decision : Shown
        As it is now.
    moves : sequence of Move
        Oldest first; empty before it begins.
    on_card, team_of : callable
    """

    decision: Shown
    moves: Sequence[Move]
    on_card: OnCard
    team_of: TeamOf = _unknown


def may_read(principal: Principal, decision: Shown, on_card: OnCard, /) -> bool:
    """Whether somebody may see a decision: by the rules, as a person on its card, or to answer its contest."""
    subject = Subject(decision.team_id, decision.employee)
    if decision.employee is not None:
        answers = decision.state == "contested" and may(principal, "answer_contest_of_person", subject)
        return answers or may(principal, "read_decision_of_person", subject)
    return may(principal, "read_decision", subject) or _on_card(principal, decision, on_card)


def refusal(principal: Principal, case: Case, move: Transition, /) -> Message | None:
    """Return why somebody may not make a move now, or None where they may."""
    subject = Subject(case.decision.team_id, case.decision.employee)
    if move.name == "contest" and subject.person is None:
        subject = Subject(subject.team, principal.employee)
    found = None
    for who in move.who:
        if may(principal, who.action, subject):
            failing = next((each for each in who.relations if not _holds(principal, case, each)), None)
            if failing is None:
                return None
            found = found or relation_refusal(failing, who.action)
    return found or not_allowed(who.action for who in move.who)


def open_moves(principal: Principal, case: Case, /) -> list[str]:
    """Return the moves that somebody may make now."""
    names = [
        each.name for each in moves_from(case.decision.kind, case.decision.state) if _is_open(principal, case, each)
    ]
    return list(dict.fromkeys(names))


def _is_open(principal: Principal, case: Case, move: Transition, /) -> bool:
    try:
        return refusal(principal, case, move) is None
    except RunNotReady:  # without a run nobody knows whom a card measures; a decision can be read all the same
        return False


def sees_contest(principal: Principal, case: Case, move: Move, /) -> bool:
    """Whether somebody may read why a decision was contested: who contests, and who may answer."""
    decision = case.decision
    subject = Subject(decision.team_id, decision.employee)
    answers = "approve" if decision.employee is None else "answer_contest_of_person"
    return may(principal, answers, subject) or sees_mover(principal, case, move)


def sees_mover(principal: Principal, case: Case, move: Move, /) -> bool:
    """Whether somebody may know who made a move: a person who contests is named to themselves and their lead."""
    if move.name != "contest":
        return True
    person = move.detail.get("employee")
    team = (person and case.team_of(person)) or case.decision.team_id
    return move.by == principal.user or may(principal, "read_decision_of_person", Subject(team, person))


def _on_card(principal: Principal, decision: Shown, on_card: OnCard, /) -> bool:
    # a team of nobody's: the rule must hold because it is the user's own row
    own = may(principal, "own_card", Subject(None, principal.employee))
    return own and _is_measured(principal, decision, on_card)


def _is_measured(principal: Principal, decision: Shown, on_card: OnCard, /) -> bool:
    """Whether a card measures somebody, whatever their role in the service is."""
    own = principal.employee
    if own is None or decision.kind not in _CARDS or decision.team_id is None:
        return False
    return on_card(own, decision.team_id, decision.role or "")


def _holds(principal: Principal, case: Case, relation: Relation, /) -> bool:
    person = case.decision.employee
    holds: dict[Relation, Callable[[], bool]] = {
        Relation.ANOTHER: lambda: not _made_by(principal, case.moves[-1]),
        Relation.THE_SAME: lambda: _made_by(principal, case.moves[-1]),
        Relation.NO_MAKER: lambda: not any(_made_by(principal, move) for move in _making(case)),
        Relation.THE_PERSON: lambda: person is not None and principal.employee == person,
        Relation.NOT_THE_PERSON: lambda: principal.employee is None or principal.employee != person,
        Relation.ON_CARD: lambda: _on_card(principal, case.decision, case.on_card),
        Relation.NOT_ON_CARD: lambda: not _is_measured(principal, case.decision, case.on_card),
        Relation.NOT_YET_CONTESTED: lambda: not _contested(principal, case),
    }
    return holds[relation]()


def _made_by(principal: Principal, move: Move, /) -> bool:
    """Whether a move was made by the same user, or by another user who is the same person."""
    own = principal.employee
    return move.by == principal.user or (own is not None and move.detail.get("employee") == own)


def _making(case: Case, /) -> list[Move]:
    found = []
    for move in case.moves:
        made = transition(case.decision.kind, move.name, move.before or None)
        if made is not None and made.makes:
            found.append(move)
    return found


def _contested(principal: Principal, case: Case, /) -> bool:
    """Whether somebody has contested what was last decided."""
    making = _making(case)
    since = making[-1].version if making else 0
    return any(move.name == "contest" and move.version > since and _made_by(principal, move) for move in case.moves)
