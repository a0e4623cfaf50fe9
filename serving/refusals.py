"""What refusals look like: always JSON that says which field and why."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from pydantic import BaseModel, ValidationError

from serving.answering.payloads import field_path

__all__ = [
    "DEFECT",
    "OURS",
    "Application",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "error_body",
    "faults_of",
    "in_one_shape",
    "in_time",
    "refuse",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OURS = b"x-baton-refusal"
"""Header by which refusals that are in shape already are recognised."""

DEFECT = "a defect of the service; see its log"
_MAX_FAULTS = 10  # more help nobody
_RETRY_SECONDS = b"2"  # a run that is loading is looked at anew, and a lock let go, about as soon
_TOO_LONG = "there was no time for this answer; try again later"
_MEANINGS = {
    404: "there is nothing at this path; see /docs.json",
    405: "this path takes another method; see /docs.json",
}
_BRANCHES = ("bool", "constrained-str", "float")


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


def faults_of(model: type[BaseModel], error: ValidationError, /) -> dict[str, Any]:
    """Return what is wrong with a request's body.

    Examples
    --------
    >>> from serving.answering.payloads import CoachingRequest
    >>> try:
    ...     CoachingRequest.model_validate_json(b'{"team": "a"}')
    ... except ValidationError as error:
    ...     faults_of(CoachingRequest, error)["error"]
    {'field': 'team', 'message': 'unknown field; known: employee_id, team_id'}
    """
    faults = [_fault(model, found) for found in error.errors(include_url=False, include_input=False)[:_MAX_FAULTS]]
    return error_body(faults[0]["field"], faults[0]["message"], faults)


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
    return {"field": field_path(place), "message": message}


def in_one_shape(send: Send, /) -> Send:
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
                otherwise = DEFECT if status >= 500 else "this cannot be answered"
                await refuse(send, status, error_body("", _MEANINGS.get(status, otherwise)), kept)
            return
        await send(message)

    return shaped


def in_time(send: Send, /) -> Send:
    """Let whoever is to come back know when, whatever has sent them away; to be put before all else.

    A library's own end to its patience (504) is an overload like any other.
    """
    given_up = False

    async def sent(message: Message) -> None:
        nonlocal given_up
        if message["type"] == "http.response.start" and message["status"] == 504:
            given_up = True
            await refuse(send, 503, error_body("", _TOO_LONG))
        elif not given_up and message["type"] == "http.response.start":
            await send({**message, "headers": _with_retry(message["status"], message["headers"])})
        elif not given_up:
            await send(message)

    return sent


def _with_retry(status: int, headers: Iterable[tuple[bytes, bytes]], /) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer; the one place that says when to come back after a 503."""
    found = list(headers)
    if status == 503 and all(name.lower() != b"retry-after" for name, _ in found):
        found.append((b"retry-after", _RETRY_SECONDS))
    return found


async def refuse(
    send: Send, status: int, body: dict[str, Any], more: list[tuple[bytes, bytes]] | None = None, /
) -> None:
    """Send a refusal."""
    content = json.dumps(body, ensure_ascii=True).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": _with_retry(status, headers)})
    await send({"type": "http.response.body", "body": content})
