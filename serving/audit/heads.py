"""The newest rows of the audit log, noted outside the database: a log that is cut at its end is found by them."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.audit.rows import as_text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import AuditEntry

__all__ = ["FILE", "Head", "append_head", "append_when_committed", "read_heads"]

FILE = "audit-heads.jsonl"
_PENDING, _LISTENS = "audit_head", "audit_head_listens"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """One line of the file.

    Parameters
    ----------
    line : int
        Counted from 1.
    number : int or None
        Of the row; None where the line cannot be read.
    digest, signature : str
        The row's.
    """

    line: int
    number: int | None
    digest: str = ""
    signature: str = ""


def append_when_committed(session: Session, folder: Path, row: AuditEntry, /) -> None:
    """Write a row's head as soon as the session's transaction is committed, and only then.

    Parameters
    ----------
    folder : Path
        Where the file lies.
    """
    from sqlalchemy import event

    session.info[_PENDING] = (folder, row.number, row.digest, row.signature, row.at.isoformat())
    if session.info.setdefault(_LISTENS, False):
        return
    session.info[_LISTENS] = True
    event.listen(session, "after_commit", _write_pending)
    event.listen(session, "after_soft_rollback", _forget_pending)


def _write_pending(session: Session, /) -> None:
    if session.in_nested_transaction():  # a savepoint: nothing is committed yet
        return
    pending = session.info.pop(_PENDING, None)
    if pending is not None:
        append_head(*pending)


def _forget_pending(session: Session, _: Any, /) -> None:
    session.info.pop(_PENDING, None)


def append_head(folder: Path, number: int, digest: str, signature: str, time: str, /) -> None:
    """Append one line; what cannot be written is logged, since the row itself is kept by then.

    The next row's line covers it: it holds the digest of all rows before.
    """
    line = as_text({"number": number, "digest": digest, "signature": signature, "time": time}).encode() + b"\n"
    try:
        handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(handle, line) != len(line):
                raise OSError("no space left")
        finally:
            os.close(handle)
    except OSError as error:
        _LOG.warning("%s: row %d of the audit log could not be noted (%s)", folder / FILE, number, error)


def read_heads(folder: Path, /) -> list[Head] | None:
    """Return the lines of the file; None if there is none.

    A last line without an end is being written at this moment and is left out.
    """
    try:
        text = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    lines = text.split(b"\n")[:-1]
    return [_head(number, line) for number, line in enumerate(lines, start=1)]


def _head(line: int, text: bytes, /) -> Head:
    try:
        found = json.loads(text)
        return Head(line, int(found["number"]), str(found["digest"]), str(found["signature"]))
    except (ValueError, KeyError, TypeError):
        return Head(line, None)
