"""Granting and taking back, as the command line does it; employees are named by their pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from baton.company import Company
from baton.files import DEFAULT_OUT, RunFolder
from serving.access.members import Members
from serving.access.tokens import now
from serving.access.users import Granted, grant, listed, revoke, rotate
from serving.state.store import State, open_state, state_exists

__all__ = ["Request", "give", "known_employee", "renew", "show", "take"]


@dataclass(frozen=True)
class Request:
    """What is to be granted.

    Parameters
    ----------
    name : str
        Of the user.
    role : str
        One of the roles of ``[access]``.
    teams : sequence of str
        That a manager leads directly.
    employee : str or None
        The pseudonym of the person that the user is.
    days : int or None
        How long the token lasts; the company file's if not given.
    """

    name: str
    role: str
    teams: Sequence[str] = ()
    employee: str | None = None
    days: int | None = None


def give(company: Company, request: Request, /) -> Granted:
    """Grant a user a role and give a token.

    Raises
    ------
    AccessError
        If what is asked for contradicts itself or what was granted before.
    """
    days = company.access.token_days if request.days is None else request.days
    state = open_state(company)
    try:
        with state.writing() as session:
            return grant(
                session, request.name, request.role, teams=request.teams, employee=request.employee, days=days, at=now()
            )
    finally:
        state.close()


def renew(company: Company, name: str, days: int | None = None, /) -> Granted:
    """Give a user a new token in place of all others.

    Raises
    ------
    AccessError
        If there is no such user.
    """
    state = _existing(company)
    try:
        with state.writing() as session:
            return rotate(session, name, days=company.access.token_days if days is None else days, at=now())
    finally:
        state.close()


def take(company: Company, name: str, prefix: str | None = None, /) -> int:
    """End a user's tokens, or one of them; return how many ended.

    Raises
    ------
    AccessError
        If there is no such user or token.
    """
    state = _existing(company)
    try:
        with state.writing() as session:
            return revoke(session, name, at=now(), prefix=prefix)
    finally:
        state.close()


def show(company: Company, /) -> list[dict[str, Any]]:
    """Return users and tokens; empty where nobody was ever granted anything."""
    if not state_exists(company):
        return []
    state = open_state(company)
    try:
        with state.reading() as session:
            return listed(session)
    finally:
        state.close()


def known_employee(company: Company, employee: str, /) -> bool | None:
    """Whether the company's newest run knows an employee by a pseudonym; None where there is no run that knows any."""
    people = Members(RunFolder(company.folder / DEFAULT_OUT).staged).team_of
    return employee in people if people else None


def _existing(company: Company, /) -> State:
    from baton.errors import AccessError

    if not state_exists(company):
        raise AccessError("nobody was granted anything yet; `baton access grant` does")
    return open_state(company)
