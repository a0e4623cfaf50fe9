"""Connections that do not wait for ever: for a head that trickles in, or for a client that does not read its answer."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.refusals import error_body

__all__ = ["PatientProtocol"]

MAX_HEAD_SECONDS = 10.0  # from a connection, or a head's first byte, to its last
MAX_UNREAD_SECONDS = 30.0  # in which a client takes nothing of an answer that is ready


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, with an end to its patience."""

    max_head_seconds = MAX_HEAD_SECONDS
    max_unread_seconds = MAX_UNREAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            # where the listening socket does not hand it on
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head_timer = self.loop.call_later(self.max_head_seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is not whole yet has its time."""
        super().data_received(data)
        if self._is_between_requests():
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(self.max_head_seconds, self._give_up)
        elif self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        for timer in (self._head_timer, self._unread_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self.max_unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the shape of every refusal."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        content = json.dumps(error_body("", "this is no HTTP request that can be read")).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(content))), ("connection", "close")]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=content), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_between_requests() and not self.transport.is_closing():
            self.transport.close()
