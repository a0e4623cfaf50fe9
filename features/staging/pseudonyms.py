"""Employees' ids become keyed pseudonyms: the same person, the same pseudonym, and no way back without the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from baton.errors import CompanyFileError

__all__ = ["load_key", "pseudonym"]

_KEY_BYTES = 32
MAX_KEY_BYTES = 4096  # a key is one line; a table or a picture is longer


def pseudonym(key: bytes, employee_id: str, /) -> str:
    """Return the pseudonym of an employee's id under a key.

    HMAC-SHA256, cut to 80 bits (a collision among a million people has a chance of one in two trillion).

    Examples
    --------
    >>> pseudonym(b"key", "anna") == pseudonym(b"key", "anna")
    True
    >>> pseudonym(b"key", "anna") == pseudonym(b"other key", "anna")
    False
    """
    digest = hmac.new(key, employee_id.encode(), hashlib.sha256).digest()
    return "p-" + base64.b32encode(digest[:10]).decode().lower()


def load_key(path: Path, /, *, outside: Path | None = None) -> bytes:
    """Read the key, or make it on first use, readable by its owner alone.

    Parameters
    ----------
    path : Path
        The key file.
    outside : Path, optional
        A folder in which the key must not lie: who holds the results must not hold the key with them.

    Raises
    ------
    CompanyFileError
        If the key would lie in ``outside``, cannot be read or made, or is too short.
    """
    if outside is not None and path.resolve().is_relative_to(outside.resolve()):
        raise CompanyFileError(
            f"privacy.key: {path} would lie inside the results' folder {outside}; choose another --out or key file"
        )
    try:
        return _read(path) if path.exists() else _make(path)
    except FileExistsError:  # another run made it in the meantime
        return _read(path)
    except OSError as error:
        raise CompanyFileError(
            f"privacy.key: {path} cannot be used ({error.strerror or error}); give a file that can be read and made"
        ) from error


def _read(path: Path, /) -> bytes:
    if not path.is_file() or path.stat().st_size > MAX_KEY_BYTES:
        raise CompanyFileError(
            f"privacy.key: {path} is no key file; give one that holds a key alone, or a name at which one can be made"
        )
    key = path.read_bytes().strip()
    if len(key) < _KEY_BYTES:
        raise CompanyFileError(
            f"privacy.key: {path} holds less than {_KEY_BYTES} characters; give another file, or if it was "
            "meant as a key delete it and run again"
        )
    if _has_lines(key):
        raise CompanyFileError(
            f"privacy.key: {path} is no key file, it has several lines; give another name, at which a key is "
            "made (this file is left as it is)"
        )
    return key


def _has_lines(key: bytes, /) -> bool:
    """Whether it is a text of several lines; bytes drawn at random may hold a line's end and be a key."""
    try:
        return len(key.decode("utf-8").splitlines()) > 1
    except UnicodeDecodeError:
        return False


def _make(path: Path, /) -> bytes:
    key = secrets.token_hex(_KEY_BYTES).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key + b"\n")
    return key
