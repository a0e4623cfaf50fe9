"""The same request again, by the same key: it gets the answer of then and changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message
from serving.decisions.advice import digest_of
from serving.decisions.refused import DecisionRefused, KeyUsed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Repeat", "checked_key", "find_reply", "keep_reply"]

KEEP_DAYS = 7  # answers hold what people wrote; whoever repeats a request does so within minutes
_MAX_KEY = 200


@dataclass(frozen=True)
class Repeat:
    """By what a request is recognised when it comes again.

    Parameters
    ----------
    user : str
    key : str
        Of the header ``Idempotency-Key``.
    request : str
        Digest of what was asked.
    """

    user: str
    key: str
    request: str

    @classmethod
    def of(cls, user: str, key: str | None, asked: Any, /) -> Repeat | None:
        """Return it for a request, or None where it comes without a key."""
        return None if key is None else cls(user, checked_key(key), digest_of(asked))


def checked_key(key: str, /) -> str:
    """Return a key that fits.

    Raises
    ------
    DecisionRefused
        If it is too long, empty, or holds anything but visible ASCII.
    """
    if not 0 < len(key) <= _MAX_KEY or not all("!" <= character <= "~" for character in key):
        raise DecisionRefused(Message("decision.key_wrong"), "Idempotency-Key")
    return key


def find_reply(session: Session, repeat: Repeat | None, now: datetime, /) -> tuple[int, dict[str, Any]] | None:
    """Return the code and the answer that were given to a request before, or None where none of ``KEEP_DAYS`` is kept.

    Whoever shows it checks that its decision is still theirs to see.

    Raises
    ------
    KeyUsed
        If the key came with another request.
    """
    from sqlalchemy import select

    from serving.state.schema import Reply

    if repeat is None:
        return None
    asked = select(Reply).where(Reply.user == repeat.user, Reply.key == repeat.key, Reply.at >= _oldest(now))
    kept = session.scalar(asked)
    if kept is None:
        return None
    if kept.request != repeat.request:
        raise KeyUsed(Message("decision.key_used"), "Idempotency-Key")
    return kept.code, json.loads(kept.answer)


def keep_reply(session: Session, repeat: Repeat | None, code: int, answer: dict[str, Any], now: datetime, /) -> None:
    """Keep an answer in the transaction of the change that it reports, and forget those of a week ago."""
    from sqlalchemy import delete

    from serving.state.schema import Reply

    if repeat is None:
        return
    session.execute(delete(Reply).where(Reply.at < _oldest(now)))
    text = json.dumps(answer, ensure_ascii=False)
    session.add(Reply(user=repeat.user, key=repeat.key, request=repeat.request, code=code, answer=text, at=now))


def _oldest(now: datetime, /) -> datetime:
    return now - timedelta(days=KEEP_DAYS)
