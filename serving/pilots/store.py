"""Pilots as they are kept: each move in one transaction with its line in the audit log and its stored answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.audit.log import Recorder
from serving.decisions.answers import written
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.decisions.replies import Repeat, find_reply, keep_reply
from serving.pilots.allowed import TeamOf, may_read_pilot, open_pilot_moves, pilot_refusal
from serving.pilots.answers import pilot_answer, pilot_row
from serving.pilots.cards import Frame, OwnCard, adopted_cards, next_month, require_frame
from serving.pilots.ledger import ledger_of
from serving.pilots.moves import PILOT_MOVES, PLAN, PilotMove, move_of, moves_of
from serving.pilots.records import MadeMove, find_pilot, kept_moves, new_pilot, note_limits, write_pilot_move
from serving.pilots.words import no_such_pilot_move, pilot_move_name, pilot_state_name
from serving.policy.versions import Version, versions_of
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import Pilot
    from serving.state.store import State

__all__ = ["AskedMove", "PilotStore"]

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class AskedMove:
    """A move that somebody asks for.

    Parameters
    ----------
    name : str
    version : int
        The one that was seen.
    reason : str
    outcome : mapping, optional
        What was measured; nothing that a request could bring.
    cards : sequence of mapping
        Of ``adopt``: cards of units that differ from what was tried.
    valid_from : date, optional
        Of ``adopt`` and ``roll_back``; the first of next month if not given.
    """

    name: str
    version: int
    reason: str
    outcome: Mapping[str, Any] | None = None
    cards: Sequence[OwnCard] = field(default=())
    valid_from: date | None = None


class PilotStore:
    """Pilots of one company.

    Parameters
    ----------
    state : State
        Its database has the pilots.
    record : callable
        Writes a line of the audit log: ``AuditLog.append``.
    team_of : callable
        The team of a person now, by pseudonym.
    frame : callable, optional
        Refuses cards that break limits of the policy.
    limits : mapping
        Of ``[policy]``, kept where they have changed.
    now : callable
        The time, UTC without zone.
    """

    def __init__(
        self,
        state: State,
        record: Recorder,
        *,
        team_of: TeamOf = lambda _: None,
        frame: Frame | None = None,
        limits: Mapping[str, Any] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._state = state
        self._record = record
        self._team_of = team_of
        self._frame = frame
        self._limits = limits
        self._now = now

    def begin(self, principal: Principal, plan: Mapping[str, Any], reason: str, /) -> dict[str, Any]:
        """Keep a plan, which never changes from here on.

        Raises
        ------
        DecisionRefused
            If somebody may not, or there is a pilot of this name.
        """
        step = move_of(PLAN, None)
        assert step is not None
        why = pilot_refusal(principal, plan, (), step, self._team_of)
        if why is not None:
            raise NotAllowed(why)
        with self._state.writing() as session:
            now = self._now()
            other = find_pilot(session, plan["name"])
            if other is not None:
                by = kept_moves(session, other.name)[0].by
                raise Conflict(Message("piloting.name_taken", {"name": other.name, "by": by}), "name")
            return self._kept(session, new_pilot(plan, now), MadeMove(step, principal, reason, now))

    def move(self, principal: Principal, name: str, asked: AskedMove, key: str | None = None, /) -> Answer:
        """Move a pilot on.

        Returns
        -------
        tuple of int and dict
            200 and the pilot.

        Raises
        ------
        DecisionRefused
            If it is not theirs, has been moved since, or this is no move from here.
        """
        parts = [name, asked.name, asked.version, asked.reason, list(asked.cards), str(asked.valid_from)]
        repeat = Repeat.of(principal.user, key, ["pilot", *parts])
        with self._state.reading() as session:
            before = self._repeated(session, principal, repeat)
            if before is not None:
                return before
            pilot = self._found(session, principal, name)
            step = self._step(session, principal, pilot, asked)
            choice = self._chosen(pilot, step, asked)
        with self._state.writing() as session:
            now = self._now()
            before = self._repeated(session, principal, repeat)
            if before is not None:
                return before
            pilot = self._found(session, principal, name)
            step = self._step(session, principal, pilot, asked)
            made = MadeMove(step, principal, asked.reason, now, asked.outcome, choice)
            answer = self._kept(session, pilot, made)
            keep_reply(session, repeat, 200, answer, now)
            return 200, answer

    def get(self, principal: Principal, name: str, /) -> dict[str, Any]:
        """Return a pilot with its moves.

        Raises
        ------
        NotFound
            If there is none, or it is not theirs to see.
        """
        with self._state.reading() as session:
            return self._answer(session, principal, self._found(session, principal, name))

    def find(self, principal: Principal, state: str | None = None, /) -> list[dict[str, Any]]:
        """Return the pilots that somebody may see, the latest change first."""
        return [pilot_row(pilot) for pilot in self._seen(principal, state)]

    def ledger(self, principal: Principal, /) -> dict[str, Any]:
        """Return what was predicted and what came, as far as somebody may see it."""
        with self._state.reading() as session:
            return ledger_of(session, principal)

    def policy(self, principal: Principal, /) -> list[Version]:
        """Return the versions of the policy, with the cards of the teams that somebody may see."""
        with self._state.reading() as session:
            return versions_of(session, principal)

    def plan_of(self, principal: Principal, name: str, /) -> dict[str, Any]:
        """Return a plan as it was kept, with all that was drawn.

        Raises
        ------
        NotFound
            If there is none, or it is not theirs to see.
        """
        with self._state.reading() as session:
            return self._found(session, principal, name).plan

    def _seen(self, principal: Principal, state: str | None, /) -> list[Pilot]:
        from sqlalchemy import select

        from serving.state.schema import Pilot

        asked = select(Pilot).order_by(Pilot.changed_at.desc(), Pilot.name)
        if state is not None:
            asked = asked.where(Pilot.state == state)
        with self._state.reading() as session:
            return [pilot for pilot in session.scalars(asked) if may_read_pilot(principal, pilot.plan)]

    def _found(self, session: Session, principal: Principal, name: str, /) -> Pilot:
        found = find_pilot(session, name)
        if found is None or not may_read_pilot(principal, found.plan):
            raise NotFound(Message("piloting.none"))
        return found

    def _answer(self, session: Session, principal: Principal, pilot: Pilot, /) -> dict[str, Any]:
        moves = kept_moves(session, pilot.name)
        following = open_pilot_moves(principal, pilot.plan, moves, pilot.state, self._team_of)
        return pilot_answer(principal, pilot, moves, following)

    def _repeated(self, session: Session, principal: Principal, repeat: Repeat | None, /) -> Answer | None:
        found = find_reply(session, repeat, self._now())
        if found is not None:
            self._found(session, principal, found[1]["id"])
        return found

    def _step(self, session: Session, principal: Principal, pilot: Pilot, asked: AskedMove, /) -> PilotMove:
        """Return the row of the table for a move, if it may be made now."""
        if asked.name not in {each.name for each in PILOT_MOVES if each.before}:
            raise DecisionRefused(no_such_pilot_move(asked.name))
        moves = kept_moves(session, pilot.name)
        if asked.version > pilot.version:
            versions = {"version": asked.version, "last": pilot.version}
            raise Conflict(Message("piloting.no_version_yet", versions), "version")
        if asked.version != pilot.version:
            raise Conflict(_moved(moves[-1], pilot), "version")
        step = move_of(asked.name, pilot.state)
        if step is None:
            raise Conflict(_not_from_here(pilot.state))
        why = pilot_refusal(principal, pilot.plan, moves, step, self._team_of)
        if why is not None:
            raise NotAllowed(why)
        _require_verdict(pilot, step)
        _require_outcome(pilot, step, asked.outcome)
        return step

    def _chosen(self, pilot: Pilot, step: PilotMove, asked: AskedMove, /) -> dict[str, Any] | None:
        """Return what is kept as the choice: cards to be adopted, or when the cards of before come back."""
        if step.name == "adopt":
            cards = adopted_cards(pilot.plan, asked.cards)
            require_frame(self._frame, cards)
            return {"cards": cards, "valid_from": self._valid_from(asked)}
        if asked.cards:
            raise DecisionRefused(Message("decision.choice_not_wanted"), "cards")
        if step.name == "roll_back":
            return {**pilot.choice, "back_from": self._valid_from(asked)}
        if asked.valid_from is not None:
            raise DecisionRefused(Message("decision.choice_not_wanted"), "valid_from")
        if step.after == "adopted" and step.name == "confirm":
            require_frame(self._frame, pilot.choice["cards"])
        return None

    def _valid_from(self, asked: AskedMove, /) -> str:
        return str(asked.valid_from or next_month(self._now().date()))

    def _kept(self, session: Session, pilot: Pilot, made: MadeMove, /) -> dict[str, Any]:
        """Write a move and its line in the audit log, in the transaction of the session."""
        self._record(session, write_pilot_move(session, pilot, made))
        if self._limits is not None:
            note_limits(session, self._limits, made.by, made.reason, made.at)
        return self._answer(session, made.by, pilot)


def _require_verdict(pilot: Pilot, step: PilotMove, /) -> None:
    """Refuse what the rule that was stated beforehand does not give."""
    found = (pilot.outcome or {}).get("verdict")
    if step.verdict and found != step.verdict:
        by_rule = Message("piloting.no_verdict") if found is None else Message.verbatim(found)
        raise Conflict(Message("piloting.other_verdict", {"verdict": by_rule}))


def _require_outcome(pilot: Pilot, step: PilotMove, outcome: Mapping[str, Any] | None, /) -> None:
    if not step.measured:
        return
    if outcome is None:
        raise DecisionRefused(Message("piloting.measured_elsewhere"))
    if outcome.get("plan_digest") != pilot.plan_digest:
        raise Conflict(Message("piloting.other_plan"))
    if outcome["months_known"] < outcome["months_planned"]:
        known = {"known": outcome["months_known"], "planned": outcome["months_planned"]}
        raise Conflict(Message("pilot.early", known))


def _moved(last: Any, pilot: Pilot, /) -> Message:
    """Say who moved a pilot since it was seen, and to what."""
    return Message(
        "piloting.moved",
        {
            "by": last.by,
            "at": written(last.at) or "",
            "move": pilot_move_name(last.name),
            "state": pilot_state_name(last.after),
            "version": pilot.version,
        },
    )


def _not_from_here(state: str, /) -> Message:
    moves = tuple(dict.fromkeys(each.name for each in moves_of(state)))
    if not moves:
        return Message("piloting.ended", {"state": pilot_state_name(state)})
    return Message("piloting.not_from_here", {"state": pilot_state_name(state), "moves": moves})
