"""The door: who asks, whether they may use this route at all, and how often; everything else is asked row by row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from baton.errors import BatonError
from serving.access.browsers import Visit, visit_of
from serving.access.keeper import Keeper
from serving.access.pace import Pace
from serving.access.principal import NOBODY, PRINCIPAL, Principal
from serving.access.routes import refusal_of
from serving.refusals import Application, Message, Receive, Scope, Send, error_body, refuse

__all__ = ["OPEN", "Door", "Limits"]

OPEN = frozenset({"/livez", "/readyz", "/healthz"})
"""Paths that anybody may ask for: whether the service is there."""

_ASK = "send a valid token: `Authorization: Bearer TOKEN`; `baton access grant` gives one"
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
    pages : collection of str
        Paths of pages, which people look at with a browser: there, and nowhere else, a session counts.
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
        pages: Collection[str] = (),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._keeper = keeper
        self._routes = routes
        self._limits = limits
        self._pages = frozenset(pages)
        self._asked = Pace(ticks)
        self._failed = Pace(ticks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with who asks, or answer it."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        address = str((scope.get("client") or ("",))[0])
        visit = visit_of(scope) if scope["path"] in self._pages else None
        try:
            principal = await self._known(scope, address, send, visit)
        except BatonError as error:
            await refuse(send, 503, error_body("", str(error)))
            return
        if principal is None:
            return
        asker = principal.user if principal is not NOBODY else f"nobody at {address}"
        waiting = self._asked.seconds_to_wait(asker, self._limits.of(principal))
        if waiting:
            await _too_often(send, waiting)
            return
        refusal = refusal_of(principal, scope["path"], self._routes)
        if refusal:
            if visit is not None:  # the report is not for everybody; the pages have something for each
                await visit.send_on(send)
                return
            await refuse(send, 403, error_body("", refusal))
            return
        kept = PRINCIPAL.set(principal)
        try:
            await self._app(scope, receive, send)
        finally:
            PRINCIPAL.reset(kept)

    async def _known(self, scope: Scope, address: str, send: Send, visit: Visit | None, /) -> Principal | None:
        """Return who asks; None when the request has been answered."""
        if visit is not None:
            return await self._visitor(visit, send)
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

    async def _visitor(self, visit: Visit, send: Send, /) -> Principal | None:
        """Return who looks at a page; whoever has not signed in is sent to do so, or sees what is for everybody."""
        if visit.is_asset:
            return NOBODY
        if self._keeper.remembers_session(visit.session):
            principal = self._keeper.principal_of_session(visit.session)
        else:
            principal = await asyncio.to_thread(self._keeper.principal_of_session, visit.session)
        if principal is None and visit.is_open:
            return NOBODY
        if principal is None:
            await visit.send_to_sign_in(send)
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
