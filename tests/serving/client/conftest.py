"""The house of the tests of access, on a port of this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.access.conftest import House, house, served

__all__ = ["House", "address", "house", "served"]


@pytest.fixture(scope="module")
def address(served: Any) -> Iterator[str]:
    """Where the service is reached; it has been started already, so that the server does not start it again."""
    import uvicorn

    from serving.serve import listen

    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(served.app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
