"""The part of the OpenAPI description that is about decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from serving.answering.payloads import Refusal
from serving.decisions.moves import TRANSITIONS
from serving.decisions.payloads import (
    AdviceAnswer,
    AdviceQuestion,
    DecisionAnswer,
    DecisionList,
    ListQuestion,
    MoveRequest,
    ProposalRequest,
)

__all__ = ["DECISION_MODELS", "decision_paths"]

DECISION_MODELS: tuple[type[BaseModel], ...] = (
    AdviceAnswer,
    DecisionAnswer,
    DecisionList,
    MoveRequest,
    ProposalRequest,
)
"""Models whose schemas the paths refer to."""

_REFUSALS = {
    "400": "The request does not fit, or the choice breaks limits of the policy; the body says which.",
    "403": "You may see this decision, but not make this move.",
    "404": "There is no such decision, team or person, or it is not yours to see: one and the same answer.",
    "409": "Somebody was first, or the advice has changed; the body says who, when and to what.",
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


def decision_paths(content: Callable[[type[BaseModel]], dict[str, Any]], /) -> dict[str, Any]:
    """Return the path items of ``/decisions`` and below.

    Parameters
    ----------
    content : callable
        Returns ``{"content": …}`` that refers to a model's schema.
    """
    refusals = {code: {"description": text, **content(Refusal)} for code, text in _REFUSALS.items()}

    def operation(summary: str, answer: type[BaseModel], code: str = "200", **more: Any) -> dict[str, Any]:
        responses = {code: {"description": summary, **content(answer)}, **refusals}
        return {"summary": summary, "tags": ["decisions"], **more, "responses": responses}

    def body(model: type[BaseModel]) -> dict[str, Any]:
        return {"required": True, **content(model)}

    moves = sorted({each.name for each in TRANSITIONS if each.before})
    of = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    move = {"name": "move", "in": "path", "required": True, "schema": {"type": "string", "enum": moves}}
    return {
        "/decisions": {
            "get": operation("The decisions that you may see.", DecisionList, parameters=_query(ListQuestion)),
            "post": operation(
                "Begin a decision on an advice.", DecisionAnswer, "201",
                parameters=[_KEY], requestBody=body(ProposalRequest),
            ),
        },
        "/decisions/advice": {
            "get": operation("An advice and its digest.", AdviceAnswer, parameters=_query(AdviceQuestion))
        },
        "/decisions/{id}": {"get": operation("A decision with its history.", DecisionAnswer, parameters=[of])},
        "/decisions/{id}/{move}": {
            "post": operation(
                "Move a decision on.", DecisionAnswer, parameters=[of, move, _KEY], requestBody=body(MoveRequest)
            )
        },
    }  # fmt: skip


def _query(model: type[BaseModel], /) -> list[dict[str, Any]]:
    """Return the parameters of a question."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]
