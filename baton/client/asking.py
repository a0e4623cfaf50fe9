"""What both clients are made of: the address, when to ask again, and refusals as errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baton.client import calls
from baton.client.errors import ServiceError, UnavailableError, error_of

if TYPE_CHECKING:
    import httpx

__all__ = ["Asking", "unreachable"]

_LONGEST_WAIT = 60.0  # seconds; a service that asks for more is not waited for
_AGAIN = (429, 503)


class Asking:
    """What both clients are made of.

    Parameters
    ----------
    address : str
        Of the service, such as ``http://127.0.0.1:3000``.
    token : str, optional
        Where access is set up.
    seconds : float
        Within which each answer must have arrived.
    tries : int
        How often a request is sent in all while the service says when to come back (429, 503). Only what may be sent
        twice is sent twice; the client waits as long as ``Retry-After`` says.
    transport : optional
        Of httpx: to ask an application without a network.
    """

    def __init__(
        self, address: str, token: str | None = None, *, seconds: float = 60.0, tries: int = 4, transport: Any = None
    ) -> None:
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._options = {"base_url": address, "headers": headers, "timeout": seconds, "transport": transport}
        self._tries = tries

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options['base_url']!r})"  # the token stays out of logs

    def outcome(self, call: calls.Call, answer: httpx.Response, attempt: int, /) -> tuple[Any, float]:
        """Return the answer, or after how many seconds to ask again; raise what is refused."""
        if answer.is_success:
            return _json(answer, answer.status_code), 0.0
        wait = _seconds(answer.headers.get("retry-after"))
        if call.safe and answer.status_code in _AGAIN and attempt < self._tries and 0 < wait <= _LONGEST_WAIT:
            return None, wait
        raise error_of(answer.status_code, _json(answer, None))


def _json(answer: httpx.Response, code: int | None, /) -> Any:
    try:
        return answer.json()
    except ValueError:
        if code is None:
            return None
        raise error_of(code, None) from None


def _seconds(text: str | None, /) -> float:
    return float(text) if text is not None and text.isdigit() else 0.0


def unreachable(error: Exception, /) -> ServiceError:
    """Return the error of a service that did not answer."""
    reason = str(error) or type(error).__name__
    return UnavailableError(0, "", f"the service did not answer ({reason})")
