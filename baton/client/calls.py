"""What a client sends: one function per question, the same for both clients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

__all__ = ["Call", "advice", "decision", "decisions", "given", "move", "propose", "question", "ready"]


@dataclass(frozen=True)
class Call:
    """One request.

    Parameters
    ----------
    method, path : str
    body : mapping or None
        To be sent as JSON.
    query : mapping of str to str
    headers : mapping of str to str
    safe : bool
        Whether sending it twice does no more than sending it once.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = True


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None.

    Examples
    --------
    >>> given(team_id="T01", role=None)
    {'team_id': 'T01'}
    """
    return {name: value for name, value in fields.items() if value is not None}


def question(path: str, body: Mapping[str, Any], /) -> Call:
    """Ask something that changes nothing, or that the service recognises when it comes again."""
    return Call("POST", path, body)


def ready() -> Call:
    """Ask which models answer."""
    return Call("GET", "/readyz")


def decisions(question: Mapping[str, Any], /) -> Call:
    """Ask for a page of decisions."""
    return Call("GET", "/decisions", query=_texts(question))


def decision(identifier: str, /) -> Call:
    """Ask for one decision."""
    return Call("GET", f"/decisions/{quote(identifier, safe='')}")


def advice(about: Mapping[str, Any], /) -> Call:
    """Ask for an advice that can be decided on."""
    return Call("GET", "/decisions/advice", query=_texts(about))


def propose(body: Mapping[str, Any], key: str | None, /) -> Call:
    """Begin a decision; by its key the service recognises it when it comes again."""
    return Call("POST", "/decisions", body, headers=_key(key))


def move(identifier: str, name: str, body: Mapping[str, Any], key: str | None, /) -> Call:
    """Move a decision on."""
    path = f"/decisions/{quote(identifier, safe='')}/{quote(name, safe='')}"
    return Call("POST", path, body, headers=_key(key))


def _key(key: str | None, /) -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex if key is None else key}


def _texts(values: Mapping[str, Any], /) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
