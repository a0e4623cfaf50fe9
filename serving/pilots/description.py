"""The part of the OpenAPI description that is about pilots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from serving.answering.payloads import Refusal
from serving.pilots.moves import PILOT_MOVES
from serving.pilots.payloads import LedgerAnswer, PilotAnswer, PilotList, PilotMoveRequest

__all__ = ["PILOT_MODELS", "pilot_paths"]

PILOT_MODELS: tuple[type[BaseModel], ...] = (LedgerAnswer, PilotAnswer, PilotList, PilotMoveRequest)
"""Models whose schemas the paths refer to."""

_REFUSALS = {
    "400": "The request does not fit, or a card breaks limits of the policy; the body says which.",
    "403": "You may see this pilot, but not make this move.",
    "404": "There is no such pilot, or it is not yours to see: one and the same answer.",
    "409": "Somebody was first, or the verdict is another; the body says who, when and to what.",
    "422": "This Idempotency-Key was used for another request.",
    "503": "The run is not loaded, or the database cannot be reached; Retry-After says when to come back.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request again get the same answer and change nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


def pilot_paths(content: Callable[[type[BaseModel]], dict[str, Any]], /) -> dict[str, Any]:
    """Return the path items of ``/pilots`` and below.

    Parameters
    ----------
    content : callable
        Returns ``{"content": …}`` that refers to a model's schema.
    """
    refusals = {code: {"description": text, **content(Refusal)} for code, text in _REFUSALS.items()}

    def operation(summary: str, answer: type[BaseModel], **more: Any) -> dict[str, Any]:
        responses = {"200": {"description": summary, **content(answer)}, **refusals}
        return {"summary": summary, "tags": ["pilots"], **more, "responses": responses}

    moves = sorted({each.name for each in PILOT_MOVES if each.before and not each.measured})
    state = {"name": "state", "in": "query", "required": False, "schema": {"type": "string"}}
    of = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    move = {"name": "move", "in": "path", "required": True, "schema": {"type": "string", "enum": moves}}
    body = {"required": True, **content(PilotMoveRequest)}
    return {
        "/pilots": {"get": operation("The pilots that you may see.", PilotList, parameters=[state])},
        "/pilots/ledger": {"get": operation("What was predicted, and what came.", LedgerAnswer)},
        "/pilots/{name}": {"get": operation("A pilot with its moves.", PilotAnswer, parameters=[of])},
        "/pilots/{name}/{move}": {
            "post": operation("Move a pilot on.", PilotAnswer, parameters=[of, move, _KEY], requestBody=body)
        },
    }
