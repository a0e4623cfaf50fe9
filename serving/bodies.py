"""Receiving bodies: whole, in time, and never more at once than there is room for."""

from __future__ import annotations

import asyncio

from serving.refusals import Receive, Scope

__all__ = ["Bodies", "Refused", "media_type", "replay"]

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_SECONDS = 10.0  # for a whole body: 16 MiB in this time are 13 Mbit/s, and most bodies are a few KiB
MAX_BYTES_IN_FLIGHT = 8 * MAX_BODY_BYTES  # of all bodies that are being received or answered
MAX_RECEIVED_AT_ONCE = 1000  # bodies; each holds a connection and a task, and an empty one no bytes


class Refused(Exception):
    """Why a request is not taken.

    Parameters
    ----------
    code : int
        To answer with; 0 where nobody is there any more.
    message : str
    """

    def __init__(self, code: int, message: str, /) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Bodies:
    """Receives the bodies of one service.

    Parameters
    ----------
    largest : int
        Bytes of one body.
    seconds : float
        For one body, from its first byte to its last.
    in_flight : int
        Bytes of all bodies together, until each is answered.
    """

    def __init__(
        self, largest: int = MAX_BODY_BYTES, seconds: float = MAX_SECONDS, in_flight: int = MAX_BYTES_IN_FLIGHT
    ) -> None:
        self._largest = largest
        self._seconds = seconds
        self._room = in_flight
        self._receiving = 0

    async def read(self, scope: Scope, receive: Receive, /) -> bytes:
        """Return a request's body; ``release`` gives its room back.

        Raises
        ------
        Refused
            If it is too large, too slow, or one too many, or if the client has gone.
        """
        if _announced(scope) > self._largest:
            raise self._too_large()
        if self._receiving >= MAX_RECEIVED_AT_ONCE:
            raise Refused(503, "too many requests at once; come back in a second")
        parts: list[bytes] = []
        self._receiving += 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._receive(receive, parts)
        except BaseException as error:
            self.release(sum(map(len, parts)))
            if isinstance(error, TimeoutError):
                message = f"the body did not arrive within {self._seconds:g} s"
                raise Refused(408, message) from None
            raise
        finally:
            self._receiving -= 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def release(self, size: int, /) -> None:
        """Give back the room of a body."""
        self._room += size

    async def _receive(self, receive: Receive, parts: list[bytes], /) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(0, "the client has gone")
            part = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(part)
            if size > self._largest:
                raise self._too_large()
            if len(part) > self._room:
                raise Refused(503, "too many large requests at once; come back in a second")
            self._room -= len(part)
            parts.append(part)

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self._largest // 1024**2} MiB; send fewer rows at a time")


def replay(receive: Receive, content: bytes = b"", /) -> Receive:
    """Return a receiver for the application behind: a body that was read, or none where it is handed on as a model."""
    answered = False

    async def again() -> dict[str, object]:
        nonlocal answered
        if answered:
            return dict(await receive())
        answered = True
        return {"type": "http.request", "body": content, "more_body": False}

    return again


def media_type(scope: Scope, /) -> str:
    """Return what a request says its body is, in small letters and without parameters; empty where it does not say."""
    return dict(scope["headers"]).get(b"content-type", b"").decode("latin-1").split(";")[0].strip().lower()


def _announced(scope: Scope, /) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0
