"""The door: who asks, whether they may use this route at all, and how often; everything else is asked row by row."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baton.errors import BatonError
from serving.access.keeper import Keeper
from serving.access.principal import PRINCIPAL, Principal
from serving.access.routes import refusal_of
from serving.refusals import Application, Message, Receive, Scope, Send, error_body, refuse

__all__ = ["OPEN", "Door", "Limits"]

OPEN = frozenset({"/livez", "/readyz", "/healthz"})
"""Paths that anybody may ask for: whether the service is there."""

_ASK = "send a valid token: `Authorization: Bearer TOKEN`; `baton access grant` gives one"
_MINUTE = 60.0
_MAX_COUNTED = 10_000  # askers whose requests are counted; the longest silent is forgotten first
_MAX_FAILED = 30  # tokens that are not valid, from one address in a minute
# whatever is answered: nothing is kept on the way, guessed at, framed, or says where it came from
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


@dataclass(frozen=True)
class Limits:
    """How often one user may ask within a minute: a person, and a system."""

    people: int
    services: int

    def of(self, principal: Principal, /) -> int:
        """Return the limit of one user; whoever sits at this machine has that of a system."""
        return self.services if principal.is_local or principal.role == "service" else self.people


@dataclass
class _Count:
    """How often somebody has asked since the minute began."""

    began: float
    number: int = 0


class _Counts:
    """Requests of each asker within a minute."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._of: OrderedDict[str, _Count] = OrderedDict()

    def seconds_to_wait(self, asker: str, most: int, /) -> int:
        """Return after how many seconds to come back; 0: the request is within the limit."""
        at = self._ticks()
        found = self._of.get(asker)
        if found is None or at - found.began >= _MINUTE:
            found = self._of[asker] = _Count(at)
        self._of.move_to_end(asker)
        if len(self._of) > _MAX_COUNTED:
            self._of.popitem(last=False)
        if found.number >= most:
            return max(1, round(_MINUTE - (at - found.began)))
        found.number += 1
        return 0


class Door:
    """ASGI middleware: sets ``PRINCIPAL`` for what is behind it, or refuses.

    Parameters
    ----------
    app
        What is behind it.
    keeper : Keeper
        Knows who may use the service.
    routes : mapping of str to tuple of str
        By path the actions of the rules of which one must be allowed; a path that is not there needs a valid token,
        and what lies behind it asks for itself.
    limits : Limits
        How often one user may ask.
    ticks : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        app: Application,
        /,
        *,
        keeper: Keeper,
        routes: Mapping[str, tuple[str, ...]],
        limits: Limits,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._keeper = keeper
        self._routes = routes
        self._limits = limits
        self._asked = _Counts(ticks)
        self._failed = _Counts(ticks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with who asks, or answer it."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        address = str((scope.get("client") or ("",))[0])
        try:
            principal = await self._known(scope, address, send)
        except BatonError as error:
            await refuse(send, 503, error_body("", str(error)), [(b"retry-after", b"2")])
            return
        if principal is None:
            return
        waiting = self._asked.seconds_to_wait(principal.user, self._limits.of(principal))
        if waiting:
            await _too_often(send, waiting)
            return
        refusal = refusal_of(principal, scope["path"], self._routes)
        if refusal:
            await refuse(send, 403, error_body("", refusal))
            return
        kept = PRINCIPAL.set(principal)
        try:
            await self._app(scope, receive, send)
        finally:
            PRINCIPAL.reset(kept)

    async def _known(self, scope: Scope, address: str, send: Send, /) -> Principal | None:
        """Return who asks; None when the request has been refused."""
        token = _token(scope)
        if self._keeper.remembers(token):
            principal = self._keeper.principal(token)
        else:  # the database may be far away, or gone: nobody else waits for it
            principal = await asyncio.to_thread(self._keeper.principal, token)
        if principal is None:
            # only tokens that are not valid are slowed down: others behind the same address have done nothing
            waiting = 0 if token is None else self._failed.seconds_to_wait(address, _MAX_FAILED)
            if waiting:
                await _too_often(send, waiting)
                return None
            await refuse(send, 401, error_body("", _ASK), [(b"www-authenticate", b'Bearer realm="baton"')])
        return principal


def _token(scope: Scope, /) -> str | None:
    """Return the bearer token of a request; None where it has none, several, or something else."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(found) != 1:
        return None
    kind, _, token = found[0].decode("latin-1").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


async def _too_often(send: Send, seconds: int, /) -> None:
    message = f"too many requests; come back in {seconds} s"
    await refuse(send, 429, error_body("", message), [(b"retry-after", str(seconds).encode())])


def _with_headers(send: Send, /) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            more = [header for header in _HEADERS if header[0] not in there]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sent
