"""Tools over HTTP: the Model Context Protocol at one path of the service, behind its gate and its door."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from serving.access.principal import PRINCIPAL, Principal
from serving.agents.tools import Tools, agent_server
from serving.bodies import Bodies, Refused, media_type, replay
from serving.hosts import host_names
from serving.lanes import CLIENT
from serving.page import ASKED_PATH
from serving.refusals import OURS, Message, Receive, Scope, Send, error_body

__all__ = ["Agents"]

_MAX_BODY_BYTES = 4 * 1024 * 1024
_PRINCIPAL = "baton.principal"  # key of the scope, since the library may answer in a task of its own


class Agents:
    """ASGI application of the Model Context Protocol (streamable HTTP).

    Each request stands for itself: there are no sessions, so that any worker answers, a restart loses nothing, and a
    token is checked each time. Answers are JSON; there is no stream of events to hold open.

    Parameters
    ----------
    tools : Tools
        What answers.
    hosts : collection of str
        Names under which the service answers: a page of another origin may not ask.
    """

    def __init__(self, tools: Tools, hosts: Collection[str], /) -> None:
        self._server = agent_server(tools, _who)
        self._hosts = host_names(hosts)
        self._bodies = Bodies(_MAX_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        asked = scope.get(ASKED_PATH, scope["path"]).rstrip("/")
        if asked != scope["path"]:
            await _refused(send, 404, "there is nothing at this path; see /docs.json")
        elif scope["method"] != "POST":
            await _refused(send, 405, "send messages by POST; there are no sessions and no events", b"POST")
        elif not self._may_come(scope):
            await _refused(send, 403, "pages of another origin may not ask")
        elif _media_type(scope) != "application/json":
            await _refused(send, 415, f"send the body as application/json, not {_media_type(scope) or 'without one'}")
        else:
            await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        try:
            content = await self._bodies.read(scope, receive)
        except Refused as refused:
            if not refused.code:  # the client has gone
                raise
            await _refused(send, refused.code, refused.message)
            return
        kept = CLIENT.set(receive)
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=_MAX_BODY_BYTES
        )
        try:
            async with manager.run():
                known = {**scope, _PRINCIPAL: PRINCIPAL.get()}
                await manager.handle_request(known, replay(receive, content), _as_it_is(send))
        finally:
            CLIENT.reset(kept)
            self._bodies.release(len(content))

    def _may_come(self, scope: Scope, /) -> bool:
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        return all(_host_of(origin) in self._hosts for origin in origins)


def _who(context: Any, /) -> Principal | None:
    return context.request.scope[_PRINCIPAL]


def _host_of(origin: str, /) -> str:
    try:
        return (urlsplit(origin).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _media_type(scope: Scope, /) -> str:
    return media_type(scope)[:80]


def _as_it_is(send: Send, /) -> Send:
    """Return what sends the protocol's own errors in the protocol's own shape."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            message = {**message, "headers": [*message["headers"], (OURS, b"1")]}
        await send(message)

    return sent


async def _refused(send: Send, code: int, message: str, allowed: bytes = b"", /) -> None:
    from serving.refusals import refuse

    more = [(OURS, b"1")]
    more += [(b"allow", allowed)] if allowed else []
    await refuse(send, code, error_body("", message), more)
