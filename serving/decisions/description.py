"""The part of the OpenAPI description that is about decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

__all__ = ["DECISION_MODELS", "KEY_PARAMETER", "Content", "decision_paths", "operation_of", "path_parameter"]

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
}
_ALWAYS = {
    "422": "This Idempotency-Key was used for another request.",
    "503": "The run is not loaded, or the database cannot be reached; Retry-After says when to come back.",
}
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request again get the same answer and change nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
"""The header by which a request is recognised when it comes again."""

Content = Callable[[type[BaseModel]], dict[str, Any]]
Operation = Callable[..., dict[str, Any]]


def operation_of(tag: str, refusals: Mapping[str, str], content: Content, /) -> Operation:
    """Return what describes an operation: its summary, what it answers and by which code, and what else is given.

    Parameters
    ----------
    refusals : mapping of str to str
        Why a request is refused, by code, besides a key used twice and a run that is not there.
    content : callable
        Returns ``{"content": …}`` that refers to a model's schema.
    """
    described = {code: {"description": text, **content(Refusal)} for code, text in {**refusals, **_ALWAYS}.items()}

    def operation(summary: str, answer: type[BaseModel], code: str = "200", **more: Any) -> dict[str, Any]:
        responses = {code: {"description": summary, **content(answer)}, **described}
        return {"summary": summary, "tags": [tag], **more, "responses": responses}

    return operation


def path_parameter(name: str, /, **schema: Any) -> dict[str, Any]:
    """Return the description of a part of the path, a text."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **schema}}


def decision_paths(content: Content, /) -> dict[str, Any]:
    """Return the path items of ``/decisions`` and below.

    Parameters
    ----------
    content : callable
        Returns ``{"content": …}`` that refers to a model's schema.
    """
    operation = operation_of("decisions", _REFUSALS, content)

    def body(model: type[BaseModel]) -> dict[str, Any]:
        return {"required": True, **content(model)}

    moves = sorted({each.name for each in TRANSITIONS if each.before})
    of, move = path_parameter("id"), path_parameter("move", enum=moves)
    return {
        "/decisions": {
            "get": operation("The decisions that you may see.", DecisionList, parameters=_query(ListQuestion)),
            "post": operation(
                "Begin a decision on an advice.", DecisionAnswer, "201",
                parameters=[KEY_PARAMETER], requestBody=body(ProposalRequest),
            ),
        },
        "/decisions/advice": {
            "get": operation("An advice and its digest.", AdviceAnswer, parameters=_query(AdviceQuestion))
        },
        "/decisions/{id}": {"get": operation("A decision with its history.", DecisionAnswer, parameters=[of])},
        "/decisions/{id}/{move}": {
            "post": operation(
                "Move a decision on.", DecisionAnswer,
                parameters=[of, move, KEY_PARAMETER], requestBody=body(MoveRequest),
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
