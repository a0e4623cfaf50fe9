"""Granting and taking back, as the command line does it; employees are named by their pseudonyms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.files import DEFAULT_OUT, RunFolder
from serving.access.members import Members
from serving.access.principal import LOCAL
from serving.access.tokens import now
from serving.access.users import Granted, grant, listed, revoke, rotate
from serving.state.store import State, open_state, state_exists

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

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
    with _changing(open_state(company)) as (session, record):
        granted = grant(
            session, request.name, request.role, teams=request.teams, employee=request.employee, days=days, at=now()
        )
        record("grant", granted.user, {"role": request.role, "teams": sorted(request.teams), "days": days})
        return granted


def renew(company: Company, name: str, days: int | None = None, /) -> Granted:
    """Give a user a new token in place of all others.

    Raises
    ------
    AccessError
        If there is no such user.
    """
    days = company.access.token_days if days is None else days
    with _changing(_existing(company)) as (session, record):
        granted = rotate(session, name, days=days, at=now())
        record("rotate", name, {"days": days})
        return granted


def take(company: Company, name: str, prefix: str | None = None, /) -> int:
    """End a user's tokens, or one of them; return how many ended.

    Raises
    ------
    AccessError
        If there is no such user or token.
    """
    with _changing(_existing(company)) as (session, record):
        ended = revoke(session, name, at=now(), prefix=prefix)
        record("revoke", name, {"tokens": ended, "token": prefix or "all"})
        return ended


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


@contextmanager
def _changing(state: State, /) -> Iterator[tuple[Session, Callable[[str, str, dict[str, Any]], None]]]:
    """Give a session, and what writes into the audit log what was done to whom; both are kept, or neither."""
    from sqlalchemy import select

    from serving.audit.log import AuditLog, Entry
    from serving.state.schema import User

    try:
        audit = AuditLog(state, clock=now)
        with state.writing() as session:
            before = {user.name: user.employee for user in session.scalars(select(User))}

            def record(action: str, user: str, detail: dict[str, Any]) -> None:
                # of a user who is an employee, the name is sealed with the person
                kept = session.get(User, user)
                person = before.get(user) if kept is None else kept.employee or before.get(user)
                audit.append(session, Entry(action, LOCAL, person=person, detail={"user": user, **detail}))

            yield session, record
    finally:
        state.close()


def _existing(company: Company, /) -> State:
    from baton.errors import AccessError

    if not state_exists(company):
        raise AccessError("nobody was granted anything yet; `baton access grant` does")
    return open_state(company)
