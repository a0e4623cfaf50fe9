"""Webhooks: one signed POST; whatever is not answered by 2xx in time did not get through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from baton.company import Company
from serving.alerts.channel import Undelivered
from serving.alerts.signature import signature
from serving.alerts.words import Sendable, body_of

__all__ = ["WebhookChannel"]

_SECONDS = 10.0  # for all of it: a receiver that answers a byte at a time keeps nobody waiting
_GONE = 410


@dataclass(frozen=True)
class WebhookChannel:
    """A system that takes messages.

    Parameters
    ----------
    url : str
        Checked by ``address_fault``.
    key : bytes
        What messages are signed with.
    clock : callable
        Seconds since 1970.
    """

    name: str
    company: Company = field(repr=False)
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    clock: Callable[[], float] = time.time
    seconds: float = _SECONDS

    def send(self, message: Sendable, /) -> None:
        """Deliver a message.

        Raises
        ------
        Undelivered
            If the receiver is not there, is slow, redirects, or answers by anything but 2xx.
        """
        body, stamp = body_of(self.company, message), int(self.clock())
        headers = {
            "content-type": "application/json",
            "user-agent": "Baton",
            "webhook-id": message.id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(self.key, message.id, stamp, body),
        }
        code, wait = self._answer(body, headers)
        if 200 <= code < 300:
            return
        if 300 <= code < 400:
            raise Undelivered(f"the receiver redirects ({code}), and redirects are not followed: name the new address")
        raise Undelivered(f"the receiver answered {code}", wait=wait, is_final=code == _GONE)

    def _answer(self, body: bytes, headers: dict[str, str], /) -> tuple[int, timedelta]:
        import httpx

        async def asked() -> tuple[int, timedelta]:
            async with (
                asyncio.timeout(self.seconds),
                httpx.AsyncClient(follow_redirects=False, timeout=self.seconds) as client,
                client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):  # what it answers besides the code is not read
                return answer.status_code, _asked_wait(answer.headers.get("retry-after", ""))

        try:
            return asyncio.run(asked())
        except TimeoutError:
            raise Undelivered(f"the receiver did not answer within {self.seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # its text may hold the address, and that a secret
            raise Undelivered(f"the receiver cannot be reached ({type(error).__name__})") from None


def _asked_wait(text: str, /) -> timedelta:
    return timedelta(seconds=min(int(text), 86_400)) if text.isascii() and text.isdigit() else timedelta(0)
