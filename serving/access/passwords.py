"""Passwords of people who sign in to the pages: Argon2 at rest, and never in a log or in an answer."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from baton.access.settings import ROLES
from baton.errors import AccessError
from serving.access.users import clean_name

if TYPE_CHECKING:
    from pwdlib import PasswordHash
    from sqlalchemy.orm import Session

__all__ = ["MAX_LENGTH", "MIN_LENGTH", "hashed", "is_password", "keep_password", "new_password", "require_good"]

MIN_LENGTH = 12
MAX_LENGTH = 200
# no two that look alike
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS = 4


def new_password() -> str:
    """Return a random password that can be read aloud and typed: 80 random bits.

    Examples
    --------
    >>> len(new_password()), new_password() != new_password()
    (19, True)
    """
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))


def require_good(password: str, name: str, /) -> None:
    """Refuse what is no password for somebody.

    Raises
    ------
    AccessError
        If it is too short, too long, or the user's name.
    """
    if not MIN_LENGTH <= len(_one_form(password)) <= MAX_LENGTH:
        raise AccessError(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    if _one_form(password).casefold().strip() == clean_name(name).casefold():
        raise AccessError("a password is not the user's name")
    if len(set(password)) < MIN_LENGTH // 3:
        raise AccessError("a password of so few different characters is guessed at once")


def hashed(password: str, /) -> str:
    """Return what is kept of a password."""
    return _argon2().hash(_one_form(password))


def is_password(password: str, kept: str | None, /) -> bool:
    """Whether a password is the one that was kept, in the same time whether there is one or not.

    Parameters
    ----------
    kept : str or None
        None where nobody of this name may sign in: then the answer is no, after as much work.
    """
    nobodys = _nobodys()
    right = _argon2().verify(_one_form(password)[: MAX_LENGTH + 1], kept or nobodys)
    return right and kept is not None


def keep_password(session: Session, name: str, kept: str, at: datetime, /) -> None:
    """Give a user a password in place of the one before, whose sessions end.

    Raises
    ------
    AccessError
        If there is no such user, or none that signs in.
    """
    from serving.access.users import known_user
    from serving.state.schema import SignIn

    found = known_user(session, name)
    if found.role not in ROLES:
        raise AccessError(f"all was taken from {name!r}; `baton access grant` gives a role again")
    if found.role == "service":
        raise AccessError(f"{name!r} is a system, which asks with its token; passwords are for people")
    found.password = kept
    for sign_in in session.query(SignIn).filter(SignIn.user == found.name, SignIn.ended_at.is_(None)):
        sign_in.ended_at = at


def _one_form(password: str, /) -> str:
    """Return the one form of a password, whichever of those that look alike the keyboard gave."""
    return unicodedata.normalize("NFKC", password)


@cache
def _argon2() -> PasswordHash:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


@cache
def _nobodys() -> str:
    """Return a hash that no password fits, made as all others."""
    return _argon2().hash(secrets.token_urlsafe(32))
