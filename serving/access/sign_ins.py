"""Sessions of people who sign in with a password: begun, kept up while they are used, and ended."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from baton.access.settings import ROLES
from serving.access.pace import Pace
from serving.access.passwords import is_password
from serving.access.principal import NOBODY, Principal
from serving.access.tokens import sha256_of
from serving.access.users import clean_name
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from anyio import CapacityLimiter

    from serving.access.keeper import Keeper
    from serving.audit.log import Entry
    from serving.state.schema import User

__all__ = ["NotSignedIn", "SignIns", "end_session"]

_BYTES = 32
_KEPT = timedelta(days=7)  # ended sessions: who was when in, the audit log has
_WINDOW = 15 * 60.0
_MAX_OF_BOTH, _MAX_OF_USER, _MAX_OF_ADDRESS = 10, 50, 50  # tries that failed, within the window
_AT_ONCE, _WAITING = 2, 16  # each hash takes 64 MiB for a tenth of a second


@dataclass(frozen=True)
class NotSignedIn(Exception):
    """Why somebody was not let in.

    Parameters
    ----------
    why : str
        ``wrong``, ``often`` or ``busy``.
    wait : int
        Seconds after which to come back.
    """

    why: str
    wait: int = 0


class SignIns:
    """Begins and ends sessions of one company's people.

    Parameters
    ----------
    keeper : Keeper
        Has the state and the audit log.
    clock : callable
        The present moment, UTC without zone.
    ticks : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        keeper: Keeper,
        /,
        *,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keeper = keeper
        self._clock = clock
        self._tries = Pace(ticks, _WINDOW)
        self._limiter: CapacityLimiter | None = None

    async def begin(self, name: str, password: str, address: str, /) -> str:
        """Let somebody in, and return the random id of their session.

        Raises
        ------
        NotSignedIn
            If name and password do not belong together, or there were too many tries.
        OutputError
            If the database cannot be reached.
        """
        from anyio import CapacityLimiter, to_thread

        name = clean_name(name)
        limits = ((f"both {address} {name}", _MAX_OF_BOTH), (f"user {name}", _MAX_OF_USER), (address, _MAX_OF_ADDRESS))
        wait = max(self._tries.seconds_to_wait(asker, most) for asker, most in limits)
        if wait:
            raise NotSignedIn("often", wait)
        if self._limiter is None:
            self._limiter = CapacityLimiter(_AT_ONCE)
        if self._limiter.statistics().tasks_waiting >= _WAITING:
            raise NotSignedIn("busy", 2)
        session_id = await to_thread.run_sync(self._begin, name, password, limiter=self._limiter)
        if session_id is None:
            raise NotSignedIn("wrong")
        for asker, _ in limits:
            self._tries.take_back(asker)
        return session_id

    def _begin(self, name: str, password: str, /) -> str | None:
        from serving.audit.log import Entry
        from serving.state.schema import SignIn, User

        state, audit, at = self._keeper.state, self._keeper.audit, self._clock()
        with state.reading() as session:
            user = session.get(User, name)
        known = user is not None and user.role in ROLES
        right = is_password(password, user.password if user is not None and known else None)
        session_id = secrets.token_urlsafe(_BYTES)
        with state.writing() as session:
            if user is None or not right:
                # a name that is nobody's may be a password that was typed into the wrong field
                named = {"user": "unknown" if user is None else user.name}
                person = None if user is None else user.employee
                audit.append(session, Entry("sign_in_refused", NOBODY, person=person, detail=named))
                return None
            still = session.get(User, name)
            if still is None or (still.role, still.password) != (user.role, user.password):
                return None  # taken or changed while the password was being looked at
            session.add(SignIn(sha256=sha256_of(session_id), user=name, created_at=at, seen_at=at))
            session.query(SignIn).filter(SignIn.created_at < at - _KEPT).delete()
            audit.append(session, _entry("sign_in", user))
        return session_id


def end_session(keeper: Keeper, session_id: str, /) -> None:
    """End a session at once.

    Raises
    ------
    OutputError
        If the database cannot be reached: then it goes on.
    """
    from serving.state.schema import SignIn, User

    audit = keeper.audit
    with keeper.state.writing() as session:
        kept = session.get(SignIn, sha256_of(session_id))
        if kept is None or kept.ended_at is not None:
            return
        kept.ended_at = audit.now()
        user = session.get(User, kept.user)
        if user is not None:
            audit.append(session, _entry("sign_out", user))
    keeper.forget_session(session_id)


def _entry(action: str, user: User, /) -> Entry:
    from serving.audit.log import Entry

    return Entry(action, Principal(user.name, user.role, employee=user.employee))
