"""What names a person, sealed with a key of that person's own: without the key nobody can read it any more."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serving.audit.rows import as_text
from serving.state.schema import PersonKey

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.audit.signer import Signer

__all__ = [
    "PREFIX",
    "ErasedError",
    "UnreadableError",
    "key_id",
    "key_of",
    "known_keys",
    "seal",
    "sealed_with",
    "unseal",
]

PREFIX = "sealed:"
SEALED_DETAIL = "sealed"
"""Key of ``detail`` under which what is about a person lies, sealed."""
ERASE = "erase"
"""Action of the row which says that a person's key was dropped; its ``detail.key`` names the key."""
_NONCE_BYTES, _KEY_BYTES = 12, 32


class UnreadableError(ValueError):
    """Something sealed is not as it was sealed."""


class ErasedError(UnreadableError):
    """Something sealed whose key is no longer there."""


def key_id(key: bytes, /) -> str:
    """Return the name of a key: it follows from the key, which is random, and says nothing of the person."""
    return hashlib.sha256(b"baton audit key" + key).hexdigest()[:16]


def key_of(session: Session, signer: Signer, person: str, /, *, make: bool = True) -> bytes | None:
    """Return a person's key, made where there is none.

    Parameters
    ----------
    session : Session
        In which nobody else writes.
    person : str
        A pseudonym.
    make : bool
        Whether to make a missing one.
    """
    lookup = signer.lookup(person)
    found = session.get(PersonKey, lookup)
    if not make or (found is not None and found.key is not None):
        return None if found is None else found.key
    key = os.urandom(_KEY_BYTES)
    session.merge(PersonKey(person=lookup, key=key))
    return key


def known_keys(session: Session, /) -> dict[str, bytes]:
    """Return all keys that are still there, by their names."""
    from sqlalchemy import select

    keys = session.scalars(select(PersonKey.key).where(PersonKey.key.is_not(None)))
    return {key_id(key): key for key in keys if isinstance(key, bytes)}


def seal(key: bytes, value: Any, /, *, place: str) -> str:
    """Seal a value (AES-256-GCM).

    Parameters
    ----------
    value : JSON value
    place : str
        Row and field; what is sealed for one place opens at no other.

    Returns
    -------
    str
        ``sealed:<name of the key>:<nonce and text, base64>``.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    hidden = AESGCM(key).encrypt(nonce, as_text(value).encode(), place.encode())
    return f"{PREFIX}{key_id(key)}:{base64.urlsafe_b64encode(nonce + hidden).decode()}"


def sealed_with(text: Any, /) -> str | None:
    """Return the name of the key that something is sealed with; None for what is not sealed."""
    return text.split(":")[1] if isinstance(text, str) and text.startswith(PREFIX) and text.count(":") == 2 else None


def unseal(keys: Mapping[str, bytes], text: str, /, *, place: str) -> Any:
    """Open what is sealed.

    Raises
    ------
    ErasedError
        If its key is no longer there.
    UnreadableError
        If it is not as it was sealed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = keys.get(sealed_with(text) or "")
    if key is None:
        raise ErasedError("its key is no longer there")
    try:
        raw = base64.urlsafe_b64decode(text.split(":")[2])
        return json.loads(AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()))
    except (InvalidTag, ValueError) as error:
        raise UnreadableError("it is not as it was sealed") from error
