"""Who asks, by the token that comes with a request; while nobody was granted anything, whoever sits at this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from baton.company import Company
from baton.errors import AccessError, BatonError, OutputError
from serving.access.hierarchy import Hierarchy, read_hierarchy
from serving.access.principal import LOCAL, Principal
from serving.access.provider import Provider, looks_like_jwt
from serving.access.tokens import sha256_of
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from serving.access.users import TokenHolder
    from serving.audit.log import AuditLog
    from serving.state.store import State

__all__ = ["TOKEN_VARIABLE", "Keeper"]

TOKEN_VARIABLE = "BATON_TOKEN"
"""Environment variable with the token of the user who asks."""

_SECONDS = 2.0  # for so long what was found is taken to hold: a revoked token ends within it
_MAX_KEPT = 10_000


class _Kept(NamedTuple):
    """What was found of a token, and until when it is taken to hold."""

    holder: TokenHolder | None
    until: float


class Keeper:
    """Knows who may use one company's service.

    Parameters
    ----------
    company : Company
        Its state and its hierarchy file are opened when they are first needed.
    clock : callable
        The present moment, UTC without zone.
    ticks : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        company: Company,
        /,
        *,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._company = company
        self._clock = clock
        self._ticks = ticks
        settings = company.access.identity_provider
        self._provider = None if settings is None else Provider(settings, company, ticks=ticks)
        self._lock = threading.Lock()
        self._state: State | None = None
        self._audit: AuditLog | None = None
        self._kept: dict[str, _Kept] = {}
        self._set_up, self._sure_until = False, -1.0
        self._hierarchy: tuple[float, Hierarchy] = (-1.0, Hierarchy())

    @property
    def state(self) -> State:
        """The company's state, opened at first use.

        Raises
        ------
        OutputError
            If it cannot be opened.
        """
        with self._lock:
            if self._state is None:
                from serving.state.store import open_state

                self._state = open_state(self._company)
            return self._state

    @property
    def audit(self) -> AuditLog:
        """The company's audit log, opened at first use.

        Raises
        ------
        OutputError
            If it cannot be opened, or its key is gone.
        """
        state = self.state
        with self._lock:
            if self._audit is None:
                from serving.audit.log import AuditLog

                self._audit = AuditLog(state)
            return self._audit

    @property
    def is_set_up(self) -> bool:
        """Whether anybody was granted anything: once it was so it stays so, and the local user is nobody any more.

        Raises
        ------
        OutputError
            If the database cannot be asked: nobody is let in by its being away.
        """
        if not self._set_up and self._ticks() >= self._sure_until:
            self._set_up = self._asks_for_tokens()
            self._sure_until = self._ticks() + _SECONDS
        return self._set_up

    def principal(self, token: str | None, /) -> Principal | None:
        """Return who asks; None where a token is needed and there is none, or none that is valid.

        Parameters
        ----------
        token : str or None
            What came with the request.

        Raises
        ------
        OutputError
            If the database cannot be asked.
        """
        if not self.is_set_up:
            return LOCAL
        return self._principal(None if token is None else self._holder(token))

    def required_principal(self, token: str | None, /) -> Principal:
        """Return who asks at this machine, as ``principal``.

        Raises
        ------
        AccessError
            If access is set up and the token is not valid.
        """
        who = self.principal(token)
        if who is None:
            raise AccessError(
                f"access is set up here, and {TOKEN_VARIABLE} holds no valid token; `baton access grant` gives one"
            )
        return who

    def principal_of_session(self, session_id: str | None, /) -> Principal | None:
        """Return who looks at a page, by the id of their session; else as ``principal``."""
        if not self.is_set_up:
            return LOCAL
        return self._principal(None if session_id is None else self._holder_of_session(session_id))

    def forget_session(self, session_id: str, /) -> None:
        """Ask the database anew whose a session is."""
        self._kept.pop(_key_of_session(session_id), None)

    def _principal(self, holder: TokenHolder | None, /) -> Principal | None:
        if holder is None or holder.expires_at <= self._clock():
            return None
        hierarchy = self.hierarchy()
        led = frozenset(holder.teams) | hierarchy.led.get(holder.user, frozenset())
        if holder.role != "manager":
            led = frozenset()
        return Principal(holder.user, holder.role, led, hierarchy.under(led), holder.employee)

    def remembers(self, token: str | None, /) -> bool:
        """Whether ``principal`` will answer without asking the database."""
        return self._remembers(None if token is None else sha256_of(token))

    def remembers_session(self, session_id: str | None, /) -> bool:
        """Whether ``principal_of_session`` will answer without asking the database."""
        return self._remembers(None if session_id is None else _key_of_session(session_id))

    def _remembers(self, key: str | None, /) -> bool:
        if not self._set_up:
            return self._ticks() < self._sure_until
        if key is None:
            return True
        known = self._kept.get(key)
        return known is not None and self._ticks() < known.until

    def _asks_for_tokens(self) -> bool:
        from serving.state.store import GRANTED, state_exists, were_grants

        if self._company.access.identity_provider is not None:
            return True
        if state_exists(self._company):
            from serving.access.users import any_users

            with self.state.reading() as session:
                if any_users(session):
                    return True
        if were_grants(self._company):
            raise OutputError(
                "users were granted access here, and the database that knows them is gone or another: put it back from "
                f"a backup; to begin anew with nobody, remove {self._company.folder / '.baton' / GRANTED}"
            )
        return False

    def _holder(self, token: str, /) -> TokenHolder | None:
        from serving.access.users import holder_of

        key = sha256_of(token)
        kept = self._kept.get(key)
        if kept is not None and self._ticks() < kept.until:
            return kept.holder
        if self._provider is not None and looks_like_jwt(token):
            holder = self._provider.holder_of(self.state, token, at=self._clock())
        else:
            holder = holder_of(self.state, token, at=self._clock())
        return self._keep(key, holder)

    def _holder_of_session(self, session_id: str, /) -> TokenHolder | None:
        from serving.access.sessions import holder_of_session

        key = _key_of_session(session_id)
        kept = self._kept.get(key)
        if kept is not None and self._ticks() < kept.until:
            return kept.holder
        return self._keep(key, holder_of_session(self.state, session_id, self._company.access, at=self._clock()))

    def _keep(self, key: str, holder: TokenHolder | None, /) -> TokenHolder | None:
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        self._kept[key] = _Kept(holder, self._ticks() + _SECONDS)
        return holder

    def hierarchy(self) -> Hierarchy:
        """Return who leads whom, read again when the file has changed; a faulty file lets nobody lead anything.

        Raises
        ------
        OutputError
            If it cannot be read.
        """
        if self._company.access.hierarchy is None:
            return Hierarchy()
        path = Path(self._company.resolve(self._company.access.hierarchy))
        try:
            changed = path.stat().st_mtime
            if changed != self._hierarchy[0]:
                self._hierarchy = (changed, read_hierarchy(path))
        except (OSError, BatonError) as error:
            raise OutputError(f"who leads which team cannot be read: {error}") from error
        return self._hierarchy[1]


def _key_of_session(session_id: str, /) -> str:
    """Return under what a session is remembered: never under what a token would be, for which it is no good."""
    return f"session {sha256_of(session_id)}"
