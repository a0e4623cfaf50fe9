"""Decisions as they are kept: each move in one transaction with its line in the audit log and its stored answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from baton.errors import BatonError
from baton.messages.message import Message
from serving.access.principal import Principal
from serving.access.views import record_views
from serving.audit.log import Recorder
from serving.decisions.advice import Advice, AdviceKey, RunAdvice
from serving.decisions.allowed import Case, Shown, may_read, refusal, sees_mover
from serving.decisions.answers import advice_answer, answer_again, decision_answer, decision_row, written
from serving.decisions.asked import advice_for, beginnings, first_step
from serving.decisions.choices import Choice, advised_choice, own_choice, require_still_allowed
from serving.decisions.moves import STATES, Kind, Transition, moves_from, transition
from serving.decisions.payloads import AdviceQuestion, ChoiceBody, ListQuestion, MoveRequest, ProposalRequest
from serving.decisions.records import (
    Made,
    about_of,
    asked_rows,
    find_decision,
    key_of,
    moves_of,
    new_decision,
    others_on,
    superseded,
    write_move,
)
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.decisions.replies import Repeat, find_reply, keep_reply
from serving.decisions.words import move_name, no_such_move, state_name
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import Decision
    from serving.state.store import State

__all__ = ["PAGE_ROWS", "DecisionStore"]

PAGE_ROWS = 50
_ERASED = "erased-"  # so begins what `baton audit erase` leaves in the place of a pseudonym

Answer = tuple[int, dict[str, Any]]


class DecisionStore:
    """Decisions of one company.

    Parameters
    ----------
    state : State
        Its database has the decisions.
    advice : callable
        Returns what the loaded run advises; raises ``RunNotReady`` while there is none.
    record : callable
        Writes a line of the audit log: ``AuditLog.append``.
    answer_days : int
        Within how many days a contest is to be answered.
    now : callable
        The time, UTC without zone.
    """

    def __init__(
        self,
        state: State,
        advice: Callable[[], RunAdvice],
        record: Recorder,
        *,
        answer_days: int = 14,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._state = state
        self._advice = advice
        self._record = record
        self._answer_days = answer_days
        self._now = now

    def advised(self, principal: Principal, question: AdviceQuestion, /) -> dict[str, Any]:
        """Return an advice with the digest by which it is decided on.

        Raises
        ------
        DecisionRefused
            If there is none, or it is not theirs to see.
        """
        run = self._advice()
        advice = advice_for(principal, run, question)
        self._seen(principal, [(advice.key.team_id, advice.key.employee)])
        return advice_answer(principal, advice, beginnings(principal, run, advice.key))

    def propose(self, principal: Principal, asked: ProposalRequest, key: str | None = None, /) -> Answer:
        """Begin a decision on what the run advises now, which is frozen into it.

        Parameters
        ----------
        key : str, optional
            The same key and request again give the same answer and change nothing.

        Returns
        -------
        tuple of int and dict
            201 and the decision.

        Raises
        ------
        DecisionRefused
            If it is not theirs to decide, the advice has changed, or somebody was first.
        """
        repeat = Repeat.of(principal.user, key, ["propose", asked.model_dump(mode="json")])
        before = self._repeated(principal, repeat)
        if before is not None:
            return before
        run = self._advice()
        step, advice = first_step(principal, run, asked)
        choice = self._chosen(run, step, advice, asked.choice)
        with self._state.writing() as session:
            now = self._now()
            if find_reply(session, repeat, now) is None:
                _refuse_second(session, advice)
                made = Made(step, principal, asked.reason, now, {"choice": choice})
                return 201, self._kept(session, new_decision(advice, choice, now), made, repeat, 201)
        return self._repeated(principal, repeat) or _gone()

    def move(
        self, principal: Principal, decision_id: str, name: str, asked: MoveRequest, key: str | None = None, /
    ) -> Answer:
        """Move a decision on.

        Returns
        -------
        tuple of int and dict
            200 and the decision.

        Raises
        ------
        DecisionRefused
            If it is not theirs, has been moved since, or this is no move from here.
        """
        repeat = Repeat.of(principal.user, key, ["move", decision_id, name, asked.model_dump(mode="json")])
        before = self._repeated(principal, repeat)
        if before is not None:
            return before
        with self._state.reading() as session:
            decision, case = self._found(session, principal, decision_id)
            step = _step(principal, decision, case, name, asked.version)
        # what takes time is worked out before others have to wait for their turn
        detail = self._worked_out(step, decision, asked.choice)
        with self._state.writing() as session:
            now = self._now()
            if find_reply(session, repeat, now) is None:
                decision, case = self._found(session, principal, decision_id)
                step = _step(principal, decision, case, name, asked.version)
                made = Made(step, principal, asked.reason, now, detail)
                return 200, self._kept(session, decision, made, repeat, 200)
        return self._repeated(principal, repeat) or _gone()

    def get(self, principal: Principal, decision_id: str, /) -> dict[str, Any]:
        """Return a decision with its history.

        Raises
        ------
        NotFound
            If there is none, or it is not theirs to see.
        """
        with self._state.reading() as session:
            decision, case = self._found(session, principal, decision_id)
            later = superseded(session, [decision])
        self._seen(principal, [(decision.team_id, decision.employee)])
        still = self._still_advised(decision)
        answer = decision_answer(principal, decision, case, self._now(), still_advised=still)
        return {**answer, "superseded_by": later.get(decision.id)}

    def find(self, principal: Principal, question: ListQuestion, /) -> dict[str, Any]:
        """Return a page of the decisions that somebody may see, the latest change first."""
        now = self._now()
        with self._state.reading() as session:
            found = session.execute(asked_rows(question, now))
            shown = [row for row in found if may_read(principal, Shown.of(row, self._team_of), self._on_card)]
            first = (question.page - 1) * PAGE_ROWS
            rows = shown[first : first + PAGE_ROWS]
            later = superseded(session, rows)
        self._seen(principal, [(row.team_id, row.employee) for row in rows])
        return {
            "page": question.page,
            "pages": max(1, -(-len(shown) // PAGE_ROWS)),
            "total": len(shown),
            "rows": [decision_row(row, now, superseded_by=later.get(row.id)) for row in rows],
        }

    def standing(self, principal: Principal, kind: Kind, /) -> list[dict[str, Any]]:
        """Return all decisions of one kind that somebody may see, the latest change first, with subject and digest.

        Whoever shows persons of them writes so into the audit log.
        """
        now = self._now()
        with self._state.reading() as session:
            found = session.execute(asked_rows(ListQuestion(kind=kind), now)).all()
            shown = [row for row in found if may_read(principal, Shown.of(row, self._team_of), self._on_card)]
            about = about_of(session, kind)
        return [{**decision_row(row, now), **about[row.id]} for row in shown]

    def _repeated(self, principal: Principal, repeat: Repeat | None, /) -> Answer | None:
        """Return the answer of then to a request that comes again, if its decision is still theirs to see."""
        if repeat is None:
            return None
        with self._state.reading() as session:
            found = find_reply(session, repeat, self._now())
            if found is None:
                return None
            code, answer = found
            decision, case = self._found(session, principal, answer["id"])
        self._seen(principal, [(decision.team_id, decision.employee)])
        return code, answer_again(principal, case, answer)

    def _on_card(self, employee: str, team: str, role: str, /) -> bool:
        return self._advice().run.members.on_card(employee, team, role)

    def _team_of(self, employee: str, /) -> str | None:
        """Return the team of a person now; None where the run does not know, or none is loaded."""
        try:
            return self._advice().run.members.team_of.get(employee)
        except BatonError:
            return None

    def _seen(self, principal: Principal, about: Iterable[tuple[str | None, str | None]], /) -> None:
        """Write into the audit log whose rows are shown, before they are."""
        named = [(team, person) for team, person in dict.fromkeys(about) if person is not None]
        people = [(team, person) for team, person in named if not person.startswith(_ERASED)]
        if people and not principal.is_local:
            record_views(self._state, self._record, principal, "/decisions", people)

    def _found(self, session: Session, principal: Principal, decision_id: str, /) -> tuple[Decision, Case]:
        found = find_decision(session, decision_id)
        if found is None or not may_read(principal, Shown.of(found, self._team_of), self._on_card):
            raise NotFound
        return found, self._case(session, found)

    def _case(self, session: Session, decision: Decision, /) -> Case:
        return Case(Shown.of(decision, self._team_of), moves_of(session, decision), self._on_card, self._team_of)

    def _chosen(self, run: RunAdvice, step: Transition, advice: Advice, given: ChoiceBody | None, /) -> dict[str, Any]:
        """Return what a first move chooses: something of one's own, what is advised, or nothing."""
        own = _own(run, step, advice.key, given)
        if own is not None:
            return own
        return {} if step.name == "dismiss" else advised_choice(advice)

    def _worked_out(self, step: Transition, decision: Decision, given: ChoiceBody | None, /) -> dict[str, Any]:
        """Return what is kept with a move: the choice, and the advice as it would be given now beside that of then."""
        key, detail = key_of(decision), {}
        if step.name == "approve":
            require_still_allowed(self._advice(), key, decision.choice)
        if step.chooses or given is not None:
            detail["choice"] = _own(self._advice(), step, key, given)
        if step.computes:
            detail["advice_then"] = {name: decision.advice[name] for name in ("digest", "rows")}
            detail["advice_now"] = self._advice().again(key)
        return detail

    def _still_advised(self, decision: Decision, /) -> bool | None:
        try:
            return self._advice().find(key_of(decision)).digest == decision.advice["digest"]
        except NotFound:
            return False
        except BatonError:  # no run is loaded: then it is not known
            return None

    def _kept(
        self, session: Session, decision: Decision, made: Made, repeat: Repeat | None, code: int, /
    ) -> dict[str, Any]:
        """Write a move, its line in the audit log and its answer, in the transaction of the session."""
        self._record(session, write_move(session, decision, made, self._answer_days))
        case = self._case(session, decision)
        still = self._still_advised(decision)
        answer = decision_answer(made.by, decision, case, made.at, still_advised=still)
        keep_reply(session, repeat, code, answer, made.at)
        return answer


