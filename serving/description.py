"""The service's OpenAPI description: BentoML's, with our own bodies and refusals, which it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.answering.payloads import Refusal
from serving.decisions.description import DECISION_MODELS, decision_paths
from serving.examples import ANSWER_EXAMPLES, REQUEST_EXAMPLES
from serving.pilots.description import PILOT_MODELS, pilot_paths

__all__ = ["describe"]

_REFERENCE = "#/components/schemas/{model}"
_TOKEN = "Only where access is set up: `baton access grant` gives a token."
_READY = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "models": {"type": "array", "items": {"type": "object"}},
        "note": {"type": "string"},
        "error": {"type": "object"},
    },
    "required": ["ready"],
}
_OWN_REFUSALS = {"/events": {"409": "An event with this id came before, with other content; nothing was kept."}}
_REFUSALS = {
    "400": "The request does not fit; the body says which field and why.",
    "401": "No valid token came with the request; only where access is set up.",
    "403": "The role may not do this for anybody.",
    "404": "There is no such team or employee, or the run has no such outcome or advice.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not sent as application/json.",
    "421": "The service does not answer under this host.",
    "429": "Too many requests of one user; Retry-After says when to come back.",
    "503": "Not loaded yet, or too many requests at once; Retry-After says when to come back.",
}


def describe(
    given: Mapping[str, Any], requests: Mapping[str, type[BaseModel]], answers: Mapping[str, type[BaseModel]], /
) -> dict[str, Any]:
    """Return the description.

    Parameters
    ----------
    given : mapping
        BentoML's own.
    requests, answers : mapping of str to pydantic model
        By path.

    Returns
    -------
    dict
        An OpenAPI 3 document.
    """
    models = [*requests.values(), *answers.values(), *DECISION_MODELS, *PILOT_MODELS, Refusal]
    modes: Any = [(model, "validation") for model in models]
    _, schemas = models_json_schema(modes, ref_template=_REFERENCE)
    refusals = {code: {"description": text, **_json(Refusal)} for code, text in _REFUSALS.items()}
    paths = {**given["paths"], **_own_paths(refusals)}
    for path, operations in {**decision_paths(_json), **pilot_paths(_json)}.items():
        paths[path] = {name: _refusable(operation, refusals) for name, operation in operations.items()}
    for path, request in requests.items():
        own = {code: {"description": text, **_json(Refusal)} for code, text in _OWN_REFUSALS.get(path, {}).items()}
        answer = {
            "description": "Answered in the order of the request.",
            **_json(answers[path], ANSWER_EXAMPLES.get(path)),
        }
        body = {"required": True, **_json(request, REQUEST_EXAMPLES.get(path))}
        operation = {**paths[path]["post"], "requestBody": body, "responses": {"200": answer, **own}}
        paths[path] = {"post": _refusable(operation, refusals)}
    return {
        "openapi": given["openapi"],
        "info": {
            "title": "Baton",
            "version": "0.1.0",
            "description": "Who is about to leave, where service is about to decline, what drives it, and what to do.",
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _TOKEN}},
        },
    }


def _refusable(operation: Mapping[str, Any], refusals: Mapping[str, Any], /) -> dict[str, Any]:
    """Return an operation with the refusals of the service, besides its own of the same code."""
    return {**operation, "responses": {**refusals, **operation["responses"]}}


def _own_paths(refusals: Mapping[str, Any], /) -> dict[str, Any]:
    """Return the path items of what is neither asked with a model nor decided on."""
    outside = {code: refusals[code] for code in ("401", "403", "421", "429", "503")}

    def looked_at(summary: str, media_type: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        answer = {"description": summary, "content": {media_type: {"schema": dict(schema)}}}
        return {"get": {"summary": summary, "responses": {"200": answer, **outside}}}

    def health(summary: str, content: Mapping[str, Any]) -> dict[str, Any]:
        answer = {"200": {"description": summary, **content}}
        later = {"503": {"description": "Not ready, and why; Retry-After says when to come back.", **content}}
        return {"get": {"summary": summary, "security": [], "responses": {**answer, **later, "421": refusals["421"]}}}

    state = {"content": {"application/json": {"schema": _READY}}}
    message = {"content": {"application/json": {"schema": {"type": "object"}}}}
    accepted = {"202": {"description": "A message that needs no answer."}}
    return {
        "/livez": health("Whether the service runs.", {}),
        "/healthz": health("Whether the service runs.", {}),
        "/readyz": health("Which models answer, or why none does.", state),
        "/metrics": looked_at("Counts and durations for Prometheus.", "text/plain", {"type": "string"}),
        "/docs.json": looked_at("This description.", "application/json", {"type": "object"}),
        "/mcp": {
            "post": {
                "summary": "The same answers as tools for agents: messages of the Model Context Protocol.",
                "description": "Streamable HTTP without sessions and streams; see docs/agents-and-clients.md.",
                "requestBody": {"required": True, **message},
                "responses": {
                    "200": {"description": "A message of the protocol.", **message},
                    **accepted,
                    **{code: {"description": text, **message} for code, text in _REFUSALS.items()},
                    "406": {"description": "Accept does not name application/json.", **message},
                },
            }
        },
    }


def _json(model: type[BaseModel], example: Any = None, /) -> dict[str, Any]:
    content = {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}
    return {"content": {"application/json": content if example is None else {**content, "example": example}}}
