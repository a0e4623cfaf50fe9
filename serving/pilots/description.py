"""The part of the OpenAPI description that is about pilots."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from serving.decisions.description import KEY_PARAMETER, Content, operation_of, path_parameter
from serving.pilots.moves import PILOT_MOVES
from serving.pilots.payloads import (
    LedgerAnswer,
    PilotAnswer,
    PilotList,
    PilotMoveRequest,
    PolicyAnswer,
    PolicyChanges,
    PolicyList,
)

__all__ = ["PILOT_MODELS", "pilot_paths"]

PILOT_MODELS: tuple[type[BaseModel], ...] = (
    LedgerAnswer, PilotAnswer, PilotList, PilotMoveRequest, PolicyAnswer, PolicyChanges, PolicyList,
)  # fmt: skip
"""Models whose schemas the paths refer to."""

_REFUSALS = {
    "400": "The request does not fit, or a card breaks limits of the policy; the body says which.",
    "403": "You may see this pilot, but not make this move.",
    "404": "There is no such pilot, or it is not yours to see: one and the same answer.",
    "409": "Somebody was first, or the verdict is another; the body says who, when and to what.",
}


def pilot_paths(content: Content, /) -> dict[str, Any]:
    """Return the path items of ``/pilots`` and below.

    Parameters
    ----------
    content : callable
        Returns ``{"content": …}`` that refers to a model's schema.
    """
    operation = operation_of("pilots", _REFUSALS, content)
    moves = sorted({each.name for each in PILOT_MOVES if each.before and not each.measured})
    state = {"name": "state", "in": "query", "required": False, "schema": {"type": "string"}}
    since = {"name": "since", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}}
    number = path_parameter("version")
    of, move = path_parameter("name"), path_parameter("move", enum=moves)
    body = {"required": True, **content(PilotMoveRequest)}
    return {
        "/pilots": {"get": operation("The pilots that you may see.", PilotList, parameters=[state])},
        "/pilots/ledger": {"get": operation("What was predicted, and what came.", LedgerAnswer)},
        "/pilots/policy": {"get": operation("The versions of the policy, the oldest first.", PolicyList)},
        "/pilots/policy/{version}": {
            "get": operation("A version whole; `newest` is one too.", PolicyAnswer, parameters=[number])
        },
        "/pilots/policy/{version}/changes": {
            "get": operation("What a version changed.", PolicyChanges, parameters=[number, since])
        },
        "/pilots/{name}": {"get": operation("A pilot with its moves.", PilotAnswer, parameters=[of])},
        "/pilots/{name}/{move}": {
            "post": operation("Move a pilot on.", PilotAnswer, parameters=[of, move, KEY_PARAMETER], requestBody=body)
        },
    }
