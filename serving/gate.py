"""The door of the service: what does not fit is turned away here, always with JSON that says which field and why."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from serving.bodies import Bodies, Refused, media_type, replay
from serving.hosts import LOCAL_HOSTS, asked_host, host_names
from serving.lanes import CLIENT
from serving.refusals import (
    DEFECT,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    error_body,
    faults_of,
    in_one_shape,
    refuse,
)

__all__ = ["Gate", "handed_on"]

HANDED_ON = "baton.request"  # key of the scope under which a request's body, validated, is handed on
MAX_AT_ONCE = 64  # requests being answered; more wait longer than they would by coming back
_LOG = logging.getLogger("baton.serving")
_EXEMPT = frozenset({"/livez", "/readyz", "/healthz", "/metrics"})
_BUSY = "too many requests at once; come back in a second"


@dataclass
class _Places:
    """How many requests may still be answered at once."""

    free: int


class Gate:
    """ASGI middleware: hosts, limits, media type, validation, and one shape for all refusals.

    Parameters
    ----------
    app
        The application behind it.
    models : mapping of str to pydantic model
        Per path what its body must fit; the fitting model is handed on in the scope.
    hosts : collection of str
        Names under which the service answers.
    bodies : Bodies, optional
        Receives bodies.
    max_at_once : int
        Requests being answered; more are asked to come back. Receiving a body takes no place.
    """

    def __init__(
        self,
        app: Application,
        *,
        models: Mapping[str, type[BaseModel]],
        hosts: Collection[str] = LOCAL_HOSTS,
        bodies: Bodies | None = None,
        max_at_once: int = MAX_AT_ONCE,
    ) -> None:
        self._app = app
        self._models = models
        self._hosts = host_names(hosts)
        self._bodies = Bodies() if bodies is None else bodies
        self._places = _Places(max_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = asked_host(scope)
        if host not in self._hosts:
            message = f"the service does not answer under the host {host!r}; `baton serve --allowed-host` adds one"
            await refuse(send, 421, error_body("", message))
            return
        begun = False

        async def counted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await (self._app if scope["path"] in _EXEMPT else self._admit)(scope, receive, counted)
        except Refused as refused:
            if refused.code:
                await refuse(counted, refused.code, error_body("", refused.message))
        except Exception:
            # BentoML's time limit lets a request hang whose application failed before it answered
            if begun:
                raise
            _LOG.exception("a defect in %s", scope["path"])
            await refuse(send, 500, error_body("", DEFECT))

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        model = self._models.get(scope["path"])
        if model is None or scope["method"] != "POST":
            await self._in_place(scope, receive, send)
            return
        sent_as = media_type(scope)
        if sent_as != "application/json":
            raise Refused(415, f"send the body as application/json, not {sent_as or 'without a content type'}")
        body = await self._bodies.read(scope, receive)
        try:
            scope[HANDED_ON] = model.model_validate_json(body)
            CLIENT.set(receive)
            await self._in_place(scope, replay(receive), send)
        except ValidationError as error:
            await refuse(send, 400, faults_of(model, error))
        finally:
            self._bodies.release(len(body))

    async def _in_place(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._places.free <= 0:
            raise Refused(503, _BUSY)
        self._places.free -= 1
        try:
            await self._app(scope, receive, in_one_shape(send))
        finally:
            self._places.free += 1


async def handed_on(request: Any, serde: Any) -> BaseModel:
    """Return what the gate has validated, where BentoML would read the body."""
    return request.scope[HANDED_ON]
