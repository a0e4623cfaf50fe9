"""What the service refuses, as errors with its code, field and message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from baton.errors import BatonError

__all__ = [
    "ConflictError",
    "DefectError",
    "NotAllowedError",
    "NotFoundError",
    "ServiceError",
    "UnavailableError",
    "UnfitError",
    "error_of",
]


class ServiceError(BatonError):
    """The service did not answer what was asked.

    Parameters
    ----------
    code : int
        HTTP code; 0 where there was no answer.
    field : str
        Place in the request, such as ``rows[1].customer_id``; empty where it is the request as a whole.
    reason : str
        The service's own words.
    faults : sequence of dict
        All faults where there were several, each with ``field`` and ``message``.
    """

    def __init__(self, code: int, field: str, reason: str, faults: Sequence[dict[str, str]] = (), /) -> None:
        place = f"{field}: " if field else ""
        super().__init__(f"{code or 'no answer'}: {place}{reason}")
        self.code = code
        self.field = field
        self.reason = reason
        self.faults = tuple(faults)


class UnfitError(ServiceError, ValueError):
    """The request does not fit (400, 405, 413, 415, 421, 422)."""


class NotAllowedError(ServiceError, PermissionError):
    """No valid token (401), or the role may not do this for anybody (403)."""


class NotFoundError(ServiceError, LookupError):
    """There is no such thing, or it is not yours to see (404)."""


class ConflictError(ServiceError):
    """Somebody was first, or the advice has changed (409)."""


class UnavailableError(ServiceError, OSError):
    """Nobody answers, it took too long, or too much is asked at once (no answer, 408, 429, 503)."""


class DefectError(ServiceError):
    """A defect of the service, or of what stands before it (any other code)."""


_KINDS: dict[int, type[ServiceError]] = {
    0: UnavailableError,
    400: UnfitError,
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    405: UnfitError,
    408: UnavailableError,
    409: ConflictError,
    413: UnfitError,
    415: UnfitError,
    421: UnfitError,
    422: UnfitError,
    429: UnavailableError,
    503: UnavailableError,
}


def error_of(code: int, body: Any, /) -> ServiceError:
    """Return the error of a refusal.

    Parameters
    ----------
    body
        Of the answer; something else than the service's own shape comes from what stands before it.

    Examples
    --------
    >>> error_of(404, {"error": {"field": "team_id", "message": "no such team"}})
    NotFoundError('404: team_id: no such team')
    """
    found = body.get("error") if isinstance(body, dict) else None
    kind = _KINDS.get(code, DefectError)
    if not isinstance(found, dict):
        return kind(code, "", "the answer is not in the service's shape; something else may stand at this address")
    return kind(code, str(found.get("field", "")), str(found.get("message", "")), body.get("faults") or ())
