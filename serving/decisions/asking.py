"""What routes of decisions have in common: bodies, threads, and answers and refusals in the service's one shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from baton.errors import ArtefactError, BatonError, OutputError
from baton.messages.message import render
from baton.messages.numbers import Language
from serving.access.principal import PRINCIPAL, Principal
from serving.bodies import Bodies, Refused, media_type
from serving.decisions.refused import DecisionRefused, RunNotReady
from serving.refusals import OURS, error_body, faults_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["KEY", "Asking", "answered", "validated"]

KEY = "idempotency-key"
"""The header by which a request is recognised when it comes again."""
Body = TypeVar("Body", bound=BaseModel)
Store = TypeVar("Store")
_MAX_BODY_BYTES = 256 * 1024  # a choice of 200 KPIs and a reason of 2,000 characters take a tenth of it
_MAX_AT_ONCE = 8  # each holds a connection to the database


class _Unfit(Exception):
    """A request that is refused before anybody decides."""

    def __init__(self, code: int, body: dict[str, Any], /) -> None:
        super().__init__(code)
        self.code = code
        self.body = body


class Asking(Generic[Store]):
    """What requests are received and worked on with.

    Parameters
    ----------
    store : callable
        Returns the store; asked for each request, in a thread of its own, since it may open a database.
    """

    def __init__(self, store: Callable[[], Store], /) -> None:
        self.store = store
        self._bodies = Bodies(_MAX_BODY_BYTES)
        self._limiter: Any = None

    async def threaded(self, work: Callable[[], Any], /) -> Any:
        """Work in one of a few threads."""
        from anyio import CapacityLimiter, to_thread

        if self._limiter is None:
            self._limiter = CapacityLimiter(_MAX_AT_ONCE)
        return await to_thread.run_sync(work, limiter=self._limiter)

    async def body(self, request: Request, model: type[Body], /) -> Body:
        """Receive and read a body."""
        sent_as = media_type(request.scope)
        if sent_as != "application/json":
            message = f"send the body as application/json, not {sent_as or 'without a content type'}"
            raise _Unfit(415, error_body("", message))
        content = await self._bodies.read(request.scope, request.receive)
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise _Unfit(400, faults_of(model, error)) from None
        finally:
            self._bodies.release(len(content))


async def answered(request: Request, work: Callable[[Principal], Any], /) -> Response:
    """Answer with what the work returns, or say why not in the service's one shape."""
    try:
        return _response(*await work(PRINCIPAL.get()))
    except _Unfit as unfit:
        return _response(unfit.code, unfit.body)
    except Refused as refused:
        if not refused.code:  # the client has gone
            raise
        return _response(refused.code, error_body("", refused.message))
    except BatonError as error:
        field = error.field if isinstance(error, DecisionRefused) else ""
        return _response(_code(error), error_body(field, render(error.message, _language(request))))


def validated(model: type[Body], given: Mapping[str, Any], /) -> Body:
    """Read a query."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _Unfit(400, faults_of(model, error)) from None


def _code(error: BatonError, /) -> int:
    if isinstance(error, DecisionRefused):
        return error.code
    if isinstance(error, RunNotReady | OutputError):
        return 503
    return 404 if isinstance(error, ArtefactError) else 400


def _language(request: Request, /) -> Language:
    return "zh" if request.headers.get("accept-language", "").strip().lower().startswith("zh") else "en"


def _response(code: int, body: dict[str, Any], /) -> Response:
    from starlette.responses import Response

    headers = {"cache-control": "no-store"}
    if code >= 400:
        headers[OURS.decode()] = "1"
    if code == 201:
        headers["location"] = f"/decisions/{body['id']}"
    content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(content, code, headers, "application/json")
