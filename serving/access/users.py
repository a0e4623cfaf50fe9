"""Users and their tokens: who is granted what, and who a token belongs to."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from baton.access.settings import ROLES
from baton.errors import AccessError
from baton.nearest import did_you_mean
from serving.access.tokens import is_token, new_token, same

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import User
    from serving.state.store import State

__all__ = [
    "Granted",
    "TokenHolder",
    "any_users",
    "clean_name",
    "first_of",
    "grant",
    "holder_of",
    "is_name",
    "known_user",
    "listed",
    "revoke",
    "rotate",
    "user_of",
]

_MAX_NAME = 200
# categories of characters that are not seen, or change how others are: names stand in tables and in the audit log
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_REVOKED = "none"  # role of a user from whom all was taken
_USED_EVERY = timedelta(minutes=1)  # last use is written no oftener: a token that is used all the time costs nothing


@dataclass(frozen=True)
class Granted:
    """A token that was given just now; it cannot be shown again."""

    user: str
    role: str
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class TokenHolder:
    """Whose a token is.

    Parameters
    ----------
    teams : tuple of str
        That were granted to the user, besides those of the hierarchy file.
    employee : str or None
        The user's pseudonym.
    """

    user: str
    role: str
    teams: tuple[str, ...]
    employee: str | None
    expires_at: datetime


def grant(  # noqa: PLR0913 - one parameter per option of the command
    session: Session,
    name: str,
    role: str,
    *,
    teams: Sequence[str] = (),
    employee: str | None = None,
    days: int,
    at: datetime,
) -> Granted:
    """Give a user a token, and make the user where there is none of this name.

    Parameters
    ----------
    teams : sequence of str
        That a manager leads directly, besides those of the hierarchy file.
    employee : str, optional
        The pseudonym of the person that the user is.

    Raises
    ------
    AccessError
        If the name cannot be one, the role is unknown or another than the user's, a manager has no team or an employee
        no person where they need one, or teams are given to somebody who leads none.
    """
    from serving.state.schema import User

    name = clean_name(name)
    if not is_name(name):
        raise AccessError("a user's name has 1 to 200 characters on one line, all of which can be seen")
    if role not in ROLES:
        raise AccessError(f"role {role!r}: there is no such role{did_you_mean(role, ROLES)}")
    if teams and role != "manager":
        raise AccessError(f"teams are led by managers; {role} has none: leave --team out, or choose --role manager")
    if role == "employee" and employee is None:
        raise AccessError("an employee sees their own row: say with --employee which one it is")
    found = session.get(User, name)
    if found is None:
        _refuse_alike(session, name)
        found = User(name=name, role=role, teams=sorted(set(teams)), employee=employee, created_at=at)
        session.add(found)
        session.flush()
    elif found.role == _REVOKED:
        found.role, found.teams, found.employee = role, sorted(set(teams)), employee
    elif found.role != role:
        raise AccessError(f"{name!r} is {found.role} already: `baton access revoke` first, or give another name")
    else:
        found.teams = sorted({*found.teams, *teams})
        found.employee = found.employee if employee is None else employee
    return _token(session, found, days, at)


def is_name(text: str, /) -> bool:
    """Whether a text can be a user's name: in its one normal form, short, without characters that are not seen.

    Examples
    --------
    >>> is_name("lin"), is_name("林"), is_name("lin "), is_name("l\u200bin"), is_name("ｌｉｎ")
    (True, True, False, False, False)
    """
    seen = not any(unicodedata.category(each) in _UNSEEN for each in text)
    return seen and 0 < len(text) <= _MAX_NAME and text == clean_name(text)


def clean_name(text: str, /) -> str:
    """Return the one form in which a name is kept, whichever of those that look alike was typed."""
    return unicodedata.normalize("NFKC", text).strip()


def rotate(session: Session, name: str, *, days: int, at: datetime) -> Granted:
    """Give a user a new token and end all others.

    Raises
    ------
    AccessError
        If there is no such user.
    """
    found = known_user(session, name)
    if found.role == _REVOKED:
        raise AccessError(f"all was taken from {name!r}; `baton access grant` gives a role again")
    _end_tokens(session, found.name, at)
    return _token(session, found, days, at)


def revoke(session: Session, name: str, *, at: datetime, prefix: str | None = None, by_provider: bool = False) -> int:
    """End a user's tokens and sign-ins, or the one token that begins with ``prefix``; return how many tokens ended.

    Without ``prefix`` the user keeps nothing: role, teams and password must be granted anew. With ``by_provider``
    somebody may be kept out who was never granted anything here, and whom an identity provider lets in.

    Raises
    ------
    AccessError
        If there is no such user, or no such token of theirs.
    """
    from serving.state.schema import User

    name = clean_name(name)
    if by_provider and prefix is None and session.get(User, name) is None and is_name(name):
        session.add(User(name=name, role=_REVOKED, teams=[], employee=None, created_at=at))
        session.flush()
    found = known_user(session, name)
    ended = _end_tokens(session, found.name, at, prefix)
    if prefix is not None:
        if not ended:
            raise AccessError(
                f"{name!r} has no valid token that begins with {first_of(prefix)!r}; `baton access list` shows them"
            )
        return ended
    found.role, found.teams, found.employee, found.password = _REVOKED, [], None, None
    return ended


def listed(session: Session, /) -> list[dict[str, Any]]:
    """Return users with their tokens, newest first; of a token its first characters alone."""
    from sqlalchemy import select

    from serving.state.schema import Token, User

    rows = session.execute(
        select(User, Token).join(Token, Token.user == User.name, isouter=True).order_by(User.name, Token.created_at)
    )
    return [
        {
            "user": user.name,
            "role": user.role,
            "teams": list(user.teams),
            "employee": user.employee,
            "token": None if token is None else f"baton_{token.prefix}_…",
            "created_at": None if token is None else token.created_at,
            "expires_at": None if token is None else token.expires_at,
            "revoked_at": None if token is None else token.revoked_at,
            "used_at": None if token is None else token.used_at,
        }
        for user, token in rows
    ]


def holder_of(state: State, token: str, /, *, at: datetime) -> TokenHolder | None:
    """Return whose a token is; None if it is unknown, forged, expired or revoked."""
    from serving.state.schema import Token, User

    prefix = is_token(token)
    if prefix is None:
        return None
    with state.reading() as session:
        kept = session.get(Token, prefix)
        if kept is None or not same(kept.sha256, token) or kept.revoked_at is not None or kept.expires_at <= at:
            return None
        user = session.get(User, kept.user)
        if user is None or user.role not in ROLES:
            return None
        stale = kept.used_at is None or not timedelta(0) <= at - kept.used_at < _USED_EVERY
    if stale:
        with state.writing() as session:
            used = session.get(Token, prefix)
            if used is not None:
                used.used_at = at
    return TokenHolder(user.name, user.role, tuple(user.teams), user.employee, kept.expires_at)


def user_of(state: State, name: str, /) -> User | None:
    """Return what is granted to a user of this name; None where nothing ever was.

    Raises
    ------
    AccessError
        If a user is known whose name differs by small and capital letters alone.
    """
    from serving.state.schema import User

    with state.reading() as session:
        found = session.get(User, name)
        if found is None:
            _refuse_alike(session, name)
        return found


def first_of(token: str, /) -> str:
    """Return the first characters of a token, as it is listed: never the whole, which opens the door."""
    return (is_token(token) or token.removeprefix("baton_"))[:10].rstrip("_")


def _refuse_alike(session: Session, name: str, /) -> None:
    from sqlalchemy import select

    from serving.state.schema import User

    alike = [known for known in session.scalars(select(User.name)) if known.casefold() == name.casefold()]
    if alike:
        raise AccessError(f"{name!r} is {alike[0]!r} but for small and capital letters; give that name, or another")


def any_users(session: Session, /) -> bool:
    """Whether anybody was ever granted anything."""
    from sqlalchemy import select

    from serving.state.schema import User

    return session.scalar(select(User.name).limit(1)) is not None


def known_user(session: Session, name: str, /) -> User:
    """Return a user that was granted something once.

    Raises
    ------
    AccessError
        If there is none of this name.
    """
    from sqlalchemy import select

    from serving.state.schema import User

    found = session.get(User, clean_name(name))
    if found is None:
        known: Collection[str] = list(session.scalars(select(User.name)))
        raise AccessError(f"there is no user {name!r}{did_you_mean(name, known)}")
    return found


def _token(session: Session, user: User, days: int, at: datetime, /) -> Granted:
    from serving.state.schema import Token

    made = new_token()
    expires = at + timedelta(days=days)
    session.add(Token(prefix=made.prefix, sha256=made.sha256, user=user.name, created_at=at, expires_at=expires))
    return Granted(user.name, user.role, made.token, expires)


def _end_tokens(session: Session, name: str, at: datetime, prefix: str | None = None, /) -> int:
    from sqlalchemy import select

    from serving.state.schema import SignIn, Token

    ended = 0
    for token in session.scalars(select(Token).where(Token.user == name, Token.revoked_at.is_(None))):
        if prefix is None or token.prefix == first_of(prefix):
            token.revoked_at = at
            ended += token.expires_at > at
    if prefix is None:
        for sign_in in session.scalars(select(SignIn).where(SignIn.user == name, SignIn.ended_at.is_(None))):
            sign_in.ended_at = at
    return ended
