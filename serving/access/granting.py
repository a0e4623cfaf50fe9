"""Granting and taking back, as the command line does it; employees are named by their pseudonyms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.errors import AccessError
from baton.files import DEFAULT_OUT, RunFolder
from baton.nearest import did_you_mean
from serving.access.members import Members
from serving.access.passwords import hashed, keep_password, require_good
from serving.access.principal import LOCAL
from serving.access.users import Granted, clean_name, first_of, grant, listed, revoke, rotate
from serving.state.clock import utc_now
from serving.state.store import State, open_state, remember_grants, state_exists, were_grants

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Request", "give", "give_password", "renew", "require_known", "show", "take"]


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
    with _changing(state, request.name) as (session, record):
        granted = grant(
            session, request.name, request.role, teams=request.teams, employee=request.employee, days=days, at=utc_now()
        )
        remember_grants(state)
        record("grant", {"role": request.role, "teams": sorted(request.teams), "days": days})
        return granted


def renew(company: Company, name: str, days: int | None = None, /) -> Granted:
    """Give a user a new token in place of all others.

    Raises
    ------
    AccessError
        If there is no such user.
    """
    days = company.access.token_days if days is None else days
    with _changing(_existing(company), name) as (session, record):
        granted = rotate(session, name, days=days, at=utc_now())
        record("rotate", {"days": days})
        return granted


def take(company: Company, name: str, prefix: str | None = None, /) -> int:
    """End a user's tokens, or one of them; return how many ended.

    Raises
    ------
    AccessError
        If there is no such user or token.
    """
    with _changing(_existing(company), name) as (session, record):
        by_provider = company.access.identity_provider is not None
        ended = revoke(session, name, at=utc_now(), prefix=prefix, by_provider=by_provider)
        record("revoke", {"tokens": ended, "token": "all" if prefix is None else first_of(prefix)})
        return ended


def give_password(company: Company, name: str, password: str, /) -> None:
    """Give a user a password to sign in with, in place of the one before, whose sessions end.

    Raises
    ------
    AccessError
        If there is no such user, or this is no password for them.
    """
    require_good(password, name)
    kept = hashed(password)
    with _changing(_existing(company), name) as (session, record):
        keep_password(session, name, kept, utc_now())
        record("password", {})


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


def require_known(company: Company, *, teams: Sequence[str], employee: str | None) -> None:
    """Refuse teams and people that the company's newest run does not know; without a run everything is taken.

    Raises
    ------
    AccessError
        If one is not known: a token for nobody shows nothing, and nobody would say why.
    """
    members = Members(RunFolder(company.folder / DEFAULT_OUT).staged)
    people, known = members.team_of, members.teams
    for team in teams:
        if known and team not in known:
            raise AccessError(
                f"the newest run knows no team {team!r}{did_you_mean(team, known)}; --force grants it all the same"
            )
    if employee is not None and people and employee not in people:
        raise AccessError(
            "the newest run knows no employee of this id: it must be written as in your tables; --force grants it all "
            "the same"
        )


@contextmanager
def _changing(state: State, name: str, /) -> Iterator[tuple[Session, Callable[[str, dict[str, Any]], None]]]:
    """Give a session, and what writes into the audit log what was done to a user; both are kept, or neither."""
    from serving.audit.log import AuditLog, Entry
    from serving.state.schema import User

    def employee_of(session: Session, user: str) -> str | None:
        kept = session.get(User, user)
        return None if kept is None else kept.employee

    user = clean_name(name)
    try:
        audit = AuditLog(state, clock=utc_now)
        with state.writing() as session:
            before = employee_of(session, user)

            def record(action: str, detail: dict[str, Any]) -> None:
                # of a user who is an employee, the name is sealed with the person
                person = employee_of(session, user) or before
                audit.append(session, Entry(action, LOCAL, person=person, detail={"user": user, **detail}))

            yield session, record
    finally:
        state.close()


def _existing(company: Company, /) -> State:
    if not state_exists(company):
        if were_grants(company):
            raise AccessError("users were granted access here, and their database is gone: put it back from a backup")
        raise AccessError("nobody was granted anything yet; `baton access grant` does")
    return open_state(company)
