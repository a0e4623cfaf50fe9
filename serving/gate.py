"""The door of the service: what does not fit is turned away here, always with JSON that says which field and why."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from pydantic import BaseModel, ValidationError

from serving.payloads import said

__all__ = ["OURS", "Application", "Gate", "Message", "Receive", "Scope", "Send", "error_body", "refusal"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OURS = b"x-baton-refusal"
"""Header by which refusals that are in shape already are told."""
LARGEST_BODY = 16 * 1024 * 1024
MOST_AT_ONCE = 64
_MOST_FAULTS = 10
_MEANINGS = {
    404: "there is nothing at this path; see /docs.json",
    405: "this path takes another method; see /docs.json",
}
_DEFECT = "a defect of the service; see its log"
_LOG = logging.getLogger("baton.serving")
_BRANCHES = ("bool", "constrained-str", "float")
_EXEMPT = frozenset({"/livez", "/readyz", "/healthz", "/metrics"})


def error_body(field: str, message: str, faults: list[dict[str, str]] | None = None, /) -> dict[str, Any]:
    """Return the body of every refusal: the first fault, and all of them where there are several.

    Examples
    --------
    >>> error_body("rows", "a list is needed")
    {'error': {'field': 'rows', 'message': 'a list is needed'}}
    """
    body: dict[str, Any] = {"error": {"field": field, "message": message}}
    if faults is not None and len(faults) > 1:
        body["faults"] = faults
    return body


def refusal(model: type[BaseModel], body: bytes, /) -> dict[str, Any] | None:
    """Return what is wrong with a request's body, or None.

    Examples
    --------
    >>> from serving.payloads import CoachingRequest
    >>> refusal(CoachingRequest, b'{"team_id": "a"}')
    >>> refusal(CoachingRequest, b'{"team": "a"}')["error"]
    {'field': 'team', 'message': 'unknown field; known: employee_id, team_id'}
    """
    try:
        model.model_validate_json(body)
    except ValidationError as error:
        faults = [_fault(model, found) for found in error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]]
        return error_body(faults[0]["field"], faults[0]["message"], faults)
    return None


def _fault(model: type[BaseModel], found: Any, /) -> dict[str, str]:
    place, message = found["loc"], found["msg"].removeprefix("Value error, ")
    if place and isinstance(place[-1], str) and place[-1].startswith(_BRANCHES):
        # the branch of a union is no part of the path that the sender knows
        place, message = place[:-1], "a finite number, a text, true, false or null is needed"
    if found["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields) if len(found["loc"]) == 1 else "see /docs.json"
        message = f"unknown field; known: {known}"
    elif found["type"] in ("too_short", "string_too_short"):
        message = "may not be empty"
    elif found["type"] == "json_invalid":
        message = f"the body is no JSON that can be read ({message.removeprefix('Invalid JSON: ')})"
    return {"field": said(place), "message": message}


class Gate:
    """ASGI middleware: limits, media type, validation, and one shape for all refusals.

    Parameters
    ----------
    app
        The application behind it.
    models : mapping of str to pydantic model
        Per path what its body must fit.
    largest_body : int
        Bytes.
    most_at_once : int
        Requests; more are told to come back.
    """

    def __init__(
        self,
        app: Application,
        *,
        models: Mapping[str, type[BaseModel]],
        largest_body: int = LARGEST_BODY,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._app = app
        self._models = models
        self._largest_body = largest_body
        self._most_at_once = most_at_once
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exempt = scope["path"] in _EXEMPT
        if not exempt and self._inside >= self._most_at_once:
            busy = error_body("", "too many requests at once; come back in a second")
            await _answer(send, 503, busy, [(b"retry-after", b"1")])
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._inside += not exempt
        try:
            await (self._app if exempt else self._admit)(scope, receive, watched)
        except Exception:
            # BentoML's time limit lets a request hang whose application failed before it answered
            if begun:
                raise
            _LOG.exception("a defect in %s", scope["path"])
            await _answer(send, 500, error_body("", _DEFECT))
        finally:
            self._inside -= not exempt

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        model = self._models.get(scope["path"])
        if model is None or scope["method"] != "POST":
            await self._app(scope, receive, _in_one_shape(send))
            return
        media_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1").split(";")[0].strip().lower()
        if media_type != "application/json":
            message = f"send the body as application/json, not {media_type or 'without a content type'}"
            await _answer(send, 415, error_body("", message))
            return
        body = await _read(receive, self._largest_body)
        if body is None:
            message = f"the body is larger than {self._largest_body // 1024**2} MiB; send fewer rows at a time"
            await _answer(send, 413, error_body("", message))
            return
        refused = refusal(model, body)
        if refused is not None:
            await _answer(send, 400, refused)
            return
        await self._app(scope, _replay(body, receive), _in_one_shape(send))


async def _read(receive: Receive, largest: int, /) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        size += len(message.get("body", b""))
        if size > largest:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive, /) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _in_one_shape(send: Send, /) -> Send:
    """Turn refusals of the libraries behind, whatever their form, into ours."""
    status, kept = 0, []

    async def shaped(message: Message) -> None:
        nonlocal status, kept
        if message["type"] == "http.response.start" and message["status"] >= 400:
            headers = dict(message["headers"])
            if OURS not in headers:
                status, kept = message["status"], [(name, headers[name]) for name in (b"allow",) if name in headers]
                return
        if status:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                otherwise = _DEFECT if status >= 500 else "this cannot be answered"
                await _answer(send, status, error_body("", _MEANINGS.get(status, otherwise)), kept)
            return
        await send(message)

    return shaped


async def _answer(
    send: Send, status: int, body: dict[str, Any], more: list[tuple[bytes, bytes]] | None = None, /
) -> None:
    content = json.dumps(body, ensure_ascii=True).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
