"""The one way to another champion: who may, why, and a row of the audit log before it is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from baton.company import Company
from baton.messages.message import Message
from serving.access.keeper import TOKEN_VARIABLE, Keeper
from serving.access.principal import Principal
from serving.access.rules import may
from serving.audit.log import AuditLog, Entry
from serving.decisions.payloads import MAX_REASON
from serving.decisions.refused import DecisionRefused, NotAllowed
from serving.state.store import state_exists

__all__ = ["AskedChampion", "ChampionMoves", "moved_here", "note_promotions"]

_Found = TypeVar("_Found")
_RETRAINING = Principal("retraining", "service")  # gates have decided, and nobody else
_ACTIONS: dict[str, str] = {"promote": "model.promote", "roll_back": "model.roll_back"}


@dataclass(frozen=True)
class AskedChampion:
    """What somebody asks for.

    Parameters
    ----------
    move : str
        promote or roll_back.
    outcome : str
        Such as ``churn``; empty: of all whose champion a retraining has promoted.
    reason : str
        Why.
    version : int or None
        To promote; of a roll back the champion that was seen, where one was.
    is_forced : bool
        Whether it is promoted although it is not better.
    """

    move: Literal["promote", "roll_back"]
    outcome: str
    reason: str
    version: int | None = None
    is_forced: bool = False


class ChampionMoves:
    """Champions of one company, as people change them.

    Parameters
    ----------
    audit : AuditLog
        Gets the rows.
    """

    def __init__(self, audit: AuditLog, /) -> None:
        self._audit = audit

    def make(self, who: Principal, asked: AskedChampion, act: Callable[[], _Found], /) -> _Found:
        """Do what is asked for, once it is in the audit log that it was; if it fails, that is in the log too.

        Parameters
        ----------
        act : callable
            Does it.

        Raises
        ------
        NotAllowed
            If the role may not.
        DecisionRefused
            If the reason does not fit; whoever sits alone at this machine need give none.
        OutputError
            If the audit log cannot be written: then nothing is done.
        """
        if not may(who, "move_champion"):
            raise NotAllowed(Message("champion.not_allowed"))
        reason = asked.reason.strip()
        if not (reason or who.is_local) or len(reason) > MAX_REASON or "\x00" in reason:
            raise DecisionRefused(Message("page.reason_missing"))
        detail: dict[str, Any] = {"outcome": asked.outcome, "reason": reason, "version": asked.version}
        number = self._append(who, _ACTIONS[asked.move], detail | ({"forced": True} if asked.is_forced else {}))
        try:
            return act()
        except BaseException as error:
            self._append(who, "model.not_moved", {"row": number, "why": str(error)[:300]})
            raise

    def note(self, outcome: str, before: int | None, version: int, /) -> None:
        """Note that a retraining has promoted what has passed the gates."""
        self._append(_RETRAINING, _ACTIONS["promote"], {"outcome": outcome, "before": before, "version": version})

    def _append(self, who: Principal, action: str, detail: dict[str, Any], /) -> int:
        with self._audit.state.writing() as session:
            return self._audit.append(session, Entry(action, who, detail=detail)).number


def moved_here(company: Company, asked: AskedChampion, act: Callable[[], _Found], /) -> _Found:
    """Do what somebody asks for on the command line, as ``ChampionMoves.make``.

    Raises
    ------
    AccessError
        If access is set up and there is no valid token.
    """
    keeper = Keeper(company)
    who = keeper.required_principal(os.environ.get(TOKEN_VARIABLE))
    try:
        return ChampionMoves(keeper.audit).make(who, asked, act)
    finally:
        keeper.state.close()


def note_promotions(company: Company, promoted: list[tuple[str, int | None, int]], /) -> None:
    """Note what a retraining has promoted, where there is a service whose audit log it can be in.

    Parameters
    ----------
    promoted : list of (outcome, version before, version)
    """
    if not promoted or not state_exists(company):
        return
    keeper = Keeper(company)
    try:
        moves = ChampionMoves(keeper.audit)
        for outcome, before, version in promoted:
            moves.note(outcome, before, version)
    finally:
        keeper.state.close()
