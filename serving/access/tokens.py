"""Bearer tokens: random, shown once, kept as their SHA-256, and known again by their first characters."""

from __future__ import annotations

import hashlib
import re
import secrets
from hmac import compare_digest
from typing import NamedTuple

__all__ = ["NewToken", "is_token", "new_token", "same", "sha256_of"]

_BYTES = 32
# unlike other strings, so that scanners for leaked secrets can look for it
_SHAPE = re.compile(r"baton_([a-z0-9]{10})_[A-Za-z0-9_-]{43}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class NewToken(NamedTuple):
    """A token, what it is looked up by, and what is kept of it."""

    token: str
    prefix: str
    sha256: str


def new_token() -> NewToken:
    """Return a token of 256 random bits.

    Examples
    --------
    >>> made = new_token()
    >>> is_token(made.token) == made.prefix, same(made.sha256, made.token)
    (True, True)
    """
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(10))
    token = f"baton_{prefix}_{secrets.token_urlsafe(_BYTES)}"
    return NewToken(token, prefix, sha256_of(token))


def is_token(text: str, /) -> str | None:
    """Return what a token is looked up by; None for what is no token of ours.

    Examples
    --------
    >>> is_token("baton_x") is None
    True
    """
    found = _SHAPE.fullmatch(text)
    return None if found is None else found.group(1)


def sha256_of(token: str, /) -> str:
    """Return what is kept of a token: nobody can guess 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(sha256: str, token: str, /) -> bool:
    """Whether a token is the one that was kept, in a time that does not depend on how much of it agrees."""
    return compare_digest(sha256, sha256_of(token))
