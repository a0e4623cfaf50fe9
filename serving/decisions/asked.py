"""What somebody wants to decide on: found, if it is theirs to see, and the move that begins the decision."""

from __future__ import annotations

from collections.abc import Sequence

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.access.rules import Subject, may, may_at_all
from serving.decisions.advice import Advice, AdviceKey, RunAdvice
from serving.decisions.allowed import Case, Shown, refusal
from serving.decisions.moves import Transition, moves_from, transition
from serving.decisions.payloads import AdviceQuestion, ProposalRequest
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.decisions.words import no_such_move, not_allowed

__all__ = ["advice_for", "beginnings", "first_step"]

_SEEN_BY = {
    "weights": "weights",
    "target": "weights",
    "coaching": "coaching_of_person",
    "root_cause": "read_decision",
}


def advice_for(principal: Principal, run: RunAdvice, question: AdviceQuestion, /) -> Advice:
    """Return an advice to one who may see it.

    Raises
    ------
    NotAllowed
        If their role sees none of this kind.
    NotFound
        If there is none, or it is not theirs.
    """
    _subject(principal, run, question, (_SEEN_BY[question.kind],))
    return run.find(question.advice_key)


def first_step(principal: Principal, run: RunAdvice, asked: ProposalRequest, /) -> tuple[Transition, Advice]:
    """Return the row of the table that begins a decision, and the advice that it is on.

    Raises
    ------
    DecisionRefused
        If no decision of this kind begins so, it is not theirs to make, or the advice has changed since it was seen.
    """
    step = transition(asked.kind, asked.move, None)
    if step is None:
        raise DecisionRefused(no_such_move(asked.kind, asked.move, moves_from(asked.kind, None)), "move")
    subject = _subject(principal, run, asked, [who.action for who in step.who])
    why = refusal(principal, _before(asked, subject), step)
    if why is not None:
        raise NotAllowed(why)
    advice = run.find(asked.advice_key)
    if advice.digest != asked.advice:
        raise Conflict(Message("decision.stale"), "advice")
    return step, advice


def beginnings(principal: Principal, run: RunAdvice, key: AdviceKey, /) -> list[str]:
    """Return the moves by which somebody may begin a decision on an advice."""
    team = key.team_id if key.employee is None else run.team_of(key.employee)
    case = Case(Shown(key.kind, "", team, key.role, key.employee), (), _nobody)
    return [each.name for each in moves_from(key.kind, None) if refusal(principal, case, each) is None]


def _before(asked: AdviceQuestion, subject: Subject, /) -> Case:
    return Case(Shown(asked.kind, "", subject.team, asked.role, subject.person), (), _nobody)


def _nobody(_employee: str, _team: str, _role: str, /) -> bool:
    return False


def _subject(principal: Principal, run: RunAdvice, question: AdviceQuestion, actions: Sequence[str], /) -> Subject:
    """Return whom a question is about, if one of the actions may be done for them.

    An unknown team or person gets the answer of a foreign one.
    """
    allowed = [action for action in actions if may_at_all(principal, action)]
    if not allowed:
        raise NotAllowed(not_allowed(actions))
    employee = question.employee_id
    team = question.team_id if employee is None else run.team_of(employee)
    if team is None or not (employee is not None or _is_known(run, team)):
        raise NotFound
    subject = Subject(team, employee)
    if not any(may(principal, action, subject) for action in allowed):
        raise NotFound
    return subject


def _is_known(run: RunAdvice, team: str, /) -> bool:
    return run.has_team(team) or run.run.knows_team(team)
