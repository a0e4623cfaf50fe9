"""Connections on a real port: nothing waits for ever, and answers leave at once."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from serving.connections import PatientProtocol
from serving.refusals import Receive, Scope, Send
from serving.serve import listen

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


class Impatient(PatientProtocol):
    """The protocol, with as little patience as a test has."""

    max_head_seconds = 0.05
    max_unread_seconds = 0.05


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def talk(with_server: Talk, app: Any = hello) -> Any:
    """Talk to an application behind the protocol, over a socket of this machine."""
    import uvicorn
    from uvicorn.server import ServerState

    async def play() -> Any:
        configuration = uvicorn.Config(app, log_level="critical", access_log=False, timeout_keep_alive=60)
        configuration.load()
        state = ServerState()
        with listen("127.0.0.1", 0) as listener:
            server = await asyncio.get_running_loop().create_server(
                lambda: Impatient(configuration, state, {}), sock=listener
            )
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                async with asyncio.timeout(600):
                    return await with_server(reader, writer)
            finally:
                writer.close()
                server.close()

    return asyncio.run(play())


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: lo"])
def test_a_head_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(sent)
        return await reader.read()

    assert talk(exchange) == b""


def test_a_second_head_that_trickles_in_is_not_waited_for_either() -> None:
    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET / HT")
        return await reader.read()

    assert talk(exchange) == b""


def test_a_request_that_has_begun_has_the_time_of_its_application() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(4 * Impatient.max_head_seconds)
        await hello(scope, receive, send)

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        return await reader.readuntil(b"hello")

    assert talk(exchange, late).endswith(b"hello")


def test_an_answer_that_nobody_reads_ends() -> None:
    ended: list[bool] = []

    async def long(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
            if not connections:
                break
        ended.append(True)

    connections: set[Any] = set()

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        connections.add(writer)
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        while not ended:
            await asyncio.sleep(0.01)

    talk(exchange, long)
    assert ended == [True]


def test_what_is_no_http_is_refused_in_the_same_shape() -> None:
    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
        return await reader.read()

    head, _, body = talk(exchange).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["message"] == "this is no HTTP request that can be read"


def test_what_is_sent_leaves_at_once() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
