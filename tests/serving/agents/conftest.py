"""The house of the tests of access, asked by agents with the SDK's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.serving.access.conftest import House, house, served

__all__ = ["Ask", "ask", "house", "served"]

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(served: Any, house: House) -> Ask:
    """Use the client as a user, over HTTP without a network, by the newest version of the protocol or an older one."""
    import httpx2
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    def asked(user: str, use: Callable[[Any], Awaitable[Any]], *, mode: str = "auto") -> Any:
        async def main() -> Any:
            web = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=served.app), headers=house.headers(user))
            async with (
                web,
                Client(streamable_http_client("http://localhost/mcp", http_client=web), mode=mode) as client,
            ):
                return await use(client)

        return asyncio.run(main())

    return asked
