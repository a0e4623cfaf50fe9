"""Whose a session is, and until when it holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from baton.access.settings import ROLES, Access
from serving.access.tokens import sha256_of
from serving.access.users import TokenHolder

if TYPE_CHECKING:
    from serving.state.schema import SignIn
    from serving.state.store import State

__all__ = ["holder_of_session"]

_SEEN_EVERY = timedelta(minutes=1)  # a session in use is noted no oftener


def holder_of_session(state: State, session_id: str, settings: Access, /, *, at: datetime) -> TokenHolder | None:
    """Return whose a session is; None if it is unknown, was ended, or has lasted or rested for too long."""
    from serving.state.schema import SignIn, User

    with state.reading() as session:
        kept = session.get(SignIn, sha256_of(session_id))
        if kept is None or kept.ended_at is not None or _ends(kept, settings) <= at:
            return None
        user = session.get(User, kept.user)
        if user is None or user.role not in ROLES:
            return None
    if at - kept.seen_at >= _SEEN_EVERY:
        with state.writing() as session:
            used = session.get(SignIn, kept.sha256)
            if used is not None and used.ended_at is None:
                used.seen_at = kept.seen_at = at
    return TokenHolder(user.name, user.role, tuple(user.teams), user.employee, _ends(kept, settings))


def _ends(kept: SignIn, settings: Access, /) -> datetime:
    rested = kept.seen_at + timedelta(minutes=settings.session_idle_minutes)
    return min(rested, kept.created_at + timedelta(hours=settings.session_hours))