def _gone() -> Answer:
    """Refuse what was kept a moment ago and is no more."""
    raise NotFound


def _own(run: RunAdvice, step: Transition, key: AdviceKey, given: ChoiceBody | None, /) -> dict[str, Any] | None:
    choice: Choice | None = None if given is None else given.choice
    if step.chooses:
        return own_choice(run, key, choice)
    if choice is not None:
        raise DecisionRefused(Message("decision.choice_not_wanted"), "choice")
    return None


def _step(principal: Principal, decision: Decision, case: Case, name: str, version: int, /) -> Transition:
    """Return the row of the table for a move, if it may be made now."""
    known = [each for state in STATES for each in moves_from(decision.kind, state)]
    if name not in {each.name for each in known}:
        raise DecisionRefused(no_such_move(decision.kind, name, known))
    if version > decision.version:
        versions = {"version": version, "last": decision.version}
        raise Conflict(Message("decision.no_version_yet", versions), "version")
    if version != decision.version:
        raise Conflict(_moved(principal, case), "version")
    step = transition(decision.kind, name, decision.state)
    if step is None:
        raise Conflict(_not_from_here(decision))
    why = refusal(principal, case, step)
    if why is not None:
        raise NotAllowed(why)
    return step


def _moved(principal: Principal, case: Case, /) -> Message:
    """Say who moved a decision since it was seen, and to what."""
    last = case.moves[-1]
    by = last.by if sees_mover(principal, case, last) else Message("decision.somebody")
    return Message(
        "decision.moved",
        {
            "by": by,
            "at": written(last.at) or "",
            "move": move_name(last.name),
            "state": state_name(last.after),
            "version": last.version,
        },
    )


def _not_from_here(decision: Decision, /) -> Message:
    moves = tuple(each.name for each in moves_from(decision.kind, decision.state))
    if not moves:
        return Message("decision.ended", {"state": state_name(decision.state)})
    return Message("decision.not_from_here", {"state": state_name(decision.state), "moves": moves})


def _refuse_second(session: Session, advice: Advice, /) -> None:
    """Refuse a second decision beside an open one, or on the very advice that was settled."""
    for other in others_on(session, advice):
        first = moves_of(session, other)[0]
        values = {"by": first.by, "at": written(first.at) or "", "state": state_name(other.state), "id": other.id}
        raise Conflict(Message("decision.begun", values))
