"""What of a row is signed, and how one row's digest holds the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["FIELDS", "START", "as_text", "canonical", "digest_of"]

START = "0" * 64
"""What stands for the digest before the first row."""
FIELDS = ("number", "at", "actor", "role", "action", "subject", "detail")
"""What is signed, as it lies in the database: what names a person is sealed there, so that it can be erased."""


def as_text(value: Any, /) -> str:
    """Return JSON of which there is one form only: keys sorted, no blanks, ASCII.

    Raises
    ------
    ValueError
        If it is a number that JSON does not know.
    TypeError
        If it is nothing that JSON can say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(row: Mapping[str, Any], /) -> str:
    """Return the one form of a row that its digest is taken of.

    Parameters
    ----------
    row : mapping
        With ``FIELDS``; ``at`` a naive time in UTC.
    """
    values = {name: row[name] for name in FIELDS}
    at = values["at"]
    values["at"] = at.isoformat(timespec="microseconds") if isinstance(at, datetime) else repr(at)
    return as_text({name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()})


def digest_of(before: str, row: str, /) -> str:
    """Return the digest of a row: SHA-256, in hexadecimal, of the digest before it and the row's canonical form.

    Examples
    --------
    >>> digest_of(START, '{"number":1}')[:16]
    '71954ae62f8018da'
    """
    return hashlib.sha256((before + row).encode()).hexdigest()
