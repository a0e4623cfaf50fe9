"""The service's OpenAPI description: BentoML's, with our own bodies and refusals, which it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.answering.payloads import Refusal
from serving.decisions.description import DECISION_MODELS, decision_paths
from serving.events.payloads import EXAMPLE

__all__ = ["describe"]

_REFERENCE = "#/components/schemas/{model}"
_OWN_REFUSALS = {"/events": {"409": "An event with this id came before, with other content; nothing was kept."}}
_EXAMPLES = {"/events": EXAMPLE}
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
    models = [*requests.values(), *answers.values(), *DECISION_MODELS, Refusal]
    modes: Any = [(model, "validation") for model in models]
    _, schemas = models_json_schema(modes, ref_template=_REFERENCE)
    paths = {**given["paths"], **decision_paths(_json)}
    for path, request in requests.items():
        known = _REFUSALS | _OWN_REFUSALS.get(path, {})
        refusals = {code: {"description": text, **_json(Refusal)} for code, text in known.items()}
        answer = {"200": {"description": "One row per row asked for, in its order.", **_json(answers[path])}}
        body = {"required": True, **_json(request, _EXAMPLES.get(path))}
        paths[path] = {"post": {**paths[path]["post"], "requestBody": body, "responses": answer | refusals}}
    return {
        "openapi": given["openapi"],
        "info": {
            "title": "Baton",
            "version": "0.1.0",
            "description": "Who is about to leave, where service is about to decline, what drives it, and what to do.",
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _json(model: type[BaseModel], example: Any = None, /) -> dict[str, Any]:
    content = {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}
    return {"content": {"application/json": content if example is None else {**content, "example": example}}}
